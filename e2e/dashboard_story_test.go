package e2e

import (
	"regexp"
	"strings"
	"testing"

	"usher/internal/server"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// eachEmpty tells a story on both engines in a deployment that has nobody but its
// operator.
func eachEmpty(t *testing.T, story func(t *testing.T, u *usher)) {
	for _, engine := range storetest.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			o := server.DevOptions{Data: t.TempDir(), NoDemo: true}
			if engine == store.PostgreSQL {
				o.Database = storetest.URL(t, engine)
			}
			story(t, startUsher(t, o))
		})
	}
}

// connectSSP adds a connection to SimpleSAMLphp in the dashboard and switches it on.
func connectSSP(op *visitor, u *usher, idp *ssp, org, domain string) {
	op.t.Helper()
	op.open(u.info.BaseURL + "/dashboard/connections/new?organization_id=" + org)
	op.click(byCSS(`main a[href*="generic_saml"]`))
	op.waitFor(byCSS("#domains"))
	op.do("fill", byCSS("#name").with("value", "Initech SSO"), nil)
	op.do("fill", byCSS("#domains").with("value", domain), nil)
	op.click(button("Go on with the setup"))
	op.waitURL(`/dashboard/connections/entconn_\w+/setup/`)
	one := regexp.MustCompile(`entconn_\w+`).FindString(op.url())
	op.open(u.info.BaseURL + "/dashboard/connections/" + one + "/setup/connect?guide=generic_saml&way=url")
	op.do("fill", byCSS("#metadata_url").with("value", idp.metadataURL()), nil)
	op.click(button("Read the metadata"))
	op.waitURL(`/dashboard/connections/` + one)
	idp.trust(u.info.BaseURL + "/v1/saml/metadata/" + one + ".xml")
	op.open(u.info.BaseURL + "/dashboard/connections/" + one)
	op.click(button("Switch on"))
	if strings.Contains(op.text(), "What people will notice") {
		op.click(button("Switch on"))
	}
	op.mustSay("The connection is active: people on its domains sign in through it from now on.")
}

// comeIn signs somebody in through SimpleSAMLphp.
func comeIn(v *visitor, u *usher, idp *ssp, p sspPerson) {
	v.t.Helper()
	v.open(u.info.BaseURL + "/sign-in")
	v.fill("Email address", p.mail)
	v.press("Enter")
	idp.signIn(v, p)
	v.waitURL(`/user$`)
}

// The operator creates the organization, connects the customer's provider and
// invites somebody; the people come in by SSO, the invited one with her role.
func TestStory_TopDown(t *testing.T) {
	b := newBrowser(t)
	eachEmpty(t, func(t *testing.T, u *usher) {
		idp := startSSP(t)
		alice, zoe := sspPerson{"alice", "wonder", "alice@initech.test", "Alice", "Liddell"}, sspPerson{"zoe", "wonder", "zoe@initech.test", "Zoe", "Alleyne"}
		idp.people(alice, zoe)
		op := b.on(t).visitor("operator", look{})
		enter(op, u)
		op.open(u.info.BaseURL + "/dashboard/organizations")
		op.open(u.info.BaseURL + "/dashboard/organizations/new")
		op.do("fill", byCSS("#name").with("value", "Initech"), nil)
		op.click(button("Create organization"))
		op.mustSay("The organization has been created.")
		org := regexp.MustCompile(`org_\w+`).FindString(op.url())
		connectSSP(op, u, idp, org, "initech.test")
		op.open(u.info.BaseURL + "/dashboard/organizations/" + org + "/invitations/new")
		op.do("fill", byCSS("#email_addresses").with("value", zoe.mail), nil)
		op.choose("Role", "Admin")
		op.click(button("Send invitations"))
		op.mustSay("The invitations are on their way.")
		comeIn(b.on(t).visitor("alice", look{}), u, idp, alice)
		comeIn(b.on(t).visitor("zoe", look{}), u, idp, zoe)
		op.open(u.info.BaseURL + "/dashboard/organizations/" + org + "/members")
		text := op.text()
		for _, want := range []string{"Alice Liddell", "Zoe Alleyne", "Single sign-on", "Admin", "Member"} {
			if !strings.Contains(text, want) {
				t.Errorf("the members page does not say %q:\n%s", want, text)
			}
		}
		op.open(u.info.BaseURL + "/dashboard/attempts")
		if text := op.text(); !strings.Contains(text, alice.mail) || !strings.Contains(text, zoe.mail) {
			t.Errorf("the attempts are not listed:\n%s", text)
		}
		if got := op.problems(); len(got) > 0 {
			t.Errorf("the pages complained: %v", got)
		}
	})
}

// Somebody signs up and creates an organization; later SSO is configured for it,
// and from then on she and a colleague come in that way only.
func TestStory_BottomUp(t *testing.T) {
	b := newBrowser(t)
	eachEmpty(t, func(t *testing.T, u *usher) {
		idp := startSSP(t)
		nina, carl := sspPerson{"nina", "wonder", "nina@initech.test", "Nina", "Simone"}, sspPerson{"carl", "wonder", "carl@initech.test", "Carl", "Nielsen"}
		idp.people(nina, carl)
		v, mail := b.on(t).visitor("nina", look{}), b.on(t).visitor("mailbox", look{})
		v.open(u.info.BaseURL + "/sign-up")
		v.fill("Email address", nina.mail)
		v.press("Enter")
		v.waitFor(byRole("heading", "Confirm your email"))
		v.fill("Code", newestCode(mail, u, nina.mail))
		v.press("Enter")
		v.waitURL(`/user$`)
		v.open(u.info.BaseURL + "/create-organization")
		v.do("fill", byCSS("#name").with("value", "Initech"), nil)
		v.press("Enter")
		v.waitURL(`/user$`)
		if text := v.text(); !strings.Contains(text, "Initech") || !strings.Contains(text, "Admin") {
			t.Errorf("she does not run her organization:\n%s", text)
		}
		v.click(button("Sign out"))
		op := b.on(t).visitor("operator", look{})
		enter(op, u)
		op.open(u.info.BaseURL + "/dashboard/organizations?q=initech")
		op.click(link("Initech"))
		org := regexp.MustCompile(`org_\w+`).FindString(op.url())
		connectSSP(op, u, idp, org, "initech.test")
		comeIn(v, u, idp, nina)
		if text := v.text(); !strings.Contains(text, "Initech") || !strings.Contains(text, "Admin") {
			t.Errorf("she is not who she was:\n%s", text)
		}
		comeIn(b.on(t).visitor("carl", look{}), u, idp, carl)
		op.open(u.info.BaseURL + "/dashboard/organizations/" + org + "/members")
		if text := op.text(); !strings.Contains(text, "Nina Simone") || !strings.Contains(text, "Carl Nielsen") {
			t.Errorf("the members page lacks one of the two:\n%s", text)
		}
	})
}
