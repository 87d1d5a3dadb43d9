package identity

import "time"

// Instance is the deployment itself.
type Instance struct {
	ID        InstanceID
	Settings  Settings
	CreatedAt time.Time
	UpdatedAt time.Time
}

// SignUpMode says who may sign up without SSO.
type SignUpMode string

// The modes of sign-up.
const (
	SignUpPublic     SignUpMode = "public"
	SignUpRestricted SignUpMode = "restricted" // by invitation; SSO still creates people
	SignUpWaitlist   SignUpMode = "waitlist"
)

// Settings are the choices of a deployment that live in its database. Stored as
// JSON: fields are only added.
type Settings struct {
	ApplicationName            string     `json:"application_name"`
	SignUpMode                 SignUpMode `json:"sign_up_mode"`
	PasswordEnabled            bool       `json:"password_enabled"`
	EmailVerifiedAtSignUp      bool       `json:"email_verified_at_sign_up"`
	ForceOrganizationSelection bool       `json:"force_organization_selection"`
	OrganizationSlugsEnabled   bool       `json:"organization_slugs_enabled"`
	DefaultRole                RoleKey    `json:"default_role"`            // shown only: the initial role set says it
	CreatorRole                RoleKey    `json:"creator_role"`            // shown only: the initial role set says it
	MaxAllowedMemberships      int        `json:"max_allowed_memberships"` // of a new organization; 0: unlimited
	SessionLifetimeSeconds     int64      `json:"session_lifetime_seconds"`
	SessionIdleSeconds         int64      `json:"session_idle_seconds"`
	EvidenceDays               int        `json:"evidence_days"`          // 0: evidence is not kept
	SessionClaimsVersion       int        `json:"session_claims_version"` // 1 or 2

	OrganizationsDisabled           bool `json:"organizations_disabled"`
	OrganizationAdminDeleteDisabled bool `json:"organization_admin_delete_disabled"` // of a new organization
	OrganizationDomainsEnabled      bool `json:"organization_domains_enabled"`
	OrganizationDomainInvitations   bool `json:"organization_domain_invitations"` // who has a verified address is invited
	OrganizationDomainSuggestions   bool `json:"organization_domain_suggestions"` // who has one may ask to join

	SupportEmail   string       `json:"support_email"`
	AllowedOrigins []string     `json:"allowed_origins"` // besides those of the configuration
	Restrictions   Restrictions `json:"restrictions"`

	// OperatorsOrganizationID is the organization whose members run the deployment;
	// empty before there is one.
	OperatorsOrganizationID OrgID `json:"operators_organization_id,omitempty"`

	// BlockedEmailDomains are refused as domains of organizations, besides those
	// that Usher knows.
	BlockedEmailDomains []Domain `json:"blocked_email_domains,omitempty"`
}

// AllowsEnrollment reports whether domains may have the mode. By hand is always
// possible where there are domains at all.
func (s Settings) AllowsEnrollment(m EnrollmentMode) bool {
	return (m != EnrollmentInvitation || s.OrganizationDomainInvitations) &&
		(m != EnrollmentSuggestion || s.OrganizationDomainSuggestions)
}

// Restrictions say which addresses may come in.
type Restrictions struct {
	Allowlist              bool `json:"allowlist"`
	Blocklist              bool `json:"blocklist"`
	ListsDisabledOnSignIn  bool `json:"allowlist_blocklist_disabled_on_sign_in"`
	BlockEmailSubaddresses bool `json:"block_email_subaddresses"`
	BlockDisposableDomains bool `json:"block_disposable_email_domains"`
}

// DefaultSettings is what a new deployment starts with.
func DefaultSettings() Settings {
	const day = 24 * time.Hour
	return Settings{
		ApplicationName:          "Usher",
		SignUpMode:               SignUpPublic,
		EmailVerifiedAtSignUp:    true,
		OrganizationSlugsEnabled: true,
		DefaultRole:              RoleMember,
		CreatorRole:              RoleAdmin,
		MaxAllowedMemberships:    0,
		SessionLifetimeSeconds:   int64(7 * day / time.Second),
		SessionIdleSeconds:       int64(7 * day / time.Second),
		EvidenceDays:             14,
		SessionClaimsVersion:     2,
	}
}
