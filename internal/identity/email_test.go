package identity_test

import (
	"strings"
	"testing"

	"usher/internal/fault"
	"usher/internal/identity"
)

func TestParseEmail(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   string
		want identity.Email // empty: refused
	}{
		"threat T-ID-01: case in both parts is one person":  {"Alice@ACME.Test", "alice@acme.test"},
		"threat T-ID-01: the stored form is itself":         {"alice@acme.test", "alice@acme.test"},
		"an apostrophe is a letter of names":                {"O'Brien@acme.test", "o'brien@acme.test"},
		"digits, hyphen and underscore":                     {"a_b-c.9@acme-2.test", "a_b-c.9@acme-2.test"},
		"threat T-ID-07: a sub-address is another person":   {"alice+x@acme.test", "alice+x@acme.test"},
		"threat T-ID-07: dots in the local part stay":       {"a.l.i.c.e@acme.test", "a.l.i.c.e@acme.test"},
		"threat T-ID-03: a U-label is stored as an A-label": {"a@bücher.test", "a@xn--bcher-kva.test"},

		"threat T-ID-02: Kelvin sign in the local part":     {"\u212aate@acme.test", ""},
		"threat T-ID-02: Kelvin sign in the domain":         {"kate@\u212aate.test", ""},
		"threat T-ID-02: dotless i":                         {"adm\u0131n@acme.test", ""},
		"threat T-ID-02: full-width @":                      {"a\uff20acme.test", ""},
		"threat T-ID-02: full-width letter in the domain":   {"a@\uff41cme.test", ""},
		"threat T-ID-02: full-width dot in the domain":      {"a@acme\uff0etest", ""},
		"threat T-ID-02: ideographic dot in the domain":     {"a@acme\u3002test", ""},
		"threat T-ID-02: ligature":                          {"a@o\ufb03ce.test", ""},
		"threat T-ID-02: zero-width space":                  {"a@ac\u200bme.test", ""},
		"threat T-ID-02: zero-width joiner":                 {"a@ac\u200dme.test", ""},
		"threat T-ID-02: joiner where IDNA allows it":       {"a@\u0915\u094d\u200d\u0937.test", ""},
		"threat T-ID-02: joiner where IDNA allows it, as A": {"a@xn--11b2ezcw70k.test", ""},
		"threat T-ID-02: bidi override":                     {"a@ac\u202eme.test", ""},
		"threat T-ID-02: soft hyphen":                       {"a@ac\u00adme.test", ""},
		"threat T-ID-02: soft hyphen in the local part":     {"a\u00adb@acme.test", ""},
		"threat T-ID-02: decomposed accent":                 {"a@bu\u0308cher.test", ""},
		"threat T-ID-02: upper case beyond ASCII":           {"a@B\u00dcCHER.test", ""},
		"threat T-ID-02: umlaut in the local part":          {"b\u00fccher@acme.test", ""},
		"threat T-ID-02: invalid UTF-8":                     {"a@ac\xffme.test", ""},

		"threat T-ID-04: dot at the end":         {"a@acme.test.", ""},
		"threat T-ID-04: dot at the start":       {"a@.acme.test", ""},
		"threat T-ID-04: two dots in the domain": {"a@acme..test", ""},
		"threat T-ID-04: two dots before @":      {"a..b@acme.test", ""},
		"threat T-ID-04: dot before @":           {"a.@acme.test", ""},
		"threat T-ID-04: dot first":              {".a@acme.test", ""},
		"threat T-ID-04: space in front":         {" a@acme.test", ""},
		"threat T-ID-04: space behind":           {"a@acme.test ", ""},
		"threat T-ID-04: space around @":         {"a @acme.test", ""},
		"threat T-ID-04: single label":           {"a@localhost", ""},
		"threat T-ID-04: IP literal":             {"a@[127.0.0.1]", ""},
		"threat T-ID-04: bare IP address":        {"a@127.0.0.1", ""},
		"threat T-ID-04: IPv6 literal":           {"a@[IPv6:::1]", ""},
		"threat T-ID-04: underscore in domain":   {"a@ac_me.test", ""},
		"threat T-ID-04: hyphen first":           {"a@-acme.test", ""},
		"threat T-ID-04: hyphen last":            {"a@acme-.test", ""},
		"threat T-ID-04: port":                   {"a@acme.test:25", ""},

		"threat T-ID-05: two @":                   {"a@evil.test@acme.test", ""},
		"threat T-ID-05: quoted local part":       {`"a"@acme.test`, ""},
		"threat T-ID-05: quoted @":                {`"a@evil.test"@acme.test`, ""},
		"threat T-ID-05: backslash":               {`a\b@acme.test`, ""},
		"threat T-ID-05: comment before":          {"(c)a@acme.test", ""},
		"threat T-ID-05: comment behind":          {"a@acme.test(c)", ""},
		"threat T-ID-05: angle brackets":          {"<a@acme.test>", ""},
		"threat T-ID-05: display name":            {"A <a@acme.test>", ""},
		"threat T-ID-05: % hack":                  {"a%evil.test@acme.test", ""},
		"threat T-ID-05: ! path":                  {"evil.test!a@acme.test", ""},
		"threat T-ID-05: source route":            {"@evil.test:a@acme.test", ""},
		"threat T-ID-05: list":                    {"a@evil.test,b@acme.test", ""},
		"threat T-ID-05: encoded word":            {"=?utf-8?q?a=40evil.test=3e?=@acme.test", ""},
		"threat T-ID-05: UTF-7 at sign":           {"a+AEA-evil.test@acme.test", ""},
		"threat T-ID-05: UTF-7 at sign behind @":  {"a@evil.test+AEA-acme.test", ""},
		"threat T-ID-05: percent-encoded at sign": {"a%40evil.test@acme.test", ""},
		"threat T-ID-05: mailto":                  {"mailto:a@acme.test", ""},

		"threat T-ID-06: CR LF in the local part": {"a\r\nBcc: b@acme.test", ""},
		"threat T-ID-06: LF behind":               {"a@acme.test\n", ""},
		"threat T-ID-06: NUL":                     {"a\x00@acme.test", ""},
		"threat T-ID-06: NUL in the domain":       {"a@acme\x00.test", ""},
		"threat T-ID-06: tab":                     {"a\t@acme.test", ""},
		"threat T-ID-06: DEL":                     {"a\x7f@acme.test", ""},

		"nothing":                       {"", ""},
		"@ alone":                       {"@", ""},
		"nothing before @":              {"@acme.test", ""},
		"nothing behind @":              {"a@", ""},
		"no @":                          {"acme.test", ""},
		"a public suffix has mailboxes": {"a@co.uk", "a@co.uk"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := identity.ParseEmail(tt.in)
			if got != tt.want || (err == nil) != (tt.want != "") {
				t.Fatalf("ParseEmail(%q) = %q, %v; want %q", tt.in, got, err, tt.want)
			}
			if err != nil {
				isFormatFault(t, err, "email_address")
			}
		})
	}
}

func isFormatFault(t *testing.T, err error, param string) {
	t.Helper()
	f := fault.From(err)
	if f.Code() != fault.FormParamFormatInvalid || f.Meta()["param_name"] != param {
		t.Errorf("got %v with %v; want form_param_format_invalid of %s", err, f.Meta(), param)
	}
}

func TestParseEmail_sizesOfThreatTID06(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return strings.Repeat("a", n) }
	label := long(61) + "." // 62 octets
	domain := strings.Repeat(label, 3) + "test"
	tests := map[string]struct {
		in string
		ok bool
	}{
		"64 octets before @":                  {long(64) + "@acme.test", true},
		"65 octets before @":                  {long(65) + "@acme.test", false},
		"254 octets":                          {long(63) + "@" + domain, true},
		"255 octets":                          {long(64) + "@" + domain, false},
		"a label of 64 octets":                {"a@" + long(64) + ".test", false},
		"a label that grows as an A-label":    {"a@" + strings.Repeat("ü", 60) + ".test", false},
		"an address that grows as an A-label": {long(64) + "@" + strings.Repeat("aü.", 45) + "test", false},
		"a megabyte before @":                 {long(1<<20) + "@acme.test", false},
		"a megabyte domain literal":           {"a@[" + long(1<<20) + "]", false},
		"a megabyte of @":                     {strings.Repeat("@", 1<<20), false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got, err := identity.ParseEmail(tt.in); (err == nil) != tt.ok {
				t.Errorf("ParseEmail: %d octets, %v; want accepted: %v", len(got), err, tt.ok)
			}
		})
	}
}

func TestEmail_parts(t *testing.T) {
	t.Parallel()
	e := identity.Email("ada@acme.test")
	if e.Local() != "ada" || e.Domain() != "acme.test" {
		t.Errorf("got %q and %q", e.Local(), e.Domain())
	}
	if e := identity.Email(""); e.Local() != "" || e.Domain() != "" {
		t.Errorf("of nothing: got %q and %q", e.Local(), e.Domain())
	}
}

func TestParseDomain(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in   string
		want identity.Domain // empty: refused
	}{
		"lower case":                                        {"ACME.Test", "acme.test"},
		"threat T-ID-03: U-label":                           {"bücher.test", "xn--bcher-kva.test"},
		"threat T-ID-03: A-label":                           {"XN--BCHER-KVA.test", "xn--bcher-kva.test"},
		"threat T-ID-03: A-label of ASCII":                  {"xn--acme-.test", ""},
		"threat T-ID-03: empty A-label":                     {"xn--.test", ""},
		"threat T-ID-03: A-label of upper case":             {"xn--BCHER-9na.test", ""},
		"threat T-ID-03: broken punycode":                   {"xn--a-\u00fc.test", ""},
		"threat T-ID-03: A-label of rubbish":                {"xn--0000h.test", ""},
		"threat T-ID-03: mixed scripts are one domain too":  {"p\u0430ypal.test", "xn--pypal-4ve.test"},
		"threat T-ID-04: dot at the end":                    {"acme.test.", ""},
		"threat T-ID-04: dot at the start":                  {".acme.test", ""},
		"threat T-ID-04: two dots":                          {"acme..test", ""},
		"threat T-ID-04: space":                             {" acme.test", ""},
		"threat T-ID-04: space inside":                      {"ac me.test", ""},
		"threat T-ID-04: single label":                      {"test", ""},
		"threat T-ID-04: IP address":                        {"10.0.0.1", ""},
		"threat T-ID-04: hexadecimal address":               {"10.0x1", ""},
		"threat T-ID-04: IP literal":                        {"[10.0.0.1]", ""},
		"threat T-ID-04: wildcard":                          {"*.acme.test", ""},
		"threat T-ID-04: hyphens in third and fourth place": {"ab--cd.test", ""},
		"threat T-ID-05: @":                                 {"@acme.test", ""},
		"threat T-ID-06: a megabyte":                        {strings.Repeat("a.", 1<<19) + "test", ""},
		"threat T-ID-06: 253 octets":                        {strings.Repeat("a.", 124) + "atest", identity.Domain(strings.Repeat("a.", 124) + "atest")},
		"threat T-ID-06: 254 octets":                        {strings.Repeat("a.", 124) + "aatest", ""},
		"nothing":                                           {"", ""},
		"a dot":                                             {".", ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := identity.ParseDomain(tt.in)
			if got != tt.want || (err == nil) != (tt.want != "") {
				t.Fatalf("ParseDomain(%.80q) = %q, %v; want %q", tt.in, got, err, tt.want)
			}
			if err != nil {
				isFormatFault(t, err, "domains")
			}
		})
	}
}

func TestDomain_IsSubdomainOf_threatTID08(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		d, parent identity.Domain
		want      bool
	}{
		"a label below":                 {"eu.acme.test", "acme.test", true},
		"two labels below":              {"a.eu.acme.test", "acme.test", true},
		"itself is not":                 {"acme.test", "acme.test", false},
		"the parent is not":             {"acme.test", "eu.acme.test", false},
		"another label with its ending": {"evilacme.test", "acme.test", false},
		"its name in front":             {"acme.test.evil", "acme.test", false},
		"nothing has no subdomains":     {"acme.test", "", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := tt.d.IsSubdomainOf(tt.parent); got != tt.want {
				t.Errorf("%q below %q: got %v", tt.d, tt.parent, got)
			}
		})
	}
}

func TestDomain_publicSuffix_threatTID09(t *testing.T) {
	t.Parallel()
	tests := map[identity.Domain]struct{ suffix, registrable bool }{
		"co.uk":                  {true, false},
		"github.io":              {true, false},
		"example.co.uk":          {false, true},
		"a.example.co.uk":        {false, false},
		"usher.github.io":        {false, true},
		"acme.com":               {false, true},
		"acme.test":              {false, true}, // .test is on no list: the default rule "*"
		"eu.acme.test":           {false, false},
		"xn--bcher-kva.xn--p1ai": {false, true},
	}
	for d, want := range tests {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			if d.IsPublicSuffix() != want.suffix || d.IsRegistrable() != want.registrable {
				t.Errorf("got suffix %v, registrable %v; want %v", d.IsPublicSuffix(), d.IsRegistrable(), want)
			}
		})
	}
}

func TestDomain_Display_threatTID03(t *testing.T) {
	t.Parallel()
	tests := map[string]struct{ in, want string }{
		"ASCII":                            {"acme.test", "acme.test"},
		"Latin":                            {"bücher.test", "bücher.test"},
		"digits belong to every script":    {"bücher24.test", "bücher24.test"},
		"Japanese with Latin":              {"acme例えカタ.test", "acme例えカタ.test"},
		"Cyrillic alone":                   {"пример.рф", "пример.рф"},
		"a Cyrillic letter in Latin":       {"p\u0430ypal.test", "xn--pypal-4ve.test"},
		"Cyrillic under a Latin top level": {"пример.test", "xn--e1afmkfd.test"},
		"Greek with Japanese":              {"αカ.test", "xn--mxa241u.test"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d, err := identity.ParseDomain(tt.in)
			if err != nil {
				t.Fatal(err)
			}
			if got := d.Display(); got != tt.want {
				t.Errorf("got %q; want %q", got, tt.want)
			}
		})
	}
}

func FuzzParseEmail(f *testing.F) {
	for _, s := range []string{"Alice@ACME.Test", "a@bücher.test", "a@xn--acme-.test", `"a@b"@c.test`, "a@[::1]", "a@b@c.test", "a+AEA-b@c.test"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		e, err := identity.ParseEmail(s)
		if err != nil {
			if e != "" {
				t.Fatalf("refused with a value: %q", e)
			}
			return
		}
		if len(e) > 254 || strings.Count(string(e), "@") != 1 {
			t.Fatalf("not a plain address: %q", e)
		}
		for _, c := range []byte(e) {
			if c <= ' ' || c >= 0x7f || 'A' <= c && c <= 'Z' || strings.IndexByte("\"(),:;<>[\\]%!", c) >= 0 {
				t.Fatalf("%q holds %q", e, c)
			}
		}
		if again, err := identity.ParseEmail(string(e)); err != nil || again != e {
			t.Fatalf("not a fixed point: %q, %q, %v", e, again, err)
		}
		if d, err := identity.ParseDomain(string(e.Domain())); err != nil || d != e.Domain() {
			t.Fatalf("domain of %q: %q, %v", e, d, err)
		}
	})
}

func FuzzParseDomain(f *testing.F) {
	for _, s := range []string{"ACME.test", "bücher.test", "xn--acme-.test", "a..b", "acme.test.", "xn--bcher-kva.test", "例え.jp", "1.2.3.4"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := identity.ParseDomain(s)
		if err != nil {
			if d != "" {
				t.Fatalf("refused with a value: %q", d)
			}
			return
		}
		if len(d) > 253 || !strings.Contains(string(d), ".") || strings.HasSuffix(string(d), ".") {
			t.Fatalf("not a domain: %q", d)
		}
		if again, err := identity.ParseDomain(string(d)); err != nil || again != d {
			t.Fatalf("not a fixed point: %q, %q, %v", d, again, err)
		}
		if shown, err := identity.ParseDomain(d.Display()); err != nil || shown != d {
			t.Fatalf("shown as another: %q, %q, %v", d, shown, err)
		}
		if d.IsSubdomainOf(d) || d.IsPublicSuffix() && d.IsRegistrable() {
			t.Fatalf("contradiction about %q", d)
		}
	})
}
