package dashboard

import (
	"time"

	"usher/internal/fault"
	"usher/internal/guide"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/policy"
	"usher/internal/signin"
	"usher/internal/web/page"
)

// sampleGuide is a guide with values in it.
func sampleGuide(key string) guide.Guide {
	set, err := guide.Load()
	if err != nil {
		panic(err)
	}
	g, _ := set.Find(key)
	c := sampleConnection()
	return g.Fill(guide.Values{
		ACSURL: c.ID.ACSURL(sampleBase), EntityID: c.ID.SPMetadataURL(sampleBase), MetadataURL: c.ID.SPMetadataURL(sampleBase),
		RedirectURI: identity.OAuthCallbackURL(sampleBase), Application: "Northwind Bank",
	})
}

// sampleSetup is a step of the setup of a connection.
func sampleSetup(c identity.Connection, key string, at guide.StepKind) setupView {
	g := sampleGuide(key)
	step, _ := g.Step(at)
	return setupView{edition: edition{live: c, now: c, org: "Acme"}, guide: g, others: []guide.Guide{g, sampleGuide("generic_saml")}, step: step}
}

func sampleDraft(refusal error) manage.DraftView {
	live := sampleConnection()
	v := manage.DraftView{
		Live: live, Configured: live, Refused: refusal,
		Draft: identity.ConnectionDraft{RevisionID: "entrev_draft", CreatedAt: sampled.Add(-48 * time.Hour), UpdatedAt: sampled.Add(-5 * time.Minute)},
		Changes: []manage.SettingChange{
			{Field: "saml.idp_sso_url", Live: "https://acme.okta.com/app/exk1/sso/saml", Draft: "https://login.acme.test/sso"},
			{Field: "saml.idp_certificates", Live: []string{"CN=acme, until 2027-01-04"}, Draft: []string{"CN=acme, until 2027-01-04", "CN=acme 2, until 2036-01-04"}},
			{Field: "saml.force_authn", Live: false, Draft: true},
			{Field: "oidc.client_secret", Secret: true},
		},
		Effects: []manage.Effect{{Name: "fresh_sign_in", Plain: "The provider asks for credentials at every sign-in."}},
		Findings: []manage.Finding{
			{Code: "certificate_ends_soon", Severity: policy.SeverityWarning, Field: "saml.idp_certificates", Plain: `"acme" ends on 2027-01-04.`, Fix: "Add the next certificate beside it as soon as the provider has it."},
			{Code: "not_tested", Severity: policy.SeverityWarning, Plain: "No test run has ended well with the draft as it is.", Fix: "Make a test run."},
		},
	}
	if refusal != nil {
		v.Findings = append([]manage.Finding{{Code: "setting_missing", Severity: policy.SeverityError, Field: "saml.idp_entity_id", Plain: "The setting is empty.", Fix: "Import the provider's metadata, or copy the value from the provider."}}, v.Findings...)
	}
	return v
}

// sampleRuns are test runs of each end.
func sampleRuns() []signin.TestRunView {
	c := sampleConnection()
	c.LiveRevisionID = "entrev_3"
	run := func(id identity.TestRunID, at time.Duration) identity.TestRun {
		return identity.TestRun{ID: id, ConnectionID: c.ID, RevisionID: "entrev_3", CreatedAt: sampled.Add(-at)}
	}
	worked := signin.TestRunView{
		Run: run("entrun_3", 10*time.Minute), Status: "success", Connection: c, Number: 3,
		Claims:   signin.SeenClaims{UserID: "00u1", EmailAddress: "alice@acme.test", FirstName: "Alice"},
		Mapped:   []signin.SeenMapping{{Field: "user_id", Attribute: "NameID", Came: true, Values: []string{"00u1"}}, {Field: "email_address", Attribute: "mail", Came: true, Values: []string{"alice@acme.test"}}, {Field: "last_name", Attribute: "lastName"}, {Field: "public_metadata.team", Attribute: "team", Came: true, Values: []string{"<b>Sales</b>", "North"}}},
		Others:   []signin.SeenAttribute{{Name: "costCenter", Values: []string{"4711"}}},
		Outcome:  signin.TestOutcome{Result: "create", Joins: "org:member"},
		Response: "<samlp:Response/>", Attempt: identity.Attempt{Steps: []identity.Step{{Name: "signature", Passed: true, Plain: "The signature is the provider’s."}}},
	}
	failed := signin.TestRunView{
		Run: run("entrun_2", time.Hour), Status: "failed", Connection: c,
		Refusal: fault.New(fault.SAMLEmailAddressDomainMismatch, "received_domain", "mail.test", "expected_domain", "acme.test"),
		Attempt: identity.Attempt{Steps: []identity.Step{{Name: "signature", Passed: true, Plain: "The signature is the provider’s."}, {Name: "audience", Plain: "The answer is meant for us.", Expected: "https://us", Received: "https://them", Fix: "Copy the audience again."}}},
	}
	failed.Run.Draft = true
	return []signin.TestRunView{{Run: run("entrun_4", time.Minute), Status: "pending", Connection: c, Number: 3}, worked, failed}
}

func sampleKeys() []manage.KeyView {
	view := func(left time.Duration, print string) manage.CertificateView {
		return manage.CertificateView{Subject: "CN=entconn_2x9K", Fingerprint: print, NotBefore: sampled.Add(-time.Hour), NotAfter: sampled.Add(left)}
	}
	return []manage.KeyView{
		{ID: "key_1", CreatedAt: sampled.Add(-9 * 365 * 24 * time.Hour), Signs: true, PEM: "-----BEGIN CERTIFICATE-----\nold\n-----END CERTIFICATE-----\n", CertificateView: view(30*24*time.Hour, "aa11")},
		{ID: "key_2", CreatedAt: sampled, PEM: "-----BEGIN CERTIFICATE-----\nnew\n-----END CERTIFICATE-----\n", CertificateView: view(3650*24*time.Hour, "bb22")},
	}
}

func setupSamples() []sample {
	set, err := guide.Load()
	if err != nil {
		panic(err)
	}
	okta := sampleConnection()
	path := connectionPath(okta.ID)
	fresh := okta
	fresh.Active, fresh.Config = false, identity.ConnectionConfig{SAML: &identity.SAMLConfig{}}
	oidc := identity.Connection{ID: okta.ID, Name: "Globex", Provider: identity.OIDCCustom, Config: identity.ConnectionConfig{OIDC: &identity.OIDCConfig{SecretID: "secret", ClientID: "client"}}}
	easie := identity.Connection{ID: okta.ID, Name: "Hooli", Provider: identity.OAuthMicrosoft, Config: identity.ConnectionConfig{OIDC: &identity.OIDCConfig{}}}
	given := dataGiven(fresh)
	given["way"], given["metadata_text"], given["several"] = wayText, "<EntitiesDescriptor>", "true"
	refusedData := setupScreen(sampleSetup(fresh, "okta_saml", guide.StepConnect), given, sampled)
	refusedData.Problems, _, _ = dataProblems(fault.New(fault.SAMLFailedToParseIDPMetadata, "reason", "it describes 2 identity providers: "+severalProviders), wayText)
	drafting := sampleSetup(okta, "okta_saml", guide.StepConnect)
	drafting.draft, drafting.findings = "entrev_draft", sampleDraft(nil).Findings
	askedNew := map[string]string{"name": "Acme Okta", "organization": "acme", "domains": "acme.test"}
	refusedNew := newConnectionScreen(sampleGuide("okta_saml"), askedNew)
	refusedNew.Problems = []page.Problem{{Field: "organization", Text: "No organization has this ID or slug."}}
	return []sample{
		{"connection_choose", connectionsPath, chooseProviderScreen(set.All(), "acme")},
		{"connection_new", connectionsPath, newConnectionScreen(sampleGuide("okta_saml"), askedNew)},
		{"connection_new_refused", connectionsPath, refusedNew},
		{"setup_create", path, setupScreen(sampleSetup(fresh, "okta_saml", guide.StepCreate), given, sampled)},
		{"setup_configure", path, setupScreen(sampleSetup(fresh, "okta_saml", guide.StepConfigure), given, sampled)},
		{"setup_connect", path, setupScreen(sampleSetup(fresh, "okta_saml", guide.StepConnect), dataGiven(fresh), sampled)},
		{"setup_connect_refused", path, refusedData},
		{"setup_connect_draft", path, setupScreen(drafting, dataGiven(okta), sampled)},
		{"setup_connect_oidc", path, setupScreen(sampleSetup(oidc, "okta_oidc", guide.StepConnect), dataGiven(oidc), sampled)},
		{"setup_connect_easie", path, setupScreen(sampleSetup(easie, "microsoft_easie", guide.StepConnect), dataGiven(easie), sampled)},
		{"setup_test", path, setupScreen(sampleSetup(easie, "microsoft_easie", guide.StepTest), dataGiven(easie), sampled)},
		{"setup_test_early", path, setupScreen(sampleSetup(fresh, "okta_saml", guide.StepTest), dataGiven(fresh), sampled)},
	}
}

// onTab is a screen of one connection with its blocks.
func onTab(c identity.Connection, tab string, blocks ...page.Block) page.Screen {
	s := connectionHead(c, "Acme", tab)
	s.Blocks = blocks
	return s
}

func configurationSamples() []sample {
	okta := sampleConnection()
	path := connectionPath(okta.ID)
	saml := okta
	conf := *okta.Config.SAML
	conf.Legacy = identity.LegacyException{SHA1: true, Until: sampled.AddDate(0, 2, 0)}
	saml.Config.SAML = &conf
	saml.Config.CustomAttributes = []identity.CustomAttribute{{Name: "Department", Key: "department", SSOPath: "dept", MultiValued: true}, {Name: "Cost center", Key: "cost", SCIMPath: "urn:cost"}}
	oidc := identity.Connection{ID: okta.ID, Name: "Globex", Provider: identity.OIDCCustom, Config: identity.ConnectionConfig{OIDC: &identity.OIDCConfig{}}}
	keys := sampleKeys()
	runs := sampleRuns()
	list := asked(testsPath(okta.ID), nil)
	fetched := identity.MetadataState{FetchedAt: sampled.Add(-30 * time.Minute), NextAt: sampled.Add(5 * time.Hour)}
	failing := identity.MetadataState{FetchedAt: sampled.Add(-72 * time.Hour), NextAt: sampled.Add(time.Hour), Failures: 3, LastError: "the address could not be fetched"}
	byHand := okta
	byHand.Config.SAML = &identity.SAMLConfig{IDPCertificates: []string{"x"}}
	draft := sampleDraft(nil)
	return []sample{
		{"configuration", path, configurationScreen(edition{live: okta, now: saml, draft: "entrev_draft", org: "Acme"}, sampleGuide("okta_saml"), configurationGiven(saml))},
		{"configuration_oidc", path, configurationScreen(edition{live: oidc, now: oidc}, sampleGuide("generic_oidc"), configurationGiven(oidc))},
		{"configuration_legacy", path, legacyScreen(edition{live: okta, now: saml, org: "Acme"}, map[string]string{"sha1": "true", "until": "2027-01-25"})},
		{"connection_keys", path, onTab(okta, "Keys", keyBlocks(okta, keys[1:], sampleBase, sampled)...)},
		{"connection_keys_renewing", path, onTab(okta, "Keys", keyBlocks(okta, keys, sampleBase, sampled)...)},
		{"connection_keys_add", path, addKeyScreen(okta, "Acme")},
		{"connection_keys_retire", path, retireKeysScreen(okta, "Acme", keys)},
		{"connection_health", path, onTab(okta, "Overview", append(waiting(okta, &draft), healthBlocks(okta, health{state: manage.ConnectionState{Keys: keys, Metadata: fetched}, runs: runs}, sampled)...)...)},
		{"connection_health_failing", path, onTab(okta, "Overview", healthBlocks(okta, health{state: manage.ConnectionState{Keys: keys[:1], Metadata: failing}}, sampled)...)},
		{"connection_health_by_hand", path, onTab(byHand, "Overview", healthBlocks(byHand, health{}, sampled)...)},
		{"connection_tests", path, onTab(okta, "Tests", testsBlock(okta, list, runs, 3, sampled))},
		{"connection_tests_none", path, onTab(okta, "Tests", testsBlock(okta, list, nil, 0, sampled))},
		{"connection_tests_not_found", path, onTab(okta, "Tests", testsBlock(okta, asked(testsPath(okta.ID), httpio.Params{"status": {"failed"}}), nil, 0, sampled))},
		{"connection_test_worked", path, testScreen(runs[1])},
		{"connection_test_failed", path, testScreen(runs[2])},
	}
}

func changeSamples() []sample {
	okta := sampleConnection()
	path := connectionPath(okta.ID)
	draft, refused := sampleDraft(nil), sampleDraft(fault.New(fault.ConnectionDraftNotReady, "findings", "setting_missing"))
	tested := sampleDraft(nil)
	tested.Draft.Proof = identity.Proof{TestRunID: "entrun_3", At: sampled.Add(-time.Minute)}
	tested.Findings = tested.Findings[:1]
	revisions := []manage.RevisionView{
		{ConnectionRevision: identity.ConnectionRevision{ID: "entrev_3", Number: 3, Cause: identity.RevisionPromoted, CreatedAt: sampled.Add(-time.Hour)}, Live: true, Changes: draft.Changes},
		{ConnectionRevision: identity.ConnectionRevision{ID: "entrev_2", Number: 2, Cause: identity.RevisionRefreshed, CreatedAt: sampled.Add(-50 * time.Hour)}, Changes: draft.Changes[1:2]},
		{ConnectionRevision: identity.ConnectionRevision{ID: "entrev_1", Number: 1, Cause: identity.RevisionCreated, CreatedAt: sampled.Add(-90 * 24 * time.Hour)}},
	}
	history := historyBlock(okta, asked(changesPath(okta.ID), nil), revisions, 3, sampled)
	return []sample{
		{"connection_changes", path, onTab(okta, "Changes", append(draftBlocks(okta, &draft, sampled), history)...)},
		{"connection_changes_none", path, onTab(okta, "Changes", append(draftBlocks(okta, nil, sampled), history)...)},
		{"connection_changes_tested", path, onTab(okta, "Changes", append(draftBlocks(okta, &tested, sampled), history)...)},
		{"connection_promote", path, promoteScreen(draft)},
		{"connection_promote_tested", path, promoteScreen(tested)},
		{"connection_promote_refused", path, promoteScreen(refused)},
		{"connection_discard", path, discardScreen(draft)},
		{"connection_revision", path, revisionScreen(okta, "entrev_2", draft.Changes)},
	}
}
