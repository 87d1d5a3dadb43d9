package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// threatRows is how many rows the sections on XML, SAML, OpenID Connect, EASIE and
// the conformance of relying parties have in the threat catalogue.
var threatRows = map[string]int{"T-XML": 33, "T-SAML": 40, "T-OIDC": 33, "T-EASIE": 10, "T-RP": 28}

// threatsElsewhere are rows that have no test yet, with the reason.
var threatsElsewhere = map[string]string{
	"T-OIDC-32": "there are no test runs yet, so no state of one",
}

// Every attack of those sections of the catalogue is named by a test.
func TestThreats_EachRowHasATestThatQuotesIt(t *testing.T) {
	t.Parallel()
	quoted := map[string]bool{}
	id := regexp.MustCompile(`T-(XML|SAML|OIDC|EASIE|RP)-\d\d`)
	walk(t, func(name string, text []byte) {
		if !strings.HasSuffix(name, "_test.go") || strings.HasSuffix(name, "threats_test.go") {
			return
		}
		for _, found := range id.FindAllString(string(text), -1) {
			quoted[found] = true
		}
	})
	for section, rows := range threatRows {
		for n := 1; n <= rows; n++ {
			row := fmt.Sprintf("%s-%02d", section, n)
			reason, excused := threatsElsewhere[row]
			switch {
			case !quoted[row] && !excused:
				t.Errorf("no test quotes %s", row)
			case quoted[row] && excused:
				t.Errorf("%s has a test now; it need not be excused: %s", row, reason)
			}
		}
	}
}
