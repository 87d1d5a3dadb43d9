package manage

import (
	"context"
	"sync"
	"time"

	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/secret"
	"usher/internal/store"
)

// Fetcher gets a document from outside, bounded in size, time and redirects.
type Fetcher interface {
	Fetch(ctx context.Context, url, accept string, max int64) (body []byte, contentType string, err error)
}

// Service carries out what administrators ask for.
type Service struct {
	DB      *store.DB
	Now     func() time.Time
	Ring    *secret.KeyRing
	Hasher  *secret.Hasher
	Fetch   Fetcher
	Records Records
	BaseURL string // the deployment's public origin, without a slash at the end

	// CheckURL says what keeps a URL from being called. Nil: every URL may be.
	CheckURL func(string) error

	AllowedOrigins []string // to which an invitation may lead besides BaseURL

	// AllowLoopback lets a connection's SSO URL be plain http on a loopback host:
	// development only.
	AllowLoopback bool

	// Disposable are domains with addresses for minutes, besides those that policy
	// knows. Nil: none.
	Disposable func() identity.DomainSet

	pictures sync.Mutex // decoding takes memory: one at a time
}

func (s *Service) disposable() identity.DomainSet {
	if s.Disposable == nil {
		return nil
	}
	return s.Disposable()
}

// What a list is asked for. Surfaces name these here and never see the store.
type (
	// Page is a part of a list.
	Page = store.Page
	// UserFilter says which users.
	UserFilter = store.UserFilter
	// Span is a part of time.
	Span = store.Span
	// OrganizationFilter says which organizations.
	OrganizationFilter = store.OrganizationFilter
	// MembershipFilter says which memberships.
	MembershipFilter = store.MembershipFilter
	// NamedFilter says which roles, permissions or role sets.
	NamedFilter = store.NamedFilter
	// ConnectionFilter says which connections.
	ConnectionFilter = store.ConnectionFilter
	// Effect is one consequence of a change.
	Effect = policy.Effect
	// Finding is what is wrong, or may be, with a draft.
	Finding = policy.Finding
	// DeliveryFilter says which deliveries of an endpoint.
	DeliveryFilter = store.DeliveryFilter
)
