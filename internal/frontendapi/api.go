// Package frontendapi is the API for browsers (Clerk's Frontend API shapes) and
// the protocol endpoints: where providers post their answers and fetch our
// metadata. It reads, calls one flow and writes; it decides nothing.
package frontendapi

import (
	"net/http"
	"slices"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/session"
	"usher/internal/signin"
)

// API serves the Frontend API and the protocol endpoints.
type API struct {
	SignIn   *signin.Flow
	Manage   *manage.Service
	Sessions *session.Manager
	Pages    Pages
	BaseURL  string          // the deployment's public origin, without a slash at the end
	Origins  []string        // of applications whose pages may ask for tokens, besides BaseURL
	Refusals *httpio.Limiter // of refused answers, by address
	Floods   *httpio.Limiter // of refused answers, by connection
}

// Pages are what a person is shown at the end of the provider's leg. They belong
// to the hosted pages; programs get JSON instead.
type Pages interface {
	// Failure shows a refusal in plain words with its reference.
	Failure(w http.ResponseWriter, r *http.Request, err error)

	// Switch asks whether another person's session may end.
	Switch(w http.ResponseWriter, r *http.Request, s signin.SwitchNeeded, nonce string) error

	// Going sends the browser to a provider by a form.
	Going(w http.ResponseWriter, r *http.Request, t signin.Ticket) error

	// TestRun shows the result of a test run.
	TestRun(w http.ResponseWriter, r *http.Request, v signin.TestRunView) error

	// Arrived is where a browser goes that has just signed in.
	Arrived(done signin.Done) string
}

// Routes registers every operation.
func (a *API) Routes(mux *http.ServeMux) {
	mux.Handle("GET /.well-known/jwks.json", httpio.Handle(a.handleJWKS))
	mux.Handle("GET /v1/saml/metadata/{file}", httpio.Handle(a.handleSAMLMetadata))
	mux.Handle("POST /v1/saml/acs/{connection_id}", httpio.HandleWith(a.fail, a.handleSAMLACS))
	mux.Handle("/v1/saml/acs/{connection_id}", httpio.Handle(methodNotAllowed("POST")))
	mux.Handle("GET /v1/saml/complete", httpio.HandleWith(a.fail, a.handleSAMLComplete))
	mux.Handle("GET "+callbackPath, httpio.HandleWith(a.fail, a.handleOAuthCallback))
	mux.Handle("POST "+callbackPath, httpio.HandleWith(a.fail, a.handleOAuthForm))
	mux.Handle(callbackPath, httpio.Handle(methodNotAllowed("GET, POST")))
	mux.Handle("GET /v1/enterprise_connections/{connection_id}/init_test_run", httpio.HandleWith(a.fail, a.handleInitTestRun))
	mux.Handle("GET /v1/enterprise_connections/{connection_id}/test_runs/{test_run_id}", httpio.HandleWith(a.fail, a.handleTestRunResult))
	mux.Handle("POST /v1/client/sessions/{session_id}/tokens", httpio.Handle(a.handleToken))
	mux.Handle("GET /v1/tickets/accept", httpio.HandleWith(a.fail, a.handleInvitationLink))
	mux.Handle("GET "+manage.ImagePath+"{image_id}", httpio.Handle(a.handleImage))
	mux.Handle("/v1/", httpio.Handle(httpio.NotFound))
}

func (a *API) handleJWKS(w http.ResponseWriter, r *http.Request) error {
	set, err := a.Sessions.Keys.Public(r.Context())
	if err != nil {
		return err
	}
	w.Header().Set("Access-Control-Allow-Origin", "*") // public keys, for any verifier
	w.Header().Set("Cache-Control", "public, max-age=60")
	return httpio.WriteJSON(w, http.StatusOK, set)
}

// handleToken mints a session token for the browser that holds the session.
func (a *API) handleToken(w http.ResponseWriter, r *http.Request) error {
	client, ok, err := a.Sessions.Client(r.Context(), r)
	if err != nil {
		return err
	}
	if !ok {
		return signedOut()
	}
	form, err := httpio.ReadForm(w, r)
	if err != nil {
		return err
	}
	origin, err := a.origin(r)
	if err != nil {
		return err
	}
	ask := session.Ask{
		Session: identity.SessionID(r.PathValue("session_id")), Client: client.ID, AuthorizedParty: origin,
	}
	if form.Has("organization_id") {
		text, err := form.Text("organization_id")
		if err != nil {
			return err
		}
		org := identity.OrgID(text)
		ask.Organization = &org
	}
	token, err := a.Sessions.Token(r.Context(), ask)
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, map[string]string{"object": "token", "jwt": token})
}

// origin is the one Origin of a request, of our own pages or an application's; it
// becomes the token's authorized party. A caller without one, which is no page,
// gets a token that names none.
func (a *API) origin(r *http.Request) (string, error) {
	values := r.Header.Values("Origin")
	switch {
	case len(values) == 0:
		return "", nil
	case len(values) > 1:
		return "", fault.New(fault.OriginInvalid)
	case values[0] == a.BaseURL || slices.Contains(a.Origins, values[0]):
		return values[0], nil
	}
	settings, err := a.Manage.Settings(r.Context())
	if err == nil && !slices.Contains(settings.AllowedOrigins, values[0]) {
		err = fault.New(fault.OriginInvalid)
	}
	return values[0], err
}
