package secret

import (
	"cmp"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"
)

const (
	// keySize is in bytes: AES-256 and the root of HMAC-SHA-256 keys.
	keySize = 32

	// hashKeyID is the id of the key that is the root of all keyed hashes.
	hashKeyID = "hash"

	// maxKeyID is in bytes. Ids are written into every sealed value. Ours.
	maxKeyID = 32

	// maxRingFile is in bytes, room for several hundred keys. Ours.
	maxRingFile = 64 << 10
)

// KeyRing holds the keys of one deployment. Sealing keys come and go: the first
// one seals, all of them open. The key called "hash" is apart: it is the root
// of every keyed hash and derived key and stays for the life of the deployment,
// because a stored hash cannot be made again without the token it was made of.
// Rotating the sealing key therefore signs nobody out.
//
// A KeyRing prints as [redacted] and is safe for concurrent use.
type KeyRing struct {
	seals  map[string]cipher.AEAD // by key id
	active string
	root   []byte
	tokens []byte // key of HashToken, derived from root
}

// ParseKeyRing reads keys written as id:base64, separated by commas or white
// space: one named "hash" and at least one other, of which the first seals.
// Each key is 256 bits.
func ParseKeyRing(text string) (*KeyRing, error) {
	ring := &KeyRing{seals: map[string]cipher.AEAD{}}
	for i, entry := range strings.FieldsFunc(text, isSeparator) {
		id, encoded, _ := strings.Cut(entry, ":")
		if !validKeyID(id) {
			// The text of the entry may be a key without an id: never print it.
			return nil, fmt.Errorf("secret: key %d of the ring: want id:base64 with an id of a-z, 0-9, _ and -", i+1)
		}
		key, err := decodeKey(encoded)
		if err != nil {
			return nil, fmt.Errorf("secret: key %q of the ring: %w", id, err)
		}
		if err := ring.add(id, key); err != nil {
			return nil, err
		}
	}
	if ring.root == nil {
		return nil, fmt.Errorf("secret: the key ring has no key named %q", hashKeyID)
	}
	if ring.active == "" {
		return nil, errors.New("secret: the key ring has no sealing key")
	}
	var err error
	ring.tokens, err = ring.Key("token hashes")
	return ring, err
}

// ReadKeyRing reads a key ring from a file, which nobody but its owner may be
// able to read or write (threat T-SEC-08).
func ReadKeyRing(path string) (*KeyRing, error) {
	f, err := os.Open(path) //nolint:gosec // the path is the operator's configuration
	if err != nil {
		return nil, fmt.Errorf("secret: reading the key ring: %w", err)
	}
	defer f.Close() //nolint:errcheck // only read
	info, err := f.Stat()
	if err != nil {
		return nil, fmt.Errorf("secret: reading the key ring: %w", err)
	}
	if mode := info.Mode(); !mode.IsRegular() || mode.Perm()&0o077 != 0 {
		return nil, fmt.Errorf("secret: %s must be a file that only its owner can read (mode 0600), not %v", path, mode)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxRingFile+1))
	if err != nil {
		return nil, fmt.Errorf("secret: reading the key ring: %w", err)
	}
	if len(text) > maxRingFile {
		return nil, fmt.Errorf("secret: %s is larger than %d bytes", path, maxRingFile)
	}
	return ParseKeyRing(string(text))
}

// NewKeyRing returns the text of a fresh ring, for ParseKeyRing: a hash key and
// one sealing key with the given id.
func NewKeyRing(sealingKeyID string) string {
	return NewKey(hashKeyID) + "\n" + NewKey(sealingKeyID) + "\n"
}

// NewKey returns a fresh key as id:base64. Put in front of the other sealing
// keys of a ring, it seals from the next start on.
func NewKey(id string) string {
	key := make([]byte, keySize)
	rand.Read(key)
	return id + ":" + base64.StdEncoding.EncodeToString(key)
}

// KeyIDs returns the ids of the sealing keys, sorted.
func (k *KeyRing) KeyIDs() []string { return slices.Sorted(maps.Keys(k.seals)) }

// ActiveKeyID is the id of the key that seals.
func (k *KeyRing) ActiveKeyID() string { return k.active }

// Require reports which of the key ids that stored values name are missing from
// the ring, so that a start can be refused (threat T-SEC-03).
func (k *KeyRing) Require(ids ...string) error {
	var errs []error
	for _, id := range ids {
		if _, ok := k.seals[id]; !ok {
			errs = append(errs, &MissingKeyError{ID: id})
		}
	}
	return errors.Join(errs...)
}

// Key derives a 256-bit key for one purpose from the hash key. It does not
// change when the sealing key does.
func (k *KeyRing) Key(purpose string) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, k.root, nil, "usher: "+purpose, keySize)
	if err != nil {
		return nil, fmt.Errorf("secret: deriving a key: %w", err)
	}
	return key, nil
}

// Format keeps the keys out of every format verb.
func (k *KeyRing) Format(f fmt.State, _ rune) {
	io.WriteString(f, "[redacted]") //nolint:errcheck,gosec // fmt keeps the error
}

// LogValue keeps the keys out of the log.
func (k *KeyRing) LogValue() slog.Value { return slog.StringValue("[redacted]") }

func (k *KeyRing) add(id string, key []byte) error {
	if id == hashKeyID {
		if k.root != nil {
			return fmt.Errorf("secret: key %q is twice in the ring", id)
		}
		k.root = key
		return nil
	}
	if _, ok := k.seals[id]; ok {
		return fmt.Errorf("secret: key %q is twice in the ring", id)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return fmt.Errorf("secret: key %q of the ring: %w", id, err)
	}
	if k.seals[id], err = cipher.NewGCMWithRandomNonce(block); err != nil {
		return fmt.Errorf("secret: key %q of the ring: %w", id, err)
	}
	k.active = cmp.Or(k.active, id)
	return nil
}

func decodeKey(encoded string) ([]byte, error) {
	trimmed := strings.TrimRight(encoded, "=")
	encoding := base64.RawStdEncoding
	if strings.ContainsAny(trimmed, "-_") {
		encoding = base64.RawURLEncoding
	}
	// The decoder's error quotes the offset only, never the key.
	key, err := encoding.Strict().DecodeString(trimmed)
	if err != nil {
		return nil, err
	}
	if len(key) != keySize {
		return nil, fmt.Errorf("want %d bytes, got %d", keySize, len(key))
	}
	return key, nil
}

func isSeparator(r rune) bool {
	return r == ',' || r == ' ' || r == '\t' || r == '\n' || r == '\r'
}

func validKeyID(id string) bool {
	if id == "" || len(id) > maxKeyID {
		return false
	}
	for _, c := range []byte(id) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' && c != '-' {
			return false
		}
	}
	return true
}
