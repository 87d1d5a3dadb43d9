package backendapi_test

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"usher/internal/frontendapi"
)

// upload is a form with a file.
func upload(t *testing.T, file []byte, texts map[string]string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for name, text := range texts {
		if err := form.WriteField(name, text); err != nil {
			t.Fatal(err)
		}
	}
	if file != nil {
		part, err := form.CreateFormFile("file", "logo.svg")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := part.Write(file); err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), form.FormDataContentType()
}

func drawn(t *testing.T, w, h int) []byte {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	img.Set(0, 0, color.NRGBA{R: 255, A: 255})
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestLogo_IsSetServedReplacedAndDeleted(t *testing.T) { // threat T-API-10
	each(t, func(t *testing.T, f *fixture) {
		dora, _ := f.initech()
		mux := http.NewServeMux()
		(&frontendapi.API{Manage: f.tools.Manage, SignIn: f.tools.SignIn, Sessions: f.tools.Sessions, BaseURL: baseURL}).Routes(mux)
		fetch := func(address string) *httptest.ResponseRecorder {
			t.Helper()
			w := httptest.NewRecorder()
			mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", strings.TrimPrefix(address, baseURL), nil))
			return w
		}
		none := f.call("GET", "/organizations/initech", nil)
		equal(t, "no logo", none["has_image"], any(false))
		if w := fetch(str(none, "image_url")); w.Code != http.StatusOK || w.Header().Get("Content-Type") != "image/svg+xml" {
			t.Errorf("the picture in its place: %d %s", w.Code, w.Header())
		}
		set := func(file []byte) object {
			t.Helper()
			body, contentType := upload(t, file, map[string]string{"uploader_user_id": dora})
			return f.with("Content-Type", contentType).call("PUT", "/organizations/initech/logo", body)
		}
		first := set(drawn(t, 40, 30))
		equal(t, "has a logo", first["has_image"], any(true))
		w := fetch(str(first, "image_url"))
		img, err := png.Decode(w.Body)
		if err != nil || img.Bounds().Dx() != 40 || img.Bounds().Dy() != 30 {
			t.Fatalf("served: %v", err)
		}
		for name, want := range map[string]string{
			"Content-Type": "image/png", "X-Content-Type-Options": "nosniff",
			"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
		} {
			equal(t, name, w.Header().Get(name), want)
		}
		second := set(drawn(t, 2000, 10))
		if img, err := png.Decode(fetch(str(second, "image_url")).Body); err != nil || img.Bounds().Dx() != 512 || img.Bounds().Dy() != 2 {
			t.Errorf("a large one is made smaller: %v", err)
		}
		equal(t, "the first one is gone", fetch(str(first, "image_url")).Code, 404)
		equal(t, "of memberships", at(items(f.call("GET", "/organizations/initech/memberships", nil))[0], "organization", "image_url"), second["image_url"])
		f.call("DELETE", "/organizations/initech/logo", nil)
		f.refuses("DELETE", "/organizations/initech/logo", nil, 404, "image_not_found")
		equal(t, "the second one is gone", fetch(str(second, "image_url")).Code, 404)
		third := set(drawn(t, 1, 1))
		f.call("DELETE", "/organizations/initech", nil)
		equal(t, "it goes with the organization", fetch(str(third, "image_url")).Code, 404)
		for _, odd := range []string{"img_x", "..%2fhealthz", "user"} {
			equal(t, odd, fetch("/v1/images/"+odd).Code, 404)
		}
	})
}

func TestLogo_RefusesWhatIsNoPicture(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		f.initech()
		for name, test := range map[string]struct {
			file   []byte
			texts  map[string]string
			status int
			code   string
		}{
			"SVG":                 {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), nil, 400, "request_body_invalid"},
			"a damaged file":      {drawn(t, 9, 9)[:40], nil, 400, "request_body_invalid"},
			"50,000 by 50,000":    {bomb(t), nil, 413, "image_too_large"},
			"more than 10 MB":     {make([]byte, 10<<20+1), nil, 413, "image_too_large"},
			"much more":           {make([]byte, 11<<20), nil, 413, "image_too_large"},
			"no file":             {nil, map[string]string{"uploader_user_id": "user_x"}, 422, "form_param_missing"},
			"an unknown uploader": {drawn(t, 1, 1), map[string]string{"uploader_user_id": "user_x"}, 404, "resource_not_found"},
			"an unknown field":    {drawn(t, 1, 1), map[string]string{"public": "yes"}, 422, "form_param_unknown"},
		} {
			body, contentType := upload(t, test.file, test.texts)
			t.Run(name, func(t *testing.T) {
				g := f.with("Content-Type", contentType)
				g.t = t
				g.refuses("PUT", "/organizations/initech/logo", body, test.status, test.code)
			})
		}
		f.refuses("PUT", "/organizations/initech/logo", object{"file": "x"}, 415, "unsupported_content_type")
		equal(t, "nothing was kept", f.call("GET", "/organizations/initech", nil)["has_image"], any(false))
	})
}

// bomb is a small file that says it is 50,000 pixels wide and high.
func bomb(t *testing.T) []byte {
	t.Helper()
	file := drawn(t, 1, 1)
	copy(file[16:], []byte{0, 0, 0xC3, 0x50, 0, 0, 0xC3, 0x50})
	return fixCRC(file)
}

// fixCRC sets the checksum of a PNG file's header.
func fixCRC(file []byte) []byte {
	binary.BigEndian.PutUint32(file[29:], crc32.ChecksumIEEE(file[12:29]))
	return file
}
