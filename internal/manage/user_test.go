package manage_test

import (
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/secret"
	"usher/internal/store"
)

func TestUser_IsMadeChangedListedAndDeleted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v := must(w.s.CreateUser(t.Context(), manage.UserChange{
			EmailAddresses: []string{"Ada@Acme.test", "ada@home.test"}, FirstName: ptr(" Ada "), LastName: ptr("King"), Username: ptr("ada"),
			ExternalID: ptr("E1"), Password: ptr("correct horse"), PublicMetadata: identity.Metadata{"a": "1"},
		}))(t)
		if v.Name() != "Ada King" || v.Username != "ada" || v.ExternalID != "E1" || v.PublicMetadata["a"] != "1" || len(v.Emails) != 2 || v.Emails[0].Address != "ada@acme.test" ||
			v.PrimaryEmailID != v.Emails[0].ID || !v.Emails[0].IsVerified() || v.Emails[0].Strategy != "admin" || !strings.HasPrefix(v.PasswordHash, "$argon2id$") {
			t.Errorf("made %+v", v)
		}
		if got := must(w.s.PrimaryEmail(t.Context(), v.User))(t); got != "ada@acme.test" {
			t.Errorf("primary address %s", got)
		}
		w.clock.Advance(time.Second)
		changed := must(w.s.ChangeUser(t.Context(), string(v.ID), manage.UserChange{
			FirstName: ptr("Augusta"), PrimaryEmailID: ptr(string(v.Emails[1].ID)), UnsafeMetadata: identity.Metadata{"u": "1"},
		}))(t)
		if changed.Name() != "Augusta King" || changed.PrimaryEmailID != v.Emails[1].ID || changed.Username != "ada" || changed.PublicMetadata["a"] != "1" ||
			changed.UnsafeMetadata["u"] != "1" || changed.PasswordHash != v.PasswordHash || !changed.UpdatedAt.After(v.UpdatedAt) {
			t.Errorf("changed %+v", changed)
		}
		meta := must(w.s.ChangeUserMetadata(t.Context(), string(v.ID), manage.MetadataChange{Public: identity.Metadata{"a": nil, "b": "2"}}))(t)
		if len(meta.PublicMetadata) != 1 || meta.PublicMetadata["b"] != "2" {
			t.Errorf("metadata %v", meta.PublicMetadata)
		}
		w.user("bob@acme.test")
		list, total, err := w.s.Users(t.Context(), store.UserFilter{Emails: []identity.Email{"ada@home.test"}}, store.Page{})
		if n := must(w.s.CountUsers(t.Context(), store.UserFilter{}))(t); err != nil || total != 1 || list[0].ID != v.ID || n != 2 {
			t.Errorf("listed %+v, %d, %v; %d in all", list, total, err, n)
		}
		must(w.s.DeleteUser(t.Context(), string(v.ID)))(t)
		for name, call := range map[string]func() error{
			"read":    func() error { _, err := w.s.User(t.Context(), string(v.ID)); return err },
			"changed": func() error { _, err := w.s.ChangeUser(t.Context(), string(v.ID), manage.UserChange{}); return err },
			"deleted": func() error { _, err := w.s.DeleteUser(t.Context(), string(v.ID)); return err },
		} {
			refused(t, name+" after it was deleted", call(), fault.NotFound)
		}
		w.user("ada@acme.test") // the address is free again
	})
}

// Threat T-SEC-12: of a deleted person the record of attempts keeps the id only.
func TestUser_DeletedThePersonsThingsGoToo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		org := w.organization("Acme")
		ada := w.member(org.ID, "ada@acme.test", identity.RoleMember)
		session := identity.NewID[identity.SessionID](began)
		w.write(func(tx *store.Tx) error {
			if _, err := tx.InsertAccount(identity.EnterpriseAccount{
				ID: identity.NewID[identity.AccountID](began), UserID: ada.ID, ConnectionID: "entconn_1", Subject: "s-1", CreatedAt: began, UpdatedAt: began,
			}); err != nil {
				return err
			}
			return tx.InsertSession(identity.Session{
				ID: session, UserID: ada.ID, Status: identity.SessionActive, ExpireAt: began.Add(time.Hour), AbandonAt: began.Add(time.Hour), CreatedAt: began, UpdatedAt: began,
			})
		})
		must(w.s.DeleteUser(t.Context(), string(ada.ID)))(t)
		left := get(w, func(tx *store.Tx) (n int, err error) {
			sessions, err := tx.SessionsOfUser(ada.ID)
			if err != nil {
				return 0, err
			}
			accounts, err := tx.AccountsOfUser(ada.ID)
			if err != nil {
				return 0, err
			}
			emails, err := tx.EmailAddressesOf(ada.ID)
			if err != nil {
				return 0, err
			}
			members, err := tx.CountMembers(org.ID)
			return len(sessions) + len(accounts) + len(emails) + members, err
		})
		if left != 0 {
			t.Errorf("%d rows are left", left)
		}
	})
}

func TestUser_MistakesAreReportedAndWriteNothing(t *testing.T) {
	w := onSQLite(t)
	taken := must(w.s.CreateUser(t.Context(), manage.UserChange{EmailAddresses: []string{"taken@acme.test"}, Username: ptr("taken"), ExternalID: ptr("E1")}))(t)
	other := w.user("other@acme.test")
	mail := []string{"new@acme.test"}
	tests := map[string]struct {
		ch   manage.UserChange
		want []fault.Code
	}{
		"nothing to know the person by":   {manage.UserChange{FirstName: ptr("Ada")}, []fault.Code{fault.FormDataMissing}},
		"no address":                      {manage.UserChange{EmailAddresses: []string{"no address"}}, []fault.Code{fault.FormParamFormatInvalid}},
		"one address twice":               {manage.UserChange{EmailAddresses: []string{"a@acme.test", "A@ACME.test"}}, []fault.Code{fault.FormParamDuplicate}},
		"too many addresses":              {manage.UserChange{EmailAddresses: make([]string, 51)}, []fault.Code{fault.FormParamArraySize}},
		"an address that is taken":        {manage.UserChange{EmailAddresses: []string{"new@acme.test", "taken@acme.test"}}, []fault.Code{fault.FormIdentifierExists}},
		"name and id that are taken":      {manage.UserChange{EmailAddresses: mail, Username: ptr("taken"), ExternalID: ptr("E1")}, []fault.Code{fault.FormIdentifierExists, fault.FormIdentifierExists}},
		"a short password":                {manage.UserChange{EmailAddresses: mail, Password: ptr("short")}, []fault.Code{fault.FormPasswordTooShort}},
		"a long password":                 {manage.UserChange{EmailAddresses: mail, Password: ptr(strings.Repeat("x", 129))}, []fault.Code{fault.FormPasswordTooLong}},
		"one that nobody can hash":        {manage.UserChange{EmailAddresses: mail, Password: ptr(strings.Repeat("x", secret.MaxPassword+1)), SkipChecks: true}, []fault.Code{fault.FormPasswordTooLong}},
		"names that are none":             {manage.UserChange{EmailAddresses: mail, FirstName: ptr(strings.Repeat("n", 257)), LastName: ptr("a\x00b")}, []fault.Code{fault.FormParamMaxLength, fault.FormParamFormatInvalid}},
		"metadata of more than 8 KB":      {manage.UserChange{EmailAddresses: mail, UnsafeMetadata: identity.Metadata{"a": strings.Repeat("x", 8<<10)}}, []fault.Code{fault.FormParamTooLarge}},
		"somebody else's primary address": {manage.UserChange{EmailAddresses: mail, PrimaryEmailID: ptr(string(taken.PrimaryEmailID))}, []fault.Code{fault.NotFound}},
	}
	for name, test := range tests {
		_, err := w.s.CreateUser(t.Context(), test.ch)
		refused(t, "creating with "+name, err, test.want...)
		if name == "nothing to know the person by" || test.ch.EmailAddresses != nil && len(test.ch.EmailAddresses) != 1 || name == "no address" {
			continue // of creation only
		}
		_, err = w.s.ChangeUser(t.Context(), string(other.ID), test.ch)
		refused(t, "changing with "+name, err, test.want...)
	}
	if n := must(w.s.CountUsers(t.Context(), store.UserFilter{}))(t); n != 2 {
		t.Errorf("%d people, want 2", n)
	}
	// What is one's own is not taken.
	must(w.s.ChangeUser(t.Context(), string(taken.ID), manage.UserChange{Username: ptr("taken"), ExternalID: ptr("E1")}))(t)
	if _, err := w.s.CreateUser(t.Context(), manage.UserChange{EmailAddresses: mail, Password: ptr("x"), SkipChecks: true}); err != nil {
		t.Errorf("a short password without checks: %v", err)
	}
}

// An address that many ask for at once goes to one of them.
func TestUser_AnAddressGoesToOneOfManyAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		var made atomic.Int32
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				_, err := w.s.CreateUser(t.Context(), manage.UserChange{EmailAddresses: []string{"ada@acme.test"}})
				switch {
				case err == nil:
					made.Add(1)
				case !fault.Is(err, fault.FormIdentifierExists):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if made.Load() != 1 {
			t.Errorf("%d were made, want one", made.Load())
		}
	})
}

func TestUser_BansAndNewPasswordsEndSessions(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada := w.user("ada@acme.test")
		session := func() identity.SessionID {
			s := identity.Session{
				ID: identity.NewID[identity.SessionID](began), UserID: ada.ID, Status: identity.SessionActive,
				ExpireAt: began.Add(time.Hour), AbandonAt: began.Add(time.Hour), CreatedAt: began, UpdatedAt: began,
			}
			w.write(func(tx *store.Tx) error { return tx.InsertSession(s) })
			return s.ID
		}
		status := func(id identity.SessionID) identity.SessionStatus {
			return get(w, func(tx *store.Tx) (identity.Session, error) { return tx.Session(id) }).Status
		}
		s := session()
		if v := must(w.s.SetLocked(t.Context(), string(ada.ID), true))(t); !v.Locked(began.Add(1000*time.Hour)) || status(s) != identity.SessionActive {
			t.Errorf("locked %+v, the session is %s", v.LockedUntil, status(s))
		}
		if v := must(w.s.SetLocked(t.Context(), string(ada.ID), false))(t); v.Locked(began) {
			t.Error("locked still")
		}
		must(w.s.ChangeUser(t.Context(), string(ada.ID), manage.UserChange{Password: ptr("correct horse")}))(t)
		if status(s) != identity.SessionActive {
			t.Errorf("a new password alone: %s", status(s))
		}
		must(w.s.ChangeUser(t.Context(), string(ada.ID), manage.UserChange{Password: ptr("battery staple"), SignOutOthers: true}))(t)
		if status(s) != identity.SessionRevoked {
			t.Errorf("a new password that signs out: %s", status(s))
		}
		s = session()
		if v := must(w.s.SetBanned(t.Context(), string(ada.ID), true))(t); !v.Banned || status(s) != identity.SessionRevoked {
			t.Errorf("banned %v, the session is %s", v.Banned, status(s))
		}
		if v := must(w.s.SetBanned(t.Context(), string(ada.ID), false))(t); v.Banned {
			t.Error("banned still")
		}
	})
}

// Behaviour 1.58.
func TestUser_ShowsWhichAddressesSignInBySSO(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		v := must(w.s.CreateUser(t.Context(), manage.UserChange{EmailAddresses: []string{"ada@acme.test", "ada@home.test"}}))(t)
		c := w.connect(manage.ConnectionChange{SAML: w.idp("https://idp.test").fields()})
		served := func() (list []identity.Email) {
			v := must(w.s.User(t.Context(), string(v.ID)))(t)
			for _, e := range v.Emails {
				if v.SSO[e.ID] {
					list = append(list, e.Address)
				}
			}
			return list
		}
		if got := served(); got != nil {
			t.Errorf("by a connection that is switched off: %v", got)
		}
		must(w.s.ChangeConnection(t.Context(), c.ID, manage.ConnectionChange{Active: ptr(true)}))(t)
		if got := served(); !slices.Equal(got, []identity.Email{"ada@acme.test"}) {
			t.Errorf("served %v", got)
		}
	})
}

func TestMailbox_IsListedNewestFirst(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for n, subject := range []string{"one", "two"} {
			m := identity.Mail{ID: identity.NewID[identity.MailID](began), To: "ada@acme.test", Subject: subject, CreatedAt: began.Add(time.Duration(n) * time.Second)}
			w.write(func(tx *store.Tx) error { return tx.InsertMailbox(m) })
		}
		mails, total, err := w.s.Mailbox(t.Context(), store.Page{})
		if err != nil || total != 2 || mails[0].Subject != "two" {
			t.Fatalf("mailbox %+v, %d, %v", mails, total, err)
		}
		if got := must(w.s.MailboxMail(t.Context(), mails[1].ID))(t); got.Subject != "one" {
			t.Errorf("mail %+v", got)
		}
		if s := must(w.s.Settings(t.Context()))(t); !reflect.DeepEqual(s, identity.DefaultSettings()) {
			t.Errorf("settings %+v", s)
		}
	})
}
