package frontendapi

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/session"
	"usher/internal/signin"
)

const (
	// maxSAMLForm is the largest form that the ACS endpoint reads, in bytes:
	// threat T-DOS-02.
	maxSAMLForm = 512 << 10

	// bindingAge is in seconds; the redirect follows at once.
	bindingAge = 300

	completePath = "/v1/saml/complete"
)

func signedOut() error { return fault.New(fault.SignedOut) }

func methodNotAllowed(allowed string) httpio.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		w.Header().Set("Allow", allowed)
		return fault.New(fault.MethodNotAllowed, "method", r.Method)
	}
}

// handleSAMLMetadata gives the service provider's metadata of a connection.
func (a *API) handleSAMLMetadata(w http.ResponseWriter, r *http.Request) error {
	name, ok := strings.CutSuffix(r.PathValue("file"), ".xml")
	id, err := identity.ParseConnectionID(name)
	if !ok || err != nil {
		return fault.New(fault.SAMLConnectionActiveNotFound).Because(err)
	}
	xml, err := a.Manage.SPMetadata(r.Context(), id)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/samlmetadata+xml")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	_, err = w.Write(xml) //nolint:gosec // our own XML, escaped where it was made
	return err
}

// handleSAMLACS takes the form that an identity provider makes the browser post
// at the end of a SAML sign-in (SAML bindings, section 3.5). The post is
// cross-site and brings no cookie: the session is made by the GET that follows.
func (a *API) handleSAMLACS(w http.ResponseWriter, r *http.Request) error {
	id, err := identity.ParseConnectionID(r.PathValue("connection_id"))
	if err != nil {
		return fault.New(fault.SAMLConnectionActiveNotFound).Because(err)
	}
	httpio.LimitBody(w, r, maxSAMLForm)
	form, err := httpio.ReadForm(w, r)
	if err != nil {
		return err
	}
	response, responseErr := form.Text("SAMLResponse")
	relayState, relayErr := form.Text("RelayState")
	if err := fault.Join(responseErr, relayErr, a.mayPost(r, id, relayState)); err != nil {
		return err
	}
	accepted, err := a.SignIn.FinishSAML(r.Context(), signin.Answer{
		Connection: id, SAMLResponse: response, RelayState: relayState, TraceID: httpio.TraceID(r.Context()),
	})
	if err != nil {
		return errors.Join(err, a.refused(r, string(id), err))
	}
	if accepted.TestRun != nil {
		return redirect(w, r, accepted.TestRun.Path())
	}
	if accepted.Binding != "" {
		a.setBinding(w, accepted.Binding, bindingAge)
	}
	return redirect(w, r, completePath+"?nonce="+accepted.Nonce)
}

// setBinding sets the binding cookie for so many seconds; -1 removes it.
func (a *API) setBinding(w http.ResponseWriter, value string, age int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure wherever people come by https
		Name: a.Sessions.BindingCookie(), Value: value, Path: "/", MaxAge: age,
		HttpOnly: true, Secure: a.Sessions.Secure, SameSite: http.SameSiteLaxMode,
	})
}

// mayPost stops floods: only refusals count, by address and by connection, and an
// answer that is awaited always passes, for a whole office may stand behind one
// address (threat T-DOS-10).
func (a *API) mayPost(r *http.Request, id identity.ConnectionID, relayState string) error {
	wait := max(a.Refusals.Waiting(httpio.AddressKey(httpio.ClientIP(r))), a.Floods.Waiting(string(id)))
	return a.unlessAwaited(r, wait, id, relayState)
}

// unlessAwaited refuses an answer for as long as wait says, unless it is awaited at
// the connection; an empty one: at any.
func (a *API) unlessAwaited(r *http.Request, wait time.Duration, id identity.ConnectionID, relayState string) error {
	if wait == 0 {
		return nil
	}
	awaited, err := a.SignIn.Awaited(r.Context(), id, relayState)
	if err == nil && !awaited {
		err = httpio.TooMany(wait)
	}
	return err
}

// refused counts a refusal at a place, such as a connection; a failure of our own
// is none. That the limit is reached is for the next request to be told.
func (a *API) refused(r *http.Request, place string, cause error) error {
	if fault.From(cause).Status() >= http.StatusInternalServerError {
		return nil
	}
	_, err := a.Refusals.Take(r.Context(), httpio.AddressKey(httpio.ClientIP(r)))
	_, floodErr := a.Floods.Take(r.Context(), place)
	return errors.Join(err, floodErr)
}

// redirect sends a browser on by GET.
func redirect(w http.ResponseWriter, r *http.Request, to string) error {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, to, http.StatusSeeOther) //nolint:gosec // a place of ours, or a return address that was checked
	return nil
}

// handleSAMLComplete makes the session, in the browser that began the sign-in.
func (a *API) handleSAMLComplete(w http.ResponseWriter, r *http.Request) error {
	q, err := httpio.Query(r)
	if err != nil {
		return err
	}
	nonce, err := q.Text("nonce")
	if err != nil {
		return err
	}
	return a.complete(w, r, signin.Return{Nonce: nonce})
}

func (a *API) complete(w http.ResponseWriter, r *http.Request, ret signin.Return) error {
	var err error
	if ret.Binding, _, err = session.ReadCookie(r, a.Sessions.BindingCookie()); err != nil {
		return err
	}
	client, known, err := a.Sessions.Client(r.Context(), r)
	if err != nil && !session.Superseded(err) { // a superseded cookie is as good as none
		return err
	}
	if known {
		ret.Client = client.ID
	}
	done, err := a.SignIn.CompleteSAML(r.Context(), ret)
	if errors.Is(err, signin.ErrNeedsClient) {
		if client, err = a.Sessions.EnsureClient(r.Context(), w, r); err != nil {
			return err
		}
		ret.Client = client.ID
		done, err = a.SignIn.CompleteSAML(r.Context(), ret)
	}
	if s, ok := errors.AsType[signin.SwitchNeeded](err); ok {
		return a.Pages.Switch(w, r, s, ret.Nonce)
	}
	if err != nil {
		return err
	}
	if ret.Binding != "" {
		a.setBinding(w, "", -1)
	}
	a.setCookie(w, done)
	return redirect(w, r, a.Pages.Arrived(done))
}

// setCookie gives the browser its new token, where there is one: an account that
// was linked changes none.
func (a *API) setCookie(w http.ResponseWriter, done signin.Done) {
	if done.Cookie != "" {
		a.Sessions.SetCookie(w, done.Cookie)
	}
}

// fail shows a failure of the provider's leg: a page to a person, JSON to a
// program.
func (a *API) fail(w http.ResponseWriter, r *http.Request, err error) {
	if wantsPage(r) {
		a.Pages.Failure(w, r, err)
		return
	}
	httpio.WriteError(w, r, err)
}

// wantsPage reports whether the caller is a person's browser.
func wantsPage(r *http.Request) bool { return strings.Contains(r.Header.Get("Accept"), "text/html") }
