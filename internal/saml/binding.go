package saml

import (
	"bytes"
	"compress/flate"
	"crypto/rsa"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"net/url"
	"strings"
)

// Query and form parameters of saml-bindings, sections 3.4 and 3.5.
const (
	paramRequest   = "SAMLRequest"
	paramResponse  = "SAMLResponse"
	paramRelay     = "RelayState"
	paramAlgorithm = "SigAlg"
	paramSignature = "Signature"
	paramEncoding  = "SAMLEncoding"
)

const (
	// maxRelayState is in bytes: saml-bindings, section 3.4.3.
	maxRelayState = 80

	// maxSSOURL is the longest URL of a provider's endpoint, in bytes: what
	// browsers and proxies carry with a request behind it. Ours.
	maxSSOURL = 2048

	encodingDeflate = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE"
)

// CheckSSOURL says why a URL can't be a provider's single sign-on endpoint, in
// plain words, or nil (threat T-SAML-39). Only https is allowed, and http to this
// machine itself if allowInsecureLoopback is set.
func CheckSSOURL(raw string, allowInsecureLoopback bool) error {
	u, err := parseBrowserURL(raw)
	if err != nil {
		return err
	}
	if u.Scheme == "https" || allowInsecureLoopback && isLoopback(u.Hostname()) {
		return nil
	}
	return errors.New("the URL must start with https://")
}

// parseBrowserURL refuses what must not be put into a redirect, a form or a
// Content-Security-Policy, whatever the connection's settings.
func parseBrowserURL(raw string) (*url.URL, error) {
	if len(raw) > maxSSOURL {
		return nil, fmt.Errorf("the URL is longer than %d bytes", maxSSOURL)
	}
	for _, c := range []byte(raw) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`"<>\^{|}`+"`", c) >= 0 {
			return nil, errors.New("the URL holds characters that must be percent-encoded")
		}
	}
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return nil, errors.New("this is not a URL")
	case u.Scheme != "https" && u.Scheme != "http":
		return nil, errors.New("the URL must start with https://")
	case u.User != nil:
		return nil, errors.New("the URL must not hold a user name or password")
	case !isHost(u.Hostname()):
		return nil, errors.New("the URL has no proper host name")
	case strings.Contains(raw, "#"):
		return nil, errors.New("the URL must not have a fragment (#)")
	}
	for _, p := range splitQuery(u.RawQuery) {
		switch p.name {
		case paramRequest, paramResponse, paramRelay, paramAlgorithm, paramSignature, paramEncoding:
			return nil, fmt.Errorf("the URL holds a %s: give the bare single sign-on URL", p.name)
		}
	}
	return u, nil
}

// isHost is stricter than net/url, which lets ";" and "," through: they would end
// a directive of a Content-Security-Policy.
func isHost(h string) bool {
	if ip, err := netip.ParseAddr(h); err == nil {
		return ip.Zone() == ""
	}
	for _, c := range []byte(h) {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '.', c == '_':
		default:
			return false
		}
	}
	return h != ""
}

func isLoopback(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback()
	}
	return strings.EqualFold(host, "localhost")
}

// appendQuery adds parameters behind those that the URL has already. Some
// providers' endpoints have some, and need them in place.
func appendQuery(location, query string) string {
	switch {
	case !strings.Contains(location, "?"):
		return location + "?" + query
	case strings.HasSuffix(location, "?"), strings.HasSuffix(location, "&"):
		return location + query
	}
	return location + "&" + query
}

// escapeQuery writes a space as %20: both forms are legal, but receivers that
// rebuild the query to check its signature know this one better.
func escapeQuery(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

// signedQuery writes a message's parameters, signed if there is a key. The
// signature covers the octets as they are sent, in this order
// (saml-bindings, section 3.4.4.1).
func signedQuery(param string, deflated []byte, relayState string, key *rsa.PrivateKey) (string, error) {
	query := param + "=" + escapeQuery(base64.StdEncoding.EncodeToString(deflated))
	if relayState != "" {
		query += "&" + paramRelay + "=" + escapeQuery(relayState)
	}
	if key == nil {
		return query, nil
	}
	query += "&" + paramAlgorithm + "=" + escapeQuery(algRSASHA256)
	value, err := signSHA256(key, []byte(query))
	if err != nil {
		return "", err
	}
	return query + "&" + paramSignature + "=" + escapeQuery(base64.StdEncoding.EncodeToString(value)), nil
}

func deflate(s string) ([]byte, error) {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		return nil, fmt.Errorf("saml: deflating: %w", err)
	}
	if _, err := io.WriteString(w, s); err != nil {
		return nil, fmt.Errorf("saml: deflating: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("saml: deflating: %w", err)
	}
	return b.Bytes(), nil
}

// queryParam is one parameter of a query: its name decoded, the value as it
// stood, and the octets of both.
type queryParam struct{ name, value, octets string }

// splitQuery splits a raw query at "&" and nowhere else. A name that can't be
// decoded stays as it is.
func splitQuery(raw string) []queryParam {
	var list []queryParam
	for octets := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(octets, "=")
		if n, err := url.QueryUnescape(name); err == nil {
			name = n
		}
		list = append(list, queryParam{name, value, octets})
	}
	return list
}
