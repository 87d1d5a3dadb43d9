package dashboard

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"usher/internal/identity"
	"usher/internal/signin"
	"usher/internal/web/page"
)

// attemptBadge says how an attempt ended.
func attemptBadge(e signin.Explanation) page.Badge {
	switch e.Attempt.State {
	case identity.AttemptComplete:
		switch e.Attempt.Kind {
		case identity.AttemptLink:
			return page.Badge{Text: "Account connected", Kind: "success"}
		case identity.AttemptPresence:
			return page.Badge{Text: "Still there", Kind: "success"}
		case identity.AttemptTest:
			return page.Badge{Text: "Test passed", Kind: "success"}
		case identity.AttemptSignIn:
		}
		return page.Badge{Text: "Signed in", Kind: "success"}
	case identity.AttemptRefused:
		return page.Badge{Text: "Refused", Kind: "danger"}
	case identity.AttemptAdmitted:
		return page.Badge{Text: "Not picked up", Kind: "warning"}
	case identity.AttemptStarted:
	}
	if e.Overdue {
		return page.Badge{Text: "Never came back", Kind: "warning"}
	}
	return page.Badge{Text: "Under way", Kind: "accent"}
}

// addressOfAttempt is the address that is known of the person: that which the
// provider vouched for, or the one that was typed.
func addressOfAttempt(a identity.Attempt) string {
	return cmp.Or(string(a.Email), string(a.TypedEmail))
}

func attemptPerson(a identity.Attempt) string {
	return cmp.Or(addressOfAttempt(a), string(a.UserID), "Somebody")
}

// startedBy says where an attempt began.
func startedBy(a identity.Attempt) string {
	switch {
	case a.IDPInitiated:
		return "Begun at the provider"
	case a.Kind == identity.AttemptLink:
		return "Begun here, to connect an account"
	case a.Kind == identity.AttemptTest:
		return "A test run: nobody was signed in"
	case a.Kind == identity.AttemptPresence:
		return "This server asked whether the person is still there"
	}
	return "Begun here"
}

// unusualStart says where an attempt began, unless it was here.
func unusualStart(a identity.Attempt) string {
	if !a.IDPInitiated && (a.Kind == identity.AttemptSignIn || a.Kind == "") {
		return ""
	}
	return startedBy(a)
}

func connectionNameOf(e signin.Explanation) string { return cmp.Or(e.Connection.Name, "Deleted") }

func took(a identity.Attempt) string {
	if a.FinishedAt.IsZero() {
		return "–"
	}
	return short(a.FinishedAt.Sub(a.StartedAt))
}

// short is a length of time as people read it: "86 ms", "1.2 s", "3 min".
func short(d time.Duration) string {
	switch {
	case d < 0:
		return "–" + short(-d)
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return fmt.Sprintf("%.0f h", d.Hours())
}

// drift is how far a clock is ahead, or behind.
func drift(d time.Duration) string {
	switch {
	case d >= time.Second:
		return short(d) + " ahead"
	case d <= -time.Second:
		return short(-d) + " behind"
	}
	return "Right"
}

// ofTimeline are the steps that are not checks of the answer.
func ofTimeline(name string) bool {
	switch name {
	case "sent_to_provider", "answer_received", "browser_returned", "warning", "presence":
		return true
	}
	return false
}

// stepChecks are the steps that tell the course of an attempt.
func stepChecks(a identity.Attempt) (list []page.Check) {
	for _, s := range a.Steps {
		if !ofTimeline(s.Name) {
			continue
		}
		c := page.Check{Text: cmp.Or(s.Plain, words(s.Name)), State: "passed", Detail: strings.TrimSpace(s.Received + " " + s.Fix)}
		switch {
		case s.Name == "warning":
			c.State = "warning"
		case !s.Passed:
			c.State = "failed"
		}
		c.When = page.Moment{Text: "+" + short(max(0, s.At.Sub(a.StartedAt))), Time: s.At.UTC().Format(time.RFC3339)}
		list = append(list, c)
	}
	return list
}

// checkBlocks are the checks of an answer: those that failed, and folded those that
// passed.
func checkBlocks(steps []identity.Step) (blocks []page.Block) {
	var failed, passed []page.Check
	for _, s := range steps {
		c := page.Check{Text: cmp.Or(s.Plain, words(s.Name)), State: "passed", Expected: s.Expected, Received: s.Received}
		switch {
		case ofTimeline(s.Name):
		case s.Passed:
			if c.Received == "" { // there was nothing to find fault with
				c.Expected, c.Detail = "", c.Expected
			}
			passed = append(passed, c)
		default:
			c.State, c.Detail = "failed", s.Fix
			failed = append(failed, c)
		}
	}
	if len(failed) > 0 {
		blocks = append(blocks, page.Block{Title: "Not as it should be", Text: "With what it had to be and what came.", Checks: failed})
	}
	if len(passed) > 0 {
		blocks = append(blocks, page.Block{Title: "Checks that passed (" + strconv.Itoa(len(passed)) + ")", Folded: true, Checks: passed})
	}
	return blocks
}

// decisionBlock are the rules that decided; folded where none refused.
func decisionBlock(trace []identity.Rule, refused bool) page.Block {
	return page.Block{Title: "The rules that decided (" + strconv.Itoa(len(trace)) + ")", Folded: !refused, Checks: ruleChecks(trace, refused)}
}

// ruleChecks are the rules of a decision. That one does not hold need not refuse:
// only the last one does.
func ruleChecks(trace []identity.Rule, refused bool) []page.Check {
	list := make([]page.Check, len(trace))
	for i, r := range trace {
		list[i] = page.Check{Text: ruleWords(r.Name), State: "passed", Detail: r.Detail}
		if !r.Passed {
			list[i].State = "skipped"
			if refused && i == len(trace)-1 {
				list[i].State = "failed"
			}
		}
	}
	return list
}

// ruleWords are the rules of signing in, as people say them.
func ruleWords(name string) string {
	w, ok := map[string]string{
		"domain_served":                  "The connection serves the domain",
		"connection_active":              "The connection is switched on",
		"authenticatable":                "People may sign in through it",
		"sso_found":                      "A connection serves the address",
		"organization_present":           "Its organization exists",
		"subject_present":                "The provider names the account",
		"subject_stable":                 "The name of the account stays the same",
		"email_present":                  "The provider vouches for an address",
		"email_domain_allowed":           "The address is at a domain of the connection",
		"email_as_typed":                 "It is the address that was typed",
		"email_trusted":                  "The provider’s word about the address counts",
		"hosted_domain":                  "The provider’s organization is the right one",
		"tenant":                         "The provider’s tenant is the right one",
		"in_directory":                   "The directory has the person",
		"subject_known":                  "The account is known",
		"subject_unchanged":              "The account is the one of last time",
		"email_verified_match":           "A user has proved the address",
		"email_unverified_match":         "A user has the address, not proved",
		"person_unknown":                 "Nobody here is that person yet",
		"jit_allowed":                    "Users are created at their first sign-in",
		"address_free":                   "No other user has the address",
		"user_not_banned":                "The user is not banned",
		"user_not_locked":                "The user is not locked",
		"user_not_deactivated":           "The user is not deactivated",
		"already_member":                 "The user is a member already",
		"membership_quota":               "The organization has room for one more member",
		"exclusive_membership":           "Membership elsewhere does not stand in the way",
		"role":                           "There is a role for new members",
		"invited":                        "An invitation waits for the person",
		"attributes":                     "Names are taken from the provider",
		"connection_found":               "A connection serves the address",
		"strategy_allowed":               "This way of signing in is allowed at the domain",
		"identifier_of_connection":       "The address belongs to a connection",
		"domain_not_reserved":            "No connection reserves the domain",
		"sign_up_open":                   "Everybody may sign up",
		"additional_identifiers_allowed": "Further addresses are allowed",
		"linking_allowed":                "Members may connect the account to the user they have",
		"is_member":                      "The person is a member of the organization",
		"not_linked_yet":                 "No account is connected yet",
		"subject_free":                   "The account belongs to nobody else",
	}[name]
	if ok {
		return w
	}
	return words(name)
}

// words is a name as people say it: "Answer received".
func words(name string) string {
	text := strings.ReplaceAll(name, "_", " ")
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:]
}

// placeholder stands for a value of one failure.
var placeholder = regexp.MustCompile(`\{(\w+)\}`)

// inGeneral are the words about a failure where they are about many of them, without
// the values of each.
func inGeneral(text string) string {
	return placeholder.ReplaceAllStringFunc(text, func(name string) string {
		return "‹" + strings.ReplaceAll(strings.Trim(name, "{}"), "_", " ") + "›"
	})
}
