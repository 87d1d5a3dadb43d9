package portal

import (
	"net/http"
	"slices"
	"time"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/web/page"
)

const (
	domainsPath = oneLink + "/domains"
	oneDomain   = domainsPath + "/{domain_id}"
)

func (u *UI) domainRoutes() map[string]handler {
	return map[string]handler{
		"GET " + domainsPath:            u.handleDomains,
		"POST " + domainsPath:           u.handleAddDomain,
		"POST " + oneDomain + "/check":  u.handleCheckDomain,
		"POST " + oneDomain + "/again":  u.handlePrepareDomain,
		"GET " + oneDomain + "/remove":  u.handleRemoveDomainPage,
		"POST " + oneDomain + "/remove": u.handleRemoveDomain,
	}
}

// checkedParam names, in a URL, the domain whose record was looked for.
const checkedParam = "checked"

func (u *UI) handleDomains(w http.ResponseWriter, r *http.Request, v visit) error {
	return u.showDomains(w, r, v, "", nil)
}

func (u *UI) showDomains(w http.ResponseWriter, r *http.Request, v visit, given string, refused error) error {
	p, err := u.progress(r, v, identity.Connection{})
	if err != nil {
		return err
	}
	s := domainsScreen(v, p, given, u.Now())
	if i := slices.IndexFunc(p.Domains, func(d manage.DomainView) bool { return string(d.ID) == r.URL.Query().Get(checkedParam) }); i >= 0 && refused == nil {
		s.Notices = []page.Notice{checkedNotice(v, p.Domains[i])}
	}
	status, err := refuse(v.Text, &s, refused, "name")
	if err != nil {
		return err
	}
	return u.showAs(w, r, v, status, s)
}

func checkedNotice(v visit, d manage.DomainView) page.Notice {
	if d.Ownership.Verified() {
		return page.Notice{Kind: "success", Text: v.Say("setup.domain_seen", "domain", string(d.Name))}
	}
	return page.Notice{Kind: "warning", Text: v.Say("setup.domain_not_seen", "domain", string(d.Name))}
}

func domainsScreen(v visit, p progress, given string, now time.Time) page.Screen {
	s := screen(v, p, stepDomains)
	s.Title, s.Lead = v.Say("setup.domains_title"), v.Say("setup.domains_lead")
	for _, d := range p.Domains {
		s.Blocks = append(s.Blocks, domainBlock(v, p, d, now))
	}
	add := page.Block{Form: &page.Form{
		Action: v.path + "/domains", Submit: v.Say("setup.domain_add"), Quiet: len(p.Domains) > 0,
		Fields: []page.Field{{Name: "name", Label: v.Say("setup.domain_label"), Hint: v.Say("setup.domain_hint"), Value: given, Code: true, Max: 253, Example: "acme.com", First: len(p.Domains) == 0}},
	}}
	if len(p.Domains) > 0 {
		add.Title = v.Say("setup.domain_add")
	}
	s.Blocks = append(s.Blocks, add)
	if p.done(stepDomains) {
		s.Blocks = append(s.Blocks, page.Block{Actions: []page.Action{{Text: v.Say("setup.next"), URL: stepPath(v, p, stepProvider), Kind: "primary"}}})
	} else if len(p.Domains) > 0 {
		s.Blocks = append(s.Blocks, page.Block{Prose: []page.Prose{{Text: v.Say("setup.domain_wait")}, {Text: v.Say("setup.until", "until", until(v.Link))}}})
	}
	return s
}

// domainBlock is one domain, and what comes next for it.
func domainBlock(v visit, p progress, d manage.DomainView, now time.Time) page.Block {
	path := v.path + "/domains/" + string(d.ID)
	name := string(d.Name)
	b := page.Block{ID: "domain-" + string(d.ID), Title: name}
	state := page.Fact{Term: v.Say("setup.state")}
	record := []page.Fact{
		{Term: v.Say("setup.record_type"), Text: "TXT", Code: true}, {Term: v.Say("setup.record_name"), Text: d.Name.OwnershipRecord(), Copy: true}, {Term: v.Say("setup.record_value"), Text: d.Ownership.Value, Copy: true},
	}
	switch d.Ownership.Status(now) {
	case identity.ProofVerified:
		state.Badge = page.Badge{Text: v.Say("setup.domain_proved"), Kind: "success"}
		b.Facts = []page.Fact{state}
		if d.Ownership.Strategy == identity.OwnershipTXT {
			b.Text = v.Say("setup.domain_keep")
		}
		if !d.Ownership.MissingSince.IsZero() {
			b.Alert = &page.Alert{Kind: "warning", Text: v.Say("setup.domain_not_seen", "domain", name)}
			b.Facts = append(b.Facts, record...)
			b.Actions = []page.Action{{Text: v.Say("setup.domain_check"), Unseen: name, URL: path + "/check", Post: true}}
		}
	case identity.ProofUnverified:
		state.Badge = page.Badge{Text: v.Say("setup.domain_waits"), Kind: "accent"}
		b.Text = v.Say("setup.domain_record", "domain", name)
		b.Facts = append(record, state)
		b.Actions = []page.Action{{Text: v.Say("setup.domain_check"), Unseen: name, URL: path + "/check", Post: true, Kind: "primary"}}
	default:
		state.Badge = page.Badge{Text: v.Say("setup.domain_lapsed"), Kind: "warning"}
		b.Facts = []page.Fact{state}
		b.Actions = []page.Action{{Text: v.Say("setup.domain_new_record"), Unseen: name, URL: path + "/again", Post: true, Kind: "primary"}}
	}
	if !p.listed(d.Name) && v.Link.Allows(identity.SetupWrite) {
		b.Actions = append(b.Actions, page.Action{Text: v.Say("setup.domain_remove"), Unseen: name, URL: path + "/remove"})
	}
	return b
}

// listed reports whether a connection of the organization has the domain.
func (p progress) listed(d identity.Domain) bool {
	return slices.ContainsFunc(p.Connections, func(c identity.Connection) bool { return slices.Contains(c.Domains, d) })
}

// handleAddDomain lists a domain for single sign-on and asks for the record to
// publish at once.
func (u *UI) handleAddDomain(w http.ResponseWriter, r *http.Request, v visit) error {
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	given, err := values(form, "name")
	if err != nil {
		return err
	}
	mode, unproved := identity.EnrollmentSSO, false
	ref := manage.DomainRef{Organization: string(v.Organization.ID)}
	d, err := u.Manage.AddDomain(r.Context(), ref, manage.DomainChange{Name: given["name"], EnrollmentMode: &mode, Verified: &unproved})
	if err == nil {
		ref.Domain = string(d.ID)
		_, err = u.Manage.PrepareOwnership(r.Context(), ref)
	}
	if err != nil {
		return u.showDomains(w, r, v, given["name"], err)
	}
	return seeOther(w, r, v.path+"/domains")
}

// domainOf finds the domain that a URL names: one of the organization, for single
// sign-on.
func (u *UI) domainOf(r *http.Request, v visit) (manage.DomainView, manage.DomainRef, error) {
	ref := manage.DomainRef{Organization: string(v.Organization.ID), Domain: r.PathValue("domain_id")}
	d, err := u.Manage.Domain(r.Context(), ref)
	if err == nil && d.EnrollmentMode != identity.EnrollmentSSO {
		err = fault.New(fault.NotFound, "resource", "organization domain")
	}
	return d, ref, err
}

func (u *UI) handleCheckDomain(w http.ResponseWriter, r *http.Request, v visit) error {
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	d, ref, err := u.domainOf(r, v)
	if err != nil {
		return err
	}
	err = httpio.Count(r.Context(), u.Asks, string(v.Link.ID))
	if err == nil {
		_, err = u.Manage.AttemptOwnership(r.Context(), ref)
	}
	if err != nil {
		return u.showDomains(w, r, v, "", err)
	}
	return seeOther(w, r, v.path+"/domains?"+checkedParam+"="+string(d.ID))
}

func (u *UI) handlePrepareDomain(w http.ResponseWriter, r *http.Request, v visit) error {
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	_, ref, err := u.domainOf(r, v)
	if err == nil {
		_, err = u.Manage.PrepareOwnership(r.Context(), ref)
	}
	if err != nil {
		return u.showDomains(w, r, v, "", err)
	}
	return seeOther(w, r, v.path+"/domains")
}

func (u *UI) handleRemoveDomainPage(w http.ResponseWriter, r *http.Request, v visit) error {
	return u.showRemoveDomain(w, r, v, nil)
}

func (u *UI) showRemoveDomain(w http.ResponseWriter, r *http.Request, v visit, refused error) error {
	d, _, err := u.domainOf(r, v)
	if err != nil {
		return err
	}
	p, err := u.progress(r, v, identity.Connection{})
	if err != nil {
		return err
	}
	s := removeDomainScreen(v, p, d)
	status, err := refuse(v.Text, &s, refused, "")
	if err != nil {
		return err
	}
	return u.showAs(w, r, v, status, s)
}

func removeDomainScreen(v visit, p progress, d manage.DomainView) page.Screen {
	s := screen(v, p, stepDomains)
	s.Title = v.Say("setup.domain_remove_title", "domain", string(d.Name))
	back := v.path + "/domains"
	if p.listed(d.Name) {
		s.Lead = v.Say("setup.domain_in_use")
		s.Blocks = []page.Block{{Actions: []page.Action{{Text: v.Say("setup.back"), URL: back}}}}
		return s
	}
	s.Lead = v.Say("setup.domain_remove_lead")
	s.Blocks = []page.Block{{Form: &page.Form{Action: back + "/" + string(d.ID) + "/remove", Submit: v.Say("setup.domain_remove"), Danger: true, Cancel: back}}}
	return s
}

// handleRemoveDomain takes a domain out that no connection has.
func (u *UI) handleRemoveDomain(w http.ResponseWriter, r *http.Request, v visit) error {
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	d, ref, err := u.domainOf(r, v)
	if err != nil {
		return err
	}
	p, err := u.progress(r, v, identity.Connection{})
	if err != nil {
		return err
	}
	if p.listed(d.Name) {
		return u.showRemoveDomain(w, r, v, nil)
	}
	_, err = u.Manage.DeleteDomain(r.Context(), ref)
	if err != nil {
		return u.showRemoveDomain(w, r, v, err)
	}
	return seeOther(w, r, v.path+"/domains")
}
