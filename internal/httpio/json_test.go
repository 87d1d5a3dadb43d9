package httpio_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"usher/internal/fault"
	"usher/internal/httpio"
)

type base struct {
	ID string `json:"id"`
}

type body struct {
	base

	Name     string                          `json:"name"`
	Count    int8                            `json:"count,omitempty"`
	Size     uint16                          `json:"size"`
	Ratio    float32                         `json:"ratio"`
	Active   bool                            `json:"active"`
	Domains  []string                        `json:"domains"`
	Label    httpio.Field[string]            `json:"label"`
	Roles    httpio.Field[[]role]            `json:"roles"`
	Meta     map[string]any                  `json:"meta"`
	Raw      json.RawMessage                 `json:"raw"`
	Nested   *nested                         `json:"nested"`
	ByName   map[string]nested               `json:"by_name"`
	Deep     httpio.Field[httpio.Field[int]] `json:"deep"`
	Untagged string
	Hidden   string `json:"-"`
	private  string //nolint:unused // must stay unknown
}

type role struct {
	Key string `json:"key"`
}

type nested struct {
	Key  string `json:"key"`
	Rank int    `json:"rank"`
}

// failures lists code, parameter and reason of every failure in err.
func failures(err error) []string {
	var list []string
	for _, e := range fault.All(err) {
		s := string(e.Code())
		if p, ok := e.Meta()["param_name"]; ok {
			s += fmt.Sprintf(" %v", p)
		}
		if r, ok := e.Meta()["reason"]; ok {
			s += fmt.Sprintf(" %v", r)
		}
		list = append(list, s)
	}
	return list
}

func TestReadJSON_ReadsWhatIsThere(t *testing.T) {
	t.Parallel()
	var got body
	err := httpio.DecodeJSON([]byte(` {"id":"x","name":"\u00e4 \ud83d\ude00 \\u0000 ä","count":-128,"size":65535,"ratio":1.5e3,"active":true,
		"domains":["a","b"],"label":null,"roles":[{"key":"admin"}],"meta":{"Any":[1,{"thing":null}]},"raw":{"x":[1,2]},
		"nested":{"key":"k","rank":1},"by_name":{"one":{"rank":2}},"deep":7,"Untagged":"u"} `), &got)
	if err != nil {
		t.Fatal(err)
	}
	want := body{
		base: base{ID: "x"}, Name: "ä 😀 \\u0000 ä", Count: -128, Size: 65535, Ratio: 1500, Active: true,
		Domains: []string{"a", "b"}, Label: httpio.Field[string]{Set: true, Null: true}, Roles: httpio.Of([]role{{"admin"}}),
		Meta: map[string]any{"Any": []any{1.0, map[string]any{"thing": nil}}}, Raw: json.RawMessage(`{"x":[1,2]}`),
		Nested: &nested{"k", 1}, ByName: map[string]nested{"one": {Rank: 2}}, Deep: httpio.Of(httpio.Of(7)), Untagged: "u",
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(body{}, base{})); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
}

// Threat T-API-06.
func TestReadJSON_Refuses(t *testing.T) {
	t.Parallel()
	const bad = "request_body_invalid "
	tests := map[string]struct {
		text string
		want string // failures, separated by semicolons
	}{
		"unknown names, all of them":        {`{"naem":1,"id":"x","role":{"a":[]},"verified":true}`, "form_param_unknown naem; form_param_unknown role; form_param_unknown verified"},
		"a name in another case":            {`{"Name":"x"}`, "form_param_unknown Name"},
		"a name in full-width case folding": {`{"raw":1,"ſize":2}`, "form_param_unknown ſize"},
		"a hidden and a private member":     {`{"Hidden":"","private":"","-":""}`, "form_param_unknown Hidden; form_param_unknown private; form_param_unknown -"},
		"an unknown name inside":            {`{"nested":{"kee":1},"roles":[{"key":""},{"k":1},{"k":2}],"by_name":{"a":{"x":1}}}`, "form_param_unknown nested.kee; form_param_unknown roles.k; form_param_unknown by_name.a.x"},
		"a duplicate":                       {`{"name":"a","name":"b"}`, "form_param_duplicate name"},
		"a duplicate by escape":             {`{"name":"a","n\u0061me":"b"}`, "form_param_duplicate name"},
		"a duplicate in free data":          {`{"meta":{"a":{"b":1,"b":2}}}`, "form_param_duplicate meta.a.b"},
		"wrong types, all of them":          {`{"name":1,"count":"1","active":"true","domains":"a","label":[],"roles":{},"meta":[],"nested":[],"deep":""}`, "form_param_type_invalid name; form_param_type_invalid count; form_param_type_invalid active; form_param_type_invalid domains; form_param_type_invalid label; form_param_type_invalid roles; form_param_type_invalid meta; form_param_type_invalid nested; form_param_type_invalid deep"},
		"a wrong type in a list, once":      {`{"domains":["a",1,2]}`, "form_param_type_invalid domains"},
		"a number out of range":             {`{"count":128,"size":-1,"ratio":1e39,"deep":1.5}`, "form_param_type_invalid count; form_param_type_invalid size; form_param_type_invalid ratio; form_param_type_invalid deep"},
		"1e400":                             {`{"meta":{"a":1e400}}`, bad + "a number is too large (at byte 18)"},
		"-1e400 for a number":               {`{"ratio":-1e400}`, bad + "a number is too large (at byte 15)"},
		"an array":                          {`[]`, bad + "it is not a JSON object (at byte 0)"},
		"null":                              {`null`, bad + "it is not a JSON object (at byte 0)"},
		"white space":                       {` `, bad + "it is not a JSON object (at byte 1)"},
		"a byte order mark":                 {"\ufeff{}", bad + "it is not a JSON object (at byte 0)"},
		"two objects":                       {`{}{}`, bad + "something follows the JSON object (at byte 2)"},
		"cut short":                         {`{"name":"x"`, bad + "a comma is missing (at byte 11)"},
		"a text cut short":                  {`{"name":"x`, bad + "a text has a control character or no end (at byte 10)"},
		"an escape cut short":               {`{"name":"\`, bad + "a text has an unknown escape (at byte 10)"},
		"a \\u cut short":                   {`{"name":"\u12`, bad + "a text has an unknown escape (at byte 11)"},
		"a comma too many":                  {`{"name":"x",}`, bad + "a name is missing (at byte 12)"},
		"a comma too many in a list":        {`{"domains":["a",]}`, bad + "it is not JSON (at byte 16)"},
		"no colon":                          {`{"name" "x"}`, bad + "a colon is missing (at byte 8)"},
		"a comment":                         {`{/**/"name":"x"}`, bad + "a name is missing (at byte 1)"},
		"single quotes":                     {`{'name':'x'}`, bad + "a name is missing (at byte 1)"},
		"NaN":                               {`{"ratio":NaN}`, bad + "it is not JSON (at byte 9)"},
		"01":                                {`{"count":01}`, bad + "a comma is missing (at byte 10)"},
		"+1":                                {`{"count":+1}`, bad + "it is not JSON (at byte 9)"},
		"1.":                                {`{"count":1.}`, bad + "a number is malformed (at byte 11)"},
		".5":                                {`{"ratio":.5}`, bad + "it is not JSON (at byte 9)"},
		"1e":                                {`{"ratio":1e}`, bad + "a number is malformed (at byte 11)"},
		"an escaped NUL":                    {`{"name":"a\u0000"}`, bad + "a text has a NUL character (at byte 16)"},
		"an escaped NUL in a name":          {`{"meta":{"\u0000":1}}`, bad + "a text has a NUL character (at byte 16)"},
		"a raw NUL":                         {"{\"name\":\"a\x00\"}", bad + "a text has a control character or no end (at byte 10)"},
		"a raw line feed":                   {"{\"name\":\"a\n\"}", bad + "a text has a control character or no end (at byte 10)"},
		"bad UTF-8":                         {"{\"name\":\"\xff\"}", bad + "it is not UTF-8 (at byte 9)"},
		"overlong UTF-8":                    {"{\"name\":\"\xc0\x80\"}", bad + "it is not UTF-8 (at byte 9)"},
		"a surrogate in UTF-8":              {"{\"name\":\"\xed\xa0\x80\"}", bad + "it is not UTF-8 (at byte 9)"},
		"a lone high surrogate":             {`{"name":"\ud83d"}`, bad + "a text has half a surrogate pair (at byte 15)"},
		"a lone low surrogate":              {`{"name":"\ude00"}`, bad + "a text has half a surrogate pair (at byte 15)"},
		"two high surrogates":               {`{"name":"\ud83d\ud83d"}`, bad + "a text has half a surrogate pair (at byte 21)"},
		"an unknown escape":                 {`{"name":"\x41"}`, bad + "a text has an unknown escape (at byte 11)"},
		"depth 1,000":                       {`{"raw":` + strings.Repeat("[", 1000) + strings.Repeat("]", 1000) + `}`, bad + "it is nested too deeply (at byte 39)"},
		"depth 1,000 of objects":            {`{"meta":` + strings.Repeat(`{"a":`, 1000), bad + "it is nested too deeply (at byte 168)"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var b body
			err := httpio.DecodeJSON([]byte(tt.text), &b)
			if err == nil {
				t.Fatalf("read as %+v", b)
			}
			if got := strings.Join(failures(err), "; "); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}

func TestReadJSON_BoundsItsAnswer(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString(`{"` + strings.Repeat("é", 10_000) + `":1`)
	for i := range 1000 {
		fmt.Fprintf(&text, `,"p%d":1`, i)
	}
	text.WriteString("}")
	var b body
	got := failures(httpio.DecodeJSON([]byte(text.String()), &b))
	if len(got) != 100 || len(got[0]) > 150 {
		t.Errorf("%d failures, the first of %d bytes", len(got), len(got[0]))
	}
}

func TestReadJSON_WantsJSON(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		types  []string
		body   string
		status int
		code   string
	}{
		"JSON":                      {[]string{"application/json"}, `{"name":"x"}`, 200, ""},
		"JSON in UTF-8":             {[]string{"Application/JSON; charset=UTF-8"}, `{"name":"x"}`, 200, ""},
		"an empty body of no type":  {nil, ``, 200, ""},
		"an empty body of any type": {[]string{"text/plain"}, ``, 200, ""},
		"no type":                   {nil, `{}`, 415, "unsupported_content_type"},
		"plain text":                {[]string{"text/plain"}, `{}`, 415, "unsupported_content_type"},
		"a form":                    {[]string{"application/x-www-form-urlencoded"}, `name=x`, 415, "unsupported_content_type"},
		"another charset":           {[]string{"application/json; charset=utf-16"}, `{}`, 415, "unsupported_content_type"},
		"two types":                 {[]string{"application/json", "text/plain"}, `{}`, 415, "unsupported_content_type"},
		"a malformed type":          {[]string{"application/json;;="}, `{}`, 415, "unsupported_content_type"},
		"a body over the limit":     {[]string{"application/json"}, `{"name":"` + strings.Repeat("x", 1<<20) + `"}`, 413, "request_body_too_large"},
		"a malformed body":          {[]string{"application/json"}, `{`, 400, "request_body_invalid"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(tt.body))
			r.Header["Content-Type"] = tt.types
			w, line := observed(t, httpio.Handle(func(w http.ResponseWriter, r *http.Request) error {
				var b body
				return httpio.ReadJSON(w, r, &b)
			}), r)
			if w.Code != tt.status || line["code"] != tt.code {
				t.Errorf("got %d %v, want %d %s", w.Code, line["code"], tt.status, tt.code)
			}
		})
	}
}

func TestReadJSON_LetsATypeReadItself(t *testing.T) {
	t.Parallel()
	var b struct {
		At    time.Time               `json:"at"`
		Until httpio.Field[time.Time] `json:"until"`
	}
	if err := httpio.DecodeJSON([]byte(`{"at":"2026-11-25T09:00:00Z","until":"2026-11-26T09:00:00Z"}`), &b); err != nil || b.Until.Value.Sub(b.At) != 24*time.Hour {
		t.Errorf("DecodeJSON: %v, %+v", err, b)
	}
	for _, text := range []string{`{"at":"soon"}`, `{"until":1}`, `{"at":{}}`} {
		if err := httpio.DecodeJSON([]byte(text), &b); !fault.Is(err, fault.RequestBodyInvalid) {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestField_TellsAbsentFromNull(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]httpio.Field[string]{
		`{}`:             {},
		`{"label":null}`: {Set: true, Null: true},
		`{"label":""}`:   {Set: true},
		`{"label":"x"}`:  {Set: true, Value: "x"},
	} {
		var b body
		if err := httpio.DecodeJSON([]byte(text), &b); err != nil || b.Label != want {
			t.Errorf("%s: %+v, %v; want %+v", text, b.Label, err, want)
		}
		if p := b.Label.Ptr(); (p != nil) != (want.Set && !want.Null) || p != nil && *p != want.Value {
			t.Errorf("%s: Ptr = %v", text, p)
		}
		out, err := json.Marshal(struct {
			Label httpio.Field[string] `json:"label,omitzero"`
		}{b.Label})
		if err != nil || string(out) != text {
			t.Errorf("%s is written as %s, %v", text, out, err)
		}
	}
}

// What passes is JSON that encoding/json reads without an error.
func FuzzDecodeJSON(f *testing.F) {
	f.Add(`{"id":"x","name":"\u00e4 \ud83d\ude00","count":-128,"ratio":1.5e3,"roles":[{"key":"a"}],"raw":[{}]}`)
	f.Add(`{"meta":{"a":[true,false,null,-0.0e-1]}}`)
	f.Add(`{"name":"\ud83d\u0041"}`)
	f.Fuzz(func(t *testing.T, text string) {
		var b body
		err := httpio.DecodeJSON([]byte(text), &b)
		if err == nil {
			if !json.Valid([]byte(text)) {
				t.Errorf("%q passes and is not JSON", text)
			}
			return
		}
		for _, e := range fault.All(err) {
			if s := e.Status(); s != 400 && s != 422 {
				t.Errorf("%q: status %d", text, s)
			}
		}
		if strings.Contains(err.Error(), "right form") {
			t.Errorf("%q passes the check and not encoding/json: %v", text, err)
		}
	})
}
