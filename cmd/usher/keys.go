package main

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"math/big"
	"text/tabwriter"
	"time"

	"usher/internal/identity"
	"usher/internal/secret"
	"usher/internal/server"
	"usher/internal/session"
	"usher/internal/store"
)

func keysNewCommand() command {
	return command{
		name: "keys new", args: "[--sealing-only]",
		short: "Make the keys that seal secrets in the database.",
		long: `
Prints a fresh key ring: the content of the file that key_file names. Keep it
apart from the database and its backups, and never lose it: without it, stored
secrets can't be read again.

The line "hash:…" stays for the life of the deployment. To change the sealing key,
put the line that --sealing-only prints in front of the other sealing keys and
start Usher again; the older keys stay in the file as long as anything is sealed
with them.

Examples:
  (umask 077; usher keys new > /etc/usher/keys)
  usher keys new --sealing-only`,
		setup: func(fs *flag.FlagSet) runner {
			only := fs.Bool("sealing-only", false, "Print only another sealing key.")
			return func(_ context.Context, w *world, args []string) error {
				if err := none(args); err != nil {
					return err
				}
				id := w.now().UTC().Format("20060102-150405")
				if *only {
					fmt.Fprintln(w.stdout, secret.NewKey(id))
					return nil
				}
				fmt.Fprint(w.stdout, secret.NewKeyRing(id))
				return nil
			}
		},
	}
}

func keysSecretCommand() command {
	return command{
		name: "keys secret", args: "[--name NAME] [flags]",
		short: "Make a secret key for the Backend API.",
		long: `
Prints a new secret key (sk_live_…, or sk_test_… for a folder of "usher dev"). It
is shown this once; the database keeps a hash.

Examples:
  usher keys secret --name "billing service" --config /etc/usher/usher.toml
  usher keys secret --data ./usher-data`,
		setup: func(fs *flag.FlagSet) runner {
			var t target
			t.declare(fs)
			name := fs.String("name", "command line", "What the key is for: a `NAME` for lists.")
			return func(ctx context.Context, w *world, args []string) error {
				return t.with(ctx, w, args, func(tools *server.Tools, development bool) error {
					key, err := tools.Manage.NewSecretKey(ctx, *name, development)
					if err != nil {
						return err
					}
					fmt.Fprintln(w.stdout, key)
					return nil
				})
			}
		},
	}
}

func keysListCommand() command {
	return command{
		name: "keys list", args: "[flags]",
		short: "List secret keys and the keys that sign session tokens.",
		long: `
Lists the names of the Backend API's secret keys and the identifiers of the keys
that sign session tokens. None of the keys themselves is shown.

Example:
  usher keys list --config /etc/usher/usher.toml`,
		setup: func(fs *flag.FlagSet) runner {
			var t target
			t.declare(fs)
			return func(ctx context.Context, w *world, args []string) error {
				return t.with(ctx, w, args, func(tools *server.Tools, _ bool) error { return listKeys(ctx, w, tools) })
			}
		},
	}
}

func listKeys(ctx context.Context, w *world, tools *server.Tools) error {
	var signing []identity.SigningKey
	var secrets []identity.SecretKey
	err := tools.DB.Read(ctx, func(tx *store.Tx) (err error) {
		if signing, err = tx.SigningKeys(); err != nil {
			return err
		}
		secrets, err = tx.SecretKeys()
		return err
	})
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(w.stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SIGNING KEY\tMADE\tSIGNS FROM\tLEAVES THE KEY SET")
	for _, k := range signing {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", k.ID, stamp(k.CreatedAt), stamp(k.SignsFrom), stampOr(k.RetiredAt, "never"))
	}
	fmt.Fprintln(table, "\t\t\t\nSECRET KEY\tMADE\tREVOKED\tNAME")
	for _, k := range secrets {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", k.ID, stamp(k.CreatedAt), stampOr(k.RevokedAt, "no"), clean(k.Name))
	}
	return table.Flush()
}

func stampOr(t time.Time, otherwise string) string {
	if t.IsZero() {
		return otherwise
	}
	return stamp(t)
}

func keysRotateCommand() command {
	return command{
		name: "keys rotate", args: "[--now] [flags]",
		short: "Change the key that signs session tokens.",
		long: `
Makes a new key and publishes it in the key set (/.well-known/jwks.json). After
ten minutes, when verifiers have fetched the set again, it begins to sign; the old
key stays in the set until its last token has expired. Nobody is signed out.

With --now, for a key that was stolen, the new key signs and the old one leaves the
set at once. Verifiers that remember the set refuse the new tokens until they fetch
it again, and accept the old key's for as long: five minutes with Clerk's SDKs.

Verifiers that were given the key itself (a PEM, as Clerk's "jwtKey" and
CLERK_JWT_KEY) never fetch it: give them the new one.

A running server that has its database to itself, as with SQLite, is asked to do
it: --url and --key. For "usher dev" its folder is enough, running or not.

Examples:
  usher keys rotate --config /etc/usher/usher.toml
  usher keys rotate --url https://sign-in.example.com`,
		setup: func(fs *flag.FlagSet) runner {
			var t target
			var r running
			t.declare(fs)
			r.declare(fs)
			atOnce := fs.Bool("now", false, "Drop the old key at once: it was stolen.")
			return func(ctx context.Context, w *world, args []string) error {
				if err := none(args); err != nil {
					return err
				}
				cfg, dir, err := t.find(w)
				if err != nil {
					return err
				}
				b, err := r.find(cfg, dir)
				if err != nil {
					return err
				}
				if b != nil {
					return rotateRunning(ctx, w, b, *atOnce)
				}
				return t.with(ctx, w, args, func(tools *server.Tools, _ bool) error { return rotate(ctx, w, tools, *atOnce) })
			}
		},
	}
}

func rotate(ctx context.Context, w *world, tools *server.Tools, atOnce bool) error {
	r, err := tools.Keys.Rotate(ctx, atOnce)
	if err != nil {
		return err
	}
	set, err := tools.Keys.Public(ctx)
	if err != nil {
		return err
	}
	return writeRotation(w, r, set, atOnce)
}

// rotateRunning asks a server to do it.
func rotateRunning(ctx context.Context, w *world, b *backend, atOnce bool) error {
	var done struct {
		NewKeyID  string   `json:"new_key_id"`
		SignsFrom int64    `json:"signs_from"`
		Retired   []string `json:"retired_key_ids"`
		RetiredAt int64    `json:"retired_at"`
	}
	if err := b.post(ctx, "/signing_keys/rotate", map[string]bool{"at_once": atOnce}, &done); err != nil {
		return err
	}
	var set session.KeySet
	if err := b.get(ctx, "/jwks", &set); err != nil {
		return err
	}
	return writeRotation(w, session.Rotation{
		NewKey: done.NewKeyID, SignsFrom: time.UnixMilli(done.SignsFrom), Retired: done.Retired, RetiredAt: time.UnixMilli(done.RetiredAt),
	}, set, atOnce)
}

func writeRotation(w *world, r session.Rotation, set session.KeySet, atOnce bool) error {
	fmt.Fprintf(w.stdout, "New signing key  %s, signs from %s\n", clean(r.NewKey), stamp(r.SignsFrom))
	for _, id := range r.Retired {
		fmt.Fprintf(w.stdout, "Old signing key  %s, leaves the key set at %s\n", clean(id), stamp(r.RetiredAt))
	}
	fmt.Fprintln(w.stdout)
	if atOnce {
		fmt.Fprint(w.stdout, `Running servers sign with the new key within seconds. Verifiers that remember the key
set refuse its tokens, and accept the old key's, until they fetch the set again: five
minutes with Clerk's SDKs.
`)
	} else {
		fmt.Fprint(w.stdout, "Nobody is signed out. Verifiers that fetch the key set need nothing.\n")
	}
	fmt.Fprint(w.stdout, `Verifiers that were given the old key itself (a PEM, such as CLERK_JWT_KEY or "jwtKey")
never fetch it. Give them this one when it begins to sign:

`)
	text, err := publicPEM(set, r.NewKey)
	if err != nil {
		return err
	}
	_, err = w.stdout.Write(text)
	return err
}

// publicPEM is the public half of a signing key, as verifiers are given it.
func publicPEM(set session.KeySet, id string) ([]byte, error) {
	for _, k := range set.Keys {
		if k.KeyID != id {
			continue
		}
		modulus, err := base64.RawURLEncoding.DecodeString(k.Modulus)
		if err != nil {
			return nil, fmt.Errorf("reading key %s of the key set: %w", id, err)
		}
		exponent, err := base64.RawURLEncoding.DecodeString(k.Exponent)
		if err != nil {
			return nil, fmt.Errorf("reading key %s of the key set: %w", id, err)
		}
		public := &rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: int(new(big.Int).SetBytes(exponent).Int64())}
		der, err := x509.MarshalPKIXPublicKey(public)
		if err != nil {
			return nil, fmt.Errorf("writing key %s: %w", id, err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
	}
	return nil, fmt.Errorf("key %s is not in the key set", id)
}

// with opens the deployment for a command without operands and closes it
// afterwards.
func (t *target) with(ctx context.Context, w *world, args []string, do func(tools *server.Tools, development bool) error) error {
	if err := none(args); err != nil {
		return err
	}
	tools, development, err := t.open(ctx, w)
	if err != nil {
		return err
	}
	return errors.Join(do(tools, development), tools.Close())
}
