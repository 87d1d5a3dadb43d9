package httpio_test

import (
	"bytes"
	"mime/multipart"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"usher/internal/fault"
	"usher/internal/httpio"
)

func TestReadFile(t *testing.T) {
	t.Parallel()
	type field struct{ name, value string }
	form := func(fields ...field) (string, string) {
		var b bytes.Buffer
		w := multipart.NewWriter(&b)
		for _, f := range fields {
			if err := w.WriteField(f.name, f.value); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.String(), w.FormDataContentType()
	}
	file := field{"file", "0123456789"}
	tests := map[string]struct {
		fields []field
		cut    int    // bytes to take off the end
		kind   string // another Content-Type
		file   string
		text   string
		codes  []fault.Code
	}{
		"a file":                           {fields: []field{file}, file: "0123456789"},
		"a file and a text":                {fields: []field{{"by", "ada"}, file}, file: "0123456789", text: "ada"},
		"a file that is one byte too long": {fields: []field{{"file", "0123456789+"}}, codes: []fault.Code{fault.RequestBodyTooLarge}},
		"a body that is much too long":     {fields: []field{file, {"by", strings.Repeat("x", 70<<10)}}, codes: []fault.Code{fault.RequestBodyTooLarge}},
		"a text that is too long":          {fields: []field{{"by", strings.Repeat("x", 1025)}, file}, codes: []fault.Code{fault.RequestBodyTooLarge}},
		"a text that no database holds":    {fields: []field{{"by", "a\x00"}, file}, codes: []fault.Code{fault.FormParamFormatInvalid}},
		"two files":                        {fields: []field{file, file}, codes: []fault.Code{fault.FormParamDuplicate}},
		"two files, the first one empty":   {fields: []field{{"file", ""}, file}, codes: []fault.Code{fault.FormParamDuplicate}},
		"a text twice":                     {fields: []field{{"by", "a"}, {"by", "b"}, file}, codes: []fault.Code{fault.FormParamDuplicate}},
		"an unknown field":                 {fields: []field{{"to", "a"}, file}, codes: []fault.Code{fault.FormParamUnknown}},
		"no file":                          {fields: []field{{"by", "a"}}, codes: []fault.Code{fault.FormParamMissing}},
		"an empty file":                    {fields: []field{{"file", ""}}, codes: []fault.Code{fault.FormParamMissing}},
		"a body that ends early":           {fields: []field{file}, cut: 8, codes: []fault.Code{fault.RequestBodyInvalid}},
		"no boundary":                      {fields: []field{file}, kind: "multipart/form-data", codes: []fault.Code{fault.RequestBodyInvalid}},
		"JSON":                             {fields: []field{file}, kind: "application/json", codes: []fault.Code{fault.UnsupportedContentType}},
		"no content type that can be read": {fields: []field{file}, kind: ";", codes: []fault.Code{fault.UnsupportedContentType}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body, kind := form(test.fields...)
			r := httptest.NewRequest("PUT", "/", strings.NewReader(body[:len(body)-test.cut]))
			if r.Header.Set("Content-Type", kind); test.kind != "" {
				r.Header.Set("Content-Type", test.kind)
			}
			got, texts, err := httpio.ReadFile(httptest.NewRecorder(), r, httpio.FileForm{Field: "file", MaxBytes: 10, Texts: []string{"by"}})
			var codes []fault.Code
			for _, e := range fault.All(err) {
				codes = append(codes, e.Code())
			}
			if !slices.Equal(codes, test.codes) || string(got) != test.file || texts["by"] != test.text {
				t.Errorf("got %q, %q and %v, want %q, %q and %v", got, texts["by"], codes, test.file, test.text, test.codes)
			}
		})
	}
}
