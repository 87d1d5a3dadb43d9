package session

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"time"

	"usher/internal/identity"
	"usher/internal/store"
)

const (
	// TokenLifetime is how long a session token lives.
	TokenLifetime = 60 * time.Second

	// keyCacheAge is how long one node may sign with keys that another has
	// rotated (threat T-OPS-10).
	keyCacheAge = 5 * time.Second

	// publishBefore is how long a new key is published before it signs: twice the
	// five minutes for which Clerk's SDKs cache a key set (threat T-OPS-03).
	publishBefore = 10 * time.Minute

	// retireAfter is how long an old key stays published after it last signed:
	// the life of its last token and the clock tolerance of verifiers, and more.
	retireAfter = 5 * time.Minute

	signingKeyBits = 2048
)

// Keys are the keys that sign session tokens, read from the database and kept
// for keyCacheAge.
type Keys struct {
	DB  *store.DB
	Now func() time.Time

	mu     sync.Mutex
	loaded time.Time
	keys   []signingKey // newest first
}

type signingKey struct {
	identity.SigningKey
	private *rsa.PrivateKey
	header  string // of every token that it signs, in base64url
}

// JWK is a public key as RFC 7517 writes it.
type JWK struct {
	Use       string `json:"use"`
	KeyType   string `json:"kty"`
	KeyID     string `json:"kid"`
	Algorithm string `json:"alg"`
	Modulus   string `json:"n"`
	Exponent  string `json:"e"`
}

// KeySet is a set of public keys.
type KeySet struct {
	Keys []JWK `json:"keys"`
}

// NewSigningKey makes a key that signs from the given time.
func NewSigningKey(id string, now, signsFrom time.Time) (identity.SigningKey, error) {
	k, err := rsa.GenerateKey(rand.Reader, signingKeyBits)
	if err != nil {
		return identity.SigningKey{}, fmt.Errorf("session: making a signing key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		return identity.SigningKey{}, fmt.Errorf("session: encoding a signing key: %w", err)
	}
	return identity.SigningKey{ID: id, PrivateKey: der, SignsFrom: signsFrom, CreatedAt: now}, nil
}

// Public returns the key set as the world may see it at this moment, keys that
// do not sign yet and those that no longer do included.
func (k *Keys) Public(ctx context.Context) (KeySet, error) {
	keys, err := k.load(ctx)
	if err != nil {
		return KeySet{}, err
	}
	set := KeySet{Keys: []JWK{}}
	for _, key := range keys {
		set.Keys = append(set.Keys, JWK{
			Use: "sig", KeyType: "RSA", KeyID: key.ID, Algorithm: "RS256",
			Modulus:  base64.RawURLEncoding.EncodeToString(key.private.N.Bytes()),
			Exponent: base64.RawURLEncoding.EncodeToString(big.NewInt(int64(key.private.E)).Bytes()),
		})
	}
	return set, nil
}

// signer is the key whose time came last.
func (k *Keys) signer(ctx context.Context) (signingKey, error) {
	keys, err := k.load(ctx)
	if err != nil {
		return signingKey{}, err
	}
	now := k.Now()
	var last signingKey
	for _, key := range keys {
		if !now.Before(key.SignsFrom) && (last.private == nil || key.SignsFrom.After(last.SignsFrom)) {
			last = key
		}
	}
	if last.private == nil {
		return last, errors.New("session: no signing key is in use")
	}
	return last, nil
}

func (k *Keys) load(ctx context.Context) ([]signingKey, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.Now()
	if age := now.Sub(k.loaded); k.keys != nil && age >= 0 && age < keyCacheAge {
		return k.keys, nil
	}
	var rows []identity.SigningKey
	err := k.DB.Read(ctx, func(tx *store.Tx) error {
		var err error
		rows, err = tx.SigningKeys()
		return err
	})
	if err != nil {
		return nil, err
	}
	var keys []signingKey
	for _, row := range rows {
		if !row.RetiredAt.IsZero() && !now.Before(row.RetiredAt) {
			continue
		}
		key, err := k.parsed(row)
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	k.keys, k.loaded = keys, now
	return keys, nil
}

// parsed reads a private key, or takes it from the keys read before: checking an
// RSA key costs more than a token.
func (k *Keys) parsed(row identity.SigningKey) (signingKey, error) {
	for _, old := range k.keys {
		if old.ID == row.ID {
			old.SigningKey = row
			return old, nil
		}
	}
	parsed, err := x509.ParsePKCS8PrivateKey(row.PrivateKey)
	if err != nil {
		return signingKey{}, fmt.Errorf("session: reading signing key %s: %w", row.ID, err)
	}
	private, ok := parsed.(*rsa.PrivateKey)
	if !ok {
		return signingKey{}, fmt.Errorf("session: signing key %s is not an RSA key", row.ID)
	}
	return signingKey{SigningKey: row, private: private, header: tokenHeader(row.ID)}, nil
}

// Rotation is what Rotate did.
type Rotation struct {
	NewKey    string
	SignsFrom time.Time
	Retired   []string
	RetiredAt time.Time
}

// Rotate makes a new signing key. Normally it is published first and signs
// later, and the old one stays published until its last token has expired. With
// atOnce, for a stolen key, the new one signs and the old ones leave the key set
// immediately (threat T-SEC-10).
func (k *Keys) Rotate(ctx context.Context, atOnce bool) (Rotation, error) {
	now := k.Now()
	r := Rotation{SignsFrom: now.Add(publishBefore)}
	r.RetiredAt = r.SignsFrom.Add(TokenLifetime + retireAfter)
	if atOnce {
		r.SignsFrom, r.RetiredAt = now, now
	}
	key, err := NewSigningKey(newKeyID(now), now, r.SignsFrom)
	if err != nil {
		return Rotation{}, err
	}
	r.NewKey = key.ID
	err = k.DB.Write(ctx, func(tx *store.Tx) error {
		r.Retired = nil
		old, err := tx.SigningKeys()
		if err != nil {
			return err
		}
		for _, o := range old {
			if !o.RetiredAt.IsZero() && !o.RetiredAt.After(r.RetiredAt) {
				continue
			}
			if _, err := tx.RetireSigningKey(o.ID, r.RetiredAt); err != nil {
				return err
			}
			r.Retired = append(r.Retired, o.ID)
		}
		if err := tx.InsertSigningKey(key); err != nil {
			return err
		}
		return tx.Audit(identity.AuditEntry{At: now, Action: "signing_key.rotated", Subject: key.ID})
	})
	k.mu.Lock()
	k.loaded = time.Time{}
	k.mu.Unlock()
	return r, err
}

func newKeyID(now time.Time) string { return string(identity.NewID[identity.InstanceID](now)) }
