package policy

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"usher/internal/identity"
)

// CertificateWarning is how long before its end a certificate is warned of. Ours.
const CertificateWarning = 30 * 24 * time.Hour

// Severity says how bad a finding is.
type Severity string

// The severities. With an error nobody could sign in: the draft is not promoted.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// Finding is what is wrong, or may be, with a configuration.
type Finding struct {
	Code     string // stable
	Severity Severity
	Field    string // the setting in question; empty: none in particular
	Plain    string // in plain words
	Fix      string // what to do; empty: it depends
}

// DraftFacts is what Diagnose looks at.
type DraftFacts struct {
	Now         time.Time
	Connection  identity.Connection // with the draft as its configuration
	Base        identity.RevisionID // that was live when the draft was begun
	Live        identity.RevisionID // that is live now
	BaseURL     string              // the deployment's own origin
	Credentials bool                // with an EASIE provider: the deployment has a client there

	Certificates    []CertificateFacts // of the provider, at SAML
	MetadataIssuer  string             // the entity ID in the provider's metadata; empty: there is none
	MetadataNotices []string           // what is unusual in it, in plain words

	SameIssuer []identity.Connection // live ones with the same provider; the connection itself may be among them
	Proof      identity.Proof        // of the draft as it is
	RunFailed  string                // why the newest test run of the draft failed; empty: it did not, or there was none
}

// CertificateFacts is what matters of a certificate.
type CertificateFacts struct {
	Subject     string
	From, Until time.Time
	Weak        bool // its key is too short without an exception
	Unusable    bool // its key is of a kind whose signatures are always refused
}

// Diagnose says what is wrong with a draft, and what may be: errors first. A draft
// with an error would let nobody sign in.
//
// Certificates count whatever their dates say (threat T-SAML-40), but a provider
// that signs with none that is in force is so rare that it must be shown once: a
// test run that ended well with the draft makes a warning of it.
func Diagnose(f DraftFacts) []Finding {
	d := &diagnosis{DraftFacts: f}
	if len(f.Connection.Domains) == 0 {
		d.fail("domain_missing", "domains", "The connection has no domain, so that nobody is led to it.", "Add a domain.")
	}
	switch conf := f.Connection.Config; {
	case f.Connection.Provider.IsSAML():
		d.saml(conf.SAML)
	case f.Connection.Provider.IsOIDC():
		d.openID(conf.OIDC)
	case f.Connection.Provider.IsEASIE():
		if !f.Credentials {
			d.fail("credentials_missing", "", "The deployment has no client at this provider.",
				"Whoever runs the deployment sets the client up, once for all connections.")
		}
	}
	d.neighbours()
	d.standing()
	slices.SortStableFunc(d.found, func(a, b Finding) int { return strings.Compare(string(a.Severity), string(b.Severity)) })
	return d.found
}

// Blocking are the findings with which a draft is not promoted.
func Blocking(list []Finding) []Finding {
	var out []Finding
	for _, f := range list {
		if f.Severity == SeverityError {
			out = append(out, f)
		}
	}
	return out
}

type diagnosis struct {
	DraftFacts
	found []Finding
}

func (d *diagnosis) fail(code, field, plain, fix string) {
	d.found = append(d.found, Finding{code, SeverityError, field, plain, fix})
}

func (d *diagnosis) warn(code, field, plain, fix string) {
	d.found = append(d.found, Finding{code, SeverityWarning, field, plain, fix})
}

func (d *diagnosis) saml(conf *identity.SAMLConfig) {
	for _, name := range conf.MissingFields() {
		if name == "idp_certificate" {
			d.fail("certificate_missing", "saml.idp_certificates", "There is no certificate by which the provider's answers could be verified.",
				"Import the provider's metadata, or copy its signing certificate.")
			continue
		}
		d.fail("setting_missing", "saml."+name, "The setting is empty.", "Import the provider's metadata, or copy the value from the provider.")
	}
	if conf == nil {
		return
	}
	own := d.BaseURL + "/v1/saml/"
	for _, s := range []struct{ field, value string }{{"saml.idp_entity_id", conf.IDPEntityID}, {"saml.idp_sso_url", conf.IDPSSOURL}} {
		if strings.HasPrefix(s.value, own) {
			d.fail("provider_is_this_service", s.field, "This is an address of this service, and not of the provider.",
				"Copy the entity ID and the SSO URL from the provider. Those of this service go there.")
		}
	}
	d.certificates(conf.Legacy.At(d.Now))
	if l := conf.Legacy; l != (identity.LegacyException{}) && l.At(d.Now) == (identity.LegacyException{}) {
		d.warn("exception_ended", "saml.legacy", "The exception for old cryptography has ended, and allows nothing any more.", "Remove it, or set another day.")
	}
	if d.MetadataIssuer != "" && d.MetadataIssuer != conf.IDPEntityID {
		d.warn("metadata_mismatch", "saml.idp_entity_id", fmt.Sprintf("The entity ID is not the one of the provider's metadata, %q.", cut(d.MetadataIssuer)),
			"Import the metadata again if the entity ID was not changed on purpose.")
	}
	for _, notice := range d.MetadataNotices {
		d.warn("metadata_notice", "saml.idp_metadata", notice, "")
	}
}

// certificates looks at the provider's certificates, of which one is enough.
func (d *diagnosis) certificates(exception identity.LegacyException) {
	ended, refused := 0, 0
	const field = "saml.idp_certificates"
	for _, c := range d.Certificates {
		name := fmt.Sprintf("%q", cut(c.Subject))
		switch {
		case c.Unusable || c.Weak && !exception.RSA1024:
			refused++
			d.warn("certificate_weak", field, "Signatures by the key of "+name+" are refused.", "Let the provider sign with RSA of 2,048 bits or more, or ECDSA.")
		case !d.Now.Before(c.Until):
			ended++
			d.warn("certificate_ended", field, fmt.Sprintf("%s ended on %s.", name, day(c.Until)), "Import the provider's metadata again, or copy its present certificate.")
		case !d.Now.Before(c.Until.Add(-CertificateWarning)):
			d.warn("certificate_ends_soon", field, fmt.Sprintf("%s ends on %s.", name, day(c.Until)), "Add the next certificate beside it as soon as the provider has it.")
		case d.Now.Before(c.From):
			d.warn("certificate_not_yet_valid", field, fmt.Sprintf("%s is valid from %s only.", name, day(c.From)), "Keep the certificate in force beside it.")
		}
	}
	all := len(d.Certificates)
	switch {
	case all == 0:
	case refused == all:
		d.fail("certificates_weak", field, "Signatures by every one of the certificates are refused.", "Let the provider sign with RSA of 2,048 bits or more, or ECDSA; or set a dated exception for RSA of 1,024.")
	case ended+refused == all && d.Proof.TestRunID == "":
		d.fail("certificates_ended", field, "Every certificate has ended: the provider signs with another one by now.",
			"Import the provider's metadata again. If it does sign with the old one, show that by a test run.")
	}
}

func (d *diagnosis) openID(conf *identity.OIDCConfig) {
	for _, name := range conf.MissingFields() {
		d.fail("setting_missing", "oidc."+name, "The setting is empty.", "Give the provider's discovery URL, or copy the value from the provider.")
	}
	if conf == nil || conf.SecretID != "" {
		return
	}
	if !conf.RequiresPKCE {
		d.fail("public_client_without_pkce", "oidc.requires_pkce", "A client without a secret needs PKCE.", "Give the client secret, or require PKCE.")
	}
	if !conf.IssuerInAnswer {
		d.fail("public_client_without_issuer", "oidc.client_secret", "The provider does not name itself in its answers, which a client without a secret needs.", "Give the client secret.")
	}
}

// neighbours: is another connection at the same provider? Several may be, as at a
// provider that goes by one name for all its applications.
func (d *diagnosis) neighbours() {
	c := d.Connection
	for _, other := range d.SameIssuer {
		same := other.ID != c.ID && other.Config.Issuer() == c.Config.Issuer()
		if c.Config.OIDC != nil {
			same = same && other.Config.OIDC != nil && other.Config.OIDC.ClientID == c.Config.OIDC.ClientID
		}
		if !same || c.Config.Issuer() == "" {
			continue
		}
		name := "Another connection" // of other organizations nothing is told
		if other.OrganizationID == c.OrganizationID {
			name = fmt.Sprintf("The connection %q", cut(other.Name))
		}
		field := "saml.idp_entity_id"
		if c.Config.OIDC != nil {
			field = "oidc.client_id"
		}
		d.warn("issuer_shared", field, name+" is at the same provider.", "That is fine where the provider goes by one name for all its applications. Otherwise look whether the settings belong to the other one.")
		return
	}
}

// standing: does the draft stand on what is live, and has it been tried?
func (d *diagnosis) standing() {
	if d.Base != d.Live {
		d.warn("live_changed", "", "The live configuration was changed after the draft was begun; promoted, the draft undoes that.", "Look at the changes below. To keep those that are live, discard the draft and begin another.")
	}
	switch {
	case d.RunFailed != "":
		d.warn("test_run_failed", "", fmt.Sprintf("The newest test run of this draft failed with %s.", d.RunFailed), "Look at its result, correct the draft, and try again.")
	case d.Proof.TestRunID == "":
		d.warn("not_tested", "", "No test run has ended well with the draft as it is.", "Make a test run.")
	}
}

func day(t time.Time) string { return t.UTC().Format(time.DateOnly) }
