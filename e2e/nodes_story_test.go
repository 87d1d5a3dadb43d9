package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/practice"
	"usher/internal/server"
	"usher/internal/store"
	"usher/internal/store/storetest"
	"usher/internal/web/account"
)

// twoNodes are two processes behind one public URL, on one database.
type twoNodes struct {
	t          *testing.T
	public     string
	a, b       string // addresses
	api        *usher // asks node a
	idp        *practice.IDP
	connection string
}

// startTwoNodes starts them, with Acme on a practice provider of the test's.
func startTwoNodes(t *testing.T) *twoNodes {
	t.Helper()
	n := &twoNodes{t: t, a: freeAddress(t), b: freeAddress(t)}
	n.public = "http://" + n.a
	flags, secretKey := serveFlags(t, n.public, storetest.URL(t, store.PostgreSQL))
	runServe(t, n.a, flags...)
	runServe(t, n.b, flags...)
	n.api = &usher{t: t, info: server.DevInfo{BaseURL: n.public, BackendAPIURL: n.public + "/backend/v1", SecretKey: secretKey}}
	var err error
	n.idp, err = practice.New(practice.Config{
		BaseURL: "https://idp.acme.test", Name: "Acme", Now: time.Now,
		People: []practice.Person{{Mail: "alice@acme.test", FirstName: "Alice"}, {Mail: "bob@acme.test", FirstName: "Bob"}},
	})
	must(t, err)
	n.connection = connect(t, n.api, n.idp, "acme")
	return n
}

// connect makes an organization that signs in at a provider of the test's, and
// returns the connection's entity ID, by which the provider knows it.
func connect(t *testing.T, u *usher, idp *practice.IDP, slug string) string {
	t.Helper()
	org := u.call("POST", "/organizations", object{"name": slug, "slug": slug}, 200)
	c := u.call("POST", "/enterprise_connections", object{
		"name": slug, "provider": "saml_custom", "domains": []string{slug + ".test"}, "organization_id": org.str("id"),
		"active": true, "saml": object{"idp_metadata": string(idp.Metadata())},
	}, 201)
	_, err := idp.AddSPMetadata([]byte(fetch(t, c.str("saml_connection", "sp_metadata_url"))))
	must(t, err)
	return c.str("saml_connection", "sp_entity_id")
}

// respond is what a provider of the test's answers to a request.
func respond(t *testing.T, idp *practice.IDP, request, login string) answer64 {
	t.Helper()
	u, err := url.Parse(request)
	must(t, err)
	asked, err := practice.ParseRedirect(u.Query().Get("SAMLRequest"))
	must(t, err)
	r, err := idp.Respond(practice.Request{SP: asked.Issuer, Person: login, InResponseTo: asked.ID, RelayState: u.Query().Get("RelayState")})
	must(t, err)
	return answer64{r.SAMLResponse, r.RelayState, r.ACSURL}
}

// Two processes share everything: pending sign-ins, the replay guard, sessions
// and counters (threat T-OPS-09).
func TestTwoNodes_ShareEverything(t *testing.T) {
	t.Parallel()
	n := startTwoNodes(t)
	t.Run("a sign-in that one began is finished by the other", n.beganHereFinishedThere)
	t.Run("of an answer that is posted to both at once, one is accepted", n.replay)
	t.Run("a session that one revoked gets no token from the other", n.revocation)
	t.Run("tries of a code are counted together", n.tries)
}

func (n *twoNodes) beganHereFinishedThere(t *testing.T) {
	for _, way := range [][3]string{{n.a, n.b, n.a}, {n.b, n.a, n.b}, {n.a, n.a, n.b}, {n.a, n.b, n.b}} {
		p := newPerson(n.public)
		to, err := p.at(way[0]).begin("alice@acme.test")
		must(t, err)
		g, err := p.at(way[1]).post(respond(t, n.idp, to, "alice@acme.test"))
		to, err = expect(g, err, "posting the answer")
		must(t, err)
		g, err = p.at(way[2]).get(to)
		_, err = expect(g, err, "coming back")
		must(t, err)
		for _, node := range []string{n.a, n.b} {
			if g, err := p.at(node).get("/user"); err != nil || g.status != http.StatusOK || !strings.Contains(g.text, "alice@acme.test") {
				t.Errorf("way %v: at %s: %d %v", way, node, g.status, err)
			}
		}
	}
	if got := n.api.members("acme"); len(got) != 1 {
		t.Errorf("members: got %v, want Alice alone", got)
	}
}

func (n *twoNodes) replay(t *testing.T) {
	for round := range 5 {
		p := newPerson(n.public)
		to, err := p.at(n.a).begin("bob@acme.test")
		must(t, err)
		answer := respond(t, n.idp, to, "bob@acme.test")
		var accepted atomic.Int32
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				thief := newPerson(n.public).at([]string{n.a, n.b}[i%2])
				g, err := thief.post(answer)
				switch {
				case err != nil:
					t.Error(err)
				case g.status == http.StatusSeeOther:
					accepted.Add(1)
				case g.status != http.StatusUnauthorized:
					t.Errorf("a replay: got %d, want 401\n%s", g.status, g.text)
				}
			})
		}
		wg.Wait()
		if got := accepted.Load(); got != 1 {
			t.Errorf("round %d: %d of six copies were accepted, want one", round, got)
		}
	}
}

func (n *twoNodes) revocation(t *testing.T) {
	p := newPerson(n.public).at(n.b)
	to, err := p.begin("alice@acme.test")
	must(t, err)
	g, err := p.post(respond(t, n.idp, to, "alice@acme.test"))
	to, err = expect(g, err, "posting the answer")
	must(t, err)
	_, err = p.get(to)
	must(t, err)
	session := n.api.lastAttempt().str("session_id")
	if g, err = p.token(session); err != nil || g.status != http.StatusOK {
		t.Fatalf("a token before: %d %v\n%s", g.status, err, g.text)
	}
	n.api.call("POST", "/sessions/"+session+"/revoke", nil, 200) // at node a
	if g, err = p.token(session); err != nil || g.status != http.StatusUnauthorized {
		t.Errorf("a token afterwards: got %d, want 401 %v\n%s", g.status, err, g.text)
	}
}

func (n *twoNodes) tries(t *testing.T) {
	const tooMany = "Too many wrong codes"
	n.api.call("POST", "/users", object{"email_address": []string{"carol@globex.test"}}, 200)
	p := newPerson(n.public).at(n.a)
	step, err := p.begin("carol@globex.test")
	must(t, err)
	var last page
	for i := range 7 {
		p.at([]string{n.a, n.b}[i%2])
		last, err = p.submit(step, step+"/code", url.Values{account.FieldCode: {fmt.Sprintf("00000%d", i)}})
		must(t, err)
		if i < 5 && strings.Contains(last.text, tooMany) {
			t.Errorf("try %d of five is one too many already", i+1)
		}
	}
	if !strings.Contains(last.text, tooMany) {
		t.Errorf("the seventh try is not one too many: %d\n%s", last.status, last.text)
	}
	// Another code for the same address has to wait at either node (threat T-DOS-13).
	mails := 1
	for i := range 4 {
		to, err := newPerson(n.public).at([]string{n.a, n.b}[i%2]).begin("carol@globex.test")
		if err == nil && strings.HasPrefix(to, "/sign-in/") {
			mails++
		}
	}
	if mails != 1 {
		t.Errorf("%d codes were mailed in half a minute, want 1", mails)
	}
}
