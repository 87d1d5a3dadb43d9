package signin

import (
	"strings"
	"testing"

	"usher/internal/oidc"
)

// However the XML is written, nothing stays that proves a message.
func TestRedactXML_TakesOutWhatProves(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"with a prefix":                `<ds:SignatureValue>SECRET</ds:SignatureValue>`,
		"without":                      `<SignatureValue>SECRET</SignatureValue>`,
		"with a prefix of other signs": `<é.x-1:SignatureValue>SECRET</é.x-1:SignatureValue>`,
		"with attributes":              `<ds:SignatureValue Id="a>b" x='>'>SECRET</ds:SignatureValue >`,
		"over several lines":           "<ds:SignatureValue\n>SEC\nSECRET\n</ds:SignatureValue\n>",
		"with a comment inside":        `<ds:SignatureValue>x<!-- </a> -->SECRET</ds:SignatureValue>`,
		"with CDATA inside":            `<ds:SignatureValue><![CDATA[<SECRET>]]>SECRET</ds:SignatureValue>`,
		"two of them":                  `<a:SignatureValue>SECRET</a:SignatureValue><b/><a:SignatureValue>SECRET</a:SignatureValue>`,
		"of a cipher":                  `<xenc:CipherData><xenc:CipherValue>SECRET</xenc:CipherValue></xenc:CipherData>`,
		"that never ends":              `<ds:SignatureValue>SECRET`,
	} {
		got := redactXML([]byte("<r>" + text + "</r>"))
		if strings.Contains(got, "SECRET") || !strings.HasPrefix(got, "<r>") {
			t.Errorf("%s: %s", name, got)
		}
	}
	if got := redactXML([]byte("<r><Attribute>mail</Attribute></r>")); got != "<r><Attribute>mail</Attribute></r>" {
		t.Errorf("what proves nothing: %s", got)
	}
	for name, raw := range map[string]string{
		"UTF-16":   "\xff\xfe<\x00r\x00",
		"too long": "<r>" + strings.Repeat("x", maxShown),
	} {
		if got := redactXML([]byte(raw)); got != "" {
			t.Errorf("%s is shown: %.40q", name, got)
		}
	}
}

func TestRedactOIDC_TakesOutWhatProves(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		token, info    string
		idToken, shown string
	}{
		"an ID token":              {"h.p.SECRET", `{"sub":"a"}`, "h.p.redacted", `{"sub":"a"}`},
		"one that is encrypted":    {"SECRET.b.c.d.e", "", "redacted", ""},
		"one that is none":         {"SECRET", "", "redacted", ""},
		"user info that is signed": {"", "h.p.SECRET", "", "h.p.redacted"},
		"user info that is none":   {"", "SECRET", "", "redacted"},
		"nothing":                  {},
	}
	for name, test := range tests {
		ev := oidc.Evidence{Token: &oidc.TokenAnswer{IDToken: test.token}, UserInfo: &oidc.Document{Body: []byte(test.info)}}
		if id, info := redactOIDC(ev); id != test.idToken || info != test.shown {
			t.Errorf("%s: %q and %q, want %q and %q", name, id, info, test.idToken, test.shown)
		}
	}
	if id, info := redactOIDC(oidc.Evidence{}); id != "" || info != "" {
		t.Errorf("nothing that came: %q and %q", id, info)
	}
}
