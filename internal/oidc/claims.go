package oidc

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"usher/internal/fault"
)

// Verified is what a provider says about an address being the person's own.
// What it means when a provider is silent is for the caller to decide (threat
// T-OIDC-22).
type Verified string

// What a provider can say.
const (
	VerifiedUnsaid Verified = ""    // the claim is absent
	VerifiedYes    Verified = "yes" // true, or the text "true"
	VerifiedNo     Verified = "no"  // anything else, null included
)

// Kind is the form of a claim's value.
type Kind string

// The kinds of values.
const (
	KindText   Kind = "text"
	KindNumber Kind = "number"
	KindBool   Kind = "bool"
	KindList   Kind = "list"
	KindOther  Kind = "other" // an object or null
)

// Value is the value of a claim.
type Value struct {
	Kind Kind
	Text string   // of a text, a number as it was written, "true" or "false"
	List []string // of a list: its texts, numbers and truth values; others are left out
}

// Texts returns the value as a list: a list's items, or the one text.
func (v Value) Texts() []string {
	switch v.Kind {
	case KindList:
		return v.List
	case KindText, KindNumber, KindBool:
		return []string{v.Text}
	case KindOther:
	}
	return nil
}

// Claims are the members of a JSON object about a person, by exact name. Claims
// that point to other places (OpenID Connect Core, section 5.6.2) are not among
// them (T-RP-26).
type Claims struct {
	members object
}

// ParseClaims reads a JSON object. It fails as the strict reader of this package
// does, with a fault of the code OAuthFetchUserError.
func ParseClaims(raw []byte) (Claims, error) {
	c, err := parseClaims(raw)
	if err != nil {
		return Claims{}, refused(fault.OAuthFetchUserError, err)
	}
	return c, nil
}

func parseClaims(raw []byte) (Claims, error) {
	o, err := parseObject(raw)
	return Claims{o}, err
}

// Lookup finds a claim. A name that occurs whole wins, such as
// "https://acme.com/claims/dept" or "a.b"; otherwise dots lead into objects, and
// numbers into lists: "address.locality", "groups.0".
func (c Claims) Lookup(path string) (Value, bool) {
	v, ok := find(c.members, path)
	if !ok {
		return Value{}, false
	}
	return valueOf(v), true
}

// Text returns a claim's text where it is a single one, and "" otherwise.
func (c Claims) Text(path string) string {
	v, _ := c.Lookup(path)
	return v.Text
}

// Names returns the names at the top, sorted.
func (c Claims) Names() []string {
	return slices.Sorted(maps.Keys(c.members))
}

// MarshalJSON writes the members.
func (c Claims) MarshalJSON() ([]byte, error) {
	if c.members == nil {
		return []byte("{}"), nil
	}
	return json.Marshal(c.members)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *Claims) UnmarshalJSON(raw []byte) error {
	read, err := parseClaims(raw)
	if err != nil {
		return fmt.Errorf("oidc: reading claims: %w", err)
	}
	*c = read
	return nil
}

// find follows a path. At each step the longest name wins, so that a literal
// name with dots is found before the parts of it.
func find(v any, path string) (any, bool) {
	switch v := v.(type) {
	case object:
		for end := len(path); end > 0; end = strings.LastIndexByte(path[:end], '.') {
			name := path[:end]
			if inner, ok := v[name]; ok && !elsewhere(name) {
				if end == len(path) {
					return inner, true
				}
				return find(inner, path[end+1:])
			}
		}
	case []any:
		head, rest, more := strings.Cut(path, ".")
		i, err := strconv.Atoi(head)
		if err != nil || i < 0 || i >= len(v) || strconv.Itoa(i) != head {
			return nil, false
		}
		if !more {
			return v[i], true
		}
		return find(v[i], rest)
	}
	return nil, false
}

// elsewhere reports whether a name is one of the two that say where claims can
// be fetched. Nothing is fetched there.
func elsewhere(name string) bool {
	return name == "_claim_names" || name == "_claim_sources"
}

func valueOf(v any) Value {
	switch v := v.(type) {
	case string:
		return Value{Kind: KindText, Text: v}
	case json.Number:
		return Value{Kind: KindNumber, Text: v.String()}
	case bool:
		return Value{Kind: KindBool, Text: strconv.FormatBool(v)}
	case []any:
		list := []string{}
		for _, item := range v {
			if w := valueOf(item); w.Kind != KindOther && w.Kind != KindList {
				list = append(list, w.Text)
			}
		}
		return Value{Kind: KindList, List: list}
	}
	return Value{Kind: KindOther}
}

// verified reads email_verified, or what stands for it. Providers send it as text too; that counts only
// where it is the word true (threat T-OIDC-22).
func (c Claims) verified(path string) Verified {
	switch v, ok := find(c.members, path); {
	case !ok:
		return VerifiedUnsaid
	case v == true || v == "true":
		return VerifiedYes
	}
	return VerifiedNo
}

// domainVerified reads xms_edov, by which Microsoft says that the owner of the
// address's domain vouches for it. It is seen in four forms (threat T-EASIE-01).
func (c Claims) domainVerified() Verified {
	if v := c.members["xms_edov"]; v == json.Number("1") || v == "1" {
		return VerifiedYes
	}
	return c.verified("xms_edov")
}
