// Package mail owns the mails that Usher sends: their words, what an operator may
// want otherwise of them, and how one is written into the outbox, with the event
// that tells of it. It does not send: that is package notify.
package mail
