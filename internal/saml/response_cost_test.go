package saml

import (
	"fmt"
	goparser "go/parser"
	"go/token"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Threats T-DOS-03 and T-DOS-05: the most expensive documents within the limits
// cost less than 250 ms and 32 MB. Not parallel: it measures both.
func TestParseResponse_HostileShapesAreCheap(t *testing.T) {
	fill := func(unit string, room int) string { return strings.Repeat(unit, room/len(unit)) }
	const room = 376 << 10
	wide := func(prefix string) string {
		var b strings.Builder
		for i := range 32 {
			fmt.Fprintf(&b, ` xmlns:%s%d="urn:x%d"`, prefix, i, i)
		}
		return b.String()
	}
	var many, ids strings.Builder
	for i := range 64 {
		fmt.Fprintf(&many, ` a31:a%d=""`, i)
	}
	for i := range 9_000 {
		fmt.Fprintf(&ids, `<x ID="%d"/>`, i)
	}
	signed := newTestIDP("_response1")
	inExtensions := func(s string) string {
		p := *signed
		p.replace("<samlp:Status>", "<samlp:Extensions>"+s+"</samlp:Extensions><samlp:Status>")
		return p.response(t)
	}
	scope := "<a" + wide("a") + "><b" + wide("b") + "><c" + wide("c") + ">"
	docs := map[string]string{
		"many elements":               inExtensions(fill("<x/>", 9_900*4)),
		"many comments":               inExtensions(fill("<!---->", room)),
		"many references":             inExtensions("<x>" + strings.Repeat(fill("&#13;", 120<<10)+"<y/>", 3) + "</x>"),
		"many names in a deep scope":  inExtensions(scope + fill("<x"+many.String()+"/>", room-4000) + "</c></b></a>"),
		"many IDs":                    inExtensions(ids.String()),
		"deep":                        strings.Repeat("<x>", 32) + fill("<y/>", 9_900*4),
		"one long name after another": fill("<"+strings.Repeat("n", 1020)+"/>", room),
		"open angle brackets":         fill("<", room),
		"an unclosed comment":         "<r>" + fill("<!--", room),
		"an unclosed value":           `<r a="` + fill("x", room),
		"many signatures":             inExtensions(fill(`<ds:Signature xmlns:ds="`+nsDSig+`"/>`, room)),
		"many assertions":             inExtensions(fill(`<saml:Assertion/>`, 150<<10)),
	}
	for name, doc := range docs {
		var memory uint64
		best := fastest(t, 250*time.Millisecond, func() {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, _ = ParseResponse([]byte(doc), testExpect()) // some are genuine, some are not
			runtime.ReadMemStats(&after)
			memory = after.TotalAlloc - before.TotalAlloc
		})
		if best > 250*time.Millisecond || memory > 32<<20 {
			t.Errorf("%s: %v and %d KiB, want less than 250 ms and 32 MiB", name, best, memory>>10)
		}
		t.Logf("%s: %v, %d KiB", name, best, memory>>10)
	}
}

// Threat T-XML-06: there is one reader of XML in the package.
func TestPackageHasOneXMLReader(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		file, err := goparser.ParseFile(token.NewFileSet(), e.Name(), nil, goparser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range file.Imports {
			if strings.Contains(strings.ToLower(i.Path.Value), "xml") || strings.Contains(i.Path.Value, "etree") {
				t.Errorf("%s imports %s", e.Name(), i.Path.Value)
			}
		}
	}
}
