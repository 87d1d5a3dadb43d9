package store_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"usher/internal/store"
	"usher/internal/store/storetest"
)

// crashURL names the database for the process that is going to be killed.
const crashURL = "USHER_STORE_TEST_CRASH_URL"

// TestCrash_Child is that process. It writes two counters in each transaction
// and says so after each commit. In the last it stops half-way.
func TestCrash_Child(t *testing.T) {
	url := os.Getenv(crashURL)
	if url == "" {
		t.Skip("only run by TestKill_LosesNothingAcknowledged")
	}
	db := storetest.OpenURL(t, url)
	for range 50 {
		fmt.Printf("acknowledged %d\n", both(t, db, func() {}))
	}
	both(t, db, func() {
		fmt.Println("half")
		select {}
	})
}

func both(t *testing.T, db *store.DB, half func()) (n int) {
	t.Helper()
	write(t, db, func(tx *store.Tx) error {
		if _, err := tx.Count("one", at(0), 1); err != nil {
			return err
		}
		half()
		var err error
		n, err = tx.Count("two", at(0), 1)
		return err
	})
	return n
}

// Threats T-OPS-05 and T-OPS-08.
func TestKill_LosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		until string // the line after which it is killed
		least int    // what must have been kept
	}{
		"between two transactions": {"acknowledged 20", 20},
		"inside a transaction":     {"half", 50},
	}
	for _, engine := range storetest.Engines() {
		for name, test := range tests {
			t.Run(string(engine)+" "+name, func(t *testing.T) {
				t.Parallel()
				url := storetest.URL(t, engine)
				acknowledged := killAfter(t, url, test.until)
				db := storetest.OpenURL(t, url)
				var one, two int
				write(t, db, func(tx *store.Tx) (err error) {
					if one, err = tx.Count("one", at(0), 0); err == nil {
						two, err = tx.Count("two", at(0), 0)
					}
					return err
				})
				if one != two {
					t.Errorf("half a transaction was kept: %d and %d", one, two)
				}
				if one < acknowledged || one < test.least {
					t.Errorf("kept: %d, acknowledged: %d", one, acknowledged)
				}
			})
		}
	}
}

// killAfter starts the child, kills it with -9 once it has printed a line, and
// returns the last count that it acknowledged.
func killAfter(t *testing.T, url, line string) (acknowledged int) {
	t.Helper()
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestCrash_Child$", "-test.v")
	child.Env = append(os.Environ(), crashURL+"="+url)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	seen := false
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if n, ok := strings.CutPrefix(lines.Text(), "acknowledged "); ok {
			if acknowledged, err = strconv.Atoi(n); err != nil {
				t.Error(err)
			}
		}
		if lines.Text() == line && !seen {
			seen = true
			if err := child.Process.Kill(); err != nil {
				t.Error(err)
			}
		}
	}
	_ = child.Wait() // it was killed
	if !seen {
		t.Fatalf("the child never printed %q", line)
	}
	return acknowledged
}
