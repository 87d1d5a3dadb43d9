package practice

import (
	"strings"
	"time"
)

func answerRows() []oidcRow {
	fails := func(code, description string) func(*authorization) {
		return func(a *authorization) {
			a.values.Set("error", code)
			a.values.Set("error_description", description)
		}
	}
	return []oidcRow{
		{
			name: "denied", threat: "T-OIDC-30", want: "oauth_access_denied", says: "The person does not agree.",
			authorize: fails("access_denied", "The person said no."),
		},
		{
			name: "server-error", threat: "T-OIDC-30", want: "provider_error", says: "The provider has failed.",
			authorize: fails("server_error", "Something went wrong."),
		},
		{
			name: "error-with-markup", threat: "T-OIDC-30", want: "provider_error", says: "Fails with a description of 10 kB and markup.",
			authorize: fails("server_error", `<script>alert("1")</script>`+strings.Repeat("x", 10_000)),
		},
		{
			name: "state-changed", threat: "T-OIDC-01", want: "state", says: "Brings another state.",
			authorize: func(a *authorization) { a.values.Set("state", serial()) },
		},
		{
			name: "missing-state", threat: "T-OIDC-01", want: "state", says: "Brings no state.",
			authorize: func(a *authorization) { a.values.Del("state") },
		},
		{
			name: "wrong-iss-parameter", threat: "T-OIDC-04", want: "iss", says: "Comes from another issuer, by its iss (mix-up).",
			authorize: func(a *authorization) { a.values.Set("iss", "https://mallory.test") },
		},
		{
			name: "missing-iss-parameter", threat: "T-OIDC-04", want: "iss unless the provider never announced it, as Microsoft",
			says:      "Lacks the iss that the provider announces.",
			authorize: func(a *authorization) { a.values.Del("iss") },
		},
		{
			name: "replayed-code", threat: "T-OIDC-06", want: wantExchange, says: "Brings the code of the sign-in before.",
			authorize: func(a *authorization) {
				a.o.mu.Lock()
				last, ok := a.o.lastOf.get(a.client.ID)
				a.o.mu.Unlock()
				if !ok {
					a.fail("there is no earlier code to repeat; sign in once before")
				}
				a.values.Set("code", last)
			},
		},
		{
			name: "stolen-code", threat: "T-OIDC-06", want: wantExchange + " or nonce", says: "Brings a code that was given in another browser, for another nonce and code_challenge.",
			authorize: func(a *authorization) {
				g := a.grant
				g.ID, g.Nonce = serial(), serial()
				if g.Challenge != "" {
					g.Challenge = atHash(algEdDSA, serial())
				}
				a.values.Set("code", a.o.issueCode(g))
			},
		},
		{
			name: "made-up-code", threat: "T-OIDC-06", want: wantExchange, says: "Brings a code that was never given.",
			authorize: func(a *authorization) { a.values.Set("code", serial()) },
		},
	}
}

func timeRows() []oidcRow {
	set := func(name string, value any) func(*idToken) { return func(id *idToken) { id.claims[name] = value } }
	shift := func(name string, by time.Duration) func(*idToken) {
		return func(id *idToken) { id.claims[name] = id.now.Add(by).Unix() }
	}
	return []oidcRow{
		{
			name: "skewed-by-N", threat: "T-OIDC-16", usual: 60, want: "none unless it is by more than the tolerance",
			says: "The provider's clock is N seconds fast, or slow with a minus; the parameter is N, 60 without one.",
			idToken: func(id *idToken) {
				for _, name := range []string{"iat", "exp", "nbf", "auth_time"} {
					if at, ok := id.claims[name].(int64); ok {
						id.claims[name] = at + int64(id.n)
					}
				}
			},
		},
		{
			name: "expired", threat: "T-OIDC-16", want: "time", says: "Expired ten minutes ago.",
			idToken: func(id *idToken) {
				shift("iat", -20*time.Minute)(id)
				shift("exp", -10*time.Minute)(id)
			},
		},
		{name: "missing-exp", threat: "T-OIDC-16", want: "time", says: "Never expires.", idToken: set("exp", nil)},
		{name: "missing-iat", threat: "T-OIDC-16", want: "time", says: "Does not say when it was made.", idToken: set("iat", nil)},
		{name: "future-iat", threat: "T-OIDC-16", want: "time", says: "Is made ten minutes from now.", idToken: shift("iat", 10*time.Minute)},
		{name: "not-yet-valid", threat: "T-OIDC-16", want: "time", says: "Is valid from ten minutes from now on.", idToken: shift("nbf", 10*time.Minute)},
		{name: "text-exp", threat: "T-OIDC-16", want: "time", says: "Expires at a text.", idToken: set("exp", "4102444800")},
		{name: "negative-exp", threat: "T-OIDC-16", want: "time", says: "Expires before 1970.", idToken: set("exp", -1)},
		{name: "huge-exp", threat: "T-OIDC-16", want: "time", says: "Expires after 1e300 seconds.", idToken: set("exp", 1e300)},
		{
			name: "fraction-exp", threat: "T-OIDC-16", want: "time", says: "Expires at a fraction of a second.",
			idToken: func(id *idToken) { id.claims["exp"] = float64(id.now.Unix()) + 3600.5 },
		},
	}
}

func audienceRows() []oidcRow {
	issuer := func(change func(string) string) func(*idToken) {
		return func(id *idToken) { id.claims["iss"] = change(id.o.Issuer(id.person.Tenant)) }
	}
	several := func(azp func(*idToken) any) func(*idToken) {
		return func(id *idToken) {
			id.claims["aud"] = []string{id.grant.Client, "another-client"}
			id.claims["azp"] = azp(id)
		}
	}
	return []oidcRow{
		{
			name: "wrong-issuer", threat: "T-OIDC-14", want: "iss", says: "Is of another issuer.",
			idToken: issuer(func(string) string { return "https://mallory.test" }),
		},
		{
			name: "issuer-slash", threat: "T-OIDC-14", want: "iss", says: "The issuer has a slash more at its end.",
			idToken: issuer(func(iss string) string { return iss + "/" }),
		},
		{
			name: "issuer-case", threat: "T-OIDC-14", want: "iss", says: "The issuer is in capitals.",
			idToken: issuer(strings.ToUpper),
		},
		{
			name: "issuer-scheme", threat: "T-OIDC-14", want: "iss", says: "The issuer is of another scheme, http for https or the reverse.",
			idToken: issuer(func(iss string) string {
				if rest, plain := strings.CutPrefix(iss, "http:"); plain {
					return "https:" + rest
				}
				return "http:" + strings.TrimPrefix(iss, "https:")
			}),
		},
		{
			name: "missing-issuer", threat: "T-OIDC-14", want: "iss", says: "Names no issuer.",
			idToken: func(id *idToken) { id.claims["iss"] = nil },
		},
		{
			name: "wrong-audience", threat: "T-OIDC-15", want: "aud", says: "Is for another application.",
			idToken: func(id *idToken) {
				id.claims["aud"] = "another-client"
				if id.claims["azp"] != nil {
					id.claims["azp"] = "another-client"
				}
			},
		},
		{
			name: "missing-audience", threat: "T-OIDC-15", want: "aud", says: "Is for nobody.",
			idToken: func(id *idToken) { id.claims["aud"] = nil },
		},
		{
			name: "several-audiences", threat: "T-OIDC-15", want: "aud", says: "Is for two applications, and does not say who asked.",
			idToken: several(func(*idToken) any { return nil }),
		},
		{
			name: "several-audiences-azp", threat: "T-OIDC-15", want: "", says: "Is for two applications, and says that this one asked.",
			idToken: several(func(id *idToken) any { return id.grant.Client }),
		},
		{
			name: "several-audiences-other-azp", threat: "T-OIDC-15", want: "aud", says: "Is for two applications, and says that the other asked.",
			idToken: several(func(*idToken) any { return "another-client" }),
		},
		{
			name: "audience-list", threat: "T-OIDC-15", want: "", says: "Has its one audience in a list.",
			idToken: func(id *idToken) { id.claims["aud"] = []string{id.grant.Client} },
		},
		{
			name: "wrong-azp", threat: "T-OIDC-15", want: "aud", says: "Was asked for by another application (azp).",
			idToken: func(id *idToken) { id.claims["azp"] = "another-client" },
		},
	}
}

func boundRows() []oidcRow {
	return []oidcRow{
		{
			name: "wrong-nonce", threat: "T-OIDC-17", want: "nonce", says: "Answers another question (nonce).",
			idToken: func(id *idToken) { id.claims["nonce"] = serial() },
		},
		{
			name: "missing-nonce", threat: "T-OIDC-17", want: "nonce", says: "Does not say which question it answers (nonce).",
			idToken: func(id *idToken) { id.claims["nonce"] = nil },
		},
		{
			name: "wrong-at-hash", threat: "T-OIDC-17", want: "at_hash", says: "Goes with another access token (at_hash).",
			idToken: func(id *idToken) { id.claims["at_hash"] = atHash(id.alg, serial()) },
		},
		{
			name: "missing-at-hash", threat: "T-OIDC-17", want: "", says: "Does not say with which access token it goes (at_hash).",
			idToken: func(id *idToken) { id.claims["at_hash"] = nil },
		},
	}
}
