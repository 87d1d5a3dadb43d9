// Mutants switches off each single check of a package and sees whether some
// test notices. A check is what stands between a message and its acceptance: a
// condition that leads to a refusal, a condition that an acceptance needs, an
// error that is passed on (find.go says which exactly).
//
//	mutants [-allow FILE] [-only TEXT] [-list] PACKAGE[:FILES]...
//
// PACKAGE is a directory below the module's root, FILES a pattern of its files.
// All checks of a package are compiled into one test binary, each with a switch,
// and the binary runs once for each check: the compiler is waited for once.
//
// The file of -allow lists checks that make no difference, each with its
// reason. The exit status is 1 if a check survives that is not listed, or a
// listed one is killed or gone.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

func main() {
	allow := flag.String("allow", "", "`file` of checks that make no difference")
	parallel := flag.Int("parallel", 2, "test binaries that run at once")
	only := flag.String("only", "", "run only the checks whose line holds this `text`")
	list := flag.Bool("list", false, "list the checks and run nothing")
	flag.Parse()
	r := &runner{parallel: *parallel, out: os.Stdout}
	if err := run(r, options{allow: *allow, only: *only, list: *list, packages: flag.Args()}); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

type options struct {
	allow, only string
	list        bool
	packages    []string // directory, or directory:pattern
}

func run(r *runner, o options) error {
	allowed, err := readAllowed(o.allow)
	if err != nil {
		return err
	}
	survivors := 0
	for _, arg := range o.packages {
		dir, pattern, _ := strings.Cut(arg, ":")
		p, err := findIn(dir, pattern)
		if err != nil {
			return err
		}
		if o.list {
			for _, m := range p.mutants {
				fmt.Fprintln(r.out, m)
			}
			fmt.Fprintln(r.out, len(p.mutants), "checks in", dir)
			continue
		}
		start := time.Now()
		results, err := r.run(p, o.only)
		if err != nil {
			return err
		}
		survivors += report(r.out, results, allowed)
		fmt.Fprintf(r.out, "%s: %d checks in %.0f s\n", dir, len(results), time.Since(start).Seconds())
	}
	if o.list {
		return nil
	}
	stale := allowed.unused()
	for _, line := range stale {
		if o.only == "" {
			fmt.Fprintln(r.out, "not needed in", o.allow+":", line)
		}
	}
	switch {
	case survivors > 0:
		return fmt.Errorf("%d checks can be switched off and no test notices", survivors)
	case len(stale) > 0 && o.only == "":
		return errors.New("the list of checks that make no difference is out of date")
	}
	return nil
}

// report prints a line for each check and returns how many survived that may
// not.
func report(out io.Writer, results []result, allowed *allowList) (survivors int) {
	for _, r := range results {
		verdict, reason := "killed", ""
		switch {
		case r.killed:
		case allowed.use(r.mutant.key()):
			verdict, reason = "allowed", "  # "+allowed.reasons[r.mutant.key()]
		default:
			verdict = "SURVIVED"
			if !r.reached {
				verdict = "UNREACHED"
			}
			survivors++
		}
		fmt.Fprintf(out, "%-9s  %s%s\n", verdict, r.mutant, reason)
	}
	return survivors
}
