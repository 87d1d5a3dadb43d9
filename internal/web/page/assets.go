package page

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/http"
	"path"
	"strconv"
	"strings"
	"sync"
)

//go:embed assets
var assetFiles embed.FS

// assets reads the embedded files once. They can't change while the program
// runs, so this is a constant that takes a moment to compute.
var assets = sync.OnceValues(loadAssets)

type assetSet struct {
	hash  string // of all files together; part of their path
	files map[string]asset
}

type asset struct {
	contentType  string
	body, zipped []byte
}

func loadAssets() (assetSet, error) {
	set := assetSet{files: map[string]asset{}}
	sum := sha256.New()
	err := fs.WalkDir(assetFiles, "assets", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := assetFiles.ReadFile(name)
		if err != nil {
			return err
		}
		fmt.Fprintf(sum, "%s %d\n%s", name, len(body), body)
		zipped, err := zip(body)
		if err != nil {
			return err
		}
		base := path.Base(name)
		set.files[base] = asset{contentType: contentType(base), body: body, zipped: zipped}
		return nil
	})
	if err != nil {
		return assetSet{}, fmt.Errorf("page: reading assets: %w", err)
	}
	set.hash = hex.EncodeToString(sum.Sum(nil))[:16]
	return set, nil
}

func zip(body []byte) ([]byte, error) {
	var b bytes.Buffer
	w, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(body); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

func contentType(name string) string {
	switch path.Ext(name) {
	case ".css":
		return "text/css; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	}
	return "application/octet-stream"
}

// assetURL returns the path of an asset, for the layout.
func assetURL(name string) (string, error) {
	set, err := assets()
	if err != nil {
		return "", err
	}
	if _, ok := set.files[name]; !ok {
		return "", fmt.Errorf("page: no asset %q", name)
	}
	return "/assets/" + set.hash + "/" + name, nil
}

// Assets serves styles, scripts and the icon at /assets/{hash}/{name}. Under the
// present hash a browser may keep them for ever. Under another one, that of the
// release before, it gets the present file and is told to ask again: a page that
// was open during an update keeps its styles.
func Assets() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		set, err := assets()
		if err != nil {
			http.Error(w, "assets cannot be read", http.StatusInternalServerError)
			return
		}
		hash, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/assets/"), "/")
		file, ok := set.files[name]
		if !ok {
			http.NotFound(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		serveAsset(w, r, file, set.hash, hash == set.hash)
	})
}

func serveAsset(w http.ResponseWriter, r *http.Request, file asset, hash string, current bool) {
	h := w.Header()
	h.Set("Cache-Control", "no-cache")
	if current {
		h.Set("Cache-Control", "public, max-age=31536000, immutable") // a year, in seconds
	}
	h.Set("Content-Type", file.contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Vary", "Accept-Encoding")

	body, etag := file.body, `"`+hash+`"`
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		body, etag = file.zipped, `"`+hash+`-gzip"`
		h.Set("Content-Encoding", "gzip")
	}
	h.Set("ETag", etag)
	if r.Header.Get("If-None-Match") == etag {
		h.Del("Content-Encoding")
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodHead {
		return
	}
	_, _ = w.Write(body) // the browser has gone; nobody is left to tell
}
