package e2e

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// neighbour is a server that we did not write, in a process of its own that can
// be stopped and started again.
type neighbour struct {
	t     *testing.T
	name  string
	base  string // http://localhost:PORT: another site than Usher's 127.0.0.1
	port  string
	dir   string // its configuration and all that it remembers
	ready string // the address that answers once it runs

	command func() *exec.Cmd
	cmd     *exec.Cmd     // nil while it is stopped
	done    chan struct{} // closed when it has ended
	log     *lockedBuffer
}

// quietPort finds a free port that nobody is given by chance: Linux hands out
// 32768 to 60999, and would hand out one of those while a neighbour is stopped.
func quietPort(t *testing.T) string {
	t.Helper()
	for range 100 {
		port := strconv.Itoa(20000 + rand.IntN(12768))
		if l, err := net.Listen("tcp4", "127.0.0.1:"+port); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatal("found no free port from 20000 to 32767")
	return ""
}

// newNeighbour finds a place for one and makes folders in it. It ends with the
// test, or with us.
func newNeighbour(t *testing.T, name string, folders ...string) *neighbour {
	t.Helper()
	port := quietPort(t)
	n := &neighbour{t: t, name: name, base: "http://localhost:" + port, port: port, dir: t.TempDir(), log: newLockedBuffer()}
	for _, folder := range folders {
		must(t, os.MkdirAll(filepath.Join(n.dir, folder), 0o700))
	}
	t.Cleanup(func() {
		n.end(syscall.SIGKILL)
		if t.Failed() {
			t.Logf("%s said:\n%s", n.name, n.log)
		}
	})
	return n
}

// start starts it and waits until it answers.
func (n *neighbour) start() {
	n.t.Helper()
	cmd := n.command()
	cmd.Stdout, cmd.Stderr = n.log, n.log
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	must(n.t, cmd.Start())
	done := make(chan struct{})
	n.cmd, n.done = cmd, done
	go func() {
		_ = cmd.Wait() // it was told to end, or start says what it said
		close(done)
	}()
	deadline := time.Now().Add(30 * time.Second)
	for {
		res, err := http.Get(n.ready)
		if err == nil {
			res.Body.Close()
			if res.StatusCode == http.StatusOK {
				return
			}
			err = fmt.Errorf("status %s", res.Status)
		}
		select {
		case <-done:
			n.t.Fatalf("%s ended at once", n.name)
		case <-time.After(50 * time.Millisecond): // another program's start can only be polled
		}
		if time.Now().After(deadline) {
			n.t.Fatalf("%s does not answer: %v", n.name, err)
		}
	}
}

// stop ends it; nothing listens on its port any more. What it remembers stays.
func (n *neighbour) stop() {
	n.t.Helper()
	n.end(syscall.SIGTERM)
	if c, err := net.Dial("tcp4", "127.0.0.1:"+n.port); err == nil {
		c.Close()
		n.t.Fatalf("%s still listens", n.name)
	}
}

func (n *neighbour) end(s syscall.Signal) {
	if n.cmd == nil {
		return
	}
	_ = syscall.Kill(-n.cmd.Process.Pid, s) // no error that matters: it may have ended
	<-n.done
	n.cmd = nil
}

// write puts a file of configuration into place.
func (n *neighbour) write(name, text string) {
	n.t.Helper()
	path := filepath.Join(n.dir, name)
	must(n.t, os.WriteFile(path+".new", []byte(text), 0o600))
	must(n.t, os.Rename(path+".new", path))
}

// writeJSON is write for a value.
func (n *neighbour) writeJSON(name string, value any) {
	n.t.Helper()
	b, err := json.Marshal(value)
	must(n.t, err)
	n.write(name, string(b))
}
