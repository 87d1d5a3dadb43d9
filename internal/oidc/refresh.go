package oidc

import (
	"context"
	"net/url"
)

// Liveness is whether a provider still knows a person.
type Liveness string

// The three values are kept apart: a provider that cannot be asked has said
// nothing (threat T-EASIE-09).
const (
	Alive   Liveness = "alive"
	Gone    Liveness = "gone"    // the provider says so
	Unknown Liveness = "unknown" // down, slow, busy, or it answered something else
)

// RefreshRequest asks after a person by the refresh token of a sign-in.
type RefreshRequest struct {
	Provider     Provider
	ClientID     string
	ClientSecret string
	RefreshToken string
	Issuer       string // of the sign-in's ID token
	Subject      string // of the sign-in's ID token
}

// Refreshed is the answer.
type Refreshed struct {
	Liveness Liveness `json:"liveness"`
	// RefreshToken replaces the one that was used, if it is not empty.
	RefreshToken string `json:"-"`
	// Refused says that an answer came and must not be believed: it was about
	// somebody else, or not signed by the provider (T-RP-27). Liveness is Unknown,
	// and no grace should be given.
	Refused bool `json:"refused"`
	// Reason says why it is Gone or Unknown; Received is what came, for
	// administrators.
	Reason   string `json:"reason,omitempty"`
	Received string `json:"received,omitempty"`
}

// Refresh asks whether a person is still there. What fails is in the answer, so
// that no error can be taken for a person who is gone.
func (c *Client) Refresh(ctx context.Context, r RefreshRequest) Refreshed {
	got, failure := c.tokens(ctx, tokenCall{
		provider: r.Provider,
		clientID: r.ClientID,
		secret:   r.ClientSecret,
		form:     url.Values{"grant_type": {"refresh_token"}, "refresh_token": {r.RefreshToken}},
	})
	if failure != nil {
		return Refreshed{Liveness: livenessAfter(failure), Reason: failure.Reason, Received: failure.Received}
	}
	alive := Refreshed{Liveness: Alive, RefreshToken: got.refreshToken}
	if got.idToken == "" {
		if got.accessToken == "" {
			return Refreshed{Liveness: Unknown, Reason: "malformed", Received: "neither an access token nor an ID token"}
		}
		return alive
	}
	err := c.judgeRefreshed(ctx, r, got)
	switch reason := reasonOf(err); {
	case err == nil:
		return alive
	case reason == "keys_unavailable":
		return Refreshed{Liveness: Unknown, RefreshToken: got.refreshToken, Reason: reason, Received: err.Error()}
	default:
		return Refreshed{Liveness: Unknown, Refused: true, Reason: reason, Received: err.Error()}
	}
}

// judgeRefreshed judges the new ID token and holds it to the old one's issuer and
// subject (OpenID Connect Core, section 12.2).
func (c *Client) judgeRefreshed(ctx context.Context, r RefreshRequest, got tokenReply) error {
	g := &gathering{client: c, expect: Expect{Provider: r.Provider, ClientID: r.ClientID, Skip: Skip{Nonce: true}}}
	g.evidence.Token = got.evidence(nil)
	g.getKeys(ctx)
	e := g.expect
	e.Now = c.Now()
	j := newJudge(e)
	if err := j.judgeIDToken(g.evidence.Token, g.evidence.Keys); err != nil {
		return err
	}
	if err := j.check("issuer", j.identity.Issuer == r.Issuer, refusal{"iss", r.Issuer, j.identity.Issuer}); err != nil {
		return err
	}
	return j.check("subject", j.identity.Subject == r.Subject, refusal{"sub", r.Subject, j.identity.Subject})
}

// livenessAfter reads a token endpoint's refusal. Only the provider's word that
// the grant has ended means that the person is gone.
func livenessAfter(f *Failure) Liveness {
	switch f.Reason {
	case "person_gone", "invalid_grant":
		return Gone
	}
	return Unknown
}
