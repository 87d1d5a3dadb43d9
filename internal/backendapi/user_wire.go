package backendapi

import (
	"strings"
	"time"

	"usher/internal/identity"
	"usher/internal/manage"
)

type wireUser struct {
	Object                        string                  `json:"object"`
	ID                            string                  `json:"id"`
	ExternalID                    *string                 `json:"external_id"`
	PrimaryEmailAddressID         *string                 `json:"primary_email_address_id"`
	PrimaryPhoneNumberID          *string                 `json:"primary_phone_number_id"`
	PrimaryWeb3WalletID           *string                 `json:"primary_web3_wallet_id"`
	Username                      *string                 `json:"username"`
	FirstName                     *string                 `json:"first_name"`
	LastName                      *string                 `json:"last_name"`
	Locale                        *string                 `json:"locale"`
	ProfileImageURL               string                  `json:"profile_image_url"`
	ImageURL                      string                  `json:"image_url"`
	HasImage                      bool                    `json:"has_image"`
	PublicMetadata                identity.Metadata       `json:"public_metadata"`
	PrivateMetadata               identity.Metadata       `json:"private_metadata"`
	UnsafeMetadata                identity.Metadata       `json:"unsafe_metadata"`
	EmailAddresses                []wireEmail             `json:"email_addresses"`
	PhoneNumbers                  []struct{}              `json:"phone_numbers"`
	Web3Wallets                   []struct{}              `json:"web3_wallets"`
	Passkeys                      []struct{}              `json:"passkeys"`
	PasswordEnabled               bool                    `json:"password_enabled"`
	TwoFactorEnabled              bool                    `json:"two_factor_enabled"`
	TOTPEnabled                   bool                    `json:"totp_enabled"`
	BackupCodeEnabled             bool                    `json:"backup_code_enabled"`
	MFAEnabledAt                  *int64                  `json:"mfa_enabled_at"`
	MFADisabledAt                 *int64                  `json:"mfa_disabled_at"`
	ExternalAccounts              []struct{}              `json:"external_accounts"`
	SAMLAccounts                  []wireSAMLAccount       `json:"saml_accounts"`
	EnterpriseAccounts            []wireEnterpriseAccount `json:"enterprise_accounts"`
	LastSignInAt                  *int64                  `json:"last_sign_in_at"`
	Banned                        bool                    `json:"banned"`
	Locked                        bool                    `json:"locked"`
	Deprovisioned                 bool                    `json:"deprovisioned"`
	LockoutExpiresInSeconds       *int64                  `json:"lockout_expires_in_seconds"`
	VerificationAttemptsRemaining *int64                  `json:"verification_attempts_remaining"`
	DeleteSelfEnabled             bool                    `json:"delete_self_enabled"`
	CreateOrganizationEnabled     bool                    `json:"create_organization_enabled"`
	CreateOrganizationsLimit      *int                    `json:"create_organizations_limit"`
	PasswordLastUpdatedAt         *int64                  `json:"password_last_updated_at"`
	LastActiveAt                  *int64                  `json:"last_active_at"`
	LegalAcceptedAt               *int64                  `json:"legal_accepted_at"`
	CreatedAt                     int64                   `json:"created_at"`
	UpdatedAt                     int64                   `json:"updated_at"`
}

type wireEmail struct {
	Object               string         `json:"object"`
	ID                   string         `json:"id"`
	EmailAddress         identity.Email `json:"email_address"`
	Reserved             bool           `json:"reserved"`
	Verification         *wireVerified  `json:"verification"`
	LinkedTo             []wireLink     `json:"linked_to"`
	MatchesSSOConnection bool           `json:"matches_sso_connection"`
	CreatedAt            int64          `json:"created_at"`
	UpdatedAt            int64          `json:"updated_at"`
}

type wireVerified struct {
	Object   string `json:"object"`
	Status   string `json:"status"`
	Strategy string `json:"strategy"`
	Attempts *int   `json:"attempts"`
	ExpireAt *int64 `json:"expire_at"`
}

type wireLink struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

type wireEnterpriseAccount struct {
	Object                 string                 `json:"object"`
	ID                     string                 `json:"id"`
	Protocol               string                 `json:"protocol"`
	Provider               string                 `json:"provider"`
	Active                 bool                   `json:"active"`
	EmailAddress           identity.Email         `json:"email_address"`
	FirstName              *string                `json:"first_name"`
	LastName               *string                `json:"last_name"`
	ProviderUserID         string                 `json:"provider_user_id"`
	EnterpriseConnectionID *string                `json:"enterprise_connection_id"`
	PublicMetadata         identity.Metadata      `json:"public_metadata"`
	Verification           wireVerified           `json:"verification"`
	EnterpriseConnection   *wireAccountConnection `json:"enterprise_connection"`
	LastAuthenticatedAt    *int64                 `json:"last_authenticated_at"`
}

type wireSAMLAccount struct {
	Object              string              `json:"object"`
	ID                  string              `json:"id"`
	Provider            string              `json:"provider"`
	Active              bool                `json:"active"`
	EmailAddress        identity.Email      `json:"email_address"`
	FirstName           *string             `json:"first_name"`
	LastName            *string             `json:"last_name"`
	ProviderUserID      string              `json:"provider_user_id"`
	LastAuthenticatedAt *int64              `json:"last_authenticated_at"`
	PublicMetadata      identity.Metadata   `json:"public_metadata"`
	Verification        wireVerified        `json:"verification"`
	SAMLConnection      *wireSAMLConnection `json:"saml_connection"`
}

type wireAccountConnection struct {
	Protocol      string  `json:"protocol"`
	LogoPublicURL *string `json:"logo_public_url"`
	wireSAMLConnection
}

// wireSAMLConnection is the connection in the older shape of an account.
type wireSAMLConnection struct {
	ID                               string            `json:"id"`
	Provider                         string            `json:"provider"`
	Name                             string            `json:"name"`
	Domain                           identity.Domain   `json:"domain"`
	Domains                          []identity.Domain `json:"domains"`
	Active                           bool              `json:"active"`
	SyncUserAttributes               bool              `json:"sync_user_attributes"`
	AllowSubdomains                  bool              `json:"allow_subdomains"`
	AllowIDPInitiated                bool              `json:"allow_idp_initiated"`
	DisableAdditionalIdentifications bool              `json:"disable_additional_identifications"`
	CreatedAt                        int64             `json:"created_at"`
	UpdatedAt                        int64             `json:"updated_at"`
}

func (a *API) wireUser(u manage.UserView) wireUser {
	now := a.Manage.Now()
	w := wireUser{
		Object:                    "user",
		ID:                        string(u.ID),
		ExternalID:                orNull(u.ExternalID),
		PrimaryEmailAddressID:     orNull(u.PrimaryEmailID),
		Username:                  orNull(u.Username),
		FirstName:                 orNull(u.FirstName),
		LastName:                  orNull(u.LastName),
		PublicMetadata:            object(u.PublicMetadata),
		PrivateMetadata:           object(u.PrivateMetadata),
		UnsafeMetadata:            object(u.UnsafeMetadata),
		EmailAddresses:            each(u.Emails, func(e identity.EmailAddress) wireEmail { return wireEmailOf(e, u.SSO[e.ID]) }),
		PhoneNumbers:              []struct{}{},
		Web3Wallets:               []struct{}{},
		Passkeys:                  []struct{}{},
		PasswordEnabled:           u.PasswordHash != "",
		ExternalAccounts:          []struct{}{},
		SAMLAccounts:              []wireSAMLAccount{},
		EnterpriseAccounts:        []wireEnterpriseAccount{},
		LastSignInAt:              millisOrNull(u.LastSignInAt),
		Banned:                    u.Banned,
		Locked:                    u.Locked(now),
		Deprovisioned:             u.Deprovisioned(),
		Locale:                    orNull(u.Locale),
		DeleteSelfEnabled:         u.DeleteSelfEnabled,
		CreateOrganizationEnabled: !u.CreateOrganizationDisabled,
		PasswordLastUpdatedAt:     millisOrNull(u.PasswordAt),
		LegalAcceptedAt:           millisOrNull(u.LegalAcceptedAt),
		LastActiveAt:              millisOrNull(u.LastActiveAt),
		CreatedAt:                 millis(u.CreatedAt),
		UpdatedAt:                 millis(u.UpdatedAt),
	}
	if u.CreateOrganizationsLimit > 0 {
		w.CreateOrganizationsLimit = &u.CreateOrganizationsLimit
	}
	if w.Locked {
		seconds := int64(u.LockedUntil.Sub(now) / time.Second)
		w.LockoutExpiresInSeconds = &seconds
	}
	for _, account := range u.Accounts {
		w.EnterpriseAccounts = append(w.EnterpriseAccounts, wireAccountOf(account))
		if account.Provider.IsSAML() {
			w.SAMLAccounts = append(w.SAMLAccounts, wireSAMLAccountOf(account))
		}
	}
	return w
}

func wireEmailOf(e identity.EmailAddress, sso bool) wireEmail {
	w := wireEmail{
		Object:               "email_address",
		ID:                   string(e.ID),
		EmailAddress:         e.Address,
		Reserved:             e.Reserved && !e.IsVerified(),
		LinkedTo:             []wireLink{},
		MatchesSSOConnection: sso,
		CreatedAt:            millis(e.CreatedAt),
		UpdatedAt:            millis(e.UpdatedAt),
	}
	if e.IsVerified() {
		w.Verification = &wireVerified{Object: "verification_" + verificationKind(e.Strategy), Status: string(e.Status), Strategy: e.Strategy}
	}
	if e.AccountID != "" {
		w.LinkedTo = append(w.LinkedTo, wireLink{Type: "saml", ID: string(e.AccountID)})
	}
	return w
}

// verificationKind is the last part of a verification's object name.
func verificationKind(strategy string) string {
	if strategy == "email_code" {
		return "otp"
	}
	return strategy
}

func wireAccountOf(a manage.AccountView) wireEnterpriseAccount {
	w := wireEnterpriseAccount{
		Object:                 "enterprise_account",
		ID:                     string(a.ID),
		Protocol:               "saml",
		Provider:               string(a.Provider),
		Active:                 a.Connection.Active,
		EmailAddress:           a.Email,
		FirstName:              orNull(a.FirstName),
		LastName:               orNull(a.LastName),
		ProviderUserID:         a.Subject,
		EnterpriseConnectionID: orNull(a.ConnectionID),
		PublicMetadata:         object(a.PublicMetadata),
		Verification:           wireVerified{Object: "verification_saml", Status: "verified", Strategy: "saml"},
		LastAuthenticatedAt:    millisOrNull(a.LastAuthenticatedAt),
	}
	if !a.Provider.IsSAML() {
		w.Protocol = "oauth"
		w.Verification.Object, w.Verification.Strategy = "verification_oauth", oauthStrategy(a.Provider)
	}
	if a.Connection.ID != "" {
		w.EnterpriseConnection = &wireAccountConnection{Protocol: w.Protocol, wireSAMLConnection: wireSAMLConnectionOf(a.Connection)}
	}
	return w
}

// oauthStrategy is how Clerk's verifications name a provider.
func oauthStrategy(p identity.Provider) string {
	if p.IsEASIE() {
		return string(p)
	}
	return "oauth_custom_" + strings.ReplaceAll(strings.TrimPrefix(string(p), "oidc_"), "_", "")
}

func wireSAMLConnectionOf(c identity.Connection) wireSAMLConnection {
	return wireSAMLConnection{
		ID:                               string(c.ID),
		Provider:                         string(c.Provider),
		Name:                             c.Name,
		Domain:                           c.Domains[0],
		Domains:                          c.Domains,
		Active:                           c.Active,
		SyncUserAttributes:               c.Config.SyncUserAttributes,
		AllowSubdomains:                  c.Config.AllowSubdomains,
		AllowIDPInitiated:                c.Config.SAML != nil && c.Config.SAML.AllowIDPInitiated,
		DisableAdditionalIdentifications: c.Config.DisableAdditionalIdentifications,
		CreatedAt:                        millis(c.CreatedAt),
		UpdatedAt:                        millis(c.UpdatedAt),
	}
}

// wireSAMLAccountOf is the older shape of a SAML account.
func wireSAMLAccountOf(a manage.AccountView) wireSAMLAccount {
	w := wireAccountOf(a)
	old := wireSAMLAccount{
		Object:              "saml_account",
		ID:                  w.ID,
		Provider:            w.Provider,
		Active:              w.Active,
		EmailAddress:        w.EmailAddress,
		FirstName:           w.FirstName,
		LastName:            w.LastName,
		ProviderUserID:      w.ProviderUserID,
		LastAuthenticatedAt: w.LastAuthenticatedAt,
		PublicMetadata:      w.PublicMetadata,
		Verification:        w.Verification,
	}
	if a.Connection.ID != "" {
		c := wireSAMLConnectionOf(a.Connection)
		c.ID = a.Connection.ID.SAMLID()
		old.SAMLConnection = &c
	}
	return old
}
