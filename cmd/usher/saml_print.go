package main

import (
	"cmp"
	"fmt"
	"io"
	"strings"
)

// write reports the verdict to a person.
func (v verdict) write(out io.Writer, p paint) {
	if v.Verdict == accepted {
		fmt.Fprintf(out, "%s  The response is accepted, as of %s.\n\n", p.bold(p.green("ACCEPTED")), stamp(v.at))
	} else {
		fmt.Fprintf(out, "%s  The response is refused, as of %s: %s (%s).\n\n", p.bold(p.red("REFUSED")), stamp(v.at), v.Code, v.Reason)
	}
	for _, c := range v.Checks {
		name := c.Name
		if c.Passed && c.Received != "" {
			name += ": " + clean(c.Received)
		}
		fmt.Fprintf(out, "  %s %s  %s\n", p.mark(c.Passed), cmp.Or(c.Plain, c.Name), p.dim(name))
		if !c.Passed {
			writeComparison(out, comparison{c.Expected, c.Received, c.Fix})
		}
	}
	if len(v.NotChecked) > 0 {
		fmt.Fprintln(out, "\nNot checked:")
	}
	for _, what := range v.NotChecked {
		fmt.Fprintf(out, "  - %s\n", what)
	}
	if len(v.Warnings) > 0 {
		fmt.Fprintln(out, "\nNote:")
	}
	for _, warning := range v.Warnings {
		writeItem(out, clean(warning))
	}
	if v.Assertion != nil {
		v.Assertion.write(out, p)
	}
}

// comparison is what was expected and what came.
type comparison struct{ expected, received, fix string }

func writeComparison(out io.Writer, c comparison) {
	fmt.Fprintf(out, "      expected  %s\n      received  %s\n", clean(cmp.Or(c.expected, "-")), clean(cmp.Or(c.received, "nothing")))
	for n, line := range wrap(c.fix, textWidth) {
		if line != "" {
			fmt.Fprintf(out, "      %s  %s\n", label(n, "to do   "), line)
		}
	}
}

// writeItem writes a point of a list, broken into lines.
func writeItem(out io.Writer, text string) {
	for n, line := range wrap(text, textWidth) {
		fmt.Fprintf(out, "  %s %s\n", label(n, "-"), line)
	}
}

// label stands before the first line of a text, its width in spaces before the
// others.
func label(n int, s string) string {
	if n == 0 {
		return s
	}
	return strings.Repeat(" ", len(s))
}

func (a *assertion) write(out io.Writer, p paint) {
	fmt.Fprintf(out, "\n%s\n", p.bold("What the identity provider vouches for"))
	for _, row := range [][2]string{
		{"Assertion", a.ID},
		{"Issuer", a.Issuer},
		{"NameID", a.NameID},
		{"NameID format", a.NameIDFormat},
		{"Session index", a.SessionIndex},
		{"Valid until", stamp(a.NotOnOrAfter)},
	} {
		if row[1] != "" {
			fmt.Fprintf(out, "  %-14s %s\n", row[0], clean(row[1]))
		}
	}
	for _, name := range a.names {
		values := a.Attributes[name]
		fmt.Fprintf(out, "  %-14s %s = %s\n", "Attribute", clean(name), clean(cmp.Or(strings.Join(values, ", "), "(no value)")))
	}
}
