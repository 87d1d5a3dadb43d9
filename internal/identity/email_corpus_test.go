package identity_test

import (
	"encoding/xml"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usher/internal/identity"
)

// corpus reads a file of the corpus that may lie beside the checkout.
func corpus(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "..", "shared", "corpus", "email", name))
	if errors.Is(err, fs.ErrNotExist) {
		t.Skip("the corpus is not beside the checkout: ", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// Threats T-ID-02, T-ID-04 and T-ID-05: of the vectors of isemail, those that
// mail software reads as something else than a plain address are all refused.
func TestParseEmail_isemailVectors(t *testing.T) {
	t.Parallel()
	var doc struct {
		Tests []struct {
			ID        string `xml:"id,attr"`
			Address   string `xml:"address"`
			Category  string `xml:"category"`
			Diagnosis string `xml:"diagnosis"`
		} `xml:"test"`
	}
	if err := xml.Unmarshal(corpus(t, "1742-dominicsayer-tests.xml"), &doc); err != nil {
		t.Fatal(err)
	}
	if len(doc.Tests) < 160 {
		t.Fatalf("got %d vectors", len(doc.Tests))
	}
	accepted := 0
	for _, v := range doc.Tests {
		plain := v.Category == "ISEMAIL_VALID_CATEGORY" || v.Category == "ISEMAIL_DNSWARN"
		e, err := identity.ParseEmail(controls(v.Address))
		if err != nil {
			continue
		}
		accepted++
		if !plain {
			t.Errorf("vector %s (%s): %q was read as %q", v.ID, v.Diagnosis, v.Address, e)
		}
		if string(e) != strings.ToLower(v.Address) {
			t.Errorf("vector %s: %q was read as another address, %q", v.ID, v.Address, e)
		}
	}
	if accepted < 10 {
		t.Errorf("only %d plain addresses were accepted", accepted)
	}
}

// controls puts control characters back, for which the vectors have the symbols
// that stand 2400 hexadecimal higher.
func controls(s string) string {
	return strings.Map(func(r rune) rune {
		if 0x2400 <= r && r <= 0x241f {
			return r - 0x2400
		}
		return r
	}, s)
}

// Threat T-ID-09: the list's own tests. A null result is a public suffix or no
// domain; nothing of that kind may be listed.
func TestDomain_publicSuffixVectors(t *testing.T) {
	t.Parallel()
	n := 0
	for line := range strings.Lines(string(corpus(t, "1743-publicsuffix-tests.txt"))) {
		f := strings.Fields(line)
		if len(f) != 2 || f[0] == "//" || strings.HasPrefix(f[0], "//") {
			continue
		}
		n++
		d, err := identity.ParseDomain(f[0])
		if f[1] == "null" {
			if err == nil && !d.IsPublicSuffix() {
				t.Errorf("%s: want a public suffix or no domain", f[0])
			}
			continue
		}
		want, werr := identity.ParseDomain(f[1])
		if err != nil || werr != nil {
			t.Errorf("%s, %s: %v, %v", f[0], f[1], err, werr)
			continue
		}
		if d.IsPublicSuffix() || !want.IsRegistrable() || d.IsRegistrable() != (d == want) || d != want && !d.IsSubdomainOf(want) {
			t.Errorf("%s: want %s to be the registrable domain", f[0], f[1])
		}
	}
	if n < 60 {
		t.Errorf("got %d vectors", n)
	}
}
