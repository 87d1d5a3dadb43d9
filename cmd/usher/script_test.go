package main

import (
	"bytes"
	"compress/flate"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"flag"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"usher/internal/practice"
	"usher/internal/saml"
	"usher/internal/server"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"usher": main})
}

// The parties of the stories in testdata/script, whose variables and files
// setup makes.
const (
	storySP      = "https://sp.test/metadata"
	storyACS     = "https://sp.test/acs"
	storyIDPBase = "https://idp.test"
)

// storyTime is when the provider of the stories answers: $NOW.
func storyTime() time.Time { return time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC) }

// parties are the provider of the stories and the key of the service provider,
// which all of them share, because making keys is slow.
type parties struct {
	idp    *practice.IDP
	keyPEM []byte
}

var storyParties = sync.OnceValues(func() (p parties, err error) {
	pkcs8, der, err := saml.NewSPKey(storyTime(), "sp.test", 24*time.Hour)
	if err != nil {
		return p, err
	}
	p.keyPEM = pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})
	cert, err := saml.ParseCertificate(base64.StdEncoding.EncodeToString(der))
	if err != nil {
		return p, err
	}
	p.idp, err = practice.New(practice.Config{
		BaseURL: storyIDPBase, Now: storyTime,
		People: []practice.Person{{Mail: "alice@acme.test", FirstName: "Alice", LastName: "Liddell", Groups: []string{"staff", "eng"}}},
		SPs:    []practice.SP{{EntityID: storySP, ACSURL: storyACS, EncryptionCert: cert}},
	})
	return p, err
})

func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup:               setup,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"respond":   respond,
			"await":     await,
			"awaithttp": awaitHTTP,
			"checkmode": checkMode,
			"checkjson": checkJSON,

			"refusedattempt": refusedAttempt,
		},
	})
}

// setup gives a story the provider's metadata and certificate, the service
// provider's key, and the names of all parties.
func setup(e *testscript.Env) error {
	p, err := storyParties()
	if err != nil {
		return err
	}
	cert := p.idp.Certificate()
	stranger, err := p.idp.NextCertificate()
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{
		"idp.xml":   p.idp.Metadata(),
		"idp.pem":   pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Raw}),
		"idp.b64":   []byte(saml.EncodeCertificate(cert) + "\n"),
		"other.pem": pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: stranger.Raw}),
		"sp.pem":    p.keyPEM,
	} {
		if err := os.WriteFile(filepath.Join(e.WorkDir, name), content, 0o600); err != nil {
			return err
		}
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	e.Setenv("IDP", p.idp.EntityID())
	e.Setenv("SP", storySP)
	e.Setenv("ACS", storyACS)
	e.Setenv("NOW", storyTime().Format(time.RFC3339))
	e.Setenv("ADDRESS", port)
	return nil
}

// freePort is an address on which nothing listens at the moment.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// respond writes what the practice provider answers:
// respond [-misbehave NAME] [-to ID] [-as xml|post|redirect] FILE
func respond(ts *testscript.TestScript, neg bool, args []string) {
	p, err := storyParties()
	ts.Check(err)
	fs := flag.NewFlagSet("respond", flag.ContinueOnError)
	misbehave := fs.String("misbehave", "", "")
	to := fs.String("to", "", "")
	as := fs.String("as", "xml", "")
	ts.Check(fs.Parse(args))
	if neg || fs.NArg() != 1 {
		ts.Fatalf("usage: respond [flags] FILE")
	}
	answer, err := p.idp.Respond(practice.Request{SP: storySP, Person: "alice@acme.test", InResponseTo: *to, Misbehave: *misbehave})
	ts.Check(err)
	document, err := answer.XML()
	ts.Check(err)
	text := document
	switch *as {
	case "post":
		text = []byte(answer.SAMLResponse)
	case "redirect":
		text = deflated(document)
	}
	ts.Check(os.WriteFile(ts.MkAbs(fs.Arg(0)), text, 0o600))
}

func deflated(document []byte) []byte {
	var out bytes.Buffer
	w, _ := flate.NewWriter(&out, flate.BestCompression)
	_, _ = w.Write(document)
	_ = w.Close()
	return []byte(base64.StdEncoding.EncodeToString(out.Bytes()))
}

// await waits until a server of "usher dev" has written FILE, which it does
// once it answers, and sets $BASE, $BACKEND, $SECRET and $CONNECTION from it.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: await FILE")
	}
	var info server.DevInfo
	until(ts, func() bool {
		text, err := os.ReadFile(ts.MkAbs(args[0]))
		if err != nil {
			return false
		}
		ts.Check(json.Unmarshal(text, &info))
		return true
	})
	ts.Setenv("BACKEND", info.BackendAPIURL)
	ts.Setenv("SECRET", info.SecretKey)
	ts.Setenv("BASE", info.BaseURL)
	if len(info.Demo.Connections) > 0 {
		ts.Setenv("CONNECTION", info.Demo.Connections[0].ID)
		ts.Setenv("ORGANIZATION", info.Demo.Connections[0].OrganizationID)
	}
}

// refusedAttempt posts an answer with a RelayState that nobody sent to the
// awaited server, and sets $ATTEMPT to what it keeps of that.
func refusedAttempt(ts *testscript.TestScript, _ bool, _ []string) {
	form := url.Values{"SAMLResponse": {"PHg+"}, "RelayState": {"nobody-sent-this"}}
	res, err := http.PostForm(ts.Getenv("BASE")+"/v1/saml/acs/"+ts.Getenv("CONNECTION"), form)
	ts.Check(err)
	_ = res.Body.Close()
	b, err := newBackend(ts.Getenv("BACKEND"), ts.Getenv("SECRET"))
	ts.Check(err)
	var list struct {
		Data []struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	ts.Check(b.get(context.Background(), "/sso_attempts", &list))
	if len(list.Data) == 0 {
		ts.Fatalf("no attempt was kept")
	}
	ts.Setenv("ATTEMPT", list.Data[0].ID)
}

// awaitHTTP waits until an address answers: awaithttp URL
func awaitHTTP(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: awaithttp URL")
	}
	until(ts, func() bool {
		res, err := http.Get(args[0])
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
}

// until asks again and again, for a minute.
func until(ts *testscript.TestScript, happened func() bool) {
	deadline := time.After(time.Minute)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !happened() {
		select {
		case <-tick.C:
		case <-deadline:
			ts.Fatalf("it has not happened after a minute")
		}
	}
}

// checkMode compares a file's permissions: checkmode 600 FILE
func checkMode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: checkmode MODE FILE")
	}
	info, err := os.Stat(ts.MkAbs(args[1]))
	ts.Check(err)
	if got := info.Mode().Perm().String(); got != args[0] {
		ts.Fatalf("%s has mode %s, want %s", args[1], got, args[0])
	}
}

// checkJSON compares a value of the last output, which must be JSON:
// [!] checkjson PATH [VALUE], as in checkjson assertion.attributes.mail.0 alice@acme.test
// Negated: there is no such value.
func checkJSON(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 1 || len(args) > 2 {
		ts.Fatalf("usage: [!] checkjson PATH [VALUE]")
	}
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &v))
	got, found := lookUp(v, strings.Split(args[0], "."))
	switch {
	case neg && found:
		ts.Fatalf("%s is there: %v", args[0], got)
	case !neg && !found:
		ts.Fatalf("there is no %s", args[0])
	case len(args) == 2 && got != args[1]:
		ts.Fatalf("%s is %q, want %q", args[0], got, args[1])
	}
}

// lookUp follows names and numbers into a JSON value and returns the text there,
// other values as JSON.
func lookUp(v any, path []string) (string, bool) {
	for _, step := range path {
		switch at := v.(type) {
		case map[string]any:
			next, ok := at[step]
			if !ok {
				return "", false
			}
			v = next
		case []any:
			var n int
			if json.Unmarshal([]byte(step), &n) != nil || n >= len(at) {
				return "", false
			}
			v = at[n]
		default:
			return "", false
		}
	}
	if s, ok := v.(string); ok {
		return s, true
	}
	text, err := json.Marshal(v)
	return string(text), err == nil
}
