package e2e

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"usher/internal/practice"
	"usher/internal/server"
	"usher/internal/store"
	"usher/internal/web/account"
)

// What must not be found again, by what it is.
type canaries map[string]string

// A sign-in by code and one by SSO leave no secret and no personal data in the
// log, however much it says, and no secret unsealed in the database (threats
// T-SEC-01, T-SEC-04, T-SEC-05).
func TestCanaries_NoSecretIsInTheLogOrReadableInTheDatabase(t *testing.T) {
	t.Parallel()
	mails := startMailServer(t)
	listen := freeAddress(t)
	flags, secretKey := serveFlags(t, "http://"+listen, "")
	host, port, err := net.SplitHostPort(mails.address)
	must(t, err)
	p := runServe(t, listen, append(flags, "--log-level", "debug", "--smtp-host", host, "--smtp-port", port, "--smtp-plaintext=true", "--mail-from", "usher@sign-in.test")...)
	p.info = server.DevInfo{BaseURL: "http://" + listen, BackendAPIURL: "http://" + listen + "/backend/v1", SecretKey: secretKey}
	idp, err := practice.New(practice.Config{
		BaseURL: "https://idp.acme.test", Name: "Acme", Now: time.Now, People: []practice.Person{{Mail: "alice@acme.test", FirstName: "Alicia-Canary"}},
	})
	must(t, err)
	connect(t, &p.usher, idp, "acme")
	personal := canaries{"an address": "alice@acme.test", "another address": "dave@solo.test", "a name": "Alicia-Canary"}
	secrets := canaries{"the secret key": secretKey}
	signInByCode(t, p, mails, secrets)
	signInBySSO(t, p, idp, secrets)
	refusedKey := "sk_live_" + strings.Repeat("canary", 6)
	secrets["a wrong secret key"] = refusedKey
	wrong := p.usher
	wrong.info.SecretKey = refusedKey
	wrong.call("GET", "/users", nil, 401)
	p.call("GET", "/users?email_address=alice@acme.test", nil, 200)
	p.call("POST", "/sso_simulations", object{"email_address": "alice@acme.test"}, 200)
	if code := p.stop(os.Interrupt); code != 0 {
		t.Errorf("it ended with %d", code)
	}

	keyFile, database := flagValue(flags, "--key-file"), strings.TrimPrefix(flagValue(flags, "--database"), "sqlite:")
	addPrivateKeys(t, database, keyFile, secrets)
	ring, err := os.ReadFile(keyFile)
	must(t, err)
	for i, key := range strings.Fields(string(ring)) {
		_, value, _ := strings.Cut(key, ":")
		secrets[fmt.Sprint("sealing key ", i)] = value
	}
	log := []byte(p.out.String())
	if !bytes.Contains(log, []byte("/v1/saml/acs/")) || !bytes.Contains(log, []byte(`"level":"INFO"`)) {
		t.Errorf("the log does not tell of the sign-in:\n%s", log)
	}
	secrets.mustBeAbsent(t, "the log", log)
	personal.mustBeAbsent(t, "the log", log)
	files, err := filepath.Glob(database + "*")
	must(t, err)
	for _, name := range files {
		b, err := os.ReadFile(name)
		must(t, err)
		if name == database && !bytes.Contains(b, []byte("dave@solo.test")) {
			t.Errorf("%s does not hold what it should: the test looks in the wrong place", name)
		}
		secrets.mustBeAbsent(t, name, b)
	}
}

// mustBeAbsent looks for each secret as it is and in the encodings in which it
// could have slipped through.
func (c canaries) mustBeAbsent(t *testing.T, where string, in []byte) {
	t.Helper()
	for what, secret := range c {
		if secret == "" {
			t.Errorf("%s is empty: the test looks for nothing", what)
			continue
		}
		for form, text := range map[string]string{
			"": secret, " in base64": base64.StdEncoding.EncodeToString([]byte(secret)), " in a URL": url.QueryEscape(secret),
		} {
			if bytes.Contains(in, []byte(text)) {
				t.Errorf("%s%s is in %s", what, form, where)
			}
		}
	}
}

// signInByCode signs Carol in and remembers what is secret about it.
func signInByCode(t *testing.T, p *process, mails *mailServer, secrets canaries) {
	t.Helper()
	p.call("POST", "/users", object{"email_address": []string{"dave@solo.test"}, "password": "canary password of carol"}, 200)
	secrets["a password"] = "canary password of carol"
	carol := newPerson(p.info.BaseURL)
	step, err := carol.begin("dave@solo.test")
	must(t, err)
	_, err = carol.submit(step, step+"/password", url.Values{account.FieldPassword: {"canary wrong guess"}})
	must(t, err)
	secrets["a wrong password"] = "canary wrong guess"
	secrets["a browser's first cookie"] = carol.cookie()
	_, err = carol.submit(step, step+"/password", url.Values{account.FieldDo: {account.DoCode}})
	must(t, err)
	code := mails.code(t)
	secrets["a mailed code"] = code
	g, err := carol.submit(step, step+"/code", url.Values{account.FieldCode: {code}})
	_, err = expect(g, err, "typing the code")
	must(t, err)
	secrets["a browser's cookie"] = carol.cookie()
}

// signInBySSO signs Alice in and remembers what is secret about it.
func signInBySSO(t *testing.T, p *process, idp *practice.IDP, secrets canaries) {
	t.Helper()
	alice := newPerson(p.info.BaseURL)
	to, err := alice.begin("alice@acme.test")
	must(t, err)
	a := respond(t, idp, to, "alice@acme.test")
	xml, err := base64.StdEncoding.DecodeString(a.SAMLResponse)
	must(t, err)
	secrets["a SAML response"], secrets["its XML"], secrets["a RelayState"] = a.SAMLResponse, string(xml), a.RelayState
	secrets["a signature"] = regexp.MustCompile(`SignatureValue>([^<]{40})`).FindStringSubmatch(string(xml))[1]
	g, err := alice.post(a)
	to, err = expect(g, err, "posting the answer")
	must(t, err)
	_, nonce, _ := strings.Cut(to, "nonce=")
	secrets["a verdict's nonce"] = nonce
	_, err = alice.get(to)
	must(t, err)
	secrets["a signed-in browser's cookie"] = alice.cookie()
	g, err = alice.token(p.lastAttempt().str("session_id"))
	must(t, err)
	token := regexp.MustCompile(`"jwt":"([^"]+)"`).FindStringSubmatch(g.text)
	if token == nil {
		t.Fatalf("no token: %s", g.text)
	}
	secrets["a session token"] = token[1]
	if g, err = alice.post(a); err != nil || g.status != 401 { // a refusal is logged too
		t.Errorf("a replay: %d %v", g.status, err)
	}
}

// addPrivateKeys reads the keys as the server does.
func addPrivateKeys(t *testing.T, database, keyFile string, secrets canaries) {
	t.Helper()
	tools, err := server.OpenTools(t.Context(), server.Config{Database: "sqlite:" + database, KeyFile: keyFile})
	must(t, err)
	defer tools.Close()
	must(t, tools.DB.Read(t.Context(), func(tx *store.Tx) error {
		signing, err := tx.SigningKeys()
		if err != nil {
			return err
		}
		for i, k := range signing {
			secrets[fmt.Sprint("signing key ", i)] = string(k.PrivateKey)
		}
		connections, _, err := tx.Connections(store.ConnectionFilter{}, store.Page{})
		if err != nil {
			return err
		}
		for _, c := range connections {
			keys, err := tx.ConnectionKeys(c.ID)
			if err != nil {
				return err
			}
			for i, k := range keys {
				secrets[fmt.Sprint("key of a connection ", i)] = string(k.PrivateKey)
			}
		}
		return nil
	}))
}

func flagValue(flags []string, name string) string {
	for i, f := range flags {
		if f == name {
			return flags[i+1]
		}
	}
	return ""
}

// mailServer takes mail and keeps it: as much of RFC 5321 as a client needs.
type mailServer struct {
	address string
	mails   chan string
}

func startMailServer(t *testing.T) *mailServer {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { l.Close() })
	m := &mailServer{address: l.Addr().String(), mails: make(chan string, 10)}
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go m.talk(conn)
		}
	}()
	return m
}

func (m *mailServer) talk(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewScanner(conn)
	say := func(line string) { fmt.Fprintf(conn, "%s\r\n", line) }
	say("220 mail.test")
	for in.Scan() {
		switch verb, _, _ := strings.Cut(strings.ToUpper(in.Text()), " "); verb {
		case "DATA":
			say("354 go on")
			var mail strings.Builder
			for in.Scan() && in.Text() != "." {
				mail.WriteString(in.Text() + "\n")
			}
			m.mails <- mail.String()
			say("250 kept")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("250 ok")
		}
	}
}

// code waits for a mail and reads the code in it.
func (m *mailServer) code(t *testing.T) string {
	t.Helper()
	select {
	case mail := <-m.mails:
		if found := regexp.MustCompile(`\b\d{6}\b`).FindString(mail); found != "" {
			return found
		}
		t.Fatalf("no code in\n%s", mail)
	case <-time.After(time.Minute):
		t.Fatal("no mail within a minute")
	}
	return ""
}
