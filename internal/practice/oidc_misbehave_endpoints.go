package practice

import (
	"net/http"
	"strings"
	"time"
)

// seconds makes an answer slow.
func seconds(r *reply) { r.wait = time.Duration(min(max(r.n, 0), 3600)) * time.Second }

// megabytes makes an answer long.
func megabytes(r *reply) { r.padding = min(max(r.n, 0), 1<<10) << 20 }

// refuses answers in the words of RFC 6749.
func refuses(status int, code string) func(*reply) {
	return func(r *reply) { r.refuse(&oauthError{code: code, description: "As you asked.", status: status}) }
}

// says answers with something that is no JSON of the protocol.
func says(status int, contentType, text string) func(*reply) {
	return func(r *reply) { r.say(status, contentType, text) }
}

func redirects(r *reply) {
	r.say(http.StatusTemporaryRedirect, "text/plain", "Over there.")
	r.header = map[string]string{"Location": "https://mallory.test/"}
}

func busy(r *reply) {
	r.refuse(&oauthError{code: "temporarily_unavailable", description: "Too many requests.", status: http.StatusTooManyRequests})
	r.header = map[string]string{"Retry-After": "30"}
}

const somePage = "<!doctype html><title>Hello</title><p>Please sign in."

func tokenRows() []oidcRow {
	member := func(name string, value any) func(*reply) {
		return func(r *reply) {
			r.body[name] = value
			r.body.prune()
		}
	}
	rows := []oidcRow{
		{name: "token-invalid-client", want: wantExchange, says: "Does not accept the client's secret.", reply: refuses(http.StatusUnauthorized, "invalid_client")},
		{name: "token-invalid-grant", want: wantExchange, says: "Does not accept the code.", reply: refuses(http.StatusBadRequest, "invalid_grant")},
		{name: "token-server-error", want: wantExchange, says: "Fails: 500.", reply: refuses(http.StatusInternalServerError, "server_error")},
		{name: "token-busy", want: wantExchange, says: "Has too much to do: 429.", reply: busy},
		{name: "token-html", want: wantExchange, says: "Answers with a page.", reply: says(http.StatusOK, "text/html; charset=utf-8", somePage)},
		{name: "token-not-json", want: wantExchange, says: "Answers with JSON that breaks off.", reply: says(http.StatusOK, "application/json", `{"access_token":"x",`)},
		{name: "token-redirect", want: wantExchange, says: "Sends the client elsewhere: 307.", reply: redirects},
		{name: "token-slow", usual: 5, says: "Takes N seconds, 60 at most; the parameter is N, 5 without one.", want: "none unless the client does not wait that long", reply: seconds},
		{name: "token-huge", usual: 16, want: wantExchange, says: "Answers with N MB, 64 at most; the parameter is N, 16 without one.", reply: megabytes},
		{name: "token-hangs-up", want: wantExchange, says: "Closes the connection without an answer.", reply: func(r *reply) { r.hangUp = true }},
		{name: "error-with-200", want: wantExchange, says: "Fails, with the status of success.", reply: refuses(http.StatusOK, "invalid_grant")},
		{name: "odd-token-type", want: wantExchange, says: "Gives a token of another type (token_type).", reply: member("token_type", "N_A")},
		{name: "lower-token-type", says: "Writes the token's type in small letters.", reply: member("token_type", "bearer")},
		{name: "missing-token-type", want: "none unless the client is strict", says: "Does not say what type the token is of.", reply: member("token_type", nil)},
		{name: "missing-id-token", want: wantExchange, says: "Gives no ID token.", reply: member("id_token", nil)},
		{name: "numeric-id-token", want: wantExchange + " or malformed", says: "The ID token is a number.", reply: member("id_token", 1)},
		{
			name: "missing-access-token", want: wantExchange, says: "Gives no access token.",
			reply: member("access_token", nil),
		},
		{
			name: "duplicate-id-token", want: wantExchange + " or malformed", says: "Gives two ID tokens, the first of somebody else.",
			reply: func(r *reply) { r.rewrite = twice("id_token", "e30.e30.") },
		},
	}
	for n := range rows {
		rows[n].threat, rows[n].at = "T-OIDC-29", atToken
	}
	rows[len(rows)-1].threat = "T-OIDC-19"
	return rows
}

func refreshRows() []oidcRow {
	// gone is what becomes of a person who is no longer there.
	gone := func(r *reply) {
		if r.at == atUserInfo {
			r.refuse(&oauthError{code: "invalid_token", description: errSuspended.Error(), status: http.StatusUnauthorized})
			return
		}
		r.refuse(r.o.config.Flavour.gone(errSuspended))
	}
	const out, grace = "deprovisioned", "none unless it goes on for longer than is put up with"
	rows := []oidcRow{
		{name: "refresh-invalid-grant", want: out, says: "The refresh token is revoked.", reply: refuses(http.StatusBadRequest, "invalid_grant")},
		{
			name: "suspended-person", want: out, at: atUserInfo, says: "The person is suspended right after the sign-in: neither refresh token nor access token is good.",
			reply: gone,
		},
		{
			name: "deleted-person", want: out, at: atUserInfo, says: "The person is deleted right after the sign-in: neither refresh token nor access token is good.",
			reply: gone,
		},
		{name: "refresh-server-error", want: grace, says: "Refreshing fails: 500.", reply: refuses(http.StatusInternalServerError, "server_error")},
		{name: "refresh-down", want: grace, says: "Refreshing fails: 503, and no JSON.", reply: says(http.StatusServiceUnavailable, "text/html", somePage)},
		{name: "refresh-busy", want: grace, says: "There are too many refreshes: 429.", reply: busy},
		{name: "refresh-slow", usual: 5, want: grace, says: "Refreshing takes N seconds, 60 at most; the parameter is N, 5 without one.", reply: seconds},
		{name: "refresh-hangs-up", want: grace, says: "Refreshing closes the connection without an answer.", reply: func(r *reply) { r.hangUp = true }},
		{name: "refresh-invalid-client", want: grace, says: "Does not accept the client's secret any more.", reply: refuses(http.StatusUnauthorized, "invalid_client")},
		{
			name: "refresh-no-token", says: "Gives no new refresh token: the old one stays good.",
			reply: func(r *reply) { delete(r.body, "refresh_token") },
		},
	}
	for n := range rows {
		rows[n].threat = "T-EASIE-09"
		rows[n].at |= atRefresh
	}
	return rows
}

func userInfoRows() []oidcRow {
	member := func(name string, value any) func(*reply) {
		return func(r *reply) {
			r.body[name] = value
			r.body.prune()
		}
	}
	rows := []oidcRow{
		{name: "userinfo-error", want: wantUserInfo, says: "Fails: 500.", reply: refuses(http.StatusInternalServerError, "server_error")},
		{name: "userinfo-invalid-token", want: wantUserInfo, says: "Does not accept the access token: 401.", reply: refuses(http.StatusUnauthorized, "invalid_token")},
		{name: "userinfo-error-with-200", want: wantUserInfo, says: "Fails, with the status of success.", reply: refuses(http.StatusOK, "invalid_token")},
		{name: "userinfo-html", want: wantUserInfo, says: "Answers with a page.", reply: says(http.StatusOK, "text/html; charset=utf-8", somePage)},
		{name: "userinfo-redirect", want: wantUserInfo, says: "Sends the client elsewhere: 307.", reply: redirects},
		{name: "userinfo-slow", usual: 5, want: "none unless the client does not wait that long", says: "Takes N seconds, 60 at most; the parameter is N, 5 without one.", reply: seconds},
		{name: "userinfo-huge", usual: 16, want: wantUserInfo, says: "Answers with N MB, 64 at most; the parameter is N, 16 without one.", reply: megabytes},
		{name: "userinfo-hangs-up", want: wantUserInfo, says: "Closes the connection without an answer.", reply: func(r *reply) { r.hangUp = true }},
		{
			name: "userinfo-signed-badly", want: wantUserInfo, says: "Is signed, with a key of somebody else.",
			reply: func(r *reply) {
				id := &idToken{turn: r.turn, header: claims{"typ": "JWT"}, claims: r.body, alg: r.o.config.Algorithm, signer: signerStranger}
				id.claims["iss"], id.claims["aud"] = r.o.Issuer(r.person.Tenant), r.grant.Client
				id.ourKid(id.alg)
				text, err := id.sign()
				if err != nil {
					r.err = err
				}
				r.say(http.StatusOK, "application/jwt", text)
			},
		},
		{name: "userinfo-other-sub", want: "sub_mismatch", says: "Is about somebody else (sub).", reply: member("sub", "mallory")},
		{name: "userinfo-missing-sub", want: "sub_mismatch", says: "Does not say about whom it is (sub).", reply: member("sub", nil)},
		{
			name: "userinfo-duplicate-sub", want: wantUserInfo + " or malformed", says: "Says twice about whom it is, differently.",
			reply: func(r *reply) { r.rewrite = twice("sub", "mallory") },
		},
	}
	for n := range rows {
		if !strings.Contains(rows[n].want, " unless ") {
			rows[n].want += " unless the ID token says enough, so that user info is not asked for"
		}
		rows[n].at, rows[n].threat = atUserInfo, "T-OIDC-23"
		if strings.HasSuffix(rows[n].name, "-sub") {
			rows[n].threat = "T-OIDC-20"
		}
	}
	return rows
}

func discoveryRows() []oidcRow {
	member := func(name string, value any) func(*reply) {
		return func(r *reply) {
			r.body[name] = value
			r.body.prune()
		}
	}
	rows := []oidcRow{
		{name: "discovery-down", says: "Describes itself no more: 503.", reply: says(http.StatusServiceUnavailable, "text/plain", "Come back later.")},
		{name: "discovery-html", says: "A page is where the description should be.", reply: says(http.StatusOK, "text/html", somePage)},
		{name: "discovery-huge", usual: 16, says: "Describes itself in N MB, 64 at most; the parameter is N, 16 without one.", reply: megabytes},
		{name: "discovery-wrong-issuer", says: "Describes another issuer.", reply: member("issuer", "https://mallory.test")},
		{
			name: "discovery-issuer-slash", says: "The described issuer has a slash more at its end.",
			reply: func(r *reply) {
				if issuer, ok := r.body["issuer"].(string); ok {
					r.body["issuer"] = issuer + "/"
				}
			},
		},
		{name: "discovery-no-keys", says: "Does not say where its keys are.", reply: member("jwks_uri", nil)},
		{
			name: "discovery-moved", says: "The token endpoint has moved; the parameter is where to.",
			reply: func(r *reply) { r.body["token_endpoint"] = r.or("https://mallory.test/token") },
		},
		{name: "discovery-private", says: "The token endpoint is at a private address.", reply: member("token_endpoint", "http://169.254.169.254/token")},
		{
			name: "discovery-duplicate-member", says: "Names its issuer twice, differently.",
			reply: func(r *reply) { r.rewrite = twice("issuer", "https://mallory.test") },
		},
	}
	for n := range rows {
		rows[n].at, rows[n].threat = atDiscovery, "T-OIDC-25"
		rows[n].want = "none unless nothing good is known of the provider yet"
	}
	rows[6].threat, rows[7].threat = "T-OIDC-26", "T-OIDC-26"
	return rows
}

func outageRows() []oidcRow {
	down := func(r *reply) {
		r.say(http.StatusServiceUnavailable, "text/plain; charset=utf-8", "Down for maintenance.")
	}
	rows := []oidcRow{
		{name: "down", want: wantExchange, says: "Is down: 503 for programs, and for browsers that come to sign in.", reply: down},
		{name: "hangs-up", want: wantExchange, says: "Closes every connection without an answer.", reply: func(r *reply) { r.hangUp = true }},
		{
			name: "slow", usual: 5, want: "none unless the client does not wait that long",
			says: "Takes N seconds for everything, 60 at most; the parameter is N, 5 without one.", reply: seconds,
		},
	}
	for n := range rows {
		rows[n].at, rows[n].threat = atAuthorize|atPrograms, "T-EASIE-09"
	}
	return rows
}
