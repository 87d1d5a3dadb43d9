// Package practicetest has what the tests of several packages need of practice
// identity providers.
package practicetest

import (
	"sync"
	"testing"
	"time"

	"usher/internal/practice"
)

// Keys returns a source of two pairs for practice.Config.Keys, current and next,
// valid from now on. The source makes them once: that is slow.
func Keys(now time.Time) func(testing.TB) []byte {
	made := sync.OnceValues(func() (keys []byte, err error) {
		idp, err := practice.New(practice.Config{
			BaseURL: "https://idp.test", Now: func() time.Time { return now },
			SaveKeys: func(pem []byte) error { keys = pem; return nil },
		})
		if err == nil {
			_, err = idp.NextCertificate()
		}
		return keys, err
	})
	return func(t testing.TB) []byte {
		t.Helper()
		pem, err := made()
		if err != nil {
			t.Fatal(err)
		}
		return pem
	}
}
