package e2e

import (
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"usher/internal/server"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

// In the middle of a storm of first sign-ins the process is killed. What a person
// was told is there afterwards, nothing is half done, and it goes on (threats
// T-OPS-05 and T-OPS-08).
func TestKill_LosesNothingThatWasAcknowledged(t *testing.T) {
	for _, engine := range storetest.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			o := server.DevOptions{Data: t.TempDir(), Listen: freeAddress(t)}
			if engine == store.PostgreSQL {
				o.Database = storetest.URL(t, engine)
			}
			s := &storm{t: t}
			const rounds = 3
			for round := range rounds {
				p := runDev(t, o)
				if round == 0 && engine == store.SQLite {
					secondIsRefused(t, o.Data)
				}
				s.verify(p)
				s.rage(p, round, 4+3*round)
			}
			p := runDev(t, o)
			s.verify(p)
			must(t, newPerson(p.info.BaseURL).signIn("alice@acme.test"))
			if code := p.stop(os.Interrupt); code != 0 {
				t.Errorf("it ended with %d, want 0", code)
			}
		})
	}
}

// storm is many people who sign in for the first time at once.
type storm struct {
	t    *testing.T
	mu   sync.Mutex
	done []*signedIn
}

// signedIn is somebody who was told that the sign-in is finished.
type signedIn struct {
	person *person
	email  string
}

// rage lets people sign in until so many have been told so, and kills.
func (s *storm) rage(p *process, round, enough int) {
	s.t.Helper()
	before := len(s.done)
	var wg sync.WaitGroup
	stop := make(chan struct{})
	var once sync.Once
	for worker := range 6 {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				who := newPerson(p.info.BaseURL)
				email := fmt.Sprintf("storm-%d-%d-%d@acme.test", round, worker, i)
				if _, err := who.do(who.bare, http.MethodPost, "/practice/acme/people", url.Values{"login": {email}, "mail": {email}, "first_name": {"S"}}); err != nil {
					return // it is dead
				}
				if who.signIn(email) != nil {
					continue
				}
				s.mu.Lock()
				s.done = append(s.done, &signedIn{who, email})
				if len(s.done)-before >= enough {
					once.Do(func() { close(stop); _ = p.cmd.Process.Kill() })
				}
				s.mu.Unlock()
			}
		})
	}
	wg.Wait()
	p.kill()
}

// verify looks at everything after a start.
func (s *storm) verify(p *process) {
	t := s.t
	t.Helper()
	users := map[string]object{}
	for _, u := range p.call("GET", "/users?limit=500", nil, 200).list() {
		emails, _ := u["email_addresses"].([]any)
		accounts, _ := u["enterprise_accounts"].([]any)
		if len(emails) != 1 {
			t.Errorf("user %s has %d addresses", u.str("id"), len(emails))
			continue
		}
		email := object(emails[0].(map[string]any)).str("email_address")
		if strings.HasSuffix(email, "@acme.test") && len(accounts) != 1 {
			t.Errorf("%s has %d enterprise accounts, want 1", email, len(accounts))
		}
		if users[email] != nil {
			t.Errorf("%s is there twice", email)
		}
		users[email] = u
	}
	members := len(p.call("GET", "/organizations/acme/memberships?limit=500", nil, 200).list())
	if want := len(users) - 3; members != want { // all but Carol and Dave, who are at Globex, and the operator
		t.Errorf("Acme has %d members, want %d", members, want)
	}
	for _, d := range s.done {
		if users[d.email] == nil {
			t.Errorf("%s was signed in and is lost", d.email)
		}
		g, err := d.person.get("/user")
		if err != nil || g.status != http.StatusOK || !strings.Contains(g.text, d.email) {
			t.Errorf("the session of %s is lost: %d %v", d.email, g.status, err)
		}
	}
	for _, a := range p.call("GET", "/sso_attempts?limit=500", nil, 200).list() {
		switch a.str("state") {
		case "complete":
			if p.call("GET", "/sessions/"+a.str("session_id"), nil, 200).str("user_id") != a.str("user_id") {
				t.Errorf("attempt %s is complete, its session is another's", a.str("id"))
			}
		case "started", "admitted":
			if a.str("session_id") != "" || a.str("user_id") != "" {
				t.Errorf("attempt %s is %s and has a session", a.str("id"), a.str("state"))
			}
		default:
			t.Errorf("attempt %s is %s: %v", a.str("id"), a.str("state"), a["refusal"])
		}
	}
}

// secondIsRefused starts another process on the same data.
func secondIsRefused(t *testing.T, data string) {
	t.Helper()
	second := run(t, "dev", "--data", data, "--listen", "127.0.0.1:0")
	if code := second.exit(); code == 0 || !strings.Contains(second.out.String(), "another process") {
		t.Errorf("a second process on the same file: exit %d, want a refusal with the reason:\n%s", code, second.out)
	}
}
