package e2e

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestClerkNode_People(t *testing.T) {
	node := requireNode(t, "@clerk/backend")
	eachEngine(t, func(t *testing.T, u *usher) {
		must(t, newPerson(u.info.BaseURL).signIn("alice@acme.test"))
		in, err := json.Marshal(map[string]string{
			"apiUrl": strings.TrimSuffix(u.info.BackendAPIURL, "/v1"), "secretKey": u.info.SecretKey, "session": u.lastAttempt().str("session_id"),
		})
		must(t, err)
		cmd := exec.CommandContext(t.Context(), node, "people.mjs")
		cmd.Dir, cmd.Stdin = "node", bytes.NewReader(in)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("%v\n%s\n%s", err, out, &stderr)
		}
		var got, want object
		must(t, json.Unmarshal(out, &got))
		must(t, json.Unmarshal([]byte(wantOfPeople), &want))
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("what the SDK saw (-want +got):\n%s", diff)
		}
	})
}

const wantOfPeople = `{
	"user": {"created": "2020-01-02T03:04:05.000Z", "primary": "d@home.test", "addresses": 2},
	"deletedEmail": true, "password": true, "wrongPassword": "incorrect_password", "reserved": "saml_email_address_domain_reserved", "found": 1,
	"template": {"name": "app", "mail": "alice@acme.test"}, "client": true, "made": "active",
	"ticket": {"token": true, "revoked": "revoked"}, "actor": {"sub": "user_support", "revoked": "revoked"}, "testing": true,
	"instance": "development", "restrictions": true, "blocked": 1, "allowed": 1, "redirect": "myapp://callback",
	"flat": {"prefix": "samlc", "total": 1}
}`
