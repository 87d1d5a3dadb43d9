package backendapi

import (
	"net/http"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/signin"
)

func emailID(r *http.Request) identity.EmailID {
	return identity.EmailID(r.PathValue("email_address_id"))
}

func (a *API) handleAddEmail(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		UserID       string `json:"user_id"`
		EmailAddress string `json:"email_address"`
		Verified     *bool  `json:"verified"`
		Primary      *bool  `json:"primary"`
		Notify       *bool  `json:"notify_primary_email_address_changed"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if err := fault.Join(required("user_id", b.UserID), required("email_address", b.EmailAddress)); err != nil {
		return err
	}
	e, err := a.Manage.AddEmail(r.Context(), manage.EmailChange{
		UserID: b.UserID, Address: b.EmailAddress, Verified: is(b.Verified), Primary: is(b.Primary), Notify: is(b.Notify),
	})
	return writeEmail(w, e, err)
}

func (a *API) handleEmail(w http.ResponseWriter, r *http.Request) error {
	e, err := a.Manage.Email(r.Context(), emailID(r))
	return writeEmail(w, e, err)
}

func (a *API) handleChangeEmail(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		Verified *bool `json:"verified"`
		Primary  *bool `json:"primary"`
		Notify   *bool `json:"notify_primary_email_address_changed"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	e, err := a.Manage.ChangeEmail(r.Context(), emailID(r), manage.EmailChange{
		Verified: is(b.Verified), Primary: is(b.Primary), Notify: is(b.Notify),
	})
	return writeEmail(w, e, err)
}

func (a *API) handleDeleteEmail(w http.ResponseWriter, r *http.Request) error {
	if err := a.Manage.DeleteEmail(r.Context(), emailID(r)); err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, deleted{Object: "email_address", ID: string(emailID(r)), Deleted: true})
}

func (a *API) handleReplaceEmails(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		EmailAddress string  `json:"email_address"`
		Status       *string `json:"identification_status"`
		Notify       *bool   `json:"notify_primary_email_address_changed"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if err := required("email_address", b.EmailAddress); err != nil {
		return err
	}
	ch := manage.EmailChange{UserID: r.PathValue("user_id"), Address: b.EmailAddress, Notify: is(b.Notify)}
	if b.Status != nil {
		ch.Status = *b.Status
	}
	e, err := a.Manage.ReplaceEmails(r.Context(), ch)
	return writeEmail(w, e, err)
}

func writeEmail(w http.ResponseWriter, e manage.EmailView, err error) error {
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, wireEmailOf(e.EmailAddress, e.SSO))
}

// wireVerification is a code that was sent for the customer's server.
type wireVerification struct {
	Object   string `json:"object"`
	ID       string `json:"id"`
	Status   string `json:"status"`
	Strategy string `json:"strategy"`
	Attempts int    `json:"attempts"`
	ExpireAt int64  `json:"expire_at"`
}

func (a *API) handlePrepareVerification(w http.ResponseWriter, r *http.Request) error {
	v, err := a.SignIn.PrepareVerification(r.Context(), emailID(r))
	return writeVerification(w, v, err)
}

func (a *API) handleAttemptVerification(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		VerificationID string `json:"verification_id"`
		Code           string `json:"code"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if err := fault.Join(required("verification_id", b.VerificationID), required("code", b.Code)); err != nil {
		return err
	}
	v, err := a.SignIn.AttemptVerification(r.Context(), emailID(r), identity.VerificationID(b.VerificationID), b.Code)
	return writeVerification(w, v, err)
}

func writeVerification(w http.ResponseWriter, v signin.Verification, err error) error {
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, wireVerification{
		Object: "verification_otp", ID: string(v.ID), Status: v.Status, Strategy: signin.StrategyEmailCode,
		Attempts: v.Code.Tries, ExpireAt: millis(v.Code.ExpiresAt),
	})
}
