package manage_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/practice"
	"usher/internal/store"
)

const canary = "canary secret of the client"

// openID is a practice OpenID provider over real HTTP.
type openID struct {
	*practice.OIDC
	asked atomic.Int64
	edit  atomic.Pointer[func(map[string]any)] // changes its description
}

func (w *world) openID(flavour practice.Flavour) *openID {
	w.Helper()
	w.s.AllowLoopback = true // it answers on a loopback host
	o := &openID{}
	server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		o.asked.Add(1)
		edit := o.edit.Load()
		if edit == nil {
			o.ServeHTTP(rw, r)
			return
		}
		rec := httptest.NewRecorder()
		o.ServeHTTP(rec, r)
		var doc map[string]any
		if err := json.Unmarshal(rec.Body.Bytes(), &doc); err != nil {
			w.Error(err)
		}
		(*edit)(doc)
		rw.Header().Set("Content-Type", "application/json")
		json.NewEncoder(rw).Encode(doc)
	}))
	w.Cleanup(server.Close)
	o.OIDC = must(practice.NewOIDC(practice.OIDCConfig{
		BaseURL: server.URL + "/practice/oidc", Flavour: flavour, Now: w.clock.Now, Keys: idpKeys(w),
	}))(w)
	return o
}

func (o *openID) says(edit func(map[string]any)) { o.edit.Store(&edit) }

// connectOIDC makes a connection at the provider that is switched on.
func (w *world) connectOIDC(o *openID) identity.Connection {
	w.Helper()
	return must(w.createOIDC(manage.OIDCChange{
		ClientID: ptr("usher"), ClientSecret: ptr(canary), DiscoveryURL: ptr(o.DiscoveryURL()),
	}))(w)
}

func (w *world) createOIDC(ch manage.OIDCChange) (identity.Connection, error) {
	return w.s.CreateConnection(w.Context(), identity.OIDCCustom, manage.ConnectionChange{
		Name: ptr("Acme sign-in"), Domains: []string{"acme.test"}, Active: ptr(true), OIDC: &ch,
	})
}

func (w *world) changeOIDC(id identity.ConnectionID, ch manage.OIDCChange) (identity.Connection, error) {
	return w.s.ChangeConnection(w.Context(), id, manage.ConnectionChange{OIDC: &ch})
}

func (w *world) secretOf(c identity.Connection) string {
	w.Helper()
	return get(w, func(tx *store.Tx) (identity.ClientSecret, error) {
		return tx.ClientSecret(c.ID, c.Config.OIDC.SecretID)
	}).Secret
}

// Behaviours 1.7 to 1.9: the issuer alone leads to the document, which says the rest.
// Its key pair is none, for nothing is signed.
func TestOIDCConnection_LearnsFromDiscovery(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.openID(practice.Custom)
		c := must(w.createOIDC(manage.OIDCChange{
			ClientID: ptr("usher"), ClientSecret: ptr(canary), DiscoveryURL: ptr(o.Issuer("")), AuthURL: ptr("https://mallory.test/auth"),
		}))(t)
		conf := c.Config.OIDC
		if conf.DiscoveryURL != o.DiscoveryURL() || conf.Issuer != o.Issuer("") || !conf.IssuerInAnswer || !strings.HasPrefix(conf.AuthURL, o.Issuer("")) ||
			conf.TokenURL == "" || conf.UserInfoURL == "" || conf.JWKSURL == "" || len(conf.TokenAuth) == 0 || !json.Valid([]byte(conf.Discovery)) {
			t.Errorf("learned %+v", conf)
		}
		if got := w.secretOf(c); got != canary {
			t.Errorf("the secret is %q", got)
		}
		if keys := get(w, func(tx *store.Tx) ([]identity.ConnectionKey, error) { return tx.ConnectionKeys(c.ID) }); len(keys) != 0 {
			t.Errorf("%d key pairs", len(keys))
		}
		text := must(json.Marshal(c))(t)
		if strings.Contains(string(text), canary) {
			t.Error("T-SEC-04: the configuration holds the secret")
		}
	})
}

// Threats T-OIDC-25, T-OIDC-26 and T-DOS-07, T-RP-17: what is wrong with a document
// stands in the way of a new connection, and leaves one that works as it is.
func TestOIDCConnection_ADocumentThatIsWrong(t *testing.T) {
	t.Parallel()
	for name, code := range map[string]fault.Code{
		"discovery-down":             fault.OAuthDiscoveryRetrievalError,
		"discovery-html":             fault.OAuthCannotUseDiscoveryURL,
		"discovery-huge":             fault.OAuthDiscoveryRetrievalError,
		"discovery-wrong-issuer":     fault.OAuthDiscoveryIssuerMismatch,
		"discovery-no-keys":          fault.OAuthCannotUseDiscoveryURL,
		"discovery-private":          fault.FormParamFormatInvalid,
		"discovery-duplicate-member": fault.OAuthCannotUseDiscoveryURL,
		"discovery-moved":            "", // of a provider that nobody knows yet
		"discovery-issuer-slash":     "", // of the same URL: an issuer may end in a slash
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				o := w.openID(practice.Custom)
				known := w.connectOIDC(o)
				if err := o.Misbehave(name, ""); err != nil {
					t.Fatal(err)
				}
				_, err := w.createOIDC(manage.OIDCChange{ClientID: ptr("usher"), ClientSecret: ptr(canary), DiscoveryURL: ptr(o.DiscoveryURL())})
				if code == "" && err != nil || code != "" && !fault.Is(err, code) {
					t.Errorf("at creation: %v, want %s", err, code)
				}
				w.clock.Advance(time.Hour)
				must(w.s.RefreshMetadata(t.Context(), interval))(t)
				if got := w.reload(known.ID); got.LiveRevisionID != known.LiveRevisionID || !got.Active {
					t.Errorf("the refresh changed the connection to %+v", got.Config.OIDC)
				}
				if s := w.state(known.ID); s.Failures != 1 || s.LastError == "" || strings.Contains(s.LastError, canary) {
					t.Errorf("state %+v", s)
				}
				if err := o.Misbehave("", ""); err != nil {
					t.Fatal(err)
				}
				w.clock.Advance(5 * time.Minute)
				must(w.s.RefreshMetadata(t.Context(), interval))(t)
				if s := w.state(known.ID); s.Failures != 0 || s.LastError != "" {
					t.Errorf("the provider is well again: %+v", s)
				}
			})
		})
	}
}

func TestOIDCConnection_ARefreshTakesOverWhatStaysAtTheHost(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.openID(practice.Custom)
		c := w.connectOIDC(o)
		n := 0
		o.says(func(doc map[string]any) { n++; doc["served"] = n })
		w.clock.Advance(time.Hour)
		w.refresh(1)
		if got := w.reload(c.ID); got.LiveRevisionID != c.LiveRevisionID {
			t.Error("what nobody reads made a revision")
		}
		o.says(func(doc map[string]any) { doc["token_endpoint"] = o.Issuer("") + "/token/2" })
		w.clock.Advance(interval)
		w.refresh(1)
		got := w.reload(c.ID)
		if got.LiveRevisionID == c.LiveRevisionID || got.Config.OIDC.TokenURL != o.Issuer("")+"/token/2" || got.Config.OIDC.ClientID != "usher" || w.secretOf(got) != canary {
			t.Errorf("after the refresh: %+v", got.Config.OIDC)
		}
	})
}

// The secret is changed by itself: nothing is fetched, nothing else changes.
func TestOIDCConnection_TheSecretIsRotatedAlone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.openID(practice.Custom)
		c := w.connectOIDC(o)
		asked := o.asked.Load()
		got := must(w.changeOIDC(c.ID, manage.OIDCChange{ClientSecret: ptr("another")}))(t)
		want := c.Config.OIDC
		if w.secretOf(got) != "another" || got.Config.OIDC.SecretID == c.Config.OIDC.SecretID || got.LiveRevisionID == c.LiveRevisionID ||
			!slices.Equal(want.TokenAuth, got.Config.OIDC.TokenAuth) || want.TokenURL != got.Config.OIDC.TokenURL || want.DiscoveryURL != got.Config.OIDC.DiscoveryURL {
			t.Errorf("changed to %+v", got.Config.OIDC)
		}
		if o.asked.Load() != asked {
			t.Error("the document was fetched")
		}
		if w.secretOf(c) != canary { // of the revision before, for those under way
			t.Error("the secret before is gone")
		}
	})
}

// Threats T-OIDC-05 and T-OIDC-08: a client without a secret needs PKCE and a provider
// that names itself.
func TestOIDCConnection_APublicClient(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.openID(practice.Custom)
		c := w.connectOIDC(o)
		_, err := w.changeOIDC(c.ID, manage.OIDCChange{ClientSecret: ptr("")})
		refused(t, "without PKCE", err, fault.FormPublicClientRequiresPKCE)
		public := must(w.changeOIDC(c.ID, manage.OIDCChange{ClientSecret: ptr(""), RequiresPKCE: ptr(true)}))(t)
		if public.Config.OIDC.SecretID != "" {
			t.Errorf("changed to %+v", public.Config.OIDC)
		}
		o.says(func(doc map[string]any) { delete(doc, "authorization_response_iss_parameter_supported") })
		w.clock.Advance(time.Hour)
		w.refresh(1)
		if s := w.state(c.ID); s.Failures != 1 || w.reload(c.ID).LiveRevisionID != public.LiveRevisionID {
			t.Errorf("a provider that stops naming itself: %+v", s)
		}
		_, err = w.changeOIDC(c.ID, manage.OIDCChange{DiscoveryURL: ptr(o.DiscoveryURL())})
		refused(t, "with a provider that does not name itself", err, fault.FormParamMissing)
		_, err = w.changeOIDC(c.ID, manage.OIDCChange{Issuer: ptr("https://other.test")})
		refused(t, "with another provider, by hand, of which nothing is known", err, fault.FormParamMissing)
	})
}

// From discovery to endpoints by hand: what is set stays, and what the provider before
// said of itself does not count for another.
func TestOIDCConnection_EndpointsBySettingThem(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		o := w.openID(practice.Custom)
		c := w.connectOIDC(o)
		same := must(w.changeOIDC(c.ID, manage.OIDCChange{TokenURL: ptr(c.Config.OIDC.TokenURL), Issuer: ptr(c.Config.OIDC.Issuer)}))(t)
		if same.LiveRevisionID != c.LiveRevisionID {
			t.Error("the same values changed something")
		}
		path := must(w.changeOIDC(c.ID, manage.OIDCChange{TokenURL: ptr("https://idp.test/token")}))(t).Config.OIDC
		if path.DiscoveryURL != "" || path.Discovery != "" || path.TokenAuth != nil || !path.IssuerInAnswer || path.TokenURL != "https://idp.test/token" {
			t.Errorf("another token endpoint: %+v", path)
		}
		other := must(w.changeOIDC(c.ID, manage.OIDCChange{Issuer: ptr("https://idp.test"), JWKSURL: ptr("https://idp.test/keys")}))(t)
		if other.Config.OIDC.IssuerInAnswer || other.Config.OIDC.Issuer != "https://idp.test" {
			t.Errorf("another issuer: %+v", other.Config.OIDC)
		}
		w.clock.Advance(time.Hour)
		asked := o.asked.Load()
		w.refresh(1)
		if got := w.reload(c.ID); o.asked.Load() != asked || got.LiveRevisionID != other.LiveRevisionID {
			t.Error("a refresh fetched the document, or took it over")
		}
		for name, test := range map[string]struct {
			ch   manage.OIDCChange
			want []fault.Code
		}{
			"an issuer without keys":   {manage.OIDCChange{JWKSURL: ptr("")}, []fault.Code{fault.FormParamMissing}},
			"keys without an issuer":   {manage.OIDCChange{Issuer: ptr("")}, []fault.Code{fault.FormParamMissing}},
			"nothing that says who":    {manage.OIDCChange{Issuer: ptr(""), JWKSURL: ptr(""), UserInfoURL: ptr("")}, []fault.Code{fault.FormParamMissing}},
			"no client":                {manage.OIDCChange{ClientID: ptr("")}, []fault.Code{fault.FormParamMissing}},
			"an address inside":        {manage.OIDCChange{TokenURL: ptr("http://10.0.0.1/token")}, []fault.Code{fault.FormParamFormatInvalid}},
			"every field, all at once": {everyMistake(), slices.Concat(slices.Repeat([]fault.Code{fault.FormParamFormatInvalid}, 5), mistakes())},
		} {
			_, err := w.changeOIDC(c.ID, test.ch)
			refused(t, name, err, test.want...)
		}
		if got := w.reload(c.ID); got.LiveRevisionID != other.LiveRevisionID {
			t.Error("a refusal changed the connection")
		}
	})
}

// everyMistake is a change that is wrong in each of its fields.
func everyMistake() manage.OIDCChange {
	bad := ptr("javascript:alert(1)")
	return manage.OIDCChange{
		Issuer: bad, AuthURL: bad, TokenURL: bad, UserInfoURL: bad, JWKSURL: bad,
		ClientID: ptr(strings.Repeat("c", 1025)), ClientSecret: ptr(strings.Repeat("s", 4097)),
		Scopes: &[]string{"openid", `a"b`}, Prompt: ptr("always"), ResponseMode: ptr("fragment"), LoginHint: ptr(identity.LoginHintMode("phone")),
		EmailAddress: ptr(strings.Repeat("p", 513)), ClockSkewSeconds: ptr(601),
	}
}

// mistakes are the codes of everyMistake but for its endpoints, in the order of the
// fields.
func mistakes() []fault.Code {
	return []fault.Code{
		fault.FormParamMaxLength, fault.FormParamMaxLength, fault.FormParamFormatInvalid, fault.FormParamValueInvalid, fault.FormParamValueInvalid,
		fault.FormParamValueInvalid, fault.FormParamMaxLength, fault.FormParamValueInvalid,
	}
}

// Behaviours 1.10 and 1.56, threats T-EASIE-03, T-EASIE-04 and T-EASIE-08.
func TestEASIEConnection_NeedsTheDeploymentsClientAndOneTenant(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		create := func(p identity.Provider, change func(*manage.ConnectionChange)) (identity.Connection, error) {
			ch := manage.ConnectionChange{Name: ptr("Acme"), Domains: []string{"acme.test"}, Active: ptr(true)}
			if change != nil {
				change(&ch)
			}
			return w.s.CreateConnection(t.Context(), p, ch)
		}
		const tenant = "aaaa1111-2222-4333-8444-555555555555"
		_, err := create(identity.OAuthMicrosoft, nil)
		refused(t, "without a client of the deployment", err, fault.EASIEInvalidOAuthCredentials)
		off := must(create(identity.OAuthGoogle, func(ch *manage.ConnectionChange) { ch.Active = nil }))(t)
		_, err = w.s.ChangeConnection(t.Context(), off.ID, manage.ConnectionChange{Active: ptr(true)})
		refused(t, "switched on without one", err, fault.EASIEInvalidOAuthCredentials)
		for _, p := range []identity.Provider{identity.OAuthGoogle, identity.OAuthMicrosoft} {
			must(w.s.SetProviderCredentials(t.Context(), p, manage.CredentialsChange{ClientID: "usher", ClientSecret: ptr(canary)}))(t)
		}
		for name, change := range map[string]func(*manage.ConnectionChange){
			"capital letters":        func(ch *manage.ConnectionChange) { ch.TenantID = ptr(strings.ToUpper(tenant)) },
			"all tenants":            func(ch *manage.ConnectionChange) { ch.TenantID = ptr("common") },
			"a domain":               func(ch *manage.ConnectionChange) { ch.TenantID = ptr("acme.test") },
			"a way round the tenant": func(ch *manage.ConnectionChange) { ch.TenantID = ptr(tenant + "/../common") },
		} {
			_, err := create(identity.OAuthMicrosoft, change)
			refused(t, name, err, fault.FormParamFormatInvalid)
		}
		_, err = create(identity.OAuthGoogle, func(ch *manage.ConnectionChange) { ch.TenantID = ptr(tenant) })
		refused(t, "Google has no tenants", err, fault.FormParamFormatInvalid)
		_, err = create(identity.OAuthMicrosoft, func(ch *manage.ConnectionChange) {
			ch.TenantID, ch.DisableAdditionalIdentifications = ptr("x"), ptr(false)
		})
		refused(t, "two mistakes", err, fault.FormParamValueInvalid, fault.FormParamFormatInvalid)
		c := must(create(identity.OAuthMicrosoft, func(ch *manage.ConnectionChange) { ch.TenantID = ptr(tenant) }))(t)
		if c.TenantID != tenant || !c.Active || !c.Config.DisableAdditionalIdentifications {
			t.Errorf("made %+v", c)
		}
		if c = must(w.s.ChangeConnection(t.Context(), c.ID, manage.ConnectionChange{Name: ptr("Acme 2")}))(t); c.TenantID != tenant {
			t.Errorf("another change left the tenant as %q", c.TenantID)
		}
		if c = must(w.s.ChangeConnection(t.Context(), c.ID, manage.ConnectionChange{TenantID: ptr("")}))(t); c.TenantID != "" {
			t.Errorf("unbound: %q", c.TenantID)
		}
	})
}

func TestProviderCredentials_AreSetReadChangedAndRemoved(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		set := func(ch manage.CredentialsChange) error {
			_, err := w.s.SetProviderCredentials(t.Context(), identity.OAuthGoogle, ch)
			return err
		}
		_, err := w.s.ProviderCredentials(t.Context(), identity.OAuthGoogle)
		refused(t, "read before they are set", err, fault.NotFound)
		refused(t, "removed before they are set", w.s.RemoveProviderCredentials(t.Context(), identity.OAuthGoogle), fault.NotFound)
		refused(t, "a first client without a secret", set(manage.CredentialsChange{ClientID: "usher"}), fault.FormParamMissing)
		refused(t, "another provider in the place of the real one", set(manage.CredentialsChange{
			ClientSecret: ptr(strings.Repeat("s", 4097)), DiscoveryURL: "https://mallory.test",
		}), fault.FormParamMissing, fault.FormParamMaxLength, fault.FormParamValueInvalid)
		_, err = w.s.SetProviderCredentials(t.Context(), identity.OIDCCustom, manage.CredentialsChange{ClientID: "usher", ClientSecret: ptr(canary)})
		refused(t, "of a provider that has clients of its own", err, fault.FormParamValueInvalid)
		if err := set(manage.CredentialsChange{ClientID: "usher", ClientSecret: ptr(canary)}); err != nil {
			t.Fatal(err)
		}
		c := must(w.s.CreateConnection(t.Context(), identity.OAuthGoogle, manage.ConnectionChange{
			Name: ptr("Acme"), Domains: []string{"acme.test"}, Active: ptr(true),
		}))(t)
		refused(t, "removed while they are needed", w.s.RemoveProviderCredentials(t.Context(), identity.OAuthGoogle), fault.OAuthProviderInUse)
		must(w.s.ChangeConnection(t.Context(), c.ID, manage.ConnectionChange{Active: ptr(false)}))(t)
		if err := w.s.RemoveProviderCredentials(t.Context(), identity.OAuthGoogle); err != nil {
			t.Error(err)
		}
	})
}

// Threats T-EASIE-09 and T-SEC-01: another secret of the same client changes nothing
// about people; another client makes what is kept about them doubtful.
func TestProviderCredentials_AnotherClientMakesRefreshTokensDoubtful(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		set := func(ch manage.CredentialsChange) {
			t.Helper()
			must(w.s.SetProviderCredentials(t.Context(), identity.OAuthGoogle, ch))(t)
		}
		set(manage.CredentialsChange{ClientID: "usher", ClientSecret: ptr(canary)})
		c := must(w.s.CreateConnection(t.Context(), identity.OAuthGoogle, manage.ConnectionChange{Name: ptr("Acme"), Domains: []string{"acme.test"}}))(t)
		account := identity.EnterpriseAccount{
			ID: identity.NewID[identity.AccountID](began), UserID: w.user("ada@acme.test").ID, ConnectionID: c.ID, Subject: "1", CreatedAt: began, UpdatedAt: began,
		}
		w.write(func(tx *store.Tx) error {
			if _, err := tx.InsertAccount(account); err != nil {
				return err
			}
			return tx.PutAccountToken(identity.AccountToken{AccountID: account.ID, RefreshToken: "r", NextCheckAt: began, UpdatedAt: began})
		})
		doubted := func() bool {
			return !get(w, func(tx *store.Tx) (identity.AccountToken, error) { return tx.AccountToken(account.ID) }).FailingSince.IsZero()
		}
		set(manage.CredentialsChange{ClientID: "usher", ClientSecret: ptr("another")})
		set(manage.CredentialsChange{ClientID: "usher"})
		if doubted() {
			t.Error("another secret made it doubtful")
		}
		if got := get(w, func(tx *store.Tx) (identity.ProviderCredentials, error) {
			return tx.ProviderCredentials(identity.OAuthGoogle)
		}); got.ClientSecret != "another" {
			t.Errorf("without a secret given it is %q", got.ClientSecret)
		}
		set(manage.CredentialsChange{ClientID: "usher-2"})
		if !doubted() {
			t.Error("another client did not")
		}
	})
}
