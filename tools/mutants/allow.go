package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
)

// allowList holds the checks that make no difference. A line of its file is the
// check as the list prints it, without its line number, then " # " and why.
type allowList struct {
	reasons map[string]string // by key
	used    map[string]bool
}

func readAllowed(name string) (*allowList, error) {
	a := &allowList{reasons: map[string]string{}, used: map[string]bool{}}
	if name == "" {
		return a, nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		i := strings.LastIndex(line, " # ")
		if i < 0 {
			return nil, fmt.Errorf("%s:%d: no reason: want CHECK # REASON", name, n)
		}
		a.reasons[strings.TrimSpace(line[:i])] = strings.TrimSpace(line[i+3:])
	}
	return a, nil
}

// use reports whether a surviving check is listed.
func (a *allowList) use(key string) bool {
	if _, ok := a.reasons[key]; !ok {
		return false
	}
	a.used[key] = true
	return true
}

// unused returns the lines that no surviving check needed.
func (a *allowList) unused() []string {
	var keys []string
	for key := range a.reasons {
		if !a.used[key] {
			keys = append(keys, key)
		}
	}
	slices.Sort(keys)
	return keys
}
