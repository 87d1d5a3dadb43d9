package policy

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"usher/internal/identity"
)

const (
	maxMetadata = 8 << 10 // bytes of JSON of one object, as Clerk's
	maxName     = 256     // characters of a name; ours
)

// syncs reports whether a sign-in writes the provider's attributes into a person
// who exists. A directory, where there is one, is their only source.
func (a *admission) syncs() bool {
	return a.Connection.Config.SyncUserAttributes && !a.Directory
}

// attributes plans what becomes of names and metadata. It refuses nothing: what
// cannot be used is left out, and the trace says so.
func (a *admission) attributes() {
	first, last := personName(a.Claims.FirstName), personName(a.Claims.LastName)
	var before identity.User
	if a.person != nil {
		before = a.person.User
	}
	switch {
	case a.person == nil:
	case a.Directory:
		a.trace.note("attributes", true, "the directory is their source")
		return
	case !a.syncs():
		a.trace.note("attributes", true, "sync is off")
		return
	}
	metadata, left := merge(before.PublicMetadata, a.Claims.PublicMetadata)
	var names []string
	if first != "" && first != before.FirstName {
		names = append(names, "first_name")
	} else {
		first = ""
	}
	if last != "" && last != before.LastName {
		names = append(names, "last_name")
	} else {
		last = ""
	}
	for _, key := range slices.Sorted(maps.Keys(metadata)) {
		names = append(names, "public_metadata."+key)
	}
	if left != "" {
		names = append(names, left)
	}
	a.trace.note("attributes", true, strings.Join(names, " "))
	switch {
	case a.plan.CreateUser != nil:
		a.plan.CreateUser.FirstName, a.plan.CreateUser.LastName = first, last
		a.plan.CreateUser.PublicMetadata = metadata
	case first != "" || last != "" || len(metadata) > 0:
		a.plan.UpdateUser = &UserUpdate{FirstName: first, LastName: last, PublicMetadata: metadata}
	}
}

// merge is the part of the claims that changes the metadata: nil if none. If the
// whole would be too large, nothing changes and left says so.
func merge(before, claims identity.Metadata) (changes identity.Metadata, left string) {
	whole := maps.Clone(before)
	for key, value := range claims {
		if old, ok := before[key]; ok && equal(old, value) {
			continue
		}
		if changes == nil {
			changes = identity.Metadata{}
		}
		if whole == nil {
			whole = identity.Metadata{}
		}
		changes[key], whole[key] = value, value
	}
	if changes == nil {
		return nil, ""
	}
	if raw, err := json.Marshal(whole); err != nil || len(raw) > maxMetadata {
		return nil, "(public metadata left out: over 8 KB)"
	}
	return changes, ""
}

// equal compares as JSON, for what was stored comes back with other types.
func equal(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// personName is a name that can be shown; empty for one that is too long or
// holds characters that control (threat T-ID-06).
func personName(s string) string {
	s = strings.TrimSpace(s)
	bad := func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }
	if utf8.RuneCountInString(s) > maxName || !utf8.ValidString(s) || strings.ContainsFunc(s, bad) {
		return ""
	}
	return s
}
