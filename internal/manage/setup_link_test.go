package manage_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/store"
)

func setupLinkChanges() map[string]row {
	return map[string]row{
		"CreateSetupLink": {"setup_link.created", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.CreateSetupLink(ctx, manage.SetupLinkChange{OrganizationID: on.org})
			return err
		}},
		"OpenSetupLink": {"setup_link.created setup_link.opened", func(ctx context.Context, w *world, on subjects) error {
			l, err := w.s.CreateSetupLink(ctx, manage.SetupLinkChange{OrganizationID: on.org})
			if err == nil {
				_, err = w.s.OpenSetupLink(ctx, l.Token, "")
			}
			return err
		}},
		"RevokeSetupLink": {"setup_link.created setup_link.revoked", func(ctx context.Context, w *world, on subjects) error {
			l, err := w.s.CreateSetupLink(ctx, manage.SetupLinkChange{OrganizationID: on.org})
			if err == nil {
				_, err = w.s.RevokeSetupLink(ctx, string(l.ID), "")
			}
			if err == nil { // twice is once
				_, err = w.s.RevokeSetupLink(ctx, string(l.ID), "")
			}
			return err
		}},
	}
}

func TestSetupLink_BelongsToTheFirstBrowserUntilItEnds(t *testing.T) { // threat T-SES-16
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		org, other := w.organization("Acme"), w.organization("Globex")
		l := must(w.s.CreateSetupLink(ctx, manage.SetupLinkChange{OrganizationID: string(org.ID), Scopes: []string{identity.SetupRead}}))(t)
		second := must(w.s.CreateSetupLink(ctx, manage.SetupLinkChange{OrganizationID: string(other.ID), ExpiresIn: ptr(int64(86_400))}))(t)
		if l.URL != base+"/setup?token="+l.Token || len(l.Token) < len("aplt_")+22 || l.TokenHash == l.Token {
			t.Errorf("got %+v", l)
		}

		opened := must(w.s.OpenSetupLink(ctx, l.Token, ""))(t)
		if opened.Organization.ID != org.ID || opened.Browser == "" || !opened.Link.Allows(identity.SetupRead) || opened.Link.Allows(identity.SetupWrite) {
			t.Errorf("got %+v", opened)
		}
		again := must(w.s.OpenSetupLink(ctx, l.Token, opened.Browser))(t)
		visit := must(w.s.SetupVisit(ctx, opened.Browser))(t)
		if again.Organization.ID != org.ID || again.Browser != "" || visit.Link.ID != l.ID {
			t.Errorf("later: %+v, %+v", again, visit)
		}

		elsewhere := must(w.s.OpenSetupLink(ctx, second.Token, opened.Browser))(t) // a secret is never taken over
		if elsewhere.Browser == opened.Browser || elsewhere.Organization.ID != other.ID || !elsewhere.Link.Allows(identity.SetupWrite) {
			t.Errorf("another link: %+v", elsewhere)
		}
		open := func(token, browser string) error { _, err := w.s.OpenSetupLink(ctx, token, browser); return err }
		look := func(browser string) error { _, err := w.s.SetupVisit(ctx, browser); return err }
		refused(t, "another browser", open(l.Token, ""), fault.SetupLinkUsed)
		refused(t, "a guess of the secret", open(l.Token, "x"), fault.SetupLinkUsed)
		refused(t, "the secret of another link", open(l.Token, elsewhere.Browser), fault.SetupLinkUsed)
		refused(t, "a guess of the token", open(l.Token+"x", opened.Browser), fault.SetupLinkInvalid)
		refused(t, "the id", open(string(l.ID), opened.Browser), fault.SetupLinkInvalid)
		refused(t, "no token", open("", ""), fault.SetupLinkInvalid)
		refused(t, "a page without a secret", look(""), fault.SetupLinkInvalid)
		refused(t, "a page with the token", look(l.Token), fault.SetupLinkInvalid)

		w.clock.Advance(time.Hour)
		refused(t, "an old link", open(l.Token, opened.Browser), fault.SetupLinkExpired)
		refused(t, "a page of an old link", look(opened.Browser), fault.SetupLinkExpired)
		must(w.s.RevokeSetupLink(ctx, string(second.ID), "left the company"))(t)
		refused(t, "a revoked link", open(second.Token, elsewhere.Browser), fault.SetupLinkRevoked)
		refused(t, "a page of a revoked link", look(elsewhere.Browser), fault.SetupLinkRevoked)
	})
}

func TestSetupLink_IsRefusedWithEveryFault(t *testing.T) {
	w := onSQLite(t)
	org := string(w.organization("Acme").ID)
	long := strings.Repeat("x", 257)
	for what, test := range map[string]struct {
		change manage.SetupLinkChange
		want   []fault.Code
	}{
		"no such organization": {manage.SetupLinkChange{OrganizationID: "org_x"}, []fault.Code{fault.OrganizationNotFound}},
		"no time":              {manage.SetupLinkChange{OrganizationID: org, ExpiresIn: ptr(int64(0))}, []fault.Code{fault.FormParamValueInvalid}},
		"over a day":           {manage.SetupLinkChange{OrganizationID: org, ExpiresIn: ptr(int64(86_401))}, []fault.Code{fault.FormParamValueInvalid}},
		"texts": {
			manage.SetupLinkChange{OrganizationID: org, ITContactID: ptr(""), Scopes: []string{"a", "", long}},
			[]fault.Code{fault.FormParamNil, fault.FormParamNil, fault.FormParamMaxLength},
		},
		"too many scopes": {manage.SetupLinkChange{OrganizationID: org, Scopes: strings.Fields(strings.Repeat("a ", 21))}, []fault.Code{fault.FormParamTooLarge}},
	} {
		_, err := w.s.CreateSetupLink(t.Context(), test.change)
		refused(t, what, err, test.want...)
	}
	_, err := w.s.RevokeSetupLink(t.Context(), "aplt_x", "")
	refused(t, "revoking nothing", err, fault.NotFound)
	_, err = w.s.RevokeSetupLink(t.Context(), "aplt_x", long)
	refused(t, "a long reason", err, fault.FormParamMaxLength)
}

// Two browsers open a link at once: one of them is let in.
func TestSetupLink_RaceOfBrowsers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		l := must(w.s.CreateSetupLink(t.Context(), manage.SetupLinkChange{OrganizationID: string(w.organization("Acme").ID)}))(t)
		var in atomic.Int32
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				switch _, err := w.s.OpenSetupLink(t.Context(), l.Token, ""); {
				case err == nil:
					in.Add(1)
				case !fault.Is(err, fault.SetupLinkUsed):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if in.Load() != 1 {
			t.Errorf("%d browsers were let in, want 1", in.Load())
		}
	})
}

func TestSetupLink_GoesWithItsOrganizationAndIsPruned(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ctx := t.Context()
		gone, kept := w.organization("Gone"), w.organization("Kept")
		l := must(w.s.CreateSetupLink(ctx, manage.SetupLinkChange{OrganizationID: string(gone.ID)}))(t)
		old := must(w.s.CreateSetupLink(ctx, manage.SetupLinkChange{OrganizationID: string(kept.ID)}))(t)
		opened := must(w.s.OpenSetupLink(ctx, l.Token, ""))(t)
		must(w.s.DeleteOrganization(ctx, string(gone.ID)))(t)
		_, err := w.s.SetupVisit(ctx, opened.Browser)
		refused(t, "of an organization that is gone", err, fault.SetupLinkInvalid)
		w.write(func(tx *store.Tx) error {
			_, err := tx.Prune(w.clock.Now().Add(3*time.Hour), store.Retention{SignIns: time.Hour})
			return err
		})
		_, err = w.s.RevokeSetupLink(ctx, string(old.ID), "")
		refused(t, "one that was pruned", err, fault.NotFound)
	})
}
