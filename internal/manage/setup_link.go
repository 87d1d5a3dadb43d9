package manage

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/secret"
	"usher/internal/store"
)

const (
	// Lives of setup links: Clerk's (threat T-SES-16).
	setupLinkLife    = time.Hour
	maxSetupLinkLife = 86_400 * time.Second

	setupTokenBytes = 32 // 256 bits of chance

	// Ours.
	maxSetupScopes = 20
	maxSetupText   = 256 // characters of a scope, a contact's id, a reason
)

// setupPath is where the setup pages begin.
const setupPath = "/setup"

// SetupLinkChange is what a caller gave to make a setup link.
type SetupLinkChange struct {
	OrganizationID string
	ITContactID    *string
	Scopes         []string // nil: all
	ExpiresIn      *int64   // seconds
}

func (ch SetupLinkChange) check() error {
	var errs []error
	if ch.ITContactID != nil {
		errs = append(errs, checkSetupText("it_contact_id", *ch.ITContactID))
	}
	if len(ch.Scopes) > maxSetupScopes {
		errs = append(errs, fault.New(fault.FormParamTooLarge, "param_name", "scopes"))
	}
	for i, scope := range ch.Scopes {
		errs = append(errs, checkSetupText("scopes["+strconv.Itoa(i)+"]", scope))
	}
	return fault.Join(errs...)
}

func checkSetupText(param, text string) error {
	switch {
	case text == "":
		return fault.New(fault.FormParamNil, "param_name", param)
	case utf8.RuneCountInString(text) > maxSetupText:
		return fault.New(fault.FormParamMaxLength, "param_name", param, "max_length", maxSetupText)
	}
	return nil
}

// NewSetupLink is a setup link with its token, which is shown this once.
type NewSetupLink struct {
	identity.SetupLink
	Instance identity.InstanceID
	Token    string
	URL      string // what to give to whoever is to use it
}

// CreateSetupLink makes a link by which somebody without an account sets up the
// sign-in of an organization.
func (s *Service) CreateSetupLink(ctx context.Context, ch SetupLinkChange) (NewSetupLink, error) {
	life, err := seconds("seconds_until_expiration", ch.ExpiresIn, setupLinkLife, maxSetupLinkLife)
	if err := fault.Join(err, ch.check()); err != nil {
		return NewSetupLink{}, err
	}
	now := s.Now()
	token := "aplt_" + secret.NewToken(setupTokenBytes)
	l := NewSetupLink{Token: token, URL: s.BaseURL + setupPath + "?" + url.Values{"token": {token}}.Encode(), SetupLink: identity.SetupLink{
		ID: identity.NewSetupLinkID(now), OrganizationID: identity.OrgID(ch.OrganizationID), Scopes: slices.Clone(ch.Scopes),
		TokenHash: s.Ring.HashToken("setup_link", token), ExpiresAt: now.Add(life), CreatedAt: now, UpdatedAt: now,
	}}
	if ch.ITContactID != nil {
		l.ITContactID = *ch.ITContactID
	}
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Organization(l.OrganizationID); err != nil {
			return store.Missing(err, fault.New(fault.OrganizationNotFound))
		}
		in, err := tx.Instance()
		if err != nil {
			return err
		}
		l.Instance = in.ID
		if err := tx.InsertSetupLink(l.SetupLink); err != nil {
			return err
		}
		return s.auditSetupLink(tx, "created", l.SetupLink)
	})
	return l, err
}

// RevokedSetupLink is a setup link that was taken back.
type RevokedSetupLink struct {
	identity.SetupLink
	Instance identity.InstanceID
}

// RevokeSetupLink takes a setup link back, with a reason that may be empty. Whoever
// has it open is out at once. One that was taken back already stays as it is.
func (s *Service) RevokeSetupLink(ctx context.Context, id, reason string) (l RevokedSetupLink, err error) {
	if reason != "" {
		if err := checkSetupText("revocation_reason", reason); err != nil {
			return l, err
		}
	}
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		link := identity.SetupLinkID(id)
		if _, err := tx.SetupLink(link); err != nil {
			return store.Missing(err, fault.New(fault.NotFound, "resource", "admin portal link token"))
		}
		in, err := tx.Instance()
		if err != nil {
			return err
		}
		changed, err := tx.RevokeSetupLink(link, reason, s.Now())
		if err != nil {
			return err
		}
		l.Instance = in.ID
		if l.SetupLink, err = tx.SetupLink(link); err != nil || !changed {
			return err
		}
		return s.auditSetupLink(tx, "revoked", l.SetupLink)
	})
	return l, err
}

// SetupVisit is a browser at the setup pages of one organization.
type SetupVisit struct {
	Link         identity.SetupLink // with scopes and end
	Organization identity.Organization
	Browser      string // at the first visit: the secret that names the browser from now on
}

// OpenSetupLink lets a browser in by a link's token. The first one gets a secret,
// which it must bring with every later visit, whether by the link or to a page;
// browser is the one that it brought, if any. No other browser is let in (threat
// T-SES-16).
//
// Programs that look at mail follow links: call it for a click, not for a GET.
func (s *Service) OpenSetupLink(ctx context.Context, token, browser string) (v SetupVisit, err error) {
	fresh := secret.NewToken(setupTokenBytes)
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		v = SetupVisit{}
		l, err := tx.SetupLinkByTokenHash(s.Ring.HashToken("setup_link", token))
		if err != nil {
			return store.Missing(err, fault.New(fault.SetupLinkInvalid))
		}
		if l.BrowserHash != "" {
			if err := s.usable(l); err != nil {
				return err
			}
			if browser == "" || !s.Ring.MatchToken("setup_browser", browser, l.BrowserHash) {
				return fault.New(fault.SetupLinkUsed)
			}
			v, err = visit(tx, l)
			return err
		}
		if err := s.usable(l); err != nil {
			return err
		}
		free, err := tx.BindSetupLink(l.ID, s.Ring.HashToken("setup_browser", fresh), s.Now())
		if err != nil {
			return err
		}
		if !free {
			return fault.New(fault.SetupLinkUsed)
		}
		if l, err = tx.SetupLink(l.ID); err != nil {
			return err
		}
		if v, err = visit(tx, l); err != nil {
			return err
		}
		v.Browser = fresh
		return s.auditSetupLink(tx, "opened", l)
	})
	return v, err
}

// SetupVisit finds where the browser with a secret may be. Every page and every
// form of the setup pages asks, so that a link that was taken back ends at once.
func (s *Service) SetupVisit(ctx context.Context, browser string) (v SetupVisit, err error) {
	if browser == "" {
		return v, fault.New(fault.SetupLinkInvalid)
	}
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		l, err := tx.SetupLinkByBrowserHash(s.Ring.HashToken("setup_browser", browser))
		if err != nil {
			return store.Missing(err, fault.New(fault.SetupLinkInvalid))
		}
		if err := s.usable(l); err != nil {
			return err
		}
		v, err = visit(tx, l)
		return err
	})
	return v, err
}

// usable says why a link lets nobody in any more; nil if it does.
func (s *Service) usable(l identity.SetupLink) error {
	switch {
	case l.Revoked():
		return fault.New(fault.SetupLinkRevoked)
	case l.Expired(s.Now()):
		return fault.New(fault.SetupLinkExpired)
	}
	return nil
}

func visit(tx *store.Tx, l identity.SetupLink) (SetupVisit, error) {
	o, err := tx.Organization(l.OrganizationID)
	return SetupVisit{Link: l, Organization: o}, err
}

// auditSetupLink writes what became of a setup link into the audit log.
func (s *Service) auditSetupLink(tx *store.Tx, verb string, l identity.SetupLink) error {
	return s.audit(tx, identity.AuditEntry{Action: "setup_link." + verb, Subject: string(l.ID), OrganizationID: l.OrganizationID})
}
