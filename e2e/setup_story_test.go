package e2e

import (
	"regexp"
	"strings"
	"testing"

	"usher/internal/resolver/resolvertest"
	"usher/internal/server"
)

// setup is an administrator at the setup pages, who has a name server and an identity
// provider that we did not write.
type setup struct {
	u   *usher
	v   *visitor
	dns *resolvertest.Server
	idp *ssp

	blind bool // the browser runs no scripts: neither ours nor those that look
}

// stop looks whether a page serves everybody.
func (s setup) stop(page string) {
	s.v.t.Helper()
	if s.blind {
		return
	}
	s.v.mustBeAccessible()
	width := 0
	s.v.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth", &width)
	if width > 0 {
		s.v.t.Errorf("%s: %d px stand out at the side", page, width)
	}
}

// next goes on by the button of the page.
func (s setup) next(page string) { s.v.t.Helper(); s.stop(page); s.v.click(link("Next")) }

// domain shows that a domain is the company's: the record is looked for in vain at
// first, and then is there.
func (s setup) domain(name string) {
	s.v.t.Helper()
	s.v.fill("Domain", name)
	s.v.press("Enter")
	s.v.mustSay("Waits for the record")
	s.stop("domain")
	s.v.click(button("Check now " + name))
	s.v.waitFor(byCSS(".alert.warning"))
	value := regexp.MustCompile(`usher-challenge=[a-z0-9]+`).FindString(s.v.text())
	record := "_usher-challenge." + name
	s.dns.Set(record, resolvertest.Text(record, value))
	s.v.click(button("Check now " + name))
	s.v.mustSay(name + " is proved.")
}

// connect chooses the guide and goes through it, up to the metadata.
func (s setup) connect() {
	v := s.v
	v.t.Helper()
	s.next("domains")
	s.stop("providers")
	v.click(byCSS(`a.choice[href$="/generic_saml"]`))
	s.stop("provider")
	v.click(button("Begin"))
	v.waitURL(`/guide$`)
	metadata := regexp.MustCompile(`http://[^ \n]+/v1/saml/metadata/entconn_[A-Za-z0-9]+\.xml`)
	ours := ""
	for !strings.HasSuffix(v.url(), "/connect") {
		if found := metadata.FindString(v.text()); found != "" {
			ours = found
		}
		s.next("guide")
		v.waitURL(`/(guide/\d|connect)$`)
	}
	if ours == "" {
		v.t.Fatal("the guide does not say where our metadata is")
	}
	s.idp.trust(ours)
	v.fill("Metadata address", s.u.info.BaseURL+"/sign-in")
	v.click(byCSS(`#way-url ~ form button, form[action$="/connect/url"] button`))
	v.waitFor(byCSS("#metadata_url-problem"))
	s.stop("metadata refused")
	v.fill("Metadata address", s.idp.metadataURL())
	v.press("Enter")
	v.mustSay("Read and saved. Below is what it says.")
}

// From the link that the operator sends to the first colleague who signs in. Nobody
// but the operator has an account at the beginning.
func TestStory_AnAdministratorSetsUpSingleSignOnByALink(t *testing.T) {
	b := newBrowser(t)
	for name, l := range map[string]look{"dark and narrow": {dark: true, width: 390, height: 844}, "without scripts": {noScript: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			idp, dns := startSSP(t), resolvertest.Serve(t)
			admin := sspPerson{"ivy", "wonder", "ivy@initech.test", "Ivy", "Ito"}
			colleague := sspPerson{"carl", "cobalt", "carl@initech.test", "Carl", "Cole"}
			idp.people(admin, colleague)
			u := startUsher(t, server.DevOptions{Data: t.TempDir(), DNSServers: []string{dns.Address}})
			org := u.call("POST", "/organizations", object{"name": "Initech"}, 200)
			token := u.call("POST", "/admin_portal_link_tokens", object{"organization_id": org.str("id")}, 201).str("token")

			b := b.on(t)
			v := b.visitor("ivy", l)
			s := setup{u: u, v: v, dns: dns, idp: idp, blind: l.noScript}
			v.open(u.info.BaseURL + "/setup?token=" + token)
			s.stop("welcome")
			v.click(button("Begin"))
			s.stop("overview")
			v.click(link("Go on"))
			s.domain("initech.test")
			s.connect()
			s.next("metadata")
			s.next("assign")
			s.stop("test")
			v.click(link("Go on"))
			s.stop("activate")
			v.click(button("Activate"))
			v.mustSay("Company sign-in is active")
			s.stop("done")
			if got := v.problems(); len(got) > 0 {
				t.Errorf("the pages complained: %v", got)
			}

			c := b.visitor("carl", look{}) // whose provider needs scripts to post its answer
			c.open(u.info.BaseURL + "/sign-in")
			c.fill("Email address", colleague.mail)
			c.press("Enter")
			idp.signIn(c, colleague)
			c.waitURL(`/user$`)
			c.mustSay("Initech")
		})
	}
}
