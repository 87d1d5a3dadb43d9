package manage_test

import (
	"encoding/pem"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/practice"
	"usher/internal/store"
)

// Behaviours 1.3 and 1.4: a connection is made switched off, with defaults, and
// is switched on once its provider's data is there.
func TestConnection_IsMadeSwitchedOffAndSwitchedOnWhenItIsComplete(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		org := w.organization("Acme")
		c := w.connect(manage.ConnectionChange{OrganizationID: ptr(string(org.ID)), Domains: []string{" ACME.test ", "acme.test"}})
		if c.Active || !c.Authenticatable || !c.Config.SyncUserAttributes || !c.Config.DisableAdditionalIdentifications || c.Config.DisableJITProvisioning ||
			c.OrganizationID != org.ID || !slices.Equal(c.Domains, []identity.Domain{"acme.test"}) || c.Provider != identity.SAMLCustom {
			t.Errorf("made %+v", c)
		}
		_, err := w.s.ChangeConnection(t.Context(), c.ID, manage.ConnectionChange{Active: ptr(true)})
		refused(t, "switched on too early", err, fault.SAMLConnectionCantBeActivated)
		if missing := fault.From(err).Meta()["missing_fields"]; !cmp.Equal(missing, []string{"idp_entity_id", "idp_sso_url", "idp_certificate"}) {
			t.Errorf("missing %v", missing)
		}
		_, err = w.s.CreateConnection(t.Context(), identity.SAMLOkta, manage.ConnectionChange{
			Name: ptr("x"), Domains: []string{"other.test"}, Active: ptr(true),
		})
		refused(t, "made switched on", err, fault.SAMLConnectionCantBeActivated)

		idp := w.idp("https://idp.test")
		w.clock.Advance(time.Second)
		on := must(w.s.ChangeConnection(t.Context(), c.ID, manage.ConnectionChange{Active: ptr(true), SAML: idp.fields()}))(t)
		if !on.Active || on.LiveRevisionID == c.LiveRevisionID || on.Config.SAML.IDPEntityID != idp.EntityID() || !on.UpdatedAt.After(c.UpdatedAt) {
			t.Errorf("switched on %+v", on)
		}
		revisions := get(w, func(tx *store.Tx) ([]identity.ConnectionRevision, error) { return tx.Revisions(c.ID) })
		if len(revisions) != 2 || revisions[0].ID != on.LiveRevisionID || revisions[1].Config.SAML.IDPEntityID != "" {
			t.Errorf("revisions %+v", revisions)
		}
		// What is no configuration makes no revision.
		off := must(w.s.ChangeConnection(t.Context(), c.ID, manage.ConnectionChange{Active: ptr(false), Name: ptr("Renamed")}))(t)
		if off.Active || off.Name != "Renamed" || off.LiveRevisionID != on.LiveRevisionID {
			t.Errorf("switched off %+v", off)
		}
	})
}

// Behaviours 1.5 and 1.7: three ways to the provider's data.
func TestConnection_LearnsItsProviderByURLByFileAndByFields(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		idp := w.idp("https://idp.test")
		want := identity.SAMLConfig{
			IDPEntityID: idp.EntityID(), IDPSSOURL: idp.SSOURL(), IDPCertificates: []string{idp.certificate()},
		}
		armored := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: idp.Certificate().Raw}))
		next := must(idp.NextCertificate())(t)
		nextArmored := string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: next.Raw}))
		metadata := string(idp.Metadata())
		tests := map[string]struct {
			saml *manage.SAMLChange
			want func(*identity.SAMLConfig)
		}{
			"by URL": {&manage.SAMLChange{IDPMetadataURL: &idp.url}, func(c *identity.SAMLConfig) {
				c.IDPMetadataURL, c.IDPMetadata = idp.url, metadata
			}},
			"by file": {&manage.SAMLChange{IDPMetadata: &metadata}, func(c *identity.SAMLConfig) { c.IDPMetadata = metadata }},
			"by file, over fields given beside it": {
				&manage.SAMLChange{IDPMetadata: &metadata, IDPEntityID: ptr("other"), IDPSSOURL: ptr("https://other.test/"), IDPCertificates: []string{nextArmored}},
				func(c *identity.SAMLConfig) { c.IDPMetadata = metadata },
			},
			"by fields, bare base64": {idp.fields(), func(*identity.SAMLConfig) {}},
			"by fields, PEM, two certificates at once": {
				&manage.SAMLChange{IDPEntityID: ptr(idp.EntityID()), IDPSSOURL: ptr(idp.SSOURL()), IDPCertificates: []string{armored, nextArmored}},
				func(c *identity.SAMLConfig) { c.IDPCertificates = append(c.IDPCertificates, encode(next)) },
			},
		}
		for name, test := range tests {
			c := w.connect(manage.ConnectionChange{Active: ptr(true), SAML: test.saml})
			want := want
			want.IDPCertificates = slices.Clone(want.IDPCertificates)
			test.want(&want)
			if diff := cmp.Diff(&want, c.Config.SAML); diff != "" {
				t.Errorf("%s (-want +got):\n%s", name, diff)
			}
		}
	})
}

// Behaviour 1.6, threats T-SAML-36, T-SAML-37 and T-SAML-39.
func TestConnection_RefusesMetadataThatIsOfNoUse(t *testing.T) {
	w := onSQLite(t)
	idp := w.idp("https://idp.test")
	honest := string(idp.Metadata())
	insecure := strings.ReplaceAll(honest, "https://idp.test/sso", "http://idp.test/sso")
	certificate := idp.certificate()
	tests := map[string]struct {
		saml *manage.SAMLChange
		want fault.Code
	}{
		"no XML":                {&manage.SAMLChange{IDPMetadata: ptr("<html>")}, fault.SAMLFailedToParseIDPMetadata},
		"of a service provider": {&manage.SAMLChange{IDPMetadata: ptr(strings.ReplaceAll(honest, "IDPSSODescriptor", "SPSSODescriptor"))}, fault.SAMLFailedToParseIDPMetadata},
		"without a certificate": {&manage.SAMLChange{IDPMetadata: ptr(strings.ReplaceAll(honest, `use="signing"`, `use="encryption"`))}, fault.SAMLMetadataMissingFields},
		"past its date": {
			&manage.SAMLChange{IDPMetadata: ptr(strings.Replace(honest, "entityID=", `validUntil="2020-01-01T00:00:00Z" entityID=`, 1))}, fault.SAMLFailedToParseIDPMetadata,
		},
		"with an insecure SSO URL": {&manage.SAMLChange{IDPMetadata: &insecure}, fault.SAMLFailedToParseIDPMetadata},
		"too large":                {&manage.SAMLChange{IDPMetadata: ptr(strings.Repeat(" ", 5<<20+1))}, fault.FormParamTooLarge},
		"a URL where nobody is":    {&manage.SAMLChange{IDPMetadataURL: ptr("http://127.0.0.1:1/metadata")}, fault.SAMLFailedToFetchIDPMetadata},
		"a URL that is none":       {&manage.SAMLChange{IDPMetadataURL: ptr("file:///etc/passwd")}, fault.SAMLFailedToFetchIDPMetadata},
		"javascript as SSO URL":    {&manage.SAMLChange{IDPSSOURL: ptr("javascript:alert(1)")}, fault.FormParamFormatInvalid},
		"a certificate that is none": {
			&manage.SAMLChange{IDPCertificates: []string{certificate, "AAAA"}}, fault.FormParamFormatInvalid,
		},
		"too much drift":           {&manage.SAMLChange{ClockSkewSeconds: ptr(601)}, fault.FormParamValueInvalid},
		"less than no drift":       {&manage.SAMLChange{ClockSkewSeconds: ptr(-1)}, fault.FormParamValueInvalid},
		"a hint of no kind":        {&manage.SAMLChange{LoginHint: &identity.LoginHint{Mode: "always"}}, fault.FormParamValueInvalid},
		"a hint from no attribute": {&manage.SAMLChange{LoginHint: &identity.LoginHint{Mode: identity.HintCustomAttribute}}, fault.FormParamMissing},
	}
	for name, test := range tests {
		_, err := w.s.CreateConnection(t.Context(), identity.SAMLCustom, manage.ConnectionChange{
			Name: ptr("x"), Domains: []string{"acme.test"}, SAML: test.saml,
		})
		refused(t, name, err, test.want)
	}
	idp.set(func(rw http.ResponseWriter) { rw.WriteHeader(http.StatusNotFound) })
	_, err := w.s.CreateConnection(t.Context(), identity.SAMLCustom, manage.ConnectionChange{
		Name: ptr("x"), Domains: []string{"acme.test"}, SAML: &manage.SAMLChange{IDPMetadataURL: &idp.url},
	})
	refused(t, "a page that is not there", err, fault.SAMLFailedToFetchIDPMetadata)
	if _, total, err := w.s.Connections(t.Context(), store.ConnectionFilter{}, store.Page{}); total != 0 || err != nil {
		t.Errorf("%d connections were made, %v", total, err)
	}
}

// Behaviour 1.15; all mistakes are reported.
func TestConnection_ReportsEveryMistake(t *testing.T) {
	w := onSQLite(t)
	tests := map[string]struct {
		ch   manage.ConnectionChange
		want []fault.Code
	}{
		"nothing given": {manage.ConnectionChange{}, []fault.Code{fault.FormParamMissing, fault.FormParamMissing}},
		"everything else": {manage.ConnectionChange{
			Name: ptr(strings.Repeat("n", 257)), Domains: []string{"no domain"}, OrganizationID: ptr("org_x"),
			CustomAttributes: &[]identity.CustomAttribute{{Name: "a", Key: "_a"}},
			SAML:             &manage.SAMLChange{IDPSSOURL: ptr("http://idp.test"), ClockSkewSeconds: ptr(700)},
		}, []fault.Code{
			fault.FormParamMaxLength, fault.FormParamFormatInvalid, fault.OrganizationNotFound, fault.FormParamFormatInvalid,
			fault.FormParamFormatInvalid, fault.FormParamValueInvalid,
		}},
		"an unknown organization": {
			manage.ConnectionChange{Name: ptr("x"), Domains: []string{"acme.test"}, OrganizationID: ptr(string(identity.NewID[identity.OrgID](began)))},
			[]fault.Code{fault.OrganizationNotFound},
		},
		"a public suffix, threat T-ID-09": {
			manage.ConnectionChange{Name: ptr("x"), Domains: []string{"co.uk"}}, []fault.Code{fault.FormParamValueInvalid},
		},
		"a mail provider, threat T-ORG-05": {
			manage.ConnectionChange{Name: ptr("x"), Domains: []string{"gmail.com"}}, []fault.Code{fault.OrganizationDomainCommon},
		},
		"subdomains of a subdomain, behaviour 1.18": {
			manage.ConnectionChange{Name: ptr("x"), Domains: []string{"eu.acme.test"}, SAML: &manage.SAMLChange{AllowSubdomains: ptr(true)}},
			[]fault.Code{fault.FormParamValueInvalid},
		},
		"too many domains": {
			manage.ConnectionChange{Name: ptr("x"), Domains: make([]string, 101)}, []fault.Code{fault.FormParamArraySize},
		},
		"an attribute without a name": {
			manage.ConnectionChange{Name: ptr("x"), Domains: []string{"acme.test"}, CustomAttributes: &[]identity.CustomAttribute{{Key: "a"}}},
			[]fault.Code{fault.FormParamMissing},
		},
		"an attribute twice": {
			manage.ConnectionChange{Name: ptr("x"), Domains: []string{"acme.test"}, CustomAttributes: &[]identity.CustomAttribute{{Name: "a", Key: "a"}, {Name: "b", Key: "a"}}},
			[]fault.Code{fault.FormParamDuplicate},
		},
	}
	for name, test := range tests {
		_, err := w.s.CreateConnection(t.Context(), identity.SAMLCustom, test.ch)
		refused(t, name, err, test.want...)
	}
}

// Behaviours 1.16, 1.41 and 1.42.
func TestConnection_EmptyDomainsChangeNothingAndNothingUnlinksIt(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		acme, globex := w.organization("Acme"), w.organization("Globex")
		c := w.connect(manage.ConnectionChange{OrganizationID: ptr(string(acme.ID)), Domains: []string{"acme.test", "acme.example"}})
		c = must(w.s.ChangeConnection(t.Context(), c.ID, manage.ConnectionChange{Domains: []string{}, OrganizationID: ptr("")}))(t)
		if len(c.Domains) != 2 || c.OrganizationID != acme.ID {
			t.Errorf("changed to %+v", c)
		}
		c = must(w.s.ChangeConnection(t.Context(), c.ID, manage.ConnectionChange{
			Domains: []string{"acme.example"}, OrganizationID: ptr(string(globex.ID)),
		}))(t)
		if !slices.Equal(c.Domains, []identity.Domain{"acme.example"}) || c.OrganizationID != globex.ID {
			t.Errorf("changed to %+v", c)
		}
		_, err := w.s.ChangeConnection(t.Context(), "entconn_x", manage.ConnectionChange{})
		refused(t, "an unknown connection", err, fault.NotFound)
	})
}

// Behaviours 1.22, 1.23 and 1.25, threat T-ORG-06.
func TestConnection_DomainsThatOthersHaveAreRefused(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		acme, globex := w.organization("Acme"), w.organization("Globex")
		idp := w.idp("https://idp.test")
		c := w.connect(manage.ConnectionChange{OrganizationID: ptr(string(acme.ID)), SAML: idp.fields()})
		take := func(ch manage.ConnectionChange) error {
			ch.Name, ch.OrganizationID = ptr("x"), ptr(string(globex.ID))
			_, err := w.s.CreateConnection(t.Context(), identity.SAMLCustom, ch)
			return err
		}
		refused(t, "another organization's domain", take(manage.ConnectionChange{Domains: []string{"free.test", "acme.test"}}), fault.ConnectionDomainTaken)
		w.connect(manage.ConnectionChange{OrganizationID: ptr(string(acme.ID))}) // the organization's own second one
		must(w.s.ChangeConnection(t.Context(), c.ID, manage.ConnectionChange{SAML: &manage.SAMLChange{AllowSubdomains: ptr(true)}}))(t)
		refused(t, "a subdomain of one that speaks for all", take(manage.ConnectionChange{Domains: []string{"eu.acme.test"}}), fault.ConnectionDomainTaken)

		// A name above another organization's would speak for its people (invariant 3).
		w.connect(manage.ConnectionChange{OrganizationID: ptr(string(acme.ID)), Domains: []string{"de.initech.test"}})
		above := manage.ConnectionChange{Domains: []string{"initech.test"}, SAML: idp.fields()}
		above.SAML.AllowSubdomains = ptr(true)
		refused(t, "all below a name, another's among them", take(above), fault.ConnectionDomainTaken)

		// Enrollment by a verified domain stands in the way of a new connection, and
		// ends when one that has the domain already is enabled.
		w.write(func(tx *store.Tx) error {
			for i, name := range []identity.Domain{"acme.test", "enrolled.test"} {
				err := tx.InsertOrganizationDomain(identity.OrganizationDomain{
					ID: identity.NewID[identity.DomainID](began.Add(time.Duration(i) * time.Second)), OrganizationID: acme.ID, Name: name,
					EnrollmentMode: identity.EnrollmentInvitation, Verified: true, CreatedAt: began, UpdatedAt: began,
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		_, err := w.s.CreateConnection(t.Context(), identity.SAMLCustom, manage.ConnectionChange{
			Name: ptr("x"), Domains: []string{"enrolled.test"}, OrganizationID: ptr(string(acme.ID)),
		})
		refused(t, "a verified domain", err, fault.OrganizationDomainExistsForEnrollment)
		must(w.s.ChangeConnection(t.Context(), c.ID, manage.ConnectionChange{Active: ptr(true)}))(t)
		left := get(w, func(tx *store.Tx) ([]identity.OrganizationDomain, error) { return tx.OrganizationDomains(acme.ID) })
		if len(left) != 1 || left[0].Name != "enrolled.test" {
			t.Errorf("verified domains left: %+v", left)
		}
	})
}

// Of two organizations that claim a domain at once, one gets it.
func TestConnection_ADomainGoesToOneOfTwoAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		orgs := []identity.Organization{w.organization("Acme"), w.organization("Globex")}
		errs := make([]error, len(orgs))
		var wg sync.WaitGroup
		for i, org := range orgs {
			wg.Go(func() {
				_, errs[i] = w.s.CreateConnection(t.Context(), identity.SAMLCustom, manage.ConnectionChange{
					Name: ptr("x"), Domains: []string{"acme.test"}, OrganizationID: ptr(string(org.ID)),
				})
			})
		}
		wg.Wait()
		if (errs[0] == nil) == (errs[1] == nil) || !fault.Is(errs[0], fault.ConnectionDomainTaken) && !fault.Is(errs[1], fault.ConnectionDomainTaken) {
			t.Errorf("outcomes %v and %v, want one success and one refusal", errs[0], errs[1])
		}
	})
}

// Behaviour 1.43: people stay, with their accounts, which still name the provider.
func TestConnection_DeletedItLeavesPeopleAlone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.connect(manage.ConnectionChange{})
		u := w.user("ada@acme.test")
		w.write(func(tx *store.Tx) error {
			_, err := tx.InsertAccount(identity.EnterpriseAccount{
				ID: identity.NewID[identity.AccountID](began), UserID: u.ID, ConnectionID: c.ID, Subject: "s-1", CreatedAt: began, UpdatedAt: began,
			})
			return err
		})
		if err := w.s.DeleteConnection(t.Context(), c.ID); err != nil {
			t.Fatal(err)
		}
		refused(t, "once more", w.s.DeleteConnection(t.Context(), c.ID), fault.NotFound)
		_, err := w.s.Connection(t.Context(), c.ID)
		refused(t, "read", err, fault.NotFound)
		v := must(w.s.User(t.Context(), string(u.ID)))(t)
		if len(v.Accounts) != 1 || v.Accounts[0].Connection.ID != "" || v.Accounts[0].Provider != c.Provider || v.SSO[v.Emails[0].ID] {
			t.Errorf("user %+v", v)
		}
	})
}

// Threat T-OPS-02: both keys are published while a rollover is under way.
func TestSPMetadata_ShowsEveryKeyInUse(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.connect(manage.ConnectionChange{SAML: w.idp("https://idp.test").fields()})
		keys := func() int {
			xml := must(w.s.SPMetadata(t.Context(), c.ID))(t)
			sp := must(practice.ReadSP(xml))(t)
			if sp.EntityID != base+"/v1/saml/metadata/"+string(c.ID)+".xml" || sp.ACSURL != base+"/v1/saml/acs/"+string(c.ID) || sp.EncryptionCert == nil {
				t.Errorf("metadata of %+v", sp)
			}
			return len(sp.SigningCerts)
		}
		if got := keys(); got != 1 {
			t.Errorf("%d keys, want 1", got)
		}
		old := must(practice.ReadSP(must(w.s.SPMetadata(t.Context(), c.ID))(t)))(t)
		w.clock.Advance(time.Second)
		must(w.s.AddConnectionKey(t.Context(), c.ID))(t)
		if got := keys(); got != 2 {
			t.Errorf("while rolling over: %d keys, want 2", got)
		}
		if n := must(w.s.RetireConnectionKeys(t.Context(), c.ID))(t); n != 1 {
			t.Errorf("%d keys were retired, want 1", n)
		}
		fresh := must(practice.ReadSP(must(w.s.SPMetadata(t.Context(), c.ID))(t)))(t)
		if keys() != 1 || fresh.EncryptionCert.Equal(old.EncryptionCert) {
			t.Error("the old key is published still")
		}
		if n := must(w.s.RetireConnectionKeys(t.Context(), c.ID))(t); n != 0 {
			t.Errorf("the last key was retired")
		}
		for name, call := range map[string]func() error{
			"metadata": func() error { _, err := w.s.SPMetadata(t.Context(), "entconn_x"); return err },
		} {
			refused(t, name, call(), fault.SAMLConnectionActiveNotFound)
		}
		_, err := w.s.AddConnectionKey(t.Context(), "entconn_x")
		refused(t, "a key of an unknown connection", err, fault.NotFound)
	})
}

func TestConnections_AreListed(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		org := w.organization("Acme")
		w.connect(manage.ConnectionChange{})
		w.clock.Advance(time.Second)
		second := w.connect(manage.ConnectionChange{OrganizationID: ptr(string(org.ID)), Domains: []string{"other.test"}})
		list, total, err := w.s.Connections(t.Context(), store.ConnectionFilter{}, store.Page{Limit: 1})
		if err != nil || total != 2 || len(list) != 1 || list[0].ID != second.ID {
			t.Errorf("listed %+v, %d, %v", list, total, err)
		}
		list, total, err = w.s.Connections(t.Context(), store.ConnectionFilter{OrganizationID: &org.ID}, store.Page{})
		if err != nil || total != 1 || list[0].ID != second.ID {
			t.Errorf("of Acme %+v, %d, %v", list, total, err)
		}
	})
}
