package frontendapi_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"usher/internal/manage"
	"usher/internal/store"
)

// Behaviour 1.142, and threat T-ORG-09: the link leads on and consumes nothing.
func TestTickets_LeadToWhereAnInvitationIsAccepted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, store.SQLite)
	w.tools.Manage.AllowedOrigins = []string{"https://app.test"}
	name := "Globex"
	o := must(w.tools.Manage.CreateOrganization(t.Context(), manage.OrganizationChange{Name: &name}))(t)
	invite := func(address, redirect string) string {
		made := must(w.tools.Manage.InviteToOrganization(t.Context(), string(o.ID), []manage.Invite{{EmailAddress: address, Role: "org:member", RedirectURL: redirect}}))(t)
		return made[0].URL
	}
	follow := func(link string) *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, link, http.NoBody))
		return rec
	}
	ours := invite("new@globex.test", "")
	for range 2 {
		rec := follow(ours)
		to, err := url.Parse(rec.Header().Get("Location"))
		if err != nil || rec.Code != http.StatusSeeOther || to.Path != "/accept-invitation" || to.Query().Get("__clerk_status") != "sign_up" || to.Query().Get("__clerk_ticket") == "" {
			t.Errorf("our own page: %d to %s, %v", rec.Code, to, err)
		}
	}
	to := follow(invite("ada@acme.test", "https://app.test/welcome?x=1")).Header().Get("Location")
	if !strings.HasPrefix(to, "https://app.test/welcome?") || !strings.Contains(to, "x=1") || !strings.Contains(to, "__clerk_status=sign_in") {
		t.Errorf("an application's page, of who signs in by SSO: %s", to)
	}
	if rec := follow(base + "/v1/tickets/accept?ticket=x.y"); rec.Code != http.StatusBadRequest {
		t.Errorf("a ticket that is made up: got %d: %s", rec.Code, rec.Body)
	}
}
