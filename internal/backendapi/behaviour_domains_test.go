package backendapi_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/resolver/resolvertest"
)

// Behaviours 122 to 137: domains of organizations, as seen through the Backend API. Left
// out: 124 is of who adds a domain in a browser; of 123 and 133 to 136, what comes of a
// verified domain is told elsewhere.

// lists adds a domain that is not verified and returns its path.
func (f *fixture) lists(org, name string) (path string, d object) {
	f.t.Helper()
	d = f.call("POST", "/organizations/"+org+"/domains", object{"name": name, "verified": false, "enrollment_mode": "enterprise_sso"})
	return "/organizations/" + org + "/domains/" + str(d, "id"), d
}

func TestB122_AffiliationAndOwnershipAreTwoProofsOfOneDomain(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.domains()
		org := f.organization("Acme")
		path, d := f.lists(org, "acme.test")
		equal(t, "neither", []any{d["affiliation_verification"], d["ownership_verification"]}, []any{nil, nil})
		d = f.call("POST", path+"/prepare_affiliation_verification", object{"affiliation_email_address": "ada@acme.test"})
		code := sixDigits.FindString(f.lastMail().Text)
		equal(t, "affiliation", []string{str(d, "affiliation_verification", "strategy"), str(d, "affiliation_verification", "status")}, []string{"email_code", "unverified"})
		d = f.call("POST", path+"/prepare_ownership_verification", nil)
		equal(t, "ownership", []string{str(d, "ownership_verification", "strategy"), str(d, "ownership_verification", "status")}, []string{"txt", "unverified"})
		d = f.call("POST", path+"/attempt_affiliation_verification", object{"code": code})
		equal(t, "one proved", []string{str(d, "affiliation_verification", "status"), str(d, "ownership_verification", "status")}, []string{"verified", "unverified"})
		equal(t, "attempts of txt", at(d, "ownership_verification", "attempts"), any(0.0))
		d = f.call("POST", path+"/verify_ownership", nil)
		equal(t, "both proved", []string{str(d, "affiliation_verification", "status"), str(d, "ownership_verification", "status")}, []string{"verified", "verified"})
		equal(t, "attempts of another strategy", at(d, "ownership_verification", "attempts"), any(nil))
		_, below := f.lists(org, "eu.acme.test")
		equal(t, "a subdomain inherits", []string{str(below, "ownership_verification", "strategy"), str(below, "ownership_verification", "status")}, []string{"parent_domain", "verified"})
		equal(t, "attempts of it", at(below, "ownership_verification", "attempts"), any(nil))

		late, _ := f.lists(org, "late.test")
		f.call("POST", late+"/prepare_affiliation_verification", object{"affiliation_email_address": "ada@late.test"})
		f.call("POST", late+"/prepare_ownership_verification", nil)
		for range identity.MaxAffiliationTries {
			f.refuses("POST", late+"/attempt_affiliation_verification", object{"code": "x"}, 422, "form_code_incorrect")
		}
		equal(t, "affiliation fails", str(f.call("GET", late, nil), "affiliation_verification", "status"), "failed")
		f.now = f.now.Add(90 * 24 * time.Hour)
		equal(t, "ownership expires", str(f.call("GET", late, nil), "ownership_verification", "status"), "expired")
	})
}

func TestB123_AffiliationIsNoProofOfOwnership(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.domains()
		org := f.organization("Acme")
		path, _ := f.lists(org, "acme.test")
		verified := f.call("PATCH", path, object{"verified": true})
		equal(t, "affiliation", str(verified, "affiliation_verification", "status"), "verified")
		equal(t, "ownership", verified["ownership_verification"], any(nil))
	})
}

func TestB125_TheAffiliationAddressIsAtTheDomain(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		path, _ := f.lists(f.organization("Acme"), "acme.test")
		for _, address := range []string{"ada@other.test", "ada@eu.acme.test", "ada@notacme.test"} {
			f.refuses("POST", path+"/prepare_affiliation_verification", object{"affiliation_email_address": address}, 422, "organization_domain_mismatch")
		}
		equal(t, "mails", f.mails(), []string(nil))
	})
}

func TestB126_AChallengeIsShownWhileItIsOpenAndReplacesTheOneBefore(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		zone := f.dns()
		org := f.organization("Acme")
		path, _ := f.lists(org, "acme.test")
		prepare := func() (name, value string) {
			p := f.call("POST", path+"/prepare_ownership_verification", nil)["ownership_verification"]
			return str(p, "txt_record_name"), str(p, "txt_record_value")
		}
		_, first := prepare()
		name, second := prepare()
		if first == second || name != "_usher-challenge.acme.test" {
			t.Errorf("%s: %s, then %s", name, first, second)
		}
		listed := items(f.call("GET", "/organizations/"+org+"/domains", nil))[0]
		equal(t, "in the list", []string{str(listed, "ownership_verification", "txt_record_name"), str(listed, "ownership_verification", "txt_record_value")}, []string{name, second})
		zone.Set(name, resolvertest.Text(name, first))
		equal(t, "the one before", str(f.call("POST", path+"/attempt_ownership_verification", nil), "ownership_verification", "status"), "unverified")
		zone.Set(name, resolvertest.Text(name, second))
		f.call("POST", path+"/attempt_ownership_verification", nil)
		listed = items(f.call("GET", "/organizations/"+org+"/domains", nil))[0]
		equal(t, "once it is over", []any{at(listed, "ownership_verification", "txt_record_name"), at(listed, "ownership_verification", "txt_record_value")}, []any{nil, nil})
	})
}

func TestB127_AMissStaysUnverifiedAndAMatchIsAuditedAndDated(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		zone := f.dns()
		path, d := f.lists(f.organization("Acme"), "acme.test")
		p := f.call("POST", path+"/prepare_ownership_verification", nil)["ownership_verification"]
		attempt := func() any {
			return f.call("POST", path+"/attempt_ownership_verification", nil)["ownership_verification"]
		}
		for n := range 12 { // as the SDK asks, every ten seconds
			got := attempt()
			equal(t, fmt.Sprint("miss ", n), str(got, "status"), "unverified")
			f.now = f.now.Add(10 * time.Second)
		}
		zone.Set(str(p, "txt_record_name"), resolvertest.Text(str(p, "txt_record_name"), str(p, "txt_record_value")))
		got := attempt()
		equal(t, "match", str(got, "status"), "verified")
		if at(got, "verified_at") == nil {
			t.Error("it has no date")
		}
		if log := f.audited(str(d, "id")); !slices.Contains(log, "organization_domain.ownership_verified") {
			t.Errorf("audit log: %v", log)
		}
	})
}

func TestB128_SeveralDomainsAtOnceFailEachForItself(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.dns()
		path := "/organizations/" + f.organization("Acme") + "/domains"
		made := f.call("POST", path+"/bulk", object{"names": []string{"a.test", "gmail.com"}, "verified": false, "enrollment_mode": "enterprise_sso"})
		equal(t, "made", pick(made["data"], "name"), []string{"a.test"})
		equal(t, "not made", made["errors"], any([]any{object{"name": "gmail.com", "code": "organization_domain_common"}}))
		both := object{"organization_domain_ids": append(pick(made["data"], "id"), "orgdmn_x")}
		for _, verb := range []string{"/prepare_ownership_verification/bulk", "/attempt_ownership_verification/bulk"} {
			done := f.call("POST", path+verb, both)
			equal(t, verb, pick(done["data"], "name"), []string{"a.test"})
			equal(t, verb+", the other", done["errors"], any([]any{object{"id": "orgdmn_x", "code": "resource_not_found"}}))
		}
		f.refuses("POST", path+"/bulk", object{"names": make([]string, 11)}, 422, "form_param_array_size_exceeded")
	})
}

func TestB129_AnOperatorVouchesForOwnershipAsOftenAsHeLikes(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		path, _ := f.lists(f.organization("Acme"), "acme.test")
		once := f.call("POST", path+"/verify_ownership", nil)
		equal(t, "strategy", str(once, "ownership_verification", "strategy"), "manual_override")
		equal(t, "twice", f.call("POST", path+"/verify_ownership", nil)["ownership_verification"], once["ownership_verification"])
	})
}

func TestB130_NobodyListsAPublicOrDisposableMailDomain(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.domains()
		path := "/organizations/" + f.organization("Acme") + "/domains"
		for _, name := range []string{"gmail.com", "outlook.com", "yahoo.com", "GMAIL.com"} {
			f.refuses("POST", path, object{"name": name}, 422, "organization_domain_common")
		}
		f.refuses("POST", path, object{"name": "mailinator.com"}, 422, "organization_domain_blocked")
	})
}

func TestB131_AVerifiedDomainIsOneOrganizationsAndAnyIsListedOnceInEach(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.domains()
		acme, globex := "/organizations/"+f.organization("Acme")+"/domains", "/organizations/"+f.organization("Globex")+"/domains"
		f.call("POST", acme, object{"name": "one.test", "verified": false})
		f.refuses("POST", acme, object{"name": "one.test", "verified": false}, 422, "organization_domain_already_exists_same_organization")
		f.refuses("POST", acme, object{"name": "ONE.test"}, 422, "organization_domain_already_exists_same_organization")
		other := str(f.call("POST", globex, object{"name": "one.test", "verified": false}), "id") // not verified, so both may
		f.call("POST", globex, object{"name": "two.test"})
		f.refuses("POST", acme, object{"name": "two.test"}, 422, "organization_domain_already_exists")
		mine := items(f.call("GET", acme, nil))[0]
		f.call("PATCH", acme+"/"+str(mine, "id"), object{"verified": true})
		f.refuses("PATCH", globex+"/"+other, object{"verified": true}, 422, "organization_domain_already_exists")
	})
}

func TestB132_AnOrganizationListsTenDomains(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.domains()
		path := "/organizations/" + f.organization("Acme") + "/domains"
		for n := range 10 {
			f.call("POST", path, object{"name": fmt.Sprintf("d%d.test", n)})
		}
		f.refuses("POST", path, object{"name": "d10.test"}, 403, "organization_domain_quota_exceeded")
		equal(t, "in the settings", f.call("GET", "/instance/organization_settings", nil)["max_allowed_domains"], any(10.0))
	})
}

func TestB133_ADomainHasOneEnrollmentModeThatTheInstanceHasOn(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.domains()
		path := "/organizations/" + f.organization("Acme") + "/domains"
		one := f.call("POST", path, object{"name": "a.test"})
		equal(t, "nothing said", str(one, "enrollment_mode"), "manual_invitation")
		for _, modes := range [][]string{{"manual_invitation"}, {"manual_invitation", "automatic_invitation", "automatic_suggestion"}} {
			f.call("PATCH", "/instance/organization_settings", object{"domains_enrollment_modes": modes})
			for _, mode := range []string{"automatic_invitation", "automatic_suggestion"} {
				if len(modes) == 1 {
					f.refuses("PATCH", path+"/"+str(one, "id"), object{"enrollment_mode": mode}, 403, "organization_domain_enrollment_mode_not_enabled")
					continue
				}
				equal(t, mode, str(f.call("PATCH", path+"/"+str(one, "id"), object{"enrollment_mode": mode}), "enrollment_mode"), mode)
			}
		}
		f.refuses("PATCH", path+"/"+str(one, "id"), object{"enrollment_mode": "by_guess"}, 422, "form_param_value_invalid")
	})
}

func TestB137_ADomainOfTheBackendAPIIsVerifiedUnlessItIsSaidNotToBe(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.domains()
		path := "/organizations/" + f.organization("Acme") + "/domains"
		status := func(body object) any { return at(f.call("POST", path, body), "verification", "status") }
		equal(t, "nothing said", status(object{"name": "a.test"}), any("verified"))
		equal(t, "null", status(object{"name": "b.test", "verified": nil}), any("verified"))
		equal(t, "true", status(object{"name": "c.test", "verified": true}), any("verified"))
		equal(t, "false", status(object{"name": "d.test", "verified": false}), any(nil))
	})
}
