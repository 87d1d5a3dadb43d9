package signin

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/saml"
	"usher/internal/secret"
	"usher/internal/store"
)

// Ticket is how a browser gets to the provider: by a redirect, or by posting a
// form.
type Ticket struct {
	AttemptID  identity.AttemptID
	Connection identity.Connection
	Redirect   string         // empty with Form
	Form       *saml.PostForm // nil with Redirect
}

// route is what a request to a provider needs, read before the request is made.
type route struct {
	connection identity.Connection
	key        *rsa.PrivateKey // nil: requests are not signed
	cert       *x509.Certificate
	hint       string
	rp         relyingParty // at OpenID Connect
}

// question is a request to a provider that is ready to be sent: the way there,
// and what must be remembered for the answer.
type question struct {
	ticket      Ticket
	relay       string // RelayState, or state
	destination string
	pending     identity.PendingRequest // its part that the protocol knows
}

// startSSO makes a request to the connection's provider for a sign-in, and
// remembers what must come back.
func (f *Flow) startSSO(ctx context.Context, s identity.SignIn, id identity.ConnectionID) (Ticket, error) {
	q, err := f.ask(ctx, id, s.Identifier)
	if err != nil {
		return Ticket{}, err
	}
	now := f.Now()
	attempt := f.started(q, now)
	attempt.TypedEmail = s.Identifier
	q.ticket.AttemptID = attempt.ID
	err = f.DB.Write(ctx, func(tx *store.Tx) error {
		if _, err := activeConnection(tx, id); err != nil {
			return err
		}
		s, err := f.openSignIn(tx, s.ClientID, s.ID)
		if err != nil {
			return err
		}
		s.Status, s.Strategy, s.AttemptID = identity.SignInNeedsFirstFactor, StrategySSO, attempt.ID
		s.ErrorCode, s.ErrorMeta, s.UpdatedAt = "", nil, now
		if err := tx.UpdateSignIn(s); err != nil {
			return err
		}
		p := q.pending
		p.ClientID, p.SignInID, p.TypedEmail = s.ClientID, s.ID, s.Identifier
		return f.remember(tx, q, attempt, p)
	})
	return q.ticket, err
}

// started is the attempt that a question begins.
func (f *Flow) started(q question, now time.Time) identity.Attempt {
	c := q.ticket.Connection
	return identity.Attempt{
		ID:             identity.NewID[identity.AttemptID](now),
		ConnectionID:   c.ID,
		RevisionID:     c.LiveRevisionID,
		OrganizationID: c.OrganizationID,
		State:          identity.AttemptStarted,
		StartedAt:      now,
		Steps: []identity.Step{{
			At: now, Name: "sent_to_provider", Passed: true, Received: q.destination,
			Plain: "The browser was sent to the identity provider.",
		}},
	}
}

// remember keeps the attempt and what must come back.
func (f *Flow) remember(tx *store.Tx, q question, a identity.Attempt, p identity.PendingRequest) error {
	if err := tx.InsertAttempt(a); err != nil {
		return err
	}
	p.RelayHash, p.AttemptID, p.CreatedAt = f.hashRelay(q.relay), a.ID, a.StartedAt
	p.ConnectionID, p.RevisionID = a.ConnectionID, a.RevisionID // that the question was made by
	return tx.InsertPendingRequest(p)
}

// ask writes the request in the protocol that the connection's provider speaks.
// The address, which may be empty, is a hint for the provider.
func (f *Flow) ask(ctx context.Context, id identity.ConnectionID, hint identity.Email) (question, error) {
	var r route
	err := f.DB.Read(ctx, func(tx *store.Tx) error {
		var err error
		r, err = readRoute(tx, id, hint)
		return err
	})
	if err != nil {
		return question{}, err
	}
	return f.question(r, hint)
}

// question is ask, with what it needs.
func (f *Flow) question(r route, hint identity.Email) (question, error) {
	if r.connection.Config.SAML != nil {
		return f.askSAML(r)
	}
	return f.askOIDC(r, hint)
}

func (f *Flow) askSAML(r route) (question, error) {
	now, c := f.Now(), r.connection
	request := saml.AuthnRequest{
		ID:           saml.NewRequestID(),
		IssueInstant: now,
		Destination:  c.Config.SAML.IDPSSOURL,
		ACSURL:       c.ID.ACSURL(f.BaseURL),
		Issuer:       c.ID.SPMetadataURL(f.BaseURL),
		LoginHint:    r.hint,
		ForceAuthn:   c.Config.SAML.ForceAuthn,
	}
	q := question{
		relay:       secret.NewToken(relayBytes),
		destination: request.Destination,
		pending: identity.PendingRequest{
			RequestID: request.ID, ForceAuthn: request.ForceAuthn, ExpiresAt: now.Add(pendingLife),
		},
	}
	var err error
	q.ticket, err = makeTicket(request, q.relay, r)
	return q, err
}

// relayBytes of chance make 43 characters; SAML bindings 3.4.3 allows 80.
const relayBytes = 32

func (f *Flow) hashRelay(relayState string) string { return f.Ring.HashToken("relay", relayState) }

// activeConnection reads a connection through which people may sign in at this
// moment.
func activeConnection(tx *store.Tx, id identity.ConnectionID) (identity.Connection, error) {
	c, err := tx.Connection(id)
	if err == nil && !c.InUse() {
		err = policy.NotActive(c)
	}
	return c, store.Missing(err, fault.New(fault.SSOSignInConnectionMissing))
}

// readRoute reads what a request to a connection needs.
func readRoute(tx *store.Tx, id identity.ConnectionID, email identity.Email) (route, error) {
	c, err := tx.Connection(id)
	if err == nil && !c.Active {
		err = policy.NotActive(c)
	}
	if err != nil {
		return route{}, store.Missing(err, fault.New(fault.SSOSignInConnectionMissing))
	}
	r := route{connection: c}
	if c.Config.SAML == nil {
		if r.rp, err = readRelyingParty(tx, c); err == nil && c.Provider == identity.OAuthGoogle {
			r.rp.consent, err = forgotten(tx, c, email)
		}
		return r, err
	}
	if email == "" {
		return signer(tx, r)
	}
	if r.hint, err = loginHint(tx, c, email); err != nil {
		return route{}, err
	}
	return signer(tx, r)
}

// signer reads the key by which a SAML request is signed, where the provider wants
// it so.
func signer(tx *store.Tx, r route) (route, error) {
	id := r.connection.ID
	if !r.connection.Config.SAML.WantSigned {
		return r, nil
	}
	keys, err := tx.ConnectionKeys(id)
	if err != nil {
		return route{}, err
	}
	if len(keys) == 0 {
		return route{}, fmt.Errorf("signin: connection %s has no key to sign with", id)
	}
	// The oldest signs: a new key is published before the provider knows it.
	oldest := keys[len(keys)-1]
	if r.key, err = saml.ParseSPKey(oldest.PrivateKey); err != nil {
		return route{}, err
	}
	r.cert, err = saml.ParseCertificate(oldest.Certificate)
	return r, err
}

// loginHint is what the provider is told about the person: behaviour 1.81.
func loginHint(tx *store.Tx, c identity.Connection, email identity.Email) (string, error) {
	h := c.Config.SAML.LoginHint.WithDefault(c.Provider)
	switch h.Mode {
	case identity.HintEmailAddress:
		return string(email), nil
	case identity.HintCustomAttribute:
		held, err := tx.VerifiedEmail(email)
		if err != nil {
			return "", store.Optional(err)
		}
		u, err := tx.User(held.UserID)
		if err != nil {
			return "", err
		}
		hint, _ := u.PublicMetadata[h.Source].(string) // anything but one text is left out
		return hint, nil
	case identity.HintOff:
	}
	return "", nil
}

// makeTicket writes the request in the binding that the provider's metadata names.
func makeTicket(request saml.AuthnRequest, relayState string, r route) (Ticket, error) {
	t := Ticket{Connection: r.connection}
	if r.connection.Config.SAML.IDPSSOBinding == "post" {
		form, err := request.PostForm(relayState, r.key, r.cert)
		t.Form = &form
		return t, err
	}
	var err error
	t.Redirect, err = request.RedirectURL(relayState, r.key)
	return t, err
}
