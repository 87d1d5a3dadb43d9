package backendapi

import (
	"net/http"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
)

// userBody is what a caller may send to create or change a user.
type userBody struct {
	ExternalID             *string           `json:"external_id"`
	FirstName              *string           `json:"first_name"`
	LastName               *string           `json:"last_name"`
	Locale                 *string           `json:"locale"`
	Username               *string           `json:"username"`
	Password               *string           `json:"password"`
	PasswordDigest         *string           `json:"password_digest"`
	PasswordHasher         *string           `json:"password_hasher"`
	SkipPasswordChecks     *bool             `json:"skip_password_checks"`
	PublicMetadata         identity.Metadata `json:"public_metadata"`
	PrivateMetadata        identity.Metadata `json:"private_metadata"`
	UnsafeMetadata         identity.Metadata `json:"unsafe_metadata"`
	DeleteSelfEnabled      *bool             `json:"delete_self_enabled"`
	LegalAcceptedAt        *string           `json:"legal_accepted_at"`
	SkipLegalChecks        *bool             `json:"skip_legal_checks"` // there are none
	CreateOrganization     *bool             `json:"create_organization_enabled"`
	CreateOrganizationsMax *int              `json:"create_organizations_limit"`
	CreatedAt              *string           `json:"created_at"`
}

// newUserBody is what a caller may send to create a user only.
type newUserBody struct {
	userBody
	EmailAddress         []string `json:"email_address"`
	EmailStatus          []string `json:"email_address_identification_status"`
	SkipPasswordRequired *bool    `json:"skip_password_requirement"` // no password is ever required
	SkipUserRequirement  *bool    `json:"skip_user_requirement"`
	Banned               *bool    `json:"banned"`
	Locked               *bool    `json:"locked"`
}

// changedUserBody is what a caller may send to change a user only.
type changedUserBody struct {
	userBody
	PrimaryEmailID *string `json:"primary_email_address_id"`
	NotifyPrimary  *bool   `json:"notify_primary_email_address_changed"`
	SignOutOthers  *bool   `json:"sign_out_of_other_sessions"`
}

func (b userBody) change() manage.UserChange {
	return manage.UserChange{
		ExternalID:      b.ExternalID,
		FirstName:       b.FirstName,
		LastName:        b.LastName,
		Locale:          b.Locale,
		Username:        b.Username,
		Password:        b.Password,
		PasswordDigest:  b.PasswordDigest,
		PasswordHasher:  b.PasswordHasher,
		SkipChecks:      is(b.SkipPasswordChecks),
		PublicMetadata:  b.PublicMetadata,
		PrivateMetadata: b.PrivateMetadata,
		UnsafeMetadata:  b.UnsafeMetadata,
		LegalAcceptedAt: b.LegalAcceptedAt,
		CreatedAt:       b.CreatedAt,

		DeleteSelfEnabled:         b.DeleteSelfEnabled,
		CreateOrganizationEnabled: b.CreateOrganization,
		CreateOrganizationsLimit:  b.CreateOrganizationsMax,
	}
}

// is reads a switch that may be absent.
func is(b *bool) bool { return b != nil && *b }

func (a *API) handleCreateUser(w http.ResponseWriter, r *http.Request) error {
	var b newUserBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	ch := b.change()
	ch.EmailAddresses, ch.EmailStatuses = b.EmailAddress, b.EmailStatus
	ch.SkipIdentifier, ch.Banned, ch.Locked = is(b.SkipUserRequirement), is(b.Banned), is(b.Locked)
	u, err := a.Manage.CreateUser(r.Context(), ch)
	return a.writeUser(w, u, err)
}

func (a *API) handleUser(w http.ResponseWriter, r *http.Request) error {
	u, err := a.Manage.User(r.Context(), r.PathValue("user_id"))
	return a.writeUser(w, u, err)
}

func (a *API) handleChangeUser(w http.ResponseWriter, r *http.Request) error {
	var b changedUserBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if err := metadataElsewhere(r, b.PublicMetadata, b.PrivateMetadata, b.UnsafeMetadata); err != nil {
		return err
	}
	ch := b.change()
	ch.PrimaryEmailID, ch.NotifyPrimaryChanged, ch.SignOutOthers = b.PrimaryEmailID, is(b.NotifyPrimary), is(b.SignOutOthers)
	u, err := a.Manage.ChangeUser(r.Context(), r.PathValue("user_id"), ch)
	return a.writeUser(w, u, err)
}

func (a *API) handleDeleteUser(w http.ResponseWriter, r *http.Request) error {
	u, err := a.Manage.DeleteUser(r.Context(), r.PathValue("user_id"))
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, deleted{Object: "user", ID: string(u.ID), ExternalID: orNull(u.ExternalID), Deleted: true})
}

func (a *API) handleMergeUserMetadata(w http.ResponseWriter, r *http.Request) error {
	return a.changeUserMetadata(w, r, false)
}

func (a *API) handleReplaceUserMetadata(w http.ResponseWriter, r *http.Request) error {
	return a.changeUserMetadata(w, r, true)
}

func (a *API) changeUserMetadata(w http.ResponseWriter, r *http.Request, replace bool) error {
	ch, err := readMetadata(w, r, true, replace)
	if err != nil {
		return err
	}
	u, err := a.Manage.ChangeUserMetadata(r.Context(), r.PathValue("user_id"), ch)
	return a.writeUser(w, u, err)
}

func (a *API) handleBan(w http.ResponseWriter, r *http.Request) error {
	u, err := a.Manage.SetBanned(r.Context(), r.PathValue("user_id"), true)
	return a.writeUser(w, u, err)
}

func (a *API) handleUnban(w http.ResponseWriter, r *http.Request) error {
	u, err := a.Manage.SetBanned(r.Context(), r.PathValue("user_id"), false)
	return a.writeUser(w, u, err)
}

func (a *API) handleLock(w http.ResponseWriter, r *http.Request) error {
	u, err := a.Manage.SetLocked(r.Context(), r.PathValue("user_id"), true)
	return a.writeUser(w, u, err)
}

func (a *API) handleUnlock(w http.ResponseWriter, r *http.Request) error {
	u, err := a.Manage.SetLocked(r.Context(), r.PathValue("user_id"), false)
	return a.writeUser(w, u, err)
}

func (a *API) handleUsers(w http.ResponseWriter, r *http.Request) error {
	q, err := query(r, userFilters()...)
	if err != nil {
		return err
	}
	limit, offset, pageErr := q.Page()
	f, filterErr := userFilter(q)
	if f.StartingAfter != "" && offset > 0 {
		pageErr = fault.New(fault.FormConditionalParamDisallowed, "param_name", "offset", "with", "starting_after")
	}
	if err := fault.Join(pageErr, filterErr); err != nil {
		return err
	}
	items, _, err := a.Manage.Users(r.Context(), f, manage.Page{Limit: limit, Offset: offset})
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, each(items, a.wireUser)) // a bare array, as Clerk's
}

func (a *API) handleCountUsers(w http.ResponseWriter, r *http.Request) error {
	q, err := query(r, userFilters()...)
	if err != nil {
		return err
	}
	f, err := userFilter(q)
	if err != nil {
		return err
	}
	n, err := a.Manage.CountUsers(r.Context(), f)
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, struct {
		Object     string `json:"object"`
		TotalCount int    `json:"total_count"`
	}{"total_count", n})
}

func (a *API) writeUser(w http.ResponseWriter, u manage.UserView, err error) error {
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, a.wireUser(u))
}
