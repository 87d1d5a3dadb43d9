package signin_test

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/cause"
	"usher/internal/identity"
	"usher/internal/practice"
	"usher/internal/signin"
	"usher/internal/store"
)

// trouble produces a failure with a real sign-in, and returns its attempt and what
// the person pastes from the provider's page.
type trouble struct {
	saml   func(w *world) (identity.AttemptID, string)
	openID func(o *openID) (identity.AttemptID, string)

	provider identity.Provider // of openID; empty: OIDCCustom
}

// refusedSAML is the attempt of an answer that must be refused.
func refusedSAML(r practice.Request) trouble {
	return trouble{saml: func(w *world) (identity.AttemptID, string) { return w.refusedWith(r), "" }}
}

func (w *world) refusedWith(r practice.Request) identity.AttemptID {
	w.Helper()
	_, err := w.flow.FinishSAML(w.Context(), w.answer(w.begin(w.browser(), "ada@acme.test"), r))
	return w.refusal(err).attempt.ID
}

// refusedBy is the attempt of a status that the provider sends.
func refusedBy(top, sub, message string) trouble {
	return trouble{saml: func(w *world) (identity.AttemptID, string) {
		ticket := w.begin(w.browser(), "ada@acme.test")
		asked, relay := w.asked(ticket)
		const status = "urn:oasis:names:tc:SAML:2.0:status:"
		raw := fmt.Sprintf(`<p:Response xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" ID="_1" Version="2.0" InResponseTo="%s">`+
			`<p:Status><p:StatusCode Value="%s"><p:StatusCode Value="%s"/></p:StatusCode><p:StatusMessage>%s</p:StatusMessage></p:Status></p:Response>`,
			asked.ID, status+top, status+sub, message)
		_, err := w.flow.FinishSAML(w.Context(), signin.Answer{
			Connection: w.conn.ID, SAMLResponse: base64.StdEncoding.EncodeToString([]byte(raw)), RelayState: relay,
		})
		return w.refusal(err).attempt.ID, ""
	}}
}

// lost is an attempt that never comes back, and is overdue.
func (w *world) lost(address string) identity.AttemptID {
	w.Helper()
	id := w.begin(w.browser(), address).AttemptID
	w.clock.Advance(time.Second)
	return id
}

func refusedOpenID(p identity.Provider, l practice.Login) trouble {
	return trouble{provider: p, openID: func(o *openID) (identity.AttemptID, string) { return o.refusedWith(l), "" }}
}

func (o *openID) refusedWith(l practice.Login) identity.AttemptID {
	o.Helper()
	if l.Person == "" {
		l.Person = "ada@acme.test"
	}
	_, err := o.try(l)
	return o.refusal(err).attempt.ID
}

// answersTokens is a provider whose token endpoint says this and nothing else.
func answersTokens(body string) trouble {
	return trouble{openID: func(o *openID) (identity.AttemptID, string) {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusUnauthorized)
			fmt.Fprint(w, body)
		}))
		o.owner.Cleanup(server.Close)
		o.change(func(c *identity.Connection) { c.Config.OIDC.TokenURL = server.URL })
		return o.refusedWith(practice.Login{}), ""
	}}
}

// movedTo is an answer that is judged by a server that thinks it is elsewhere.
func movedTo(base string) trouble {
	return trouble{saml: func(w *world) (identity.AttemptID, string) {
		answer := w.answer(w.begin(w.browser(), "ada@acme.test"), practice.Request{})
		w.flow.BaseURL = base
		_, err := w.flow.FinishSAML(w.Context(), answer)
		return w.refusal(err).attempt.ID, ""
	}}
}

// troubles has one failure for every cause.
func troubles() map[cause.Name]trouble {
	all := map[cause.Name]trouble{}
	for _, some := range []map[cause.Name]trouble{trustTroubles(), applicationTroubles(), messageTroubles(), openIDTroubles()} {
		for n, t := range some {
			all[n] = t
		}
	}
	return all
}

func trustTroubles() map[cause.Name]trouble {
	return map[cause.Name]trouble{
		cause.IssuerMismatch:    refusedSAML(practice.Request{Misbehave: "wrong-issuer"}),
		cause.AudienceMismatch:  refusedSAML(practice.Request{Misbehave: "audience-slash"}),
		cause.AudienceMissing:   refusedSAML(practice.Request{Misbehave: "no-audience"}),
		cause.SigningKeyUnknown: refusedSAML(practice.Request{Misbehave: "wrong-key"}),
		cause.SigningKeyRolledOver: {saml: func(w *world) (identity.AttemptID, string) {
			w.signIn("ada@acme.test")
			w.clock.Advance(time.Hour)
			return w.refusedWith(practice.Request{Misbehave: "rolled-over-key"}), ""
		}},
		cause.CertificateExpired: {saml: func(w *world) (identity.AttemptID, string) {
			w.clock.Set(w.idp.Certificate().NotAfter.Add(24 * time.Hour))
			client := w.browser()
			accepted := w.accepted(w.answer(w.begin(client, "ada@acme.test"), practice.Request{}))
			w.done(accepted.Nonce, client)
			return accepted.AttemptID, ""
		}},
		cause.ContentChanged:   refusedSAML(practice.Request{Misbehave: "tampered-attribute"}),
		cause.NotSigned:        refusedSAML(practice.Request{Misbehave: "unsigned"}),
		cause.WeakAlgorithm:    refusedSAML(practice.Request{Misbehave: "sha1"}),
		cause.DecryptionFailed: refusedSAML(practice.Request{Misbehave: "encrypted-for-other"}),
		cause.NameIDMissing:    refusedSAML(practice.Request{Misbehave: "no-nameid"}),
		cause.NameIDUnstable:   refusedSAML(practice.Request{Misbehave: "transient-nameid"}),
		cause.EmailMissing: refusedSAML(practice.Request{Misbehave: "no-mail", Edited: &practice.Person{
			Mail: "ada@acme.test", Attributes: []practice.Attribute{{Name: "workMail", Values: []string{"ada@acme.test"}}},
		}}),
		cause.EmailDomainMismatch: refusedSAML(practice.Request{Misbehave: "other-domain"}),
		cause.GuestAccount: refusedSAML(practice.Request{Edited: &practice.Person{
			Mail: "ada_home.test#EXT#@tenant.test", Subject: "ada_home.test#EXT#@tenant.test",
		}}),
		cause.OtherApplication: {saml: func(w *world) (identity.AttemptID, string) {
			other := w.provider("https://staging.idp.test")
			c := w.connect(other, func(c *identity.Connection) {
				c.OrganizationID, c.Domains = w.org.ID, []identity.Domain{"staging.acme.test"}
			})
			key := must(spKeys())(w)[0]
			w.introduce(other, w.conn, key.Certificate)
			asked, relay := w.asked(w.begin(w.browser(), "ada@acme.test"))
			response := must(other.Respond(practice.Request{
				SP: w.conn.ID.SPMetadataURL(base), Person: "ada@acme.test", InResponseTo: asked.ID, RelayState: relay,
			}))(w)
			_, err := w.flow.FinishSAML(w.Context(), signin.Answer{Connection: w.conn.ID, SAMLResponse: response.SAMLResponse, RelayState: relay})
			if c.ID == w.conn.ID {
				w.Fatal("one connection")
			}
			return w.refusal(err).attempt.ID, ""
		}},
		cause.TooManyGroups: {saml: func(w *world) (identity.AttemptID, string) {
			client := w.browser()
			accepted := w.accepted(w.answer(w.begin(client, "ada@acme.test"), practice.Request{Edited: &practice.Person{
				Mail: "ada@acme.test", Attributes: []practice.Attribute{{
					Name: "http://schemas.microsoft.com/claims/groups.link", Values: []string{"https://graph.test/groups"},
				}},
			}}))
			w.done(accepted.Nonce, client)
			return accepted.AttemptID, ""
		}},
	}
}

func applicationTroubles() map[cause.Name]trouble {
	return map[cause.Name]trouble{
		cause.ApplicationUnknown: {saml: func(w *world) (identity.AttemptID, string) {
			id := w.lost("ada@acme.test")
			w.clock.Advance(20 * time.Minute)
			return id, ""
		}},
		cause.ACSNotRegistered: {saml: func(w *world) (identity.AttemptID, string) {
			id := w.lost("ada@acme.test")
			w.clock.Advance(20 * time.Minute)
			return id, "Sorry, but we’re having trouble signing you in. AADSTS50011: The reply URL specified in the request does not match."
		}},
		cause.RequestNotSigned: refusedBy("Requester", "RequestUnsupported", "Signature required"),
		cause.NotAssigned:      refusedSAML(practice.Request{Misbehave: "status-denied"}),
		cause.StoppedAtProvider: {saml: func(w *world) (identity.AttemptID, string) {
			id := w.lost("ada@acme.test")
			w.clock.Advance(5 * time.Minute)
			w.signIn("ada@acme.test")
			w.clock.Advance(20 * time.Minute)
			return id, ""
		}},
		cause.ApplicationInactive: {saml: func(w *world) (identity.AttemptID, string) {
			w.signIn("ada@acme.test")
			w.clock.Advance(time.Hour)
			w.lost("ada@acme.test")
			id := w.lost("bob@acme.test")
			w.clock.Advance(20 * time.Minute)
			return id, ""
		}},
		cause.PersonSuspended: {saml: func(w *world) (identity.AttemptID, string) {
			w.signIn("ada@acme.test")
			w.clock.Advance(time.Hour)
			id := w.lost("ada@acme.test")
			w.signIn("bob@acme.test")
			w.clock.Advance(20 * time.Minute)
			return id, ""
		}},
		cause.ProviderDown: {saml: func(w *world) (id identity.AttemptID, text string) {
			w.signIn("ada@acme.test")
			w.clock.Advance(time.Hour)
			for range 6 {
				id = w.lost("ada@acme.test")
			}
			w.clock.Advance(20 * time.Minute)
			return id, ""
		}},
		cause.AuthnContext:   refusedBy("Responder", "NoAuthnContext", ""),
		cause.ProviderPolicy: refusedBy("Responder", "RequestDenied", "AADSTS53003: Access has been blocked by Conditional Access policies."),
		cause.RefusedHere: {saml: func(w *world) (identity.AttemptID, string) {
			w.revise(w.conn.ID, func(c *identity.Connection) { c.Config.DisableJITProvisioning = true })
			return w.refusedWith(practice.Request{}), ""
		}},
		cause.WrongAccount: refusedSAML(practice.Request{Misbehave: "other-address"}),
	}
}

func messageTroubles() map[cause.Name]trouble {
	return map[cause.Name]trouble{
		cause.RecipientMismatch: refusedSAML(practice.Request{Misbehave: "wrong-recipient"}),
		cause.SchemeMismatch:    movedTo("http://usher.test"),
		cause.URLNearMiss:       movedTo("https://usher.test:8443"),
		cause.AssertionExpired:  refusedSAML(practice.Request{Misbehave: "expired"}),
		cause.ClockSkew:         refusedSAML(practice.Request{Misbehave: "skewed-by-N", Param: "240"}),
		cause.ZeroTolerance: {saml: func(w *world) (identity.AttemptID, string) {
			w.revise(w.conn.ID, func(c *identity.Connection) { c.Config.SAML.ClockSkewSeconds = -1 })
			return w.refusedWith(practice.Request{Misbehave: "skewed-by-N", Param: "3"}), ""
		}},
		cause.RelayStateLost: refusedSAML(practice.Request{Misbehave: "wrong-relaystate"}),
		cause.IDPInitiatedRefused: {saml: func(w *world) (identity.AttemptID, string) {
			_, err := w.flow.FinishSAML(w.Context(), w.unasked(w.conn, practice.Request{}))
			return w.refusal(err).attempt.ID, ""
		}},
		cause.OldTab: {saml: func(w *world) (identity.AttemptID, string) {
			answer := w.answer(w.begin(w.browser(), "ada@acme.test"), practice.Request{})
			w.accepted(answer)
			_, err := w.flow.FinishSAML(w.Context(), answer)
			return w.refusal(err).attempt.ID, ""
		}},
		cause.Replayed: {saml: func(w *world) (identity.AttemptID, string) {
			w.revise(w.conn.ID, func(c *identity.Connection) { c.Config.SAML.AllowIDPInitiated = true })
			answer := w.unasked(w.conn, practice.Request{})
			w.accepted(answer)
			_, err := w.flow.FinishSAML(w.Context(), answer)
			return w.refusal(err).attempt.ID, ""
		}},
		cause.MessageNotUnderstood: refusedSAML(practice.Request{Misbehave: "dtd"}),
	}
}

func openIDTroubles() map[cause.Name]trouble {
	return map[cause.Name]trouble{
		cause.RedirectURIMismatch: {openID: func(o *openID) (identity.AttemptID, string) {
			id := o.lost("ada@acme.test")
			o.clock.Advance(20 * time.Minute)
			return id, ""
		}},
		cause.ClientSecretExpired: answersTokens(`{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret keys are expired."}`),
		cause.ClientSecretWrong:   refusedOpenID("", practice.Login{Misbehave: "token-invalid-client"}),
		cause.CodeRefused:         refusedOpenID("", practice.Login{Misbehave: "made-up-code"}),
		cause.ConsentMissing:      refusedOpenID("", practice.Login{Misbehave: "denied"}),
		cause.EmailUnverified:     refusedOpenID("", practice.Login{Misbehave: "unverified-mail"}),
		cause.PersonRecreated: {provider: identity.OAuthGoogle, openID: func(o *openID) (identity.AttemptID, string) {
			o.in(ada)
			return o.refusedWith(practice.Login{Misbehave: "other-subject"}), ""
		}},
		cause.IDTokenMismatch: refusedOpenID("", practice.Login{Misbehave: "wrong-audience"}),
	}
}

// Every cause is produced with a real sign-in, and comes out as the first one, with
// what to do about it.
func TestDiagnose_NamesEveryCauseFirst(t *testing.T) {
	t.Parallel()
	all := troubles()
	for _, c := range cause.Causes() {
		if _, ok := all[c.Name]; !ok {
			t.Errorf("nothing produces %s", c.Name)
		}
	}
	for name, trouble := range all {
		t.Run(string(name), func(t *testing.T) {
			t.Parallel()
			flow, id, text := trouble.happen(t)
			d, err := flow.Diagnose(t.Context(), id, text)
			if err != nil {
				t.Fatal(err)
			}
			if len(d.Findings) == 0 || d.Findings[0].Cause.Name != name {
				t.Fatalf("found %+v for %+v", d.Findings, d.Attempt)
			}
			for _, f := range d.Findings {
				if f.Fix == "" || f.Because == "" || f.Cause.Says == "" || strings.Contains(f.Because, "%!") {
					t.Errorf("lacks something: %+v", f)
				}
				if strings.Contains(f.Because, "ada@") {
					t.Errorf("tells an address: %s", f.Because)
				}
			}
		})
	}
}

func (x trouble) happen(t *testing.T) (*signin.Flow, identity.AttemptID, string) {
	t.Helper()
	if x.saml != nil {
		w := newWorld(t, store.SQLite)
		id, text := x.saml(w)
		return w.flow, id, text
	}
	p := x.provider
	if p == "" {
		p = identity.OIDCCustom
	}
	o := newOpenID(t, store.SQLite, p)
	id, text := x.openID(o)
	return o.flow, id, text
}

// What a refused person's address looks like is said by the name of its attribute
// alone.
func TestDiagnose_NamesTheAttributeThatFits(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.SQLite)
	id, _ := trustTroubles()[cause.EmailMissing].saml(w)
	d := must(w.flow.Diagnose(t.Context(), id, ""))(t)
	if because := d.Findings[0].Because; !strings.Contains(because, `"workMail"`) || !strings.Contains(because, `"mail"`) {
		t.Errorf("because %s", because)
	}
}

// An attempt that is under way, or went well, has no causes; evidence that was not
// kept leaves fewer.
func TestDiagnose_SaysNothingOfWhatWentWell(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.SQLite)
	w.set(func(s *identity.Settings) { s.EvidenceDays = 0 })
	client := w.browser()
	ticket := w.begin(client, "ada@acme.test")
	if d := must(w.flow.Diagnose(t.Context(), ticket.AttemptID, ""))(t); len(d.Findings) != 0 {
		t.Errorf("under way: %+v", d.Findings)
	}
	w.done(w.accepted(w.answer(ticket, practice.Request{})).Nonce, client)
	if d := must(w.flow.Diagnose(t.Context(), ticket.AttemptID, ""))(t); len(d.Findings) != 0 {
		t.Errorf("complete: %+v", d.Findings)
	}
	id := w.refusedWith(practice.Request{Misbehave: "no-mail"})
	if d := must(w.flow.Diagnose(t.Context(), id, ""))(t); d.Findings[0].Cause.Name != cause.EmailMissing {
		t.Errorf("without evidence: %+v", d.Findings)
	}
	found := must(w.flow.DiagnoseText(t.Context(), w.conn.ID, "aadsts50105 …"))(t)
	if !slices.ContainsFunc(found, func(f cause.Finding) bool { return f.Cause.Name == cause.NotAssigned }) {
		t.Errorf("of text: %+v", found)
	}
}
