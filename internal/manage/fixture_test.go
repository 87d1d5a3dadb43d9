package manage_test

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/practice"
	"usher/internal/practice/practicetest"
	"usher/internal/saml"
	"usher/internal/secret"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

const base = "https://usher.test"

// began is when the clock of every test starts.
var began = time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC)

var (
	hasher  = sync.OnceValue(secret.NewHasher)
	idpKeys = practicetest.Keys(began)
)

// world is a deployment without anybody.
type world struct {
	testing.TB
	db    *store.DB
	clock *storetest.Clock
	s     *manage.Service
}

func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) { test(t, newWorld(t, db)) })
}

// onSQLite is for what both engines cannot differ in.
func onSQLite(t *testing.T) *world {
	t.Helper()
	t.Parallel()
	return newWorld(t, storetest.Open(t, store.SQLite))
}

func newWorld(t testing.TB, db *store.DB) *world {
	t.Helper()
	w := &world{TB: t, db: db, clock: storetest.NewClock(began)}
	w.s = newService(db, w.clock)
	w.write(func(tx *store.Tx) error {
		in := identity.Instance{ID: identity.NewID[identity.InstanceID](began), Settings: identity.DefaultSettings(), CreatedAt: began, UpdatedAt: began}
		if _, err := tx.InsertInstance(in); err != nil {
			return err
		}
		return tx.InsertFirstRoles(began)
	})
	return w
}

func newService(db *store.DB, clock *storetest.Clock) *manage.Service {
	return &manage.Service{
		DB: db, Now: clock.Now, Ring: storetest.Keys(), Hasher: hasher(), BaseURL: base,
		Fetch: httpio.NewClient(httpio.ClientOptions{Now: clock.Now, AllowPrivate: true}),
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

// ptr is for the fields of changes.
func ptr[T any](v T) *T { return &v }

func (w *world) write(f func(*store.Tx) error) {
	w.Helper()
	storetest.Write(w, w.db, f)
}

func get[T any](w *world, f func(*store.Tx) (T, error)) T {
	w.Helper()
	return storetest.Get(w, w.db, f)
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

// refused checks the codes of every failure.
func refused(t testing.TB, what string, err error, want ...fault.Code) {
	t.Helper()
	var got []fault.Code
	for _, e := range fault.All(err) {
		got = append(got, e.Code())
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s: %v (%v), want %v", what, got, err, want)
	}
}

// idp is a practice identity provider at its own URL, whose metadata is served by
// a server that the test can break.
type idp struct {
	*practice.IDP
	url   string
	mu    sync.Mutex
	serve func(http.ResponseWriter) // nil: the metadata
	asked int
}

func (w *world) idp(at string) *idp {
	w.Helper()
	i := &idp{IDP: must(practice.New(practice.Config{BaseURL: at, Now: w.clock.Now, Keys: idpKeys(w)}))(w)}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		i.mu.Lock()
		defer i.mu.Unlock()
		i.asked++
		if i.serve != nil {
			i.serve(rw)
			return
		}
		rw.Header().Set("Content-Type", "application/samlmetadata+xml")
		rw.Write(i.Metadata())
	}))
	w.Cleanup(server.Close)
	i.url = server.URL + "/metadata"
	return i
}

func (i *idp) set(serve func(http.ResponseWriter)) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.serve = serve
}

func (i *idp) certificate() string { return saml.EncodeCertificate(i.Certificate()) }

// fields are a provider's data entered by hand.
func (i *idp) fields() *manage.SAMLChange {
	return &manage.SAMLChange{IDPEntityID: ptr(i.EntityID()), IDPSSOURL: ptr(i.SSOURL()), IDPCertificates: []string{i.certificate()}}
}

func (w *world) organization(name string) identity.Organization {
	w.Helper()
	return must(w.s.CreateOrganization(w.Context(), manage.OrganizationChange{Name: &name}))(w).Organization
}

// connect makes a connection for a domain.
func (w *world) connect(ch manage.ConnectionChange) identity.Connection {
	w.Helper()
	if ch.Name == nil {
		ch.Name = ptr("Acme sign-in")
	}
	if ch.Domains == nil {
		ch.Domains = []string{"acme.test"}
	}
	return must(w.s.CreateConnection(w.Context(), identity.SAMLCustom, ch))(w)
}

func (w *world) user(address string) identity.User {
	w.Helper()
	return must(w.s.CreateUser(w.Context(), manage.UserChange{EmailAddresses: []string{address}}))(w).User
}

func (w *world) member(org identity.OrgID, address string, role identity.RoleKey) identity.User {
	w.Helper()
	u := w.user(address)
	must(w.s.AddMember(w.Context(), string(org), string(u.ID), role, manage.MetadataChange{}))(w)
	return u
}

func (w *world) state(id identity.ConnectionID) identity.MetadataState {
	w.Helper()
	return get(w, func(tx *store.Tx) (identity.MetadataState, error) { return tx.MetadataState(id) })
}

func (w *world) reload(id identity.ConnectionID) identity.Connection {
	w.Helper()
	return must(w.s.Connection(w.Context(), id))(w)
}
