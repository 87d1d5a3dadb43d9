package practice

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

const (
	testCallback = "https://rp.test/callback"
	testVerifier = "a-code-verifier-of-forty-three-letters-and-more"
	testTenant   = "11111111-2222-4333-8444-555555555555"
)

// testOIDC serves a provider with a confidential client "rp" and a public one
// "public".
func testOIDC(t *testing.T, change func(*OIDCConfig)) *OIDC {
	t.Helper()
	srv := httptest.NewUnstartedServer(nil)
	c := OIDCConfig{
		BaseURL: "http://" + srv.Listener.Addr().String() + "/practice/oidc", Name: "Acme practice", Now: testNow, Keys: testKeys(),
		People: []Person{alice, {Mail: "bob@acme.test", FirstName: "Bob"}},
		Clients: []OIDCClient{
			{ID: "rp", Secret: "s3cret & 100%", RedirectURIs: []string{testCallback, testCallback + "?tenant=1"}, Name: "Demo"},
			{ID: "public", RedirectURIs: []string{testCallback}},
		},
	}
	if change != nil {
		change(&c)
	}
	if c.Flavour == Microsoft {
		c.Tenants = append([]string{testTenant}, c.Tenants...)
	}
	o, err := NewOIDC(c)
	if err != nil {
		t.Fatalf("NewOIDC: %v", err)
	}
	o.stranger = testReceiver()
	srv.Config.Handler = o
	srv.Start()
	t.Cleanup(srv.Close)
	return o
}

// party is a relying party made of golang.org/x/oauth2 and go-oidc: a second
// opinion on what the provider says.
type party struct {
	*testing.T
	o        *OIDC
	provider *oidc.Provider
	config   oauth2.Config
	context.Context
}

func newParty(t *testing.T, o *OIDC, clientID string) *party {
	t.Helper()
	p := &party{T: t, o: o, Context: t.Context()}
	discovery := o.Issuer("")
	provider, err := oidc.NewProvider(p.Context, discovery)
	if err != nil {
		t.Fatalf("discovery: %v", err)
	}
	client, _ := o.ClientByID(clientID)
	p.provider = provider
	p.config = oauth2.Config{
		ClientID: client.ID, ClientSecret: client.Secret, Endpoint: provider.Endpoint(), RedirectURL: testCallback,
		Scopes: []string{"openid", "email", "profile", "offline_access"},
	}
	return p
}

// begin is the address of an authorization request.
func (p *party) begin(options ...oauth2.AuthCodeOption) string {
	options = append([]oauth2.AuthCodeOption{oauth2.S256ChallengeOption(testVerifier), oidc.Nonce("n-1")}, options...)
	return p.config.AuthCodeURL("s-1", options...)
}

// login signs a person in without a browser.
func (p *party) login(l Login, options ...oauth2.AuthCodeOption) url.Values {
	p.Helper()
	if l.Person == "" {
		l.Person = alice.Login
	}
	answer, err := p.o.Login(p.begin(options...), l)
	if err != nil {
		p.Fatalf("Login(%+v): %v", l, err)
	}
	return answer.Parameters()
}

// tokens redeems a code.
func (p *party) tokens(code string) (*oauth2.Token, error) {
	return p.config.Exchange(p.Context, code, oauth2.VerifierOption(testVerifier))
}

func (p *party) verify(raw string) (*oidc.IDToken, error) {
	return p.provider.Verifier(&oidc.Config{
		ClientID: p.config.ClientID, Now: testNow, SupportedSigningAlgs: []string{algRS256, algPS256, algES256, algEdDSA},
	}).Verify(p.Context, raw)
}

func must[V any](t *testing.T) func(V, error) V {
	return func(v V, err error) V {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestOIDC_AnIndependentRelyingPartySignsIn(t *testing.T) {
	t.Parallel()
	for _, flavour := range []Flavour{Custom, Okta, Google, Microsoft} {
		for _, alg := range []string{algRS256, algPS256, algES256, algEdDSA} {
			for _, client := range []string{"rp", "public"} {
				t.Run(fmt.Sprintf("%s signs with %s for %s", flavour, alg, client), func(t *testing.T) {
					t.Parallel()
					o := testOIDC(t, func(c *OIDCConfig) { c.Flavour, c.Algorithm = flavour, alg })
					p := newParty(t, o, client)
					answer := p.login(Login{})
					if answer.Get("state") != "s-1" || (answer.Get("iss") == o.Issuer("")) != (flavour != Microsoft) {
						t.Errorf("the answer is %v", answer)
					}
					token := must[*oauth2.Token](t)(p.tokens(answer.Get("code")))
					raw, _ := token.Extra("id_token").(string)
					id := must[*oidc.IDToken](t)(p.verify(raw))
					if id.Nonce != "n-1" || id.Subject != o.Subject(alice, client) || id.Issuer != o.Issuer("") {
						t.Errorf("the ID token is %+v", id)
					}
					if flavour != Microsoft {
						if err := id.VerifyAccessToken(token.AccessToken); err != nil {
							t.Errorf("at_hash: %v", err)
						}
					}
					info := must[*oidc.UserInfo](t)(p.provider.UserInfo(p.Context, oauth2.StaticTokenSource(token)))
					if info.Subject != id.Subject || info.Email != alice.Mail || info.EmailVerified != (flavour != Microsoft) {
						t.Errorf("the user info is %+v", info)
					}
				})
			}
		}
	}
}

func TestOIDC_FlavoursSayWhatTheirProvidersSay(t *testing.T) {
	t.Parallel()
	has := func(flavour Flavour, person Person) map[string]any {
		o := testOIDC(t, func(c *OIDCConfig) { c.Flavour = flavour })
		p := newParty(t, o, "rp")
		token := must[*oauth2.Token](t)(p.tokens(p.login(Login{Edited: &person}).Get("code")))
		var c map[string]any
		if err := must[*oidc.IDToken](t)(p.verify(token.Extra("id_token").(string))).Claims(&c); err != nil {
			t.Fatal(err)
		}
		return c
	}
	google := has(Google, alice)
	if google["hd"] != "acme.test" || google["azp"] != "rp" || google["email_verified"] != true || len(google["sub"].(string)) != 21 {
		t.Errorf("Google says %v", google)
	}
	if personal := has(Google, Person{Mail: "x@gmail.com", Unverified: true}); personal["hd"] != nil || personal["email_verified"] != false {
		t.Errorf("Google says of a personal account %v", personal)
	}
	microsoft := has(Microsoft, alice)
	if microsoft["tid"] != testTenant || microsoft["ver"] != "2.0" || microsoft["acct"] != 0.0 || microsoft["xms_edov"] != true ||
		microsoft["email_verified"] != nil || microsoft["preferred_username"] != alice.Login || !guid.MatchString(microsoft["oid"].(string)) {
		t.Errorf("Microsoft says %v", microsoft)
	}
	if guest := has(Microsoft, Person{Mail: "g@else.test", Guest: true, Unproven: true}); guest["acct"] != 1.0 || guest["xms_edov"] != false {
		t.Errorf("Microsoft says of a guest %v", guest)
	}
	custom := has(Custom, Person{Mail: "a@acme.test", Groups: []string{"eng"}, Attributes: []Attribute{{"color", []string{"red"}}, {"size", []string{"1", "2"}}}})
	if fmt.Sprintf("%v %v %v", custom["groups"], custom["color"], custom["size"]) != "[eng] red [1 2]" {
		t.Errorf("another provider says %v", custom)
	}
}

func TestOIDC_LeanIDTokensLeaveThePersonToUserInfo(t *testing.T) {
	t.Parallel()
	o := testOIDC(t, func(c *OIDCConfig) { c.LeanIDTokens = true })
	p := newParty(t, o, "rp")
	token := must[*oauth2.Token](t)(p.tokens(p.login(Login{}).Get("code")))
	var said map[string]any
	if err := must[*oidc.IDToken](t)(p.verify(token.Extra("id_token").(string))).Claims(&said); err != nil {
		t.Fatal(err)
	}
	info := must[*oidc.UserInfo](t)(p.provider.UserInfo(p.Context, oauth2.StaticTokenSource(token)))
	if said["email"] != nil || said["name"] != nil || said["sub"] != info.Subject || info.Email != alice.Mail {
		t.Errorf("the ID token says %v, the user info %+v", said, info)
	}
}

func TestOIDC_MicrosoftHasAnIssuerForEachTenant(t *testing.T) {
	t.Parallel()
	const other = "99999999-2222-4333-8444-555555555555"
	o := testOIDC(t, func(c *OIDCConfig) {
		c.Flavour, c.Tenants = Microsoft, []string{other}
		c.People = append(c.People, Person{Mail: "carol@globex.test", Tenant: other})
	})
	p := newParty(t, o, "rp")
	status, _, body := fetch(t, http.MethodGet, o.DiscoveryURL(), nil)
	if want := `"issuer":"` + o.BaseURL() + `/{tenantid}/v2.0"`; status != 200 || !strings.Contains(body, want) {
		t.Errorf("the discovery document of all tenants lacks %s: %s", want, body)
	}
	if _, err := o.Login(p.begin(), Login{Person: "carol@globex.test"}); err == nil {
		t.Error("a person signs in at another tenant's endpoint")
	}
	common := strings.Replace(p.begin(), testTenant, tenantCommon, 1)
	answer := must[OIDCAnswer](t)(o.Login(common, Login{Person: "carol@globex.test"}))
	if _, err := p.tokens(answer.Parameters().Get("code")); err == nil {
		t.Error("a tenant's endpoint redeems another's code")
	}
	p.config.Endpoint.TokenURL = strings.Replace(p.config.Endpoint.TokenURL, testTenant, tenantOrganizations, 1)
	answer = must[OIDCAnswer](t)(o.Login(common, Login{Person: "carol@globex.test"}))
	token := must[*oauth2.Token](t)(p.tokens(answer.Parameters().Get("code")))
	if _, err := p.verify(token.Extra("id_token").(string)); err == nil || !strings.Contains(err.Error(), o.Issuer(other)) {
		t.Errorf("the ID token's issuer is not the other tenant's: %v", err)
	}
	if _, _, keys := fetch(t, http.MethodGet, o.BaseURL()+"/common/discovery/v2.0/keys", nil); !strings.Contains(keys, "{tenantid}") || !strings.Contains(keys, tenantConsumers) {
		t.Errorf("keys lack their issuers: %s", keys)
	}
	if status, _, _ := fetch(t, http.MethodGet, o.Issuer("00000000-0000-4000-8000-000000000000")+"/.well-known/openid-configuration", nil); status != 400 {
		t.Errorf("an unknown tenant: %d", status)
	}
}

// fetch asks a program's endpoint. A form makes it a POST.
func fetch(t *testing.T, method, address string, form url.Values, header ...string) (int, http.Header, string) {
	t.Helper()
	status, got, body, err := try(t, 10*time.Second, method, address, form, header...)
	if err != nil {
		t.Fatal(err)
	}
	return status, got, body
}

func try(t *testing.T, patience time.Duration, method, address string, form url.Values, header ...string) (int, http.Header, string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r := must[*http.Request](t)(http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode())))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for n := 0; n < len(header); n += 2 {
		r.Header.Add(header[n], header[n+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		return 0, nil, "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return resp.StatusCode, resp.Header, string(body), err
}

// tokenForm redeems a code by hand.
func tokenForm(code string) url.Values {
	return url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {testCallback}, "code_verifier": {testVerifier},
		"client_id": {"rp"}, "client_secret": {"s3cret & 100%"},
	}
}

func TestOIDC_TokenEndpointRefusesWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	o := testOIDC(t, nil)
	p := newParty(t, o, "rp")
	tests := map[string]struct {
		change func(url.Values)
		header []string
		status int
		code   string
	}{
		"a wrong secret":             {func(v url.Values) { v.Set("client_secret", "x") }, nil, 401, "invalid_client"},
		"no secret":                  {func(v url.Values) { v.Del("client_secret") }, nil, 401, "invalid_client"},
		"an unknown client":          {func(v url.Values) { v.Set("client_id", "x") }, nil, 401, "invalid_client"},
		"a secret in two ways":       {func(url.Values) {}, []string{"Authorization", "Basic cnA6eA=="}, 400, "invalid_request"},
		"another client's code":      {func(v url.Values) { v.Set("client_id", "public"); v.Del("client_secret") }, nil, 400, "invalid_grant"},
		"another redirect_uri":       {func(v url.Values) { v.Set("redirect_uri", testCallback+"?tenant=1") }, nil, 400, "invalid_grant"},
		"a wrong code_verifier":      {func(v url.Values) { v.Set("code_verifier", testVerifier+"x") }, nil, 400, "invalid_grant"},
		"no code_verifier":           {func(v url.Values) { v.Del("code_verifier") }, nil, 400, "invalid_grant"},
		"an unknown code":            {func(v url.Values) { v.Set("code", "x") }, nil, 400, "invalid_grant"},
		"another grant":              {func(v url.Values) { v.Set("grant_type", "password") }, nil, 400, "unsupported_grant_type"},
		"an access token to refresh": {func(v url.Values) { v.Set("grant_type", "refresh_token"); v.Set("refresh_token", "a.b") }, nil, 400, "invalid_grant"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := *p
			p.T = t
			form := tokenForm(p.login(Login{}).Get("code"))
			test.change(form)
			status, _, body := fetch(t, http.MethodPost, o.BaseURL()+"/token", form, test.header...)
			if status != test.status || !strings.Contains(body, `"error":"`+test.code+`"`) {
				t.Errorf("got %d %s, want %d %s", status, body, test.status, test.code)
			}
		})
	}
	status, _, body := fetch(t, http.MethodPost, o.BaseURL()+"/token", nil, "Content-Type", "application/json")
	if status != 400 || !strings.Contains(body, `"error":"invalid_request"`) {
		t.Errorf("a body that is not a form: %d %s", status, body)
	}
}

func TestOIDC_ACodeIsGoodOnceAndForAWhile(t *testing.T) {
	t.Parallel()
	now := testNow()
	o := testOIDC(t, func(c *OIDCConfig) { c.Now = func() time.Time { return now } })
	p := newParty(t, o, "rp")
	code := p.login(Login{}).Get("code")
	token := must[*oauth2.Token](t)(p.tokens(code))
	if _, err := p.tokens(code); err == nil {
		t.Error("a code was good twice")
	}
	if status, _, _ := fetch(t, http.MethodGet, o.BaseURL()+"/userinfo", nil, "Authorization", "Bearer "+token.AccessToken); status != 401 {
		t.Errorf("the access token of a code that came twice: %d", status)
	}
	code = p.login(Login{}).Get("code")
	now = now.Add(codeLifetime)
	if _, err := p.tokens(code); err == nil {
		t.Error("a code was good after its time")
	}
}

func TestOIDC_RefreshTokensAreGivenAndReplacedAsTheFlavourDoes(t *testing.T) {
	t.Parallel()
	refresh := func(p *party, token string) (*oauth2.Token, error) {
		return p.config.TokenSource(p.Context, &oauth2.Token{RefreshToken: token}).Token()
	}
	for flavour, want := range map[Flavour]struct{ rotates, oldStaysGood bool }{
		Custom: {true, false}, Okta: {true, false}, Google: {false, true}, Microsoft: {true, true},
	} {
		t.Run(string(flavour), func(t *testing.T) {
			t.Parallel()
			o := testOIDC(t, func(c *OIDCConfig) { c.Flavour = flavour })
			p := newParty(t, o, "rp")
			offline := oauth2.AccessTypeOffline
			first := must[*oauth2.Token](t)(p.tokens(p.login(Login{}, offline).Get("code")))
			if first.RefreshToken == "" {
				t.Fatal("no refresh token")
			}
			second := must[*oauth2.Token](t)(refresh(p, first.RefreshToken))
			if got := second.RefreshToken != first.RefreshToken; got != want.rotates {
				t.Errorf("a new refresh token: %v", got)
			}
			if _, err := refresh(p, first.RefreshToken); (err == nil) != want.oldStaysGood {
				t.Errorf("the old refresh token again: %v", err)
			}
			if _, err := refresh(p, second.RefreshToken); (err == nil) != want.oldStaysGood {
				t.Errorf("the new refresh token after the old one came again: %v", err)
			}
			again := must[*oauth2.Token](t)(p.tokens(p.login(Login{}, offline).Get("code")))
			if got := again.RefreshToken != ""; got != (flavour != Google) {
				t.Errorf("a refresh token at the second sign-in: %v", got)
			}
			consented := must[*oauth2.Token](t)(p.tokens(p.login(Login{}, offline, oauth2.ApprovalForce).Get("code")))
			if consented.RefreshToken == "" {
				t.Error("no refresh token with prompt=consent")
			}
		})
	}
}

func TestOIDC_WhoIsSuspendedOrDeletedLosesEverything(t *testing.T) {
	t.Parallel()
	for _, standing := range []Standing{Suspended, Deleted} {
		for _, flavour := range []Flavour{Custom, Google, Microsoft} {
			t.Run(fmt.Sprint(standing, " at ", flavour), func(t *testing.T) {
				t.Parallel()
				o := testOIDC(t, func(c *OIDCConfig) { c.Flavour = flavour })
				p := newParty(t, o, "rp")
				token := must[*oauth2.Token](t)(p.tokens(p.login(Login{}, oauth2.AccessTypeOffline).Get("code")))
				again := func() (userInfo, refreshed error) {
					_, userInfo = p.provider.UserInfo(p.Context, oauth2.StaticTokenSource(token))
					_, refreshed = p.config.TokenSource(p.Context, &oauth2.Token{RefreshToken: token.RefreshToken}).Token()
					return userInfo, refreshed
				}
				if err := o.SetStanding(alice.Login, standing); err != nil {
					t.Fatal(err)
				}
				userInfo, refreshed := again()
				if userInfo == nil || refreshed == nil || !strings.Contains(refreshed.Error(), "invalid_grant") {
					t.Errorf("user info: %v; refreshing: %v", userInfo, refreshed)
				}
				answer, err := o.Login(p.begin(), Login{Person: alice.Login})
				if standing == Suspended && (err != nil || answer.Parameters().Get("error") != "access_denied") || standing == Deleted && err == nil {
					t.Errorf("signing in: %v %v", answer, err)
				}
				if err := o.SetStanding(alice.Login, Active); err != nil {
					t.Fatal(err)
				}
				if userInfo, refreshed := again(); userInfo != nil || refreshed != nil {
					t.Errorf("brought back; user info: %v; refreshing: %v", userInfo, refreshed)
				}
			})
		}
	}
}

// A practice provider that is started again knows the tokens that it gave.
func TestOIDC_TokensAndKeysOutliveARestartAndAKeyChange(t *testing.T) {
	t.Parallel()
	var saved []byte
	o := testOIDC(t, func(c *OIDCConfig) { c.SaveKeys = func(pem []byte) error { saved = pem; return nil } })
	p := newParty(t, o, "rp")
	token := must[*oauth2.Token](t)(p.tokens(p.login(Login{}).Get("code")))
	if err := o.RollOver(); err != nil {
		t.Fatal(err)
	}
	c := o.config
	c.Keys = saved
	restarted := must[*OIDC](t)(NewOIDC(c))
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodPost, c.BaseURL+"/token", strings.NewReader(url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {token.RefreshToken}, "client_id": {"rp"}, "client_secret": {"s3cret & 100%"},
	}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	restarted.ServeHTTP(w, r)
	var answer struct {
		IDToken string `json:"id_token"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code != 200 {
		t.Fatalf("refreshing after a restart: %d %s", w.Code, w.Body)
	}
	if _, err := p.verify(answer.IDToken); err != nil {
		t.Errorf("the key differs after a restart: %v", err)
	}
}

func TestOIDC_SaysWhatIsWrongWithItsConfiguration(t *testing.T) {
	t.Parallel()
	good := OIDCConfig{BaseURL: testBase, Now: testNow, Keys: testKeys()}
	for name, change := range map[string]func(*OIDCConfig){
		"no clock":                   func(c *OIDCConfig) { c.Now = nil },
		"a base URL that is none":    func(c *OIDCConfig) { c.BaseURL = "ftp://x" },
		"an unknown flavour":         func(c *OIDCConfig) { c.Flavour = "salty" },
		"an unknown algorithm":       func(c *OIDCConfig) { c.Algorithm = "HS256" },
		"tenants that are not GUIDs": func(c *OIDCConfig) { c.Flavour, c.Tenants = Microsoft, []string{"ACME"} },
		"tenants elsewhere":          func(c *OIDCConfig) { c.Tenants = []string{testTenant} },
		"a client without an ID":     func(c *OIDCConfig) { c.Clients = []OIDCClient{{RedirectURIs: []string{testCallback}}} },
		"a client without redirect":  func(c *OIDCConfig) { c.Clients = []OIDCClient{{ID: "x"}} },
		"a redirect with a fragment": func(c *OIDCConfig) { c.Clients = []OIDCClient{{ID: "x", RedirectURIs: []string{testCallback + "#x"}}} },
		"a redirect that is no page": func(c *OIDCConfig) {
			c.Clients = []OIDCClient{{ID: "x", RedirectURIs: []string{"javascript:alert(1)"}}}
		},
		"an onward that is no origin": func(c *OIDCConfig) {
			c.Clients = []OIDCClient{{ID: "x", RedirectURIs: []string{testCallback}, Onward: []string{"x; y"}}}
		},
		"a person without any address": func(c *OIDCConfig) { c.People = []Person{{}} },
	} {
		c := good
		change(&c)
		if _, err := NewOIDC(c); err == nil {
			t.Errorf("%s: got no error", name)
		}
	}
}
