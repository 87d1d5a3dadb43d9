package account_test

import (
	"strings"

	"usher/internal/fault"
	"usher/internal/message"
	"usher/internal/web/account"
	"usher/internal/web/page"
)

// sample is a page with something on it; its name is that of the golden file.
type sample struct {
	name string
	page string
	view page.View
}

func frame() page.Frame {
	return page.Frame{
		App: "Northwind Bank", HomeURL: "/", CSRF: "csrf-token",
		HelpURL: "https://northwind.test/help", PrivacyURL: "https://northwind.test/privacy", TermsURL: "https://northwind.test/terms",
		MayLeadTo: []string{"https:"},
	}
}

func signedIn() page.Frame {
	f := frame()
	f.SignedInAs, f.SignOutURL = "alice@acme.test", "/sign-out"
	return f
}

func dev() page.Frame {
	return page.Frame{App: "Usher", HomeURL: "/", CSRF: "csrf-token", MailboxURL: "/mailbox"}
}

func with(f page.Frame, problems ...page.Problem) page.Frame {
	f.Problems = problems
	return f
}

func problem(field, text string) page.Problem { return page.Problem{Field: field, Text: text} }

// samples are the pages as people see them.
func samples() []sample {
	var all []sample
	all = append(all, signInSamples()...)
	all = append(all, signUpSamples()...)
	all = append(all, invitationSamples()...)
	all = append(all, userSamples()...)
	all = append(all, messageSamples()...)
	all = append(all, testRunSamples()...)
	return append(all, devSamples()...)
}

func invitationSamples() []sample {
	base := account.AcceptInvitation{
		Frame: frame(), Action: "/accept-invitation", Organization: "Acme", Email: "dora@acme.test", Ticket: "eyJrIjoi.c2lnbmF0dXJl",
	}
	join, first, fresh := base, base, base
	join.Frame = signedIn()
	first.SignInURL = "/sign-in?email_address=dora%40acme.test"
	fresh.NewAccount, fresh.AskPassword, fresh.PasswordMin = true, true, 8
	return []sample{
		{"accept_invitation", account.PageAcceptInvitation, &join},
		{"accept_invitation_sign_in", account.PageAcceptInvitation, &first},
		{"accept_invitation_sign_up", account.PageAcceptInvitation, &fresh},
	}
}

func signInSamples() []sample {
	going := account.NewGoing(frame(), "https://login.acme.test/saml/sso")
	going.Connection, going.Host, going.BackURL = "Acme Okta", "login.acme.test", "/sign-in?email_address=alice@acme.test"
	going.Fields = []account.Hidden{{Name: "SAMLRequest", Value: "PHNhbWxwOkF1dGhuUmVxdWVzdC8+"}, {Name: "RelayState", Value: "rs_2x9"}}

	return []sample{
		{"ticket", account.PageTicket, &account.Ticket{Frame: frame(), Action: "/sign-in/ticket", Ticket: "dGlja2V0", ReturnURL: "https://app.northwind.test/"}},
		{"sign_in", account.PageSignIn, &account.SignIn{Frame: frame(), Action: "/sign-in", ReturnURL: "https://app.northwind.test/", SignUpURL: "/sign-up"}},
		{"sign_in_problem", account.PageSignIn, &account.SignIn{
			Frame:  with(frame(), problem("email_address", "Enter an email address like name@company.com.")),
			Action: "/sign-in", Email: "alice@acme",
		}},
		{"sign_in_refused", account.PageSignIn, &account.SignIn{
			Frame:  with(frame(), problem("", "We can’t sign you in right now. Wait a minute and try once more.")),
			Action: "/sign-in", Email: "alice@acme.test", SignUpURL: "/sign-up",
		}},
		{"sign_in_password", account.PageSignInPassword, &account.SignInPassword{Frame: frame(), Action: "/sign-in/password", Email: "dana@contractor.test", ChangeURL: "/sign-in", CanCode: true}},
		{"sign_in_password_problem", account.PageSignInPassword, &account.SignInPassword{
			Frame:  with(frame(), problem("password", "That password is not right. Try again, or let us email you a code.")),
			Action: "/sign-in/password", Email: "dana@contractor.test", ChangeURL: "/sign-in", CanCode: true,
		}},
		{"sign_in_code", account.PageSignInCode, &account.SignInCode{Frame: frame(), Action: "/sign-in/code", Email: "carol@globex.test", ChangeURL: "/sign-in", Minutes: 10, WaitSeconds: 30, CanPassword: true}},
		{"sign_in_code_problem", account.PageSignInCode, &account.SignInCode{
			Frame:  with(frame(), problem("code", "That code is not right. Check the newest email, or ask for a new code.")),
			Action: "/sign-in/code", Email: "carol@globex.test", ChangeURL: "/sign-in", Minutes: 10,
		}},
		{"choose_connection", account.PageChooseConnection, &account.ChooseConnection{
			Frame: frame(), Action: "/sign-in/connection", Email: "alice@acme.test", ChangeURL: "/sign-in",
			Connections: []account.ConnectionChoice{
				{ID: "entconn_1", Name: "Acme Okta", Organization: "Acme"},
				{ID: "entconn_2", Name: "Acme Labs Entra ID", Organization: "Acme Labs"},
				{ID: "entconn_3", Name: "Northwind staff sign-in"},
			},
		}},
		{"choose_connection_of_one_organization", account.PageChooseConnection, &account.ChooseConnection{
			Frame: frame(), Action: "/sign-in/connection", Email: "alice@acme.test", ChangeURL: "/sign-in",
			Connections: []account.ConnectionChoice{
				{ID: "entconn_1", Name: "Acme Okta", Organization: "Acme", ByName: true},
				{ID: "entconn_2", Name: "Acme Entra ID", Organization: "Acme", ByName: true},
			},
		}},
		{"going", account.PageGoing, going},
		{"switch_account", account.PageSwitchAccount, &account.SwitchAccount{
			Frame: frame(), Action: "/sign-in/switch", Connection: "Acme Okta",
			Current: account.Account{Name: "Bob Jones", Email: "bob@acme.test"}, Arriving: account.Account{Name: "Alice Smith", Email: "alice@acme.test"},
		}},
		{"signed_out", account.PageSignedOut, &account.SignedOut{Frame: frame(), SignInURL: "/sign-in", Company: "Acme Okta"}},
		{"attempt_expired", account.PageAttemptEnded, &account.AttemptEnded{Frame: frame(), Why: account.EndedExpired, StartURL: "/sign-in"}},
		{"attempt_used", account.PageAttemptEnded, &account.AttemptEnded{Frame: frame(), Why: account.EndedUsed, StartURL: "/sign-in"}},
		{"attempt_other_browser", account.PageAttemptEnded, &account.AttemptEnded{Frame: frame(), Why: account.EndedOtherBrowser, StartURL: "/sign-in"}},
	}
}

func signUpSamples() []sample {
	return []sample{
		{"sign_up", account.PageSignUp, &account.SignUp{Frame: frame(), Action: "/sign-up", AskNames: true, AskPassword: true, PasswordMin: 12, SignInURL: "/sign-in", ReturnURL: "https://app.northwind.test/"}},
		{"sign_up_email_only", account.PageSignUp, &account.SignUp{Frame: frame(), Action: "/sign-up", SignInURL: "/sign-in"}},
		{"sign_up_problems", account.PageSignUp, &account.SignUp{
			Frame: with(frame(), problem("email_address", "Enter an email address like name@company.com."), problem("password", "Choose a password of at least 12 characters.")),
			Email: "dana", FirstName: "Dana", LastName: "Whitfield", AskNames: true, AskPassword: true, PasswordMin: 12, SignInURL: "/sign-in", Action: "/sign-up",
		}},
		{"sign_up_code", account.PageSignUpCode, &account.SignUpCode{Frame: frame(), Action: "/sign-up/code", Email: "dana@contractor.test", ChangeURL: "/sign-up", Minutes: 10, WaitSeconds: 30}},
		{"choose_org", account.PageChooseOrg, &account.ChooseOrganization{
			Frame: frame(), Action: "/choose-organization", Account: account.Account{Name: "Alice Smith", Email: "alice@acme.test"}, Personal: true, CreateURL: "/create-organization",
			Organizations: []account.OrganizationChoice{{ID: "org_1", Name: "Acme", Role: "Member"}, {ID: "org_2", Name: "Northwind Partners", Role: "Administrator"}},
		}},
	}
}

func userSamples() []sample {
	notice := signedIn()
	notice.Notices = []page.Notice{{Kind: "success", Text: "Firefox on Linux has been signed out."}}
	return []sample{
		{"user", account.PageUser, &account.User{
			Frame: signedIn(), Name: "Alice Smith", Email: "alice@acme.test", CreateURL: "/create-organization",
			Emails:        []account.Email{{Address: "alice@acme.test", Primary: true, Verified: true, Company: "Acme Okta"}, {Address: "alice.smith@example.com"}},
			Organizations: []account.Membership{{Name: "Acme", Role: "Member", Active: true, Company: true, LeaveURL: "/user/organizations/org_1/leave"}, {Name: "Northwind Partners", Role: "Administrator", LeaveURL: "/user/organizations/org_2/leave"}},
			Offers: []account.Offer{
				{Name: "Initech", Text: "You are invited as alice@acme.test.", Do: "Join", AcceptURL: "/user/invitations/orginv_000000000000000000000000001"},
				{Name: "Hooli", Text: "People with your email address may ask to join.", Do: "Ask to join", AcceptURL: "/user/suggestions/orgsug_000000000000000000000000001"},
				{Name: "Umbrella", Text: "You asked to join. An administrator has yet to answer."},
			},
			Connections: []account.Company{
				{Name: "Acme Okta", Organization: "Acme", Email: "alice@acme.test", LastUsed: account.Moment{Text: "5 minutes ago", Time: "2026-11-25T09:55:00Z"}},
				{Name: "Globex sign-in", Organization: "Globex", LinkURL: "/user/connections/entconn_000000000000000000000000001"},
			},
			Sessions: []account.Session{
				{Device: "Chrome on macOS", Place: "192.0.2.7", Current: true},
				{Device: "Firefox on Linux", Place: "198.51.100.20", LastSeen: account.Moment{Text: "2 days ago", Time: "2026-11-23T10:00:00Z"}, RevokeURL: "/user/sessions/sess_2/revoke"},
			},
		}},
		{"user_new", account.PageUser, &account.User{
			Frame: notice, Email: "carol@globex.test",
			Emails:   []account.Email{{Address: "carol@globex.test", Primary: true, Verified: true}},
			Sessions: []account.Session{{Device: "Chrome on Android", Current: true}},
		}},
		{"user_long", account.PageUser, &account.User{
			Frame: signedIn(), Name: strings.Repeat("Maximiliane-Charlotte ", 8) + "von Hohenzollern-Sigmaringen", Email: strings.Repeat("very.long.", 6) + "address@" + strings.Repeat("sub-domain.", 8) + "example",
			Emails:        []account.Email{{Address: strings.Repeat("verylongaddress", 4) + "@" + strings.Repeat("subdomain.", 12) + "example", Primary: true, Verified: true, Company: strings.Repeat("Company ", 20)}},
			Organizations: []account.Membership{{Name: "شركة الاختبار للتجارة", Role: "مدير", Active: true, LeaveURL: "/leave"}, {Name: strings.Repeat("Unbroken", 30), Role: strings.Repeat("Role", 30), Company: true, LeaveURL: "/leave"}},
			Offers:        []account.Offer{{Name: strings.Repeat("Unbroken", 30), Text: "You are invited as " + strings.Repeat("verylongaddress", 4) + "@" + strings.Repeat("subdomain.", 12) + "example", Do: "Join", AcceptURL: "/join"}},
			Connections:   []account.Company{{Name: "株式会社テスト", Email: "\u202egnp.exe@acme.test", LastUsed: account.Moment{Text: "now"}}},
			Sessions:      []account.Session{{Device: strings.Repeat("Mozilla/5.0 (Macintosh) ", 12), Place: "2001:db8:85a3:8d3:1319:8a2e:370:7348", LastSeen: account.Moment{Text: "yesterday"}, RevokeURL: "/revoke"}},
		}},
		{"create_org", account.PageCreateOrg, &account.CreateOrganization{Frame: signedIn(), Action: "/create-organization", BackURL: "/user"}},
		{"create_org_problem", account.PageCreateOrg, &account.CreateOrganization{
			Frame: with(signedIn(), problem("name", "Enter a name of up to 256 characters, without links.")), Action: "/create-organization", Name: "https://", BackURL: "/user",
		}},
		{"leave", account.PageLeave, &account.Leave{Frame: frame(), Action: "/user/organizations/org_2/leave", Organization: "Northwind Partners", Role: "Administrator", BackURL: "/user"}},
		{"leave_refused_company", account.PageLeave, &account.Leave{Frame: frame(), Organization: "Acme", Refused: account.LeaveCompany, Company: "Acme Okta", ContactEmail: "it@acme.test", BackURL: "/user"}},
		{"leave_refused_last_admin", account.PageLeave, &account.Leave{Frame: frame(), Organization: "Acme", Refused: account.LeaveLastAdmin, BackURL: "/user"}},
	}
}

func messageSamples() []sample {
	at := account.Moment{Text: "25 November 2026, 09:58 UTC", Time: "2026-11-25T09:58:00Z"}
	return []sample{
		{"error_sso", account.PageError, &account.Error{
			Frame: frame(), Words: account.WordsFor(message.Text{}, fault.New(fault.SAMLResponseInvalid)),
			Reference: "ssoa_2x9KbPq7tR4mVn8sWc1yZd5eLf3", At: at, ContactName: "Acme IT", ContactEmail: "it@acme.test", StartURL: "/sign-in?email_address=alice@acme.test",
		}},
		{"error_domain", account.PageError, &account.Error{
			Frame: frame(), Words: account.WordsFor(message.Text{}, fault.New(fault.SAMLEmailAddressDomainMismatch)),
			Reference: "ssoa_2x9KbPq7tR4mVn8sWc1yZd5eLf3", At: at, StartURL: "/sign-in",
		}},
		{"error_link", account.PageError, &account.Error{
			Frame: frame(), Words: account.WordsFor(message.Text{}, fault.New(fault.OAuthIdentificationClaimed)),
			Reference: "ssoa_2x9KbPq7tR4mVn8sWc1yZd5eLf3", Code: string(fault.OAuthIdentificationClaimed), At: at, AccountURL: "/user",
		}},
		{"error_internal", account.PageError, &account.Error{Frame: frame(), Words: account.WordsFor(message.Text{}, fault.New(fault.InternalError)), Reference: "0af7651916cd43dd8448eb211c80319c", Code: string(fault.InternalError), At: at}},
		{"error_not_found", account.PageError, &account.Error{Frame: frame(), Words: account.WordsFor(message.Text{}, fault.New(fault.NotFound))}},
		{"home", account.PageHome, &account.Home{Frame: frame(), SignInURL: "/sign-in", SignUpURL: "/sign-up"}},
		{"home_signed_in", account.PageHome, &account.Home{Frame: signedIn(), SignInURL: "/sign-in", UserURL: "/user"}},
	}
}

func devSamples() []sample {
	return []sample{
		{"dev_home", account.PageDevHome, &account.DevHome{
			Frame: dev(), BaseURL: "http://localhost:4000", Publishable: "pk_test_bG9jYWxob3N0OjQwMDAk", File: "usher-data/dev.json", Organization: "org_2x9KbPq7tR4mVn8sWc1yZd5eLf3",
			People: []account.DevPerson{
				{Email: "alice@acme.test", Name: "Alice Smith", How: "Acme, through the practice identity provider", URL: "/sign-in?email_address=alice@acme.test"},
				{Email: "bob@acme.test", Name: "Bob Jones", How: "Acme, through the practice identity provider", URL: "/sign-in?email_address=bob@acme.test"},
				{Email: "carol@globex.test", Name: "Carol Chen", How: "Globex, with a code by email", URL: "/sign-in?email_address=carol@globex.test"},
			},
			Places: []account.DevPlace{
				{Icon: "mail", Title: "Mailbox", Text: "Every mail that would have been sent", URL: "/mailbox"},
				{Icon: "key", Title: "Practice identity provider", Text: "Its people, and how it can misbehave", URL: "/practice"},
				{Icon: "building", Title: "Dashboard", Text: "Organizations, connections and sign-in attempts", URL: "/dashboard"},
			},
			Commands: []account.DevCommand{
				{Command: "usher explain --email alice@acme.test", Text: "What would happen if Alice signed in now, and why:"},
				{Command: "curl -H \"Authorization: Bearer $USHER_SECRET_KEY\" http://localhost:4000/backend/v1/users", Text: "Ask the Backend API who is here:"},
			},
		}},
		{"dev_sign_in", account.PageSignIn, &account.SignIn{Frame: dev(), Action: "/sign-in", Email: "alice@acme.test"}},
		{"dev_mailbox", account.PageMailbox, &account.Mailbox{Frame: dev(), Mails: []account.MailLine{
			{Subject: "123456 is your code for Usher", To: "carol@globex.test", Sent: account.Moment{Text: "just now", Time: "2026-11-25T10:00:00Z"}, URL: "/mailbox/2"},
			{Subject: "You are invited to Acme", To: "dana@contractor.test", Sent: account.Moment{Text: "3 hours ago", Time: "2026-11-25T07:00:00Z"}, URL: "/mailbox/1"},
		}}},
		{"dev_mailbox_empty", account.PageMailbox, &account.Mailbox{Frame: dev()}},
		{"dev_mail", account.PageMail, &account.Mail{
			Frame: dev(), Subject: "123456 is your code for Usher", From: "Usher <no-reply@localhost>", To: "carol@globex.test", Sent: account.Moment{Text: "25 November 2026, 10:00:03 UTC", Time: "2026-11-25T10:00:03Z"},
			Code: "123456", Links: []string{"http://localhost:4000/sign-in/code"}, BackURL: "/mailbox",
			Text: "Hello,\n\n123456 is your code to sign in. It works for 10 minutes.\n\nIf you did not ask for it, you need not do anything.\n", HTML: "<p>Hello,</p>\n<p><b>123456</b> is your code to sign in.</p>\n",
		}},
	}
}

func testRunSamples() []sample {
	good := account.TestRun{
		Frame: frame(), Kind: "success", Verdict: "The sign-in would succeed", Meaning: "The provider’s answer passed every check, and the person may come in.",
		Connection: "Acme Okta", Tried: "the draft", Reference: "entrun_1", At: account.Moment{Text: "just now", Time: "2026-11-25T10:00:00Z"},
		Outcome: []string{"A new user would be made for this person.", "The person would join the organization with the role org:member."},
		Read: []account.TestFact{
			{Term: "Lasting name of the person", Name: "NameID", Values: []string{"alice"}, Came: true},
			{Term: "Email address", Name: "mail", Values: []string{"alice@acme.test"}, Came: true},
			{Term: "First name", Name: "firstName"},
		},
		Other: []account.TestFact{{Name: "groups", Values: []string{"Engines", "Looms"}, Came: true}, {Name: "empty", Came: true}},
		Steps: []account.TestStep{
			{Name: "audience", Plain: "The assertion is meant for this connection.", Passed: true, Received: "https://sign-in.northwind.test/v1/saml/metadata/entconn_1.xml"},
			{Name: "warning", Plain: "An attribute was left out.", Passed: true, Warning: true},
		},
		Trace:    []account.TestStep{{Name: "connection_active", Passed: true, Detail: "entconn_1"}},
		Response: "<samlp:Response/>",
	}
	bad := account.TestRun{
		Frame: frame(), Kind: "danger", Verdict: "The sign-in would fail", Meaning: "The identity provider's answer did not pass the checks.",
		Fix: "Add the certificate.", Code: "saml_response_invalid", Connection: "Acme Okta", Tried: "revision 3, which is live", Reference: "entrun_2",
		Steps: []account.TestStep{{
			Name: "assertion_signature", Plain: "The signature of the assertion is good.", Expected: "a certificate of the connection", Received: "another one",
			Fix: "If the identity provider has a new signing certificate, add it to the connection.",
		}},
	}
	return []sample{{"test_run", account.PageTestRun, &good}, {"test_run_failed", account.PageTestRun, &bad}}
}
