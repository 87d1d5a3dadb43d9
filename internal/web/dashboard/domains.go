package dashboard

import (
	"context"
	"net/http"
	"time"

	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/web/page"
)

const (
	domainsPath  = root + "/domains"
	domainsBelow = oneOrganization + "/domains"
	oneDomain    = domainsBelow + "/{domain_id}"
)

func (u *UI) domainRoutes() map[string]handler {
	return map[string]handler{
		"GET " + domainsPath:             u.handleAllDomains,
		"GET " + domainsBelow:            u.handleDomains,
		"POST " + domainsBelow:           u.handleAddDomain,
		"GET " + oneDomain:               u.handleDomain,
		"POST " + oneDomain:              u.handleChangeDomain,
		"POST " + oneDomain + "/prepare": u.domainStep(u.Manage.PrepareOwnership, "domain_prepared"),
		"POST " + oneDomain + "/attempt": u.domainStep(u.Manage.AttemptOwnership, "domain_checked"),
		"POST " + oneDomain + "/verify":  u.domainStep(u.Manage.VerifyOwnership, "domain_proved"),
		"GET " + oneDomain + "/delete":   u.handleDeleteDomainPage,
		"POST " + oneDomain + "/delete":  u.handleDeleteDomain,
	}
}

func domainNotices() map[string]string {
	return map[string]string{
		"domain_added":    "The domain has been added.",
		"domain_changed":  "The domain has been changed.",
		"domain_prepared": "The record to publish is below. It replaces any earlier one.",
		"domain_checked":  "The domain name system has been asked. What it said is below.",
		"domain_proved":   "The organization’s ownership has been recorded, on your word.",
		"domain_deleted":  "The domain has been removed.",
	}
}

func organizationDomainsPath(o identity.OrgID) string { return organizationPath(o) + "/domains" }

func domainPath(d manage.DomainView) string {
	return organizationDomainsPath(d.OrganizationID) + "/" + string(d.ID)
}

// refOf names the domain of a URL.
func refOf(r *http.Request) manage.DomainRef {
	return manage.DomainRef{Organization: r.PathValue("organization_id"), Domain: r.PathValue("domain_id")}
}

func (u *UI) handleAllDomains(w http.ResponseWriter, r *http.Request, op operator) error {
	l, err := newListing(r)
	if err != nil {
		return err
	}
	order := l.choice("order", "-created_at", "created_at", "name", "-name")
	found, total, err := u.Manage.Domains(r.Context(), manage.DomainRef{}, manage.OrganizationDomainFilter{Query: l.text("q"), OrderBy: order}, l.page())
	if err != nil {
		return err
	}
	s := page.Screen{Title: "Domains", Lead: "What organizations say is theirs, and whether they have shown it."}
	s.Blocks = []page.Block{domainsBlock(l, order, found, total, u.Now())}
	return u.show(w, r, op, s)
}

func (u *UI) handleDomains(w http.ResponseWriter, r *http.Request, op operator) error {
	o, err := u.organizationOf(r)
	if err != nil {
		return err
	}
	return u.showDomains(w, r, op, o, "", nil)
}

func (u *UI) showDomains(w http.ResponseWriter, r *http.Request, op operator, o manage.OrganizationView, given string, refused error) error {
	l, err := newListing(r)
	if err != nil {
		return err
	}
	order := l.choice("order", "-created_at", "created_at", "name", "-name")
	found, total, err := u.Manage.Domains(r.Context(), manage.DomainRef{Organization: string(o.ID)}, manage.OrganizationDomainFilter{Query: l.text("q"), OrderBy: order}, l.page())
	if err != nil {
		return err
	}
	s := organizationDomainsScreen(o, domainsBlock(l, order, found, total, u.Now()), given)
	status := http.StatusOK
	if list, refusedStatus, ok := problems(refused); ok {
		s.Problems, status = list, refusedStatus
	}
	return u.showAs(w, r, op, status, s)
}

func organizationDomainsScreen(o manage.OrganizationView, list page.Block, given string) page.Screen {
	s := organizationScreen(o, "Domains")
	s.Blocks = []page.Block{list, {
		Title: "Add a domain", Text: "A domain that the organization owns can be one of its connections’; one whose mail its people read can let them join by themselves. Domains that are listed at a connection stand there.",
		Form: &page.Form{
			Action: organizationDomainsPath(o.ID), Submit: "Add domain", Quiet: true,
			Fields: []page.Field{
				{Name: "name", Label: "Domain", Value: given, Code: true, Max: 253, Example: "acme.com"},
				{Kind: "radio", Name: "enrollment_mode", Label: "What it is for", Options: modeOptions(identity.EnrollmentSSO)},
			},
		},
	}}
	return s
}

// modeOptions are what a domain can be for.
func modeOptions(now identity.EnrollmentMode) []page.Option {
	options := []page.Option{
		{Value: string(identity.EnrollmentSSO), Label: "Single sign-on", Hint: "It is to be proved, and then belongs to a connection."},
		{Value: string(identity.EnrollmentManual), Label: "Invitations by hand", Hint: "It shows whose organization it is; nobody joins by it alone."},
		{Value: string(identity.EnrollmentInvitation), Label: "Automatic invitations", Hint: "Who has a verified address at it is invited."},
		{Value: string(identity.EnrollmentSuggestion), Label: "Automatic suggestions", Hint: "Who has one may ask to join; an administrator decides."},
	}
	for i := range options {
		options[i].Selected = options[i].Value == string(now)
	}
	return options
}

func modeName(m identity.EnrollmentMode) string {
	for _, o := range modeOptions("") {
		if o.Value == string(m) {
			return o.Label
		}
	}
	return string(m)
}

func domainsBlock(l listing, order string, found []manage.DomainView, total int, now time.Time) page.Block {
	b := page.Block{Search: l.search("Search by domain")}
	if len(found) == 0 {
		b.Empty = &page.Empty{Icon: "globe", Title: "No domain yet", Text: "Domains are added by an organization, here or in its own setup."}
		if l.narrowed("q") {
			b.Empty = &page.Empty{Icon: "search", Title: "Nothing found", Text: "No domain has these letters."}
		}
		return b
	}
	b.Table = &page.Table{
		Caption: "Domains", Pager: l.pager(len(found), total),
		Columns: []page.Column{l.column("Domain", "name", order), {Title: "Organization"}, {Title: "For"}, {Title: "Proofs"}, l.column("Added", "created_at", order)},
	}
	for _, d := range found {
		b.Table.Rows = append(b.Table.Rows, page.Row{Cells: []page.Cell{
			{Text: string(d.Name), URL: domainPath(d)}, {Text: d.Organization.Name}, {Text: modeName(d.EnrollmentMode)}, {Badges: proofBadges(d, now)}, {When: page.Since(now, d.CreatedAt)},
		}})
	}
	return b
}

func proofBadges(d manage.DomainView, now time.Time) []page.Badge {
	var badges []page.Badge
	if s := d.Ownership.Status(now); s != "" {
		badges = append(badges, proofBadge("Ownership", s))
	}
	if s := d.AffiliationStatus(now); s != "" {
		badges = append(badges, proofBadge("Mail", s))
	}
	if !d.Ownership.MissingSince.IsZero() && d.Ownership.Verified() {
		badges = append(badges, page.Badge{Text: "Record missing", Kind: "danger"})
	}
	if badges == nil {
		badges = []page.Badge{{Text: "Not proved"}}
	}
	return badges
}

func proofBadge(what string, s identity.ProofStatus) page.Badge {
	switch s {
	case identity.ProofVerified:
		return page.Badge{Text: what + " proved", Kind: "success"}
	case identity.ProofExpired:
		return page.Badge{Text: what + " expired", Kind: "warning"}
	case identity.ProofFailed:
		return page.Badge{Text: what + " failed", Kind: "danger"}
	default:
		return page.Badge{Text: what + " waits", Kind: "accent"}
	}
}

func (u *UI) handleAddDomain(w http.ResponseWriter, r *http.Request, op operator) error {
	o, err := u.organizationOf(r)
	if err != nil {
		return err
	}
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	given, err := values(form, "name", "enrollment_mode")
	if err != nil {
		return err
	}
	mode := identity.EnrollmentMode(given["enrollment_mode"])
	unproved := false
	d, err := u.Manage.AddDomain(r.Context(), manage.DomainRef{Organization: string(o.ID)}, manage.DomainChange{Name: given["name"], EnrollmentMode: &mode, Verified: &unproved})
	if _, _, ok := problems(err); ok {
		return u.showDomains(w, r, op, o, given["name"], err)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, after(domainPath(d), "domain_added"))
}

func (u *UI) handleDomain(w http.ResponseWriter, r *http.Request, op operator) error {
	d, err := u.Manage.Domain(r.Context(), refOf(r))
	if err != nil {
		return err
	}
	return u.show(w, r, op, domainScreen(d, u.Now()))
}

func domainScreen(d manage.DomainView, now time.Time) page.Screen {
	path := domainPath(d)
	s := page.Screen{
		Title: string(d.Name), Badges: proofBadges(d, now),
		Crumbs: []page.Link{
			{Text: "Organizations", URL: organizationsPath}, {Text: d.Organization.Name, URL: organizationPath(d.OrganizationID)}, {Text: "Domains", URL: organizationDomainsPath(d.OrganizationID)},
		},
	}
	s.Blocks = append(s.Blocks, ownershipBlock(d, path, now))
	affiliation := page.Block{Title: "Mail at the domain", Text: "Lets people with an address at it join by themselves. The organization proves it with a code that is mailed there; you may say so instead."}
	affiliation.Facts = []page.Fact{{Term: "State", Badge: affiliationBadge(d, now)}}
	if d.Affiliation.Email != "" {
		affiliation.Facts = append(affiliation.Facts, page.Fact{Term: "Code went to", Text: string(d.Affiliation.Email)})
	}
	s.Blocks = append(s.Blocks, affiliation,
		page.Block{Title: "What it is for", Form: &page.Form{
			Action: path, Submit: "Save", Fields: []page.Field{
				{Kind: "radio", Name: "enrollment_mode", Label: "Use", Options: modeOptions(d.EnrollmentMode)},
				{Kind: "check", Name: "verified", Label: "Its people read mail there, on my word", Checked: d.Verified},
			},
		}},
		page.Block{Title: "Remove", Dangerous: true, Actions: []page.Action{{Text: "Remove domain", URL: path + "/delete", Kind: "danger"}}})
	return s
}

func affiliationBadge(d manage.DomainView, now time.Time) page.Badge {
	if s := d.AffiliationStatus(now); s != "" {
		return proofBadge("Mail", s)
	}
	return page.Badge{Text: "Not asked for"}
}

// ownershipBlock is how it is shown who owns the domain, and what comes next.
func ownershipBlock(d manage.DomainView, path string, now time.Time) page.Block {
	o := d.Ownership
	b := page.Block{Title: "Ownership", Text: "Shown by a record in the domain name system. Single sign-on that the organization sets up itself asks for it."}
	override := page.Action{Text: "Take my word for it", URL: path + "/verify", Post: true}
	switch o.Status(now) {
	case identity.ProofVerified:
		b.Facts = []page.Fact{{Term: "State", Badge: page.Badge{Text: "Proved", Kind: "success"}}, {Term: "By", Text: strategyName(o.Strategy)}, {Term: "Since", When: page.On(o.VerifiedAt)}}
		if !o.SeenAt.IsZero() {
			b.Facts = append(b.Facts, page.Fact{Term: "Record last seen", When: page.Since(now, o.SeenAt)})
		}
		if !o.MissingSince.IsZero() {
			b.Alert = &page.Alert{Kind: "warning", Title: "The record is gone", Text: "The proof ends seven days after the record was missed first. Publish it again, as below."}
			b.Facts = append(b.Facts, page.Fact{Term: "Missing", When: page.Since(now, o.MissingSince)})
			b.Facts = append(b.Facts, recordFacts(d)...)
			b.Actions = []page.Action{{Text: "Look again", URL: path + "/attempt", Post: true}, override}
		}
	case identity.ProofUnverified:
		b.Facts = append([]page.Fact{{Term: "State", Badge: page.Badge{Text: "Waits for the record", Kind: "accent"}}}, recordFacts(d)...)
		b.Facts = append(b.Facts, page.Fact{Term: "Ends", When: page.Since(now, o.ExpiresAt)})
		b.Prose = []page.Prose{{Text: "Publish this TXT record where the domain is administered. It may take some minutes, at some hosts an hour, until it can be seen."}}
		b.Actions = []page.Action{{Text: "Look for the record", URL: path + "/attempt", Post: true, Kind: "primary"}, override}
	default:
		b.Actions = []page.Action{{Text: "Get a record to publish", URL: path + "/prepare", Post: true, Kind: "primary"}, override}
	}
	return b
}

func recordFacts(d manage.DomainView) []page.Fact {
	return []page.Fact{{Term: "Type", Text: "TXT", Code: true}, {Term: "Name", Text: d.Name.OwnershipRecord(), Copy: true}, {Term: "Value", Text: d.Ownership.Value, Copy: true}}
}

func strategyName(s identity.OwnershipStrategy) string {
	switch s {
	case identity.OwnershipTXT:
		return "A TXT record"
	case identity.OwnershipManual:
		return "An operator’s word"
	case identity.OwnershipParent:
		return "A domain above it that the organization owns"
	default:
		return "A proof of an earlier version"
	}
}

func (u *UI) handleChangeDomain(w http.ResponseWriter, r *http.Request, op operator) error {
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	given, err := values(form, "enrollment_mode", "verified")
	if err != nil {
		return err
	}
	mode, verified := identity.EnrollmentMode(given["enrollment_mode"]), given["verified"] == "true"
	d, err := u.Manage.ChangeDomain(r.Context(), refOf(r), manage.DomainChange{EnrollmentMode: &mode, Verified: &verified})
	if list, status, ok := problems(err); ok {
		before, err := u.Manage.Domain(r.Context(), refOf(r))
		if err != nil {
			return err
		}
		before.EnrollmentMode, before.Verified = mode, verified
		s := domainScreen(before, u.Now())
		s.Problems = list
		return u.showAs(w, r, op, status, s)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, after(domainPath(d), "domain_changed"))
}

// domainStep is a button that asks for one step of the proof.
func (u *UI) domainStep(step func(ctx context.Context, ref manage.DomainRef) (manage.DomainView, error), done string) handler {
	return func(w http.ResponseWriter, r *http.Request, _ operator) error {
		if _, err := u.Forms.Read(w, r); err != nil {
			return err
		}
		d, err := step(r.Context(), refOf(r))
		if err != nil {
			return err
		}
		return seeOther(w, r, after(domainPath(d), done))
	}
}

func (u *UI) handleDeleteDomainPage(w http.ResponseWriter, r *http.Request, op operator) error {
	d, err := u.Manage.Domain(r.Context(), refOf(r))
	if err != nil {
		return err
	}
	return u.show(w, r, op, deleteDomainScreen(d))
}

func deleteDomainScreen(d manage.DomainView) page.Screen {
	path := domainPath(d)
	return page.Screen{
		Title: "Remove " + string(d.Name) + "?", Lead: "Its proofs are gone with it; adding it again begins anew. Nobody’s membership changes.",
		Crumbs: []page.Link{{Text: d.Organization.Name, URL: organizationPath(d.OrganizationID)}, {Text: "Domains", URL: organizationDomainsPath(d.OrganizationID)}},
		Blocks: []page.Block{{Form: &page.Form{Action: path + "/delete", Submit: "Remove domain", Danger: true, Cancel: path}}},
	}
}

func (u *UI) handleDeleteDomain(w http.ResponseWriter, r *http.Request, op operator) error {
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	d, err := u.Manage.DeleteDomain(r.Context(), refOf(r))
	if list, status, ok := problems(err); ok {
		before, err := u.Manage.Domain(r.Context(), refOf(r))
		if err != nil {
			return err
		}
		s := deleteDomainScreen(before)
		s.Problems = list
		return u.showAs(w, r, op, status, s)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, after(organizationDomainsPath(d.OrganizationID), "domain_deleted"))
}
