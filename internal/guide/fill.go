package guide

import (
	"regexp"
	"slices"
	"strings"
)

// Values are what stands for the placeholders of a guide.
type Values struct {
	ACSURL      string // {acs_url}
	EntityID    string // {sp_entity_id}
	MetadataURL string // {sp_metadata_url}
	RedirectURI string // {redirect_uri}
	Application string // {application}: the name that people know
}

// placeholders lists what may stand in a text, in braces.
func placeholders() []string {
	return []string{"acs_url", "acs_url_pattern", "sp_entity_id", "sp_metadata_url", "redirect_uri", "application"}
}

func (v Values) replacer() *strings.Replacer {
	return strings.NewReplacer(
		"{acs_url}", v.ACSURL,
		"{acs_url_pattern}", "^"+strings.ReplaceAll(regexp.QuoteMeta(v.ACSURL), "/", `\/`)+"$", // for consoles that want an expression
		"{sp_entity_id}", v.EntityID,
		"{sp_metadata_url}", v.MetadataURL,
		"{redirect_uri}", v.RedirectURI,
		"{application}", v.Application,
	)
}

// Fill returns the guide with values for its placeholders. They are text: what is
// in them is never read as markup.
func (g Guide) Fill(v Values) Guide {
	with := v.replacer().Replace
	g.Steps = slices.Clone(g.Steps)
	for i := range g.Steps {
		s := &g.Steps[i]
		s.Title = with(s.Title)
		s.Blocks = slices.Clone(s.Blocks)
		for j := range s.Blocks {
			s.Blocks[j] = s.Blocks[j].fill(with)
		}
	}
	return g
}

func (b Block) fill(with func(string) string) Block {
	b.Text = fillSpans(b.Text, with)
	b.Copy.Text = with(b.Copy.Text)
	b.Items = slices.Clone(b.Items)
	for i := range b.Items {
		item := &b.Items[i]
		item.Text = fillSpans(item.Text, with)
		item.Values = slices.Clone(item.Values)
		for j := range item.Values {
			item.Values[j].Text = with(item.Values[j].Text)
		}
	}
	b.Rows = slices.Clone(b.Rows)
	for i, row := range b.Rows {
		b.Rows[i] = make([][]Span, len(row))
		for j, cell := range row {
			b.Rows[i][j] = fillSpans(cell, with)
		}
	}
	return b
}

func fillSpans(spans []Span, with func(string) string) []Span {
	spans = slices.Clone(spans)
	for i := range spans {
		spans[i].Text = with(spans[i].Text)
	}
	return spans
}
