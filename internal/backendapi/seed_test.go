package backendapi_test

import (
	"testing"
	"time"

	"usher/internal/seed"
)

// What was made up by "usher bench seed" is read and changed like anything else.
func TestSeeded_RowsAreLikeAnyOther(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		plan := seed.Plan{Organizations: 40, Memberships: 300, Attempts: 100, Seed: 7, Now: f.now}
		made, err := plan.Fill(t.Context(), f.tools.DB, nil)
		if err != nil {
			t.Fatal(err)
		}
		f.now = f.now.Add(time.Minute)
		all := func(path string, want int) []object {
			t.Helper()
			list := f.call("GET", path, nil)
			equal(t, path, list["total_count"], any(float64(want)))
			return items(list)
		}
		orgs := all("/organizations?limit=40&include_members_count=true", made.Organizations)
		all("/organization_memberships", made.Memberships)
		connections := all("/enterprise_connections", made.Connections)
		attempts := all("/sso_attempts?limit=100", made.Attempts)
		equal(t, "users", f.call("GET", "/users/count", nil)["total_count"], any(float64(made.Users)))

		members := 0
		for _, o := range orgs {
			org := "/organizations/" + str(o, "id")
			f.call("PATCH", org, object{"name": str(o, "name") + " & Co"})
			for _, d := range items(f.call("GET", org+"/domains", nil)) {
				f.call("PATCH", org+"/domains/"+str(d, "id"), object{"verified": false})
			}
			f.call("GET", org+"/invitations", nil)
			list := items(f.call("GET", org+"/memberships?limit=500", nil))
			members += len(list)
			last, _ := list[len(list)-1]["public_user_data"].(object)
			user := str(last, "user_id")
			f.call("PATCH", org+"/memberships/"+user, object{"role": "org:admin"})
			f.call("PATCH", "/users/"+user, object{"first_name": "Renamed"})
			for _, s := range f.read("GET", "/sessions?user_id="+user, nil, 200).([]any) {
				f.call("POST", "/sessions/"+str(s.(object), "id")+"/revoke", nil)
			}
		}
		equal(t, "members", members, made.Memberships)
		for _, c := range connections {
			path := "/enterprise_connections/" + str(c, "id")
			f.call("PATCH", path, object{"name": "Renamed"})
			f.answers("POST", path+"/keys", nil, 201)
			f.call("DELETE", path, nil)
		}
		for _, a := range attempts {
			f.call("GET", "/sso_attempts/"+str(a, "id"), nil)
		}
	})
}
