package backendapi

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"time"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
)

func (a *API) environment() string {
	if a.Sessions.Development {
		return "development"
	}
	return "production"
}

func (a *API) handleInstance(w http.ResponseWriter, r *http.Request) error {
	in, err := a.Manage.Instance(r.Context())
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, struct {
		Object          string   `json:"object"`
		ID              string   `json:"id"`
		EnvironmentType string   `json:"environment_type"`
		AllowedOrigins  []string `json:"allowed_origins"`
		WorkspaceID     *string  `json:"workspace_id"`
	}{"instance", string(in.ID), a.environment(), in.Settings.AllowedOrigins, nil})
}

// instanceBody is what a caller may send to change the instance. Of what this
// server cannot do, only the switched-off state is taken.
type instanceBody struct {
	TestMode              *bool     `json:"test_mode"`
	HIBP                  *bool     `json:"hibp"`
	SupportEmail          *string   `json:"support_email"`
	ClerkJSVersion        *string   `json:"clerk_js_version"`
	DevelopmentOrigin     *string   `json:"development_origin"`
	AllowedOrigins        *[]string `json:"allowed_origins"`
	CookielessDev         *bool     `json:"cookieless_dev"`
	URLBasedSessionSync   *bool     `json:"url_based_session_syncing"`
	PreferredSignInMethod *string   `json:"preferred_sign_in_strategy_when_password_required"`
}

func (b instanceBody) unserved() error {
	var errs []error
	for _, f := range []struct {
		param string
		on    bool
	}{
		{"test_mode", is(b.TestMode)},
		{"hibp", is(b.HIBP)},
		{"clerk_js_version", b.ClerkJSVersion != nil && *b.ClerkJSVersion != ""},
		{"development_origin", b.DevelopmentOrigin != nil && *b.DevelopmentOrigin != ""},
		{"cookieless_dev", is(b.CookielessDev)},
		{"url_based_session_syncing", is(b.URLBasedSessionSync)},
		{"preferred_sign_in_strategy_when_password_required", b.PreferredSignInMethod != nil && *b.PreferredSignInMethod != ""},
	} {
		if f.on {
			errs = append(errs, fault.New(fault.FeatureNotImplemented, "param_name", f.param))
		}
	}
	return fault.Join(errs...)
}

func (a *API) handleChangeInstance(w http.ResponseWriter, r *http.Request) error {
	var b instanceBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if err := b.unserved(); err != nil {
		return err
	}
	if _, err := a.Manage.ChangeSettings(r.Context(), manage.SettingsChange{SupportEmail: b.SupportEmail, AllowedOrigins: b.AllowedOrigins}); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (a *API) handleChangeRestrictions(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		Allowlist              *bool `json:"allowlist"`
		Blocklist              *bool `json:"blocklist"`
		ListsDisabledOnSignIn  *bool `json:"allowlist_blocklist_disabled_on_sign_in"`
		BlockEmailSubaddresses *bool `json:"block_email_subaddresses"`
		BlockDisposable        *bool `json:"block_disposable_email_domains"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	s, err := a.Manage.ChangeSettings(r.Context(), manage.SettingsChange{
		Allowlist: b.Allowlist, Blocklist: b.Blocklist, ListsDisabledOnSignIn: b.ListsDisabledOnSignIn, BlockEmailSubaddresses: b.BlockEmailSubaddresses,
		BlockDisposableDomains: b.BlockDisposable,
	})
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, struct {
		Object string `json:"object"`
		identity.Restrictions
	}{"instance_restrictions", s.Restrictions})
}

// testingTokenLife is ours: that of an afternoon's test run.
const testingTokenLife = time.Hour

// handleTestingToken makes what Clerk's test helpers send along to get past checks
// for robots. There are none here, so it opens nothing and is kept nowhere.
func (a *API) handleTestingToken(w http.ResponseWriter, _ *http.Request) error {
	return httpio.WriteJSON(w, http.StatusOK, struct {
		Object    string `json:"object"`
		Token     string `json:"token"`
		ExpiresAt int64  `json:"expires_at"` // in seconds, unlike all else
	}{"testing_token", rand.Text(), a.Manage.Now().Add(testingTokenLife).Unix()})
}

// handleDomains shows the one domain of the deployment.
func (a *API) handleDomains(w http.ResponseWriter, r *http.Request) error {
	if err := unpaged(r); err != nil {
		return err
	}
	in, err := a.Manage.Instance(r.Context())
	if err != nil {
		return err
	}
	base, err := url.Parse(a.BaseURL)
	if err != nil {
		return err
	}
	type wireDomain struct {
		Object            string     `json:"object"`
		ID                string     `json:"id"`
		Name              string     `json:"name"`
		IsSatellite       bool       `json:"is_satellite"`
		FrontendAPIURL    string     `json:"frontend_api_url"`
		AccountsPortalURL string     `json:"accounts_portal_url"`
		ProxyURL          *string    `json:"proxy_url"`
		DevelopmentOrigin string     `json:"development_origin"`
		CNAMETargets      []struct{} `json:"cname_targets"`
	}
	return httpio.WriteJSON(w, http.StatusOK, list{[]wireDomain{{
		Object: "domain", ID: "dmn_" + strings.TrimPrefix(string(in.ID), "ins_"), Name: base.Hostname(),
		FrontendAPIURL: a.BaseURL, AccountsPortalURL: a.BaseURL, CNAMETargets: []struct{}{},
	}}, 1})
}
