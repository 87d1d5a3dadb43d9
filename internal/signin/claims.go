package signin

import (
	"regexp"
	"slices"
	"strings"
	"time"

	"usher/internal/identity"
	"usher/internal/oidc"
	"usher/internal/policy"
	"usher/internal/saml"
)

const (
	// metadataPrefix is the claim name that becomes public metadata without a
	// definition: behaviour 1.67.
	metadataPrefix = "public_metadata_"

	// maxClaimMetadata bounds what a provider can put into public metadata, in
	// bytes of keys and values (threats T-SAML-33, T-DOS-15).
	maxClaimMetadata = 8 << 10
)

// metadataKey is the form of a key of public metadata that a provider may set:
// behaviour 1.68.
var metadataKey = regexp.MustCompile(`^[A-Za-z0-9-][A-Za-z0-9_-]{0,127}$`)

// samlClaims maps a verified assertion to what policy judges. From here on SAML
// and OIDC are the same. Names match exactly, on Name and never on FriendlyName
// (threat T-SAML-32).
func samlClaims(c identity.Connection, a *saml.Assertion) policy.Claims {
	m := c.Config.SAML.Mapping.WithPreset(c.Provider)
	claims := policy.Claims{
		Protocol:      policy.ProtocolSAML,
		Subject:       a.NameID,
		SubjectFormat: a.NameIDFormat,
		EmailVerified: true, // behaviour 1.46
		EmailName:     m.EmailAddress,
		FirstName:     first(a, m.FirstName),
		LastName:      first(a, m.LastName),
	}
	if m.UserID != "" {
		claims.Subject, claims.SubjectFormat = only(a, m.UserID), ""
	}
	claims.RawEmail = only(a, m.EmailAddress)
	if claims.RawEmail != "" {
		if email, err := identity.ParseEmail(claims.RawEmail); err == nil {
			claims.Email = email
		}
	}
	claims.PublicMetadata, claims.Warnings = publicMetadata(c.Config.CustomAttributes, a)
	return claims
}

// only is the value of an attribute that may have just one, blank and equal ones
// apart; empty if there is none, or more than one.
func only(a *saml.Assertion, name string) string {
	found := ""
	for _, v := range values(a, name) {
		switch {
		case found == "":
			found = v
		case !strings.EqualFold(found, v):
			return ""
		}
	}
	return found
}

func first(a *saml.Assertion, name string) string {
	if v := values(a, name); len(v) > 0 {
		return v[0]
	}
	return ""
}

// values are the trimmed, non-blank values of every attribute of the name.
func values(a *saml.Assertion, name string) []string {
	var list []string
	for _, attr := range a.Attributes {
		if attr.Name != name {
			continue
		}
		list = append(list, attr.Values...)
	}
	return trimmed(list)
}

// trimmed are the values without space around them; blank ones are none.
func trimmed(list []string) []string {
	var out []string
	for _, v := range list {
		if v = strings.TrimSpace(v); v != "" {
			out = append(out, v)
		}
	}
	return out
}

// samlNames are the names of the attributes, for the attempt.
func samlNames(a *saml.Assertion) []string {
	var names []string
	if a == nil {
		return nil
	}
	for _, attr := range a.Attributes {
		names = seeName(names, attr.Name)
	}
	return names
}

// maxSeenName is the longest name of an attribute that is kept, in bytes. Ours.
const maxSeenName = 256

func seeName(names []string, name string) []string {
	if len(names) == identity.MaxSeen || name == "" || len(name) > maxSeenName || slices.Contains(names, name) {
		return names
	}
	return append(names, name)
}

// oidcSeen is when the ID token was made, and the names of the claims that came.
func oidcSeen(r oidc.Redeemed) (issued time.Time, names []string) {
	who := r.Result.Identity
	if who == nil {
		return oidc.Inspect(r.Evidence).IssuedAt, nil
	}
	for _, list := range [][]string{who.IDToken.Names(), who.UserInfo.Names()} {
		for _, n := range list {
			names = seeName(names, n)
		}
	}
	return who.IssuedAt, names
}

func has(a *saml.Assertion, name string) bool {
	for _, attr := range a.Attributes {
		if attr.Name == name {
			return true
		}
	}
	return false
}

// oidcClaims maps what an OpenID provider vouches for to what policy judges.
func oidcClaims(c identity.Connection, id *oidc.Identity) policy.Claims {
	m := oidcConfig(c).Mapping.WithPreset(c.Provider)
	claims := policy.Claims{
		Protocol:      policy.ProtocolOIDC,
		Subject:       subjectOf(c, m, id),
		RawEmail:      id.Email,
		EmailName:     m.EmailAddress,
		EmailVerified: id.EmailVerified == oidc.VerifiedYes,
		EmailUnsaid:   id.EmailVerified == oidc.VerifiedUnsaid,
		FirstName:     claimText(id, m.FirstName),
		LastName:      claimText(id, m.LastName),
	}
	if email, err := identity.ParseEmail(id.Email); err == nil {
		claims.Email = email
	}
	if c.Provider.IsEASIE() {
		claims.Tenant = &policy.Tenant{
			HostedDomain: id.HostedDomain, ID: id.TenantID, OwnsDomain: id.EDOV == oidc.VerifiedYes, Guest: id.Acct == "1",
		}
	}
	b := metadataBuilder{metadata: identity.Metadata{}}
	for _, def := range c.Config.CustomAttributes {
		if v, ok := id.Lookup(def.SSOPath); ok && def.SSOPath != "" {
			b.define(def, trimmed(v.Texts()))
		}
	}
	claims.PublicMetadata, claims.Warnings = b.result()
	return claims
}

// subjectOf is the person's key at the connection: what lasts when all else
// changes. At Entra "sub" is another one for each application, so it is the object
// in its tenant.
func subjectOf(c identity.Connection, m identity.ClaimMapping, id *oidc.Identity) string {
	switch {
	case c.Provider == identity.OAuthMicrosoft:
		if id.TenantID == "" || id.ObjectID == "" {
			return ""
		}
		return id.TenantID + ":" + id.ObjectID
	case c.Provider.IsEASIE() || m.UserID == "sub" || c.Provider == identity.OIDCGitHubEnterprise:
		return id.Subject
	}
	return claimText(id, m.UserID)
}

// claimText is a claim's one text; empty where it has none, or a list.
func claimText(id *oidc.Identity, path string) string {
	if path == "" {
		return ""
	}
	v, _ := id.Lookup(path)
	return strings.TrimSpace(v.Text)
}

// publicMetadata is what custom attributes and public_metadata_ claims become:
// behaviours 1.67 to 1.69. Keys out of form and values over the limit are left
// out, with a warning.
func publicMetadata(defs []identity.CustomAttribute, a *saml.Assertion) (identity.Metadata, []string) {
	b := metadataBuilder{metadata: identity.Metadata{}}
	for _, attr := range a.Attributes {
		if key, ok := strings.CutPrefix(attr.Name, metadataPrefix); ok {
			if v := values(a, attr.Name); len(v) == 1 {
				b.put(key, v[0], len(v[0]))
			} else if len(v) > 1 {
				b.putList(key, v)
			}
		}
	}
	for _, def := range defs {
		if def.SSOPath != "" && has(a, def.SSOPath) {
			b.define(def, values(a, def.SSOPath))
		}
	}
	return b.result()
}

type metadataBuilder struct {
	metadata identity.Metadata
	size     int
	warnings []string
}

// define puts the values of a custom attribute: one, or a list.
func (b *metadataBuilder) define(def identity.CustomAttribute, v []string) {
	switch {
	case def.MultiValued:
		b.putList(def.Key, v)
	case len(v) > 0:
		b.put(def.Key, v[0], len(v[0]))
	}
}

func (b *metadataBuilder) result() (identity.Metadata, []string) {
	if len(b.metadata) == 0 {
		return nil, b.warnings
	}
	return b.metadata, b.warnings
}

func (b *metadataBuilder) putList(key string, list []string) {
	size := 0
	out := make([]any, 0, len(list))
	for _, v := range list {
		size += len(v)
		out = append(out, v)
	}
	b.put(key, out, size)
}

func (b *metadataBuilder) put(key string, value any, size int) {
	switch {
	case !metadataKey.MatchString(key):
		b.warnings = append(b.warnings, "an attribute was left out: its key is not allowed in public metadata")
	case b.size+len(key)+size > maxClaimMetadata:
		b.warnings = append(b.warnings, "an attribute was left out: public metadata from a provider is limited to 8 KB")
	default:
		b.metadata[key] = value
		b.size += len(key) + size
	}
}
