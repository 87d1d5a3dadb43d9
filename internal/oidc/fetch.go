package oidc

import (
	"context"
	"net/url"
)

// Fetch gathers the evidence of a sign-in, and stops where it is refused: no code
// is sent for an answer of another issuer, and no access token is used before the
// ID token that came with it was judged. What fails is in the evidence.
func (c *Client) Fetch(ctx context.Context, x Exchange, e Expect) (Evidence, Tokens) {
	g := &gathering{client: c, expect: e, judge: newJudge(e)}
	g.evidence.Answer = x.Answer
	g.evidence.Answer.Code, g.evidence.Answer.State = "", ""
	g.gather(ctx, x)
	g.evidence.At = c.Now().UTC()
	return g.evidence, g.tokens
}

// gathering is one sign-in on its way.
type gathering struct {
	client   *Client
	expect   Expect
	judge    *judge
	evidence Evidence
	tokens   Tokens
}

func (g *gathering) gather(ctx context.Context, x Exchange) {
	if g.judge.judgeAnswer(g.evidence.Answer) != nil {
		return
	}
	p := g.expect.Provider
	got, failure := g.client.tokens(ctx, tokenCall{
		provider: p,
		clientID: g.expect.ClientID,
		secret:   x.ClientSecret,
		form: url.Values{
			"grant_type":    {"authorization_code"},
			"code":          {x.Answer.Code},
			"redirect_uri":  {x.RedirectURI},
			"code_verifier": {x.Verifier},
		},
	})
	g.evidence.Token = got.evidence(failure)
	g.tokens = Tokens{AccessToken: got.accessToken, RefreshToken: got.refreshToken}
	if failure != nil || !g.judgeIDToken(ctx) {
		return
	}
	if p.UserInfoEndpoint == "" || got.accessToken == "" || !g.lacksClaims() {
		return
	}
	g.evidence.UserInfo = g.client.document(ctx, p, protected{p.UserInfoEndpoint, got.accessToken, maxUserInfo})
	if info := g.evidence.UserInfo; info.Failure == nil && info.isToken() {
		g.addKeys(ctx, string(info.Body))
	}
	if mailbox := quirkOf(p).mailbox; mailbox != "" {
		g.evidence.Mailbox = g.client.document(ctx, p, protected{p.UserInfoEndpoint + mailbox, got.accessToken, maxMailbox})
	}
}

// evidence is a token answer without what is secret.
func (t tokenReply) evidence(failure *Failure) *TokenAnswer {
	a := &TokenAnswer{Failure: failure, TokenType: t.tokenType, Scope: t.scope}
	if t.idToken == "" {
		return a
	}
	a.IDToken = t.idToken
	if len(t.idToken) > maxToken {
		a.IDToken = t.idToken[:maxToken+1] // enough to be refused for its size
	}
	if token, err := parseToken(t.idToken); err == nil {
		a.AccessTokenHash = leftHash(token.alg, t.accessToken)
	}
	return a
}

// getKeys gets the keys that the ID token may be signed by. Where they do not
// verify it, the provider may have changed them: they are fetched once more.
func (g *gathering) getKeys(ctx context.Context) {
	uri := g.expect.Provider.JWKSURI
	token, err := parseToken(g.evidence.Token.IDToken)
	if err != nil || !isAllowed(token.alg) {
		return
	}
	w := wantedKey{alg: token.alg, kid: token.kid}
	g.evidence.Keys = g.client.Keys.find(ctx, uri, w)
	_, _, err = token.verify(g.evidence.Keys)
	if reason := reasonOf(err); reason == "signature" || reason == "key" {
		w.rejected = true
		g.evidence.Keys = g.client.Keys.find(ctx, uri, w)
	}
}

// judgeIDToken reports whether the ID token, if there has to be one, is good.
func (g *gathering) judgeIDToken(ctx context.Context) bool {
	if !g.expect.Provider.HasIDToken() {
		return true
	}
	g.getKeys(ctx)
	if g.expect.Now.IsZero() {
		g.judge.expect.Now = g.client.Now()
	}
	return g.judge.judgeIDToken(g.evidence.Token, g.evidence.Keys) == nil
}

// lacksClaims reports whether something that is mapped is not in the ID token.
func (g *gathering) lacksClaims() bool {
	if !g.expect.Provider.HasIDToken() {
		return true
	}
	for _, path := range append([]string{g.expect.emailClaim()}, g.expect.Claims...) {
		if _, ok := g.judge.identity.IDToken.Lookup(path); !ok {
			return true
		}
	}
	return false
}

// addKeys gets the keys that signed user information may need.
func (g *gathering) addKeys(ctx context.Context, raw string) {
	token, err := parseToken(raw)
	if err != nil || g.evidence.Keys == nil {
		return
	}
	g.evidence.Keys.add(g.client.Keys.find(ctx, g.expect.Provider.JWKSURI, wantedKey{alg: token.alg, kid: token.kid}))
}
