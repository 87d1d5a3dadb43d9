package backendapi_test

import (
	"strings"
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/signin"
)

func (f *fixture) redeem(client identity.ClientID, token string) (signin.Redeemed, error) {
	return f.tools.SignIn.Ticket(f.t.Context(), signin.Redeem{Client: client, Token: token})
}

// refusedBy checks the code of a flow's refusal.
func refusedBy(t *testing.T, what string, err error, code fault.Code) {
	t.Helper()
	if !fault.Is(err, code) {
		t.Errorf("%s: got %v, want %s", what, err, code)
	}
}

func TestSignInTokens_SignInOnce(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		carol := str(f.user("carol@globex.test", nil), "id")
		org := f.organization("Globex")
		f.call("POST", "/organizations/"+org+"/memberships", object{"user_id": carol, "role": "org:member"})
		f.call("POST", "/organizations/"+f.organization("Other")+"/memberships", object{"user_id": carol, "role": "org:member"})
		made := f.call("POST", "/sign_in_tokens", object{"user_id": carol, "org_id": org})
		token := str(made, "token")
		equal(t, "status", str(made, "status"), "pending")
		equal(t, "url", str(made, "url"), baseURL+"/sign-in?__clerk_ticket="+token)
		r, err := f.redeem(f.browser(), token)
		if err != nil {
			t.Fatal(err)
		}
		session := f.call("GET", "/sessions/"+string(r.Done.Session.ID), nil)
		equal(t, "who", str(session, "user_id"), carol)
		equal(t, "organization", str(session, "last_active_organization_id"), org)
		_, err = f.redeem(f.browser(), token)
		refusedBy(t, "a second time", err, fault.SignInTokenAlreadyUsed)
		_, err = f.redeem(f.browser(), token+"x")
		refusedBy(t, "a guess", err, fault.TicketInvalid)

		second := f.call("POST", "/sign_in_tokens", object{"user_id": carol})
		revoked := f.call("POST", "/sign_in_tokens/"+str(second, "id")+"/revoke", nil)
		equal(t, "revoked", str(revoked, "status"), "revoked")
		equal(t, "the token is shown once", revoked["token"], any(nil))
		_, err = f.redeem(f.browser(), str(second, "token"))
		refusedBy(t, "a revoked one", err, fault.SignInTokenRevoked)
		f.refuses("POST", "/sign_in_tokens/"+str(second, "id")+"/revoke", nil, 400, "sign_in_token_cannot_be_revoked_code")
		f.refuses("POST", "/sign_in_tokens/"+str(made, "id")+"/revoke", nil, 400, "sign_in_token_cannot_be_revoked_code")
		f.refuses("POST", "/sign_in_tokens/sit_x/revoke", nil, 404, "resource_not_found")
		f.refuses("POST", "/actor_tokens/"+str(made, "id")+"/revoke", nil, 404, "resource_not_found")

		third := f.call("POST", "/sign_in_tokens", object{"user_id": carol, "expires_in_seconds": 60})
		f.now = f.now.Add(time.Minute)
		_, err = f.redeem(f.browser(), str(third, "token"))
		refusedBy(t, "an old one", err, fault.TicketExpired)
		fourth := f.call("POST", "/sign_in_tokens", object{"user_id": carol})
		f.call("POST", "/users/"+carol+"/ban", nil)
		_, err = f.redeem(f.browser(), str(fourth, "token"))
		refusedBy(t, "a banned person's", err, fault.UserBanned)

		f.refuses("POST", "/sign_in_tokens", object{"user_id": "user_x"}, 404, "resource_not_found")
		f.refuses("POST", "/sign_in_tokens", object{}, 422, "form_param_missing")
		f.refuses("POST", "/sign_in_tokens", object{"user_id": carol, "expires_in_seconds": 0}, 422, "form_param_value_invalid")
		f.refuses("POST", "/sign_in_tokens", object{"user_id": carol, "org_id": "org_x"}, 404, "organization_not_found_or_unauthorized")
	})
}

// A ticket is no way around the company's provider.
func TestSignInTokens_LeadIntoSSO(t *testing.T) { // threat T-ID-20
	each(t, func(t *testing.T, f *fixture) {
		company := f.company()
		company.signIn()
		alice := str(items(f.read("GET", "/users", nil, 200))[0], "id")
		token := str(f.call("POST", "/sign_in_tokens", object{"user_id": alice}), "token")
		r, err := f.redeem(f.browser(), token)
		if err != nil {
			t.Fatal(err)
		}
		if r.Done.Session.ID != "" || r.Next.Step != signin.NextProvider || !strings.HasPrefix(r.Next.Ticket.Redirect, "https://idp.example.test/") {
			t.Errorf("got %+v, want the way to the provider", r)
		}
		_, err = f.redeem(f.browser(), token)
		refusedBy(t, "a second time", err, fault.SignInTokenAlreadyUsed)
	})
}

func TestActorTokens_LetSomebodyActAsAnother(t *testing.T) { // threat T-SES-17
	each(t, func(t *testing.T, f *fixture) {
		company := f.company()
		company.signIn()
		alice := str(items(f.read("GET", "/users", nil, 200))[0], "id")
		before := f.call("GET", "/users/"+alice, nil)
		actor := object{"sub": "user_support", "iss": "https://dashboard.acme.test", "sid": "sess_of_support"}
		made := f.call("POST", "/actor_tokens", object{"user_id": alice, "actor": actor})
		equal(t, "actor", made["actor"], any(actor))
		browser := f.browser()
		r, err := f.redeem(browser, str(made, "token"))
		if err != nil {
			t.Fatal(err)
		}
		id := string(r.Done.Session.ID)
		equal(t, "audit log", f.audited(str(made, "id")), []string{"actor_token.accepted", "actor_token.created"})
		session := f.call("GET", "/sessions/"+id, nil)
		equal(t, "actor of the session", session["actor"], any(actor))
		equal(t, "half an hour", session["expire_at"].(float64)-session["created_at"].(float64), 1800_000.0)
		equal(t, "ten minutes unused", session["abandon_at"].(float64)-session["created_at"].(float64), 600_000.0)
		equal(t, "act claim", claimsOf(t, str(f.call("POST", "/sessions/"+id+"/tokens", nil), "jwt"))["act"], any(actor))
		equal(t, "it is no sign-in of the person's", f.call("GET", "/users/"+alice, nil)["last_sign_in_at"], before["last_sign_in_at"])

		nested := str(f.call("POST", "/actor_tokens", object{"user_id": alice, "actor": object{"sub": "user_2"}}), "token")
		_, err = f.redeem(browser, nested)
		refusedBy(t, "within another impersonation", err, fault.SessionCreationNotAllowed)
		carol := str(f.user("carol@globex.test", nil), "id")
		own := str(f.call("POST", "/sign_in_tokens", object{"user_id": carol}), "token")
		_, err = f.redeem(browser, own)
		refusedBy(t, "a sign-in beside an impersonation", err, fault.SessionCreationNotAllowed)
		f.call("POST", "/sessions/"+id+"/revoke", nil)
		if _, err = f.redeem(browser, own); err != nil {
			t.Errorf("after the impersonation: %v", err)
		}
		_, err = f.redeem(browser, str(made, "token"))
		refusedBy(t, "a second time", err, fault.ActorTokenAlreadyUsed)

		short := f.call("POST", "/actor_tokens", object{"user_id": alice, "actor": object{"sub": "user_2"}, "expires_in_seconds": 10, "session_max_duration_in_seconds": 60})
		r, err = f.redeem(f.browser(), str(short, "token"))
		if err != nil || r.Done.Session.ExpireAt.Sub(r.Done.Session.CreatedAt) != time.Minute {
			t.Errorf("a session of a minute: %+v, %v", r.Done.Session, err)
		}
		revoked := f.call("POST", "/actor_tokens", object{"user_id": alice, "actor": object{"sub": "user_2"}})
		f.call("POST", "/actor_tokens/"+str(revoked, "id")+"/revoke", nil)
		_, err = f.redeem(f.browser(), str(revoked, "token"))
		refusedBy(t, "a revoked one", err, fault.ActorTokenRevoked)
		f.refuses("POST", "/actor_tokens/"+str(revoked, "id")+"/revoke", nil, 400, "actor_token_cannot_be_revoked_code")
		f.refuses("POST", "/actor_tokens", object{"user_id": "user_x", "actor": object{"sub": "u"}}, 422, "form_resource_not_found")
		f.refuses("POST", "/actor_tokens", object{"user_id": alice, "actor": object{"sub": alice}}, 422, "form_param_value_invalid")
		f.refuses("POST", "/actor_tokens", object{"user_id": alice, "actor": object{"name": "x"}}, 422, "form_param_missing")
		f.refuses("POST", "/actor_tokens", object{"user_id": alice, "actor": object{"sub": 7}}, 422, "form_param_type_invalid")
		f.refuses("POST", "/actor_tokens", object{"user_id": alice, "actor": object{"sub": "u", "x": strings.Repeat("x", 1024)}}, 422, "form_param_exceeds_allowed_size")
		equal(t, "missing", codes(f.refusal("POST", "/actor_tokens", object{}, 422)), []string{"form_param_missing actor", "form_param_missing user_id"})
	})
}
