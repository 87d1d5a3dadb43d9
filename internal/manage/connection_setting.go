package manage

import (
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/saml"
)

// SettingChange is a setting that two configurations have otherwise.
type SettingChange struct {
	Field string // as the Backend API calls it
	Live  any    // a text, a number, a truth value or a list of texts; nil with Secret
	Draft any    // likewise

	// Secret says that the values are not told.
	Secret bool
}

// setting is one setting of a configuration.
type setting struct {
	field  string
	value  any
	secret bool
}

// compare lists the settings in which a connection differs from another state of
// itself, in the order of the settings.
func compare(live, draft identity.Connection) []SettingChange {
	was, is := settingsOf(live), settingsOf(draft)
	var list []SettingChange
	for i, s := range is {
		if fmt.Sprint(was[i].value) == fmt.Sprint(s.value) {
			continue
		}
		ch := SettingChange{Field: s.field, Live: was[i].value, Draft: s.value, Secret: s.secret}
		if s.secret {
			ch.Live, ch.Draft = nil, nil
		}
		list = append(list, ch)
	}
	return list
}

// settingsOf lists all settings of a connection's configuration. Of one provider
// it is always the same list.
func settingsOf(c identity.Connection) []setting {
	conf := c.Config
	list := []setting{
		{field: "sync_user_attributes", value: conf.SyncUserAttributes},
		{field: "disable_additional_identifications", value: conf.DisableAdditionalIdentifications},
		{field: "allow_organization_account_linking", value: conf.AllowOrganizationAccountLinking},
		{field: "disable_jit_provisioning", value: conf.DisableJITProvisioning},
		{field: "custom_attributes", value: customAttributes(conf.CustomAttributes)},
	}
	switch {
	case c.Provider.IsSAML():
		return append(list, samlSettings(c)...)
	case c.Provider.IsOIDC():
		return append(list, oidcSettings(c)...)
	}
	return list
}

func samlSettings(c identity.Connection) []setting {
	s := c.Config.SAML
	if s == nil {
		s = &identity.SAMLConfig{}
	}
	m, hint := s.Mapping.WithPreset(c.Provider), s.LoginHint.WithDefault(c.Provider)
	until := ""
	if !s.Legacy.Until.IsZero() {
		until = s.Legacy.Until.UTC().Format("2006-01-02T15:04:05Z")
	}
	return []setting{
		{field: "saml.idp_entity_id", value: s.IDPEntityID},
		{field: "saml.idp_sso_url", value: s.IDPSSOURL},
		{field: "saml.idp_sso_binding", value: orText(s.IDPSSOBinding, "redirect")},
		{field: "saml.idp_certificates", value: certificateNames(s.IDPCertificates)},
		{field: "saml.idp_metadata_url", value: s.IDPMetadataURL},
		{field: "saml.idp_metadata", value: documentName(s.IDPMetadata)},
		{field: "saml.authn_requests_signed", value: s.WantSigned},
		{field: "saml.attribute_mapping.user_id", value: m.UserID},
		{field: "saml.attribute_mapping.email_address", value: m.EmailAddress},
		{field: "saml.attribute_mapping.first_name", value: m.FirstName},
		{field: "saml.attribute_mapping.last_name", value: m.LastName},
		{field: "saml.allow_subdomains", value: c.Config.AllowSubdomains},
		{field: "saml.allow_idp_initiated", value: s.AllowIDPInitiated},
		{field: "saml.force_authn", value: s.ForceAuthn},
		{field: "saml.login_hint.mode", value: string(hint.Mode)},
		{field: "saml.login_hint.source", value: hint.Source},
		{field: "saml.clock_skew_seconds", value: s.ClockSkewSeconds},
		{field: "saml.legacy.sha1", value: s.Legacy.SHA1},
		{field: "saml.legacy.rsa1024", value: s.Legacy.RSA1024},
		{field: "saml.legacy.triple_des", value: s.Legacy.TripleDES},
		{field: "saml.legacy.rsa15", value: s.Legacy.RSA15},
		{field: "saml.legacy.until", value: until},
	}
}

func oidcSettings(c identity.Connection) []setting {
	o := c.Config.OIDC
	if o == nil {
		o = &identity.OIDCConfig{}
	}
	m := o.Mapping.WithPreset(c.Provider)
	return []setting{
		{field: "oidc.client_id", value: o.ClientID},
		{field: "oidc.client_secret", value: string(o.SecretID), secret: true},
		{field: "oidc.requires_pkce", value: o.RequiresPKCE},
		{field: "oidc.discovery_url", value: o.DiscoveryURL},
		{field: "oidc.issuer", value: o.Issuer},
		{field: "oidc.auth_url", value: o.AuthURL},
		{field: "oidc.token_url", value: o.TokenURL},
		{field: "oidc.user_info_url", value: o.UserInfoURL},
		{field: "oidc.jwks_url", value: o.JWKSURL},
		{field: "oidc.issuer_in_answer", value: o.IssuerInAnswer},
		{field: "oidc.token_endpoint_auth_methods", value: listOf(o.TokenAuth)},
		{field: "oidc.scopes", value: listOf(o.Scopes)},
		{field: "oidc.prompt", value: o.Prompt},
		{field: "oidc.response_mode", value: orText(o.ResponseMode, "query")},
		{field: "oidc.login_hint", value: orText(string(o.LoginHint), string(identity.HintEmailAddress))},
		{field: "oidc.attribute_mapping.user_id", value: m.UserID},
		{field: "oidc.attribute_mapping.email_address", value: m.EmailAddress},
		{field: "oidc.attribute_mapping.email_verified", value: m.EmailVerified},
		{field: "oidc.attribute_mapping.first_name", value: m.FirstName},
		{field: "oidc.attribute_mapping.last_name", value: m.LastName},
		{field: "oidc.attribute_mapping.email_verified_default", value: m.EmailVerifiedDefault},
		{field: "oidc.clock_skew_seconds", value: o.ClockSkewSeconds},
	}
}

func orText(text, or string) string {
	if text == "" {
		return or
	}
	return text
}

// listOf is a list that is never nil.
func listOf(list []string) []string { return append([]string{}, list...) }

func customAttributes(list []identity.CustomAttribute) []string {
	out := []string{}
	for _, a := range list {
		text := fmt.Sprintf("%s: %s from %q", a.Name, a.Key, a.SSOPath)
		if a.SCIMPath != "" {
			text += fmt.Sprintf(", by directory sync from %q", a.SCIMPath)
		}
		if a.MultiValued {
			text += ", several values"
		}
		out = append(out, text)
	}
	return out
}

// certificateNames are certificates as people compare them: by subject, end and
// fingerprint.
func certificateNames(list []string) []string {
	out := []string{}
	for _, text := range list {
		c, err := saml.ParseCertificate(text)
		if err != nil {
			out = append(out, "a certificate that cannot be read")
			continue
		}
		sum := sha256.Sum256(c.Raw)
		out = append(out, fmt.Sprintf("%.200s, until %s, SHA-256 %s", c.Subject.String(), c.NotAfter.UTC().Format("2006-01-02"), hex.EncodeToString(sum[:])))
	}
	return out
}

// documentName stands for a document that is too long to show.
func documentName(text string) string {
	if text == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(text))
	return fmt.Sprintf("%d bytes, SHA-256 %s", len(text), hex.EncodeToString(sum[:]))
}

// certificateFacts are what policy looks at of a provider's certificates.
func certificateFacts(list []string) []policy.CertificateFacts {
	var out []policy.CertificateFacts
	for _, text := range list {
		c, err := saml.ParseCertificate(text)
		if err != nil {
			out = append(out, policy.CertificateFacts{Subject: "a certificate that cannot be read", Unusable: true})
			continue
		}
		f := policy.CertificateFacts{Subject: orText(c.Subject.CommonName, c.Subject.String()), From: c.NotBefore, Until: c.NotAfter}
		switch key := c.PublicKey.(type) {
		case *rsa.PublicKey:
			f.Weak, f.Unusable = key.N.BitLen() < 2048, key.N.BitLen() < 1024 // as internal/saml judges signatures
		case *ecdsa.PublicKey:
		default:
			f.Unusable = true
		}
		out = append(out, f)
	}
	return out
}

// metadataFacts are what policy looks at of the metadata that a configuration was
// read from.
func (s *Service) metadataFacts(conf *identity.SAMLConfig) (issuer string, notices []string) {
	if conf.IDPMetadata == "" {
		return "", nil
	}
	known, err := s.read([]byte(conf.IDPMetadata), conf.IDPEntityID)
	if err != nil { // it could be read when it was given
		return "", []string{"The provider's metadata can no longer be used: " + err.Error()}
	}
	return known.meta.EntityID, known.meta.Warnings
}
