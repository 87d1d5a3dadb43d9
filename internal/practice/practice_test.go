package practice

import (
	"bytes"
	"encoding/xml"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	testBase = "http://127.0.0.1:4000/practice/acme"
	testSP   = "https://sp.test/metadata"
	testACS  = "https://sp.test/acs"
)

// testNow is the time of every test here.
func testNow() time.Time { return time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC) }

// testKeys are two pairs that all tests share, because making them is slow.
var testKeys = sync.OnceValue(func() []byte {
	a, err := generateKeyPair("current", testNow())
	if err != nil {
		return nil
	}
	b, err := generateKeyPair("next", testNow())
	if err != nil {
		return nil
	}
	text, _ := encodeKeys(a, b)
	return text
})

// testReceiver is the service provider's encryption key; it also stands for the stranger's.
var testReceiver = sync.OnceValue(func() *keyPair {
	p, _ := generateKeyPair("sp", testNow())
	return p
})

var alice = Person{Login: "alice@acme.test", Mail: "alice@acme.test", FirstName: "Alice", LastName: "Ämter", Groups: []string{"staff", "eng"}}

func testIDP(t *testing.T, change func(*Config)) *IDP {
	t.Helper()
	c := Config{
		BaseURL: testBase, Name: "Acme practice", Now: testNow, Keys: testKeys(),
		People: []Person{alice, {Mail: "bob@acme.test", FirstName: "Bob"}},
		SPs:    []SP{{EntityID: testSP, ACSURL: testACS, Name: "Demo", EncryptionCert: testReceiver().cert}},
	}
	if change != nil {
		change(&c)
	}
	i, err := New(c)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	i.stranger = &keyPair{key: testReceiver().key, cert: testReceiver().cert}
	return i
}

func respond(t *testing.T, i *IDP, r Request) string {
	t.Helper()
	if r.SP == "" {
		r.SP = testSP
	}
	if r.Person == "" {
		r.Person = alice.Login
	}
	answer, err := i.Respond(r)
	if err != nil {
		t.Fatalf("Respond(%q): %v", r.Misbehave, err)
	}
	document, err := answer.XML()
	if err != nil {
		t.Fatalf("Respond(%q): not base64: %v", r.Misbehave, err)
	}
	return string(document)
}

// wellFormed reports what is wrong with a document.
func wellFormed(document string) error {
	return xml.Unmarshal([]byte(document), &struct{ XMLName xml.Name }{})
}

func TestNew_SaysWhatIsWrongWithItsConfiguration(t *testing.T) {
	t.Parallel()
	tests := map[string]func(*Config){
		"no clock":                       func(c *Config) { c.Now = nil },
		"no base":                        func(c *Config) { c.BaseURL = "" },
		"a slash at the end of the base": func(c *Config) { c.BaseURL = testBase + "/" },
		"a pattern in the base":          func(c *Config) { c.BaseURL = "http://127.0.0.1/{x}" },
		"an unknown flavour":             func(c *Config) { c.Flavour = "salty" },
		"keys that are none":             func(c *Config) { c.Keys = []byte("x") },
		"an ACS URL with a script":       func(c *Config) { c.SPs = []SP{{EntityID: "x", ACSURL: "javascript:alert(1)"}} },
		"an ACS URL that bends a policy": func(c *Config) { c.SPs = []SP{{EntityID: "x", ACSURL: "https://a;script-src*/"}} },
		"an onward origin with a path":   func(c *Config) { c.SPs = []SP{{EntityID: "x", ACSURL: testACS, Onward: []string{"http://a/b"}}} },
		"a person without any name":      func(c *Config) { c.People = []Person{{FirstName: "X"}} },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := Config{BaseURL: testBase, Now: testNow, Keys: testKeys()}
			change(&c)
			if _, err := New(c); err == nil {
				t.Error("New: got no error")
			}
		})
	}
}

func TestNew_KeepsItsKeysOverARestart(t *testing.T) {
	t.Parallel()
	var saved []byte
	first := testIDP(t, func(c *Config) {
		c.Keys = nil
		c.SaveKeys = func(pem []byte) error { saved = bytes.Clone(pem); return nil }
	})
	if len(saved) == 0 {
		t.Fatal("SaveKeys was not called for the generated key")
	}
	if _, err := first.NextCertificate(); err != nil {
		t.Fatalf("NextCertificate: %v", err)
	}
	second := testIDP(t, func(c *Config) { c.Keys = saved })
	if !second.Certificate().Equal(first.Certificate()) {
		t.Error("the certificate changed")
	}
	a, _ := first.NextCertificate()
	b, _ := second.NextCertificate()
	if !a.Equal(b) {
		t.Error("the next certificate changed")
	}
}

func TestPerson_SubjectOutlivesAChangeOfAddressAndIsNotTheAddress(t *testing.T) {
	t.Parallel()
	i := testIDP(t, nil)
	before, _ := i.Person(alice.Login)
	changed := before
	changed.Mail = "alice.king@acme.test"
	if err := i.SetPerson(changed); err != nil {
		t.Fatal(err)
	}
	other := testIDP(t, func(c *Config) { c.BaseURL = "http://127.0.0.1:9999" })
	elsewhere, _ := other.Person(alice.Login)
	after, ok := i.Person("ALICE.king@acme.test")
	if !ok || after.Subject != before.Subject || elsewhere.Subject != before.Subject {
		t.Errorf("subjects %q, %q, %q; found %v", before.Subject, after.Subject, elsewhere.Subject, ok)
	}
	if strings.Contains(before.Subject, "@") || before.Subject == "" {
		t.Errorf("subject %q", before.Subject)
	}
}

func TestMetadata_AnnouncesTheNextKeyAndThenRollsOver(t *testing.T) {
	t.Parallel()
	i := testIDP(t, nil)
	current := i.Certificate()
	next, err := i.NextCertificate()
	if err != nil {
		t.Fatal(err)
	}
	check := func(when string, wantCurrent, wantNext bool) {
		t.Helper()
		metadata := string(i.Metadata())
		if err := wellFormed(metadata); err != nil {
			t.Fatalf("metadata %s: %v", when, err)
		}
		hasCurrent := strings.Contains(metadata, keyInfo(&keyPair{cert: current}))
		hasNext := strings.Contains(metadata, keyInfo(&keyPair{cert: next}))
		if hasCurrent != wantCurrent || hasNext != wantNext {
			t.Errorf("metadata %s: shows current %v, next %v; want %v, %v", when, hasCurrent, hasNext, wantCurrent, wantNext)
		}
	}
	check("at first", true, false)
	if err := i.AnnounceNext(); err != nil {
		t.Fatal(err)
	}
	check("after the announcement", true, true)
	if err := i.RollOver(); err != nil {
		t.Fatal(err)
	}
	check("after the rollover", false, true)
	if !i.Certificate().Equal(next) {
		t.Error("the next key does not sign")
	}
}

func TestMetadata_NamesBothBindings(t *testing.T) {
	t.Parallel()
	metadata := string(testIDP(t, func(c *Config) { c.WantSignedRequests = true }).Metadata())
	for _, want := range []string{
		`entityID="` + testBase + `/metadata"`, `Binding="` + bindingRedirect + `" Location="` + testBase + `/sso"`,
		`Binding="` + bindingPOST + `" Location="` + testBase + `/sso"`, `WantAuthnRequestsSigned="true"`,
	} {
		if !strings.Contains(metadata, want) {
			t.Errorf("metadata lacks %s:\n%s", want, metadata)
		}
	}
}

func TestReadSP_ReadsWhatServiceProvidersPublish(t *testing.T) {
	t.Parallel()
	cert := keyInfo(testReceiver())
	key := func(use string) string {
		return `<m:KeyDescriptor` + use + `><ds:KeyInfo xmlns:ds="` + nsSignature + `">` + cert + `</ds:KeyInfo></m:KeyDescriptor>`
	}
	acs := func(more, location string) string {
		return `<m:AssertionConsumerService Binding="` + bindingPOST + `" index="1" ` + more + `Location="` + location + `"/>`
	}
	wrap := func(in string) string {
		return `<m:EntityDescriptor xmlns:m="` + nsMetadata + `" entityID="` + testSP + `">` + in + `</m:EntityDescriptor>`
	}
	sp := func(in string) string { return wrap("<m:SPSSODescriptor>" + in + "</m:SPSSODescriptor>") }
	tests := map[string]struct {
		document string
		acs      string // empty: refused
		encrypts bool
		signs    int
	}{
		"a key without use is for both":        {sp(key("") + acs("", testACS)), testACS, true, 1},
		"a signing key is not for encryption":  {sp(key(` use="signing"`) + acs("", testACS)), testACS, false, 1},
		"an encryption key is not for signing": {sp(key(` use="encryption"`) + acs("", testACS)), testACS, true, 0},
		"the default endpoint wins":            {sp(acs("", "https://sp.test/1") + acs(`isDefault="true" `, testACS)), testACS, false, 0},
		"no endpoint":                          {document: sp(key(""))},
		"an identity provider":                 {document: wrap("<m:IDPSSODescriptor></m:IDPSSODescriptor>")},
		"a list of providers":                  {document: `<m:EntitiesDescriptor xmlns:m="` + nsMetadata + `">` + sp(acs("", testACS)) + `</m:EntitiesDescriptor>`},
		"a document type":                      {document: "<!DOCTYPE x>" + sp(acs("", testACS))},
		"a certificate that is none":           {document: strings.Replace(sp(key("")+acs("", testACS)), "MII", "!!!", 1)},
		"more than a megabyte":                 {document: sp(acs("", testACS)) + strings.Repeat(" ", maxMetadata)},
		"nothing":                              {document: ""},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := ReadSP([]byte(test.document))
			if (err == nil) != (test.acs != "") {
				t.Fatalf("ReadSP: %v", err)
			}
			if got.ACSURL != test.acs || (got.EncryptionCert != nil) != test.encrypts || len(got.SigningCerts) != test.signs {
				t.Errorf("got %+v", got)
			}
		})
	}
}
