package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/url"
	"strings"

	"usher/internal/identity"
	"usher/internal/server"
	"usher/internal/signin"
)

func explainCommand() command {
	return command{
		name: "explain", args: "[--json] [flags] ATTEMPT | --email ADDRESS | --organization ORG",
		short: "Say what happened to a sign-in, or what would happen to one.",
		long: `
With the reference of an attempt (ssoa_…), which a refused person sees on the page:
what happened, step by step, the likeliest causes, and what to change. --saw adds
what the person saw at the provider, such as an error number. --replay judges the
kept answer again as things are now, or by --revision, with the clock as at receipt.

With --email: where a person with this address would be sent, what the provider's
answer would lead to (an account that is created, linked or found, a membership, a
Role, or a refusal), and why. With --organization: which of its members could not
come in; with --connection and a change of it, whom that would lock out. All of them
ask the very functions that decide a sign-in, and write nothing.

A running server has to be asked over its Backend API where it is the only one to
use its database, as with SQLite: --url and --key. For "usher dev" its folder is
enough, running or not.

Examples:
  usher explain --email alice@acme.test
  usher explain ssoa_2f8Q6rYxJ1c0yXbQm3nYlD5T4wz --data ./usher-data
  usher explain ssoa_2f8Q6rYxJ1c0yXbQm3nYlD5T4wz --saw "AADSTS50105: not assigned"
  usher explain ssoa_2f8Q6rYxJ1c0yXbQm3nYlD5T4wz --replay
  usher explain --organization org_2f8Q… --connection entconn_2f8Q… --enforce
  usher explain --email eve@example.com --url https://sign-in.example.com --key sk_live_…`,
		setup: func(fs *flag.FlagSet) runner {
			var x explainer
			x.target.declare(fs)
			fs.StringVar(&x.email, "email", "", "The `ADDRESS` of a person: say what would happen now.")
			x.declare(fs)
			fs.BoolVar(&x.json, "json", false, "Print the JSON object of the Backend API.")
			x.running.declare(fs)
			return func(ctx context.Context, w *world, args []string) error { return x.run(ctx, w, args) }
		},
	}
}

// explainer holds the flags of "usher explain".
type explainer struct {
	target  target
	running running
	email   string
	json    bool
	more    explainMore
}

// deployment answers questions about sign-ins. It is reached through its
// database, or through a server that has that to itself.
type deployment interface {
	attempt(ctx context.Context, id identity.AttemptID) (signin.AttemptReport, error)
	simulate(ctx context.Context, address string) (signin.SimulationReport, error)
	causes(ctx context.Context, id identity.AttemptID, saw string) (signin.AttemptReport, error)
	replay(ctx context.Context, id identity.AttemptID, revision string) (signin.ReplayReport, error)
	whatIf(ctx context.Context, q membersQuestion) (signin.WhatIfReport, error)
	Close() error
}

func (x *explainer) run(ctx context.Context, w *world, args []string) error {
	id, err := x.question(args)
	if err != nil {
		return err
	}
	d, err := x.open(ctx, w)
	if err != nil {
		return err
	}
	switch {
	case x.more.organization != "":
		err = x.explainMembers(ctx, w, d)
	case id == "":
		err = x.explainAddress(ctx, w, d)
	case x.more.replay:
		err = x.explainReplay(ctx, w, d, id)
	default:
		err = x.explainAttempt(ctx, w, d, id)
	}
	return errors.Join(err, d.Close())
}

// question returns the attempt that is asked about, or nothing where it is the
// address.
func (x *explainer) question(args []string) (identity.AttemptID, error) {
	asked := len(args)
	for _, flag := range []string{x.email, x.more.organization} {
		if flag != "" {
			asked++
		}
	}
	if asked != 1 {
		return "", usagef("want the reference of an attempt (ssoa_…), --email ADDRESS, or --organization ORG")
	}
	if err := x.more.check(len(args) == 1); err != nil {
		return "", err
	}
	if x.more.organization != "" {
		return "", nil
	}
	if x.email != "" {
		if _, err := identity.ParseEmail(x.email); err != nil {
			return "", usagef("--email %q is not an email address that could sign in", clean(x.email))
		}
		return "", nil
	}
	id, err := identity.ParseID[identity.AttemptID](args[0])
	if err != nil {
		return "", usagef("%q is not the reference of an attempt, which begins with ssoa_", clean(args[0]))
	}
	return id, nil
}

func (x *explainer) explainAddress(ctx context.Context, w *world, d deployment) error {
	r, err := d.simulate(ctx, x.email)
	if err != nil {
		return err
	}
	if x.json {
		return writeJSON(w.stdout, r)
	}
	writeSimulation(w.stdout, paint(w.colour), r)
	return nil
}

func (x *explainer) explainAttempt(ctx context.Context, w *world, d deployment, id identity.AttemptID) error {
	ask := d.attempt
	if x.more.saw != "" {
		ask = func(ctx context.Context, id identity.AttemptID) (signin.AttemptReport, error) {
			return d.causes(ctx, id, x.more.saw)
		}
	}
	r, err := ask(ctx, id)
	if err != nil {
		return err
	}
	if x.json {
		return writeJSON(w.stdout, r)
	}
	writeAttempt(w.stdout, paint(w.colour), r)
	return nil
}

func writeJSON(out io.Writer, v any) error {
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// open reaches the deployment: over HTTP where a server runs that can be asked.
func (x *explainer) open(ctx context.Context, w *world) (deployment, error) {
	cfg, dir, err := x.target.find(w)
	if err != nil {
		return nil, err
	}
	b, err := x.running.find(cfg, dir)
	if err != nil {
		return nil, err
	}
	if b != nil {
		return remote{b}, nil
	}
	tools, err := openDatabase(ctx, cfg, dir)
	if err != nil {
		if cfg.Database != "" && !strings.HasPrefix(cfg.Database, "postgres") {
			err = fmt.Errorf("%w\n  If a server runs on this database, ask it: usher explain --url BASE --key sk_… …", err)
		}
		return nil, err
	}
	return local{tools}, nil
}

// local is a deployment whose database this process has opened.
type local struct{ tools *server.Tools }

func (l local) attempt(ctx context.Context, id identity.AttemptID) (signin.AttemptReport, error) {
	return l.causes(ctx, id, "")
}

func (l local) simulate(ctx context.Context, address string) (signin.SimulationReport, error) {
	s, err := l.tools.SignIn.Simulate(ctx, address)
	if err != nil {
		return signin.SimulationReport{}, err
	}
	return signin.ReportSimulation(s), nil
}

func (l local) Close() error { return l.tools.Close() }

// remote is a deployment that is asked over its Backend API, whose answers have
// the shape of the same reports.
type remote struct{ backend *backend }

func (r remote) attempt(ctx context.Context, id identity.AttemptID) (report signin.AttemptReport, err error) {
	err = r.backend.get(ctx, "/sso_attempts/"+url.PathEscape(string(id)), &report)
	return report, err
}

func (r remote) simulate(ctx context.Context, address string) (report signin.SimulationReport, err error) {
	err = r.backend.post(ctx, "/sso_simulations", map[string]string{"email_address": address}, &report)
	return report, err
}

func (r remote) Close() error {
	r.backend.client.CloseIdleConnections()
	return nil
}
