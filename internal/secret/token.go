package secret

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/binary"
	"fmt"
)

// minToken is in bytes: 128 bits, the least that cannot be guessed (threat
// T-SEC-09).
const minToken = 16

// NewToken returns a random token of size bytes, at least 16, in base64url.
func NewToken(size int) string {
	b := make([]byte, max(size, minToken))
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// NewCode returns a random code of six digits, each of the million equally
// likely.
func NewCode() string {
	const codes = 1_000_000
	const limit = (1<<32 - 1) / codes * codes // above it, small codes would be likelier
	for {
		var b [4]byte
		rand.Read(b[:])
		if n := binary.BigEndian.Uint32(b[:]); n < limit {
			return fmt.Sprintf("%06d", n%codes)
		}
	}
}

// HashToken returns what is stored instead of a token or code: its HMAC-SHA-256
// in base64url, 43 characters. Hashes of different purposes never match. The
// key comes from the ring's hash key, so it outlives the sealing keys.
func (k *KeyRing) HashToken(purpose, token string) string {
	mac := hmac.New(sha256.New, k.tokens)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(len(purpose))))
	mac.Write([]byte(purpose))
	mac.Write([]byte(token))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// MatchToken reports in constant time whether a stored hash is that of a token.
func (k *KeyRing) MatchToken(purpose, token, hash string) bool {
	return subtle.ConstantTimeCompare([]byte(k.HashToken(purpose, token)), []byte(hash)) == 1
}
