package main

import (
	"bytes"
	"cmp"
	"slices"
)

// edit inserts text at an offset of a file.
type edit struct {
	offset int
	order  int // among edits at one offset: closing ones first, from inside out
	text   string
}

// woven returns the file's text with the switches of all its checks.
func (f *file) woven() []byte {
	edits := slices.Clone(f.edits)
	slices.SortStableFunc(edits, func(a, b edit) int {
		return cmp.Or(cmp.Compare(a.offset, b.offset), cmp.Compare(a.order, b.order))
	})
	var out bytes.Buffer
	at := 0
	for _, e := range edits {
		out.Write(f.text[at:e.offset])
		out.WriteString(e.text)
		at = e.offset
	}
	out.Write(f.text[at:])
	return out.Bytes()
}

// switches is the file that is added to the package under test, after its
// package clause. It stands in no tree: go test -overlay lays it over.
const switches = `
import (
	"os"
	"strconv"
	"sync"
)

var (
	mutantOff     = func() int { n, _ := strconv.Atoi(os.Getenv("USHER_TEST_MUTANT")); return n }()
	mutantSeenLog = os.Getenv("USHER_TEST_MUTANTS_SEEN")
	mutantSeen    sync.Map
)

// mutantKeep reports whether check n is on. It is asked only where that makes a
// difference, and notes so.
func mutantKeep(n int) bool {
	if mutantSeenLog != "" {
		if _, again := mutantSeen.LoadOrStore(n, true); !again {
			f, err := os.OpenFile(mutantSeenLog, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
			if err != nil {
				panic(err)
			}
			f.WriteString(strconv.Itoa(n) + "\n")
			f.Close()
		}
	}
	return n != mutantOff
}

// mutantErr returns err if check n is on.
func mutantErr(n int, err error) error {
	if mutantKeep(n) {
		return err
	}
	return nil
}
`
