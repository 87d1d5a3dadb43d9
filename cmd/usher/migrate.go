package main

import (
	"context"
	"flag"
	"fmt"

	"usher/internal/server"
)

func migrateCommand() command {
	return command{
		name: "migrate", args: "[flags]",
		short: "Bring the database up to date.",
		long: `
Creates the tables in a new database, or changes those of an earlier version.
"usher serve" does it too when it starts; this is for doing it before. It is safe
while servers of this or the previous version run on the same PostgreSQL database.

Example:
  usher migrate --config /etc/usher/usher.toml`,
		setup: func(fs *flag.FlagSet) runner {
			var t target
			t.declare(fs)
			return func(ctx context.Context, w *world, args []string) error {
				return t.with(ctx, w, args, func(tools *server.Tools, _ bool) error {
					fmt.Fprintf(w.stdout, "The database (%s) is up to date.\n%s\n", tools.DB.Engine(), version())
					return nil
				})
			}
		},
	}
}
