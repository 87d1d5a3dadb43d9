package policy

import "usher/internal/identity"

// Removal is the decision of Remove, with what happens afterwards.
type Removal struct {
	Decision

	// RejoinsThrough is the connection through which the person becomes a member
	// again at the next sign-in, if the provider still lets her in. Empty: she
	// does not come back that way.
	RejoinsThrough identity.ConnectionID
}

// Remove decides whether a member may be taken out, by the Backend API, an
// operator, or a member whom Permit allows MembershipsManage. A member who
// joined by SSO may be.
func Remove(f RemovalFacts) Removal {
	var t Trace
	r := Removal{Decision: removal(&t, f)}
	if c := f.JoinedThrough; r.Denied == nil && tied(f) && c.InUse() {
		r.RejoinsThrough = c.ID
	}
	return r
}
