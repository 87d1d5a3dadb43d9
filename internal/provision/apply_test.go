package provision_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/provision"
	"usher/internal/store"
)

func account() *policy.Account {
	return &policy.Account{
		ConnectionID: conn, Subject: "s-1", SubjectFormat: "persistent", Email: "ada@acme.test", FirstName: "Ada", LastName: "King",
		PublicMetadata: identity.Metadata{"desk": "42"},
	}
}

func TestApply_CreatesAPersonWithAccountAddressAndMembership(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		out := w.apply(policy.Plan{
			CreateUser: &policy.NewUser{Email: "ada@acme.test", FirstName: "Ada", LastName: "King", PublicMetadata: identity.Metadata{"desk": "42"}},
			Link:       account(),
			Join:       &policy.Join{Organization: w.org, Role: identity.RoleMember, Connection: conn},
		})
		u := w.user(out.User.ID)
		if diff := cmp.Diff(out.User, u, cmpopts.EquateEmpty()); diff != "" || !out.Created || u.Name() != "Ada King" || u.PublicMetadata["desk"] != "42" || !u.CreatedAt.Equal(now) {
			t.Errorf("user %+v, stored otherwise: %s", out, diff)
		}
		emails := w.emails(u.ID)
		want := []identity.EmailAddress{{
			ID: u.PrimaryEmailID, UserID: u.ID, Address: "ada@acme.test", Status: identity.Verified, Strategy: "saml", AccountID: out.Account,
			VerifiedAt: now, CreatedAt: now, UpdatedAt: now,
		}}
		if diff := cmp.Diff(want, emails); diff != "" {
			t.Errorf("addresses (-want +got):\n%s", diff)
		}
		a := w.account("s-1")
		wantAccount := identity.EnterpriseAccount{
			ID: out.Account, UserID: u.ID, ConnectionID: conn, Subject: "s-1", SubjectFormat: "persistent", Email: "ada@acme.test",
			FirstName: "Ada", LastName: "King", PublicMetadata: identity.Metadata{"desk": "42"}, LastAuthenticatedAt: now, CreatedAt: now, UpdatedAt: now,
		}
		if diff := cmp.Diff(wantAccount, a); diff != "" {
			t.Errorf("account (-want +got):\n%s", diff)
		}
		m := w.memberships(u.ID)
		if len(m) != 1 || m[0].ID != out.Membership || m[0].OrganizationID != w.org || m[0].Role != identity.RoleMember || m[0].ConnectionID != conn {
			t.Errorf("memberships %+v", m)
		}
	})
}

func TestApply_LinksAPersonAndVerifiesTheAddress(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u, e := w.person("ada@acme.test", identity.Unverified)
		out := w.apply(policy.Plan{User: u.ID, Link: account(), VerifyEmail: e.ID})
		got := w.emails(u.ID)[0]
		if !got.IsVerified() || got.Strategy != "saml" || got.AccountID != out.Account || !got.VerifiedAt.Equal(now) || out.Created {
			t.Errorf("address %+v, applied %+v", got, out)
		}
		if w.account("s-1").UserID != u.ID || len(w.memberships(u.ID)) != 0 {
			t.Error("linked to somebody else, or joined unasked")
		}
	})
}

// An address that was proved otherwise stays so; only who vouches for it is new.
func TestApply_AVerifiedAddressKeepsItsProof(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u, e := w.person("ada@acme.test", identity.Verified)
		out := w.apply(policy.Plan{User: u.ID, Link: account(), VerifyEmail: e.ID})
		e.AccountID, e.UpdatedAt = out.Account, now
		if diff := cmp.Diff(e, w.emails(u.ID)[0]); diff != "" {
			t.Errorf("address (-want +got):\n%s", diff)
		}
	})
}

func TestApply_RefreshesTheAccount(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u, e := w.person("ada@acme.test", identity.Verified)
		first := w.apply(policy.Plan{User: u.ID, Link: account(), VerifyEmail: e.ID})
		before := w.account("s-1")
		fresh := account()
		fresh.ID, fresh.FirstName, fresh.PublicMetadata = first.Account, "Augusta", nil
		if out := w.applyAt(policy.Plan{User: u.ID, Refresh: fresh}, now.Add(time.Hour)); out.Account != first.Account {
			t.Errorf("applied %+v", out)
		}
		before.FirstName, before.PublicMetadata = "Augusta", nil
		before.LastAuthenticatedAt, before.UpdatedAt = now.Add(time.Hour), now.Add(time.Hour)
		if diff := cmp.Diff(before, w.account("s-1"), cmpopts.EquateEmpty()); diff != "" {
			t.Errorf("account (-want +got):\n%s", diff)
		}
		if got := w.user(u.ID); !got.UpdatedAt.Equal(u.UpdatedAt) {
			t.Error("the user was written although nothing changed")
		}
	})
}

func TestApply_UpdatesNamesAndMergesMetadata(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u, _ := w.person("ada@acme.test", identity.Verified)
		w.apply(policy.Plan{User: u.ID, UpdateUser: &policy.UserUpdate{FirstName: "Ada", PublicMetadata: identity.Metadata{"a": "1", "b": "2"}}})
		w.apply(policy.Plan{User: u.ID, UpdateUser: &policy.UserUpdate{LastName: "King", PublicMetadata: identity.Metadata{"b": "3"}}})
		got := w.user(u.ID)
		if diff := cmp.Diff(identity.Metadata{"a": "1", "b": "3"}, got.PublicMetadata); diff != "" || got.Name() != "Ada King" || !got.UpdatedAt.Equal(now) {
			t.Errorf("user %+v %s", got, diff)
		}
	})
}

// Threat T-ID-13: the address moves, and stays the same row.
func TestApply_MovesAnAddress(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u, e := w.person("ada@acme.test", identity.Verified)
		out := w.apply(policy.Plan{User: u.ID, Link: account(), UpdateEmail: &policy.EmailUpdate{ID: e.ID, To: "king@acme.test"}})
		want := e
		want.Address, want.Strategy, want.AccountID, want.VerifiedAt, want.UpdatedAt = "king@acme.test", "saml", out.Account, now, now
		if diff := cmp.Diff([]identity.EmailAddress{want}, w.emails(u.ID)); diff != "" {
			t.Errorf("addresses (-want +got):\n%s", diff)
		}
	})
}

func TestApply_AddsAnAddress(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u, e := w.person("ada@home.test", identity.Verified)
		out := w.apply(policy.Plan{User: u.ID, Link: account(), AddEmail: "ada@acme.test"})
		emails := w.emails(u.ID)
		if len(emails) != 2 || w.user(u.ID).PrimaryEmailID != e.ID {
			t.Fatalf("addresses %+v", emails)
		}
		for _, got := range emails {
			if got.ID != e.ID && (got.Address != "ada@acme.test" || !got.IsVerified() || got.AccountID != out.Account) {
				t.Errorf("added %+v", got)
			}
			if got.ID == e.ID && got.AccountID != "" {
				t.Errorf("the other one changed: %+v", got)
			}
		}
		bare := w.bare()
		w.apply(policy.Plan{User: bare.ID, AddEmail: "bare@acme.test"})
		if got := w.user(bare.ID); got.PrimaryEmailID == "" || got.PrimaryEmailID != w.emails(bare.ID)[0].ID {
			t.Errorf("the first address is not the primary one: %+v", got)
		}
	})
}

// Threat T-ID-10.
func TestApply_TakesPreparedCredentialsAway(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u, e := w.person("ada@acme.test", identity.Unverified)
		w.write(func(tx *store.Tx) error {
			u.PasswordHash, u.Username = "hash", "ada"
			if err := tx.UpdateUser(u); err != nil {
				return err
			}
			other := e
			other.ID, other.Address = identity.NewID[identity.EmailID](now), "evil@evil.test"
			u.PrimaryEmailID = other.ID
			if err := tx.UpdateUser(u); err != nil {
				return err
			}
			return tx.InsertEmailAddress(other)
		})
		live := w.session(u.ID)
		w.apply(policy.Plan{User: u.ID, Link: account(), VerifyEmail: e.ID, RemoveCredentials: true})
		got, emails := w.user(u.ID), w.emails(u.ID)
		if got.PasswordHash != "" || got.Username != "" || got.PrimaryEmailID != e.ID || len(emails) != 1 || emails[0].ID != e.ID || !emails[0].IsVerified() {
			t.Errorf("user %+v, addresses %+v", got, emails)
		}
		if s := w.sessionOf(live); s.Status != identity.SessionRevoked {
			t.Errorf("the session is %s", s.Status)
		}
	})
}

// Threat T-ORG-18.
func TestApply_EndsAMembershipAndDeselectsItsOrganization(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		u, _ := w.person("ada@acme.test", identity.Verified)
		out := w.apply(policy.Plan{User: u.ID, Join: &policy.Join{Organization: w.org, Role: identity.RoleMember}})
		live := w.session(u.ID)
		w.apply(policy.Plan{User: u.ID, RemoveMembership: out.Membership})
		if m := w.memberships(u.ID); len(m) != 0 {
			t.Errorf("memberships %+v", m)
		}
		if s := w.sessionOf(live); s.LastActiveOrganizationID != "" || s.Status != identity.SessionActive {
			t.Errorf("session %+v", s)
		}
	})
}

// A plan that does not fit the database any more is an error, and nothing of it
// is written.
func TestApply_ALostRaceIsAnError(t *testing.T) {
	tests := map[string]struct {
		plan func(w *world, u identity.User, e identity.EmailAddress) policy.Plan
		want string
	}{
		"the account exists already": {func(_ *world, u identity.User, _ identity.EmailAddress) policy.Plan {
			return policy.Plan{User: u.ID, Link: account()}
		}, "exists already"},
		"the subject is another person's": {func(w *world, _ identity.User, _ identity.EmailAddress) policy.Plan {
			return policy.Plan{CreateUser: &policy.NewUser{Email: "eve@acme.test"}, Link: account()}
		}, "exists already"},
		"the account is gone": {func(_ *world, u identity.User, _ identity.EmailAddress) policy.Plan {
			a := account()
			a.ID = "eac_gone"
			return policy.Plan{User: u.ID, Refresh: a}
		}, "not found"},
		"the person is gone": {func(*world, identity.User, identity.EmailAddress) policy.Plan {
			return policy.Plan{User: "user_gone"}
		}, "not found"},
		"the address is taken": {func(*world, identity.User, identity.EmailAddress) policy.Plan {
			return policy.Plan{CreateUser: &policy.NewUser{Email: "ada@acme.test"}}
		}, "already taken"},
		"another person has the new address": {func(w *world, u identity.User, e identity.EmailAddress) policy.Plan {
			w.person("king@acme.test", identity.Verified)
			return policy.Plan{User: u.ID, UpdateEmail: &policy.EmailUpdate{ID: e.ID, To: "king@acme.test"}}
		}, "already taken"},
		"the person is a member already": {func(w *world, u identity.User, _ identity.EmailAddress) policy.Plan {
			return policy.Plan{User: u.ID, Join: &policy.Join{Organization: w.org, Role: identity.RoleAdmin}}
		}, "member already"},
		"the organization is gone": {func(_ *world, u identity.User, _ identity.EmailAddress) policy.Plan {
			return policy.Plan{User: u.ID, Join: &policy.Join{Organization: "org_gone", Role: identity.RoleMember}}
		}, "joining org_gone"},
		"the membership is gone": {func(_ *world, u identity.User, _ identity.EmailAddress) policy.Plan {
			return policy.Plan{User: u.ID, RemoveMembership: "orgmem_gone"}
		}, "gone already"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				u, e := w.person("ada@acme.test", identity.Verified)
				w.apply(policy.Plan{
					User: u.ID, Link: account(), VerifyEmail: e.ID, Join: &policy.Join{Organization: w.org, Role: identity.RoleMember},
				})
				plan := test.plan(w, u, e)
				users := w.count()
				err := w.db.Write(t.Context(), func(tx *store.Tx) error {
					_, err := provision.Apply(tx, plan, "saml", now)
					return err
				})
				if err == nil || !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v, want %q", err, test.want)
				}
				if test.want == "already taken" && !errors.Is(err, store.ErrConflict) {
					t.Errorf("%v is no conflict", err)
				}
				if got := w.count(); got != users || len(w.emails(u.ID)) != 1 || len(w.memberships(u.ID)) != 1 {
					t.Errorf("something was written: %d people, want %d", got, users)
				}
			})
		})
	}
}
