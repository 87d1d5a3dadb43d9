package account

import "regexp"

var (
	codeForm = regexp.MustCompile(`(?m)^\s+([0-9]{6})\s*$`)
	linkForm = regexp.MustCompile(`https?://[^\s<>"]+`)
)

// codeIn finds the one-time code that a mail carries on a line of its own.
func codeIn(text string) string {
	if m := codeForm.FindStringSubmatch(text); m != nil {
		return m[1]
	}
	return ""
}

// linksIn finds the links of a mail.
func linksIn(text string) []string { return linkForm.FindAllString(text, -1) }
