package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// maxOutput bounds what is printed of one failed test, in lines; all of it is
// in the log. Ours.
const maxOutput = 400

// event is one line of go test -json: go doc cmd/test2json, and BuildEvent of
// go help buildjson.
type event struct {
	Action      string
	Package     string
	ImportPath  string // of a build event
	Test        string
	Output      string
	Elapsed     float64 // seconds
	FailedBuild string
}

// test is what is known of one test, or of a package as a whole.
type test struct {
	verdict     string // "", pass, fail or skip
	output      []string
	hasSubtests bool
	subFailed   bool
}

// summary follows the events of one or more runs.
type summary struct {
	out                     io.Writer
	passed, failed, skipped int
	tests                   map[string]map[string]*test // package, then test
	builds                  map[string][]string         // compilers' words by import path
	failures                []string
	skips                   map[string][]string // tests by reason
}

func newSummary(out io.Writer) *summary {
	return &summary{
		out:    out,
		tests:  map[string]map[string]*test{},
		builds: map[string][]string{},
		skips:  map[string][]string{},
	}
}

// event takes a line of go test -json.
func (s *summary) event(line []byte) {
	var e event
	if json.Unmarshal(line, &e) != nil {
		fmt.Fprint(s.out, string(line)) // go's own words, such as of a bad flag
		return
	}
	if e.Action == "build-output" {
		s.builds[e.ImportPath] = append(s.builds[e.ImportPath], e.Output)
		return
	}
	if e.Package == "" {
		return
	}
	t := s.test(e.Package, e.Test)
	switch e.Action {
	case "output":
		t.output = append(t.output, e.Output)
	case "pass", "fail", "skip":
		t.verdict = e.Action
		if e.Test == "" {
			s.endPackage(e)
		}
	}
}

func (s *summary) test(pkg, name string) *test {
	if s.tests[pkg] == nil {
		s.tests[pkg] = map[string]*test{}
	}
	t := s.tests[pkg][name]
	if t == nil {
		t = &test{}
		s.tests[pkg][name] = t
		if i := strings.LastIndexByte(name, '/'); i > 0 {
			s.test(pkg, name[:i]).hasSubtests = true
		}
	}
	return t
}

// endPackage counts the tests of a package, once it has ended.
func (s *summary) endPackage(e event) {
	tests := s.tests[e.Package]
	whole := tests[""]
	delete(tests, "")
	defer delete(s.tests, e.Package)
	if e.FailedBuild != "" {
		s.fail(e.Package+" (does not build)", s.builds[e.FailedBuild])
		return
	}
	passed, failed, skipped := s.passed, s.failed, s.skipped
	// Longest names first, so that subtests come before their parents.
	names := slices.Collect(maps.Keys(tests))
	slices.SortFunc(names, func(a, b string) int {
		if c := strings.Count(b, "/") - strings.Count(a, "/"); c != 0 {
			return c
		}
		return strings.Compare(a, b)
	})
	for _, name := range names {
		s.count(e.Package, name)
	}
	if e.Action == "fail" && s.failed == failed {
		s.fail(e.Package+" (as a whole)", whole.output)
	}
	if len(names) > 0 {
		fmt.Fprintf(s.out, "%-4s  %s  %.1f s  %s\n", e.Action, e.Package, e.Elapsed,
			counts(s.passed-passed, s.failed-failed, s.skipped-skipped))
	}
}

// count adds one test. A parent counts only for what its subtests don't say.
func (s *summary) count(pkg, name string) {
	t := s.tests[pkg][name]
	failed := t.verdict == "fail" || t.verdict == "" // none: the package died before it ended
	if failed {
		if i := strings.LastIndexByte(name, '/'); i > 0 {
			s.tests[pkg][name[:i]].subFailed = true
		}
	}
	switch {
	case failed && t.subFailed:
		fmt.Fprint(s.out, shorten(t.output)) // its own words may explain
	case failed:
		s.fail(pkg+" "+name, t.output)
	case t.verdict == "skip":
		s.skipped++
		reason := skipReason(t.output)
		s.skips[reason] = append(s.skips[reason], pkg+" "+name)
	case !t.hasSubtests:
		s.passed++
	}
}

// fail counts a failure and prints its output.
func (s *summary) fail(name string, output []string) {
	s.failed++
	s.failures = append(s.failures, name)
	fmt.Fprintf(s.out, "--- FAIL: %s\n%s", name, shorten(output))
}

// finish prints the reasons of skips, the names of failures, and the counts
// alone on the last line. It reports whether all is well.
func (s *summary) finish() bool {
	fmt.Fprintln(s.out)
	for _, reason := range slices.Sorted(maps.Keys(s.skips)) {
		names := s.skips[reason]
		more := ""
		if len(names) > 3 {
			more = fmt.Sprintf(", and %d more", len(names)-3)
			names = names[:3]
		}
		fmt.Fprintf(s.out, "skipped: %s (%s%s)\n", reason, strings.Join(names, ", "), more)
	}
	for _, name := range s.failures {
		fmt.Fprintln(s.out, "failed:", name)
	}
	fmt.Fprintln(s.out, counts(s.passed, s.failed, s.skipped))
	return s.failed == 0 && s.passed > 0
}

func counts(passed, failed, skipped int) string {
	return fmt.Sprintf("%d passed, %d failed, %d skipped", passed, failed, skipped)
}

// logged is the start of what t.Skip and t.Log write: "    file_test.go:12: ".
var logged = regexp.MustCompile(`^\s+\S+\.go:\d+: `)

// skipReason is the last thing that a skipped test said.
func skipReason(output []string) string {
	reason := "no reason given"
	for _, line := range output {
		if at := logged.FindString(line); at != "" {
			reason = strings.TrimSpace(line[len(at):])
		}
	}
	return reason
}

func shorten(output []string) string {
	if len(output) > maxOutput {
		dropped := fmt.Sprintf("… %d lines left out …\n", len(output)-maxOutput)
		output = slices.Concat(output[:maxOutput/2], []string{dropped}, output[len(output)-maxOutput/2:])
	}
	return strings.Join(output, "")
}
