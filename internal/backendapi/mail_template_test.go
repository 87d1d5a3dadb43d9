package backendapi_test

import (
	"strings"
	"testing"

	"usher/internal/backendapi"
	"usher/internal/signin"
)

const codeTemplate = "/templates/email/verification_code"

// mailCode lets a sign-in mail a code to a new person.
func (f *fixture) mailCode(address string) {
	f.t.Helper()
	f.user(address, nil)
	client := f.browser()
	next, err := f.tools.SignIn.Begin(f.t.Context(), signin.Begin{Client: client, Address: address})
	if err == nil {
		_, err = f.tools.SignIn.SendCode(f.t.Context(), signin.Browser{Client: client, Source: "192.0.2.1"}, next.SignIn.ID)
	}
	if err != nil {
		f.t.Fatal(err)
	}
}

func TestMailTemplates_AreListedAndRead(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		all, _ := f.read("GET", "/templates/email?limit=100", nil, 200).([]any)
		var slugs []string
		for i, one := range all {
			o := one.(object)
			slugs = append(slugs, str(o, "slug"))
			if o["position"] != float64(i) || o["resource_type"] != "system" || o["can_revert"] != false || o["delivered_by_clerk"] != true {
				t.Errorf("%v", o)
			}
		}
		equal(t, "slugs", slugs, []string{
			"verification_code", "no_account", "account_exists", "invitation", "organization_invitation", "domain_invitation", "affiliation_code",
			"domain_record_missing", "domain_ownership_lapsed", "primary_email_address_changed", "webhook_endpoint_disabled", "connection_changed",
		})
		page := decode(t, f.send("GET", "/templates/email?paginated=true&limit=2&offset=11", nil))
		equal(t, "a page", pick(page, "slug"), []string{"connection_changed"})
		equal(t, "total", page["total_count"], any(12.0))
		equal(t, "T-API-05 behind the end", len(f.read("GET", "/templates/email?offset=500", nil, 200).([]any)), 0)
		equal(t, "SMS", len(f.read("GET", "/templates/sms", nil, 200).([]any)), 0)
		one := f.call("GET", codeTemplate, nil)
		equal(t, "variables", one["available_variables"], any([]any{"app.name", "app.url", "otp_code", "expires_in_minutes"}))
		equal(t, "required", one["required_variables"], any([]any{"otp_code"}))
		if !strings.Contains(str(one, "markup"), "{{otp_code}}") || !strings.Contains(str(one, "body"), "{{otp_code}}") {
			t.Errorf("the parts: %v", one)
		}
		f.refuses("GET", "/templates/post", nil, 422, "form_param_value_invalid")
		f.refuses("GET", "/templates/sms/verification_code", nil, 404, "resource_not_found")
		f.refuses("GET", "/templates/email/nothing", nil, 404, "resource_not_found")
		f.refuses("PUT", "/templates/email/nothing", object{}, 404, "resource_not_found")
	})
}

func TestMailTemplates_AreChangedAndReverted(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		before := f.call("GET", codeTemplate, nil)
		changed := f.call("PUT", codeTemplate, object{
			"name": "Code", "subject": "Code {{otp_code}}", "markup": "Hallo!\r\n\r\n    {{otp_code}}\r\n", "from_email_name": "post",
		})
		equal(t, "subject", str(changed, "subject"), "Code {{otp_code}}")
		equal(t, "type", str(changed, "resource_type"), "user")
		if changed["can_revert"] != true || !strings.Contains(str(changed, "body"), "Hallo!</p>") {
			t.Errorf("changed: %v", changed)
		}
		f.mailCode("ada@acme.test")
		m := f.lastMail()
		if !strings.HasPrefix(m.Text, "Hallo!\n\n    ") || !strings.HasPrefix(m.Subject, "Code ") || !strings.Contains(m.HTML, "Hallo!") || m.FromName != "post" {
			t.Errorf("the mail: %+v", m)
		}
		f.call("PUT", codeTemplate, object{"body": `<p title="{{app.name}}">{{otp_code}}</p>`})
		f.call("PATCH", "/settings", object{"application_name": `Q"<b>&`})
		f.mailCode("bob@acme.test")
		if m := f.lastMail(); !strings.HasPrefix(m.HTML, `<p title="Q&#34;&lt;b&gt;&amp;">`) {
			t.Errorf("escaped: %s", m.HTML)
		}

		// What is refused loses nothing, and every mistake is told.
		held := f.call("GET", codeTemplate, nil)
		got := codes(f.refusal("PUT", codeTemplate, object{"subject": "{{a}}\n", "markup": "no code", "body": "{{otp_code}}{{b}}", "reply_to_email_name": "a@b"}, 422))
		equal(t, "mistakes", got, []string{
			"form_param_format_invalid reply_to_email_name", "form_param_format_invalid subject",
			"mail_template_placeholder_missing markup", "mail_template_placeholder_unknown body",
		})
		f.refuses("PUT", codeTemplate, `{"subject": "a\u0000"}`, 400, "request_body_invalid")
		f.refuses("PUT", codeTemplate, object{"code": "x"}, 422, "form_param_unknown")
		equal(t, "after refusals", f.call("GET", codeTemplate, nil), held)

		// A part that is null is Usher's own again, and so is what is sent as it was read.
		half := f.call("PUT", codeTemplate, object{"subject": nil, "body": nil})
		equal(t, "subject", half["subject"], before["subject"])
		if !strings.Contains(str(half, "body"), "Hallo!</p>") {
			t.Errorf("the HTML does not follow the text: %v", half)
		}
		reverted := f.call("POST", codeTemplate+"/revert", nil)
		for _, name := range []string{"name", "subject", "markup", "body", "from_email_name", "can_revert", "resource_type", "delivered_by_clerk"} {
			equal(t, "reverted "+name, reverted[name], before[name])
		}
		again := f.call("PUT", codeTemplate, object{"name": before["name"], "subject": before["subject"], "markup": before["markup"], "body": before["body"], "from_email_name": before["from_email_name"]})
		equal(t, "as it was read", again["can_revert"], any(false))
		lines := items(f.call("GET", "/audit_log?subject=verification_code", nil))
		equal(t, "the audit log", str(lines[len(lines)-1], "detail", "fields"), "from_email_name markup name subject")
	})
}

func TestMailTemplates_ArePreviewedAndNotKept(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		before := f.call("GET", codeTemplate, nil)
		p := f.call("POST", codeTemplate+"/preview", object{"subject": "{{otp_code}} at {{app.name}}", "body": "<b>{{otp_code}}</b>"})
		equal(t, "preview", p, object{
			"subject": "424242 at Usher", "body": "<b>424242</b>", "body_plain": p["body_plain"], "from_email_address": nil, "reply_to_email_address": nil,
		})
		f.refuses("POST", codeTemplate+"/preview", object{"body": "none"}, 422, "mail_template_placeholder_missing")
		equal(t, "after", f.call("GET", codeTemplate, nil), before)
		api := &backendapi.API{Manage: f.tools.Manage, SignIn: f.tools.SignIn, Sessions: f.tools.Sessions, BaseURL: baseURL, MailFrom: "Acme <hello@acme.test>"}
		f.handler = routes(api)
		p = f.call("POST", codeTemplate+"/preview", object{"reply_to_email_name": "help"})
		equal(t, "from", p["from_email_address"], any("hello@acme.test"))
		equal(t, "answers to", p["reply_to_email_address"], any("help@acme.test"))
	})
}

// A customer who sends mails instead has all that it takes, and Usher sends none.
func TestMailTemplates_DeliveryIsSwitchedOff(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		id := str(f.endpoint(object{"event_types": []string{"email.created"}}), "id")
		f.refuses("POST", codeTemplate+"/toggle_delivery", object{}, 422, "form_param_missing")
		off := f.call("POST", codeTemplate+"/toggle_delivery", object{"delivered_by_clerk": false})
		if off["delivered_by_clerk"] != false || off["can_revert"] != false {
			t.Errorf("off: %v", off)
		}
		f.mailCode("ada@acme.test")
		equal(t, "mails", len(f.mails()), 0)
		data := f.eventData(id, "email.created")
		conformsEvent(t, "EmailEventPayload", data)
		code := str(data, "data", "otp_code")
		for name, want := range map[string]any{
			"slug": "verification_code", "to_email_address": "ada@acme.test", "delivered_by_clerk": false, "status": "queued",
			"subject": code + " is your code for Usher", "from_email_name": "no-reply", "reply_to_email_name": nil,
		} {
			equal(t, name, data[name], want)
		}
		if len(code) != 6 || !strings.Contains(str(data, "body"), code) || !strings.Contains(str(data, "body_plain"), code) ||
			str(data, "data", "app", "name") != "Usher" || str(data, "data", "app", "url") != baseURL || !strings.HasPrefix(str(data, "user_id"), "user_") {
			t.Errorf("email.created: %v", data)
		}
		f.call("POST", codeTemplate+"/revert", nil)
		equal(t, "a revert is about words", f.call("GET", codeTemplate, nil)["delivered_by_clerk"], any(false))
		f.call("POST", codeTemplate+"/toggle_delivery", object{"delivered_by_clerk": true})
		f.mailCode("bob@acme.test")
		equal(t, "mails", f.mails(), []string{"bob@acme.test"})
		equal(t, "and told of all the same", f.deliveries(id), []string{"email.created", "email.created"})
	})
}
