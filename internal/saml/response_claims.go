package saml

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const (
	methodBearer    = "urn:oasis:names:tc:SAML:2.0:cm:bearer" //nolint:gosec // a method's name
	formatTransient = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"

	// maxNameID is in bytes (threat T-SAML-31); ours. saml-core asks for 256
	// characters of persistent identifiers.
	maxNameID = 1024
)

// claims judges the assertion, which is the root or a part of what the
// signature covers, and reads it.
func (j *judge) claims(e *element) (*Assertion, error) {
	a := &Assertion{}
	a.ID, _ = e.attr("ID")
	if err := j.check("assertion_id", a.ID != "", refusal{"reference", "an ID on the assertion", a.ID}); err != nil {
		return nil, err
	}
	if err := j.checkVersion("assertion_version", e); err != nil {
		return nil, err
	}
	if err := j.checkIssuer("assertion_issuer", e); err != nil {
		return nil, err
	}
	if issuer := e.child(nsAssertion, "Issuer"); issuer != nil {
		a.Issuer = issuer.text()
	}
	steps := []func(*element, *Assertion) error{
		j.checkIssueInstant, j.checkConditions, j.checkAudience, j.checkSubject, j.checkConfirmation, j.checkAuthn,
	}
	for _, step := range steps {
		if err := step(e, a); err != nil {
			return nil, err
		}
	}
	a.Attributes = j.attributes(e)
	return a, nil
}

// checkIssueInstant wants an assertion made for this request and not in the
// future.
func (j *judge) checkIssueInstant(e *element, _ *Assertion) error {
	issued, err := j.instant("issue_instant_format", e, "IssueInstant")
	if err != nil {
		return err
	}
	j.result.IssueInstant = issued
	if err := j.note("issue_instant", j.begun(issued)); err != nil {
		return err
	}
	asked := j.expect.RequestedAt
	if asked.IsZero() {
		return nil
	}
	return j.check("issued_after_request", !issued.Before(asked.Add(-j.skew)),
		refusal{"issued_before_request", "at or after the request, " + instant(asked), compared(issued, asked)})
}

// begun judges an instant that must not be in the future.
func (j *judge) begun(t time.Time) error {
	if t.After(j.expect.Now.Add(j.skew)) {
		return &refusal{
			"not_yet_valid", j.window(),
			fmt.Sprintf("%s, %s in the future", instant(t), apart(t, j.expect.Now)),
		}
	}
	return nil
}

// lasting judges an instant that must not be in the past.
func (j *judge) lasting(t time.Time) error {
	if !t.After(j.expect.Now.Add(-j.skew)) {
		return &refusal{
			"expired", j.window(),
			fmt.Sprintf("%s, %s in the past", instant(t), apart(t, j.expect.Now)),
		}
	}
	return nil
}

func (j *judge) window() string {
	return fmt.Sprintf("a time that fits %s, clocks at most %s apart", instant(j.expect.Now), j.skew)
}

// checkConditions judges the validity of the assertion and whether every
// condition is understood (saml-core section 2.5.1).
func (j *judge) checkConditions(e *element, a *Assertion) error {
	list := e.children(nsAssertion, "Conditions")
	if len(list) > 1 {
		return j.note("conditions", &refusal{"condition", "one Conditions", fmt.Sprint(len(list))})
	}
	if len(list) == 0 {
		return j.note("conditions", &refusal{"expired", "Conditions with a NotOnOrAfter", "no Conditions"})
	}
	c := list[0]
	for _, part := range c.elements() {
		switch {
		case part.is(nsAssertion, "AudienceRestriction"), part.is(nsAssertion, "OneTimeUse"), part.is(nsAssertion, "ProxyRestriction"):
		default:
			return j.note("conditions", &refusal{"condition", "AudienceRestriction, OneTimeUse or ProxyRestriction", part.name()})
		}
	}
	j.pass("conditions", "conditions that are understood", "")
	from, _, err := optionalInstant(c, "NotBefore") // zero if there is none
	if err == nil {
		err = j.begun(from)
	}
	if err := j.note("conditions_not_before", err); err != nil {
		return err
	}
	until, present, err := optionalInstant(c, "NotOnOrAfter")
	if err == nil && present {
		if err = j.lasting(until); !from.Before(until) {
			err = &refusal{"expired", "a NotBefore before NotOnOrAfter", instant(from) + " and " + instant(until)}
		}
		a.NotOnOrAfter = until
	}
	return j.note("conditions_not_on_or_after", err)
}

// checkAudience wants every AudienceRestriction, and at least one, to hold our
// entity ID byte for byte (saml-core section 2.5.1.4).
func (j *judge) checkAudience(e *element, _ *Assertion) error {
	if j.expect.Skip.Audience {
		return nil
	}
	restrictions := e.child(nsAssertion, "Conditions").children(nsAssertion, "AudienceRestriction")
	received := make([]string, 0, len(restrictions))
	ok := len(restrictions) > 0
	for _, r := range restrictions {
		var names []string
		for _, a := range r.children(nsAssertion, "Audience") {
			names = append(names, a.text())
		}
		ok = ok && j.expect.SPEntityID != "" && slices.Contains(names, j.expect.SPEntityID)
		received = append(received, strings.Join(names, " or "))
	}
	return j.check("audience", ok, refusal{"audience", j.expect.SPEntityID, strings.Join(received, ", and ")})
}

// checkSubject reads whom the assertion is about.
func (j *judge) checkSubject(e *element, a *Assertion) error {
	const want = "one Subject with a NameID"
	subjects := e.children(nsAssertion, "Subject")
	if len(subjects) != 1 {
		return j.note("name_id", &refusal{"nameid", want, fmt.Sprintf("%d subjects", len(subjects))})
	}
	ids := subjects[0].children(nsAssertion, "NameID")
	if len(ids) != 1 {
		var received []string // an EncryptedID, for example
		for _, part := range subjects[0].elements() {
			received = append(received, part.Local)
		}
		return j.note("name_id", &refusal{"nameid", want, strings.Join(received, ", ")})
	}
	a.NameID = ids[0].text()
	a.NameIDFormat, _ = ids[0].attr("Format")
	switch {
	case len(ids[0].elements()) > 0 || strings.Trim(a.NameID, xmlSpace) == "":
		return j.note("name_id", &refusal{"nameid", want, "an empty NameID"})
	case len(a.NameID) > maxNameID:
		return j.note("name_id", &refusal{"nameid", fmt.Sprintf("a NameID of at most %d bytes", maxNameID), fmt.Sprintf("%d bytes", len(a.NameID))})
	}
	j.pass("name_id", want, "a NameID")
	return j.check("name_id_format", a.NameIDFormat != formatTransient || j.expect.AllowTransient,
		refusal{"nameid", "a NameID that stays the same, or an attribute mapped to user_id", a.NameIDFormat})
}

// checkConfirmation wants one bearer confirmation that fits in every respect
// (saml-profiles section 4.1.4.2). With several, the first tells why.
func (j *judge) checkConfirmation(e *element, a *Assertion) error {
	var first error
	var until time.Time
	confirmed := false
	for _, c := range e.child(nsAssertion, "Subject").children(nsAssertion, "SubjectConfirmation") {
		if method, _ := c.attr("Method"); method != methodBearer {
			continue
		}
		// The mark against replay outlives every confirmation, also one that
		// does not fit now.
		end, err := j.confirms(c.child(nsAssertion, "SubjectConfirmationData"))
		if end.After(until) {
			until = end
		}
		confirmed = confirmed || err == nil
		if first == nil {
			first = err
		}
	}
	switch {
	case confirmed:
		first = nil
	case first == nil:
		first = &refusal{"subject_confirmation", "a bearer confirmation", "none"}
	}
	if a.NotOnOrAfter.IsZero() || until.Before(a.NotOnOrAfter) {
		a.NotOnOrAfter = until
	}
	return j.note("subject_confirmation", first)
}

// confirms judges one bearer confirmation and returns its NotOnOrAfter, zero if
// it has none.
func (j *judge) confirms(data *element) (until time.Time, err error) {
	if data == nil {
		return until, &refusal{"subject_confirmation", "SubjectConfirmationData", "none"}
	}
	until, present, err := optionalInstant(data, "NotOnOrAfter")
	switch {
	case err != nil:
		return until, err
	case !present:
		return until, &refusal{"expired", "a NotOnOrAfter on SubjectConfirmationData", "none"}
	}
	if recipient, _ := data.attr("Recipient"); !j.expect.Skip.Recipient && !same(recipient, j.expect.ACSURL) {
		return until, &refusal{"subject_confirmation", "the Recipient " + j.expect.ACSURL, recipient}
	}
	if err := j.lasting(until); err != nil {
		return until, err
	}
	from, _, err := optionalInstant(data, "NotBefore") // zero if there is none
	if err != nil {
		return until, err
	}
	// The profile forbids NotBefore here; real providers send a past one.
	if j.begun(from) != nil {
		return until, &refusal{"subject_confirmation", j.window(), "a NotBefore " + apart(from, j.expect.Now) + " in the future"}
	}
	if j.expect.Skip.InResponseTo {
		return until, nil
	}
	id, present := data.attr("InResponseTo")
	return until, j.answers(id, present)
}

// checkAuthn reads when and for how long the person is signed in at the
// identity provider. Of several statements the freshest authentication and the
// earliest end count.
func (j *judge) checkAuthn(e *element, a *Assertion) error {
	list := e.children(nsAssertion, "AuthnStatement")
	if err := j.check("authn_statement", len(list) > 0, refusal{"authn_statement", "an AuthnStatement", fmt.Sprint(len(list))}); err != nil {
		return err
	}
	a.SessionIndex, _ = list[0].attr("SessionIndex")
	for _, s := range list {
		at, err := j.instant("authn_instant", s, "AuthnInstant")
		if err != nil {
			return err
		}
		if at.After(a.AuthnInstant) {
			a.AuthnInstant = at
		}
		end, present, err := optionalInstant(s, "SessionNotOnOrAfter")
		if err == nil && present && !end.After(j.expect.Now) {
			// Without skew: a session that is over can't begin.
			err = &refusal{"expired", "a session that ends after " + instant(j.expect.Now), instant(end)}
		}
		if err := j.note("session_not_on_or_after", err); err != nil {
			return err
		}
		if present && (a.SessionNotOnOrAfter.IsZero() || end.Before(a.SessionNotOnOrAfter)) {
			a.SessionNotOnOrAfter = end
		}
	}
	asked := j.expect.RequestedAt
	if !j.expect.ForceAuthn || asked.IsZero() {
		return nil
	}
	return j.check("authn_fresh", !a.AuthnInstant.Before(asked.Add(-j.skew)),
		refusal{"authn_too_old", "an authentication at or after the request, " + instant(asked), compared(a.AuthnInstant, asked)})
}

// attributes reads every attribute as it was sent; which of them count is the
// caller's business.
func (j *judge) attributes(e *element) []Attribute {
	var list []Attribute
	encrypted := 0
	for _, statement := range e.children(nsAssertion, "AttributeStatement") {
		for _, part := range statement.elements() {
			if part.is(nsAssertion, "EncryptedAttribute") {
				encrypted++
			}
			if !part.is(nsAssertion, "Attribute") {
				continue
			}
			var a Attribute
			a.Name, _ = part.attr("Name")
			a.NameFormat, _ = part.attr("NameFormat")
			a.FriendlyName, _ = part.attr("FriendlyName")
			for _, v := range part.children(nsAssertion, "AttributeValue") {
				if value, ok := plainValue(v); ok {
					a.Values = append(a.Values, value)
				}
			}
			list = append(list, a)
		}
	}
	if encrypted > 0 {
		j.warn("%d encrypted attributes were left out; encrypt the whole assertion instead.", encrypted)
	}
	return list
}

// plainValue returns the text of an AttributeValue. One that holds elements, or
// that xsi:nil declares absent, has none (threat T-XML-32).
func plainValue(v *element) (string, bool) {
	for _, n := range v.Children {
		if n.kind == elementNode {
			return "", false
		}
	}
	if absent, _ := v.attrNS(nsXSI, "nil"); absent == "true" || absent == "1" {
		return "", false
	}
	return v.text(), true
}

// instant reads an attribute that must hold a time, and notes the check only
// when it fails: the checks that use the time say more.
func (j *judge) instant(name string, e *element, attribute string) (time.Time, error) {
	t, present, err := optionalInstant(e, attribute)
	if !present {
		err = &refusal{"time_format", attribute + " on " + e.Local, "none"}
	}
	if err != nil {
		return t, j.note(name, err)
	}
	return t, nil
}

func optionalInstant(e *element, attribute string) (t time.Time, present bool, err error) {
	s, present := e.attr(attribute)
	if !present {
		return t, false, nil
	}
	t, err = parseInstant(s)
	if err != nil {
		return t, true, &refusal{"time_format", attribute + " in UTC, such as 2030-01-31T10:20:30Z", s}
	}
	return t, true, nil
}

var errTimeFormat = errors.New("not a time of SAML")

// parseInstant reads a time as saml-core section 1.3.3 has it: UTC, written
// with Z, perhaps with a fraction of a second.
func parseInstant(s string) (time.Time, error) {
	const layout = "2006-01-02T15:04:05Z"
	whole, fraction, found := strings.Cut(strings.TrimSuffix(s, "Z"), ".")
	if !strings.HasSuffix(s, "Z") || len(whole) != len(layout)-1 ||
		found && (fraction == "" || strings.Trim(fraction, "0123456789") != "") {
		return time.Time{}, errTimeFormat
	}
	t, err := time.Parse(layout, whole+"Z")
	if err != nil {
		return t, err
	}
	digits := (fraction + "000000000")[:9] // nanoseconds; finer is cut off
	n := 0
	for _, d := range digits {
		n = 10*n + int(d-'0')
	}
	return t.Add(time.Duration(n)), nil
}

func instant(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }

// compared says when t is, and by how much it is too early.
func compared(t, asked time.Time) string {
	if t.Before(asked) {
		return instant(t) + ", " + apart(asked, t) + " before it"
	}
	return instant(t)
}

// apart is the distance of two times, to the second, in words of time.Duration.
func apart(a, b time.Time) string {
	return a.Sub(b).Abs().Round(time.Second).String()
}
