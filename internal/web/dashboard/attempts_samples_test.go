package dashboard

import (
	"time"

	"usher/internal/cause"
	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/policy"
	"usher/internal/signin"
	"usher/internal/web/page"
)

const sampleAttemptID identity.AttemptID = "ssoa_2x9KbPq7tR4mVn8sWc1yZd5eLf3"

// sampleAttempt is a sign-in that was refused for its audience.
func sampleAttempt() signin.Explanation {
	began := sampled.Add(-time.Hour)
	refusal := fault.New(fault.SAMLResponseInvalid).Detail("reason", "audience", "expected", "https://sso.test/metadata", "received", "https://old.test/metadata")
	return signin.Explanation{
		Attempt: identity.Attempt{
			ID: sampleAttemptID, Kind: identity.AttemptSignIn, State: identity.AttemptRefused, Code: string(refusal.Code()), TypedEmail: "alice@acme.test",
			ConnectionID: sampleConnection().ID, OrganizationID: sampleOrganization().ID, RevisionID: "entrev_1", TraceID: "4bf92f3577b34da6a3ce929d0e0e4736",
			StartedAt: began, ReturnedAt: began.Add(8200 * time.Millisecond), FinishedAt: began.Add(8240 * time.Millisecond), IssuedAt: began.Add(50 * time.Second),
			Steps: []identity.Step{
				{At: began, Name: "sent_to_provider", Passed: true, Received: "https://acme.okta.com/app/exk1/sso/saml", Plain: "The browser was sent to the identity provider."},
				{At: began.Add(8200 * time.Millisecond), Name: "answer_received", Passed: true, Plain: "The identity provider's answer arrived."},
				{At: began.Add(8200 * time.Millisecond), Name: "version", Passed: true, Expected: "2.0", Received: "2.0", Plain: "The version is SAML 2.0."},
				{At: began.Add(8200 * time.Millisecond), Name: "unique_ids", Passed: true, Expected: "every ID once"},
				{At: began.Add(8200 * time.Millisecond), Name: "audience", Expected: "https://sso.test/metadata", Received: "<b>https://old.test/metadata</b>", Plain: "It is meant for this service.", Fix: "Set the audience."},
				{At: began.Add(8210 * time.Millisecond), Name: "warning", Passed: true, Plain: "The certificate ends soon."},
			},
		},
		Connection: sampleConnection(), Organization: sampleOrganization().Organization, Refusal: refusal,
	}
}

func sampleFindings() []cause.Finding {
	first, _ := cause.Lookup(cause.AudienceMismatch)
	second, _ := cause.Lookup(cause.URLNearMiss)
	return []cause.Finding{
		{Cause: first, Confidence: cause.Certain, Because: "Wanted: https://sso.test/metadata.", Console: cause.Okta, Fix: first.Okta},
		{Cause: second, Confidence: cause.Possible, Because: "Or so.", Console: cause.Other, Fix: second.Other},
	}
}

// sampleEnds are attempts of every other end.
func sampleEnds() (in, lost, waiting, link, fromProvider signin.Explanation) {
	in = sampleAttempt()
	in.Refusal, in.Attempt.Code, in.Attempt.State, in.Attempt.Email, in.Attempt.UserID, in.Attempt.SessionID = nil, "", identity.AttemptComplete, "alice@acme.test", "user_1", "sess_1"
	in.Attempt.Steps = in.Attempt.Steps[:3]
	in.Attempt.Trace = []identity.Rule{{Name: "connection_active", Passed: true}, {Name: "subject_known", Detail: "nobody"}, {Name: "role", Passed: true, Detail: "org:member"}}
	lost = in
	lost.Attempt.State, lost.Overdue, lost.Attempt.Steps, lost.Attempt.Trace = identity.AttemptStarted, true, in.Attempt.Steps[:1], nil
	lost.Attempt.ReturnedAt, lost.Attempt.FinishedAt, lost.Attempt.IssuedAt = time.Time{}, time.Time{}, time.Time{}
	waiting = lost
	waiting.Overdue, waiting.Connection = false, identity.Connection{}
	link = in
	link.Attempt.Kind = identity.AttemptLink
	fromProvider = in
	fromProvider.Attempt.State, fromProvider.Attempt.IDPInitiated = identity.AttemptAdmitted, true
	return in, lost, waiting, link, fromProvider
}

func attemptSamples() []sample {
	refused, path := sampleAttempt(), attemptPath(sampleAttemptID)
	in, lost, waiting, link, fromProvider := sampleEnds()
	message := signin.Message{ExpiresAt: sampled.Add(24 * time.Hour), Seen: cause.Seen{
		Kept: true, InResponseTo: "_44c5", IssueInstant: sampled.Add(-time.Hour), NameIDFormat: "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
		Certificates: []cause.Certificate{{Fingerprint: "e40e", Subject: "CN=acme"}}, Attributes: []cause.Attribute{{Name: "mail", Address: "acme.test"}, {Name: "<i>dept</i>"}},
	}}
	opened := signin.Revealed{Text: "<Response><b>bold</b></Response>", ExpiresAt: message.ExpiresAt, Values: []signin.RevealedValue{{Name: "mail", Values: []string{"alice@acme.test"}}, {Name: "<i>dept</i>", Values: []string{"<script>", "R&D"}}}}
	was := signin.Diagnosis{Explanation: refused, Findings: sampleFindings()}
	same := signin.Replay{Was: was, Revision: "entrev_1", At: refused.Attempt.ReturnedAt, Now: signin.ReplayVerdict{Checks: refused.Attempt.Steps, Refused: refused.Refusal, Findings: sampleFindings()}}
	accepted := signin.Replay{Was: was, Revision: "entrev_2", At: refused.Attempt.ReturnedAt, Now: signin.ReplayVerdict{
		Checks: in.Attempt.Steps, Email: "alice@acme.test", Asked: true, Decision: policy.Decision{Trace: in.Attempt.Trace},
	}}
	choice := judges{draft: &identity.ConnectionConfig{}, revisions: []manage.RevisionView{
		{ConnectionRevision: identity.ConnectionRevision{ID: "entrev_2", Number: 2, CreatedAt: sampled}}, {ConnectionRevision: identity.ConnectionRevision{ID: "entrev_1", Number: 1}, Live: true},
	}}
	list := asked(attemptsPath, nil)
	return []sample{
		{"attempts", attemptsPath, attemptsScreen(list, []signin.Explanation{refused, in, lost, waiting, link, fromProvider}, 60, sampled)},
		{"attempts_none", attemptsPath, attemptsScreen(list, nil, 0, sampled)},
		{"attempts_not_found", attemptsPath, attemptsScreen(asked(attemptsPath, httpio.Params{"code": {"saml_new_code"}}), nil, 0, sampled)},
		{"attempt", path, attemptScreen(story{Diagnosis: was, message: message}, sampled)},
		{"attempt_complete", path, attemptScreen(story{Diagnosis: signin.Diagnosis{Explanation: in}, message: message}, sampled)},
		{"attempt_lost", path, attemptScreen(story{Diagnosis: signin.Diagnosis{Explanation: lost, Findings: sampleFindings()}, saw: "AADSTS50105"}, sampled)},
		{"attempt_under_way", path, attemptScreen(story{Diagnosis: signin.Diagnosis{Explanation: waiting}}, sampled)},
		{"attempt_not_picked_up", path, attemptScreen(story{Diagnosis: signin.Diagnosis{Explanation: fromProvider}}, sampled)},
		{"attempt_reveal", path + "/message", revealScreen(refused)},
		{"attempt_message", path + "/message", revealedScreen(refused, opened)},
		{"attempt_message_unreadable", path + "/message", revealedScreen(refused, signin.Revealed{Text: "?", ExpiresAt: message.ExpiresAt})},
		{"attempt_replay", path + "/replay", replayScreen(asked(path+"/replay", nil), same, judges{})},
		{"attempt_replay_accepted", path + "/replay", replayScreen(asked(path+"/replay", httpio.Params{"revision": {"entrev_2"}}), accepted, choice)},
		{"attempt_replay_refused", path + "/replay", cannotReplayScreen(asked(path+"/replay", nil), refused, choice, []page.Problem{{Text: "The evidence of the attempt was not found."}})},
		{"code", codePath(fault.SAMLUserAttributeMissing), codeScreen(fault.SAMLUserAttributeMissing)},
		{"code_without_causes", codePath(fault.NotFound), codeScreen(fault.NotFound)},
	}
}

func whatIfSamples() []sample {
	org, c := sampleOrganization(), sampleConnection()
	denied := fault.New(fault.SAMLJITProvisioningDisabled)
	sim := signin.Simulation{
		Email: "alice@acme.test", Discovery: policy.Discovery{Connections: []identity.Connection{c}, Trace: policy.Trace{{Name: "domain_served", Passed: true, Detail: "acme.test"}}},
		Outcomes: []signin.Outcome{
			{Connection: c, Organization: org.Organization, Decision: policy.Decision{Plan: policy.Plan{CreateUser: &policy.NewUser{}, Join: &policy.Join{Role: identity.RoleMember}}, Trace: policy.Trace{{Name: "jit_allowed", Passed: true}}}},
			{Connection: c, Organization: org.Organization, Decision: policy.Decision{Denied: denied, Trace: policy.Trace{{Name: "jit_allowed", Detail: "entconn_1"}}}},
		},
	}
	none := signin.Simulation{Email: "dave@solo.test", User: identity.User{ID: "user_1"}, Factors: []string{"email_code"}}
	path := organizationPath(org.ID) + whatIf
	in := signin.Way{In: true, Route: signin.RouteFirstFactor}
	out := signin.Way{Route: signin.StrategySSO, Connection: c, Refused: denied}
	n := signin.WhatIfCount{
		Judged: 10000, More: true, In: 9998, LockedOut: 1, LetIn: 1, Routes: map[string]int{signin.StrategySSO: 9000}, Codes: []signin.CodeCount{{Code: denied.Code(), Number: 2}}, Total: 60,
		Members: []signin.MemberOutcome{
			{User: identity.User{ID: "user_1", FirstName: "Alice"}, Email: "alice@acme.test", Now: in, Then: out}, {User: identity.User{ID: "user_2"}, Now: signin.Way{In: true, Route: signin.RouteNoAddress}, Then: signin.Way{In: true, Route: signin.StrategySSO, Connection: c}},
		},
	}
	change := asked(path, httpio.Params{"connection": {string(c.ID)}, "change": {"on"}})
	return []sample{
		{"what_if", simulatePath, whatIfScreen("", nil)},
		{"what_if_sso", simulatePath, whatIfScreen("alice@acme.test", &sim)},
		{"what_if_first_factor", simulatePath, whatIfScreen("dave@solo.test", &none)},
		{"what_if_page", simulatePath + "/page", pageSaysScreen("AADSTS50105", sampleFindings())},
		{"what_if_page_unknown", simulatePath + "/page", pageSaysScreen("?", nil)},
		{"organization_what_if", path, organizationWhatIfScreen(asked(path, nil), org, []identity.Connection{c}, signin.WhatIfCount{})},
		{"organization_what_if_change", path, organizationWhatIfScreen(change, org, []identity.Connection{c}, n)},
	}
}

func sampleReport() connectionReport {
	refused := sampleAttempt()
	hours := []manage.HourFacts{{Hour: sampled.Add(-48 * time.Hour).Truncate(time.Hour), Outcomes: manage.Outcomes{Complete: 40, Refused: 2}}, {Hour: sampled.Truncate(time.Hour), Outcomes: manage.Outcomes{Complete: 12, Lost: 1}}}
	return connectionReport{attempts: []signin.Explanation{refused}, facts: manage.ConnectionFacts{
		From: sampled.Add(-shownBack), To: sampled, Outcomes: manage.Outcomes{Complete: 52, Refused: 2, Lost: 1}, LastSuccess: sampled.Add(-time.Minute), Hours: hours,
		Codes: []manage.CodeFacts{{Code: "saml_user_attribute_missing", Number: 2}}, Provider: manage.TimeFacts{Number: 54, P50: 6 * time.Second, P95: 48 * time.Second},
		Own: manage.TimeFacts{Number: 54, P50: 40 * time.Millisecond, P95: 90 * time.Millisecond}, Drift: manage.DriftFacts{Number: 54, Mean: 42 * time.Second, Least: 40 * time.Second, Most: 44 * time.Second},
		Attributes: []manage.AttributeFacts{{Name: "mail", Seen: 54, Mapped: "email_address"}, {Name: "firstName", Mapped: "first_name"}, {Name: "<i>dept</i>", Seen: 27}}, Looked: 54,
	}}
}

func overviewSamples() []sample {
	c, report := sampleConnection(), sampleReport()
	domain := manage.DomainView{Organization: sampleOrganization().Organization, OrganizationDomain: identity.OrganizationDomain{
		ID: "orgdmn_1", OrganizationID: sampleOrganization().ID, Name: "acme.test", Ownership: identity.Ownership{VerifiedAt: sampled.Add(-time.Hour), MissingSince: sampled.Add(-time.Minute)},
	}}
	o := overview{organizations: 3, people: 120, connections: 2, active: 2, domains: []manage.DomainView{domain}, facts: manage.Overview{
		From: report.facts.From, To: report.facts.To, Outcomes: report.facts.Outcomes, Hours: report.facts.Hours, Codes: report.facts.Codes, Provider: report.facts.Provider, Own: report.facts.Own,
		Rising: []manage.Rising{{Connection: c, Now: manage.Outcomes{Complete: 4, Refused: 6}}},
		Ending: []manage.CertificateFacts{{Connection: c.ID, ConnectionName: c.Name, NotAfter: sampled.Add(5 * 24 * time.Hour)}, {Connection: c.ID, ConnectionName: c.Name, NotAfter: sampled.Add(-time.Hour)}},
	}, webhooks: []manage.EndpointView{
		{Endpoint: identity.Endpoint{ID: "ep_1", URL: "https://api.northwind.test/webhooks"}, Health: identity.EndpointHealth{FailingSince: sampled.Add(-time.Hour)}},
		{Endpoint: identity.Endpoint{ID: "ep_2", URL: "https://api.northwind.test/more", DisabledAt: sampled, DisabledBecause: "It failed for three days."}},
	}}
	calm := o
	calm.facts.Rising, calm.facts.Ending, calm.facts.Lost, calm.domains, calm.webhooks = nil, nil, 0, nil, nil
	shown := connectionScreen(c, "Acme", sampleBase, sampled)
	shown.Blocks = withReport(shown.Blocks, c, report, sampled)
	unused := connectionScreen(c, "Acme", sampleBase, sampled)
	unused.Blocks = withReport(unused.Blocks, c, connectionReport{}, sampled)
	return []sample{
		{"overview", root, overviewScreen(o, sampled)},
		{"overview_calm", root, overviewScreen(calm, sampled)},
		{"overview_empty", root, overviewScreen(overview{}, sampled)},
		{"overview_begun", root, overviewScreen(overview{organizations: 1, connections: 1}, sampled)},
		{"overview_unconnected", root, overviewScreen(overview{organizations: 1}, sampled)},
		{"connection_facts", connectionPath(c.ID), shown},
		{"connection_facts_none", connectionPath(c.ID), unused},
	}
}
