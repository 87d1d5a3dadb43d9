// Package identity owns the nouns: people, organizations, connections, sessions,
// attempts, their typed ids, and the rules about one noun alone (an address's
// form, a role's permissions, a connection's readiness).
//
// It decides nothing that needs two nouns (package policy does) and stores
// nothing (package store does).
package identity
