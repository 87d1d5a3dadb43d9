package e2e

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/png"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/clerk/clerk-sdk-go/v2"
	"github.com/clerk/clerk-sdk-go/v2/instancesettings"
	"github.com/clerk/clerk-sdk-go/v2/organization"
	"github.com/clerk/clerk-sdk-go/v2/organizationmembership"
	"github.com/google/go-cmp/cmp"
)

// logo is a picture of 8 by 8 pixels.
func logo(t *testing.T) []byte {
	t.Helper()
	var b bytes.Buffer
	must(t, png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, 8, 8))))
	return b.Bytes()
}

// formFile is a file as the SDK wants it.
type formFile struct{ *bytes.Reader }

func (formFile) Close() error { return nil }

func TestClerkGo_LogosSettingsAndFilters(t *testing.T) {
	eachEngine(t, func(t *testing.T, u *usher) {
		ctx, config := t.Context(), u.sdk()
		orgs, members, settings := organization.NewClient(config), organizationmembership.NewClient(config), instancesettings.NewClient(config)
		must(t, newPerson(u.info.BaseURL).signIn("alice@acme.test"))
		alice := u.user("alice@acme.test").str("id")

		changed, err := settings.UpdateOrganizationSettings(ctx, &instancesettings.UpdateOrganizationSettingsParams{
			MaxAllowedMemberships: clerk.Int64(9), AdminDeleteEnabled: clerk.Bool(false), DomainsEnrollmentModes: &[]string{"automatic_suggestion"},
		})
		must(t, err)
		if changed.MaxAllowedMemberships != 9 || changed.AdminDeleteEnabled || !changed.Enabled || changed.CreatorRole != "org:admin" || changed.DomainsDefaultRole != "org:member" || len(changed.DomainsEnrollmentModes) != 2 {
			t.Errorf("settings: %+v", changed)
		}
		made, err := orgs.Create(ctx, &organization.CreateParams{Name: clerk.String("Initech"), Slug: clerk.String("initech"), CreatedBy: &alice})
		must(t, err)
		if made.MaxAllowedMemberships != 9 || made.AdminDeleteEnabled || made.HasImage {
			t.Errorf("made: %+v", made)
		}
		pictured, err := orgs.UpdateLogo(ctx, made.ID, &organization.UpdateLogoParams{File: formFile{bytes.NewReader(logo(t))}, UploaderUserID: &alice})
		must(t, err)
		if !pictured.HasImage || pictured.ImageURL == nil {
			t.Fatalf("with a logo: %+v", pictured)
		}
		res, err := http.Get(*pictured.ImageURL)
		must(t, err)
		defer res.Body.Close()
		body, err := io.ReadAll(res.Body)
		must(t, err)
		if _, err := png.Decode(bytes.NewReader(body)); err != nil || res.Header.Get("Content-Type") != "image/png" {
			t.Errorf("served as %s: %v", res.Header.Get("Content-Type"), err)
		}
		bare, err := orgs.DeleteLogo(ctx, made.ID)
		must(t, err)
		if bare.HasImage {
			t.Errorf("without a logo: %+v", bare)
		}
		_, err = orgs.UpdateLogo(ctx, made.ID, &organization.UpdateLogoParams{File: formFile{bytes.NewReader([]byte("<svg/>"))}})
		if got := sdkCode(t, err); got != "request_body_invalid" {
			t.Errorf("SVG: got %q, want request_body_invalid", got)
		}
		found, err := members.List(ctx, &organizationmembership.ListParams{
			OrganizationID: made.ID, NameQuery: clerk.String("LI"), UserIDs: []string{alice}, EmailAddressQuery: clerk.String("acme.test"),
			OrderBy: clerk.String("-phone_number"), CreatedAtAfter: clerk.Int64(1),
		})
		must(t, err)
		if found.TotalCount != 1 || found.OrganizationMemberships[0].PublicUserData.UserID != alice {
			t.Errorf("members found: %+v", found)
		}
	})
}

func TestClerkNode_RolesAndRoleSets(t *testing.T) {
	node := requireNode(t, "@clerk/backend")
	eachEngine(t, func(t *testing.T, u *usher) {
		must(t, newPerson(u.info.BaseURL).signIn("alice@acme.test"))
		in, err := json.Marshal(map[string]string{
			"apiUrl": strings.TrimSuffix(u.info.BackendAPIURL, "/v1"), "secretKey": u.info.SecretKey,
			"alice": u.user("alice@acme.test").str("id"), "logo": base64.StdEncoding.EncodeToString(logo(t)),
		})
		must(t, err)
		cmd := exec.CommandContext(t.Context(), node, "roles.mjs")
		cmd.Dir, cmd.Stdin = "node", bytes.NewReader(in)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v\n%s\n%s", err, out, &stderr)
		}
		var got, want object
		must(t, json.Unmarshal(out, &got))
		must(t, json.Unmarshal([]byte(wantOfRoles), &want))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what the SDK saw (-want +got):\n%s", diff)
		}
	})
}

const wantOfRoles = `{
	"permission": {"name": "See invoices", "key": "org:invoices:read"},
	"system": {"total": 2, "keys": ["org:sys_memberships:manage", "org:sys_memberships:read"]},
	"role": {"name": "Accounting", "key": "org:billing", "description": "Pays", "permissions": ["org:sys_memberships:read"], "creator": false},
	"roles": 3,
	"set": {"key": "role_set:small", "roles": ["org:admin", "org:billing", "org:member", "org:extra"], "byDefault": "org:billing", "creator": "org:admin", "type": "custom"},
	"less": {"roles": ["org:admin", "org:member", "org:extra"], "byDefault": "org:member", "administrators": 1},
	"sets": ["role_set:small"],
	"replaced": true,
	"members": ["org:admin"],
	"instanceMembers": true,
	"logo": {"has": true, "status": 200, "type": "image/png"},
	"noLogo": false,
	"settings": {"max": 7, "enabled": true, "domains": true, "creator": "org:admin"},
	"deleted": [true, true, true]
}`
