package identity

import (
	"strings"

	"golang.org/x/net/idna"
	"golang.org/x/net/publicsuffix"

	"usher/internal/fault"
)

// Email is an email address in its one stored form, made by ParseEmail: a
// plain dot-atom, "@" and a Domain, with ASCII letters in lower case.
type Email string

// Domain is a domain name in its one stored form: lower-case A-labels, at least
// two, without a final dot. It is made by ParseDomain.
type Domain string

// Limits in octets: RFC 5321, sections 4.5.3.1.1 and 4.5.3.1.3 (254 is the path
// of 256 without its angle brackets), and RFC 1035, section 2.3.4 (253 is 255
// without the length octets of the first label and the root).
const (
	maxEmail  = 254
	maxLocal  = 64
	maxDomain = 253
)

// ParseEmail reads a plain address (RFC 5321 Mailbox without quoting, literals
// and obsolete forms) and gives its one form. Nothing is decoded or repaired.
//
// Letters are folded in the local part as well, for ASCII only: people type
// their address in any case, and no provider tells two people apart by it
// (threat T-ID-01). Everything else stays: "a+x@" and "a@" are two people.
func ParseEmail(s string) (Email, error) {
	if len(s) > maxEmail {
		return "", badEmail("too long")
	}
	local, rest, ok := strings.Cut(s, "@")
	if !ok || strings.Contains(rest, "@") {
		return "", badEmail("not exactly one @")
	}
	if why := checkLocal(local); why != "" {
		return "", badEmail(why)
	}
	domain, why := canonical(rest)
	if why != "" {
		return "", badEmail(why)
	}
	e := Email(lowerASCII(local) + "@" + string(domain))
	if len(e) > maxEmail { // A-labels can be longer than what was given
		return "", badEmail("too long")
	}
	return e, nil
}

func badEmail(why string) error {
	return fault.New(fault.FormParamFormatInvalid, "param_name", "email_address").Detail("reason", why)
}

// Domain is the part after "@".
func (e Email) Domain() Domain {
	_, d, _ := strings.Cut(string(e), "@")
	return Domain(d)
}

// Local is the part before "@".
func (e Email) Local() string {
	local, _, _ := strings.Cut(string(e), "@")
	return local
}

// atomSpecials are the characters of a dot-atom besides letters and digits
// (RFC 5322, section 3.2.3), but for "%" and "!": old mail servers read a second
// address out of them (threat T-ID-05).
const atomSpecials = "#$&'*+-/=?^_`{|}~."

// checkLocal says what is wrong with a local part, or nothing.
func checkLocal(local string) string {
	switch {
	case local == "":
		return "nothing before @"
	case len(local) > maxLocal:
		return "too long before @"
	case local[0] == '.' || local[len(local)-1] == '.' || strings.Contains(local, ".."):
		return "misplaced dot"
	case strings.Contains(local, "=?"): // an encoded word, RFC 2047
		return "encoded before @"
	case strings.Contains(local, "+AEA-"): // "@" in UTF-7
		return "encoded before @"
	}
	for _, c := range []byte(local) {
		if !isLetter(c) && !isDigit(c) && strings.IndexByte(atomSpecials, c) < 0 {
			return "character not allowed before @"
		}
	}
	return ""
}

// ParseDomain reads a domain name, as U-labels or A-labels, and gives its one
// form. Nothing is repaired: no dot or space is removed.
func ParseDomain(s string) (Domain, error) {
	d, why := canonical(s)
	if why != "" {
		return "", fault.New(fault.FormParamFormatInvalid, "param_name", "domains").Detail("reason", why)
	}
	return d, nil
}

// labels validates without mapping: what UTS 46 would map onto another letter
// (the Kelvin sign, full-width letters, ligatures, the soft hyphen) is refused
// instead, so that no two spellings meet in one name (threat T-ID-02). The profile
// checks hyphens, joiners, direction, STD 3 characters and lengths as well.
var labels = idna.New(idna.ValidateForRegistration())

// joiners are zero-width; IDNA allows them in some scripts, we nowhere.
const joiners = "\u200c\u200d"

// canonical gives a domain's one form, or says what is wrong with it.
func canonical(s string) (d Domain, why string) {
	if len(s) > maxDomain {
		return "", "domain too long"
	}
	if strings.HasSuffix(s, ".") {
		return "", "dot at the end of the domain"
	}
	ascii, err := labels.ToASCII(lowerASCII(s))
	if err != nil || len(ascii) > maxDomain {
		return "", "not a domain name"
	}
	// The way back finds A-labels that stand for nothing, for plain ASCII or for
	// a name that is spelled otherwise (threat T-ID-03).
	unicode, err := labels.ToUnicode(ascii)
	if err != nil || strings.ContainsAny(unicode, joiners) {
		return "", "not a domain name"
	}
	if again, err := labels.ToASCII(unicode); err != nil || again != ascii {
		return "", "not a domain name"
	}
	dot := strings.LastIndexByte(ascii, '.')
	if dot < 0 {
		return "", "a single label is no domain"
	}
	if !isLetter(ascii[dot+1]) { // an IP address; no top-level domain begins so
		return "", "an address literal is no domain"
	}
	return Domain(ascii), ""
}

// IsSubdomainOf reports whether d lies below parent; a domain is not below
// itself, and "evilacme.com" is not below "acme.com".
func (d Domain) IsSubdomainOf(parent Domain) bool {
	return parent != "" && strings.HasSuffix(string(d), "."+string(parent))
}

// IsPublicSuffix reports whether anyone may register names below d, as below
// "co.uk" or "github.io" (publicsuffix.org, private part included). Nobody may
// speak for all of it (threat T-ID-09).
func (d Domain) IsPublicSuffix() bool {
	suffix, _ := publicsuffix.PublicSuffix(string(d))
	return suffix == string(d)
}

// IsRegistrable reports whether d is a public suffix and one label more, so that
// all below it is one owner's. Under a top-level domain that the list does not
// know, such as .test, one label more is registrable.
func (d Domain) IsRegistrable() bool {
	r, err := publicsuffix.EffectiveTLDPlusOne(string(d))
	return err == nil && r == string(d)
}

// SharesOwner reports whether d and other lie below one name that somebody
// registered: no public suffix stands between them (threat T-ORG-04).
func (d Domain) SharesOwner(other Domain) bool {
	a, errA := publicsuffix.EffectiveTLDPlusOne(string(d))
	b, errB := publicsuffix.EffectiveTLDPlusOne(string(other))
	return errA == nil && errB == nil && a == b
}

// Display is the name for people: U-labels, but A-labels where the scripts are
// mixed as names that imitate others mix them (threat T-ID-03).
func (d Domain) Display() string {
	u, err := labels.ToUnicode(string(d))
	if err != nil || !singleScript(u) {
		return string(d)
	}
	return u
}

func lowerASCII(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return 'A' <= r && r <= 'Z' }) < 0 {
		return s
	}
	b := []byte(s)
	for i, c := range b {
		if 'A' <= c && c <= 'Z' {
			b[i] = c - 'A' + 'a'
		}
	}
	return string(b)
}

func isLetter(c byte) bool { return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
