package manage_test

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/store"
)

func TestOrganization_IsMadeChangedListedAndDeleted(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		ada := w.user("ada@acme.test")
		w.set(func(s *identity.Settings) { s.MaxAllowedMemberships = 5 })
		v := must(w.s.CreateOrganization(t.Context(), manage.OrganizationChange{
			Name: ptr(" Acme "), Slug: ptr("acme"), CreatedBy: ptr(string(ada.ID)), PublicMetadata: identity.Metadata{"a": "1"},
		}))(t)
		if v.Name != "Acme" || v.Slug != "acme" || v.CreatedBy != ada.ID || v.Members != 1 || v.MaxAllowedMemberships != 5 || !v.AdminDeleteEnabled || v.PublicMetadata["a"] != "1" {
			t.Errorf("made %+v", v)
		}
		if m := must(w.s.MembershipOf(t.Context(), v.ID, ada.ID))(t); m.Membership.Role != identity.RoleAdmin {
			t.Errorf("the creator is %s", m.Membership.Role)
		}
		w.clock.Advance(time.Second)
		changed := must(w.s.ChangeOrganization(t.Context(), "acme", manage.OrganizationChange{
			Name: ptr("Acme Ltd"), MaxAllowedMemberships: ptr(0), AdminDeleteEnabled: ptr(false),
		}))(t)
		if changed.Name != "Acme Ltd" || changed.Slug != "acme" || changed.MaxAllowedMemberships != 0 || changed.AdminDeleteEnabled || changed.PublicMetadata["a"] != "1" {
			t.Errorf("changed %+v", changed)
		}
		w.organization("Globex")
		list, total, err := w.s.Organizations(t.Context(), store.OrganizationFilter{OrderBy: "+name"}, store.Page{Limit: 1})
		if err != nil || total != 2 || len(list) != 1 || list[0].ID != v.ID || list[0].Members != 1 {
			t.Errorf("listed %+v, %d, %v", list, total, err)
		}
		c := w.connect(manage.ConnectionChange{OrganizationID: ptr(string(v.ID)), Active: ptr(true), SAML: w.idp("https://idp.test").fields()})
		must(w.s.DeleteOrganization(t.Context(), string(v.ID)))(t)
		if got := w.reload(c.ID); got.Active {
			t.Error("its connection is active still")
		}
		_, err = w.s.Organization(t.Context(), string(v.ID))
		refused(t, "read after it was deleted", err, fault.NotFound)
		_, err = w.s.DeleteOrganization(t.Context(), "acme")
		refused(t, "deleted once more", err, fault.NotFound)
	})
}

// Threat T-ORG-19.
func TestOrganization_NamesAndSlugsThatDeceiveAreRefused(t *testing.T) {
	w := onSQLite(t)
	w.organization("Acme")
	must(w.s.ChangeOrganization(t.Context(), string(must(w.s.CreateOrganization(t.Context(), manage.OrganizationChange{Name: ptr("B"), Slug: ptr("taken")}))(t).ID), manage.OrganizationChange{}))(t)
	tests := map[string]struct {
		ch   manage.OrganizationChange
		want []fault.Code
	}{
		"no name":                  {manage.OrganizationChange{Name: ptr("  ")}, []fault.Code{fault.FormParamMissing}},
		"a long name":              {manage.OrganizationChange{Name: ptr(strings.Repeat("n", 257))}, []fault.Code{fault.FormParamMaxLength}},
		"markup":                   {manage.OrganizationChange{Name: ptr("<b>Acme</b>")}, []fault.Code{fault.FormParamValueInvalid}},
		"a link":                   {manage.OrganizationChange{Name: ptr("Acme https://evil.test")}, []fault.Code{fault.FormParamValueInvalid}},
		"letters the other way":    {manage.OrganizationChange{Name: ptr("Acme \u202e")}, []fault.Code{fault.FormParamValueInvalid}},
		"a line break":             {manage.OrganizationChange{Name: ptr("Ac\nme")}, []fault.Code{fault.FormParamValueInvalid}},
		"a slug with capitals":     {manage.OrganizationChange{Name: ptr("A"), Slug: ptr("Acme")}, []fault.Code{fault.FormParamFormatInvalid}},
		"a slug that is an id":     {manage.OrganizationChange{Name: ptr("A"), Slug: ptr("org_1")}, []fault.Code{fault.FormParamFormatInvalid}},
		"a slug that is taken":     {manage.OrganizationChange{Name: ptr("A"), Slug: ptr("taken")}, []fault.Code{fault.FormIdentifierExists}},
		"less than no members":     {manage.OrganizationChange{Name: ptr("A"), MaxAllowedMemberships: ptr(-1)}, []fault.Code{fault.FormParamValueInvalid}},
		"a creator who is nobody":  {manage.OrganizationChange{Name: ptr("A"), CreatedBy: ptr("user_x")}, []fault.Code{fault.OrganizationCreatorNotFound}},
		"several mistakes at once": {manage.OrganizationChange{Slug: ptr("A A"), MaxAllowedMemberships: ptr(-1)}, []fault.Code{fault.FormParamMissing, fault.FormParamFormatInvalid, fault.FormParamValueInvalid}},
	}
	for name, test := range tests {
		_, err := w.s.CreateOrganization(t.Context(), test.ch)
		refused(t, name, err, test.want...)
	}
	w.set(func(s *identity.Settings) { s.OrganizationSlugsEnabled = false })
	_, err := w.s.CreateOrganization(t.Context(), manage.OrganizationChange{Name: ptr("A"), Slug: ptr("free")})
	refused(t, "a slug where there are none", err, fault.OrganizationSlugsDisabled)
}

func TestMetadata_IsMergedReplacedAndBounded(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		org := w.organization("Acme")
		change := func(ch manage.MetadataChange) (identity.Metadata, error) {
			v, err := w.s.ChangeOrganizationMetadata(t.Context(), string(org.ID), ch)
			return v.PublicMetadata, err
		}
		steps := []struct {
			name string
			ch   manage.MetadataChange
			want identity.Metadata
		}{
			{"set", manage.MetadataChange{Public: identity.Metadata{"a": "1", "b": map[string]any{"c": "2", "d": "3"}}}, identity.Metadata{"a": "1", "b": map[string]any{"c": "2", "d": "3"}}},
			{"merged, null removes", manage.MetadataChange{Public: identity.Metadata{"a": nil, "b": map[string]any{"c": nil, "e": []any{"4"}}}}, identity.Metadata{"b": map[string]any{"d": "3", "e": []any{"4"}}}},
			{"nothing given", manage.MetadataChange{Private: identity.Metadata{"p": "1"}}, identity.Metadata{"b": map[string]any{"d": "3", "e": []any{"4"}}}},
			{"an object in place of a value", manage.MetadataChange{Public: identity.Metadata{"b": map[string]any{"d": map[string]any{"f": "5"}}}}, identity.Metadata{"b": map[string]any{"d": map[string]any{"f": "5"}, "e": []any{"4"}}}},
			{"replaced", manage.MetadataChange{Public: identity.Metadata{"z": "1"}, Replace: true}, identity.Metadata{"z": "1"}},
			{"emptied", manage.MetadataChange{Public: identity.Metadata{}, Replace: true}, identity.Metadata{}},
		}
		for _, step := range steps {
			got, err := change(step.ch)
			if diff := cmp.Diff(step.want, got); diff != "" || err != nil {
				t.Errorf("%s: %v (-want +got):\n%s", step.name, err, diff)
			}
		}
		if v := must(w.s.Organization(t.Context(), string(org.ID)))(t); v.PrivateMetadata["p"] != "1" {
			t.Errorf("private metadata %v", v.PrivateMetadata)
		}
		deep := map[string]any{}
		for range 16 {
			deep = map[string]any{"d": deep}
		}
		_, err := change(manage.MetadataChange{Public: deep})
		refused(t, "17 levels, threat T-API-15", err, fault.FormParamValueInvalid)
		half := strings.Repeat("x", 5<<10)
		if _, err := change(manage.MetadataChange{Public: identity.Metadata{"one": half}}); err != nil {
			t.Error(err)
		}
		_, err = change(manage.MetadataChange{Public: identity.Metadata{"two": half}, Private: identity.Metadata{"one": half + half}})
		refused(t, "more than 8 KB in all, and in private", err, fault.FormParamTooLarge, fault.FormParamTooLarge)
		if v := must(w.s.Organization(t.Context(), string(org.ID)))(t); len(v.PublicMetadata) != 1 || len(v.PrivateMetadata) != 1 {
			t.Errorf("a refusal changed %v and %v", v.PublicMetadata, v.PrivateMetadata)
		}
	})
}

func TestMembership_IsMadeChangedListedAndEnded(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		org := w.organization("Acme")
		admin := w.member(org.ID, "admin@acme.test", identity.RoleAdmin)
		w.clock.Advance(time.Second)
		ada := w.user("ada@acme.test")
		v := must(w.s.AddMember(t.Context(), string(org.ID), string(ada.ID), identity.RoleMember, manage.MetadataChange{Public: identity.Metadata{"a": "1"}}))(t)
		if v.Membership.Role != identity.RoleMember || v.Role.Key != identity.RoleMember || v.Identifier != "ada@acme.test" || v.Organization.Members != 2 || v.PublicMetadata["a"] != "1" || v.ConnectionID != "" {
			t.Errorf("made %+v", v)
		}
		add := func(org, user string, role identity.RoleKey) error {
			_, err := w.s.AddMember(t.Context(), org, user, role, manage.MetadataChange{})
			return err
		}
		refused(t, "once more", add(string(org.ID), string(ada.ID), identity.RoleMember), fault.AlreadyAMember)
		refused(t, "a role that there is not", add(string(org.ID), string(admin.ID), "org:other"), fault.NotFound)
		refused(t, "nobody", add(string(org.ID), "user_x", identity.RoleMember), fault.NotFound)
		refused(t, "nowhere", add("org_x", string(ada.ID), identity.RoleMember), fault.NotFound)

		if got := must(w.s.ChangeMemberRole(t.Context(), string(org.ID), string(ada.ID), identity.RoleAdmin))(t); got.Role.Key != identity.RoleAdmin {
			t.Errorf("changed %+v", got)
		}
		_, err := w.s.ChangeMemberRole(t.Context(), string(org.ID), string(ada.ID), "org:other")
		refused(t, "to a role that there is not", err, fault.NotFound)
		meta := must(w.s.ChangeMembershipMetadata(t.Context(), string(org.ID), string(ada.ID), manage.MetadataChange{Private: identity.Metadata{"p": "2"}}))(t)
		if meta.PrivateMetadata["p"] != "2" || meta.PublicMetadata["a"] != "1" {
			t.Errorf("metadata %+v", meta)
		}
		list, total, err := w.s.Members(t.Context(), string(org.ID), store.MembershipFilter{}, store.Page{})
		if err != nil || total != 2 || list[0].User.ID != ada.ID {
			t.Errorf("members %+v, %d, %v", list, total, err)
		}
		of, total, err := w.s.MembershipsOf(t.Context(), string(ada.ID), store.Page{})
		if err != nil || total != 1 || of[0].Organization.ID != org.ID {
			t.Errorf("of Ada %+v, %d, %v", of, total, err)
		}
		all, total, err := w.s.AllMemberships(t.Context(), "", store.Page{})
		if err != nil || total != 2 || len(all) != 2 {
			t.Errorf("all %+v, %d, %v", all, total, err)
		}
		must(w.s.RemoveMember(t.Context(), string(org.ID), string(ada.ID)))(t)
		_, err = w.s.RemoveMember(t.Context(), string(org.ID), string(ada.ID))
		refused(t, "ended once more", err, fault.NotFound)
		_, err = w.s.MembershipOf(t.Context(), org.ID, ada.ID)
		refused(t, "read after it was ended", err, fault.OrganizationNotFound)
	})
}

// Threat T-ORG-14, behaviour 1.44.
func TestMembership_TheLastAdministratorStays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		org := w.organization("Acme")
		one, two := w.member(org.ID, "one@acme.test", identity.RoleAdmin), w.member(org.ID, "two@acme.test", identity.RoleAdmin)
		w.member(org.ID, "member@acme.test", identity.RoleMember)
		must(w.s.ChangeMemberRole(t.Context(), string(org.ID), string(two.ID), identity.RoleMember))(t)
		_, lowered := w.s.ChangeMemberRole(t.Context(), string(org.ID), string(one.ID), identity.RoleMember)
		_, removed := w.s.RemoveMember(t.Context(), string(org.ID), string(one.ID))
		may, err := w.s.MayLeave(t.Context(), org.ID, one.ID)
		if err != nil {
			t.Fatal(err)
		}
		for name, err := range map[string]error{
			"lowered": lowered, "removed": removed, "asks to leave": may, "leaves": w.s.Leave(t.Context(), org.ID, one.ID),
		} {
			refused(t, name, err, fault.OrganizationMinimumPermissionsNeeded)
		}
		must(w.s.ChangeMemberRole(t.Context(), string(org.ID), string(one.ID), identity.RoleAdmin))(t) // no change
		must(w.s.ChangeMemberRole(t.Context(), string(org.ID), string(two.ID), identity.RoleAdmin))(t)
		if err := w.s.Leave(t.Context(), org.ID, one.ID); err != nil {
			t.Error(err)
		}
		refused(t, "leaves once more", w.s.Leave(t.Context(), org.ID, one.ID), fault.OrganizationNotFound)
	})
}

// Threat T-ORG-14: two who demote each other at once.
func TestMembership_OfTwoAdministratorsWhoAreLoweredAtOnceOneStays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		org := w.organization("Acme")
		people := []identity.User{w.member(org.ID, "one@acme.test", identity.RoleAdmin), w.member(org.ID, "two@acme.test", identity.RoleAdmin)}
		var lowered atomic.Int32
		var wg sync.WaitGroup
		for _, p := range people {
			wg.Go(func() {
				_, err := w.s.ChangeMemberRole(t.Context(), string(org.ID), string(p.ID), identity.RoleMember)
				switch {
				case err == nil:
					lowered.Add(1)
				case !fault.Is(err, fault.OrganizationMinimumPermissionsNeeded):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if lowered.Load() != 1 {
			t.Errorf("%d were lowered, want one", lowered.Load())
		}
	})
}

// Threat T-ORG-13: the last seat is taken once.
func TestMembership_TheLastSeatIsTakenOnce(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		org := w.organization("Acme")
		must(w.s.ChangeOrganization(t.Context(), string(org.ID), manage.OrganizationChange{MaxAllowedMemberships: ptr(1)}))(t)
		people := []identity.User{w.user("one@acme.test"), w.user("two@acme.test"), w.user("three@acme.test")}
		var joined atomic.Int32
		var wg sync.WaitGroup
		for _, p := range people {
			wg.Go(func() {
				_, err := w.s.AddMember(t.Context(), string(org.ID), string(p.ID), identity.RoleMember, manage.MetadataChange{})
				switch {
				case err == nil:
					joined.Add(1)
				case !fault.Is(err, fault.OrganizationMembershipQuotaExceeded):
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if joined.Load() != 1 {
			t.Errorf("%d joined, want one", joined.Load())
		}
	})
}

// Behaviours 1.37 to 1.39, threats T-ORG-15 and T-ORG-18.
func TestMembership_OneWhoCameBySSOCannotLeaveButCanBeRemoved(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		org, other := w.organization("Acme"), w.organization("Globex")
		c := w.connect(manage.ConnectionChange{OrganizationID: ptr(string(org.ID))})
		ada := w.user("ada@acme.test")
		session := identity.Session{
			ID: identity.NewID[identity.SessionID](began), ClientID: "client_1", UserID: ada.ID, Status: identity.SessionActive, LastActiveOrganizationID: org.ID,
			ExpireAt: began.Add(time.Hour), AbandonAt: began.Add(time.Hour), CreatedAt: began, UpdatedAt: began,
		}
		join := func() {
			w.write(func(tx *store.Tx) error {
				_, err := tx.InsertMembership(identity.Membership{
					ID: identity.NewID[identity.MembershipID](began), OrganizationID: org.ID, UserID: ada.ID, Role: identity.RoleMember,
					ConnectionID: c.ID, CreatedAt: began, UpdatedAt: began,
				})
				return err
			})
		}
		join()
		w.write(func(tx *store.Tx) error { return tx.InsertSession(session) })
		may := must(w.s.MayLeave(t.Context(), org.ID, ada.ID))(t)
		refused(t, "asks to leave", may, fault.OrganizationMembershipEnterpriseConnection)
		refused(t, "leaves", w.s.Leave(t.Context(), org.ID, ada.ID), fault.OrganizationMembershipEnterpriseConnection)
		must(w.s.RemoveMember(t.Context(), string(org.ID), string(ada.ID)))(t)
		s := get(w, func(tx *store.Tx) (identity.Session, error) { return tx.Session(session.ID) })
		if s.LastActiveOrganizationID != "" || s.Status != identity.SessionActive {
			t.Errorf("session %+v", s)
		}
		join()
		must(w.s.ChangeConnection(t.Context(), c.ID, manage.ConnectionChange{OrganizationID: ptr(string(other.ID))}))(t)
		if err := w.s.Leave(t.Context(), org.ID, ada.ID); err != nil {
			t.Errorf("after the connection moved: %v", err)
		}
	})
}

func TestMembership_WhereAnOrganizationIsRequiredTheLastOneStays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.set(func(s *identity.Settings) { s.ForceOrganizationSelection = true })
		org := w.organization("Acme")
		w.member(org.ID, "admin@acme.test", identity.RoleAdmin)
		ada := w.member(org.ID, "ada@acme.test", identity.RoleMember)
		refused(t, "the only one", w.s.Leave(t.Context(), org.ID, ada.ID), fault.PersonalAccountsNotAllowed)
		second := w.organization("Globex")
		must(w.s.AddMember(t.Context(), string(second.ID), string(ada.ID), identity.RoleMember, manage.MetadataChange{}))(t)
		if err := w.s.Leave(t.Context(), org.ID, ada.ID); err != nil {
			t.Errorf("one of two: %v", err)
		}
	})
}

// Threats T-API-01 and T-SEC-01.
func TestSecretKey_IsShownOnceAndKeptAsAHash(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		key := must(w.s.NewSecretKey(t.Context(), "first", true))(t)
		live := must(w.s.NewSecretKey(t.Context(), "second", false))(t)
		if !strings.HasPrefix(key, "sk_test_") || !strings.HasPrefix(live, "sk_live_") || len(key) != len("sk_test_")+43 {
			t.Errorf("keys %q and %q", key, live)
		}
		if err := w.s.AcceptSecretKey(t.Context(), "again", key); err != nil {
			t.Errorf("accepted once more: %v", err)
		}
		keys := get(w, func(tx *store.Tx) ([]identity.SecretKey, error) { return tx.SecretKeys() })
		if len(keys) != 2 {
			t.Fatalf("%d keys, want 2", len(keys))
		}
		for _, k := range keys {
			if strings.Contains(k.Hash, key) || strings.Contains(k.Hash, live) || k.Hash == "" {
				t.Errorf("kept as %q", k.Hash)
			}
		}
		if _, err := w.s.Authenticate(t.Context(), key); err != nil {
			t.Error(err)
		}
		first := keys[slices.IndexFunc(keys, func(k identity.SecretKey) bool { return k.Name == "first" })]
		for name, bad := range map[string]string{"none": "", "another": "sk_test_other", "its hash": first.Hash, "a part": key[:len(key)-1], "more": key + "x"} {
			_, err := w.s.Authenticate(t.Context(), bad)
			refused(t, name, err, fault.SecretKeyInvalid)
		}
		w.write(func(tx *store.Tx) error {
			_, err := tx.RevokeSecretKey(first.ID, w.clock.Now())
			return err
		})
		_, err := w.s.Authenticate(t.Context(), key)
		refused(t, "a revoked one", err, fault.SecretKeyInvalid)
		if _, err := w.s.Authenticate(t.Context(), live); err != nil {
			t.Errorf("the other one: %v", err)
		}
	})
}
