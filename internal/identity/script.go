package identity

import (
	"slices"
	"unicode"
)

// scriptSets are the sets of scripts that one name may use together besides one
// script alone: UTS 39, section 5.2, "highly restrictive".
var scriptSets = [][]string{
	{"Latin", "Han", "Hiragana", "Katakana"},
	{"Latin", "Han", "Bopomofo"},
	{"Latin", "Han", "Hangul"},
}

// singleScript reports whether the name, its top-level domain included, keeps to
// one script or to a set that one language uses.
func singleScript(s string) bool {
	var found []string
	for _, r := range s {
		name := script(r)
		if name != "" && !slices.Contains(found, name) {
			found = append(found, name)
		}
	}
	if len(found) < 2 {
		return true
	}
	return slices.ContainsFunc(scriptSets, func(set []string) bool {
		return !slices.ContainsFunc(found, func(name string) bool { return !slices.Contains(set, name) })
	})
}

// script names the script of a letter; empty for digits, hyphens, marks and
// whatever else all scripts share.
func script(r rune) string {
	if unicode.In(r, unicode.Common, unicode.Inherited) {
		return ""
	}
	for name, table := range unicode.Scripts {
		if unicode.Is(table, r) {
			return name
		}
	}
	return "unknown"
}
