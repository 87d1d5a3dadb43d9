package dashboard

import (
	"time"

	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
)

func userSamples() []sample {
	alice := manage.UserView{
		User:   identity.User{ID: "user_2x9KbPq7tR4mVn8sWc1yZd5eLf3", FirstName: "Alice", LastName: "Smith", PrimaryEmailID: "idn_1", LastSignInAt: sampled.Add(-time.Hour), CreatedAt: sampled.Add(-50 * time.Hour)},
		Emails: []identity.EmailAddress{{ID: "idn_1", Address: "alice@acme.test", Status: identity.Verified}, {ID: "idn_3", Address: "alice@example.com"}},
		SSO:    map[identity.EmailID]bool{"idn_1": true},
		Accounts: []manage.AccountView{
			{EnterpriseAccount: identity.EnterpriseAccount{Subject: "00u1a2b3c4", Email: "alice@acme.test", LastAuthenticatedAt: sampled.Add(-time.Hour)}, Connection: identity.Connection{ID: "entconn_1", Name: "Acme Okta"}},
			{EnterpriseAccount: identity.EnterpriseAccount{Subject: "alice", Email: "alice@acme.test", DeprovisionedAt: sampled.Add(-time.Hour)}},
		},
	}
	bob := manage.UserView{
		User:   identity.User{ID: "user_2x9KbPq7tR4mVn8sWc1yZd5eLf4", PrimaryEmailID: "idn_2", Banned: true, LockedUntil: sampled.Add(time.Hour), CreatedAt: sampled.Add(-50 * time.Hour)},
		Emails: []identity.EmailAddress{{ID: "idn_2", Address: "bob@acme.test"}},
	}
	sessions := []identity.Session{
		{ID: "sess_1", ConnectionID: "entconn_1", LastActiveAt: sampled.Add(-time.Minute), ExpireAt: sampled.Add(50 * time.Hour)},
		{ID: "sess_2", Actor: identity.Metadata{"sub": "user_3"}, LastActiveAt: sampled.Add(-time.Minute), ExpireAt: sampled.Add(20 * time.Minute)},
	}
	path := userPath(alice.ID)
	effects := []manage.Effect{{Name: "user_deleted", Plain: "The user, with addresses, metadata and accounts, is gone for good."}, {Name: "sessions_ended", Plain: "2 sessions will end at once."}}
	return []sample{
		{"users", usersPath, usersScreen(asked(usersPath, nil), "-created_at", []manage.UserView{alice, bob}, 2, sampled)},
		{"users_none", usersPath, usersScreen(asked(usersPath, nil), "-created_at", nil, 0, sampled)},
		{"users_not_found", usersPath, usersScreen(asked(usersPath, httpio.Params{"state": {"banned"}}), "-created_at", nil, 0, sampled)},
		{"user", path, userScreen(dossier{person: alice, memberships: []manage.MembershipView{sampleMember()}, sessions: sessions}, "Alice", "Smith", sampled)},
		{"user_banned", path, userScreen(dossier{person: bob}, "", "", sampled)},
		{"user_new", usersPath + "/new", newUserScreen(map[string]string{})},
		{"user_act_as", path, actAsScreen(alice, "")},
		{"user_act_as_link", path, actAsScreen(alice, "https://sign-in.northwind.test/sign-in?__clerk_ticket=c2FtcGxl")},
		{"user_delete", path, deleteUserScreen(alice, effects)},
	}
}
