package server

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"usher/internal/identity"
)

// maxDisposable is in bytes: ten times the longest list that is published, 2026. Ours.
const maxDisposable = 16 << 20

// disposableFile is the operator's own list of domains with addresses for minutes.
type disposableFile struct {
	path     string // empty: there is none
	modified time.Time
	held     atomic.Pointer[identity.DomainSet]
}

// set is what was read last.
func (f *disposableFile) set() identity.DomainSet {
	if held := f.held.Load(); held != nil {
		return *held
	}
	return nil
}

// read reads the file if it is another than before. A file that can't be read, or
// holds what is no domain, changes nothing. One goroutine at a time.
func (f *disposableFile) read(context.Context) error {
	if f.path == "" {
		return nil
	}
	info, err := os.Stat(f.path)
	if err != nil || info.ModTime().Equal(f.modified) {
		return err
	}
	if info.Size() > maxDisposable {
		return fmt.Errorf("%s is larger than %d MiB", f.path, maxDisposable>>20)
	}
	text, err := os.ReadFile(f.path)
	if err != nil {
		return err
	}
	set, err := parseDisposable(text)
	if err != nil {
		return fmt.Errorf("%s: %w", f.path, err)
	}
	f.modified = info.ModTime()
	f.held.Store(&set)
	return nil
}

// parseDisposable reads a domain a line. What follows # is a comment.
func parseDisposable(text []byte) (identity.DomainSet, error) {
	set := identity.DomainSet{}
	number := 0
	for line := range bytes.Lines(text) {
		number++
		name, _, _ := strings.Cut(string(line), "#")
		if name = strings.TrimSpace(name); name == "" {
			continue
		}
		d, err := identity.ParseDomain(name)
		if err != nil {
			return nil, fmt.Errorf("line %d is not a domain", number)
		}
		set[d] = struct{}{}
	}
	return set, nil
}
