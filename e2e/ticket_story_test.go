package e2e

import "testing"

// A customer's server sends somebody a link that signs in. Looking at it changes
// nothing; clicking signs in once; an address on an SSO domain goes to its provider.
func TestStory_ATicketSignsInOnce(t *testing.T) {
	b := newBrowser(t)
	eachEngine(t, func(t *testing.T, u *usher) {
		b := b.on(t)
		dave := u.user("dave@solo.test").str("id")
		link := u.call("POST", "/sign_in_tokens", object{"user_id": dave}, 200).str("url")
		preview := b.visitor("preview", look{})
		preview.open(link)
		preview.waitFor(byRole("button", "Go on"))
		v := b.visitor("dave", look{})
		v.open(link)
		v.click(byRole("button", "Go on"))
		v.waitURL(`/user$`)
		signedInAs(v, u, "dave@solo.test")
		preview.click(byRole("button", "Go on")) // somebody else has the link too
		preview.waitFor(byCSS("h1"))
		signedInAs(preview, u, "")

		must(t, newPerson(u.info.BaseURL).signIn("alice@acme.test"))
		alice := u.user("alice@acme.test").str("id")
		w := b.visitor("alice", look{})
		w.open(u.call("POST", "/sign_in_tokens", object{"user_id": alice}, 200).str("url"))
		w.click(byRole("button", "Go on"))
		w.waitURL(`/practice/`) // threat T-ID-20
	})
}
