package oidc

import (
	"encoding/json"
	"time"
)

// Evidence is all that a provider sent in one sign-in, and all that Judge looks
// at. It can be kept as JSON: it holds no client secret, code, verifier, access
// token or refresh token.
type Evidence struct {
	At     time.Time `json:"at"` // when it was complete
	Answer Answer    `json:"answer"`

	Token *TokenAnswer `json:"token,omitempty"` // nil: not asked
	Keys  *KeyEvidence `json:"keys,omitempty"`  // nil: none needed
	// UserInfo is nil where it was not asked: the ID token had what was needed,
	// or was refused.
	UserInfo *Document `json:"user_info,omitempty"`
	// Mailbox is GitHub's list of addresses.
	Mailbox *Document `json:"mailbox,omitempty"`
}

// TokenAnswer is what came from the token endpoint, without what is secret.
type TokenAnswer struct {
	Failure   *Failure `json:"failure,omitempty"`
	IDToken   string   `json:"id_token,omitempty"`
	TokenType string   `json:"token_type,omitempty"`
	Scope     string   `json:"scope,omitempty"`
	// AccessTokenHash is the left half of the access token's hash by the algorithm
	// of the ID token, which at_hash must equal; "" if no access token came.
	AccessTokenHash string `json:"access_token_hash,omitempty"`
}

// Document is what came from an endpoint that the access token opens.
type Document struct {
	Failure     *Failure `json:"failure,omitempty"`
	ContentType string   `json:"content_type,omitempty"`
	Body        []byte   `json:"body,omitempty"`
}

// KeyEvidence is the part of a key set that could have signed.
type KeyEvidence struct {
	Failure *Failure `json:"failure,omitempty"` // the set could not be fetched, and none was kept
	// Keys are those that the token's kid names, or all if it has none, at most
	// eight, public members only.
	Keys []json.RawMessage `json:"keys,omitempty"`
	// Known are the ids of the keys in the set, at most twenty, for explaining
	// that one is not among them.
	Known []string `json:"known,omitempty"`
	// Stale says that the set could not be fetched again and is an older one.
	Stale bool `json:"stale,omitempty"`
}

// Failure is a call that brought nothing.
type Failure struct {
	Reason   string `json:"reason"`
	Expected string `json:"expected"`
	Received string `json:"received"` // the provider's words, cut at 512 bytes; for administrators
}

func (f *Failure) refusal() *refusal { return &refusal{f.Reason, f.Expected, f.Received} }

// Tokens are what a provider gave for a code: secrets, to be sealed or dropped.
type Tokens struct {
	AccessToken  string `json:"-"`
	RefreshToken string `json:"-"` // "": none came
}
