package httpio

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// maxURL is in bytes. Ours.
const maxURL = 2048

// parseURL reads an absolute URL strictly (threat T-NET-04). Its errors say
// nothing that is not in the URL itself.
func parseURL(raw string) (*url.URL, error) {
	if len(raw) > maxURL {
		return nil, fmt.Errorf("httpio: the URL is longer than %d bytes", maxURL)
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("httpio: the URL is malformed") // the parser's error would quote it
	}
	if u.Scheme == "" || u.Opaque != "" || u.Host == "" {
		return nil, errors.New("httpio: the URL is not absolute")
	}
	return u, nil
}

// checkAuthority checks the part of a URL between the slashes.
func checkAuthority(u *url.URL) error {
	if u.User != nil {
		return errors.New("httpio: the URL holds credentials")
	}
	host, port := u.Hostname(), u.Port()
	if port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 || port[0] == '0' {
			return errors.New("httpio: the URL has an impossible port")
		}
	} else if strings.HasSuffix(u.Host, ":") {
		return errors.New("httpio: the URL has an empty port")
	}
	if strings.HasPrefix(u.Host, "[") {
		addr, err := netip.ParseAddr(host)
		if err != nil || !addr.Is6() || addr.Zone() != "" {
			return errors.New("httpio: the URL has an invalid IPv6 address")
		}
		return nil
	}
	return checkHost(host)
}

// checkHost takes an IPv4 address of four plain decimals or a host name of RFC
// 1123 in A-labels, 253 bytes at most. A name that other software might read as
// a number (127.1, 0x7f.1) is neither.
func checkHost(host string) error {
	if addr, err := netip.ParseAddr(host); err == nil && addr.Is4() {
		return nil
	}
	if host == "" || len(host) > 253 {
		return errors.New("httpio: the URL has a host name of impossible length")
	}
	labels := strings.Split(host, ".")
	for _, label := range labels {
		if !validLabel(label) {
			return errors.New("httpio: the URL has an invalid host name")
		}
	}
	// A last label that begins with a digit is a number or close to one: no
	// top-level domain does (RFC 3696, section 2).
	if last := labels[len(labels)-1]; last[0] >= '0' && last[0] <= '9' {
		return errors.New("httpio: the URL has an invalid IPv4 address")
	}
	return nil
}

func validLabel(label string) bool {
	if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
		return false
	}
	for _, c := range []byte(label) {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}
