package secret

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// argon2Hash is an argon2id hash with its parameters.
type argon2Hash struct {
	memory  uint32 // KiB
	time    uint32 // passes
	threads uint8
	salt    []byte
	key     []byte
}

// current is what new hashes are made with: 19 MiB and two passes, the OWASP
// Password Storage Cheat Sheet's first choice for argon2id. One thread, because
// the Hasher already gives every CPU a password of its own.
var current = argon2Hash{memory: 19 << 10, time: 2, threads: 1}

const (
	saltSize = 16 // bytes: RFC 9106, section 3.1
	hashSize = 32 // bytes

	// The most that an imported hash may ask for. Ours.
	maxArgon2Memory  = 128 << 10 // KiB
	maxArgon2Time    = 10
	maxArgon2Threads = 16
)

// phc is the beginning of every hash; 19 is version 1.3 of argon2.
const phc = "$argon2id$v=19$"

func (p argon2Hash) encode() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("%sm=%d,t=%d,p=%d$%s$%s", phc, p.memory, p.time, p.threads, b64.EncodeToString(p.salt), b64.EncodeToString(p.key))
}

// weaker reports whether the hash should be made again with the parameters of q.
func (p argon2Hash) weaker(q argon2Hash) bool {
	return p.memory < q.memory || p.time < q.time || len(p.key) < hashSize || len(p.salt) < saltSize
}

// parseArgon2 reads the PHC string format, with the parameters in the order of
// the reference implementation and nothing else.
func parseArgon2(encoded string) (argon2Hash, error) {
	var p argon2Hash
	rest, ok := strings.CutPrefix(encoded, phc)
	parts := strings.Split(rest, "$")
	if !ok || len(parts) != 3 {
		return p, ErrHashFormat
	}
	params := strings.Split(parts[0], ",")
	if len(params) != 3 {
		return p, ErrHashFormat
	}
	memory, okM := argon2Param(params[0], "m=", maxArgon2Memory)
	passes, okT := argon2Param(params[1], "t=", maxArgon2Time)
	threads, okP := argon2Param(params[2], "p=", maxArgon2Threads)
	if !okM || !okT || !okP || memory < 8*threads { // RFC 9106, section 3.1
		return p, ErrHashFormat
	}
	p.memory, p.time, p.threads = memory, passes, uint8(threads) //nolint:gosec // at most maxArgon2Threads

	var err error
	if p.salt, err = argon2Bytes(parts[1], 8, 64); err != nil {
		return p, err
	}
	p.key, err = argon2Bytes(parts[2], 16, 64)
	return p, err
}

func argon2Param(s, name string, highest uint32) (uint32, bool) {
	digits, ok := strings.CutPrefix(s, name)
	if !ok || strings.HasPrefix(digits, "0") {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 32)
	if err != nil || n > uint64(highest) {
		return 0, false
	}
	return uint32(n), true
}

func argon2Bytes(s string, least, most int) ([]byte, error) {
	b, err := base64.RawStdEncoding.Strict().DecodeString(s)
	if err != nil || len(b) < least || len(b) > most {
		return nil, ErrHashFormat
	}
	return b, nil
}
