package guide

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"usher/internal/identity"
)

//go:embed guides/*.guide
var files embed.FS

// Set is all guides.
type Set struct{ list []Guide }

// Load reads the guides. Call it at start: a file that is wrong is an error of the
// release.
func Load() (*Set, error) { return load(files) }

func load(from fs.FS) (*Set, error) {
	names, err := fs.Glob(from, "guides/*.guide")
	if err != nil {
		return nil, fmt.Errorf("guide: listing: %w", err)
	}
	s := &Set{}
	for _, name := range names {
		text, err := fs.ReadFile(from, name)
		if err != nil {
			return nil, fmt.Errorf("guide: reading: %w", err)
		}
		g, err := parse(string(text))
		if err != nil {
			return nil, fmt.Errorf("guide: %s: %w", path.Base(name), err)
		}
		if g.Key != strings.TrimSuffix(path.Base(name), ".guide") {
			return nil, fmt.Errorf("guide: %s: the key is %q", path.Base(name), g.Key)
		}
		s.list = append(s.list, g)
	}
	slices.SortStableFunc(s.list, func(a, b Guide) int { return rank(a.Key) - rank(b.Key) })
	return s, nil
}

// order is that of a choice: first what most companies have, last what fits all.
var order = []string{
	"okta_saml", "entra_saml", "google_saml", "okta_oidc", "entra_oidc", "google_easie", "microsoft_easie",
	"onelogin_saml", "pingone_saml", "jumpcloud_saml", "adfs_saml", "auth0_saml", "keycloak_saml", "shibboleth_saml",
	"duo_saml", "cyberark_saml", "rippling_saml", "generic_saml", "generic_oidc",
}

func rank(key string) int {
	if i := slices.Index(order, key); i >= 0 {
		return i
	}
	return len(order)
}

// All lists the guides in the order of a choice.
func (s *Set) All() []Guide { return slices.Clone(s.list) }

// Find returns the guide of a key; ok is false if there is none.
func (s *Set) Find(key string) (g Guide, ok bool) {
	i := slices.IndexFunc(s.list, func(g Guide) bool { return g.Key == key })
	if i < 0 {
		return Guide{}, false
	}
	return s.list[i], true
}

// For returns the guide for a connection whose provider is known and no more: the
// provider's own, or the generic one of its protocol.
func (s *Set) For(p identity.Provider) (Guide, bool) {
	switch p {
	case identity.SAMLCustom:
		return s.Find("generic_saml")
	case identity.OIDCCustom, identity.OIDCGitLab, identity.OIDCGitHubEnterprise:
		return s.Find("generic_oidc")
	default:
	}
	i := slices.IndexFunc(s.list, func(g Guide) bool { return g.Provider == p })
	if i < 0 {
		return Guide{}, false
	}
	return s.list[i], true
}

// Suggest looks through the attribute names that a provider has sent for those that
// are known to hold the address and the names of a person. What it does not find
// stays empty. Names match exactly, as those of a mapping do.
func (s *Set) Suggest(sent []string) identity.AttributeMapping {
	return identity.AttributeMapping{
		EmailAddress: s.known(sent, func(n Names) []string { return n.EmailAddress }),
		FirstName:    s.known(sent, func(n Names) []string { return n.FirstName }),
		LastName:     s.known(sent, func(n Names) []string { return n.LastName }),
	}
}

func (s *Set) known(sent []string, names func(Names) []string) string {
	for _, g := range s.list {
		if g.Protocol != SAML {
			continue
		}
		for _, name := range names(g.Sends) {
			if slices.Contains(sent, name) {
				return name
			}
		}
	}
	return ""
}
