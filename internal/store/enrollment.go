package store

import (
	"time"

	"usher/internal/identity"
)

// EnrollingDomains lists the domains of these names by which people are let in by
// themselves: those that invite first, then the oldest.
func (tx *Tx) EnrollingDomains(names []identity.Domain) ([]identity.OrganizationDomain, error) {
	if len(names) == 0 {
		return nil, nil
	}
	var s search
	andIn(&s, "d.name IN (?)", names)
	s.and("d.verified")
	andIn(&s, "d.enrollment_mode IN (?)", []identity.EnrollmentMode{identity.EnrollmentInvitation, identity.EnrollmentSuggestion})
	return list(tx, scanOrganizationDomain, `SELECT `+organizationDomainColumns+` FROM organization_domains d`+s.conditions()+`
		ORDER BY d.enrollment_mode, d.created_at, d.id`, s.args...)
}

// Enrolled reports whether a person was offered membership of an organization by
// one of its domains, or has left it.
func (tx *Tx) Enrolled(org identity.OrgID, user identity.UserID) (bool, error) {
	n, err := one(tx, scanInt, `
		SELECT count(*) FROM enrollments WHERE organization_id = $1 AND user_id = $2`, org, user)
	return n > 0, err
}

// InsertEnrollment keeps that an offer was made and reports whether there was none
// before.
func (tx *Tx) InsertEnrollment(e identity.Enrollment) (fresh bool, err error) {
	return tx.execChanged(`
		INSERT INTO enrollments (organization_id, user_id, domain_id, offer_id)
		VALUES ($1, $2, $3, $4) ON CONFLICT (organization_id, user_id) DO NOTHING`,
		e.OrganizationID, e.UserID, e.DomainID, e.OfferID)
}

// DroppedOffers is what DropOffers took back.
type DroppedOffers struct {
	Invitations []identity.OrgInvitationID
	Suggestions int
}

// DropOffers revokes the invitations and removes the suggestions that came by a
// domain and wait for an answer. Whom they were for may be offered again.
func (tx *Tx) DropOffers(domain identity.DomainID, now time.Time) (d DroppedOffers, err error) {
	if _, err := tx.exec(`
		DELETE FROM enrollments WHERE domain_id = $1 AND offer_id IN (
			SELECT id FROM organization_invitations WHERE domain_id = $1 AND status = 'pending' AND expires_at > $2
			UNION ALL SELECT id FROM organization_suggestions WHERE domain_id = $1 AND status = 'pending')`, domain, ms(now)); err != nil {
		return d, err
	}
	if d.Invitations, err = changed[identity.OrgInvitationID](tx, `
		UPDATE organization_invitations SET status = 'revoked', updated_at = $2
		WHERE domain_id = $1 AND status = 'pending' AND expires_at > $2 RETURNING id`, domain, ms(now)); err != nil {
		return d, err
	}
	for _, id := range d.Invitations {
		if err := tx.Record(identity.Event{Type: identity.EventInvitationRevoked, Subject: string(id)}); err != nil {
			return d, err
		}
	}
	n, err := tx.exec(`DELETE FROM organization_suggestions WHERE domain_id = $1 AND status = 'pending'`, domain)
	d.Suggestions = int(n)
	return d, err
}

// PendingOffers is how many invitations and suggestions by a domain wait for an
// answer.
type PendingOffers struct{ Invitations, Suggestions int }

// PendingOffers counts the offers by each of some domains.
func (tx *Tx) PendingOffers(domains []identity.DomainID, now time.Time) (map[identity.DomainID]PendingOffers, error) {
	of := make(map[identity.DomainID]PendingOffers, len(domains))
	if len(domains) == 0 {
		return of, nil
	}
	type count struct {
		domain identity.DomainID
		n      int
	}
	scan := func(row scanner) (c count, err error) {
		err = row.Scan(&c.domain, &c.n)
		return c, err
	}
	invitations, suggestions := search{where: []string{"status = 'pending'"}}, search{where: []string{"status = 'pending'"}}
	invitations.and("expires_at > ?", ms(now))
	for _, q := range []struct {
		s    *search
		from string
		into func(*PendingOffers, int)
	}{
		{&invitations, "organization_invitations", func(p *PendingOffers, n int) { p.Invitations = n }},
		{&suggestions, "organization_suggestions", func(p *PendingOffers, n int) { p.Suggestions = n }},
	} {
		andIn(q.s, "domain_id IN (?)", domains)
		found, err := list(tx, scan, `SELECT domain_id, count(*) FROM `+q.from+q.s.conditions()+` GROUP BY domain_id`, q.s.args...)
		if err != nil {
			return nil, err
		}
		for _, c := range found {
			p := of[c.domain]
			q.into(&p, c.n)
			of[c.domain] = p
		}
	}
	return of, nil
}

const suggestionColumns = `id, organization_id, user_id, domain_id, status, created_at, updated_at`

func scanSuggestion(row scanner) (s identity.OrganizationSuggestion, err error) {
	err = row.Scan(&s.ID, &s.OrganizationID, &s.UserID, &s.DomainID, oneOf(&s.Status, identity.SuggestionStatuses()...),
		(*milliseconds)(&s.CreatedAt), (*milliseconds)(&s.UpdatedAt))
	return s, err
}

// Suggestion returns a suggestion.
func (tx *Tx) Suggestion(id identity.SuggestionID) (identity.OrganizationSuggestion, error) {
	return one(tx, scanSuggestion, `SELECT `+suggestionColumns+` FROM organization_suggestions WHERE id = $1`, id)
}

// SuggestionsOf lists the suggestions to a user, the newest first; of these states
// if any are named.
func (tx *Tx) SuggestionsOf(user identity.UserID, statuses []identity.SuggestionStatus, p Page) ([]identity.OrganizationSuggestion, int, error) {
	s := search{from: "organization_suggestions", order: "created_at DESC, id DESC"}
	s.and("user_id = ?", user)
	andIn(&s, "status IN (?)", statuses)
	return find(tx, s, suggestionColumns, scanSuggestion, p)
}

// InsertSuggestion adds a suggestion.
func (tx *Tx) InsertSuggestion(s identity.OrganizationSuggestion) error {
	_, err := tx.exec(`
		INSERT INTO organization_suggestions (id, organization_id, user_id, domain_id, status, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		s.ID, s.OrganizationID, s.UserID, s.DomainID, s.Status, ms(s.CreatedAt), ms(s.UpdatedAt))
	return err
}

// MoveSuggestion takes a suggestion from one state to another and reports whether
// it was in the former.
func (tx *Tx) MoveSuggestion(id identity.SuggestionID, from, to identity.SuggestionStatus, now time.Time) (bool, error) {
	return tx.execChanged(`
		UPDATE organization_suggestions SET status = $3, updated_at = $4 WHERE id = $1 AND status = $2`, id, from, to, ms(now))
}
