package secret

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
)

// sealedPrefix names the scheme of a sealed value: AES-256-GCM with a random
// 96-bit nonce in front of the ciphertext. A value is
//
//	sealed1.<key id>.<base64url of nonce, ciphertext and tag>
const sealedPrefix = "sealed1."

// ErrNotOpened says that a sealed value did not open: it was moved from another
// place, damaged, or sealed under another key of the same id.
var ErrNotOpened = errors.New("secret: the sealed value does not open here: moved, damaged, or another key of the same id")

// MissingKeyError says that a value was sealed with a key that is not in the
// ring.
type MissingKeyError struct {
	ID string // of the key
}

// Error names the key.
func (e *MissingKeyError) Error() string {
	return fmt.Sprintf("secret: the key ring lacks the key %q", e.ID)
}

// Seal encrypts a value for one place: the same table, column and row must be
// named to open it (threat T-SEC-02). One key may seal 2^32 values before its
// random nonces could meet (NIST SP 800-38D, section 8.3); rotate before that.
func (k *KeyRing) Seal(table, column, row string, plain []byte) (string, error) {
	aead, ok := k.seals[k.active]
	if !ok {
		return "", &MissingKeyError{ID: k.active}
	}
	box := aead.Seal(nil, nil, plain, place(k.active, table, column, row)) //nolint:gosec // the AEAD makes the nonce
	return sealedPrefix + k.active + "." + base64.RawURLEncoding.EncodeToString(box), nil
}

// Open decrypts a value that Seal made for the same place. It returns a
// *MissingKeyError when the ring lacks the key, ErrNotOpened when the value is
// not authentic here.
func (k *KeyRing) Open(table, column, row, sealed string) ([]byte, error) {
	id, box, err := split(sealed)
	if err != nil {
		return nil, err
	}
	aead, ok := k.seals[id]
	if !ok {
		return nil, &MissingKeyError{ID: id}
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(box)
	if err != nil {
		return nil, ErrNotOpened
	}
	plain, err := aead.Open(nil, nil, raw, place(id, table, column, row))
	if err != nil {
		return nil, ErrNotOpened
	}
	return plain, nil
}

// SealedWith returns the id of the key that a value was sealed with.
func SealedWith(sealed string) (keyID string, err error) {
	id, _, err := split(sealed)
	return id, err
}

// Stale reports whether a value should be sealed again because another key is
// active now.
func (k *KeyRing) Stale(sealed string) bool {
	id, _, err := split(sealed)
	return err == nil && id != k.active
}

func split(sealed string) (id, box string, err error) {
	rest, ok := strings.CutPrefix(sealed, sealedPrefix)
	if !ok {
		return "", "", ErrNotOpened
	}
	id, box, ok = strings.Cut(rest, ".")
	if !ok || !validKeyID(id) {
		return "", "", ErrNotOpened
	}
	return id, box, nil
}

// place is the additional data: each part with its length in front, so that no
// two places have the same octets.
func place(parts ...string) []byte {
	data := []byte(sealedPrefix)
	for _, p := range parts {
		data = binary.BigEndian.AppendUint64(data, uint64(len(p)))
		data = append(data, p...)
	}
	return data
}
