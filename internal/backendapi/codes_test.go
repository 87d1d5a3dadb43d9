package backendapi_test

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/session"
	"usher/internal/store"
)

// refused is a call that is refused, and the status.
type refused struct {
	status int
	method string
	path   string
	body   any
	header [2]string // set for this call; the name may be empty
}

// provocations are calls that are refused, one for each code that the Backend API can
// answer with. They make what they need.
func provocations() map[fault.Code]func(e *everything) refused {
	all := map[fault.Code]func(e *everything) refused{}
	for _, some := range []map[fault.Code]func(e *everything) refused{
		connectionCodes(), organizationCodes(), domainCodes(), invitationCodes(), roleCodes(), peopleCodes(), sessionCodes(), refreshCodes(), requestCodes(), parameterCodes(),
		draftCodes(), mailCodes(), enrollmentCodes(),
	} {
		maps.Copy(all, some)
	}
	return all
}

// Why a code is no answer of the Backend API.
const (
	inTheBrowser  = "it is told on the way of a browser's sign-in, sign-up or link, and on the attempt"
	reservedYet   = "nothing gives it: it is kept for what is not served yet"
	onlyByChance  = "it takes another request at the same moment, or a database or password check that is busy; its making is tested where it is made"
	byTheProvider = "it takes a provider that takes a person back while a session lasts; tested beside the sessions"
	byTheServer   = "it is told in front of every surface, by the server"
	inTheSetup    = "it is told to those of an organization who set up its own connection, on the pages of a setup link or of the account"
	ofOperators   = "it is told on the dashboard, which asks for a session and no key"
	ofTestRuns    = "it is told on the page of a test run's link, and on the test run"
	byNoToken     = "it takes a token of our own that lacks a claim, and none is signed"
)

// elsewhere are the codes that the Backend API does not answer with.
func elsewhere() map[fault.Code]string {
	why := map[fault.Code]string{
		fault.Conflict: onlyByChance, fault.ServiceUnavailable: onlyByChance, fault.InternalError: onlyByChance,
		fault.Deprovisioned: byTheProvider, fault.HostInvalid: byTheServer, fault.CSRFTokenInvalid: byTheServer,
		fault.ExpiredTokenMissingSID: byNoToken, fault.ExpiredTokenMissingIAT: byNoToken,
		fault.SSOInvalidType:   "it takes a connection of a protocol that is not known, and none is stored",
		fault.MethodNotAllowed: "another method at a path that is served is a path that is not",
	}
	for _, code := range []fault.Code{
		fault.SAMLUserAttributeMissing, fault.SAMLResponseRelayStateMissing, fault.SAMLEmailAddressDomainMismatch, fault.SAMLJITProvisioningDisabled,
		fault.SAMLResponseInvalid, fault.SAMLConnectionActiveNotFound, fault.SSOUserAttributeMissing, fault.SSOEmailAddressDomainMismatch,
		fault.SSOHostedDomainMismatch, fault.SSOSignInConnectionMissing, fault.SSOSignUpConnectionMissing, fault.SSOConnectionRequired,
		fault.SSOAccountAlreadyConnected, fault.SSOVerdictInvalid, fault.OAuthCallbackInvalid, fault.OAuthAccessDenied, fault.OAuthTokenExchangeError,
		fault.OAuthFetchUserError, fault.OAuthIdentificationClaimed, fault.ExternalAccountEmailVerificationMissing, fault.EASIEConnectionActiveNotFound,
		fault.OrganizationMembershipEnterpriseConnection, fault.OrganizationMembershipQuotaExceededForSSO, fault.OrganizationInvitationRevoked,
		fault.OrganizationInvitationAccepted, fault.OrganizationInvitationToDeleted, fault.InvitationRevoked, fault.InvitationAlreadyAccepted,
		fault.TicketInvalid, fault.TicketExpired, fault.StrategyForUserInvalid, fault.SignInNotAllowed,
		fault.SignUpModeRestricted, fault.SignUpRestrictedWaitlist, fault.SignInMustUseConnectionIdentifier, fault.FormPasswordIncorrect,
		fault.FormPasswordOrIdentifierIncorrect, fault.ResourceForbidden, fault.ClientStateInvalid, fault.SignInTokenRevoked, fault.SignInTokenAlreadyUsed,
		fault.ActorTokenRevoked, fault.ActorTokenAlreadyUsed, fault.SignedOut, fault.InvalidActionForSession,
		fault.SessionCreationNotAllowed, fault.InvitationAccountExists, fault.OriginInvalid,
		fault.OrganizationInvitationNotFound, fault.OrganizationSuggestionAccepted,
	} {
		why[code] = inTheBrowser
	}
	for _, code := range []fault.Code{
		fault.SetupLinkInvalid, fault.SetupLinkExpired, fault.SetupLinkRevoked, fault.SetupLinkUsed,
		fault.OrganizationDomainOwnershipNotVerified, fault.OrganizationDomainModeInvalid,
	} {
		why[code] = inTheSetup
	}
	for _, code := range []fault.Code{fault.OperatorRequired, fault.OperatorSignInRequired, fault.OperatorConfirmationRequired} {
		why[code] = ofOperators
	}
	for _, code := range []fault.Code{fault.TestRunTicketInvalid, fault.TestRunNeverReturned} {
		why[code] = ofTestRuns
	}
	for _, code := range reserved() {
		why[code] = reservedYet
	}
	return why
}

// reserved are the codes that nothing gives.
func reserved() []fault.Code {
	return []fault.Code{
		fault.SAMLConnectionNotFound, fault.SSONameNotDerivable, fault.OAuthRedirectURIMismatch, fault.OAuthDebugMissingState,
		fault.OrganizationAdminDeleteNotEnabled, fault.FormIdentifierNotFound, fault.SessionExists, fault.IdentifierAlreadySignedIn,
		fault.InvalidSessionToken, fault.AuthorizationInvalid, fault.FeatureNotEnabled,
	}
}

// Every code of the catalogue is either provoked below or has its reason here, so that
// a new one is not forgotten.
func TestCodes_AreProvokedOrCannotOccur(t *testing.T) {
	t.Parallel()
	provoked, cannot := provocations(), elsewhere()
	for _, code := range fault.Codes() {
		_, isProvoked := provoked[code]
		_, isElsewhere := cannot[code]
		switch {
		case !isProvoked && !isElsewhere:
			t.Errorf("%s is not provoked: add a call that is refused with it, or the reason why there is none", code)
		case isProvoked && isElsewhere:
			t.Errorf("%s is provoked, and said to occur elsewhere", code)
		}
	}
}

// What is said to be given by nothing is named in no source, other than in the words
// of pages.
func TestCodes_ThatAreReservedAreGivenByNothing(t *testing.T) {
	t.Parallel()
	names := map[string]fault.Code{}
	for _, code := range reserved() {
		names[constantOf(t, code)] = code
	}
	err := filepath.WalkDir("..", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || strings.HasSuffix(path, "words.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for name, code := range names {
			if strings.Contains(string(text), "fault."+name+",") || strings.Contains(string(text), "fault."+name+")") {
				t.Errorf("%s gives %s: it is not reserved", path, code)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// constantOf is the name of a code in the catalogue.
func constantOf(t *testing.T, code fault.Code) string {
	t.Helper()
	text, err := os.ReadFile("../fault/catalogue.go")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if strings.Contains(line, fmt.Sprintf("Code = %q", code)) {
			return strings.Fields(line)[0]
		}
	}
	t.Fatalf("%s is not in the catalogue", code)
	return ""
}

func TestCodes_AreGivenWithTheirStatus(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		e := f.everything()
		f.settings(func(s *identity.Settings) { s.MaxAllowedMemberships = 0 })
		list := provocations()
		order := slices.SortedFunc(maps.Keys(list), func(a, b fault.Code) int {
			return cmp.Or(strings.Count(string(a), "quota")-strings.Count(string(b), "quota"), cmp.Compare(a, b)) // what uses everything up comes last
		})
		for _, code := range order {
			t.Run(string(code), func(t *testing.T) {
				outer, handler := f.t, f.handler
				f.t = t
				defer func() { f.t, f.handler = outer, handler }()
				before, err := f.tools.Manage.Settings(t.Context())
				if err != nil {
					t.Fatal(err)
				}
				r := list[code](e)
				as := f
				if r.header[0] != "" {
					as = f.with(r.header[0], r.header[1])
				}
				failure := as.refuses(r.method, r.path, r.body, r.status, string(code))
				if entry, ok := fault.Lookup(code); !ok || entry.Status != r.status {
					t.Errorf("%s has status %d in the catalogue, want %d", code, entry.Status, r.status)
				}
				if placeholder.MatchString(failure.Message + failure.LongMessage) {
					t.Errorf("%s: words lack a value: %s %s", code, failure.Message, failure.LongMessage)
				}
				f.settings(func(s *identity.Settings) { *s = before })
			})
		}
	})
}

// fresh makes an organization of its own for a provocation, whose administrator is Dora.
func (e *everything) fresh(more object) (path, id string) {
	e.f.t.Helper()
	body := object{"name": "Fresh", "created_by": e.dora}
	maps.Copy(body, more)
	id = str(e.f.call("POST", "/organizations", body), "id")
	return "/organizations/" + id, id
}

// person makes a person for a provocation.
func (e *everything) person() string {
	e.f.t.Helper()
	return str(e.f.user(fmt.Sprintf("p%d@home.test", e.f.now.UnixNano()), nil), "id")
}

// connect makes a connection to a provider of one's own for a provocation.
func (e *everything) connect(provider string, more object) string {
	e.f.t.Helper()
	body := object{"name": "C", "provider": provider, "domains": []string{fmt.Sprintf("c%d.test", e.f.now.UnixNano())}}
	maps.Copy(body, more)
	return str(e.f.answers("POST", "/enterprise_connections", body, 201), "id")
}

func connectionCodes() map[fault.Code]func(e *everything) refused {
	create := func(status int, more object) func(e *everything) refused {
		return func(*everything) refused {
			body := object{"name": "X", "provider": "saml_custom", "domains": []string{"x.test"}}
			maps.Copy(body, more)
			return refused{status: status, method: "POST", path: "/enterprise_connections", body: body}
		}
	}
	discover := func(misbehave string) func(e *everything) refused {
		return func(e *everything) refused {
			o := e.f.openID()
			if err := o.Misbehave(misbehave, ""); err != nil {
				e.f.t.Fatal(err)
			}
			return create(422, object{"provider": "oidc_custom", "oidc": object{"client_id": "x", "discovery_url": o.DiscoveryURL()}})(e)
		}
	}
	return map[fault.Code]func(e *everything) refused{
		fault.SAMLConnectionCantBeActivated: create(422, object{"active": true}),
		fault.SAMLFailedToFetchIDPMetadata:  create(400, object{"saml": object{"idp_metadata_url": "https://127.0.0.1/metadata"}}),
		fault.SAMLFailedToParseIDPMetadata:  create(422, object{"saml": object{"idp_metadata": "<x/>"}}),
		fault.SAMLMetadataMissingFields: func(e *everything) refused {
			text := strings.ReplaceAll(string(e.company.idp.Metadata()), "SingleSignOnService", "SingleLogoutService")
			return create(422, object{"saml": object{"idp_metadata": text}})(e)
		},
		fault.ConnectionDomainTaken: func(e *everything) refused {
			_, other := e.fresh(nil)
			return create(409, object{"organization_id": other, "domains": []string{"acme.test"}})(e)
		},
		fault.OrganizationDomainExistsForEnrollment: func(e *everything) refused {
			return create(422, object{"organization_id": e.company.org, "domains": []string{"acme.example"}})(e)
		},
		fault.OAuthDiscoveryIssuerMismatch: discover("discovery-wrong-issuer"),
		fault.OAuthCannotUseDiscoveryURL:   discover("discovery-html"),
		fault.OAuthDiscoveryRetrievalError: discover("discovery-down"),
		fault.OAuthProviderMisconfigured: create(400, object{"provider": "oidc_github_enterprise", "oidc": object{
			"client_id": "x", "client_secret": "y", "discovery_url": "https://github.acme.test/?a=b",
		}}),
		fault.FormPublicClientRequiresPKCE: func(e *everything) refused {
			c := e.connect("oidc_custom", object{"active": true, "oidc": object{
				"client_id": "x", "client_secret": "y", "requires_pkce": false, "discovery_url": e.f.openID().DiscoveryURL(),
			}})
			return refused{status: 422, method: "PATCH", path: "/enterprise_connections/" + c, body: object{"oidc": object{"client_secret": ""}}}
		},
		fault.EASIEInvalidOAuthCredentials: create(422, object{"provider": "oauth_microsoft", "active": true}),
		fault.OAuthProviderInUse: func(e *everything) refused {
			e.connect("oauth_google", object{"active": true})
			return refused{status: 400, method: "DELETE", path: "/provider_credentials/oauth_google"}
		},
		fault.SSOAttemptNotFound: func(*everything) refused {
			return refused{status: 404, method: "GET", path: "/sso_attempts/ssoa_x"}
		},
	}
}

func organizationCodes() map[fault.Code]func(e *everything) refused {
	return map[fault.Code]func(e *everything) refused{
		fault.OrganizationNotFound: func(e *everything) refused {
			return refused{status: 404, method: "POST", path: "/sessions", body: object{"user_id": e.dora, "active_organization_id": "org_x"}}
		},
		fault.OrganizationMembershipQuotaExceeded: func(e *everything) refused {
			path, _ := e.fresh(object{"max_allowed_memberships": 1})
			return refused{status: 403, method: "POST", path: path + "/memberships", body: object{"user_id": e.carol, "role": "org:member"}}
		},
		fault.OrganizationMinimumPermissionsNeeded: func(e *everything) refused {
			path, _ := e.fresh(nil)
			return refused{status: 400, method: "DELETE", path: path + "/memberships/" + e.dora}
		},
		fault.AlreadyAMember: func(e *everything) refused {
			path, _ := e.fresh(nil)
			return refused{status: 400, method: "POST", path: path + "/memberships", body: object{"user_id": e.dora, "role": "org:member"}}
		},
		fault.PersonalAccountsNotAllowed: func(e *everything) refused {
			path, _ := e.fresh(nil)
			p := e.person()
			e.f.call("POST", path+"/memberships", object{"user_id": p, "role": "org:member"})
			e.f.settings(func(s *identity.Settings) { s.ForceOrganizationSelection = true })
			return refused{status: 422, method: "DELETE", path: path + "/memberships/" + p}
		},
		fault.ExclusiveOrganizationMembership: func(e *everything) refused {
			p := e.person()
			own, _ := e.fresh(object{"created_by": p})
			e.f.call("PATCH", own, object{"exclusive_membership": true})
			other, _ := e.fresh(nil)
			return refused{status: 422, method: "POST", path: other + "/memberships", body: object{"user_id": p, "role": "org:member"}}
		},
		fault.ExclusiveMembershipExistingMembers: func(e *everything) refused {
			path, _ := e.fresh(nil) // Dora is in Acme too
			return refused{status: 422, method: "PATCH", path: path, body: object{"exclusive_membership": true}}
		},
		fault.OrganizationCreatorNotFound: func(*everything) refused {
			return refused{status: 400, method: "POST", path: "/organizations", body: object{"name": "X", "created_by": "user_x"}}
		},
		fault.OrganizationSlugsDisabled: func(e *everything) refused {
			e.f.settings(func(s *identity.Settings) { s.OrganizationSlugsEnabled = false })
			return refused{status: 403, method: "POST", path: "/organizations", body: object{"name": "X", "slug": "x"}}
		},
		fault.OrganizationNotEnabled: func(e *everything) refused {
			e.f.settings(func(s *identity.Settings) { s.OrganizationsDisabled = true })
			return refused{status: 403, method: "POST", path: "/organizations", body: object{"name": "X"}}
		},
		fault.OrganizationsDisableNotAllowed: func(*everything) refused {
			return refused{status: 400, method: "PATCH", path: "/instance/organization_settings", body: object{"enabled": false}}
		},
		fault.ForceSelectionWithoutOrganizations: func(e *everything) refused {
			e.f.settings(func(s *identity.Settings) { s.OrganizationsDisabled, s.ForceOrganizationSelection = true, false })
			return refused{status: 422, method: "PATCH", path: "/settings", body: object{"force_organization_selection": true}}
		},
		fault.OrganizationCreationLimitExceeded: func(e *everything) refused {
			p := e.person()
			e.f.call("PATCH", "/users/"+p, object{"create_organizations_limit": 1})
			e.fresh(object{"created_by": p})
			return refused{status: 403, method: "POST", path: "/organizations", body: object{"name": "X", "created_by": p}}
		},
		fault.ImageNotFound: func(e *everything) refused {
			path, _ := e.fresh(nil)
			return refused{status: 404, method: "DELETE", path: path + "/logo"}
		},
		fault.ImageTooLarge: func(e *everything) refused {
			path, _ := e.fresh(nil)
			body, contentType := upload(e.f.t, bomb(e.f.t), nil)
			return refused{413, "PUT", path + "/logo", body, [2]string{"Content-Type", contentType}}
		},
	}
}

func domainCodes() map[fault.Code]func(e *everything) refused {
	list := func(status int, body object) func(e *everything) refused {
		return func(e *everything) refused {
			path, _ := e.fresh(nil)
			return refused{status: status, method: "POST", path: path + "/domains", body: body}
		}
	}
	// unproved lists a domain and sends a code for it.
	unproved := func(e *everything) (path, code string) {
		e.f.now = e.f.now.Add(time.Hour)
		org, _ := e.fresh(nil)
		name := fmt.Sprintf("u%d.example", e.f.now.UnixNano())
		path = org + "/domains/" + str(e.f.call("POST", org+"/domains", object{"name": name, "verified": false}), "id")
		e.f.call("POST", path+"/prepare_affiliation_verification", object{"affiliation_email_address": "dora@" + name})
		return path, sixDigits.FindString(e.f.lastMail().Text)
	}
	const attempt = "/attempt_affiliation_verification"
	return map[fault.Code]func(e *everything) refused{
		fault.OrganizationDomainCommon:        list(422, object{"name": "gmail.com"}),
		fault.OrganizationDomainBlocked:       list(422, object{"name": "mailinator.com"}),
		fault.OrganizationDomainAlreadyExists: list(422, object{"name": "acme.example"}),
		fault.OrganizationDomainExistsForSSO: func(e *everything) refused {
			return refused{status: 422, method: "POST", path: "/organizations/" + e.company.org + "/domains", body: object{"name": "acme.test"}}
		},
		fault.OrganizationDomainAlreadyExistsSame: func(e *everything) refused {
			return refused{status: 422, method: "POST", path: "/organizations/" + e.company.org + "/domains", body: object{"name": "acme.example"}}
		},
		fault.OrganizationDomainsNotEnabled: func(e *everything) refused {
			e.f.settings(func(s *identity.Settings) { s.OrganizationDomainsEnabled = false })
			return list(403, object{"name": "z.example"})(e)
		},
		fault.OrganizationDomainModeNotEnabled: func(e *everything) refused {
			e.f.settings(func(s *identity.Settings) { s.OrganizationDomainSuggestions = false })
			return list(403, object{"name": "z.example", "enrollment_mode": "automatic_suggestion"})(e)
		},
		fault.OrganizationUnlimitedMembershipRequired: func(e *everything) refused {
			e.f.settings(func(s *identity.Settings) { s.OrganizationDomainInvitations = true })
			path, _ := e.fresh(object{"max_allowed_memberships": 3})
			return refused{status: 403, method: "POST", path: path + "/domains", body: object{"name": "z.example", "enrollment_mode": "automatic_invitation"}}
		},
		fault.OrganizationDomainQuotaExceeded: func(e *everything) refused {
			path, _ := e.fresh(nil)
			for i := range 10 {
				e.f.call("POST", path+"/domains", object{"name": fmt.Sprintf("q%d.example", i)})
			}
			return refused{status: 403, method: "POST", path: path + "/domains", body: object{"name": "q11.example"}}
		},
		fault.OrganizationDomainMismatch: func(e *everything) refused {
			path := "/organizations/" + e.company.org + "/domains/" + e.spare
			return refused{status: 422, method: "POST", path: path + "/prepare_affiliation_verification", body: object{"affiliation_email_address": "dora@elsewhere.example"}}
		},
		fault.OrganizationDomainLastVerified: func(e *everything) refused {
			path, org := e.fresh(nil)
			e.f.call("PATCH", path, object{"self_serve_sso_enabled": true})
			d := str(e.f.call("POST", path+"/domains", object{"name": "sso.example", "enrollment_mode": "enterprise_sso"}), "id")
			e.f.call("POST", path+"/domains/"+d+"/verify_ownership", nil)
			e.connect("saml_custom", object{
				"domains": []string{"sso.example"}, "organization_id": org, "active": true, "saml": object{"idp_metadata": string(e.company.idp.Metadata())},
			})
			return refused{status: 422, method: "DELETE", path: path + "/domains/" + d}
		},
		fault.VerificationMissing: func(e *everything) refused {
			path, _ := e.fresh(nil)
			d := str(e.f.call("POST", path+"/domains", object{"name": "missing.example", "verified": false}), "id")
			return refused{status: 400, method: "POST", path: path + "/domains/" + d + attempt, body: object{"code": "1"}}
		},
		fault.FormCodeIncorrect: func(e *everything) refused {
			path, _ := unproved(e)
			return refused{status: 422, method: "POST", path: path + attempt, body: object{"code": "x"}}
		},
		fault.VerificationFailed: func(e *everything) refused {
			path, code := unproved(e)
			for range identity.MaxAffiliationTries {
				e.f.refuses("POST", path+attempt, object{"code": "x"}, 422, "form_code_incorrect")
			}
			return refused{status: 400, method: "POST", path: path + attempt, body: object{"code": code}}
		},
		fault.VerificationExpired: func(e *everything) refused {
			path, code := unproved(e)
			e.f.now = e.f.now.Add(24 * time.Hour)
			return refused{status: 400, method: "POST", path: path + attempt, body: object{"code": code}}
		},
		fault.VerificationAlreadyVerified: func(e *everything) refused {
			path, code := unproved(e)
			e.f.call("POST", path+attempt, object{"code": code})
			return refused{status: 400, method: "POST", path: path + attempt, body: object{"code": code}}
		},
		fault.VerificationCodeTooMany: func(e *everything) refused {
			e.f.now = e.f.now.Add(time.Hour)
			path := "/email_addresses/" + e.third + "/prepare_verification"
			e.f.call("POST", path, nil)
			return refused{status: 429, method: "POST", path: path}
		},
	}
}

func invitationCodes() map[fault.Code]func(e *everything) refused {
	invite := func(status int, more object) func(e *everything) refused {
		return func(e *everything) refused {
			body := object{"email_address": "z@home.test", "role": "org:member"}
			maps.Copy(body, more)
			return refused{status: status, method: "POST", path: "/organizations/" + e.company.org + "/invitations", body: body}
		}
	}
	return map[fault.Code]func(e *everything) refused{
		fault.NotAMember: func(e *everything) refused { return invite(403, object{"inviter_user_id": e.carol})(e) },
		fault.MissingOrganizationPermission: func(e *everything) refused {
			return invite(403, object{"inviter_user_id": e.alice})(e)
		},
		fault.OrganizationInvitationNotUnique: invite(400, object{"email_address": "eve@home.test"}),
		fault.InvalidRedirectURL:              invite(422, object{"redirect_url": "javascript:alert(1)"}),
		fault.RedirectURLDomainMismatch:       invite(422, object{"redirect_url": "https://evil.test/"}),
		fault.FormParamTooLarge:               invite(422, object{"public_metadata": object{"a": strings.Repeat("x", 8<<10)}}),
		fault.OrganizationInvitationNotPending: func(e *everything) refused {
			path := "/organizations/" + e.company.org + "/invitations"
			made := str(e.f.call("POST", path, object{"email_address": "over@home.test", "role": "org:member"}), "id")
			e.f.call("POST", path+"/"+made+"/revoke", nil)
			return refused{status: 404, method: "POST", path: path + "/" + made + "/revoke"}
		},
		fault.InvitationAlreadyRevoked: func(e *everything) refused {
			made := str(e.f.call("POST", "/invitations", object{"email_address": "revoked@home.test"}), "id")
			e.f.call("POST", "/invitations/"+made+"/revoke", nil)
			return refused{status: 400, method: "POST", path: "/invitations/" + made + "/revoke"}
		},
		fault.DuplicateRecord: func(*everything) refused {
			return refused{status: 400, method: "POST", path: "/invitations", body: object{"email_address": "fay@home.test"}}
		},
	}
}

func roleCodes() map[fault.Code]func(e *everything) refused {
	role := func(e *everything, key string) string {
		return str(items(e.f.call("GET", "/organization_roles?query="+key, nil))[0], "id")
	}
	return map[fault.Code]func(e *everything) refused{
		fault.OrganizationRoleDefaultCreatorRole: func(e *everything) refused {
			return refused{status: 422, method: "DELETE", path: "/organization_roles/" + role(e, "org:admin")}
		},
		fault.OrganizationRoleDomainDefaultRole: func(e *everything) refused {
			return refused{status: 422, method: "DELETE", path: "/organization_roles/" + role(e, "org:member")}
		},
		fault.OrganizationRoleAssignedMembers: func(e *everything) refused {
			made := str(e.f.call("POST", "/organization_roles", object{"name": "Used", "key": "org:used", "include_in_initial_role_set": true}), "id")
			path, _ := e.fresh(nil)
			e.f.call("POST", path+"/memberships", object{"user_id": e.carol, "role": "org:used"})
			return refused{status: 422, method: "DELETE", path: "/organization_roles/" + made}
		},
		fault.OrganizationRoleExistsInInvitations: func(e *everything) refused {
			made := str(e.f.call("POST", "/organization_roles", object{"name": "Promised", "key": "org:promised", "include_in_initial_role_set": true}), "id")
			path, _ := e.fresh(nil)
			e.f.call("POST", path+"/invitations", object{"email_address": "promised@home.test", "role": "org:promised"})
			return refused{status: 422, method: "DELETE", path: "/organization_roles/" + made}
		},
		fault.OrganizationMissingCreatorPermissions: func(e *everything) refused {
			return refused{status: 422, method: "PATCH", path: "/role_sets/role_set:default", body: object{"creator_role_key": "org:member"}}
		},
		fault.OrganizationSystemPermission: func(e *everything) refused {
			return refused{status: 403, method: "DELETE", path: "/organization_permissions/" + e.system}
		},
		fault.OrganizationRolePermissionExists: func(e *everything) refused {
			return refused{status: 409, method: "POST", path: "/organization_roles/" + e.role + "/permissions/" + e.permission}
		},
		fault.OrganizationRolePermissionNotFound: func(e *everything) refused {
			return refused{status: 404, method: "DELETE", path: "/organization_roles/" + e.role + "/permissions/" + e.system}
		},
		fault.OrganizationRolesQuotaExceeded: func(e *everything) refused {
			for n := range 10 {
				e.f.send("POST", "/organization_roles", object{"name": "R", "key": fmt.Sprint("org:r", n)})
			}
			return refused{status: 403, method: "POST", path: "/organization_roles", body: object{"name": "R", "key": "org:more"}}
		},
		fault.OrganizationRoleSetsQuotaExceeded: func(e *everything) refused {
			body := object{"name": "S", "default_role_key": "org:member", "creator_role_key": "org:admin", "roles": []string{"org:admin", "org:member"}}
			for range 50 {
				e.f.send("POST", "/role_sets", body)
			}
			return refused{status: 403, method: "POST", path: "/role_sets", body: body}
		},
		fault.CannotDeleteInitialRoleSet: func(*everything) refused {
			return refused{status: 403, method: "POST", path: "/role_sets/role_set:default/replace", body: object{"dest_role_set_key": "role_set:small"}}
		},
		fault.RoleSetMappingsMissing: func(e *everything) refused {
			e.narrow("role_set:narrow")
			path, _ := e.fresh(nil)
			e.f.call("POST", path+"/memberships", object{"user_id": e.carol, "role": "org:member"})
			return refused{status: 422, method: "PATCH", path: path, body: object{"role_set_key": "role_set:narrow"}}
		},
		fault.RoleSetMappingsInvalid: func(e *everything) refused {
			e.narrow("role_set:narrower")
			return refused{status: 422, method: "POST", path: "/role_sets/role_set:small/replace", body: object{
				"dest_role_set_key": "role_set:narrower", "reassignment_mappings": object{"org:member": "org:nobody"},
			}}
		},
		fault.RoleMigrationInProgress: func(e *everything) refused {
			e.narrow("role_set:moving")
			e.move("role_set:moving")
			return refused{status: 409, method: "PATCH", path: "/role_sets/role_set:moving", body: object{"name": "X"}}
		},
	}
}

// narrow makes a role set of administrators only.
func (e *everything) narrow(key string) {
	e.f.t.Helper()
	e.f.call("POST", "/role_sets", object{
		"name": "Narrow", "key": key, "default_role_key": "org:admin", "creator_role_key": "org:admin", "roles": []string{"org:admin"},
	})
}

// move begins a change of the members of a role set, as a large one is left by a call.
func (e *everything) move(key string) {
	e.f.t.Helper()
	if err := e.f.tools.DB.Write(e.f.t.Context(), func(tx *store.Tx) error {
		set, err := tx.RoleSetByKey(key)
		if err != nil {
			return err
		}
		return tx.InsertRoleMigration(identity.RoleMigration{
			ID: identity.NewID[identity.RoleMigrationID](e.f.now), Source: set.ID, Trigger: identity.RoleRemoval, CreatedAt: e.f.now, UpdatedAt: e.f.now,
		})
	}); err != nil {
		e.f.t.Fatal(err)
	}
}

func peopleCodes() map[fault.Code]func(e *everything) refused {
	return map[fault.Code]func(e *everything) refused{
		fault.SSOAdditionalIdentificationsDisabled: func(e *everything) refused {
			path := "/enterprise_connections/" + e.company.conn
			e.f.call("PATCH", path, object{"disable_additional_identifications": true})
			return refused{status: 422, method: "POST", path: "/email_addresses", body: object{"user_id": e.alice, "email_address": "alice@home.test"}}
		},
		fault.SAMLEmailAddressDomainReserved: func(e *everything) refused {
			return refused{status: 422, method: "POST", path: "/email_addresses", body: object{"user_id": e.dora, "email_address": "dora@acme.test"}}
		},
		fault.IdentificationClaimed: func(e *everything) refused {
			claim := str(e.f.call("POST", "/email_addresses", object{"user_id": e.dora, "email_address": "shared@home.test"}), "id")
			e.f.user("shared@home.test", nil)
			return refused{status: 400, method: "PATCH", path: "/email_addresses/" + claim, body: object{"verified": true}}
		},
		fault.FormVerificationNeeded: func(e *everything) refused {
			return refused{status: 422, method: "PATCH", path: "/email_addresses/" + e.email, body: object{"primary": true}}
		},
		fault.IdentificationDeletionFailed: func(e *everything) refused {
			p := e.person()
			return refused{status: 400, method: "DELETE", path: "/email_addresses/" + str(e.f.call("GET", "/users/"+p, nil), "primary_email_address_id")}
		},
		fault.LinkedIdentificationDeletion: func(e *everything) refused {
			return refused{status: 400, method: "DELETE", path: "/email_addresses/" + str(e.f.call("GET", "/users/"+e.alice, nil), "primary_email_address_id")}
		},
		fault.FormIdentifierExists: func(*everything) refused {
			return refused{status: 422, method: "POST", path: "/users", body: object{"email_address": []string{"dora@globex.test"}}}
		},
		fault.FormEmailAddressBlocked: func(e *everything) refused {
			e.f.settings(func(s *identity.Settings) { s.Restrictions.BlockDisposableDomains = true })
			return refused{status: 403, method: "POST", path: "/email_addresses", body: object{"user_id": e.dora, "email_address": "dora@mailinator.com"}}
		},
		fault.FormDataMissing: func(*everything) refused {
			return refused{status: 422, method: "POST", path: "/users", body: object{"first_name": "X"}}
		},
		fault.NoPasswordSet: func(e *everything) refused {
			return refused{status: 400, method: "POST", path: "/users/" + e.dora + "/verify_password", body: object{"password": "correct horse battery"}}
		},
		fault.IncorrectPassword: func(e *everything) refused {
			return refused{status: 422, method: "POST", path: "/users/" + e.carol + "/verify_password", body: object{"password": "wrong horse battery"}}
		},
		fault.FormPasswordTooShort: func(*everything) refused {
			return refused{status: 422, method: "POST", path: "/users", body: object{"username": "short", "password": "short"}}
		},
		fault.FormPasswordTooLong: func(*everything) refused {
			return refused{status: 422, method: "POST", path: "/users", body: object{"username": "long", "password": strings.Repeat("p", 129)}}
		},
		fault.FormPasswordDigestInvalid: func(*everything) refused {
			return refused{status: 422, method: "POST", path: "/users", body: object{"username": "digest", "password_digest": "x", "password_hasher": "bcrypt"}}
		},
		fault.UserBanned: func(e *everything) refused {
			p := e.person()
			e.f.call("POST", "/users/"+p+"/ban", nil)
			return refused{status: 403, method: "POST", path: "/sessions", body: object{"user_id": p}}
		},
		fault.UserLocked: func(e *everything) refused {
			p := e.person()
			e.f.call("POST", "/users/"+p+"/lock", nil)
			return refused{status: 403, method: "POST", path: "/sessions", body: object{"user_id": p}}
		},
		fault.UserDeactivated: func(e *everything) refused {
			p := e.person()
			e.f.deactivate(p)
			return refused{status: 403, method: "POST", path: "/sessions", body: object{"user_id": p}}
		},
		fault.BulkSizeExceeded: func(*everything) refused {
			return refused{status: 400, method: "POST", path: "/users/ban", body: object{"user_ids": strings.Split(strings.Repeat("u,", 51), ",")}}
		},
		fault.SignUpCannotBeUpdated: func(e *everything) refused {
			s, code := e.f.beginSignUp("over@signup.test")
			if _, err := e.f.verifySignUp(s, code); err != nil {
				e.f.t.Fatal(err)
			}
			return refused{status: 403, method: "PATCH", path: "/sign_ups/" + string(s.ID), body: object{"external_id": "x"}}
		},
	}
}

func sessionCodes() map[fault.Code]func(e *everything) refused {
	return map[fault.Code]func(e *everything) refused{
		fault.AuthenticationInvalid: func(e *everything) refused {
			s := str(e.f.call("POST", "/sessions", object{"user_id": e.dora}), "id")
			e.f.call("POST", "/sessions/"+s+"/revoke", nil)
			return refused{status: 401, method: "POST", path: "/sessions/" + s + "/tokens"}
		},
		fault.RequestInvalidForEnvironment: func(e *everything) refused {
			e.f.tools.Sessions.Development = false
			e.f.t.Cleanup(func() { e.f.tools.Sessions.Development = true })
			return refused{status: 400, method: "POST", path: "/sessions", body: object{"user_id": e.dora}}
		},
		fault.CookieInvalid: func(e *everything) refused {
			return refused{status: 400, method: "POST", path: "/clients/verify", body: object{"token": e.cookie + "x"}}
		},
		fault.SignInTokenCannotBeRevoked: func(e *everything) refused {
			id := str(e.f.call("POST", "/sign_in_tokens", object{"user_id": e.dora}), "id")
			e.f.call("POST", "/sign_in_tokens/"+id+"/revoke", nil)
			return refused{status: 400, method: "POST", path: "/sign_in_tokens/" + id + "/revoke"}
		},
		fault.ActorTokenCannotBeRevoked: func(e *everything) refused {
			id := str(e.f.call("POST", "/actor_tokens", object{"user_id": e.dora, "actor": object{"sub": "x"}}), "id")
			e.f.call("POST", "/actor_tokens/"+id+"/revoke", nil)
			return refused{status: 400, method: "POST", path: "/actor_tokens/" + id + "/revoke"}
		},
		fault.FormResourceNotFound: func(*everything) refused {
			return refused{status: 422, method: "POST", path: "/actor_tokens", body: object{"user_id": "user_x", "actor": object{"sub": "x"}}}
		},
		fault.TemplateReservedClaim: func(*everything) refused {
			return refused{status: 400, method: "POST", path: "/jwt_templates", body: object{"name": "r", "claims": object{"sub": "x"}}}
		},
		fault.FormAlreadyExists: func(*everything) refused {
			return refused{status: 422, method: "POST", path: "/jwt_templates", body: object{"name": "app", "claims": object{}}}
		},
	}
}

func refreshCodes() map[fault.Code]func(e *everything) refused {
	// refresh is a call with a token for an origin, and with what else the test changes.
	refresh := func(azp string, change func(e *everything, body object)) func(e *everything) refused {
		return func(e *everything) refused {
			e.live()
			token, err := e.f.tools.Sessions.Token(e.f.t.Context(), session.Ask{Session: identity.SessionID(e.session), AuthorizedParty: azp})
			if err != nil {
				e.f.t.Fatal(err)
			}
			body := object{"expired_token": token, "refresh_token": e.refresh, "request_origin": origin}
			path := "/sessions/" + e.session + "/refresh"
			if change != nil {
				change(e, body)
			}
			return refused{status: 401, method: "POST", path: path, body: body}
		}
	}
	return map[fault.Code]func(e *everything) refused{
		fault.ExpiredTokenMissingAZP: refresh("", nil),
		fault.RefreshOriginInvalid:   refresh(origin, func(_ *everything, b object) { b["request_origin"] = "app" }),
		fault.RefreshOriginMismatch:  refresh(origin, func(_ *everything, b object) { b["request_origin"] = "https://evil.test" }),
		fault.RefreshTokenNotFound:   refresh(origin, func(_ *everything, b object) { b["refresh_token"] = "x" }),
		fault.ExpiredTokenInvalid:    refresh(origin, func(_ *everything, b object) { b["expired_token"] = "x" }),
		fault.ExpiredTokenTooOld:     refresh(origin, func(e *everything, _ object) { e.f.now = e.f.now.Add(24 * time.Hour) }),
		fault.ExpiredTokenConsumed: refresh(origin, func(e *everything, b object) {
			e.f.call("POST", "/sessions/"+e.session+"/refresh", b)
		}),
		fault.SessionRefreshInactive: refresh(origin, func(e *everything, _ object) {
			e.f.call("POST", "/sessions/"+e.session+"/revoke", nil)
		}),
		fault.RefreshSessionNotFound: refresh(origin, func(e *everything, _ object) { e.f.call("DELETE", "/users/"+e.tokenUser, nil) }),
		fault.RefreshSIDMismatch: func(e *everything) refused {
			r := refresh(origin, nil)(e)
			r.path = "/sessions/sess_x/refresh"
			return r
		},
	}
}

// live makes the session of somebody new, with a refresh token.
func (e *everything) live() {
	e.f.t.Helper()
	e.tokenUser = e.person()
	e.session = str(e.f.call("POST", "/sessions", object{"user_id": e.tokenUser}), "id")
	e.tokens()
}

func requestCodes() map[fault.Code]func(e *everything) refused {
	count := func(status int, header ...string) func(e *everything) refused {
		return func(*everything) refused {
			return refused{status: status, method: "GET", path: "/users/count", header: [2]string(header)}
		}
	}
	return map[fault.Code]func(e *everything) refused{
		fault.AuthorizationHeaderInvalid: count(401, "Authorization", "Basic x"),
		fault.SecretKeyInvalid:           count(401, "Authorization", "Bearer sk_test_unknown"),
		fault.APIVersionInvalid:          count(400, "Clerk-API-Version", "latest"),
		fault.UnsupportedContentType: func(*everything) refused {
			return refused{415, "POST", "/users", "a=b", [2]string{"Content-Type", "application/x-www-form-urlencoded"}}
		},
		fault.RequestBodyInvalid: func(*everything) refused {
			return refused{status: 400, method: "POST", path: "/users", body: "{"}
		},
		fault.RequestBodyTooLarge: func(*everything) refused {
			return refused{status: 413, method: "POST", path: "/users", body: `{"a":"` + strings.Repeat("x", 2<<20) + `"}`}
		},
		fault.NotFound: func(*everything) refused {
			return refused{status: 404, method: "GET", path: "/users/user_x"}
		},
		fault.FeatureNotImplemented: func(*everything) refused {
			return refused{status: 403, method: "POST", path: "/webhooks/svix", body: object{}}
		},
		fault.TooManyRequests: func(e *everything) refused {
			e.limit()
			return refused{status: 429, method: "GET", path: "/users/count"}
		},
		fault.WebhookEndpointDisabled: func(e *everything) refused {
			path := "/webhooks/endpoints/" + e.endpoint
			e.f.call("PATCH", path, object{"disabled": true})
			return refused{status: 409, method: "POST", path: path + "/replay", body: object{"since": 1}}
		},
		fault.FormInvalidOrigin: func(*everything) refused {
			return refused{status: 422, method: "PATCH", path: "/instance", body: object{"allowed_origins": []string{"x"}}}
		},
	}
}

func parameterCodes() map[fault.Code]func(e *everything) refused {
	create := func(body any) func(e *everything) refused {
		return func(*everything) refused {
			return refused{status: 422, method: "POST", path: "/users", body: body}
		}
	}
	return map[fault.Code]func(e *everything) refused{
		fault.FormParamFormatInvalid:         create(object{"email_address": []string{"x"}}),
		fault.FormParamValueInvalid:          create(object{"username": "p", "create_organizations_limit": -1}),
		fault.FormParamTypeInvalid:           create(object{"username": 1}),
		fault.FormParamUnknown:               create(object{"made_up": 1}),
		fault.FormParamDuplicate:             create(`{"username":"a","username":"b"}`),
		fault.FormParamMaxLength:             create(object{"username": "p", "first_name": strings.Repeat("x", 257)}),
		fault.FormParamArraySize:             create(object{"email_address": slices.Repeat([]string{"x@home.test"}, 51)}),
		fault.FormParamArrayLengthMismatch:   create(object{"email_address": []string{"x@home.test"}, "email_address_identification_status": []string{"verified", "verified"}}),
		fault.FormConditionalParamMissing:    create(object{"username": "p", "password_hasher": "bcrypt"}),
		fault.FormConditionalParamDisallowed: create(object{"username": "p", "password": "long enough", "password_hasher": "bcrypt", "password_digest": "x"}),
		fault.FormParamInvalidTime:           create(object{"username": "p", "created_at": "yesterday"}),
		fault.FormDisallowFutureDate:         create(object{"username": "p", "created_at": "2999-01-01T00:00:00Z"}),
		fault.FormParamNil: func(e *everything) refused {
			return refused{status: 422, method: "POST", path: "/admin_portal_link_tokens", body: object{"organization_id": e.company.org, "scopes": []any{nil}}}
		},
		fault.FormParamMissing: func(*everything) refused {
			return refused{status: 422, method: "POST", path: "/organizations", body: object{}}
		},
	}
}

func draftCodes() map[fault.Code]func(e *everything) refused {
	return map[fault.Code]func(e *everything) refused{
		fault.ConnectionDraftNotReady: func(e *everything) refused {
			path := "/enterprise_connections/" + e.connect("saml_custom", nil) + "/draft"
			d := e.f.call("PATCH", path, object{"saml": object{"force_authn": true}})
			return refused{status: 422, method: "POST", path: path + "/promote", body: object{
				"revision_id": d["revision_id"], "live_revision_id": d["live_revision_id"],
			}}
		},
		fault.ConnectionDraftChanged: func(e *everything) refused {
			return refused{
				status: 409, method: "PATCH", path: "/enterprise_connections/" + e.company.conn + "/draft",
				body: object{"revision_id": "entrev_x", "saml": object{"force_authn": true}},
			}
		},
		fault.OAuthDebugProviderNotConfigured: func(e *everything) refused {
			return refused{status: 400, method: "POST", path: "/enterprise_connections/" + e.oidc + "/test_runs"}
		},
	}
}

func mailCodes() map[fault.Code]func(e *everything) refused {
	change := func(text string) func(e *everything) refused {
		return func(*everything) refused {
			return refused{status: 422, method: "PUT", path: codeTemplate, body: object{"markup": text}}
		}
	}
	return map[fault.Code]func(e *everything) refused{
		fault.MailPlaceholderUnknown: change("{{otp_code}} {{made_up}}"),
		fault.MailPlaceholderMissing: change("no code"),
	}
}

func enrollmentCodes() map[fault.Code]func(e *everything) refused {
	return map[fault.Code]func(e *everything) refused{
		fault.MembershipRequestNotPending: func(e *everything) refused {
			path := "/organizations/" + e.open + "/membership_requests/" + e.wanted
			e.f.call("POST", path+"/accept", object{})
			return refused{status: 404, method: "POST", path: path + "/reject", body: object{}}
		},
	}
}
