package practice

import (
	"fmt"
	"strings"
)

// oidcGroup is misbehaviours of one kind.
type oidcGroup struct {
	title string
	rows  []oidcRow
}

// oidcRow is a misbehaviour and how it is done: what changes in an answer of
// each kind. want may end in " unless …".
type oidcRow struct {
	name, threat, want, says string

	only    Flavour // empty: all do it
	at      place   // where reply is called
	usual   int     // for none as the parameter; zero: it takes no number
	renames bool    // the keys get other identifiers, so that clients fetch them

	authorize func(*authorization) // the answer through the browser
	person    func(*turn, claims)  // what is said of the person, ID token and user info alike
	idToken   func(*idToken)       // the ID token, with what person did
	reply     func(*reply)         // what a program gets
}

// Codes that a correct relying party refuses with, where no single reason does.
const (
	wantExchange = "oauth_token_exchange_error"
	wantUserInfo = "oauth_fetch_user_error"
	wantUnproven = "external_account_email_address_verification_required"
	wantNoMail   = "enterprise_sso_user_attribute_missing"
	wantDomain   = "enterprise_sso_email_address_domain_mismatch"
	wantHosted   = "enterprise_sso_hosted_domain_mismatch"
)

// oidcCatalogue is all that the provider can do wrong.
func oidcCatalogue() []oidcGroup {
	return []oidcGroup{
		{"The answer through the browser", answerRows()},
		{"Clocks and lifetimes", timeRows()},
		{"Meant for somebody else", audienceRows()},
		{"Question and answer", boundRows()},
		{"Signatures of ID tokens", jwsRows()},
		{"Signatures that prove nothing", confusionRows()},
		{"Damaged and encrypted ID tokens", brokenRows()},
		{"Which key signed", jwkRows()},
		{"Headers of ID tokens", headerRows()},
		{"Published keys", keySetRows()},
		{"What documents state", documentRows()},
		{"The person’s address", addressClaimRows()},
		{"Google", googleRows()},
		{"Microsoft", microsoftRows()},
		{"The token endpoint", tokenRows()},
		{"Refreshing", refreshRows()},
		{"User info", userInfoRows()},
		{"Discovery", discoveryRows()},
		{"The provider as a whole", outageRows()},
	}
}

// OIDCMisbehaviours lists everything that Login.Misbehave and OIDC.Misbehave
// may name with a flavour. Want is a reason of oauth_token_exchange_error or
// oauth_callback_invalid, or an error code of its own. "skewed-by-N" is as in
// Misbehaviours.
func OIDCMisbehaviours(f Flavour) []Misbehaviour {
	var out []Misbehaviour
	for _, g := range oidcCatalogue() {
		for _, r := range g.rows {
			if r.only != "" && r.only != f {
				continue
			}
			want, unless, _ := strings.Cut(r.want, " unless ")
			out = append(out, Misbehaviour{
				Name: r.name, Group: g.title, Says: r.says, Want: strings.TrimPrefix(want, "none"), Unless: unless, Threat: r.threat,
			})
		}
	}
	return out
}

// row finds a misbehaviour and its parameter; the empty name is honesty.
func (o *OIDC) row(name, param string) (oidcRow, string, error) {
	if name == "" {
		return oidcRow{}, "", nil
	}
	if seconds, ok := strings.CutPrefix(name, "skewed-by-"); ok && seconds != "N" {
		name, param = "skewed-by-N", seconds
	}
	for _, g := range oidcCatalogue() {
		for _, r := range g.rows {
			switch {
			case r.name != name:
			case r.only != "" && r.only != o.config.Flavour:
				return oidcRow{}, "", fmt.Errorf("practice: only the flavour %s can do %q", r.only, name)
			default:
				return r, param, nil
			}
		}
	}
	return oidcRow{}, "", fmt.Errorf("practice: there is no misbehaviour %q", name)
}

// or is the parameter, or what stands for none.
func (t *turn) or(usual string) string {
	if t.param != "" {
		return t.param
	}
	return usual
}
