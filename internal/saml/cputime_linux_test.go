package saml

import (
	"runtime"
	"syscall"
	"testing"
	"time"
)

// threadUsage is RUSAGE_THREAD of getrusage(2).
const threadUsage = 1

// cpuTime is the CPU time that f takes. What else the machine does is not in it.
func cpuTime(t testing.TB, f func()) time.Duration {
	t.Helper()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	used := func() time.Duration {
		var u syscall.Rusage
		if err := syscall.Getrusage(threadUsage, &u); err != nil {
			t.Fatal(err)
		}
		return time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	before := used()
	f()
	return used() - before
}
