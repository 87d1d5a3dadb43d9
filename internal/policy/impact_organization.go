package policy

import (
	"fmt"

	"usher/internal/identity"
)

// OrganizationImpactFacts is what OrganizationImpact looks at.
type OrganizationImpactFacts struct {
	Members     int                   // of the organization
	OnlyHere    int                   // those of them who belong to no other
	Signed      int                   // people who work in it at the moment
	Invitations int                   // that nobody has accepted yet
	Connections []identity.Connection // of the organization
	Through     int                   // people with an account at one of them
}

// OrganizationImpact says what follows from deleting an organization.
func OrganizationImpact(f OrganizationImpactFacts) []Effect {
	var i impact
	if f.Members > 0 {
		i.note("members_removed", f.Members, "%s will lose their membership. Their users stay.")
	}
	if f.OnlyHere > 0 {
		i.note("no_organization_left", f.OnlyHere, "%s will be left without any organization.")
	}
	if f.Signed > 0 {
		i.note("deselected", f.Signed, "%s who work in it now will go on in no organization.")
	}
	if f.Invitations > 0 {
		i.effects = append(i.effects, Effect{Name: "invitations_void", Plain: counted(f.Invitations, "invitation") + " can no longer be accepted."})
	}
	for _, c := range f.Connections {
		if c.InUse() {
			i.effects = append(i.effects, Effect{Name: "connection_disabled", Plain: "The connection " + c.Name + " is switched off: nobody signs in through it."})
		}
	}
	if f.Through > 0 {
		i.note("sign_in_lost", f.Through, "%s who sign in through its connections will need another way the next time.")
	}
	return i.effects
}

// RemovalImpact says what follows from taking a member out, if that may be.
func RemovalImpact(f RemovalFacts) []Effect {
	r := Remove(f)
	if r.Denied != nil {
		return nil
	}
	effects := []Effect{{Name: "members_removed", People: 1, Plain: "The person loses access to the organization with the next session token, within a minute."}}
	if f.Organizations == 1 {
		effects = append(effects, Effect{Name: "no_organization_left", People: 1, Plain: "The person will be left without any organization."})
	}
	if r.RejoinsThrough != "" {
		effects = append(effects, Effect{
			Name: "rejoins", People: 1,
			Plain: "The person joined through " + f.JoinedThrough.Name + " and comes back at the next sign-in through it. To keep the person out, take the assignment away at the identity provider first.",
		})
	}
	return effects
}

// UserImpactFacts is what UserImpact looks at.
type UserImpactFacts struct {
	Organizations int      // that the person belongs to
	LastManagerOf []string // names of those that nobody else can manage
	Sessions      int      // live ones
	Rejoins       []string // names of connections that would let the person in again
}

// UserImpact says what follows from deleting a person.
func UserImpact(f UserImpactFacts) []Effect {
	effects := []Effect{{Name: "user_deleted", People: 1, Plain: "The user, with addresses, metadata and accounts, is gone for good."}}
	if f.Organizations > 0 {
		effects = append(effects, Effect{Name: "memberships_removed", Plain: "The person leaves " + counted(f.Organizations, "organization") + "."})
	}
	for _, name := range f.LastManagerOf {
		effects = append(effects, Effect{Name: "no_manager_left", Plain: "Nobody else can manage the members of " + name + "."})
	}
	if f.Sessions > 0 {
		effects = append(effects, Effect{Name: "sessions_ended", Plain: counted(f.Sessions, "session") + " will end at once."})
	}
	for _, name := range f.Rejoins {
		effects = append(effects, Effect{Name: "created_again", Plain: "Who signs in through " + name + " gets a new user. Take the assignment away at the identity provider first."})
	}
	return effects
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprint(n, " ", what, "s")
}
