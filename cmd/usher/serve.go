package main

import (
	"context"
	"flag"

	"usher/internal/server"
)

func serveCommand() command {
	return command{
		name: "serve", args: "[--config FILE] [flags]",
		short: "Serve in production.",
		long: `
Settings come from a TOML file, the environment and flags; a flag wins over a
variable, a variable over the file. The setting "public_url" is the variable
USHER_PUBLIC_URL and the flag --public-url. A secret may also be named by a file
that holds it, as in USHER_SMTP_PASSWORD_FILE: better than a flag, which other
users of the machine can see.

It does not start with a setting that it does not know or understand, and says
all that is wrong or missing at once (exit code 2).

Examples:
  usher keys new > /etc/usher/keys && chmod 600 /etc/usher/keys
  usher serve --public-url https://sign-in.example.com \
      --database sqlite:/var/lib/usher/usher.db --key-file /etc/usher/keys
  usher serve --config /etc/usher/usher.toml`,
		setup: func(fs *flag.FlagSet) runner {
			var s settings
			s.declare(fs)
			return func(ctx context.Context, w *world, args []string) error {
				if err := none(args); err != nil {
					return err
				}
				cfg, err := s.production(w)
				if err != nil {
					return err
				}
				return server.Run(ctx, cfg, w.stderr)
			}
		},
	}
}
