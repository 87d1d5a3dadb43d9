package session_test

import (
	"net/http"
	"testing"

	"usher/internal/fault"
	"usher/internal/session"
)

// Threat T-SES-02.
func TestCookie_RefusesDuplicates(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		headers []string
		value   string
		sent    bool
		code    fault.Code
	}{
		"one":                                {[]string{"a=1; __Host-c=v; b=2"}, "v", true, ""},
		"none":                               {[]string{"a=1"}, "", false, ""},
		"a value with =":                     {[]string{"__Host-c=v=="}, "v==", true, ""},
		"an empty value":                     {[]string{"__Host-c="}, "", true, ""},
		"in a second header":                 {[]string{"a=1", "__Host-c=v"}, "v", true, ""},
		"twice":                              {[]string{"__Host-c=v; __Host-c=w"}, "", false, fault.CookieInvalid},
		"twice the same":                     {[]string{"__Host-c=v; __Host-c=v"}, "", false, fault.CookieInvalid},
		"twice over two headers":             {[]string{"__Host-c=v", "__Host-c=w"}, "", false, fault.CookieInvalid},
		"another case":                       {[]string{"__host-C=v"}, "", false, ""},
		"behind a no-break space":            {[]string{"\u00a0__Host-c=v"}, "", false, ""},
		"behind a tab":                       {[]string{"a=1; \t__Host-c=v"}, "", false, ""},
		"a space before =":                   {[]string{"__Host-c =v"}, "", false, ""},
		"old quoting does not hide a second": {[]string{`$Version=1; a="x; __Host-c=w"; __Host-c=v`}, "", false, fault.CookieInvalid},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := &http.Request{Header: http.Header{"Cookie": tt.headers}}
			value, sent, err := session.ReadCookie(r, "__Host-c")
			if value != tt.value || sent != tt.sent || (tt.code == "") != (err == nil) || err != nil && !fault.Is(err, tt.code) {
				t.Errorf("Cookie = %q, %v, %v", value, sent, err)
			}
		})
	}
}
