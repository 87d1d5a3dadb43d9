package message_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"usher/internal/message"
)

func TestFor_FindsTheLanguageThatSuitsBest(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]string{
		"":                                "en",
		"*":                               "en",
		"de":                              "de",
		"de-CH":                           "de",
		"DE-ch, en;q=0.8":                 "de",
		"nl, fr-CA;q=0.7, en;q=0.3":       "fr",
		"es-MX":                           "es",
		"ja-JP,ja;q=0.9":                  "ja",
		"pt-BR":                           "pt-BR",
		"pt-PT":                           "pt-BR",
		"pt":                              "pt-BR",
		"zh-CN":                           "en",
		"fr;q=0, de":                      "de",
		"en-GB, de;q=0.9":                 "en",
		"de;q=nonsense":                   "en",
		"\x00":                            "en",
		strings.Repeat("de-", 1000):       "en",
		"x, " + strings.Repeat("de,", 99): "en",
	} {
		if got := message.For(accept).Lang(); got != want {
			t.Errorf("%.40q: got %s, want %s", accept, got, want)
		}
	}
}

func TestT_SaysAMessageWithItsValues(t *testing.T) {
	t.Parallel()
	de := message.In("de")
	for _, test := range []struct {
		got, want string
	}{
		{de.Say("time.minutes_ago", "count", 1), "vor 1 Minute"},
		{de.Say("time.minutes_ago", "count", 5), "vor 5 Minuten"},
		{message.In("fr").Say("time.days_ago", "count", 0), "il y a 0 jour"}, // nought is singular there
		{message.In("ja").Say("time.days_ago", "count", 1), "1 日前"},
		{message.In("x").Say("time.just_now"), "just now"},
		{de.Say("no.such"), "no.such"},
		{de.Say("home.signed_in_as", "person", "{person} **x** [y]"), "Sie sind als {person} **x** [y] angemeldet."},
		{de.Say("sign_in.new"), "Neu hier? Konto anlegen"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
	for what, call := range map[string]func() (string, error){
		"a key that nobody knows": func() (string, error) { return de.T("no.such") },
		"a value that is missing": func() (string, error) { return de.T("home.signed_in_as") },
		"half a pair":             func() (string, error) { return de.T("home.signed_in_as", "person") },
		"a name that is none":     func() (string, error) { return de.T("home.signed_in_as", 1, 2) },
	} {
		if got, err := call(); err == nil {
			t.Errorf("%s: %q", what, got)
		}
	}
}

func TestRich_EscapesWordsAndValues(t *testing.T) {
	t.Parallel()
	got, err := message.Text{}.Rich("switch_account.lead", "current", "<b>{app}", "app", `"&"`, "connection", "**x**", "arriving", "[y]")
	if err != nil {
		t.Fatal(err)
	}
	want := `<b><bdi>&lt;b&gt;{app}</bdi></b> is signed in to <bdi>&#34;&amp;&#34;</bdi> in this browser. <bdi>**x**</bdi> now vouches for <b><bdi>[y]</bdi></b>.`
	if string(got) != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	parts, err := message.Text{}.Around("leave.ask_admin_at", "organization", "]", "email", "<i>")
	if err != nil {
		t.Fatal(err)
	}
	if parts.Before != "An administrator of <bdi>]</bdi> can remove you: " || parts.Inside != "<bdi>&lt;i&gt;</bdi>" || parts.After != "." {
		t.Errorf("got %q", parts)
	}
	if _, err := (message.Text{}).Around("home.lead"); err == nil {
		t.Error("a message without brackets has parts")
	}
}

// same are words that are the same in another language and English, on purpose.
var same = map[string][]string{
	"de":    {"page.optional", "page.code", "setup.step_domains", "setup.domain_label", "setup.record_name"},
	"fr":    {"page.code", "setup.step_guide"},
	"pt-BR": {"setup.step_guide"},
	"es":    {"page.error"},
}

var marks = regexp.MustCompile(`\{[a-z_]+\}|\*\*|[\[\]]`)

// Every language has every message, each of its forms with the same placeholders and
// marks, and none of them in English by an oversight.
func TestMessages_AreTranslated(t *testing.T) {
	t.Parallel()
	all, err := message.Raw()
	if err != nil {
		t.Fatal(err)
	}
	english := all["en"]
	for _, lang := range message.Languages() {
		for key := range all[lang] {
			if _, ok := english[key]; !ok {
				t.Errorf("%s: %s is not in English", lang, key)
			}
		}
		for key, forms := range english {
			translated, ok := all[lang][key]
			if !ok {
				t.Errorf("%s lacks %s", lang, key)
				continue
			}
			for form, text := range translated {
				if got, want := marksOf(text), marksOf(forms["other"]); !slices.Equal(got, want) {
					t.Errorf("%s: %s (%s) has %v, English %v", lang, key, form, got, want)
				}
				if strings.TrimSpace(text) != text || text == "" || strings.ContainsAny(text, "<>&\n") {
					t.Errorf("%s: %s is %q", lang, key, text)
				}
				if lang != "en" && text == forms["other"] && !slices.Contains(same[lang], key) {
					t.Errorf("%s: %s is still %q", lang, key, text)
				}
			}
			if _, counts := forms["one"]; counts && lang != "ja" && translated["one"] == "" {
				t.Errorf("%s: %s has no singular", lang, key)
			}
		}
		for _, key := range same[lang] {
			if all[lang][key]["other"] != english[key]["other"] {
				t.Errorf("%s: %s need not be listed as the same", lang, key)
			}
		}
	}
}

func marksOf(text string) []string {
	found := marks.FindAllString(text, -1)
	slices.Sort(found)
	return found
}
