// Testsum runs go test and says what came of it: a line for each package, the
// output of what failed and of nothing else, the reasons of what was skipped,
// and one line that counts.
//
//	testsum [-log FILE] [-in DIR]... -- FLAGS OF GO TEST
//
// A test with subtests is counted by its subtests. The exit status is 1 if
// anything failed or nothing ran.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
)

func main() {
	log := flag.String("log", "", "`file` for everything that go test -json says")
	var dirs []string
	flag.Func("in", "`directory` of a module to test (repeatable; default: here)", func(s string) error {
		dirs = append(dirs, s)
		return nil
	})
	flag.Parse()
	if len(dirs) == 0 {
		dirs = []string{"."}
	}
	sum := newSummary(os.Stdout)
	if err := run(sum, dirs, *log, flag.Args()); err != nil {
		sum.fail("go test itself", []string{err.Error() + "\n"})
	}
	if !sum.finish() {
		os.Exit(1)
	}
}

func run(sum *summary, dirs []string, log string, flags []string) error {
	keep := io.Discard
	if log != "" {
		f, err := os.Create(log)
		if err != nil {
			return err
		}
		defer f.Close()
		keep = f
	}
	for _, dir := range dirs {
		if err := runIn(sum, dir, keep, flags); err != nil {
			return err
		}
	}
	return nil
}

// runIn tests the packages of one module. That tests failed is no error here:
// the events say so.
func runIn(sum *summary, dir string, keep io.Writer, flags []string) error {
	cmd := exec.Command("go", append(append([]string{"test", "-json"}, flags...), "./...")...)
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	failedBefore := sum.failed
	lines := bufio.NewReader(out)
	for {
		line, err := lines.ReadBytes('\n')
		if len(line) > 0 {
			keep.Write(line)
			sum.event(line)
		}
		if err != nil {
			break
		}
	}
	if err := cmd.Wait(); err != nil && sum.failed == failedBefore {
		return fmt.Errorf("in %s: %w\n%s", dir, err, stderr.String())
	}
	return nil
}
