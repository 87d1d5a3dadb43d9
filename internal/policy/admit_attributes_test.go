package policy_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"usher/internal/identity"
	"usher/internal/policy"
)

func TestAdmit_attributes(t *testing.T) {
	t.Parallel()
	department := identity.Metadata{"department": "Engines"}
	tests := map[string]struct {
		given   func(*policy.AdmitFacts)
		created *policy.NewUser    // nil: nobody is created
		updated *policy.UserUpdate // nil: nothing is updated
		detail  string             // of the rule "attributes"
	}{
		"1.71 mapping is applied at every sign-in": {
			given: func(f *policy.AdmitFacts) {
				f.Linked, f.Claims.FirstName, f.Claims.PublicMetadata = linked(), "Augusta", department
			},
			updated: &policy.UserUpdate{FirstName: "Augusta", PublicMetadata: department},
			detail:  "first_name public_metadata.department",
		},
		"1.72 with sync on data is refreshed after each sign-in": {
			given:   func(f *policy.AdmitFacts) { f.Linked, f.Claims.LastName = linked(), "Lovelace" },
			updated: &policy.UserUpdate{LastName: "Lovelace"},
			detail:  "last_name",
		},
		"1.72 with sync off values are set only at creation": {
			given: func(f *policy.AdmitFacts) {
				f.Connection.Config.SyncUserAttributes, f.Linked = false, linked()
				f.Claims.FirstName, f.Claims.PublicMetadata = "Augusta", department
			},
			detail: "sync is off",
		},
		"1.72 with sync off a new user still gets them": {
			given: func(f *policy.AdmitFacts) {
				f.Connection.Config.SyncUserAttributes, f.Claims.PublicMetadata = false, department
			},
			created: &policy.NewUser{Email: "ada@acme.test", FirstName: "Ada", LastName: "King", PublicMetadata: department},
			detail:  "first_name last_name public_metadata.department",
		},
		"1.72 with sync off the first link refreshes nothing": {
			given: func(f *policy.AdmitFacts) {
				f.Connection.Config.SyncUserAttributes, f.ByVerifiedEmail = false, holder(identity.Verified)
				f.Claims.FirstName = "Augusta"
			},
			detail: "sync is off",
		},
		"1.73 with a directory it is the only source of attributes": {
			given: func(f *policy.AdmitFacts) {
				f.Directory, f.Linked = true, linked()
				f.Linked.InDirectory = true
				f.Claims.FirstName, f.Claims.PublicMetadata = "Augusta", department
			},
			detail: "the directory is their source",
		},
		"the first link refreshes too": {
			given: func(f *policy.AdmitFacts) {
				f.ByVerifiedEmail = holder(identity.Verified)
				f.Claims.FirstName = "Augusta"
			},
			updated: &policy.UserUpdate{FirstName: "Augusta"},
			detail:  "first_name",
		},
		"what the provider does not send is kept": {
			given:  func(f *policy.AdmitFacts) { f.Linked, f.Claims.FirstName, f.Claims.LastName = linked(), "", " " },
			detail: "",
		},
		"threat T-ID-16: only mapped keys change, the rest of the metadata stays": {
			given: func(f *policy.AdmitFacts) {
				f.Linked = linked()
				f.Linked.User.PublicMetadata = identity.Metadata{"plan": "gold", "department": "Looms"}
				f.Claims.PublicMetadata = department
			},
			updated: &policy.UserUpdate{PublicMetadata: department},
			detail:  "public_metadata.department",
		},
		"metadata that came back from storage with other types is the same": {
			given: func(f *policy.AdmitFacts) {
				f.Linked = linked()
				f.Linked.User.PublicMetadata = identity.Metadata{"groups": []any{"a", "b"}, "n": float64(1)}
				f.Claims.PublicMetadata = identity.Metadata{"groups": []string{"a", "b"}, "n": 1}
			},
			detail: "",
		},
		"an empty list is a value": {
			given: func(f *policy.AdmitFacts) {
				f.Linked, f.Claims.PublicMetadata = linked(), identity.Metadata{"groups": []any{}}
			},
			updated: &policy.UserUpdate{PublicMetadata: identity.Metadata{"groups": []any{}}},
			detail:  "public_metadata.groups",
		},
		"threat T-SAML-33: metadata that would exceed 8 KB is left out, the sign-in goes on": {
			given: func(f *policy.AdmitFacts) {
				f.Linked = linked()
				f.Linked.User.PublicMetadata = identity.Metadata{"plan": strings.Repeat("x", 8100)}
				f.Claims.FirstName, f.Claims.PublicMetadata = "Augusta", identity.Metadata{"big": strings.Repeat("y", 100)}
			},
			updated: &policy.UserUpdate{FirstName: "Augusta"},
			detail:  "first_name (public metadata left out: over 8 KB)",
		},
		"metadata of 8 KB fits": {
			given: func(f *policy.AdmitFacts) {
				f.Linked = linked()
				f.Claims.PublicMetadata = identity.Metadata{"k": strings.Repeat("x", 8192-len(`{"k":""}`))}
			},
			updated: &policy.UserUpdate{PublicMetadata: identity.Metadata{"k": strings.Repeat("x", 8192-len(`{"k":""}`))}},
			detail:  "public_metadata.k",
		},
		"threat T-ID-06: a name with a line break is left out": {
			given:   func(f *policy.AdmitFacts) { f.Claims.FirstName = "Ada\r\nBcc: eve@evil.test" },
			created: &policy.NewUser{Email: "ada@acme.test", LastName: "King"},
			detail:  "last_name",
		},
		"a name with a direction override is left out": {
			given:   func(f *policy.AdmitFacts) { f.Claims.FirstName = "Ada\u202e" },
			created: &policy.NewUser{Email: "ada@acme.test", LastName: "King"},
			detail:  "last_name",
		},
		"a name that is not UTF-8 is left out": {
			given:   func(f *policy.AdmitFacts) { f.Claims.FirstName = "Ad\xff" },
			created: &policy.NewUser{Email: "ada@acme.test", LastName: "King"},
			detail:  "last_name",
		},
		"a name over 256 characters is left out": {
			given: func(f *policy.AdmitFacts) {
				f.Claims.FirstName, f.Claims.LastName = strings.Repeat("ä", 257), strings.Repeat("ä", 256)
			},
			created: &policy.NewUser{Email: "ada@acme.test", LastName: strings.Repeat("ä", 256)},
			detail:  "last_name",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := firstVisit()
			tt.given(&f)
			d := policy.Admit(f)
			checkDenied(t, d.Denied, "", nil)
			if diff := cmp.Diff(tt.created, d.Plan.CreateUser); diff != "" {
				t.Errorf("created (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.updated, d.Plan.UpdateUser); diff != "" {
				t.Errorf("updated (-want +got):\n%s", diff)
			}
			if got := d.Trace[len(d.Trace)-1]; got.Name != "attributes" || got.Detail != tt.detail {
				t.Errorf("got %+v; want the detail %q", got, tt.detail)
			}
		})
	}
}

// With sync off, or with a directory, the account keeps what the provider says,
// and the person's addresses stay.
func TestAdmit_theAccountIsRefreshedWithoutSync(t *testing.T) {
	t.Parallel()
	for name, given := range map[string]func(*policy.AdmitFacts){
		"sync off":  func(f *policy.AdmitFacts) { f.Connection.Config.SyncUserAttributes = false },
		"directory": func(f *policy.AdmitFacts) { f.Directory = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := firstVisit()
			f.Linked = linked()
			f.Linked.InDirectory = true
			f.Claims.Email, f.Claims.FirstName = "ada.king@acme.test", "Augusta"
			f.Claims.PublicMetadata = identity.Metadata{"big": strings.Repeat("y", 9000)}
			given(&f)
			want := account("eac_ada")
			want.Email, want.FirstName = "ada.king@acme.test", "Augusta"
			if diff := cmp.Diff(policy.Plan{User: ada.ID, Refresh: want}, policy.Admit(f).Plan); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}
