//go:build !linux

package saml

import (
	"testing"
	"time"
)

// cpuTime is the time that f takes, for want of a clock of the thread.
func cpuTime(_ testing.TB, f func()) time.Duration {
	began := time.Now()
	f()
	return time.Since(began)
}
