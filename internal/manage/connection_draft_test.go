package manage_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/practice"
	"usher/internal/store"
)

// draftChanges are the methods that change drafts and what is live by them.
func draftChanges() map[string]row {
	promoted := func(ctx context.Context, w *world, on subjects) (identity.Connection, error) {
		before := must(w.s.Connection(ctx, on.connection))(w)
		v, err := w.s.EditDraft(ctx, on.connection, "", manage.ConnectionChange{SAML: w.idp("https://idp.test").fields()})
		if err != nil {
			return before, err
		}
		return w.s.PromoteDraft(ctx, on.connection, manage.Promotion{Draft: v.Draft.RevisionID, Live: before.LiveRevisionID})
	}
	return map[string]row{
		"EditDraft": {"enterprise_connection.draft.created enterprise_connection.draft.updated", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.EditDraft(ctx, on.connection, "", manage.ConnectionChange{SAML: &manage.SAMLChange{ForceAuthn: ptr(true)}})
			if err == nil {
				_, err = w.s.EditDraft(ctx, on.connection, "", manage.ConnectionChange{SAML: &manage.SAMLChange{ForceAuthn: ptr(false)}})
			}
			return err
		}},
		"DiscardDraft": {"enterprise_connection.draft.created enterprise_connection.draft.discarded", func(ctx context.Context, w *world, on subjects) error {
			_, err := w.s.EditDraft(ctx, on.connection, "", manage.ConnectionChange{SAML: &manage.SAMLChange{ForceAuthn: ptr(true)}})
			if err == nil {
				err = w.s.DiscardDraft(ctx, on.connection, "")
			}
			return err
		}},
		"PromoteDraft": {"enterprise_connection.draft.created enterprise_connection.draft.promoted", func(ctx context.Context, w *world, on subjects) error {
			_, err := promoted(ctx, w, on)
			return err
		}},
		"RestoreRevision": {
			"enterprise_connection.draft.created enterprise_connection.draft.promoted enterprise_connection.revision.restored",
			func(ctx context.Context, w *world, on subjects) error {
				before := must(w.s.Connection(ctx, on.connection))(w)
				if _, err := promoted(ctx, w, on); err != nil {
					return err
				}
				_, err := w.s.RestoreRevision(ctx, on.connection, manage.Restoration{Revision: before.LiveRevisionID})
				return err
			},
		},
	}
}

func (w *world) edit(id identity.ConnectionID, ch manage.SAMLChange) manage.DraftView {
	w.Helper()
	return must(w.s.EditDraft(w.Context(), id, "", manage.ConnectionChange{SAML: &ch}))(w)
}

func (w *world) promote(v manage.DraftView) (identity.Connection, error) {
	return w.s.PromoteDraft(w.Context(), v.Live.ID, manage.Promotion{Draft: v.Draft.RevisionID, Live: v.Live.LiveRevisionID})
}

func codesOf(list []manage.Finding) []string {
	var out []string
	for _, f := range list {
		out = append(out, f.Code)
	}
	return out
}

func fieldsOf(list []manage.SettingChange) []string {
	var out []string
	for _, ch := range list {
		out = append(out, ch.Field)
	}
	return out
}

func TestDraft_IsLiveWhenItIsPromotedAndNotBefore(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first, second := w.idp("https://idp.test"), w.idp("https://second.test")
		org := w.organization("Acme")
		w.member(org.ID, "root@acme.test", identity.RoleAdmin)
		c := w.connect(manage.ConnectionChange{OrganizationID: ptr(string(org.ID)), Active: ptr(true), SAML: first.fields()})
		if _, err := w.s.Draft(t.Context(), c.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("before there is one: %v", err)
		}
		v := w.edit(c.ID, manage.SAMLChange{IDPMetadataURL: ptr(second.url), FirstName: ptr("givenName")})
		if live := w.reload(c.ID); live.LiveRevisionID != c.LiveRevisionID || live.Config.SAML.IDPEntityID != first.EntityID() {
			t.Error("a draft is live at once")
		}
		want := []string{
			"saml.idp_entity_id", "saml.idp_sso_url", "saml.idp_metadata_url", "saml.idp_metadata", "saml.attribute_mapping.first_name",
		}
		got := slices.DeleteFunc(fieldsOf(v.Changes), func(f string) bool {
			return f == "saml.idp_certificates" || f == "saml.idp_sso_binding" || f == "saml.authn_requests_signed"
		})
		if !slices.Equal(got, want) {
			t.Errorf("changes %v, want %v", got, want)
		}
		if v.Changes[0].Live != any(first.EntityID()) || v.Changes[0].Draft != any(second.EntityID()) || v.Refused != nil {
			t.Errorf("changes %+v, refused %v", v.Changes[0], v.Refused)
		}
		if got := codesOf(v.Findings); !slices.Contains(got, "not_tested") {
			t.Errorf("findings %v", got)
		}
		if !slices.ContainsFunc(v.Effects, func(e manage.Effect) bool { return e.Name == "provider_changed" }) {
			t.Errorf("effects %+v", v.Effects)
		}
		w.mails()
		live := must(w.promote(v))(w)
		if live.LiveRevisionID != v.Draft.RevisionID || live.Config.SAML.IDPEntityID != second.EntityID() {
			t.Errorf("promoted: %+v", live)
		}
		if mails := w.mails(); len(mails) != 1 || mails[0].To != "root@acme.test" {
			t.Errorf("mails to those who manage the connection: %+v", mails)
		}
		if got := w.state(c.ID).NextAt; !got.Equal(w.clock.Now().Add(time.Hour)) {
			t.Errorf("its metadata is fetched at %s", got)
		}
		if _, err := w.s.Draft(t.Context(), c.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("promoted, the draft is still there: %v", err)
		}

		// The way back.
		w.clock.Advance(time.Minute)
		back := must(w.s.RestoreRevision(t.Context(), c.ID, manage.Restoration{Revision: c.LiveRevisionID, Live: live.LiveRevisionID}))(w)
		if back.Config.SAML.IDPEntityID != first.EntityID() || back.LiveRevisionID == c.LiveRevisionID || len(w.mails()) != 1 {
			t.Errorf("restored: %+v", back)
		}
		list, total, err := w.s.Revisions(t.Context(), c.ID, manage.Page{})
		if err != nil || total != 3 {
			t.Fatal(total, err)
		}
		var history []string
		for _, r := range list {
			history = append(history, fmt.Sprint(r.Number, " ", r.Cause, " ", r.Live, " ", len(r.Changes) > 0))
		}
		if got, want := strings.Join(history, "; "), "3 restored true true; 2 promoted false true; 1 created false false"; got != want {
			t.Errorf("history %s, want %s", got, want)
		}
		if list[0].RestoredFrom != c.LiveRevisionID {
			t.Errorf("restored from %s", list[0].RestoredFrom)
		}
		if same := must(w.s.CompareRevisions(t.Context(), c.ID, c.LiveRevisionID, back.LiveRevisionID))(w); len(same) != 0 {
			t.Errorf("restored with %v", same)
		}
		again := must(w.s.RestoreRevision(t.Context(), c.ID, manage.Restoration{Revision: back.LiveRevisionID}))(w)
		if again.LiveRevisionID != back.LiveRevisionID {
			t.Error("what is live was restored as another revision")
		}
		page, _, err := w.s.Revisions(t.Context(), c.ID, manage.Page{Limit: 1, Offset: 1})
		if err != nil || len(page) != 1 || page[0].Number != 2 || len(page[0].Changes) == 0 {
			t.Errorf("the second of a page: %+v, %v", page, err)
		}
	})
}

// What was looked at is what becomes live, or nothing does.
func TestDraft_TheOneThatWasLookedAtIsPromoted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.connect(manage.ConnectionChange{Active: ptr(true), SAML: w.idp("https://idp.test").fields()})
		seen := w.edit(c.ID, manage.SAMLChange{ForceAuthn: ptr(true)})
		later := w.edit(c.ID, manage.SAMLChange{ClockSkewSeconds: ptr(300)})
		if later.Draft.RevisionID == seen.Draft.RevisionID || !later.Draft.Config.SAML.ForceAuthn {
			t.Errorf("edited again: %+v", later.Draft)
		}
		_, err := w.promote(seen)
		refused(t, "a draft that was edited meanwhile", err, fault.ConnectionDraftChanged)
		_, err = w.s.EditDraft(t.Context(), c.ID, seen.Draft.RevisionID, manage.ConnectionChange{SAML: &manage.SAMLChange{ForceAuthn: ptr(false)}})
		refused(t, "an edit of that", err, fault.ConnectionDraftChanged)
		refused(t, "a discard of that", w.s.DiscardDraft(t.Context(), c.ID, seen.Draft.RevisionID), fault.ConnectionDraftChanged)

		must(w.s.ChangeConnection(t.Context(), c.ID, manage.ConnectionChange{SAML: &manage.SAMLChange{FirstName: ptr("given")}}))(w)
		_, err = w.promote(later)
		refused(t, "what is live changed meanwhile", err, fault.ConnectionDraftChanged)
		now := must(w.s.Draft(t.Context(), c.ID))(w)
		if !slices.Contains(codesOf(now.Findings), "live_changed") || !slices.Contains(fieldsOf(now.Changes), "saml.attribute_mapping.first_name") {
			t.Errorf("findings %v, changes %v", codesOf(now.Findings), fieldsOf(now.Changes))
		}
		if live := must(w.promote(now))(w); live.Config.SAML.Mapping.FirstName != "" {
			t.Error("not the draft is live")
		}
		_, err = w.promote(now)
		refused(t, "twice", err, fault.NotFound)
		_, err = w.s.RestoreRevision(t.Context(), c.ID, manage.Restoration{Revision: c.LiveRevisionID, Live: c.LiveRevisionID})
		refused(t, "restored over another one than was live", err, fault.ConnectionDraftChanged)
		other := w.connect(manage.ConnectionChange{Domains: []string{"other.test"}})
		_, err = w.s.RestoreRevision(t.Context(), c.ID, manage.Restoration{Revision: other.LiveRevisionID})
		refused(t, "another connection's revision", err, fault.NotFound)
		_, err = w.s.CompareRevisions(t.Context(), c.ID, c.LiveRevisionID, other.LiveRevisionID)
		refused(t, "compared with another connection's revision", err, fault.NotFound)
		_, err = w.s.EditDraft(t.Context(), "entconn_gone", "", manage.ConnectionChange{})
		refused(t, "a connection that there is not", err, fault.NotFound)
	})
}

func TestDraft_ThatWouldBreakIsNotPromoted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		i := w.idp("https://idp.test")
		c := w.connect(manage.ConnectionChange{Active: ptr(true), SAML: i.fields()})
		own := c.ID.ACSURL(base)
		v := w.edit(c.ID, manage.SAMLChange{IDPSSOURL: &own})
		_, err := w.promote(v)
		refused(t, "our own ACS URL as the provider's", err, fault.ConnectionDraftNotReady)
		if got := fault.From(err).Meta()["findings"]; got != "provider_is_this_service" {
			t.Errorf("the refusal names %v", got)
		}
		sp := string(must(w.s.SPMetadata(t.Context(), c.ID))(w))
		_, err = w.s.EditDraft(t.Context(), c.ID, "", manage.ConnectionChange{SAML: &manage.SAMLChange{IDPMetadata: &sp}})
		refused(t, "metadata of a service provider", err, fault.SAMLFailedToParseIDPMetadata)
		if got := fmt.Sprint(fault.From(err).Meta()["reason"]); !strings.Contains(got, "service provider") {
			t.Errorf("it is refused for %q", got)
		}
		document := string(i.Metadata())
		v = w.edit(c.ID, manage.SAMLChange{IDPMetadata: &document})
		if slices.Contains(codesOf(v.Findings), "metadata_mismatch") {
			t.Errorf("findings %v", codesOf(v.Findings))
		}
		v = w.edit(c.ID, manage.SAMLChange{IDPEntityID: ptr("https://typo.test")})
		if !slices.Contains(codesOf(v.Findings), "metadata_mismatch") {
			t.Errorf("findings of an entity ID that the metadata has not: %v", codesOf(v.Findings))
		}
		w.edit(c.ID, manage.SAMLChange{IDPEntityID: ptr(i.EntityID())})

		w.clock.Set(i.Certificate().NotAfter.Add(-time.Hour))
		v = must(w.s.Draft(t.Context(), c.ID))(w)
		if !slices.Contains(codesOf(v.Findings), "certificate_ends_soon") || v.Refused != nil {
			t.Errorf("an hour before its certificate ends: %v, %v", codesOf(v.Findings), v.Refused)
		}
		w.clock.Set(i.Certificate().NotAfter.Add(time.Hour))
		v = must(w.s.Draft(t.Context(), c.ID))(w)
		_, err = w.promote(v)
		refused(t, "after its certificate has ended", err, fault.ConnectionDraftNotReady)
		w.write(func(tx *store.Tx) error { return tx.Prove(c.ID, v.Draft.RevisionID, "entrun_1", w.clock.Now()) })
		needs := manage.Promotion{Draft: v.Draft.RevisionID, Live: v.Live.LiveRevisionID, NeedsTestRun: true}
		live := must(w.s.PromoteDraft(t.Context(), c.ID, needs))(w)
		r := get(w, func(tx *store.Tx) (identity.ConnectionRevision, error) { return tx.Revision(live.LiveRevisionID) })
		if r.Proof.TestRunID != "entrun_1" {
			t.Errorf("the proof of the draft is lost: %+v", r.Proof)
		}
		must(w.s.ChangeConnection(t.Context(), c.ID, manage.ConnectionChange{SAML: &manage.SAMLChange{FirstName: ptr("given")}}))(w)
		back := must(w.s.RestoreRevision(t.Context(), c.ID, manage.Restoration{Revision: live.LiveRevisionID}))(w)
		r = get(w, func(tx *store.Tx) (identity.ConnectionRevision, error) { return tx.Revision(back.LiveRevisionID) })
		if r.Proof.TestRunID != "entrun_1" {
			t.Errorf("the proof is lost by restoring: %+v", r.Proof)
		}
	})
}

func TestDraft_MayHaveToBeTriedFirst(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.connect(manage.ConnectionChange{Active: ptr(true), SAML: w.idp("https://idp.test").fields()})
		v := w.edit(c.ID, manage.SAMLChange{ForceAuthn: ptr(true)})
		needs := func(v manage.DraftView) error {
			_, err := w.s.PromoteDraft(t.Context(), c.ID, manage.Promotion{Draft: v.Draft.RevisionID, Live: c.LiveRevisionID, NeedsTestRun: true})
			return err
		}
		refused(t, "never tried", needs(v), fault.ConnectionDraftNotReady)
		w.write(func(tx *store.Tx) error { return tx.Prove(c.ID, v.Draft.RevisionID, "entrun_1", w.clock.Now()) })
		edited := w.edit(c.ID, manage.SAMLChange{ForceAuthn: ptr(false)})
		refused(t, "edited after the test run", needs(edited), fault.ConnectionDraftNotReady)
		w.write(func(tx *store.Tx) error { return tx.Prove(c.ID, edited.Draft.RevisionID, "entrun_2", w.clock.Now()) })
		if err := needs(edited); err != nil {
			t.Errorf("tried: %v", err)
		}
	})
}

// A setting that catches another organization's people is judged when it is made
// live, and so is an earlier one that comes back.
func TestDraft_DomainsAreJudgedWhenItIsPromoted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		acme, globex := w.organization("Acme"), w.organization("Globex")
		c := w.connect(manage.ConnectionChange{OrganizationID: ptr(string(acme.ID)), Active: ptr(true), SAML: w.idp("https://idp.test").fields()})
		with := w.edit(c.ID, manage.SAMLChange{AllowSubdomains: ptr(true)})
		if with.Refused != nil {
			t.Fatal(with.Refused)
		}
		below := w.connect(manage.ConnectionChange{OrganizationID: ptr(string(globex.ID)), Domains: []string{"eu.acme.test"}})
		if v := must(w.s.Draft(t.Context(), c.ID))(w); !fault.Is(v.Refused, fault.ConnectionDomainTaken) {
			t.Errorf("refused %v", v.Refused)
		}
		_, err := w.promote(with)
		refused(t, "subdomains of which another organization has one", err, fault.ConnectionDomainTaken)
		if err := w.s.DeleteConnection(t.Context(), below.ID); err != nil {
			t.Fatal(err)
		}
		live := must(w.promote(with))(w)
		must(w.s.RestoreRevision(t.Context(), c.ID, manage.Restoration{Revision: c.LiveRevisionID}))(w)
		w.connect(manage.ConnectionChange{OrganizationID: ptr(string(globex.ID)), Domains: []string{"eu.acme.test"}})
		_, err = w.s.RestoreRevision(t.Context(), c.ID, manage.Restoration{Revision: live.LiveRevisionID})
		refused(t, "and restored", err, fault.ConnectionDomainTaken)
	})
}

func TestDraft_HoldsOnlyWhatARevisionHolds(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.connect(manage.ConnectionChange{})
		_, err := w.s.EditDraft(t.Context(), c.ID, "", manage.ConnectionChange{
			Name: ptr("X"), Domains: []string{"x.test"}, OrganizationID: ptr("org_x"), Active: ptr(true), Authenticatable: ptr(false), TenantID: ptr(""),
		})
		u := fault.FormParamUnknown
		refused(t, "the parts that stay", err, u, u, u, u, u, u)
		_, err = w.s.EditDraft(t.Context(), c.ID, "", manage.ConnectionChange{SAML: &manage.SAMLChange{ClockSkewSeconds: ptr(-1)}})
		refused(t, "a mistake", err, fault.FormParamValueInvalid)
		if _, err := w.s.Draft(t.Context(), c.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("a mistake made a draft: %v", err)
		}
		if _, err := w.s.EditDraft(t.Context(), c.ID, "", manage.ConnectionChange{SAML: w.idp("https://idp.test").fields()}); err != nil {
			t.Fatal(err)
		}
		if err := w.s.DeleteConnection(t.Context(), c.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := w.s.Draft(t.Context(), c.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("the draft outlives its connection: %v", err)
		}
	})
}

// A client secret is kept with what uses it, told to nobody, and gone with the
// draft that alone had it.
func TestDraft_KeepsClientSecrets(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := w.connectOIDC(w.openID(practice.Custom))
		kept := func(conf identity.ConnectionConfig) bool {
			w.Helper()
			return get(w, func(tx *store.Tx) (bool, error) {
				_, err := tx.ClientSecret(c.ID, conf.SecretID())
				return err == nil, store.Optional(err)
			})
		}
		edit := func(ch manage.OIDCChange) manage.DraftView {
			w.Helper()
			return must(w.s.EditDraft(t.Context(), c.ID, "", manage.ConnectionChange{OIDC: &ch}))(w)
		}
		first := edit(manage.OIDCChange{ClientSecret: ptr("another " + canary)})
		v := edit(manage.OIDCChange{ClientSecret: ptr("a third " + canary)})
		if kept(first.Draft.Config) || !kept(v.Draft.Config) || !kept(c.Config) {
			t.Error("not just the secrets of what is live and of the draft are kept")
		}
		i := slices.IndexFunc(v.Changes, func(ch manage.SettingChange) bool { return ch.Field == "oidc.client_secret" })
		if i < 0 || !v.Changes[i].Secret || v.Changes[i].Live != nil || v.Changes[i].Draft != nil {
			t.Errorf("changes %+v", v.Changes)
		}
		if err := w.s.DiscardDraft(t.Context(), c.ID, v.Draft.RevisionID); err != nil {
			t.Fatal(err)
		}
		if kept(v.Draft.Config) || w.secretOf(w.reload(c.ID)) == "" {
			t.Error("discarded, its secret is left, or that of what is live is gone")
		}
		v = edit(manage.OIDCChange{ClientSecret: ptr("a fourth")})
		live := must(w.promote(v))(w)
		if w.secretOf(live) != "a fourth" || !kept(c.Config) {
			t.Errorf("promoted: %q", w.secretOf(live))
		}
		back := must(w.s.RestoreRevision(t.Context(), c.ID, manage.Restoration{Revision: c.LiveRevisionID}))(w)
		if got := w.secretOf(back); got == "a fourth" || got == "" {
			t.Errorf("restored with the secret %q", got)
		}
	})
}

func TestDraft_OfAnEASIEConnection(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		c := must(w.s.CreateConnection(t.Context(), identity.OAuthGoogle, manage.ConnectionChange{Name: ptr("Google"), Domains: []string{"acme.test"}}))(w)
		v := must(w.s.EditDraft(t.Context(), c.ID, "", manage.ConnectionChange{DisableJITProvisioning: ptr(true)}))(w)
		_, err := w.promote(v)
		refused(t, "without the deployment's client", err, fault.ConnectionDraftNotReady)
		must(w.s.SetProviderCredentials(t.Context(), identity.OAuthGoogle, manage.CredentialsChange{ClientID: "usher", ClientSecret: ptr("s")}))(w)
		v = must(w.s.Draft(t.Context(), c.ID))(w)
		if live := must(w.promote(v))(w); !live.Config.DisableJITProvisioning {
			t.Errorf("promoted: %+v", live.Config)
		}
	})
}

// Metadata that is fetched again is left alone for a day after a way back: it may
// be what was wrong.
func TestRestoreRevision_IsNotUndoneByMetadataAtOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		i := w.idp("https://idp.test")
		c := w.connect(manage.ConnectionChange{SAML: &manage.SAMLChange{IDPMetadataURL: ptr(i.url)}})
		must(w.promote(w.edit(c.ID, manage.SAMLChange{ForceAuthn: ptr(true)})))(w)
		must(w.s.RestoreRevision(t.Context(), c.ID, manage.Restoration{Revision: c.LiveRevisionID}))(w)
		w.clock.Advance(24*time.Hour - time.Second)
		if n := must(w.s.RefreshMetadata(t.Context(), time.Hour))(w); n != 0 {
			t.Errorf("%d refreshed within a day", n)
		}
		w.clock.Advance(time.Second)
		if n := must(w.s.RefreshMetadata(t.Context(), time.Hour))(w); n != 1 {
			t.Errorf("%d refreshed after it", n)
		}
	})
}
