package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"usher/internal/backendapi"
)

// The three ways in which operations are called here.
const (
	byGo   = "clerk-sdk-go"
	byNode = "@clerk/backend"
	byHTTP = "HTTP"
)

// noClient are the operations for which neither client has a method; they are called by
// HTTP. One for which a client gets a method is no longer to stand here.
var noClient = map[string]string{
	"POST /email_addresses/{email_address_id}/prepare_verification": "new in 2026-05-12",
	"POST /email_addresses/{email_address_id}/attempt_verification": "new in 2026-05-12",
	"POST /users/ban":   "in bulk",
	"POST /users/unban": "in bulk",
	"GET /organizations/{organization_id}/invitations/pending":                   "deprecated",
	"POST /organizations/{organization_id}/domains/{domain_id}/verify_ownership": "new in 2026-05-12",
	"GET /organization_domains":                                                  "of the whole deployment",
	"GET /enterprise_connections/{enterprise_connection_id}/test_runs":           "neither client tries connections",
	"POST /enterprise_connections/{enterprise_connection_id}/test_runs":          "neither client tries connections",
	"POST /admin_portal_link_tokens":                                             "neither client makes links for setup",
	"POST /admin_portal_link_tokens/{adminPortalLinkTokenID}/revoke":             "neither client makes links for setup",
}

// refusedOnly are the operations that cannot succeed here.
var refusedOnly = map[string]string{
	"POST /sessions/{session_id}/refresh": "a refresh token comes with the handshake, which is not served",
}

// recorder notes which operations are called, by whom. It stands in front of the server.
type recorder struct {
	mu     sync.Mutex
	called map[string][]string // operation → clients
	failed map[string]int      // calls that were refused
}

// through is an address of the Backend API for one client.
func (r *recorder) through(t *testing.T, client, backend string) string {
	t.Helper()
	target, err := url.Parse(backend)
	must(t, err)
	proxy := &httputil.ReverseProxy{
		Rewrite: func(p *httputil.ProxyRequest) {
			p.Out.URL.Scheme, p.Out.URL.Host, p.Out.Host = target.Scheme, target.Host, target.Host
		},
		ModifyResponse: func(res *http.Response) error {
			r.note(client, res)
			return nil
		},
	}
	front := httptest.NewServer(proxy)
	t.Cleanup(front.Close)
	return front.URL + target.Path
}

// note finds the operation of an answer; of several that fit, the one that says most.
func (r *recorder) note(client string, res *http.Response) {
	path := strings.TrimSuffix(strings.TrimPrefix(res.Request.URL.Path, backendapi.Prefix), "/")
	var found string
	for op, form := range forms() {
		if form.MatchString(res.Request.Method+" "+path) && (found == "" || strings.Count(op, "{") < strings.Count(found, "{")) {
			found = op
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	_, refused := refusedOnly[found]
	if res.StatusCode >= 400 && !refused {
		r.failed[fmt.Sprint(found, " ", res.StatusCode)]++
		return
	}
	if !slices.Contains(r.called[found], client) {
		r.called[found] = append(r.called[found], client)
	}
}

// forms are what calls of each operation look like.
var forms = sync.OnceValue(func() map[string]*regexp.Regexp {
	place := regexp.MustCompile(`\{[^}]+\}`)
	list := map[string]*regexp.Regexp{}
	for _, o := range backendapi.Operations() {
		op := o.Method + " " + o.Path
		list[op] = regexp.MustCompile("^" + place.ReplaceAllString(op, "[^/]+") + "$")
	}
	return list
})

// Every operation that is served is called through Clerk's own clients, unmodified,
// where one of them has it.
func TestClients_CallEveryOperation(t *testing.T) {
	node := requireNode(t, "@clerk/backend")
	eachEngine(t, func(t *testing.T, u *usher) {
		r := &recorder{called: map[string][]string{}, failed: map[string]int{}}
		w := newClients(t, u)
		front := r.through(t, byGo, u.info.BackendAPIURL)
		w.goSDK(front)
		w.nodeSDK(node, r.through(t, byNode, u.info.BackendAPIURL))
		behind := u.info.BackendAPIURL
		u.info.BackendAPIURL = r.through(t, byHTTP, behind)
		w.plain()
		u.info.BackendAPIURL = behind

		for failure, n := range r.failed {
			t.Errorf("refused %d times: %s", n, failure)
		}
		var lines []string
		for _, o := range backendapi.Operations() {
			op := o.Method + " " + o.Path
			by := r.called[op]
			slices.Sort(by)
			switch {
			case o.Reason != "" && len(by) > 0:
				t.Errorf("%s is called, and said not to be served", op)
			case o.Reason != "":
				continue
			case len(by) == 0:
				t.Errorf("%s is served, and called by none of the clients", op)
			case noClient[op] == "" && slices.Equal(by, []string{byHTTP}):
				t.Errorf("%s is called by HTTP only; say why", op)
			case noClient[op] != "" && !slices.Equal(by, []string{byHTTP}):
				t.Errorf("%s has a client's method: %v", op, by)
			}
			lines = append(lines, op+": "+strings.Join(by, ", "))
		}
		t.Logf("%d operations:\n%s", len(lines), strings.Join(lines, "\n"))
	})
}

// clients is what the clients need to call everything.
type clients struct {
	t *testing.T
	u *usher

	alice, session, cookie, account string
	signUp                          string
	discovery                       string
}

// nodeSDK calls everything with @clerk/backend.
func (w *clients) nodeSDK(node, api string) {
	t := w.t
	t.Helper()
	in, err := json.Marshal(map[string]string{
		"apiUrl": strings.TrimSuffix(api, "/v1"), "secretKey": w.u.info.SecretKey, "session": w.session, "cookie": w.cookie, "user": w.alice,
		"account": w.account, "signUp": w.signUp, "discovery": w.discovery, "logo": base64.StdEncoding.EncodeToString(logo(t)),
	})
	must(t, err)
	cmd := exec.CommandContext(t.Context(), node, "everything.mjs")
	cmd.Dir, cmd.Stdin = "node", bytes.NewReader(in)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, &stderr)
	}
	var got, want object
	must(t, json.Unmarshal(out, &got))
	must(t, json.Unmarshal([]byte(wantOfEverything), &want))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what the SDK saw (-want +got):\n%s", diff)
	}
}

const wantOfEverything = `{
	"users": [true, 1, "dora@js.test", "Dora", {"a": 1}, {"b": 2}, true, false, true, false, true, false],
	"emails": ["second@js.test", true, true, "only@js.test"],
	"organizations": [1, "everything-js", "All", {"a": 1}, {"b": 2}, true, false],
	"memberships": ["org:member", "org:admin", {"desk": 4}, 2, 1, 1, true],
	"invitations": [1, 2, "eve@js.test", 1, "revoked"],
	"domains": [1, "verified", true],
	"appInvitations": [2, 3, "revoked"],
	"roles": [1, "org:js:read", "See", 1, "org:extra_js", "More", 1, 0],
	"sets": [1, true, "Sets", 2, 1, true, true, true],
	"openid": {
		"active": [false, true], "client": "usher-2", "discovery": true, "pkce": true, "provider": "oidc_custom", "key": "oidc_custom", "saml": null,
		"listed": 1, "deleted": true
	},
	"flat": [1, "flat-js.test", "Flatter", true],
	"sessions": [1, true, true, true, "expired_session_token_invalid", "revoked"],
	"clients": [true, true, true],
	"templates": [1, "app_js", 90, true],
	"tokens": ["revoked", "revoked", true, 1],
	"signUp": ["missing_requirements", "crm-7", "nina@home.test"],
	"instance": ["development", false, true, 1, true, 1, true, 1, "jsapp://callback", true, 1],
	"ends": [true, true, true]
}`

// plain calls by HTTP what no client has.
func (w *clients) plain() {
	u := w.u
	dora := u.call("POST", "/users", object{"email_address": []string{"dora@plain.test"}}, 200).str("id")
	for verb, banned := range map[string]bool{"ban": true, "unban": false} {
		list := u.call("POST", "/users/"+verb, object{"user_ids": []string{dora}}, 200).list()
		if len(list) != 1 || list[0]["banned"] != banned {
			w.t.Errorf("%s: %v", verb, list)
		}
	}
	email := u.call("POST", "/email_addresses", object{"user_id": dora, "email_address": "d@plain.test"}, 200).str("id")
	sent := u.call("POST", "/email_addresses/"+email+"/prepare_verification", nil, 200)
	tried := u.call("POST", "/email_addresses/"+email+"/attempt_verification", object{"verification_id": sent.str("id"), "code": "000000x"}, 200)
	if sent.str("status") != "unverified" || tried.str("status") != "unverified" {
		w.t.Errorf("verification: %v, then %v", sent, tried)
	}
	org := u.call("POST", "/organizations", object{"name": "Plain"}, 200).str("id")
	u.call("POST", "/organizations/"+org+"/invitations", object{"email_address": "x@plain.test", "role": "org:member"}, 200)
	if list := u.call("GET", "/organizations/"+org+"/invitations/pending", nil, 200).list(); len(list) != 1 {
		w.t.Errorf("pending: %v", list)
	}
	domain := u.call("POST", "/organizations/"+org+"/domains", object{"name": "plain.test", "verified": false}, 200).str("id")
	owned := u.call("POST", "/organizations/"+org+"/domains/"+domain+"/verify_ownership", nil, 200)
	if got := owned.str("ownership_verification", "strategy"); got != "manual_override" {
		w.t.Errorf("ownership: %q", got)
	}
	if list := u.call("GET", "/organization_domains?organization_id="+org, nil, 200).list(); len(list) != 1 {
		w.t.Errorf("domains: %v", list)
	}
	connection := u.call("GET", "/enterprise_connections?active=true&limit=1", nil, 200).list()[0].str("id")
	runs := "/enterprise_connections/" + connection + "/test_runs"
	if link := u.call("POST", runs, object{"target": "live"}, 200).str("url"); !strings.Contains(link, "/init_test_run?ticket=") {
		w.t.Errorf("test run: %q", link)
	}
	if list := u.call("GET", runs, nil, 200).list(); len(list) != 0 { // nobody has opened the link
		w.t.Errorf("test runs: %v", list)
	}
	link := u.call("POST", "/admin_portal_link_tokens", object{"organization_id": org}, 201)
	over := u.call("POST", "/admin_portal_link_tokens/"+link.str("id")+"/revoke", object{"revocation_reason": "done"}, 200)
	if link.str("token") == "" || over["revoked"] != true {
		w.t.Errorf("setup link: %v, then %v", link, over)
	}
}
