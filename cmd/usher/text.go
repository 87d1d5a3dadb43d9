package main

import (
	"strconv"
	"strings"
	"time"
	"unicode"
)

// clean makes text from outside safe to write to a terminal: what is not
// printable, escape sequences and changes of direction among it, is shown as
// a Go escape.
func clean(s string) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	if strings.IndexFunc(s, unprintable) < 0 {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if unprintable(r) {
			quoted := strconv.QuoteRuneToASCII(r)
			b.WriteString(quoted[1 : len(quoted)-1])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func unprintable(r rune) bool { return r != ' ' && !unicode.IsPrint(r) }

// paint colours text for terminals (ECMA-48, SGR).
type paint bool

func (p paint) green(s string) string { return p.with("32", s) }
func (p paint) red(s string) string   { return p.with("31", s) }
func (p paint) bold(s string) string  { return p.with("1", s) }
func (p paint) dim(s string) string   { return p.with("2", s) }

func (p paint) with(code, s string) string {
	if !p {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

// mark is how a check went.
func (p paint) mark(passed bool) string {
	if passed {
		return p.green("✓")
	}
	return p.red("✗")
}

// stamp writes a time for people: UTC, as the logs have it.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05 UTC") }

// textWidth is how long the lines of an explanation get, in characters.
const textWidth = 80
