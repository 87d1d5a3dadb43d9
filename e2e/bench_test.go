package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"usher/internal/server"
)

// BenchmarkColdStart measures "usher dev" from its start until it answers and has
// written dev.json: the first time in an empty directory, and again on the same
// data. It reports milliseconds.
func BenchmarkColdStart(b *testing.B) {
	usher := buildUsher(b)
	for _, again := range []bool{false, true} {
		b.Run(map[bool]string{false: "first", true: "again"}[again], func(b *testing.B) {
			kept := b.TempDir()
			if again {
				runUntilReady(b, usher, kept)
			}
			var took time.Duration
			for b.Loop() {
				data := kept
				if !again {
					data = b.TempDir()
				}
				took += runUntilReady(b, usher, data)
			}
			b.ReportMetric(float64(took.Milliseconds())/float64(b.N), "ms/start")
		})
	}
}

// BenchmarkMemory measures the resident memory, in MiB, of a server that has just
// started and of the same one after 10,000 sign-ins, with the practice provider
// in the same process.
func BenchmarkMemory(b *testing.B) {
	const signIns, people = 10_000, 8
	usher := buildUsher(b)
	for b.Loop() {
		data := b.TempDir()
		cmd := startDev(b, usher, data)
		b.ReportMetric(residentMiB(b, cmd.Process.Pid), "MiB-idle")
		base := readDevInfo(b, data).BaseURL
		var wg sync.WaitGroup
		for range people {
			wg.Go(func() {
				for range signIns / people {
					if err := newPerson(base).signIn("alice@acme.test"); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		wg.Wait()
		b.ReportMetric(residentMiB(b, cmd.Process.Pid), "MiB-after-10k")
		stopDev(b, cmd)
	}
}

// buildUsher builds the command as it is shipped.
func buildUsher(tb testing.TB) string {
	tb.Helper()
	bin := filepath.Join(tb.TempDir(), "usher")
	cmd := exec.Command("go", "build", "-trimpath", "-o", bin, "../cmd/usher")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("building usher: %v\n%s", err, out)
	}
	return bin
}

func runUntilReady(tb testing.TB, bin, data string) time.Duration {
	tb.Helper()
	began := time.Now()
	cmd := startDev(tb, bin, data)
	took := time.Since(began)
	stopDev(tb, cmd)
	return took
}

// startDev starts a development server and waits for dev.json.
func startDev(tb testing.TB, bin, data string) *exec.Cmd {
	tb.Helper()
	cmd := exec.Command(bin, "dev", "--data", data, "--listen", "127.0.0.1:0")
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); ; {
		if _, err := os.Stat(filepath.Join(data, "dev.json")); err == nil {
			return cmd
		}
		if time.Now().After(deadline) {
			tb.Fatal("the server did not start within a minute")
		}
		time.Sleep(time.Millisecond) // another process can only be polled
	}
}

func stopDev(tb testing.TB, cmd *exec.Cmd) {
	tb.Helper()
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		tb.Fatal("the server did not stop cleanly: ", err)
	}
}

func residentMiB(tb testing.TB, pid int) float64 {
	tb.Helper()
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		tb.Skip("no /proc on this machine")
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				tb.Fatal(err)
			}
			return float64(kib) / 1024
		}
	}
	tb.Fatal("no VmRSS")
	return 0
}

func readDevInfo(tb testing.TB, data string) (info server.DevInfo) {
	tb.Helper()
	b, err := os.ReadFile(filepath.Join(data, "dev.json"))
	if err == nil {
		err = json.Unmarshal(b, &info)
	}
	if err != nil {
		tb.Fatal(err)
	}
	return info
}
