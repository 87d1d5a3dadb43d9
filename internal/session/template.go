package session

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/secret"
	"usher/internal/store"
)

// A template's claims may hold shortcodes: {{user.id}}, with another one or a
// text behind || for where there is no value, as in {{user.first_name || 'you'}}.
// What a shortcode can name is the closed list of shortcodes below: there is no
// code in a template, and no private metadata (threat T-API-14).

// templateFacts is what shortcodes read.
type templateFacts struct {
	session identity.Session
	user    identity.User
	email   identity.EmailAddress // the primary one; zero if there is none
	org     identity.Organization // the active one; zero if there is none
	member  identity.Membership
	role    identity.Role
	all     map[string]any // organization id to role, of every membership
}

// shortcodes are all names that there are.
func shortcodes() map[string]func(f templateFacts) any {
	return map[string]func(f templateFacts) any{
		"user.id":                        func(f templateFacts) any { return string(f.user.ID) },
		"user.external_id":               func(f templateFacts) any { return orNil(f.user.ExternalID) },
		"user.username":                  func(f templateFacts) any { return orNil(f.user.Username) },
		"user.first_name":                func(f templateFacts) any { return orNil(f.user.FirstName) },
		"user.last_name":                 func(f templateFacts) any { return orNil(f.user.LastName) },
		"user.full_name":                 func(f templateFacts) any { return orNil(f.user.Name()) },
		"user.primary_email_address":     func(f templateFacts) any { return orNil(f.email.Address) },
		"user.email_verified":            func(f templateFacts) any { return f.email.IsVerified() },
		"user.primary_phone_number":      func(templateFacts) any { return nil },
		"user.phone_number_verified":     func(templateFacts) any { return false },
		"user.primary_web3_wallet":       func(templateFacts) any { return nil },
		"user.two_factor_enabled":        func(templateFacts) any { return false },
		"user.has_image":                 func(templateFacts) any { return false },
		"user.created_at":                func(f templateFacts) any { return f.user.CreatedAt.UnixMilli() },
		"user.updated_at":                func(f templateFacts) any { return f.user.UpdatedAt.UnixMilli() },
		"user.last_sign_in_at":           lastSignIn,
		"user.organizations":             func(f templateFacts) any { return f.all },
		"user.public_metadata":           func(f templateFacts) any { return map[string]any(f.user.PublicMetadata) },
		"user.unsafe_metadata":           func(f templateFacts) any { return map[string]any(f.user.UnsafeMetadata) },
		"session.actor":                  actorOf,
		"org.id":                         func(f templateFacts) any { return orNil(f.org.ID) },
		"org.name":                       func(f templateFacts) any { return orNil(f.org.Name) },
		"org.slug":                       func(f templateFacts) any { return orNil(f.org.Slug) },
		"org.role":                       func(f templateFacts) any { return orNil(f.member.Role) },
		"org.has_image":                  func(templateFacts) any { return false },
		"org.public_metadata":            func(f templateFacts) any { return metadataOf(f.org.PublicMetadata, f) },
		"org_membership.public_metadata": func(f templateFacts) any { return metadataOf(f.member.PublicMetadata, f) },
		"org_membership.permissions":     permissionsOf,
	}
}

func orNil[T ~string](s T) any {
	if s == "" {
		return nil
	}
	return string(s)
}

func lastSignIn(f templateFacts) any {
	if f.user.LastSignInAt.IsZero() {
		return nil
	}
	return f.user.LastSignInAt.UnixMilli()
}

func actorOf(f templateFacts) any {
	if !f.session.Impersonated() {
		return nil
	}
	return map[string]any(f.session.Actor)
}

func metadataOf(m identity.Metadata, f templateFacts) any {
	if f.org.ID == "" {
		return nil
	}
	return map[string]any(m)
}

// permissionsOf lists the custom permissions; those of the system are in no token.
func permissionsOf(f templateFacts) any {
	if f.org.ID == "" {
		return nil
	}
	list := []any{}
	for _, p := range f.role.Permissions {
		if !p.IsSystem() {
			list = append(list, string(p))
		}
	}
	return list
}

// operand is one side of ||: a name with the way into its metadata, or a value.
type operand struct {
	name  string
	path  []string
	value any
}

// piece is a part of a text: literal, or a shortcode's operands.
type piece struct {
	text     string
	operands []operand
}

// pieces takes a text apart; ok is false for one that is no template.
func pieces(s string) (list []piece, ok bool) {
	for {
		before, rest, found := strings.Cut(s, "{{")
		if strings.Contains(before, "}}") {
			return nil, false
		}
		if before != "" {
			list = append(list, piece{text: before})
		}
		if !found {
			return list, true
		}
		inner, after, found := strings.Cut(rest, "}}")
		if !found {
			return nil, false
		}
		p := piece{}
		for text := range strings.SplitSeq(inner, "||") {
			o, ok := parseOperand(strings.TrimSpace(text))
			if !ok {
				return nil, false
			}
			p.operands = append(p.operands, o)
		}
		list = append(list, p)
		s = after
	}
}

// parseOperand reads a name of the list, a text between quotes of either kind, or
// another JSON value.
func parseOperand(s string) (operand, bool) {
	if n := len(s); n >= 2 && (s[0] == '\'' || s[0] == '"') && s[n-1] == s[0] && !strings.ContainsRune(s[1:n-1], rune(s[0])) {
		return operand{value: s[1 : n-1]}, true
	}
	for name := range shortcodes() {
		if s == name {
			return operand{name: name}, true
		}
		rest, ok := strings.CutPrefix(s, name+".")
		if ok && strings.HasSuffix(name, "_metadata") {
			path := strings.Split(rest, ".")
			return operand{name: name, path: path}, !slices.Contains(path, "")
		}
	}
	var v any
	err := json.Unmarshal([]byte(s), &v)
	switch v.(type) {
	case bool, float64, nil:
		return operand{value: v}, err == nil
	}
	return operand{}, false
}

// resolve returns the value of the first operand that has one.
func (p piece) resolve(f templateFacts) any {
	known := shortcodes()
	for _, o := range p.operands {
		v := o.value
		if o.name != "" {
			v = known[o.name](f)
			for _, step := range o.path {
				m, _ := v.(map[string]any)
				v = m[step]
			}
		}
		if v != nil {
			return v
		}
	}
	return nil
}

// render fills a value of a template in. A text that is one shortcode takes on
// the type of its value; within other text, values are written out.
func render(v any, f templateFacts) any {
	switch v := v.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for name, inner := range v {
			out[name] = render(inner, f)
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			out[i] = render(inner, f)
		}
		return out
	case string:
		return renderText(v, f)
	}
	return v
}

func renderText(s string, f templateFacts) any {
	list, _ := pieces(s)
	if len(list) == 1 && list[0].operands != nil {
		return list[0].resolve(f)
	}
	var b strings.Builder
	for _, p := range list {
		if p.operands == nil {
			b.WriteString(p.text)
			continue
		}
		switch v := p.resolve(f).(type) {
		case nil:
		case string:
			b.WriteString(v)
		default:
			text, _ := json.Marshal(v) //nolint:errchkjson // it was JSON
			b.Write(text)
		}
	}
	return b.String()
}

// reservedClaims are set by the server in every token, and those by which clients
// tell a session token or a handshake: of the latter they check the signature only,
// which is the deployment's (threat T-SES-04).
func reservedClaims() []string {
	return []string{"act", "azp", "exp", "handshake", "iat", "iss", "jti", "nbf", "o", "sid", "sub"}
}

const (
	// maxTemplateClaims is in bytes of JSON. Ours.
	maxTemplateClaims = 8 << 10

	// maxTemplateToken is in bytes of claims. Ours: a template may name metadata
	// many times.
	maxTemplateToken = 64 << 10

	// maxTemplateDepth is how deep claims may be nested: that of metadata.
	maxTemplateDepth = 16
)

// checkClaims judges the claims of a template.
func checkClaims(claims identity.Metadata) error {
	if claims == nil {
		return fault.New(fault.FormParamMissing, "param_name", "claims")
	}
	text, err := json.Marshal(claims)
	if err != nil || len(text) > maxTemplateClaims {
		return fault.New(fault.FormParamTooLarge, "param_name", "claims").Because(err)
	}
	for _, name := range slices.Sorted(maps.Keys(claims)) {
		if slices.Contains(reservedClaims(), name) {
			return fault.New(fault.TemplateReservedClaim, "param_name", "claims", "claim", name)
		}
	}
	return checkValue(map[string]any(claims), 0)
}

func checkValue(v any, depth int) error {
	bad := fault.New(fault.FormParamValueInvalid, "param_name", "claims")
	if depth > maxTemplateDepth {
		return bad
	}
	switch v := v.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			if err := checkValue(v[name], depth+1); err != nil {
				return err
			}
		}
	case []any:
		for _, inner := range v {
			if err := checkValue(inner, depth+1); err != nil {
				return err
			}
		}
	case string:
		if _, ok := pieces(v); !ok {
			return bad.Detail("received", v)
		}
	}
	return nil
}

// loadTemplateFacts reads what the shortcodes may name.
func loadTemplateFacts(tx *store.Tx, s identity.Session, u identity.User) (templateFacts, error) {
	f := templateFacts{session: s, user: u, all: map[string]any{}}
	var err error
	if u.PrimaryEmailID != "" {
		if f.email, err = tx.EmailAddress(u.PrimaryEmailID); store.Optional(err) != nil {
			return f, err
		}
	}
	memberships, _, err := tx.MembershipsOfUser(u.ID, store.Page{})
	if err != nil {
		return f, err
	}
	for _, m := range memberships {
		f.all[string(m.OrganizationID)] = string(m.Role)
		if m.OrganizationID != s.LastActiveOrganizationID {
			continue
		}
		f.member = m
		if f.org, err = tx.Organization(m.OrganizationID); err != nil {
			return f, err
		}
		if f.role, err = tx.RoleByKey(m.Role); store.Optional(err) != nil {
			return f, err
		}
	}
	return f, nil
}

// templateClaims are the claims of a template's token: the template's own and
// those that the server sets.
func (m *Manager) templateClaims(t identity.TokenTemplate, f templateFacts, ask Ask) (map[string]any, error) {
	out, _ := render(map[string]any(t.Claims), f).(map[string]any)
	text, err := json.Marshal(out)
	if err != nil {
		return nil, fmt.Errorf("session: encoding a token: %w", err)
	}
	if len(text) > maxTemplateToken {
		return nil, fault.New(fault.FormParamTooLarge, "param_name", "claims")
	}
	now := m.Now()
	lifetime := ask.Lifetime
	if lifetime == 0 {
		lifetime = t.Lifetime
	}
	if ask.AuthorizedParty != "" {
		out["azp"] = ask.AuthorizedParty
	}
	out["exp"], out["iat"], out["nbf"] = now.Add(lifetime).Unix(), now.Unix(), now.Add(-t.ClockSkew).Unix()
	out["iss"], out["jti"], out["sub"] = m.Issuer, secret.NewToken(16), string(f.user.ID)
	return out, nil
}
