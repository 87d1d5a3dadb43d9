package backendapi

import (
	"net/http"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
)

type userBody struct {
	ExternalID           *string           `json:"external_id"`
	FirstName            *string           `json:"first_name"`
	LastName             *string           `json:"last_name"`
	Username             *string           `json:"username"`
	Password             *string           `json:"password"`
	SkipPasswordChecks   *bool             `json:"skip_password_checks"`
	SkipPasswordRequired *bool             `json:"skip_password_requirement"`
	EmailAddress         []string          `json:"email_address"`
	PrimaryEmailID       *string           `json:"primary_email_address_id"`
	SignOutOthers        *bool             `json:"sign_out_of_other_sessions"`
	PublicMetadata       identity.Metadata `json:"public_metadata"`
	PrivateMetadata      identity.Metadata `json:"private_metadata"`
	UnsafeMetadata       identity.Metadata `json:"unsafe_metadata"`
}

func (b userBody) change() manage.UserChange {
	return manage.UserChange{
		ExternalID:      b.ExternalID,
		FirstName:       b.FirstName,
		LastName:        b.LastName,
		Username:        b.Username,
		Password:        b.Password,
		SkipChecks:      b.SkipPasswordChecks != nil && *b.SkipPasswordChecks,
		EmailAddresses:  b.EmailAddress,
		PrimaryEmailID:  b.PrimaryEmailID,
		PublicMetadata:  b.PublicMetadata,
		PrivateMetadata: b.PrivateMetadata,
		UnsafeMetadata:  b.UnsafeMetadata,
		SignOutOthers:   b.SignOutOthers != nil && *b.SignOutOthers,
	}
}

func (a *API) handleCreateUser(w http.ResponseWriter, r *http.Request) error {
	var b userBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	u, err := a.Manage.CreateUser(r.Context(), b.change())
	return a.writeUser(w, u, err)
}

func (a *API) handleUser(w http.ResponseWriter, r *http.Request) error {
	u, err := a.Manage.User(r.Context(), r.PathValue("user_id"))
	return a.writeUser(w, u, err)
}

func (a *API) handleChangeUser(w http.ResponseWriter, r *http.Request) error {
	var b userBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if b.EmailAddress != nil {
		return fault.New(fault.FormParamUnknown, "param_name", "email_address")
	}
	if err := metadataElsewhere(r, b.PublicMetadata, b.PrivateMetadata, b.UnsafeMetadata); err != nil {
		return err
	}
	u, err := a.Manage.ChangeUser(r.Context(), r.PathValue("user_id"), b.change())
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

// userFilters are the parameters that userFilter reads.
func userFilters() []string {
	return []string{
		"email_address", "external_id", "username", "user_id", "organization_id", "provider_user_id", "provider",
		"query", "starting_after", "banned", "order_by",
	}
}

// userFilter reads which users a list or a count is about.
func userFilter(q httpio.Params) (manage.UserFilter, error) {
	var f manage.UserFilter
	emails, emailsErr := q.List("email_address")
	externals, externalsErr := q.List("external_id")
	usernames, usernamesErr := q.List("username")
	ids, idsErr := q.List("user_id")
	orgs, orgsErr := q.List("organization_id")
	subjects, subjectsErr := q.List("provider_user_id")
	provider, providerErr := q.Text("provider")
	query, queryErr := q.Text("query")
	after, afterErr := q.Text("starting_after")
	f.Emails, f.ExternalIDs, f.Usernames = addresses(emails), externals, usernames
	f.IDs, f.OrganizationIDs = texts[identity.UserID](ids), texts[identity.OrgID](orgs)
	f.Provider, f.ProviderUserIDs = identity.Provider(provider), subjects
	f.Query, f.StartingAfter = query, identity.UserID(after)
	banned, given, err := q.Bool("banned")
	if given {
		f.Banned = &banned
	}
	order, orderErr := q.Order(httpio.Order{Field: "created_at", Desc: true},
		"created_at", "updated_at", "first_name", "last_name", "email_address", "username", "last_sign_in_at", "last_active_at")
	f.OrderBy = orderText(order)
	return f, fault.Join(emailsErr, externalsErr, usernamesErr, idsErr, orgsErr, subjectsErr, providerErr, queryErr, afterErr, err, orderErr)
}

func (a *API) handleUsers(w http.ResponseWriter, r *http.Request) error {
	q, err := query(r, userFilters()...)
	if err != nil {
		return err
	}
	limit, offset, pageErr := q.Page()
	f, filterErr := userFilter(q)
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
