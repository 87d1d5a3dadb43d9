package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// openID is an OpenID provider that we did not write. It knows one client.
type openID struct {
	*neighbour
	issuer                 string
	clientID, clientSecret string
	redirectURI            string
}

// openIDPerson is somebody who may sign in there. What is empty is not said.
type openIDPerson struct {
	login, password           string
	mail, firstName, lastName string
	mailVerified              string // "true" or "false"
	groups                    []string
}

var (
	openIDAlice = openIDPerson{
		login: "alice", password: "alice", mail: "alice@initech.test", firstName: "Alice", lastName: "Liddell",
		mailVerified: "true", groups: []string{"staff", "engineers"},
	}
	openIDMallory = openIDPerson{
		login: "mallory", password: "mallory", mail: "mallory@evil.test", firstName: "Mallory", lastName: "Moss", mailVerified: "false",
	}
)

// newOpenID makes one, stopped, whose client takes its answers at redirectURI.
func newOpenID(n *neighbour, issuer, redirectURI string) *openID {
	p := &openID{neighbour: n, issuer: issuer, clientID: "usher", clientSecret: "a-secret-for-this-test-alone", redirectURI: redirectURI}
	n.ready = p.discoveryURL()
	return p
}

func (p *openID) discoveryURL() string {
	return strings.TrimSuffix(p.issuer, "/") + "/.well-known/openid-configuration"
}

// stranger is a relying party that is not Usher: go-oidc and x/oauth2. It shows
// what the providers do by themselves.
type stranger struct {
	t        *testing.T
	url      string // where it takes answers
	answers  chan url.Values
	provider *oidc.Provider
	config   oauth2.Config

	state, nonce, verifier string // of the sign-in under way
}

func newStranger(t *testing.T) *stranger {
	t.Helper()
	s := &stranger{t: t, answers: make(chan url.Values, 1)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/callback" || r.ParseForm() != nil {
			http.NotFound(w, r)
			return
		}
		r.Form.Set("method", r.Method)
		s.answers <- r.Form
		fmt.Fprint(w, "<!doctype html><title>Back</title><h1>Back</h1>")
	}))
	t.Cleanup(server.Close)
	s.url = server.URL + "/callback"
	return s
}

// meet reads what the provider says about itself.
func (s *stranger) meet(p *openID) {
	s.t.Helper()
	provider, err := oidc.NewProvider(context.Background(), p.issuer)
	must(s.t, err)
	s.provider = provider
	s.config = oauth2.Config{
		ClientID: p.clientID, ClientSecret: p.clientSecret, Endpoint: provider.Endpoint(), RedirectURL: s.url,
		Scopes: []string{"openid", "email", "profile"},
	}
}

// begin returns the address of a new sign-in's first page.
func (s *stranger) begin(parameters ...string) string {
	s.state, s.nonce, s.verifier = oauth2.GenerateVerifier(), oauth2.GenerateVerifier(), oauth2.GenerateVerifier()
	options := []oauth2.AuthCodeOption{oidc.Nonce(s.nonce), oauth2.S256ChallengeOption(s.verifier)}
	for pair := range slices.Chunk(parameters, 2) {
		options = append(options, oauth2.SetAuthURLParam(pair[0], pair[1]))
	}
	return s.config.AuthCodeURL(s.state, options...)
}

// answer waits for what the visitor brings back and checks that it belongs here.
func (s *stranger) answer(v *visitor) url.Values {
	v.t.Helper()
	v.waitURL("^" + s.url)
	v.waitFor(byRole("heading", "Back"))
	form := <-s.answers
	if form.Get("state") != s.state {
		v.t.Fatalf("state: got %q, want %q", form.Get("state"), s.state)
	}
	return form
}

// claims redeems a code and returns what the ID token says, and what the userinfo
// endpoint says; signature, issuer, audience, age and nonce are checked.
func (s *stranger) claims(code string) (idToken, userInfo object) {
	s.t.Helper()
	ctx := context.Background()
	token, err := s.redeem(code)
	must(s.t, err)
	raw, _ := token.Extra("id_token").(string)
	checked, err := s.provider.Verifier(&oidc.Config{ClientID: s.config.ClientID}).Verify(ctx, raw)
	must(s.t, err)
	if checked.Nonce != s.nonce {
		s.t.Errorf("nonce: got %q, want %q", checked.Nonce, s.nonce)
	}
	payload, err := base64.RawURLEncoding.DecodeString(strings.Split(raw, ".")[1])
	must(s.t, err)
	must(s.t, json.Unmarshal(payload, &idToken))
	info, err := s.provider.UserInfo(ctx, oauth2.StaticTokenSource(token))
	must(s.t, err)
	must(s.t, info.Claims(&userInfo))
	if idToken["sub"] != userInfo["sub"] || idToken["sub"] == nil {
		s.t.Errorf("sub: got %v in the ID token and %v as userinfo", idToken["sub"], userInfo["sub"])
	}
	return idToken, userInfo
}

func (s *stranger) redeem(code string) (*oauth2.Token, error) {
	return s.config.Exchange(context.Background(), code, oauth2.VerifierOption(s.verifier))
}

// wantNoToken checks that a code can't be redeemed, and with which error.
func (s *stranger) wantNoToken(code, want string) {
	s.t.Helper()
	_, err := s.redeem(code)
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) || refused.ErrorCode != want {
		s.t.Errorf("the token endpoint: got %v, want %s", err, want)
	}
}

// wantClaims checks what is said about a person.
func (s *stranger) wantClaims(got object, p openIDPerson) {
	s.t.Helper()
	want := object{"email": p.mail, "given_name": p.firstName, "family_name": p.lastName, "email_verified": p.mailVerified == "true"}
	for name, value := range want {
		if got[name] != value {
			s.t.Errorf("%s: got %v, want %v", name, got[name], value)
		}
	}
	groups, _ := got["groups"].([]any)
	if got, want := fmt.Sprint(groups), fmt.Sprint(p.groups); got != want {
		s.t.Errorf("groups: got %s, want %s", got, want)
	}
}
