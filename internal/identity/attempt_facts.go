package identity

import (
	"math"
	"time"
)

// MaxSeen is how many names of attributes an attempt keeps. Ours.
const MaxSeen = 64

// Limits of the buckets of Bucket.
const (
	bucketsADoubling = 4  // so that a bucket is 19 % wide
	maxBucket        = 88 // an hour and more
)

// Bucket is where a time is counted: 1 for a millisecond and less, four more for
// each doubling. 0 is no time.
func Bucket(d time.Duration) int {
	n := 1
	if d > time.Millisecond {
		n += int(math.Round(bucketsADoubling * math.Log2(float64(d)/float64(time.Millisecond))))
	}
	return min(n, maxBucket)
}

// BucketTime is a time of the bucket, at most 9 % from any other in it.
func BucketTime(n int) time.Duration {
	if n <= 0 {
		return 0
	}
	return time.Duration(math.Exp2(float64(n-1)/bucketsADoubling) * float64(time.Millisecond)).Round(time.Millisecond)
}

// Parts are the buckets of how long the provider had the person, and of how long
// it took from the answer to the end; 0 where there is none.
//
// The second has the way of the browser in it that SAML takes between the two, and
// at OpenID Connect the calls to the provider.
func (a Attempt) Parts() (provider, own int) {
	if a.ReturnedAt.IsZero() {
		return 0, 0
	}
	if !a.IDPInitiated {
		provider = Bucket(a.ReturnedAt.Sub(a.StartedAt))
	}
	if !a.FinishedAt.IsZero() {
		own = Bucket(a.FinishedAt.Sub(a.ReturnedAt))
	}
	return provider, own
}

// AttemptCount is how many attempts of one hour came to one end. A code is that of
// a refusal. State is AttemptStarted for those that never came back.
type AttemptCount struct {
	Hour  time.Time
	State AttemptState
	Code  string

	Number int

	// Of those that tell when they were made: how far the provider's clock was
	// ahead, or behind where it is less than 0.
	Dated      int
	DriftSum   time.Duration
	DriftLeast time.Duration
	DriftMost  time.Duration
}

// TimeCount is how many attempts took the time of a bucket.
type TimeCount struct {
	Part   string // PartProvider or PartOwn
	Bucket int
	Number int
}

// The parts of an attempt's time.
const (
	PartProvider = "provider"
	PartOwn      = "own"
)
