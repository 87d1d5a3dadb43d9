// Package practice has small, honest identity providers, one for SAML 2.0 and
// one for OpenID Connect, for people who try Usher out and for tests. Nobody
// proves anything to them: one picks a person from a list and is that person.
// On request they misbehave, by name (Misbehaviours, OIDCMisbehaviours), so
// that everyone can see what a service provider does with an answer that is
// late, forged, wrapped or meant for somebody else.
//
// It owns: the practice providers' keys, people, known service providers and
// clients, their metadata, their pages, and every answer that they make, right
// or wrong. It stands alone on the standard library, shares no code with
// Usher's own SAML and OpenID Connect, and so serves as the other side in tests.
//
// The SAML provider (IDP) writes XML as text that is already in exclusive
// canonical form; so it needs no canonicalizer to sign what it writes, and has
// none to verify what others signed. A signature on a request is checked in the
// Redirect binding; in the POST binding it is only noticed.
//
// The OpenID Connect provider (OIDC) has the code flow, with PKCE, refresh
// tokens and user info. In the Google and Microsoft flavours its claims, its
// issuers and what becomes of refresh tokens are theirs, at addresses of its own.
//
// What it does not do: ask for a password, keep sessions, log, write files,
// single logout, artifact binding, request objects, other flows. It must never
// be reachable from a deployment that anyone relies on: whoever reaches it can
// sign in as anybody.
package practice
