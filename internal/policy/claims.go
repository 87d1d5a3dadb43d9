package policy

import (
	"strings"

	"usher/internal/fault"
	"usher/internal/identity"
)

// Protocol is how a provider spoke.
type Protocol string

// The protocols.
const (
	ProtocolSAML Protocol = "saml"
	ProtocolOIDC Protocol = "oidc"
)

// Claims is what an identity provider vouches for, after its signature and all
// checks of the protocol: the same for every protocol.
type Claims struct {
	Protocol Protocol `json:"protocol"`

	// Subject is the provider's name for the person: the NameID or the attribute
	// that the connection maps to user_id; at OpenID Connect "sub"; at Entra the
	// tenant and the object in it.
	Subject       string `json:"subject"`
	SubjectFormat string `json:"subject_format,omitempty"` // of a NameID; empty otherwise

	// Email is empty where the provider sent no address, several, or none that
	// ParseEmail takes. RawEmail is as it came, for administrators only.
	Email         identity.Email `json:"email"`
	RawEmail      string         `json:"raw_email,omitempty"`
	EmailName     string         `json:"email_name,omitempty"` // the attribute that it was read from
	EmailVerified bool           `json:"email_verified"`       // always so at SAML

	// EmailUnsaid says that the provider did not say whether the address is
	// verified; then the connection's default counts (behaviour 1.51).
	EmailUnsaid bool `json:"email_unsaid,omitempty"`

	Tenant *Tenant `json:"tenant,omitempty"` // of a multi-tenant provider (EASIE); nil elsewhere

	FirstName      string            `json:"first_name,omitempty"`
	LastName       string            `json:"last_name,omitempty"`
	PublicMetadata identity.Metadata `json:"public_metadata,omitempty"` // by key of public metadata

	Warnings []string `json:"warnings,omitempty"` // what was left out, in words; nothing is decided by them
}

// Tenant is what a multi-tenant provider says about where the person belongs.
type Tenant struct {
	HostedDomain string `json:"hosted_domain,omitempty"` // Google: "hd"
	ID           string `json:"id,omitempty"`            // Microsoft: "tid"
	OwnsDomain   bool   `json:"owns_domain,omitempty"`   // Microsoft: "xms_edov", the tenant has proved the address's domain
	Guest        bool   `json:"guest,omitempty"`         // Microsoft: "acct" is 1
}

const (
	// transientFormat marks a NameID that is another one every time (saml-core,
	// section 8.3.8).
	transientFormat = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"

	// maxSubject is in bytes. The specification says 256 characters for the
	// formats that have a limit; ours leaves room for attributes.
	maxSubject = 1024
)

// subjectMissing is the refusal of claims that name nobody.
func (c Claims) subjectMissing(mapped, reason, received string) error {
	switch {
	case c.Protocol == ProtocolOIDC:
		return fault.New(fault.SSOUserAttributeMissing, "missing_attribute", "sub").Detail("reason", reason)
	case mapped != "":
		return fault.New(fault.SAMLUserAttributeMissing, "missing_attribute", mapped).Detail("reason", reason)
	}
	return fault.New(fault.SAMLResponseInvalid).Detail("reason", "nameid",
		"expected", "a NameID that stays the same, or an attribute mapped to user_id", "received", received)
}

func (c Claims) attributeMissing(name, reason string) error {
	code := fault.SAMLUserAttributeMissing
	if c.Protocol == ProtocolOIDC {
		code = fault.SSOUserAttributeMissing
	}
	return fault.New(code, "missing_attribute", name).Detail("reason", reason, "received", cut(c.RawEmail))
}

func (c Claims) domainMismatch(expected, received, reason string) *fault.Error {
	code := fault.SAMLEmailAddressDomainMismatch
	if c.Protocol == ProtocolOIDC {
		code = fault.SSOEmailAddressDomainMismatch
	}
	return fault.New(code, "expected_domain", expected, "received_domain", received).Detail("reason", reason)
}

// cut shortens what a provider sent to what an administrator reads, in bytes.
func cut(s string) string {
	const limit = 256
	if len(s) > limit {
		return strings.ToValidUTF8(s[:limit], "") + "…"
	}
	return s
}
