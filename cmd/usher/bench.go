package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"time"

	"usher/internal/seed"
	"usher/internal/server"
)

func benchSeedCommand() command {
	return command{
		name: "bench seed", args: "[--organizations N] [--memberships M] [--attempts K] [flags]",
		short: "Fill an empty database with made-up organizations and people.",
		long: `
Fills a database, SQLite or PostgreSQL, with made-up organizations, people and what
belongs to them, to measure with or to look at: every second organization has a
domain, every fifth a SAML connection, and most have fewer than ten members, some
10,000. Addresses end in ".test", where no mail gets. Every row is one that Usher
could have written itself, and can be read and changed like any other; there are no
events and no audit lines of them.

With --attempts there are sign-in attempts too, spread over the last 30 days.

The same --seed in the same hour makes the same rows, but for the keys of
connections.

It is for a database of its own: one that holds people, organizations or connections
is refused, and so is one that a server runs on. To begin again, begin with another
file, or another PostgreSQL database.

Examples:
  usher bench seed --database sqlite:./bench.db --key-file ./keys
  usher bench seed --organizations 1000 --memberships 10000 --attempts 50000 --data ./bench`,
		setup: func(fs *flag.FlagSet) runner {
			var t target
			t.declare(fs)
			var p seed.Plan
			fs.IntVar(&p.Organizations, "organizations", 100_000, "How many organizations: `N`.")
			fs.IntVar(&p.Memberships, "memberships", 1_000_000, "How many memberships: `M`. There are somewhat fewer people.")
			fs.IntVar(&p.Attempts, "attempts", 0, "How many sign-in attempts: `K`.")
			fs.Uint64Var(&p.Seed, "seed", 1, "The `NUMBER` that chance begins with.")
			return func(ctx context.Context, w *world, args []string) error {
				if err := p.Validate(); err != nil {
					return usageError{err}
				}
				return t.with(ctx, w, args, func(tools *server.Tools, _ bool) error {
					p.Now = w.now()
					return benchSeed(ctx, w, tools, p)
				})
			}
		},
	}
}

// sayEvery is how often progress is told.
const sayEvery = 2 * time.Second

func benchSeed(ctx context.Context, w *world, tools *server.Tools, p seed.Plan) error {
	began := w.now()
	said := began
	r, err := p.Fill(ctx, tools.DB, func(r seed.Report) {
		now := w.now()
		if now.Sub(said) < sayEvery {
			return
		}
		said = now
		fmt.Fprintf(w.stderr, "%d of %d organizations, %d of %d memberships, %d of %d attempts; %d rows, %.0f a second\n",
			r.Organizations, p.Organizations, r.Memberships, p.Memberships, r.Attempts, p.Attempts,
			r.Rows, float64(r.Rows)/now.Sub(began).Seconds())
	})
	switch {
	case errors.Is(err, seed.ErrNotEmpty):
		return fmt.Errorf("%w: this is for a database of its own", err)
	case errors.Is(err, seed.ErrServed):
		return fmt.Errorf("%w: stop it first, or take another database", err)
	case err != nil:
		return err
	}
	fmt.Fprintf(w.stdout, `organizations  %d
users          %d
memberships    %d
domains        %d
connections    %d
invitations    %d
sessions       %d
attempts       %d
`, r.Organizations, r.Users, r.Memberships, r.Domains, r.Connections, r.Invitations, r.Sessions, r.Attempts)
	fmt.Fprintf(w.stderr, "%d rows in %s\n", r.Rows, w.now().Sub(began).Round(time.Millisecond))
	return nil
}
