package account_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"usher/internal/fault"
	"usher/internal/message"
	"usher/internal/web/account"
)

// in puts a sample into a language.
func (s sample) in(lang string) sample {
	frame := reflect.ValueOf(s.view).Elem().FieldByName("Frame")
	frame.FieldByName("Text").Set(reflect.ValueOf(message.In(lang)))
	s.name += "_" + lang
	return s
}

// languageSamples are a few pages in each language but English.
func languageSamples() []sample {
	var all []sample
	for _, lang := range message.Languages()[1:] {
		for _, s := range samples() {
			switch s.name {
			case "sign_in_code", "user":
				all = append(all, s.in(lang))
			}
		}
		failed := sample{"error_sso", account.PageError, &account.Error{
			Frame: frame(), Words: account.WordsFor(message.In(lang), fault.New(fault.SAMLResponseInvalid)),
			Reference: "ssoa_2x9KbPq7tR4mVn8sWc1yZd5eLf3", Code: "saml_response_invalid", ContactEmail: "it@acme.test", StartURL: "/sign-in",
		}}
		all = append(all, failed.in(lang))
	}
	return all
}

// Whatever a page has and holds, it keeps the rules in each language.
func TestPages_KeepTheRulesInEachLanguage(t *testing.T) {
	t.Parallel()
	pages := newPages(t)
	for _, lang := range message.Languages() {
		t.Run(lang, func(t *testing.T) {
			t.Parallel()
			for _, s := range append(samples(), hostileSamples()...) {
				w := render(t, pages, s.in(lang))
				if got := w.Header().Get("Content-Language"); got != lang {
					t.Errorf("%s: Content-Language is %s", s.name, got)
				}
				body := w.Body.Bytes()
				checkBalanced(t, body)
				root, err := html.Parse(bytes.NewReader(body))
				if err != nil {
					t.Fatal(err)
				}
				all := elements(root)
				if all[0].attr["lang"] != lang {
					t.Errorf("%s: lang is %q", s.name, all[0].attr["lang"])
				}
				checkLandmarks(t, all)
				checkNames(t, all)
				checkSafe(t, all)
			}
		})
	}
}

// What a person reads about a form is in the catalogue's words, in English.
func TestMessages_OfFormsAreThoseOfTheCatalogue(t *testing.T) {
	t.Parallel()
	for _, code := range fault.Codes() {
		entry, _ := fault.Lookup(code)
		text := message.Text{}.Say("problem." + string(code))
		if !strings.HasPrefix(text, "problem.") && !strings.Contains(entry.Message, "{") && text != entry.Message {
			t.Errorf("%s: the page says %q, the catalogue %q", code, text, entry.Message)
		}
	}
}

func TestWordsFor_AreThereInEachLanguage(t *testing.T) {
	t.Parallel()
	for _, lang := range message.Languages() {
		for _, code := range fault.Codes() {
			w := account.WordsFor(message.In(lang), fault.New(code))
			for _, text := range append(w.Todo, w.Heading, w.Happened) {
				if text == "" || strings.HasPrefix(text, "failure.") || strings.HasPrefix(text, "advice.") {
					t.Errorf("%s: %s says %q", lang, code, text)
				}
			}
		}
	}
}

// Pages, forms that were filled in wrongly and failures speak the language that the
// browser asks for.
func TestPages_SpeakTheLanguageOfTheBrowser(t *testing.T) {
	t.Parallel()
	v := newSite(t).visitor()
	ask := func(method, path string, form url.Values) string {
		r := httptest.NewRequestWithContext(t.Context(), method, base+path, strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Accept-Language", "de-CH, fr;q=0.8")
		return v.do(r).Body.String()
	}
	for what, test := range map[string]struct{ body, words string }{
		"a page":            {ask(http.MethodGet, "/sign-in", nil), "Mit Ihrer dienstlichen Adresse"},
		"a form":            {ask(http.MethodPost, "/sign-in", url.Values{"csrf_token": {v.csrf}, account.FieldEmail: {"x"}}), "Geben Sie eine E-Mail-Adresse wie"},
		"a page that isn't": {ask(http.MethodGet, "/no-such-page", nil), "Diese Seite gibt es nicht"},
	} {
		if !strings.Contains(test.body, `<html lang="de"`) || !strings.Contains(test.body, test.words) {
			t.Errorf("%s: got %s", what, test.body)
		}
	}
}
