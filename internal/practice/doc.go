// Package practice is a small, honest SAML 2.0 identity provider for people
// who try Usher out and for tests. Nobody proves anything to it: one picks a
// person from a list and is that person. On request it misbehaves, by name
// (Misbehaviours), so that everyone can see what a service provider does with
// an answer that is late, forged, wrapped or meant for somebody else.
//
// It owns: the practice provider's keys, people and known service providers,
// its metadata, its pages, and every answer that it makes, right or wrong.
// It stands alone on the standard library, shares no code with Usher's own
// SAML, and so serves as the other side in tests.
//
// It writes XML as text that is already in exclusive canonical form; so it
// needs no canonicalizer to sign what it writes, and has none to verify what
// others signed. A signature on a request is checked in the Redirect binding;
// in the POST binding it is only noticed.
//
// What it does not do: ask for a password, keep sessions, log, write files,
// single logout, artifact binding. It must never be reachable from a
// deployment that anyone relies on: whoever reaches it can sign in as anybody.
package practice
