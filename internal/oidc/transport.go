package oidc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"
)

// callTimeout bounds one call with its body (threat T-DOS-08); the HTTP client
// may have shorter limits.
const callTimeout = 10 * time.Second

// reply is what a provider answered.
type reply struct {
	status    int
	header    http.Header
	mediaType string // of Content-Type, in lower case
	body      []byte
}

// isJSON reports whether the body looks like JSON and not like a page, whatever
// its Content-Type says.
func (r reply) isJSON() bool {
	body := strings.TrimLeft(string(r.body[:min(len(r.body), 64)]), " \t\r\n")
	return strings.HasPrefix(body, "{") || strings.HasPrefix(body, "[")
}

// notJSON says what came instead of JSON.
func (r reply) notJSON() *Failure {
	reason := "not_json"
	switch {
	case r.status >= 500:
		reason = "server_error"
	case r.status == http.StatusTooManyRequests:
		reason = "rate_limited"
	case r.status >= 300 && r.status < 400:
		reason = "redirected"
	case strings.HasSuffix(r.mediaType, "html") || strings.HasPrefix(strings.TrimSpace(string(r.body[:min(len(r.body), 64)])), "<"):
		reason = "html"
	case r.status != http.StatusOK:
		reason = "status"
	}
	return &Failure{reason, "JSON", fmt.Sprintf("status %d, %s", r.status, r.what())}
}

// what is the kind of content that came.
func (r reply) what() string {
	if r.mediaType == "" {
		return "no content type"
	}
	return clip(r.mediaType)
}

// withoutRedirects returns the client for calls with secrets: a redirect is an
// answer like any other (threat T-NET-03).
func withoutRedirects(h *http.Client) *http.Client {
	c := *h
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// send makes a call and reads at most so many bytes of its body. It takes no
// compressed body, whose size would not be known.
func send(h *http.Client, r *http.Request, most int) (reply, *Failure) {
	ctx, cancel := context.WithTimeout(r.Context(), callTimeout)
	defer cancel()
	r = r.WithContext(ctx)
	r.Header.Set("User-Agent", "Usher")
	r.Header.Set("Accept-Encoding", "identity")
	resp, err := h.Do(r)
	if err != nil {
		return reply{}, unreachable(err)
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	if enc := resp.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return reply{}, &Failure{"not_json", "an answer that is not compressed", enc}
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, int64(most)+1))
	if err != nil {
		return reply{}, unreachable(err)
	}
	if len(body) > most {
		return reply{}, &Failure{"too_large", fmt.Sprintf("at most %d bytes", most), "more"}
	}
	mediaType, _, err := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	if err != nil {
		mediaType = ""
	}
	return reply{resp.StatusCode, resp.Header, mediaType, body}, nil
}

// unreachable tells only apart whether time ran out: more would let a tenant look
// around in our network (threat T-NET-06).
func unreachable(err error) *Failure {
	var timeout interface{ Timeout() bool }
	if errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout() {
		return &Failure{"timeout", "an answer in time", "none"}
	}
	return &Failure{"unreachable", "an answer", "none"}
}

// get fetches a public document, which may be redirected.
func get(ctx context.Context, h *http.Client, url string) (reply, *Failure) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return reply{}, &Failure{"unreachable", "a web address", clip(url)}
	}
	r.Header.Set("Accept", "application/json")
	got, failure := send(h, r, maxDocument)
	switch {
	case failure != nil:
		return reply{}, failure
	case got.status != http.StatusOK || !got.isJSON():
		return reply{}, got.notJSON()
	}
	return got, nil
}
