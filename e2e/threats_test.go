package e2e

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// threatRows is how many rows the sections on XML and on SAML of the threat
// catalogue have.
var threatRows = map[string]int{"T-XML": 33, "T-SAML": 40}

// threatsElsewhere are rows that have no test yet, with the reason.
var threatsElsewhere = map[string]string{}

// Every attack of the catalogue's sections on XML and on SAML is named by a test.
func TestThreats_EachRowHasATestThatQuotesIt(t *testing.T) {
	t.Parallel()
	quoted := map[string]bool{}
	id := regexp.MustCompile(`T-(XML|SAML)-\d\d`)
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
