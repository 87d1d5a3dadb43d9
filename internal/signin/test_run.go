package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/saml"
	"usher/internal/secret"
	"usher/internal/store"
)

// A test run is a sign-in that ends before anybody is signed in. It goes
//
//	created → opened → success | failed              at OpenID Connect
//	created → opened → answered → success | failed   at SAML
//
// "opened" is one browser at the provider. A SAML provider makes the browser post
// its answer without our cookie, so what was made of it waits until the browser
// shows the cookie: as with sign-ins, an answer that somebody else was talked into
// fetching is shown to nobody (threat T-SAML-25).
//
// A request to a provider belongs to a test run or to a sign-in from its making on
// (identity.PendingRequest). What finishes the one kind makes no session, what
// finishes the other no test run (threat T-OIDC-32).

const (
	// testTicketLife is how long the link to a test run works, and testTicketBytes
	// its chance: threat T-SES-16.
	testTicketLife  = 15 * time.Minute
	testTicketBytes = 16

	// TestRunVisit is how long the result of a test run can be read in the browser
	// that made it. Ours.
	TestRunVisit = 24 * time.Hour
)

// TestRunTarget says which configuration a test run tries.
type TestRunTarget string

// The targets. Empty means the draft if there is one, else what is live.
const (
	TestDraft TestRunTarget = "draft"
	TestLive  TestRunTarget = "live"
)

// TestRunLink is what begins a test run in a browser. It works once.
type TestRunLink struct {
	ID        identity.TestRunID
	URL       string
	Revision  identity.RevisionID // that it tries
	ExpiresAt time.Time
}

// BeginTestRun makes the link to a test run. The connection may be switched off.
func (f *Flow) BeginTestRun(ctx context.Context, id identity.ConnectionID, target TestRunTarget) (TestRunLink, error) {
	now, ticket := f.Now(), secret.NewToken(testTicketBytes)
	run := identity.TestRun{
		ID: identity.NewID[identity.TestRunID](now), ConnectionID: id, TicketHash: f.hashTestTicket(ticket),
		ExpiresAt: now.Add(testTicketLife), CreatedAt: now,
	}
	err := f.DB.Write(ctx, func(tx *store.Tx) error {
		c, err := tx.Connection(id)
		if err != nil {
			return store.Missing(err, fault.New(fault.NotFound, "resource", "enterprise connection"))
		}
		if run.RevisionID, run.Draft, err = tried(tx, c, target); err != nil {
			return err
		}
		if c, err = configuredAs(tx, id, run.RevisionID); err != nil {
			return err
		}
		if err := mayTry(tx, c); err != nil {
			return err
		}
		if err := tx.InsertTestRun(run); err != nil {
			return err
		}
		return tx.Audit(identity.AuditEntry{
			At: now, Action: "enterprise_connection.test_run.created", Subject: string(id), OrganizationID: c.OrganizationID,
			Detail: map[string]string{"test_run_id": string(run.ID), "revision_id": string(run.RevisionID)},
		})
	})
	if err != nil {
		return TestRunLink{}, err
	}
	return TestRunLink{
		ID: run.ID, Revision: run.RevisionID, ExpiresAt: run.ExpiresAt,
		URL: f.BaseURL + "/v1/enterprise_connections/" + string(id) + "/init_test_run?ticket=" + url.QueryEscape(ticket),
	}, nil
}

func (f *Flow) hashTestTicket(ticket string) string {
	return f.Ring.HashToken("test run ticket", ticket)
}

func (f *Flow) hashTestBrowser(cookie string) string {
	return f.Ring.HashToken("test run browser", cookie)
}

func (f *Flow) hashTestToken(token string) string { return f.Ring.HashToken("test run result", token) }

// tried is the configuration that a target means.
func tried(tx *store.Tx, c identity.Connection, target TestRunTarget) (id identity.RevisionID, draft bool, err error) {
	switch target {
	case TestLive:
		return c.LiveRevisionID, false, nil
	case TestDraft, "":
		d, err := tx.Draft(c.ID)
		if errors.Is(err, store.ErrNotFound) && target == "" {
			return c.LiveRevisionID, false, nil
		}
		return d.RevisionID, true, store.Missing(err, fault.New(fault.NotFound, "resource", "draft"))
	}
	return "", false, fault.New(fault.FormParamValueInvalid, "param_name", "target")
}

// configuredAs is a connection with one of its configurations, live or not; with
// ConnectionDraftChanged where that was a draft that is gone.
func configuredAs(tx *store.Tx, id identity.ConnectionID, revision identity.RevisionID) (identity.Connection, error) {
	c, err := tx.Connection(id)
	if err != nil || c.LiveRevisionID == revision {
		return c, store.Missing(err, fault.New(fault.NotFound, "resource", "enterprise connection"))
	}
	config, err := tx.Configuration(id, revision)
	return c.Configured(revision, config), store.Missing(err, fault.New(fault.ConnectionDraftChanged))
}

// mayTry refuses a connection that lacks what a request to its provider needs.
func mayTry(tx *store.Tx, c identity.Connection) error {
	facts := policy.ActivateFacts{Connection: c}
	if c.Provider.IsEASIE() {
		_, err := tx.ProviderCredentials(c.Provider)
		if store.Optional(err) != nil {
			return err
		}
		facts.Credentials = err == nil
	}
	denied := policy.Activate(facts).Denied
	if denied != nil && c.Provider.IsOIDC() {
		missing := c.Config.OIDC.MissingFields()
		if len(missing) == 0 {
			missing = []string{"client_secret"}
		}
		return fault.New(fault.OAuthDebugProviderNotConfigured, "missing_fields", missing).Because(denied)
	}
	return denied
}

// TestRunVisitor is a browser at the link or at the result of a test run.
type TestRunVisitor struct {
	Connection identity.ConnectionID
	Run        identity.TestRunID // at the result
	Secret     string             // the ticket of the link, or the token of the result
	Browser    string             // the value of its cookie; empty: it has none
}

// OpenTestRun uses the link of a test run up and sends its browser to the provider.
// The visitor's cookie must be set beside the redirect.
func (f *Flow) OpenTestRun(ctx context.Context, v TestRunVisitor) (Ticket, error) {
	now := f.Now()
	var run identity.TestRun
	var r route
	err := f.DB.Read(ctx, func(tx *store.Tx) error {
		var err error
		if run, err = tx.TestRunByTicketHash(f.hashTestTicket(v.Secret)); err != nil {
			return store.Missing(err, fault.New(fault.TestRunTicketInvalid))
		}
		if run.ConnectionID != v.Connection || run.State != identity.TestRunCreated || run.Over(now) {
			return fault.New(fault.TestRunTicketInvalid)
		}
		r, err = testRoute(tx, run)
		return err
	})
	if err != nil {
		return Ticket{}, err
	}
	q, err := f.question(r, "")
	if err != nil {
		return Ticket{}, err
	}
	attempt := f.started(q, now)
	attempt.Kind = identity.AttemptTest
	q.ticket.AttemptID = attempt.ID
	run.AttemptID, run.BrowserHash, run.ExpiresAt = attempt.ID, f.hashTestBrowser(v.Browser), q.pending.ExpiresAt
	run.State = identity.TestRunOpened
	if run.Seen, err = json.Marshal(testSeen{Request: requestText(q)}); err != nil {
		return Ticket{}, fmt.Errorf("signin: keeping a test run: %w", err)
	}
	err = f.DB.Write(ctx, func(tx *store.Tx) error {
		unused, err := tx.OpenTestRun(run, now)
		if err == nil && !unused {
			err = fault.New(fault.TestRunTicketInvalid)
		}
		if err != nil {
			return err
		}
		if _, err := tx.PutTestRun(run, identity.TestRunOpened); err != nil {
			return err
		}
		p := q.pending
		p.TestRun = run.ID
		return f.remember(tx, q, attempt, p)
	})
	return q.ticket, err
}

// NewTestBrowser makes the value of the cookie that keeps test runs to a browser.
func NewTestBrowser() string { return secret.NewToken(nonceBytes) }

// testRoute reads what a request to the provider of a test run needs.
func testRoute(tx *store.Tx, run identity.TestRun) (route, error) {
	c, err := configuredAs(tx, run.ConnectionID, run.RevisionID)
	if err != nil {
		return route{}, err
	}
	if err := mayTry(tx, c); err != nil {
		return route{}, err
	}
	r := route{connection: c}
	if c.Config.SAML != nil {
		return signer(tx, r)
	}
	r.rp, err = readRelyingParty(tx, c)
	return r, err
}

// requestText is the SAML request that goes to the provider; empty at OpenID
// Connect.
func requestText(q question) string {
	if q.ticket.Connection.Config.SAML == nil {
		return ""
	}
	if q.ticket.Form != nil {
		raw, _ := saml.DecodePost(q.ticket.Form.SAMLRequest)
		return string(raw)
	}
	u, err := url.Parse(q.ticket.Redirect)
	if err != nil {
		return ""
	}
	raw, _ := saml.DecodeRedirect(u.Query().Get("SAMLRequest"))
	return string(raw)
}

// TestRunReturn is where a browser goes that came back from a test run.
type TestRunReturn struct {
	Connection identity.ConnectionID
	Run        identity.TestRunID
	Token      string // opens the result, in the browser that opened the link
}

// Path is the address of the result.
func (r TestRunReturn) Path() string {
	return "/v1/enterprise_connections/" + string(r.Connection) + "/test_runs/" + string(r.Run) + "?token=" + url.QueryEscape(r.Token)
}

// TestRun reads a test run for those who manage the connection.
func (f *Flow) TestRun(ctx context.Context, c identity.ConnectionID, id identity.TestRunID) (v TestRunView, err error) {
	err = f.DB.Read(ctx, func(tx *store.Tx) error {
		run, err := tx.TestRun(id)
		if err == nil && run.ConnectionID != c {
			err = store.ErrNotFound
		}
		if err != nil {
			return store.Missing(err, fault.New(fault.NotFound, "resource", "test run"))
		}
		v, err = f.viewTestRun(tx, run)
		return err
	})
	return v, err
}

// TestRunStatus is how a test run stands: "pending", "success" or "failed".
type TestRunStatus = store.TestRunStatus

// TestRunFilter says which test runs of a connection a list is about.
type TestRunFilter = store.TestRunFilter

// TestRuns lists the test runs of a connection whose links were opened, the newest
// first.
func (f *Flow) TestRuns(ctx context.Context, filter TestRunFilter, page store.Page) (list []TestRunView, total int, err error) {
	filter.Now = f.Now()
	known := []store.TestRunStatus{store.TestRunsPending, store.TestRunsSuccess, store.TestRunsFailed}
	for _, s := range filter.Statuses {
		if !slices.Contains(known, s) {
			return nil, 0, fault.New(fault.FormParamValueInvalid, "param_name", "status")
		}
	}
	err = f.DB.Read(ctx, func(tx *store.Tx) error {
		list = nil
		if _, err := tx.Connection(filter.ConnectionID); err != nil {
			return store.Missing(err, fault.New(fault.NotFound, "resource", "enterprise connection"))
		}
		runs, n, err := tx.TestRuns(filter, page)
		if err != nil {
			return err
		}
		total = n
		for _, run := range runs {
			v, err := f.viewTestRun(tx, run)
			if err != nil {
				return err
			}
			list = append(list, v)
		}
		return nil
	})
	return list, total, err
}
