package e2e

import (
	"strings"
	"testing"
)

// withCode signs in with a code that is mailed.
func withCode(v, mailbox *visitor, u *usher, address string) {
	v.t.Helper()
	v.open(u.info.BaseURL + "/sign-in")
	v.fill("Email address", address)
	v.press("Enter")
	v.waitFor(byLabel("Code"))
	v.fill("Code", newestCode(mailbox, u, address))
	v.press("Enter")
	v.waitURL(`/(user|organization)$`)
	signedInAs(v, u, address)
}

// Carol has an address elsewhere and is a member of Initech. On her page she
// connects the account that she has there, and signs in by it from then on
// (behaviour 1.53). Dora cannot take it from her.
func TestStory_CarolConnectsHerAccountAtInitech(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, u *usher) {
		p := startOIDCProvider(t, callbackURL(u), oidcProviderOptions{})
		s := newOpenIDStory(t, u, p.openID, nil)
		s.idp = nodeNeighbour{p}
		u.call("PATCH", "/enterprise_connections/"+s.connection, object{"allow_organization_account_linking": true}, 200)
		carol := u.call("POST", "/users", object{"email_address": []string{"carol@solo.test"}}, 200).str("id")
		dora := u.call("POST", "/users", object{"email_address": []string{"dora@solo.test"}}, 200).str("id")
		for _, id := range []string{carol, dora} {
			u.call("POST", "/organizations/"+s.org+"/memberships", object{"user_id": id, "role": "org:member"}, 200)
		}

		v, mailbox := s.b.visitor("carol", look{}), s.b.visitor("mailbox", look{})
		withCode(v, mailbox, u, "carol@solo.test")
		v.mustBeAccessible()
		v.click(button("Connect Initech SSO"))
		s.idp.signIn(v, openIDAlice)
		v.waitURL(`/user$`)
		v.mustSay("Connected")
		if text := v.text(); !strings.Contains(text, "alice@initech.test") || v.count(button("Connect Initech SSO")) != 0 {
			t.Errorf("the page does not show the account that was connected:\n%s", text)
		}
		s.signIn(t, "later", openIDAlice, openIDAlice.mail).waitURL(`/user$`)
		s.wantSignedIn(t)
		if got := u.user(openIDAlice.mail).str("id"); got != carol {
			t.Errorf("the address is %s's, want Carol's, %s", got, carol)
		}

		other := s.b.visitor("dora", look{})
		withCode(other, mailbox, u, "dora@solo.test")
		other.click(button("Connect Initech SSO"))
		s.idp.signIn(other, openIDAlice)
		s.wantRefusal(t, other, "oauth_identification_claimed", "This company account belongs to somebody else here")
		s.wantExplained(t, u.lastAttempt().str("id"), "to connect an account", "refused: oauth_identification_claimed")
		other.click(link("Back to your account"))
		other.waitURL(`/user$`)
		other.waitFor(button("Connect Initech SSO"))
	})
}

// An organization moves from one provider to another: two connections serve its
// addresses, and whoever signs in is asked which.
func TestStory_TwoConnectionsOfOneOrganization(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	u := startUsher(t, devOptions(t))
	p := startOIDCProvider(t, callbackURL(u), oidcProviderOptions{})
	s := newOpenIDStory(t, u, p.openID, nil)
	s.idp = nodeNeighbour{p}
	u.call("POST", "/enterprise_connections", object{
		"name": "Initech SSO until May", "provider": "oidc_custom", "domains": []string{"initech.test"}, "organization_id": s.org,
		"active": true, "oidc": object{"client_id": "of-old", "client_secret": "a-secret-of-old", "discovery_url": p.discoveryURL()},
	}, 201)
	s.wantExplained(t, openIDAlice.mail, "is asked which of 2 connections to use", "Initech SSO (", "Initech SSO until May (")
	v := b.visitor("alice", look{})
	v.open(u.info.BaseURL + "/sign-in")
	s.typeAddress(v, openIDAlice.mail)
	v.waitFor(byRole("heading", "Choose how to sign in"))
	v.mustBeAccessible()
	v.click(button("Initech SSO Initech")) // told apart by their own names first
	s.idp.signIn(v, openIDAlice)
	v.waitURL(`/user$`)
	s.wantMembers(t, "alice@initech.test org:member")
}
