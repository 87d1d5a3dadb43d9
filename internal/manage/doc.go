// Package manage owns what administrators do: connections, organizations,
// members, people, settings. It reads facts, asks package policy and writes, in
// one transaction; metadata is fetched and keys are made before it.
//
// Whether the caller may do it at all is for the surface that knows the caller:
// a secret key may do everything.
package manage
