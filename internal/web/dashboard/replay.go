package dashboard

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/signin"
	"usher/internal/web/page"
)

// handleReplay judges an attempt's evidence again, with the clock as at receipt. It
// writes nothing.
func (u *UI) handleReplay(w http.ResponseWriter, r *http.Request, op operator) error {
	id, err := attemptOf(r)
	if err != nil {
		return err
	}
	l, err := newListing(r)
	if err != nil {
		return err
	}
	e, err := u.SignIn.Explain(r.Context(), id)
	if err != nil {
		return err
	}
	choice, err := u.judges(r, e.Connection.ID)
	if err != nil {
		return err
	}
	by := signin.Against{Revision: identity.RevisionID(l.text("revision"))}
	if by.Revision == draftParam && choice.draft != nil {
		by = signin.Against{Config: choice.draft}
	}
	replay, err := u.SignIn.Replay(r.Context(), id, by)
	if list, status, ok := problems(err); ok {
		s := cannotReplayScreen(l, e, choice, list)
		return u.showAs(w, r, op, status, s)
	}
	if err != nil {
		return err
	}
	return u.show(w, r, op, replayScreen(l, replay, choice))
}

const (
	// draftParam stands for the draft in place of a revision's ID.
	draftParam = "draft"

	// maxJudges is how many revisions are offered to judge by. Ours.
	maxJudges = 20
)

// judges are the settings that a message can be judged by.
type judges struct {
	revisions []manage.RevisionView
	draft     *identity.ConnectionConfig // nil: there is none
}

func (u *UI) judges(r *http.Request, id identity.ConnectionID) (j judges, err error) {
	if id == "" {
		return j, nil
	}
	if j.revisions, _, err = u.Manage.Revisions(r.Context(), id, manage.Page{Limit: maxJudges}); err != nil {
		return j, err
	}
	v, err := u.Manage.Draft(r.Context(), id)
	if _, _, none := problems(err); none {
		return j, nil
	}
	if err != nil {
		return j, err
	}
	j.draft = &v.Draft.Config
	return j, nil
}

// search chooses by what to judge.
func (j judges) search(l listing) *page.Search {
	pairs := []string{"", "The live settings"}
	if j.draft != nil {
		pairs = append(pairs, draftParam, "The draft")
	}
	for _, v := range j.revisions {
		if !v.Live {
			pairs = append(pairs, string(v.ID), "Revision "+strconv.Itoa(v.Number)+", of "+page.On(v.CreatedAt).Text)
		}
	}
	return &page.Search{Action: l.path, Filters: []page.Filter{l.filter("revision", "Judge by", pairs...)}}
}

func replayHead(e signin.Explanation) page.Screen {
	return page.Screen{
		Title: "Judge it again", Crumbs: attemptCrumbs(e.Attempt),
		Lead: "The same message, judged by the settings that you choose, at people as they are now and with the clock as it was then. Nothing is written, and nobody is signed in.",
	}
}

func cannotReplayScreen(l listing, e signin.Explanation, choice judges, list []page.Problem) page.Screen {
	s := replayHead(e)
	s.Problems = list
	s.Blocks = []page.Block{
		{Text: "The message is kept for a short time only, and the revision must be one of the attempt’s connection.", Search: choice.search(l)},
		{Actions: []page.Action{{Text: "Back to the attempt", URL: attemptPath(e.Attempt.ID)}}},
	}
	return s
}

func replayScreen(l listing, r signin.Replay, choice judges) page.Screen {
	s := replayHead(r.Was.Explanation)
	verdict := page.Alert{Title: "The verdict stays the same"}
	if r.Changed() {
		verdict = page.Alert{Kind: "success", Title: "It would be accepted now", Text: "Ask the person to sign in again."}
		if r.Now.Refused != nil {
			verdict = page.Alert{Kind: "warning", Title: "It would be refused for another reason now"}
			if r.Was.Refusal == nil {
				verdict = page.Alert{Kind: "danger", Title: "It would be refused now"}
			}
		}
	}
	first := page.Block{Search: choice.search(l), Alert: &verdict}
	s.Blocks = []page.Block{first, {Title: "Then and now", Compare: &page.Compare{
		Left: "As it was", Right: "Judged again", Rows: replayRows(r),
	}}}
	s.Blocks = append(s.Blocks, causeBlocks(r.Now.Findings)...)
	s.Blocks = append(s.Blocks, checkBlocks(r.Now.Checks)...)
	if len(r.Now.Decision.Trace) > 0 {
		s.Blocks = append(s.Blocks, decisionBlock(r.Now.Decision.Trace, r.Now.Refused != nil))
	}
	return s
}

// replayRows set the verdicts, and what led to them, side by side.
func replayRows(r signin.Replay) []page.Difference {
	var rows []page.Difference
	add := func(term, left, right string) {
		if left != "" || right != "" {
			rows = append(rows, page.Difference{Term: term, Left: left, Right: right, Same: left == right})
		}
	}
	a := r.Was.Attempt
	was, is := "Accepted", "Accepted"
	var wasCode, isCode, wasReason, isReason string
	if f := r.Was.Refusal; f != nil {
		was, wasCode, wasReason = "Refused", string(f.Code()), f.Reason()
	}
	if r.Now.Refused != nil {
		f := fault.From(r.Now.Refused)
		is, isCode, isReason = "Refused", string(f.Code()), f.Reason()
	}
	add("Verdict", was, is)
	add("Code", wasCode, isCode)
	add("Reason", wasReason, isReason)
	add("Address", string(a.Email), string(r.Now.Email))
	if r.Now.Refused == nil && r.Now.Asked {
		add("User", string(a.UserID), cmp.Or(string(r.Now.Decision.Plan.User), "A new one"))
	}
	add("Revision", string(a.RevisionID), cmp.Or(string(r.Revision), "Not kept"))
	names, before, after := checkStates(a.Steps, r.Now.Checks)
	for _, name := range names {
		if before[name] != after[name] {
			add("Check: "+words(name), before[name], after[name])
		}
	}
	return rows
}

// checkStates are the states of checks by name, in the order in which they came.
func checkStates(was, is []identity.Step) (names []string, before, after map[string]string) {
	before, after = map[string]string{}, map[string]string{}
	note := func(list []identity.Step, into map[string]string) {
		for _, s := range list {
			if ofTimeline(s.Name) {
				continue
			}
			if !slices.Contains(names, s.Name) {
				names = append(names, s.Name)
			}
			into[s.Name] = "Passed"
			if !s.Passed {
				into[s.Name] = "Failed"
			}
		}
	}
	note(was, before)
	note(is, after)
	return names, before, after
}
