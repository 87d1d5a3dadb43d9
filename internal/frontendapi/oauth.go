package frontendapi

import (
	"errors"
	"net/http"
	"net/url"

	"usher/internal/httpio"
	"usher/internal/session"
	"usher/internal/signin"
)

const (
	// maxCallback is the largest answer that the callback reads, in bytes: a code
	// and a state with room to spare, within what a URL may be long. Ours.
	maxCallback = 16 << 10

	callbackPath = "/v1/oauth_callback"
)

// handleOAuthCallback takes the answer of an OpenID provider (OpenID Connect
// Core, section 3.1.2.5) and makes the session, in the browser that began the
// sign-in.
func (a *API) handleOAuthCallback(w http.ResponseWriter, r *http.Request) error {
	params, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || len(r.URL.RawQuery) > maxCallback {
		params = url.Values{} // answered like one without a state
	}
	if err := a.mayReturn(r, params.Get("state")); err != nil {
		return err
	}
	client, _, err := a.Sessions.Client(r.Context(), r)
	if err != nil && !session.Superseded(err) { // a superseded cookie is as good as none
		return err
	}
	testBrowser, err := a.testBrowser(r)
	if err != nil {
		return err
	}
	done, err := a.SignIn.FinishOIDC(r.Context(), signin.Callback{
		Params: params, Client: client.ID, TraceID: httpio.TraceID(r.Context()), TestBrowser: testBrowser,
	})
	if err != nil {
		return errors.Join(err, a.refused(r, callbackPath, err))
	}
	if done.TestRun != nil {
		return redirect(w, r, done.TestRun.Path())
	}
	a.setCookie(w, done)
	return redirect(w, r, a.Pages.Arrived(done))
}

// handleOAuthForm takes the answer of a provider that makes the browser post it
// (OAuth 2.0 Form Post Response Mode). The post is cross-site and brings no
// cookie, so it becomes the GET: behaviour 1.12, threat T-OIDC-03.
func (a *API) handleOAuthForm(w http.ResponseWriter, r *http.Request) error {
	httpio.LimitBody(w, r, maxCallback)
	form, err := httpio.ReadForm(w, r)
	if err != nil {
		return err
	}
	return redirect(w, r, callbackPath+"?"+url.Values(form).Encode())
}

// mayReturn is mayPost for the callback, which is one for all connections.
func (a *API) mayReturn(r *http.Request, state string) error {
	return a.unlessAwaited(r, a.Refusals.Waiting(httpio.AddressKey(httpio.ClientIP(r))), "", state)
}
