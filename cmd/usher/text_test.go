package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"usher/internal/practice"
)

func TestClean_ShowsWhatATerminalWouldObey(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"plain Ämter 日本":     "plain Ämter 日本",
		"a\x1b[31mred":       `a\x1b[31mred`,
		"line\nbreak":        `line\nbreak`,
		"\u009b2J":           `\u009b2J`,
		"\u202eevil":         `\u202eevil`,
		"\xff":               "\ufffd",
		"tab\tbell\a\u200bx": `tab\tbell\a\u200bx`,
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
}

// The colour is for terminals, unless their owner minds: https://no-color.org.
func TestWantsColour_OnATerminalOnly(t *testing.T) {
	t.Parallel()
	file, err := os.Create(filepath.Join(t.TempDir(), "output"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	env := func(list ...string) func(string) string { return (&world{env: list}).getenv }
	if wantsColour(file, env()) {
		t.Error("a file gets colour")
	}
	terminal, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Skipf("no pseudo-terminal: %v", err)
	}
	defer terminal.Close()
	if !wantsColour(terminal, env("TERM=xterm")) {
		t.Error("a terminal gets no colour")
	}
	if wantsColour(terminal, env("NO_COLOR=1")) || wantsColour(terminal, env("TERM=dumb")) {
		t.Error("a terminal gets colour against its owner's wish")
	}
}

// What an attacker writes into a response reaches the terminal as plain text.
func TestSAMLDecode_ColoursItsOwnWordsOnly(t *testing.T) {
	t.Parallel()
	p, err := storyParties()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := p.idp.Respond(practice.Request{SP: storySP, Person: "alice@acme.test", Edited: &practice.Person{
		Login: "alice@acme.test", Mail: "alice@acme.test", FirstName: "\u009b2J\u202e",
	}})
	if err != nil {
		t.Fatal(err)
	}
	metadata := filepath.Join(t.TempDir(), "idp.xml")
	if err := os.WriteFile(metadata, p.idp.Metadata(), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := &world{stdin: strings.NewReader(answer.SAMLResponse), stdout: &out, stderr: &out, now: storyTime, colour: true}
	if code := run(t.Context(), w, []string{"saml", "decode", "--metadata", metadata, "-"}); code != exitOK {
		t.Fatalf("exit code %d\n%s", code, &out)
	}
	for _, want := range []string{"\x1b[32m✓\x1b[0m", `firstName = \u009b2J\u202e`} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, &out)
		}
	}
	if strings.ContainsAny(out.String(), "\u009b\u202e") {
		t.Error("control characters reach the terminal")
	}
}

// A command declares what its usage line and its help say, and no flag twice.
func TestCommands_HaveHelp(t *testing.T) {
	t.Parallel()
	for _, c := range commands() {
		var out, errOut bytes.Buffer
		code := run(context.WithoutCancel(t.Context()), &world{stdout: &out, stderr: &errOut, now: storyTime}, append(strings.Fields(c.name), "--help"))
		if code != exitOK || errOut.Len() > 0 || !strings.Contains(out.String(), c.short) || !strings.Contains(out.String(), "usher "+c.name) {
			t.Errorf("usher %s --help: exit code %d\n%s%s", c.name, code, &out, &errOut)
		}
		for line := range strings.Lines(out.String()) {
			if len(line) > 110 && !strings.Contains(line, "usher ") && !strings.Contains(line, "http") {
				t.Errorf("usher %s --help: a line of %d characters: %s", c.name, len(line), line)
			}
		}
	}
}

// docs/configuration.md holds the table that "usher config docs" prints.
func TestConfigDocs_AreThoseOfTheDocumentation(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "configuration.md"))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	writeSettingsTable(&out)
	if !strings.HasSuffix(string(page), out.String()) {
		t.Errorf("docs/configuration.md is stale; the table is now\n%s", &out)
	}
}
