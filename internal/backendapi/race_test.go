package backendapi_test

import (
	"slices"
	"strconv"
	"sync"
	"testing"

	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/signin"
)

// atOnce runs something n times at the same time and returns the codes of what it
// came to, in order; "" is success.
func atOnce(n int, run func(i int) error) []string {
	got := make([]string, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { got[i] = codeOf(run(i)) })
	}
	wg.Wait()
	slices.Sort(got)
	return got
}

// Threat T-SES-12: whichever comes first, nobody who is banned has a session.
func TestBan_WhileSigningIn(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		for i := range 8 {
			user := str(f.user("u"+strconv.Itoa(i)+"@globex.test", nil), "id")
			token := str(f.call("POST", "/sign_in_tokens", object{"user_id": user}), "token")
			client := f.browser()
			got := atOnce(2, func(i int) error {
				if i == 0 {
					_, err := f.tools.Manage.SetBanned(t.Context(), user, true)
					return err
				}
				_, err := f.tools.SignIn.Ticket(t.Context(), signin.Redeem{Client: client, Token: token})
				return err
			})
			if !slices.Equal(got, []string{"", ""}) && !slices.Equal(got, []string{"", "user_banned"}) {
				t.Errorf("got %q", got)
			}
			for _, s := range items(f.read("GET", "/sessions?user_id="+user, nil, 200)) {
				if str(s, "status") != "revoked" {
					t.Errorf("a banned person has a session that is %s", str(s, "status"))
				}
			}
		}
	})
}

// Threat T-ORG-09: one ticket is used once, in however many browsers it is opened.
func TestTickets_AreUsedOnceBySeveralAtOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		org := f.organization("Globex")
		token := str(f.call("POST", "/sign_in_tokens", object{"user_id": str(f.user("carol@globex.test", nil), "id")}), "token")
		clients := []identity.ClientID{f.browser(), f.browser(), f.browser()}
		equal(t, "a sign-in token", atOnce(3, func(i int) error {
			_, err := f.tools.SignIn.Ticket(t.Context(), signin.Redeem{Client: clients[i], Token: token})
			return err
		}), []string{"", "sign_in_token_already_used_code", "sign_in_token_already_used_code"})

		ticket := f.invite(org, "dora@globex.test")
		equal(t, "an invitation, by new accounts", atOnce(3, func(i int) error {
			_, err := f.tools.SignIn.SignUpInvited(t.Context(), ticket, signin.SignUpForm{Client: clients[i]})
			return err
		}), []string{"", "organization_invitation_already_accepted", "organization_invitation_already_accepted"})

		eve := str(f.user("eve@globex.test", nil), "id")
		ticket = f.invite(org, "eve@globex.test")
		sessions := []identity.Session{f.sessionOf(eve), f.sessionOf(eve), f.sessionOf(eve)}
		equal(t, "an invitation, by one person", atOnce(3, func(i int) error {
			_, err := f.tools.SignIn.AcceptInvitation(t.Context(), ticket, sessions[i])
			return err
		}), []string{"", "", ""})
		equal(t, "members", len(items(f.call("GET", "/organizations/"+org+"/memberships", nil))), 2)
	})
}

// An address is invited once at a time, and who comes too late is told so.
func TestInvitations_OfOneAddressAtOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		org := f.organization("Globex")
		equal(t, "to an organization", atOnce(4, func(int) error {
			_, err := f.tools.Manage.InviteToOrganization(t.Context(), org, []manage.Invite{{EmailAddress: "dora@globex.test", Role: "org:member"}})
			return err
		}), []string{"", "organization_invitation_not_unique", "organization_invitation_not_unique", "organization_invitation_not_unique"})
		equal(t, "to the application", atOnce(4, func(int) error {
			_, err := f.tools.Manage.Invite(t.Context(), []manage.AppInvite{{EmailAddress: "dora@globex.test"}})
			return err
		}), []string{"", "duplicate_record", "duplicate_record", "duplicate_record"})
	})
}

// What is unique is told by its name, also to who loses the race.
func TestUnique_WhoComesTooLateIsToldWhatIsTaken(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		late := func(code string) []string { return []string{"", code, code} }
		name, slug, key, pkey := "Acme", "acme-2", "org:boss", "org:reports:read"
		f.settings(func(s *identity.Settings) { s.OrganizationSlugsEnabled = true })
		for what, run := range map[string]func(int) error{
			"an address": func(int) error {
				_, err := f.tools.Manage.CreateUser(t.Context(), manage.UserChange{EmailAddresses: []string{"ada@globex.test"}})
				return err
			},
			"a username": func(int) error {
				_, err := f.tools.Manage.CreateUser(t.Context(), manage.UserChange{Username: &name})
				return err
			},
			"a slug": func(int) error {
				_, err := f.tools.Manage.CreateOrganization(t.Context(), manage.OrganizationChange{Name: &name, Slug: &slug})
				return err
			},
			"the key of a role": func(int) error {
				_, err := f.tools.Manage.CreateRole(t.Context(), manage.RoleChange{Name: &name, Key: &key})
				return err
			},
			"the key of a permission": func(int) error {
				_, err := f.tools.Manage.CreatePermission(t.Context(), manage.PermissionChange{Name: &name, Key: &pkey})
				return err
			},
		} {
			equal(t, what, atOnce(3, run), late("form_identifier_exists"))
		}
	})
}
