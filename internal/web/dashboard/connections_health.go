package dashboard

import (
	"net/http"
	"strings"
	"time"

	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/signin"
	"usher/internal/web/page"
)

// lastRuns is how many test runs the page of a connection shows. Ours.
const lastRuns = 3

// health is what stands beside the configuration on the page of a connection.
type health struct {
	state manage.ConnectionState
	draft *manage.DraftView // nil: there is none
	runs  []signin.TestRunView
}

func (u *UI) health(r *http.Request, c identity.Connection) (h health, err error) {
	if h.state, err = u.Manage.ConnectionState(r.Context(), c.ID); err != nil {
		return h, err
	}
	if h.draft, err = u.draftOf(r, c); err != nil {
		return h, err
	}
	h.runs, _, err = u.SignIn.TestRuns(r.Context(), signin.TestRunFilter{ConnectionID: c.ID}, manage.Page{Limit: lastRuns})
	return h, err
}

// healthBlocks say whether what a connection needs is fresh, and how it was tried.
func healthBlocks(c identity.Connection, h health, now time.Time) []page.Block {
	var blocks []page.Block
	if b, ok := freshness(c, h.state.Metadata, now); ok {
		blocks = append(blocks, b)
	}
	if b, ok := ourKeys(c, h.state.Keys, now); ok {
		blocks = append(blocks, b)
	}
	b := page.Block{Title: "Test runs", Text: "What a sign-in would make of a person, without signing anybody in."}
	if len(h.runs) > 0 {
		b.Table = &page.Table{Caption: "Test runs", Columns: []page.Column{{Title: "Test run"}, {Title: "Result"}, {Title: "Person"}}}
		for _, v := range h.runs {
			b.Table.Rows = append(b.Table.Rows, page.Row{Cells: []page.Cell{
				{Text: page.Since(now, v.Run.CreatedAt).Text, More: triedWords(v), URL: testsPath(c.ID) + "/" + string(v.Run.ID)}, {Badges: []page.Badge{testBadge(v)}, More: refusalWords(v)}, {Text: dash(v.Claims.EmailAddress)},
			}})
		}
		b.Actions = []page.Action{{Text: "All test runs", URL: testsPath(c.ID)}}
	} else if !finished(c) {
		return blocks
	}
	b.Actions = append([]page.Action{testAction(c.ID)}, b.Actions...)
	return append(blocks, b)
}

// waiting says that there is a draft.
func waiting(c identity.Connection, draft *manage.DraftView) []page.Block {
	if draft == nil {
		return nil
	}
	text := "It changes nothing yet."
	if n := changedWords(draft.Changes); n != dash("") {
		text = "It changes: " + n + "."
	}
	return []page.Block{{Alert: &page.Alert{Kind: "info", Title: "A draft is waiting", Text: text, Actions: []page.Action{{Text: "Look at the draft", URL: changesPath(c.ID)}}}}}
}

// freshness says how the refreshing of what the provider publishes goes.
func freshness(c identity.Connection, m identity.MetadataState, now time.Time) (page.Block, bool) {
	if m.NextAt.IsZero() {
		if s := c.Config.SAML; s != nil && s.IDPMetadataURL == "" && len(s.IDPCertificates) > 0 {
			return page.Block{Title: "Metadata", Alert: &page.Alert{
				Kind: "info", Text: "The provider’s data was given by hand. A renewed certificate must be brought here before the old one ends; with a metadata URL, it comes by itself.",
				Actions: []page.Action{{Text: "Give a metadata URL", URL: connectionPath(c.ID) + "/setup/connect"}},
			}}, true
		}
		return page.Block{}, false
	}
	b := page.Block{Title: "Metadata", Text: "What the provider publishes about itself is read again by itself."}
	read := page.Fact{Term: "Last read", When: page.Since(now, m.FetchedAt), Badge: page.Badge{Text: "Fresh", Kind: "success"}}
	if m.FetchedAt.IsZero() {
		read.Text = "Never"
	}
	if m.Failures > 0 {
		read.Badge = page.Badge{Text: "Not fresh", Kind: "warning"}
		b.Alert = &page.Alert{Kind: "warning", Title: "The last reading failed", Text: failureWords(m.LastError) + " What was read before stays in force.", Actions: []page.Action{{Text: "Look at the provider’s data", URL: connectionPath(c.ID) + "/setup/connect"}}}
	}
	b.Facts = []page.Fact{read, {Term: "Next", When: page.Since(now, m.NextAt)}}
	return b, true
}

// failureWords make a sentence of a stored error.
func failureWords(text string) string {
	return sentence(strings.TrimSuffix(strings.TrimSpace(text), "."))
}

// ourKeys show our certificates, with the days that they have left.
func ourKeys(c identity.Connection, keys []manage.KeyView, now time.Time) (page.Block, bool) {
	b := page.Block{Title: "Our keys"}
	for _, k := range keys {
		f := certificateFact(k.CertificateView, now)
		f.Term = "Certificate"
		b.Facts = append(b.Facts, f)
	}
	b.Actions = []page.Action{{Text: "Our keys", URL: keysPath(c.ID)}}
	return b, len(keys) > 0
}
