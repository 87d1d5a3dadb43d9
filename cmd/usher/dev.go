package main

import (
	"context"
	"flag"

	"usher/internal/server"
)

func devCommand() command {
	return command{
		name: "dev", args: "[flags]",
		short: "Run a development server that needs nothing else.",
		long: `
Everything is kept in one folder: the database (SQLite), keys, and mail, which a
mailbox page shows instead of sending it. With it comes a demo: the organization
Acme, whose people alice@acme.test and bob@acme.test sign in at a practice
identity provider, and Globex with carol@globex.test on a practice OpenID
provider.

It prints where to go. Once it answers it writes DIR/dev.json, with its address
and its keys, for scripts. Ctrl-C stops it; the next start goes on where it was.

It is for this machine only: its practice provider lets anyone in as anybody.

Examples:
  usher dev
  usher dev --data /tmp/try --listen 127.0.0.1:4444 --no-demo
  usher dev --database postgres://localhost/usher`,
		setup: func(fs *flag.FlagSet) runner {
			var o server.DevOptions
			fs.StringVar(&o.Data, "data", "./"+defaultData, "The `DIR` to keep everything in.")
			fs.StringVar(&o.Listen, "listen", "127.0.0.1:4000", "`ADDRESS` and port to serve on.")
			fs.StringVar(&o.Database, "database", "", "`URL` of a PostgreSQL database to use instead of SQLite in DIR.")
			fs.BoolVar(&o.NoDemo, "no-demo", false, "Start without the demo.")
			return func(ctx context.Context, w *world, args []string) error {
				if err := none(args); err != nil {
					return err
				}
				if o.Data == "" {
					return usagef("--data must name a folder")
				}
				return server.RunDev(ctx, o, w.stdout)
			}
		},
	}
}
