package account_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"usher/internal/fault"
	"usher/internal/message"
	"usher/internal/web/account"
	"usher/internal/web/page"
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

// A failure is told in the language that the browser asks for, whatever fails.
func TestFailure_SpeaksTheLanguageOfTheBrowser(t *testing.T) {
	t.Parallel()
	pages := newPages(t)
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header.Set("Accept-Language", "de-CH, fr;q=0.8")
	text := message.For(r.Header.Get("Accept-Language"))
	view := &account.Error{Frame: page.Frame{App: "Acme", Text: text}, Words: account.WordsFor(text, fault.New(fault.NotFound))}
	w := httptest.NewRecorder()
	if err := pages.Render(w, http.StatusNotFound, account.PageError, view); err != nil {
		t.Fatal(err)
	}
	if body := w.Body.String(); !strings.Contains(body, `<html lang="de"`) || !strings.Contains(body, "Diese Seite gibt es nicht") {
		t.Errorf("got %s", body)
	}
}
