package practice

import (
	"fmt"
	"net/http"
	"strings"
)

// routes is the table of what is served. Microsoft has most of it once for
// each tenant.
func (o *OIDC) routes() []route {
	out := []route{
		{"GET {base}/{$}", o.handlePortal},
		{"POST {base}/answer", o.same(o.handleAnswer)},
		{"GET {base}/people", o.handlePeople},
		{"POST {base}/people", o.same(o.handleChangePeople)},
		{"POST {base}/mood", o.same(o.handleMood)},
		{"POST {base}/keys", o.handleKeys(&o.keyring)},
		{"GET {base}/misbehaviours", o.handleMisbehaviours},
	}
	p := o.paths("{tenant}")
	return append(out,
		route{"GET {base}" + p.discovery, o.handleDiscovery},
		route{"GET {base}" + p.authorize, o.handleAuthorize},
		route{"POST {base}" + p.authorize, o.handleAuthorize},
		route{"POST {base}" + p.token, o.handleToken},
		route{"GET {base}" + p.jwks, o.handleJWKS},
		route{"GET {base}" + p.userinfo, o.handleUserInfo},
		route{"POST {base}" + p.userinfo, o.handleUserInfo},
	)
}

// paths are where the provider's endpoints are, below its base.
type paths struct{ discovery, authorize, token, jwks, userinfo string }

func (o *OIDC) paths(tenant string) paths {
	if o.config.Flavour == Microsoft {
		return paths{
			"/" + tenant + "/v2.0/.well-known/openid-configuration", "/" + tenant + "/oauth2/v2.0/authorize",
			"/" + tenant + "/oauth2/v2.0/token", "/" + tenant + "/discovery/v2.0/keys", "/oidc/userinfo",
		}
	}
	return paths{"/.well-known/openid-configuration", "/authorize", "/token", "/jwks", "/userinfo"}
}

// handleDiscovery describes the provider (OpenID Connect Discovery, section 3).
func (o *OIDC) handleDiscovery(w http.ResponseWriter, r *http.Request) error {
	tenant := r.PathValue("tenant")
	if !o.hasTenant(tenant) {
		return fmt.Errorf("practice: there is no tenant %.100q here", tenant)
	}
	t, err := o.turn(atDiscovery, "", "")
	if err != nil {
		return err
	}
	issuer, p := o.Issuer(tenant), o.paths(tenant)
	if tenant == tenantCommon || tenant == tenantOrganizations {
		issuer = o.Issuer("{tenantid}") // as Microsoft writes it: not an issuer, but the form of all
	}
	body := claims{
		"issuer":                                issuer,
		"authorization_endpoint":                o.base + p.authorize,
		"token_endpoint":                        o.base + p.token,
		"userinfo_endpoint":                     o.base + p.userinfo,
		"jwks_uri":                              o.base + p.jwks,
		"response_types_supported":              []string{"code"},
		"response_modes_supported":              []string{"query", "form_post"},
		"grant_types_supported":                 []string{"authorization_code", "refresh_token"},
		"subject_types_supported":               []string{"public"},
		"id_token_signing_alg_values_supported": []string{algRS256, algPS256, algES256, algEdDSA},
		"token_endpoint_auth_methods_supported": []string{"client_secret_basic", "client_secret_post", "none"},
		"code_challenge_methods_supported":      []string{"S256"},
		"scopes_supported":                      []string{"openid", "email", "profile", "offline_access"},
		"claims_supported":                      []string{"sub", "iss", "aud", "exp", "iat", "email", "email_verified", "name", "given_name", "family_name"},
		"request_parameter_supported":           false,
		"request_uri_parameter_supported":       false,
	}
	if o.config.Flavour.sendsIss() {
		body["authorization_response_iss_parameter_supported"] = true
	}
	switch o.config.Flavour {
	case Microsoft:
		body["subject_types_supported"] = []string{"pairwise"}
	case Google:
		body["scopes_supported"] = []string{"openid", "email", "profile"}
	case Custom, Okta:
	}
	return t.reply(w, r, body)
}

// handleJWKS publishes the keys.
func (o *OIDC) handleJWKS(w http.ResponseWriter, r *http.Request) error {
	if tenant := r.PathValue("tenant"); !o.hasTenant(tenant) {
		return fmt.Errorf("practice: there is no tenant %.100q here", tenant)
	}
	t, err := o.turn(atJWKS, "", "")
	if err != nil {
		return err
	}
	keys, err := o.published()
	if err != nil {
		return err
	}
	return t.reply(w, r, claims{"keys": keys})
}

// published are the public keys of every algorithm.
func (o *OIDC) published() ([]jwkKey, error) {
	var out []jwkKey
	add := func(key any) error {
		public, err := o.jwk(key)
		out = append(out, public)
		return err
	}
	for _, pair := range o.shown() {
		for _, alg := range []string{algRS256, algES256, algEdDSA} {
			key, err := pair.forAlgorithm(alg)
			if err != nil {
				return nil, err
			}
			if err := add(key); err != nil {
				return nil, err
			}
		}
		if o.config.Flavour != Microsoft {
			continue
		}
		// The key set is everybody's; this key signs for personal accounts only.
		key, err := pair.ecKey(purposeConsumers)
		if err != nil {
			return nil, err
		}
		if err := add(key); err != nil {
			return nil, err
		}
		out[len(out)-1]["issuer"] = o.Issuer(tenantConsumers)
	}
	return out, nil
}

// handleUserInfo says who the person is (OpenID Connect Core, section 5.3).
func (o *OIDC) handleUserInfo(w http.ResponseWriter, r *http.Request) error {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		token = ""
	}
	g, problem := o.holds(token, kindAccess)
	t, err := o.turn(atUserInfo, g.Misbehave, g.Param)
	if err != nil {
		return err
	}
	t.grant = g
	if problem == nil {
		t.person, problem = o.stillHere(g)
	}
	if problem != nil {
		return t.refusal(w, r, &oauthError{
			code: "invalid_token", description: strings.TrimPrefix(problem.Error(), "practice: "), status: http.StatusUnauthorized,
		})
	}
	t.client, _ = o.ClientByID(g.Client)
	body := t.about()
	if t.conduct.person != nil {
		t.conduct.person(t, body)
	}
	body.prune()
	return t.reply(w, r, body)
}
