package identity_test

import (
	"testing"
	"time"

	"usher/internal/identity"
)

func TestBucket_IsNeverFarFromItsTime(t *testing.T) {
	t.Parallel()
	for d := 2 * time.Millisecond; d < time.Hour; d += d/7 + time.Millisecond {
		got := identity.BucketTime(identity.Bucket(d))
		if off := (got - d).Abs(); off > d/10+time.Millisecond {
			t.Errorf("%s is counted as %s", d, got)
		}
	}
	for d, want := range map[time.Duration]int{-time.Second: 1, 0: 1, time.Millisecond: 1, 2 * time.Millisecond: 5, 100 * time.Hour: 88} {
		if got := identity.Bucket(d); got != want {
			t.Errorf("Bucket(%s) = %d, want %d", d, got, want)
		}
	}
	if identity.BucketTime(0) != 0 {
		t.Error("no time is some")
	}
}
