package policy

import (
	"slices"
	"strings"

	"usher/internal/fault"
	"usher/internal/identity"
)

// DomainUse is what a domain is wanted for.
type DomainUse int

// The uses of a domain.
const (
	UseSSO      DomainUse = iota // a connection speaks for it
	UseVerified                  // a Verified Domain, which enrolls people
)

// DomainFacts is what Domain looks at.
type DomainFacts struct {
	Use          DomainUse
	Domain       identity.Domain
	Organization identity.OrgID // empty: an application-wide connection

	Connection      identity.ConnectionID // with UseSSO: the one that wants it; empty: a new one
	AllowSubdomains bool                  // with UseSSO: the names below are wanted too
	Self            identity.DomainID     // with UseVerified: the row about to be verified; empty: a new one

	// Mode is how people are to be enrolled, with UseVerified. EnrollmentSSO lists
	// the domain so that a connection may have it.
	Mode identity.EnrollmentMode

	Blocked    []identity.Domain  // by the deployment's settings
	Disposable identity.DomainSet // besides those that are known here

	// Connections are those of any organization and in any state that list the
	// domain, one above it or one below it.
	Connections []identity.Connection

	// Listed are the rows of this name, of any organization.
	Listed []identity.OrganizationDomain
}

// Domain decides whether a domain may be used so here. It is asked when the
// domain is listed and again when it is verified, enabled or moved: the facts may
// have changed.
func Domain(f DomainFacts) Decision {
	var t Trace
	if !t.note("not_public_suffix", !f.Domain.IsPublicSuffix(), string(f.Domain)) {
		return deny(t, fault.New(fault.FormParamValueInvalid, "param_name", f.param()).Detail("reason", "public_suffix"))
	}
	if f.AllowSubdomains && !t.note("registrable", f.Domain.IsRegistrable(), string(f.Domain)) {
		return deny(t, fault.New(fault.FormParamValueInvalid, "param_name", "allow_subdomains").Detail("reason", "not_registrable"))
	}
	if !t.note("not_common", !isFreeMail(f.Domain), string(f.Domain)) {
		return deny(t, fault.New(fault.OrganizationDomainCommon, "param_name", f.param(), "domain", string(f.Domain)))
	}
	if !t.note("not_blocked", !isDisposable(f.Domain, f.Disposable) && !among(f.Domain, f.Blocked), string(f.Domain)) {
		return deny(t, fault.New(fault.OrganizationDomainBlocked, "param_name", f.param(), "domain", string(f.Domain)))
	}
	var err error
	if f.Use == UseVerified {
		err = verifiedDomain(&t, f)
	} else {
		err = ssoDomain(&t, f)
	}
	return Decision{Denied: err, Trace: t}
}

func (f DomainFacts) param() string {
	if f.Use == UseVerified {
		return "name"
	}
	return "domains"
}

func ssoDomain(t *Trace, f DomainFacts) error {
	if !t.note("not_enrolled_here", !f.enrolledHere(), string(f.Domain)) {
		return fault.New(fault.OrganizationDomainExistsForEnrollment, "param_name", "domains", "domain", string(f.Domain))
	}
	if !t.note("not_taken", !slices.ContainsFunc(f.Connections, f.takenBy), string(f.Domain)) {
		return fault.New(fault.ConnectionDomainTaken, "param_name", "domains", "domain", string(f.Domain))
	}
	return nil
}

// enrolledHere reports whether the organization enrolls people by the domain. An
// unverified row does not yet; it will be judged when it is verified.
func (f DomainFacts) enrolledHere() bool {
	return slices.ContainsFunc(f.Listed, func(d identity.OrganizationDomain) bool { return f.enrolls(d) && d.Name == f.Domain })
}

func (f DomainFacts) enrolls(d identity.OrganizationDomain) bool {
	return f.Organization != "" && d.OrganizationID == f.Organization && d.Enrolls()
}

// takenBy reports whether a connection of another organization speaks for the
// domain or for some of what is wanted below it; switched off or not, for it may
// be switched on. Within an organization several connections may share a domain,
// and so may one of the application with one of an organization: only an
// operator makes the former.
func (f DomainFacts) takenBy(c identity.Connection) bool {
	if c.ID == f.Connection || c.OrganizationID == f.Organization || c.OrganizationID == "" || f.Organization == "" {
		return false
	}
	return c.Serves(f.Domain) ||
		f.AllowSubdomains && slices.ContainsFunc(c.Domains, func(d identity.Domain) bool { return d.IsSubdomainOf(f.Domain) })
}

func verifiedDomain(t *Trace, f DomainFacts) error {
	sso := f.Mode == identity.EnrollmentSSO
	if !sso && !t.note("not_sso_here", !slices.ContainsFunc(f.Connections, f.ssoHere), string(f.Domain)) {
		return fault.New(fault.OrganizationDomainExistsForSSO, "param_name", "name", "domain", string(f.Domain))
	}
	if !t.note("not_listed_here", !slices.ContainsFunc(f.Listed, f.listedHere), string(f.Domain)) {
		return fault.New(fault.OrganizationDomainAlreadyExistsSame, "param_name", "name", "domain", string(f.Domain))
	}
	if !t.note("not_verified_elsewhere", !slices.ContainsFunc(f.Listed, f.verifiedElsewhere), string(f.Domain)) {
		return fault.New(fault.OrganizationDomainAlreadyExists, "param_name", "name", "domain", string(f.Domain))
	}
	return nil
}

func (f DomainFacts) ssoHere(c identity.Connection) bool {
	return f.Organization != "" && c.OrganizationID == f.Organization && c.Serves(f.Domain)
}

func (f DomainFacts) listedHere(d identity.OrganizationDomain) bool {
	return d.Name == f.Domain && d.OrganizationID == f.Organization && d.ID != f.Self
}

func (f DomainFacts) verifiedElsewhere(d identity.OrganizationDomain) bool {
	return d.Name == f.Domain && d.OrganizationID != f.Organization && d.Claimed()
}

// ConnectionDomainFacts is what ConnectionDomains looks at.
type ConnectionDomainFacts struct {
	Connection identity.Connection           // as it is to be
	Before     identity.Connection           // as it stands; zero: it is being created
	Others     []identity.Connection         // as for Domain; the connection itself may be among them
	Listed     []identity.OrganizationDomain // as for Domain
	Disposable identity.DomainSet            // as for Domain
}

// ConnectionDomainDecision is the decision of ConnectionDomains.
type ConnectionDomainDecision struct {
	Decision

	// DropVerifiedDomains are the Verified Domains that end with the enabling of
	// the connection.
	DropVerifiedDomains []identity.DomainID
}

// Unconsented refuses what would end a Verified Domain: for callers that must ask
// first, as those of Clerk's older API (behaviour 1.23).
func (d ConnectionDomainDecision) Unconsented() error {
	if d.Denied == nil && len(d.DropVerifiedDomains) > 0 {
		return fault.New(fault.OrganizationDomainExistsForEnrollment, "param_name", "consent_verified_domains_deletion")
	}
	return d.Denied
}

// ConnectionDomains asks Domain about every domain of a connection that is about
// to be created or changed. A Verified Domain of its organization stands in the
// way of a domain that is added; where the connection has the domain already,
// enabling it removes the Verified Domain, as Clerk's Backend API does.
func ConnectionDomains(f ConnectionDomainFacts) ConnectionDomainDecision {
	var out ConnectionDomainDecision
	c := f.Connection
	here := f.Before.OrganizationID == c.OrganizationID
	for _, name := range c.Domains {
		ask := DomainFacts{
			Use: UseSSO, Domain: name, Organization: c.OrganizationID, Connection: c.ID,
			AllowSubdomains: c.Config.AllowSubdomains, Connections: f.Others, Listed: f.Listed, Disposable: f.Disposable,
		}
		var drop []identity.DomainID
		if here && slices.Contains(f.Before.Domains, name) {
			ask.Listed, drop = split(f.Listed, ask)
		}
		d := Domain(ask)
		out.Trace = append(out.Trace, d.Trace...)
		if out.Denied = d.Denied; out.Denied != nil {
			out.DropVerifiedDomains = nil
			return out
		}
		if c.Active {
			out.DropVerifiedDomains = append(out.DropVerifiedDomains, drop...)
		}
	}
	return out
}

// split separates the Verified Domains of the name here from the other rows.
func split(rows []identity.OrganizationDomain, f DomainFacts) (rest []identity.OrganizationDomain, enrolled []identity.DomainID) {
	for _, d := range rows {
		if d.Name == f.Domain && f.enrolls(d) {
			enrolled = append(enrolled, d.ID)
		} else {
			rest = append(rest, d)
		}
	}
	return rest, enrolled
}

// ActivateFacts is what Activate looks at.
type ActivateFacts struct {
	Connection  identity.Connection
	Credentials bool // with an EASIE provider: the deployment has a client there
}

// Activate decides whether a connection has all that it needs to be switched on.
func Activate(f ActivateFacts) Decision {
	var t Trace
	c := f.Connection
	known := c.Provider.IsSAML() || c.Provider.IsOIDC() || c.Provider.IsEASIE()
	if !t.note("protocol_known", known, string(c.Provider)) {
		return deny(t, fault.New(fault.SSOInvalidType))
	}
	var err error
	switch {
	case c.Provider.IsSAML():
		err = activateSAML(&t, c)
	case c.Provider.IsOIDC():
		err = activateOIDC(&t, c)
	default: // EASIE
		if !t.note("credentials_present", f.Credentials, string(c.Provider)) {
			err = fault.New(fault.EASIEInvalidOAuthCredentials, "param_name", "provider")
		}
	}
	return Decision{Denied: err, Trace: t}
}

func activateSAML(t *Trace, c identity.Connection) error {
	missing := c.Config.SAML.MissingFields()
	if len(c.Domains) == 0 {
		missing = append(missing, "domains")
	}
	if !t.note("configured", len(missing) == 0, strings.Join(missing, " ")) {
		return fault.New(fault.SAMLConnectionCantBeActivated, "missing_fields", missing)
	}
	return nil
}

func activateOIDC(t *Trace, c identity.Connection) error {
	missing := c.Config.OIDC.MissingFields()
	if !t.note("configured", len(missing) == 0, strings.Join(missing, " ")) {
		errs := make([]error, len(missing))
		for i, name := range missing {
			errs[i] = fault.New(fault.FormParamMissing, "param_name", name)
		}
		return fault.Join(errs...)
	}
	public := c.Config.OIDC.SecretID == ""
	if !t.note("public_client_has_pkce", !public || c.Config.OIDC.RequiresPKCE, "") {
		return fault.New(fault.FormPublicClientRequiresPKCE, "param_name", "requires_pkce")
	}
	// Without a secret only the issuer in the answer tells whose code it is: one
	// redirect URI serves all connections (threat T-OIDC-05).
	if !t.note("public_client_names_issuer", !public || c.Config.OIDC.IssuerInAnswer, "") {
		return fault.New(fault.FormParamMissing, "param_name", "client_secret")
	}
	return nil
}
