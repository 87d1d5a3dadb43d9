package signin

import (
	"cmp"
	"context"
	"slices"

	"usher/internal/fault"
)

// mostCounted is how many members of an organization are judged to count them. Ours.
const mostCounted = 10_000

// WhatIfCount is how the members of an organization would come in.
type WhatIfCount struct {
	Judged    int
	More      bool // there are more members than are judged
	In        int  // can come in with the change
	LockedOut int  // can come in now, and could not with the change
	LetIn     int  // can't now, and could
	Routes    map[string]int
	Codes     []CodeCount     // why those who could not are refused, the most frequent first
	Members   []MemberOutcome // those that were asked for, of the part
	Total     int             // how many those are
}

// CodeCount is how many members would be refused with a code.
type CodeCount struct {
	Code   fault.Code
	Number int
}

// Part is what part of a list is kept, and of whom.
type Part struct {
	Offset, Limit int
	Of            func(MemberOutcome) bool // nil: all
}

// CountWhatIf judges the members of an organization, a page after the other, up to
// 10,000. Each page is read in a transaction of its own.
func (f *Flow) CountWhatIf(ctx context.Context, q WhatIf, part Part) (WhatIfCount, error) {
	n := WhatIfCount{Routes: map[string]int{}}
	codes := map[fault.Code]int{}
	q.Limit = mostMembers
	for {
		page, err := f.WhatIf(ctx, q)
		if err != nil {
			return n, err
		}
		for _, m := range page.Members {
			n.count(m, codes)
			if part.Of != nil && !part.Of(m) {
				continue
			}
			if n.Total >= part.Offset && len(n.Members) < part.Limit {
				n.Members = append(n.Members, m)
			}
			n.Total++
		}
		if page.Next == "" {
			break
		}
		if n.Judged >= mostCounted {
			n.More = true
			break
		}
		q.After = page.Next
	}
	for code, number := range codes {
		n.Codes = append(n.Codes, CodeCount{code, number})
	}
	slices.SortFunc(n.Codes, func(a, b CodeCount) int { return cmp.Or(b.Number-a.Number, cmp.Compare(a.Code, b.Code)) })
	return n, nil
}

func (n *WhatIfCount) count(m MemberOutcome, codes map[fault.Code]int) {
	n.Judged++
	if m.LockedOut() {
		n.LockedOut++
	}
	if m.Then.In {
		n.In++
		n.Routes[m.Then.Route]++
		if !m.Now.In {
			n.LetIn++
		}
		return
	}
	codes[fault.From(m.Then.Refused).Code()]++
}
