package guide

import (
	"strings"
	"testing"
)

const facts = "key: x\nname: X\nprotocol: saml\nprovider: saml_custom\n\n"

func TestParse_ReadsEveryBlock(t *testing.T) {
	t.Parallel()
	g, err := parse(facts + "# create: Make it\n\nGo to **Apps** → `x`, see\n<https://x.test>.\n\n1. One\n   goes on.\n   copy A: {acs_url}\n2. Two.\n\n" +
		"copy B (C): {sp_entity_id}\n\n| H | I |\n|---|---|\n| a | `b` |\n\n> note: N\n> goes on.\n\n> warning: W.\n\nask metadata_url | idp_entity_id + certificate\n")
	if err != nil {
		t.Fatal(err)
	}
	b := g.Steps[0].Blocks
	want := []BlockKind{BlockText, BlockList, BlockCopy, BlockTable, BlockNote, BlockWarning, BlockAsk}
	if len(b) != len(want) {
		t.Fatalf("got %+v", b)
	}
	for i, kind := range want {
		if b[i].Kind != kind {
			t.Errorf("block %d is %s, want %s", i, b[i].Kind, kind)
		}
	}
	if got := b[0].Text; len(got) != 7 || got[1] != (Span{SpanStrong, "Apps"}) || got[3] != (Span{SpanCode, "x"}) || got[5] != (Span{SpanLink, "https://x.test"}) {
		t.Errorf("got %q", got)
	}
	if got := b[1].Items; len(got) != 2 || got[0].Text[0].Text != "One goes on." || got[0].Values[0] != (Value{"A", "{acs_url}"}) {
		t.Errorf("got %+v", got)
	}
	if got := b[4].Text[0].Text; got != "N goes on." {
		t.Errorf("got %q", got)
	}
	if got := b[6].Ask; len(got) != 2 || len(got[1]) != 2 || got[1][1] != InputCertificate {
		t.Errorf("got %q", got)
	}
}

func TestParse_RefusesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for what, text := range map[string]string{
		"no fact":               "key\n",
		"a fact twice":          "key: a\nkey: b\n",
		"a fact of no name":     "colour: red\n",
		"text without a step":   facts + "Text\n",
		"an unknown step":       facts + "# make: X\n",
		"an unknown holder":     facts + "# create: X\n\nThe {secret}.\n",
		"an unknown value":      facts + "# create: X\n\ncopy A: {acs}\n",
		"a stray star":          facts + "# create: X\n\nThis *is*.\n",
		"a tag":                 facts + "# create: X\n\nThis <b>is</b>.\n",
		"a plain link":          facts + "# create: X\n\nSee <http://x.test>.\n",
		"an open code":          facts + "# create: X\n\nThis `is.\n",
		"a wrong number":        facts + "# create: X\n\n1. One\n3. Three\n",
		"text after values":     facts + "# create: X\n\n1. One\n   copy A: b\n   more\n",
		"a copy of nothing":     facts + "# create: X\n\ncopy A\n",
		"a table without a row": facts + "# create: X\n\n| a |\n|---|\n",
		"a short row":           facts + "# create: X\n\n| a | b |\n|---|---|\n| c |\n",
		"no line below a head":  facts + "# create: X\n\n| a | b |\n| c | d |\n",
		"another aside":         facts + "# create: X\n\n> tip: x\n",
		"an unknown input":      facts + "# create: X\n\nask password\n",
		"an input of OIDC":      facts + "# create: X\n\nask client_id\n",
		"two blocks as one":     facts + "# create: X\n\ncopy A: b\ncopy C: d\n",
		"no UTF-8":              "key: \xff\n",
	} {
		if _, err := parse(text); err == nil || !strings.Contains(err.Error(), " ") {
			t.Errorf("%s: %v", what, err)
		}
	}
}
