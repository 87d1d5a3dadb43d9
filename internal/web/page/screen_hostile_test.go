package page_test

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"testing/fstest"

	"usher/internal/message"
	"usher/internal/web/page"
)

const (
	hostileText = `"'><script src=//evil.test></script><img src=x onerror=alert(1)>{{.CSRF}}` + "\u202e" + `</title></textarea></svg>`
	hostileURL  = `javascript:alert(document.cookie)//"onfocus="alert(1)`
)

// fill puts hostile text into every field, and one of each into every list.
func fill(v reflect.Value, url bool) {
	if v.Type() == reflect.TypeFor[message.Text]() {
		return
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(hostileText)
		if url {
			v.SetString(hostileURL)
		}
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(1)
	case reflect.Float64:
		v.SetFloat(1)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), url)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0), url)
	case reflect.Struct:
		for i := range v.NumField() {
			name := v.Type().Field(i).Name
			fill(v.Field(i), strings.HasSuffix(name, "URL") || name == "Action" || name == "Cancel" || name == "Sort" || name == "Reset" || name == "Previous" || name == "Next")
		}
	}
}

// Whatever a provider, a person or a mail program may send is text on every screen
// (threat T-API-09).
func TestScreen_WhatComesFromOutsideIsText(t *testing.T) {
	t.Parallel()
	set, err := page.NewSet(fstest.MapFS{"screen.html": {Data: []byte(`{{define "title"}}{{.Title}}{{end}}{{define "shape"}}app{{end}}{{define "content"}}{{template "screen" .}}{{end}}`)}})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []string{"text", "textarea", "select", "check", "radio", "file"} {
		var s page.Screen
		fill(reflect.ValueOf(&s).Elem(), false)
		s.Text = message.In("en")
		s.Blocks[0].Form.Fields[0].Kind = kind
		for _, post := range []bool{true, false} {
			s.Actions[0].Post = post
			s.Blocks[0].Folded = post
			w := httptest.NewRecorder()
			if err := set.Render(w, http.StatusOK, "screen", &s); err != nil {
				t.Fatal(err)
			}
			body := w.Body.String()
			for _, bad := range []string{"<script src=//evil", "<img src=x", `="javascript:`, `onfocus="alert`, "</textarea></svg>"} {
				if strings.Contains(body, bad) {
					i := strings.Index(body, bad)
					t.Errorf("%s: %q is in the page:\n%s", kind, bad, body[max(0, i-200):min(len(body), i+200)])
				}
			}
		}
	}
}
