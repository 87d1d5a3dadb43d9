package backendapi

import (
	"net/http"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
)

// The operations of this file are Clerk's older view of the same connections:
// flat, and SAML only.

// flatBody is what a caller may send for a SAML connection.
type flatBody struct {
	Name             *string        `json:"name"`
	Domain           *string        `json:"domain"` // older still
	Domains          []string       `json:"domains"`
	OrganizationID   *string        `json:"organization_id"`
	IDPEntityID      *string        `json:"idp_entity_id"`
	IDPSSOURL        *string        `json:"idp_sso_url"`
	IDPCertificate   *string        `json:"idp_certificate"`
	IDPMetadataURL   *string        `json:"idp_metadata_url"`
	IDPMetadata      *string        `json:"idp_metadata"`
	AttributeMapping *mappingBody   `json:"attribute_mapping"`
	ForceAuthn       *bool          `json:"force_authn"`
	LoginHint        *loginHintBody `json:"login_hint"`
}

// newFlatBody is what a caller may send to create one only.
type newFlatBody struct {
	flatBody
	Provider *string `json:"provider"`
}

// changedFlatBody is what a caller may send to change one only.
type changedFlatBody struct {
	flatBody
	Active                           *bool `json:"active"`
	SyncUserAttributes               *bool `json:"sync_user_attributes"`
	AllowSubdomains                  *bool `json:"allow_subdomains"`
	AllowIDPInitiated                *bool `json:"allow_idp_initiated"`
	DisableAdditionalIdentifications *bool `json:"disable_additional_identifications"`
	AllowOrganizationAccountLinking  *bool `json:"allow_organization_account_linking"`
	Consent                          *bool `json:"consent_verified_domains_deletion"`
}

func (b flatBody) body() connectionBody {
	out := connectionBody{
		Name: b.Name, Domains: b.Domains, OrganizationID: b.OrganizationID,
		SAML: &samlBody{
			IDPEntityID: b.IDPEntityID, IDPSSOURL: b.IDPSSOURL, IDPCertificate: b.IDPCertificate, IDPMetadataURL: b.IDPMetadataURL,
			IDPMetadata: b.IDPMetadata, AttributeMapping: b.AttributeMapping, ForceAuthn: b.ForceAuthn, LoginHint: b.LoginHint,
		},
	}
	if len(out.Domains) == 0 && b.Domain != nil && *b.Domain != "" {
		out.Domains = []string{*b.Domain}
	}
	return out
}

type wireFlat struct {
	Object string `json:"object"`
	wireSAML
	Domain                           identity.Domain   `json:"domain"`
	Domains                          []identity.Domain `json:"domains"`
	OrganizationID                   *string           `json:"organization_id"`
	Provider                         string            `json:"provider"`
	UserCount                        int               `json:"user_count"`
	DisableAdditionalIdentifications bool              `json:"disable_additional_identifications"`
	AllowOrganizationAccountLinking  bool              `json:"allow_organization_account_linking"`
	EnterpriseConnectionID           string            `json:"enterprise_connection_id"`
	Authenticatable                  bool              `json:"authenticatable"`
	DisableJITProvisioning           bool              `json:"disable_jit_provisioning"`
	CreatedAt                        int64             `json:"created_at"`
	UpdatedAt                        int64             `json:"updated_at"`
}

func (a *API) wireFlat(c manage.SAMLView) wireFlat {
	return wireFlat{
		Object: "saml_connection", wireSAML: *a.wireSAML(c.Connection), Domain: c.Domains[0], Domains: c.Domains,
		OrganizationID: orNull(c.OrganizationID), Provider: string(c.Provider), UserCount: c.Users,
		DisableAdditionalIdentifications: c.Config.DisableAdditionalIdentifications,
		AllowOrganizationAccountLinking:  c.Config.AllowOrganizationAccountLinking,
		EnterpriseConnectionID:           string(c.ID), Authenticatable: c.Authenticatable,
		DisableJITProvisioning: c.Config.DisableJITProvisioning, CreatedAt: millis(c.CreatedAt), UpdatedAt: millis(c.UpdatedAt),
	}
}

func (a *API) handleSAMLConnections(w http.ResponseWriter, r *http.Request) error {
	q, err := query(r, "query", "order_by", "organization_id")
	if err != nil {
		return err
	}
	limit, offset, pageErr := q.Page()
	read := filterReader{q: q}
	f := manage.ConnectionFilter{Query: read.text("query")}
	f.OrganizationIDs, f.NotOrganizationIDs = signed[identity.OrgID](read.list("organization_id"))
	order, orderErr := q.Order(httpio.Order{Field: "created_at", Desc: true}, "created_at", "updated_at", "name")
	f.OrderBy = orderText(order)
	if err := fault.Join(append(read.errs, pageErr, orderErr)...); err != nil {
		return err
	}
	items, total, err := a.Manage.SAMLConnections(r.Context(), f, manage.Page{Limit: limit, Offset: offset})
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, list{each(items, a.wireFlat), total})
}

func (a *API) handleCreateSAMLConnection(w http.ResponseWriter, r *http.Request) error {
	var b newFlatBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	provider, err := parseProvider(b.Provider)
	if err != nil {
		return err
	}
	if !provider.IsSAML() {
		return fault.New(fault.FormParamValueInvalid, "param_name", "provider")
	}
	c, err := a.Manage.CreateConnection(r.Context(), provider, b.body().change())
	if err != nil {
		return err
	}
	return a.writeFlat(w, r, c.ID)
}

// flatID is the id in the path, that of the connection or of its SAML settings.
func flatID(r *http.Request) (identity.ConnectionID, error) {
	id, err := identity.ParseConnectionID(r.PathValue("saml_connection_id"))
	if err != nil {
		return "", fault.New(fault.NotFound, "resource", "SAML connection").Because(err)
	}
	return id, nil
}

func (a *API) handleSAMLConnection(w http.ResponseWriter, r *http.Request) error {
	id, err := flatID(r)
	if err != nil {
		return err
	}
	return a.writeFlat(w, r, id)
}

func (a *API) writeFlat(w http.ResponseWriter, r *http.Request, id identity.ConnectionID) error {
	c, err := a.Manage.SAMLConnection(r.Context(), id)
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, a.wireFlat(c))
}

func (a *API) handleChangeSAMLConnection(w http.ResponseWriter, r *http.Request) error {
	var b changedFlatBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	id, err := flatID(r)
	if err != nil {
		return err
	}
	if _, err := a.Manage.SAMLConnection(r.Context(), id); err != nil {
		return err
	}
	body := b.body()
	body.Active, body.SyncUserAttributes = b.Active, b.SyncUserAttributes
	body.DisableAdditionalIdentifications, body.AllowOrganizationAccountLinking = b.DisableAdditionalIdentifications, b.AllowOrganizationAccountLinking
	body.SAML.AllowSubdomains, body.SAML.AllowIDPInitiated = b.AllowSubdomains, b.AllowIDPInitiated
	ch := body.change()
	ch.KeepVerifiedDomains = !is(b.Consent)
	if _, err := a.Manage.ChangeConnection(r.Context(), id, ch); err != nil {
		return err
	}
	return a.writeFlat(w, r, id)
}

func (a *API) handleDeleteSAMLConnection(w http.ResponseWriter, r *http.Request) error {
	id, err := flatID(r)
	if err != nil {
		return err
	}
	if _, err := a.Manage.SAMLConnection(r.Context(), id); err != nil {
		return err
	}
	if err := a.Manage.DeleteConnection(r.Context(), id); err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, deleted{Object: "saml_connection", ID: id.SAMLID(), Deleted: true})
}
