package e2e

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// enter opens the dashboard with the operator's link.
func enter(v *visitor, u *usher) {
	v.t.Helper()
	v.open(u.info.DashboardLink)
	v.click(button("Go on"))
	v.waitURL(`/dashboard$`)
}

var (
	anID       = regexp.MustCompile(`/(?:[a-z]+_[0-9A-Za-z]{16,}|[a-z]+_[0-9a-f]{32})`)
	dashboards = `Array.from(document.querySelectorAll('a[href^="/dashboard"]'), (a) => a.getAttribute('href'))`
)

// kindOf is a page without what it is about: pages of one kind look the same.
func kindOf(href string) string {
	u, err := url.Parse(href)
	if err != nil {
		return href
	}
	kind := anID.ReplaceAllString(u.Path, "/*")
	if u.RawQuery != "" {
		kind += "?"
	}
	return kind
}

// maxKinds bounds a tour through the dashboard.
const maxKinds = 120

// tread opens one or two pages of each kind that links lead to from the dashboard's
// first page, and stops at each.
func tread(v *visitor, u *usher, stop func(path string)) []string {
	v.t.Helper()
	seen, visited := map[string]int{}, []string{}
	for queue := []string{"/dashboard"}; len(queue) > 0 && len(visited) < maxKinds; queue = queue[1:] {
		path := queue[0]
		if kind := kindOf(path); seen[kind] >= 1 && !strings.Contains(kind, "*") || seen[kind] >= 2 || slices.Contains(visited, path) {
			continue
		}
		seen[kindOf(path)]++
		visited = append(visited, path)
		if status := v.open(u.info.BaseURL + path); status != 200 {
			v.t.Errorf("%s is linked, and answers %d:\n%s", path, status, v.text())
			continue
		}
		stop(path)
		var links []string
		v.evaluate(dashboards, &links)
		queue = append(queue, links...)
	}
	return visited
}

// furnish gives the dashboard something of everything to show.
func furnish(v *visitor, u *usher) {
	v.t.Helper()
	org := u.info.Demo.Organizations[1].ID
	u.call("POST", "/organizations/"+org+"/invitations", object{"email_address": "zoe@solo.test", "role": "org:member"}, 200)
	u.call("POST", "/organizations/"+org+"/domains", object{"name": "globex.example", "enrollment_mode": "enterprise_sso", "verified": false}, 200)
	u.call("POST", "/webhooks/endpoints", object{"url": "https://hooks.example.com/usher"}, 200)
	g := tour{u: u, v: v, stop: func(string) {}}
	g.bySSO()
	g.refused()
}

// Every page of the dashboard that a link leads to, light and wide as well as dark
// and narrow: nothing shuts people out, nothing is cut off, nothing complains, and
// nobody else's server is asked.
func TestDashboard_ServesEverybody(t *testing.T) {
	b := newBrowser(t)
	for name, l := range map[string]look{"light and wide": {}, "dark and 390 px wide": {dark: true, width: 390, height: 844}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := startUsher(t, devOptions(t))
			furnish(b.on(t).visitor("people", look{}), u)
			v := b.on(t).visitor("operator", l)
			enter(v, u)
			visited := tread(v, u, func(path string) {
				v.mustBeAccessible()
				width := 0
				v.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth", &width)
				if width > 0 {
					t.Errorf("%s: %d px stand out at the side", path, width)
				}
			})
			if len(visited) < 40 {
				t.Errorf("only %d pages were found: %v", len(visited), visited)
			}
			if got := v.problems(); len(got) > 0 {
				t.Errorf("the pages complained: %v", got)
			}
			for _, host := range v.hosts() {
				if !strings.Contains(u.info.BaseURL, host) {
					t.Errorf("a page asked %s", host)
				}
			}
		})
	}
}
