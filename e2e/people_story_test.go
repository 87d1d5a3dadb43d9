package e2e

import (
	"slices"
	"strings"
	"testing"
)

// newestCode reads the code of the newest mail on the mailbox page. Mail is sent
// after the page that asked for it.
func newestCode(v *visitor, u *usher, to string) string {
	v.t.Helper()
	newest := byCSS("li:first-child .mail-row")
	for range 500 { // each is a round trip
		awaitMail(v, u)
		if strings.Contains(v.textOf(newest), to) {
			v.click(newest)
			return v.textOf(byCSS("#mail-code"))
		}
	}
	v.t.Fatalf("the newest mail is not to %s: %q", to, v.textOf(newest))
	return ""
}

// awaitMail opens the mailbox until there is mail.
func awaitMail(v *visitor, u *usher) {
	v.t.Helper()
	for range 500 { // each is a round trip
		v.open(u.info.MailboxURL)
		if v.count(byCSS(".mail-row")) > 0 {
			return
		}
	}
	v.t.Fatal("no mail arrives")
}

// signedInAs checks who is signed in in a browser; nobody if empty.
func signedInAs(v *visitor, u *usher, email string) {
	v.t.Helper()
	v.open(u.info.BaseURL + "/user")
	if email == "" {
		v.waitURL(`/sign-in`)
		return
	}
	v.waitURL(`/user$`)
	if text := v.text(); !strings.Contains(text, email) {
		v.t.Errorf("%s is not signed in:\n%s", email, text)
	}
}

// Somebody without SSO types the code that was mailed.
func TestStory_CarolSignsInWithACode(t *testing.T) {
	b := newBrowser(t)
	eachEngine(t, func(t *testing.T, u *usher) {
		b := b.on(t)
		v, mail := b.visitor("carol", look{}), b.visitor("mailbox", look{})
		v.open(u.info.BaseURL + "/sign-in")
		v.fill("Email address", "dave@solo.test")
		v.press("Enter")
		v.waitFor(byRole("heading", "Check your email"))
		v.fill("Code", "000000")
		v.press("Enter")
		v.waitFor(byCSS("#code-problem"))
		code := newestCode(mail, u, "dave@solo.test")
		v.fill("Code", code[:3]+" "+code[3:]) // as people type it
		v.press("Enter")
		v.waitURL(`/user$`)
		for _, want := range []string{"Dave Bowman", "Globex", "Admin"} {
			if text := v.text(); !strings.Contains(text, want) {
				t.Errorf("the account page does not say %q:\n%s", want, text)
			}
		}
		if got := v.problems(); len(got) > 0 {
			t.Errorf("the pages complained: %v", got)
		}
	})
}

// A new person signs up, and is asked for nothing that SSO would bring.
func TestStory_DoraSignsUp(t *testing.T) {
	b := newBrowser(t)
	eachEngine(t, func(t *testing.T, u *usher) {
		u.call("PATCH", "/settings", object{"password_enabled": true}, 200)
		b := b.on(t)
		v, mail := b.visitor("dora", look{}), b.visitor("mailbox", look{})
		v.open(u.info.BaseURL + "/sign-up?return_url=/organization")
		v.fill("Email address", "dora@initech.test")
		v.do("fill", byCSS("#first_name").with("value", "Dora"), nil)
		v.do("fill", byCSS("#password").with("value", "correct horse battery"), nil)
		v.press("Enter")
		v.waitFor(byRole("heading", "Confirm your email"))
		if u.user("dora@initech.test") != nil {
			t.Error("there is an account before the address is confirmed")
		}
		v.fill("Code", newestCode(mail, u, "dora@initech.test"))
		v.press("Enter")
		v.waitURL(`/organization$`) // where the sign-up came from
		signedInAs(v, u, "dora@initech.test")
		v.click(button("Sign out"))
		v.waitURL(`/signed-out$`)
		signedInAs(v, u, "")
		v.fill("Email address", "dora@initech.test")
		v.press("Enter")
		v.fill("Password", "correct horse battery")
		v.press("Enter")
		v.waitURL(`/user$`)

		// An address of a company with SSO is sent there instead.
		other := b.visitor("bob", look{})
		other.open(u.info.BaseURL + "/sign-up")
		other.fill("Email address", "bob@acme.test")
		other.do("fill", byCSS("#password").with("value", "correct horse battery"), nil)
		other.press("Enter")
		other.waitURL(`/practice/acme/sso`)
	})
}

// Whoever came by SSO cannot leave, and is told why and who can help.
func TestStory_AliceCannotLeaveHerCompany(t *testing.T) {
	b := newBrowser(t)
	u := startUsher(t, devOptions(t))
	v := b.visitor("alice", look{})
	acme := u.info.Demo.Organizations[0].ID
	throughPractice(v, u, "alice@acme.test", "Alice Liddell")
	v.open(u.info.BaseURL + "/organization/" + acme + "/leave")
	v.waitFor(byRole("heading", "You can’t leave Acme"))
	text := v.text()
	for _, want := range []string{"comes from your company’s sign-in", "An administrator of Acme can remove you"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q:\n%s", want, text)
		}
	}
	if n := v.count(button("Leave Acme")); n != 0 {
		t.Error("there is a button to leave all the same")
	}
	v.mustBeAccessible()
	if got, want := u.members(acme), []string{"alice@acme.test org:member"}; !slices.Equal(got, want) {
		t.Errorf("members: got %v, want %v", got, want)
	}
}

// pick picks a person at the practice provider, whether or not it suggests her.
func pick(v *visitor, name string) {
	v.t.Helper()
	v.click(byCSS(`button.person:has-text("` + name + `")`))
}

// throughPractice signs in at the practice provider.
func throughPractice(v *visitor, u *usher, email, name string) {
	v.t.Helper()
	v.open(u.info.BaseURL + "/sign-in")
	v.fill("Email address", email)
	v.press("Enter")
	v.waitURL(`/practice/acme/sso`)
	pick(v, name)
	v.waitURL(`/user$`)
}

// Mallory begins, sends Alice the link to the provider, and waits. Alice's answer
// makes no session, with neither of them (threat T-SAML-25).
func TestStory_ASignInEndsInTheBrowserThatBeganIt(t *testing.T) {
	b := newBrowser(t)
	eachEngine(t, func(t *testing.T, u *usher) {
		b := b.on(t)
		mallory, alice := b.visitor("mallory", look{}), b.visitor("alice", look{})
		mallory.open(u.info.BaseURL + "/sign-in")
		mallory.fill("Email address", "alice@acme.test")
		mallory.press("Enter")
		mallory.waitURL(`/practice/acme/sso`)
		alice.open(mallory.url())
		pick(alice, "Alice Liddell")
		alice.waitFor(byRole("heading", "Finish in the browser where you began"))
		alice.mustBeAccessible()
		signedInAs(alice, u, "")
		signedInAs(mallory, u, "")
		a := u.lastAttempt()
		if a.str("state") != "refused" || a.str("refusal", "reason") != "browser_mismatch" {
			t.Errorf("the attempt is %s, %v", a.str("state"), a["refusal"])
		}
		if u.user("alice@acme.test") != nil {
			t.Error("the refused sign-in made a user")
		}
		throughPractice(alice, u, "alice@acme.test", "Alice Liddell") // by herself it works
	})
}

// The provider's portal sends Alice into a browser where Carol is signed in. The
// page names both, and nothing changes before somebody chooses (threat T-SAML-27).
func TestStory_AnotherPersonIsNotReplacedSilently(t *testing.T) {
	b := newBrowser(t)
	eachEngine(t, func(t *testing.T, u *usher) {
		b := b.on(t)
		u.call("PATCH", "/enterprise_connections/"+u.info.Demo.Connections[0].ID, object{"saml": object{"allow_idp_initiated": true}}, 200)
		v, mail := b.visitor("carol", look{}), b.visitor("mailbox", look{})
		v.open(u.info.BaseURL + "/sign-in")
		v.fill("Email address", "dave@solo.test")
		v.press("Enter")
		v.waitFor(byLabel("Code"))
		v.fill("Code", newestCode(mail, u, "dave@solo.test"))
		v.press("Enter")
		v.waitURL(`/user$`)
		fromPortal := func() {
			v.open(u.info.BaseURL + "/practice/acme/")
			v.click(button("Go on"))
			pick(v, "Alice Liddell")
			v.waitFor(byRole("heading", "Which account?"))
			if text := v.text(); !strings.Contains(text, "Dave Bowman") || !strings.Contains(text, "alice@acme.test") {
				t.Errorf("the page does not name both:\n%s", text)
			}
		}
		fromPortal()
		v.mustBeAccessible()
		asking := v.url()
		signedInAs(v, u, "dave@solo.test") // asking changed nothing
		v.open(asking)
		v.click(byCSS("button[value=keep]"))
		v.waitURL(`/user$`)
		signedInAs(v, u, "dave@solo.test")
		if u.user("alice@acme.test") != nil {
			t.Error("staying made a user of the one who arrived")
		}
		fromPortal()
		v.click(byCSS("button[value=switch]"))
		v.waitURL(`/user$`)
		signedInAs(v, u, "alice@acme.test")
		carol := u.user("dave@solo.test").str("id")
		if live := u.call("GET", "/sessions?status=active&user_id="+carol, nil, 200).list(); len(live) != 0 {
			t.Errorf("Carol still has %d sessions in that browser", len(live))
		}
		if got := v.problems(); len(got) > 0 {
			t.Errorf("the pages complained: %v", got)
		}
	})
}
