package dashboard

import (
	"context"
	"strconv"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/signin"
	"usher/internal/web/page"
)

const (
	// shownBack is the time that figures are about. Ours.
	shownBack = 7 * 24 * time.Hour

	// latest is how many attempts a connection's page shows. Ours.
	latest = 5
)

// connectionReport is how sign-ins through a connection went.
type connectionReport struct {
	facts    manage.ConnectionFacts
	attempts []signin.Explanation // the latest
}

func (u *UI) connectionReport(ctx context.Context, id identity.ConnectionID) (c connectionReport, err error) {
	if c.facts, err = u.Manage.ConnectionFacts(ctx, id, shownBack); err != nil {
		return c, err
	}
	c.attempts, _, err = u.SignIn.Attempts(ctx, signin.AttemptFilter{ConnectionID: id}, manage.Page{Limit: latest})
	return c, err
}

// withReport puts the figures of a connection with its other blocks: above them as
// soon as it is in use.
func withReport(blocks []page.Block, c identity.Connection, r connectionReport, now time.Time) []page.Block {
	report := connectionReportBlocks(c.ID, r, now)
	if len(r.attempts) == 0 || !c.InUse() {
		return append(blocks, report...)
	}
	return append(report, blocks...)
}

// connectionReportBlocks are the figures of a connection.
func connectionReportBlocks(id identity.ConnectionID, c connectionReport, now time.Time) []page.Block {
	list := withQuery(attemptsPath, string(id))
	if len(c.attempts) == 0 {
		return []page.Block{{Title: "Sign-ins", Empty: &page.Empty{
			Icon: "swap", Title: "Nobody has signed in through it yet", Text: "Once somebody tries, it is shown here how it went, how long it took and what the provider sent.",
			Actions: []page.Action{{Text: "What if somebody signs in?", URL: simulatePath}},
		}}}
	}
	f := c.facts
	blocks := []page.Block{{
		Title: "Sign-ins", Text: "Of the last seven days.", Numbers: connectionNumbers(f, list, now),
		Chart: outcomesChart(f.From, f.To, f.Hours), Actions: []page.Action{{Text: "All attempts", URL: list}},
	}}
	if len(f.Codes) > 0 {
		blocks = append(blocks, refusedBlock(f.Codes, list))
	}
	blocks = append(blocks, page.Block{Title: "Latest attempts", Table: attemptsTable(c.attempts, now)})
	if len(f.Attributes) > 0 {
		blocks = append(blocks, attributesBlock(f))
	}
	return blocks
}

func connectionNumbers(f manage.ConnectionFacts, list string, now time.Time) []page.Number {
	ended := f.Complete + f.Refused + f.Lost
	rate := page.Number{Label: "Came in", Value: "–", More: "nothing has ended"}
	if ended > 0 {
		rate.Value, rate.More = share(f.Complete, ended), strconv.Itoa(f.Complete)+" of "+strconv.Itoa(ended)
		rate.URL = list + "&outcome=complete"
	}
	last := page.Number{Label: "Last success", Value: "Never"}
	if !f.LastSuccess.IsZero() {
		last.Value = page.Since(now, f.LastSuccess).Text
	}
	numbers := []page.Number{rate, last}
	times := func(label string, t manage.TimeFacts) {
		if t.Number > 0 {
			numbers = append(numbers, page.Number{Label: label, Value: short(t.P50), More: "half of them; 95 of 100 within " + short(t.P95)})
		}
	}
	times("At the provider", f.Provider)
	times("Here", f.Own)
	if f.Drift.Number > 0 {
		n := page.Number{Label: "Provider’s clock", Value: drift(f.Drift.Mean)}
		if least, most := drift(f.Drift.Least), drift(f.Drift.Most); least != most {
			n.More = "from " + least + " to " + most
		}
		if f.Drift.Mean.Abs() > maxDrift {
			n.Kind = "warning"
		}
		numbers = append(numbers, n)
	}
	return numbers
}

// maxDrift is from where on a clock's drift is worth seeing to. Ours.
const maxDrift = 30 * time.Second

func share(n, of int) string { return strconv.Itoa(100*n/max(of, 1)) + "%" }

// refusedBlock says who did not come in and why, with the fix of each.
func refusedBlock(codes []manage.CodeFacts, list string) page.Block {
	t := &page.Table{Caption: "Refused", Columns: []page.Column{{Title: "Reason"}, {Title: "What to do"}, {Title: "Attempts", Number: true}}}
	for _, c := range codes {
		f := fault.New(fault.Code(c.Code))
		t.Rows = append(t.Rows, page.Row{Cells: []page.Cell{
			{Text: inGeneral(f.Message()), More: c.Code, URL: list + "&code=" + c.Code}, {Text: dash(inGeneral(f.Fix()))}, {Text: strconv.Itoa(c.Number)},
		}})
	}
	return page.Block{Title: "Refused", Text: "By reason, the most frequent first.", Table: t}
}

// attributesBlock sets what comes against what is mapped.
func attributesBlock(f manage.ConnectionFacts) page.Block {
	t := &page.Table{Caption: "Attributes", Columns: []page.Column{{Title: "Attribute"}, {Title: "Goes to"}, {Title: "Came", Number: true}}}
	for _, a := range f.Attributes {
		row := page.Row{Cells: []page.Cell{{Text: a.Name, Code: true}, {Text: dash(a.Mapped)}, {Text: share(a.Seen, f.Looked)}}}
		switch {
		case a.Mapped != "" && a.Seen == 0 && f.Looked > 0:
			row.Cells[1].Badges = []page.Badge{{Text: "Never came", Kind: "warning"}}
		case a.Mapped == "":
			row.Cells[1] = page.Cell{Badges: []page.Badge{{Text: "Not used"}}}
		}
		t.Rows = append(t.Rows, row)
	}
	return page.Block{Title: "Attributes", Text: "What came in the latest " + strconv.Itoa(f.Looked) + " answers, and where it goes.", Table: t, Folded: true}
}

// outcomesChart is how sign-ins ended, by day.
func outcomesChart(from, to time.Time, hours []manage.HourFacts) *page.Chart {
	const day = 24 * time.Hour
	begin := from.UTC().Truncate(day)
	count := int(to.Sub(begin)/day) + 1
	c := &page.Chart{Title: "Sign-ins by outcome", Text: "By day, in UTC.", Series: []page.Series{
		{Name: "Signed in", Kind: "good", Values: make([]float64, count)},
		{Name: "Refused", Kind: "bad", Values: make([]float64, count)},
		{Name: "Never came back", Kind: "warn", Values: make([]float64, count)},
	}}
	for i := range count {
		c.Labels = append(c.Labels, begin.AddDate(0, 0, i).Format("2 Jan"))
	}
	for _, h := range hours {
		if i := int(h.Hour.Sub(begin) / day); i >= 0 && i < count {
			c.Series[0].Values[i] += float64(h.Complete)
			c.Series[1].Values[i] += float64(h.Refused)
			c.Series[2].Values[i] += float64(h.Lost)
		}
	}
	return c
}
