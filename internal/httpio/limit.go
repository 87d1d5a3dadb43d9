package httpio

import (
	"context"
	"crypto/sha256"
	"math"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"usher/internal/fault"
)

// Counter counts an event of a key and says how long its client must wait: zero
// when the event is within the limit. Limiter counts in this process; counters
// that must hold across nodes live in the database.
type Counter interface {
	Take(ctx context.Context, key string) (wait time.Duration, err error)
}

// Count takes one event of a key and refuses it with too_many_requests when the
// limit is reached.
func Count(ctx context.Context, c Counter, key string) error {
	wait, err := c.Take(ctx, key)
	if err != nil {
		return err
	}
	if wait > 0 {
		return TooMany(wait)
	}
	return nil
}

// CountAddress is a check for Require: one event of the client's address.
func CountAddress(c Counter) func(*http.Request) error {
	return func(r *http.Request) error {
		return Count(r.Context(), c, AddressKey(ClientIP(r)))
	}
}

// TooMany is the refusal of a client that must wait. It becomes the Retry-After
// header too, in whole seconds, at least one.
func TooMany(wait time.Duration) error {
	return fault.New(fault.TooManyRequests, "resets_in", max(1, int(math.Ceil(wait.Seconds()))))
}

// AddressKey is the key that an address is counted by: itself, or its /64
// network, which is what one household has of IPv6 (threat T-DOS-09).
func AddressKey(addr netip.Addr) string {
	addr = addr.Unmap().WithZone("")
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			return p.String()
		}
	}
	return addr.String()
}

// Limit is how many events a key has in a span of time.
type Limit struct {
	Events int
	Per    time.Duration
}

// maxKey is in bytes; longer keys are counted by their hash. Ours.
const maxKey = 64

// Limiter is a Counter in this process's memory, for coarse protection: a
// bucket a key that holds Limit.Events and fills evenly. It knows a bounded
// number of keys and forgets those that were quiet longest.
type Limiter struct {
	limit Limit
	keys  int // in each of the two generations
	now   func() time.Time

	mu         sync.Mutex
	young, old map[string]*rate.Limiter
}

// NewLimiter returns a Limiter that remembers at least the last keys/2 and at
// most keys keys, each some 200 bytes.
func NewLimiter(limit Limit, keys int, now func() time.Time) *Limiter {
	return &Limiter{limit: limit, keys: max(1, keys/2), now: now, young: map[string]*rate.Limiter{}}
}

// Take counts one event.
func (l *Limiter) Take(_ context.Context, key string) (time.Duration, error) {
	now := l.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.bucket(key).ReserveN(now, 1)
	wait := r.DelayFrom(now)
	if wait > 0 {
		r.CancelAt(now) // a refused event does not lengthen the wait
	}
	return wait, nil
}

// bucket returns the bucket of a key. When the young generation is full it
// becomes the old one, and the old one is forgotten.
func (l *Limiter) bucket(key string) *rate.Limiter {
	if len(key) > maxKey {
		sum := sha256.Sum256([]byte(key))
		key = string(sum[:])
	}
	if b, ok := l.young[key]; ok {
		return b
	}
	if len(l.young) >= l.keys {
		l.old, l.young = l.young, map[string]*rate.Limiter{}
	}
	b, ok := l.old[key]
	if !ok {
		every := rate.Limit(float64(l.limit.Events) / l.limit.Per.Seconds())
		b = rate.NewLimiter(every, l.limit.Events)
	}
	l.young[key] = b
	return b
}

// Waiting says how long a key must wait by now, without counting an event: for
// what counts only when it fails.
func (l *Limiter) Waiting(key string) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.now()
	r := l.bucket(key).ReserveN(now, 1)
	defer r.CancelAt(now)
	return r.DelayFrom(now)
}
