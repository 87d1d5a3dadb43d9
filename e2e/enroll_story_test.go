package e2e

import (
	"strings"
	"testing"
)

// signUpWithCode makes an account on the pages and ends on the person's own.
func signUpWithCode(v, mail *visitor, u *usher, address string) {
	v.t.Helper()
	v.open(u.info.BaseURL + "/sign-up")
	v.fill("Email address", address)
	v.press("Enter")
	v.waitFor(byRole("heading", "Confirm your email"))
	v.fill("Code", newestCode(mail, u, address))
	v.press("Enter")
	v.waitURL(`/user$`)
}

// A company's domain lets its people in by themselves: first it suggests the
// organization, and an administrator answers; then it invites, and joining is a
// click. Scripts are off.
func TestStory_ADomainLetsItsPeopleIn(t *testing.T) {
	b := newBrowser(t)
	eachEngine(t, func(t *testing.T, u *usher) {
		u.call("PATCH", "/instance/organization_settings", object{
			"domains_enabled": true, "domains_enrollment_modes": []string{"manual_invitation", "automatic_invitation", "automatic_suggestion"},
		}, 200)
		id, _ := u.call("POST", "/organizations", object{"name": "Umbrella"}, 200)["id"].(string)
		org := "/organizations/" + id
		domain, _ := u.call("POST", org+"/domains", object{"name": "umbrella.test", "enrollment_mode": "automatic_suggestion"}, 200)["id"].(string)

		b := b.on(t)
		v, mail := b.visitor("dora", look{noScript: true}), b.visitor("mailbox", look{})
		signUpWithCode(v, mail, u, "dora@umbrella.test")
		v.mustSay("People with your email address may ask to join.")
		v.click(button("Ask to join Umbrella"))
		v.mustSay("You asked to join. An administrator has yet to answer.")
		requests, _ := u.call("GET", org+"/membership_requests?status=pending", nil, 200)["data"].([]any)
		if len(requests) != 1 {
			t.Fatalf("requests: %v", requests)
		}
		request, _ := requests[0].(map[string]any)["id"].(string)
		u.call("POST", org+"/membership_requests/"+request+"/accept", object{}, 200)
		v.reload()
		v.waitFor(byRole("link", "Leave organization"))
		if text := v.text(); strings.Contains(text, "You asked to join") {
			t.Errorf("the page still says that nobody has answered:\n%s", text)
		}

		u.call("PATCH", org+"/domains/"+domain, object{"enrollment_mode": "automatic_invitation"}, 200)
		other := b.visitor("eve", look{noScript: true})
		signUpWithCode(other, mail, u, "eve@umbrella.test")
		other.mustSay("You are invited as eve@umbrella.test.")
		other.click(button("Join Umbrella"))
		other.waitFor(byRole("link", "Leave organization"))
		for _, v := range []*visitor{v, other} {
			if got := v.problems(); len(got) > 0 {
				t.Errorf("the pages complained: %v", got)
			}
		}
	})
}
