// Package signin owns the way from an address to an identity provider and from
// its answer to a session: sign-ins, sign-ups, SSO attempts, their explanation
// and simulation.
//
// Its functions read facts, ask package policy, and write, in one transaction;
// slow work (signatures) happens before it, mail after it. It decides nothing
// itself.
package signin
