package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"usher/internal/server"
)

// scratch is a folder for what tests share; TestMain removes it.
var scratch = sync.OnceValues(func() (string, error) { return os.MkdirTemp("", "usher-e2e-") })

func TestMain(m *testing.M) {
	code := m.Run()
	if dir, err := scratch(); err == nil {
		_ = os.RemoveAll(dir) // in the system's temporary folder anyway
	}
	os.Exit(code)
}

// binary builds the command once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := scratch()
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "usher")
	cmd := exec.Command("go", "build", "-o", path, "./cmd/usher")
	cmd.Dir = root
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// process is an usher that runs by itself. The fixture's calls go to it.
type process struct {
	usher
	cmd  *exec.Cmd
	out  *lockedBuffer
	done chan struct{} // closed when it has ended
}

// run starts a command. It is killed at the end of the test, or with us.
func run(t *testing.T, args ...string) *process {
	t.Helper()
	path, err := binary()
	must(t, err)
	p := &process{usher: usher{t: t}, out: newLockedBuffer(), done: make(chan struct{})}
	p.cmd = exec.Command(path, args...)
	p.cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "USHER_") })
	p.cmd.Stdout, p.cmd.Stderr = p.out, p.out
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	must(t, p.cmd.Start())
	go func() {
		_ = p.cmd.Wait() // the exit code is in ProcessState
		close(p.done)
	}()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("usher %s said:\n%s", strings.Join(args, " "), p.out)
		}
	})
	return p
}

// kill ends it as a power cut would.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // no error that matters: it may have ended
	<-p.done
}

// stop asks it to end and returns its exit code.
func (p *process) stop(s os.Signal) int {
	p.t.Helper()
	must(p.t, p.cmd.Process.Signal(s))
	return p.exit()
}

// exit waits for its end.
func (p *process) exit() int {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(20 * time.Second):
		p.t.Fatalf("it does not end:\n%s", p.out)
	}
	return p.cmd.ProcessState.ExitCode()
}

// await asks until ready says yes; another program's start can only be polled.
func (p *process) await(ready func() bool) {
	p.t.Helper()
	deadline := time.After(time.Minute)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !ready() {
		select {
		case <-tick.C:
		case <-p.done:
			p.t.Fatalf("it ended at once:\n%s", p.out)
		case <-deadline:
			p.t.Fatalf("it does not start within a minute:\n%s", p.out)
		}
	}
}

// runDev starts "usher dev" and waits until it says that it answers.
func runDev(t *testing.T, o server.DevOptions, more ...string) *process {
	t.Helper()
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	args := append([]string{"dev", "--data", o.Data, "--listen", o.Listen}, more...)
	if o.Database != "" {
		args = append(args, "--database", o.Database)
	}
	p := run(t, args...)
	p.await(func() bool {
		b, err := os.ReadFile(filepath.Join(o.Data, "dev.json"))
		if errors.Is(err, os.ErrNotExist) {
			return false
		}
		must(t, err)
		must(t, json.Unmarshal(b, &p.info))
		return p.info.PID == p.cmd.Process.Pid // one that was killed leaves its file
	})
	return p
}

// runServe starts "usher serve" on an address and waits until it is ready.
func runServe(t *testing.T, listen string, flags ...string) *process {
	t.Helper()
	p := run(t, append([]string{"serve", "--listen", listen}, flags...)...)
	p.await(func() bool {
		res, err := http.Get("http://" + listen + "/readyz")
		if err != nil {
			return false
		}
		res.Body.Close()
		return res.StatusCode == http.StatusOK
	})
	return p
}

// freeAddress finds a port that is free now.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}
