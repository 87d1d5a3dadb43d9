package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"usher/internal/identity"
	"usher/internal/store"
)

// at is a time n seconds after the tests' beginning, to the millisecond.
func at(n int) time.Time {
	return time.Date(2026, 3, 1, 12, 0, 0, 7e6, time.UTC).Add(time.Duration(n) * time.Second)
}

// id is an id that sorts by n.
func id[T identity.ID](n int) T { return T(fmt.Sprintf("%s_%027d", identity.NewID[T](at(0))[:3], n)) }

func write(t testing.TB, db *store.DB, f func(*store.Tx) error) {
	t.Helper()
	if err := db.Write(t.Context(), f); err != nil {
		t.Fatalf("Write: %v", err)
	}
}

func read(t testing.TB, db *store.DB, f func(*store.Tx) error) {
	t.Helper()
	if err := db.Read(t.Context(), f); err != nil {
		t.Fatalf("Read: %v", err)
	}
}

// first runs what may fail, one after another, up to the first failure.
func first(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// equal compares what was stored with what came back. Nil and empty mean the same.
func equal(t testing.TB, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// is checks the answer to "did it happen?".
func is(t testing.TB, what string, want bool) func(bool, error) error {
	t.Helper()
	return func(got bool, err error) error {
		t.Helper()
		if err == nil && got != want {
			t.Errorf("%s: got %t, want %t", what, got, want)
		}
		return err
	}
}

func user(n int) identity.User {
	return identity.User{
		ID: id[identity.UserID](n), ExternalID: fmt.Sprint("ext-", n), FirstName: fmt.Sprint("First", n),
		LastName: fmt.Sprint("Last", n), Username: fmt.Sprint("user", n), PasswordHash: "$argon2id$x",
		PrimaryEmailID:  id[identity.EmailID](n),
		PublicMetadata:  identity.Metadata{"plan": "gold", "seats": 7.0, "nested": map[string]any{"a": []any{"ü", nil}}},
		PrivateMetadata: identity.Metadata{"note": `quote " and \ and '`},
		UnsafeMetadata:  identity.Metadata{"x": true},
		Banned:          n%2 == 0, LockedUntil: at(1), DeactivatedAt: at(2), LastSignInAt: at(3), LastActiveAt: at(4),
		CreatedAt: at(n), UpdatedAt: at(n + 1),
	}
}

func email(n int, of identity.UserID, address string, status identity.VerificationStatus) identity.EmailAddress {
	return identity.EmailAddress{
		ID: id[identity.EmailID](n), UserID: of, Address: identity.Email(address), Status: status,
		Strategy: "saml", AccountID: id[identity.AccountID](n), VerifiedAt: at(n), CreatedAt: at(n), UpdatedAt: at(n),
	}
}

func organization(n int) identity.Organization {
	return identity.Organization{
		ID: id[identity.OrgID](n), Name: fmt.Sprint("Org ", n), Slug: fmt.Sprint("org-", n), MaxAllowedMemberships: 5,
		AdminDeleteEnabled: true, ExclusiveMembership: true, SelfServeSSOEnabled: true,
		PublicMetadata: identity.Metadata{"a": "b"}, PrivateMetadata: identity.Metadata{"c": 1.5},
		CreatedBy: id[identity.UserID](n), CreatedAt: at(n), UpdatedAt: at(n + 1),
	}
}

func membership(n int, org identity.OrgID, of identity.UserID, role identity.RoleKey) identity.Membership {
	return identity.Membership{
		ID: id[identity.MembershipID](n), OrganizationID: org, UserID: of, Role: role,
		ConnectionID: id[identity.ConnectionID](n), PublicMetadata: identity.Metadata{"a": "b"},
		PrivateMetadata: identity.Metadata{"c": "d"}, CreatedAt: at(n), UpdatedAt: at(n + 1),
	}
}

func connection(n int, domains ...identity.Domain) identity.Connection {
	return identity.Connection{
		TenantID: "t-1",
		ID:       id[identity.ConnectionID](n), OrganizationID: id[identity.OrgID](n), Name: fmt.Sprint("Connection ", n),
		Provider: identity.SAMLOkta, Domains: domains, Active: true, Authenticatable: true,
		LiveRevisionID: id[identity.RevisionID](n), CreatedAt: at(n), UpdatedAt: at(n + 1),
		Config: identity.ConnectionConfig{
			AllowSubdomains:  true,
			CustomAttributes: []identity.CustomAttribute{{Name: "Team", Key: "team"}},
			SAML: &identity.SAMLConfig{
				IDPEntityID: "https://idp.test", IDPCertificates: []string{"MIIB"},
				Mapping: identity.AttributeMapping{EmailAddress: "mail"},
				Legacy:  identity.LegacyException{SHA1: true, Until: at(100)},
			},
		},
	}
}

func account(n int, c identity.ConnectionID, of identity.UserID) identity.EnterpriseAccount {
	return identity.EnterpriseAccount{
		ID: id[identity.AccountID](n), UserID: of, ConnectionID: c, Subject: fmt.Sprint("subject-", n),
		SubjectFormat: "urn:persistent", Email: "ada@acme.test", FirstName: "Ada", LastName: "King",
		PublicMetadata: identity.Metadata{"team": []any{"x"}}, LastAuthenticatedAt: at(n),
		CreatedAt: at(n), UpdatedAt: at(n + 1),
	}
}

func session(n int, client identity.ClientID, of identity.UserID) identity.Session {
	return identity.Session{
		CheckAt: at(9),
		ID:      id[identity.SessionID](n), ClientID: client, UserID: of, Status: identity.SessionActive,
		ConnectionID: id[identity.ConnectionID](n), LastActiveOrganizationID: id[identity.OrgID](n),
		FirstFactorAt: at(n), ExpireAt: at(n + 1000), AbandonAt: at(n + 500), LastActiveAt: at(n),
		CreatedAt: at(n), UpdatedAt: at(n),
	}
}

func signIn(n int, client identity.ClientID) identity.SignIn {
	return identity.SignIn{
		ID: id[identity.SignInID](n), ClientID: client, Status: identity.SignInNeedsFirstFactor,
		Identifier: "ada@acme.test", UserID: id[identity.UserID](n), Strategy: "email_code",
		Code:      identity.CodeChallenge{Hash: "h", Tries: 1, SentAt: at(n), ExpiresAt: at(n + 600)},
		AttemptID: id[identity.AttemptID](n), ErrorCode: "saml_response_expired",
		ErrorMeta: identity.Metadata{"not_on_or_after": "x"}, ReturnURL: "https://app.test/", CreatedAt: at(n),
		UpdatedAt: at(n), AbandonAt: at(n + 86400),
	}
}

func attempt(n int) identity.Attempt {
	return identity.Attempt{
		Kind: identity.AttemptPresence,
		ID:   id[identity.AttemptID](n), ConnectionID: id[identity.ConnectionID](1), RevisionID: id[identity.RevisionID](1),
		OrganizationID: id[identity.OrgID](1), IDPInitiated: true, State: identity.AttemptRefused,
		TypedEmail: "ada@acme.test", Email: "ada.king@acme.test", Code: "saml_response_expired",
		Meta: identity.Metadata{"a": "b"}, Detail: identity.Metadata{"expected": "c"},
		Steps: []identity.Step{{At: at(n), Name: "received", Passed: true}, {At: at(n), Name: "signature", Expected: "a key"}},
		Trace: []identity.Rule{{Name: "connection_active", Passed: true, Detail: "x"}}, UserID: id[identity.UserID](1),
		SessionID: id[identity.SessionID](1), TraceID: "t", StartedAt: at(n), ReturnedAt: at(n + 1), FinishedAt: at(n + 2),
		IssuedAt: at(n + 1), Seen: []string{"mail"},
	}
}
