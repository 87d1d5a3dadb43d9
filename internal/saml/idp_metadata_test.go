package saml

import (
	"crypto/x509"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"usher/internal/fault"
)

// Parts of metadata documents for the tests.
const (
	acmeID   = "https://idp.acme.test/metadata"
	acmeSSO  = `<md:SingleSignOnService Binding="` + BindingRedirect + `" Location="https://idp.acme.test/sso"/>`
	acmePost = `<md:SingleSignOnService Binding="` + BindingPOST + `" Location="https://idp.acme.test/post"/>`
)

func keyDescriptor(attributes string, certs ...*x509.Certificate) string {
	s := "<md:KeyDescriptor" + attributes + `><ds:KeyInfo xmlns:ds="` + nsDSig + `"><ds:X509Data>`
	for _, c := range certs {
		s += "<ds:X509Certificate>\n" + EncodeCertificate(c) + "\n</ds:X509Certificate>"
	}
	return s + "</ds:X509Data></ds:KeyInfo></md:KeyDescriptor>"
}

func signingKey() string { return keyDescriptor(` use="signing"`, alpha().cert) }

func idpRole(content string) string {
	return `<md:IDPSSODescriptor protocolSupportEnumeration="` + nsProtocol + `">` + content + "</md:IDPSSODescriptor>"
}

func spRole() string {
	return `<md:SPSSODescriptor protocolSupportEnumeration="` + nsProtocol + `"></md:SPSSODescriptor>`
}

func entity(id, attributes, content string) string {
	return `<md:EntityDescriptor` + declMD + ` entityID="` + id + `"` + attributes + ">" + content + "</md:EntityDescriptor>"
}

func group(attributes string, content ...string) string {
	return `<md:EntitiesDescriptor` + declMD + attributes + ">" + strings.Join(content, "") + "</md:EntitiesDescriptor>"
}

func acme() string { return entity(acmeID, "", idpRole(signingKey()+acmeSSO)) }

func wantNoMetadata(t *testing.T, err error, reason string) {
	t.Helper()
	if !fault.Is(err, fault.SAMLFailedToParseIDPMetadata) {
		t.Fatalf("got %v, want a refusal because %q", err, reason)
	}
	if got, _ := fault.From(err).Meta()["reason"].(string); !strings.HasPrefix(got, reason) {
		t.Errorf("reason %q, want %q", got, reason)
	}
}

func wantMissing(t *testing.T, err error, fields ...string) {
	t.Helper()
	if !fault.Is(err, fault.SAMLMetadataMissingFields) {
		t.Fatalf("got %v, want %v missing", err, fields)
	}
	if got, _ := fault.From(err).Meta()["missing_fields"].([]string); !slices.Equal(got, fields) {
		t.Errorf("missing %v, want %v", got, fields)
	}
}

func names(certs []*x509.Certificate) string {
	var list []string
	for _, c := range certs {
		list = append(list, c.Subject.CommonName)
	}
	return strings.Join(list, " ")
}

func TestParseIDPMetadataReadsWhatAConnectionNeeds(t *testing.T) {
	t.Parallel()
	raw := entity(acmeID, ` validUntil="2026-12-25T09:30:00.5Z" cacheDuration="PT6H"`, spRole()+
		`<md:IDPSSODescriptor WantAuthnRequestsSigned="true" cacheDuration="P1D" protocolSupportEnumeration="urn:x `+nsProtocol+`">`+
		signingKey()+keyDescriptor(` use="encryption"`, beta().cert)+
		`<md:SingleLogoutService Binding="`+BindingPOST+`" Location="https://idp.acme.test/slo" ResponseLocation="https://idp.acme.test/slo2"/>`+
		`<md:NameIDFormat> urn:one </md:NameIDFormat><md:NameIDFormat>urn:two</md:NameIDFormat><md:NameIDFormat>urn:one</md:NameIDFormat><md:NameIDFormat/>`+
		`<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:SOAP" Location="https://idp.acme.test/soap"/>`+
		`<md:SingleSignOnService Binding="`+BindingPOST+`" Location=" https://idp.acme.test/post "/>`+acmeSSO+
		`</md:IDPSSODescriptor>`)
	got, err := ParseIDPMetadata([]byte(raw), "", outgoingNow)
	if err != nil {
		t.Fatal(err)
	}
	want := &IDPMetadata{
		EntityID:                acmeID,
		SSO:                     []Endpoint{{BindingPOST, "https://idp.acme.test/post", ""}, {BindingRedirect, "https://idp.acme.test/sso", ""}},
		SLO:                     []Endpoint{{BindingPOST, "https://idp.acme.test/slo", "https://idp.acme.test/slo2"}},
		Certificates:            []*x509.Certificate{alpha().cert},
		EncryptionCertificates:  []*x509.Certificate{beta().cert},
		WantAuthnRequestsSigned: true,
		NameIDFormats:           []string{"urn:one", "urn:two"},
		ValidUntil:              time.Date(2026, 12, 25, 9, 30, 0, 500_000_000, time.UTC),
		CacheDuration:           6 * time.Hour,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestParseIDPMetadataReadsTheWishForSignedRequests(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{"true": true, "1": true, " 1\n": true, "false": false, "0": false, "": false, "TRUE": false} {
		role := swap(idpRole(signingKey()+acmeSSO), "<md:IDPSSODescriptor", `<md:IDPSSODescriptor WantAuthnRequestsSigned="`+text+`"`)
		got, err := ParseIDPMetadata([]byte(entity(acmeID, "", role)), "", outgoingNow)
		if err != nil || got.WantAuthnRequestsSigned != want {
			t.Errorf("%q: got %+v, %v, want %v", text, got, err, want)
		}
	}
}

func TestSSOEndpointPrefersRedirect(t *testing.T) {
	t.Parallel()
	redirect := Endpoint{Binding: BindingRedirect, Location: "https://idp.test/r"}
	post := Endpoint{Binding: BindingPOST, Location: "https://idp.test/p"}
	second := Endpoint{Binding: BindingRedirect, Location: "https://idp.test/r2"}
	tests := map[string]struct {
		sso  []Endpoint
		want Endpoint
		ok   bool
	}{
		"redirect behind post": {[]Endpoint{post, redirect, second}, redirect, true},
		"post alone":           {[]Endpoint{post}, post, true},
		"something else":       {[]Endpoint{{Binding: "urn:x"}}, Endpoint{}, false},
		"nothing":              {nil, Endpoint{}, false},
	}
	for name, tt := range tests {
		if got, ok := (IDPMetadata{SSO: tt.sso}).SSOEndpoint(); got != tt.want || ok != tt.ok {
			t.Errorf("%s: got %v, %v", name, got, ok)
		}
	}
}

// A KeyDescriptor without a use counts for both: threat T-SAML-35.
func TestParseIDPMetadataKeys(t *testing.T) {
	t.Parallel()
	leaf := &x509.Certificate{Raw: []byte("leaf"), RawIssuer: []byte("ca"), RawSubject: []byte("leaf")}
	ca := &x509.Certificate{Raw: []byte("ca"), RawIssuer: []byte("ca"), RawSubject: []byte("ca")}
	twin := &x509.Certificate{Raw: []byte("twin"), RawIssuer: []byte("ca"), RawSubject: []byte("ca")}
	if got := holders([]*x509.Certificate{leaf, ca}); !slices.Equal(got, []*x509.Certificate{leaf}) {
		t.Errorf("the authority's key counts as the provider's")
	}
	if got := holders([]*x509.Certificate{ca, twin}); len(got) != 2 {
		t.Errorf("of two self-signed certificates of one name %d count", len(got))
	}

	tests := map[string]struct {
		keys                string
		signing, encryption string
		warnings            int
	}{
		"use signing":                      {keyDescriptor(` use="signing"`, alpha().cert), "alpha", "", 0},
		"without use":                      {keyDescriptor("", alpha().cert), "alpha", "alpha", 0},
		"several without use":              {keyDescriptor("", alpha().cert) + keyDescriptor("", beta().cert), "alpha beta", "alpha beta", 0},
		"without use beside one with":      {signingKey() + keyDescriptor("", beta().cert), "alpha beta", "beta", 0},
		"several in one descriptor":        {keyDescriptor(` use="signing"`, beta().cert, alpha().cert), "beta alpha", "", 0},
		"one certificate twice":            {signingKey() + signingKey(), "alpha", "", 0},
		"one for signing, one for secrets": {signingKey() + keyDescriptor(` use="encryption"`, beta().cert), "alpha", "beta", 0},
		"an unknown use":                   {signingKey() + keyDescriptor(` use="Signing"`, beta().cert), "alpha", "", 1},
		"an empty use":                     {signingKey() + keyDescriptor(` use=""`, beta().cert), "alpha", "", 1},
		"a foreign use attribute":          {keyDescriptor(` xmlns:e="urn:e" e:use="encryption"`, alpha().cert), "alpha", "alpha", 0},
		"a certificate that is none":       {signingKey() + strings.Replace(keyDescriptor(` use="signing"`, beta().cert), "MII", "AAA", 1), "alpha", "", 1},
		"a key by its name":                {signingKey() + `<md:KeyDescriptor use="signing"><ds:KeyInfo xmlns:ds="` + nsDSig + `"><ds:KeyName>k</ds:KeyName></ds:KeyInfo></md:KeyDescriptor>`, "alpha", "", 1},
		"a certificate in PEM":             {strings.Replace(signingKey(), EncodeCertificate(alpha().cert), pemCertificate(alpha().cert), 1), "alpha", "", 0},
		"a certificate cut by a comment":   {strings.Replace(signingKey(), "MII", "M<!-- x -->II", 1), "alpha", "", 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := ParseIDPMetadata([]byte(entity(acmeID, "", idpRole(tt.keys+acmeSSO))), "", outgoingNow)
			if err != nil {
				t.Fatal(err)
			}
			if names(m.Certificates) != tt.signing || names(m.EncryptionCertificates) != tt.encryption {
				t.Errorf("signing %q, encryption %q", names(m.Certificates), names(m.EncryptionCertificates))
			}
			if len(m.Warnings) != tt.warnings {
				t.Errorf("warnings %q", m.Warnings)
			}
		})
	}
}

func TestParseIDPMetadataRefuses(t *testing.T) { // threats T-SAML-36, T-SAML-37
	t.Parallel()
	deep := strings.Repeat("<x>", 40) + strings.Repeat("</x>", 40)
	globex := entity("https://globex.test", "", idpRole(signingKey()+acmeSSO))
	sp := entity("https://sp.test", "", spRole())
	role := idpRole(signingKey() + acmeSSO)
	tests := map[string]struct {
		raw, entityID string
		reason        string
	}{
		"nothing":                         {"", "", "it is empty"},
		"white space":                     {" \n", "", "it is empty"},
		"a login page":                    {"\n<!DOCTYPE HTML><html><p>Sign in<br></html>", "", "this is an HTML page, perhaps a login page"},
		"a page in XHTML":                 {`<html xmlns="http://www.w3.org/1999/xhtml"/>`, "", "this is an HTML page, perhaps a login page"},
		"a page, cut off":                 {`<HTML lang=en>`, "", "this is an HTML page, perhaps a login page"},
		"JSON":                            {`{"issuer":"https://idp.test"}`, "", "this is JSON, perhaps the discovery document of OpenID Connect"},
		"a certificate":                   {pemCertificate(alpha().cert), "", "this is a certificate or key"},
		"a URL":                           {"https://idp.test/metadata", "", "this is a URL, not the document behind it"},
		"words":                           {"metadata", "", "it is not the XML that SAML allows (text outside the root element, line 1)"},
		"XML cut off":                     {acme()[:200], "", "it is not the XML that SAML allows"},
		"T-XML-01: a DTD":                 {`<!DOCTYPE x [<!ENTITY a "b">]>` + acme(), "", "it is not the XML that SAML allows (a document type declaration"},
		"T-DOS-06: 5 MiB":                 {strings.Repeat(" ", 5<<20) + acme(), "", "it is too large"},
		"T-DOS-03: deep":                  {group("", deep), "", "it is too large (elements nested deeper than 32"},
		"T-DOS-06: elements":              {group("", strings.Repeat("<x/>", 100_000)), "", "it is too large (more than 100000 elements"},
		"T-XML-10: two IDs":               {entity(acmeID, ` ID="a"`, `<md:Extensions ID="a"/>`+role), "", `it uses the ID "a" twice`},
		"a SAML response":                 {`<samlp:Response` + declSAMLP + `/>`, "", "this is a SAML message (Response)"},
		"another root":                    {`<EntityDescriptor entityID="e"/>`, "", "its root element is {}EntityDescriptor"},
		"a service provider":              {sp, "", "this is the metadata of a service provider"},
		"two service providers":           {group("", sp, entity("https://sp2.test", "", spRole())), "", "this is the metadata of a service provider"},
		"a service provider, named alone": {sp, "https://sp.test", "this is the metadata of a service provider"},
		"a role whose end is no time":     {entity(acmeID, "", strings.Replace(role, " protocol", ` validUntil="soon" protocol`, 1)), "", `its validUntil "soon" is not a time in UTC`},
		"neither":                         {entity(acmeID, "", ""), "", "it describes no identity provider"},
		"nobody":                          {group(""), "", "it describes no identity provider"},
		"a role elsewhere":                {entity(acmeID, "", `<md:Extensions>`+role+`</md:Extensions>`), "", "it describes no identity provider"},
		"a role by its name":              {entity(acmeID, "", strings.ReplaceAll(role, "md:IDPSSODescriptor", "IDPSSODescriptor")), "", "it describes no identity provider"},
		"two, none named":                 {group("", acme(), globex), "", "it describes 2 identity providers: name one by its entity ID"},
		"two in groups":                   {group("", acme(), group("", globex)), "", "it describes 2 identity providers: name one by its entity ID"},
		"another one named":               {acme(), "https://globex.test", `it describes "https://idp.acme.test/metadata", not "https://globex.test"`},
		"an unknown one":                  {group("", acme(), globex), "https://other.test", `it describes no identity provider "https://other.test"`},
		"a service provider, named":       {group("", acme(), sp), "https://sp.test", `it describes no identity provider "https://sp.test"`},
		"one of two of a name":            {group("", acme(), acme()), acmeID, `it describes "https://idp.acme.test/metadata" more than once`},
		"a long entity ID":                {entity(strings.Repeat("e", 1025), "", role), "", "its entity ID is longer than 1024 characters"},

		"expired":                {entity(acmeID, ` validUntil="2026-11-25T09:29:59Z"`, role), "", "it was valid until 2026-11-25T09:29:59Z"},
		"expired just now":       {entity(acmeID, ` validUntil="2026-11-25T09:30:00Z"`, role), "", "it was valid until 2026-11-25T09:30:00Z"},
		"expired as a group":     {group(` validUntil="2020-01-01T00:00:00Z"`, acme()), "", "it was valid until 2020-01-01T00:00:00Z"},
		"expired as a role":      {entity(acmeID, ` validUntil="2030-01-01T00:00:00Z"`, strings.Replace(role, " protocol", ` validUntil="2020-01-01T00:00:00Z" protocol`, 1)), "", "it was valid until 2020-01-01T00:00:00Z"},
		"an end that is no time": {entity(acmeID, ` validUntil="soon"`, role), "", `its validUntil "soon" is not a time in UTC`},
		"an end in another zone": {entity(acmeID, ` validUntil="2030-01-01T00:00:00+01:00"`, role), "", `its validUntil "2030-01-01T00:00:00+01:00" is not a time in UTC`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := ParseIDPMetadata([]byte(tt.raw), tt.entityID, outgoingNow)
			wantNoMetadata(t, err, tt.reason)
			if m != nil {
				t.Errorf("refused, but handed out %v", m)
			}
		})
	}
}

func TestParseIDPMetadataNamesWhatIsMissing(t *testing.T) { // threat T-SAML-36
	t.Parallel()
	endpoint := func(binding, location string) string {
		return `<md:SingleSignOnService Binding="` + binding + `" Location="` + location + `"/>`
	}
	tests := map[string]struct {
		raw     string
		missing []string
	}{
		"no entity ID":                           {strings.Replace(acme(), "entityID", "entityId", 1), []string{"idp_entity_id"}},
		"an empty entity ID":                     {entity("", "", idpRole(signingKey()+acmeSSO)), []string{"idp_entity_id"}},
		"no SSO URL":                             {entity(acmeID, "", idpRole(signingKey())), []string{"idp_sso_url"}},
		"SSO by artifact only":                   {entity(acmeID, "", idpRole(signingKey()+endpoint("urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact", "https://a.test"))), []string{"idp_sso_url"}},
		"T-SAML-39: javascript:":                 {entity(acmeID, "", idpRole(signingKey()+endpoint(BindingRedirect, "javascript:alert(1)"))), []string{"idp_sso_url"}},
		"T-SAML-39: markup":                      {entity(acmeID, "", idpRole(signingKey()+endpoint(BindingPOST, "https://a.test/&quot;>"))), []string{"idp_sso_url"}},
		"no certificate":                         {entity(acmeID, "", idpRole(acmeSSO)), []string{"idp_certificate"}},
		"a certificate for secrets only":         {entity(acmeID, "", idpRole(keyDescriptor(` use="encryption"`, alpha().cert)+acmeSSO)), []string{"idp_certificate"}},
		"nothing":                                {entity("", "", idpRole("")), []string{"idp_entity_id", "idp_sso_url", "idp_certificate"}},
		"the key of the service provider's role": {entity(acmeID, "", idpRole(acmeSSO)+strings.Replace(spRole(), "></", ">"+signingKey()+"</", 1)), []string{"idp_certificate"}},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := ParseIDPMetadata([]byte(tt.raw), "", outgoingNow)
			wantMissing(t, err, tt.missing...)
		})
	}
}

func TestParseIDPMetadataChoosesByEntityID(t *testing.T) {
	t.Parallel()
	globex := entity("https://globex.test", "", idpRole(keyDescriptor("", beta().cert)+acmePost))
	raw := []byte("\uFEFF<?xml version='1.0' encoding='utf-8'?>\n" + group("", acme(), entity("https://sp.test", "", spRole()), group("", globex), globex[:0]))
	for id, want := range map[string]string{acmeID: "alpha", "https://globex.test": "beta"} {
		m, err := ParseIDPMetadata(raw, id, outgoingNow)
		if err != nil || m.EntityID != id || names(m.Certificates) != want {
			t.Errorf("%s: got %v, %v", id, m, err)
		}
	}
	ids, err := IDPEntityIDs(raw)
	if err != nil || !slices.Equal(ids, []string{acmeID, "https://globex.test"}) {
		t.Errorf("choices %v, %v", ids, err)
	}
	one, err := ParseIDPMetadata([]byte(group("", entity("https://sp.test", "", spRole()), acme())), "", outgoingNow)
	if err != nil || one.EntityID != acmeID {
		t.Errorf("the only identity provider: %v, %v", one, err)
	}
	ids, err = IDPEntityIDs([]byte(group("", acme(), acme(), entity("", "", idpRole("")), entity("https://sp.test", "", spRole()))))
	if err != nil || !slices.Equal(ids, []string{acmeID}) {
		t.Errorf("choices %v, %v, want each once and by a name", ids, err)
	}
	if _, err := IDPEntityIDs([]byte("x")); !fault.Is(err, fault.SAMLFailedToParseIDPMetadata) {
		t.Errorf("IDPEntityIDs of no metadata: %v", err)
	}
}

func TestParseIDPMetadataKeepsTheKeysOfSAML1Apart(t *testing.T) {
	t.Parallel()
	old := strings.ReplaceAll(idpRole(keyDescriptor("", beta().cert)+acmePost), nsProtocol, "urn:oasis:names:tc:SAML:1.1:protocol")
	m, err := ParseIDPMetadata([]byte(entity(acmeID, "", old+idpRole(signingKey()+acmeSSO))), "", outgoingNow)
	if err != nil || names(m.Certificates) != "alpha" || len(m.SSO) != 1 || len(m.Warnings) != 0 {
		t.Errorf("beside SAML 2.0: %v, %v", m, err)
	}
	m, err = ParseIDPMetadata([]byte(entity(acmeID, "", old)), "", outgoingNow)
	if err != nil || len(m.Warnings) != 1 {
		t.Errorf("alone, with an endpoint of SAML 2.0: %v, %v", m, err)
	}
}

func TestParseIDPMetadataWarns(t *testing.T) {
	t.Parallel()
	many := make([]*x509.Certificate, 11)
	for i := range many {
		c, err := ParseCertificate(EncodeCertificate(newSigner("n").cert))
		if err != nil {
			t.Fatal(err)
		}
		many[i] = c
	}
	bad := `<md:SingleLogoutService Binding="` + BindingPOST + `" Location="ftp://a.test"/>`
	badResponse := `<md:SingleLogoutService Binding="` + BindingPOST + `" Location="https://a.test/" ResponseLocation="ftp://a.test"/>`
	tests := map[string]struct {
		raw  string
		now  time.Time
		want string
	}{
		"T-SAML-40: an expired certificate":  {acme(), outgoingNow.Add(48 * time.Hour), `The certificate "alpha" expired on 2026-11-26.`},
		"a cacheDuration that is none":       {entity(acmeID, ` cacheDuration="1 day"`, idpRole(signingKey()+acmeSSO)), outgoingNow, `The cacheDuration "1 day" is not read.`},
		"T-DOS-05: more keys than are tried": {entity(acmeID, "", idpRole(keyDescriptor("", many...)+acmeSSO)), outgoingNow, "Of 11 signing certificates only the first 10 are tried."},
		"an endpoint that is left out":       {entity(acmeID, "", idpRole(signingKey()+acmeSSO+bad)), outgoingNow, `The SingleLogoutService at "ftp://a.test" is not used: the URL must start with https://.`},
		"a response location left out":       {entity(acmeID, "", idpRole(signingKey()+acmeSSO+badResponse)), outgoingNow, `The response location of the SingleLogoutService at "https://a.test/" is not used.`},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, err := ParseIDPMetadata([]byte(tt.raw), "", tt.now)
			if err != nil || strings.Join(m.Warnings, "\n") != tt.want {
				t.Errorf("got %v, %v, want %q", m, err, tt.want)
			}
			for _, e := range m.SLO {
				if e.ResponseLocation != "" || !strings.HasPrefix(e.Location, "https:") {
					t.Errorf("endpoint %v", e)
				}
			}
		})
	}
}

func TestParseIDPMetadataTakesTheShortestLife(t *testing.T) {
	t.Parallel()
	raw := group(` cacheDuration="PT0S" validUntil="2027-01-01T00:00:00Z"`,
		entity(acmeID, ` cacheDuration="P2D" validUntil="2028-01-01T00:00:00Z"`, strings.Replace(idpRole(signingKey()+acmeSSO), " protocol", ` cacheDuration="PT6H" protocol`, 1)))
	m, err := ParseIDPMetadata([]byte(raw), "", outgoingNow)
	if err != nil {
		t.Fatal(err)
	}
	if want := 6 * time.Hour; m.CacheDuration != want {
		t.Errorf("cache for %v, want %v", m.CacheDuration, want)
	}
	if want := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC); !m.ValidUntil.Equal(want) {
		t.Errorf("valid until %v, want %v", m.ValidUntil, want)
	}
}

func TestParseDuration(t *testing.T) {
	t.Parallel()
	const bad = -1
	tests := map[string]time.Duration{
		"PT1S": time.Second, "PT1.9S": time.Second, "PT90M": 90 * time.Minute, "P1D": 24 * time.Hour,
		"P1DT2H3M4S": 26*time.Hour + 3*time.Minute + 4*time.Second, "P1M": 720 * time.Hour, "P1Y": 8760 * time.Hour,
		"P2M1D": 61 * 24 * time.Hour, "PT0S": 0, "P100Y": 100 * 8760 * time.Hour,
		"": bad, "P": bad, "PT": bad, "P1DT": bad, "1D": bad, "-P1D": bad, "P-1D": bad, "P1": bad, "P1S": bad, "PT1D": bad,
		"P1H": bad, "PT1.5H": bad, "P1D1Y": bad, "PD": bad, "PT1M1H": bad, "P101Y": bad, "P100Y100M": bad, "P99999999999Y": bad,
		"P100Y1200M36500DT876000H52560000M2000000000S": bad, "PT1Sx": bad, "P1D ": bad,
		"PT99999999999S": bad, "PT.5S": bad, "P585Y": bad, // the last one overflows to some days
	}
	for s, want := range tests {
		got, err := parseDuration(s)
		if want == bad && err == nil {
			t.Errorf("%q read as %v", s, got)
		}
		if want != bad && (err != nil || got != want) {
			t.Errorf("%q: got %v, %v, want %v", s, got, err, want)
		}
	}
}

func FuzzParseIDPMetadata(f *testing.F) {
	f.Add([]byte(acme()), "")
	f.Add([]byte(group(` validUntil="2030-01-01T00:00:00Z" cacheDuration="P1D"`, acme(), entity("https://sp.test", "", spRole()))), acmeID)
	f.Add([]byte(signedAcme(f, alpha())), "")
	f.Add([]byte("<html>"), "x")
	f.Fuzz(func(t *testing.T, raw []byte, entityID string) {
		m, err := ParseIDPMetadata(raw, entityID, outgoingNow)
		if err != nil {
			if !fault.Is(err, fault.SAMLFailedToParseIDPMetadata) && !fault.Is(err, fault.SAMLMetadataMissingFields) {
				t.Errorf("no fault of metadata: %v", err)
			}
			return
		}
		if entityID != "" && m.EntityID != entityID {
			t.Errorf("asked for %q, got %q", entityID, m.EntityID)
		}
		if sso, ok := m.SSOEndpoint(); !ok || CheckSSOURL(strings.Replace(sso.Location, "http:", "https:", 1), false) != nil || len(m.Certificates) == 0 || m.EntityID == "" {
			t.Errorf("incomplete: %v", m)
		}
		if ids, err := IDPEntityIDs(raw); err != nil || !slices.Contains(ids, m.EntityID) {
			t.Errorf("not among the choices %v, %v", ids, err)
		}
	})
}
