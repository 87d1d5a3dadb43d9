package saml

import (
	"errors"
	"strconv"
	"strings"
	"time"
)

// readValidity narrows the validity to what e says (saml-metadata, sections
// 2.3.1, 2.3.2 and 2.4.1): the earliest end and the shortest wait count.
func (m *IDPMetadata) readValidity(e *element) error {
	if s, said := e.attr("validUntil"); said {
		until, err := parseInstant(strings.Trim(s, xmlSpace))
		if err != nil {
			return noMetadata("its validUntil %.40q is not a time in UTC", s)
		}
		if m.ValidUntil.IsZero() || until.Before(m.ValidUntil) {
			m.ValidUntil = until
		}
	}
	if s, said := e.attr("cacheDuration"); said {
		d, err := parseDuration(strings.Trim(s, xmlSpace))
		if err != nil {
			m.warn("The cacheDuration %.40q is not read.", s)
		} else if d > 0 && (m.CacheDuration == 0 || d < m.CacheDuration) {
			m.CacheDuration = d
		}
	}
	return nil
}

// durationUnits are those of xs:duration (XML Schema part 2, section 3.2.6), in
// their order. Years and months have no fixed length; as a cache's life they may
// be rounded down.
var durationUnits = [...]struct {
	letter byte
	inTime bool // stands behind the T
	length time.Duration
}{
	{'Y', false, 365 * 24 * time.Hour},
	{'M', false, 30 * 24 * time.Hour},
	{'D', false, 24 * time.Hour},
	{'H', true, time.Hour},
	{'M', true, time.Minute},
	{'S', true, time.Second},
}

// maxDuration is the longest duration that is read as such; ours.
const maxDuration = 100 * 365 * 24 * time.Hour

// parseDuration reads an xs:duration that is not negative. Fractions of a second
// are dropped.
func parseDuration(s string) (time.Duration, error) {
	errDuration := errors.New("not an xs:duration")
	rest, ok := strings.CutPrefix(s, "P")
	if !ok || rest == "" || strings.HasSuffix(rest, "T") {
		return 0, errDuration
	}
	var total time.Duration
	inTime := false
	for _, unit := range durationUnits {
		if unit.inTime && !inTime {
			rest, inTime = strings.CutPrefix(rest, "T")
			if !inTime {
				break
			}
		}
		end := strings.IndexFunc(rest, func(r rune) bool { return (r < '0' || r > '9') && r != '.' })
		if end <= 0 || rest[end] != unit.letter {
			continue
		}
		whole, fraction, _ := strings.Cut(rest[:end], ".")
		n, err := strconv.ParseUint(whole, 10, 31)
		if err != nil || fraction != "" && unit.letter != 'S' || time.Duration(n) > maxDuration/unit.length {
			return 0, errDuration
		}
		if total += time.Duration(n) * unit.length; total > maxDuration {
			return 0, errDuration
		}
		rest = rest[end+1:]
	}
	if rest != "" {
		return 0, errDuration
	}
	return total, nil
}
