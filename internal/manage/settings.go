package manage

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/store"
)

// Settings reads the deployment's settings.
func (s *Service) Settings(ctx context.Context) (settings identity.Settings, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		in, err := tx.Instance()
		if err != nil {
			return err
		}
		settings, err = showRoles(tx, in.Settings)
		return err
	})
	return settings, err
}

// SettingsChange is what a caller gave to change the deployment's settings. Nil
// leaves one as it is.
type SettingsChange struct {
	ApplicationName            *string
	SignUpMode                 *identity.SignUpMode
	PasswordEnabled            *bool
	EmailVerifiedAtSignUp      *bool
	ForceOrganizationSelection *bool
	OrganizationSlugsEnabled   *bool
	DefaultRole                *identity.RoleKey
	CreatorRole                *identity.RoleKey
	MaxAllowedMemberships      *int
	SessionLifetimeSeconds     *int64
	SessionIdleSeconds         *int64
	EvidenceDays               *int
	SessionClaimsVersion       *int
	SupportEmail               *string
	AllowedOrigins             *[]string
	Allowlist                  *bool
	Blocklist                  *bool
	ListsDisabledOnSignIn      *bool
	BlockEmailSubaddresses     *bool
	BlockDisposableDomains     *bool
}

// Limits of settings. Ours.
const (
	maxApplicationName = 100              // characters
	minSessionSeconds  = 5 * 60           // five minutes
	maxSessionSeconds  = 10 * 365 * 86400 // ten years: Clerk's
	maxEvidenceDays    = 365
	maxOrigins         = 100
)

// ChangeSettings changes the deployment's settings, at once and on every node.
func (s *Service) ChangeSettings(ctx context.Context, ch SettingsChange) (settings identity.Settings, err error) {
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		in, err := tx.Instance()
		if err != nil {
			return err
		}
		settings = in.Settings
		set(&settings.ApplicationName, ch.ApplicationName)
		set(&settings.SignUpMode, ch.SignUpMode)
		set(&settings.PasswordEnabled, ch.PasswordEnabled)
		set(&settings.EmailVerifiedAtSignUp, ch.EmailVerifiedAtSignUp)
		set(&settings.ForceOrganizationSelection, ch.ForceOrganizationSelection)
		set(&settings.OrganizationSlugsEnabled, ch.OrganizationSlugsEnabled)
		set(&settings.MaxAllowedMemberships, ch.MaxAllowedMemberships)
		set(&settings.SessionLifetimeSeconds, ch.SessionLifetimeSeconds)
		set(&settings.SessionIdleSeconds, ch.SessionIdleSeconds)
		set(&settings.EvidenceDays, ch.EvidenceDays)
		set(&settings.SessionClaimsVersion, ch.SessionClaimsVersion)
		set(&settings.SupportEmail, ch.SupportEmail)
		set(&settings.AllowedOrigins, ch.AllowedOrigins)
		set(&settings.Restrictions.Allowlist, ch.Allowlist)
		set(&settings.Restrictions.Blocklist, ch.Blocklist)
		set(&settings.Restrictions.ListsDisabledOnSignIn, ch.ListsDisabledOnSignIn)
		set(&settings.Restrictions.BlockEmailSubaddresses, ch.BlockEmailSubaddresses)
		set(&settings.Restrictions.BlockDisposableDomains, ch.BlockDisposableDomains)
		if err := fault.Join(checkSettings(settings), s.changeInitialRoles(tx, ch.DefaultRole, ch.CreatorRole)); err != nil {
			return err
		}
		if err := tx.UpdateSettings(in.ID, settings, s.Now()); err != nil {
			return err
		}
		if err := s.auditSettings(tx, in, settings); err != nil {
			return err
		}
		settings, err = showRoles(tx, settings)
		return err
	})
	return settings, err
}

// auditSettings writes into the audit log which of the deployment's settings are
// others than before.
func (s *Service) auditSettings(tx *store.Tx, before identity.Instance, after identity.Settings) error {
	fields, err := changedFields(before.Settings, after)
	if err != nil {
		return err
	}
	return s.audit(tx, identity.AuditEntry{Action: "settings.updated", Subject: string(before.ID), Detail: map[string]string{"fields": fields}})
}

// checkSettings reports every setting that cannot be.
func checkSettings(s identity.Settings) error {
	var errs []error
	check := func(ok bool, param string) {
		if !ok {
			errs = append(errs, fault.New(fault.FormParamValueInvalid, "param_name", param))
		}
	}
	n := utf8.RuneCountInString(s.ApplicationName)
	check(n > 0 && n <= maxApplicationName, "application_name")
	check(slices.Contains([]identity.SignUpMode{identity.SignUpPublic, identity.SignUpRestricted, identity.SignUpWaitlist}, s.SignUpMode), "sign_up_mode")
	check(s.MaxAllowedMemberships >= 0, "max_allowed_memberships")
	check(s.SessionLifetimeSeconds >= minSessionSeconds && s.SessionLifetimeSeconds <= maxSessionSeconds, "session_lifetime_seconds")
	check(s.SessionIdleSeconds >= minSessionSeconds && s.SessionIdleSeconds <= maxSessionSeconds, "session_idle_seconds")
	check(s.EvidenceDays >= 0 && s.EvidenceDays <= maxEvidenceDays, "evidence_days")
	check(s.SessionClaimsVersion == 1 || s.SessionClaimsVersion == 2, "session_claims_version")
	if s.ForceOrganizationSelection && s.OrganizationsDisabled {
		errs = append(errs, fault.New(fault.ForceSelectionWithoutOrganizations))
	}
	if _, err := identity.ParseEmail(s.SupportEmail); err != nil && s.SupportEmail != "" {
		errs = append(errs, fault.New(fault.FormParamFormatInvalid, "param_name", "support_email").Because(err))
	}
	if len(s.AllowedOrigins) > maxOrigins {
		errs = append(errs, fault.New(fault.FormParamArraySize, "param_name", "allowed_origins", "max_items", maxOrigins))
	}
	if slices.ContainsFunc(s.AllowedOrigins, func(o string) bool { return !isOrigin(o) }) {
		errs = append(errs, fault.New(fault.FormInvalidOrigin, "param_name", "allowed_origins"))
	}
	return fault.Join(errs...)
}

// isOrigin reports whether a text is an origin as browsers write it: a scheme, a
// host, and a port that is not the scheme's own.
func isOrigin(s string) bool {
	u, err := url.Parse(s)
	if err != nil || u.Scheme == "" || u.Host == "" || s != u.Scheme+"://"+u.Host || s != strings.ToLower(s) {
		return false
	}
	port := u.Port()
	return u.Scheme != "http" || port != "80" && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1")
}

// Instance reads the deployment itself.
func (s *Service) Instance(ctx context.Context) (in identity.Instance, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		in, err = tx.Instance()
		return err
	})
	return in, err
}

// PrimaryEmail is the address that a person is known by; empty if there is none.
func (s *Service) PrimaryEmail(ctx context.Context, u identity.User) (email identity.Email, err error) {
	if u.PrimaryEmailID == "" {
		return "", nil
	}
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		e, err := tx.EmailAddress(u.PrimaryEmailID)
		email = e.Address
		return store.Optional(err)
	})
	return email, err
}

// Mailbox lists the mail of the development mailbox, newest first.
func (s *Service) Mailbox(ctx context.Context, p store.Page) (mails []identity.Mail, total int, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		mails, total, err = tx.Mailbox(p)
		return err
	})
	return mails, total, err
}

// MailboxMail reads a mail of the development mailbox.
func (s *Service) MailboxMail(ctx context.Context, id identity.MailID) (m identity.Mail, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		m, err = tx.MailboxMail(id)
		return err
	})
	return m, err
}
