package policy

import (
	"fmt"
	"slices"
	"strings"

	"usher/internal/identity"
)

// ImpactFacts is what Impact looks at.
type ImpactFacts struct {
	Before   identity.Connection  // as it stands
	After    *identity.Connection // as it would be; nil: deleted
	Settings identity.Settings

	// Others are the further connections that list one of the domains of before or
	// after, or one above it.
	Others []identity.Connection

	People   int                     // who have an account at the connection
	Through  int                     // members of its organization who joined through it
	Sessions int                     // live ones that came through it
	AtDomain map[identity.Domain]int // people who hold an address at each domain of before and after
	Move     Movement                // where After is in another organization
}

// Effect is one consequence of a change, for those who are about to make it.
type Effect struct {
	Name   string // stable
	People int    // whom it concerns; 0 where it concerns nobody in particular
	Plain  string // in plain words
}

// Impact says what the people of a connection will see when it is changed, moved,
// switched on or off, or deleted. It is empty for a change that nobody sees.
func Impact(f ImpactFacts) []Effect {
	i := impact{ImpactFacts: f}
	was, is := f.Before.Domains, []identity.Domain(nil)
	if !f.Before.InUse() {
		was = nil
	}
	if f.After != nil && f.After.InUse() {
		is = f.After.Domains
	}
	for _, d := range is {
		if !slices.Contains(was, d) {
			i.note("domain_enforced", f.AtDomain[d], "%s with an address at %s must sign in through this connection from now on, in no other way.", d)
		}
	}
	for _, d := range was {
		if !slices.Contains(is, d) {
			i.note("domain_released", f.AtDomain[d], "%s with an address at %s can no longer sign in through this connection; "+i.otherWay(d)+".", d)
		}
	}
	i.stay(len(was) > 0 && len(is) == 0)
	i.moves()
	i.configured()
	return i.effects
}

type impact struct {
	ImpactFacts
	effects []Effect
}

// note adds an effect; the text's first %s becomes "3 people".
func (i *impact) note(name string, n int, text string, args ...any) {
	who := fmt.Sprint(n, " people")
	if n == 1 {
		who = "1 person"
	}
	i.effects = append(i.effects, Effect{Name: name, People: n, Plain: fmt.Sprintf(text, append([]any{who}, args...)...)})
}

// otherWay says how people at a domain sign in without the connection.
func (i *impact) otherWay(d identity.Domain) string {
	var names []string
	for _, c := range i.Others {
		if c.ID != i.Before.ID && c.InUse() && c.Serves(d) {
			names = append(names, c.Name)
		}
	}
	switch {
	case len(names) > 0:
		return "they are sent to " + strings.Join(names, " or ")
	case i.Settings.PasswordEnabled:
		return "they sign in with a password or a code by mail"
	}
	return "they sign in with a code by mail"
}

// stay says what does not change for those who came in through the connection.
func (i *impact) stay(ends bool) {
	if i.After == nil && i.People > 0 {
		i.note("people_stay", i.People, "%s who signed in through it keep their user and what belongs to it.")
	}
	if ends && i.Sessions > 0 {
		i.note("sessions_kept", i.Sessions, "%s signed in through it now stay signed in until their session ends.")
	}
	if ends && i.Through > 0 {
		text := "%s who joined through it stay members."
		if i.After == nil {
			text = "%s who joined through it stay members, and may leave from now on."
		}
		i.note("members_stay", i.Through, text)
	}
}

func (i *impact) moves() {
	if i.After == nil || i.After.OrganizationID == i.Before.OrganizationID || i.Move.Denied != nil {
		return
	}
	i.note("members_left_behind", i.Move.Stay, "%s stay members of the present organization, and may leave it from now on.")
	i.note("join_at_next_sign_in", i.Move.JoinLater, "%s join the other organization at their next sign-in.")
	if i.Move.NoSeat > 0 {
		i.note("no_seat", i.Move.NoSeat, "%s will be refused there: the organization has no seat for them.")
	}
}
