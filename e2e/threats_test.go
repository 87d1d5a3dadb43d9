package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// threatRows is how many rows the sections on XML, SAML, OpenID Connect, EASIE, the
// conformance of relying parties, organizations, sessions, the APIs, outgoing calls,
// webhooks and overload have in the threat catalogue.
var threatRows = map[string]int{
	"T-XML": 33, "T-SAML": 40, "T-OIDC": 33, "T-EASIE": 10, "T-RP": 28,
	"T-ORG": 19, "T-SES": 18, "T-API": 17, "T-NET": 7, "T-WH": 4, "T-DOS": 18,
}

// threatsElsewhere are rows that have no test yet, with the reason.
var threatsElsewhere = map[string]string{
	"T-SES-06": "there is no handshake yet",
	"T-SES-18": "there are no break-glass codes yet",
	"T-API-04": "organizations set up no SSO by themselves yet",
	"T-API-11": "there is no export as CSV",
	"T-API-17": "there is no usher apply yet",
	"T-NET-07": "no scripts of others are fetched yet",
}

// Every attack of those sections of the catalogue is named by a test.
func TestThreats_EachRowHasATestThatQuotesIt(t *testing.T) {
	t.Parallel()
	quoted := map[string]bool{}
	id := regexp.MustCompile(`T-(XML|SAML|OIDC|EASIE|RP|ORG|SES|API|NET|WH|DOS)-\d\d`)
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
