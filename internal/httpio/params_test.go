package httpio_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"usher/internal/fault"
	"usher/internal/httpio"
)

func query(t *testing.T, raw string) httpio.Params {
	t.Helper()
	p, err := httpio.Query(&http.Request{URL: &url.URL{RawQuery: raw}})
	if err != nil {
		t.Fatalf("Query(%q): %v", raw, err)
	}
	return p
}

// Threat T-API-07.
func TestPage_IsBounded(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		limit, offset int
		want          string // failures
	}{
		"":                                       {10, 0, ""},
		"limit=500&offset=20":                    {500, 20, ""},
		"limit=1":                                {1, 0, ""},
		"limit=":                                 {10, 0, ""},
		"limit=501":                              {want: "form_param_value_invalid limit"},
		"limit=0":                                {want: "form_param_value_invalid limit"},
		"limit=-1":                               {want: "form_param_value_invalid limit"},
		"limit=ten":                              {want: "form_param_value_invalid limit"},
		"limit=1e2":                              {want: "form_param_value_invalid limit"},
		"limit=5&limit=6":                        {want: "form_param_duplicate limit"},
		"offset=-1":                              {want: "form_param_value_invalid offset"},
		"offset=1000000000000000000":             {want: "form_param_value_invalid offset"},
		"offset=99999999999999999999999&limit=x": {want: "form_param_value_invalid limit; form_param_value_invalid offset"},
	}
	for raw, tt := range tests {
		t.Run(raw, func(t *testing.T) {
			t.Parallel()
			limit, offset, err := httpio.Page(get("/?" + raw))
			if tt.want != "" {
				if got := strings.Join(failures(err), "; "); err == nil || got != tt.want {
					t.Errorf("got %q, want %q", got, tt.want)
				}
				return
			}
			if err != nil || limit != tt.limit || offset != tt.offset {
				t.Errorf("Page = %d, %d, %v", limit, offset, err)
			}
		})
	}
}

func TestParams_Bool(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"":          "false false <nil>",
		"b=true":    "true true <nil>",
		"b=false":   "false true <nil>",
		"b=":        "false false <nil>",
		"b=1":       "false false form_param_value_invalid",
		"b=TRUE":    "false false form_param_value_invalid",
		"b=true&b=": "false false form_param_duplicate",
	} {
		value, given, err := query(t, raw).Bool("b")
		if got := fmt.Sprint(value, given, err); got != want {
			t.Errorf("%q: %s, want %s", raw, got, want)
		}
	}
}

func TestParams_ListTakesCommasAndRepeats(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string][]string{
		"":                        nil,
		"id=":                     nil,
		"id=a":                    {"a"},
		"id=a,b":                  {"a", "b"},
		"id=a&id=b,c&other=d&id=": {"a", "b", "c"},
		"id=%2Ba,-b":              {"+a", "-b"},
	} {
		if got, err := query(t, raw).List("id"); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q: %q, %v; want %q", raw, got, err, want)
		}
	}
	if got, err := query(t, "id="+strings.Repeat("a,", 100)).List("id"); err != nil || len(got) != 100 {
		t.Errorf("100 values: %d, %v", len(got), err)
	}
	if _, err := query(t, "id="+strings.Repeat("a,", 101)).List("id"); !fault.Is(err, fault.FormParamArraySize) {
		t.Errorf("101 values: %v", err)
	}
}

// Threat T-API-07.
func TestParams_OrderTakesListedFieldsOnly(t *testing.T) {
	t.Parallel()
	byDefault := httpio.Order{Field: "created_at", Desc: true}
	for raw, want := range map[string]httpio.Order{
		"":                          byDefault,
		"order_by=":                 byDefault,
		"order_by=name":             {Field: "name"},
		"order_by=%2Bname":          {Field: "name"},
		"order_by=+name":            {Field: "name"},
		"order_by=-name":            {Field: "name", Desc: true},
		"order_by=-name,created_at": {Field: "name", Desc: true},
	} {
		if got, err := query(t, raw).Order(byDefault, "created_at", "name"); err != nil || got != want {
			t.Errorf("%q: %+v, %v; want %+v", raw, got, err, want)
		}
	}
	for _, raw := range []string{"order_by=password", "order_by=--name", "order_by=-", "order_by=name;DROP", "order_by=Name", "order_by=,name"} {
		p := httpio.Params{"order_by": {strings.TrimPrefix(raw, "order_by=")}}
		if got, err := p.Order(byDefault, "created_at", "name"); !fault.Is(err, fault.FormParamValueInvalid) {
			t.Errorf("%q: %+v, %v", raw, got, err)
		}
	}
}

// Threat T-API-03.
func TestParams_AllowNamesEveryUnknownParameter(t *testing.T) {
	t.Parallel()
	p := query(t, "name=x&verified=true&role=admin&id=1")
	want := []string{"form_param_unknown id", "form_param_unknown role", "form_param_unknown verified"}
	if got := failures(p.Allow("name", "slug")); !slices.Equal(got, want) {
		t.Errorf("Allow: %q, want %q", got, want)
	}
	if err := p.Allow("name", "verified", "role", "id"); err != nil {
		t.Errorf("Allow: %v", err)
	}
}

func TestQuery_RefusesWhatIsMalformed(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{"a=%zz", "a=%00", "a%00=1", "a=%ff", "a=1;b=2", strings.Repeat("&", 1000)} {
		if _, err := httpio.Query(&http.Request{URL: &url.URL{RawQuery: raw}}); !fault.Is(err, fault.FormParamFormatInvalid) {
			t.Errorf("%.20q: %v", raw, err)
		}
	}
}

// Threat T-SES-09.
func TestReadForm_TakesFormsOnly(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		contentType, body string
		code              fault.Code
	}{
		"a form":                    {"application/x-www-form-urlencoded", "name=x", ""},
		"a form in UTF-8":           {"application/x-www-form-urlencoded; charset=utf-8", "name=x", ""},
		"an empty body of any type": {"text/plain", "", ""},
		"plain text":                {"text/plain", "name=x", fault.RequestBodyInvalid},
		"JSON":                      {"application/json", `{"name":"x"}`, fault.RequestBodyInvalid},
		"a malformed escape":        {"application/x-www-form-urlencoded", "name=%", fault.RequestBodyInvalid},
		"NUL":                       {"application/x-www-form-urlencoded", "name=%00", fault.RequestBodyInvalid},
		"bad UTF-8":                 {"application/x-www-form-urlencoded", "name=\xff", fault.RequestBodyInvalid},
		"too many fields":           {"application/x-www-form-urlencoded", strings.Repeat("a=&", 1000), fault.RequestBodyInvalid},
		"over the limit":            {"application/x-www-form-urlencoded", strings.Repeat("a", 1<<20+1), fault.RequestBodyTooLarge},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodPost, "/?name=query", strings.NewReader(tt.body))
			r.Header.Set("Content-Type", tt.contentType)
			p, err := httpio.ReadForm(httptest.NewRecorder(), r)
			if (err == nil) != (tt.code == "") || err != nil && !fault.Is(err, tt.code) {
				t.Fatalf("ReadForm: %v, want %q", err, tt.code)
			}
			if got, _ := p.Text("name"); err == nil && tt.body != "" && got != "x" {
				t.Errorf("name = %q", got)
			}
			if err == nil && p.Has("name") != (tt.body != "") {
				t.Errorf("Has(name) = %v", p.Has("name"))
			}
		})
	}
}
