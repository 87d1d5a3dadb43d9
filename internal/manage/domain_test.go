package manage_test

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/policy"
	"usher/internal/store"
)

// records is a DNS that says what it is told to.
type records map[string][]string

func (r records) TXT(_ context.Context, name string) ([]string, error) {
	if values, ok := r[name]; ok && values == nil {
		return nil, errors.New("nobody can tell")
	}
	return r[name], nil
}

// withDomains is an organization with Ada as its administrator, whose domains
// are allowed in every mode.
func (w *world) withDomains() (identity.Organization, identity.User) {
	w.Helper()
	w.set(func(s *identity.Settings) {
		s.OrganizationDomainsEnabled, s.OrganizationDomainInvitations, s.OrganizationDomainSuggestions = true, true, true
	})
	ada := must(w.s.CreateUser(w.Context(), manage.UserChange{EmailAddresses: []string{"ada@acme.test"}}))(w)
	o := must(w.s.CreateOrganization(w.Context(), manage.OrganizationChange{Name: ptr("Acme"), CreatedBy: ptr(string(ada.ID))}))(w)
	return o.Organization, ada.User
}

// mails are the mails of the outbox, the oldest first.
func (w *world) mails() (list []identity.Mail) {
	w.Helper()
	w.write(func(tx *store.Tx) error {
		list = nil
		rows, err := tx.ClaimOutbox(w.clock.Now(), 0, 100)
		if err != nil {
			return err
		}
		for _, row := range rows {
			list = append(list, must(row.Mail())(w))
			if err := tx.DoneOutbox(row.ID); err != nil {
				return err
			}
		}
		return nil
	})
	return list
}

func TestB124_WhoHasAVerifiedAddressThereProvesTheAffiliationByAddingIt(t *testing.T) { // 1.124
	each(t, func(t *testing.T, w *world) {
		o, ada := w.withDomains()
		ref := manage.DomainRef{Organization: string(o.ID), Actor: ada.ID}
		d := must(w.s.AddDomain(t.Context(), ref, manage.DomainChange{Name: "acme.test"}))(t)
		if !d.Verified || d.Affiliation.Email != "ada@acme.test" {
			t.Errorf("got %+v, want a domain verified by Ada's address", d.Affiliation)
		}
		other := must(w.s.AddDomain(t.Context(), ref, manage.DomainChange{Name: "eu.acme.test", Verified: ptr(true)}))(t)
		if other.Verified {
			t.Error("T-ORG-07: a member's word and an address elsewhere have verified a domain")
		}
		bob := must(w.s.CreateUser(t.Context(), manage.UserChange{EmailAddresses: []string{"bob@acme.test"}}))(t)
		_, err := w.s.AddDomain(t.Context(), manage.DomainRef{Organization: string(o.ID), Actor: bob.ID}, manage.DomainChange{Name: "x.test"})
		refused(t, "a stranger", err, fault.OrganizationNotFound)
		must(w.s.AddMember(t.Context(), string(o.ID), string(bob.ID), identity.RoleMember, manage.MetadataChange{}))(t)
		_, err = w.s.AddDomain(t.Context(), manage.DomainRef{Organization: string(o.ID), Actor: bob.ID}, manage.DomainChange{Name: "x.test"})
		refused(t, "a member without the permission", err, fault.MissingOrganizationPermission)
	})
}

func TestDomain_AffiliationByCode(t *testing.T) { // 1.122, 1.125
	each(t, func(t *testing.T, w *world) {
		o, ada := w.withDomains()
		add := manage.DomainRef{Organization: string(o.ID), Actor: ada.ID}
		d := must(w.s.AddDomain(t.Context(), add, manage.DomainChange{Name: "acme.example"}))(t)
		ref := manage.DomainRef{Organization: string(o.ID), Domain: string(d.ID), Actor: ada.ID}
		status := func() identity.ProofStatus {
			return must(w.s.Domain(t.Context(), ref))(t).AffiliationStatus(w.clock.Now())
		}

		_, err := w.s.PrepareAffiliation(t.Context(), ref, "ada@eu.acme.example")
		refused(t, "T-ORG-07 an address elsewhere", err, fault.OrganizationDomainMismatch)
		_, err = w.s.PrepareAffiliation(t.Context(), ref, "ada")
		refused(t, "no address", err, fault.FormParamFormatInvalid)
		_, err = w.s.AttemptAffiliation(t.Context(), ref, "123456")
		refused(t, "no code", err, fault.VerificationMissing)

		must(w.s.PrepareAffiliation(t.Context(), ref, "ada@acme.example"))(t)
		code := regexp.MustCompile(`\d{6}`)
		first := code.FindString(w.mails()[0].Subject)
		_, err = w.s.PrepareAffiliation(t.Context(), ref, "ada@acme.example")
		refused(t, "another code at once", err, fault.VerificationCodeTooMany)
		wrong := strings.Map(func(r rune) rune { return '0' + (r-'0'+1)%10 }, first)
		for range identity.MaxAffiliationTries {
			_, err = w.s.AttemptAffiliation(t.Context(), ref, wrong)
			refused(t, "a wrong code", err, fault.FormCodeIncorrect)
		}
		_, err = w.s.AttemptAffiliation(t.Context(), ref, first)
		refused(t, "the right code after too many wrong ones", err, fault.VerificationFailed)
		if got := status(); got != identity.ProofFailed {
			t.Errorf("status %s, want failed", got)
		}
		w.clock.Advance(policy.MailWait)
		must(w.s.PrepareAffiliation(t.Context(), ref, "ada@acme.example"))(t)
		second := code.FindString(w.mails()[0].Subject)
		w.clock.Advance(10 * time.Minute)
		_, err = w.s.AttemptAffiliation(t.Context(), ref, second)
		refused(t, "an old code", err, fault.VerificationExpired)
		if got := status(); got != identity.ProofExpired {
			t.Errorf("status %s, want expired", got)
		}
		must(w.s.PrepareAffiliation(t.Context(), ref, "ada@acme.example"))(t)
		if got := status(); got != identity.ProofUnverified {
			t.Errorf("status %s, want unverified", got)
		}
		third := code.FindString(w.mails()[0].Subject)
		if v := must(w.s.AttemptAffiliation(t.Context(), ref, third))(t); !v.Verified || v.Affiliation.Email != "ada@acme.example" {
			t.Errorf("got %+v, want a verified domain", v.Affiliation)
		}
		_, err = w.s.AttemptAffiliation(t.Context(), ref, third)
		refused(t, "again", err, fault.VerificationAlreadyVerified)
	})
}

func TestDomain_RecordThatGoesAwayIsWarnedOfBeforeTheProofEnds(t *testing.T) { // threat T-ORG-04
	each(t, func(t *testing.T, w *world) {
		o, _ := w.withDomains()
		zone := records{}
		w.s.Records = zone
		sso := identity.EnrollmentSSO
		d := must(w.s.AddDomain(t.Context(), manage.DomainRef{Organization: string(o.ID)}, manage.DomainChange{Name: "acme.example", EnrollmentMode: &sso}))(t)
		ref := manage.DomainRef{Organization: string(o.ID), Domain: string(d.ID)}
		d = must(w.s.PrepareOwnership(t.Context(), ref))(t)
		name, value := d.Name.OwnershipRecord(), d.Ownership.Value
		zone[name] = []string{value}
		must(w.s.AttemptOwnership(t.Context(), ref))(t)
		must(w.s.AddDomain(t.Context(), manage.DomainRef{Organization: string(o.ID)}, manage.DomainChange{Name: "eu.acme.example", EnrollmentMode: &sso}))(t)

		round := func(what string, after time.Duration, looked int, want identity.ProofStatus, subjects ...string) {
			t.Helper()
			w.clock.Advance(after)
			if n := must(w.s.RecheckOwnership(t.Context()))(t); n != looked {
				t.Errorf("%s: looked for %d records, want %d", what, n, looked)
			}
			rows := get(w, func(tx *store.Tx) ([]identity.OrganizationDomain, error) { return tx.OrganizationDomains(o.ID) })
			for _, row := range rows {
				if got := row.Ownership.Status(w.clock.Now()); got != want {
					t.Errorf("%s: %s is %s, want %s", what, row.Name, got, want)
				}
			}
			mails := w.mails()
			if len(mails) != len(subjects) {
				t.Fatalf("%s: mails %+v, want %q", what, mails, subjects)
			}
			for i, m := range mails {
				if m.Subject != subjects[i] || m.To != "ada@acme.test" {
					t.Errorf("%s: mail %q to %s, want %q", what, m.Subject, m.To, subjects[i])
				}
			}
		}
		const missing, lapsed = "The DNS record of acme.example is missing", "acme.example is no longer verified"
		round("before its time", 23*time.Hour, 0, identity.ProofVerified)
		round("a day later", time.Hour, 1, identity.ProofVerified)
		delete(zone, name)
		round("the record is gone", 24*time.Hour, 1, identity.ProofVerified, missing)
		round("one mail is enough", time.Hour, 1, identity.ProofVerified)
		zone[name] = []string{value}
		round("the record is back", time.Hour, 1, identity.ProofVerified)
		zone[name] = nil
		round("nobody can tell", 24*time.Hour, 1, identity.ProofVerified)
		delete(zone, name)
		round("it is gone again", time.Hour, 1, identity.ProofVerified, missing)
		round("nearly seven days", policy.OwnershipGrace-time.Second, 1, identity.ProofVerified)
		round("seven days", time.Hour, 1, identity.ProofExpired, lapsed)
		round("nothing is left to look for", 24*time.Hour, 0, identity.ProofExpired)
		zone[name] = []string{value}
		must(w.s.AttemptOwnership(t.Context(), ref))(t)
		round("the old value proves nothing any more", 0, 0, identity.ProofExpired)
	})
}

func TestDomain_LastOneThatProvesAConnectionsStays(t *testing.T) { // 1.115
	each(t, func(t *testing.T, w *world) {
		o, _ := w.withDomains()
		sso := identity.EnrollmentSSO
		var refs []manage.DomainRef
		for _, name := range []string{"acme.example", "acme.test"} {
			d := must(w.s.AddDomain(t.Context(), manage.DomainRef{Organization: string(o.ID)}, manage.DomainChange{Name: name, EnrollmentMode: &sso}))(t)
			refs = append(refs, manage.DomainRef{Organization: string(o.ID), Domain: string(d.ID)})
			must(w.s.VerifyOwnership(t.Context(), refs[len(refs)-1]))(t)
		}
		w.write(func(tx *store.Tx) error {
			c := identity.Connection{ID: identity.NewID[identity.ConnectionID](began), OrganizationID: o.ID, Provider: identity.SAMLOkta, LiveRevisionID: identity.NewID[identity.RevisionID](began), Domains: []identity.Domain{"acme.example", "acme.test"}}
			return tx.InsertConnection(c)
		})
		must(w.s.DeleteDomain(t.Context(), refs[0]))(t)
		_, err := w.s.DeleteDomain(t.Context(), refs[1])
		refused(t, "the last one", err, fault.OrganizationDomainLastVerified)
	})
}
