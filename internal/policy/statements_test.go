package policy_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"usher/internal/policy"
)

// elsewhere names the statements of Clerk's behaviour, 1 to 91, that no decision
// of this package makes, and where they belong.
var elsewhere = map[int]string{
	2:  "protocols are packages of their own",
	5:  "manage: how a connection learns its provider's data",
	6:  "saml: metadata",
	7:  "saml: certificates",
	9:  "oidc: discovery",
	11: "identity: the URLs of a connection",
	12: "frontendapi: the OIDC callback",
	13: "signin: the return addresses that are allowed",
	14: "every deployment has the e-mail attribute",
	15: "identity and manage: the form of domains, trimming and duplicates",
	16: "manage: an empty list changes nothing",
	26: "manage: self-serve SSO",
	36: "session: which organization is active",
	40: "directory sync is not offered yet",
	61: "identity: mapping presets",
	62: "identity: the keys of the mapping",
	63: "oidc: claims",
	67: "signin: claims named public_metadata_",
	68: "manage and signin: custom attributes",
	69: "signin: single and multiple values",
	70: "directory sync is not offered yet",
	74: "signin: the flow",
	75: "signin: RelayState",
	76: "signin and saml: sign-ins that the provider initiates",
	77: "saml: InResponseTo of those",
	78: "store and signin: answers are used once",
	79: "saml: conditions",
	80: "saml: ForceAuthn",
	81: "signin: the login hint",
	82: "oidc: prompt",
	83: "oidc: errors of the callback",
	84: "signin: where a refusal is shown",
	85: "frontendapi: transfer between sign-up and sign-in",
	86: "signin and backendapi: invitations to SSO domains",
	87: "signin: the question whether a person is still there",
	88: "session: the tokens of a person who is gone",
}

func TestEveryStatementIsTestedHereOrElsewhere(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*_test.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	row := regexp.MustCompile(`"1\.(\d+) \S`)
	quoted := map[int]bool{}
	for _, name := range files {
		source, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range row.FindAllSubmatch(source, -1) {
			n, err := strconv.Atoi(string(m[1]))
			if err != nil {
				t.Fatal(err)
			}
			quoted[n] = true
		}
	}
	for n := 1; n <= 91; n++ {
		if why := elsewhere[n]; quoted[n] == (why != "") {
			t.Errorf("statement 1.%d: tested here %v, elsewhere %q; want exactly one", n, quoted[n], why)
		}
	}
}

func checkTrace(t *testing.T, got policy.Trace, want string) {
	t.Helper()
	if g, w := got.String(), trimmed(want); g != w {
		t.Errorf("trace:\n got %s\nwant %s", g, w)
	}
}

func trimmed(s string) string {
	for len(s) > 0 && s[len(s)-1] == ' ' {
		s = s[:len(s)-1]
	}
	return s
}
