package signin_test

import (
	"testing"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/practice"
	"usher/internal/session"
	"usher/internal/signin"
	"usher/internal/store"
)

// signedIn is a person with an address elsewhere, a member of Acme, in a browser.
func (w *world) signedIn(address string) session.Signed {
	w.Helper()
	u := w.person(address, identity.Verified, nil)
	client := w.browser()
	var s identity.Session
	w.write(func(tx *store.Tx) error {
		if _, err := tx.InsertMembership(identity.Membership{
			ID: identity.NewID[identity.MembershipID](w.clock.Now()), OrganizationID: w.org.ID, UserID: u.ID, Role: identity.RoleMember,
			CreatedAt: w.clock.Now(), UpdatedAt: w.clock.Now(),
		}); err != nil {
			return err
		}
		in, err := tx.Instance()
		if err != nil {
			return err
		}
		s, _, err = w.flow.Sessions.Create(tx, session.Start{Client: client, User: u.ID, Settings: in.Settings, Now: w.clock.Now()})
		return err
	})
	return session.Signed{Client: identity.Client{ID: client}, Session: s, User: u}
}

// Behaviour 1.53, over both protocols.
func TestLink_AMemberLinksTheOrganizationsAccount(t *testing.T) {
	allow := func(c *identity.Connection) { c.Config.AllowOrganizationAccountLinking = true }
	linked := func(t *testing.T, w *world, c identity.Connection, s session.Signed, done signin.Done) {
		t.Helper()
		if done.Cookie != "" || done.Session.ID != "" || done.ReturnURL != "/user" {
			t.Errorf("linking ended with %+v", done)
		}
		account := get(w, func(tx *store.Tx) (identity.EnterpriseAccount, error) { return tx.AccountOf(c.ID, s.User.ID) })
		if account.Email != "ada@acme.test" || w.userOf("ada@acme.test").ID != s.User.ID || w.userOf("ada@home.test").ID != s.User.ID {
			t.Errorf("account %+v", account)
		}
		w.checkCounts(map[string]int{"users": 1, "enterprise_accounts": 1, "memberships": 1, "sessions": 1, "sign_ins": 0})
	}
	t.Run("openid", func(t *testing.T) {
		eachOpenID(t, identity.OIDCCustom, func(t *testing.T, o *openID) {
			o.change(allow)
			s := o.signedIn("ada@home.test")
			if list := must(o.flow.Linkable(t.Context(), s))(t); len(list) != 1 || list[0].ID != o.conn.ID {
				t.Fatalf("linkable %+v", list)
			}
			cb := o.answers(must(o.flow.BeginLink(t.Context(), s, o.conn.ID))(t), s.Client.ID, ada)
			linked(t, o.world, o.conn, s, must(o.flow.FinishOIDC(t.Context(), cb))(t))
			if list := must(o.flow.Linkable(t.Context(), s))(t); len(list) != 0 {
				t.Errorf("linkable still: %+v", list)
			}
			if u := o.in(ada).Session.UserID; u != s.User.ID {
				t.Errorf("signing in by it: %s, want %s", u, s.User.ID)
			}
		})
	})
	t.Run("saml", func(t *testing.T) {
		each(t, func(t *testing.T, w *world) {
			w.conn = w.revise(w.conn.ID, allow)
			s := w.signedIn("ada@home.test")
			ticket := must(w.flow.BeginLink(t.Context(), s, w.conn.ID))(t)
			linked(t, w, w.conn, s, w.done(w.accepted(w.answer(ticket, practice.Request{})).Nonce, s.Client.ID))
		})
	})
}

// Threat T-ID-14: the proof counts for the person and session that asked, in their
// browser, once.
func TestLink_TheProofIsOfOnePersonInOneSession(t *testing.T) {
	eachOpenID(t, identity.OIDCCustom, func(t *testing.T, o *openID) {
		o.change(func(c *identity.Connection) { c.Config.AllowOrganizationAccountLinking = true })
		s, eve := o.signedIn("ada@home.test"), o.signedIn("eve@home.test")
		cb := o.answers(must(o.flow.BeginLink(t.Context(), s, o.conn.ID))(t), s.Client.ID, ada)
		stolen := cb
		stolen.Client = eve.Client.ID
		if _, err := o.flow.FinishOIDC(t.Context(), stolen); o.refusal(err).Reason() != "browser_mismatch" {
			t.Errorf("in another's browser: %v", err)
		}
		o.write(func(tx *store.Tx) error {
			_, err := tx.EndSession(s.Session.ID, identity.SessionEnded, o.clock.Now())
			return err
		})
		before := o.dump()
		_, err := o.flow.FinishOIDC(t.Context(), cb)
		o.denied(before, err, fault.SignedOut, "")

		// Another's account, once it is linked, stays the other's.
		must(o.flow.FinishOIDC(t.Context(), o.answers(must(o.flow.BeginLink(t.Context(), eve, o.conn.ID))(t), eve.Client.ID, ada)))(t)
		mallory := o.signedIn("mallory@home.test")
		cb = o.answers(must(o.flow.BeginLink(t.Context(), mallory, o.conn.ID))(t), mallory.Client.ID, ada)
		before = o.dump()
		_, err = o.flow.FinishOIDC(t.Context(), cb)
		o.denied(before, err, fault.OAuthIdentificationClaimed, "")
		if linking, _ := fault.From(err).Details()["linking"].(bool); !linking { // her page is the way back
			t.Errorf("the refusal does not say that it was of a link: %v", fault.From(err).Details())
		}
	})
}

// Threat T-ID-15: nobody else can begin.
func TestLink_OnlyAMemberMayBegin(t *testing.T) {
	eachOpenID(t, identity.OIDCCustom, func(t *testing.T, o *openID) {
		s := o.signedIn("ada@home.test")
		if _, err := o.flow.BeginLink(t.Context(), s, o.conn.ID); o.refusal(err).Code() != fault.NotFound {
			t.Errorf("where it is not allowed: %v", err)
		}
		o.change(func(c *identity.Connection) { c.Config.AllowOrganizationAccountLinking = true })
		o.write(func(tx *store.Tx) error {
			_, err := tx.DeleteMembership(o.org.ID, s.User.ID)
			return err
		})
		if _, err := o.flow.BeginLink(t.Context(), s, o.conn.ID); o.refusal(err).Code() != fault.NotFound {
			t.Errorf("somebody who is no member: %v", err)
		}
	})
}

// Threat T-SES-17: somebody who acts as a person gives herself no way in.
func TestLink_NotByWhoeverActsAsThePerson(t *testing.T) {
	eachOpenID(t, identity.OIDCCustom, func(t *testing.T, o *openID) {
		o.change(func(c *identity.Connection) { c.Config.AllowOrganizationAccountLinking = true })
		s := o.signedIn("ada@home.test")
		s.Session.Actor = identity.Metadata{"sub": "user_mallory"}
		if list := must(o.flow.Linkable(t.Context(), s))(t); len(list) != 0 {
			t.Errorf("linkable %+v", list)
		}
		if _, err := o.flow.BeginLink(t.Context(), s, o.conn.ID); o.refusal(err).Code() != fault.NotFound {
			t.Errorf("begun: %v", err)
		}
	})
}
