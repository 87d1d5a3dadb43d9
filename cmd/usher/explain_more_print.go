package main

import (
	"cmp"
	"fmt"
	"io"

	"usher/internal/signin"
)

// writeCauses tells the causes, the likeliest first.
func writeCauses(out io.Writer, p paint, causes []signin.CauseReport) {
	if len(causes) == 0 {
		return
	}
	fmt.Fprintln(out, "\nWhy")
	for _, c := range causes {
		fmt.Fprintf(out, "  %s (%s)  %s\n", clean(c.Message), clean(c.Confidence), p.dim(clean(c.Cause)))
		for _, text := range []string{c.Because, c.Fix} {
			for _, line := range wrap(clean(text), textWidth) {
				fmt.Fprintf(out, "    %s\n", line)
			}
		}
	}
}

// writeReplay tells the old verdict and the new one.
func writeReplay(out io.Writer, p paint, r signin.ReplayReport) {
	fmt.Fprintf(out, "%s  %s\n", p.bold(clean(r.Attempt.ID)), attemptInWords(p, r.Attempt))
	writeRules(out, p, "    ", r.Attempt.Trace)
	same := "the same verdict"
	if r.Changed {
		same = "another verdict"
	}
	fmt.Fprintf(out, "\nJudged again as at %s by %s: %s\n", stamp(fromMillis(r.JudgedAt)), clean(cmp.Or(r.RevisionID, "settings that are not kept")), p.bold(same))
	row(out, "Outcome", verdictInWords(r.Verdict.Result))
	row(out, "Vouched for", r.Verdict.Email)
	row(out, "User", r.Verdict.UserID)
	for _, s := range r.Verdict.Steps {
		if !s.Passed {
			fmt.Fprintf(out, "  %s  %s  %s\n", p.mark(false), clean(cmp.Or(s.Plain, s.Name)), p.dim(clean(s.Name)))
			writeComparison(out, comparison{s.Expected, s.Received, s.Fix})
		}
	}
	writeRules(out, p, "    ", r.Verdict.Trace)
	if r.Verdict.Refusal != nil {
		writeRefusal(out, p, "  ", *r.Verdict.Refusal)
	}
	writeCauses(out, p, r.Verdict.Causes)
}

func verdictInWords(result string) string {
	if result == "accept" {
		return "the answer is accepted; whose account it would be is not asked"
	}
	return resultInWords(signin.OutcomeReport{Result: result})
}

// writeMember tells of a member who stays outside.
func writeMember(out io.Writer, p paint, m signin.MemberReport) {
	note := "cannot come in"
	if m.LockedOut {
		note = p.red("locked out by the change")
	}
	code := ""
	if m.Then.Refusal != nil {
		code = m.Then.Refusal.Code
	}
	fmt.Fprintf(out, "%s %-40s %s  %s\n", p.mark(false), clean(cmp.Or(m.Email, m.UserID)), note, p.dim(clean(code)))
}
