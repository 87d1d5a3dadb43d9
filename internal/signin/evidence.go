package signin

import (
	"bytes"
	"context"
	"encoding/json"
	"strings"
	"time"

	"usher/internal/cause"
	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/oidc"
	"usher/internal/saml"
	"usher/internal/store"
)

// LostBefore is when an attempt that is under way must have begun to count as one
// that never came back.
func (f *Flow) LostBefore() time.Time { return f.Now().Add(-pendingLife) }

// Message is what the provider's message of an attempt says, without any value that
// is about the person.
type Message struct {
	Seen      cause.Seen
	ExpiresAt time.Time // until when it is kept; zero: it is not kept, or no longer
}

// Message reads the kept message of an attempt. Nothing of it is verified.
func (f *Flow) Message(ctx context.Context, id identity.AttemptID) (m Message, err error) {
	err = f.DB.Read(ctx, func(tx *store.Tx) error {
		a, err := tx.Attempt(id)
		if err != nil {
			return store.Missing(err, fault.New(fault.SSOAttemptNotFound))
		}
		c, err := tx.Connection(a.ConnectionID)
		if store.Optional(err) != nil {
			return err
		}
		if m.Seen, err = f.seen(tx, a, c); err != nil {
			return err
		}
		kept, err := tx.Evidence(a.ID)
		if err == nil && f.Now().Before(kept.ExpiresAt) {
			m.ExpiresAt = kept.ExpiresAt
		}
		return store.Optional(err)
	})
	return m, err
}

// Revealed is the evidence of an attempt as it was received.
type Revealed struct {
	Text       string // XML, or at OpenID Connect JSON; as it came where it can't be decoded
	Values     []RevealedValue
	ReceivedAt time.Time
	ExpiresAt  time.Time
}

// RevealedValue is an attribute or claim with what it says. Nothing of it is
// verified.
type RevealedValue struct {
	Name   string
	Values []string
}

// Reveal opens the evidence of an attempt. Who did it is written into the audit log
// in the same transaction: if it can't be, nothing is shown.
func (f *Flow) Reveal(ctx context.Context, id identity.AttemptID) (r Revealed, err error) {
	err = f.DB.Write(ctx, func(tx *store.Tx) error {
		r = Revealed{}
		a, err := tx.Attempt(id)
		if err != nil {
			return store.Missing(err, fault.New(fault.SSOAttemptNotFound))
		}
		kept, err := tx.Evidence(a.ID)
		if err != nil {
			return store.Missing(err, noEvidence())
		}
		if !f.Now().Before(kept.ExpiresAt) {
			return noEvidence()
		}
		r.ReceivedAt, r.ExpiresAt = kept.ReceivedAt, kept.ExpiresAt
		r.read(kept.Body)
		return tx.Audit(identity.AuditEntry{
			At: f.Now(), Action: "sso_attempt.evidence.revealed", Subject: string(a.ID), OrganizationID: a.OrganizationID,
		})
	})
	return r, err
}

// read decodes a body as far as it goes.
func (r *Revealed) read(body []byte) {
	r.Text = strings.ToValidUTF8(string(body), "�")
	var ev oidc.Evidence
	if err := json.Unmarshal(body, &ev); err == nil {
		var indented bytes.Buffer
		if json.Indent(&indented, body, "", "  ") == nil {
			r.Text = strings.ToValidUTF8(indented.String(), "�")
		}
		for _, c := range oidc.Inspect(ev).Claims {
			r.Values = append(r.Values, RevealedValue{c.Name, []string{c.Text}})
		}
		return
	}
	raw, err := saml.DecodePost(string(body))
	if err != nil {
		return
	}
	r.Text = strings.ToValidUTF8(string(raw), "�")
	i := saml.Inspect(raw)
	if i.NameID != "" {
		r.Values = append(r.Values, RevealedValue{"NameID", []string{i.NameID}})
	}
	for _, a := range i.Attributes {
		r.Values = append(r.Values, RevealedValue{a.Name, a.Values})
	}
}
