package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"usher/internal/server"
)

const (
	// backendTimeout is for one call of a running server. Ours.
	backendTimeout = 30 * time.Second

	// maxAnswer is the largest answer read, in bytes. Ours.
	maxAnswer = 4 << 20
)

// running holds the flags that name a server to ask, instead of its database.
type running struct {
	url string
	key string
}

func (r *running) declare(fs *flag.FlagSet) {
	fs.StringVar(&r.url, "url", "", "The address of a running server: ask its Backend API at `URL`.")
	fs.StringVar(&r.key, "key", "", "Secret `KEY` for --url. Better: USHER_SECRET_KEY, which other users can't see.")
}

// find returns the server to ask: the one that the flags name, or the development
// server that runs on the folder dir; nil for none.
func (r *running) find(cfg server.Config, dir string) (*backend, error) {
	if r.url != "" {
		return newBackend(r.url, cmp.Or(r.key, cfg.SecretKey))
	}
	if r.key != "" {
		return nil, usagef("--key is for --url")
	}
	if dir == "" {
		return nil, nil
	}
	info, runs, err := runningDev(dir)
	if err != nil || !runs {
		return nil, err
	}
	return newBackend(info.BackendAPIURL, info.SecretKey)
}

// backend is the Backend API of a running server.
type backend struct {
	url    string // ends in /backend/v1
	key    string
	client *http.Client
}

// newBackend takes the origin of a deployment, or the address of its Backend
// API. The secret key crosses the network, so plain http is for this machine
// only.
func newBackend(address, key string) (*backend, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.RawQuery != "" || u.User != nil {
		return nil, usagef("--url must be an address such as https://sign-in.example.com")
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return nil, usagef("--url must begin with https://, or the secret key could be read on its way")
	}
	if key == "" {
		return nil, usagef("a secret key is missing: give --key, or USHER_SECRET_KEY")
	}
	path := strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(u.Path, "/"), "/v1"), "/backend")
	return &backend{
		url: u.Scheme + "://" + u.Host + path + "/backend/v1",
		key: key,
		client: &http.Client{
			Timeout: backendTimeout,
			// A redirect would take the key along.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}, nil
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// get reads a resource.
func (b *backend) get(ctx context.Context, path string, result any) error {
	return b.call(ctx, http.MethodGet, path, nil, result)
}

// post sends a JSON object.
func (b *backend) post(ctx context.Context, path string, body, result any) error {
	return b.call(ctx, http.MethodPost, path, body, result)
}

func (b *backend) call(ctx context.Context, method, path string, body, result any) error {
	var content io.Reader
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("writing the request: %w", err)
		}
		content = bytes.NewReader(text)
	}
	r, err := http.NewRequestWithContext(ctx, method, b.url+path, content) //nolint:gosec // the operator names the server
	if err != nil {
		return fmt.Errorf("asking the server: %w", err)
	}
	r.Header.Set("Authorization", "Bearer "+b.key)
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	res, err := b.client.Do(r) //nolint:gosec // the operator names the server
	if err != nil {
		return fmt.Errorf("asking the server: %w", err)
	}
	defer func() { _ = res.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	if err != nil {
		return fmt.Errorf("reading the server's answer: %w", err)
	}
	if res.StatusCode != http.StatusOK {
		return answered(res.Status, text)
	}
	if raw, ok := result.(*rawAnswer); ok {
		*raw = text
		return nil
	}
	if err := json.Unmarshal(text, result); err != nil {
		return fmt.Errorf("%s does not answer as Usher does: %w", b.url, err)
	}
	return nil
}

// text reads a resource that is no JSON object.
func (b *backend) text(ctx context.Context, path string) ([]byte, error) {
	var raw rawAnswer
	err := b.call(ctx, http.MethodGet, path, nil, &raw)
	return raw, err
}

// rawAnswer keeps an answer as it came.
type rawAnswer []byte

// answered is the failure that a server reports, in its own words.
func answered(status string, body []byte) error {
	var failure struct {
		Errors []struct {
			Code        string `json:"code"`
			LongMessage string `json:"long_message"`
		} `json:"errors"`
	}
	if json.Unmarshal(body, &failure) != nil || len(failure.Errors) == 0 {
		return fmt.Errorf("the server answers %s", status)
	}
	first := failure.Errors[0]
	return errors.New(clean(first.LongMessage) + "\n  (" + clean(first.Code) + ")")
}

// runningDev reads what "usher dev" wrote into its folder, and reports whether
// the process that wrote it is still there.
func runningDev(dir string) (info server.DevInfo, running bool, err error) {
	text, err := os.ReadFile(filepath.Join(dir, "dev.json")) //nolint:gosec // named by the operator
	if errors.Is(err, os.ErrNotExist) {
		return info, false, nil
	}
	if err == nil {
		err = json.Unmarshal(text, &info)
	}
	if err != nil {
		return info, false, fmt.Errorf("reading what \"usher dev\" left in %s: %w", dir, err)
	}
	return info, isAlive(info.PID), nil
}

// isAlive reports whether a process exists. Elsewhere than on Windows finding it
// says nothing, and signal 0 asks (kill(2)).
func isAlive(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil || pid <= 0 {
		return false
	}
	if runtime.GOOS == "windows" {
		return true
	}
	err = p.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, syscall.EPERM)
}
