package backendapi_test

import (
	"strings"
	"testing"

	"usher/internal/identity"
	"usher/internal/store"
)

func TestSAMLConnections_AreTheSameConnectionsSeenFlat(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		company := f.company()
		company.signIn()
		path := "/saml_connections/" + identity.ConnectionID(company.conn).SAMLID()
		shown := f.call("GET", path, nil)
		for name, want := range map[string]any{
			"id": identity.ConnectionID(company.conn).SAMLID(), "enterprise_connection_id": company.conn, "domain": "acme.test",
			"organization_id": company.org, "provider": "saml_custom", "user_count": 1.0, "active": true,
		} {
			equal(t, name, shown[name], want)
		}
		equal(t, "by the new id", f.call("GET", "/saml_connections/"+company.conn, nil), shown)
		changed := f.call("PATCH", path, object{"name": "Renamed", "allow_idp_initiated": true, "attribute_mapping": object{"email_address": "email"}})
		equal(t, "name", changed["name"], any("Renamed"))
		equal(t, "the new view", str(f.call("GET", "/enterprise_connections/"+company.conn, nil), "saml_connection", "attribute_mapping", "email_address"), "email")
		made := f.call("POST", "/saml_connections", object{"name": "Globex", "provider": "saml_okta", "domain": "globex.test"})
		equal(t, "off at first", made["active"], any(false))
		f.refuses("PATCH", "/saml_connections/"+str(made, "id"), object{"active": true}, 422, "saml_connection_cant_be_activated")
		for query, want := range map[string][]string{
			"": {"Globex", "Renamed"}, "query=GLOB": {"Globex"}, "order_by=-name": {"Renamed", "Globex"}, "organization_id=" + company.org: {"Renamed"},
			"organization_id=-" + company.org: {"Globex"}, "limit=1": {"Globex"},
		} {
			equal(t, query, pick(f.call("GET", "/saml_connections?"+query, nil), "name"), want)
		}
		f.refuses("GET", "/saml_connections?order_by=config", nil, 422, "form_param_value_invalid")
		f.refuses("POST", "/saml_connections", object{"name": "X", "provider": "oidc_custom", "domain": "x.test"}, 422, "form_param_value_invalid")
		f.refuses("POST", "/saml_connections", object{"name": "X", "provider": "saml_custom"}, 422, "form_param_missing")
		f.refuses("POST", "/saml_connections", object{"name": "X", "provider": "saml_custom", "domain": "x.test", "saml": object{}}, 422, "form_param_unknown")
		f.refuses("PATCH", path, object{"idp_metadata": "<x/>"}, 422, "saml_failed_to_parse_idp_metadata")
		equal(t, "deleted", f.call("DELETE", path, nil), object{"object": "saml_connection", "id": shown["id"], "deleted": true})
		for _, method := range []string{"GET", "PATCH", "DELETE"} {
			f.refuses(method, path, nil, 404, "resource_not_found")
			f.refuses(method, "/saml_connections/x", nil, 404, "resource_not_found")
		}
	})
}

// Behaviour 1.23.
func TestSAMLConnections_AVerifiedDomainEndsOnlyWithConsent(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		company := f.company()
		path := "/saml_connections/" + strings.Replace(company.conn, "entconn_", "samlc_", 1)
		f.call("PATCH", path, object{"active": false})
		listed := func() (n int) {
			if err := f.tools.DB.Read(t.Context(), func(tx *store.Tx) error {
				rows, err := tx.OrganizationDomains(identity.OrgID(company.org))
				n = len(rows)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			return n
		}
		if err := f.tools.DB.Write(t.Context(), func(tx *store.Tx) error {
			return tx.InsertOrganizationDomain(identity.OrganizationDomain{
				ID: identity.NewID[identity.DomainID](f.now), OrganizationID: identity.OrgID(company.org), Name: "acme.test",
				EnrollmentMode: "automatic_invitation", Verified: true, CreatedAt: f.now, UpdatedAt: f.now,
			})
		}); err != nil {
			t.Fatal(err)
		}
		f.refuses("PATCH", path, object{"active": true}, 422, "organization_domain_exists_for_enrollment")
		f.refuses("PATCH", path, object{"active": true, "consent_verified_domains_deletion": false}, 422, "organization_domain_exists_for_enrollment")
		equal(t, "domains", listed(), 1)
		equal(t, "active", f.call("PATCH", path, object{"active": true, "consent_verified_domains_deletion": true})["active"], any(true))
		equal(t, "domains afterwards", listed(), 0)
	})
}
