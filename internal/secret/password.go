package secret

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"runtime"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
	"golang.org/x/crypto/bcrypt"
)

const (
	// MaxPassword is the longest password that is hashed, in bytes. Ours
	// (threat T-DOS-14).
	MaxPassword = 1024

	// maxBcryptPassword is in bytes; bcrypt reads no further, so a longer
	// password would match on its beginning.
	maxBcryptPassword = 72

	// queueFor is how long a request waits for its turn. Ours (threat
	// T-DOS-14).
	queueFor = 2 * time.Second
)

// ErrBusy says that the queue for password hashing is longer than two seconds.
var ErrBusy = errors.New("secret: too many passwords are being hashed")

// ErrPasswordTooLong says that a password has more bytes than its hash reads:
// 1,024, or 72 for an imported bcrypt hash.
var ErrPasswordTooLong = errors.New("secret: the password is too long")

// ErrHashFormat says that an encoded password hash is of no kind that is
// supported here, or costs more than is allowed.
var ErrHashFormat = errors.New("secret: the password hash is of an unknown form or too costly")

// Hasher hashes and verifies passwords, at most one per CPU at a time: hashing
// is slow and takes memory on purpose, and would otherwise stop everything else
// under load. Make one for the whole process.
type Hasher struct {
	turns chan struct{}
}

// NewHasher returns a Hasher for this machine's CPUs.
func NewHasher() *Hasher {
	return &Hasher{turns: make(chan struct{}, runtime.GOMAXPROCS(0))}
}

// Hash returns the argon2id hash of a password with its parameters and a fresh
// salt, in PHC form.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if len(password) > MaxPassword {
		return "", ErrPasswordTooLong
	}
	done, err := h.turn(ctx)
	if err != nil {
		return "", err
	}
	defer done()
	p := current
	p.salt = make([]byte, saltSize)
	rand.Read(p.salt)
	p.key = p.derive(password, hashSize)
	return p.encode(), nil
}

// Verdict is the answer of Verify.
type Verdict struct {
	OK bool
	// Rehash is set when the password is right and its hash is weaker than
	// Hash would make it now.
	Rehash bool
}

// Verify compares a password with a hash that Hash made or that
// CheckImportedHash admitted.
func (h *Hasher) Verify(ctx context.Context, password, encoded string) (Verdict, error) {
	if len(password) > MaxPassword {
		return Verdict{}, ErrPasswordTooLong
	}
	if isBcrypt(encoded) {
		return h.verifyBcrypt(ctx, password, encoded)
	}
	p, err := parseArgon2(encoded)
	if err != nil {
		return Verdict{}, err
	}
	done, err := h.turn(ctx)
	if err != nil {
		return Verdict{}, err
	}
	defer done()
	ok := subtle.ConstantTimeCompare(p.derive(password, len(p.key)), p.key) == 1
	return Verdict{OK: ok, Rehash: ok && p.weaker(current)}, nil
}

// VerifyNobody takes as long as Verify does for a hash of today, for an account
// that does not exist or has no password (threat T-DOS-11).
func (h *Hasher) VerifyNobody(ctx context.Context, password string) error {
	if len(password) > MaxPassword {
		return ErrPasswordTooLong
	}
	done, err := h.turn(ctx)
	if err != nil {
		return err
	}
	defer done()
	p := current
	p.salt = make([]byte, saltSize)
	subtle.ConstantTimeCompare(p.derive(password, hashSize), make([]byte, hashSize))
	return nil
}

// CheckImportedHash says whether Verify will be able to use a hash from another
// system: argon2id in PHC form, or bcrypt ($2a$, $2b$, $2y$) of cost 15 at most.
func CheckImportedHash(encoded string) error {
	if isBcrypt(encoded) {
		return checkBcrypt(encoded)
	}
	_, err := parseArgon2(encoded)
	return err
}

func (h *Hasher) verifyBcrypt(ctx context.Context, password, encoded string) (Verdict, error) {
	if len(password) > maxBcryptPassword {
		return Verdict{}, ErrPasswordTooLong
	}
	if err := checkBcrypt(encoded); err != nil {
		return Verdict{}, err
	}
	done, err := h.turn(ctx)
	if err != nil {
		return Verdict{}, err
	}
	defer done()
	err = bcrypt.CompareHashAndPassword([]byte(encoded), []byte(password))
	switch {
	case err == nil:
		return Verdict{OK: true, Rehash: true}, nil
	case errors.Is(err, bcrypt.ErrMismatchedHashAndPassword):
		return Verdict{}, nil
	default:
		return Verdict{}, ErrHashFormat
	}
}

// turn waits for a CPU. The caller calls done when it has finished.
func (h *Hasher) turn(ctx context.Context) (done func(), err error) {
	timer := time.NewTimer(queueFor)
	defer timer.Stop()
	select {
	case h.turns <- struct{}{}:
		return func() { <-h.turns }, nil
	case <-timer.C:
		return nil, ErrBusy
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func isBcrypt(encoded string) bool { return strings.HasPrefix(encoded, "$2") }

func checkBcrypt(encoded string) error {
	// 60 characters: $2b$, two digits of cost, $, 22 of salt, 31 of hash.
	if len(encoded) != 60 || !strings.Contains("aby", encoded[2:3]) || encoded[3] != '$' {
		return ErrHashFormat
	}
	// The most that an imported hash may cost is ours: cost 15 takes a CPU for
	// seconds.
	cost, err := bcrypt.Cost([]byte(encoded))
	if err != nil || cost > 15 {
		return ErrHashFormat
	}
	return nil
}

func (p argon2Hash) derive(password string, size int) []byte {
	return argon2.IDKey([]byte(password), p.salt, p.time, p.memory, p.threads, uint32(size)) //nolint:gosec // size is hashSize or bounded by parseArgon2
}
