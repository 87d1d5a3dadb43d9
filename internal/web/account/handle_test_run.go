package account

import (
	"fmt"
	"net/http"
	"strings"

	"usher/internal/identity"
	"usher/internal/message"
	"usher/internal/signin"
)

// Going sends the browser of a test run to its provider by a form.
func (u *UI) Going(w http.ResponseWriter, r *http.Request, t signin.Ticket) error {
	return u.going(w, r, t, "")
}

// TestRun shows the result of a test run to the browser that made it.
func (u *UI) TestRun(w http.ResponseWriter, r *http.Request, v signin.TestRunView) error {
	f, err := u.frame(w, r)
	if err != nil {
		return err
	}
	f.Text = message.In("en") // as what it says of checks and rules is
	view := NewTestRun(v)
	view.Frame, view.At = f, moment(f.Text, u.Now(), v.Attempt.ReturnedAt)
	return u.pages.Render(w, http.StatusOK, PageTestRun, view)
}

// NewTestRun puts a test run into words. The frame and the time are the caller's.
func NewTestRun(v signin.TestRunView) *TestRun {
	t := &TestRun{Connection: v.Connection.Name, Reference: string(v.Run.ID), Tried: triedWords(v), Response: v.Response}
	switch {
	case v.Refusal != nil:
		t.Kind, t.Verdict, t.Meaning = "danger", "The sign-in would fail", v.Refusal.LongMessage()
		t.Fix, t.Code = v.Refusal.Fix(), string(v.Refusal.Code())
	case v.Run.State == identity.TestRunSuccess:
		t.Kind, t.Verdict, t.Meaning = "success", "The sign-in would succeed", "The provider’s answer passed every check, and the person may come in."
	default:
		t.Kind, t.Verdict, t.Meaning = "info", "The test run is under way", "The provider has not answered yet."
	}
	t.Outcome = outcomeWords(v)
	for _, m := range v.Mapped {
		t.Read = append(t.Read, TestFact{Term: fieldWords(m.Field), Name: m.Attribute, Values: m.Values, Came: m.Came})
	}
	for _, o := range v.Others {
		t.Other = append(t.Other, TestFact{Name: o.Name, Values: o.Values, Came: true})
	}
	for _, s := range v.Attempt.Steps {
		step := TestStep{
			Name: s.Name, Plain: s.Plain, Passed: s.Passed, Warning: s.Name == "warning",
			Expected: s.Expected, Received: s.Received, Fix: s.Fix,
		}
		if s.Expected == s.Received { // said once
			step.Expected = ""
		}
		t.Steps = append(t.Steps, step)
		if !s.Passed && s.Fix != "" { // it knows more than the code
			t.Fix = s.Fix
		}
	}
	for _, rule := range v.Attempt.Trace {
		t.Trace = append(t.Trace, TestStep{Name: rule.Name, Passed: rule.Passed, Detail: rule.Detail})
	}
	return t
}

func triedWords(v signin.TestRunView) string {
	switch {
	case v.Number == 0 && v.Run.Draft:
		return "the draft"
	case v.Run.RevisionID == v.Connection.LiveRevisionID:
		return fmt.Sprintf("revision %d, which is live", v.Number)
	}
	return fmt.Sprintf("revision %d", v.Number)
}

func fieldWords(field string) string {
	switch field {
	case "user_id":
		return "Lasting name of the person"
	case "email_address":
		return "Email address"
	case "email_verified":
		return "Email address is verified"
	case "first_name":
		return "First name"
	case "last_name":
		return "Last name"
	}
	if key, ok := strings.CutPrefix(field, "public_metadata."); ok {
		return "Public metadata: " + key
	}
	return field
}

// outcomeWords say what would happen to the person.
func outcomeWords(v signin.TestRunView) []string {
	var list []string
	switch v.Outcome.Result {
	case "create":
		list = append(list, "A new user would be made for this person.")
	case "link":
		list = append(list, "The person has a user already, who would be linked to this account at the provider.")
	case "sign_in":
		list = append(list, "The person is known and would be signed in.")
	case "refuse":
		list = append(list, "The person would be refused.")
	default:
		return nil
	}
	if v.Outcome.Joins != "" {
		list = append(list, "The person would join the organization with the role "+string(v.Outcome.Joins)+".")
	}
	if v.Outcome.Binds != "" {
		list = append(list, "The connection would be bound to the provider’s tenant "+v.Outcome.Binds+".")
	}
	if !v.Connection.Active {
		list = append(list, "The connection is switched off: it would be so once it is switched on.")
	}
	return list
}
