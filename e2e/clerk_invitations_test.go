package e2e

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/clerk/clerk-sdk-go/v2"
	"github.com/clerk/clerk-sdk-go/v2/instancesettings"
	"github.com/clerk/clerk-sdk-go/v2/invitation"
	"github.com/clerk/clerk-sdk-go/v2/organization"
	"github.com/clerk/clerk-sdk-go/v2/organizationdomain"
	"github.com/clerk/clerk-sdk-go/v2/organizationinvitation"
	"github.com/google/go-cmp/cmp"
)

func TestClerkGo_DomainsAndInvitations(t *testing.T) {
	eachEngine(t, func(t *testing.T, u *usher) {
		ctx, config := t.Context(), u.sdk()
		_, err := instancesettings.NewClient(config).UpdateOrganizationSettings(ctx, &instancesettings.UpdateOrganizationSettingsParams{
			DomainsEnabled: clerk.Bool(true), DomainsEnrollmentModes: &[]string{"automatic_invitation"},
		})
		must(t, err)
		org, err := organization.NewClient(config).Create(ctx, &organization.CreateParams{Name: clerk.String("Initech")})
		must(t, err)

		domains := organizationdomain.NewClient(config)
		d, err := domains.Create(ctx, org.ID, &organizationdomain.CreateParams{Name: clerk.String("initech.test"), EnrollmentMode: clerk.String("manual_invitation")})
		must(t, err)
		if d.Verification == nil || d.Verification.Status != "verified" {
			t.Errorf("verified by default: %+v", d.Verification)
		}
		d, err = domains.Update(ctx, &organizationdomain.UpdateParams{OrganizationID: org.ID, DomainID: d.ID, EnrollmentMode: clerk.String("automatic_invitation")})
		must(t, err)
		found, err := domains.List(ctx, org.ID, &organizationdomain.ListParams{Verified: clerk.Bool(true), EnrollmentModes: &[]string{"automatic_invitation"}})
		must(t, err)
		if found.TotalCount != 1 || found.OrganizationDomains[0].ID != d.ID {
			t.Errorf("found: %+v", found)
		}
		_, err = domains.Create(ctx, org.ID, &organizationdomain.CreateParams{Name: clerk.String("gmail.com")})
		if got := sdkCode(t, err); got != "organization_domain_common" {
			t.Errorf("gmail.com: got %q, want organization_domain_common", got)
		}
		gone, err := domains.Delete(ctx, &organizationdomain.DeleteParams{OrganizationID: org.ID, DomainID: d.ID})
		must(t, err)
		if !gone.Deleted {
			t.Errorf("deleted: %+v", gone)
		}

		invitations := organizationinvitation.NewClient(config)
		meta := json.RawMessage(`{"desk":4}`)
		made, err := invitations.Create(ctx, &organizationinvitation.CreateParams{
			OrganizationID: org.ID, EmailAddress: clerk.String("dora@initech.test"), Role: clerk.String("org:member"),
			PublicMetadata: &meta, ExpiresInDays: clerk.Int64(3),
		})
		must(t, err)
		if made.Status != "pending" || made.URL == "" || string(made.PublicMetadata) != `{"desk":4}` {
			t.Errorf("made: %+v", made)
		}
		pending, err := invitations.List(ctx, &organizationinvitation.ListParams{OrganizationID: org.ID, Statuses: &[]string{"pending"}})
		must(t, err)
		everywhere, err := invitations.ListFromInstance(ctx, &organizationinvitation.ListFromInstanceParams{})
		must(t, err)
		if pending.TotalCount != 1 || everywhere.TotalCount != 1 || everywhere.OrganizationInvitations[0].PublicOrganizationData.ID != org.ID {
			t.Errorf("listed: %+v, %+v", pending, everywhere)
		}
		revoked, err := invitations.Revoke(ctx, &organizationinvitation.RevokeParams{OrganizationID: org.ID, ID: made.ID})
		must(t, err)
		if revoked.Status != "revoked" {
			t.Errorf("revoked: %+v", revoked)
		}

		app := invitation.NewClient(config)
		several, err := app.BulkCreate(ctx, &invitation.BulkCreateParams{Invitations: []*invitation.CreateParams{{EmailAddress: "a@initech.test"}, {EmailAddress: "b@initech.test"}}})
		must(t, err)
		list, err := app.List(ctx, &invitation.ListParams{})
		must(t, err)
		if len(several.Invitations) != 2 || list.TotalCount != 2 || len(list.Invitations) != 2 {
			t.Errorf("to the application: %+v, %+v", several, list)
		}
		_, err = app.Create(ctx, &invitation.CreateParams{EmailAddress: "a@initech.test"})
		if got := sdkCode(t, err); got != "duplicate_record" {
			t.Errorf("twice: got %q, want duplicate_record", got)
		}
		ended, err := app.Revoke(ctx, several.Invitations[0].ID)
		must(t, err)
		if !ended.Revoked || ended.Status != "revoked" {
			t.Errorf("revoked: %+v", ended)
		}
	})
}

func TestClerkNode_DomainsAndInvitations(t *testing.T) {
	node := requireNode(t, "@clerk/backend")
	eachEngine(t, func(t *testing.T, u *usher) {
		in, err := json.Marshal(map[string]string{"apiUrl": strings.TrimSuffix(u.info.BackendAPIURL, "/v1"), "secretKey": u.info.SecretKey})
		must(t, err)
		cmd := exec.CommandContext(t.Context(), node, "invitations.mjs")
		cmd.Dir, cmd.Stdin = "node", bytes.NewReader(in)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v\n%s\n%s", err, out, &stderr)
		}
		var got, want object
		must(t, json.Unmarshal(out, &got))
		must(t, json.Unmarshal([]byte(wantOfInvitations), &want))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what the SDK saw (-want +got):\n%s", diff)
		}
	})
}

const wantOfInvitations = `{
	"domain": {"name": "initech.test", "mode": "automatic_invitation", "status": "verified"},
	"changed": "manual_invitation",
	"domains": 1,
	"deleted": true,
	"invitation": {"email": "dora@initech.test", "role": "org:member", "status": "pending", "link": true, "meta": {"desk": 4}},
	"bulk": ["eve@initech.test", "fay@initech.test"],
	"pending": 3,
	"read": "dora@initech.test",
	"revoked": "revoked",
	"app": {"email": "gil@initech.test", "status": "pending", "link": true},
	"appBulk": 2,
	"appList": 3,
	"appRevoked": "revoked",
	"twice": "duplicate_record"
}`
