package practice

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"
)

const (
	// codeLifetime is how long a code is good for: RFC 6749, section 4.1.2,
	// asks for ten minutes at most.
	codeLifetime = 2 * time.Minute

	// tokenLifetime is that of ID tokens and access tokens: what Google and
	// Microsoft give, about.
	tokenLifetime = time.Hour

	// refreshLifetime is what Microsoft gives.
	refreshLifetime = 90 * 24 * time.Hour

	// maxGrant is how long a sealed grant may be, in bytes. A person with more
	// attributes than go in there can't sign in. Ours.
	maxGrant = 16 << 10

	// maxShelf is how many things a shelf keeps. Ours.
	maxShelf = 10_000
)

// grant is what a sign-in gave a client.
type grant struct {
	Kind      grantKind `json:"k"`
	ID        string    `json:"id"` // shared by all that comes of one sign-in
	Serial    string    `json:"n"`  // of this token
	Client    string    `json:"c"`
	Login     string    `json:"l"`
	Edited    *Person   `json:"e,omitempty"`
	Tenant    string    `json:"t,omitempty"` // of the address that was asked
	Redirect  string    `json:"r,omitempty"`
	Challenge string    `json:"h,omitempty"`
	Nonce     string    `json:"o,omitempty"`
	Scope     string    `json:"s,omitempty"`
	Offline   bool      `json:"f,omitempty"` // a refresh token goes with it
	AuthTime  int64     `json:"a"`           // Unix seconds
	Until     int64     `json:"u"`           // Unix seconds
	Misbehave string    `json:"m,omitempty"`
	Param     string    `json:"p,omitempty"`
}

// grantKind tells codes and tokens apart.
type grantKind string

const (
	kindCode    grantKind = "code"
	kindAccess  grantKind = "access"
	kindRefresh grantKind = "refresh"
)

// allows reports whether the client asked for a scope.
func (g grant) allows(scope string) bool { return hasWord(g.Scope, scope) }

// hasWord reports whether a list of words holds one.
func hasWord(list, word string) bool {
	for w := range strings.FieldsSeq(list) {
		if w == word {
			return true
		}
	}
	return false
}

// sealer turns grants into tokens and back, so that the provider need not
// remember them and they outlive its restart. Its key is no secret: whoever
// forged a token could as well sign in as anybody. It tells the tokens of one
// provider from damaged ones and from another's.
type sealer struct{ key [32]byte }

func newSealer(base string) sealer {
	return sealer{sha256.Sum256([]byte("practice tokens\x00" + base))}
}

func (s sealer) mac(text string) string {
	m := hmac.New(sha256.New, s.key[:])
	m.Write([]byte(text))
	return b64(m.Sum(nil))
}

// seal writes a grant as a token.
func (s sealer) seal(g grant) (string, error) {
	text, err := json.Marshal(g)
	if err != nil {
		return "", fmt.Errorf("practice: writing a token: %w", err)
	}
	if len(text) > maxGrant {
		return "", fmt.Errorf("practice: what is said of the person does not fit into %d bytes", maxGrant)
	}
	body := b64(text)
	return body + "." + s.mac(body), nil
}

// unseal reads what seal wrote.
func (s sealer) unseal(token string) (g grant, err error) {
	body, mac, ok := strings.Cut(token, ".")
	if !ok || len(body) > 2*maxGrant || !hmac.Equal([]byte(mac), []byte(s.mac(body))) {
		return grant{}, errors.New("practice: this token is not from here")
	}
	text, err := base64.RawURLEncoding.DecodeString(body)
	if err == nil {
		err = json.Unmarshal(text, &g)
	}
	if err != nil {
		return grant{}, fmt.Errorf("practice: reading a token: %w", err)
	}
	return g, nil
}

// b64 is base64 as JOSE wants it: RFC 7515, section 2.
func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// serial is a name of 160 random bits.
func serial() string {
	b := make([]byte, 20)
	rand.Read(b)
	return b64(b)
}

// shelf keeps the last maxShelf things that were put on it. It is not safe
// for concurrent use.
type shelf[V any] struct {
	items map[string]V
	order []string
}

func newShelf[V any]() shelf[V] { return shelf[V]{items: map[string]V{}} }

// put keeps v under key, instead of what was there.
func (s *shelf[V]) put(key string, v V) {
	if _, there := s.items[key]; !there {
		s.order = append(s.order, key)
	}
	s.items[key] = v
	if len(s.order) > maxShelf {
		delete(s.items, s.order[0])
		s.order = s.order[1:]
	}
}

func (s *shelf[V]) get(key string) (V, bool) {
	v, ok := s.items[key]
	return v, ok
}

// issueCode makes a code for a grant.
func (o *OIDC) issueCode(g grant) string {
	code := serial()
	g.Kind, g.Until = kindCode, o.config.Now().Add(codeLifetime).Unix()
	o.mu.Lock()
	defer o.mu.Unlock()
	o.codes.put(code, g)
	return code
}

// redeem takes a code in. A code that comes again ends everything that its
// sign-in gave (RFC 6749, section 4.1.2).
func (o *OIDC) redeem(code string) (grant, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	g, known := o.codes.get(code)
	_, spent := o.spent.get(code)
	switch {
	case !known:
		return grant{}, errors.New("practice: this code was not given here, or long ago")
	case spent:
		o.spent.put(g.ID, struct{}{})
		return grant{}, errors.New("practice: this code was used already")
	}
	o.spent.put(code, struct{}{})
	if o.config.Now().Unix() >= g.Until {
		return grant{}, errors.New("practice: this code has expired")
	}
	return g, nil
}

// holds reads an access or refresh token that is still good.
func (o *OIDC) holds(token string, kind grantKind) (grant, error) {
	g, err := o.sealer.unseal(token)
	if err != nil {
		return grant{}, err
	}
	o.mu.Lock()
	_, ended := o.spent.get(g.ID)
	o.mu.Unlock()
	switch {
	case g.Kind != kind:
		return grant{}, errors.New("practice: this is a token of another kind")
	case ended:
		return grant{}, errors.New("practice: this token was revoked")
	case o.config.Now().Unix() >= g.Until:
		return grant{}, errors.New("practice: this token has expired")
	}
	return g, nil
}

// spend uses a refresh token up, where the flavour's rotate. One that comes
// again ends everything that its sign-in gave (RFC 9700, section 4.14.2).
func (o *OIDC) spend(g grant) error {
	if !o.config.Flavour.rotates() {
		return nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	if _, spent := o.spent.get(g.Serial); spent {
		o.spent.put(g.ID, struct{}{})
		return errors.New("practice: this refresh token was used already")
	}
	o.spent.put(g.Serial, struct{}{})
	return nil
}

// rotates reports whether a refresh token is good once. Google's are good
// until revoked; Microsoft's are replaced, but the old ones stay good.
func (f Flavour) rotates() bool { return f == Custom || f == Okta }

// token seals what a grant gives as a token of a kind.
func (o *OIDC) token(g grant, kind grantKind, lifetime time.Duration) (string, error) {
	g.Kind, g.Serial = kind, serial()
	g.Until = o.config.Now().Add(lifetime).Unix()
	return o.sealer.seal(g)
}
