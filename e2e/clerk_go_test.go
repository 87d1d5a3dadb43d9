package e2e

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/clerk/clerk-sdk-go/v2"
	"github.com/clerk/clerk-sdk-go/v2/jwks"
	"github.com/clerk/clerk-sdk-go/v2/jwt"
	"github.com/clerk/clerk-sdk-go/v2/organization"
	"github.com/clerk/clerk-sdk-go/v2/organizationmembership"
	"github.com/clerk/clerk-sdk-go/v2/session"
	"github.com/clerk/clerk-sdk-go/v2/user"

	"usher/internal/identity"
	"usher/internal/secret"
	"usher/internal/server"
	"usher/internal/store"
)

// sdk configures Clerk's Go SDK as its README says, with our address.
func (u *usher) sdk() *clerk.ClientConfig {
	return &clerk.ClientConfig{BackendConfig: clerk.BackendConfig{
		URL: clerk.String(u.info.BackendAPIURL), Key: clerk.String(u.info.SecretKey), HTTPClient: &http.Client{},
	}}
}

func raw(text string) *json.RawMessage {
	m := json.RawMessage(text)
	return &m
}

// sdkCode is the code of a failure as the SDK reports it.
func sdkCode(t *testing.T, err error) string {
	t.Helper()
	var failure *clerk.APIErrorResponse
	if !errors.As(err, &failure) || len(failure.Errors) == 0 {
		t.Errorf("got %v, want the SDK's error", err)
		return ""
	}
	if failure.TraceID == "" {
		t.Error("the SDK sees no trace id")
	}
	return failure.Errors[0].Code
}

func TestClerkGo_UsersAndOrganizations(t *testing.T) {
	eachEngine(t, func(t *testing.T, u *usher) {
		ctx, config := t.Context(), u.sdk()
		users, orgs, members := user.NewClient(config), organization.NewClient(config), organizationmembership.NewClient(config)

		dora, err := users.Create(ctx, &user.CreateParams{
			EmailAddresses: &[]string{"dora@initech.test"}, FirstName: clerk.String("Dora"), Username: clerk.String("dora"),
			ExternalID: clerk.String("crm-7"), Password: clerk.String("correct horse battery"), PublicMetadata: raw(`{"plan":"pro"}`),
		})
		must(t, err)
		if dora.PrimaryEmailAddressID == nil || dora.EmailAddresses[0].EmailAddress != "dora@initech.test" || *dora.ExternalID != "crm-7" {
			t.Errorf("created: %+v", dora)
		}
		_, err = users.Create(ctx, &user.CreateParams{EmailAddresses: &[]string{"DORA@initech.test"}})
		if got := sdkCode(t, err); got != "form_identifier_exists" {
			t.Errorf("the same address again: got %q, want form_identifier_exists", got)
		}
		_, err = users.Update(ctx, dora.ID, &user.UpdateParams{LastName: clerk.String("Explorer")})
		must(t, err)
		_, err = users.UpdateMetadata(ctx, dora.ID, &user.UpdateMetadataParams{PublicMetadata: raw(`{"plan":null,"seats":3}`)})
		must(t, err)
		dora, err = users.Get(ctx, dora.ID)
		must(t, err)
		if *dora.LastName != "Explorer" || !sameJSON(dora.PublicMetadata, `{"seats":3}`) {
			t.Errorf("after the changes: %s %s", *dora.LastName, dora.PublicMetadata)
		}
		list, err := users.List(ctx, &user.ListParams{EmailAddresses: []string{"dora@initech.test", "dave@solo.test"}, OrderBy: clerk.String("email_address")})
		must(t, err)
		if list.TotalCount != 2 || len(list.Users) != 2 || list.Users[1].ID != dora.ID {
			t.Errorf("list: got %d of %d users", len(list.Users), list.TotalCount)
		}
		for name, call := range map[string]func() (*clerk.User, error){
			"banned": func() (*clerk.User, error) { return users.Ban(ctx, dora.ID) }, "unbanned": func() (*clerk.User, error) { return users.Unban(ctx, dora.ID) },
			"locked": func() (*clerk.User, error) { return users.Lock(ctx, dora.ID) }, "unlocked": func() (*clerk.User, error) { return users.Unlock(ctx, dora.ID) },
		} {
			if _, err := call(); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}

		initech, err := orgs.Create(ctx, &organization.CreateParams{
			Name: clerk.String("Initech"), Slug: clerk.String("initech"), CreatedBy: clerk.String(dora.ID), MaxAllowedMemberships: clerk.Int64(5),
		})
		must(t, err)
		bySlug, err := orgs.GetWithParams(ctx, "initech", &organization.GetParams{IncludeMembersCount: clerk.Bool(true)})
		must(t, err)
		if bySlug.ID != initech.ID || *bySlug.MembersCount != 1 {
			t.Errorf("by slug: %+v", bySlug)
		}
		_, err = orgs.Update(ctx, initech.ID, &organization.UpdateParams{Name: clerk.String("Initech Ltd")})
		must(t, err)
		_, err = orgs.UpdateMetadata(ctx, initech.ID, &organization.UpdateMetadataParams{PrivateMetadata: raw(`{"crm":1}`)})
		must(t, err)
		found, err := orgs.List(ctx, &organization.ListParams{Query: clerk.String("nitec"), IncludeMembersCount: clerk.Bool(true)})
		must(t, err)
		if found.TotalCount != 1 || found.Organizations[0].Name != "Initech Ltd" {
			t.Errorf("organizations found: %+v", found.Organizations)
		}
		carol := u.user("dave@solo.test").str("id")
		m, err := members.Create(ctx, &organizationmembership.CreateParams{OrganizationID: initech.ID, UserID: clerk.String(carol), Role: clerk.String("org:member")})
		must(t, err)
		if m.PublicUserData.Identifier != "dave@solo.test" || m.Organization.ID != initech.ID {
			t.Errorf("membership: %+v", m)
		}
		_, err = members.Update(ctx, &organizationmembership.UpdateParams{OrganizationID: initech.ID, UserID: carol, Role: clerk.String("org:admin")})
		must(t, err)
		all, err := members.List(ctx, &organizationmembership.ListParams{OrganizationID: initech.ID, Roles: []string{"org:admin"}})
		must(t, err)
		if all.TotalCount != 2 {
			t.Errorf("administrators: got %d, want 2", all.TotalCount)
		}
		_, err = members.Delete(ctx, &organizationmembership.DeleteParams{OrganizationID: initech.ID, UserID: carol})
		must(t, err)
		of, err := users.ListOrganizationMemberships(ctx, dora.ID, &user.ListOrganizationMembershipsParams{})
		must(t, err)
		if of.TotalCount != 1 {
			t.Errorf("memberships of Dora: got %d, want 1", of.TotalCount)
		}
		gone, err := orgs.Delete(ctx, initech.ID)
		must(t, err)
		if !gone.Deleted || gone.ID != initech.ID {
			t.Errorf("deleted: %+v", gone)
		}
		_, err = users.Delete(ctx, dora.ID)
		must(t, err)
		_, err = users.Get(ctx, dora.ID)
		if got := sdkCode(t, err); got != "resource_not_found" {
			t.Errorf("a deleted user: got %q, want resource_not_found", got)
		}
	})
}

func sameJSON(got json.RawMessage, want string) bool {
	var g, w bytes.Buffer
	return json.Compact(&g, got) == nil && json.Compact(&w, []byte(want)) == nil && g.String() == w.String()
}

// An application verifies the token of a real sign-in, of either version.
func TestClerkGo_VerifiesSessionTokens(t *testing.T) {
	for name, version := range map[string]int{"version 1 claims": 1, "version 2 claims": 2} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := devOptions(t)
			configure(t, o, func(s *identity.Settings) { s.SessionClaimsVersion = version })
			u := startUsher(t, o)
			ctx, config := t.Context(), u.sdk()
			must(t, newPerson(u.info.BaseURL).signIn("alice@acme.test"))
			alice := u.user("alice@acme.test").str("id")

			set, err := jwks.NewClient(config).Get(ctx, &jwks.GetParams{})
			must(t, err)
			if len(set.Keys) != 1 || set.Keys[0].Algorithm != "RS256" {
				t.Errorf("key set: %+v", set)
			}
			sessions := session.NewClient(config)
			list, err := sessions.List(ctx, &session.ListParams{UserID: clerk.String(alice), Status: clerk.String("active")})
			must(t, err)
			if list.TotalCount != 1 || list.Sessions[0].UserID != alice {
				t.Fatalf("sessions: %+v", list)
			}
			id := list.Sessions[0].ID
			token, err := sessions.CreateToken(ctx, &session.CreateTokenParams{ID: id, ExpiresInSeconds: clerk.Int64(90)})
			must(t, err)
			claims, err := jwt.Verify(ctx, &jwt.VerifyParams{Token: token.JWT, JWKSClient: jwks.NewClient(config)})
			must(t, err)
			if claims.Subject != alice || claims.SessionID != id || claims.Version != version {
				t.Errorf("claims: %+v", claims)
			}
			acme := u.info.Demo.Organizations[0]
			if claims.ActiveOrganizationID != acme.ID || claims.ActiveOrganizationSlug != "acme" || claims.ActiveOrganizationRole != "org:member" {
				t.Errorf("organization: got %q %q %q", claims.ActiveOrganizationID, claims.ActiveOrganizationSlug, claims.ActiveOrganizationRole)
			}
			if slices.ContainsFunc(claims.ActiveOrganizationPermissions, func(p string) bool { return p != "" }) {
				t.Errorf("system permissions are in the token: %q", claims.ActiveOrganizationPermissions)
			}
			revoked, err := sessions.Revoke(ctx, &session.RevokeParams{ID: id})
			must(t, err)
			if revoked.Status != "revoked" {
				t.Errorf("status: got %q, want revoked", revoked.Status)
			}
			_, err = sessions.CreateToken(ctx, &session.CreateTokenParams{ID: id})
			if got := sdkCode(t, err); got != "authentication_invalid" {
				t.Errorf("a token of a revoked session: got %q, want authentication_invalid", got)
			}
		})
	}
}

// configure changes the settings of a development server before it starts.
func configure(t *testing.T, o server.DevOptions, change func(*identity.Settings)) {
	t.Helper()
	keys := filepath.Join(o.Data, "keys")
	must(t, os.WriteFile(keys, []byte(secret.NewKeyRing("dev")), 0o600))
	tools, err := server.OpenTools(t.Context(), server.Config{Database: "sqlite:" + filepath.Join(o.Data, "usher.db"), KeyFile: keys})
	must(t, err)
	defer tools.Close()
	must(t, tools.DB.Write(t.Context(), func(tx *store.Tx) error {
		in, err := tx.Instance()
		if err != nil {
			return err
		}
		change(&in.Settings)
		return tx.UpdateSettings(in.ID, in.Settings, tools.Now())
	}))
}
