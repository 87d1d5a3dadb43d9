package manage

import (
	"context"
	"net/url"
	"strings"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/store"
)

// AccessIdentifiers lists the rows of the allow-list or the block-list, newest
// first.
func (s *Service) AccessIdentifiers(ctx context.Context, l identity.AccessList, p Page) (list []identity.AccessIdentifier, total int, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		list, total, err = tx.AccessIdentifiers(l, p)
		return err
	})
	return list, total, err
}

// AddAccessIdentifier adds an address or a domain to a list. Lists are looked at
// only where the settings say so.
func (s *Service) AddAccessIdentifier(ctx context.Context, l identity.AccessList, text string) (identity.AccessIdentifier, error) {
	pattern, err := identity.ParseAccessPattern(strings.TrimSpace(text))
	if err != nil {
		return identity.AccessIdentifier{}, err
	}
	now := s.Now()
	a := identity.AccessIdentifier{ID: identity.NewID[identity.AccessID](now), List: l, Identifier: pattern, CreatedAt: now, UpdatedAt: now}
	return a, s.DB.Write(ctx, func(tx *store.Tx) error {
		fresh, err := tx.InsertAccessIdentifier(a)
		if err == nil && !fresh {
			err = fault.New(fault.DuplicateRecord, "param_name", "identifier")
		}
		if err != nil {
			return err
		}
		return s.audit(tx, identity.AuditEntry{
			Action: "access_identifier.created", Subject: string(a.ID), Detail: map[string]string{"list": string(l)},
		})
	})
}

// DeleteAccessIdentifier takes a row off a list.
func (s *Service) DeleteAccessIdentifier(ctx context.Context, l identity.AccessList, id identity.AccessID) error {
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		deleted, err := tx.DeleteAccessIdentifier(l, id)
		if err == nil && !deleted {
			err = fault.New(fault.NotFound, "resource", string(l)+"-list identifier")
		}
		if err != nil {
			return err
		}
		return s.audit(tx, identity.AuditEntry{
			Action: "access_identifier.deleted", Subject: string(id), Detail: map[string]string{"list": string(l)},
		})
	})
}

// RedirectURLs lists the URLs that people may be sent to, newest first.
func (s *Service) RedirectURLs(ctx context.Context, p Page) (list []identity.RedirectURL, total int, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		list, total, err = tx.RedirectURLs(p)
		return err
	})
	return list, total, err
}

// RedirectURL reads one.
func (s *Service) RedirectURL(ctx context.Context, id identity.RedirectID) (u identity.RedirectURL, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		u, err = tx.RedirectURL(id)
		return store.Missing(err, fault.New(fault.NotFound, "resource", "redirect URL"))
	})
	return u, err
}

// AddRedirectURL lists a URL, such as that of a native application.
func (s *Service) AddRedirectURL(ctx context.Context, text string) (identity.RedirectURL, error) {
	if err := checkRedirectURL(text); err != nil {
		return identity.RedirectURL{}, err
	}
	now := s.Now()
	u := identity.RedirectURL{ID: identity.NewID[identity.RedirectID](now), URL: text, CreatedAt: now, UpdatedAt: now}
	return u, s.DB.Write(ctx, func(tx *store.Tx) error {
		fresh, err := tx.InsertRedirectURL(u)
		if err == nil && !fresh {
			err = fault.New(fault.DuplicateRecord, "param_name", "url")
		}
		if err != nil {
			return err
		}
		return s.audit(tx, identity.AuditEntry{Action: "redirect_url.created", Subject: string(u.ID)})
	})
}

// DeleteRedirectURL takes a URL off the list.
func (s *Service) DeleteRedirectURL(ctx context.Context, id identity.RedirectID) error {
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		deleted, err := tx.DeleteRedirectURL(id)
		if err == nil && !deleted {
			err = fault.New(fault.NotFound, "resource", "redirect URL")
		}
		if err != nil {
			return err
		}
		return s.audit(tx, identity.AuditEntry{Action: "redirect_url.deleted", Subject: string(id)})
	})
}

// maxRedirectURL is in bytes: what a sign-in takes. Ours.
const maxRedirectURL = 2048

// checkRedirectURL admits https, http on this very machine, and the schemes of
// applications, but none that a browser runs or reads files by.
func checkRedirectURL(text string) error {
	bad := fault.New(fault.FormParamFormatInvalid, "param_name", "url")
	u, err := url.Parse(text)
	if err != nil || len(text) > maxRedirectURL || u.Scheme == "" || u.Host == "" || u.Opaque != "" || u.User != nil ||
		strings.ContainsAny(text, "\\ \r\n\t\x00") {
		return bad.Because(err)
	}
	switch u.Scheme {
	case "http":
		if h := u.Hostname(); h != "localhost" && h != "127.0.0.1" && h != "::1" {
			return fault.New(fault.FormParamValueInvalid, "param_name", "url")
		}
	case "javascript", "data", "vbscript", "file", "blob", "about", "filesystem", "view-source":
		return fault.New(fault.FormParamValueInvalid, "param_name", "url")
	}
	return nil
}
