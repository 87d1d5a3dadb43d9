package page_test

import (
	"maps"
	"math"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Every pair of colours that the stylesheet sets on each other, in both
// schemes (WCAG 2.2, 1.4.3 and 1.4.11).
func TestContrast(t *testing.T) {
	t.Parallel()
	const text, edge = 4.5, 3.0
	pairs := []struct {
		front string
		least float64
		back  string // separated by spaces
	}{
		{"ink", text, "ground surface sunken accent-soft good-soft warn-soft bad-soft"},
		{"quiet", text, "ground surface sunken"},
		{"accent", text, "ground surface sunken accent-soft"},
		{"accent-strong", text, "ground surface"},
		{"accent-ink", text, "accent accent-strong"},
		{"good", text, "good-soft"},
		{"warn", text, "warn-soft"},
		{"bad", text, "surface bad-soft"},
		{"edge", edge, "surface"},
		{"accent", edge, "ground surface"}, // focus rings
	}
	for scheme, colours := range schemes(t) {
		for _, p := range pairs {
			for _, back := range strings.Fields(p.back) {
				if got := contrast(t, colours[p.front], colours[back]); got < p.least {
					t.Errorf("%s: %s on %s has %.2f:1, want %.1f:1", scheme, p.front, back, got, p.least)
				}
			}
		}
	}
}

// schemes reads the colours of the stylesheet: light, and dark, which replaces
// some of them.
func schemes(t *testing.T) map[string]map[string]string {
	t.Helper()
	css, err := os.ReadFile("assets/usher.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, ok := strings.Cut(string(css), "@media (prefers-color-scheme: dark)")
	if !ok {
		t.Fatal("no dark scheme")
	}
	colours := map[string]map[string]string{"light": declared(light)}
	colours["dark"] = maps.Clone(colours["light"])
	maps.Copy(colours["dark"], declared(dark))
	return colours
}

func declared(css string) map[string]string {
	found := map[string]string{}
	for _, m := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(css, -1) {
		found[m[1]] = m[2]
	}
	return found
}

func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// luminance is WCAG's relative luminance of "#rrggbb".
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(strings.TrimPrefix(colour, "#"), 16, 32)
	if err != nil {
		t.Fatalf("colour %q: %v", colour, err)
	}
	part := func(shift uint) float64 {
		c := float64(n>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*part(16) + 0.7152*part(8) + 0.0722*part(0)
}
