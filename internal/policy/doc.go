// Package policy decides who may do what, one file a question: Discover,
// Enforce, Try, Mail, Admit, Leave, Remove, ChangeRole, Move, Domain, Enroll, Ask,
// SelfServe, Permit.
//
// A decision is a function of its facts alone: it takes no context, clock, store
// or logger, so that it can be run at sign-in, simulated, replayed and tested by
// the same code. The facts are read by the caller in the transaction that carries
// the decision out. A plan says what to write, never how; package provision does.
//
// The names of rules and their order are a promise, like error codes: they are
// kept with every attempt and shown to administrators.
package policy
