package server

import (
	"context"
	"os"

	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/practice"
	"usher/internal/store"
)

// The practice OpenID providers of a development server. Their client and its
// secret are for practice: nothing else answers to them.
const (
	practiceClient = "usher-dev"
	practiceSecret = "practice only"

	placeGlobex    = "/practice/oidc/globex"
	placeGoogle    = "/practice/oidc/google"
	placeMicrosoft = "/practice/oidc/microsoft"

	tenantInitrode = "1d1e7a2b-0000-4000-8000-00001217d0de"
	tenantUmbrella = "2b5e0f3c-0000-4000-8000-0000b3e11aca"
)

// openIDs are practice OpenID providers, by the path where they answer.
type openIDs map[string]*practice.OIDC

// practiceOIDC opens the practice OpenID provider of Globex, and one each that is
// like Google and like Microsoft. They share the keys of Acme's.
func (d *dev) practiceOIDC() error {
	keys, err := os.ReadFile(d.path(filePractice))
	if err != nil {
		return err
	}
	d.openIDs = openIDs{}
	for place, c := range map[string]practice.OIDCConfig{
		placeGlobex: {Name: "Globex practice sign-in", Flavour: practice.Custom, People: []practice.Person{
			{Mail: "carol@globex.test", FirstName: "Carol", LastName: "Danvers", Groups: []string{"Research"}},
			{Mail: "erin@globex.test", FirstName: "Erin", LastName: "Gray", Groups: []string{"Research"}},
		}},
		placeGoogle: {Name: "Practice Google Workspace", Flavour: practice.Google, People: []practice.Person{
			{Mail: "gavin@hooli.test", FirstName: "Gavin", LastName: "Belson"},
		}},
		placeMicrosoft: {
			Name: "Practice Microsoft Entra ID", Flavour: practice.Microsoft, Tenants: []string{tenantInitrode, tenantUmbrella},
			People: []practice.Person{
				{Mail: "peter@initrode.test", FirstName: "Peter", LastName: "Gibbons", Tenant: tenantInitrode},
				{Mail: "alice@umbrella.test", FirstName: "Alice", LastName: "Abernathy", Tenant: tenantUmbrella},
			},
		},
	} {
		c.BaseURL, c.Now, c.Keys = d.cfg.PublicURL+place, d.tools.Now, keys
		c.Clients = []practice.OIDCClient{{
			ID: practiceClient, Secret: practiceSecret, Name: "Usher", RedirectURIs: []string{identity.OAuthCallbackURL(d.cfg.PublicURL)},
		}}
		if d.openIDs[place], err = practice.NewOIDC(c); err != nil {
			return err
		}
	}
	return nil
}

// demoOpenID gives Globex its connection. The endpoints are given by hand: nobody
// answers yet at the address where discovery would be.
func (d *dev) demoOpenID(ctx context.Context, org identity.OrgID) error {
	base := d.cfg.PublicURL + placeGlobex
	client, secret := practiceClient, practiceSecret
	issuer, auth, token, info, keys := base, base+"/authorize", base+"/token", base+"/userinfo", base+"/jwks"
	change := &manage.OIDCChange{ClientID: &client, Issuer: &issuer, AuthURL: &auth, TokenURL: &token, UserInfoURL: &info, JWKSURL: &keys}
	found, _, err := d.tools.Manage.Connections(ctx, store.ConnectionFilter{OrganizationID: &org}, store.Page{Limit: 1})
	if err != nil {
		return err
	}
	var c identity.Connection
	if len(found) == 0 {
		name, text, active := "Globex practice sign-in", string(org), true
		change.ClientSecret = &secret
		c, err = d.tools.Manage.CreateConnection(ctx, identity.OIDCCustom, manage.ConnectionChange{
			Name: &name, Domains: []string{"globex.test"}, OrganizationID: &text, Active: &active, OIDC: change,
		})
	} else {
		c, err = d.tools.Manage.ChangeConnection(ctx, found[0].ID, manage.ConnectionChange{OIDC: change})
	}
	if err != nil {
		return err
	}
	d.showConnection(c)
	return nil
}

// demoEASIE makes the practice providers that are like Google and Microsoft the
// ones that EASIE connections use here. They must answer already.
func (d *dev) demoEASIE(ctx context.Context) error {
	secret := practiceSecret
	for p, place := range map[identity.Provider]string{identity.OAuthGoogle: placeGoogle, identity.OAuthMicrosoft: placeMicrosoft} {
		_, err := d.tools.Manage.SetProviderCredentials(ctx, p, manage.CredentialsChange{
			ClientID: practiceClient, ClientSecret: &secret, DiscoveryURL: d.openIDs[place].DiscoveryURL(),
		})
		if err != nil {
			return err
		}
	}
	return nil
}
