package signin_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/practice"
	"usher/internal/signin"
	"usher/internal/store"
	"usher/internal/store/storetest"
)

const (
	clientID     = "usher"
	clientSecret = "practice makes perfect"
	tenantAcme   = "aaaa1111-2222-4333-8444-555555555555"
	tenantEvil   = "bbbb6666-7777-4888-8999-aaaaaaaaaaaa"
)

// openID is a world whose organization signs in through a practice OpenID
// provider, over real HTTP.
type openID struct {
	*world
	op   *practice.OIDC
	conn identity.Connection

	down  atomic.Bool  // the provider answers no program
	calls atomic.Int64 // of programs to its token endpoint
	spent atomic.Int64 // nanoseconds that its answers took it
}

// eachOpenID runs a test on each engine.
func eachOpenID(t *testing.T, p identity.Provider, test func(t *testing.T, o *openID)) {
	t.Helper()
	t.Parallel()
	for _, engine := range storetest.Engines() {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			test(t, newOpenID(t, engine, p))
		})
	}
}

func newOpenID(t testing.TB, engine store.Engine, p identity.Provider) *openID {
	t.Helper()
	return newOpenIDAs(t, engine, p, nil)
}

// newOpenIDAs is newOpenID with a provider that is configured otherwise.
func newOpenIDAs(t testing.TB, engine store.Engine, p identity.Provider, configure func(*practice.OIDCConfig)) *openID {
	t.Helper()
	o := &openID{world: newWorld(t, engine)}
	o.write(func(tx *store.Tx) error { // the SAML connection of the world makes room
		_, err := tx.DeleteConnection(o.world.conn.ID)
		return err
	})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.Contains(r.URL.Path, "token") {
			o.calls.Add(1)
		}
		if o.down.Load() {
			http.Error(w, "closed", http.StatusServiceUnavailable)
			return
		}
		began := time.Now()
		o.op.ServeHTTP(w, r)
		o.spent.Add(int64(time.Since(began)))
	}))
	t.Cleanup(server.Close)
	config := practice.OIDCConfig{
		BaseURL: server.URL + "/practice/oidc", Flavour: flavour(p), Now: o.clock.Now, Keys: idpKeys(t),
		Tenants: tenants(p),
		People: []practice.Person{
			{Mail: "ada@acme.test", FirstName: "Ada", LastName: "Lovelace", Groups: []string{"Engines", "Looms"}},
			{Mail: "bob@acme.test", FirstName: "Bob", LastName: "Builder"},
			{Mail: "eve@evil.test", FirstName: "Eve"},
		},
		Clients: []practice.OIDCClient{{ID: clientID, Secret: clientSecret, RedirectURIs: []string{base + "/v1/oauth_callback"}}},
	}
	if configure != nil {
		configure(&config)
	}
	o.op = must(practice.NewOIDC(config))(t)
	o.conn = o.connectOpenID(p, nil)
	return o
}

func flavour(p identity.Provider) practice.Flavour {
	switch p {
	case identity.OAuthGoogle:
		return practice.Google
	case identity.OAuthMicrosoft:
		return practice.Microsoft
	default:
		return practice.Custom
	}
}

func tenants(p identity.Provider) []string {
	if p == identity.OAuthMicrosoft {
		return []string{tenantAcme, tenantEvil}
	}
	return nil
}

// connectOpenID makes a connection to the provider for acme.test, of Acme unless
// it is changed.
func (o *openID) connectOpenID(p identity.Provider, change func(*identity.Connection)) identity.Connection {
	o.Helper()
	now := o.clock.Now()
	c := identity.Connection{
		ID: identity.NewID[identity.ConnectionID](now), OrganizationID: o.org.ID, Name: "Acme OpenID", Provider: p,
		Domains: []identity.Domain{"acme.test"}, Active: true, Authenticatable: true,
		LiveRevisionID: identity.NewID[identity.RevisionID](now), CreatedAt: now, UpdatedAt: now,
		Config: identity.ConnectionConfig{
			SyncUserAttributes: true, DisableAdditionalIdentifications: true, OIDC: &identity.OIDCConfig{},
		},
	}
	secret := identity.ClientSecret{ID: identity.NewID[identity.ClientSecretID](now), ConnectionID: c.ID, Secret: clientSecret, CreatedAt: now}
	if p.IsOIDC() {
		found := must(o.flow.OIDC.Discover(o.Context(), o.op.DiscoveryURL()))(o)
		c.Config.OIDC = &identity.OIDCConfig{
			ClientID: clientID, SecretID: secret.ID, DiscoveryURL: o.op.DiscoveryURL(),
			Issuer: found.Issuer, AuthURL: found.AuthorizationEndpoint, TokenURL: found.TokenEndpoint,
			UserInfoURL: found.UserInfoEndpoint, JWKSURL: found.JWKSURI, IssuerInAnswer: found.IssuerInAnswer, TokenAuth: found.AuthMethods,
		}
	}
	if change != nil {
		change(&c)
	}
	o.write(func(tx *store.Tx) error {
		if err := tx.InsertConnection(c); err != nil {
			return err
		}
		if p.IsEASIE() {
			return tx.PutProviderCredentials(identity.ProviderCredentials{
				Provider: p, ClientID: clientID, ClientSecret: clientSecret, DiscoveryURL: o.op.DiscoveryURL(), Discovery: o.discovery(),
			})
		}
		return tx.InsertClientSecret(secret)
	})
	return c
}

// discovery is the provider's own description.
func (o *openID) discovery() string {
	o.Helper()
	rec := httptest.NewRecorder()
	o.op.ServeHTTP(rec, httptest.NewRequestWithContext(o.Context(), http.MethodGet, o.op.DiscoveryURL(), http.NoBody))
	if rec.Code != http.StatusOK {
		o.Fatalf("discovery: %d", rec.Code)
	}
	return rec.Body.String()
}

// change changes the connection, its configuration by a new revision.
func (o *openID) change(change func(*identity.Connection)) {
	o.Helper()
	now := o.clock.Now()
	o.write(func(tx *store.Tx) error {
		c, err := tx.Connection(o.conn.ID)
		if err != nil {
			return err
		}
		conf := *c.Config.OIDC
		c.Config.OIDC = &conf
		change(&c)
		if err := tx.UpdateConnection(c); err != nil {
			return err
		}
		o.conn = c
		return tx.InsertRevision(identity.ConnectionRevision{
			ID: identity.NewID[identity.RevisionID](now), ConnectionID: c.ID, Config: c.Config, CreatedAt: now,
		})
	})
}

// answers makes the provider answer a ticket as the person's browser would bring
// it back.
func (o *openID) answers(t signin.Ticket, client identity.ClientID, l practice.Login) signin.Callback {
	o.Helper()
	answer := must(o.op.Login(t.Redirect, l))(o)
	return signin.Callback{Params: answer.Parameters(), Client: client, TraceID: "trace"}
}

// try is a whole sign-in in a browser of its own, to whatever end.
func (o *openID) try(l practice.Login) (signin.Done, error) {
	o.Helper()
	client := o.browser()
	address := l.Person
	if l.Edited != nil && l.Edited.Mail != "" && !slices.Contains([]string{"eve@evil.test"}, l.Edited.Mail) {
		address = l.Edited.Mail
	}
	return o.flow.FinishOIDC(o.Context(), o.answers(o.begin(client, address), client, l))
}

// in is a whole sign-in that must succeed.
func (o *openID) in(l practice.Login) signin.Done {
	o.Helper()
	done, err := o.try(l)
	if err != nil {
		o.Fatalf("%+v: %v for %q", l, err, o.refusal(err).reason())
	}
	return done
}

// why is the reason of a refusal as administrators see it: that of the protocol,
// else the code.
func why(r refusal) string {
	switch r.Code() {
	case fault.OAuthCallbackInvalid, fault.OAuthTokenExchangeError, fault.OAuthFetchUserError:
		if s, ok := r.attempt.Detail["reason"].(string); ok {
			return s
		}
		return r.Reason()
	}
	return string(r.Code())
}

// denied checks that a call was refused with a code, for a reason unless that is
// empty; that its attempt says so, and that nothing else was written.
func (o *openID) denied(before dump, err error, code fault.Code, reason string) {
	o.Helper()
	r := o.refusal(err)
	if r.Code() != code || reason != "" && why(r) != reason {
		o.Errorf("refused with %s for %q, want %s for %q", r.Code(), why(r), code, reason)
	}
	if a := r.attempt; a.ID == "" || a.State != identity.AttemptRefused || a.Code != string(r.Code()) || a.FinishedAt.IsZero() || a.SessionID != "" {
		o.Errorf("the attempt of a refusal with %s: %+v", r.Code(), a)
	}
	o.unchanged(before, "attempts", "evidence", "pending_requests")
}

func (o *openID) String() string { return fmt.Sprint(o.conn.Provider) }

// otherNode is a flow on a handle of its own on the database; on SQLite, which one
// process has to itself, on the same.
func (o *openID) otherNode() *signin.Flow {
	o.Helper()
	if o.engine == store.SQLite {
		return o.node(o.db)
	}
	return o.node(storetest.OpenURL(o, o.url))
}
