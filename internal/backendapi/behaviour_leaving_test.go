package backendapi_test

import (
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/signin"
)

// The behaviours of Clerk's documentation that are seen through the Backend API, by the
// numbers under which we keep them; one test each. Here: leaving, removal, rejoining and
// moving. Of 37 to 45, 40 takes directories, which are not served.

// membersOf are the users of an organization.
func (f *fixture) membersOf(org string) []string {
	f.t.Helper()
	return pick(f.call("GET", "/organizations/"+org+"/memberships?order_by=created_at", nil), "public_user_data", "identifier")
}

// signInByCode signs a person in without SSO.
func (f *fixture) signInByCode(email string) identity.Session {
	f.t.Helper()
	f.now = f.now.Add(time.Hour)
	from := signin.Browser{Client: f.browser(), Source: "192.0.2.7"}
	next, err := f.tools.SignIn.Begin(f.t.Context(), signin.Begin{Client: from.Client, Address: email})
	if err != nil {
		f.t.Fatal(err)
	}
	if _, err := f.tools.SignIn.SendCode(f.t.Context(), from, next.SignIn.ID); err != nil {
		f.t.Fatal(err)
	}
	done, err := f.tools.SignIn.Code(f.t.Context(), from, next.SignIn.ID, sixDigits.FindString(f.lastMail().Text))
	if err != nil {
		f.t.Fatal(err)
	}
	return done.Session
}

func TestB037_AMemberWhoJoinedByAConnectionCannotLeave(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		c := f.company()
		alice := str(f.call("GET", "/sessions/"+c.signIn(), nil), "user_id")
		err := f.tools.Manage.Leave(t.Context(), identity.OrgID(c.org), identity.UserID(alice))
		equal(t, "leaving", codeOf(err), "organization_membership_enterprise_connection_cannot_remove")
		equal(t, "members", f.membersOf(c.org), []string{"alice@acme.test"})
	})
}

func TestB038_SuchAMemberCanBeRemoved(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		c := f.company()
		alice := str(f.call("GET", "/sessions/"+c.signIn(), nil), "user_id")
		gone := f.call("DELETE", "/organizations/"+c.org+"/memberships/"+alice, nil)
		equal(t, "the answer is the membership", str(gone, "public_user_data", "user_id"), alice)
		equal(t, "members", f.membersOf(c.org), []string(nil))
		f.call("GET", "/users/"+alice, nil) // who is still somebody
	})
}

func TestB039_WhoWasRemovedIsAddedAgainAtTheNextSignInUnlessTheConnectionIsGone(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		c := f.company()
		alice := str(f.call("GET", "/sessions/"+c.signIn(), nil), "user_id")
		connection := "/enterprise_connections/" + c.conn
		remove := func(org string) {
			t.Helper()
			f.call("DELETE", "/organizations/"+org+"/memberships/"+alice, nil)
		}
		remove(c.org)
		c.signIn()
		equal(t, "after the next sign-in", f.membersOf(c.org), []string{"alice@acme.test"})

		remove(c.org)
		_, ticket := c.begin("alice@acme.test")
		if _, err := c.answer(ticket, "alice@acme.test", "status-denied"); err == nil {
			t.Error("the provider lets in who it does not")
		}
		equal(t, "after the provider said no", f.membersOf(c.org), []string(nil))

		other := f.organization("Other")
		f.call("PATCH", connection, object{"organization_id": other})
		c.signIn()
		equal(t, "after the connection was moved", f.membersOf(c.org), []string(nil))
		remove(other)

		f.call("PATCH", connection, object{"active": false})
		f.signInByCode("alice@acme.test")
		equal(t, "after it was switched off", append(f.membersOf(c.org), f.membersOf(other)...), []string(nil))
		f.call("DELETE", connection, nil)
		f.signInByCode("alice@acme.test")
		equal(t, "after it was deleted", append(f.membersOf(c.org), f.membersOf(other)...), []string(nil))
	})
}

func TestB041_MovingAConnectionRemovesNobodyAndEveryoneJoinsAtTheNextSignIn(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		c := f.company()
		c.signIn()
		other := f.organization("Other")
		equal(t, "moved", f.call("PATCH", "/enterprise_connections/"+c.conn, object{"organization_id": other})["organization_id"], any(other))
		equal(t, "the old organization", f.membersOf(c.org), []string{"alice@acme.test"})
		equal(t, "the new one", f.membersOf(other), []string(nil))
		c.signIn()
		equal(t, "the old organization, later", f.membersOf(c.org), []string{"alice@acme.test"})
		equal(t, "the new one, later", f.membersOf(other), []string{"alice@acme.test"})
	})
}

func TestB042_AConnectionCannotBeUnlinkedFromItsOrganization(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		c := f.company()
		path := "/enterprise_connections/" + c.conn
		for _, body := range []object{{"organization_id": nil}, {"organization_id": ""}, {}} {
			f.send("PATCH", path, body) // refused or ignored
			equal(t, "organization", f.call("GET", path, nil)["organization_id"], any(c.org))
		}
	})
}

func TestB043_DeletingAConnectionDeletesNobodyAndTheySignInAnotherWay(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		c := f.company()
		alice := str(f.call("GET", "/sessions/"+c.signIn(), nil), "user_id")
		f.call("DELETE", "/enterprise_connections/"+c.conn, nil)
		u := f.call("GET", "/users/"+alice, nil)
		equal(t, "the account stays, of no connection", at(u["enterprise_accounts"].([]any)[0], "enterprise_connection"), any(nil))
		equal(t, "the membership stays", f.membersOf(c.org), []string{"alice@acme.test"})
		equal(t, "who signs in by code", string(f.signInByCode("alice@acme.test").UserID), alice)
	})
}

func TestB044_TheLastWhoCanManageAnOrganizationIsNeitherRemovedNorDemoted(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		dora, carol := f.initech()
		const members = "/organizations/initech/memberships/"
		f.refuses("DELETE", members+dora, nil, 400, "organization_minimum_permissions_needed")
		f.refuses("PATCH", members+dora, object{"role": "org:member"}, 400, "organization_minimum_permissions_needed")
		f.call("PATCH", members+carol, object{"role": "org:admin"})
		f.call("PATCH", members+dora, object{"role": "org:member"})
		f.refuses("DELETE", members+carol, nil, 400, "organization_minimum_permissions_needed")
		f.call("DELETE", members+dora, nil)
	})
}

func TestB045_TheLastMembershipStaysWherePersonalAccountsAreOff(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		_, carol := f.initech()
		f.call("PATCH", "/settings", object{"force_organization_selection": true})
		f.refuses("DELETE", "/organizations/initech/memberships/"+carol, nil, 422, "personal_accounts_not_allowed")
		other := f.organization("Other")
		f.call("POST", "/organizations/"+other+"/memberships", object{"user_id": carol, "role": "org:member"})
		f.call("DELETE", "/organizations/initech/memberships/"+carol, nil)
	})
}
