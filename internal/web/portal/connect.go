package portal

import (
	"net/http"
	"slices"
	"time"

	"usher/internal/fault"
	"usher/internal/guide"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/web/guided"
	"usher/internal/web/page"
)

// The ways to bring back what the provider says about itself.
const (
	wayURL    = "url"
	wayFile   = "file"
	wayText   = "text"
	wayValues = "values"
	wayOIDC   = "oidc"
)

// maxDocument is the largest metadata document that is taken, in bytes, as for
// addresses: threat T-DOS-06.
const maxDocument = 5 << 20

// savedParam says, in a URL, that what was brought back was saved.
const savedParam = "saved"

func (u *UI) connectRoutes() map[string]handler {
	return map[string]handler{
		"GET " + oneConnection + "/connect":        u.handleConnect,
		"POST " + oneConnection + "/connect/{way}": u.handleBring,
	}
}

// brought is what was given to bring back, and in which way.
type brought struct {
	way   string
	given map[string]string
}

func (u *UI) handleConnect(w http.ResponseWriter, r *http.Request, v visit) error {
	c, err := u.connectionOf(r, v)
	if err != nil {
		return err
	}
	return u.showConnect(w, r, v, c, brought{given: standing(c)}, nil)
}

// standing is what the forms show at first.
func standing(c identity.Connection) map[string]string {
	if s := c.Config.SAML; s != nil {
		return map[string]string{"metadata_url": s.IDPMetadataURL, "idp_entity_id": s.IDPEntityID, "sso_url": s.IDPSSOURL}
	}
	return map[string]string{"discovery_url": c.Config.OIDC.DiscoveryURL, "client_id": c.Config.OIDC.ClientID}
}

func (u *UI) showConnect(w http.ResponseWriter, r *http.Request, v visit, c identity.Connection, b brought, refused error) error {
	g, err := u.filled(r, c)
	if err != nil {
		return err
	}
	p, err := u.progress(r, v, c)
	if err != nil {
		return err
	}
	s := connectScreen(v, p, g, b, u.Now())
	status, err := refuse(v.Text, &s, refused, mainField(b.way))
	if err != nil {
		return err
	}
	if r.URL.Query().Has(savedParam) && known(c) {
		s.Notices = []page.Notice{{Kind: "success", Text: v.Say("setup.saved")}}
	}
	return u.showAs(w, r, v, status, s)
}

// mainField is the field that problems of a way are about that name none.
func mainField(way string) string {
	switch way {
	case wayURL:
		return "metadata_url"
	case wayFile:
		return "metadata_file"
	case wayText:
		return "metadata_xml"
	case wayOIDC:
		return "discovery_url"
	}
	return ""
}

func connectScreen(v visit, p progress, g guide.Guide, b brought, now time.Time) page.Screen {
	s := screen(v, p, stepConnect)
	s.Title = v.Say("setup.bring_back")
	c := p.Connection
	path := connectionPath(v, c)
	if c.Active {
		s.Blocks = append(s.Blocks, page.Block{Alert: &page.Alert{Kind: "warning", Text: v.Say("setup.in_use")}})
	}
	if known(c) {
		s.Blocks = append(s.Blocks, knownBlock(v, c, path, now))
	}
	step, ok := g.Step(guide.StepConnect)
	if ok {
		s.Title, s.Lead = step.Title, englishNote(v)
		s.Blocks = append(s.Blocks, page.Block{Prose: guided.Step(step)})
	}
	for i, way := range ways(step, c) {
		form := formOf(v, way, b.given, c)
		form.Action, form.Submit, form.Quiet = path+"/connect/"+way, v.Say("setup.save"), i > 0 || known(c)
		block := page.Block{ID: "way-" + way, Form: &form}
		if way != wayOIDC { // which has no other beside it
			block.Title = v.Say("setup.by_" + way)
		}
		// The first way is open, and the one whose form is shown again.
		block.Folded = way != b.way && (i > 0 || b.way != "")
		s.Blocks = append(s.Blocks, block)
	}
	s.Blocks = append(s.Blocks, trouble(v, g)...)
	return s
}

// ways are those that the guide has, in its order.
func ways(step guide.Step, c identity.Connection) []string {
	if c.Config.SAML == nil {
		return []string{wayOIDC}
	}
	list := []string{}
	for _, inputs := range guided.Asks(step) {
		switch inputs[0] {
		case guide.InputMetadataURL:
			list = append(list, wayURL)
		case guide.InputMetadataXML:
			list = append(list, wayFile, wayText)
		default:
			list = append(list, wayValues)
		}
	}
	for _, way := range []string{wayURL, wayFile, wayText, wayValues} {
		if len(list) == 0 || way == wayURL && !slices.Contains(list, wayURL) {
			list = append(list, way)
		}
	}
	return list
}

func formOf(v visit, way string, given map[string]string, c identity.Connection) page.Form {
	input := func(name string) page.Field {
		return page.Field{Name: name, Label: v.Say("setup.input." + name), Value: given[name], Code: true, Max: 2048}
	}
	switch way {
	case wayURL:
		f := input("metadata_url")
		f.Kind, f.Hint = "url", v.Say("setup.url_hint")
		return page.Form{Fields: []page.Field{f}}
	case wayFile:
		return page.Form{Files: true, Fields: []page.Field{{Kind: "file", Name: "metadata_file", Label: v.Say("setup.input.metadata_xml"), Accept: ".xml,application/xml,text/xml"}}}
	case wayText:
		return page.Form{Files: true, Fields: []page.Field{{Kind: "textarea", Name: "metadata_xml", Label: v.Say("setup.metadata_text"), Value: given["metadata_xml"], Code: true, Rows: 8}}}
	case wayValues:
		cert := page.Field{Kind: "textarea", Name: "certificate", Label: v.Say("setup.input.certificate"), Value: given["certificate"], Hint: v.Say("setup.certificate_hint"), Code: true, Rows: 6, Max: 20_000}
		url := input("sso_url")
		url.Kind = "url"
		return page.Form{Fields: []page.Field{input("idp_entity_id"), url, cert}}
	default:
		secret := input("client_secret")
		secret.Kind, secret.Value, secret.Auto = "password", "", "new-password"
		if c.Config.OIDC.SecretID != "" {
			secret.Optional, secret.Hint = true, v.Say("setup.secret_kept")
		}
		return page.Form{Fields: []page.Field{input("discovery_url"), input("client_id"), secret}}
	}
}

// soon is how long before its end a certificate is warned of: as on the dashboard.
const soon = 60 * 24 * time.Hour

// knownBlock is what the connection knows about its provider.
func knownBlock(v visit, c identity.Connection, path string, now time.Time) page.Block {
	b := page.Block{Title: v.Say("setup.known"), Actions: []page.Action{{Text: v.Say("setup.next"), URL: path + "/assign", Kind: "primary"}}}
	fact := func(input, text string) {
		if text != "" {
			b.Facts = append(b.Facts, page.Fact{Term: v.Say("setup.input." + input), Text: text, Code: true})
		}
	}
	if s := c.Config.SAML; s != nil {
		fact("idp_entity_id", s.IDPEntityID)
		fact("sso_url", s.IDPSSOURL)
		fact("metadata_url", s.IDPMetadataURL)
	} else {
		fact("discovery_url", c.Config.OIDC.DiscoveryURL)
		fact("client_id", c.Config.OIDC.ClientID)
	}
	certs := certificates(c)
	for _, cert := range certs {
		b.Facts = append(b.Facts, page.Fact{Term: v.Say("setup.known_until"), Text: cert.NotAfter.UTC().Format(time.DateOnly), More: cert.Subject})
	}
	b.Alert = certificateAlert(v, certs, now)
	return b
}

func certificates(c identity.Connection) []manage.CertificateView {
	if c.Config.SAML == nil {
		return nil
	}
	return manage.Certificates(c.Config.SAML.IDPCertificates)
}

// certificateAlert warns where the last of the certificates has ended or ends soon.
func certificateAlert(v visit, certs []manage.CertificateView, now time.Time) *page.Alert {
	if len(certs) == 0 {
		return nil
	}
	last := certs[0].NotAfter
	for _, c := range certs {
		if c.NotAfter.After(last) {
			last = c.NotAfter
		}
	}
	day := last.UTC().Format(time.DateOnly)
	switch left := last.Sub(now); {
	case left <= 0:
		return &page.Alert{Kind: "danger", Text: v.Say("setup.certificate_ended", "date", day)}
	case left < soon:
		return &page.Alert{Kind: "warning", Text: v.Say("setup.certificate_soon", "date", day)}
	}
	return nil
}

// handleBring takes what was brought back. What is wrong with it is said at once, and
// nothing that was given is lost but a file, which browsers do not give twice.
func (u *UI) handleBring(w http.ResponseWriter, r *http.Request, v visit) error {
	c, err := u.connectionOf(r, v)
	if err != nil {
		return err
	}
	b, ch, err := u.readBrought(w, r, c)
	if err == nil {
		err = httpio.Count(r.Context(), u.Asks, string(v.Link.ID))
	}
	if err == nil {
		ch.By = by(v)
		_, err = u.Manage.ChangeConnection(r.Context(), c.ID, ch)
	}
	if err != nil {
		return u.showConnect(w, r, v, c, b, err)
	}
	return seeOther(w, r, connectionPath(v, c)+"/connect?"+savedParam+"=true")
}

// readBrought reads the form of a way, and makes a change of it.
func (u *UI) readBrought(w http.ResponseWriter, r *http.Request, c identity.Connection) (b brought, ch manage.ConnectionChange, err error) {
	b.way, b.given = r.PathValue("way"), standing(c)
	if !slices.Contains([]string{wayURL, wayFile, wayText, wayValues, wayOIDC}, b.way) || (b.way == wayOIDC) != (c.Config.SAML == nil) {
		return b, ch, fault.New(fault.NotFound, "resource", "page")
	}
	if b.way == wayFile || b.way == wayText {
		document, err := u.readDocument(w, r, mainField(b.way))
		if b.way == wayText {
			b.given["metadata_xml"] = document
		}
		ch.SAML = &manage.SAMLChange{IDPMetadata: &document, IDPMetadataURL: new(string)}
		return b, ch, err
	}
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return b, ch, err
	}
	fields := map[string][]string{
		wayURL: {"metadata_url"}, wayValues: {"idp_entity_id", "sso_url", "certificate"}, wayOIDC: {"discovery_url", "client_id", "client_secret"},
	}[b.way]
	if b.given, err = values(form, fields...); err != nil {
		return b, ch, err
	}
	needed := fields
	if b.way == wayOIDC && c.Config.OIDC.SecretID != "" {
		needed = fields[:2]
	}
	ch = changeBy(b)
	return b, ch, required(b.given, needed...)
}

// changeBy makes a change of what was given.
func changeBy(b brought) manage.ConnectionChange {
	text := func(name string) *string { s := b.given[name]; return &s }
	switch b.way {
	case wayURL:
		return manage.ConnectionChange{SAML: &manage.SAMLChange{IDPMetadataURL: text("metadata_url")}}
	case wayValues:
		return manage.ConnectionChange{SAML: &manage.SAMLChange{
			IDPEntityID: text("idp_entity_id"), IDPSSOURL: text("sso_url"), IDPCertificates: []string{b.given["certificate"]},
		}}
	default:
		return manage.ConnectionChange{OIDC: &manage.OIDCChange{
			DiscoveryURL: text("discovery_url"), ClientID: text("client_id"), ClientSecret: given(b.given["client_secret"]),
		}}
	}
}

// readDocument reads a form with a document, as a file or as text; it may be longer
// than other forms are.
func (u *UI) readDocument(w http.ResponseWriter, r *http.Request, field string) (string, error) {
	file, texts, err := httpio.ReadFile(w, r, httpio.FileForm{Field: field, MaxBytes: maxDocument, Texts: []string{"csrf_token"}})
	if err != nil {
		return "", err
	}
	return string(file), u.Forms.Check(r, texts["csrf_token"])
}
