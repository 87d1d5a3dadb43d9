package oidc

import (
	"context"
	"net/http"
	"time"
)

// Client calls providers. There is one for the process: its key sets are shared
// by all connections.
type Client struct {
	// HTTP guards where calls lead and how long they take, and redirects a GET
	// at most three times. Calls with secrets are not redirected.
	HTTP *http.Client
	Now  func() time.Time
	Keys *KeySets
}

// NewClient returns a client with an empty cache of key sets.
func NewClient(h *http.Client, now func() time.Time) *Client {
	return &Client{HTTP: h, Now: now, Keys: &KeySets{HTTP: h, Now: now}}
}

// Exchange is what redeems an answer.
type Exchange struct {
	Answer       Answer
	ClientSecret string // "": a public client, which has PKCE alone
	RedirectURI  string // as it was in the request
	Verifier     string // of PKCE
}

// Redeemed is an answer's end. Evidence is for keeping, Tokens are secret.
type Redeemed struct {
	Result   Result
	Evidence Evidence
	Tokens   Tokens
}

// Redeem gathers evidence and judges it. Nobody is signed in unless it returns
// no error; with an error there are no tokens. Result and evidence are filled in
// as far as it went either way.
func (c *Client) Redeem(ctx context.Context, x Exchange, e Expect) (Redeemed, error) {
	ev, tokens := c.Fetch(ctx, x, e)
	result, err := Judge(ev, e)
	if err != nil {
		tokens = Tokens{}
	}
	return Redeemed{Result: result, Evidence: ev, Tokens: tokens}, err
}
