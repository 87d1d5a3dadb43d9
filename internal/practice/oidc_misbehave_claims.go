package practice

import (
	"encoding/json"
	"fmt"
	"strings"
)

// twice writes a member into an object a second time, before the first.
func twice(name, value string) func(string) string {
	return func(text string) string {
		member, err := json.Marshal(value)
		if err != nil { // a text always can be written
			return text
		}
		return fmt.Sprintf("{%q:%s,%s", name, member, strings.TrimPrefix(text, "{"))
	}
}

func documentRows() []oidcRow {
	set := func(name string, value any) func(*turn, claims) {
		return func(_ *turn, c claims) { c[name] = value }
	}
	return []oidcRow{
		{name: "missing-sub", threat: "T-OIDC-18", want: "sub", says: "Does not name the person (sub).", person: set("sub", nil)},
		{name: "empty-sub", threat: "T-OIDC-18", want: "sub", says: "Names the person with nothing.", person: set("sub", "")},
		{name: "numeric-sub", threat: "T-OIDC-18", want: "sub", says: "Names the person with a number.", person: set("sub", 4711)},
		{name: "long-sub", threat: "T-OIDC-18", want: "sub", says: "Names the person with 256 letters.", person: set("sub", strings.Repeat("s", 256))},
		{
			name: "duplicate-claims", threat: "T-OIDC-19", want: "malformed", says: "Names the person twice, differently.",
			idToken: func(id *idToken) { id.payload = twice("sub", "mallory") },
		},
		{
			name: "claims-in-capitals", threat: "T-OIDC-19", says: "Names somebody else in SUB, which is not sub.",
			idToken: func(id *idToken) { id.payload = twice("SUB", "mallory") },
		},
		{
			name: "claims-list", threat: "T-OIDC-19", want: "malformed", says: "The claims are a list.",
			idToken: func(id *idToken) { id.payload = func(text string) string { return "[" + text + "]" } },
		},
		{
			name: "claims-trailing", threat: "T-OIDC-19", want: "malformed", says: "There is more behind the claims.",
			idToken: func(id *idToken) { id.payload = func(text string) string { return text + `{"sub":"mallory"}` } },
		},
		{
			name: "lean-id-token", threat: "T-OIDC-21", says: "The ID token says who the person is and no more; the rest is user info.",
			idToken: func(id *idToken) {
				for name := range id.about() {
					if name != "sub" {
						delete(id.claims, name)
					}
				}
			},
		},
		{
			name: "many-groups", threat: "T-DOS-15", says: "The person is in a thousand groups.",
			person: func(_ *turn, c claims) {
				groups := make([]string, 1000)
				for n := range groups {
					groups[n] = fmt.Sprintf("group-%04d", n)
				}
				c["practice_groups"] = groups
			},
		},
		{
			name: "odd-claims", threat: "T-OIDC-19", says: "Has claims that try to set a role, private data and __proto__.",
			person: func(_ *turn, c claims) {
				for _, name := range []string{"public_metadata", "private_metadata", "role", "organization_id", "__proto__"} {
					c[name] = claims{"role": "org:admin"}
				}
			},
		},
		{
			name: "markup-in-name", threat: "T-OIDC-30", says: "The person's name consists of markup.",
			person: func(_ *turn, c claims) {
				c["name"], c["given_name"], c["family_name"] = `<b>x</b>`, `<script>alert("1")</script>`, `'"><img src=x onerror=alert(1)>`
			},
		},
	}
}

// elsewhere is the person's address at another domain, or the parameter.
func (t *turn) elsewhere() string {
	local, _, _ := strings.Cut(t.person.Mail, "@")
	return t.or(local + "@mallory.test")
}

func addressClaimRows() []oidcRow {
	verified := func(value any) func(*turn, claims) {
		return func(_ *turn, c claims) { c["email_verified"] = value }
	}
	const assumed = " unless the connection takes addresses for verified"
	return []oidcRow{
		{name: "unverified-mail", threat: "T-OIDC-22", want: wantUnproven, says: "The address is not verified.", person: verified(false)},
		{
			name: "missing-email-verified", threat: "T-OIDC-22", want: wantUnproven + assumed, says: "Does not say whether the address is verified.",
			person: verified(nil),
		},
		{
			name: "email-verified-text", threat: "T-OIDC-22", says: "The address is verified, by the text “true”.",
			person: verified("true"),
		},
		{name: "email-verified-number", threat: "T-OIDC-22", want: wantUnproven, says: "Says 1 for whether the address is verified.", person: verified(1)},
		{
			name: "email-verified-null", threat: "T-OIDC-22", want: wantUnproven, says: "Says null for whether the address is verified.",
			person: verified(json.RawMessage("null")),
		},
		{
			name: "missing-mail", threat: "T-OIDC-24", want: wantNoMail, says: "States no address.",
			person: func(_ *turn, c claims) { c["email"], c["email_verified"] = nil, nil },
		},
		{
			name: "mail-list", threat: "T-OIDC-24", want: wantNoMail + " or malformed", says: "States the address in a list.",
			person: func(t *turn, c claims) { c["email"] = []string{t.person.Mail} },
		},
		{
			name: "other-domain", threat: "T-OIDC-24", want: wantDomain, says: "The address is of another domain; the parameter is the address.",
			person: func(t *turn, c claims) { c["email"] = t.elsewhere() },
		},
		{
			name: "split-mail", threat: "T-OIDC-21", want: wantUnproven + assumed,
			says: "The ID token says that the address is verified and the user info which address, an unverified one; the parameter is the address.",
			person: func(t *turn, c claims) {
				if t.at == atUserInfo {
					c["email"], c["email_verified"] = t.or(t.person.Mail), nil
					return
				}
				c["email"], c["email_verified"] = nil, true
			},
		},
	}
}

func googleRows() []oidcRow {
	hd := func(value any) func(*turn, claims) { return func(_ *turn, c claims) { c["hd"] = value } }
	return []oidcRow{
		{name: "missing-hd", only: Google, threat: "T-EASIE-06", want: wantHosted, says: "A personal account: names no hosted domain (hd).", person: hd(nil)},
		{
			name: "other-hd", only: Google, threat: "T-EASIE-06", want: wantHosted, says: "Names another hosted domain; the parameter is which.",
			person: func(t *turn, c claims) { c["hd"] = t.or("mallory.test") },
		},
		{name: "hd-list", only: Google, threat: "T-EASIE-06", want: wantHosted + " or malformed", says: "Names a list of hosted domains.", person: func(t *turn, c claims) {
			c["hd"] = []string{t.person.hostedDomain()}
		}},
		{
			name: "other-subject", only: Google, threat: "T-EASIE-07", want: "enterprise_sso_account_already_connected unless nobody has this address yet",
			says:   "The domain was bought again: the same address, another account (sub).",
			person: func(t *turn, c claims) { c["sub"] = "1" + strings.Repeat("0", 20) },
		},
	}
}

func microsoftRows() []oidcRow {
	claim := func(name string, value any) func(*idToken) { return func(id *idToken) { id.claims[name] = value } }
	other := derivedGUID("another tenant")
	from := func(tenant, iss string) func(*idToken) {
		return func(id *idToken) { id.claims["tid"], id.claims["iss"] = tenant, id.o.Issuer(iss) }
	}
	rows := []oidcRow{
		{name: "other-tenant", threat: "T-EASIE-03", want: "tenant", says: "Comes from another tenant (tid and issuer).", idToken: from(other, other)},
		{
			name: "other-tid", threat: "T-EASIE-04", want: "iss or tenant", says: "The tenant (tid) is another than the issuer's.",
			idToken: claim("tid", other),
		},
		{name: "missing-tid", threat: "T-EASIE-04", want: "tenant or iss", says: "Names no tenant (tid).", idToken: claim("tid", nil)},
		{
			name: "tid-in-capitals", threat: "T-EASIE-04", want: "tenant or iss", says: "Names the tenant in capitals.",
			idToken: func(id *idToken) { id.claims["tid"] = strings.ToUpper(id.person.Tenant) },
		},
		{
			name: "consumers", threat: "T-EASIE-04", want: "iss or tenant", says: "Comes from the tenant of personal accounts.",
			idToken: from(tenantConsumers, tenantConsumers),
		},
		{
			name: "consumers-key", threat: "T-EASIE-04", want: "iss or key", says: "Is signed with the key for personal accounts.",
			idToken: func(id *idToken) {
				pair, err := id.o.pair(signerCurrent)
				if err == nil {
					id.alg = algES256
					id.key, err = pair.ecKey(purposeConsumers)
				}
				id.err = err
			},
		},
		{
			name: "v1-issuer", threat: "T-EASIE-04", want: "iss", says: "Has the issuer of the old endpoints (v1).",
			idToken: func(id *idToken) {
				id.claims["iss"], id.claims["ver"] = id.o.base+"/sts/"+id.person.Tenant+"/", "1.0"
			},
		},
		{
			name: "template-issuer", threat: "T-EASIE-04", want: "iss", says: "Has the issuer of the discovery document, with {tenantid} in it.",
			idToken: func(id *idToken) { id.claims["iss"] = id.o.Issuer("{tenantid}") },
		},
		{name: "missing-edov", threat: "T-EASIE-01", want: wantUnproven, says: "Does not say that the tenant owns the address's domain (xms_edov).", idToken: claim("xms_edov", nil)},
		{name: "false-edov", threat: "T-EASIE-01", want: wantUnproven, says: "Says that the tenant does not own the address's domain.", idToken: claim("xms_edov", false)},
		{name: "edov-number", threat: "T-EASIE-01", says: "Says 1 for that the tenant owns the address's domain.", idToken: claim("xms_edov", 1)},
		{name: "edov-text", threat: "T-EASIE-01", says: "Says “1” for that the tenant owns the address's domain.", idToken: claim("xms_edov", "1")},
		{
			name: "guest", threat: "T-EASIE-05", want: wantUnproven, says: "A guest of the tenant (acct 1), whose domain it does not own.",
			idToken: func(id *idToken) { id.claims["acct"], id.claims["xms_edov"] = 1, nil },
		},
		{
			name: "address-in-username", threat: "T-EASIE-02", want: wantNoMail, says: "States the address only as user name: preferred_username, upn, unique_name.",
			person: func(_ *turn, c claims) { c["email"] = nil },
			idToken: func(id *idToken) {
				for _, name := range []string{"preferred_username", "upn", "unique_name"} {
					id.claims[name] = id.or(id.person.Mail)
				}
			},
		},
	}
	for n := range rows {
		rows[n].only = Microsoft
	}
	return rows
}
