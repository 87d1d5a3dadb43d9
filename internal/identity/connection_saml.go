package identity

import "time"

// SAMLConfig holds the SAML settings of a revision.
type SAMLConfig struct {
	IDPEntityID       string           `json:"idp_entity_id,omitempty"`
	IDPSSOURL         string           `json:"idp_sso_url,omitempty"`
	IDPSSOBinding     string           `json:"idp_sso_binding,omitempty"`  // "redirect" or "post"; empty: redirect
	IDPCertificates   []string         `json:"idp_certificates,omitempty"` // base64 DER, all valid at once
	IDPMetadataURL    string           `json:"idp_metadata_url,omitempty"`
	IDPMetadata       string           `json:"idp_metadata,omitempty"` // the document as it was given or fetched
	WantSigned        bool             `json:"want_authn_requests_signed,omitempty"`
	Mapping           AttributeMapping `json:"attribute_mapping"`
	AllowIDPInitiated bool             `json:"allow_idp_initiated,omitempty"`
	ForceAuthn        bool             `json:"force_authn,omitempty"`
	LoginHint         LoginHint        `json:"login_hint"`
	ClockSkewSeconds  int              `json:"clock_skew_seconds,omitempty"` // 0: the default of 120; at most 600
	Legacy            LegacyException  `json:"legacy,omitzero"`
}

// MissingFields names what a SAML connection still needs before it can be
// switched on.
func (c *SAMLConfig) MissingFields() []string {
	if c == nil {
		return []string{"idp_entity_id", "idp_sso_url", "idp_certificate"}
	}
	var missing []string
	if c.IDPEntityID == "" {
		missing = append(missing, "idp_entity_id")
	}
	if c.IDPSSOURL == "" {
		missing = append(missing, "idp_sso_url")
	}
	if len(c.IDPCertificates) == 0 {
		missing = append(missing, "idp_certificate")
	}
	return missing
}

// LegacyException allows old cryptography until a day, for an identity provider
// that cannot do better yet.
type LegacyException struct {
	SHA1      bool      `json:"sha1,omitempty"`
	RSA1024   bool      `json:"rsa1024,omitempty"`
	TripleDES bool      `json:"triple_des,omitempty"`
	RSA15     bool      `json:"rsa15,omitempty"`
	Until     time.Time `json:"until,omitzero"` // refused again from then on
}

// At returns the exception as it stands at now: empty once its day is past.
func (l LegacyException) At(now time.Time) LegacyException {
	if !now.Before(l.Until) {
		return LegacyException{}
	}
	return l
}
