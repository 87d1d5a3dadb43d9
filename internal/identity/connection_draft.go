package identity

import "time"

// RevisionCause says what made a revision.
type RevisionCause string

// The causes of revisions. The empty one is of revisions from before it was kept.
const (
	RevisionCreated   RevisionCause = "created"   // with the connection
	RevisionChanged   RevisionCause = "changed"   // at once, without a draft
	RevisionRefreshed RevisionCause = "refreshed" // by what the provider says about itself
	RevisionPromoted  RevisionCause = "promoted"  // from a draft
	RevisionRestored  RevisionCause = "restored"  // from an earlier revision
)

// Proof is the newest test run that ended well with a configuration.
type Proof struct {
	TestRunID TestRunID // empty: none did
	At        time.Time
}

// ConnectionDraft is a configuration of a connection that is not live yet. A
// connection has one at most.
type ConnectionDraft struct {
	ConnectionID ConnectionID

	// RevisionID is the id that the draft has as a revision, once it is promoted.
	// It is another one after each edit, so that it names one configuration always.
	RevisionID RevisionID

	BaseRevisionID RevisionID // that was live when the draft was begun
	Config         ConnectionConfig
	Proof          Proof // of the draft as it is
	CreatedBy      Actor // kind and id
	UpdatedBy      Actor
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// Configured is the connection as it would be with another configuration live.
func (c Connection) Configured(id RevisionID, config ConnectionConfig) Connection {
	c.LiveRevisionID, c.Config = id, config
	return c
}

// Issuer is how the provider names itself: its entity ID at SAML, its issuer at
// OpenID Connect; empty where it is not known, and at EASIE.
func (c ConnectionConfig) Issuer() string {
	switch {
	case c.SAML != nil:
		return c.SAML.IDPEntityID
	case c.OIDC != nil:
		return c.OIDC.Issuer
	}
	return ""
}

// SecretID is the client secret that the configuration uses; empty: none.
func (c ConnectionConfig) SecretID() ClientSecretID {
	if c.OIDC == nil {
		return ""
	}
	return c.OIDC.SecretID
}
