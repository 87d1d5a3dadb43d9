package session_test

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"math/big"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/clerk/clerk-sdk-go/v2"
	"github.com/clerk/clerk-sdk-go/v2/jwks"
	"github.com/clerk/clerk-sdk-go/v2/jwt"
	"github.com/google/go-cmp/cmp"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/session"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// read verifies a token with the key set, as RFC 7515 and RFC 7517 say, and
// returns its header and claims.
func (w *world) read(token string) (header, claims map[string]any) {
	w.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		w.Fatalf("%d parts", len(parts))
	}
	decode := func(part string, dst any) {
		if err := json.Unmarshal(must(base64.RawURLEncoding.DecodeString(part))(w), dst); err != nil {
			w.Fatal(err)
		}
	}
	decode(parts[0], &header)
	decode(parts[1], &claims)
	set := must(w.m.Keys.Public(w.Context()))(w)
	i := slices.IndexFunc(set.Keys, func(k session.JWK) bool { return k.KeyID == header["kid"] })
	if i < 0 {
		w.Fatalf("no key %v in the set", header["kid"])
	}
	number := func(s string) *big.Int { return new(big.Int).SetBytes(must(base64.RawURLEncoding.DecodeString(s))(w)) }
	key := &rsa.PublicKey{N: number(set.Keys[i].Modulus), E: int(number(set.Keys[i].Exponent).Int64())}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], must(base64.RawURLEncoding.DecodeString(parts[2]))(w)); err != nil {
		w.Fatalf("the token does not verify: %v", err)
	}
	return header, claims
}

// Part 2.F of Clerk's wire format, with its worked example of permissions.
func TestToken_Version2(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		b := w.browser()
		s := b.signIn(nil)
		w.clock.Advance(3 * time.Minute)
		header, claims := w.read(w.token(session.Ask{Session: s.ID, Client: b.client, AuthorizedParty: "https://app.test"}))
		if diff := cmp.Diff(map[string]any{"alg": "RS256", "typ": "JWT", "kid": "ins_test", "cat": "cl_B7d4PD111AAA"}, header); diff != "" {
			t.Errorf("header (-want +got):\n%s", diff)
		}
		if jti, _ := claims["jti"].(string); len(jti) < 20 {
			t.Errorf("jti %q", jti)
		}
		delete(claims, "jti")
		now := float64(began.Add(3 * time.Minute).Unix())
		want := map[string]any{
			"azp": "https://app.test", "exp": now + 60, "iat": now, "nbf": now - 10, "iss": issuer, "sid": string(s.ID), "sub": string(w.ada.ID),
			"v": 2.0, "fva": []any{3.0, -1.0}, "sts": "active", "pla": "o:free_org", "fea": "o:dashboard,o:teams",
			"o": map[string]any{"id": string(w.acme.ID), "slg": "acme", "rol": "admin", "per": "manage,read", "fpm": "3,2"},
		}
		if diff := cmp.Diff(want, claims); diff != "" {
			t.Errorf("claims (-want +got):\n%s", diff)
		}

		none := identity.OrgID("")
		_, claims = w.read(w.token(session.Ask{Session: s.ID, Organization: &none, Lifetime: time.Hour}))
		delete(claims, "jti")
		delete(want, "azp")
		delete(want, "fea")
		delete(want, "o")
		want["pla"], want["exp"] = "u:free_user", now+3600
		if diff := cmp.Diff(want, claims); diff != "" {
			t.Errorf("claims without an organization, for an hour (-want +got):\n%s", diff)
		}
	})
}

func TestToken_Version1(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.set(func(s *identity.Settings) { s.SessionClaimsVersion = 1 })
		s := w.browser().signIn(nil)
		_, claims := w.read(w.token(session.Ask{Session: s.ID}))
		now := float64(began.Unix())
		want := map[string]any{
			"exp": now + 60, "iat": now, "nbf": now - 10, "iss": issuer, "sid": string(s.ID), "sub": string(w.ada.ID), "fva": []any{0.0, -1.0},
			"org_id": string(w.acme.ID), "org_slug": "acme", "org_role": "org:admin",
			"org_permissions": []any{"org:dashboard:read", "org:dashboard:manage", "org:teams:read"},
		}
		if diff := cmp.Diff(want, claims); diff != "" {
			t.Errorf("claims (-want +got):\n%s", diff)
		}
	})
}

func TestToken_AMemberWithoutCustomPermissionsHasNone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		s := w.browser().signIn(nil)
		w.write(func(tx *store.Tx) error {
			m, err := tx.Membership(w.acme.ID, w.ada.ID)
			if err != nil {
				return err
			}
			m.Role = identity.RoleMember
			return tx.UpdateMembership(m)
		})
		_, claims := w.read(w.token(session.Ask{Session: s.ID}))
		want := map[string]any{"id": string(w.acme.ID), "slg": "acme", "rol": "member"}
		if diff := cmp.Diff(want, claims["o"]); diff != "" || claims["fea"] != nil {
			t.Errorf("organization (-want +got):\n%s\nfea %v", diff, claims["fea"])
		}
	})
}

// Above 63 actions the masks need big integers.
func TestToken_PermissionsOfManyActions(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Open(t, store.SQLite))
	role := identity.Role{ID: identity.NewID[identity.RoleID](began), Key: "org:many", CreatedAt: began, UpdatedAt: began}
	for n := range 70 {
		role.Permissions = append(role.Permissions, identity.Permission("org:a:x"+string(rune('0'+n/10))+string(rune('0'+n%10))))
	}
	role.Permissions = append(role.Permissions, "org:b:x69", "org:a", "org:sys_profile:manage")
	w.write(func(tx *store.Tx) error {
		if err := tx.InsertRole(role); err != nil {
			return err
		}
		m, err := tx.Membership(w.acme.ID, w.ada.ID)
		if err != nil {
			return err
		}
		m.Role = role.Key
		return tx.UpdateMembership(m)
	})
	_, claims := w.read(w.token(session.Ask{Session: w.browser().signIn(nil).ID}))
	all := new(big.Int).Sub(new(big.Int).Lsh(big.NewInt(1), 70), big.NewInt(1))
	last := new(big.Int).Lsh(big.NewInt(1), 69)
	o, _ := claims["o"].(map[string]any)
	if o["fpm"] != all.String()+","+last.String() || claims["fea"] != "o:a,o:b" {
		t.Errorf("fpm %v, fea %v", o["fpm"], claims["fea"])
	}
}

// Clerk's own SDK, unmodified, verifies tokens by the key set over HTTP.
func TestToken_ClerksGoSDKAcceptsIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			rw.Header().Set("Content-Type", "application/json")
			json.NewEncoder(rw).Encode(must(w.m.Keys.Public(r.Context()))(t))
		}))
		t.Cleanup(server.Close)
		s := w.browser().signIn(nil)
		verify := func() (*clerk.SessionClaims, error) {
			return jwt.Verify(t.Context(), &jwt.VerifyParams{
				Token: w.token(session.Ask{Session: s.ID, AuthorizedParty: "https://app.test"}), Clock: w.clock,
				JWKSClient: jwks.NewClient(&clerk.ClientConfig{BackendConfig: clerk.BackendConfig{
					URL: clerk.String(server.URL), Key: clerk.String("sk_test_x"), HTTPClient: server.Client(),
				}}),
				AuthorizedPartyHandler: func(azp string) bool { return azp == "https://app.test" },
			})
		}
		for _, version := range []int{2, 1} {
			w.set(func(s *identity.Settings) { s.SessionClaimsVersion = version })
			c := must(verify())(t)
			permissions := slices.Sorted(slices.Values(c.ActiveOrganizationPermissions))
			if c.Subject != string(w.ada.ID) || c.SessionID != string(s.ID) || c.ActiveOrganizationID != string(w.acme.ID) ||
				c.ActiveOrganizationSlug != "acme" || c.ActiveOrganizationRole != "org:admin" || c.Version != version ||
				!slices.Equal(permissions, []string{"org:dashboard:manage", "org:dashboard:read", "org:teams:read"}) {
				t.Errorf("version %d: %+v", version, c)
			}
		}
		if _, err := w.m.Keys.Rotate(t.Context(), false); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(11 * time.Minute)
		must(verify())(t)
	})
}

// Threats T-SES-12 and T-ORG-18: what changed shows in the next token.
func TestToken_TheNextOneKnowsWhatChanged(t *testing.T) {
	tests := map[string]struct {
		change func(w *world, b *browser, s identity.Session)
		code   fault.Code // empty: minted
		role   any        // of the organization; nil: none
	}{
		"nothing": {change: func(*world, *browser, identity.Session) {}, role: "admin"},
		"the session was revoked": {
			change: func(w *world, _ *browser, s identity.Session) { must(w.m.Revoke(w.Context(), s.ID))(w) }, code: fault.AuthenticationInvalid,
		},
		"the person signed out": {
			change: func(w *world, b *browser, _ identity.Session) {
				if err := w.m.SignOut(w.Context(), identity.Client{ID: b.client}); err != nil {
					w.Fatal(err)
				}
			}, code: fault.AuthenticationInvalid,
		},
		"the session was replaced": {
			change: func(_ *world, b *browser, _ identity.Session) { b.signIn(nil) }, code: fault.AuthenticationInvalid,
		},
		"the person was banned": {
			change: func(w *world, _ *browser, _ identity.Session) { w.change(func(u *identity.User) { u.Banned = true }) }, code: fault.UserBanned,
		},
		"the person was locked": {
			change: func(w *world, _ *browser, _ identity.Session) {
				w.change(func(u *identity.User) { u.LockedUntil = began.Add(time.Hour) })
			}, code: fault.UserLocked,
		},
		"the person was deactivated": {
			change: func(w *world, _ *browser, _ identity.Session) {
				w.change(func(u *identity.User) { u.DeactivatedAt = began })
			}, code: fault.UserDeactivated,
		},
		"the person was deleted": {
			change: func(w *world, _ *browser, _ identity.Session) {
				w.write(func(tx *store.Tx) error { _, err := tx.DeleteUser(w.ada.ID); return err })
			}, code: fault.NotFound,
		},
		"the role was lowered": {
			change: func(w *world, _ *browser, _ identity.Session) {
				w.write(func(tx *store.Tx) error {
					m, err := tx.Membership(w.acme.ID, w.ada.ID)
					m.Role = identity.RoleMember
					if err == nil {
						err = tx.UpdateMembership(m)
					}
					return err
				})
			}, role: "member",
		},
		"the person left the organization": {
			change: func(w *world, _ *browser, _ identity.Session) {
				w.write(func(tx *store.Tx) error { _, err := tx.DeleteMembership(w.acme.ID, w.ada.ID); return err })
			},
		},
		"the organization was deleted": {
			change: func(w *world, _ *browser, _ identity.Session) {
				w.write(func(tx *store.Tx) error { _, err := tx.DeleteOrganization(w.acme.ID); return err })
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				b := w.browser()
				s := b.signIn(nil)
				w.token(session.Ask{Session: s.ID, Client: b.client})
				test.change(w, b, s)
				token, err := w.m.Token(t.Context(), session.Ask{Session: s.ID, Client: b.client})
				if test.code != "" {
					if !fault.Is(err, test.code) {
						t.Errorf("got %v, want %s", err, test.code)
					}
					return
				}
				if err != nil {
					t.Fatal(err)
				}
				_, claims := w.read(token)
				o, _ := claims["o"].(map[string]any)
				if o["rol"] != test.role {
					t.Errorf("organization %v, want the role %v", o, test.role)
				}
			})
		})
	}
}

func TestToken_OnlyForTheSessionsBrowserAndItsOwnOrganizations(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		b, stranger := w.browser(), w.browser()
		s := b.signIn(nil)
		foreign := identity.NewID[identity.OrgID](began)
		for name, ask := range map[string]struct {
			ask  session.Ask
			code fault.Code
		}{
			"another browser":                        {session.Ask{Session: s.ID, Client: stranger.client}, fault.NotFound},
			"an unknown session":                     {session.Ask{Session: "sess_x", Client: b.client}, fault.NotFound},
			"an organization she does not belong to": {session.Ask{Session: s.ID, Client: b.client, Organization: &foreign}, fault.OrganizationNotFound},
		} {
			if _, err := w.m.Token(t.Context(), ask.ask); !fault.Is(err, ask.code) {
				t.Errorf("%s: %v, want %s", name, err, ask.code)
			}
		}
	})
}

func TestToken_APendingSessionSaysSo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.set(func(s *identity.Settings) { s.ForceOrganizationSelection = true })
		s := w.browser().signIn(func(st *session.Start) { st.Organization = "" })
		if _, claims := w.read(w.token(session.Ask{Session: s.ID})); claims["sts"] != "pending" || claims["o"] != nil {
			t.Errorf("claims %v", claims)
		}
		if err := w.m.SetOrganization(t.Context(), s.ID, w.acme.ID); err != nil {
			t.Fatal(err)
		}
		if _, claims := w.read(w.token(session.Ask{Session: s.ID})); claims["sts"] != "active" || claims["o"] == nil {
			t.Errorf("claims %v", claims)
		}
	})
}
