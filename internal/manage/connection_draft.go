package manage

import (
	"context"
	"strings"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/store"
)

// DraftView is a draft with all that is to be looked at before it is promoted.
type DraftView struct {
	Draft      identity.ConnectionDraft
	Live       identity.Connection // as it is
	Configured identity.Connection // as it would be, with the draft live
	Changes    []SettingChange     // from live to draft
	Findings   []Finding           // errors first
	Effects    []Effect            // on people

	// Refused is why the draft would not be promoted, as a fault; nil: it would be.
	Refused error
}

// Promotion is a draft as somebody looked at it and wants it live.
type Promotion struct {
	Draft identity.RevisionID // of the draft that was looked at
	Live  identity.RevisionID // that was live then

	// NeedsTestRun refuses a draft with which no test run ended well.
	NeedsTestRun bool
}

// Draft reads the draft of a connection.
func (s *Service) Draft(ctx context.Context, id identity.ConnectionID) (DraftView, error) {
	var v DraftView
	var facts policy.DraftFacts
	err := s.DB.Read(ctx, func(tx *store.Tx) (err error) {
		v, facts, err = s.readDraft(tx, id)
		return err
	})
	if err != nil {
		return DraftView{}, err
	}
	s.describe(&v, facts)
	return v, nil
}

// readDraft reads a draft, the facts about it that are in the database, and what it
// would mean for people.
func (s *Service) readDraft(tx *store.Tx, id identity.ConnectionID) (v DraftView, f policy.DraftFacts, err error) {
	if v.Live, err = s.connection(tx, id); err != nil {
		return v, f, err
	}
	if v.Draft, err = draftOf(tx, id); err != nil {
		return v, f, err
	}
	v.Configured = v.Live.Configured(v.Draft.RevisionID, v.Draft.Config)
	f = policy.DraftFacts{
		Now: s.Now(), Connection: v.Configured, Base: v.Draft.BaseRevisionID, Live: v.Live.LiveRevisionID,
		BaseURL: s.BaseURL, Proof: v.Draft.Proof,
	}
	if v.Live.Provider.IsEASIE() {
		_, err := tx.ProviderCredentials(v.Live.Provider)
		if store.Optional(err) != nil {
			return v, f, err
		}
		f.Credentials = err == nil
	}
	if f.SameIssuer, err = tx.ConnectionsOfIssuer(v.Draft.Config.Issuer(), maxSameIssuer); err != nil {
		return v, f, err
	}
	if f.RunFailed, err = lastFailure(tx, v.Draft, s.Now()); err != nil {
		return v, f, err
	}
	d, err := s.judgeDomains(tx, v.Live, v.Configured)
	if err == nil {
		err = d.Denied
	}
	if err != nil && fault.From(err).Status() >= 500 {
		return v, f, err
	}
	v.Refused = err
	v.Effects, err = s.impact(tx, v.Live, &v.Configured)
	return v, f, err
}

// maxSameIssuer is how many connections at the same provider are looked at. Ours.
const maxSameIssuer = 100

func draftOf(tx *store.Tx, id identity.ConnectionID) (identity.ConnectionDraft, error) {
	d, err := tx.Draft(id)
	return d, store.Missing(err, fault.New(fault.NotFound, "resource", "draft"))
}

// lastFailure is why the newest test run of a draft failed; empty if it did not,
// or is under way, or there was none.
func lastFailure(tx *store.Tx, d identity.ConnectionDraft, now time.Time) (string, error) {
	runs, _, err := tx.TestRuns(store.TestRunFilter{ConnectionID: d.ConnectionID, RevisionID: d.RevisionID, Now: now}, Page{Limit: 1})
	if err != nil || len(runs) == 0 || !runs[0].Over(now) || runs[0].State == identity.TestRunSuccess {
		return "", err
	}
	a, err := tx.Attempt(runs[0].AttemptID)
	if store.Optional(err) != nil {
		return "", err
	}
	if a.Code == "" {
		return string(fault.TestRunNeverReturned), nil
	}
	return a.Code, nil
}

// describe fills in what needs no database.
func (s *Service) describe(v *DraftView, f policy.DraftFacts) {
	if conf := v.Draft.Config.SAML; conf != nil {
		f.Certificates = certificateFacts(conf.IDPCertificates)
		f.MetadataIssuer, f.MetadataNotices = s.metadataFacts(conf)
	}
	v.Findings = policy.Diagnose(f)
	v.Changes = compare(v.Live, v.Configured)
	if blocking := policy.Blocking(v.Findings); len(blocking) > 0 {
		v.Refused = notReady(blocking)
	}
}

// notReady is the refusal of a draft with such findings.
func notReady(list []Finding) error {
	var codes []string
	for _, f := range list {
		codes = append(codes, f.Code)
	}
	return fault.New(fault.ConnectionDraftNotReady, "findings", strings.Join(codes, ", "))
}

// EditDraft changes the draft of a connection; without one, it begins one with
// what is live. Seen is the draft that the caller edited: another one meanwhile is
// not overwritten. Empty: whichever there is.
//
// A draft holds what a revision holds. Name, domains, organization, and what
// switches a connection on or off are changed at once, by ChangeConnection.
func (s *Service) EditDraft(ctx context.Context, id identity.ConnectionID, seen identity.RevisionID, ch ConnectionChange) (DraftView, error) {
	if err := onlyConfig(ch); err != nil {
		return DraftView{}, err
	}
	before, err := s.editable(ctx, id)
	if err != nil {
		return DraftView{}, err
	}
	known, err := s.learnAbout(ctx, before, ch)
	if err != nil {
		return DraftView{}, err
	}
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		c, err := s.connection(tx, id)
		if err != nil {
			return err
		}
		now := s.Now()
		d, err := tx.Draft(id)
		begun := err == nil
		switch {
		case store.Optional(err) != nil:
			return err
		case seen != "" && d.RevisionID != seen:
			return fault.New(fault.ConnectionDraftChanged)
		case !begun:
			d = identity.ConnectionDraft{ConnectionID: id, BaseRevisionID: c.LiveRevisionID, Config: c.Config, CreatedAt: now}
		}
		was := d.Config
		edited := c.Configured(d.RevisionID, d.Config)
		secret, err := s.apply(&edited, ch, known)
		if err != nil {
			return err
		}
		d.RevisionID, d.Config, d.UpdatedAt = identity.NewID[identity.RevisionID](now), edited.Config, now
		if err := insertSecret(tx, secret); err != nil {
			return err
		}
		if err := dropSecret(tx, id, was.SecretID(), d.Config.SecretID()); err != nil {
			return err
		}
		if err := tx.PutDraft(d); err != nil {
			return err
		}
		action := "enterprise_connection.draft.updated"
		if !begun {
			action = "enterprise_connection.draft.created"
		}
		return s.auditDraft(tx, action, c, d.RevisionID)
	})
	if err != nil {
		return DraftView{}, err
	}
	return s.Draft(ctx, id)
}

// editable is the connection with its draft as its configuration; as it is without
// one.
func (s *Service) editable(ctx context.Context, id identity.ConnectionID) (c identity.Connection, err error) {
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		if c, err = s.connection(tx, id); err != nil {
			return err
		}
		d, err := tx.Draft(id)
		if err == nil {
			c = c.Configured(d.RevisionID, d.Config)
		}
		return store.Optional(err)
	})
	return c, err
}

// onlyConfig refuses what a draft cannot hold.
func onlyConfig(ch ConnectionChange) error {
	var errs []error
	for _, f := range []struct {
		param string
		given bool
	}{
		{"name", ch.Name != nil},
		{"domains", len(ch.Domains) > 0},
		{"organization_id", ch.OrganizationID != nil && *ch.OrganizationID != ""},
		{"active", ch.Active != nil},
		{"authenticatable", ch.Authenticatable != nil},
		{"tenant_id", ch.TenantID != nil},
	} {
		if f.given {
			errs = append(errs, fault.New(fault.FormParamUnknown, "param_name", f.param))
		}
	}
	return fault.Join(errs...)
}

// dropSecret removes a client secret that a draft had and no longer has, unless a
// revision uses it.
func dropSecret(tx *store.Tx, id identity.ConnectionID, was, is identity.ClientSecretID) error {
	if was == "" || was == is {
		return nil
	}
	used, err := tx.RevisionUsesSecret(id, was)
	if err != nil || used {
		return err
	}
	return tx.DeleteClientSecret(id, was)
}

func (s *Service) auditDraft(tx *store.Tx, action string, c identity.Connection, id identity.RevisionID) error {
	return s.audit(tx, identity.AuditEntry{
		Action: action, Subject: string(c.ID), OrganizationID: c.OrganizationID, Detail: map[string]string{"revision_id": string(id)},
	})
}

// DiscardDraft throws a draft away. Seen is the draft that the caller looked at;
// empty: whichever there is.
func (s *Service) DiscardDraft(ctx context.Context, id identity.ConnectionID, seen identity.RevisionID) error {
	return s.DB.Write(ctx, func(tx *store.Tx) error {
		c, err := s.connection(tx, id)
		if err != nil {
			return err
		}
		d, err := draftOf(tx, id)
		if err != nil {
			return err
		}
		if seen != "" && d.RevisionID != seen {
			return fault.New(fault.ConnectionDraftChanged)
		}
		if _, err := tx.DeleteDraft(id, d.RevisionID); err != nil {
			return err
		}
		if err := dropSecret(tx, id, d.Config.SecretID(), ""); err != nil {
			return err
		}
		return s.auditDraft(tx, "enterprise_connection.draft.discarded", c, d.RevisionID)
	})
}

// PromoteDraft makes a draft live: exactly the one that was looked at, over
// exactly what was live then. It is refused with ConnectionDraftNotReady where
// nobody could sign in with it.
//
// Sign-ins that are under way are judged by what is live when their answer comes,
// as with every other change of a connection.
func (s *Service) PromoteDraft(ctx context.Context, id identity.ConnectionID, p Promotion) (identity.Connection, error) {
	// Certificates and metadata are read before the transaction, of a draft that
	// its id names for good.
	v, err := s.Draft(ctx, id)
	if err != nil {
		return identity.Connection{}, err
	}
	if v.Draft.RevisionID != p.Draft || v.Live.LiveRevisionID != p.Live {
		return identity.Connection{}, fault.New(fault.ConnectionDraftChanged)
	}
	if p.NeedsTestRun && v.Draft.Proof.TestRunID == "" {
		v.Refused = notReady(append(policy.Blocking(v.Findings), Finding{Code: "not_tested"}))
	}
	if v.Refused != nil {
		return identity.Connection{}, v.Refused
	}
	var after identity.Connection
	err = s.DB.Write(ctx, func(tx *store.Tx) error {
		c, err := s.connection(tx, id)
		if err != nil {
			return err
		}
		d, err := draftOf(tx, id)
		if err != nil {
			return err
		}
		if d.RevisionID != p.Draft || c.LiveRevisionID != p.Live {
			return fault.New(fault.ConnectionDraftChanged)
		}
		if _, err := tx.DeleteDraft(id, d.RevisionID); err != nil {
			return err
		}
		after, err = s.makeLive(tx, c, identity.ConnectionRevision{
			ID: d.RevisionID, ConnectionID: id, Config: d.Config, Cause: identity.RevisionPromoted, Proof: d.Proof, CreatedAt: s.Now(),
		})
		return err
	})
	return after, err
}

// makeLive makes another configuration live in one step, and tells those who
// manage the connection.
func (s *Service) makeLive(tx *store.Tx, was identity.Connection, r identity.ConnectionRevision) (identity.Connection, error) {
	if err := s.admissible(tx, was, was.Configured(r.ID, r.Config)); err != nil {
		return was, err
	}
	if err := tx.InsertRevision(r); err != nil {
		return was, err
	}
	after, err := tx.Connection(was.ID)
	if err != nil {
		return was, err
	}
	action, pause := "enterprise_connection.draft.promoted", refreshSoon
	if r.Cause == identity.RevisionRestored {
		action, pause = "enterprise_connection.revision.restored", restorePause
	}
	if s.source(after) != nil {
		state, err := tx.MetadataState(was.ID)
		if store.Optional(err) != nil {
			return was, err
		}
		state.ConnectionID, state.NextAt, state.Failures, state.LastError = was.ID, r.CreatedAt.Add(pause), 0, ""
		if err := tx.PutMetadataState(state); err != nil {
			return was, err
		}
	}
	if err := s.mailAboutConnection(tx, after, r); err != nil {
		return was, err
	}
	detail := map[string]string{"revision_id": string(r.ID), "before": string(was.LiveRevisionID)}
	if r.RestoredFrom != "" {
		detail["restored_from"] = string(r.RestoredFrom)
	}
	if r.Proof.TestRunID != "" {
		detail["test_run_id"] = string(r.Proof.TestRunID)
	}
	return after, s.audit(tx, identity.AuditEntry{Action: action, Subject: string(was.ID), OrganizationID: was.OrganizationID, Detail: detail})
}
