package identity

import (
	"strings"
	"time"

	"usher/internal/fault"
)

// AccessList is the allow-list or the block-list.
type AccessList string

// The lists.
const (
	AllowList AccessList = "allow"
	BlockList AccessList = "block"
)

// AccessIdentifier is a row of a list: an address, or all addresses of a domain.
type AccessIdentifier struct {
	ID         AccessID
	List       AccessList
	Identifier AccessPattern
	CreatedAt  time.Time
	UpdatedAt  time.Time
}

// AccessPattern is an address in its stored form, or "*@" and a domain.
type AccessPattern string

// ParseAccessPattern reads an address, "*@acme.com", "@acme.com" or "acme.com";
// the last three mean the same.
func ParseAccessPattern(s string) (AccessPattern, error) {
	local, domain, ok := strings.Cut(s, "@")
	if ok && local != "" && local != "*" {
		e, err := ParseEmail(s)
		if err != nil {
			return "", fault.New(fault.FormParamFormatInvalid, "param_name", "identifier").Because(err)
		}
		return AccessPattern(e), nil
	}
	if !ok {
		domain = s
	}
	d, err := ParseDomain(domain)
	if err != nil {
		return "", fault.New(fault.FormParamFormatInvalid, "param_name", "identifier").Because(err)
	}
	return "*@" + AccessPattern(d), nil
}

// AccessPatterns are the patterns that mean an address: itself and its domain.
// A subdomain is another domain.
func (e Email) AccessPatterns() []AccessPattern {
	return []AccessPattern{AccessPattern(e), "*@" + AccessPattern(e.Domain())}
}

// IsSubaddress reports whether the address names a part of somebody's mailbox,
// as "ada+shop@acme.com" does by the habit of most mail servers.
func (e Email) IsSubaddress() bool { return strings.Contains(e.Local(), "+") }

// RedirectURL is a URL that people may be sent to after signing in, character by
// character.
type RedirectURL struct {
	ID        RedirectID
	URL       string
	CreatedAt time.Time
	UpdatedAt time.Time
}
