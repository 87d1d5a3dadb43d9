package server

import (
	"context"
	"errors"
	"os"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/practice"
	"usher/internal/store"
	"usher/internal/web/account"
)

// demoOperator runs a development server's dashboard.
const demoOperator = "operator@usher.test"

// demo makes the organizations, people and the connection to try things with.
// What is there already stays as it was left; the practice provider's metadata is
// brought up to date, for the address may have changed.
func (d *dev) demo(ctx context.Context) error {
	if err := d.practice(); err != nil {
		return err
	}
	if err := d.practiceOIDC(); err != nil {
		return err
	}
	acme, err := d.demoOrganization(ctx, "Acme", "acme")
	if err != nil {
		return err
	}
	globex, err := d.demoOrganization(ctx, "Globex", "globex")
	if err != nil {
		return err
	}
	if err := d.demoConnection(ctx, acme); err != nil {
		return err
	}
	if err := d.demoOpenID(ctx, globex); err != nil {
		return err
	}
	if err := d.demoPerson(ctx, globex, practice.Person{Mail: "carol@globex.test", FirstName: "Carol", LastName: "Danvers"}); err != nil {
		return err
	}
	if err := d.demoPerson(ctx, globex, practice.Person{Mail: "dave@solo.test", FirstName: "Dave", LastName: "Bowman"}); err != nil {
		return err
	}
	d.info.Demo.People = []string{"alice@acme.test", "bob@acme.test", "carol@globex.test", "dave@solo.test"}
	return nil
}

// practice opens the practice identity provider of Acme.
func (d *dev) practice() error {
	keys, err := os.ReadFile(d.path(filePractice))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	d.idp, err = practice.New(practice.Config{
		BaseURL: d.cfg.PublicURL + "/practice/acme",
		Name:    "Acme practice sign-in",
		People: []practice.Person{
			{Mail: "alice@acme.test", FirstName: "Alice", LastName: "Liddell", Groups: []string{"Engineering"}},
			{Mail: "bob@acme.test", FirstName: "Bob", LastName: "Builder", Groups: []string{"Support"}},
		},
		Now:      d.tools.Now,
		Keys:     keys,
		SaveKeys: func(pem []byte) error { return os.WriteFile(d.path(filePractice), pem, modeSecret) },
	})
	return err
}

func (d *dev) demoOrganization(ctx context.Context, name, slug string) (identity.OrgID, error) {
	v, err := d.tools.Manage.Organization(ctx, slug)
	if fault.Is(err, fault.NotFound) {
		v, err = d.tools.Manage.CreateOrganization(ctx, manage.OrganizationChange{Name: &name, Slug: &slug})
	}
	if err == nil {
		d.info.Demo.Organizations = append(d.info.Demo.Organizations, DemoOrganization{ID: string(v.ID), Slug: v.Slug})
	}
	return v.ID, err
}

func (d *dev) demoConnection(ctx context.Context, org identity.OrgID) error {
	metadata := string(d.idp.Metadata())
	saml := &manage.SAMLChange{IDPMetadata: &metadata}
	found, _, err := d.tools.Manage.Connections(ctx, store.ConnectionFilter{OrganizationID: &org}, store.Page{Limit: 1})
	if err != nil {
		return err
	}
	var c identity.Connection
	if len(found) == 0 {
		name, text, active := "Acme practice sign-in", string(org), true
		c, err = d.tools.Manage.CreateConnection(ctx, identity.SAMLCustom, manage.ConnectionChange{
			Name: &name, Domains: []string{"acme.test"}, OrganizationID: &text, Active: &active, SAML: saml,
		})
	} else {
		c, err = d.tools.Manage.ChangeConnection(ctx, found[0].ID, manage.ConnectionChange{SAML: saml})
	}
	if err != nil {
		return err
	}
	xml, err := d.tools.Manage.SPMetadata(ctx, c.ID)
	if err != nil {
		return err
	}
	sp, err := practice.ReadSP(xml)
	if err != nil {
		return err
	}
	sp.Name = "Usher, for Acme"
	if err := d.idp.AddSP(sp); err != nil {
		return err
	}
	d.showConnection(c)
	return nil
}

// showConnection puts a connection into dev.json.
func (d *dev) showConnection(c identity.Connection) {
	domains := make([]string, len(c.Domains))
	for i, name := range c.Domains {
		domains[i] = string(name)
	}
	d.info.Demo.Connections = append(d.info.Demo.Connections, DemoConnection{
		ID: string(c.ID), OrganizationID: string(c.OrganizationID), Domains: domains,
	})
}

// demoPerson makes a person who administers an organization before ever signing in.
func (d *dev) demoPerson(ctx context.Context, org identity.OrgID, p practice.Person) error {
	found, _, err := d.tools.Manage.Users(ctx, store.UserFilter{Emails: []identity.Email{identity.Email(p.Mail)}}, store.Page{Limit: 1})
	if err != nil || len(found) > 0 {
		return err
	}
	u, err := d.tools.Manage.CreateUser(ctx, manage.UserChange{
		EmailAddresses: []string{p.Mail}, FirstName: &p.FirstName, LastName: &p.LastName,
	})
	if err != nil {
		return err
	}
	_, err = d.tools.Manage.AddMember(ctx, string(org), string(u.ID), identity.RoleAdmin, manage.MetadataChange{})
	return err
}

// home is the start page of a development server.
func (d *dev) home() account.DevHome {
	base := d.cfg.PublicURL
	h := account.DevHome{
		BaseURL:     base,
		Publishable: d.info.PublishableKey,
		File:        d.path(fileInfo),
		Places: []account.DevPlace{
			{Icon: "building", Title: "Dashboard", Text: "Organizations, connections and every sign-in attempt. Sign in as " + demoOperator + "; the code is in the mailbox.", URL: base + "/sign-in?email_address=" + demoOperator + "&return_url=%2Fdashboard"},
			{Icon: "mail", Title: "Mailbox", Text: "Every mail that Usher sends while you develop.", URL: d.info.MailboxURL},
		},
		Commands: []account.DevCommand{
			{Command: self() + " explain --data " + d.options.Data + " --email alice@acme.test", Text: "What would happen if Alice signed in now, and why."},
			{Command: self() + " saml decode FILE", Text: "Every check of a SAML response, in plain words."},
		},
	}
	if d.options.NoDemo {
		return h
	}
	for _, p := range d.idp.People() {
		h.People = append(h.People, account.DevPerson{
			Email: p.Mail, Name: p.Name(), How: "Acme, through the practice identity provider", URL: "/sign-in?email_address=" + p.Mail,
		})
	}
	for _, p := range d.openIDs[placeGlobex].People() {
		h.People = append(h.People, account.DevPerson{
			Email: p.Mail, Name: p.Name(), How: "Globex, through the practice OpenID provider", URL: "/sign-in?email_address=" + p.Mail,
		})
	}
	h.People = append(h.People, account.DevPerson{
		Email: "dave@solo.test", Name: "Dave Bowman", How: "Globex, a contractor without SSO: by a code in the mailbox", URL: "/sign-in?email_address=dave@solo.test",
	})
	h.Places = append([]account.DevPlace{
		{Icon: "key", Title: "Practice identity provider", Text: "SAML, for Acme. Change people's attributes, and make it misbehave.", URL: d.idp.BaseURL() + "/"},
		{Icon: "key", Title: "Practice OpenID provider", Text: "OpenID Connect, for Globex. Suspend people, and make it misbehave.", URL: d.cfg.PublicURL + placeGlobex + "/"},
		{Icon: "key", Title: "Practice Google Workspace", Text: "For EASIE connections, such as one for hooli.test.", URL: d.cfg.PublicURL + placeGoogle + "/"},
		{Icon: "key", Title: "Practice Microsoft Entra ID", Text: "For EASIE connections, with two tenants.", URL: d.cfg.PublicURL + placeMicrosoft + "/"},
	}, h.Places...)
	if len(d.info.Demo.Organizations) > 0 {
		h.Organization = d.info.Demo.Organizations[0].ID
	}
	return h
}
