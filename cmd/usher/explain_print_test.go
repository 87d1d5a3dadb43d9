package main

import (
	"strings"
	"testing"
	"time"

	"usher/internal/identity"
	"usher/internal/signin"
)

func millis(d time.Duration) int64 { return storyTime().Add(d).UnixMilli() }

func TestWriteAttempt_TellsTheStory(t *testing.T) {
	t.Parallel()
	back := millis(3 * time.Second)
	tests := map[string]struct {
		report signin.AttemptReport
		want   []string
	}{
		"started and never came back": {
			signin.AttemptReport{ID: "ssoa_1", State: "never_returned", ConnectionID: "entconn_1", ConnectionName: "Okta", TypedEmail: "alice@acme.test", StartedAt: millis(0)},
			[]string{
				"ssoa_1  started and never came back: the identity provider sent nobody back in time",
				"Connection    Okta (entconn_1)", "Begun         2026-11-25 09:30:00 UTC, here", "Typed         alice@acme.test",
			},
		},
		"refused by a check, with what to do": {
			signin.AttemptReport{
				ID: "ssoa_1", State: "refused", IDPInitiated: true, StartedAt: millis(0), ReturnedAt: &back,
				Steps: []signin.StepReport{
					{At: millis(1500 * time.Millisecond), Name: "xml", Passed: true, Plain: "The response is sound XML."},
					{At: millis(2 * time.Second), Name: "audience", Expected: "https://sp.test", Received: "x\x1b[2J", Plain: "It is meant for us.", Fix: "Set the audience."},
				},
				Refusal: &signin.RefusalReport{Code: "saml_response_invalid", Reason: "audience", LongMessage: "It was not accepted.", Fix: "See the check."},
			},
			[]string{
				"refused: saml_response_invalid", "at the identity provider", "Came back     2026-11-25 09:30:03 UTC", "Connection    deleted",
				"+1.500s ✓  The response is sound XML.  xml", "+2.000s ✗  It is meant for us.  audience",
				"expected  https://sp.test", `received  x\x1b[2J`, "to do     Set the audience.",
				"Refused: saml_response_invalid (audience)", "It was not accepted.", "See the check.",
			},
		},
		"complete, with the decision": {
			signin.AttemptReport{
				ID: "ssoa_1", State: "complete", StartedAt: millis(0), UserID: "user_1", SessionID: "sess_1",
				Trace: []identity.Rule{{Name: "email_present", Passed: true, Detail: "alice@acme.test"}},
			},
			[]string{"ssoa_1  signed in", "User          user_1", "Session       sess_1", "Decision", "✓ email_present            alice@acme.test"},
		},
		"an account that was connected": {
			signin.AttemptReport{ID: "ssoa_1", Kind: "link", State: "complete", StartedAt: millis(0)},
			[]string{"ssoa_1  connected", "09:30:00 UTC, here, to connect an account to the user's own"},
		},
		"a person who is still there": {
			signin.AttemptReport{ID: "ssoa_1", Kind: "presence", State: "complete", StartedAt: millis(0)},
			[]string{"ssoa_1  still there", "09:30:00 UTC, by this server, to learn whether the person is still there"},
		},
		"under way":             {signin.AttemptReport{State: "started"}, []string{"not back yet"}},
		"accepted, not fetched": {signin.AttemptReport{State: "admitted"}, []string{"the browser has not come"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			writeAttempt(&out, false, test.report)
			wantAll(t, out.String(), test.want)
		})
	}
}

func TestWriteSimulation_SaysWhatWouldHappenAndWhy(t *testing.T) {
	t.Parallel()
	outcome := func(o signin.OutcomeReport) signin.OutcomeReport {
		o.ConnectionID, o.ConnectionName, o.OrganizationID, o.Organization = "entconn_1", "Okta", "org_1", "Acme"
		return o
	}
	tests := map[string]struct {
		report signin.SimulationReport
		want   []string
	}{
		"no connection": {
			signin.SimulationReport{Email: "dave@solo.test", Route: "first_factor", Factors: []string{"email_code"}},
			[]string{"dave@solo.test  signs in here: no connection serves the address", "User today    nobody", "First factors email_code"},
		},
		"created": {
			signin.SimulationReport{
				Email: "alice@acme.test", Route: "enterprise_sso", Trace: []identity.Rule{{Name: "domain_served", Passed: true, Detail: "acme.test"}},
				Outcomes: []signin.OutcomeReport{outcome(signin.OutcomeReport{Result: "create", Joins: true, Role: "org:member"})},
			},
			[]string{
				"is sent to the identity provider", "✓ domain_served            acme.test", "Okta (entconn_1)", "Organization  Acme (org_1)",
				"Outcome       a user is created", "Membership    joins as org:member", "Assumed:",
			},
		},
		"linked, a member already": {
			signin.SimulationReport{Route: "enterprise_sso", UserID: "user_1", Outcomes: []signin.OutcomeReport{outcome(signin.OutcomeReport{Result: "link", UserID: "user_1"})}},
			[]string{"User today    user_1", "Outcome       the user is linked to the connection", "Membership    stays as it is"},
		},
		"refused": {
			signin.SimulationReport{Route: "choose", Outcomes: []signin.OutcomeReport{
				outcome(signin.OutcomeReport{Result: "sign_in"}),
				outcome(signin.OutcomeReport{Result: "refuse", Trace: []identity.Rule{{Name: "jit_allowed"}}, Refusal: &signin.RefusalReport{
					Code: "saml_jit_provisioning_disabled", Message: "There is no account.", Fix: "Invite the person.",
				}}),
			}},
			[]string{
				"is asked which of 2 connections to use", "Outcome       the known user signs in", "Outcome       refused", "✗ jit_allowed",
				"Refused: saml_jit_provisioning_disabled", "There is no account.", "Invite the person.",
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			writeSimulation(&out, false, test.report)
			wantAll(t, out.String(), test.want)
		})
	}
}

func wantAll(t *testing.T, got string, want []string) {
	t.Helper()
	for _, text := range want {
		if !strings.Contains(got, text) {
			t.Errorf("no %q in\n%s", text, got)
		}
	}
	if strings.Contains(got, "\x1b") {
		t.Error("escape sequences reach the terminal")
	}
}
