package practice

import (
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"sync"
	"time"
)

// keyring holds a provider's keys: the one in use, the one to come, and one of
// somebody else.
type keyring struct {
	name string
	now  func() time.Time
	save func(pem []byte) error // may be nil

	mu       sync.Mutex // guards what follows
	current  *keyPair
	next     *keyPair // nil until needed: making one is slow
	announce bool     // next is shown as well
	stranger *keyPair // whom nobody knows
}

// load takes the keys that were saved or makes one.
func (k *keyring) load(saved []byte) (err error) {
	if len(saved) > 0 {
		k.current, k.next, err = decodeKeys(saved)
		return err
	}
	if k.current, err = generateKeyPair(k.name, k.now()); err != nil {
		return err
	}
	return k.saveLocked()
}

func (k *keyring) saveLocked() error {
	if k.save == nil {
		return nil
	}
	text, err := encodeKeys(k.current, k.next)
	if err != nil {
		return err
	}
	if err := k.save(text); err != nil {
		return fmt.Errorf("practice: saving keys: %w", err)
	}
	return nil
}

// Key is the key that signs honest answers.
func (k *keyring) Key() *rsa.PrivateKey {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.current.key
}

// Certificate is the certificate of the key that signs honest answers.
func (k *keyring) Certificate() *x509.Certificate {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.current.cert
}

// NextCertificate is the certificate of the key that comes into use at the
// next RollOver. It is made when first asked for.
func (k *keyring) NextCertificate() (*x509.Certificate, error) {
	p, err := k.pair(signerNext)
	if err != nil {
		return nil, err
	}
	return p.cert, nil
}

// pair is the key of whoever signs.
func (k *keyring) pair(s signer) (*keyPair, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	switch s {
	case signerNext:
		return k.nextLocked()
	case signerStranger:
		return k.strangerLocked()
	case signerCurrent:
	}
	return k.current, nil
}

func (k *keyring) nextLocked() (*keyPair, error) {
	if k.next == nil {
		p, err := generateKeyPair(k.name+" (next)", k.now())
		if err != nil {
			return nil, err
		}
		k.next = p
		if err := k.saveLocked(); err != nil {
			return nil, err
		}
	}
	return k.next, nil
}

// strangerLocked is a key that belongs to nobody who is trusted.
func (k *keyring) strangerLocked() (*keyPair, error) {
	if k.stranger == nil {
		p, err := generateKeyPair("Somebody else", k.now())
		if err != nil {
			return nil, err
		}
		k.stranger = p
	}
	return k.stranger, nil
}

// shown are the keys that the provider publishes, the one in use first.
func (k *keyring) shown() []*keyPair {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.announce {
		return []*keyPair{k.current, k.next}
	}
	return []*keyPair{k.current}
}

// AnnounceNext makes the provider publish the next key beside the current one,
// as a provider does some weeks before a rollover.
func (k *keyring) AnnounceNext() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if _, err := k.nextLocked(); err != nil {
		return err
	}
	k.announce = true
	return nil
}

// RollOver puts the next key into use, whether or not it was announced. Only
// the new key is published from then on.
func (k *keyring) RollOver() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	next, err := k.nextLocked()
	if err != nil {
		return err
	}
	k.current, k.next, k.announce = next, nil, false
	return k.saveLocked()
}
