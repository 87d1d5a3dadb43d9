package page

import (
	"fmt"
	"html/template"
	"strings"
	"unicode"
	"unicode/utf8"
)

// functions are what templates may call.
func functions() template.FuncMap {
	return template.FuncMap{
		"args":     args,
		"asset":    assetURL,
		"initials": Initials,
		"first":    func(name string) string { return initialsOf(name, 1) },
		"anchor":   anchor,
		"last":     func(i int, cells []Cell) bool { return i == len(cells)-1 },
	}
}

// args names the arguments of a component: {{template "alert" (args "kind"
// "info" "text" .Text)}}. One that is left out is empty.
func args(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("page: args: %v has no value", pairs[len(pairs)-1])
	}
	m := make(map[string]any, len(pairs)/2)
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("page: args: %v is not a name", pairs[i])
		}
		m[name] = pairs[i+1]
	}
	return m, nil
}

// Initials returns up to two letters that stand for a person or an
// organization: of the first and the last word, or of an address's local part.
func Initials(name string) string { return initialsOf(name, 2) }

func initialsOf(name string, most int) string {
	if at := strings.IndexByte(name, '@'); at > 0 {
		name = name[:at]
	}
	words := strings.FieldsFunc(name, func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsNumber(r) && !unicode.IsMark(r) && r != '\'' && r != '’'
	})
	if len(words) == 0 {
		return "?"
	}
	if most == 1 || len(words) == 1 {
		return firstLetter(words[0])
	}
	return firstLetter(words[0]) + firstLetter(words[len(words)-1])
}

func firstLetter(word string) string {
	r, _ := utf8.DecodeRuneInString(word)
	return string(unicode.ToUpper(r))
}

// anchor makes an id of words.
func anchor(words string) string {
	return strings.Join(strings.FieldsFunc(strings.ToLower(words), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) }), "-")
}
