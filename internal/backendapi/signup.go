package backendapi

import (
	"net/http"

	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/signin"
)

type wireSignUp struct {
	Object           string                       `json:"object"`
	ID               string                       `json:"id"`
	Status           string                       `json:"status"`
	RequiredFields   []string                     `json:"required_fields"`
	OptionalFields   []string                     `json:"optional_fields"`
	MissingFields    []string                     `json:"missing_fields"`
	UnverifiedFields []string                     `json:"unverified_fields"`
	Verifications    map[string]*wireSignUpChecks `json:"verifications"`
	Username         *string                      `json:"username"`
	EmailAddress     *string                      `json:"email_address"`
	PhoneNumber      *string                      `json:"phone_number"`
	Web3Wallet       *string                      `json:"web3_wallet"`
	PasswordEnabled  bool                         `json:"password_enabled"`
	FirstName        *string                      `json:"first_name"`
	LastName         *string                      `json:"last_name"`
	UnsafeMetadata   identity.Metadata            `json:"unsafe_metadata"`
	PublicMetadata   identity.Metadata            `json:"public_metadata"`
	CustomAction     bool                         `json:"custom_action"`
	ExternalID       *string                      `json:"external_id"`
	CreatedSessionID *string                      `json:"created_session_id"`
	CreatedUserID    *string                      `json:"created_user_id"`
	AbandonAt        int64                        `json:"abandon_at"`
	LegalAcceptedAt  *int64                       `json:"legal_accepted_at"`
}

// wireSignUpChecks is how far the proof of a field is.
type wireSignUpChecks struct {
	Status     string   `json:"status"`
	Strategy   string   `json:"strategy"`
	Attempts   int      `json:"attempts"`
	ExpireAt   *int64   `json:"expire_at"`
	NextAction string   `json:"next_action"`
	Strategies []string `json:"supported_strategies"`
}

func (a *API) wireSignUpOf(v manage.SignUpView) wireSignUp {
	const address = "email_address"
	check := wireSignUpChecks{
		Status: "unverified", Strategy: signin.StrategyEmailCode, Attempts: v.Code.Tries, ExpireAt: millisOrNull(v.Code.ExpiresAt),
		NextAction: "needs_attempt", Strategies: []string{signin.StrategyEmailCode},
	}
	unverified, optional := []string{address}, []string{"first_name", "last_name"}
	switch {
	case v.Status == identity.SignUpComplete:
		check.Status, check.NextAction, unverified = "verified", "", []string{}
	case v.Status == identity.SignUpAbandoned:
		check.Status, check.NextAction = "expired", ""
	case !a.Manage.Now().Before(v.Code.ExpiresAt):
		check.Status, check.NextAction = "expired", "needs_prepare"
	}
	if v.Passwords {
		optional = append(optional, "password")
	}
	return wireSignUp{
		Object: "sign_up_attempt", ID: string(v.ID), Status: string(v.Status),
		RequiredFields: []string{address}, OptionalFields: optional, MissingFields: []string{}, UnverifiedFields: unverified,
		Verifications: map[string]*wireSignUpChecks{address: &check, "phone_number": nil, "web3_wallet": nil, "external_account": nil},
		EmailAddress:  orNull(v.Email), PasswordEnabled: v.PasswordHash != "", FirstName: orNull(v.FirstName), LastName: orNull(v.LastName),
		UnsafeMetadata: identity.Metadata{}, PublicMetadata: identity.Metadata{},
		CustomAction: v.CustomAction, ExternalID: orNull(v.ExternalID),
		CreatedSessionID: orNull(v.CreatedSessionID), CreatedUserID: orNull(v.CreatedUserID), AbandonAt: millis(v.AbandonAt),
	}
}

func (a *API) handleSignUp(w http.ResponseWriter, r *http.Request) error {
	v, err := a.Manage.SignUp(r.Context(), identity.SignUpID(r.PathValue("id")))
	return a.writeSignUp(w, v, err)
}

func (a *API) handleChangeSignUp(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		ExternalID   *string `json:"external_id"`
		CustomAction *bool   `json:"custom_action"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	v, err := a.Manage.ChangeSignUp(r.Context(), identity.SignUpID(r.PathValue("id")), manage.SignUpChange{
		ExternalID: b.ExternalID, CustomAction: b.CustomAction,
	})
	return a.writeSignUp(w, v, err)
}

func (a *API) writeSignUp(w http.ResponseWriter, v manage.SignUpView, err error) error {
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, a.wireSignUpOf(v))
}
