package backendapi

import (
	"context"
	"net/http"
	"strings"
	"time"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
)

type domainBody struct {
	Name           string                   `json:"name"`
	EnrollmentMode *identity.EnrollmentMode `json:"enrollment_mode"`
	Verified       *bool                    `json:"verified"`
}

type wireDomain struct {
	Object                  string                 `json:"object"`
	ID                      string                 `json:"id"`
	OrganizationID          string                 `json:"organization_id"`
	Name                    string                 `json:"name"`
	EnrollmentMode          string                 `json:"enrollment_mode"`
	AffiliationEmailAddress *string                `json:"affiliation_email_address"`
	AffiliationVerification *wireDomainProof       `json:"affiliation_verification"`
	OwnershipVerification   *wireDomainProof       `json:"ownership_verification"`
	Verification            *wireDomainProof       `json:"verification"`
	TotalPendingInvitations int                    `json:"total_pending_invitations"`
	TotalPendingSuggestions int                    `json:"total_pending_suggestions"`
	PublicOrganizationData  publicOrganizationData `json:"public_organization_data"`
	CreatedAt               int64                  `json:"created_at"`
	UpdatedAt               int64                  `json:"updated_at"`
}

// wireDomainProof has the end under two names: SDKs read either.
type wireDomainProof struct {
	Status     string `json:"status"`
	Strategy   string `json:"strategy"`
	Attempts   *int   `json:"attempts"`
	ExpireAt   *int64 `json:"expire_at"`
	ExpiresAt  *int64 `json:"expires_at"`
	VerifiedAt *int64 `json:"verified_at"`

	TXTRecordName  *string `json:"txt_record_name,omitempty"`
	TXTRecordValue *string `json:"txt_record_value,omitempty"`
	MissingSince   *int64  `json:"missing_since,omitempty"` // ours
}

type publicOrganizationData struct {
	ID       string `json:"id"`
	Name     string `json:"name"`
	Slug     string `json:"slug"`
	ImageURL string `json:"image_url"`
	HasImage bool   `json:"has_image"`
}

func publicOrganization(o identity.Organization) publicOrganizationData {
	return publicOrganizationData{ID: string(o.ID), Name: o.Name, Slug: o.Slug}
}

// wireDomainAt shows a domain as it is at a time: proofs expire.
func wireDomainAt(now time.Time) func(manage.DomainView) wireDomain {
	return func(d manage.DomainView) wireDomain {
		affiliation := wireAffiliation(d, now)
		return wireDomain{
			Object: "organization_domain", ID: string(d.ID), OrganizationID: string(d.OrganizationID), Name: string(d.Name),
			EnrollmentMode:          string(d.EnrollmentMode),
			AffiliationEmailAddress: orNull(d.Affiliation.Email),
			AffiliationVerification: affiliation, OwnershipVerification: wireOwnership(d, now), Verification: affiliation,
			TotalPendingInvitations: d.PendingInvitations, TotalPendingSuggestions: d.PendingSuggestions,
			PublicOrganizationData: publicOrganization(d.Organization),
			CreatedAt:              millis(d.CreatedAt), UpdatedAt: millis(d.UpdatedAt),
		}
	}
}

func wireAffiliation(d manage.DomainView, now time.Time) *wireDomainProof {
	status := d.AffiliationStatus(now)
	if status == "" {
		return nil
	}
	end := millisOrNull(d.Affiliation.Code.ExpiresAt)
	w := &wireDomainProof{
		Status: string(status), Strategy: d.Affiliation.Strategy, ExpireAt: end, ExpiresAt: end,
		VerifiedAt: millisOrNull(d.Affiliation.VerifiedAt),
	}
	if d.Affiliation.Strategy == identity.AffiliationByCode {
		w.Attempts = &d.Affiliation.Code.Tries
	}
	return w
}

func wireOwnership(d manage.DomainView, now time.Time) *wireDomainProof {
	o := d.Ownership
	status := o.Status(now)
	if status == "" {
		return nil
	}
	end := millisOrNull(o.ExpiresAt)
	w := &wireDomainProof{
		Status: string(status), Strategy: string(o.Strategy), ExpireAt: end, ExpiresAt: end,
		VerifiedAt: millisOrNull(o.VerifiedAt), MissingSince: millisOrNull(o.MissingSince),
	}
	if o.Strategy == identity.OwnershipTXT {
		w.Attempts = &o.Attempts
	}
	if o.Open(now) {
		name := d.Name.OwnershipRecord()
		w.TXTRecordName, w.TXTRecordValue = &name, &o.Value
	}
	return w
}

// domainRef names the domain of a request's path.
func domainRef(r *http.Request) manage.DomainRef {
	return manage.DomainRef{Organization: r.PathValue("organization_id"), Domain: r.PathValue("domain_id")}
}

func (a *API) writeDomain(w http.ResponseWriter, d manage.DomainView, err error) error {
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, wireDomainAt(a.Manage.Now())(d))
}

// modes reads a filter by mode: names, each with "-" before it to leave it out,
// separated by commas or repeated.
func modes(q httpio.Params, f *manage.OrganizationDomainFilter) error {
	given, err := q.List("enrollment_mode")
	if err != nil {
		return err
	}
	for _, text := range given {
		for item := range strings.SplitSeq(text, ",") {
			name, except := strings.CutPrefix(item, "-")
			mode := identity.EnrollmentMode(name)
			switch {
			case !mode.IsKnown():
				return fault.New(fault.FormParamValueInvalid, "param_name", "enrollment_mode")
			case except:
				f.ExceptModes = append(f.ExceptModes, mode)
			default:
				f.Modes = append(f.Modes, mode)
			}
		}
	}
	return nil
}

func (a *API) handleOrganizationDomains(w http.ResponseWriter, r *http.Request) error {
	q, err := query(r, "verified", "enrollment_mode")
	if err != nil {
		return err
	}
	return a.listDomains(w, r, q, manage.OrganizationDomainFilter{})
}

func (a *API) handleAllDomains(w http.ResponseWriter, r *http.Request) error {
	q, err := query(r, "organization_id", "verified", "enrollment_mode", "query", "domains", "order_by")
	if err != nil {
		return err
	}
	org, orgErr := q.Text("organization_id")
	text, textErr := q.Text("query")
	if q.Has("query") && strings.TrimSpace(text) == "" {
		textErr = fault.New(fault.FormParamValueInvalid, "param_name", "query")
	}
	names, namesErr := q.List("domains")
	order, orderErr := q.Order(httpio.Order{Field: "created_at", Desc: true}, "name", "created_at")
	if err := fault.Join(orgErr, textErr, namesErr, orderErr); err != nil {
		return err
	}
	return a.listDomains(w, r, q, manage.OrganizationDomainFilter{
		OrganizationID: identity.OrgID(org), Query: text, Names: texts[identity.Domain](lower(names)), OrderBy: orderText(order),
	})
}

func lower(list []string) []string { return each(list, strings.ToLower) }

func (a *API) listDomains(w http.ResponseWriter, r *http.Request, q httpio.Params, f manage.OrganizationDomainFilter) error {
	limit, offset, pageErr := q.Page()
	verified, given, verifiedErr := q.Bool("verified")
	if err := fault.Join(pageErr, verifiedErr, modes(q, &f)); err != nil {
		return err
	}
	if given {
		f.Verified = &verified
	}
	items, total, err := a.Manage.Domains(r.Context(), domainRef(r), f, manage.Page{Limit: limit, Offset: offset})
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, list{each(items, wireDomainAt(a.Manage.Now())), total})
}

func (a *API) handleDomain(w http.ResponseWriter, r *http.Request) error {
	d, err := a.Manage.Domain(r.Context(), domainRef(r))
	return a.writeDomain(w, d, err)
}

func (a *API) handleAddDomain(w http.ResponseWriter, r *http.Request) error {
	var b domainBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	d, err := a.Manage.AddDomain(r.Context(), domainRef(r), manage.DomainChange{Name: b.Name, EnrollmentMode: b.EnrollmentMode, Verified: b.Verified})
	return a.writeDomain(w, d, err)
}

func (a *API) handleChangeDomain(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		Name           string                   `json:"name"`
		EnrollmentMode *identity.EnrollmentMode `json:"enrollment_mode"`
		Verified       *bool                    `json:"verified"`
		DeletePending  bool                     `json:"delete_pending"` // as of Clerk's Frontend API
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if b.Name != "" {
		return fault.New(fault.FormParamUnknown, "param_name", "name")
	}
	d, err := a.Manage.ChangeDomain(r.Context(), domainRef(r), manage.DomainChange(b))
	return a.writeDomain(w, d, err)
}

func (a *API) handleDeleteDomain(w http.ResponseWriter, r *http.Request) error {
	d, err := a.Manage.DeleteDomain(r.Context(), domainRef(r))
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, deleted{Object: "organization_domain", ID: string(d.ID), Deleted: true})
}

func (a *API) handleVerifyOwnership(w http.ResponseWriter, r *http.Request) error {
	d, err := a.Manage.VerifyOwnership(r.Context(), domainRef(r))
	return a.writeDomain(w, d, err)
}

func (a *API) handlePrepareOwnership(w http.ResponseWriter, r *http.Request) error {
	d, err := a.Manage.PrepareOwnership(r.Context(), domainRef(r))
	return a.writeDomain(w, d, err)
}

func (a *API) handleAttemptOwnership(w http.ResponseWriter, r *http.Request) error {
	d, err := a.Manage.AttemptOwnership(r.Context(), domainRef(r))
	return a.writeDomain(w, d, err)
}

// domainsDone is what an operation on several domains answers.
type domainsDone struct {
	Data   []wireDomain `json:"data"`
	Errors any          `json:"errors"`
}

type failedByID struct {
	ID   string     `json:"id"`
	Code fault.Code `json:"code"`
}

type failedByName struct {
	Name string     `json:"name"`
	Code fault.Code `json:"code"`
}

func (a *API) handlePrepareOwnershipOfMany(w http.ResponseWriter, r *http.Request) error {
	return a.ownershipOfMany(w, r, a.Manage.PrepareOwnership)
}

func (a *API) handleAttemptOwnershipOfMany(w http.ResponseWriter, r *http.Request) error {
	return a.ownershipOfMany(w, r, a.Manage.AttemptOwnership)
}

func (a *API) ownershipOfMany(w http.ResponseWriter, r *http.Request, one func(context.Context, manage.DomainRef) (manage.DomainView, error)) error {
	var b struct {
		IDs []string `json:"organization_domain_ids"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	done, failed, err := a.Manage.OwnershipOfMany(r.Context(), domainRef(r), b.IDs, one)
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, domainsDone{
		each(done, wireDomainAt(a.Manage.Now())), each(failed, func(f manage.BulkFailure) failedByID { return failedByID(f) }),
	})
}

func (a *API) handleAddDomains(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		Names          []string                 `json:"names"`
		EnrollmentMode *identity.EnrollmentMode `json:"enrollment_mode"`
		Verified       *bool                    `json:"verified"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	done, failed, err := a.Manage.AddDomains(r.Context(), domainRef(r), b.Names, manage.DomainChange{EnrollmentMode: b.EnrollmentMode, Verified: b.Verified})
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, domainsDone{
		each(done, wireDomainAt(a.Manage.Now())), each(failed, func(f manage.BulkFailure) failedByName { return failedByName{f.ID, f.Code} }),
	})
}

func (a *API) handlePrepareAffiliation(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		Address string `json:"affiliation_email_address"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	d, err := a.Manage.PrepareAffiliation(r.Context(), domainRef(r), b.Address)
	return a.writeDomain(w, d, err)
}

func (a *API) handleAttemptAffiliation(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		Code string `json:"code"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	d, err := a.Manage.AttemptAffiliation(r.Context(), domainRef(r), b.Code)
	return a.writeDomain(w, d, err)
}

// domainOperations are those on the domains of organizations.
func (a *API) domainOperations() map[string]httpio.Handler {
	return map[string]httpio.Handler{
		"GET /organization_domains":                                                                  a.handleAllDomains,
		"GET /organizations/{organization_id}/domains":                                               a.handleOrganizationDomains,
		"POST /organizations/{organization_id}/domains":                                              a.handleAddDomain,
		"POST /organizations/{organization_id}/domains/bulk":                                         a.handleAddDomains,
		"GET /organizations/{organization_id}/domains/{domain_id}":                                   a.handleDomain,
		"PATCH /organizations/{organization_id}/domains/{domain_id}":                                 a.handleChangeDomain,
		"DELETE /organizations/{organization_id}/domains/{domain_id}":                                a.handleDeleteDomain,
		"POST /organizations/{organization_id}/domains/{domain_id}/verify_ownership":                 a.handleVerifyOwnership,
		"POST /organizations/{organization_id}/domains/{domain_id}/prepare_ownership_verification":   a.handlePrepareOwnership,
		"POST /organizations/{organization_id}/domains/{domain_id}/attempt_ownership_verification":   a.handleAttemptOwnership,
		"POST /organizations/{organization_id}/domains/prepare_ownership_verification/bulk":          a.handlePrepareOwnershipOfMany,
		"POST /organizations/{organization_id}/domains/attempt_ownership_verification/bulk":          a.handleAttemptOwnershipOfMany,
		"POST /organizations/{organization_id}/domains/{domain_id}/prepare_affiliation_verification": a.handlePrepareAffiliation,
		"POST /organizations/{organization_id}/domains/{domain_id}/attempt_affiliation_verification": a.handleAttemptAffiliation,
	}
}
