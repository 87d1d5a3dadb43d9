package identity

import (
	"slices"
	"strings"
	"time"
)

// Provider says which kind of identity provider a connection speaks to. It is
// fixed at creation and chooses the attribute names that are expected.
type Provider string

// The providers.
const (
	SAMLCustom           Provider = "saml_custom"
	SAMLOkta             Provider = "saml_okta"
	SAMLGoogle           Provider = "saml_google"
	SAMLMicrosoft        Provider = "saml_microsoft"
	OIDCCustom           Provider = "oidc_custom"
	OIDCGitHubEnterprise Provider = "oidc_github_enterprise"
	OIDCGitLab           Provider = "oidc_gitlab"
	OAuthGoogle          Provider = "oauth_google"    // EASIE: Google Workspace
	OAuthMicrosoft       Provider = "oauth_microsoft" // EASIE: Microsoft Entra ID
)

// Providers lists every provider that a connection may have.
func Providers() []Provider {
	return []Provider{
		SAMLCustom, SAMLOkta, SAMLGoogle, SAMLMicrosoft,
		OIDCCustom, OIDCGitHubEnterprise, OIDCGitLab,
		OAuthGoogle, OAuthMicrosoft,
	}
}

// IsSAML reports whether the provider speaks SAML.
func (p Provider) IsSAML() bool { return strings.HasPrefix(string(p), "saml_") }

// IsOIDC reports whether the provider speaks OpenID Connect (or OAuth 2 with a
// quirk of its own) with a client that the connection configures.
func (p Provider) IsOIDC() bool { return strings.HasPrefix(string(p), "oidc_") }

// IsEASIE reports whether the provider is a multi-tenant one: all its connections
// share the deployment's client, and each is bound to one tenant.
func (p Provider) IsEASIE() bool { return p == OAuthGoogle || p == OAuthMicrosoft }

// Connection is an enterprise connection: the part that stays while its
// configuration is revised.
type Connection struct {
	ID              ConnectionID
	OrganizationID  OrgID // empty: the whole application
	Name            string
	Provider        Provider
	Domains         []Domain // those it may speak for, in the order given
	Active          bool
	Authenticatable bool // false: for linking only, never offered for sign-in
	LiveRevisionID  RevisionID

	// TenantID is the Entra tenant that an EASIE connection to Microsoft is bound
	// to, at its first sign-in or beforehand; empty: none yet, and elsewhere.
	TenantID string

	CreatedAt time.Time
	UpdatedAt time.Time

	// Config is the live revision's configuration, loaded with the connection.
	Config ConnectionConfig
}

// InUse reports whether people may sign in through the connection.
func (c Connection) InUse() bool { return c.Active && c.Authenticatable }

// Serves reports whether addresses at the domain belong to the connection.
// Subdomains do only where the configuration says so.
func (c Connection) Serves(d Domain) bool {
	return slices.Contains(c.Domains, d) ||
		c.Config.AllowSubdomains && slices.ContainsFunc(c.Domains, d.IsSubdomainOf)
}

// ConnectionRevision is one immutable configuration of a connection.
type ConnectionRevision struct {
	ID           RevisionID
	ConnectionID ConnectionID
	Number       int // 1, 2, 3 … within the connection
	Config       ConnectionConfig
	Cause        RevisionCause
	RestoredFrom RevisionID // with RevisionRestored
	By           Actor      // who made it: kind and id
	Proof        Proof
	CreatedAt    time.Time
}

// ConnectionConfig is what a revision holds. It is stored as JSON: fields are
// only ever added, and a field that is absent means its zero value.
type ConnectionConfig struct {
	SyncUserAttributes               bool              `json:"sync_user_attributes"`
	DisableAdditionalIdentifications bool              `json:"disable_additional_identifications"`
	AllowOrganizationAccountLinking  bool              `json:"allow_organization_account_linking"`
	DisableJITProvisioning           bool              `json:"disable_jit_provisioning"`
	AllowSubdomains                  bool              `json:"allow_subdomains"`
	CustomAttributes                 []CustomAttribute `json:"custom_attributes,omitempty"`
	SAML                             *SAMLConfig       `json:"saml,omitempty"`
	OIDC                             *OIDCConfig       `json:"oidc,omitempty"`
}

// AttributeMapping says which attribute of an assertion becomes which field of
// the person. An empty name means the preset's.
type AttributeMapping struct {
	UserID       string `json:"user_id,omitempty"` // empty: the NameID
	EmailAddress string `json:"email_address,omitempty"`
	FirstName    string `json:"first_name,omitempty"`
	LastName     string `json:"last_name,omitempty"`
}

// The claim names that Microsoft Entra ID uses.
const (
	entraClaims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	entraEmail  = entraClaims + "emailaddress"
	entraGiven  = entraClaims + "givenname"
	entraFamily = entraClaims + "surname"
)

// MappingPreset is the attribute mapping that a provider's own guide leads to.
func MappingPreset(p Provider) AttributeMapping {
	switch p {
	case SAMLMicrosoft:
		return AttributeMapping{EmailAddress: entraEmail, FirstName: entraGiven, LastName: entraFamily}
	case SAMLGoogle:
		return AttributeMapping{EmailAddress: "email", FirstName: "firstName", LastName: "lastName"}
	default:
		return AttributeMapping{EmailAddress: "mail", FirstName: "firstName", LastName: "lastName"}
	}
}

// WithPreset fills the names that were left empty from the provider's preset.
func (m AttributeMapping) WithPreset(p Provider) AttributeMapping {
	preset := MappingPreset(p)
	if m.EmailAddress == "" {
		m.EmailAddress = preset.EmailAddress
	}
	if m.FirstName == "" {
		m.FirstName = preset.FirstName
	}
	if m.LastName == "" {
		m.LastName = preset.LastName
	}
	return m
}

// CustomAttribute puts an attribute of the provider into public metadata.
type CustomAttribute struct {
	Name        string `json:"name"`
	Key         string `json:"key"` // the key of public metadata
	SSOPath     string `json:"sso_path,omitempty"`
	SCIMPath    string `json:"scim_path,omitempty"`
	MultiValued bool   `json:"multi_valued,omitempty"`
}

// LoginHintMode says what a sign-in request tells the provider about the person.
type LoginHintMode string

// The modes of a login hint.
const (
	HintOff             LoginHintMode = "off"
	HintEmailAddress    LoginHintMode = "email_address"
	HintCustomAttribute LoginHintMode = "custom_attribute"
)

// LoginHint is the setting of a SAML connection.
type LoginHint struct {
	Mode   LoginHintMode `json:"mode,omitempty"`   // empty: the provider's default
	Source string        `json:"source,omitempty"` // the public metadata key, with HintCustomAttribute
}

// WithDefault fills an empty mode: the named providers get the address, a custom
// one gets nothing.
func (h LoginHint) WithDefault(p Provider) LoginHint {
	if h.Mode != "" {
		return h
	}
	h.Mode = HintEmailAddress
	if p == SAMLCustom {
		h.Mode = HintOff
	}
	return h
}

// ConnectionKey is a key pair of ours at one connection: it signs requests and
// decrypts assertions. After a rollover the old one still decrypts until retired.
type ConnectionKey struct {
	ID           KeyID
	ConnectionID ConnectionID
	Certificate  string // base64 DER
	PrivateKey   []byte // PKCS #8 DER; sealed at rest
	CreatedAt    time.Time
	RetiredAt    time.Time // zero: in use
}

// MetadataState is how the refreshing of a connection's metadata URL goes.
type MetadataState struct {
	ConnectionID ConnectionID
	FetchedAt    time.Time // the last good fetch
	NextAt       time.Time // when to try again
	Failures     int       // in a row
	LastError    string    // for administrators; empty after a good fetch
}

// ACSURL is where a SAML provider posts its answer; base is the deployment's
// public origin. It is constant for a connection.
func (id ConnectionID) ACSURL(base string) string { return base + "/v1/saml/acs/" + string(id) }

// SPMetadataURL is where the service provider's metadata stands. It is the
// entity ID too, so that no two connections share one (threat T-SAML-22).
func (id ConnectionID) SPMetadataURL(base string) string {
	return base + "/v1/saml/metadata/" + string(id) + ".xml"
}

// Candidates are the domains under which a connection that serves d can be
// listed: d, and every name above it with at least two labels, for those that
// allow subdomains.
func (d Domain) Candidates() []Domain {
	list := []Domain{d}
	for rest := string(d); ; {
		_, parent, ok := strings.Cut(rest, ".")
		if !ok || !strings.Contains(parent, ".") {
			return list
		}
		list = append(list, Domain(parent))
		rest = parent
	}
}
