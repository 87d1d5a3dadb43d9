package oidc

import (
	"cmp"
	"context"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Limits of the cache of key sets. All ours, after threats T-OIDC-27, T-OIDC-28
// and T-OPS-12.
const (
	defaultFresh = time.Hour       // where the provider says nothing
	minFresh     = 5 * time.Minute // whatever it says
	maxFresh     = 24 * time.Hour
	keepStale    = 24 * time.Hour   // of the last good set, while the provider is down
	retryPause   = 10 * time.Second // after a fetch that failed
	refetchPause = 30 * time.Second // between fetches because of an unknown key
	forgetKeyID  = 2 * time.Minute  // of an unknown kid
	maxUnknown   = 64               // unknown kids remembered for a set
	maxKnown     = 20               // ids of keys kept with evidence
	maxSets      = 10_000           // sets in memory
	maxSetBytes  = 64 << 20         // bytes of all sets
)

// KeySets caches the key sets of all providers, by address. A set is fetched once
// however many ask, and not in the name of any: who gives up waiting doesn't stop
// it for the others.
type KeySets struct {
	HTTP *http.Client
	Now  func() time.Time

	mu    sync.Mutex
	sets  map[string]*keySet
	bytes int
}

// keySet is one address's last good set and the state of fetching it.
type keySet struct {
	keys      []storedKey
	bytes     int
	fetchedAt time.Time // of the last good set; zero: none yet
	freshTill time.Time

	failure     *Failure // of the last fetch
	triedAt     time.Time
	refetchedAt time.Time            // because of an unknown key
	unknown     map[string]time.Time // kids, and when they were found missing
	flight      chan struct{}        // closed when the fetch that runs is over; nil: none runs
	usedAt      time.Time
}

// wantedKey says which keys are looked for.
type wantedKey struct {
	alg string
	kid string // "": any that fits the algorithm
	// rejected says that the keys of the set did not verify: the provider may
	// have changed them without another kid.
	rejected bool
}

// find returns the keys that are wanted of the set at an address. It fetches the
// set if it has to and may; what goes wrong is in the answer.
func (k *KeySets) find(ctx context.Context, uri string, w wantedKey) *KeyEvidence {
	waited := false
	for {
		k.mu.Lock()
		now := k.Now()
		s := k.set(uri)
		s.usedAt = now
		if waited || !s.shouldFetch(w, now) {
			if waited {
				s.remember(w, now)
			}
			ev := s.evidence(w, now)
			k.mu.Unlock()
			return ev
		}
		flight := k.start(ctx, uri, s)
		k.mu.Unlock()
		select {
		case <-flight:
		case <-ctx.Done():
		}
		waited = true
	}
}

// shouldFetch reports whether a fetch could help and is allowed, or one that
// could runs.
func (s *keySet) shouldFetch(w wantedKey, now time.Time) bool {
	missing := w.rejected || !s.has(w)
	old := !now.Before(s.freshTill)
	switch {
	case s.flight != nil:
		return missing || old
	case old:
		return now.Sub(s.triedAt) >= retryPause
	case !missing || now.Sub(s.refetchedAt) < refetchPause:
		return false
	}
	return now.Sub(s.unknown[w.kid]) >= forgetKeyID // long ago, if it was never met
}

// start starts a fetch, or joins the one that runs. The caller holds the lock.
func (k *KeySets) start(ctx context.Context, uri string, s *keySet) <-chan struct{} {
	if s.flight != nil {
		return s.flight
	}
	now := k.Now()
	if now.Before(s.freshTill) {
		s.refetchedAt = now
	}
	s.triedAt = now
	flight := make(chan struct{})
	s.flight = flight
	ctx = context.WithoutCancel(ctx) // send bounds its time
	go func() {
		defer close(flight)
		got, failure := get(ctx, k.HTTP, uri)
		var keys []storedKey
		if failure == nil {
			var err error
			if keys, err = parseKeySet(got.body); err != nil {
				failure = &Failure{cmp.Or(reasonOf(err), "malformed"), "a key set", clip(err.Error())}
			}
		}
		k.mu.Lock()
		defer k.mu.Unlock()
		s.flight, s.failure = nil, failure
		if failure == nil {
			k.keep(uri, s, keys)
			s.freshTill = s.fetchedAt.Add(freshness(got.header))
		}
	}()
	return flight
}

// keep puts a set that was just fetched in place of the old one.
func (k *KeySets) keep(uri string, s *keySet, keys []storedKey) {
	size := len(uri)
	for _, key := range keys {
		size += len(key.id) + len(key.raw)
	}
	if k.sets[uri] == s { // it may have been evicted meanwhile
		k.bytes += size - s.bytes
	}
	s.keys, s.bytes, s.fetchedAt = keys, size, k.Now()
	for k.bytes > maxSetBytes && len(k.sets) > 1 {
		k.evict(s)
	}
}

// set returns the entry of an address, a new one if there is none.
func (k *KeySets) set(uri string) *keySet {
	if s, ok := k.sets[uri]; ok {
		return s
	}
	if k.sets == nil {
		k.sets = map[string]*keySet{}
	}
	if len(k.sets) >= maxSets {
		k.evict(nil)
	}
	s := &keySet{}
	k.sets[uri] = s
	return s
}

// evict drops the set that was not used for the longest time.
func (k *KeySets) evict(but *keySet) {
	var uri string
	var oldest *keySet
	for u, s := range k.sets {
		if s != but && (oldest == nil || s.usedAt.Before(oldest.usedAt)) {
			uri, oldest = u, s
		}
	}
	if oldest != nil {
		k.bytes -= oldest.bytes
		delete(k.sets, uri)
	}
}

// has reports whether the set has a key to try.
func (s *keySet) has(w wantedKey) bool {
	for _, key := range s.keys {
		if w.kid == "" || key.id == w.kid {
			return true
		}
	}
	return false
}

// remember notes that a kid is missing from a set that was just fetched.
func (s *keySet) remember(w wantedKey, now time.Time) {
	if w.kid == "" || s.has(w) || s.failure != nil || s.flight != nil {
		return
	}
	for kid, at := range s.unknown {
		if len(s.unknown) >= maxUnknown || now.Sub(at) >= forgetKeyID {
			delete(s.unknown, kid)
		}
	}
	if s.unknown == nil {
		s.unknown = map[string]time.Time{}
	}
	s.unknown[w.kid] = now
}

// evidence returns the keys that are wanted of what is there.
func (s *keySet) evidence(w wantedKey, now time.Time) *KeyEvidence {
	if s.fetchedAt.IsZero() || now.Sub(s.fetchedAt) >= max(keepStale, s.freshTill.Sub(s.fetchedAt)) {
		if s.failure != nil {
			return &KeyEvidence{Failure: s.failure}
		}
		return &KeyEvidence{Failure: &Failure{"timeout", "a key set in time", "none"}}
	}
	ev := &KeyEvidence{Stale: !now.Before(s.freshTill)}
	for _, key := range s.keys {
		if key.id != "" && len(ev.Known) < maxKnown {
			ev.Known = append(ev.Known, key.id)
		}
		if len(ev.Keys) < maxTried && key.matches(w) {
			ev.Keys = append(ev.Keys, key.raw)
		}
	}
	return ev
}

// matches reports whether a key is one to try. Where several could be, those
// that are unfit do not take the place of others.
func (key storedKey) matches(w wantedKey) bool {
	if w.kid != "" {
		return key.id == w.kid
	}
	k, err := parseKey(key.raw)
	return err == nil && k.fits(w.alg) == nil
}

// freshness is how long a set is fresh, by its Cache-Control.
func freshness(h http.Header) time.Duration {
	fresh := defaultFresh
	for d := range strings.SplitSeq(h.Get("Cache-Control"), ",") {
		name, value, _ := strings.Cut(strings.ToLower(strings.TrimSpace(d)), "=")
		switch name {
		case "no-store", "no-cache":
			return minFresh
		case "max-age":
			if n, err := strconv.ParseInt(strings.Trim(value, `"`), 10, 32); err == nil {
				fresh = time.Duration(n) * time.Second
			}
		}
	}
	return min(max(fresh, minFresh), maxFresh)
}

// add puts further keys to the evidence, each once. That there are none to add
// takes nothing from those that are there.
func (ev *KeyEvidence) add(more *KeyEvidence) {
	have := map[string]bool{}
	for _, raw := range ev.Keys {
		have[string(raw)] = true
	}
	for _, raw := range more.Keys {
		if !have[string(raw)] {
			ev.Keys = append(ev.Keys, raw)
		}
	}
}
