package practice

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"mime"
	"net/http"
	"net/url"
	"strings"
)

// handleToken gives tokens for a code or a refresh token (RFC 6749, sections
// 4.1.3 and 6).
func (o *OIDC) handleToken(w http.ResponseWriter, r *http.Request) error {
	honest, err := o.turn(atToken, "", "")
	if err != nil {
		return err
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return honest.refusal(w, r, &oauthError{code: "invalid_request", description: "the body is not a form"})
	}
	if err := r.ParseForm(); err != nil {
		return fmt.Errorf("practice: reading the form: %w", err)
	}
	client, refused := o.authenticate(r)
	if refused != nil {
		return honest.refusal(w, r, refused)
	}
	switch r.PostForm.Get("grant_type") {
	case "authorization_code":
		return o.exchange(w, r, client)
	case "refresh_token":
		return o.refresh(w, r, client)
	}
	return honest.refusal(w, r, &oauthError{code: "unsupported_grant_type", description: "neither authorization_code nor refresh_token"})
}

// authenticate finds the client and checks its secret (RFC 6749, section 2.3.1).
func (o *OIDC) authenticate(r *http.Request) (OIDCClient, *oauthError) {
	id, secret := r.PostForm.Get("client_id"), r.PostForm.Get("client_secret")
	if user, password, basic := r.BasicAuth(); basic {
		if r.PostForm.Has("client_secret") {
			return OIDCClient{}, &oauthError{code: "invalid_request", description: "the client proves itself in two ways"}
		}
		var err, err2 error
		user, err = url.QueryUnescape(user)
		password, err2 = url.QueryUnescape(password)
		if err != nil || err2 != nil || id != "" && id != user {
			return OIDCClient{}, &oauthError{code: "invalid_request", description: "the Authorization header does not fit"}
		}
		id, secret = user, password
	}
	client, known := o.ClientByID(id)
	if !known || subtle.ConstantTimeCompare([]byte(secret), []byte(client.Secret)) != 1 {
		return OIDCClient{}, &oauthError{code: "invalid_client", description: "the client is unknown or its secret is wrong", status: http.StatusUnauthorized}
	}
	return client, nil
}

// exchange gives tokens for a code.
func (o *OIDC) exchange(w http.ResponseWriter, r *http.Request, client OIDCClient) error {
	g, problem := o.redeem(r.PostForm.Get("code"))
	t, err := o.turn(atToken, g.Misbehave, g.Param)
	if err != nil {
		return err
	}
	t.client, t.grant = client, g
	if problem == nil {
		problem = g.fits(r, client)
	}
	if problem == nil && !o.serves(r.PathValue("tenant"), g) {
		problem = fmt.Errorf("practice: the code was given for the tenant %s", g.Tenant)
	}
	if problem == nil {
		t.person, problem = o.stillHere(g)
	}
	if problem != nil {
		return t.refusal(w, r, invalidGrant(problem))
	}
	return o.give(w, r, t)
}

// invalidGrant says in the words of RFC 6749 why a code or token is no good.
func invalidGrant(problem error) *oauthError {
	return &oauthError{code: "invalid_grant", description: strings.TrimPrefix(problem.Error(), "practice: ")}
}

// fits says why a code is not this client's to redeem in this request.
func (g grant) fits(r *http.Request, client OIDCClient) error {
	verifier := r.PostForm.Get("code_verifier")
	sum := sha256.Sum256([]byte(verifier))
	switch {
	case g.Client != client.ID:
		return fmt.Errorf("practice: the code was given to another client")
	case g.Redirect != r.PostForm.Get("redirect_uri"):
		return fmt.Errorf("practice: the code was given for another redirect_uri")
	case g.Challenge == "" && verifier != "": // RFC 9700, section 4.8.2
		return fmt.Errorf("practice: there is a code_verifier, but there was no code_challenge")
	case g.Challenge != "" && g.Challenge != b64(sum[:]):
		return fmt.Errorf("practice: the code_verifier does not fit the code_challenge")
	}
	return nil
}

// serves reports whether the tenant's token endpoint knows the grant.
func (o *OIDC) serves(tenant string, g grant) bool {
	return tenant == "" || tenant == tenantCommon || tenant == tenantOrganizations || tenant == g.Tenant
}

// stillHere is the person of a grant, as known now or as edited for it.
func (o *OIDC) stillHere(g grant) (Person, error) {
	p, known := o.Person(g.Login)
	switch {
	case known && p.Standing != Active:
		return Person{}, errSuspended
	case g.Edited != nil:
		return o.place(g.Edited.complete()), nil
	case !known:
		return Person{}, errSuspended
	}
	return o.place(p), nil
}

// refresh gives new tokens for a refresh token.
func (o *OIDC) refresh(w http.ResponseWriter, r *http.Request, client OIDCClient) error {
	g, problem := o.holds(r.PostForm.Get("refresh_token"), kindRefresh)
	t, err := o.turn(atRefresh, g.Misbehave, g.Param)
	if err != nil {
		return err
	}
	t.client, t.grant = client, g
	if problem == nil && g.Client != client.ID {
		problem = fmt.Errorf("practice: the refresh token was given to another client")
	}
	if problem == nil {
		t.person, problem = o.stillHere(g)
	}
	// A refresh that a misbehaviour spoils must not use the token up: the
	// client could not try again.
	spoilt := t.conduct.reply != nil && t.conduct.at&atRefresh != 0
	if problem == nil && !spoilt {
		problem = o.spend(g)
	}
	if problem != nil {
		return t.refusal(w, r, o.config.Flavour.gone(problem))
	}
	return o.give(w, r, t)
}

// gone says in the flavour's words why a refresh token is no good.
func (f Flavour) gone(problem error) *oauthError {
	e := invalidGrant(problem)
	switch f {
	case Google:
		e.description = "Token has been expired or revoked."
	case Microsoft:
		e.description = "AADSTS50057: The user account is disabled."
	case Custom, Okta:
	}
	return e
}

// give answers with tokens.
func (o *OIDC) give(w http.ResponseWriter, r *http.Request, t *turn) error {
	access, err := o.token(t.grant, kindAccess, tokenLifetime)
	if err != nil {
		return err
	}
	body := claims{
		"access_token": access, "token_type": "Bearer", "expires_in": int(tokenLifetime.Seconds()), "scope": t.grant.Scope,
	}
	if t.grant.Offline && (t.at == atToken || o.config.Flavour != Google) {
		if body["refresh_token"], err = o.token(t.grant, kindRefresh, refreshLifetime); err != nil {
			return err
		}
	}
	if body["id_token"], err = o.idToken(t, access); err != nil {
		return err
	}
	return t.reply(w, r, body)
}
