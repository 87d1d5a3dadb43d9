package frontendapi

import (
	"errors"
	"net/http"
	"time"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/session"
	"usher/internal/signin"
)

const (
	// testCookie keeps a test run to the browser that opened its link (threat
	// T-SES-16). It names nobody and opens nothing but results.
	testCookie = "usher_test_run"

	maxTestCookie = 64 // bytes; of ours 43 are used
)

// testBrowser is the value of the browser's cookie for test runs; empty: it has
// none.
func (a *API) testBrowser(r *http.Request) (string, error) {
	value, _, err := session.ReadCookie(r, a.Sessions.HostCookie(testCookie))
	if len(value) > maxTestCookie {
		value = ""
	}
	return value, err
}

// handleInitTestRun uses the link of a test run up and sends the browser to the
// provider: behaviour 1.118.
func (a *API) handleInitTestRun(w http.ResponseWriter, r *http.Request) error {
	v, err := a.visitor(r, "ticket")
	if err != nil {
		return err
	}
	if wait := a.Refusals.Waiting(httpio.AddressKey(httpio.ClientIP(r))); wait > 0 {
		return httpio.TooMany(wait)
	}
	if v.Browser == "" {
		v.Browser = signin.NewTestBrowser()
	}
	ticket, err := a.SignIn.OpenTestRun(r.Context(), v)
	if err != nil {
		return errors.Join(err, a.refused(r, string(v.Connection), err))
	}
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure wherever people come by https
		Name: a.Sessions.HostCookie(testCookie), Value: v.Browser, Path: "/", MaxAge: int(signin.TestRunVisit / time.Second),
		HttpOnly: true, Secure: a.Sessions.Secure, SameSite: http.SameSiteLaxMode,
	})
	if ticket.Form != nil {
		return a.Pages.Going(w, r, ticket)
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, ticket.Redirect, http.StatusMovedPermanently)
	return nil
}

// handleTestRunResult shows the result of a test run: behaviour 1.119.
func (a *API) handleTestRunResult(w http.ResponseWriter, r *http.Request) error {
	v, err := a.visitor(r, "token")
	if err != nil {
		return err
	}
	if v.Run, err = identity.ParseID[identity.TestRunID](r.PathValue("test_run_id")); err != nil {
		return fault.New(fault.NotFound, "resource", "test run").Because(err)
	}
	if wait := a.Refusals.Waiting(httpio.AddressKey(httpio.ClientIP(r))); wait > 0 {
		return httpio.TooMany(wait)
	}
	view, err := a.SignIn.TestRunResult(r.Context(), v)
	if err != nil {
		return errors.Join(err, a.refused(r, string(v.Connection), err))
	}
	return a.Pages.TestRun(w, r, view)
}

// visitor reads who comes to a test run, and with what.
func (a *API) visitor(r *http.Request, param string) (v signin.TestRunVisitor, err error) {
	if v.Connection, err = identity.ParseConnectionID(r.PathValue("connection_id")); err != nil {
		return v, fault.New(fault.NotFound, "resource", "enterprise connection").Because(err)
	}
	q, err := httpio.Query(r)
	if err != nil {
		return v, err
	}
	if v.Secret, err = q.Text(param); err != nil {
		return v, err
	}
	if v.Secret == "" {
		return v, fault.New(fault.FormParamMissing, "param_name", param)
	}
	v.Browser, err = a.testBrowser(r)
	return v, err
}
