package main

import (
	"context"
	"flag"
	"fmt"
	"net/url"
	"strings"

	"usher/internal/identity"
	"usher/internal/signin"
)

// explainMore holds the flags of the further questions of "usher explain".
type explainMore struct {
	saw      string
	replay   bool
	revision string

	organization string
	connection   string
	domains      string
	enforce      bool
	release      bool
}

func (x *explainer) declare(fs *flag.FlagSet) {
	m := &x.more
	fs.StringVar(&m.saw, "saw", "", "The `TEXT` that the person saw at the provider: find the causes that it speaks for.")
	fs.BoolVar(&m.replay, "replay", false, "Judge the kept answer of the attempt again; nothing is written.")
	fs.StringVar(&m.revision, "revision", "", "With --replay or --connection: the `ID` of the revision to judge by; the live one without it.")
	fs.StringVar(&m.organization, "organization", "", "The `ID` of an organization: say which of its members cannot come in.")
	fs.StringVar(&m.connection, "connection", "", "With --organization: the `ID` of the connection that is to change.")
	fs.StringVar(&m.domains, "domains", "", "With --connection: the `DOMAINS` that it would serve, with commas between them.")
	fs.BoolVar(&m.enforce, "enforce", false, "With --connection: as if it was switched on.")
	fs.BoolVar(&m.release, "release", false, "With --connection: as if it was switched off.")
}

// check says which flags do not fit the question.
func (m *explainMore) check(attempt bool) error {
	switch {
	case !attempt && (m.saw != "" || m.replay):
		return usagef("--saw and --replay are for an attempt")
	case m.saw != "" && m.replay:
		return usagef("--saw and --replay do not go together")
	case m.connection != "" && m.organization == "":
		return usagef("--connection is for --organization")
	case m.revision != "" && !m.replay && m.connection == "":
		return usagef("--revision is for --replay and --connection")
	case (m.domains != "" || m.enforce || m.release) && m.connection == "":
		return usagef("--domains, --enforce and --release are for --connection")
	case m.enforce && m.release:
		return usagef("--enforce and --release do not go together")
	}
	return nil
}

// membersQuestion is the body of POST /sso_simulations/organization.
type membersQuestion struct {
	Organization  string   `json:"organization_id"`
	Connection    string   `json:"enterprise_connection_id,omitempty"`
	Revision      string   `json:"revision_id,omitempty"`
	Domains       []string `json:"domains,omitempty"`
	Active        *bool    `json:"active,omitempty"`
	LockedOutOnly bool     `json:"locked_out_only,omitempty"`
	After         string   `json:"after,omitempty"`
	Limit         int      `json:"limit"`
}

func (m *explainMore) question() membersQuestion {
	q := membersQuestion{Organization: m.organization, Connection: m.connection, Revision: m.revision, Limit: 500}
	if m.domains != "" {
		q.Domains = strings.Split(m.domains, ",")
	}
	if m.enforce || m.release {
		q.Active = &m.enforce
	}
	return q
}

// explainMembers asks about a page of members after the other, and tells of those
// who stay outside.
func (x *explainer) explainMembers(ctx context.Context, w *world, d deployment) error {
	q := x.more.question()
	if x.json {
		r, err := d.whatIf(ctx, q)
		if err != nil {
			return err
		}
		return writeJSON(w.stdout, r)
	}
	p, judged, outside, locked := paint(w.colour), 0, 0, 0
	for {
		r, err := d.whatIf(ctx, q)
		if err != nil {
			return err
		}
		judged, locked = judged+r.Judged, locked+r.LockedOut
		for _, m := range r.Members {
			if m.Then.In {
				continue
			}
			outside++
			writeMember(w.stdout, p, m)
		}
		if q.After = r.Next; q.After == "" {
			break
		}
	}
	if outside > 0 {
		fmt.Fprintln(w.stdout)
	}
	fmt.Fprintf(w.stdout, "%d members, %d of whom cannot come in", judged, outside)
	if q.Connection != "" {
		fmt.Fprintf(w.stdout, "; the change locks %d out", locked)
	}
	fmt.Fprintln(w.stdout, ".")
	fmt.Fprintln(w.stdout, "Assumed: the providers vouch for these very addresses, and for the same people as last time.")
	return nil
}

// explainReplay tells what was, and what the same answer leads to now.
func (x *explainer) explainReplay(ctx context.Context, w *world, d deployment, id identity.AttemptID) error {
	r, err := d.replay(ctx, id, x.more.revision)
	if err != nil {
		return err
	}
	if x.json {
		return writeJSON(w.stdout, r)
	}
	writeReplay(w.stdout, paint(w.colour), r)
	return nil
}

func (l local) causes(ctx context.Context, id identity.AttemptID, saw string) (signin.AttemptReport, error) {
	d, err := l.tools.SignIn.Diagnose(ctx, id, saw)
	if err != nil {
		return signin.AttemptReport{}, err
	}
	return signin.ReportDiagnosis(d), nil
}

func (l local) replay(ctx context.Context, id identity.AttemptID, revision string) (signin.ReplayReport, error) {
	r, err := l.tools.SignIn.Replay(ctx, id, signin.Against{Revision: identity.RevisionID(revision)})
	if err != nil {
		return signin.ReplayReport{}, err
	}
	return signin.ReportReplay(r), nil
}

func (l local) whatIf(ctx context.Context, q membersQuestion) (signin.WhatIfReport, error) {
	ask := signin.WhatIf{
		Organization: identity.OrgID(q.Organization), After: identity.UserID(q.After), Limit: q.Limit,
		Proposal: signin.Proposal{
			Connection: identity.ConnectionID(q.Connection), Revision: identity.RevisionID(q.Revision), Active: q.Active,
		},
	}
	for _, name := range q.Domains {
		domain, err := identity.ParseDomain(name)
		if err != nil {
			return signin.WhatIfReport{}, err
		}
		ask.Proposal.Domains = append(ask.Proposal.Domains, domain)
	}
	page, err := l.tools.SignIn.WhatIf(ctx, ask)
	if err != nil {
		return signin.WhatIfReport{}, err
	}
	return signin.ReportWhatIf(ask, page, nil), nil
}

func (r remote) causes(ctx context.Context, id identity.AttemptID, saw string) (report signin.AttemptReport, err error) {
	err = r.backend.post(ctx, "/sso_attempts/"+url.PathEscape(string(id))+"/causes", map[string]string{"text": saw}, &report)
	return report, err
}

func (r remote) replay(ctx context.Context, id identity.AttemptID, revision string) (report signin.ReplayReport, err error) {
	err = r.backend.post(ctx, "/sso_attempts/"+url.PathEscape(string(id))+"/replay", map[string]string{"revision_id": revision}, &report)
	return report, err
}

func (r remote) whatIf(ctx context.Context, q membersQuestion) (report signin.WhatIfReport, err error) {
	err = r.backend.post(ctx, "/sso_simulations/organization", q, &report)
	return report, err
}
