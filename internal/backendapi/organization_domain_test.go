package backendapi_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/miekg/dns"

	"usher/internal/identity"
	"usher/internal/resolver"
	"usher/internal/resolver/resolvertest"
	"usher/internal/store"
)

// domains lets organizations have domains in every mode.
func (f *fixture) domains() {
	f.settings(func(s *identity.Settings) {
		s.OrganizationDomainsEnabled, s.OrganizationDomainInvitations, s.OrganizationDomainSuggestions = true, true, true
	})
}

func (f *fixture) settings(change func(*identity.Settings)) {
	f.t.Helper()
	if err := f.tools.DB.Write(f.t.Context(), func(tx *store.Tx) error {
		in, err := tx.Instance()
		if err != nil {
			return err
		}
		change(&in.Settings)
		return tx.UpdateSettings(in.ID, in.Settings, f.now)
	}); err != nil {
		f.t.Fatal(err)
	}
}

// dns is a name server that the deployment asks.
func (f *fixture) dns() *resolvertest.Server {
	zone := resolvertest.Serve(f.t)
	f.tools.Manage.Records = &resolver.Client{Servers: []string{zone.Address}}
	return zone
}

func TestDomains_AreAddedListedChangedAndDeleted(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.domains()
		org := f.organization("Acme")
		path := "/organizations/" + org + "/domains"
		made := f.call("POST", path, object{"name": "Acme.test", "enrollment_mode": "automatic_invitation"})
		equal(t, "name", str(made, "name"), "acme.test")
		equal(t, "1.137 verified unless said otherwise", str(made, "affiliation_verification", "status"), "verified")
		equal(t, "the old name of it", made["verification"], made["affiliation_verification"])
		equal(t, "1.123 ownership is another proof", made["ownership_verification"], any(nil))
		other := f.call("POST", path, object{"name": "acme.example", "verified": false})
		equal(t, "1.133 by default", str(other, "enrollment_mode"), "manual_invitation")
		equal(t, "not verified", other["affiliation_verification"], any(nil))
		sso := f.call("POST", path, object{"name": "sso.test", "enrollment_mode": "enterprise_sso"})
		globex := f.organization("Globex")
		f.call("POST", "/organizations/"+globex+"/domains", object{"name": "globex.test"})
		for query, want := range map[string][]string{
			"":                                {"sso.test", "acme.example", "acme.test"},
			"verified=true":                   {"sso.test", "acme.test"},
			"verified=false":                  {"acme.example"},
			"enrollment_mode=enterprise_sso":  {"sso.test"},
			"enrollment_mode=-enterprise_sso": {"acme.example", "acme.test"},
			"enrollment_mode=automatic_invitation,manual_invitation": {"acme.example", "acme.test"},
			"limit=1&offset=1": {"acme.example"},
		} {
			equal(t, query, pick(f.call("GET", path+"?"+query, nil), "name"), want)
		}
		for query, want := range map[string][]string{
			"order_by=name":                         {"acme.example", "acme.test", "globex.test", "sso.test"},
			"organization_id=" + globex:             {"globex.test"},
			"query=ACME":                            {"acme.example", "acme.test"},
			"query=" + globex:                       {"globex.test"},
			"query=%25":                             nil,
			"domains=Acme.test&domains=globex.test": {"acme.test", "globex.test"},
		} {
			got := pick(f.call("GET", "/organization_domains?"+query, nil), "name")
			slices.Sort(got)
			equal(t, query, got, want)
		}
		f.refuses("GET", "/organization_domains?query=%20", nil, 422, "form_param_value_invalid")
		f.refuses("GET", "/organization_domains?order_by=id", nil, 422, "form_param_value_invalid")
		f.refuses("GET", path+"?limit=501", nil, 422, "form_param_value_invalid")
		changed := f.call("PATCH", path+"/"+str(other, "id"), object{"verified": true, "enrollment_mode": "automatic_suggestion"})
		equal(t, "verified by a change", str(changed, "verification", "status"), "verified")
		equal(t, "mode", str(changed, "enrollment_mode"), "automatic_suggestion")
		equal(t, "read", f.call("GET", path+"/"+str(other, "id"), nil)["enrollment_mode"], changed["enrollment_mode"])
		gone := f.call("DELETE", path+"/"+str(sso, "id"), nil)
		equal(t, "deleted", gone["deleted"], any(true))
		f.refuses("DELETE", path+"/"+str(sso, "id"), nil, 404, "resource_not_found")
		f.refuses("PATCH", "/organizations/"+globex+"/domains/"+str(made, "id"), object{"verified": false}, 404, "resource_not_found") // threat T-API-02
	})
}

func TestDomains_SayWhatIsWrong(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.domains()
		company := f.company() // SSO on acme.test
		path := "/organizations/" + company.org + "/domains"
		globex := "/organizations/" + f.organization("Globex") + "/domains"
		f.call("POST", globex, object{"name": "taken.test"})
		f.call("POST", globex, object{"name": "free.test", "verified": false})
		f.call("POST", path, object{"name": "mine.test", "verified": false})
		capped := "/organizations/" + str(f.call("POST", "/organizations", object{"name": "Small", "max_allowed_memberships": 3}), "id") + "/domains"
		for name, test := range map[string]struct {
			path   string
			body   object
			status int
			code   string
		}{
			"no name":                    {path, object{}, 422, "form_param_missing"},
			"not a name":                 {path, object{"name": "acme"}, 422, "form_param_format_invalid"},
			"another mode":               {path, object{"name": "a.test", "enrollment_mode": "x"}, 422, "form_param_value_invalid"},
			"a public suffix":            {path, object{"name": "co.uk"}, 422, "form_param_value_invalid"},
			"1.130 T-ORG-05 free mail":   {path, object{"name": "gmail.com"}, 422, "organization_domain_common"},
			"1.130 T-ORG-05 for minutes": {path, object{"name": "mailinator.com"}, 422, "organization_domain_blocked"},
			"1.22 T-ORG-06 used for SSO": {path, object{"name": "acme.test"}, 422, "organization_domain_exists_for_enterprise_connection"},
			"1.131 another's":            {path, object{"name": "taken.test"}, 422, "organization_domain_already_exists"},
			"1.131 one's own":            {path, object{"name": "mine.test"}, 422, "organization_domain_already_exists_same_organization"},
			"1.136 with a cap":           {capped, object{"name": "small.test", "enrollment_mode": "automatic_invitation"}, 403, "organization_unlimited_membership_required"},
			"no such organization":       {"/organizations/org_x/domains", object{"name": "x.test"}, 404, "resource_not_found"},
		} {
			t.Run(name, func(t *testing.T) {
				g := *f
				g.t = t
				g.refuses("POST", test.path, test.body, test.status, test.code)
			})
		}
		f.call("POST", path, object{"name": "free.test"}) // the other has not verified it
		f.call("POST", path, object{"name": "eu.acme.test"})
		f.call("POST", path, object{"name": "acme.test", "enrollment_mode": "enterprise_sso"}) // which is what SSO needs
		f.refuses("POST", "/enterprise_connections", object{
			"name": "Free", "provider": "saml_custom", "domains": []string{"free.test"}, "organization_id": company.org,
		}, 422, "organization_domain_exists_for_enrollment") // 1.22, the other way
		f.settings(func(s *identity.Settings) { s.BlockedEmailDomains = []identity.Domain{"nasty.test"} })
		f.refuses("POST", path, object{"name": "eu.nasty.test"}, 422, "organization_domain_blocked")
		for i := range 6 {
			f.call("POST", path, object{"name": fmt.Sprintf("d%d.test", i)})
		}
		f.refuses("POST", path, object{"name": "eleventh.test"}, 403, "organization_domain_quota_exceeded") // 1.132
		f.settings(func(s *identity.Settings) { s.OrganizationDomainSuggestions = false })
		f.refuses("POST", globex, object{"name": "z.test", "enrollment_mode": "automatic_suggestion"}, 403, "organization_domain_enrollment_mode_not_enabled") // 1.133
		f.settings(func(s *identity.Settings) { s.OrganizationDomainsEnabled = false })
		f.refuses("POST", globex, object{"name": "z.test"}, 403, "organization_domains_not_enabled")
		f.call("POST", globex, object{"name": "z.test", "enrollment_mode": "enterprise_sso"}) // SSO needs no leave
	})
}

func TestDomains_OwnershipIsProvedByTheDNS(t *testing.T) { // 1.122, 1.126, 1.127
	each(t, func(t *testing.T, f *fixture) {
		zone := f.dns()
		path := "/organizations/" + f.organization("Acme") + "/domains"
		d := f.call("POST", path, object{"name": "acme.test", "enrollment_mode": "enterprise_sso", "verified": false})
		one := path + "/" + str(d, "id")
		f.refuses("POST", one+"/attempt_ownership_verification", nil, 400, "verification_missing")
		first := at(f.call("POST", one+"/prepare_ownership_verification", nil), "ownership_verification")
		equal(t, "record", str(first, "txt_record_name"), "_usher-challenge.acme.test")
		equal(t, "strategy", str(first, "strategy"), "txt")
		second := at(f.call("POST", one+"/prepare_ownership_verification", nil), "ownership_verification")
		name, value := str(second, "txt_record_name"), str(second, "txt_record_value")
		if len(value) != len("usher-challenge=")+32 || value == str(first, "txt_record_value") {
			t.Errorf("a challenge is 160 bits and new each time: %s", value)
		}
		zone.Set(name, resolvertest.Text(name, str(first, "txt_record_value")))
		missed := at(f.call("POST", one+"/attempt_ownership_verification", nil), "ownership_verification")
		equal(t, "T-ORG-03 the challenge before is void; a miss stays unverified", str(missed, "status"), "unverified")
		equal(t, "attempts", at(missed, "attempts"), any(1.0))
		zone.Set(name, resolvertest.Answer{Rcode: dns.RcodeServerFailure})
		equal(t, "nobody can tell", str(f.call("POST", one+"/attempt_ownership_verification", nil), "ownership_verification", "status"), "unverified")
		zone.Set(name, resolvertest.Text(name, "v=spf1 -all", value))
		proved := at(f.call("POST", one+"/attempt_ownership_verification", nil), "ownership_verification")
		equal(t, "status", str(proved, "status"), "verified")
		if _, shown := proved.(object)["txt_record_value"]; shown || at(proved, "verified_at") == nil {
			t.Errorf("a challenge that is over is not shown: %v", proved)
		}
		equal(t, "verified once is verified", at(f.call("POST", one+"/prepare_ownership_verification", nil), "ownership_verification"), proved)
		below := f.call("POST", path, object{"name": "eu.acme.test", "enrollment_mode": "enterprise_sso", "verified": false})
		equal(t, "1.122 below it", str(below, "ownership_verification", "strategy"), "parent_domain")
		equal(t, "attempts", at(below, "ownership_verification", "attempts"), any(nil))

		globex := "/organizations/" + f.organization("Globex") + "/domains"
		f.refuses("POST", globex, object{"name": "acme.test", "enrollment_mode": "enterprise_sso"}, 422, "organization_domain_already_exists")
		f.call("DELETE", one, nil)
		equal(t, "T-ORG-04 with the domain above goes the proof below", str(f.call("GET", path+"/"+str(below, "id"), nil), "ownership_verification", "status"), "expired")
		mine := f.call("POST", globex, object{"name": "acme.test", "enrollment_mode": "enterprise_sso", "verified": false})
		value2 := str(f.call("POST", globex+"/"+str(mine, "id")+"/prepare_ownership_verification", nil), "ownership_verification", "txt_record_value")
		if value2 == value {
			t.Error("T-ORG-03: two organizations have the same value")
		}
		equal(t, "T-ORG-03 the value of another organization",
			str(f.call("POST", globex+"/"+str(mine, "id")+"/attempt_ownership_verification", nil), "ownership_verification", "status"), "unverified")
	})
}

func TestDomains_OwnershipIsTakenOnAnOperatorsWord(t *testing.T) { // 1.129
	each(t, func(t *testing.T, f *fixture) {
		path := "/organizations/" + f.organization("Acme") + "/domains"
		d := f.call("POST", path, object{"name": "acme.test", "enrollment_mode": "enterprise_sso", "verified": false})
		one := f.call("POST", path+"/"+str(d, "id")+"/verify_ownership", nil)
		equal(t, "strategy", str(one, "ownership_verification", "strategy"), "manual_override")
		equal(t, "status", str(one, "ownership_verification", "status"), "verified")
		again := f.call("POST", path+"/"+str(d, "id")+"/verify_ownership", nil)
		equal(t, "again", again["ownership_verification"], one["ownership_verification"])
		f.refuses("POST", path+"/orgdmn_x/verify_ownership", nil, 404, "resource_not_found")
	})
}

func TestDomains_SeveralAtOnceFailEachByItself(t *testing.T) { // 1.128
	each(t, func(t *testing.T, f *fixture) {
		zone := f.dns()
		path := "/organizations/" + f.organization("Acme") + "/domains"
		made := f.call("POST", path+"/bulk", object{"names": []string{"a.test", "gmail.com", "b.test", "a.test"}, "enrollment_mode": "enterprise_sso", "verified": false})
		equal(t, "made", pick(made["data"], "name"), []string{"a.test", "b.test"})
		equal(t, "failed", made["errors"], any([]any{object{"name": "gmail.com", "code": "organization_domain_common"}}))
		ids := pick(made["data"], "id")
		prepared := f.call("POST", path+"/prepare_ownership_verification/bulk", object{"organization_domain_ids": append(ids, "orgdmn_x")})
		equal(t, "prepared", len(items(prepared["data"])), 2)
		equal(t, "failed", prepared["errors"], any([]any{object{"id": "orgdmn_x", "code": "resource_not_found"}}))
		b := items(prepared["data"])[1]
		name := str(b, "ownership_verification", "txt_record_name")
		zone.Set(name, resolvertest.Text(name, str(b, "ownership_verification", "txt_record_value")))
		tried := f.call("POST", path+"/attempt_ownership_verification/bulk", object{"organization_domain_ids": ids})
		equal(t, "tried", pick(tried["data"], "ownership_verification", "status"), []string{"unverified", "verified"})
		eleven := make([]string, 11)
		f.refuses("POST", path+"/bulk", object{"names": eleven}, 422, "form_param_array_size_exceeded")
		f.refuses("POST", path+"/attempt_ownership_verification/bulk", object{"organization_domain_ids": eleven}, 422, "form_param_array_size_exceeded")
	})
}

func TestDomains_TwoThatVerifyOneNameAtOnce(t *testing.T) { // threat T-ORG-02, behaviour 1.131
	each(t, func(t *testing.T, f *fixture) {
		f.domains()
		var paths []string
		for _, name := range []string{"Acme", "Globex"} {
			path := "/organizations/" + f.organization(name) + "/domains"
			paths = append(paths, path+"/"+str(f.call("POST", path, object{"name": "both.test", "verified": false}), "id"))
		}
		codes := make([]int, 2)
		var wg sync.WaitGroup
		for i, path := range paths {
			g := *f // its own clock
			wg.Go(func() {
				body := object{"verified": true}
				if i == 1 {
					codes[i] = g.send("POST", path+"/verify_ownership", nil).Code
					return
				}
				codes[i] = g.send("PATCH", path, body).Code
			})
		}
		wg.Wait()
		slices.Sort(codes)
		equal(t, "one wins", codes, []int{200, 422})
	})
}
