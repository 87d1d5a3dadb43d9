package dashboard

import (
	"time"

	"usher/internal/identity"
	"usher/internal/manage"
)

func userSamples() []sample {
	alice := manage.UserView{
		User:   identity.User{ID: "user_2x9KbPq7tR4mVn8sWc1yZd5eLf3", FirstName: "Alice", LastName: "Smith", PrimaryEmailID: "idn_1", LastSignInAt: sampled.Add(-time.Hour), CreatedAt: sampled.Add(-50 * time.Hour)},
		Emails: []identity.EmailAddress{{ID: "idn_1", Address: "alice@acme.test"}},
	}
	bob := manage.UserView{
		User:   identity.User{ID: "user_2x9KbPq7tR4mVn8sWc1yZd5eLf4", PrimaryEmailID: "idn_2", Banned: true, CreatedAt: sampled.Add(-50 * time.Hour)},
		Emails: []identity.EmailAddress{{ID: "idn_2", Address: "bob@acme.test"}},
	}
	return []sample{
		{"users", usersPath, usersScreen(asked(usersPath, nil), "-created_at", []manage.UserView{alice, bob}, 2, sampled)},
		{"users_none", usersPath, usersScreen(asked(usersPath, nil), "-created_at", nil, 0, sampled)},
	}
}
