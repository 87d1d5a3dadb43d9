package main

import (
	"context"
	"flag"
	"fmt"
	"time"

	"usher/internal/server"
)

func operatorLinkCommand() command {
	return command{
		name: "operator link", args: "--email ADDRESS [flags]",
		short: "Print a link that opens the dashboard, once.",
		long: `
Prints a link that signs a person in as an operator. It works once, within ten
minutes, and without SSO: for the first start, and for when the operators' own
identity provider is out of order. The person and the operators' organization are
made where they are missing; making and opening a link are lines of the audit log.

A running server that has its database to itself, as with SQLite, is asked to do
it: --url and --key. For "usher dev" its folder is enough, running or not.

Examples:
  usher operator link --email you@example.com --config /etc/usher/usher.toml
  usher operator link --email you@example.com --data ./usher-data`,
		setup: func(fs *flag.FlagSet) runner {
			var t target
			var r running
			t.declare(fs)
			r.declare(fs)
			email := fs.String("email", "", "The `ADDRESS` of the operator.")
			return func(ctx context.Context, w *world, args []string) error {
				if err := none(args); err != nil {
					return err
				}
				if *email == "" {
					return usagef("--email is missing: whom is the link for?")
				}
				return r.orHere(ctx, w, &t, func(b *backend) error { return operatorLinkOf(ctx, w, b, *email) },
					func(tools *server.Tools) error {
						link, err := tools.Manage.OperatorLink(ctx, *email)
						if err != nil {
							return err
						}
						return printLink(w, link.URL, link.ExpiresAt)
					})
			}
		},
	}
}

func operatorLinkOf(ctx context.Context, w *world, b *backend, email string) error {
	var link struct {
		URL       string `json:"url"`
		ExpiresAt int64  `json:"expires_at"`
	}
	if err := b.post(ctx, "/operator_links", map[string]string{"email_address": email}, &link); err != nil {
		return err
	}
	return printLink(w, link.URL, time.UnixMilli(link.ExpiresAt))
}

func printLink(w *world, url string, until time.Time) error {
	fmt.Fprintln(w.stdout, url)
	fmt.Fprintf(w.stderr, "It works once, until %s.\n", until.UTC().Format("15:04 UTC"))
	return nil
}
