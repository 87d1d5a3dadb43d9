package secret_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"usher/internal/secret"
)

func ring(t *testing.T, text string) *secret.KeyRing {
	t.Helper()
	k, err := secret.ParseKeyRing(text)
	if err != nil {
		t.Fatalf("ParseKeyRing: %v", err)
	}
	return k
}

func TestSeal_OpensInItsPlace(t *testing.T) {
	t.Parallel()
	k := ring(t, secret.NewKeyRing("k1"))
	for _, plain := range []string{"", "a client secret", strings.Repeat("x", 100_000)} {
		sealed, err := k.Seal("connections", "client_secret", "entconn_1", []byte(plain))
		if err != nil {
			t.Fatalf("Seal: %v", err)
		}
		if !strings.HasPrefix(sealed, "sealed1.k1.") {
			t.Errorf("sealed value is %.20q, want it to name its key", sealed)
		}
		got, err := k.Open("connections", "client_secret", "entconn_1", sealed)
		if err != nil || string(got) != plain {
			t.Errorf("Open = %.20q, %v; want %.20q", got, err, plain)
		}
		again, _ := k.Seal("connections", "client_secret", "entconn_1", []byte(plain))
		if again == sealed {
			t.Error("the same value sealed twice looks the same")
		}
	}
}

// Threat T-SEC-02.
func TestOpen_RefusesAValueThatWasMoved(t *testing.T) {
	t.Parallel()
	k := ring(t, secret.NewKeyRing("k1"))
	sealed, err := k.Seal("table", "column", "row", []byte("plain"))
	if err != nil {
		t.Fatal(err)
	}
	for _, place := range [][3]string{
		{"table", "column", "other"},
		{"table", "other", "row"},
		{"other", "column", "row"},
		{"tabl", "ecolumn", "row"}, // the same letters, divided otherwise
		{"table", "columnr", "ow"},
		{"", "", ""},
	} {
		if _, err := k.Open(place[0], place[1], place[2], sealed); !errors.Is(err, secret.ErrNotOpened) {
			t.Errorf("Open at %v: %v, want ErrNotOpened", place, err)
		}
	}
}

// Threat T-SEC-03.
func TestKeyRing_RotationKeepsOldValuesReadable(t *testing.T) {
	t.Parallel()
	hash, k1, k2 := secret.NewKey("hash"), secret.NewKey("k1"), secret.NewKey("k2")
	before := ring(t, hash+","+k1)
	after := ring(t, hash+","+k2+","+k1)
	dropped := ring(t, hash+","+k2)

	old, err := before.Seal("t", "c", "r", []byte("plain"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := after.Open("t", "c", "r", old); err != nil || string(got) != "plain" {
		t.Errorf("Open after rotation = %q, %v", got, err)
	}
	if before.Stale(old) || !after.Stale(old) {
		t.Errorf("Stale before and after rotation = %v, %v; want false, true", before.Stale(old), after.Stale(old))
	}
	fresh, _ := after.Seal("t", "c", "r", []byte("plain"))
	if id, err := secret.SealedWith(fresh); id != "k2" || err != nil {
		t.Errorf("SealedWith = %q, %v; want k2", id, err)
	}
	if after.Stale(fresh) {
		t.Error("a fresh value is stale")
	}
	if want := []string{"k1", "k2"}; !slices.Equal(after.KeyIDs(), want) || after.ActiveKeyID() != "k2" {
		t.Errorf("KeyIDs, ActiveKeyID = %v, %q; want %v, k2", after.KeyIDs(), after.ActiveKeyID(), want)
	}

	missing, ok := errors.AsType[*secret.MissingKeyError](errOf(dropped.Open("t", "c", "r", old)))
	if !ok || missing.ID != "k1" {
		t.Errorf("Open without the key: %v, want the missing key k1", missing)
	}
	if err := dropped.Require("k1", "k2", "k0"); err == nil || !strings.Contains(err.Error(), `"k1"`) || !strings.Contains(err.Error(), `"k0"`) {
		t.Errorf("Require = %v, want both missing keys named", err)
	}
	if err := after.Require(after.KeyIDs()...); err != nil {
		t.Errorf("Require = %v", err)
	}
	if before.HashToken("p", "token") != dropped.HashToken("p", "token") {
		t.Error("the hash of a token changed with the sealing key")
	}
}

// Threat T-SEC-03.
func TestOpen_RefusesAnotherKeyOfTheSameID(t *testing.T) {
	t.Parallel()
	sealed, _ := ring(t, secret.NewKeyRing("k1")).Seal("t", "c", "r", []byte("plain"))
	if _, err := ring(t, secret.NewKeyRing("k1")).Open("t", "c", "r", sealed); !errors.Is(err, secret.ErrNotOpened) {
		t.Errorf("Open: %v, want ErrNotOpened", err)
	}
}

func TestOpen_RefusesATruncatedOrChangedValue(t *testing.T) {
	t.Parallel()
	k := ring(t, secret.NewKeyRing("k1"))
	sealed, _ := k.Seal("t", "c", "r", []byte("plain"))
	for n := range len(sealed) {
		if _, err := k.Open("t", "c", "r", sealed[:n]); err == nil {
			t.Errorf("the first %d of %d characters open", n, len(sealed))
		}
	}
	for n := range len(sealed) {
		changed := []byte(sealed)
		changed[n] ^= 1
		if got, err := k.Open("t", "c", "r", string(changed)); err == nil {
			t.Errorf("opens to %q with character %d changed", got, n)
		}
	}
}

func FuzzOpen(f *testing.F) {
	k, err := secret.ParseKeyRing(secret.NewKeyRing("k1"))
	if err != nil {
		f.Fatal(err)
	}
	sealed, _ := k.Seal("t", "c", "r", []byte("plain"))
	f.Add(sealed)
	f.Add("sealed1.k1.")
	f.Add("sealed1..AAAA")
	f.Add("sealed1.k2.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	f.Fuzz(func(t *testing.T, s string) {
		if got, err := k.Open("t", "c", "r", s); err == nil && string(got) != "plain" {
			t.Errorf("%q opens to %q", s, got)
		}
	})
}

func TestParseKeyRing_SaysWhatIsWrongWithoutTheKey(t *testing.T) {
	t.Parallel()
	hash, k1 := secret.NewKey("hash"), secret.NewKey("k1")
	_, key, _ := strings.Cut(k1, ":")
	tests := map[string]struct{ text, want string }{
		"empty":               {"", `no key named "hash"`},
		"no hash key":         {k1, `no key named "hash"`},
		"no sealing key":      {hash, "no sealing key"},
		"a key without an id": {hash + "," + key, "want id:base64"},
		"an id in capitals":   {hash + ",K1:" + key, "want id:base64"},
		"a long id":           {hash + "," + strings.Repeat("k", 33) + ":" + key, "want id:base64"},
		"a short key":         {hash + ",k1:" + key[:40], "want 32 bytes"},
		"not base64":          {hash + ",k1:!" + key, "illegal base64"},
		"an id twice":         {hash + "," + k1 + "," + k1, `"k1" is twice`},
		"the hash key twice":  {hash + "," + hash + "," + k1, `"hash" is twice`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := secret.ParseKeyRing(tt.text)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("ParseKeyRing: %v, want %q", err, tt.want)
			}
			if strings.Contains(err.Error(), key[:20]) {
				t.Errorf("the error quotes the key: %v", err)
			}
		})
	}
	for _, text := range []string{
		hash + "," + k1,
		" \n" + hash + "\r\n\n" + k1 + "\n",
		strings.NewReplacer("+", "-", "/", "_", "=", "").Replace(hash + " " + k1),
	} {
		if _, err := secret.ParseKeyRing(text); err != nil {
			t.Errorf("ParseKeyRing: %v", err)
		}
	}
}

// Threat T-SEC-08.
func TestReadKeyRing_RefusesAFileThatOthersCanRead(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(path, []byte(secret.NewKeyRing("k1")), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := secret.ReadKeyRing(path); err != nil {
		t.Errorf("mode 0600: %v", err)
	}
	for _, mode := range []os.FileMode{0o640, 0o604, 0o644, 0o660, 0o610} {
		if err := os.Chmod(path, mode); err != nil {
			t.Fatal(err)
		}
		if _, err := secret.ReadKeyRing(path); err == nil || !strings.Contains(err.Error(), "0600") {
			t.Errorf("mode %v: %v, want a refusal that names 0600", mode, err)
		}
	}
	if _, err := secret.ReadKeyRing(t.TempDir()); err == nil {
		t.Error("a folder was read as a key ring")
	}
	if _, err := secret.ReadKeyRing(path + ".absent"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("absent file: %v", err)
	}
}

// Threat T-SEC-04.
func TestKeyRing_PrintsAsRedacted(t *testing.T) {
	t.Parallel()
	k := ring(t, secret.NewKeyRing("k1"))
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d"} {
		if got := fmt.Sprintf(verb, k); got != "[redacted]" {
			t.Errorf("%s prints %.40q", verb, got)
		}
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("start", "keys", k)
	if !strings.Contains(log.String(), "keys=[redacted]") {
		t.Errorf("logged as %s", log.String())
	}
}

func errOf[T any](_ T, err error) error { return err }
