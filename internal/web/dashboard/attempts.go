package dashboard

import (
	"net/http"
	"strings"
	"time"

	"usher/internal/cause"
	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/signin"
	"usher/internal/web/page"
)

const (
	oneAttempt = attemptsPath + "/{attempt_id}"

	// maxSaw is how long a text of a provider's page may be, in bytes. Ours.
	maxSaw = 16 << 10
)

func (u *UI) attemptRoutes() map[string]handler {
	return map[string]handler{
		"GET " + attemptsPath:             u.handleAttempts,
		"GET " + oneAttempt:               u.handleAttempt,
		"POST " + oneAttempt:              u.handleAttemptSaw,
		"GET " + oneAttempt + "/message":  u.sure(u.handleRevealPage),
		"POST " + oneAttempt + "/message": u.sure(u.handleReveal),
		"GET " + oneAttempt + "/replay":   u.handleReplay,
		"GET " + root + "/codes/{code}":   u.handleCode,
		"POST " + simulatePath + "/page":  u.handleWhatPageSays,
		"GET " + simulatePath:             u.handleWhatIf,
		"GET " + oneOrganization + whatIf: u.handleOrganizationWhatIf,
	}
}

func attemptPath(id identity.AttemptID) string { return attemptsPath + "/" + string(id) }

// spans of time that a list of attempts can be narrowed to.
func attemptSpans() []string {
	return []string{"", "Any time", "hour", "Last hour", "day", "Last day", "week", "Last 7 days", "month", "Last 30 days"}
}

func spanOf(name string) time.Duration {
	const day = 24 * time.Hour
	return map[string]time.Duration{"hour": time.Hour, "day": day, "week": 7 * day, "month": 30 * day}[name]
}

// attemptOutcomes are the ends of attempts, and how they are called.
func attemptOutcomes() []string {
	return []string{
		"", "All", string(identity.AttemptComplete), "Signed in", string(identity.AttemptRefused), "Refused", "lost", "Never came back",
		string(identity.AttemptAdmitted), "Not picked up", "under_way", "Under way",
	}
}

// attemptCodes are the codes to narrow by; the one that the URL names is among them.
func attemptCodes(now string) []string {
	pairs := []string{"", "Any"}
	known := now == ""
	for _, c := range cause.OfCodes() {
		pairs = append(pairs, string(c.Code), string(c.Code))
		known = known || string(c.Code) == now
	}
	if !known {
		pairs = append(pairs, now, now)
	}
	return pairs
}

func (u *UI) handleAttempts(w http.ResponseWriter, r *http.Request, op operator) error {
	l, err := newListing(r)
	if err != nil {
		return err
	}
	q := strings.TrimSpace(l.text("q"))
	if id, err := identity.ParseID[identity.AttemptID](q); err == nil {
		return seeOther(w, r, attemptPath(id))
	}
	f, ok, err := u.attemptFilter(r, l, q)
	if err != nil {
		return err
	}
	var found []signin.Explanation
	total := 0
	if ok {
		if found, total, err = u.SignIn.Attempts(r.Context(), f, l.page()); err != nil {
			return err
		}
	}
	return u.show(w, r, op, attemptsScreen(l, found, total, u.Now()))
}

// attemptFilter reads which attempts are asked for; ok is false if there can't be
// any.
func (u *UI) attemptFilter(r *http.Request, l listing, q string) (f signin.AttemptFilter, ok bool, err error) {
	f.Code = l.text("code")
	if span := spanOf(l.text("since")); span > 0 {
		f.Since = u.Now().Add(-span)
	}
	switch outcome := l.text("outcome"); outcome {
	case "lost":
		f.State, f.Before = identity.AttemptStarted, u.SignIn.LostBefore()
	case "under_way":
		f.State = identity.AttemptStarted
		if lost := u.SignIn.LostBefore(); f.Since.Before(lost) {
			f.Since = lost
		}
	case string(identity.AttemptComplete), string(identity.AttemptRefused), string(identity.AttemptAdmitted):
		f.State = identity.AttemptState(outcome)
	}
	if q == "" {
		return f, true, nil
	}
	if f.Email, err = identity.ParseEmail(q); err == nil {
		return f, true, nil
	}
	f.Email = ""
	if f.ConnectionID, err = identity.ParseConnectionID(q); err == nil {
		return f, true, nil
	}
	f.ConnectionID = ""
	o, err := u.Manage.Organization(r.Context(), q)
	if _, _, known := problems(err); known {
		return f, false, nil
	}
	f.OrganizationID = o.ID
	return f, true, err
}

func attemptsScreen(l listing, found []signin.Explanation, total int, now time.Time) page.Screen {
	s := page.Screen{
		Title: "Attempts", Lead: "Every sign-in through an identity provider, whatever became of it, with the reason.",
		Actions: []page.Action{{Text: "What if somebody signs in?", URL: simulatePath}},
	}
	b := page.Block{Search: l.search("Address or ID",
		l.filter("outcome", "Outcome", attemptOutcomes()...), l.filter("code", "Error code", attemptCodes(l.text("code"))...), l.filter("since", "Started", attemptSpans()...))}
	if len(found) == 0 {
		b.Empty = &page.Empty{
			Icon: "swap", Title: "Nobody has tried yet", Text: "An attempt appears here as soon as somebody is sent to an identity provider, or comes from one.",
			Actions: []page.Action{{Text: "Connections", URL: connectionsPath, Kind: "primary"}},
		}
		if l.narrowed("q", "outcome", "code", "since") {
			b.Empty = &page.Empty{Icon: "search", Title: "No such attempt", Text: "No attempt fits all of this. An address is looked for as a whole: the one that was typed, or the one that the provider vouched for."}
		}
		s.Blocks = []page.Block{b}
		return s
	}
	b.Table = attemptsTable(found, now)
	b.Table.Pager = l.pager(len(found), total)
	s.Blocks = []page.Block{b}
	return s
}

func attemptsTable(found []signin.Explanation, now time.Time) *page.Table {
	t := &page.Table{Caption: "Attempts", Columns: []page.Column{{Title: "Person"}, {Title: "Outcome"}, {Title: "Connection"}, {Title: "Took", Number: true}, {Title: "Started"}}}
	for _, e := range found {
		outcome := page.Cell{Badges: []page.Badge{attemptBadge(e)}, More: e.Attempt.Code}
		t.Rows = append(t.Rows, page.Row{Cells: []page.Cell{
			{Text: attemptPerson(e.Attempt), More: unusualStart(e.Attempt), URL: attemptPath(e.Attempt.ID)},
			outcome,
			{Text: connectionNameOf(e), More: e.Organization.Name},
			{Text: took(e.Attempt)},
			{When: page.Since(now, e.Attempt.StartedAt)},
		}})
	}
	return t
}

// handleAttempt tells the story of an attempt.
func (u *UI) handleAttempt(w http.ResponseWriter, r *http.Request, op operator) error {
	return u.showAttempt(w, r, op, "")
}

// handleAttemptSaw ranks the causes with what the person saw at the provider. It
// writes nothing, so it answers at once.
func (u *UI) handleAttemptSaw(w http.ResponseWriter, r *http.Request, op operator) error {
	saw, err := u.saw(w, r)
	if err != nil {
		return err
	}
	return u.showAttempt(w, r, op, saw)
}

// saw reads the text of a provider's page from a form.
func (u *UI) saw(w http.ResponseWriter, r *http.Request) (string, error) {
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return "", err
	}
	given, err := values(form, "saw")
	return given["saw"][:min(len(given["saw"]), maxSaw)], err
}

// story is an attempt with all that its page shows.
type story struct {
	signin.Diagnosis
	message signin.Message
	saw     string // pasted from the provider's page
}

func (u *UI) showAttempt(w http.ResponseWriter, r *http.Request, op operator, saw string) error {
	id, err := attemptOf(r)
	if err != nil {
		return err
	}
	st := story{saw: saw}
	if st.Diagnosis, err = u.SignIn.Diagnose(r.Context(), id, saw); err != nil {
		return err
	}
	if st.message, err = u.SignIn.Message(r.Context(), id); err != nil {
		return err
	}
	return u.show(w, r, op, attemptScreen(st, u.Now()))
}

// attemptOf is the attempt that a URL names.
func attemptOf(r *http.Request) (identity.AttemptID, error) {
	id, err := identity.ParseID[identity.AttemptID](r.PathValue("attempt_id"))
	if err != nil {
		return "", fault.New(fault.SSOAttemptNotFound).Because(err)
	}
	return id, nil
}

func attemptHead(e signin.Explanation) page.Screen {
	return page.Screen{
		Title: attemptPerson(e.Attempt), Badges: []page.Badge{attemptBadge(e)},
		Crumbs: []page.Link{{Text: "Attempts", URL: attemptsPath}},
	}
}

func attemptScreen(st story, now time.Time) page.Screen {
	s, a := attemptHead(st.Explanation), st.Attempt
	if !st.message.ExpiresAt.IsZero() {
		s.Actions = append(s.Actions, page.Action{Text: "Judge it again", URL: attemptPath(a.ID) + "/replay"})
	}
	if address := addressOfAttempt(a); address != "" {
		s.Actions = append(s.Actions, page.Action{Text: "What if they sign in now?", URL: withQuery(simulatePath, address)})
	}
	s.Blocks = append(s.Blocks, verdictBlock(st.Explanation))
	s.Blocks = append(s.Blocks, causeBlocks(st.Findings)...)
	if a.State != identity.AttemptComplete && a.Kind != identity.AttemptPresence && (st.Overdue || a.State == identity.AttemptRefused) {
		s.Blocks = append(s.Blocks, page.Block{
			Title: "What did the provider’s page say?", Text: "If the person saw an error there, paste it: the causes are ranked again. Nothing of it is kept.", Folded: st.saw == "" && !st.Overdue,
			Form: sawForm(attemptPath(a.ID), st.saw),
		})
	}
	if st.Refusal != nil && a.Kind != identity.AttemptPresence {
		s.Blocks = append(s.Blocks, sawBlock(st.Explanation))
	}
	s.Blocks = append(s.Blocks, page.Block{Title: "What happened when", Numbers: attemptNumbers(a), Checks: stepChecks(a)})
	s.Blocks = append(s.Blocks, checkBlocks(a.Steps)...)
	if len(a.Trace) > 0 {
		s.Blocks = append(s.Blocks, decisionBlock(a.Trace, a.State == identity.AttemptRefused))
	}
	s.Blocks = append(s.Blocks, messageBlock(st), aboutAttempt(st.Explanation, now))
	return s
}

func sawForm(action, saw string) *page.Form {
	return &page.Form{Action: action, Submit: "Find the cause", Quiet: true, Fields: []page.Field{
		{Kind: "textarea", Name: "saw", Label: "Text of the page", Value: saw, Rows: 3, Max: maxSaw, Example: "AADSTS50105: The signed in user is not assigned to a role for the application."},
	}}
}

// verdictBlock says what became of an attempt.
func verdictBlock(e signin.Explanation) page.Block {
	switch {
	case e.Refusal != nil:
		return page.Block{Alert: &page.Alert{
			Kind: "danger", Title: "Refused: " + e.Refusal.Message(), Text: strings.TrimSpace(e.Refusal.LongMessage() + " " + e.Refusal.Fix()),
			Actions: []page.Action{{Text: "About " + string(e.Refusal.Code()), URL: codePath(e.Refusal.Code())}},
		}}
	case e.Overdue:
		return page.Block{Alert: &page.Alert{
			Kind: "warning", Title: "Started, and never came back",
			Text: "The person was sent to the identity provider, and it sent nobody back in time. What happened there, only it saw; below is what fits best.",
		}}
	case e.Attempt.State == identity.AttemptStarted:
		return page.Block{Alert: &page.Alert{Title: "Under way", Text: "The person is at the identity provider. Open this page again in a while."}}
	case e.Attempt.State == identity.AttemptAdmitted:
		return page.Block{Alert: &page.Alert{Kind: "warning", Title: "Accepted, and not picked up", Text: "The answer was accepted, and the browser that it was for did not come for the session. A window that was closed, or cookies that are blocked, do that."}}
	}
	return page.Block{Alert: &page.Alert{Kind: "success", Title: attemptBadge(e).Text, Text: "Nothing stood in the way."}}
}

// causeBlocks are the causes of an attempt's end, the likeliest first.
func causeBlocks(found []cause.Finding) []page.Block {
	if len(found) == 0 {
		return nil
	}
	first := found[0]
	blocks := []page.Block{{Title: "Why, and what to do", Facts: []page.Fact{
		{Term: "Cause", Text: first.Cause.Says, Badge: confidenceBadge(first.Confidence)},
		{Term: "What speaks for it", Text: dash(first.Because)},
		{Term: fixTerm(first.Console), Text: first.Fix},
	}}}
	if len(found) == 1 {
		return blocks
	}
	var others []page.Check
	for _, f := range found[1:] {
		others = append(others, page.Check{Text: f.Cause.Says, State: "warning", Detail: strings.TrimSpace(f.Because + " " + fixTerm(f.Console) + ": " + f.Fix)})
	}
	return append(blocks, page.Block{Title: "If it was not that", Text: "What else fits, the likeliest first.", Checks: others})
}

func confidenceBadge(c cause.Confidence) page.Badge {
	switch c {
	case cause.Certain:
		return page.Badge{Text: "Certain", Kind: "danger"}
	case cause.Likely:
		return page.Badge{Text: "Likely", Kind: "warning"}
	case cause.Possible:
	}
	return page.Badge{Text: "Possible"}
}

func fixTerm(at cause.Console) string {
	switch at {
	case cause.Okta:
		return "Fix, in Okta"
	case cause.Entra:
		return "Fix, in Microsoft Entra"
	case cause.Google:
		return "Fix, in Google’s admin console"
	case cause.Other:
	}
	return "Fix"
}

// sawBlock is what the person saw.
func sawBlock(e signin.Explanation) page.Block {
	return page.Block{Title: "What the person saw", Folded: true, Facts: []page.Fact{
		{Term: "Heading", Text: e.Refusal.Message()}, {Term: "Text", Text: e.Refusal.LongMessage()}, {Term: "Reference", Text: string(e.Attempt.ID), Code: true},
	}}
}

// attemptNumbers are the times of an attempt.
func attemptNumbers(a identity.Attempt) []page.Number {
	var list []page.Number
	if !a.ReturnedAt.IsZero() && !a.IDPInitiated {
		list = append(list, page.Number{Label: "At the provider", Value: short(a.ReturnedAt.Sub(a.StartedAt)), More: "with the way there and back"})
	}
	if !a.ReturnedAt.IsZero() && !a.FinishedAt.IsZero() {
		list = append(list, page.Number{Label: "Here", Value: short(a.FinishedAt.Sub(a.ReturnedAt)), More: "from the answer to the end"})
	}
	if !a.IssuedAt.IsZero() && !a.ReturnedAt.IsZero() {
		list = append(list, page.Number{Label: "Provider’s clock", Value: drift(a.IssuedAt.Sub(a.ReturnedAt)), More: "by when it made its answer"})
	}
	return list
}

// messageBlock is what the provider sent, without what is about the person.
func messageBlock(st story) page.Block {
	b := page.Block{Title: "What the provider sent", Text: "Values that are about the person are not shown."}
	seen := st.message.Seen
	if st.message.ExpiresAt.IsZero() {
		b.Text = "The message is kept for a short time only, and there is none any more. These are the names that came."
		if st.Attempt.ReturnedAt.IsZero() {
			b.Text = "Nothing came."
		}
	}
	fact := func(term, text string) {
		if text != "" {
			b.Facts = append(b.Facts, page.Fact{Term: term, Text: text, Code: true})
		}
	}
	fact("In response to", seen.InResponseTo)
	if !seen.IssueInstant.IsZero() {
		b.Facts = append(b.Facts, page.Fact{Term: "Made at", When: page.On(seen.IssueInstant)})
	}
	fact("Name ID format", seen.NameIDFormat)
	for _, c := range seen.Certificates {
		b.Facts = append(b.Facts, page.Fact{Term: "Signed with", Text: c.Subject, More: "SHA-256 " + c.Fingerprint})
	}
	var names []string
	for _, at := range seen.Attributes {
		name := at.Name
		if at.Address != "" {
			name += " (an address at " + string(at.Address) + ")"
		}
		names = append(names, name)
	}
	if len(names) > 0 {
		b.Facts = append(b.Facts, page.Fact{Term: "Attributes", Chips: names})
	}
	if !st.message.ExpiresAt.IsZero() {
		b.Facts = append(b.Facts, page.Fact{Term: "Kept until", When: page.On(st.message.ExpiresAt)})
		b.Actions = []page.Action{{Text: "Reveal the message", URL: attemptPath(st.Attempt.ID) + "/message"}}
	}
	return b
}

// aboutAttempt leads to all that an attempt is about.
func aboutAttempt(e signin.Explanation, now time.Time) page.Block {
	a := e.Attempt
	facts := []page.Fact{{Term: "Reference", Text: string(a.ID), Copy: true}, {Term: "Started", When: page.On(a.StartedAt), More: page.Since(now, a.StartedAt).Text}, {Term: "By", Text: startedBy(a)}}
	add := func(term, text, url string) {
		if text != "" {
			facts = append(facts, page.Fact{Term: term, Text: text, URL: url})
		}
	}
	add("Typed", string(a.TypedEmail), "")
	add("Vouched for", string(a.Email), "")
	if a.UserID != "" {
		add("Person", string(a.UserID), userPath(a.UserID))
	}
	if e.Connection.ID != "" {
		add("Connection", e.Connection.Name, connectionPath(e.Connection.ID))
	} else {
		add("Connection", "Deleted", "")
	}
	if e.Organization.ID != "" {
		add("Organization", e.Organization.Name, organizationPath(e.Organization.ID))
	}
	for _, f := range []page.Fact{{Term: "Judged by revision", Text: string(a.RevisionID), Code: true}, {Term: "Session", Text: string(a.SessionID), Code: true}, {Term: "In the logs", Text: a.TraceID, Code: true}} {
		if f.Text != "" {
			facts = append(facts, f)
		}
	}
	return page.Block{Title: "About", Facts: facts}
}

// handleRevealPage asks before the message is shown: that it was is in the audit
// log.
func (u *UI) handleRevealPage(w http.ResponseWriter, r *http.Request, op operator) error {
	id, err := attemptOf(r)
	if err != nil {
		return err
	}
	e, err := u.SignIn.Explain(r.Context(), id)
	if err != nil {
		return err
	}
	return u.show(w, r, op, revealScreen(e))
}

func attemptCrumbs(a identity.Attempt) []page.Link {
	return []page.Link{{Text: "Attempts", URL: attemptsPath}, {Text: attemptPerson(a), URL: attemptPath(a.ID)}}
}

func revealScreen(e signin.Explanation) page.Screen {
	path := attemptPath(e.Attempt.ID)
	return page.Screen{
		Title: "Reveal the message?", Crumbs: attemptCrumbs(e.Attempt),
		Lead:   "It says all that the provider says about the person. That you looked at it is written into the audit log.",
		Blocks: []page.Block{{Form: &page.Form{Action: path + "/message", Submit: "Reveal the message", Cancel: path}}},
	}
}

func (u *UI) handleReveal(w http.ResponseWriter, r *http.Request, op operator) error {
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	id, err := attemptOf(r)
	if err != nil {
		return err
	}
	e, err := u.SignIn.Explain(r.Context(), id)
	if err != nil {
		return err
	}
	message, err := u.SignIn.Reveal(r.Context(), id)
	if err != nil {
		return err
	}
	return u.show(w, r, op, revealedScreen(e, message))
}

// maxRevealed is how many attributes of a message are shown one by one. Ours.
const maxRevealed = 200

func revealedScreen(e signin.Explanation, m signin.Revealed) page.Screen {
	values := page.Block{Title: "What it says about the person", Text: "As it was received: nothing of it is verified by being shown here."}
	t := &page.Table{Caption: "Attributes", Columns: []page.Column{{Title: "Name"}, {Title: "Value"}}}
	for _, v := range m.Values[:min(len(m.Values), maxRevealed)] {
		t.Rows = append(t.Rows, page.Row{Cells: []page.Cell{{Text: v.Name, Code: true}, {Text: strings.Join(v.Values, ", ")}}})
	}
	if values.Table = t; len(t.Rows) == 0 {
		values.Table, values.Text = nil, "No attribute of it can be read: it is encrypted, or is not what it should be."
	}
	return page.Screen{
		Title: "Message", Crumbs: attemptCrumbs(e.Attempt), Lead: "Kept until " + page.On(m.ExpiresAt).Text + ".",
		Blocks: []page.Block{values, {Title: "As it came", Code: &page.Code{Text: m.Text, Copy: true}}, {Actions: []page.Action{{Text: "Back to the attempt", URL: attemptPath(e.Attempt.ID)}}}},
	}
}
