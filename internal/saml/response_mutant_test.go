package saml

import (
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"usher/internal/fault"
)

// mutantSeed is a genuine response that mutants are made of.
type mutantSeed struct {
	name   string
	doc    string
	claims Assertion
	// outer is the signed element whose signature comes first, for xmlsec1;
	// empty where it is encrypted.
	outer string
}

func mutantSeeds(t testing.TB) []mutantSeed {
	t.Helper()
	var seeds []mutantSeed
	for _, s := range []struct {
		name    string
		sign    []string
		encrypt bool
		outer   string
	}{
		{"assertion signed", []string{"_assertion1"}, false, nsAssertion + ":Assertion"},
		{"response signed", []string{"_response1"}, false, nsProtocol + ":Response"},
		{"both signed", []string{"_assertion1", "_response1"}, false, nsProtocol + ":Response"},
		{"encrypted, assertion signed", []string{"_assertion1"}, true, ""},
		{"encrypted, response signed", []string{"_response1"}, true, nsProtocol + ":Response"},
	} {
		p := newTestIDP(s.sign...)
		if s.encrypt {
			p.encrypt = &testEncryption{}
		}
		doc := p.response(t)
		got, err := ParseResponse([]byte(doc), testExpect())
		if err != nil {
			t.Fatalf("%s: %v", s.name, err)
		}
		seeds = append(seeds, mutantSeed{s.name, doc, *got.Assertion, s.outer})
	}
	return seeds
}

// mutate changes the document in a way that r chooses.
func mutate(r *rand.Rand, doc string) (how, mutant string) {
	kinds := []func(*rand.Rand, string) (string, string){
		flipByte, dropRange, repeatRange, moveElement, copyElement, swapElements, wrapElement, dropElement,
		changeAttribute, dropAttribute, insertMarkup, forgeCopy, changeText,
	}
	return kinds[r.IntN(len(kinds))](r, doc)
}

func flipByte(r *rand.Rand, doc string) (string, string) {
	i := r.IntN(len(doc))
	const printable = ` <>&"'/=:;#!?-[]AZaz09_.`
	c := printable[r.IntN(len(printable))]
	return fmt.Sprintf("byte %d from %q to %q", i, doc[i], c), doc[:i] + string(c) + doc[i+1:]
}

func byteRange(r *rand.Rand, doc string) (from, to int) {
	from = r.IntN(len(doc))
	return from, min(len(doc), from+1+r.IntN(40))
}

func dropRange(r *rand.Rand, doc string) (string, string) {
	from, to := byteRange(r, doc)
	return fmt.Sprintf("bytes %d to %d dropped", from, to), doc[:from] + doc[to:]
}

func repeatRange(r *rand.Rand, doc string) (string, string) {
	from, to := byteRange(r, doc)
	return fmt.Sprintf("bytes %d to %d repeated", from, to), doc[:to] + doc[from:]
}

// anyElement returns an element of the document other than the root.
func anyElement(r *rand.Rand, doc string) *element {
	root, err := parseXML([]byte(doc), responseLimits())
	if err != nil {
		panic(err)
	}
	var list []*element
	root.walk(func(e *element) bool {
		list = append(list, e)
		return true
	})
	return list[1+r.IntN(len(list)-1)]
}

// bodyStart is the offset behind the start tag of e, which is not self-closed
// in what mutants are made of, or behind the whole element.
func bodyStart(doc string, e *element) int {
	i := e.start + strings.IndexByte(doc[e.start:], '>') + 1
	return min(i, e.end)
}

func moveElement(r *rand.Rand, doc string) (string, string) {
	e, to := anyElement(r, doc), anyElement(r, doc)
	text := doc[e.start:e.end]
	at := bodyStart(doc, to)
	how := fmt.Sprintf("%s moved into %s", e.Local, to.Local)
	switch {
	case at <= e.start:
		return how, doc[:at] + text + doc[at:e.start] + doc[e.end:]
	case at >= e.end:
		return how, doc[:e.start] + doc[e.end:at] + text + doc[at:]
	}
	return how + ", that is dropped", doc[:e.start] + doc[e.end:]
}

func copyElement(r *rand.Rand, doc string) (string, string) {
	e, to := anyElement(r, doc), anyElement(r, doc)
	at := bodyStart(doc, to)
	return fmt.Sprintf("%s copied into %s", e.Local, to.Local), doc[:at] + doc[e.start:e.end] + doc[at:]
}

func swapElements(r *rand.Rand, doc string) (string, string) {
	a, b := anyElement(r, doc), anyElement(r, doc)
	if a.start > b.start {
		a, b = b, a
	}
	if a.end > b.start {
		return moveElement(r, doc)
	}
	return fmt.Sprintf("%s and %s swapped", a.Local, b.Local),
		doc[:a.start] + doc[b.start:b.end] + doc[a.end:b.start] + doc[a.start:a.end] + doc[b.end:]
}

func wrapElement(r *rand.Rand, doc string) (string, string) {
	e := anyElement(r, doc)
	wrappers := []string{"samlp:Extensions", "saml:Advice", "saml:Assertion", "samlp:Response", "x"}
	w := wrappers[r.IntN(len(wrappers))]
	return e.Local + " wrapped in " + w, doc[:e.start] + "<" + w + ">" + doc[e.start:e.end] + "</" + w + ">" + doc[e.end:]
}

func dropElement(r *rand.Rand, doc string) (string, string) {
	e := anyElement(r, doc)
	return e.Local + " dropped", doc[:e.start] + doc[e.end:]
}

// anyAttribute returns the place of an attribute's value, and of the attribute
// with the space before it.
func anyAttribute(r *rand.Rand, doc string) (from, valueFrom, to int) {
	var at []int
	for i := range len(doc) {
		if strings.HasPrefix(doc[i:], `="`) {
			at = append(at, i)
		}
	}
	i := at[r.IntN(len(at))]
	from = strings.LastIndexByte(doc[:i], ' ')
	valueFrom = i + len(`="`)
	return from, valueFrom, valueFrom + strings.IndexByte(doc[valueFrom:], '"') + 1
}

func changeAttribute(r *rand.Rand, doc string) (string, string) {
	from, valueFrom, to := anyAttribute(r, doc)
	values := []string{"", "_evil", "_assertion1", "_response1", "#_assertion1", "2026-11-25T09:31:00Z", "2.0", testACS, "urn:evil"}
	v := values[r.IntN(len(values))]
	return fmt.Sprintf("%s to %q", doc[from:to], v), doc[:valueFrom] + v + doc[to-1:]
}

func dropAttribute(r *rand.Rand, doc string) (string, string) {
	from, _, to := anyAttribute(r, doc)
	return doc[from:to] + " dropped", doc[:from] + doc[to:]
}

// insertMarkup puts a comment, an instruction, a CDATA section, an entity, an
// attribute or white space between two bytes.
func insertMarkup(r *rand.Rand, doc string) (string, string) {
	things := []string{
		"<!-- x -->", "<!---->", "<?x y?>", "<![CDATA[x]]>", "<![CDATA[]]>", "&#x41;", "&#13;", "&x;", "<x/>", " ", "\n", "\t",
		"<!DOCTYPE x>", ` ID="_evil"`, ` xmlns="urn:evil"`, ` xmlns:saml="urn:evil"`, "\u200b", "\x00",
	}
	thing := things[r.IntN(len(things))]
	i := r.IntN(len(doc) + 1)
	if r.IntN(2) == 0 { // beside a tag, where most of them are allowed
		e := anyElement(r, doc)
		i = []int{e.start, e.end, bodyStart(doc, e), bodyStart(doc, e) - 1}[r.IntN(4)]
	}
	return fmt.Sprintf("%q at %d", thing, i), doc[:i] + thing + doc[i:]
}

// forgeCopy repeats an element with other claims, in its old place or another.
func forgeCopy(r *rand.Rand, doc string) (string, string) {
	e := anyElement(r, doc)
	text := strings.NewReplacer(testNameID, "eve", "ada@acme.com", "eve@acme.com", "_assertion1", "_evil", "_response1", "_evil2").Replace(doc[e.start:e.end])
	switch r.IntN(3) {
	case 0:
		return e.Local + " forged before", doc[:e.start] + text + doc[e.start:]
	case 1:
		return e.Local + " forged behind", doc[:e.end] + text + doc[e.end:]
	}
	return e.Local + " replaced by a forged one", doc[:e.start] + text + doc[e.end:]
}

// changeText replaces a claim wherever it stands.
func changeText(r *rand.Rand, doc string) (string, string) {
	claims := []string{
		testNameID, "ada@acme.com", "staff", testSPEntity, testIDPEntity, testACS, "_request1", "2026-11-25T09:3", "status:Success",
		"cm:bearer", "persistent", "sha256", "enveloped", "exc-c14n", "SignedInfo", "Assertion", "Response", "EncryptedKey", "aes256-gcm",
	}
	c := claims[r.IntN(len(claims))]
	return c + " changed", strings.Replace(doc, c, c[:len(c)-1]+"X", 1+r.IntN(3))
}

// Threats T-XML-07 and T-XML-33: of thousands of generated mutants of genuine
// responses, each is refused with a reason, or amounts to exactly the claims that
// the identity provider signed. Mutants that are accepted verify for xmlsec1
// too; those whose digest or signature is wrong for us are wrong for it.
func TestParseResponse_MutantsAreRefusedOrChangeNothing(t *testing.T) {
	t.Parallel()
	const perSeed = 600
	oracle := newOracle(t)
	claimed := base64.StdEncoding.EncodeToString(alpha().cert.Raw)
	reasons := map[string]int{}
	total, accepted := 0, 0
	for n, seed := range mutantSeeds(t) {
		r := rand.New(rand.NewPCG(20261125, uint64(n)))
		for range perSeed {
			how, mutant := mutate(r, seed.doc)
			if mutant == seed.doc {
				continue
			}
			total++
			got, err := ParseResponse([]byte(mutant), testExpect())
			if err != nil {
				reason := fault.From(err).Reason()
				if !fault.Is(err, fault.SAMLResponseInvalid) || reason == "" || got.Assertion != nil {
					t.Errorf("%s, %s: refused without a reason: %v", seed.name, how, err)
				}
				reasons[reason]++
				// xmlsec1 is not told to look at the certificate in the message.
				if reason == "signature" && seed.outer != "" && seed.name != "both signed" && strings.Contains(mutant, claimed) {
					oracle.mustFail(seed.outer, how, mutant)
				}
				continue
			}
			accepted++
			want := seed.claims
			if got.Assertion.ResponseID == "" {
				want.ResponseID = "" // of two signatures the response's was taken off
			}
			if diff := cmp.Diff(want, *got.Assertion); diff != "" {
				t.Errorf("%s, %s: accepted with other claims (-genuine +mutant):\n%s\n%s", seed.name, how, diff, mutant)
			}
			if seed.outer != "" {
				oracle.mustVerify(seed.outer, how, mutant)
			}
		}
	}
	if total < 2000 {
		t.Errorf("%d mutants, want 2,000 or more", total)
	}
	t.Logf("%d mutants, %d of them accepted as they change nothing; refused: %v", total, accepted, reasons)
	oracle.run(t)
}

// oracle compares our verdicts on signatures with those of xmlsec1. A program is
// started for each, so it looks at a part of them only.
type oracle struct {
	dir   string
	files map[string]string // of those that must verify, with what was done to them
	bad   map[string]string // of those that must fail
	kinds map[string]string // file to the name of the signed element
}

// maxOracleRuns bounds the processes that are started, which take some ten
// milliseconds each.
const maxOracleRuns = 100

func newOracle(t *testing.T) *oracle {
	t.Helper()
	o := &oracle{dir: t.TempDir(), files: map[string]string{}, bad: map[string]string{}, kinds: map[string]string{}}
	if err := os.WriteFile(filepath.Join(o.dir, "idp.pem"), []byte(encodePEM(alpha().cert.Raw)), 0o600); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *oracle) add(to map[string]string, element, how, doc string) {
	if len(to) >= maxOracleRuns {
		return
	}
	file := filepath.Join(o.dir, fmt.Sprintf("%d.xml", len(o.kinds)))
	if err := os.WriteFile(file, []byte(doc), 0o600); err != nil {
		panic(err)
	}
	to[file], o.kinds[file] = how, element
}

func (o *oracle) mustVerify(element, how, doc string) { o.add(o.files, element, how, doc) }
func (o *oracle) mustFail(element, how, doc string)   { o.add(o.bad, element, how, doc) }

// verify runs xmlsec1 on one file; the first signature in it counts.
func (o *oracle) verify(file string) (ok bool, out string) {
	cmd := exec.Command("xmlsec1", "--verify", "--enabled-key-data", "rsa", "--pubkey-cert-pem", filepath.Join(o.dir, "idp.pem"),
		"--id-attr:ID", nsProtocol+":Response", "--id-attr:ID", nsAssertion+":Assertion", file)
	raw, err := cmd.CombinedOutput()
	return err == nil, string(raw)
}

func (o *oracle) run(t *testing.T) {
	t.Helper()
	if _, err := exec.LookPath("xmlsec1"); err != nil {
		t.Log("xmlsec1 is not installed: verdicts not compared")
		return
	}
	for file, how := range o.files {
		if ok, out := o.verify(file); !ok {
			t.Errorf("%s: accepted, but xmlsec1 says %s", how, out)
		}
	}
	for file, how := range o.bad {
		if ok, out := o.verify(file); ok {
			t.Errorf("%s: refused for its signature, but xmlsec1 says %s", how, out)
		}
	}
	t.Logf("xmlsec1 agrees on %d accepted and %d refused", len(o.files), len(o.bad))
}
