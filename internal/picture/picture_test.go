package picture_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"usher/internal/fault"
	"usher/internal/picture"
)

// webpFile is one lossless pixel.
const webpFile = "UklGRh4AAABXRUJQVlA4TBEAAAAvAAAAAAfQ//73v/+BiOh/AAA="

func sample(w, h int) image.Image {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for x := range w {
		for y := range h {
			img.Set(x, y, color.NRGBA{R: 200, G: uint8(x), B: uint8(y), A: 255})
		}
	}
	return img
}

func encoded(t *testing.T, encode func(*bytes.Buffer) error) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := encode(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(t *testing.T, img image.Image) []byte {
	return encoded(t, func(b *bytes.Buffer) error { return png.Encode(b, img) })
}

func asJPEG(t *testing.T, img image.Image) []byte {
	return encoded(t, func(b *bytes.Buffer) error { return jpeg.Encode(b, img, nil) })
}

func asGIF(t *testing.T, frames int) []byte {
	var g gif.GIF
	for range frames {
		g.Image = append(g.Image, image.NewPaletted(image.Rect(0, 0, 20, 10), []color.Color{color.White, color.Black}))
		g.Delay = append(g.Delay, 1)
	}
	return encoded(t, func(b *bytes.Buffer) error { return gif.EncodeAll(b, &g) })
}

// Threat T-API-10.
func TestClean_DrawsThePictureAnew(t *testing.T) {
	t.Parallel()
	fromWebP, err := base64.StdEncoding.DecodeString(webpFile)
	if err != nil {
		t.Fatal(err)
	}
	const secret = "<script>alert(document.domain)</script>"
	withComment := bytes.Replace(asJPEG(t, sample(8, 8)), []byte{0xFF, 0xDB}, append([]byte{0xFF, 0xFE, 0, byte(2 + len(secret))}, secret+"\xFF\xDB"...), 1)
	for name, test := range map[string]struct {
		file []byte
		kind string
		w, h int
	}{
		"a PNG file":                            {asPNG(t, sample(30, 20)), "image/png", 30, 20},
		"a JPEG file":                           {asJPEG(t, sample(30, 20)), "image/jpeg", 30, 20},
		"a WebP file becomes PNG":               {fromWebP, "image/png", 1, 1},
		"a GIF file becomes PNG":                {asGIF(t, 1), "image/png", 20, 10},
		"of a moving GIF the first frame":       {asGIF(t, 300), "image/png", 20, 10},
		"a large one is made smaller":           {asPNG(t, sample(1024, 256)), "image/png", 512, 128},
		"a thin one keeps a pixel":              {asPNG(t, sample(2, 4000)), "image/png", 1, 512},
		"one that is a page too loses the page": {append(asPNG(t, sample(8, 8)), secret...), "image/png", 8, 8},
		"one with a comment loses the comment":  {withComment, "image/jpeg", 8, 8},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			kind, out, err := picture.Clean(test.file)
			if err != nil {
				t.Fatal(err)
			}
			img, format, err := image.Decode(bytes.NewReader(out))
			if err != nil {
				t.Fatal(err)
			}
			if kind != test.kind || kind != "image/"+format || img.Bounds().Dx() != test.w || img.Bounds().Dy() != test.h {
				t.Errorf("got %s (%s) of %v, want %s of %d by %d", kind, format, img.Bounds(), test.kind, test.w, test.h)
			}
			if strings.Contains(string(out), "script") {
				t.Error("it holds what was hidden in the file")
			}
		})
	}
}

func TestClean_KeepsTheColours(t *testing.T) {
	t.Parallel()
	_, out, err := picture.Clean(asPNG(t, sample(10, 10)))
	if err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(bytes.NewReader(out))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := color.NRGBAModel.Convert(img.At(3, 7)), (color.NRGBA{R: 200, G: 3, B: 7, A: 255}); got != want {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestClean_RefusesWhatIsNoPictureOrTooLarge(t *testing.T) {
	t.Parallel()
	sized := func(w, h uint32) []byte {
		file := asPNG(t, sample(1, 1))
		binary.BigEndian.PutUint32(file[16:], w)
		binary.BigEndian.PutUint32(file[20:], h)
		binary.BigEndian.PutUint32(file[29:], crc32.ChecksumIEEE(file[12:29]))
		return file
	}
	whole := asPNG(t, sample(60, 60))
	for name, test := range map[string]struct {
		file []byte
		code fault.Code
	}{
		"nothing":                        {nil, fault.RequestBodyInvalid},
		"SVG":                            {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), fault.RequestBodyInvalid},
		"a page":                         {[]byte("<!DOCTYPE html><img>"), fault.RequestBodyInvalid},
		"a bitmap":                       {[]byte("BM" + strings.Repeat("\x00", 100)), fault.RequestBodyInvalid},
		"half a file":                    {whole[:len(whole)/2], fault.RequestBodyInvalid},
		"only the mark of a kind":        {[]byte("GIF89a"), fault.RequestBodyInvalid},
		"50,000 by 50,000 pixels":        {sized(50_000, 50_000), fault.ImageTooLarge},
		"one pixel more than 25 million": {sized(25_000_001, 1), fault.ImageTooLarge},
		"no pixels":                      {sized(0, 5), fault.RequestBodyInvalid},
		"more than 10 MB":                {append(whole, make([]byte, 10<<20)...), fault.ImageTooLarge},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, _, err := picture.Clean(test.file); !fault.Is(err, test.code) {
				t.Errorf("got %v, want %s", err, test.code)
			}
		})
	}
}

func FuzzClean(f *testing.F) {
	webp, err := base64.StdEncoding.DecodeString(webpFile)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(webp)
	f.Add([]byte("GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"))
	f.Fuzz(func(t *testing.T, file []byte) {
		kind, out, err := picture.Clean(file)
		if err != nil {
			return
		}
		if _, again, err := picture.Clean(out); err != nil || len(again) == 0 {
			t.Errorf("%s that came out does not go in: %v", kind, err)
		}
	})
}
