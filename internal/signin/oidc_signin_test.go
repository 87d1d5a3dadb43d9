package signin_test

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/practice"
	"usher/internal/signin"
	"usher/internal/store"
)

var ada = practice.Login{Person: "ada@acme.test"}

// Behaviours 1.27, 1.30, 1.39 and 1.71, with every kind of provider.
func TestOIDC_ASignInCreatesThenFindsAndSyncsThenRejoins(t *testing.T) {
	t.Parallel()
	for _, p := range []identity.Provider{identity.OIDCCustom, identity.OIDCGitLab, identity.OAuthGoogle, identity.OAuthMicrosoft} {
		t.Run(string(p), func(t *testing.T) {
			eachOpenID(t, p, func(t *testing.T, o *openID) {
				first := o.in(ada)
				u := o.userOf("ada@acme.test")
				if u.ID == "" || u.ID != first.Session.UserID || u.FirstName != "Ada" || u.LastName != "Lovelace" {
					t.Fatalf("created %+v, signed in %s", u, first.Session.UserID)
				}
				if m := o.memberships(u.ID); len(m) != 1 || m[0].OrganizationID != o.org.ID || m[0].ConnectionID != o.conn.ID || m[0].Role != identity.RoleMember {
					t.Errorf("memberships %+v", m)
				}
				if first.Cookie == "" || first.Session.ConnectionID != o.conn.ID || first.Session.LastActiveOrganizationID != o.org.ID {
					t.Errorf("session %+v, cookie %q", first.Session, first.Cookie)
				}
				renamed := practice.Person{Mail: "ada@acme.test", FirstName: "Augusta", LastName: "King"}
				if second := o.in(practice.Login{Person: "ada@acme.test", Edited: &renamed}); second.Session.UserID != u.ID {
					t.Errorf("the second sign-in is %s's, want %s's", second.Session.UserID, u.ID)
				}
				if u := o.userOf("ada@acme.test"); u.FirstName != "Augusta" || u.LastName != "King" {
					t.Errorf("synced to %+v", u)
				}
				o.write(func(tx *store.Tx) error {
					_, err := tx.DeleteMembership(o.org.ID, u.ID)
					return err
				})
				o.in(ada)
				if m := o.memberships(u.ID); len(m) != 1 {
					t.Errorf("memberships after the removal and a sign-in: %+v", m)
				}
				o.checkCounts(map[string]int{"users": 1, "enterprise_accounts": 1, "memberships": 1})
			})
		})
	}
}

// Behaviour 1.82, threat T-OIDC-08, T-RP-23.
func TestOIDC_TheRequestSaysWhatItMust(t *testing.T) {
	eachOpenID(t, identity.OIDCCustom, func(t *testing.T, o *openID) {
		o.change(func(c *identity.Connection) {
			c.Config.OIDC.Scopes, c.Config.OIDC.Prompt, c.Config.OIDC.ResponseMode = []string{"openid", "email", "groups"}, "login", "form_post"
		})
		u := must(url.Parse(o.begin(o.browser(), "ada@acme.test").Redirect))(t)
		q := u.Query()
		for _, random := range []string{"state", "nonce", "code_challenge"} {
			if len(q.Get(random)) != 43 {
				t.Errorf("%s is %q", random, q.Get(random))
			}
			q.Del(random)
		}
		want := url.Values{
			"response_type": {"code"}, "client_id": {clientID}, "redirect_uri": {base + "/v1/oauth_callback"}, "scope": {"openid email groups"},
			"code_challenge_method": {"S256"}, "prompt": {"login"}, "response_mode": {"form_post"}, "login_hint": {"ada@acme.test"},
		}
		if diff := cmp.Diff(want, q); diff != "" {
			t.Errorf("request (-want +got):\n%s", diff)
		}
		o.change(func(c *identity.Connection) { c.Config.OIDC.LoginHint = identity.HintOff })
		if to := o.begin(o.browser(), "ada@acme.test").Redirect; strings.Contains(to, "ada") {
			t.Errorf("a request without a hint: %s", to)
		}
	})
}

// Behaviours 1.63 and 1.68: claims by other names, nested, and custom attributes.
func TestOIDC_ClaimsAreMapped(t *testing.T) {
	eachOpenID(t, identity.OIDCCustom, func(t *testing.T, o *openID) {
		o.change(func(c *identity.Connection) {
			c.Config.OIDC.Mapping = identity.ClaimMapping{FirstName: "family_name", LastName: "groups.1"}
			c.Config.CustomAttributes = []identity.CustomAttribute{
				{Name: "Groups", Key: "groups", SSOPath: "groups", MultiValued: true},
				{Name: "Team", Key: "team", SSOPath: "groups.0"},
				{Name: "None", Key: "none", SSOPath: "address.locality"},
			}
		})
		o.in(ada)
		u := o.userOf("ada@acme.test")
		if u.FirstName != "Lovelace" || u.LastName != "Looms" {
			t.Errorf("named %q %q", u.FirstName, u.LastName)
		}
		if diff := cmp.Diff(identity.Metadata{"groups": []any{"Engines", "Looms"}, "team": "Engines"}, u.PublicMetadata); diff != "" {
			t.Errorf("public metadata (-want +got):\n%s", diff)
		}
	})
}

// Behaviour 1.51, threat T-OIDC-22: whether an address is verified says the claim
// that the connection maps; where there is none, its default.
func TestOIDC_TheMappedClaimSaysWhetherAnAddressIsVerified(t *testing.T) {
	eachOpenID(t, identity.OIDCCustom, func(t *testing.T, o *openID) {
		for _, row := range []struct {
			claim   string
			trusted bool // where the claim is missing
			code    fault.Code
		}{
			{"groups.0", true, fault.ExternalAccountEmailVerificationMissing}, // there, and not true
			{"mail_checked", false, fault.ExternalAccountEmailVerificationMissing},
			{"mail_checked", true, ""},
			{"", false, ""},
		} {
			o.change(func(c *identity.Connection) {
				c.Config.OIDC.Mapping = identity.ClaimMapping{EmailVerified: row.claim, EmailVerifiedDefault: row.trusted}
			})
			_, err := o.try(ada)
			if err == nil && row.code != "" || err != nil && !fault.Is(err, row.code) {
				t.Errorf("%+v: %v", row, err)
			}
		}
	})
}

// Behaviour 1.8: endpoints by hand, without issuer and keys.
func TestOIDC_UserInfoAloneCanSayWhoItIs(t *testing.T) {
	eachOpenID(t, identity.OIDCCustom, func(t *testing.T, o *openID) {
		o.change(func(c *identity.Connection) {
			c.Config.OIDC.Issuer, c.Config.OIDC.JWKSURL, c.Config.OIDC.IssuerInAnswer = "", "", false
		})
		done := o.in(ada)
		if u := o.userOf("ada@acme.test"); u.ID != done.Session.UserID {
			t.Errorf("signed in %s, want %s", done.Session.UserID, u.ID)
		}
	})
}

// Behaviour 1.56 and the key of a person, with every kind of provider.
func TestOIDC_ThePersonIsTheSubjectAndNotTheAddress(t *testing.T) {
	t.Parallel()
	for p, subject := range map[identity.Provider]func(o *openID, p practice.Person) string{
		identity.OIDCCustom:     func(o *openID, p practice.Person) string { return o.op.Subject(p, clientID) },
		identity.OAuthGoogle:    func(o *openID, p practice.Person) string { return o.op.Subject(p, clientID) },
		identity.OAuthMicrosoft: func(o *openID, p practice.Person) string { return tenantAcme + ":" + o.op.ObjectID(p) },
	} {
		t.Run(string(p), func(t *testing.T) {
			eachOpenID(t, p, func(t *testing.T, o *openID) {
				u := o.in(ada).Session.UserID
				account := get(o.world, func(tx *store.Tx) (identity.EnterpriseAccount, error) { return tx.AccountOf(o.conn.ID, u) })
				person, _ := o.op.Person("ada@acme.test")
				if want := subject(o, person); account.Subject != want || want == "" || want == ":" {
					t.Errorf("subject %q, want %q", account.Subject, want)
				}
			})
		})
	}
}

// The refusals of behaviours 1.64, 1.65, 1.30 and 1.83.
func TestOIDC_RefusalsHaveTheirCodes(t *testing.T) {
	t.Parallel()
	evil := practice.Person{Login: "ada@acme.test", Mail: "eve@evil.test", FirstName: "Eve"}
	for name, test := range map[string]struct {
		login  practice.Login
		change func(*identity.Connection)
		code   fault.Code
	}{
		"1.65 an address on another domain (threat T-OIDC-24)": {
			practice.Login{Person: "ada@acme.test", Edited: &evil}, nil, fault.SSOEmailAddressDomainMismatch,
		},
		"1.64 no address": {practice.Login{Person: "ada@acme.test", Misbehave: "missing-mail"}, nil, fault.SSOUserAttributeMissing},
		"1.30 nobody is created where that is off": {
			ada, func(c *identity.Connection) { c.Config.DisableJITProvisioning = true }, fault.SAMLJITProvisioningDisabled,
		},
		"1.83 the person denies": {practice.Login{Person: "ada@acme.test", Misbehave: "denied"}, nil, fault.OAuthAccessDenied},
		"1.83 the client secret is wrong": {
			practice.Login{Person: "ada@acme.test", Misbehave: "token-invalid-client"}, nil, fault.OAuthTokenExchangeError,
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachOpenID(t, identity.OIDCCustom, func(t *testing.T, o *openID) {
				if test.change != nil {
					o.change(test.change)
				}
				client := o.browser()
				cb := o.answers(o.begin(client, "ada@acme.test"), client, test.login)
				before := o.dump()
				_, err := o.flow.FinishOIDC(t.Context(), cb)
				o.denied(before, err, test.code, "")
			})
		})
	}
}

// What the provider said is kept for administrators, and no secret is.
func TestOIDC_EvidenceIsKeptWithoutSecrets(t *testing.T) {
	eachOpenID(t, identity.OIDCCustom, func(t *testing.T, o *openID) {
		client := o.browser()
		ticket := o.begin(client, "ada@acme.test")
		cb := o.answers(ticket, client, ada)
		must(o.flow.FinishOIDC(t.Context(), cb))(t)
		e := get(o.world, func(tx *store.Tx) (identity.Evidence, error) { return tx.Evidence(ticket.AttemptID) })
		var body map[string]any
		if err := json.Unmarshal(e.Body, &body); err != nil {
			t.Fatalf("evidence %q: %v", e.Body, err)
		}
		for what, secret := range map[string]string{"secret": clientSecret, "code": cb.Params.Get("code"), "state": cb.Params.Get("state")} {
			if strings.Contains(string(e.Body), secret) {
				t.Errorf("the evidence holds the %s", what)
			}
		}
		a := o.attempt(ticket.AttemptID)
		if a.State != identity.AttemptComplete || a.Email != "ada@acme.test" || a.TraceID != "trace" || a.ReturnedAt.IsZero() || len(a.Trace) == 0 {
			t.Errorf("attempt %+v", a)
		}
	})
}

// An application-wide connection creates people and no membership: behaviour 1.27.
func TestOIDC_AnApplicationWideConnectionJoinsNobody(t *testing.T) {
	eachOpenID(t, identity.OIDCCustom, func(t *testing.T, o *openID) {
		o.change(func(c *identity.Connection) { c.OrganizationID = "" })
		u := o.in(ada).Session.UserID
		if m := o.memberships(u); len(m) != 0 {
			t.Errorf("memberships %+v", m)
		}
	})
}

// Several connections serve a domain, of both protocols: the person chooses, and
// the simulation says so (behaviour 1.24).
func TestOIDC_SeveralConnectionsAreChosenFrom(t *testing.T) {
	eachOpenID(t, identity.OIDCCustom, func(t *testing.T, o *openID) {
		saml := o.connect(o.idp, func(c *identity.Connection) { c.Name, c.OrganizationID = "Acme SAML", "" })
		client := o.browser()
		next := must(o.flow.Begin(t.Context(), signin.Begin{Client: client, Address: "ada@acme.test"}))(t)
		if next.Step != signin.NextChoose || len(next.Choices) != 2 || next.Choices[0].Connection.ID != o.conn.ID || next.Choices[1].Connection.ID != saml.ID {
			t.Fatalf("next %d, choices %+v", next.Step, next.Choices)
		}
		sim := must(o.flow.Simulate(t.Context(), "ada@acme.test"))(t)
		if len(sim.Outcomes) != 2 || sim.Outcomes[0].Decision.Denied != nil || sim.Outcomes[1].Decision.Denied != nil {
			t.Errorf("simulated %+v", sim.Outcomes)
		}
		ticket := must(o.flow.Choose(t.Context(), client, next.SignIn.ID, o.conn.ID))(t)
		done := must(o.flow.FinishOIDC(t.Context(), o.answers(ticket, client, ada)))(t)
		if done.Session.ConnectionID != o.conn.ID {
			t.Errorf("signed in through %s", done.Session.ConnectionID)
		}
	})
}
