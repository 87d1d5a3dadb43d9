package practice

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"
)

// heard is what one endpoint said.
type heard struct {
	status int
	header http.Header
	text   string
	err    error
	body   map[string]any // of JSON
}

// is reports whether it was an error in the words of RFC 6749.
func (h heard) is(status int, code string) bool { return h.status == status && h.body["error"] == code }

// wire is everything that was said in one sign-in, right or wrong.
type wire struct {
	*testing.T
	o        *OIDC
	p        *party
	patience time.Duration // for one answer
	asked    url.Values    // the request
	answer   url.Values

	token, userInfo, refresh, jwks, discovery heard

	raw            string // the ID token
	parts          int
	header, claims map[string]any
	payload        string
	verified       error // by go-jose, with what is published
	trusted        error // by go-oidc, claims included
}

func (w *wire) hear(method, address string, form url.Values, header ...string) heard {
	w.Helper()
	var h heard
	h.status, h.header, h.text, h.err = try(w.T, w.patience, method, address, form, header...)
	_ = json.Unmarshal([]byte(h.text), &h.body)
	return h
}

// signIn has everything said once. Where there are no tokens, it stops.
func signIn(t *testing.T, o *OIDC, l Login) *wire {
	t.Helper()
	w := &wire{T: t, o: o, p: newParty(t, o, "rp"), patience: 10 * time.Second}
	switch {
	case l.Misbehave == "slow": // nothing is waited for
		w.patience = 200 * time.Millisecond
	case strings.HasSuffix(l.Misbehave, "-slow"): // what is honest comes within this on a busy machine
		w.patience = 2 * time.Second
	}
	address := w.p.begin(oauth2.AccessTypeOffline)
	u := must[*url.URL](t)(url.Parse(address))
	w.asked = u.Query()
	if l.Misbehave == "replayed-code" {
		w.p.login(Login{})
	}
	l.Person = alice.Login
	answer := must[OIDCAnswer](t)(o.Login(address, l))
	w.answer = answer.Parameters()
	paths := o.paths(testTenant)
	w.discovery = w.hear(http.MethodGet, o.base+paths.discovery, nil)
	if w.answer.Get("code") == "" {
		return w
	}
	w.token = w.hear(http.MethodPost, o.base+paths.token, tokenForm(w.answer.Get("code")))
	w.jwks = w.hear(http.MethodGet, o.base+paths.jwks, nil)
	w.readIDToken()
	if access, ok := w.token.body["access_token"].(string); ok {
		w.userInfo = w.hear(http.MethodGet, o.base+paths.userinfo, nil, "Authorization", "Bearer "+access)
	}
	if refresh, ok := w.token.body["refresh_token"].(string); ok {
		form := tokenForm("")
		form.Set("grant_type", "refresh_token")
		form.Set("refresh_token", refresh)
		w.refresh = w.hear(http.MethodPost, o.base+paths.token, form)
	}
	return w
}

// readIDToken takes the ID token apart by hand and asks both libraries.
func (w *wire) readIDToken() {
	w.raw, _ = w.token.body["id_token"].(string)
	parts := strings.Split(w.raw, ".")
	w.parts = len(parts)
	if w.parts < 2 {
		return
	}
	read := func(part string, into *map[string]any) string {
		text, err := base64.RawURLEncoding.DecodeString(part)
		if err == nil {
			_ = json.Unmarshal(text, into)
		}
		return string(text)
	}
	read(parts[0], &w.header)
	w.payload = read(parts[1], &w.claims)
	w.verified = w.goJOSE()
	_, w.trusted = w.p.verify(w.raw)
}

// goJOSE verifies the signature with what is published.
func (w *wire) goJOSE() error {
	jws, err := jose.ParseSignedCompact(w.raw, []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.EdDSA})
	if err != nil {
		return err
	}
	var set jose.JSONWebKeySet
	if err := json.Unmarshal([]byte(w.jwks.text), &set); err != nil {
		return err
	}
	kid := jws.Signatures[0].Header.KeyID
	err = fmt.Errorf("no key %q", kid)
	for _, key := range set.Keys {
		if kid != "" && key.KeyID != kid {
			continue
		}
		if _, err = jws.Verify(key.Key); err == nil {
			return nil
		}
	}
	return err
}

// said reports whether the ID token holds a claim with this value; nil: lacks it.
func said(name string, value any) func(*wire) bool {
	return func(w *wire) bool {
		got, there := w.claims[name]
		return w.verified == nil && there == (value != nil) && fmt.Sprint(got) == fmt.Sprint(value)
	}
}

// bothSay is said, for user info too.
func bothSay(name string, value any) func(*wire) bool {
	return func(w *wire) bool {
		got, there := w.userInfo.body[name]
		return said(name, value)(w) && w.userInfo.status == 200 && there == (value != nil) && fmt.Sprint(got) == fmt.Sprint(value)
	}
}

// headed reports whether the ID token's header holds a member; nil: lacks it.
func headed(name string, value any) func(*wire) bool {
	return func(w *wire) bool { return fmt.Sprint(w.header[name]) == fmt.Sprint(value) }
}

// good reports whether the libraries find nothing wrong.
func good(w *wire) bool { return w.verified == nil && w.trusted == nil }

// forged reports whether the signature is wrong, under the right key's name.
func forged(w *wire) bool {
	return w.verified != nil && strings.Contains(w.jwks.text, fmt.Sprintf(`"kid":%q`, w.header["kid"]))
}

func all(checks ...func(*wire) bool) func(*wire) bool {
	return func(w *wire) bool {
		for _, check := range checks {
			if !check(w) {
				return false
			}
		}
		return true
	}
}

// tokenIs, refreshIs and userInfoIs report whether an endpoint failed so.
func tokenIs(status int, code string) func(*wire) bool {
	return func(w *wire) bool { return w.token.is(status, code) }
}

func refreshIs(status int, code string) func(*wire) bool {
	return func(w *wire) bool { return good(w) && w.refresh.is(status, code) }
}

func userInfoIs(status int, code string) func(*wire) bool {
	return func(w *wire) bool { return good(w) && w.userInfo.is(status, code) }
}

// at is a time from now on, as a claim.
func after(d time.Duration) float64 { return float64(testNow().Add(d).Unix()) }

func timed(name string, d time.Duration) func(*wire) bool {
	return func(w *wire) bool { return w.verified == nil && w.claims[name] == after(d) }
}

// Each misbehaviour is on the wire what its name says, and no more than that:
// the signature is right unless it is what is wrong.
func TestOIDCMisbehaviours_AreWhatTheySay(t *testing.T) {
	t.Parallel()
	checks := map[string]func(*wire) bool{}
	for _, list := range []map[string]func(*wire) bool{wireAnswers(), wireClaims(), wireSignatures(), wireKeys(), wireEndpoints()} {
		for name, check := range list {
			checks[name] = check
		}
	}
	checked := map[string]bool{}
	for _, flavour := range []Flavour{Custom, Google, Microsoft} {
		for _, m := range OIDCMisbehaviours(flavour) {
			if checked[m.Name] {
				continue
			}
			checked[m.Name] = true
			check, ok := checks[m.Name]
			if !ok {
				t.Errorf("%s is never looked at", m.Name)
				continue
			}
			t.Run(m.Name, func(t *testing.T) {
				t.Parallel()
				o := testOIDC(t, func(c *OIDCConfig) { c.Flavour = flavour })
				l := Login{Misbehave: m.Name}
				switch {
				case strings.HasSuffix(m.Name, "slow"):
					l.Param = "60"
				case strings.HasSuffix(m.Name, "huge") && m.Name != "huge-exp":
					l.Param = "3"
				}
				if w := signIn(t, o, l); !check(w) {
					t.Errorf("%s: answer %v\ntoken %d %.300s %v\nheader %v\npayload %.600s\nverified: %v\nuser info %d %.300s %v\nrefresh %d %.200s %v\nkeys %d %.200s\ndiscovery %d %.200s",
						m.Says, w.answer, w.token.status, w.token.text, w.token.err, w.header, w.payload, w.verified,
						w.userInfo.status, w.userInfo.text, w.userInfo.err, w.refresh.status, w.refresh.text, w.refresh.err,
						w.jwks.status, w.jwks.text, w.discovery.status, w.discovery.text)
				}
			})
		}
	}
	for name := range checks {
		if !checked[name] {
			t.Errorf("there is no %s", name)
		}
	}
}

func wireAnswers() map[string]func(*wire) bool {
	failed := func(code string) func(*wire) bool {
		return func(w *wire) bool {
			return w.answer.Get("error") == code && !w.answer.Has("code") && w.answer.Get("state") == "s-1"
		}
	}
	return map[string]func(*wire) bool{
		"denied":       failed("access_denied"),
		"server-error": failed("server_error"),
		"error-with-markup": all(failed("server_error"), func(w *wire) bool {
			text := w.answer.Get("error_description")
			return strings.Contains(text, "<script>") && len(text) > 10_000
		}),
		"state-changed":       func(w *wire) bool { return good(w) && w.answer.Get("state") != "s-1" && w.answer.Has("state") },
		"missing-state":       func(w *wire) bool { return good(w) && !w.answer.Has("state") },
		"wrong-iss-parameter": func(w *wire) bool { return good(w) && w.answer.Get("iss") == "https://mallory.test" },
		"missing-iss-parameter": func(w *wire) bool {
			return good(w) && !w.answer.Has("iss") && w.discovery.body["authorization_response_iss_parameter_supported"] == true
		},
		"replayed-code": func(w *wire) bool {
			// The one before was not redeemed, so that only the client can tell.
			return w.claims["nonce"] == "n-1" && w.answer.Get("state") == "s-1"
		},
		"stolen-code":  tokenIs(400, "invalid_grant"),
		"made-up-code": tokenIs(400, "invalid_grant"),
	}
}

func wireClaims() map[string]func(*wire) bool {
	issuer := func(change func(string) string) func(*wire) bool {
		return func(w *wire) bool { return said("iss", change(w.o.Issuer("")))(w) && w.trusted != nil }
	}
	other := derivedGUID("another tenant")
	audiences := "[rp another-client]"
	return map[string]func(*wire) bool{
		"skewed-by-N":   all(good, timed("iat", time.Minute), timed("exp", time.Hour+time.Minute)),
		"expired":       timed("exp", -10*time.Minute),
		"missing-exp":   said("exp", nil),
		"missing-iat":   said("iat", nil),
		"future-iat":    timed("iat", 10*time.Minute),
		"not-yet-valid": timed("nbf", 10*time.Minute),
		"text-exp":      said("exp", "4102444800"),
		"negative-exp":  said("exp", -1),
		"huge-exp":      func(w *wire) bool { return strings.Contains(w.payload, `"exp":1e+300`) && w.verified == nil },
		"fraction-exp":  func(w *wire) bool { return w.claims["exp"] == after(time.Hour)+.5 && w.verified == nil },

		"wrong-issuer":                issuer(func(string) string { return "https://mallory.test" }),
		"issuer-slash":                issuer(func(s string) string { return s + "/" }),
		"issuer-case":                 issuer(strings.ToUpper),
		"issuer-scheme":               issuer(func(s string) string { return "https" + strings.TrimPrefix(s, "http") }),
		"missing-issuer":              said("iss", nil),
		"wrong-audience":              said("aud", "another-client"),
		"missing-audience":            said("aud", nil),
		"several-audiences":           all(said("aud", audiences), said("azp", nil)),
		"several-audiences-azp":       all(good, said("aud", audiences), said("azp", "rp")),
		"several-audiences-other-azp": all(said("aud", audiences), said("azp", "another-client")),
		"audience-list":               all(good, said("aud", "[rp]")),
		"wrong-azp":                   all(said("aud", "rp"), said("azp", "another-client")),
		"wrong-nonce":                 func(w *wire) bool { return w.verified == nil && w.claims["nonce"] != nil && w.claims["nonce"] != "n-1" },
		"missing-nonce":               said("nonce", nil),
		"wrong-at-hash": func(w *wire) bool {
			access, _ := w.token.body["access_token"].(string)
			return w.verified == nil && w.claims["at_hash"] != nil && w.claims["at_hash"] != atHash(algRS256, access)
		},
		"missing-at-hash": all(good, said("at_hash", nil)),

		"missing-sub":      bothSay("sub", nil),
		"empty-sub":        bothSay("sub", ""),
		"numeric-sub":      func(w *wire) bool { return bothSay("sub", 4711)(w) && w.claims["sub"] == 4711.0 },
		"long-sub":         bothSay("sub", strings.Repeat("s", 256)),
		"duplicate-claims": func(w *wire) bool { return w.verified == nil && strings.Count(w.payload, `"sub":`) == 2 },
		"claims-in-capitals": func(w *wire) bool {
			return w.verified == nil && strings.Contains(w.payload, `{"SUB":"mallory",`) && strings.Contains(w.payload, `"sub":`)
		},
		"claims-list": func(w *wire) bool {
			return w.verified == nil && strings.HasPrefix(w.payload, "[{") && strings.HasSuffix(w.payload, "}]")
		},
		"claims-trailing": func(w *wire) bool { return w.verified == nil && strings.HasSuffix(w.payload, `}{"sub":"mallory"}`) },
		"lean-id-token": func(w *wire) bool {
			return good(w) && said("email", nil)(w) && said("name", nil)(w) && w.claims["sub"] != nil && w.userInfo.body["email"] == alice.Mail
		},
		"many-groups": func(w *wire) bool {
			groups, _ := w.claims["practice_groups"].([]any)
			return good(w) && len(groups) == 1000
		},
		"odd-claims":     all(good, bothSay("role", "map[role:org:admin]"), bothSay("__proto__", "map[role:org:admin]")),
		"markup-in-name": all(good, bothSay("given_name", `<script>alert("1")</script>`)),

		"unverified-mail":        bothSay("email_verified", false),
		"missing-email-verified": all(bothSay("email_verified", nil), bothSay("email", alice.Mail)),
		"email-verified-text": func(w *wire) bool {
			return good(w) && w.claims["email_verified"] == "true" && w.userInfo.body["email_verified"] == "true"
		},
		"email-verified-number": func(w *wire) bool {
			return good(w) && w.claims["email_verified"] == 1.0 && w.userInfo.body["email_verified"] == 1.0
		},
		"email-verified-null": func(w *wire) bool { return good(w) && strings.Contains(w.payload, `"email_verified":null`) },
		"missing-mail":        all(bothSay("email", nil), bothSay("email_verified", nil)),
		"mail-list":           bothSay("email", "[alice@acme.test]"),
		"other-domain":        bothSay("email", "alice@mallory.test"),
		"split-mail": func(w *wire) bool {
			return said("email", nil)(w) && said("email_verified", true)(w) && w.userInfo.body["email"] == alice.Mail && w.userInfo.body["email_verified"] == nil
		},

		"missing-hd":    bothSay("hd", nil),
		"other-hd":      bothSay("hd", "mallory.test"),
		"hd-list":       bothSay("hd", "[acme.test]"),
		"other-subject": all(bothSay("sub", "1"+strings.Repeat("0", 20)), bothSay("email", alice.Mail)),

		"other-tenant":    func(w *wire) bool { return all(said("tid", other), said("iss", w.o.Issuer(other)))(w) },
		"other-tid":       func(w *wire) bool { return all(said("tid", other), said("iss", w.o.Issuer("")))(w) },
		"missing-tid":     said("tid", nil),
		"tid-in-capitals": said("tid", strings.ToUpper(testTenant)),
		"consumers": func(w *wire) bool {
			return all(said("tid", tenantConsumers), said("iss", w.o.Issuer(tenantConsumers)))(w)
		},
		"consumers-key": func(w *wire) bool {
			return good(w) && strings.Contains(w.jwks.text, fmt.Sprintf(`"issuer":%q,"kid":%q`, w.o.Issuer(tenantConsumers), w.header["kid"]))
		},
		"v1-issuer": func(w *wire) bool {
			return all(said("ver", "1.0"), said("iss", w.o.BaseURL()+"/sts/"+testTenant+"/"))(w)
		},
		"template-issuer":     func(w *wire) bool { return said("iss", w.o.Issuer("{tenantid}"))(w) },
		"missing-edov":        all(good, said("xms_edov", nil)),
		"false-edov":          all(good, said("xms_edov", false)),
		"edov-number":         func(w *wire) bool { return good(w) && w.claims["xms_edov"] == 1.0 },
		"edov-text":           func(w *wire) bool { return good(w) && w.claims["xms_edov"] == "1" },
		"guest":               all(good, said("acct", 1), said("xms_edov", nil)),
		"address-in-username": all(bothSay("email", nil), said("preferred_username", alice.Mail), said("upn", alice.Mail), said("unique_name", alice.Mail)),
	}
}
