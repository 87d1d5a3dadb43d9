package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"

	"usher/internal/server"
)

func configCheckCommand() command {
	return command{
		name: "config check", args: "[--config FILE] [flags]",
		short: "Check the configuration of \"usher serve\" and print it.",
		long: `
Reads the same file, variables and flags as "usher serve". Prints every setting,
secrets as [redacted], or all that is wrong or missing (exit code 2). Nothing is
opened but the files that are named; the database is not asked.

Example:
  usher config check --config /etc/usher/usher.toml`,
		setup: func(fs *flag.FlagSet) runner {
			var s settings
			s.declare(fs)
			return func(_ context.Context, w *world, args []string) error {
				if err := none(args); err != nil {
					return err
				}
				cfg, err := s.production(w)
				if err != nil {
					return err
				}
				for _, line := range cfg.Lines() {
					fmt.Fprintln(w.stdout, line)
				}
				return nil
			}
		},
	}
}

func configDocsCommand() command {
	return command{
		name:  "config docs",
		short: "Print all settings as a Markdown table.",
		long: `
Prints a table of every setting: its key, variable, flag, default and effect.

Example:
  usher config docs > settings.md`,
		setup: func(*flag.FlagSet) runner {
			return func(_ context.Context, w *world, args []string) error {
				if err := none(args); err != nil {
					return err
				}
				writeSettingsTable(w.stdout)
				return nil
			}
		},
	}
}

func writeSettingsTable(out io.Writer) {
	fmt.Fprintln(out, "| key | variable | flag | default | what it does |\n|---|---|---|---|---|")
	escape := strings.NewReplacer("|", `\|`, "<", "&lt;", "\n", " ")
	for _, o := range server.Options() {
		def, notes := "–", ""
		if o.Default != "" {
			def = "`" + o.Default + "`"
		}
		if o.Required {
			notes += "**Required.** "
		}
		if o.Secret {
			notes += "A secret. "
		}
		fmt.Fprintf(out, "| `%s` | `%s` | `--%s` | %s | %s |\n", o.Name, o.Env(), o.Flag(), def, notes+escape.Replace(o.Help))
	}
}
