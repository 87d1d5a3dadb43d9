// Package picture makes uploaded pictures harmless and small: what comes out was
// drawn by us from the pixels, whatever else the file held. It keeps nothing.
package picture

import (
	"bytes"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"

	"golang.org/x/image/draw"
	"golang.org/x/image/webp"

	"usher/internal/fault"
)

const (
	// MaxBytes is the largest file that is looked at: Clerk's 10 MB.
	MaxBytes = 10 << 20

	// maxPixels bounds what a small file can become in memory. Ours.
	maxPixels = 25_000_000

	// side is the length in pixels of the longer side at most. Logos and faces are
	// shown much smaller. Ours.
	side = 512

	jpegQuality = 88
)

// format is a kind of file that is taken.
type format struct {
	config func(io.Reader) (image.Config, error)
	decode func(io.Reader) (image.Image, error) // the first frame of several
}

func formats() map[string]format {
	return map[string]format{
		"image/jpeg": {jpeg.DecodeConfig, jpeg.Decode},
		"image/png":  {png.DecodeConfig, png.Decode},
		"image/gif":  {gif.DecodeConfig, gif.Decode},
		"image/webp": {webp.DecodeConfig, webp.Decode},
	}
}

// Clean reads a JPEG, PNG, GIF or WebP file and returns its picture as a JPEG or
// PNG file of at most 512 by 512 pixels. The kind is told by the content; what a
// caller says about it doesn't matter (threat T-API-10).
func Clean(file []byte) (contentType string, clean []byte, err error) {
	if len(file) > MaxBytes {
		return "", nil, fault.New(fault.ImageTooLarge)
	}
	kind := http.DetectContentType(file)
	f, ok := formats()[kind]
	if !ok {
		return "", nil, unreadable("its kind is not one of jpeg, png, gif and webp")
	}
	c, err := f.config(bytes.NewReader(file))
	if err != nil || c.Width <= 0 || c.Height <= 0 {
		return "", nil, unreadable("the image is damaged").Because(err)
	}
	if int64(c.Width)*int64(c.Height) > maxPixels {
		return "", nil, fault.New(fault.ImageTooLarge)
	}
	img, err := f.decode(bytes.NewReader(file))
	if err != nil {
		return "", nil, unreadable("the image is damaged").Because(err)
	}
	var out bytes.Buffer
	if kind == "image/jpeg" {
		err = jpeg.Encode(&out, shrink(img), &jpeg.Options{Quality: jpegQuality})
	} else {
		kind, err = "image/png", png.Encode(&out, shrink(img))
	}
	return kind, out.Bytes(), err
}

func unreadable(reason string) *fault.Error {
	return fault.New(fault.RequestBodyInvalid, "reason", reason, "param_name", "file")
}

// shrink draws the picture anew, no longer or wider than side.
func shrink(img image.Image) image.Image {
	from := img.Bounds()
	w, h := from.Dx(), from.Dy()
	if longer := max(w, h); longer > side {
		w, h = max(1, w*side/longer), max(1, h*side/longer)
	}
	to := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.ApproxBiLinear.Scale(to, to.Bounds(), img, from, draw.Src, nil)
	return to
}
