package main

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"strconv"

	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/server"
)

func auditVerifyCommand() command {
	return command{
		name: "audit verify", args: "[--head POSITION:HASH] [flags]",
		short: "Check that nobody tampered with the audit log.",
		long: `
Reads the audit log from its first line to its end and says which line, if any, was
changed, taken out, moved or cut off the end. Each line has a hash of itself and of
all lines before it, under a key of the key ring: who can write to the database, but
lacks the key file, can't make a line that passes.

The end that it prints is worth keeping elsewhere. Given back with --head, it proves
that everything up to there is still the same, even if the whole database was put
back to an older state.

A running server that has its database to itself, as with SQLite, is asked to do
it: --url and --key. For "usher dev" its folder is enough, running or not.

Examples:
  usher audit verify --config /etc/usher/usher.toml
  usher audit verify --url https://sign-in.example.com --head 1042:ZLB2…`,
		setup: func(fs *flag.FlagSet) runner {
			var t target
			var r running
			t.declare(fs)
			r.declare(fs)
			head := fs.String("head", "", "An end that was printed before, `POSITION:HASH`.")
			return func(ctx context.Context, w *world, args []string) error {
				if err := none(args); err != nil {
					return err
				}
				var kept manage.AuditHead
				if *head != "" {
					var err error
					if kept, err = manage.ParseAuditHead(*head); err != nil {
						return usagef("--head must be as it was printed: POSITION:HASH")
					}
				}
				return r.orHere(ctx, w, &t, func(b *backend) error { return verifyRunning(ctx, w, b, *head) },
					func(tools *server.Tools) error { return verifyHere(ctx, w, tools, kept) })
			}
		},
	}
}

// orHere asks the server that the flags name, or else does the work here, on the
// database.
func (r *running) orHere(ctx context.Context, w *world, t *target, ask func(*backend) error, here func(*server.Tools) error) error {
	cfg, dir, err := t.find(w)
	if err != nil {
		return err
	}
	b, err := r.find(cfg, dir)
	if err != nil {
		return err
	}
	if b != nil {
		return ask(b)
	}
	return t.with(ctx, w, nil, func(tools *server.Tools, _ bool) error { return here(tools) })
}

// auditVerdict is what a check found, as the API says it.
type auditVerdict struct {
	Lines   int64  `json:"lines"`
	Waiting int    `json:"waiting"`
	Head    string `json:"head"`
	BadAt   int64  `json:"bad_position"`
	BadID   string `json:"bad_id"`
	Problem string `json:"problem"`
}

func verifyRunning(ctx context.Context, w *world, b *backend, head string) error {
	var v auditVerdict
	if err := b.post(ctx, "/audit_log/verifications", map[string]string{"head": head}, &v); err != nil {
		return err
	}
	return writeVerdict(w, v)
}

func verifyHere(ctx context.Context, w *world, tools *server.Tools, kept manage.AuditHead) error {
	if _, err := tools.Manage.ChainAudit(ctx); err != nil { // nobody else does it now
		return err
	}
	v, err := tools.Manage.VerifyAudit(ctx, kept)
	if err != nil {
		return err
	}
	out := auditVerdict{Lines: v.Lines, Waiting: v.Waiting, BadAt: v.BadAt, BadID: string(v.BadID), Problem: v.Problem}
	if v.Head.Position > 0 {
		out.Head = v.Head.String()
	}
	return writeVerdict(w, out)
}

func writeVerdict(w *world, v auditVerdict) error {
	if v.Problem != "" {
		fmt.Fprintf(w.stdout, "The audit log is not whole. %d lines are good.\n", v.Lines)
		fmt.Fprintf(w.stdout, "Line %d %s: %s\n", v.BadAt, clean(v.BadID), clean(v.Problem))
		return errRefused
	}
	fmt.Fprintf(w.stdout, "The audit log is whole: %d lines, %d more on their way into the chain.\n", v.Lines, v.Waiting)
	if v.Head != "" {
		fmt.Fprintf(w.stdout, "Its end, to keep elsewhere: %s\n", clean(v.Head))
	}
	return nil
}

func auditExportCommand() command {
	return command{
		name: "audit export", args: "[--after POSITION] [flags]",
		short: "Write the audit log as JSON lines.",
		long: `
Writes the lines of the audit log in their order, one JSON object a line, to the
standard output. With --after it goes on behind a line that was exported before:
"position" of the last.

A running server that has its database to itself, as with SQLite, is asked to do
it: --url and --key. For "usher dev" its folder is enough, running or not.

Examples:
  usher audit export --config /etc/usher/usher.toml > audit.jsonl
  usher audit export --url https://sign-in.example.com --after 1042 >> audit.jsonl`,
		setup: func(fs *flag.FlagSet) runner {
			var t target
			var r running
			t.declare(fs)
			r.declare(fs)
			after := fs.Int64("after", 0, "Begin behind the line at `POSITION`.")
			return func(ctx context.Context, w *world, args []string) error {
				if err := none(args); err != nil {
					return err
				}
				return r.orHere(ctx, w, &t, func(b *backend) error { return exportRunning(ctx, w, b, *after) },
					func(tools *server.Tools) error { return exportHere(ctx, w, tools, *after) })
			}
		},
	}
}

// exportRunning asks a server, page by page.
func exportRunning(ctx context.Context, w *world, b *backend, after int64) error {
	for {
		text, err := b.text(ctx, "/audit_log/export?after="+strconv.FormatInt(after, 10))
		if err != nil || len(text) == 0 {
			return err
		}
		lines := bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
		var last struct {
			Position int64 `json:"position"`
		}
		if err := json.Unmarshal(lines[len(lines)-1], &last); err != nil || last.Position <= after {
			return fmt.Errorf("%s does not answer as Usher does", b.url)
		}
		if _, err := w.stdout.Write(text); err != nil {
			return err
		}
		after = last.Position
	}
}

func exportHere(ctx context.Context, w *world, tools *server.Tools, after int64) error {
	if _, err := tools.Manage.ChainAudit(ctx); err != nil { // nobody else does it now
		return err
	}
	for {
		lines, err := tools.Manage.AuditAfter(ctx, after, 0)
		if err != nil || len(lines) == 0 {
			return err
		}
		for _, line := range lines {
			if err := writeAuditLine(w.stdout, line); err != nil {
				return err
			}
		}
		after = lines[len(lines)-1].Position
	}
}

func writeAuditLine(out io.Writer, e identity.AuditEntry) error {
	text, err := json.Marshal(server.AuditLine(e))
	if err == nil {
		_, err = out.Write(append(text, '\n'))
	}
	return err
}
