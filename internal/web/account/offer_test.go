package account_test

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/store"
	"usher/internal/web/account"
)

// enrolls makes an organization that lets people in by a domain.
func (s *site) enrolls(name, domain string, mode identity.EnrollmentMode) identity.OrgID {
	s.Helper()
	on := true
	if _, err := s.tools.Manage.ChangeOrganizationSettings(s.Context(), manage.OrganizationSettingsChange{
		DomainsEnabled: &on, DomainModes: &[]identity.EnrollmentMode{identity.EnrollmentInvitation, identity.EnrollmentSuggestion},
	}); err != nil {
		s.Fatal(err)
	}
	o, err := s.tools.Manage.CreateOrganization(s.Context(), manage.OrganizationChange{Name: &name})
	if err != nil {
		s.Fatal(err)
	}
	ref := manage.DomainRef{Organization: string(o.ID)}
	if _, err := s.tools.Manage.AddDomain(s.Context(), ref, manage.DomainChange{Name: domain, EnrollmentMode: &mode}); err != nil {
		s.Fatal(err)
	}
	return o.ID
}

// lastCode is the code of the last mail that has one. The mails are gone then.
func (s *site) lastCode() (code string) {
	s.Helper()
	err := s.tools.DB.Write(s.Context(), func(tx *store.Tx) error {
		rows, err := tx.ClaimOutbox(s.clock.Now(), 0, 100)
		for _, row := range rows {
			m, mailErr := row.Mail()
			if mailErr != nil {
				return mailErr
			}
			if err := tx.DoneOutbox(row.ID); err != nil {
				return err
			}
			if found := regexp.MustCompile(`^\d{6}`).FindString(m.Subject); found != "" {
				code = found
			}
		}
		return err
	})
	if err != nil {
		s.Fatal(err)
	}
	return code
}

// signsUp makes an account on the pages; the person ends on her own.
func (v *visitor) signsUp(address string) {
	v.s.Helper()
	v.get("/sign-up")
	step := v.led("/sign-up", url.Values{account.FieldEmail: {address}})
	if to := v.led(step, url.Values{account.FieldCode: {v.s.lastCode()}}); to != "/user" {
		v.s.Fatalf("led to %s", to)
	}
}

var offerForm = regexp.MustCompile(`action="(/user/(?:invitations|suggestions)/[^"]+)"`)

// offer is where the form of the only offer posts to; empty if there is none.
func (v *visitor) offer() string {
	if m := offerForm.FindStringSubmatch(v.get("/user").Body.String()); m != nil {
		return m[1]
	}
	return ""
}

func TestOffers_AnInvitationByADomainIsAcceptedOnTheAccountPage(t *testing.T) { // behaviour 1.134
	t.Parallel()
	s := newSite(t)
	s.enrolls("Globex", "globex.test", identity.EnrollmentInvitation)
	v, eve := s.visitor(), s.visitor()
	v.signsUp("dora@globex.test")
	form := v.offer()
	shows(t, "the invitation", v.get("/user"), http.StatusOK, form, "You are invited as dora@globex.test.")
	eve.signsUp("eve@home.test")
	eve.get("/organization") // for the token of a form
	if rec := eve.post(form, url.Values{}); rec.Code != http.StatusNotFound {
		t.Errorf("threat T-ORG-09, another person: got %d: %s", rec.Code, rec.Body)
	}
	token := v.csrf
	v.csrf = "made up"
	if rec := v.post(form, url.Values{}); rec.Code != http.StatusForbidden {
		t.Errorf("threat T-SES-07, without the page's token: got %d: %s", rec.Code, rec.Body)
	}
	v.csrf = token
	if to := v.led(form, url.Values{}); to != "/user" {
		t.Errorf("led to %s", to)
	}
	if body := v.get("/user").Body.String(); v.offer() != "" || !strings.Contains(body, "Globex") || !strings.Contains(body, "Leave") {
		t.Errorf("no membership:\n%s", body)
	}
}

func TestOffers_ASuggestionIsAcceptedOnTheAccountPage(t *testing.T) { // behaviour 1.134
	t.Parallel()
	s := newSite(t)
	v := s.visitor()
	v.signsUp("dora@globex.test") // before the domain enrolls anybody
	org := s.enrolls("Globex", "globex.test", identity.EnrollmentSuggestion)
	form := v.offer()
	shows(t, "the suggestion", v.get("/user"), http.StatusOK, form, "People with your email address may ask to join.")
	v.led(form, url.Values{})
	if body := v.get("/user").Body.String(); v.offer() != "" || !strings.Contains(body, "You asked to join") {
		t.Errorf("it does not wait:\n%s", body)
	}
	if rec := v.post(form, url.Values{}); rec.Code != http.StatusBadRequest {
		t.Errorf("twice: got %d: %s", rec.Code, rec.Body)
	}
	list, _, err := s.tools.Manage.MembershipRequests(t.Context(), manage.RequestRef{Organization: string(org)}, nil, manage.Page{})
	if err != nil || len(list) != 1 {
		t.Fatalf("requests %+v, %v", list, err)
	}
	if _, err := s.tools.Manage.AcceptRequest(t.Context(), manage.RequestRef{Organization: string(org), Request: string(list[0].ID)}); err != nil {
		t.Fatal(err)
	}
	if body := v.get("/user").Body.String(); strings.Contains(body, "You asked to join") || !strings.Contains(body, "Leave") {
		t.Errorf("no membership:\n%s", body)
	}
}
