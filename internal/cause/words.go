package cause

import (
	"net/url"
	"strings"
	"time"
)

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// clip cuts what came from outside to what an administrator reads, in bytes.
func clip(s string) string {
	const limit = 256
	if len(s) <= limit {
		return s
	}
	return strings.ToValidUTF8(s[:limit], "") + "…"
}

const inScheme = "http and https"

// nearMiss says in what two addresses differ, where it is so little that one was
// meant to be the other; empty where it is more, or nothing.
func nearMiss(want, got string) string {
	if want == "" || want == got {
		return ""
	}
	bare := func(s string) string { return strings.TrimRight(s, "/") }
	switch {
	case bare(want) == bare(got):
		return "a slash at the end"
	case strings.EqualFold(want, got):
		return "capitals"
	case strings.TrimSpace(want) == strings.TrimSpace(got):
		return "space around it"
	}
	a, errA := url.Parse(want)
	b, errB := url.Parse(got)
	if errA != nil || errB != nil || a.Host == "" || b.Host == "" {
		return ""
	}
	rest := func(u *url.URL) string { return bare(u.Path) + "?" + u.RawQuery }
	switch {
	case a.Scheme != b.Scheme && a.Host == b.Host && rest(a) == rest(b):
		return inScheme
	case a.Scheme == b.Scheme && strings.EqualFold(a.Hostname(), b.Hostname()) && a.Port() != b.Port() && rest(a) == rest(b):
		return "the port"
	case a.Scheme == b.Scheme && strings.EqualFold(a.Host, b.Host) && strings.EqualFold(rest(a), rest(b)):
		return "capitals and a slash"
	}
	return ""
}
