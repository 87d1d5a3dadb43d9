package backendapi

import (
	"time"

	"usher/internal/identity"
)

// millis is a time as Clerk writes it: Unix milliseconds.
func millis(t time.Time) int64 { return t.UnixMilli() }

// millisOrNull is a time that may be absent.
func millisOrNull(t time.Time) *int64 {
	if t.IsZero() {
		return nil
	}
	ms := millis(t)
	return &ms
}

// object is metadata that is never null.
func object(m identity.Metadata) identity.Metadata {
	if m == nil {
		return identity.Metadata{}
	}
	return m
}
