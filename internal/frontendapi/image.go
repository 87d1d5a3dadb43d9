package frontendapi

import (
	"net/http"

	"usher/internal/manage"
)

// noLogo is the picture that stands for organizations without a logo: a house.
const noLogo = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 64 64" role="img" aria-label="Organization">` +
	`<rect width="64" height="64" rx="12" fill="#5b6472"/>` +
	`<path d="M18 50V18h16v32M34 30h12v20M14 50h36M23 25h6M23 32h6M23 39h6M39 37h3M39 43h3" fill="none" stroke="#fff" stroke-width="3"/></svg>`

// handleImage serves a picture to whoever has its address. It cannot run
// anything in our origin, whatever it holds (threat T-API-10).
func (a *API) handleImage(w http.ResponseWriter, r *http.Request) error {
	contentType, body, cache := "image/svg+xml", []byte(noLogo), "public, max-age=86400"
	id := r.PathValue("image_id")
	if id != manage.NoLogo {
		i, err := a.Manage.Image(r.Context(), id)
		if err != nil {
			return err
		}
		contentType, body = i.ContentType, i.Body
		cache = "public, max-age=31536000, immutable" // another picture has another address
	}
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin") // applications show it
	h.Set("Cache-Control", cache)
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body) // the browser went away
	return nil
}
