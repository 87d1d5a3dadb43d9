package cause

import (
	"maps"
	"regexp"
	"slices"
	"strings"

	"usher/internal/identity"
)

// maxText is how much of a pasted text is read, in bytes. Ours.
const maxText = 16 << 10

// OfText ranks the causes that a text of a provider's page speaks for: its error
// numbers and codes. It is empty where the text has none that is known. The
// connection may be the zero one.
func OfText(text string, c identity.Connection) []Finding {
	x := &finder{Facts: Facts{Connection: c}, console: ConsoleOf(c)}
	x.text(text, Certain)
	return x.found
}

var (
	entraNumber = regexp.MustCompile(`(?i)AADSTS(\d{4,8})`)
	googleCode  = regexp.MustCompile(`\b(app_not_configured_for_user|app_not_configured|app_not_enabled_for_user|app_not_enabled|app_not_found|redirect_uri_mismatch|admin_policy_enforced|org_internal|disallowed_useragent|deleted_client)\b`)
)

// text notes what error numbers and codes speak for, and reports whether it found
// any. What they mean may change, so nothing is decided by them.
func (x *finder) text(s string, c Confidence) bool {
	s = s[:min(len(s), maxText)]
	before := len(x.found)
	openID := !x.Connection.Provider.IsSAML() && x.Connection.Provider != ""
	for _, m := range entraNumber.FindAllStringSubmatch(s, 8) {
		i := slices.IndexFunc(entraNumbers, func(e entraCause) bool { return slices.Contains(e.numbers, m[1]) })
		if i < 0 {
			continue
		}
		n := entraNumbers[i].name
		if n == ACSNotRegistered && openID {
			n = RedirectURIMismatch
		}
		x.speak(Entra, n, c, "Microsoft's error AADSTS"+m[1]+".")
	}
	for _, m := range googleCode.FindAllStringSubmatch(s, 8) {
		if n, ok := googleCodes[m[1]]; ok && (x.console == Google || x.console == Other || strings.HasPrefix(m[1], "app_")) {
			x.speak(Google, n, c, "Google's error "+m[1]+".")
		}
	}
	if strings.Contains(s, "invalid_request") && strings.Contains(strings.ToLower(s), "acs url") {
		x.speak(Google, ACSNotRegistered, c, "Google's error about the ACS URL.")
	}
	if strings.Contains(strings.ToLower(s), "not assigned") {
		x.speak(x.console, NotAssigned, c, "The provider says that the person is not assigned.")
	}
	return len(x.found) > before
}

// speak notes a cause in the words of the console that the text is from.
func (x *finder) speak(at Console, n Name, c Confidence, because string) {
	was := x.console
	x.console = at
	x.note(n, c, "%s", because)
	x.console = was
}

// Numbers lists the error numbers and codes of providers that speak for a cause.
func Numbers(n Name) []string {
	var list []string
	for _, e := range entraNumbers {
		if e.name == n {
			for _, number := range e.numbers {
				list = append(list, "AADSTS"+number)
			}
		}
	}
	for _, code := range slices.Sorted(maps.Keys(googleCodes)) {
		if googleCodes[code] == n {
			list = append(list, code)
		}
	}
	return list
}

// entraCause is Microsoft's numbers of one cause.
type entraCause struct {
	name    Name
	numbers []string
}

// entraNumbers are from Microsoft's reference of Entra authentication and
// authorization error codes, read in 2026. Microsoft warns that they change.
var entraNumbers = []entraCause{
	{ApplicationUnknown, []string{"700016", "700011", "65005", "650056", "700054"}},
	{ACSNotRegistered, []string{"50011", "900971", "70004"}},
	{MessageNotUnderstood, []string{"75005", "750054", "90107"}},
	{RecipientMismatch, []string{"75008"}},
	{AuthnContext, []string{"75011"}},
	{NameIDUnstable, []string{"75016"}},
	{RequestNotSigned, []string{"76021"}},
	{ClockSkew, []string{"76026"}},
	{NameIDMissing, []string{"501241"}},
	{SigningKeyUnknown, []string{"50003", "50146"}},
	{NotAssigned, []string{"50105"}},
	{ProviderPolicy, []string{"53000", "53001", "53002", "53003", "530032", "50131", "50005", "500212", "500213", "500021"}},
	{StoppedAtProvider, []string{"50074", "50076", "50079", "50072", "50055", "50126", "50053", "50056", "50058"}},
	{PersonSuspended, []string{"50057"}},
	{WrongAccount, []string{"50020", "16000", "16003", "50034", "51004", "90072", "90002", "90124", "90130"}},
	{RedirectURIMismatch, []string{"50194"}},
	{ConsentMissing, []string{"65001", "65004", "90094", "90095"}},
	{ClientSecretExpired, []string{"7000222"}},
	{ClientSecretWrong, []string{"7000215", "70002"}},
	{CodeRefused, []string{"54005", "501481", "70000", "70008", "700005"}},
	{OldTab, []string{"900561"}},
}

// googleCodes are the codes of Google's error pages.
var googleCodes = map[string]Name{
	"app_not_configured":          ApplicationUnknown,
	"app_not_configured_for_user": ApplicationUnknown,
	"app_not_found":               ApplicationUnknown,
	"deleted_client":              ApplicationUnknown,
	"app_not_enabled":             ApplicationInactive,
	"app_not_enabled_for_user":    NotAssigned,
	"redirect_uri_mismatch":       RedirectURIMismatch,
	"admin_policy_enforced":       ConsentMissing,
	"org_internal":                WrongAccount,
	"disallowed_useragent":        ProviderPolicy,
}
