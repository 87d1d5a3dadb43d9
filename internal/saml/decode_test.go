package saml

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"usher/internal/fault"
)

func packed(t testing.TB, raw []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(raw); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestDecodePost(t *testing.T) {
	t.Parallel()
	encode := base64.StdEncoding.EncodeToString
	folded := func(s string) string {
		var lines []string
		for len(s) > 76 {
			lines, s = append(lines, s[:76]), s[76:]
		}
		return strings.Join(append(lines, s), "\r\n\t ")
	}
	most := bytes.Repeat([]byte("a"), 384<<10)
	tests := map[string]struct {
		field  string
		want   []byte
		reason string // empty: decoded
	}{
		"plain":                                         {encode([]byte("<r/>")), []byte("<r/>"), ""},
		"T-XML-30 line breaks and spaces":               {" " + folded(encode([]byte(testResponse))) + "\n", []byte(testResponse), ""},
		"percent-encoded twice":                         {url.QueryEscape(folded(encode([]byte("<r>>>???</r>")))), []byte("<r>>>???</r>"), ""},
		"T-DOS-02 384 KiB":                              {encode(most), most, ""},
		"T-DOS-02 384 KiB and three":                    {encode(append(most, "bcd"...)), nil, "limit"},
		"T-DOS-02 white space without end":              {strings.Repeat(" ", 768<<10+1), nil, "limit"},
		"T-XML-30 nothing":                              {"", nil, "encoding"},
		"T-XML-30 white space only":                     {" \n", nil, "encoding"},
		"T-XML-30 not base64":                           {"<r/>", nil, "encoding"},
		"T-XML-30 base64 for URLs":                      {"PD8-_w==", nil, "encoding"},
		"T-XML-30 base64 without its end":               {encode([]byte("<r/>"))[:7], nil, "encoding"},
		"T-XML-30 a letter that ends like a line break": {" PHI\u010avPg==", nil, "encoding"},
		"T-XML-30 a percent that is broken":             {encode([]byte("<r/>")) + "%0", nil, "encoding"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := DecodePost(tc.field)
			checkDecoded(t, got, err, tc.want, tc.reason)
		})
	}
}

func checkDecoded(t *testing.T, got []byte, err error, want []byte, reason string) {
	t.Helper()
	if reason == "" {
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("got %.60q, %v, want %.60q", got, err, want)
		}
		return
	}
	if !fault.Is(err, fault.SAMLResponseInvalid) || fault.From(err).Reason() != reason || got != nil {
		t.Errorf("got %.60q, %v, want the reason %q", got, err, reason)
	}
}

func TestDecodeRedirect(t *testing.T) {
	t.Parallel()
	encode := base64.StdEncoding.EncodeToString
	most := bytes.Repeat([]byte("a"), 384<<10)
	noise := func(n int) []byte { // does not compress
		b := make([]byte, n)
		x := uint32(1)
		for i := range b {
			x = x*1664525 + 1013904223
			b[i] = byte(x >> 24)
		}
		return b
	}
	small := noise(16 << 10)[:16<<10-64]
	tests := map[string]struct {
		value  string
		want   []byte
		reason string
	}{
		"plain":                            {encode(packed(t, []byte(testResponse))), []byte(testResponse), ""},
		"T-DOS-04 384 KiB inflated":        {encode(packed(t, most)), most, ""},
		"T-DOS-04 384 KiB and one":         {encode(packed(t, append(most, 'b'))), nil, "limit"},
		"T-DOS-04 a bomb":                  {encode(packed(t, make([]byte, 8<<20))), nil, "limit"},
		"T-DOS-04 just under 16 KiB":       {encode(packed(t, small)), small, ""},
		"T-DOS-04 over 16 KiB":             {encode(packed(t, noise(17<<10))), nil, "limit"},
		"T-DOS-04 white space without end": {strings.Repeat(" ", 32<<10+1), nil, "limit"},
		"nothing":                          {"", nil, "encoding"},
		"not base64":                       {"*", nil, "encoding"},
		"base64 in part":                   {encode(packed(t, []byte(testResponse))) + "*", nil, "encoding"},
		"not compressed":                   {encode([]byte("<r/>")), nil, "encoding"},
		"nothing inside":                   {encode(packed(t, nil)), nil, "encoding"},
		"cut off":                          {encode(packed(t, []byte(testResponse))[:100]), nil, "encoding"},
		"bytes behind":                     {encode(append(packed(t, []byte(testResponse)), 0)), nil, "encoding"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := DecodeRedirect(tc.value)
			checkDecoded(t, got, err, tc.want, tc.reason)
		})
	}
}
