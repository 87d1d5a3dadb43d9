package e2e

import (
	"os/exec"
	"testing"
)

// oidcProvider is npm's oidc-provider, run by node/openid.mjs.
type oidcProvider struct {
	*openID
	options oidcProviderOptions
}

// oidcProviderOptions is how it differs from its defaults.
type oidcProviderOptions struct {
	authMethod    string   // how the client shows its secret; empty: client_secret_basic
	responseModes []string // those that the client may use; empty: all
	idTokenClaims bool     // attributes in the ID token too, not only as userinfo
}

// startOIDCProvider starts one with a client that takes its answers at redirectURI.
// Alice and Mallory may sign in.
func startOIDCProvider(t *testing.T, redirectURI string, o oidcProviderOptions) *oidcProvider {
	t.Helper()
	node := requireNode(t, "oidc-provider")
	n := newNeighbour(t, "oidc-provider")
	p := &oidcProvider{newOpenID(n, n.base, redirectURI), o}
	p.command = func() *exec.Cmd {
		cmd := exec.Command(node, "openid.mjs", p.dir, p.port)
		cmd.Dir = "node"
		return cmd
	}
	p.people(openIDAlice, openIDMallory)
	p.start()
	return p
}

// people replaces who may sign in, and with which attributes.
func (p *oidcProvider) people(list ...openIDPerson) {
	p.t.Helper()
	client := object{
		"client_id": p.clientID, "client_secret": p.clientSecret, "redirect_uris": []string{p.redirectURI},
		"response_types": []string{"code"}, "grant_types": []string{"authorization_code"},
	}
	if p.options.authMethod != "" {
		client["token_endpoint_auth_method"] = p.options.authMethod
	}
	if p.options.responseModes != nil {
		client["response_modes"] = p.options.responseModes
	}
	people := []object{}
	for _, who := range list {
		claims := object{}
		for name, value := range map[string]string{"email": who.mail, "given_name": who.firstName, "family_name": who.lastName} {
			if value != "" {
				claims[name] = value
			}
		}
		if who.mailVerified != "" {
			claims["email_verified"] = who.mailVerified == "true"
		}
		if who.groups != nil {
			claims["groups"] = who.groups
		}
		people = append(people, object{"login": who.login, "password": who.password, "claims": claims})
	}
	p.writeJSON("config.json", object{"issuer": p.issuer, "client": client, "people": people, "idTokenClaims": p.options.idTokenClaims})
}

// signIn types a name and a password on its page.
func (p *oidcProvider) signIn(v *visitor, who openIDPerson) {
	v.t.Helper()
	v.waitURL("^" + p.issuer + "/interaction/")
	v.fill("Login", who.login)
	v.fill("Password", who.password)
	v.click(button("Sign in"))
}

// deny is what somebody does who doesn't want to sign in: access_denied.
func (p *oidcProvider) deny(v *visitor) {
	v.t.Helper()
	v.waitURL("^" + p.issuer + "/interaction/")
	v.click(link("Cancel"))
}

func TestOIDCProvider_ACodeFlowOfAnIndependentClient(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	for _, mode := range []string{"query", "form_post"} {
		t.Run("by "+mode, func(t *testing.T) {
			t.Parallel()
			s := newStranger(t)
			p := startOIDCProvider(t, s.url, oidcProviderOptions{responseModes: []string{mode}, idTokenClaims: mode == "query"})
			s.meet(p.openID)
			s.config.Scopes = append(s.config.Scopes, "groups")
			v := b.on(t).visitor("alice", look{})
			v.open(s.begin("response_mode", mode, "login_hint", "alice"))
			if got := v.str("evaluate", target{"value": "document.getElementById('login').value"}); got != "alice" {
				t.Errorf("the hint: got %q, want alice", got)
			}
			wrong := openIDAlice
			wrong.password = "not hers"
			p.signIn(v, wrong)
			v.mustSay("Wrong login or password")
			p.signIn(v, openIDAlice)
			answer := s.answer(v)
			if got, want := answer.Get("method"), map[string]string{"query": "GET", "form_post": "POST"}[mode]; got != want {
				t.Errorf("the answer came by %s, want %s", got, want)
			}
			if got := answer.Get("iss"); got != p.issuer {
				t.Errorf("iss: got %q, want %q", got, p.issuer)
			}
			idToken, userInfo := s.claims(answer.Get("code"))
			s.wantClaims(userInfo, openIDAlice)
			if p.options.idTokenClaims {
				s.wantClaims(idToken, openIDAlice)
			} else if idToken["email"] != nil {
				t.Errorf("the ID token says %v; want its attributes as userinfo only", idToken)
			}
			s.wantNoToken(answer.Get("code"), "invalid_grant") // twice
		})
	}
}

func TestOIDCProvider_Refusals(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	s := newStranger(t)
	p := startOIDCProvider(t, s.url, oidcProviderOptions{authMethod: "client_secret_post", responseModes: []string{"query"}})
	s.meet(p.openID)
	v := b.visitor("alice", look{})
	v.open(s.begin())
	p.deny(v)
	if got := s.answer(v).Get("error"); got != "access_denied" {
		t.Errorf("denied: got %q, want access_denied", got)
	}
	v.open(s.begin("prompt", "none"))
	if got := s.answer(v).Get("error"); got != "login_required" {
		t.Errorf("prompt=none: got %q, want login_required", got)
	}
	v.open(s.begin())
	p.signIn(v, openIDAlice)
	code := s.answer(v).Get("code")
	s.config.ClientSecret = "wrong"
	s.wantNoToken(code, "invalid_client")
	s.config.ClientSecret = p.clientSecret
	s.claims(code)
}

// What a story of a provider's outage needs: the person waits on its page while
// it is gone, and goes on when it is back. Its keys stay the same.
func TestOIDCProvider_StoppedAndBack(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	s := newStranger(t)
	p := startOIDCProvider(t, s.url, oidcProviderOptions{})
	s.meet(p.openID)
	v := b.visitor("alice", look{})
	v.open(s.begin())
	v.waitFor(button("Sign in"))
	p.stop()
	p.start()
	p.signIn(v, openIDAlice)
	code := s.answer(v).Get("code")
	p.stop()
	if _, err := s.redeem(code); err == nil {
		t.Error("a stopped provider redeemed a code")
	}
	p.start()
	_, userInfo := s.claims(code)
	if got := userInfo["email"]; got != openIDAlice.mail {
		t.Errorf("email: got %v, want %s", got, openIDAlice.mail)
	}
}
