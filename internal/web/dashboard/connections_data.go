package dashboard

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"usher/internal/fault"
	"usher/internal/guide"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/policy"
	"usher/internal/web/guided"
	"usher/internal/web/page"
)

// Ways to say what the provider is known by.
const (
	wayURL       = "url"       // metadata or discovery document by its address
	wayFile      = "file"      // metadata as a file
	wayText      = "text"      // metadata pasted
	wayFields    = "fields"    // single values
	wayEndpoints = "endpoints" // of OpenID Connect, without a document
	wayTenant    = "tenant"    // of Microsoft
)

const (
	maxMetadataFile = 5 << 20 // bytes, as manage takes it
	maxMetadataText = 900_000 // characters of a form; larger documents come as a file
)

// severalProviders is how saml ends its refusal of a document of several.
const severalProviders = "name one by its entity ID"

// dataFields are those of the forms about what the provider is known by.
func dataFields() []string {
	return []string{
		"way", "draft", "guide", "metadata_url", "metadata_text", "entity", "idp_entity_id", "idp_sso_url", "idp_certificate",
		"discovery_url", "client_id", "client_secret", "issuer", "auth_url", "token_url", "user_info_url", "jwks_url", "tenant_id",
	}
}

// dataGiven is what the forms show at first.
func dataGiven(c identity.Connection) map[string]string {
	given := map[string]string{"tenant_id": c.TenantID}
	if s := c.Config.SAML; s != nil {
		given["metadata_url"], given["idp_entity_id"], given["idp_sso_url"] = s.IDPMetadataURL, s.IDPEntityID, s.IDPSSOURL
		given["idp_certificate"] = strings.Join(manage.CertificatesPEM(s.IDPCertificates), "")
	}
	if o := c.Config.OIDC; o != nil {
		given["discovery_url"], given["client_id"], given["issuer"], given["auth_url"] = o.DiscoveryURL, o.ClientID, o.Issuer, o.AuthURL
		given["token_url"], given["user_info_url"], given["jwks_url"] = o.TokenURL, o.UserInfoURL, o.JWKSURL
	}
	return given
}

// dataBlocks ask for what the step of a guide brings back, and show what is known.
func dataBlocks(v setupView, given map[string]string, now time.Time) []page.Block {
	var blocks []page.Block
	switch v.guide.Protocol {
	case guide.SAML:
		blocks = samlForms(v, given)
	case guide.OIDC:
		blocks = oidcForms(v, given)
	default:
		blocks = tenantForms(v, given)
	}
	for i := range blocks {
		if f := blocks[i].Form; f != nil {
			f.Quiet = i > 0
			f.Hidden = append(f.Hidden, page.Hidden{Name: "guide", Value: v.guide.Key}, page.Hidden{Name: "draft", Value: string(v.draft)})
		}
	}
	if facts := theirFacts(v.now, now); len(facts) > 0 && begun(v.now) {
		blocks = append(blocks, page.Block{Title: "What is known", Text: "From the data above, as it is saved.", Facts: facts, Checks: findingChecks(v.findings)})
	}
	return blocks
}

// begun reports whether the provider has said anything about itself.
func begun(c identity.Connection) bool {
	if s := c.Config.SAML; s != nil {
		return s.IDPEntityID != "" || s.IDPSSOURL != "" || len(s.IDPCertificates) > 0
	}
	return c.Config.OIDC != nil && c.Config.OIDC.ClientID != ""
}

func way(name string) []page.Hidden { return []page.Hidden{{Name: "way", Value: name}} }

// samlForms are the ways that a guide offers, its first one open.
func samlForms(v setupView, given map[string]string) []page.Block {
	path := connectionPath(v.live.ID) + "/setup"
	entity := page.Field{Name: "entity", Label: "Which provider", Value: given["entity"], Optional: true, Code: true, Max: 1024, Hint: "Its entity ID, where the document describes several."}
	several := given["several"] != ""
	with := func(name string, fields ...page.Field) []page.Field {
		if several && given["way"] == name {
			fields = append(fields, entity)
		}
		return fields
	}
	forms := map[string]page.Block{
		wayURL: {Title: "Metadata by its address", Text: "The best way where there is one: it is read again by itself, and renewed certificates arrive.", Form: &page.Form{
			Action: path + "/connect", Submit: "Read the metadata", Hidden: way(wayURL),
			Fields: with(wayURL, page.Field{Kind: "url", Name: "metadata_url", Label: "Metadata URL", Value: given["metadata_url"], Code: true, Max: 2048, Example: "https://"}),
		}},
		wayFile: {Title: "Metadata as a file", Form: &page.Form{
			Action: path + "/metadata", Submit: "Send the file", Files: true,
			Fields: []page.Field{{Kind: "file", Name: "file", Label: "Metadata file", Accept: ".xml,text/xml,application/xml,application/samlmetadata+xml", Hint: "XML of up to 5 MB."}},
		}},
		wayText: {Title: "Metadata as text", Form: &page.Form{
			Action: path + "/connect", Submit: "Read the metadata", Hidden: way(wayText),
			Fields: with(wayText, page.Field{Kind: "textarea", Name: "metadata_text", Label: "Metadata", Value: given["metadata_text"], Code: true, Rows: 8, Max: maxMetadataText, Example: "<EntityDescriptor"}),
		}},
		wayFields: {Title: "Single values", Text: "What is entered here stays as it is until somebody changes it. A metadata URL is forgotten with that.", Form: &page.Form{
			Action: path + "/connect", Submit: "Save the values", Hidden: way(wayFields),
			Fields: []page.Field{
				{Name: "idp_entity_id", Label: "Entity ID", Value: given["idp_entity_id"], Code: true, Max: 1024, Hint: "Also called issuer."},
				{Kind: "url", Name: "idp_sso_url", Label: "Sign-on URL", Value: given["idp_sso_url"], Code: true, Max: 2048, Example: "https://"},
				{Kind: "textarea", Name: "idp_certificate", Label: "Certificates", Value: given["idp_certificate"], Code: true, Rows: 8, Example: "-----BEGIN CERTIFICATE-----", Hint: "Each from BEGIN to END, one below the other where there are several. All of them count."},
			},
		}},
	}
	order := []string{wayURL, wayFile, wayText, wayFields}
	if !slices.ContainsFunc(guided.Asks(v.step), func(way []guide.Input) bool { return slices.Contains(way, guide.InputMetadataURL) }) {
		order = []string{wayFile, wayText, wayFields, wayURL}
	}
	return folded(forms, order, given["way"])
}

// folded lists forms in an order: the first is open, and the one that was refused.
func folded(forms map[string]page.Block, order []string, open string) []page.Block {
	var list []page.Block
	for i, name := range order {
		b := forms[name]
		b.ID = "way-" + name
		b.Folded = i > 0 && name != open
		list = append(list, b)
	}
	return list
}

func oidcForms(v setupView, given map[string]string) []page.Block {
	path := connectionPath(v.live.ID) + "/setup/connect"
	secret := page.Field{Kind: "password", Name: "client_secret", Label: "Client secret", Optional: true, Max: 4096, Auto: "off", Hint: "It is kept sealed, and never shown again. A client without one must use PKCE."}
	if v.now.Config.OIDC != nil && v.now.Config.OIDC.SecretID != "" {
		secret.Hint = "There is one. Leave this empty to keep it."
	}
	address := page.Field{Kind: "url", Name: "discovery_url", Label: "Issuer or discovery URL", Value: given["discovery_url"], Code: true, Max: 2048, Example: "https://"}
	if v.live.Provider == identity.OIDCGitHubEnterprise {
		address.Label, address.Hint = "Address of the server", "Its endpoints are known from that."
	}
	client := []page.Field{{Name: "client_id", Label: "Client ID", Value: given["client_id"], Code: true, Max: 1024}, secret}
	forms := map[string]page.Block{
		wayURL: {Title: "Client and address", Form: &page.Form{
			Action: path, Submit: "Read the document", Hidden: way(wayURL),
			Fields: append([]page.Field{address}, client...),
		}},
		wayEndpoints: {Title: "Without a discovery document", Text: "Enter the endpoints one by one. They stay as they are until somebody changes them.", Form: &page.Form{
			Action: path, Submit: "Save the endpoints", Hidden: way(wayEndpoints), Fields: endpointFields(given),
		}},
	}
	return folded(forms, []string{wayURL, wayEndpoints}, given["way"])
}

// endpointFields are those of a provider without a discovery document. The client is
// asked for beside the document; names of fields are unique on a page.
func endpointFields(given map[string]string) []page.Field {
	var fields []page.Field
	for _, f := range []struct {
		name, label, hint string
		optional          bool
	}{
		{"issuer", "Issuer", "As it stands in ID tokens. Empty: the person is read from user info alone.", true},
		{"auth_url", "Authorization endpoint", "", false},
		{"token_url", "Token endpoint", "", false},
		{"jwks_url", "Key set (JWKS)", "By which ID tokens are verified; needed where there is an issuer.", true},
		{"user_info_url", "User info endpoint", "", true},
	} {
		fields = append(fields, page.Field{Kind: "url", Name: f.name, Label: f.label, Hint: f.hint, Optional: f.optional, Value: given[f.name], Code: true, Max: 2048})
	}
	return fields
}

func tenantForms(v setupView, given map[string]string) []page.Block {
	if v.live.Provider != identity.OAuthMicrosoft {
		return nil
	}
	if v.live.Active {
		return []page.Block{{Alert: &page.Alert{Kind: "info", Text: "The tenant can be changed while the connection is switched off."}}}
	}
	return []page.Block{{ID: "way-" + wayTenant, Form: &page.Form{
		Action: connectionPath(v.live.ID) + "/setup/connect", Submit: "Save the tenant", Hidden: way(wayTenant),
		Fields: []page.Field{{Name: "tenant_id", Label: "Tenant ID", Value: given["tenant_id"], Optional: true, Code: true, Max: 64, Example: "00000000-0000-0000-0000-000000000000", Hint: "Empty: the tenant of the first sign-in."}},
	}}}
}

// dataChange is what a form about the provider changes of a connection. Values that
// are as they were are left alone: giving one by hand forgets the document.
func dataChange(c identity.Connection, given map[string]string) (manage.ConnectionChange, error) {
	was := dataGiven(c)
	other := func(name string) *string {
		text := strings.TrimSpace(given[name])
		if text == was[name] {
			return nil
		}
		return &text
	}
	needed := func(name string) (*string, error) {
		text := strings.TrimSpace(given[name])
		if text == "" {
			return nil, fault.New(fault.FormParamMissing, "param_name", name)
		}
		return &text, nil
	}
	var entity *string
	if text := strings.TrimSpace(given["entity"]); text != "" {
		entity = &text
	}
	var ch manage.ConnectionChange
	var err error
	switch {
	case c.Provider.IsSAML() && given["way"] == wayURL:
		ch.SAML = &manage.SAMLChange{IDPEntityID: entity}
		ch.SAML.IDPMetadataURL, err = needed("metadata_url")
	case c.Provider.IsSAML() && given["way"] == wayText:
		none := ""
		ch.SAML = &manage.SAMLChange{IDPEntityID: entity, IDPMetadataURL: &none}
		ch.SAML.IDPMetadata, err = needed("metadata_text")
	case c.Provider.IsSAML():
		ch.SAML = &manage.SAMLChange{IDPEntityID: other("idp_entity_id"), IDPSSOURL: other("idp_sso_url")}
		if text := given["idp_certificate"]; strings.Join(strings.Fields(text), "") != strings.Join(strings.Fields(was["idp_certificate"]), "") {
			ch.SAML.IDPCertificates = certificatesIn(text)
		}
	case c.Provider.IsOIDC() && given["way"] == wayURL:
		ch.OIDC = &manage.OIDCChange{ClientID: other("client_id")}
		var idErr error
		ch.OIDC.DiscoveryURL, err = needed("discovery_url")
		_, idErr = needed("client_id")
		err = fault.Join(err, idErr)
		if secret := given["client_secret"]; secret != "" {
			ch.OIDC.ClientSecret = &secret
		}
	case c.Provider.IsOIDC():
		ch.OIDC = &manage.OIDCChange{
			Issuer: other("issuer"), AuthURL: other("auth_url"), TokenURL: other("token_url"), UserInfoURL: other("user_info_url"), JWKSURL: other("jwks_url"),
		}
	default:
		ch.TenantID = other("tenant_id")
	}
	return ch, err
}

// certificatesIn takes certificates out of a text: one for each BEGIN, else one on
// its own.
func certificatesIn(text string) []string {
	const begin = "-----BEGIN"
	parts := strings.Split(text, begin)
	if len(parts) == 1 {
		if strings.TrimSpace(text) == "" {
			return nil
		}
		return []string{text}
	}
	var list []string
	if strings.TrimSpace(parts[0]) != "" { // what consoles write above it says nothing
		parts[0] = ""
	}
	for _, part := range parts[1:] {
		list = append(list, begin+part)
	}
	return list
}

func (u *UI) handleProviderData(w http.ResponseWriter, r *http.Request, op operator) error {
	e, err := u.edition(r)
	if err != nil {
		return err
	}
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	given, err := values(form, dataFields()...)
	if err != nil {
		return err
	}
	return u.takeData(w, r, op, e, given)
}

// handleMetadataFile takes metadata as a file.
func (u *UI) handleMetadataFile(w http.ResponseWriter, r *http.Request, op operator) error {
	e, err := u.edition(r)
	if err != nil {
		return err
	}
	file, texts, err := httpio.ReadFile(w, r, httpio.FileForm{Field: "file", MaxBytes: maxMetadataFile, Texts: []string{"csrf_token", "draft", "guide"}})
	if texts != nil || err == nil {
		if err := u.Forms.Check(r, texts["csrf_token"]); err != nil {
			return err
		}
	}
	given := map[string]string{"way": wayFile, "draft": texts["draft"], "guide": texts["guide"], "metadata_text": string(file)}
	if err == nil && !utf8.Valid(file) {
		err = fault.New(fault.SAMLFailedToParseIDPMetadata, "reason", "it is not text in UTF-8")
	}
	if _, _, ok := problems(err); ok {
		return u.showData(w, r, op, e, given, err)
	}
	if err != nil {
		return err
	}
	return u.takeData(w, r, op, e, given)
}

// takeData changes the connection by what a form says about its provider.
func (u *UI) takeData(w http.ResponseWriter, r *http.Request, op operator, e edition, given map[string]string) error {
	read := given
	if given["way"] == wayFile {
		read = map[string]string{"way": wayText, "metadata_text": given["metadata_text"]}
	}
	ch, err := dataChange(e.now, read)
	direct := e.live.Provider.IsEASIE()
	switch {
	case err != nil:
	case direct && e.live.Active:
		err = fault.New(fault.FormParamValueInvalid, "param_name", "tenant_id")
	case direct:
		_, err = u.Manage.ChangeConnection(r.Context(), e.live.ID, ch)
	default:
		err = u.configure(r, e, given["draft"], ch)
	}
	if _, _, ok := problems(err); ok {
		return u.showData(w, r, op, e, given, err)
	}
	if err != nil {
		return err
	}
	done := "data_saved"
	if !direct && e.inDraft() {
		done = "data_drafted"
	}
	return seeOther(w, r, setupURL(e.live.ID, guide.StepConnect, given["guide"], done))
}

// showData shows the forms about the provider again, with what was given in the one
// that was sent.
func (u *UI) showData(w http.ResponseWriter, r *http.Request, op operator, e edition, given map[string]string, err error) error {
	shown := dataGiven(e.now)
	for name, value := range given {
		if value != "" || name != "draft" && sentBy(given["way"], name) {
			shown[name] = value
		}
	}
	if given["way"] == wayFile { // a file can't be given back; its text is not for a form
		shown["metadata_text"] = ""
	}
	for _, e := range fault.All(err) {
		if reason, _ := e.Meta()["reason"].(string); strings.Contains(reason, severalProviders) {
			shown["several"] = "true"
		}
	}
	q := r.URL.Query()
	q.Set("guide", given["guide"])
	r.URL.RawQuery = q.Encode()
	return u.showSetup(w, r, op, e, guide.StepConnect, shown, err)
}

// sentBy reports whether a field belongs to the form of a way.
func sentBy(way, name string) bool {
	return slices.Contains(map[string][]string{
		wayURL: {"metadata_url", "discovery_url", "client_id"}, wayText: {"metadata_text"}, wayFields: {"idp_entity_id", "idp_sso_url", "idp_certificate"},
		wayEndpoints: {"issuer", "auth_url", "token_url", "user_info_url", "jwks_url"}, wayTenant: {"tenant_id"},
	}[way], name)
}

// dataProblems are problems of the forms about the provider: in plain words, at the
// field that the document came in.
func dataProblems(err error, way string) (list []page.Problem, status int, ok bool) {
	list, status, ok = problems(err)
	if !ok {
		return nil, status, false
	}
	document := map[string]string{wayURL: "metadata_url", wayFile: "file", wayText: "metadata_text", wayFields: "idp_sso_url", wayTenant: "tenant_id"}[way]
	for i, e := range fault.All(err) {
		switch e.Code() {
		case fault.SAMLFailedToFetchIDPMetadata, fault.SAMLFailedToParseIDPMetadata, fault.SAMLMetadataMissingFields:
			list[i].Field = document
		case fault.RequestBodyTooLarge:
			list[i] = page.Problem{Field: document, Text: "The file is larger than 5 MB. Metadata of one provider has a few kilobytes."}
			continue
		default:
		}
		if list[i].Field == "idp_metadata" {
			list[i].Field = document
		}
		if text := dataProblem(e); text != "" {
			list[i].Text = text
		}
	}
	return list, status, true
}

// dataProblem says of a failure what its words leave out; empty: nothing.
func dataProblem(e *fault.Error) string {
	switch e.Code() {
	case fault.SAMLFailedToFetchIDPMetadata, fault.OAuthDiscoveryRetrievalError:
		if f, ok := errors.AsType[*httpio.FetchError](e); ok {
			return e.LongMessage() + " " + sentence(strings.TrimPrefix(f.Reason(), "httpio: ")) + " " + e.Fix()
		}
	case fault.SAMLFailedToParseIDPMetadata:
		reason, _ := e.Meta()["reason"].(string)
		return sentence(reason) + " " + parseFix(reason)
	case fault.SAMLMetadataMissingFields:
		names, _ := e.Meta()["missing_fields"].([]string)
		var missing []string
		for _, name := range names {
			missing = append(missing, missingWord(name))
		}
		text := "The metadata lacks " + strings.Join(missing, ", ") + "."
		warnings, _ := e.Details()["warnings"].([]string)
		return strings.Join(append([]string{text}, warnings...), " ") + " " + e.Fix()
	case fault.OAuthCannotUseDiscoveryURL:
		if reason, ok := e.Meta()["reason"].(string); ok {
			return "This can’t be used as a discovery document: " + reason + ". " + e.Fix()
		}
	case fault.FormParamFormatInvalid:
		if reason, ok := e.Details()["reason"].(string); ok {
			return sentence(reason)
		}
		if e.Meta()["param_name"] == "tenant_id" {
			return "Enter the tenant ID as Microsoft shows it: 32 digits and letters in five groups."
		}
	default:
	}
	return ""
}

// parseFix says what to do about a document that is not the metadata of a provider.
func parseFix(reason string) string {
	switch {
	case strings.Contains(reason, "service provider"):
		return "What belongs here is the metadata of the identity provider, from its own console. This may be ours, which goes there."
	case strings.Contains(reason, "HTML page"):
		return "Open the address in a private window: it must answer with XML, and not ask for a sign-in."
	case strings.Contains(reason, severalProviders):
		return "Enter below which one it is."
	case strings.Contains(reason, "OpenID Connect"):
		return "This connection speaks SAML. Look for the SAML metadata in the console, or add a connection by OpenID Connect."
	case strings.Contains(reason, "certificate or key"):
		return "A certificate alone is entered under single values."
	case strings.Contains(reason, "a URL, not"):
		return "Enter it as the metadata URL."
	}
	return "Download the metadata of the identity provider again."
}

// sentence makes one of words that end another.
func sentence(words string) string {
	first, size := utf8.DecodeRuneInString(words)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + words[size:] + "."
}

// missingWord is what a missing setting is called.
func missingWord(name string) string {
	if word, ok := missingWords()[name]; ok {
		return word
	}
	return name
}

// findingChecks show findings, what keeps everybody out first.
func findingChecks(list []manage.Finding) []page.Check {
	var checks []page.Check
	for _, f := range list {
		c := page.Check{Text: f.Plain, State: "warning", Detail: f.Fix}
		if f.Severity == policy.SeverityError {
			c.State = "failed"
		}
		if name := settingName(f.Field); name != f.Field && strings.HasPrefix(f.Code, "setting_") {
			c.Text = name + " is missing."
		}
		checks = append(checks, c)
	}
	return checks
}
