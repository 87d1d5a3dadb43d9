package identity

import (
	"slices"
	"time"
)

// EnrollmentMode says what a domain listed by an organization does for people
// whose address is there.
type EnrollmentMode string

// The modes. EnrollmentSSO lists a domain for self-serve SSO; the others make it
// a Verified Domain once it is verified.
const (
	EnrollmentManual     EnrollmentMode = "manual_invitation"
	EnrollmentInvitation EnrollmentMode = "automatic_invitation"
	EnrollmentSuggestion EnrollmentMode = "automatic_suggestion"
	EnrollmentSSO        EnrollmentMode = "enterprise_sso"
)

// EnrollmentModes lists the modes in the order in which they are shown.
func EnrollmentModes() []EnrollmentMode {
	return []EnrollmentMode{EnrollmentManual, EnrollmentInvitation, EnrollmentSuggestion, EnrollmentSSO}
}

// IsKnown reports whether the mode is one of those that there are.
func (m EnrollmentMode) IsKnown() bool { return slices.Contains(EnrollmentModes(), m) }

// IsAutomatic reports whether people come in by the mode without being asked by
// anybody.
func (m EnrollmentMode) IsAutomatic() bool {
	return m == EnrollmentInvitation || m == EnrollmentSuggestion
}

// ProofStatus is how far a proof about a domain is, as Clerk's API says it.
type ProofStatus string

// The states. Only an affiliation fails: a challenge in the DNS may be tried until
// it expires.
const (
	ProofUnverified ProofStatus = "unverified"
	ProofVerified   ProofStatus = "verified"
	ProofFailed     ProofStatus = "failed"
	ProofExpired    ProofStatus = "expired"
)

// OrganizationDomain is a domain that an organization lists. Two proofs are told
// apart: that somebody of the organization reads mail there, by which people are
// enrolled, and that the organization owns it, for which SSO asks.
type OrganizationDomain struct {
	ID             DomainID
	OrganizationID OrgID
	Name           Domain
	EnrollmentMode EnrollmentMode
	Verified       bool // affiliation proved
	Affiliation    Affiliation
	Ownership      Ownership
	CreatedAt      time.Time
	UpdatedAt      time.Time
}

// Enrolls reports whether people are let in by the domain: by hand or by
// themselves.
func (d OrganizationDomain) Enrolls() bool { return d.Verified && d.EnrollmentMode != EnrollmentSSO }

// Claimed reports whether the organization has shown in either way that the
// domain is its own, so that no other may.
func (d OrganizationDomain) Claimed() bool { return d.Verified || d.Ownership.Verified() }

// The strategies of an affiliation.
const (
	AffiliationByCode  = "email_code"
	AffiliationByAdmin = "admin" // somebody with a secret key said so
)

// MaxAffiliationTries is how many codes may be wrong before another is needed.
// Ours, as of sign-in codes.
const MaxAffiliationTries = 5

// Affiliation is the proof that somebody reads mail at a domain.
type Affiliation struct {
	Email      Email  // empty: none was named
	Strategy   string // empty: not begun
	Code       CodeChallenge
	VerifiedAt time.Time
}

// AffiliationStatus is how far the affiliation is; empty when nobody began.
func (d OrganizationDomain) AffiliationStatus(now time.Time) ProofStatus {
	switch {
	case d.Verified:
		return ProofVerified
	case d.Affiliation.Strategy == "":
		return ""
	case d.Affiliation.Code.Tries >= MaxAffiliationTries:
		return ProofFailed
	case !now.Before(d.Affiliation.Code.ExpiresAt):
		return ProofExpired
	}
	return ProofUnverified
}

// OwnershipStrategy says what shows that an organization owns a domain.
type OwnershipStrategy string

// The strategies.
const (
	OwnershipTXT    OwnershipStrategy = "txt"             // a record in the DNS
	OwnershipManual OwnershipStrategy = "manual_override" // an operator's word
	OwnershipParent OwnershipStrategy = "parent_domain"   // a domain above it that the organization owns
	OwnershipLegacy OwnershipStrategy = "legacy"          // it was verified before there was a proof
)

// Ownership is the proof that an organization runs a domain. Its zero value is a
// proof that nobody asked for.
type Ownership struct {
	Strategy     OwnershipStrategy
	Value        string // what the TXT record has to say
	Attempts     int
	ExpiresAt    time.Time // of the challenge
	VerifiedAt   time.Time // zero: not verified
	SeenAt       time.Time // when the record was there last
	MissingSince time.Time // zero: it was there when it was looked for last
	NextAt       time.Time // when to look again; zero: never
}

// Verified reports whether the proof stands.
func (o Ownership) Verified() bool { return !o.VerifiedAt.IsZero() }

// Status is how far the proof is; empty when nobody asked for one.
func (o Ownership) Status(now time.Time) ProofStatus {
	switch {
	case o.Strategy == "":
		return ""
	case o.Verified():
		return ProofVerified
	case !now.Before(o.ExpiresAt):
		return ProofExpired
	}
	return ProofUnverified
}

// Open reports whether a challenge waits for its record, or a proof whose record
// is missing would stand again with it.
func (o Ownership) Open(now time.Time) bool {
	return o.Strategy == OwnershipTXT && (o.Status(now) == ProofUnverified || !o.MissingSince.IsZero() && o.Verified())
}

// OwnershipRecord is the name of the TXT record that proves who owns a domain.
func (d Domain) OwnershipRecord() string { return ownershipLabel + string(d) }

const ownershipLabel = "_usher-challenge."

// HasOwnershipRecord reports whether the name of the record is short enough to be
// one.
func (d Domain) HasOwnershipRecord() bool { return len(d.OwnershipRecord()) <= maxDomain }
