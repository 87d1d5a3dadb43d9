package dashboard

import (
	"net/http"
	"strings"

	"usher/internal/cause"
	"usher/internal/fault"
	"usher/internal/web/page"
)

func codePath(c fault.Code) string { return root + "/codes/" + string(c) }

// handleCode says what an error code means: the words of docs/errors.md and
// docs/troubleshooting.md, from where those have them.
func (u *UI) handleCode(w http.ResponseWriter, r *http.Request, op operator) error {
	code := fault.Code(r.PathValue("code"))
	if _, ok := fault.Lookup(code); !ok {
		return fault.New(fault.NotFound, "resource", "error code")
	}
	return u.show(w, r, op, codeScreen(code))
}

func codeScreen(code fault.Code) page.Screen {
	f := fault.New(code)
	s := page.Screen{
		Title: string(code), Lead: inGeneral(f.LongMessage()), Crumbs: []page.Link{{Text: "Attempts", URL: attemptsPath}},
		Actions: []page.Action{{Text: "Attempts with it", URL: attemptsPath + "?code=" + string(code)}},
	}
	facts := []page.Fact{{Term: "Heading", Text: inGeneral(f.Message())}}
	if fix := f.Fix(); fix != "" {
		facts = append(facts, page.Fact{Term: "Fix", Text: inGeneral(fix)})
	}
	s.Blocks = []page.Block{{Title: "What it says", Facts: facts}}
	for _, c := range cause.OfCodes() {
		if c.Code != code {
			continue
		}
		s.Blocks = append(s.Blocks, page.Block{Title: "What may be behind it", Text: "The likeliest first. An attempt’s own page says which of them it was."})
		for _, n := range c.Causes {
			if found, ok := cause.Lookup(n); ok {
				s.Blocks = append(s.Blocks, causeOfCode(found))
			}
		}
	}
	return s
}

// causeOfCode is one cause with what to do in every console.
func causeOfCode(c cause.Cause) page.Block {
	b := page.Block{ID: string(c.Name), Title: c.Says, Folded: true, Facts: []page.Fact{{Term: "What one sees", Text: c.Sees}}}
	for _, at := range cause.Consoles() {
		term := strings.TrimPrefix(fixTerm(at), "Fix, ")
		if at == cause.Other {
			term = "elsewhere"
		}
		b.Facts = append(b.Facts, page.Fact{Term: strings.ToUpper(term[:1]) + term[1:], Text: c.Fix(at)})
	}
	return b
}
