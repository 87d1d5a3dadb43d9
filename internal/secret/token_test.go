package secret_test

import (
	"bytes"
	"encoding/base64"
	"testing"

	"usher/internal/secret"
)

// Threat T-SEC-09.
func TestNewToken_HasAtLeast128Bits(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, size := range []int{-1, 0, 8, 16, 32} {
		for range 100 {
			token := secret.NewToken(size)
			raw, err := base64.RawURLEncoding.DecodeString(token)
			if err != nil || len(raw) != max(size, 16) {
				t.Fatalf("NewToken(%d) = %q: %d bytes, %v", size, token, len(raw), err)
			}
			if seen[token] {
				t.Fatalf("NewToken(%d) repeats itself", size)
			}
			seen[token] = true
		}
	}
}

func TestNewCode_SpreadsEvenly(t *testing.T) {
	t.Parallel()
	const draws = 50_000
	var first [10]int
	for range draws {
		code := secret.NewCode()
		if len(code) != 6 {
			t.Fatalf("NewCode = %q", code)
		}
		for _, c := range []byte(code) {
			if c < '0' || c > '9' {
				t.Fatalf("NewCode = %q", code)
			}
		}
		first[code[0]-'0']++
	}
	// 5,000 each with a standard deviation of 67: ten of them never happen.
	for digit, n := range first {
		if n < draws/10-670 || n > draws/10+670 {
			t.Errorf("%d of %d codes begin with %d", n, draws, digit)
		}
	}
}

func TestHashToken_IsBoundToPurposeAndDeployment(t *testing.T) {
	t.Parallel()
	k := ring(t, secret.NewKeyRing("k1"))
	other := ring(t, secret.NewKeyRing("k1"))
	hash := k.HashToken("client", "token")
	if len(hash) != 43 {
		t.Errorf("HashToken = %q, want 43 characters", hash)
	}
	if !k.MatchToken("client", "token", hash) {
		t.Error("the token does not match its own hash")
	}
	for name, got := range map[string]string{
		"another token":             k.HashToken("client", "token2"),
		"another purpose":           k.HashToken("code", "token"),
		"purpose and token shifted": k.HashToken("clientt", "oken"),
		"another deployment":        other.HashToken("client", "token"),
	} {
		if got == hash {
			t.Errorf("%s has the same hash", name)
		}
	}
	if k.MatchToken("client", "token", "") || k.MatchToken("client", "", hash) {
		t.Error("an empty hash or token matches")
	}
}

func TestKey_DependsOnThePurpose(t *testing.T) {
	t.Parallel()
	k := ring(t, secret.NewKeyRing("k1"))
	a, err := k.Key("forms")
	if err != nil || len(a) != 32 {
		t.Fatalf("Key = %d bytes, %v", len(a), err)
	}
	again, _ := k.Key("forms")
	b, _ := k.Key("links")
	if !bytes.Equal(a, again) || bytes.Equal(a, b) {
		t.Error("the key is not a function of its purpose")
	}
}
