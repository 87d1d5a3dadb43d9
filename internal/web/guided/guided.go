// Package guided draws the guides through providers' consoles, for the dashboard and
// for the setup portal, and asks for what an administrator brings back.
package guided

import (
	"usher/internal/guide"
	"usher/internal/web/page"
)

// Step draws a step of a guide. What it asks for is left out: the surface that
// shows it knows how to take the answer.
func Step(s guide.Step) []page.Prose {
	var list []page.Prose
	for _, b := range s.Blocks {
		switch b.Kind {
		case guide.BlockText:
			list = append(list, page.Prose{Spans: spans(b.Text)})
		case guide.BlockNote:
			list = append(list, page.Prose{Alert: &page.Alert{Kind: "info", Spans: spans(b.Text)}})
		case guide.BlockWarning:
			list = append(list, page.Prose{Alert: &page.Alert{Kind: "warning", Spans: spans(b.Text)}})
		case guide.BlockList:
			list = append(list, page.Prose{Ordered: true, Items: items(b.Items)})
		case guide.BlockCopy:
			list = append(list, page.Prose{Copy: value(b.Copy)})
		case guide.BlockTable:
			list = append(list, page.Prose{Table: table(s.Title, b)})
		case guide.BlockAsk:
		}
	}
	return list
}

// Asks are the ways to answer a step, each a list of inputs that belong together;
// none for a step that asks for nothing.
func Asks(s guide.Step) [][]guide.Input {
	for _, b := range s.Blocks {
		if b.Kind == guide.BlockAsk {
			return b.Ask
		}
	}
	return nil
}

func spans(list []guide.Span) []page.Span {
	out := make([]page.Span, len(list))
	for i, s := range list {
		out[i] = page.Span{Text: s.Text, Kind: string(s.Kind)}
	}
	return out
}

func items(list []guide.Item) []page.Item {
	out := make([]page.Item, len(list))
	for i, item := range list {
		out[i].Spans = spans(item.Text)
		for _, v := range item.Values {
			out[i].Values = append(out[i].Values, value(v))
		}
	}
	return out
}

func value(v guide.Value) page.Fact {
	return page.Fact{Term: v.Label, Text: v.Text, Copy: true}
}

func table(caption string, b guide.Block) *page.Table {
	t := &page.Table{Caption: caption}
	for _, head := range b.Head {
		title := ""
		for _, s := range head {
			title += s.Text
		}
		t.Columns = append(t.Columns, page.Column{Title: title})
	}
	for _, row := range b.Rows {
		var r page.Row
		for _, cell := range row {
			r.Cells = append(r.Cells, page.Cell{Spans: spans(cell)})
		}
		t.Rows = append(t.Rows, r)
	}
	return t
}
