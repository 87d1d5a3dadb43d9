package e2e

import (
	"slices"
	"strings"
	"testing"
)

// The main job, with the practice provider: an address is typed, and the person
// is a member of her Organization with its default Role.
func TestStory_AliceSignsInThroughThePracticeProvider(t *testing.T) {
	b := newBrowser(t)
	eachEngine(t, func(t *testing.T, u *usher) {
		v := b.on(t).visitor("alice", look{})
		v.open(u.info.BaseURL + "/sign-in")
		v.fill("Email address", "Alice@ACME.test")
		v.press("Enter")
		v.waitURL(`/practice/acme/sso`)
		v.click(button("Alice Liddell alice@acme.test"))
		v.waitURL(`/user$`)
		for _, want := range []string{"Alice Liddell", "alice@acme.test", "Acme"} {
			if text := v.text(); !strings.Contains(text, want) {
				t.Errorf("the account page does not say %q:\n%s", want, text)
			}
		}
		if got, want := u.members(u.info.Demo.Organizations[0].ID), []string{"alice@acme.test org:member"}; !slices.Equal(got, want) {
			t.Errorf("members of Acme: got %v, want %v", got, want)
		}
		if got := v.problems(); len(got) > 0 {
			t.Errorf("the pages complained: %v", got)
		}
		v.click(button("Sign out"))
		v.waitURL(`/signed-out$`)
	})
}

// The same with an identity provider that we did not write, on another site than
// Usher, so that its post brings no cookie.
func TestStory_SimpleSAMLphp(t *testing.T) { eachEngine(t, tellSimpleSAMLphp) }

func tellSimpleSAMLphp(t *testing.T, u *usher) {
	b := newBrowser(t)
	idp := startSSP(t)
	alice := sspPerson{"alice", "wonder", "alice@initech.test", "Alice", "Liddell"}
	mallory := sspPerson{"mallory", "evil", "mallory@evil.test", "Mallory", "Moss"}
	nobody := sspPerson{"nobody", "blank", "", "No", "Mail"}
	idp.people(alice, mallory, nobody)
	org := u.call("POST", "/organizations", object{"name": "Initech", "slug": "initech"}, 200)
	connection := u.call("POST", "/enterprise_connections", object{
		"name": "Initech SSO", "provider": "saml_custom", "domains": []string{"initech.test"}, "organization_id": org.str("id"),
		"active": true, "saml": object{"idp_metadata_url": idp.metadataURL()},
	}, 201)
	idp.trust(connection.str("saml_connection", "sp_metadata_url"))
	story := &sspStory{u: u, idp: idp, b: b.on(t), org: org.str("id"), connection: connection}

	t.Run("the first sign-in creates user and membership, the second finds them", func(t *testing.T) {
		story.signIn(t, "first", alice, "alice@initech.test").waitURL(`/user$`)
		first := u.user("alice@initech.test").str("id")
		story.signIn(t, "second", alice, "alice@initech.test").waitURL(`/user$`)
		if again := u.user("alice@initech.test").str("id"); again != first || first == "" {
			t.Errorf("got users %q and %q, want one", first, again)
		}
		story.wantMembers(t, "alice@initech.test org:member")
	})
	t.Run("a changed first name is synced", func(t *testing.T) {
		changed := alice
		changed.firstName = "Alicia"
		idp.people(changed, mallory, nobody)
		story.signIn(t, "changed", changed, "alice@initech.test").waitURL(`/user$`)
		if got := u.user("alice@initech.test").str("first_name"); got != "Alicia" {
			t.Errorf("first name: got %q, want Alicia", got)
		}
	})
	t.Run("a removed member rejoins at the next sign-in", func(t *testing.T) {
		id := u.user("alice@initech.test").str("id")
		u.call("DELETE", "/organizations/"+story.org+"/memberships/"+id, nil, 200)
		story.wantMembers(t)
		story.signIn(t, "rejoining", alice, "alice@initech.test").waitURL(`/user$`)
		story.wantMembers(t, "alice@initech.test org:member")
	})
	t.Run("an address of another domain is refused", func(t *testing.T) {
		v := story.signIn(t, "mallory", mallory, "mallory@initech.test")
		story.wantRefusal(t, v, "saml_email_address_domain_mismatch", "This email address can’t be used here")
	})
	t.Run("an answer without an address is refused", func(t *testing.T) {
		v := story.signIn(t, "nobody", nobody, "nobody@initech.test")
		story.wantRefusal(t, v, "saml_user_attribute_missing", "Your company’s sign-in left out your email address")
	})
	t.Run("an answer that nobody asked for, without RelayState, is refused", func(t *testing.T) {
		v := story.fromProvider(t, "unasked", alice)
		story.wantRefusal(t, v, "saml_response_relaystate_missing", "The sign-in came back incomplete")
	})
	t.Run("where the connection allows it, a sign-in may start at the provider", func(t *testing.T) {
		u.call("PATCH", "/enterprise_connections/"+connection.str("id"), object{"saml": object{"allow_idp_initiated": true}}, 200)
		story.fromProvider(t, "portal", alice).waitURL(`/user$`)
		if a := u.lastAttempt(); a["idp_initiated"] != true || a.str("state") != "complete" {
			t.Errorf("the attempt is %v, %v; want one that the provider initiated, complete", a["idp_initiated"], a["state"])
		}
	})
}

type sspStory struct {
	u          *usher
	idp        *ssp
	b          *browser
	org        string
	connection object
}

// signIn goes from Usher's sign-in page through the provider, as far as it goes.
func (s *sspStory) signIn(t *testing.T, name string, p sspPerson, typed string) *visitor {
	t.Helper()
	v := s.b.on(t).visitor(name, look{})
	v.open(s.u.info.BaseURL + "/sign-in")
	v.fill("Email address", typed)
	v.press("Enter")
	s.idp.signIn(v, p)
	v.waitURL(`^` + s.u.info.BaseURL)
	return v
}

// fromProvider starts at the provider instead.
func (s *sspStory) fromProvider(t *testing.T, name string, p sspPerson) *visitor {
	t.Helper()
	v := s.b.on(t).visitor(name, look{})
	v.open(s.idp.base + "/saml2/idp/SSOService.php?spentityid=" + s.connection.str("saml_connection", "sp_entity_id"))
	s.idp.signIn(v, p)
	v.waitURL(`^` + s.u.info.BaseURL)
	return v
}

func (s *sspStory) wantMembers(t *testing.T, want ...string) {
	t.Helper()
	if got := s.u.members(s.org); !slices.Equal(got, want) {
		t.Errorf("members: got %v, want %v", got, want)
	}
}

// wantRefusal checks the page, that its reference leads to the attempt, and that
// it says nothing that is not for the person.
func (s *sspStory) wantRefusal(t *testing.T, v *visitor, code, heading string) {
	t.Helper()
	v.waitFor(byRole("heading", heading))
	a := s.u.lastAttempt()
	if got := a.str("refusal", "code"); got != code {
		t.Errorf("code: got %q, want %q", got, code)
	}
	text := v.text()
	if !strings.Contains(text, a.str("id")) {
		t.Errorf("the page does not show the reference %s:\n%s", a.str("id"), text)
	}
	if strings.Contains(text, "evil.test") || strings.Contains(text, s.idp.base) {
		t.Errorf("the page shows what is for administrators only:\n%s", text)
	}
	if got := len(s.u.call("GET", "/users?email_address="+a.str("typed_email_address"), nil, 200).list()); got != 0 && a.str("typed_email_address") != "" {
		t.Errorf("a refused sign-in made %d users", got)
	}
}
