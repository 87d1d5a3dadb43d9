package dashboard

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/policy"
	"usher/internal/web/page"
)

const oneHistory = oneConnection + "/changes"

func (u *UI) connectionChangeRoutes() map[string]handler {
	return map[string]handler{
		"GET " + oneHistory:                    u.handleChanges,
		"GET " + oneHistory + "/promote":       u.sure(u.handlePromotePage),
		"POST " + oneHistory + "/promote":      u.sure(u.handlePromote),
		"GET " + oneHistory + "/discard":       u.handleDiscardPage,
		"POST " + oneHistory + "/discard":      u.handleDiscard,
		"POST " + oneHistory + "/restore":      u.sure(u.handleRestore),
		"GET " + oneHistory + "/{revision_id}": u.handleRevision,
	}
}

func connectionChangeNotices() map[string]string {
	return map[string]string{
		"draft_promoted":  "The draft is live: sign-ins are judged by it from now on.",
		"draft_discarded": "The draft has been discarded. What is live has not changed.",
	}
}

func changesPath(id identity.ConnectionID) string { return connectionPath(id) + "/changes" }

// Where a restoration leads, and how it is taken back.
const (
	restoredParam = "restored" // the number of the revision
	undoParam     = "undo"     // the revision that was live before
)

// draftOf reads a connection and its draft; nil where there is none.
func (u *UI) draftOf(r *http.Request, c identity.Connection) (*manage.DraftView, error) {
	v, err := u.Manage.Draft(r.Context(), c.ID)
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return &v, nil
}

func (u *UI) handleChanges(w http.ResponseWriter, r *http.Request, op operator) error {
	return u.showChanges(w, r, op, nil)
}

func (u *UI) showChanges(w http.ResponseWriter, r *http.Request, op operator, refusal error) error {
	c, err := u.connectionOf(r)
	if err != nil {
		return err
	}
	org, err := u.organizationName(r, c)
	if err != nil {
		return err
	}
	draft, err := u.draftOf(r, c)
	if err != nil {
		return err
	}
	l, err := newListing(r)
	if err != nil {
		return err
	}
	l.path = changesPath(c.ID)
	revisions, total, err := u.Manage.Revisions(r.Context(), c.ID, l.page())
	if err != nil {
		return err
	}
	s := connectionHead(c, org, "Changes")
	s.Blocks = append(draftBlocks(c, draft, u.Now()), historyBlock(c, l, revisions, total, u.Now()))
	s.MayLeadTo = u.providers()
	if n, ok := restored(r, c); ok {
		s.Notices = []page.Notice{n}
	}
	return u.showAs(w, r, op, refused(&s, refusal), s)
}

// restored says that an earlier configuration is live again, with a way back.
func restored(r *http.Request, c identity.Connection) (page.Notice, bool) {
	q := r.URL.Query()
	id, err := identity.ParseID[identity.RevisionID](q.Get(undoParam))
	if err != nil || q.Get(restoredParam) == "" {
		return page.Notice{}, false
	}
	return page.Notice{
		Kind: "success", Text: "The earlier configuration is live again.",
		Actions: []page.Action{restoreAction("Undo", id, c)},
	}, true
}

func restoreAction(text string, to identity.RevisionID, c identity.Connection) page.Action {
	return page.Action{Text: text, URL: changesPath(c.ID) + "/restore", Post: true, Fields: []page.Hidden{{Name: "revision", Value: string(to)}, {Name: "live", Value: string(c.LiveRevisionID)}}}
}

// draftBlocks show the draft: what it changes, what is wrong with it, and what it
// would mean.
func draftBlocks(c identity.Connection, v *manage.DraftView, now time.Time) []page.Block {
	if v == nil {
		return []page.Block{{Title: "Draft", Empty: &page.Empty{
			Icon: "swap", Title: "Nothing is waiting", Text: "While a connection is in use, changes of the provider’s data and of the configuration go into a draft. You compare and test it here before it becomes live.",
			Actions: []page.Action{{Text: "Change the configuration", URL: configurationPath(c.ID)}, {Text: "Change the provider’s data", URL: connectionPath(c.ID) + "/setup/connect"}},
		}}}
	}
	path := changesPath(c.ID)
	tested := page.Fact{Term: "Tested", Text: "Not yet", Badge: page.Badge{Text: "Try it first", Kind: "warning"}}
	if p := v.Draft.Proof; p.TestRunID != "" {
		tested = page.Fact{Term: "Tested", When: page.Since(now, p.At), Badge: page.Badge{Text: "It works", Kind: "success"}}
	}
	head := page.Block{
		Title: "Draft", Text: "Nobody notices anything of it before it is promoted.",
		Facts: []page.Fact{{Term: "Begun", When: page.Since(now, v.Draft.CreatedAt)}, {Term: "Last edited", When: page.Since(now, v.Draft.UpdatedAt)}, tested},
		Actions: []page.Action{
			{Text: "Promote", URL: path + "/promote", Kind: "primary"},
			testAction(c.ID),
			{Text: "Go on editing", URL: configurationPath(c.ID)},
			{Text: "Discard", URL: path + "/discard"},
		},
	}
	return append([]page.Block{head}, lookedAt(*v)...)
}

// lookedAt is all that is to be looked at before a draft is promoted.
func lookedAt(v manage.DraftView) []page.Block {
	diff := page.Block{Title: "What changes"}
	if len(v.Changes) == 0 {
		diff.Text = "Nothing: the draft says what is live."
	} else {
		diff.Compare = compared("Live", "Draft", v.Changes)
	}
	blocks := []page.Block{diff}
	if len(v.Findings) > 0 {
		blocks = append(blocks, page.Block{Title: "What was found", Text: "What is marked red would keep everybody out.", Checks: findingChecks(v.Findings)})
	}
	return append(blocks, page.Block{Title: "What people will notice", Effects: effectsOf(v.Effects)})
}

// compared sets settings side by side.
func compared(left, right string, list []manage.SettingChange) *page.Compare {
	c := &page.Compare{Left: left, Right: right}
	for _, ch := range list {
		d := page.Difference{Term: settingName(ch.Field), Left: settingText(ch.Live), Right: settingText(ch.Draft)}
		if ch.Secret {
			d.Left, d.Right = "another one", "not shown"
		}
		c.Rows = append(c.Rows, d)
	}
	return c
}

func settingText(v any) string {
	switch v := v.(type) {
	case bool:
		if v {
			return "Yes"
		}
		return "No"
	case []string:
		return strings.Join(v, "; ")
	case nil:
		return ""
	}
	return fmt.Sprint(v)
}

// settingName is what a setting is called; one that has no words yet, by its field.
func settingName(field string) string {
	if name, ok := settingNames()[field]; ok {
		return name
	}
	return field
}

func settingNames() map[string]string {
	return map[string]string{
		"domains": "Domains", "sync_user_attributes": "Keep names up to date", "disable_additional_identifications": "People may not add other addresses",
		"allow_organization_account_linking": "Members may connect the account", "disable_jit_provisioning": "Let in only people who have a user", "custom_attributes": "Custom attributes",
		"saml.idp_entity_id": "Entity ID", "saml.idp_sso_url": "Sign-on URL", "saml.idp_sso_binding": "How requests are sent", "saml.idp_certificates": "Certificates",
		"saml.idp_metadata_url": "Metadata URL", "saml.idp_metadata": "Metadata", "saml.authn_requests_signed": "Requests are signed",
		"saml.attribute_mapping.user_id": "Identifier", "saml.attribute_mapping.email_address": "Attribute of the email address",
		"saml.attribute_mapping.first_name": "Attribute of the first name", "saml.attribute_mapping.last_name": "Attribute of the last name",
		"saml.allow_subdomains": "Subdomains belong to it", "saml.allow_idp_initiated": "People may start at the provider", "saml.force_authn": "A fresh sign-in each time",
		"saml.login_hint.mode": "Tell the provider who is coming", "saml.login_hint.source": "Key of that value", "saml.clock_skew_seconds": "How far clocks may differ",
		"saml.legacy": "Old cryptography", "saml.legacy.sha1": "Signatures with SHA-1", "saml.legacy.rsa1024": "RSA keys of 1,024 bits", "saml.legacy.triple_des": "Encryption by Triple DES",
		"saml.legacy.rsa15": "Keys wrapped by RSA 1.5", "saml.legacy.until": "Old cryptography until",
		"oidc.client_id": "Client ID", "oidc.client_secret": "Client secret", "oidc.requires_pkce": "PKCE is required", "oidc.discovery_url": "Discovery URL", "oidc.issuer": "Issuer",
		"oidc.auth_url": "Authorization endpoint", "oidc.token_url": "Token endpoint", "oidc.user_info_url": "User info endpoint", "oidc.jwks_url": "Key set",
		"oidc.issuer_in_answer": "The provider names itself in its answers", "oidc.token_endpoint_auth_methods": "How the client proves itself", "oidc.scopes": "Scopes",
		"oidc.prompt": "What the provider asks of people", "oidc.response_mode": "How the answer comes", "oidc.login_hint": "Tell the provider who is coming",
		"oidc.attribute_mapping.user_id": "Identifier", "oidc.attribute_mapping.email_address": "Claim of the email address", "oidc.attribute_mapping.email_verified": "Claim of whether it is verified",
		"oidc.attribute_mapping.first_name": "Claim of the first name", "oidc.attribute_mapping.last_name": "Claim of the last name",
		"oidc.attribute_mapping.email_verified_default": "Verified where the provider does not say", "oidc.clock_skew_seconds": "How far clocks may differ",
	}
}

// historyBlock lists what has been live.
func historyBlock(c identity.Connection, l listing, list []manage.RevisionView, total int, now time.Time) page.Block {
	t := &page.Table{Caption: "History", Pager: l.pager(len(list), total), Columns: []page.Column{{Title: "Revision"}, {Title: "What changed"}, {Title: "By"}, {Title: "When"}}}
	for _, v := range list {
		row := page.Row{Cells: []page.Cell{
			{Text: fmt.Sprintf("Revision %d", v.Number), URL: changesPath(c.ID) + "/" + string(v.ID), More: causeWords(v.Cause)},
			{Text: changedWords(v.Changes)},
			actorCell(v.By),
			{When: page.Since(now, v.CreatedAt)},
		}}
		switch {
		case v.Live:
			row.Cells[0].Badges = []page.Badge{{Text: "Live", Kind: "success"}}
		default:
			a := restoreAction("Make live again", v.ID, c)
			a.Unseen = fmt.Sprintf("revision %d", v.Number)
			row.Actions = []page.Action{a}
		}
		t.Rows = append(t.Rows, row)
	}
	return page.Block{Title: "History", Text: "Every configuration that has been live. Each can be made live again at once; the draft stays.", Table: t}
}

func causeWords(cause identity.RevisionCause) string {
	switch cause {
	case identity.RevisionCreated:
		return "with the connection"
	case identity.RevisionRefreshed:
		return "the provider’s own news"
	case identity.RevisionPromoted:
		return "from a draft"
	case identity.RevisionRestored:
		return "made live again"
	default:
		return "at once"
	}
}

// changedWords name some of the settings that differ.
func changedWords(list []manage.SettingChange) string {
	const some = 3
	var names []string
	for _, ch := range list {
		if name := settingName(ch.Field); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if len(names) > some {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:some], ", "), len(names)-some)
	}
	return dash(strings.Join(names, ", "))
}

// promotionOf reads what is to be promoted.
func (u *UI) promotionOf(r *http.Request) (manage.DraftView, error) {
	c, err := u.connectionOf(r)
	if err != nil {
		return manage.DraftView{}, err
	}
	return u.Manage.Draft(r.Context(), c.ID)
}

func (u *UI) handlePromotePage(w http.ResponseWriter, r *http.Request, op operator) error {
	return u.showPromote(w, r, op, nil)
}

func (u *UI) showPromote(w http.ResponseWriter, r *http.Request, op operator, refusal error) error {
	v, err := u.promotionOf(r)
	if err != nil {
		return err
	}
	s := promoteScreen(v)
	s.MayLeadTo = u.providers()
	return u.showAs(w, r, op, refused(&s, refusal), s)
}

func promoteScreen(v manage.DraftView) page.Screen {
	c := v.Live
	path := changesPath(c.ID)
	s := page.Screen{
		Title: "Make the draft live?", Lead: "Sign-ins that are under way are judged by it, too. You can go back to what is live now at any time.",
		Crumbs: []page.Link{{Text: "Connections", URL: connectionsPath}, {Text: c.Name, URL: connectionPath(c.ID)}, {Text: "Changes", URL: path}},
	}
	blocking := policy.Blocking(v.Findings)
	switch {
	case v.Refused != nil:
		text := fault.From(v.Refused).LongMessage()
		if len(blocking) > 0 {
			text = "Correct first what is marked red below."
		}
		s.Blocks = append(s.Blocks, page.Block{Alert: &page.Alert{Kind: "danger", Title: "The draft can’t be made live", Text: text, Actions: []page.Action{{Text: "Go on editing", URL: configurationPath(c.ID)}, {Text: "Provider’s data", URL: connectionPath(c.ID) + "/setup/connect"}}}})
	case v.Draft.Proof.TestRunID == "":
		s.Blocks = append(s.Blocks, page.Block{Alert: &page.Alert{Kind: "warning", Title: "It was not tested", Text: "One test run shows whether the provider and this draft understand each other.", Actions: []page.Action{testAction(c.ID)}}})
	}
	s.Blocks = append(s.Blocks, lookedAt(v)...)
	if v.Refused != nil {
		s.Blocks = append(s.Blocks, page.Block{Actions: []page.Action{{Text: "Back", URL: path}}})
		return s
	}
	s.Blocks = append(s.Blocks, page.Block{Form: &page.Form{
		Action: path + "/promote", Submit: "Make it live", Cancel: path, Danger: v.Draft.Proof.TestRunID == "",
		Hidden: []page.Hidden{{Name: "draft", Value: string(v.Draft.RevisionID)}, {Name: "live", Value: string(v.Live.LiveRevisionID)}},
	}})
	return s
}

func (u *UI) handlePromote(w http.ResponseWriter, r *http.Request, op operator) error {
	c, given, err := u.changeForm(w, r, "draft", "live")
	if err != nil {
		return err
	}
	_, err = u.Manage.PromoteDraft(r.Context(), c.ID, manage.Promotion{Draft: identity.RevisionID(given["draft"]), Live: identity.RevisionID(given["live"])})
	if _, _, ok := problems(err); ok && !fault.Is(err, fault.NotFound) {
		return u.showPromote(w, r, op, err)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, after(changesPath(c.ID), "draft_promoted"))
}

// changeForm reads a form about what is live of a connection.
func (u *UI) changeForm(w http.ResponseWriter, r *http.Request, names ...string) (c identity.Connection, given map[string]string, err error) {
	if c, err = u.connectionOf(r); err != nil {
		return c, nil, err
	}
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return c, nil, err
	}
	given, err = values(form, names...)
	return c, given, err
}

func (u *UI) handleDiscardPage(w http.ResponseWriter, r *http.Request, op operator) error {
	v, err := u.promotionOf(r)
	if err != nil {
		return err
	}
	return u.show(w, r, op, discardScreen(v))
}

func discardScreen(v manage.DraftView) page.Screen {
	c, path := v.Live, changesPath(v.Live.ID)
	s := page.Screen{
		Title: "Discard the draft?", Lead: "What is live stays as it is. The draft can’t be brought back.",
		Crumbs: []page.Link{{Text: "Connections", URL: connectionsPath}, {Text: c.Name, URL: connectionPath(c.ID)}, {Text: "Changes", URL: path}},
	}
	if len(v.Changes) > 0 {
		s.Blocks = append(s.Blocks, page.Block{Title: "What is lost", Compare: compared("Live", "Draft", v.Changes)})
	}
	s.Blocks = append(s.Blocks, page.Block{Form: &page.Form{Action: path + "/discard", Submit: "Discard the draft", Danger: true, Cancel: path, Hidden: []page.Hidden{{Name: "draft", Value: string(v.Draft.RevisionID)}}}})
	return s
}

func (u *UI) handleDiscard(w http.ResponseWriter, r *http.Request, op operator) error {
	c, given, err := u.changeForm(w, r, "draft")
	if err != nil {
		return err
	}
	err = u.Manage.DiscardDraft(r.Context(), c.ID, identity.RevisionID(given["draft"]))
	if fault.Is(err, fault.ConnectionDraftChanged) {
		return u.showChanges(w, r, op, err)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, after(changesPath(c.ID), "draft_discarded"))
}

func (u *UI) handleRestore(w http.ResponseWriter, r *http.Request, op operator) error {
	c, given, err := u.changeForm(w, r, "revision", "live")
	if err != nil {
		return err
	}
	restored, err := u.Manage.RestoreRevision(r.Context(), c.ID, manage.Restoration{Revision: identity.RevisionID(given["revision"]), Live: identity.RevisionID(given["live"])})
	if _, _, ok := problems(err); ok && !fault.Is(err, fault.NotFound) {
		return u.showChanges(w, r, op, err)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, changesPath(c.ID)+"?"+url.Values{restoredParam: {string(restored.LiveRevisionID)}, undoParam: {given["live"]}}.Encode())
}

// handleRevision shows what making a revision live again would change.
func (u *UI) handleRevision(w http.ResponseWriter, r *http.Request, op operator) error {
	c, err := u.connectionOf(r)
	if err != nil {
		return err
	}
	id, err := identity.ParseID[identity.RevisionID](r.PathValue("revision_id"))
	if err != nil {
		return fault.New(fault.NotFound, "resource", "revision").Because(err)
	}
	changes, err := u.Manage.CompareRevisions(r.Context(), c.ID, c.LiveRevisionID, id)
	if err != nil {
		return err
	}
	return u.show(w, r, op, revisionScreen(c, id, changes))
}

func revisionScreen(c identity.Connection, id identity.RevisionID, changes []manage.SettingChange) page.Screen {
	path := changesPath(c.ID)
	s := page.Screen{
		Title: "A configuration of " + c.Name, Lead: "Beside what is live now.",
		Crumbs: []page.Link{{Text: "Connections", URL: connectionsPath}, {Text: c.Name, URL: connectionPath(c.ID)}, {Text: "Changes", URL: path}},
	}
	b := page.Block{Facts: []page.Fact{{Term: "ID", Text: string(id), Copy: true}}}
	switch {
	case id == c.LiveRevisionID:
		b.Alert = &page.Alert{Kind: "success", Text: "This is what is live."}
	case len(changes) == 0:
		b.Alert = &page.Alert{Kind: "info", Text: "It says the same as what is live."}
	default:
		b.Compare = compared("Live", "This one", changes)
		b.Actions = []page.Action{restoreAction("Make it live again", id, c)}
	}
	b.Actions = append(b.Actions, page.Action{Text: "Back", URL: path})
	s.Blocks = []page.Block{b}
	return s
}
