package httpio

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// FetchError is every failure of Fetch. Its text is the same whatever happened,
// so that it cannot be used to look around in our network (threat T-NET-06).
type FetchError struct {
	cause error
}

// Error is for everybody.
func (e *FetchError) Error() string { return "the address could not be fetched" }

// Reason is for operators and the log: what happened, without the path and
// query of the URL.
func (e *FetchError) Reason() string { return e.cause.Error() }

// Unwrap returns the cause, for errors.Is; its text is not for customers.
func (e *FetchError) Unwrap() error { return e.cause }

// Fetch gets what is at a URL, at most so many bytes, and its Content-Type. Any
// status but 200 is a failure. Every error is a *FetchError.
func (c *Client) Fetch(ctx context.Context, rawURL, accept string, most int64) (body []byte, contentType string, err error) {
	body, contentType, err = c.fetch(ctx, rawURL, accept, most)
	if err != nil {
		if u, ok := errors.AsType[*url.Error](err); ok {
			err = u.Err // without the URL, whose query may be secret
		}
		return nil, "", &FetchError{cause: err}
	}
	return body, contentType, nil
}

func (c *Client) fetch(ctx context.Context, rawURL, accept string, most int64) ([]byte, string, error) {
	if _, err := parseURL(rawURL); err != nil {
		return nil, "", err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, rawURL, http.NoBody)
	if err != nil {
		return nil, "", err
	}
	r.Header.Set("Accept", accept)
	r.Header.Set("User-Agent", "Usher")
	resp, err := c.HTTP().Do(r)
	if err != nil {
		return nil, "", err
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	switch {
	case resp.StatusCode != http.StatusOK:
		return nil, "", fmt.Errorf("httpio: %s answered with status %d", r.URL.Host, resp.StatusCode)
	case resp.Header.Get("Content-Encoding") != "" && resp.Header.Get("Content-Encoding") != "identity":
		return nil, "", errors.New("httpio: the answer is compressed, which was not asked for")
	case resp.ContentLength > most:
		return nil, "", errBodyTooLarge
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	if err != nil {
		return nil, "", fmt.Errorf("httpio: reading the answer of %s: %w", r.URL.Host, err)
	}
	if int64(len(body)) > most {
		return nil, "", errBodyTooLarge
	}
	return body, resp.Header.Get("Content-Type"), nil
}
