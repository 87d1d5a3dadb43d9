package backendapi

import (
	"net/http"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
)

type organizationBody struct {
	Name                  *string           `json:"name"`
	Slug                  *string           `json:"slug"`
	CreatedBy             *string           `json:"created_by"`
	MaxAllowedMemberships *int              `json:"max_allowed_memberships"`
	AdminDeleteEnabled    *bool             `json:"admin_delete_enabled"`
	ExclusiveMembership   *bool             `json:"exclusive_membership"`   // ours
	SelfServeSSOEnabled   *bool             `json:"self_serve_sso_enabled"` // ours
	RoleSetKey            *string           `json:"role_set_key"`
	CreatedAt             *string           `json:"created_at"`
	PublicMetadata        identity.Metadata `json:"public_metadata"`
	PrivateMetadata       identity.Metadata `json:"private_metadata"`
}

func (b organizationBody) change() manage.OrganizationChange {
	return manage.OrganizationChange(b)
}

type wireOrganization struct {
	Object                string            `json:"object"`
	ID                    string            `json:"id"`
	Name                  string            `json:"name"`
	Slug                  string            `json:"slug"`
	ImageURL              string            `json:"image_url"`
	HasImage              bool              `json:"has_image"`
	MembersCount          *int              `json:"members_count,omitempty"`
	LacksManager          *bool             `json:"missing_member_with_elevated_permissions,omitempty"`
	MaxAllowedMemberships int               `json:"max_allowed_memberships"`
	AdminDeleteEnabled    bool              `json:"admin_delete_enabled"`
	PublicMetadata        identity.Metadata `json:"public_metadata"`
	PrivateMetadata       identity.Metadata `json:"private_metadata"`
	CreatedBy             string            `json:"created_by,omitempty"`
	CreatedAt             int64             `json:"created_at"`
	UpdatedAt             int64             `json:"updated_at"`
	RoleSetKey            *string           `json:"role_set_key"`
	ExclusiveMembership   bool              `json:"exclusive_membership"`   // ours
	SelfServeSSOEnabled   bool              `json:"self_serve_sso_enabled"` // ours
}

func wireOrganizationOf(o manage.OrganizationView) wireOrganization {
	return wireOrganization{
		Object:                "organization",
		ID:                    string(o.ID),
		Name:                  o.Name,
		Slug:                  o.Slug,
		ImageURL:              o.ImageURL,
		HasImage:              o.LogoID != "",
		MaxAllowedMemberships: o.MaxAllowedMemberships,
		AdminDeleteEnabled:    o.AdminDeleteEnabled,
		PublicMetadata:        object(o.PublicMetadata),
		PrivateMetadata:       object(o.PrivateMetadata),
		CreatedBy:             string(o.CreatedBy),
		CreatedAt:             millis(o.CreatedAt),
		UpdatedAt:             millis(o.UpdatedAt),
		RoleSetKey:            orNull(o.RoleSetKey),
		ExclusiveMembership:   o.ExclusiveMembership,
		SelfServeSSOEnabled:   o.SelfServeSSOEnabled,
	}
}

func wireOrganizationCounted(o manage.OrganizationView) wireOrganization {
	w := wireOrganizationOf(o)
	w.MembersCount = &o.Members
	return w
}

// extras are what an organization may be asked to be shown with.
type extras struct{ counted, lacking bool }

func readExtras(q httpio.Params) (e extras, err error) {
	var countErr, lackErr error
	e.counted, _, countErr = q.Bool("include_members_count")
	e.lacking, _, lackErr = q.Bool("include_missing_member_with_elevated_permissions")
	return e, fault.Join(countErr, lackErr)
}

// withExtras writes organizations with what was asked for.
func (a *API) withExtras(r *http.Request, e extras, orgs ...manage.OrganizationView) ([]wireOrganization, error) {
	var without map[identity.OrgID]bool
	if e.lacking {
		found, err := a.Manage.WithoutManager(r.Context(), orgs...)
		if err != nil {
			return nil, err
		}
		without = found
	}
	return each(orgs, func(o manage.OrganizationView) wireOrganization {
		w := wireOrganizationOf(o)
		if e.counted {
			w.MembersCount = &o.Members
		}
		if lacks, asked := without[o.ID]; asked {
			w.LacksManager = &lacks
		}
		return w
	}), nil
}

// choice reads a list of ids that may have a + or - before them: those to be
// found, and those not to be.
func choice[T ~string](q httpio.Params, name string) (in, out []T, err error) {
	list, err := q.List(name)
	in, out = signed[T](list)
	return in, out, err
}

func (a *API) handleOrganizations(w http.ResponseWriter, r *http.Request) error {
	q, err := query(r, "order_by", "query", "user_id", "organization_id", "include_members_count",
		"include_missing_member_with_elevated_permissions")
	if err != nil {
		return err
	}
	limit, offset, pageErr := q.Page()
	order, orderErr := q.Order(httpio.Order{Field: "created_at", Desc: true}, "name", "created_at", "members_count")
	query, queryErr := q.Text("query")
	users, notUsers, usersErr := choice[identity.UserID](q, "user_id")
	ids, notIDs, idsErr := choice[identity.OrgID](q, "organization_id")
	extra, extraErr := readExtras(q)
	if err := fault.Join(pageErr, orderErr, queryErr, usersErr, idsErr, extraErr); err != nil {
		return err
	}
	items, total, err := a.Manage.Organizations(r.Context(), manage.OrganizationFilter{
		IDs: ids, NotIDs: notIDs, UserIDs: users, NotUserIDs: notUsers, Query: query, OrderBy: orderText(order),
	}, manage.Page{Limit: limit, Offset: offset})
	if err != nil {
		return err
	}
	data, err := a.withExtras(r, extra, items...)
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, list{data, total})
}

// orderText is an order as the store takes it.
func orderText(o httpio.Order) string {
	if o.Desc {
		return "-" + o.Field
	}
	return "+" + o.Field
}

func (a *API) handleCreateOrganization(w http.ResponseWriter, r *http.Request) error {
	var b organizationBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	o, err := a.Manage.CreateOrganization(r.Context(), b.change())
	return writeOrganization(w, o, err)
}

func (a *API) handleOrganization(w http.ResponseWriter, r *http.Request) error {
	q, err := httpio.Query(r)
	if err != nil {
		return err
	}
	extra, err := readExtras(q)
	if err != nil {
		return err
	}
	o, err := a.Manage.Organization(r.Context(), r.PathValue("organization_id"))
	if err != nil {
		return err
	}
	data, err := a.withExtras(r, extra, o)
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, data[0])
}

func (a *API) handleChangeOrganization(w http.ResponseWriter, r *http.Request) error {
	var b organizationBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if b.CreatedBy != nil {
		return fault.New(fault.FormParamUnknown, "param_name", "created_by")
	}
	if err := metadataElsewhere(r, b.PublicMetadata, b.PrivateMetadata, nil); err != nil {
		return err
	}
	o, err := a.Manage.ChangeOrganization(r.Context(), r.PathValue("organization_id"), b.change())
	return writeOrganization(w, o, err)
}

// metadataElsewhere refuses metadata in a PATCH of the thing itself, for callers
// of a version that changes it at …/metadata.
func metadataElsewhere(r *http.Request, public, private, unsafe identity.Metadata) error {
	v, err := version(r)
	if err != nil || v < versionMetadata {
		return err
	}
	var errs []error
	for _, m := range []struct {
		name  string
		value identity.Metadata
	}{{"public_metadata", public}, {"private_metadata", private}, {"unsafe_metadata", unsafe}} {
		if m.value != nil {
			errs = append(errs, fault.New(fault.FormParamUnknown, "param_name", m.name))
		}
	}
	return fault.Join(errs...)
}

func (a *API) handleDeleteOrganization(w http.ResponseWriter, r *http.Request) error {
	o, err := a.Manage.DeleteOrganization(r.Context(), r.PathValue("organization_id"))
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, deleted{Object: "organization", ID: string(o.ID), Slug: orNull(o.Slug), Deleted: true})
}

type metadataBody struct {
	PublicMetadata  identity.Metadata `json:"public_metadata"`
	PrivateMetadata identity.Metadata `json:"private_metadata"`
	UnsafeMetadata  identity.Metadata `json:"unsafe_metadata"`
}

// readMetadata reads a change of metadata; only users have unsafe metadata.
func readMetadata(w http.ResponseWriter, r *http.Request, user, replace bool) (manage.MetadataChange, error) {
	var b metadataBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return manage.MetadataChange{}, err
	}
	if b.UnsafeMetadata != nil && !user {
		return manage.MetadataChange{}, fault.New(fault.FormParamUnknown, "param_name", "unsafe_metadata")
	}
	return manage.MetadataChange{Public: b.PublicMetadata, Private: b.PrivateMetadata, Unsafe: b.UnsafeMetadata, Replace: replace}, nil
}

func (a *API) handleMergeOrganizationMetadata(w http.ResponseWriter, r *http.Request) error {
	return a.changeOrganizationMetadata(w, r, false)
}

func (a *API) handleReplaceOrganizationMetadata(w http.ResponseWriter, r *http.Request) error {
	return a.changeOrganizationMetadata(w, r, true)
}

func (a *API) changeOrganizationMetadata(w http.ResponseWriter, r *http.Request, replace bool) error {
	ch, err := readMetadata(w, r, false, replace)
	if err != nil {
		return err
	}
	o, err := a.Manage.ChangeOrganizationMetadata(r.Context(), r.PathValue("organization_id"), ch)
	return writeOrganization(w, o, err)
}

func writeOrganization(w http.ResponseWriter, o manage.OrganizationView, err error) error {
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, wireOrganizationOf(o))
}
