package backendapi

import (
	"net/http"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
)

// connectionBody is what a caller may send for a connection.
type connectionBody struct {
	Name                             *string            `json:"name"`
	Provider                         *string            `json:"provider"`
	Domains                          []string           `json:"domains"`
	OrganizationID                   *string            `json:"organization_id"`
	Active                           *bool              `json:"active"`
	Authenticatable                  *bool              `json:"authenticatable"`
	SyncUserAttributes               *bool              `json:"sync_user_attributes"`
	DisableAdditionalIdentifications *bool              `json:"disable_additional_identifications"`
	AllowOrganizationAccountLinking  *bool              `json:"allow_organization_account_linking"`
	DisableJITProvisioning           *bool              `json:"disable_jit_provisioning"`
	CustomAttributes                 *[]customAttribute `json:"custom_attributes"`
	SAML                             *samlBody          `json:"saml"`
	OIDC                             *oidcBody          `json:"oidc"`
}

type samlBody struct {
	Name              *string                   `json:"name"`
	IDPEntityID       *string                   `json:"idp_entity_id"`
	IDPSSOURL         *string                   `json:"idp_sso_url"`
	IDPCertificate    *string                   `json:"idp_certificate"`
	IDPCertificates   []string                  `json:"idp_certificates"`
	IDPMetadataURL    *string                   `json:"idp_metadata_url"`
	IDPMetadata       *string                   `json:"idp_metadata"`
	AttributeMapping  *mappingBody              `json:"attribute_mapping"`
	AllowSubdomains   *bool                     `json:"allow_subdomains"`
	AllowIDPInitiated *bool                     `json:"allow_idp_initiated"`
	ForceAuthn        *bool                     `json:"force_authn"`
	LoginHint         *loginHintBody            `json:"login_hint"`
	ClockSkewSeconds  *int                      `json:"clock_skew_seconds"` // ours
	Legacy            *identity.LegacyException `json:"legacy"`             // ours
}

type mappingBody struct {
	UserID       *string `json:"user_id"`
	EmailAddress *string `json:"email_address"`
	FirstName    *string `json:"first_name"`
	LastName     *string `json:"last_name"`
}

type loginHintBody struct {
	Mode   identity.LoginHintMode `json:"mode"`
	Source string                 `json:"source,omitempty"`
}

type customAttribute struct {
	Name          string `json:"name"`
	Key           string `json:"key"`
	SSOPath       string `json:"sso_path"`
	SCIMPath      string `json:"scim_path"`
	DirectoryPath string `json:"directory_path"`
	MultiValued   bool   `json:"multi_valued"`
}

// change translates the body.
func (b connectionBody) change() manage.ConnectionChange {
	ch := manage.ConnectionChange{
		Name:                             b.Name,
		Domains:                          b.Domains,
		OrganizationID:                   b.OrganizationID,
		Active:                           b.Active,
		Authenticatable:                  b.Authenticatable,
		SyncUserAttributes:               b.SyncUserAttributes,
		DisableAdditionalIdentifications: b.DisableAdditionalIdentifications,
		AllowOrganizationAccountLinking:  b.AllowOrganizationAccountLinking,
		DisableJITProvisioning:           b.DisableJITProvisioning,
	}
	if b.CustomAttributes != nil {
		attributes := each(*b.CustomAttributes, func(a customAttribute) identity.CustomAttribute {
			path := a.SCIMPath
			if path == "" {
				path = a.DirectoryPath
			}
			return identity.CustomAttribute{Name: a.Name, Key: a.Key, SSOPath: a.SSOPath, SCIMPath: path, MultiValued: a.MultiValued}
		})
		ch.CustomAttributes = &attributes
	}
	if b.SAML != nil {
		ch.SAML = b.SAML.change()
	}
	if b.OIDC != nil {
		ch.OIDC, ch.TenantID = b.OIDC.change(), b.OIDC.TenantID
	}
	return ch
}

func (b samlBody) change() *manage.SAMLChange {
	ch := &manage.SAMLChange{
		IDPEntityID:       b.IDPEntityID,
		IDPSSOURL:         b.IDPSSOURL,
		IDPCertificates:   b.IDPCertificates,
		IDPMetadataURL:    b.IDPMetadataURL,
		IDPMetadata:       b.IDPMetadata,
		AllowSubdomains:   b.AllowSubdomains,
		AllowIDPInitiated: b.AllowIDPInitiated,
		ForceAuthn:        b.ForceAuthn,
		ClockSkewSeconds:  b.ClockSkewSeconds,
		Legacy:            b.Legacy,
	}
	if b.IDPCertificate != nil && *b.IDPCertificate != "" {
		ch.IDPCertificates = append([]string{*b.IDPCertificate}, ch.IDPCertificates...)
	}
	if m := b.AttributeMapping; m != nil {
		ch.UserID, ch.EmailAddress, ch.FirstName, ch.LastName = m.UserID, m.EmailAddress, m.FirstName, m.LastName
	}
	if b.LoginHint != nil {
		ch.LoginHint = &identity.LoginHint{Mode: b.LoginHint.Mode, Source: b.LoginHint.Source}
	}
	return ch
}

func (a *API) handleCreateConnection(w http.ResponseWriter, r *http.Request) error {
	var b connectionBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	provider, err := parseProvider(b.Provider)
	if err != nil {
		return err
	}
	b.SyncUserAttributes = nil // ignored on creation, as Clerk does
	c, err := a.Manage.CreateConnection(r.Context(), provider, b.change())
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusCreated, a.wireConnection(c))
}

func parseProvider(text *string) (identity.Provider, error) {
	if text == nil {
		return "", fault.New(fault.FormParamMissing, "param_name", "provider")
	}
	for _, p := range identity.Providers() {
		if string(p) == *text {
			return p, nil
		}
	}
	return "", fault.New(fault.FormParamValueInvalid, "param_name", "provider")
}

func (a *API) handleConnections(w http.ResponseWriter, r *http.Request) error {
	q, err := query(r, "organization_id", "active")
	if err != nil {
		return err
	}
	limit, offset, err := q.Page()
	if err != nil {
		return err
	}
	var f manage.ConnectionFilter
	org, err := q.Text("organization_id")
	if err != nil {
		return err
	}
	if org != "" {
		id := identity.OrgID(org)
		f.OrganizationID = &id
	}
	active, given, err := q.Bool("active")
	if err != nil {
		return err
	}
	if given {
		f.Active = &active
	}
	items, total, err := a.Manage.Connections(r.Context(), f, manage.Page{Limit: limit, Offset: offset})
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, list{each(items, a.wireConnection), total})
}

func (a *API) handleConnection(w http.ResponseWriter, r *http.Request) error {
	id, err := connectionID(r)
	if err != nil {
		return err
	}
	c, err := a.Manage.Connection(r.Context(), id)
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, a.wireConnection(c))
}

func connectionID(r *http.Request) (identity.ConnectionID, error) {
	id, err := identity.ParseConnectionID(r.PathValue("enterprise_connection_id"))
	if err != nil {
		return "", fault.New(fault.NotFound, "resource", "enterprise connection").Because(err)
	}
	return id, nil
}

func (a *API) handleChangeConnection(w http.ResponseWriter, r *http.Request) error {
	id, err := connectionID(r)
	if err != nil {
		return err
	}
	var b connectionBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if err := a.sameProvider(r, id, b.Provider); err != nil {
		return err
	}
	c, err := a.Manage.ChangeConnection(r.Context(), id, b.change())
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, a.wireConnection(c))
}

// sameProvider lets an SDK repeat the provider that a connection has; it can't be
// changed (behaviour 1.2).
func (a *API) sameProvider(r *http.Request, id identity.ConnectionID, provider *string) error {
	if provider == nil {
		return nil
	}
	c, err := a.Manage.Connection(r.Context(), id)
	if err != nil {
		return err
	}
	if *provider != string(c.Provider) {
		return fault.New(fault.FormParamValueInvalid, "param_name", "provider")
	}
	return nil
}

func (a *API) handleDeleteConnection(w http.ResponseWriter, r *http.Request) error {
	id, err := connectionID(r)
	if err != nil {
		return err
	}
	if err := a.Manage.DeleteConnection(r.Context(), id); err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, deleted{Object: "enterprise_connection", ID: string(id), Deleted: true})
}

func (a *API) handleAddConnectionKey(w http.ResponseWriter, r *http.Request) error {
	id, err := connectionID(r)
	if err != nil {
		return err
	}
	key, err := a.Manage.AddConnectionKey(r.Context(), id)
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusCreated, struct {
		Object      string `json:"object"`
		ID          string `json:"id"`
		Certificate string `json:"certificate"`
		CreatedAt   int64  `json:"created_at"`
	}{"enterprise_connection_key", string(key.ID), key.Certificate, millis(key.CreatedAt)})
}

func (a *API) handleRetireConnectionKeys(w http.ResponseWriter, r *http.Request) error {
	id, err := connectionID(r)
	if err != nil {
		return err
	}
	n, err := a.Manage.RetireConnectionKeys(r.Context(), id)
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, map[string]int{"retired": n})
}

type wireConnection struct {
	Object                           string            `json:"object"`
	ID                               string            `json:"id"`
	Name                             string            `json:"name"`
	Provider                         string            `json:"provider"`
	LogoPublicURL                    *string           `json:"logo_public_url"`
	Active                           bool              `json:"active"`
	Domains                          []identity.Domain `json:"domains"`
	OrganizationID                   *string           `json:"organization_id"`
	SyncUserAttributes               bool              `json:"sync_user_attributes"`
	DisableAdditionalIdentifications bool              `json:"disable_additional_identifications"`
	AllowOrganizationAccountLinking  bool              `json:"allow_organization_account_linking"`
	CustomAttributes                 []customAttribute `json:"custom_attributes"`
	SAML                             *wireSAML         `json:"saml_connection"`
	OAuth                            *wireOAuth        `json:"oauth_config"`
	Authenticatable                  bool              `json:"authenticatable"`
	DisableJITProvisioning           bool              `json:"disable_jit_provisioning"`
	CreatedAt                        int64             `json:"created_at"`
	UpdatedAt                        int64             `json:"updated_at"`
}

type wireSAML struct {
	ID                      string        `json:"id"`
	Name                    string        `json:"name"`
	IDPEntityID             *string       `json:"idp_entity_id"`
	IDPSSOURL               *string       `json:"idp_sso_url"`
	IDPCertificate          *string       `json:"idp_certificate"`
	IDPCertificateIssuedAt  *int64        `json:"idp_certificate_issued_at"`
	IDPCertificateExpiresAt *int64        `json:"idp_certificate_expires_at"`
	IDPMetadataURL          *string       `json:"idp_metadata_url"`
	IDPMetadata             *string       `json:"idp_metadata"`
	ACSURL                  string        `json:"acs_url"`
	SPEntityID              string        `json:"sp_entity_id"`
	SPMetadataURL           string        `json:"sp_metadata_url"`
	AttributeMapping        wireMapping   `json:"attribute_mapping"`
	Active                  bool          `json:"active"`
	AllowIDPInitiated       bool          `json:"allow_idp_initiated"`
	AllowSubdomains         bool          `json:"allow_subdomains"`
	ForceAuthn              bool          `json:"force_authn"`
	SyncUserAttributes      bool          `json:"sync_user_attributes"`
	LoginHint               loginHintBody `json:"login_hint"`
	IDPCertificates         []wireCert    `json:"idp_certificates"`
}

// wireCert is one of the provider's certificates; the first is repeated in the
// older fields.
type wireCert struct {
	Certificate string `json:"certificate"`
	IssuedAt    *int64 `json:"issued_at"`
	ExpiresAt   *int64 `json:"expires_at"`
}

func wireCertOf(text string) wireCert {
	w := wireCert{Certificate: text}
	if validity, err := manage.CertificateValidity(text); err == nil {
		issued, expires := millis(validity.From), millis(validity.Until)
		w.IssuedAt, w.ExpiresAt = &issued, &expires
	}
	return w
}

type wireMapping struct {
	UserID       string `json:"user_id"`
	EmailAddress string `json:"email_address"`
	FirstName    string `json:"first_name"`
	LastName     string `json:"last_name"`
}

func (a *API) wireConnection(c identity.Connection) wireConnection {
	conf := c.Config
	return wireConnection{
		Object:                           "enterprise_connection",
		ID:                               string(c.ID),
		Name:                             c.Name,
		Provider:                         string(c.Provider),
		Active:                           c.Active,
		Domains:                          c.Domains,
		OrganizationID:                   orNull(c.OrganizationID),
		SyncUserAttributes:               conf.SyncUserAttributes,
		DisableAdditionalIdentifications: conf.DisableAdditionalIdentifications,
		AllowOrganizationAccountLinking:  conf.AllowOrganizationAccountLinking,
		CustomAttributes: each(conf.CustomAttributes, func(d identity.CustomAttribute) customAttribute {
			return customAttribute{d.Name, d.Key, d.SSOPath, d.SCIMPath, d.SCIMPath, d.MultiValued}
		}),
		SAML:                   a.wireSAML(c),
		OAuth:                  a.wireOAuth(c),
		Authenticatable:        c.Authenticatable,
		DisableJITProvisioning: conf.DisableJITProvisioning,
		CreatedAt:              millis(c.CreatedAt),
		UpdatedAt:              millis(c.UpdatedAt),
	}
}

func (a *API) wireSAML(c identity.Connection) *wireSAML {
	s := c.Config.SAML
	if s == nil {
		return nil
	}
	hint := s.LoginHint.WithDefault(c.Provider)
	m := s.Mapping.WithPreset(c.Provider)
	w := &wireSAML{
		ID:                 c.ID.SAMLID(),
		Name:               c.Name,
		IDPEntityID:        orNull(s.IDPEntityID),
		IDPSSOURL:          orNull(s.IDPSSOURL),
		IDPMetadataURL:     orNull(s.IDPMetadataURL),
		IDPMetadata:        orNull(s.IDPMetadata),
		ACSURL:             c.ID.ACSURL(a.BaseURL),
		SPEntityID:         c.ID.SPMetadataURL(a.BaseURL),
		SPMetadataURL:      c.ID.SPMetadataURL(a.BaseURL),
		AttributeMapping:   wireMapping{m.UserID, m.EmailAddress, m.FirstName, m.LastName},
		Active:             c.Active,
		AllowIDPInitiated:  s.AllowIDPInitiated,
		AllowSubdomains:    c.Config.AllowSubdomains,
		ForceAuthn:         s.ForceAuthn,
		SyncUserAttributes: c.Config.SyncUserAttributes,
		LoginHint:          loginHintBody{Mode: hint.Mode, Source: hint.Source},
		IDPCertificates:    each(s.IDPCertificates, wireCertOf),
	}
	if len(w.IDPCertificates) > 0 {
		first := w.IDPCertificates[0]
		w.IDPCertificate, w.IDPCertificateIssuedAt, w.IDPCertificateExpiresAt = &first.Certificate, first.IssuedAt, first.ExpiresAt
	}
	return w
}
