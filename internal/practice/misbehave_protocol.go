package practice

import (
	"strconv"
	"strings"
	"time"
)

// later is the time that much after the answer's.
func (d *draft) later(after time.Duration) string { return stamp(d.now.Add(after)) }

// window sets the validity of the Assertion and of its confirmation.
func (d *draft) window(from, until time.Duration) {
	d.notBefore, d.notOnOrAfter = d.later(from), d.later(until)
	d.confirm(func(c *confirmation) { c.notOnOrAfter = d.later(until) })
}

// skew makes an answer from a clock that is param seconds ahead, or behind
// where negative. It is good for a minute only, so that a clock behind shows.
func (d *draft) skew() {
	if d.param == "" {
		d.param = "60"
	}
	seconds, err := strconv.Atoi(d.param)
	if err != nil {
		d.fail("%q is not a number of seconds", d.param)
		return
	}
	d.now = d.now.Add(time.Duration(seconds) * time.Second)
	d.responseInstant, d.instant, d.authnInstant = stamp(d.now), stamp(d.now), stamp(d.now)
	d.window(0, time.Minute)
}

// timeless writes both ends of the validity in some other form.
func (d *draft) timeless(form func(stamp string) string) {
	d.notBefore, d.notOnOrAfter = form(d.notBefore), form(d.notOnOrAfter)
}

func clockRows() []row {
	return []row{
		{
			"expired", "T-SAML-14", "expired", "Stopped being valid half an hour ago.",
			func(d *draft) { d.window(-time.Hour, -30*time.Minute) },
		},
		{
			"not-yet-valid", "T-SAML-14", "not_yet_valid", "Becomes valid in half an hour.",
			func(d *draft) { d.window(30*time.Minute, 35*time.Minute) },
		},
		{
			"skewed-by-N", "T-SAML-14", "not_yet_valid or expired or issued_before_request unless the difference is within the connection's tolerance, usually 120 seconds",
			"Comes from a clock that is N seconds ahead; behind, where N is negative. The parameter is N.", (*draft).skew,
		},
		{
			"inverted-window", "T-SAML-14", "expired or not_yet_valid", "Ends being valid before it begins.",
			func(d *draft) {
				d.notBefore, d.notOnOrAfter = d.later(time.Minute), d.later(-time.Minute)
			},
		},
		{
			"confirmation-expired", "T-SAML-13", "expired", "May have been delivered until half an hour ago.",
			func(d *draft) { d.confirm(func(c *confirmation) { c.notOnOrAfter = d.later(-30 * time.Minute) }) },
		},
		{
			"confirmation-without-end", "T-SAML-13", "expired or subject_confirmation", "May be delivered for ever.",
			func(d *draft) { d.confirm(func(c *confirmation) { c.notOnOrAfter = "" }) },
		},
		{
			"confirmation-not-yet", "T-SAML-12", "subject_confirmation or not_yet_valid", "May be delivered from half an hour later on.",
			func(d *draft) { d.confirm(func(c *confirmation) { c.notBefore = d.later(30 * time.Minute) }) },
		},
		{
			"confirmation-begun", "T-SAML-12", "", "Says from when it may be delivered, which is unusual; the time is past.",
			func(d *draft) { d.confirm(func(c *confirmation) { c.notBefore = d.later(-time.Minute) }) },
		},
		{
			"issued-before-request", "T-SAML-15", "issued_before_request unless nothing was asked (IdP-initiated)", "Was made an hour before it was asked for.",
			func(d *draft) { d.instant, d.responseInstant = d.later(-time.Hour), d.later(-time.Hour) },
		},
		{
			"issued-in-future", "T-SAML-15", "not_yet_valid", "Will be made in an hour.",
			func(d *draft) { d.instant, d.responseInstant = d.later(time.Hour), d.later(time.Hour) },
		},
		{
			"old-authn", "T-SAML-17", "authn_too_old unless the connection does not ask for a fresh sign-in (ForceAuthn)", "The person signed in a day ago and was not asked again.",
			func(d *draft) { d.authnInstant = d.later(-24 * time.Hour) },
		},
		{
			"session-ended", "T-SAML-17", "expired", "The session that it begins is over already.",
			func(d *draft) { d.sessionNotOnOrAfter = d.later(-30 * time.Minute) },
		},
		{
			"session-ends-soon", "T-SAML-17", "", "The session that it begins ends in ten minutes.",
			func(d *draft) { d.sessionNotOnOrAfter = d.later(10 * time.Minute) },
		},
		{
			"time-without-zone", "T-SAML-16", "time_format", "Writes times without a time zone.",
			func(d *draft) { d.timeless(func(s string) string { return strings.TrimSuffix(s, "Z") }) },
		},
		{
			"time-with-offset", "T-SAML-16", "time_format", "Writes times with +00:00 instead of Z.",
			func(d *draft) { d.timeless(func(s string) string { return strings.TrimSuffix(s, "Z") + "+00:00" }) },
		},
		{
			"time-leap-second", "T-SAML-16", "time_format", "Writes a time with second 60.",
			func(d *draft) { d.notOnOrAfter = d.now.UTC().AddDate(0, 0, 1).Format("2006-01-02T") + "23:59:60Z" },
		},
		{
			"time-hour-24", "T-SAML-16", "time_format", "Writes midnight as 24:00.",
			func(d *draft) { d.notOnOrAfter = d.now.UTC().AddDate(0, 0, 1).Format("2006-01-02T") + "24:00:00Z" },
		},
		{
			"time-far-future", "T-SAML-16", "time_format", "Is valid until the year 99999.",
			func(d *draft) { d.notOnOrAfter = "99999-12-31T23:59:59Z" },
		},
	}
}

func addressRows() []row {
	const other = "https://somebody-else.test/saml"
	return []row{
		{
			"wrong-audience", "T-SAML-10", "audience", "Is meant for another service provider.",
			func(d *draft) { d.audiences = [][]string{{other}} },
		},
		{
			"no-audience", "T-SAML-10", "audience", "Does not say for whom it is meant.",
			func(d *draft) { d.audiences = nil },
		},
		{
			"audience-slash", "T-SAML-10", "audience", "Names the service provider with a slash too many.",
			func(d *draft) { d.audiences = [][]string{{d.sp.EntityID + "/"}} },
		},
		{
			"audience-case", "T-SAML-10", "audience", "Names the service provider in capital letters.",
			func(d *draft) { d.audiences = [][]string{{strings.ToUpper(d.sp.EntityID)}} },
		},
		{
			"audience-prefix", "T-SAML-10", "audience", "Names a service provider whose name begins like the real one's.",
			func(d *draft) { d.audiences = [][]string{{d.sp.EntityID + ".somebody-else.test"}} },
		},
		{
			"second-restriction", "T-SAML-10", "audience", "Is restricted to this service provider and to another one at once.",
			func(d *draft) { d.audiences = append(d.audiences, []string{other}) },
		},
		{
			"several-audiences", "T-SAML-10", "", "Is meant for several service providers, this one among them.",
			func(d *draft) { d.audiences = [][]string{{other, d.sp.EntityID}} },
		},
		{
			"wrong-destination", "T-SAML-11", "destination", "Was to be sent to another address.",
			func(d *draft) { d.destination = other },
		},
		{
			"missing-destination", "T-SAML-11", "destination", "Is signed as a whole, yet does not say where it was to be sent.",
			func(d *draft) { d.destination, d.signResponse = "", true },
		},
		{
			"wrong-recipient", "T-SAML-12", "subject_confirmation", "The person was confirmed to another address.",
			func(d *draft) { d.confirm(func(c *confirmation) { c.recipient = other }) },
		},
		{
			"missing-recipient", "T-SAML-12", "subject_confirmation", "Does not say to which address the person was confirmed.",
			func(d *draft) { d.confirm(func(c *confirmation) { c.recipient = "" }) },
		},
		{
			"wrong-issuer", "T-SAML-20", "issuer", "Comes from a provider of another name.",
			func(d *draft) { d.issuer, d.responseIssuer = other, other },
		},
		{
			"wrong-assertion-issuer", "T-SAML-20", "issuer", "The response names the right provider, the statement in it another one.",
			func(d *draft) { d.issuer = other },
		},
		{
			"wrong-response-issuer", "T-SAML-20", "issuer", "The response names another provider, the statement in it the right one.",
			func(d *draft) { d.responseIssuer = other },
		},
		{
			"no-assertion-issuer", "T-SAML-20", "issuer", "The statement does not say who makes it.",
			func(d *draft) { d.issuer = "" },
		},
		{
			"no-response-issuer", "T-SAML-20", "", "Only the statement says who makes it, which is enough.",
			func(d *draft) { d.responseIssuer = "" },
		},
	}
}

func requestRows() []row {
	both := func(id string) func(*draft) {
		return func(d *draft) {
			d.responseInReplyTo = id
			d.confirm(func(c *confirmation) { c.inReplyTo = id })
		}
	}
	return []row{
		{
			"no-relaystate", "T-SAML-03", "saml_response_relaystate_missing unless nothing was asked (IdP-initiated)", "Forgets the RelayState that came with the question.",
			func(d *draft) { d.relayState = "" },
		},
		{
			"wrong-relaystate", "T-SAML-04", "relaystate", "Returns a RelayState that nobody sent.",
			func(d *draft) { d.relayState = newID() },
		},
		{
			"relaystate-url", "T-SAML-05", "relaystate unless nothing was asked (IdP-initiated): then the address is ignored", "Returns the address of another site as RelayState.",
			func(d *draft) { d.relayState = "https://somebody-else.test/" },
		},
		{"wrong-in-response-to", "T-SAML-06", "in_response_to or unsolicited", "Answers a question that nobody asked.", func(d *draft) { both(newID())(d) }},
		{"missing-in-response-to", "T-SAML-06", "in_response_to unless nothing was asked (IdP-initiated)", "Does not say which question it answers.", both("")},
		{
			"confirmation-missing-in-response-to", "T-SAML-06", "in_response_to or subject_confirmation unless nothing was asked (IdP-initiated)", "The response says which question it answers, the statement in it does not.",
			func(d *draft) { d.confirm(func(c *confirmation) { c.inReplyTo = "" }) },
		},
		{
			"confirmation-wrong-in-response-to", "T-SAML-06", "in_response_to or subject_confirmation or unsolicited", "The statement answers another question than the response.",
			func(d *draft) { d.confirm(func(c *confirmation) { c.inReplyTo = newID() }) },
		},
		{
			"unsolicited", "T-SAML-07", "saml_response_relaystate_missing or unsolicited unless the connection allows IdP-initiated sign-in", "Comes unasked: no RelayState, no question named.",
			func(d *draft) { both("")(d); d.relayState = "" },
		},
		{
			"unsolicited-with-in-response-to", "T-SAML-07", "unsolicited or saml_response_relaystate_missing or in_response_to", "Comes unasked and yet claims to answer a question.",
			func(d *draft) { both(newID())(d); d.relayState = "" },
		},
		{
			"replayed", "T-SAML-08", "replay or in_response_to", "Is the previous answer to this service provider once more.",
			func(d *draft) { d.repeat = repeatResponse },
		},
		{
			"repeated-assertion-id", "T-SAML-08", "replay", "Is a new answer under the previous answer's identifier.",
			func(d *draft) { d.repeat = repeatAssertionID },
		},
		{
			"status-not-success", "T-SAML-19", "status", "Says that the person cancelled.",
			func(d *draft) {
				d.status, d.noAssertion = status("Responder", "AuthnFailed", "The person cancelled the sign-in."), true
			},
		},
		{
			"status-denied", "T-SAML-19", "status", "Says that the person may not use this application.",
			func(d *draft) {
				d.status, d.noAssertion = status("Responder", "RequestDenied", "This person is not assigned to the application."), true
			},
		},
		{
			"status-markup", "T-SAML-19", "status", "Fails with a message full of markup.",
			func(d *draft) {
				d.status, d.noAssertion = status("Requester", "", strings.Repeat("<script>alert(1)</script>", 100)), true
			},
		},
		{
			"status-failed-with-assertion", "T-SAML-19", "status", "Says that it failed, and brings a signed statement all the same.",
			func(d *draft) { d.status, d.signResponse = status("Responder", "AuthnFailed", ""), true },
		},
		{
			"no-status", "T-SAML-19", "status", "Does not say whether it succeeded.",
			func(d *draft) { d.status = "" },
		},
		{
			"no-assertion", "T-SAML-19", "status or assertion_count", "Succeeds without saying anything about anybody.",
			func(d *draft) { d.noAssertion = true },
		},
	}
}

func statementRows() []row {
	return []row{
		{
			"wrong-version", "T-SAML-20", "version", "The statement says that it is SAML 1.1.",
			func(d *draft) { d.version = "1.1" },
		},
		{
			"wrong-response-version", "T-SAML-20", "version", "The response says that it is SAML 3.0.",
			func(d *draft) { d.responseVersion = "3.0" },
		},
		{
			"no-authn-statement", "T-SAML-17", "authn_statement", "Does not say that the person signed in.",
			func(d *draft) { d.noAuthn = true },
		},
		{
			"no-subject-confirmation", "T-SAML-12", "subject_confirmation", "Does not say how the person is confirmed.",
			func(d *draft) { d.confirmations = nil },
		},
		{
			"holder-of-key", "T-SAML-12", "subject_confirmation", "Is confirmed only for the holder of some key.",
			func(d *draft) { d.confirm(func(c *confirmation) { c.method = methodHolderOfKey }) },
		},
		{
			"second-confirmation", "T-SAML-12", "", "Is confirmed twice: for another address and for the right one.",
			func(d *draft) {
				other := d.confirmations[0]
				other.recipient = "https://somebody-else.test/saml"
				d.confirmations = append([]confirmation{other}, d.confirmations...)
			},
		},
		{
			"no-conditions", "T-SAML-14", "audience or expired or condition", "Is valid for everybody and for ever.",
			func(d *draft) { d.noConditions = true },
		},
		{
			"unknown-condition", "T-SAML-18", "condition", "Holds only under a condition that nobody knows.",
			func(d *draft) {
				d.moreConditions = node("saml:Condition", "",
					at{"xmlns:xsi", "http://www.w3.org/2001/XMLSchema-instance"}, at{"xmlns:weekday", "urn:practice:weekday"}, at{"xsi:type", "weekday:OnTuesdays"})
				d.adjust = func(s *signature) {
					// The prefix is used in a value only, so it is not canonical.
					s.octets = func(octets string) string {
						return strings.Replace(octets, ` xmlns:weekday="urn:practice:weekday"`, "", 1)
					}
				}
			},
		},
		{
			"one-time-use", "T-SAML-18", "", "May be used once only, which is what happens anyway.",
			func(d *draft) { d.moreConditions = node("saml:OneTimeUse", "") },
		},
		{
			"proxy-restriction", "T-SAML-18", "", "May not be passed on to others, which does not happen anyway.",
			func(d *draft) { d.moreConditions = node("saml:ProxyRestriction", "", at{"Count", "0"}) },
		},
	}
}
