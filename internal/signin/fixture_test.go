package signin_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"database/sql"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/oidc"
	"usher/internal/practice"
	"usher/internal/practice/practicetest"
	"usher/internal/saml"
	"usher/internal/secret"
	"usher/internal/session"
	"usher/internal/signin"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

const base = "https://usher.test"

// began is when the clock of every test starts.
var began = time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC)

// Making a key is slow: those of the deployment, of the connections and of the
// identity providers are made once for all tests.
var (
	signingKey = sync.OnceValues(func() (identity.SigningKey, error) {
		return session.NewSigningKey("ins_test", began, began)
	})
	spKeys = sync.OnceValues(func() ([]identity.ConnectionKey, error) {
		var list []identity.ConnectionKey
		for n := range 2 {
			der, cert, err := saml.NewSPKey(began, "usher", 1000*time.Hour)
			if err != nil {
				return nil, err
			}
			list = append(list, identity.ConnectionKey{
				Certificate: base64.StdEncoding.EncodeToString(cert), PrivateKey: der, CreatedAt: began.Add(time.Duration(n) * time.Second),
			})
		}
		return list, nil
	})
	idpKeys = practicetest.Keys(began)
	hasher  = sync.OnceValue(secret.NewHasher)
)

// world is a deployment with one organization, Acme, that signs in through a
// practice identity provider; and with a clock of its own.
type world struct {
	testing.TB
	owner  testing.TB // the test that made it; subtests take TB over
	engine store.Engine
	url    string
	db     *store.DB
	clock  *storetest.Clock
	flow   *signin.Flow
	idp    *practice.IDP
	org    identity.Organization
	conn   identity.Connection

	sqlite   *sql.DB // the same database without the store, for dump
	postgres *pgx.Conn
}

// each runs a test on each engine.
func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	for _, engine := range storetest.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			test(t, newWorld(t, engine))
		})
	}
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func newWorld(t testing.TB, engine store.Engine) *world {
	t.Helper()
	w := &world{TB: t, owner: t, engine: engine, url: storetest.URL(t, engine), clock: storetest.NewClock(began)}
	w.db = storetest.OpenURL(t, w.url)
	w.flow = w.node(w.db)
	w.idp = w.provider("https://idp.test")
	key := must(signingKey())(t)
	settings := identity.DefaultSettings()
	settings.PasswordEnabled = true
	w.write(func(tx *store.Tx) error {
		in := identity.Instance{ID: identity.NewID[identity.InstanceID](began), Settings: settings, CreatedAt: began, UpdatedAt: began}
		if _, err := tx.InsertInstance(in); err != nil {
			return err
		}
		if err := tx.InsertFirstRoles(began); err != nil {
			return err
		}
		return tx.InsertSigningKey(key)
	})
	w.org = w.organization("Acme")
	w.conn = w.connect(w.idp, func(c *identity.Connection) { c.OrganizationID = w.org.ID })
	return w
}

// node is a node's flow over a handle on the world's database.
func (w *world) node(db *store.DB) *signin.Flow {
	ring := storetest.Keys()
	flow := &signin.Flow{
		DB: db, Now: w.clock.Now, Ring: ring, Hasher: hasher(), BaseURL: base, AllowedOrigins: []string{"https://app.test"},
		OIDC: oidc.NewClient(httpio.NewClient(httpio.ClientOptions{Now: w.clock.Now, AllowPrivate: true, Timeout: patience}).HTTP(), w.clock.Now),
		Sessions: &session.Manager{
			DB: db, Now: w.clock.Now, Ring: ring, Keys: &session.Keys{DB: db, Now: w.clock.Now},
			Issuer: "https://usher.clerk.accounts.dev", Secure: true,
		},
	}
	flow.Sessions.Presence = flow
	return flow
}

// patience is how long the flows of a test wait for a provider.
const patience = 2 * time.Second

// provider is a practice identity provider that knows Ada and Bob.
func (w *world) provider(at string) *practice.IDP {
	w.Helper()
	return must(practice.New(practice.Config{
		BaseURL: at, Now: w.clock.Now, Keys: idpKeys(w),
		People: []practice.Person{
			{Mail: "ada@acme.test", FirstName: "Ada", LastName: "Lovelace"},
			{Mail: "bob@acme.test", FirstName: "Bob", LastName: "Builder"},
		},
	}))(w)
}

func (w *world) organization(name string) identity.Organization {
	w.Helper()
	o := identity.Organization{
		ID: identity.NewID[identity.OrgID](w.clock.Now()), Name: name, Slug: strings.ToLower(name),
		CreatedAt: w.clock.Now(), UpdatedAt: w.clock.Now(),
	}
	w.write(func(tx *store.Tx) error { return tx.InsertOrganization(o) })
	return o
}

// connect makes a connection to a provider for acme.test, of the whole
// application unless it is changed, and makes it known there.
func (w *world) connect(idp *practice.IDP, change func(*identity.Connection)) identity.Connection {
	w.Helper()
	now := w.clock.Now()
	c := identity.Connection{
		ID: identity.NewID[identity.ConnectionID](now), Name: "Acme sign-in", Provider: identity.SAMLCustom,
		Domains: []identity.Domain{"acme.test"}, Active: true, Authenticatable: true,
		LiveRevisionID: identity.NewID[identity.RevisionID](now), CreatedAt: now, UpdatedAt: now,
		Config: identity.ConnectionConfig{
			SyncUserAttributes: true, DisableAdditionalIdentifications: true,
			SAML: &identity.SAMLConfig{
				IDPEntityID: idp.EntityID(), IDPSSOURL: idp.SSOURL(), IDPCertificates: []string{saml.EncodeCertificate(idp.Certificate())},
			},
		},
	}
	if change != nil {
		change(&c)
	}
	key := must(spKeys())(w)[0]
	key.ID, key.ConnectionID = identity.NewID[identity.KeyID](now), c.ID
	w.write(func(tx *store.Tx) error {
		if err := tx.InsertConnection(c); err != nil {
			return err
		}
		return tx.InsertConnectionKey(key)
	})
	w.introduce(idp, c, key.Certificate)
	return c
}

// introduce makes a connection known to a provider.
func (w *world) introduce(idp *practice.IDP, c identity.Connection, cert string) {
	w.Helper()
	parsed := must(saml.ParseCertificate(cert))(w)
	err := idp.AddSP(practice.SP{
		EntityID: c.ID.SPMetadataURL(base), ACSURL: c.ID.ACSURL(base),
		EncryptionCert: parsed, SigningCerts: []*x509.Certificate{parsed},
	})
	if err != nil {
		w.Fatal(err)
	}
}

// revise changes a connection, its configuration by a new revision.
func (w *world) revise(id identity.ConnectionID, change func(*identity.Connection)) identity.Connection {
	w.Helper()
	now := w.clock.Now()
	var c identity.Connection
	w.write(func(tx *store.Tx) error {
		var err error
		if c, err = tx.Connection(id); err != nil {
			return err
		}
		conf := *c.Config.SAML
		c.Config.SAML = &conf
		change(&c)
		if err := tx.UpdateConnection(c); err != nil {
			return err
		}
		return tx.InsertRevision(identity.ConnectionRevision{
			ID: identity.NewID[identity.RevisionID](now), ConnectionID: id, Config: c.Config, CreatedAt: now,
		})
	})
	return c
}

func (w *world) set(change func(*identity.Settings)) {
	w.Helper()
	w.write(func(tx *store.Tx) error {
		in, err := tx.Instance()
		if err != nil {
			return err
		}
		change(&in.Settings)
		return tx.UpdateSettings(in.ID, in.Settings, w.clock.Now())
	})
}

func (w *world) write(f func(*store.Tx) error) {
	w.Helper()
	storetest.Write(w, w.db, f)
}

// get reads one thing.
func get[T any](w *world, f func(*store.Tx) (T, error)) T {
	w.Helper()
	return storetest.Get(w, w.db, f)
}

// browser is one that has just begun something, and so has a client.
func (w *world) browser() identity.ClientID {
	w.Helper()
	r := httptest.NewRequestWithContext(w.Context(), http.MethodGet, base, http.NoBody)
	return must(w.flow.Sessions.EnsureClient(w.Context(), httptest.NewRecorder(), r))(w).ID
}

// office is where requests come from unless a test says otherwise.
const office = "192.0.2.1"

// at is a browser in the office.
func at(client identity.ClientID) signin.Browser {
	return signin.Browser{Client: client, Source: office}
}

// begin starts a sign-in that must lead to a provider.
func (w *world) begin(client identity.ClientID, address string) signin.Ticket {
	w.Helper()
	next := must(w.flow.Begin(w.Context(), signin.Begin{Client: client, Address: address}))(w)
	if next.Step != signin.NextProvider {
		w.Fatalf("sign-in of %s: step %d, want the provider", address, next.Step)
	}
	return next.Ticket
}

// asked reads a request as the provider sees it.
func (w *world) asked(t signin.Ticket) (r practice.AuthnRequest, relayState string) {
	w.Helper()
	if t.Form != nil {
		return must(practice.ParsePOST(t.Form.SAMLRequest))(w), t.Form.RelayState
	}
	u := must(url.Parse(t.Redirect))(w)
	return must(practice.ParseRedirect(u.Query().Get("SAMLRequest")))(w), u.Query().Get("RelayState")
}

// answer makes the provider answer a ticket, about Ada unless r says otherwise.
func (w *world) answer(t signin.Ticket, r practice.Request) signin.Answer {
	w.Helper()
	asked, relay := w.asked(t)
	r.InResponseTo, r.RelayState = asked.ID, relay
	return w.unasked(t.Connection, r)
}

// unasked makes the provider answer what nobody asked.
func (w *world) unasked(c identity.Connection, r practice.Request) signin.Answer {
	w.Helper()
	r.SP = c.ID.SPMetadataURL(base)
	if r.Person == "" {
		r.Person = "ada@acme.test"
	}
	response := must(w.idp.Respond(r))(w)
	return signin.Answer{Connection: c.ID, SAMLResponse: response.SAMLResponse, RelayState: response.RelayState, TraceID: "trace"}
}

// accepted finishes an answer that must be accepted.
func (w *world) accepted(a signin.Answer) signin.Accepted {
	w.Helper()
	return must(w.flow.FinishSAML(w.Context(), a))(w)
}

// done completes a sign-in that must succeed.
func (w *world) done(nonce string, client identity.ClientID) signin.Done {
	w.Helper()
	return must(w.flow.CompleteSAML(w.Context(), signin.Return{Nonce: nonce, Client: client}))(w)
}

// signIn is a whole sign-in in a browser of its own.
func (w *world) signIn(person string) signin.Done {
	w.Helper()
	return w.signInAs(practice.Request{Person: person})
}

func (w *world) signInAs(r practice.Request) signin.Done {
	w.Helper()
	client := w.browser()
	address := r.Person
	if r.Edited != nil {
		address = r.Edited.Mail
	}
	return w.done(w.accepted(w.answer(w.begin(client, address), r)).Nonce, client)
}

// refusal is what a call that must fail failed with; with its attempt, if it
// refers to one.
type refusal struct {
	*fault.Error
	attempt identity.Attempt
}

func (w *world) refusal(err error) refusal {
	w.Helper()
	if err == nil {
		w.Fatal("accepted, want a refusal")
	}
	r := refusal{Error: fault.From(err)}
	if id, ok := r.Meta()["attempt_id"].(string); ok {
		r.attempt = w.attempt(identity.AttemptID(id))
	}
	return r
}

// reason says why as administrators see it, in the terms of practice.Misbehaviour.
func (r refusal) reason() string {
	if r.Code() == fault.SAMLResponseInvalid {
		s, _ := r.attempt.Detail["reason"].(string)
		return s
	}
	return string(r.Code())
}

// refused checks that a call was refused for a reason, that its attempt says so
// and that nothing else was written since the dump.
func (w *world) refused(before dump, err error, want string) refusal {
	w.Helper()
	r := w.refusal(err)
	if got := r.reason(); got != want {
		w.Errorf("refused for %q (%v), want %q", got, err, want)
	}
	if a := r.attempt; a.ID == "" || a.State != identity.AttemptRefused || a.Code != string(r.Code()) || a.FinishedAt.IsZero() || a.SessionID != "" {
		w.Errorf("the attempt of a refusal with %s: %+v", r.Code(), a)
	}
	w.unchanged(before, "attempts", "evidence")
	return r
}

func (w *world) attempt(id identity.AttemptID) identity.Attempt {
	w.Helper()
	return get(w, func(tx *store.Tx) (identity.Attempt, error) { return tx.Attempt(id) })
}

// userOf is the one who holds an address, verified; the zero user if nobody does.
func (w *world) userOf(address string) identity.User {
	w.Helper()
	return get(w, func(tx *store.Tx) (identity.User, error) {
		list, _, err := tx.Users(store.UserFilter{Emails: []identity.Email{identity.Email(address)}}, store.Page{})
		if err != nil || len(list) == 0 {
			return identity.User{}, err
		}
		return list[0], nil
	})
}

func (w *world) memberships(u identity.UserID) []identity.Membership {
	w.Helper()
	return get(w, func(tx *store.Tx) ([]identity.Membership, error) {
		list, _, err := tx.MembershipsOfUser(u, store.Page{})
		return list, err
	})
}

// person makes a user with one address.
func (w *world) person(address string, status identity.VerificationStatus, change func(*identity.User)) identity.User {
	w.Helper()
	now := w.clock.Now()
	u := identity.User{ID: identity.NewID[identity.UserID](now), CreatedAt: now, UpdatedAt: now}
	e := identity.EmailAddress{
		ID: identity.NewID[identity.EmailID](now), UserID: u.ID, Address: identity.Email(address), Status: status, CreatedAt: now, UpdatedAt: now,
	}
	u.PrimaryEmailID = e.ID
	if change != nil {
		change(&u)
	}
	w.write(func(tx *store.Tx) error {
		if err := tx.InsertUser(u); err != nil {
			return err
		}
		return tx.InsertEmailAddress(e)
	})
	return u
}

// dump is the whole content of a database, a text a row.
type dump map[string][]string

// count is how many rows of a table there are.
func (d dump) count(table string) int { return len(d[table]) }

func (w *world) dump() dump {
	w.Helper()
	tables := `SELECT name FROM sqlite_master WHERE type = 'table'`
	if w.engine == store.PostgreSQL {
		tables = `SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'`
	}
	d := dump{}
	for _, row := range w.rows(tables) {
		table := strings.Trim(row, "[]")
		d[table] = w.rows(`SELECT * FROM ` + table)
		slices.Sort(d[table])
	}
	return d
}

// rows asks the database without the store, a text a row.
func (w *world) rows(query string) []string {
	w.Helper()
	if w.engine == store.PostgreSQL {
		return w.postgresRows(query)
	}
	if w.sqlite == nil {
		name := "file:" + strings.TrimPrefix(w.url, "sqlite:") + "?_pragma=query_only(1)&_pragma=busy_timeout(5000)"
		w.sqlite = must(sql.Open("sqlite", name))(w)
		w.owner.Cleanup(func() { w.sqlite.Close() })
	}
	rows := must(w.sqlite.QueryContext(w.Context(), query))(w)
	defer rows.Close()
	columns := must(rows.Columns())(w)
	var list []string
	for rows.Next() {
		values := make([]any, len(columns))
		for i := range values {
			values[i] = new(any)
		}
		if err := rows.Scan(values...); err != nil {
			w.Fatal(err)
		}
		for i, v := range values {
			values[i] = *v.(*any)
		}
		list = append(list, fmt.Sprint(values))
	}
	must(0, rows.Err())(w)
	return list
}

func (w *world) postgresRows(query string) []string {
	w.Helper()
	if w.postgres == nil {
		w.postgres = must(pgx.Connect(w.Context(), w.url))(w)
		w.owner.Cleanup(func() { w.postgres.Close(context.Background()) })
	}
	rows := must(w.postgres.Query(w.Context(), query))(w)
	return must(pgx.CollectRows(rows, func(row pgx.CollectableRow) (string, error) {
		values, err := row.Values()
		return fmt.Sprint(values), err
	}))(w)
}

// unchanged checks that nothing was written since, but into some tables:
// invariant 8 of the threat catalogue.
func (w *world) unchanged(before dump, but ...string) {
	w.Helper()
	after := w.dump()
	for _, table := range append(but, "row_counts") { // they follow the tables
		delete(after, table)
		before = withoutTable(before, table)
	}
	if diff := cmp.Diff(before, after); diff != "" {
		w.Errorf("a refusal wrote (-before +after):\n%s", diff)
	}
}

func withoutTable(d dump, table string) dump {
	out := dump{}
	for name, rows := range d {
		if name != table {
			out[name] = rows
		}
	}
	return out
}

// checkCounts compares the numbers of rows.
func (w *world) checkCounts(want map[string]int) {
	w.Helper()
	d := w.dump()
	for table, n := range want {
		if got := d.count(table); got != n {
			w.Errorf("%s: %d rows, want %d", table, got, n)
		}
	}
}

func encode(c *x509.Certificate) string { return saml.EncodeCertificate(c) }

// rsaKey is for measuring.
var rsaKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) })
