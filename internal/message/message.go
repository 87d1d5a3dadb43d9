package message

import (
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/BurntSushi/toml"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

//go:embed text/*/*.toml
var files embed.FS

// languages are those that there are words in, English first: it is what everybody
// gets whose languages are not among them.
var languages = []string{"en", "de", "fr", "es", "ja", "pt-BR"}

// Languages lists the languages, as BCP 47 tags.
func Languages() []string { return slices.Clone(languages) }

// book is the words in one language.
type book struct {
	lang     string
	tag      language.Tag
	messages map[string]entry
}

// entry is a message: its forms by the plural category that they are for. One that
// depends on no number has the form plural.Other alone.
type entry map[plural.Form]string

// books is the words in every language. It is a constant.
var books = sync.OnceValues(func() (map[string]*book, error) { return read(files) })

var matcher = sync.OnceValue(func() language.Matcher {
	tags := make([]language.Tag, 0, len(languages))
	for _, lang := range languages {
		tags = append(tags, language.MustParse(lang))
	}
	return language.NewMatcher(tags)
})

func read(from fs.FS) (map[string]*book, error) {
	all := map[string]*book{}
	for _, lang := range languages {
		b := &book{lang: lang, tag: language.MustParse(lang), messages: map[string]entry{}}
		names, err := fs.Glob(from, "text/"+lang+"/*.toml")
		if err != nil {
			return nil, fmt.Errorf("message: listing: %w", err)
		}
		for _, name := range names {
			text, err := fs.ReadFile(from, name)
			if err != nil {
				return nil, fmt.Errorf("message: reading: %w", err)
			}
			var tree map[string]any
			if err := toml.Unmarshal(text, &tree); err != nil {
				return nil, fmt.Errorf("message: %s/%s: %w", lang, path.Base(name), err)
			}
			if err := b.add("", tree); err != nil {
				return nil, fmt.Errorf("message: %s/%s: %w", lang, path.Base(name), err)
			}
		}
		all[lang] = b
	}
	return all, nil
}

// forms are the names of plural categories, as Unicode has them.
var forms = map[string]plural.Form{
	"zero": plural.Zero, "one": plural.One, "two": plural.Two, "few": plural.Few, "many": plural.Many, "other": plural.Other,
}

func (b *book) add(prefix string, tree map[string]any) error {
	for name, value := range tree {
		key := prefix + name
		switch v := value.(type) {
		case string:
			if _, twice := b.messages[key]; twice {
				return fmt.Errorf("%s is there twice", key)
			}
			b.messages[key] = entry{plural.Other: v}
		case map[string]any:
			if _, counts := v["other"].(string); counts {
				e := entry{}
				for form, text := range v {
					f, known := forms[form]
					s, isText := text.(string)
					if !known || !isText {
						return fmt.Errorf("%s has no plural form %q", key, form)
					}
					e[f] = s
				}
				b.messages[key] = e
			} else if err := b.add(key+".", v); err != nil {
				return err
			}
		default:
			return fmt.Errorf("%s is %T", key, value)
		}
	}
	return nil
}

// maxAccept is in bytes. Browsers send some dozens; ours.
const maxAccept = 256

// For returns the words in the language that suits an Accept-Language header best.
func For(accept string) Text {
	if len(accept) > maxAccept {
		return Text{}
	}
	tags, _, err := language.ParseAcceptLanguage(accept)
	if err != nil || len(tags) == 0 {
		return Text{}
	}
	_, i, confidence := matcher().Match(tags...)
	if confidence == language.No {
		return Text{}
	}
	return Text{languages[i]}
}

// In returns the words in a language of the list; in English for any other.
func In(lang string) Text {
	if !slices.Contains(languages, lang) {
		return Text{}
	}
	return Text{lang}
}

// Text says things in one language. The zero value speaks English.
type Text struct{ lang string }

// Lang is the language, as a BCP 47 tag.
func (t Text) Lang() string {
	if t.lang == "" {
		return languages[0]
	}
	return t.lang
}

// Has reports whether there is a message of a key.
func (t Text) Has(key string) bool {
	_, _, err := t.find(key)
	return err == nil
}

// T says a message, with values by name: T("time.minutes_ago", "count", 3). It is
// plain text, for titles, labels and arguments.
func (t Text) T(key string, args ...any) (string, error) {
	text, values, err := t.choose(key, args)
	if err != nil {
		return "", err
	}
	return values.fill(strings.NewReplacer("**", "", "[", "", "]", "").Replace(text), plain), nil
}

// Say is T for words that are known to be there: it says the key where they are not.
func (t Text) Say(key string, args ...any) string {
	text, err := t.T(key, args...)
	if err != nil {
		return key
	}
	return text
}

func plain(value string) string { return value }

// find is the message of a key, and the book that it is in.
func (t Text) find(key string) (entry, *book, error) {
	all, err := books()
	if err != nil {
		return nil, nil, err
	}
	for _, lang := range []string{t.Lang(), languages[0]} {
		if e, ok := all[lang].messages[key]; ok {
			return e, all[lang], nil
		}
	}
	return nil, nil, fmt.Errorf("message: no message %q", key)
}

// choose finds a message's form and reads its arguments.
func (t Text) choose(key string, args []any) (string, arguments, error) {
	e, b, err := t.find(key)
	if err != nil {
		return "", nil, err
	}
	values, err := pairs(args)
	if err != nil {
		return "", nil, fmt.Errorf("%w of %s", err, key)
	}
	form := plural.Other
	if n, ok := values["count"].(int); ok {
		form = plural.Cardinal.MatchPlural(b.tag, max(n, -n), 0, 0, 0, 0)
	}
	text, ok := e[form]
	if !ok {
		text = e[plural.Other]
	}
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		if _, ok := values[m[1]]; !ok {
			return "", nil, fmt.Errorf("message: %s lacks a value for %s", key, m[0])
		}
	}
	return text, values, nil
}

var placeholder = regexp.MustCompile(`\{([a-z_]+)\}`)

// arguments are values by name.
type arguments map[string]any

func pairs(list []any) (arguments, error) {
	if len(list)%2 != 0 {
		return nil, errors.New("message: a value is missing")
	}
	a := make(arguments, len(list)/2)
	for i := 0; i < len(list); i += 2 {
		name, ok := list[i].(string)
		if !ok {
			return nil, fmt.Errorf("message: %v is no name", list[i])
		}
		a[name] = list[i+1]
	}
	return a, nil
}

// fill puts values into a text, each as show makes it. What is in a value stands for
// nothing.
func (a arguments) fill(text string, show func(string) string) string {
	return placeholder.ReplaceAllStringFunc(text, func(m string) string {
		return show(fmt.Sprint(a[m[1:len(m)-1]]))
	})
}
