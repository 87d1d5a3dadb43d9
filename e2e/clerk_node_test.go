package e2e

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"usher/internal/practice"
)

// Clerk's SDK for JavaScript, unmodified. It adds /v1 to its apiUrl, so that is
// backend_api_url without /v1.
func TestClerkNode_Backend(t *testing.T) {
	node := requireNode(t, "@clerk/backend")
	eachEngine(t, func(t *testing.T, u *usher) {
		must(t, newPerson(u.info.BaseURL).signIn("alice@acme.test"))
		idp, err := practice.New(practice.Config{BaseURL: "https://idp.initech.test", Name: "Initech", Now: time.Now})
		must(t, err)
		in, err := json.Marshal(map[string]string{
			"apiUrl": strings.TrimSuffix(u.info.BackendAPIURL, "/v1"), "secretKey": u.info.SecretKey, "metadata": string(idp.Metadata()),
			"alice": u.user("alice@acme.test").str("id"), "session": u.lastAttempt().str("session_id"),
		})
		must(t, err)
		cmd := exec.CommandContext(t.Context(), node, "backend.mjs")
		cmd.Dir, cmd.Stdin = "node", bytes.NewReader(in)
		cmd.Env = append(os.Environ(), "PUBLISHABLE_KEY="+u.info.PublishableKey)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v\n%s\n%s", err, out, &stderr)
		}
		var got object
		must(t, json.Unmarshal(out, &got))

		acs, _ := got["connection"].(map[string]any)["acs"].(string)
		if !strings.HasPrefix(acs, u.info.BaseURL+"/v1/saml/acs/entconn_") {
			t.Errorf("ACS URL: %q", acs)
		}
		iss, _ := got["token"].(map[string]any)["iss"].(string)
		var want object
		must(t, json.Unmarshal([]byte(strings.NewReplacer("ACS", acs, "ISS", iss).Replace(wantOfNode)), &want))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what the SDK saw (-want +got):\n%s", diff)
		}
	})
}

const wantOfNode = `{
	"user": {"name": "Dora Explorer", "address": "dora@initech.test", "externalId": "crm-7", "metadata": {"seats": 3}, "password": true},
	"users": {"total": 1, "first": true, "count": 1},
	"banned": true, "unbanned": false, "locked": true, "unlocked": false,
	"organization": {"name": "Initech Ltd", "members": 1, "publicMetadata": {"tier": 1}, "privateMetadata": {"crm": 1}},
	"organizations": 1,
	"members": {"added": "alice@acme.test", "total": 2, "metadata": {"desk": 4}},
	"removed": true, "memberships": ["initech"],
	"connection": {
		"activeAtFirst": false, "active": true, "domains": ["initech.test"], "provider": "saml_custom", "organization": true,
		"forceAuthn": true, "loginHint": "off", "acs": "ACS", "certificates": [true],
		"custom": ["team"], "authenticatable": true, "jitOff": false
	},
	"connections": {"total": 1, "first": true},
	"deletedConnection": true,
	"token": {"sub": true, "sid": true, "v": 2, "organization": "acme", "role": "member", "iss": "ISS"},
	"short": true,
	"sessions": {"total": 1, "first": true},
	"revoked": "revoked",
	"failures": {
		"afterRevocation": {"known": true, "status": 401, "traced": true, "codes": ["authentication_invalid"], "params": [""], "words": true},
		"notFound": {"known": true, "status": 404, "traced": true, "codes": ["resource_not_found"], "params": [""], "words": true},
		"taken": {"known": true, "status": 422, "traced": true, "codes": ["form_identifier_exists"], "params": ["email_address"], "words": true},
		"two": {"known": true, "status": 422, "traced": true, "codes": ["form_param_value_invalid", "form_param_format_invalid"], "params": ["name", "slug"], "words": true},
		"key": {"known": true, "status": 401, "traced": true, "codes": ["clerk_key_invalid"], "params": [""], "words": true}
	},
	"authenticated": true,
	"deletedOrganization": true, "deletedUser": true
}`
