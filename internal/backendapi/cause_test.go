package backendapi_test

import (
	"strings"
	"testing"
	"time"
)

func TestAttempts_NameTheirCauses(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		company := f.company()
		_, ticket := company.begin("alice@acme.test")
		if _, err := company.answer(ticket, "alice@acme.test", "audience-slash"); err == nil {
			t.Fatal("an answer for another audience was accepted")
		}
		_, lost := company.begin("alice@acme.test")
		list := f.call("GET", "/sso_attempts", nil)
		id := str(items(list)[1], "id")
		if items(list)[1]["causes"] != nil {
			t.Error("lists have causes")
		}
		first := func(o object) any { return o["causes"].([]any)[0] }
		refused := f.call("GET", "/sso_attempts/"+id, nil)
		equal(t, "cause", str(first(refused), "cause"), "audience_mismatch")
		equal(t, "confidence", str(first(refused), "confidence"), "certain")
		if str(first(refused), "fix") == "" || str(first(refused), "message") == "" || !strings.Contains(str(first(refused), "because"), "slash") {
			t.Errorf("the cause lacks something: %v", first(refused))
		}

		f.now = f.now.Add(16 * time.Minute)
		path := "/sso_attempts/" + string(lost.AttemptID)
		equal(t, "of one that never came back", str(first(f.call("GET", path, nil)), "cause"), "application_unknown")
		told := f.call("POST", path+"/causes", object{"text": "AADSTS50105"})
		equal(t, "with the text", str(first(told), "cause"), "not_assigned")
		equal(t, "whose words", str(first(told), "console"), "entra")
		equal(t, "nothing was kept", str(first(f.call("GET", path, nil)), "cause"), "application_unknown")
		f.refuses("POST", path+"/causes", object{"text": strings.Repeat("x", 16<<10+1)}, 422, "form_param_max_length_exceeded")
		f.refuses("POST", "/sso_attempts/ssoa_1/causes", object{}, 404, "sso_attempt_not_found")

		alone := f.call("POST", "/sso_causes", object{"text": "403 app_not_enabled_for_user", "enterprise_connection_id": company.conn})
		equal(t, "of a text alone", pick(alone, "cause"), []string{"not_assigned"})
		equal(t, "of none", f.call("POST", "/sso_causes", object{"text": "x"})["total_count"], any(0.0))
		f.refuses("POST", "/sso_causes", object{}, 422, "form_param_missing")
		f.refuses("POST", "/sso_causes", object{"text": "x", "enterprise_connection_id": "entconn_1"}, 404, "resource_not_found")
	})
}

func TestReplay_JudgesTheSameEvidenceAgain(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		company := f.company()
		jit := func(off bool) {
			t.Helper()
			f.call("PATCH", "/enterprise_connections/"+company.conn, object{"disable_jit_provisioning": off})
		}
		jit(true)
		_, ticket := company.begin("alice@acme.test")
		if _, err := company.answer(ticket, "alice@acme.test", ""); err == nil {
			t.Fatal("accepted without an account")
		}
		path := "/sso_attempts/" + string(ticket.AttemptID) + "/replay"
		same := f.call("POST", path, object{})
		equal(t, "nothing changed", same["changed"], any(false))
		equal(t, "result", str(same, "verdict", "result"), "refuse")
		equal(t, "code", str(same, "verdict", "refusal", "code"), "saml_jit_provisioning_disabled")
		equal(t, "cause", str(same["verdict"].(object)["causes"].([]any)[0], "cause"), "refused_here")
		equal(t, "steps", len(at(same, "verdict", "steps").([]any)), len(at(same, "attempt", "steps").([]any))-1) // but for "sent to the provider"
		before := str(same, "revision_id")

		f.now = f.now.Add(24 * time.Hour)
		jit(false)
		changed := f.call("POST", path, object{})
		equal(t, "changed", changed["changed"], any(true))
		equal(t, "result", str(changed, "verdict", "result"), "create")
		equal(t, "joins", at(changed, "verdict", "joins_organization"), any(true))
		equal(t, "as it was", str(changed, "attempt", "refusal", "code"), "saml_jit_provisioning_disabled")
		equal(t, "by the clock of then", changed["judged_at"], at(changed, "attempt", "returned_at"))
		equal(t, "by the revision before", f.call("POST", path, object{"revision_id": before})["changed"], any(false))
		f.refuses("POST", path, object{"revision_id": "entrev_1"}, 404, "resource_not_found")
		f.refuses("POST", "/sso_attempts/ssoa_1/replay", object{}, 404, "sso_attempt_not_found")
		if n := len(items(f.call("GET", "/sso_attempts", nil))); n != 1 {
			t.Errorf("a replay left %d attempts", n-1)
		}
		f.now = f.now.AddDate(0, 0, 14)
		f.refuses("POST", path, object{}, 404, "resource_not_found") // the evidence is over
	})
}

func TestWhatIf_SaysWhoWouldBeLockedOut(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		company := f.company()
		company.signIn()
		bob := str(f.user("bob@home.test", nil), "id")
		f.call("POST", "/organizations/"+company.org+"/memberships", object{"user_id": bob, "role": "org:member"})
		ask := func(more object) object {
			t.Helper()
			body := object{"organization_id": company.org}
			for k, v := range more {
				body[k] = v
			}
			return f.call("POST", "/sso_simulations/organization", body)
		}
		members := func(o object) []any { return o["members"].([]any) }
		equal(t, "as things are", ask(nil)["locked_out"], any(0.0))
		equal(t, "judged", ask(nil)["judged"], any(2.0))
		wider := ask(object{"enterprise_connection_id": company.conn, "domains": []string{"home.test"}})
		equal(t, "with other domains, who came in by the connection is kept out", wider["locked_out"], any(1.0))
		only := ask(object{"enterprise_connection_id": company.conn, "domains": []string{"home.test"}, "locked_out_only": true})
		equal(t, "and listed alone", len(members(only)), 1)
		equal(t, "for the reason", str(members(only)[0], "then", "refusal", "code"), "sign_in_must_use_enterprise_connection_identifier")
		page := ask(object{"limit": 1})
		equal(t, "a page", len(members(page)), 1)
		rest := ask(object{"limit": 1, "after": page["next"]})
		if str(members(rest)[0], "user_id") == str(members(page)[0], "user_id") {
			t.Error("the second page is the first")
		}
		equal(t, "switched off, everybody signs in here", ask(object{"enterprise_connection_id": company.conn, "active": false})["locked_out"], any(0.0))
		for _, body := range []object{{}, {"organization_id": company.org, "active": true}} {
			f.refuses("POST", "/sso_simulations/organization", body, 422, "form_param_missing")
		}
		f.refuses("POST", "/sso_simulations/organization", object{"organization_id": company.org, "limit": 501}, 422, "form_param_value_invalid")
		f.refuses("POST", "/sso_simulations/organization", object{"organization_id": company.org, "enterprise_connection_id": company.conn, "domains": []string{"x"}}, 422, "form_param_format_invalid")
		other := f.organization("Globex")
		f.refuses("POST", "/sso_simulations/organization", object{"organization_id": other, "enterprise_connection_id": company.conn}, 404, "resource_not_found")
		f.refuses("POST", "/sso_simulations/organization", object{"organization_id": "org_1"}, 404, "organization_not_found_or_unauthorized")
	})
}

func TestFacts_TellHowSignInsWent(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		company := f.company()
		path := "/enterprise_connections/" + company.conn + "/facts"
		empty := f.call("GET", path, nil)
		if empty["success_rate"] != nil || empty["provider_time"] != nil || empty["last_success_at"] != nil || empty["clock_drift"] != nil {
			t.Errorf("of nothing: %v", empty)
		}
		company.signIn()
		for range 3 {
			_, ticket := company.begin("alice@acme.test")
			if _, err := company.answer(ticket, "alice@acme.test", "wrong-audience"); err == nil {
				t.Fatal("accepted")
			}
		}
		company.begin("alice@acme.test")
		f.now = f.now.Add(16 * time.Minute)
		facts := f.call("GET", path+"?hours=2", nil)
		equal(t, "complete", facts["complete"], any(1.0))
		equal(t, "refused", facts["refused"], any(3.0))
		equal(t, "never returned", facts["never_returned"], any(1.0))
		equal(t, "success rate", facts["success_rate"], any(0.2))
		equal(t, "code", str(facts["codes"].([]any)[0], "code"), "saml_response_invalid")
		equal(t, "clocks agree", at(facts, "clock_drift", "mean"), any(0.0))
		mapped := map[string]string{}
		for _, a := range facts["attributes"].([]any) {
			mapped[str(a, "name")] = str(a, "mapped_to")
		}
		equal(t, "the address's attribute", mapped["mail"], "email_address")
		if certificates := facts["certificates"].([]any); len(certificates) != 1 || str(certificates[0], "sha256") == "" {
			t.Errorf("certificates %v", certificates)
		}
		overview := f.call("GET", "/sso_overview", nil)
		equal(t, "overall", overview["refused"], any(3.0))
		rising, _ := overview["rising"].([]any)
		if len(rising) != 1 || str(rising[0], "enterprise_connection_id") != company.conn || at(rising[0], "now", "refused") != any(3.0) {
			t.Errorf("rising %v", rising)
		}
		equal(t, "every connection was looked at", overview["certificates_complete"], any(true))
		for _, hours := range []string{"0", "-1", "2161", "x"} {
			f.refuses("GET", path+"?hours="+hours, nil, 422, "form_param_value_invalid")
			f.refuses("GET", "/sso_overview?hours="+hours, nil, 422, "form_param_value_invalid")
		}
		f.refuses("GET", "/enterprise_connections/entconn_1/facts", nil, 404, "resource_not_found")
	})
}
