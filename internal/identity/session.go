package identity

import "time"

// Client is one browser. Its cookie holds a rotating token, kept only as a hash.
type Client struct {
	ID                  ClientID
	TokenHash           string
	LastActiveSessionID SessionID
	CreatedAt           time.Time
	UpdatedAt           time.Time
}

// SessionStatus is the state of a session.
type SessionStatus string

// The states. Only SessionActive and SessionPending are live.
const (
	SessionActive    SessionStatus = "active"
	SessionPending   SessionStatus = "pending" // signed in, a task is still to be done
	SessionEnded     SessionStatus = "ended"
	SessionExpired   SessionStatus = "expired"
	SessionRemoved   SessionStatus = "removed"
	SessionRevoked   SessionStatus = "revoked"
	SessionAbandoned SessionStatus = "abandoned"
	SessionReplaced  SessionStatus = "replaced"
)

// SessionStatuses lists every state.
func SessionStatuses() []SessionStatus {
	return []SessionStatus{
		SessionActive, SessionPending, SessionEnded, SessionExpired, SessionRemoved, SessionRevoked, SessionAbandoned, SessionReplaced,
	}
}

// Session is a signed-in person in a client.
type Session struct {
	ID                       SessionID
	ClientID                 ClientID
	UserID                   UserID
	Status                   SessionStatus
	ConnectionID             ConnectionID // the connection that it came through; empty: another way
	LastActiveOrganizationID OrgID
	Actor                    Metadata // who impersonates the user; empty: nobody
	FirstFactorAt            time.Time
	ExpireAt                 time.Time // the absolute end, never later than the assertion's SessionNotOnOrAfter
	AbandonAt                time.Time // the end when nobody uses it; moves on with use
	LastActiveAt             time.Time
	CheckAt                  time.Time // when the provider is asked next whether the person is still there; zero: never
	CreatedAt                time.Time
	UpdatedAt                time.Time
}

// Live reports whether the session still stands at now.
func (s Session) Live(now time.Time) bool {
	return (s.Status == SessionActive || s.Status == SessionPending) &&
		now.Before(s.ExpireAt) && now.Before(s.AbandonAt)
}

// Impersonated reports whether somebody else acts as the user.
func (s Session) Impersonated() bool { return len(s.Actor) > 0 }

// RefreshToken gets a browser a new session token from the Backend API. The
// token itself is kept as a hash.
type RefreshToken struct {
	Hash      string
	SessionID SessionID
	CreatedAt time.Time
	ExpiresAt time.Time
}

// SigningKey signs session tokens.
type SigningKey struct {
	ID         string    // the "kid"
	PrivateKey []byte    // PKCS #8 DER; sealed at rest
	SignsFrom  time.Time // published before, signing from then on
	RetiredAt  time.Time // zero: not retired; leaves the key set at that time
	CreatedAt  time.Time
}

// SecretKey opens the Backend API. The key itself is shown once and kept as a hash.
type SecretKey struct {
	ID        SecretKeyID
	Hash      string
	Name      string
	CreatedAt time.Time
	RevokedAt time.Time
}
