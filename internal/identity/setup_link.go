package identity

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"time"
)

// SetupLinkID names a setup link. It has Clerk's form of such ids, "aplt_" and 32
// hexadecimal digits, and sorts by the second of its making.
type SetupLinkID string

// NewSetupLinkID makes an id.
func NewSetupLinkID(now time.Time) SetupLinkID {
	var chance [12]byte
	_, _ = rand.Read(chance[:]) // never fails

	return SetupLinkID(fmt.Sprintf("aplt_%08x%x", uint32(now.Unix()), chance)) //nolint:gosec // seconds, until 2106
}

// PortalID is the id by which Clerk's API names what a setup link leads to: the
// setup pages of one organization. It is the organization's own id under another
// prefix.
func (id OrgID) PortalID() string {
	return "apl_" + strings.TrimPrefix(string(id), id.prefix()+"_")
}

// The scopes of a setup link that Usher's own pages ask for. Others may be given;
// they are kept and allow nothing here.
const (
	SetupRead  = "admin_portal:read"  // see how the organization's sign-in is set up
	SetupWrite = "admin_portal:write" // change it
)

// SetupLink lets somebody without an account, such as a customer's IT team, set up
// the sign-in of one organization. Its token is shown once and kept as a hash. The
// first browser that brings it gets a secret instead, and no other browser is let
// in.
type SetupLink struct {
	ID               SetupLinkID
	OrganizationID   OrgID
	ITContactID      string   // the caller's own name for who is to use it
	Scopes           []string // nil: all
	TokenHash        string
	BrowserHash      string    // of the secret of the browser that opened it; empty: none has
	OpenedAt         time.Time // zero: never
	RevokedAt        time.Time // zero: not revoked
	RevocationReason string
	ExpiresAt        time.Time
	CreatedAt        time.Time
	UpdatedAt        time.Time
}

// Allows reports whether the link may be used for what a scope stands for.
func (l SetupLink) Allows(scope string) bool {
	return l.Scopes == nil || slices.Contains(l.Scopes, scope)
}

// Revoked reports whether the link was taken back.
func (l SetupLink) Revoked() bool { return !l.RevokedAt.IsZero() }

// Expired reports whether the link's time is over.
func (l SetupLink) Expired(now time.Time) bool { return !now.Before(l.ExpiresAt) }
