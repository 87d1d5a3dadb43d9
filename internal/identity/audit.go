package identity

import (
	"context"
	"time"
)

// ActorKind says what sort of actor changes something.
type ActorKind string

// The kinds of actors. ActorUnknown is a caller that did not say who it is.
const (
	ActorSecretKey    ActorKind = "secret_key"
	ActorUser         ActorKind = "user"
	ActorImpersonator ActorKind = "impersonator" // who acts as a person
	ActorSystem       ActorKind = "system"
	ActorCommandLine  ActorKind = "command_line"
	ActorSetupLink    ActorKind = "setup_link" // whoever holds it
	ActorUnknown      ActorKind = "unknown"
)

// ActorKinds lists the kinds.
func ActorKinds() []ActorKind {
	return []ActorKind{ActorSecretKey, ActorUser, ActorImpersonator, ActorSystem, ActorCommandLine, ActorSetupLink, ActorUnknown}
}

// Actor is who changes something: an id and never a name or an address of a
// person, which would outlive them (threat T-SEC-12).
type Actor struct {
	Kind    ActorKind
	ID      string // of the secret key or the user; of the session in which somebody acts as another, or of the setup link; the name of a job
	Address string // of the caller's server, where the deployment keeps it
	TraceID string // of the request
}

type actorKey struct{}

// WithActor says who acts in the context. Surfaces, commands and jobs set it once,
// where they learn who calls.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorFrom is who acts in the context.
func ActorFrom(ctx context.Context) Actor {
	if a, ok := ctx.Value(actorKey{}).(Actor); ok {
		return a
	}
	return Actor{Kind: ActorUnknown}
}

// AuditEntry is a line of the audit log: who did what to whom.
type AuditEntry struct {
	ID             AuditID
	At             time.Time
	Actor          Actor
	Action         string // noun and verb, such as "user.banned"; only added
	Subject        string // the id of what was changed
	OrganizationID OrgID  // where it belongs to one
	Detail         map[string]string

	Position int64  // in the chain, from 1; 0: not chained yet
	Chain    string // hash of this line and all before it
	Intact   bool   // the line is as it was written
}
