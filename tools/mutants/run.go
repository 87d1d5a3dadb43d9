package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// slack is added to ten times the tests' own time before a run counts as one
// that never ends; ours.
const slack = 20 * time.Second

// result is what came of one check.
type result struct {
	mutant  *mutant
	killed  bool // some test failed, or never ended
	reached bool // in some test the check decides; else it survives for certain
}

// runner runs the tests of packages with their checks switched off.
type runner struct {
	parallel int
	out      io.Writer
}

// run tests one package: as it is, then without each check in turn.
func (r *runner) run(p *pkg, only string) ([]result, error) {
	tmp, err := os.MkdirTemp("", "mutants-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(tmp)
	bin, err := build(p, tmp)
	if err != nil {
		return nil, err
	}
	seen := filepath.Join(tmp, "seen")
	start := time.Now()
	out, err := runTests(p.dir, bin, 10*time.Minute, "USHER_TEST_MUTANTS_SEEN="+seen, "-test.v")
	if err != nil {
		return nil, fmt.Errorf("the tests of %s fail as they are: %w\n%s", p.dir, err, out)
	}
	own := time.Since(start)
	slow := slowTests(out)
	fmt.Fprintf(r.out, "%s: the tests take %.1f s; these come last: %s\n", p.dir, own.Seconds(), cmp.Or(slow, "none"))
	reached, err := readSeen(seen)
	if err != nil {
		return nil, err
	}

	var results []result
	for _, m := range p.mutants {
		if strings.Contains(m.String(), only) {
			results = append(results, result{mutant: m, reached: reached[m.id]})
		}
	}
	var wg sync.WaitGroup
	slots := make(chan struct{}, r.parallel)
	for i := range results {
		if !results[i].reached {
			continue
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			off := "USHER_TEST_MUTANT=" + strconv.Itoa(results[i].mutant.id)
			limit := 10*own + slack
			_, err := runTests(p.dir, bin, limit, off, "-test.skip=^("+slow+")$")
			if err == nil && slow != "" {
				_, err = runTests(p.dir, bin, limit, off, "-test.run=^("+slow+")$")
			}
			results[i].killed = err != nil
		})
	}
	wg.Wait()
	return results, nil
}

// passed is what go test -v says of a test that is no subtest.
var passed = regexp.MustCompile(`(?m)^--- PASS: (\S+) \((\d+\.\d+)s\)$`)

// slowTests returns the tests that take over a tenth of the time of all, as
// alternatives of a regular expression. They run only where the others notice
// nothing.
func slowTests(output string) string {
	total := 0.0
	took := map[string]float64{} // seconds
	for _, m := range passed.FindAllStringSubmatch(output, -1) {
		t, err := strconv.ParseFloat(m[2], 64)
		if err == nil {
			took[m[1]] = t
			total += t
		}
	}
	var slow []string
	for name, t := range took {
		if t > 1 && t > total/10 {
			slow = append(slow, name)
		}
	}
	slices.Sort(slow)
	return strings.Join(slow, "|")
}

// build compiles the package's tests with a switch at each check.
func build(p *pkg, tmp string) (bin string, err error) {
	dir, err := filepath.Abs(p.dir)
	if err != nil {
		return "", err
	}
	replace := map[string]string{}
	put := func(name string, text []byte) error {
		file := filepath.Join(tmp, name)
		replace[filepath.Join(dir, name)] = file
		return os.WriteFile(file, text, 0o600)
	}
	for _, f := range p.files {
		if err := put(f.name, f.woven()); err != nil {
			return "", err
		}
	}
	if err := put("mutants_switch.go", []byte("package "+p.name+"\n"+switches)); err != nil {
		return "", err
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlayFile := filepath.Join(tmp, "overlay.json")
	if err := os.WriteFile(overlayFile, overlay, 0o600); err != nil {
		return "", err
	}
	bin = filepath.Join(tmp, "package.test")
	cmd := exec.Command("go", "test", "-c", "-vet=off", "-overlay="+overlayFile, "-o", bin, ".")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building %s with its switches: %w\n%s", p.dir, err, out)
	}
	return bin, nil
}

func runTests(dir, bin string, limit time.Duration, env, flag string) (output string, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, bin, "-test.short", "-test.failfast", "-test.timeout="+limit.String(), flag)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), env)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	return out.String(), err
}

// readSeen reads the numbers of the checks that decided in some test.
func readSeen(name string) (map[int]bool, error) {
	seen := map[int]bool{}
	text, err := os.ReadFile(name)
	if errors.Is(err, os.ErrNotExist) {
		return seen, nil
	}
	if err != nil {
		return nil, err
	}
	for _, s := range strings.Fields(string(text)) {
		n, err := strconv.Atoi(s)
		if err != nil {
			return nil, err
		}
		seen[n] = true
	}
	return seen, nil
}
