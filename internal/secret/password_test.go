package secret

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/crypto/bcrypt"
)

func TestHasher_VerifiesWhatItHashed(t *testing.T) {
	t.Parallel()
	h := NewHasher()
	for _, password := range []string{"", "correct horse", "pässwörd ✓", strings.Repeat("x", MaxPassword)} {
		encoded, err := h.Hash(t.Context(), password)
		if err != nil {
			t.Fatalf("Hash: %v", err)
		}
		if !strings.HasPrefix(encoded, "$argon2id$v=19$m=19456,t=2,p=1$") {
			t.Errorf("Hash = %q", encoded)
		}
		if got, err := h.Verify(t.Context(), password, encoded); err != nil || got != (Verdict{OK: true}) {
			t.Errorf("Verify = %+v, %v", got, err)
		}
		if got, err := h.Verify(t.Context(), password[:len(password)/2]+"!", encoded); err != nil || got != (Verdict{}) {
			t.Errorf("Verify of another password = %+v, %v", got, err)
		}
	}
	a, _ := h.Hash(t.Context(), "same")
	b, _ := h.Hash(t.Context(), "same")
	if a == b {
		t.Error("two hashes of one password are equal: no salt")
	}
	if err := h.VerifyNobody(t.Context(), "anything"); err != nil {
		t.Errorf("VerifyNobody: %v", err)
	}
}

// The hash is golang.org/x/crypto's vector for time 2, 64 KiB and two threads,
// which the command of the reference implementation generated.
func TestVerify_ReadsTheReferenceImplementation(t *testing.T) {
	t.Parallel()
	const encoded = "$argon2id$v=19$m=64,t=2,p=2$c29tZXNhbHQ$NQrDciL0Nsy1wJcvHr079rlYvyBxhBNi"
	got, err := NewHasher().Verify(t.Context(), "password", encoded)
	if want := (Verdict{OK: true, Rehash: true}); err != nil || got != want {
		t.Errorf("Verify = %+v, %v; want %+v", got, err, want)
	}
}

func TestVerify_AsksForARehash(t *testing.T) {
	t.Parallel()
	h := NewHasher()
	weak := argon2Hash{memory: 8 << 10, time: 1, threads: 1, salt: make([]byte, saltSize)}
	weak.key = weak.derive("password", hashSize)
	old, err := bcrypt.GenerateFromPassword([]byte("password"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	for name, encoded := range map[string]string{
		"argon2id with less memory": weak.encode(),
		"bcrypt 2a":                 string(old),
		"bcrypt 2b":                 "$2b" + string(old[3:]),
		"bcrypt 2y":                 "$2y" + string(old[3:]),
	} {
		if err := CheckImportedHash(encoded); err != nil {
			t.Errorf("%s: CheckImportedHash: %v", name, err)
		}
		if got, err := h.Verify(t.Context(), "password", encoded); err != nil || got != (Verdict{OK: true, Rehash: true}) {
			t.Errorf("%s: Verify = %+v, %v", name, got, err)
		}
		if got, err := h.Verify(t.Context(), "Password", encoded); err != nil || got != (Verdict{}) {
			t.Errorf("%s: Verify of another password = %+v, %v", name, got, err)
		}
	}
}

// Threat T-DOS-14.
func TestHasher_LimitsLength(t *testing.T) {
	t.Parallel()
	h := NewHasher()
	long := strings.Repeat("x", MaxPassword+1)
	bcrypted, _ := bcrypt.GenerateFromPassword([]byte(strings.Repeat("x", 72)), bcrypt.MinCost)
	_, hashErr := h.Hash(t.Context(), long)
	_, verifyErr := h.Verify(t.Context(), long, current.encode())
	_, bcryptErr := h.Verify(t.Context(), strings.Repeat("x", 73), string(bcrypted))
	for name, err := range map[string]error{
		"Hash":              hashErr,
		"Verify":            verifyErr,
		"Verify bcrypt, 73": bcryptErr,
		"VerifyNobody":      h.VerifyNobody(t.Context(), long),
	} {
		if !errors.Is(err, ErrPasswordTooLong) {
			t.Errorf("%s: %v, want ErrPasswordTooLong", name, err)
		}
	}
	if got, err := h.Verify(t.Context(), strings.Repeat("x", 72), string(bcrypted)); err != nil || !got.OK {
		t.Errorf("Verify bcrypt, 72 bytes = %+v, %v", got, err)
	}
}

// Threat T-DOS-14.
func TestHasher_IsBusyAfterTwoSecondsInTheQueue(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := NewHasher()
		for range cap(h.turns) {
			if _, err := h.turn(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		start := time.Now()
		_, err := h.Hash(t.Context(), "password")
		if waited := time.Since(start); !errors.Is(err, ErrBusy) || waited != 2*time.Second {
			t.Errorf("Hash: %v after %v, want ErrBusy after 2s", err, waited)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if err := h.VerifyNobody(gone, "password"); !errors.Is(err, context.Canceled) {
			t.Errorf("VerifyNobody of a caller who left: %v", err)
		}
	})
}

func TestCheckImportedHash_RefusesWhatCostsTooMuch(t *testing.T) {
	t.Parallel()
	const salt, key = "c29tZXNhbHRzb21lc2FsdA", "GpZ3sK/oH9p7VIiV56G/64Zo/8GaUw434IimaPqxwCo"
	for name, encoded := range map[string]string{
		"empty":                      "",
		"plain text":                 "password",
		"argon2i":                    "$argon2i$v=19$m=19456,t=2,p=1$" + salt + "$" + key,
		"argon2id 1.0":               "$argon2id$v=16$m=19456,t=2,p=1$" + salt + "$" + key,
		"four gigabytes":             "$argon2id$v=19$m=4194304,t=2,p=1$" + salt + "$" + key,
		"a million passes":           "$argon2id$v=19$m=19456,t=1000000,p=1$" + salt + "$" + key,
		"255 threads":                "$argon2id$v=19$m=19456,t=2,p=255$" + salt + "$" + key,
		"no threads":                 "$argon2id$v=19$m=19456,t=2,p=0$" + salt + "$" + key,
		"memory below the threads'":  "$argon2id$v=19$m=8,t=2,p=4$" + salt + "$" + key,
		"a short key":                "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$AAAA",
		"no salt":                    "$argon2id$v=19$m=19456,t=2,p=1$$" + key,
		"a fourth part":              "$argon2id$v=19$m=19456,t=2,p=1$" + salt + "$" + key + "$",
		"bcrypt of cost 31":          "$2a$31$" + strings.Repeat("a", 53),
		"bcrypt with another letter": "$2x$10$" + strings.Repeat("a", 53),
		"bcrypt cut short":           "$2a$10$aaaa",
	} {
		if err := CheckImportedHash(encoded); !errors.Is(err, ErrHashFormat) {
			t.Errorf("%s: %v, want ErrHashFormat", name, err)
		}
		if _, err := NewHasher().Verify(t.Context(), "password", encoded); !errors.Is(err, ErrHashFormat) {
			t.Errorf("%s: Verify: %v, want ErrHashFormat", name, err)
		}
	}
}

func FuzzCheckImportedHash(f *testing.F) {
	f.Add(current.encode())
	f.Add("$2a$10$" + strings.Repeat("a", 53))
	f.Add("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$GpZ3sK/oH9p7VIiV56G/6w")
	f.Fuzz(func(t *testing.T, s string) {
		if err := CheckImportedHash(s); err == nil && len(s) > 512 {
			t.Errorf("%d bytes taken as a hash", len(s))
		}
	})
}
