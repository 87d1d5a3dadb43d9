package session_test

import (
	"slices"
	"testing"
	"time"

	"usher/internal/session"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

func (w *world) published(m *session.Manager) []string {
	w.Helper()
	var ids []string
	for _, k := range must(m.Keys.Public(w.Context()))(w).Keys {
		ids = append(ids, k.KeyID)
	}
	slices.Sort(ids)
	return ids
}

func (w *world) signer(s session.Ask) any {
	w.Helper()
	header, _ := w.read(w.token(s))
	return header["kid"]
}

// Threat T-OPS-03: a new key is published ten minutes before it signs, and the old
// one stays until its last token has expired.
func TestRotate_NobodyNotices(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ask := session.Ask{Session: w.browser().signIn(nil).ID}
		r := must(w.m.Keys.Rotate(t.Context(), false))(t)
		if !slices.Equal(r.Retired, []string{"ins_test"}) || !r.SignsFrom.Equal(began.Add(10*time.Minute)) || !r.RetiredAt.Equal(began.Add(16*time.Minute)) {
			t.Errorf("rotation %+v", r)
		}
		both := []string{r.NewKey, "ins_test"} // sorted
		steps := []struct {
			after  time.Duration
			keys   []string
			signer string
		}{
			{0, both, "ins_test"},
			{10*time.Minute - time.Millisecond, both, "ins_test"},
			{10 * time.Minute, both, r.NewKey},
			{16*time.Minute - time.Millisecond, both, r.NewKey},
			{16*time.Minute + 5*time.Second, []string{r.NewKey}, r.NewKey}, // a node may be five seconds late
		}
		for _, step := range steps {
			w.clock.Set(began.Add(step.after))
			if got := w.published(w.m); !slices.Equal(got, step.keys) {
				t.Errorf("after %s: published %v, want %v", step.after, got, step.keys)
			}
			if got := w.signer(ask); got != step.signer {
				t.Errorf("after %s: signed by %v, want %s", step.after, got, step.signer)
			}
		}
	})
}

// Threat T-SEC-10: with a stolen key nothing waits; also when an ordinary rotation
// was under way, and on other nodes within five seconds (threat T-OPS-10).
func TestRotate_AtOnceEveryOldKeyIsGone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ask := session.Ask{Session: w.browser().signIn(nil).ID}
		other := w.node(w.db)
		w.published(other)
		must(w.m.Keys.Rotate(t.Context(), false))(t)
		r := must(w.m.Keys.Rotate(t.Context(), true))(t)
		if got := w.published(w.m); !slices.Equal(got, []string{r.NewKey}) {
			t.Errorf("published %v, want the new one alone, %s", got, r.NewKey)
		}
		if got := w.signer(ask); got != r.NewKey {
			t.Errorf("signed by %v", got)
		}
		w.clock.Advance(5 * time.Second)
		if got := w.published(other); !slices.Equal(got, []string{r.NewKey}) {
			t.Errorf("another node publishes %v", got)
		}
	})
}

func TestRotate_TwiceInARowKeepsWhatStillSigns(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ask := session.Ask{Session: w.browser().signIn(nil).ID}
		first := must(w.m.Keys.Rotate(t.Context(), false))(t)
		w.clock.Advance(5 * time.Minute)
		second := must(w.m.Keys.Rotate(t.Context(), false))(t)
		for _, step := range []struct {
			after  time.Duration
			signer string
		}{{5 * time.Minute, "ins_test"}, {10 * time.Minute, first.NewKey}, {15 * time.Minute, second.NewKey}, {time.Hour, second.NewKey}} {
			w.clock.Set(began.Add(step.after))
			if got := w.signer(ask); got != step.signer {
				t.Errorf("after %s: signed by %v, want %s", step.after, got, step.signer)
			}
		}
		if got := w.published(w.m); !slices.Equal(got, []string{second.NewKey}) {
			t.Errorf("in the end %v are published", got)
		}
	})
}

// Threat T-SEC-01.
func TestKeys_AreSealedAtRest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, storetest.Open(t, store.SQLite))
	key := must(firstKey())(t)
	w.write(func(tx *store.Tx) error {
		keys, err := tx.SigningKeys()
		if err == nil && string(keys[0].PrivateKey) != string(key.PrivateKey) {
			t.Error("another key came back")
		}
		return err
	})
	for _, k := range must(w.m.Keys.Public(t.Context()))(t).Keys {
		if k.Use != "sig" || k.KeyType != "RSA" || k.Algorithm != "RS256" || k.Exponent != "AQAB" || len(k.Modulus) != 342 {
			t.Errorf("key %+v", k)
		}
	}
}
