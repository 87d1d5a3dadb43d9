package signin_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/practice"
	"usher/internal/saml"
	"usher/internal/signin"
	"usher/internal/store"
)

func TestSAML_TheRequestNamesTheConnectionsOwnPlaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.SQLite)
	ticket := w.begin(w.browser(), "ada@acme.test")
	r, relay := w.asked(ticket)
	want := practice.AuthnRequest{
		ID: r.ID, Issuer: base + "/v1/saml/metadata/" + string(w.conn.ID) + ".xml", ACSURL: base + "/v1/saml/acs/" + string(w.conn.ID),
		Destination: "https://idp.test/sso",
	}
	if r != want || ticket.Form != nil {
		t.Errorf("request %+v, want %+v by redirect", r, want)
	}
	// Threats T-SAML-05 and T-SAML-34: opaque, unguessable, 80 bytes at most.
	if len(relay) < 40 || len(relay) > 80 || len(r.ID) < 41 || strings.Contains(relay, "acme") {
		t.Errorf("RelayState %q, ID %q", relay, r.ID)
	}
	if next, other := w.asked(w.begin(w.browser(), "ada@acme.test")); next.ID == r.ID || other == relay {
		t.Error("two requests share an ID or a RelayState")
	}
}

func TestSAML_TheRequestFollowsTheConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.SQLite)
	w.person("eve@acme.test", identity.Verified, func(u *identity.User) {
		u.PublicMetadata = identity.Metadata{"login": "eve-7", "list": []any{"a"}}
	})
	tests := map[string]struct {
		change  func(*identity.Connection)
		address string
		hint    string // behaviour 1.81
		force   bool
		post    bool
	}{
		"a custom provider gets no hint": {address: "eve@acme.test"},
		"a named provider gets the address": {
			change: func(c *identity.Connection) { c.Provider = identity.SAMLOkta }, address: "Eve@acme.test", hint: "eve@acme.test",
		},
		"a custom provider gets it where it is asked for": {
			change: func(c *identity.Connection) { c.Config.SAML.LoginHint.Mode = identity.HintEmailAddress }, address: "eve@acme.test", hint: "eve@acme.test",
		},
		"a named provider gets none where it is off": {
			change: func(c *identity.Connection) {
				c.Provider, c.Config.SAML.LoginHint.Mode = identity.SAMLGoogle, identity.HintOff
			}, address: "eve@acme.test",
		},
		"a custom attribute is the hint":            {change: hintFrom("login"), address: "eve@acme.test", hint: "eve-7"},
		"an attribute that is a list is left out":   {change: hintFrom("list"), address: "eve@acme.test"},
		"an attribute that is absent is left out":   {change: hintFrom("other"), address: "eve@acme.test"},
		"nobody's attribute is left out":            {change: hintFrom("login"), address: "nobody@acme.test"},
		"a fresh authentication is asked for":       {change: func(c *identity.Connection) { c.Config.SAML.ForceAuthn = true }, address: "eve@acme.test", force: true},
		"the provider's metadata asks for the POST": {change: func(c *identity.Connection) { c.Config.SAML.IDPSSOBinding = "post" }, address: "eve@acme.test", post: true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			w.TB = t
			w.revise(w.conn.ID, func(c *identity.Connection) {
				saml := *w.conn.Config.SAML
				c.Provider, c.Config.SAML = identity.SAMLCustom, &saml
				if test.change != nil {
					test.change(c)
				}
			})
			ticket := w.begin(w.browser(), test.address)
			r, _ := w.asked(ticket)
			to := ticket.Redirect
			if ticket.Form != nil {
				to = ticket.Form.Action
			}
			u := must(url.Parse(to))(t)
			if got := u.Query().Get("login_hint"); got != test.hint || u.Host != "idp.test" {
				t.Errorf("sent to %s with the hint %q, want %q", u, got, test.hint)
			}
			if r.ForceAuthn != test.force || (ticket.Form != nil) != test.post {
				t.Errorf("ForceAuthn %v, form %v", r.ForceAuthn, ticket.Form)
			}
		})
	}
}

func hintFrom(source string) func(*identity.Connection) {
	return func(c *identity.Connection) {
		c.Config.SAML.LoginHint = identity.LoginHint{Mode: identity.HintCustomAttribute, Source: source}
	}
}

// Threat T-SAML-17.
func TestSAML_AFreshAuthenticationThatWasAskedForIsInsistedOn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.signInAs(practice.Request{Person: "ada@acme.test", Misbehave: "old-authn"})
		w.revise(w.conn.ID, func(c *identity.Connection) { c.Config.SAML.ForceAuthn = true })
		ticket := w.begin(w.browser(), "ada@acme.test")
		before := w.dump()
		_, err := w.flow.FinishSAML(t.Context(), w.answer(ticket, practice.Request{Misbehave: "old-authn"}))
		w.refused(before, err, "authn_too_old")
	})
}

// addKey gives the connection its second key.
func (w *world) addKey() (certificate string) {
	w.Helper()
	key := must(spKeys())(w)[1]
	key.ID, key.ConnectionID = identity.NewID[identity.KeyID](w.clock.Now()), w.conn.ID
	w.write(func(tx *store.Tx) error { return tx.InsertConnectionKey(key) })
	return key.Certificate
}

func (w *world) retireOldest() {
	w.Helper()
	w.write(func(tx *store.Tx) error {
		keys, err := tx.ConnectionKeys(w.conn.ID)
		if err == nil {
			_, err = tx.RetireConnectionKey(keys[len(keys)-1].ID, w.clock.Now())
		}
		return err
	})
}

// Through a rollover the key that the provider knows signs, until it is retired.
func TestSAML_RequestsAreSignedWithTheKeyThatTheProviderKnows(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.revise(w.conn.ID, func(c *identity.Connection) { c.Config.SAML.WantSigned = true })
		old := must(spKeys())(t)[0].Certificate
		w.checkSigned(old)
		fresh := w.addKey()
		w.checkSigned(old)
		w.retireOldest()
		w.checkSigned(fresh)
		w.revise(w.conn.ID, func(c *identity.Connection) { c.Config.SAML.IDPSSOBinding = "post" })
		ticket := w.begin(w.browser(), "ada@acme.test")
		if r, _ := w.asked(ticket); !r.Signed {
			t.Error("a posted request is not signed")
		}
		if xml := string(must(base64.StdEncoding.DecodeString(ticket.Form.SAMLRequest))(t)); !strings.Contains(xml, fresh) {
			t.Error("a posted request does not carry the key's certificate")
		}
		w.accepted(w.answer(ticket, practice.Request{}))
	})
}

// checkSigned verifies a request in the Redirect binding (saml-bindings, section
// 3.4.4.1).
func (w *world) checkSigned(certificate string) {
	w.Helper()
	ticket := w.begin(w.browser(), "ada@acme.test")
	u := must(url.Parse(ticket.Redirect))(w)
	octets, _, ok := strings.Cut(u.RawQuery, "&Signature=")
	if !ok {
		w.Fatalf("%s is not signed", ticket.Redirect)
	}
	sum := sha256.Sum256([]byte(octets))
	value := must(base64.StdEncoding.DecodeString(u.Query().Get("Signature")))(w)
	key, _ := must(saml.ParseCertificate(certificate))(w).PublicKey.(*rsa.PublicKey)
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], value); err != nil {
		w.Errorf("the request is not signed with the key of this certificate: %v", err)
	}
}

// Threat T-OPS-02: the provider may go on encrypting to the old key.
func TestSAML_TheOldKeyDecryptsUntilItIsRetired(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		old := must(spKeys())(t)[0].Certificate
		encrypted := practice.Request{Person: "ada@acme.test", Misbehave: "encrypted"}
		w.signInAs(encrypted)
		fresh := w.addKey()
		w.signInAs(encrypted)
		w.introduce(w.idp, w.conn, fresh)
		w.signInAs(encrypted)
		w.retireOldest()
		w.signInAs(encrypted)
		w.introduce(w.idp, w.conn, old)
		ticket := w.begin(w.browser(), "ada@acme.test")
		before := w.dump()
		_, err := w.flow.FinishSAML(t.Context(), w.answer(ticket, encrypted))
		w.refused(before, err, "decryption")
	})
}

// Threat T-OPS-02: several of the provider's certificates are good at once.
func TestSAML_AnAnnouncedCertificateWorksBeforeAndAfterTheRollover(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		next := practice.Request{Person: "ada@acme.test", Misbehave: "rolled-over-key"}
		ticket := w.begin(w.browser(), "ada@acme.test")
		before := w.dump()
		_, err := w.flow.FinishSAML(t.Context(), w.answer(ticket, next))
		w.refused(before, err, "signature")
		both := []string{encode(w.idp.Certificate()), encode(must(w.idp.NextCertificate())(t))}
		w.revise(w.conn.ID, func(c *identity.Connection) { c.Config.SAML.IDPCertificates = both })
		w.signInAs(next)
		w.signIn("ada@acme.test")
		if err := w.idp.RollOver(); err != nil {
			t.Fatal(err)
		}
		w.signIn("ada@acme.test")
		w.revise(w.conn.ID, func(c *identity.Connection) { c.Config.SAML.IDPCertificates = both[1:] })
		w.signIn("ada@acme.test")
	})
}

// Threat T-SAML-01: between the choice of a connection and the way to it.
func TestBegin_AConnectionThatIsNotInUseIsNotOffered(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, change := range map[string]func(*identity.Connection){
			"switched off":                func(c *identity.Connection) { c.Active, c.Authenticatable = false, true },
			"for linking only, T-SAML-02": func(c *identity.Connection) { c.Active, c.Authenticatable = true, false },
		} {
			w.revise(w.conn.ID, change)
			client := w.browser()
			next := must(w.flow.Begin(t.Context(), signin.Begin{Client: client, Address: "ada@acme.test"}))(t)
			if next.Step != signin.NextPassword {
				t.Errorf("%s: step %d, want the password", name, next.Step)
			}
			if _, err := w.flow.Choose(t.Context(), client, next.SignIn.ID, w.conn.ID); !fault.Is(err, fault.SSOSignInConnectionMissing) {
				t.Errorf("%s: chosen: %v", name, err)
			}
		}
	})
}

// Behaviour 1.24.
func TestBegin_OfSeveralConnectionsThePersonChooses(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.clock.Advance(time.Second)
		wide := w.connect(w.idp, func(c *identity.Connection) { c.Name = "Everybody's" })
		client := w.browser()
		next := must(w.flow.Begin(t.Context(), signin.Begin{Client: client, Address: "ada@acme.test"}))(t)
		if next.Step != signin.NextChoose || len(next.Choices) != 2 || next.Choices[0].Organization != "Acme" || next.Choices[1].Organization != "" {
			t.Fatalf("next %+v", next)
		}
		if _, err := w.flow.Choose(t.Context(), client, next.SignIn.ID, ""); !fault.Is(err, fault.SSOConnectionRequired) {
			t.Errorf("without a choice: %v", err)
		}
		if _, err := w.flow.Choose(t.Context(), w.browser(), next.SignIn.ID, wide.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("another browser: %v", err)
		}
		ticket := must(w.flow.Choose(t.Context(), client, next.SignIn.ID, wide.ID))(t)
		done := w.done(w.accepted(w.answer(ticket, practice.Request{})).Nonce, client)
		if done.Session.ConnectionID != wide.ID || len(w.memberships(done.Session.UserID)) != 0 {
			t.Errorf("session %+v", done.Session)
		}
		named := signin.Begin{Client: client, Address: "ada@acme.test", Connection: w.conn.ID}
		if next := must(w.flow.Begin(t.Context(), named))(t); next.Ticket.Connection.ID != w.conn.ID {
			t.Errorf("named at once: %+v", next)
		}
		named.Connection = "entconn_other"
		if _, err := w.flow.Begin(t.Context(), named); !fault.Is(err, fault.SSOSignInConnectionMissing) {
			t.Errorf("one that does not serve the address: %v", err)
		}
		where := must(w.flow.Where(t.Context(), next.SignIn))(t)
		if where.Step != signin.NextChoose || len(where.Choices) != 2 {
			t.Errorf("where %+v", where)
		}
	})
}

// Behaviours 1.17 and 1.18, threat T-ID-08.
func TestBegin_ADomainIsServedWholeAndSubdomainsOnlyWhereTheyAre(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.SQLite)
	for address, sso := range map[string]bool{
		"a@acme.test": true, "a@ACME.TEST": true, "a@eu.acme.test": false, "a@evilacme.test": false, "a@acme.test.evil.test": false,
	} {
		next := must(w.flow.Begin(t.Context(), signin.Begin{Client: w.browser(), Address: address}))(t)
		if got := next.Step == signin.NextProvider; got != sso {
			t.Errorf("%s: SSO %v, want %v", address, got, sso)
		}
	}
	w.revise(w.conn.ID, func(c *identity.Connection) { c.Config.AllowSubdomains = true })
	w.begin(w.browser(), "a@eu.acme.test")
}

// Threat T-SES-05.
func TestBegin_OnlyOurPlacesAreReturnedTo(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.SQLite)
	tests := map[string]fault.Code{
		"/organization?a=b":             "",
		base + "/user":                  "",
		"https://app.test/callback":     "",
		"https://app.test.evil/":        fault.RedirectURLDomainMismatch,
		"https://evil.test/":            fault.RedirectURLDomainMismatch,
		"http://app.test/":              fault.RedirectURLDomainMismatch,
		"//evil.test/":                  fault.RedirectURLDomainMismatch,
		"/\\evil.test/":                 fault.InvalidRedirectURL,
		"https:evil.test":               fault.InvalidRedirectURL,
		"https://app.test@evil.test/":   fault.InvalidRedirectURL,
		"javascript:alert(1)":           fault.InvalidRedirectURL,
		"data:text/html,x":              fault.InvalidRedirectURL,
		"evil.test":                     fault.InvalidRedirectURL,
		"/a\r\nSet-Cookie: x":           fault.InvalidRedirectURL,
		"/" + strings.Repeat("a", 2048): fault.InvalidRedirectURL,
	}
	for back, want := range tests {
		err := w.flow.CheckReturn(t.Context(), back)
		_, begun := w.flow.Begin(t.Context(), signin.Begin{Client: "client_x", Address: "ada@acme.test", ReturnURL: back})
		if want == "" && (err != nil || begun != nil) || want != "" && (!fault.Is(err, want) || !fault.Is(begun, want)) {
			t.Errorf("%q: %v and %v, want %q", back, err, begun, want)
		}
	}
}
