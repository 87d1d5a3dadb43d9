// Package session owns browsers (clients), signed-in sessions, their tokens, the
// keys that sign them, and the cookie that names a browser.
//
// It does not decide who may sign in: package signin makes a session once
// package policy has admitted the person.
package session
