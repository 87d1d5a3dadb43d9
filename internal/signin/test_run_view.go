package signin

import (
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/oidc"
	"usher/internal/policy"
	"usher/internal/store"
)

// Limits of what is kept of an answer for those who read the result. Ours.
const (
	maxSeenAttributes = 100
	maxSeenValues     = 20
	maxSeenValue      = 512 // bytes
)

// TestRunView is a test run as its result shows it.
type TestRunView struct {
	Run        identity.TestRun
	Status     TestRunStatus
	Connection identity.Connection // as it is
	Number     int                 // of the revision that was tried; 0: a draft, or one that is gone
	Attempt    identity.Attempt    // what was checked; zero if it was pruned
	Refusal    *fault.Error        // why it failed; nil if it did not

	// What came, of a run that is over.
	Claims   SeenClaims
	Mapped   []SeenMapping   // what the configuration reads
	Others   []SeenAttribute // what else came
	Outcome  TestOutcome
	Request  string // the SAML request
	Response string // the SAML response, signatures and ciphers taken out
	IDToken  string // without its signature
	UserInfo string
}

// SeenClaims is the person as the configuration reads the answer.
type SeenClaims struct {
	UserID       string `json:"user_id,omitempty"`
	EmailAddress string `json:"email_address,omitempty"`
	FirstName    string `json:"first_name,omitempty"`
	LastName     string `json:"last_name,omitempty"`
}

// SeenMapping is one field of the person, and what it was read from.
type SeenMapping struct {
	Field     string   `json:"field"`     // "email_address", "public_metadata.team"
	Attribute string   `json:"attribute"` // its name at the provider
	Came      bool     `json:"came"`
	Values    []string `json:"values,omitempty"`
}

// SeenAttribute is an attribute or claim that came and is not read.
type SeenAttribute struct {
	Name   string   `json:"name"`
	Values []string `json:"values,omitempty"`
}

// TestOutcome is what would happen to the person.
type TestOutcome struct {
	Result string           `json:"result,omitempty"` // "create", "link", "sign_in" or "refuse"; empty: it never came to that
	UserID identity.UserID  `json:"user_id,omitempty"`
	Joins  identity.RoleKey `json:"joins,omitempty"` // with which role; empty: nobody joins
	Binds  string           `json:"binds,omitempty"` // the tenant that the connection would be bound to
}

// testSeen is what is kept of a test run, sealed.
type testSeen struct {
	Request  string            `json:"request,omitempty"`
	Response string            `json:"response,omitempty"`
	IDToken  string            `json:"id_token,omitempty"`
	UserInfo string            `json:"user_info,omitempty"`
	Claims   SeenClaims        `json:"claims"`
	Mapped   []SeenMapping     `json:"mapped,omitempty"`
	Others   []SeenAttribute   `json:"others,omitempty"`
	Outcome  TestOutcome       `json:"outcome"`
	Waiting  *identity.Attempt `json:"waiting,omitempty"` // as it will be once the browser has come
}

// unpackSeen is what is kept of a run; nothing where that cannot be read.
func unpackSeen(run identity.TestRun) testSeen {
	var seen testSeen
	if json.Unmarshal(run.Seen, &seen) != nil {
		return testSeen{}
	}
	return seen
}

// seeSAML notes what a verified assertion holds.
func (s *testSeen) seeSAML(j *judgement) {
	if j.refused != nil || j.result.Assertion == nil {
		return
	}
	a, c := j.result.Assertion, j.connection
	m := c.Config.SAML.Mapping.WithPreset(c.Provider)
	s.claims(j.claims)
	subject := SeenMapping{Field: "user_id", Attribute: m.UserID}
	if m.UserID == "" {
		subject.Attribute, subject.Came, subject.Values = "NameID", a.NameID != "", []string{clipSeen(a.NameID)}
	}
	came := map[string][]string{}
	var names []string
	for _, attr := range a.Attributes {
		if _, again := came[attr.Name]; !again {
			names = append(names, attr.Name)
		}
		came[attr.Name] = append(came[attr.Name], attr.Values...)
	}
	s.see(append([]SeenMapping{
		subject,
		{Field: "email_address", Attribute: m.EmailAddress},
		{Field: "first_name", Attribute: m.FirstName},
		{Field: "last_name", Attribute: m.LastName},
	}, customMappings(c, names)...), names, came)
}

// seeOIDC notes the claims of a verified answer.
func (s *testSeen) seeOIDC(c identity.Connection, id *oidc.Identity, claims policy.Claims) {
	m := oidcConfig(c).Mapping.WithPreset(c.Provider)
	s.claims(claims)
	came := map[string][]string{}
	var names []string
	for _, name := range append(id.IDToken.Names(), id.UserInfo.Names()...) {
		v, ok := id.Lookup(name)
		if _, again := came[name]; again || !ok || slices.Contains([]string{"nonce", "at_hash", "c_hash", "s_hash", "jti", "sid"}, name) {
			continue
		}
		names = append(names, name)
		came[name] = v.Texts()
	}
	mappings := []SeenMapping{
		{Field: "user_id", Attribute: m.UserID},
		{Field: "email_address", Attribute: m.EmailAddress},
		{Field: "email_verified", Attribute: m.EmailVerified},
		{Field: "first_name", Attribute: m.FirstName},
		{Field: "last_name", Attribute: m.LastName},
	}
	if c.Provider == identity.OAuthMicrosoft {
		mappings[0].Attribute, mappings[0].Came, mappings[0].Values = "tid and oid", claims.Subject != "", []string{clipSeen(claims.Subject)}
	}
	mappings = append(mappings, customMappings(c, nil)...)
	for i, mapping := range mappings { // a path leads into what came
		if v, ok := id.Lookup(mapping.Attribute); ok && mapping.Attribute != "" {
			mappings[i].Came, mappings[i].Values = true, clipAll(v.Texts())
		}
	}
	s.see(mappings, names, came)
}

// customMappings are those into public metadata.
func customMappings(c identity.Connection, names []string) []SeenMapping {
	var list []SeenMapping
	for _, def := range c.Config.CustomAttributes {
		if def.SSOPath != "" {
			list = append(list, SeenMapping{Field: "public_metadata." + def.Key, Attribute: def.SSOPath})
		}
	}
	for _, name := range names {
		if key, ok := strings.CutPrefix(name, metadataPrefix); ok {
			list = append(list, SeenMapping{Field: "public_metadata." + clipSeen(key), Attribute: name})
		}
	}
	return list
}

func (s *testSeen) claims(c policy.Claims) {
	s.Claims = SeenClaims{clipSeen(c.Subject), clipSeen(string(c.Email)), clipSeen(c.FirstName), clipSeen(c.LastName)}
	if c.Email == "" {
		s.Claims.EmailAddress = clipSeen(c.RawEmail)
	}
}

// see puts what came beside what is read.
func (s *testSeen) see(mappings []SeenMapping, names []string, came map[string][]string) {
	read := map[string]bool{}
	for _, m := range mappings {
		if m.Attribute == "" || len(s.Mapped) == maxSeenAttributes {
			continue
		}
		if values, ok := came[m.Attribute]; ok && !m.Came {
			m.Came, m.Values = true, clipAll(values)
		}
		read[m.Attribute] = true
		m.Attribute = clipSeen(m.Attribute)
		s.Mapped = append(s.Mapped, m)
	}
	for _, name := range names {
		if !read[name] && len(s.Others) < maxSeenAttributes {
			s.Others = append(s.Others, SeenAttribute{clipSeen(name), clipAll(came[name])})
		}
	}
}

func clipAll(values []string) []string {
	out := make([]string, 0, min(len(values), maxSeenValues))
	for _, v := range values[:min(len(values), maxSeenValues)] {
		out = append(out, clipSeen(v))
	}
	return out
}

func clipSeen(text string) string {
	text = strings.ToValidUTF8(text, "�")
	if len(text) <= maxSeenValue {
		return text
	}
	text = text[:maxSeenValue]
	for !utf8.ValidString(text) {
		text = text[:len(text)-1]
	}
	return text + "…"
}

func (s *testSeen) outcome(d policy.Decision) {
	s.Outcome = TestOutcome{Result: result(d), UserID: d.Plan.User}
	if d.Plan.Join != nil {
		s.Outcome.Joins = d.Plan.Join.Role
	}
	if d.Plan.BindTenant != nil {
		s.Outcome.Binds = clipSeen(d.Plan.BindTenant.Tenant)
	}
}

// viewTestRun reads what belongs to a test run.
func (f *Flow) viewTestRun(tx *store.Tx, run identity.TestRun) (v TestRunView, err error) {
	v.Run = run
	if v.Connection, err = tx.Connection(run.ConnectionID); err != nil {
		return v, err
	}
	rev, err := tx.Revision(run.RevisionID)
	if store.Optional(err) != nil {
		return v, err
	}
	v.Number = rev.Number
	if v.Attempt, err = tx.Attempt(run.AttemptID); store.Optional(err) != nil {
		return v, err
	}
	switch {
	case !run.Over(f.Now()):
		v.Status = store.TestRunsPending
		return v, nil
	case run.State == identity.TestRunSuccess:
		v.Status = store.TestRunsSuccess
	case run.State == identity.TestRunFailed:
		v.Status = store.TestRunsFailed
		if v.Attempt.Code != "" {
			v.Refusal = refusalOf(v.Attempt)
		}
	default: // nobody came back in time
		v.Status, v.Refusal = store.TestRunsFailed, fault.New(fault.TestRunNeverReturned)
		v.Request = unpackSeen(run).Request
		return v, nil
	}
	s := unpackSeen(run)
	v.Claims, v.Mapped, v.Others, v.Outcome = s.Claims, s.Mapped, s.Others, s.Outcome
	v.Request, v.Response, v.IDToken, v.UserInfo = s.Request, s.Response, s.IDToken, s.UserInfo
	return v, nil
}
