// Package secret seals values before they are stored and hashes what is only
// ever compared: tokens, codes, passwords.
//
// It owns the key ring, the text form of sealed values, random tokens and
// codes, and password hashing. It does not know who may read a secret and
// stores nothing.
package secret
