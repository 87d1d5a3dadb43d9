package signin

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"fmt"

	"usher/internal/fault"
	"usher/internal/identity"
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
}

// startSSO makes a request to the connection's provider for a sign-in, and
// remembers what must come back.
func (f *Flow) startSSO(ctx context.Context, s identity.SignIn, id identity.ConnectionID) (Ticket, error) {
	var r route
	err := f.DB.Read(ctx, func(tx *store.Tx) error {
		var err error
		r, err = readRoute(tx, id, s.Identifier)
		return err
	})
	if err != nil {
		return Ticket{}, err
	}
	now := f.Now()
	request := saml.AuthnRequest{
		ID:           saml.NewRequestID(),
		IssueInstant: now,
		Destination:  r.connection.Config.SAML.IDPSSOURL,
		ACSURL:       id.ACSURL(f.BaseURL),
		Issuer:       id.SPMetadataURL(f.BaseURL),
		LoginHint:    r.hint,
		ForceAuthn:   r.connection.Config.SAML.ForceAuthn,
	}
	relayState := secret.NewToken(relayBytes)
	ticket, err := makeTicket(request, relayState, r)
	if err != nil {
		return Ticket{}, err
	}
	attempt := identity.Attempt{
		ID:             identity.NewID[identity.AttemptID](now),
		ConnectionID:   id,
		RevisionID:     r.connection.LiveRevisionID,
		OrganizationID: r.connection.OrganizationID,
		State:          identity.AttemptStarted,
		TypedEmail:     s.Identifier,
		StartedAt:      now,
		Steps: []identity.Step{{
			At: now, Name: "sent_to_provider", Passed: true, Received: request.Destination,
			Plain: "The browser was sent to the identity provider.",
		}},
	}
	ticket.AttemptID = attempt.ID
	err = f.DB.Write(ctx, func(tx *store.Tx) error {
		live, err := activeSAML(tx, id)
		if err != nil {
			return err
		}
		s, err := f.openSignIn(tx, s.ClientID, s.ID)
		if err != nil {
			return err
		}
		if err := tx.InsertAttempt(attempt); err != nil {
			return err
		}
		s.Status, s.Strategy, s.AttemptID = identity.SignInNeedsFirstFactor, StrategySSO, attempt.ID
		s.ErrorCode, s.ErrorMeta, s.UpdatedAt = "", nil, now
		if err := tx.UpdateSignIn(s); err != nil {
			return err
		}
		return tx.InsertPendingRequest(identity.PendingRequest{
			RelayHash:    f.hashRelay(relayState),
			RequestID:    request.ID,
			AttemptID:    attempt.ID,
			ConnectionID: id,
			RevisionID:   live.LiveRevisionID,
			ClientID:     s.ClientID,
			SignInID:     s.ID,
			TypedEmail:   s.Identifier,
			ForceAuthn:   request.ForceAuthn,
			CreatedAt:    now,
			ExpiresAt:    now.Add(pendingLife),
		})
	})
	return ticket, err
}

// relayBytes of chance make 43 characters; SAML bindings 3.4.3 allows 80.
const relayBytes = 32

func (f *Flow) hashRelay(relayState string) string { return f.Ring.HashToken("relay", relayState) }

// activeSAML reads a connection through which people may sign in at this moment.
func activeSAML(tx *store.Tx, id identity.ConnectionID) (identity.Connection, error) {
	c, err := samlConnection(tx, id)
	if err == nil && !inUse(c) {
		err = fault.New(fault.SAMLConnectionActiveNotFound)
	}
	return c, err
}

// readRoute reads what a request to a connection needs.
func readRoute(tx *store.Tx, id identity.ConnectionID, email identity.Email) (route, error) {
	c, err := activeSAML(tx, id)
	if err != nil {
		return route{}, err
	}
	r := route{connection: c}
	if r.hint, err = loginHint(tx, c, email); err != nil {
		return route{}, err
	}
	if !c.Config.SAML.WantSigned {
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
