package session_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/session"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

const issuer = "https://usher-test.clerk.accounts.dev"

// began is when the clock of every test starts.
var began = time.Date(2026, 11, 25, 9, 30, 0, 0, time.UTC)

// firstKey is made once: that is slow.
var firstKey = sync.OnceValues(func() (identity.SigningKey, error) {
	return session.NewSigningKey("ins_test", began, began)
})

// world is a deployment with Ada, a member of Acme.
type world struct {
	testing.TB
	db    *store.DB
	clock *storetest.Clock
	m     *session.Manager
	ada   identity.User
	acme  identity.Organization
}

func each(t *testing.T, test func(t *testing.T, w *world)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, func(t *testing.T, db *store.DB) { test(t, newWorld(t, db)) })
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

func newWorld(t testing.TB, db *store.DB) *world {
	t.Helper()
	w := &world{TB: t, db: db, clock: storetest.NewClock(began)}
	w.m = w.node(db)
	w.ada = identity.User{ID: identity.NewID[identity.UserID](began), FirstName: "Ada", CreatedAt: began, UpdatedAt: began}
	w.acme = identity.Organization{ID: identity.NewID[identity.OrgID](began), Name: "Acme", Slug: "acme", CreatedAt: began, UpdatedAt: began}
	key := must(firstKey())(t)
	w.write(func(tx *store.Tx) error {
		in := identity.Instance{ID: identity.NewID[identity.InstanceID](began), Settings: identity.DefaultSettings(), CreatedAt: began, UpdatedAt: began}
		if _, err := tx.InsertInstance(in); err != nil {
			return err
		}
		for _, role := range []identity.Role{
			{Key: identity.RoleAdmin, Permissions: append(identity.SystemPermissions(), "org:dashboard:read", "org:dashboard:manage", "org:teams:read")},
			{Key: identity.RoleMember, Permissions: []identity.Permission{identity.MembershipsRead}},
		} {
			role.ID, role.CreatedAt, role.UpdatedAt = identity.NewID[identity.RoleID](began), began, began
			if err := tx.InsertRole(role); err != nil {
				return err
			}
		}
		if err := tx.InsertUser(w.ada); err != nil {
			return err
		}
		if err := tx.InsertOrganization(w.acme); err != nil {
			return err
		}
		return tx.InsertSigningKey(key)
	})
	w.join(identity.RoleAdmin)
	return w
}

// node is a manager over a handle on the database.
func (w *world) node(db *store.DB) *session.Manager {
	return &session.Manager{
		DB: db, Now: w.clock.Now, Ring: storetest.Keys(), Keys: &session.Keys{DB: db, Now: w.clock.Now}, Issuer: issuer, Secure: true,
	}
}

func (w *world) join(role identity.RoleKey) {
	w.Helper()
	w.write(func(tx *store.Tx) error {
		_, err := tx.InsertMembership(identity.Membership{
			ID: identity.NewID[identity.MembershipID](began), OrganizationID: w.acme.ID, UserID: w.ada.ID, Role: role, CreatedAt: began, UpdatedAt: began,
		})
		return err
	})
}

func (w *world) write(f func(*store.Tx) error) {
	w.Helper()
	storetest.Write(w, w.db, f)
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

func (w *world) change(change func(*identity.User)) {
	w.Helper()
	change(&w.ada)
	w.write(func(tx *store.Tx) error { return tx.UpdateUser(w.ada) })
}

// browser is a browser with its cookie.
type browser struct {
	w      *world
	client identity.ClientID
	cookie string
}

// browser opens one that begins something, and so gets a client.
func (w *world) browser() *browser {
	w.Helper()
	b := &browser{w: w}
	rec := httptest.NewRecorder()
	b.client = must(w.m.EnsureClient(w.Context(), rec, b.request()))(w).ID
	b.receive(rec)
	return b
}

// request is one that the browser makes.
func (b *browser) request() *http.Request {
	r := httptest.NewRequestWithContext(b.w.Context(), http.MethodGet, "https://usher.test/", http.NoBody)
	if b.cookie != "" {
		r.Header.Set("Cookie", session.ClientCookie+"="+b.cookie)
	}
	return r
}

func (b *browser) receive(rec *httptest.ResponseRecorder) {
	for _, c := range rec.Result().Cookies() {
		if c.Name == session.ClientCookie {
			b.cookie = c.Value
		}
	}
}

// signIn makes a session of Ada's in Acme, as flows do.
func (b *browser) signIn(change func(*session.Start)) identity.Session {
	b.w.Helper()
	var s identity.Session
	b.w.write(func(tx *store.Tx) error {
		in, err := tx.Instance()
		if err != nil {
			return err
		}
		start := session.Start{Client: b.client, User: b.w.ada.ID, Organization: b.w.acme.ID, Settings: in.Settings, Now: b.w.clock.Now()}
		if change != nil {
			change(&start)
		}
		s, b.cookie, err = b.w.m.Create(tx, start)
		return err
	})
	return s
}

// token is one that must be minted.
func (w *world) token(ask session.Ask) string {
	w.Helper()
	return must(w.m.Token(w.Context(), ask))(w)
}

func (w *world) session(id identity.SessionID) identity.Session {
	w.Helper()
	return must(w.m.Session(w.Context(), id))(w)
}

// setCookie is the one Set-Cookie line for a name.
func setCookie(t testing.TB, rec *httptest.ResponseRecorder, name string) string {
	t.Helper()
	for _, line := range rec.Header().Values("Set-Cookie") {
		if strings.HasPrefix(line, name+"=") {
			return line
		}
	}
	t.Fatalf("no cookie %s in %v", name, rec.Header())
	return ""
}
