package e2e

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"usher/internal/server"
)

// tour visits every page that a person can come to, and stops at each.
type tour struct {
	u    *usher
	v    *visitor
	stop func(page string)
}

func (g tour) open(path string) { g.v.t.Helper(); g.v.open(g.u.info.BaseURL + path) }

// begin types an address on the sign-in page.
func (g tour) begin(email string) {
	g.v.t.Helper()
	g.open("/sign-in")
	g.v.fill("Email address", email)
	g.v.press("Enter")
}

// bySSO goes through the provider, to the account and out again.
func (g tour) bySSO() {
	v := g.v
	g.open("/")
	g.stop("dev home")
	g.open("/sign-in")
	g.stop("sign-in")
	v.evaluate("void (document.forms[0].noValidate = true)", nil)
	v.fill("Email address", "not an address")
	v.press("Enter")
	v.waitFor(byCSS("#email_address-problem"))
	g.stop("sign-in with a problem")
	g.begin("alice@acme.test")
	v.waitURL(`/practice/acme/sso`)
	g.stop("practice pick")
	pick(v, "Alice Liddell")
	v.waitURL(`/user$`)
	g.stop("user")
	g.open("/organization")
	g.stop("choose organization")
	g.open("/organization/" + g.u.info.Demo.Organizations[0].ID + "/leave")
	g.stop("leave, refused")
	g.open("/user")
	v.click(button("Sign out"))
	v.waitURL(`/signed-out$`)
	g.stop("signed out")
}

// refused goes to the pages of an answer that is refused.
func (g tour) refused() {
	g.begin("alice@acme.test")
	g.v.waitURL(`/practice/acme/sso`)
	g.v.open(g.v.url() + "&person=alice@acme.test&misbehave=wrong-audience")
	g.v.waitURL(`/v1/saml/acs/`)
	g.v.waitFor(byCSS("#reference"))
	g.stop("error")
	g.open("/nowhere")
	g.stop("not found")
}

// byCode goes to the pages of people without SSO.
func (g tour) byCode() {
	v := g.v
	g.begin("dave@solo.test")
	v.waitFor(byLabel("Code"))
	g.stop("code")
	v.fill("Code", "000000")
	v.press("Enter")
	v.waitFor(byCSS("#code-problem"))
	g.stop("code with a problem")
	g.u.call("PATCH", "/settings", object{"password_enabled": true}, 200)
	g.begin("pat@initech.test")
	v.waitFor(byCSS("#password"))
	g.stop("password")
	g.open("/sign-up")
	g.stop("sign-up")
	v.fill("Email address", "new@initech.test")
	v.do("fill", byCSS("#password").with("value", "correct horse battery"), nil)
	v.press("Enter")
	v.waitFor(byRole("heading", "Confirm your email"))
	g.stop("sign-up code")
	awaitMail(v, g.u)
	g.stop("mailbox")
	v.click(byCSS("li:first-child .mail-row"))
	v.waitFor(byCSS("#mail-code"))
	g.stop("mail")
}

// Every page, light and wide as well as dark and narrow: nothing shuts people
// out, nothing is cut off, nothing complains, and nobody else's server is asked.
func TestPages_ServeEverybody(t *testing.T) {
	b := newBrowser(t)
	for name, l := range map[string]look{"light and wide": {}, "dark and 360 px wide": {dark: true, width: 360, height: 740}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := startUsher(t, devOptions(t))
			u.call("POST", "/users", object{"email_address": []string{"pat@initech.test"}, "password": "correct horse battery"}, 200)
			v := b.on(t).visitor("visitor", l)
			var stops []string
			g := tour{u: u, v: v, stop: func(page string) {
				stops = append(stops, page)
				v.mustBeAccessible()
				width, background := 0, ""
				v.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth", &width)
				if width > 0 {
					t.Errorf("%s: %d px stand out at the side", page, width)
				}
				v.evaluate("getComputedStyle(document.body).backgroundColor + getComputedStyle(document.documentElement).backgroundColor", &background)
				if light := strings.Contains(background, "255, 255, 255"); l.dark && light {
					t.Errorf("%s is light in the dark: %s", page, background)
				}
				if got := v.problems(); len(got) > 0 {
					t.Errorf("%s complains: %v", page, got)
				}
			}}
			g.bySSO()
			g.refused()
			g.byCode()
			if len(stops) != 17 {
				t.Errorf("the tour had %d stops: %v", len(stops), stops)
			}
			if got, want := v.hosts(), []string{strings.TrimPrefix(u.info.BaseURL, "http://")}; !slices.Equal(got, want) {
				t.Errorf("hosts that were asked: got %v, want ours alone %v", got, want)
			}
		})
	}
}

// The whole sign-in by keys alone; where the keyboard is can always be seen.
func TestPages_AreUsedByKeyboardAlone(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	u := startUsher(t, devOptions(t))
	v := b.visitor("alice", look{})
	to := func(want string) {
		t.Helper()
		for range 40 {
			if strings.Contains(v.focused(), want) {
				var seen bool
				v.evaluate(`(s => s.outlineStyle !== "none" && parseFloat(s.outlineWidth) > 0 || s.boxShadow !== "none")(getComputedStyle(document.activeElement))`, &seen)
				if !seen {
					t.Errorf("one cannot see that the keyboard is at %q", want)
				}
				return
			}
			v.press("Tab")
		}
		t.Fatalf("the keyboard does not come to %q", want)
	}
	v.open(u.info.BaseURL + "/sign-in")
	to("Email address")
	v.typeText("alice@acme.test")
	v.press("Enter")
	v.waitURL(`/practice/acme/sso`)
	to("alice@acme.test")
	v.press("Enter")
	v.waitURL(`/user$`)
	to("Sign out")
	v.press("Enter")
	v.waitURL(`/signed-out$`)
	to("Sign in again")
	v.press("Enter")
	v.waitURL(`/sign-in$`)
	to("Create an account")
}

// Without scripts the provider's page has a button; all else is the same.
func TestPages_WorkWithoutScripts(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	u := startUsher(t, devOptions(t))
	v, mail := b.visitor("alice", look{noScript: true}), b.visitor("mailbox", look{noScript: true})
	v.open(u.info.BaseURL + "/sign-in")
	v.fill("Email address", "alice@acme.test")
	v.press("Enter")
	v.waitURL(`/practice/acme/sso`)
	pick(v, "Alice Liddell")
	v.click(button("Continue"))
	v.waitURL(`/user$`)
	signedInAs(v, u, "alice@acme.test")
	v.click(button("Sign out"))
	v.waitURL(`/signed-out$`)
	v.open(u.info.BaseURL + "/sign-in")
	v.fill("Email address", "dave@solo.test")
	v.press("Enter")
	v.waitFor(byLabel("Code"))
	v.fill("Code", newestCode(mail, u, "dave@solo.test"))
	v.press("Enter")
	v.waitURL(`/user$`)
	signedInAs(v, u, "dave@solo.test")
}

// TestScreenshots draws the pictures of the documentation, when asked to.
func TestScreenshots(t *testing.T) {
	if os.Getenv("USHER_SCREENSHOTS") != "1" {
		t.Skip("USHER_SCREENSHOTS=1 draws docs/images anew")
	}
	b := newBrowser(t)
	images, err := filepath.Abs(filepath.Join(root, "docs", "images"))
	must(t, err)
	t.Chdir(t.TempDir())
	u := startUsher(t, server.DevOptions{Data: "./usher-data", Listen: "127.0.0.1:4000"}) // as the documentation has it
	v := b.visitor("visitor", look{width: 1040, height: 720})
	wanted := map[string]string{
		"dev home": "dev-home", "sign-in": "sign-in", "practice pick": "practice", "user": "account", "error": "error", "mailbox": "mailbox",
	}
	draw := func(name string) { v.screenshot(filepath.Join(images, name+".png")) }
	g := tour{u: u, v: v, stop: func(page string) {
		if wanted[page] != "" {
			draw(wanted[page])
		}
		if page == "sign-in" {
			v.setColorScheme("dark")
			draw("sign-in-dark")
			v.setColorScheme("light")
		}
	}}
	u.call("POST", "/users", object{"email_address": []string{"pat@initech.test"}, "password": "correct horse battery"}, 200)
	g.bySSO()
	g.refused()
	g.byCode()
}
