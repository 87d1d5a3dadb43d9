package e2e

import (
	"encoding/json"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// openIDNeighbour is an OpenID provider that a story is told with.
type openIDNeighbour interface {
	people(list ...openIDPerson)

	// signIn goes from its page to where it sends the person.
	signIn(v *visitor, who openIDPerson)

	// refuse is what it does for somebody who doesn't want to sign in.
	refuse(v *visitor, who openIDPerson)

	start()
	stop()
}

// nodeNeighbour is oidc-provider in a story.
type nodeNeighbour struct{ *oidcProvider }

func (n nodeNeighbour) refuse(v *visitor, _ openIDPerson) { v.t.Helper(); n.deny(v) }

// perlNeighbour is LemonLDAP::NG in a story. It asks each person once whether Usher
// may know who signed in.
type perlNeighbour struct {
	*lemonLDAP
	accepted map[string]bool // by login
}

func (n perlNeighbour) signIn(v *visitor, who openIDPerson) {
	v.t.Helper()
	n.lemonLDAP.signIn(v, who)
	if !n.accepted[who.login] {
		n.accept(v)
		n.accepted[who.login] = true
	}
}

func (n perlNeighbour) refuse(v *visitor, who openIDPerson) {
	v.t.Helper()
	n.lemonLDAP.signIn(v, who)
	n.deny(v)
}

// openIDStory is a deployment with an organization whose people sign in at a
// provider.
type openIDStory struct {
	u          *usher
	b          *browser
	p          *openID
	idp        openIDNeighbour
	org        string
	connection string

	denied, deniedHeading string // what becomes of a denial
}

const callbackPattern = "*/v1/oauth_callback?*"

// Mallory has an address that is proved, but not one of the company's.
var provedMallory = openIDPerson{
	login: "mallory", password: "mallory", mail: "mallory@evil.test", firstName: "Mallory", lastName: "Moss", mailVerified: "true",
}

func newOpenIDStory(t *testing.T, u *usher, p *openID, settings object) *openIDStory {
	t.Helper()
	org := u.call("POST", "/organizations", object{"name": "Initech", "slug": "initech"}, 200).str("id")
	config := object{"client_id": p.clientID, "client_secret": p.clientSecret, "discovery_url": p.discoveryURL()}
	for name, value := range settings {
		config[name] = value
	}
	c := u.call("POST", "/enterprise_connections", object{
		"name": "Initech SSO", "provider": "oidc_custom", "domains": []string{"initech.test"}, "organization_id": org,
		"active": true, "oidc": config,
	}, 201)
	if got := c.str("oauth_config", "redirect_uri"); got != p.redirectURI {
		t.Errorf("the connection says that its redirect URI is %q, want %q", got, p.redirectURI)
	}
	return &openIDStory{u: u, b: newBrowser(t), p: p, org: org, connection: c.str("id")}
}

func callbackURL(u *usher) string { return u.info.BaseURL + "/v1/oauth_callback" }

// An organization signs in at npm's oidc-provider, which answers by a redirect at
// first and by a form in the end.
func TestStory_OIDCProvider(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, u *usher) {
		p := startOIDCProvider(t, callbackURL(u), oidcProviderOptions{})
		s := newOpenIDStory(t, u, p.openID, nil)
		s.idp, s.denied, s.deniedHeading = nodeNeighbour{p}, "oauth_access_denied", "Your company didn’t let you in"
		s.tell(t)
		t.Run("by form_post it is the same", func(t *testing.T) {
			s.patch(object{"response_mode": "form_post"})
			v := s.toProvider(t, "posting", "alice@initech.test")
			v.hold(callbackPattern)
			s.idp.signIn(v, openIDAlice)
			v.held() // what the form became
			v.release()
			v.waitURL(`/user$`)
			s.wantSignedIn(t)
		})
	})
}

// The same at LemonLDAP::NG, whose issuer ends with a slash, whose audience is a
// list, which says who somebody is as userinfo only, and never whether an address
// is proved: the connection vouches for that.
func TestStory_LemonLDAP(t *testing.T) {
	t.Parallel()
	eachEngine(t, func(t *testing.T, u *usher) {
		p := startLemonLDAP(t, callbackURL(u), lemonLDAPOptions{askConsent: true})
		s := newOpenIDStory(t, u, p.openID, object{"attribute_mapping": object{"email_verified_default": true}})
		s.idp = perlNeighbour{p, map[string]bool{}}
		s.denied, s.deniedHeading = "oauth_callback_invalid", "There was a problem at your company’s sign-in" // it says consent_required
		s.tell(t)
	})
}

func (s *openIDStory) tell(t *testing.T) {
	alice := openIDAlice
	if s.denied != "oauth_access_denied" {
		alice.mailVerified = "" // not said
	}
	s.idp.people(alice, provedMallory)
	t.Run("who denies is not let in", func(t *testing.T) {
		v := s.toProvider(t, "denying", alice.mail)
		s.idp.refuse(v, alice)
		s.wantRefusal(t, v, s.denied, s.deniedHeading)
		s.wantSaid(t, map[string]string{"oauth_access_denied": "access_denied", "oauth_callback_invalid": "consent_required"}[s.denied])
	})
	t.Run("the first sign-in creates user and membership, the second finds them", func(t *testing.T) {
		s.signIn(t, "first", alice, alice.mail).waitURL(`/user$`)
		first := s.u.user(alice.mail).str("id")
		s.signIn(t, "second", alice, alice.mail).waitURL(`/user$`)
		if again := s.u.user(alice.mail).str("id"); again != first || first == "" {
			t.Errorf("got users %q and %q, want one", first, again)
		}
		s.wantMembers(t, "alice@initech.test org:member")
	})
	t.Run("a changed first name is synced, and a removed member rejoins", func(t *testing.T) {
		changed := alice
		changed.firstName = "Alicia"
		s.idp.people(changed, provedMallory)
		s.u.call("DELETE", "/organizations/"+s.org+"/memberships/"+s.u.user(alice.mail).str("id"), nil, 200)
		s.wantMembers(t)
		s.signIn(t, "changed", changed, alice.mail).waitURL(`/user$`)
		if got := s.u.user(alice.mail).str("first_name"); got != "Alicia" {
			t.Errorf("first name: got %q, want Alicia", got)
		}
		s.wantMembers(t, "alice@initech.test org:member")
	})
	t.Run("an address of another domain is refused", func(t *testing.T) {
		v := s.signIn(t, "mallory", provedMallory, "mallory@initech.test")
		s.wantRefusal(t, v, "enterprise_sso_email_address_domain_mismatch", "This email address can’t be used here")
		s.wantExplained(t, s.u.lastAttempt().str("id"), "refused: enterprise_sso_email_address_domain_mismatch", "evil.test", "initech.test")
	})
	t.Run("with a wrong client secret nobody comes in", func(t *testing.T) { s.tellWrongSecret(t, alice) })
	t.Run("while the provider is gone there is a way on", func(t *testing.T) { s.tellOutage(t, alice) })
	t.Run("the callback works in its browser, as often as it is opened", func(t *testing.T) { s.tellCallbacks(t, alice) })
	t.Run("what would happen is explained", func(t *testing.T) {
		s.wantExplained(t, alice.mail, "is sent to the identity provider", "Initech SSO", "Outcome       the known user signs in", "Membership    stays as it is")
		s.wantExplained(t, "bob@initech.test", "User today    nobody", "Outcome       a user is created", "Membership    joins as org:member")
	})
}

// The administrator learns what the provider said, and nobody learns a secret.
func (s *openIDStory) tellWrongSecret(t *testing.T, alice openIDPerson) {
	const wrong = "some-other-secret"
	s.patch(object{"client_secret": wrong})
	v := s.signIn(t, "wrong", alice, alice.mail)
	s.wantRefusal(t, v, "oauth_token_exchange_error", "We couldn’t verify your company’s sign-in")
	s.wantSaid(t, "invalid_client")
	a := s.u.lastAttempt()
	text, err := json.Marshal(a)
	must(t, err)
	explained := s.wantExplained(t, a.str("id"), "refused: oauth_token_exchange_error", "invalid_client", "Enter the client ID and the client secret again.")
	for where, text := range map[string]string{"the attempt": string(text), "its explanation": explained, "the log": s.u.log.String()} {
		for _, secret := range []string{wrong, s.p.clientSecret} {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds a client secret:\n%s", where, text)
			}
		}
	}
	s.patch(object{"client_secret": s.p.clientSecret})
}

// The provider stops after it has sent its code, and before that is redeemed.
func (s *openIDStory) tellOutage(t *testing.T, alice openIDPerson) {
	v := s.toProvider(t, "waiting", alice.mail)
	v.hold(callbackPattern)
	s.idp.signIn(v, alice)
	v.held()
	s.idp.stop()
	v.release()
	s.wantRefusal(t, v, "oauth_token_exchange_error", "We can’t reach your company’s sign-in")
	s.wantExplained(t, s.u.lastAttempt().str("id"), "The identity provider exchanged the code for tokens.", "look at the identity provider's status page")
	s.idp.start()
	v.click(link("Start again"))
	s.typeAddress(v, alice.mail) // the provider knows who she is
	v.waitURL(`/user$`)
}

// Threats T-OIDC-02 and T-OIDC-07.
func (s *openIDStory) tellCallbacks(t *testing.T, alice openIDPerson) {
	v := s.toProvider(t, "alice", alice.mail)
	v.hold(callbackPattern)
	s.idp.signIn(v, alice)
	callback := v.held()

	other := s.b.on(t).visitor("other", look{})
	other.open(callback)
	other.waitFor(byRole("heading", "Finish in the browser where you began"))
	other.mustBeAccessible()
	signedInAs(other, s.u, "")

	v.newTab()
	v.open(callback)
	v.waitURL(`/user$`)
	v.firstTab()
	v.release()
	v.waitURL(`/user$`)
	s.wantSignedIn(t)
	v.open(callback)
	v.waitURL(`/user$`)
	signedInAs(v, s.u, alice.mail)
	if got := v.problems(); len(got) > 0 {
		t.Errorf("the pages complained: %v", got)
	}
}

// typeAddress types an address on the sign-in page.
func (s *openIDStory) typeAddress(v *visitor, address string) {
	v.t.Helper()
	v.fill("Email address", address)
	v.press("Enter")
}

// toProvider goes from Usher's sign-in page to the provider's page.
func (s *openIDStory) toProvider(t *testing.T, name, typed string) *visitor {
	t.Helper()
	v := s.b.on(t).visitor(name, look{})
	v.open(s.u.info.BaseURL + "/sign-in")
	s.typeAddress(v, typed)
	v.waitURL(`^` + s.p.issuer)
	return v
}

// signIn goes through the provider, as far as it goes.
func (s *openIDStory) signIn(t *testing.T, name string, who openIDPerson, typed string) *visitor {
	t.Helper()
	v := s.toProvider(t, name, typed)
	s.idp.signIn(v, who)
	v.waitURL(`^` + s.u.info.BaseURL)
	return v
}

// patch changes what the connection has of OpenID Connect.
func (s *openIDStory) patch(config object) {
	s.u.t.Helper()
	s.u.call("PATCH", "/enterprise_connections/"+s.connection, object{"oidc": config}, 200)
}

func (s *openIDStory) wantMembers(t *testing.T, want ...string) {
	t.Helper()
	if got := s.u.members(s.org); !slices.Equal(got, want) {
		t.Errorf("members: got %v, want %v", got, want)
	}
}

// wantSignedIn checks that the newest attempt let somebody in.
func (s *openIDStory) wantSignedIn(t *testing.T) {
	t.Helper()
	if a := s.u.lastAttempt(); a.str("state") != "complete" {
		t.Errorf("the attempt is %s: %v", a.str("state"), a["refusal"])
	}
}

// wantRefusal checks the page, that its reference leads to the attempt, that it
// says nothing that is not for the person, and that there is a way on.
func (s *openIDStory) wantRefusal(t *testing.T, v *visitor, code, heading string) {
	t.Helper()
	v.waitFor(byCSS("#reference"))
	a := s.u.lastAttempt()
	if got := a.str("refusal", "code"); got != code || v.textOf(byCSS("h1")) != heading {
		t.Fatalf("got %v under %q, want %s under %q", a["refusal"], v.textOf(byCSS("h1")), code, heading)
	}
	v.mustBeAccessible()
	text := v.text()
	if !strings.Contains(text, a.str("id")) || v.count(byCSS("main .actions a.primary")) != 1 {
		t.Errorf("the page lacks the reference %s, or a way on:\n%s", a.str("id"), text)
	}
	if strings.Contains(text, "evil.test") || strings.Contains(text, s.p.base) || strings.Contains(text, "invalid_client") {
		t.Errorf("the page shows what is for administrators only:\n%s", text)
	}
	if got := v.problems(); len(got) > 0 {
		t.Errorf("the page complains: %v", got)
	}
}

// wantSaid checks that the attempt tells an administrator what the provider said.
func (s *openIDStory) wantSaid(t *testing.T, want string) {
	t.Helper()
	a := s.u.lastAttempt()
	if got, _ := json.Marshal(a["steps"]); !strings.Contains(string(got), want) {
		t.Errorf("the steps do not say %s:\n%s", want, got)
	}
}

// wantExplained asks "usher explain" about an attempt or an address.
func (s *openIDStory) wantExplained(t *testing.T, about string, want ...string) string {
	t.Helper()
	path, err := binary()
	must(t, err)
	args := []string{"explain", "--url", s.u.info.BaseURL, "--key", s.u.info.SecretKey}
	if strings.Contains(about, "@") {
		args = append(args, "--email")
	}
	out, err := exec.Command(path, append(args, about)...).CombinedOutput()
	if err != nil {
		t.Fatalf("usher explain %s: %v\n%s", about, err, out)
	}
	for _, w := range want {
		if !strings.Contains(string(out), w) {
			t.Errorf("usher explain %s does not say %q:\n%s", about, w, out)
		}
	}
	if strings.Contains(string(out), "SAML") || strings.Contains(string(out), "saml") {
		t.Errorf("usher explain %s speaks of SAML:\n%s", about, out)
	}
	return string(out)
}
