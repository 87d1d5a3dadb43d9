package practice

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
)

// claims are what a document says, by name.
type claims map[string]any

// place fills in where a person of the Microsoft flavour is at home.
func (o *OIDC) place(p Person) Person {
	if o.config.Flavour == Microsoft && p.Tenant == "" {
		p.Tenant = o.config.Tenants[0]
	}
	return p
}

// Subject is the sub by which a client knows a person: Google's are decimal,
// Microsoft's differ from client to client.
func (o *OIDC) Subject(p Person, clientID string) string {
	p = p.complete()
	switch o.config.Flavour {
	case Google:
		sum := sha256.Sum256([]byte("practice google\x00" + p.Subject))
		number := new(big.Int).SetBytes(sum[:])
		return fmt.Sprintf("1%020d", number.Mod(number, new(big.Int).Exp(big.NewInt(10), big.NewInt(20), nil)))
	case Microsoft:
		sum := sha256.Sum256([]byte("practice pairwise\x00" + clientID + "\x00" + p.Subject))
		return b64(sum[:])
	case Custom, Okta:
	}
	return p.Subject
}

// ObjectID is Microsoft's oid: the same for every client.
func (o *OIDC) ObjectID(p Person) string { return derivedGUID("oid\x00" + p.complete().Subject) }

// derivedGUID is a GUID that is always the same for a text.
func derivedGUID(text string) string {
	sum := sha256.Sum256([]byte("practice guid\x00" + text))
	h := hex.EncodeToString(sum[:16])
	return h[:8] + "-" + h[8:12] + "-4" + h[13:16] + "-8" + h[17:20] + "-" + h[20:32]
}

// hostedDomain is Google's hd: none for personal accounts.
func (p Person) hostedDomain() string {
	domain := p.Mail[strings.LastIndex(p.Mail, "@")+1:]
	switch {
	case p.HostedDomain != "":
		return p.HostedDomain
	case strings.EqualFold(domain, "gmail.com"):
		return ""
	}
	return domain
}

// about is what the provider says of the person, in the ID token and as user
// info alike, honestly.
func (t *turn) about() claims {
	p, g := t.person, t.grant
	c := claims{"sub": t.o.Subject(p, g.Client)}
	if g.allows("email") && p.Mail != "" {
		c["email"] = p.Mail
		if t.o.config.Flavour != Microsoft {
			c["email_verified"] = !p.Unverified
		}
	}
	if g.allows("profile") {
		c["name"] = p.Name()
		c.add("given_name", p.FirstName)
		c.add("family_name", p.LastName)
	}
	if len(p.Groups) > 0 {
		c["groups"] = p.Groups
	}
	switch t.o.config.Flavour {
	case Google:
		c.add("hd", p.hostedDomain())
	case Custom, Okta:
		if g.allows("profile") {
			c["preferred_username"] = p.Login
		}
	case Microsoft:
	}
	for _, a := range p.Attributes {
		if len(a.Values) == 1 {
			c[a.Name] = a.Values[0]
			continue
		}
		c[a.Name] = a.Values
	}
	return c
}

// add sets a claim that is not empty.
func (c claims) add(name, value string) {
	if value != "" {
		c[name] = value
	}
}

// prune leaves out what is nil.
func (c claims) prune() {
	for name, value := range c {
		if value == nil {
			delete(c, name)
		}
	}
}

// idTokenClaims is what the ID token says beyond the person.
func (t *turn) idTokenClaims(c claims) {
	g := t.grant
	c["iss"] = t.o.Issuer(t.person.Tenant)
	c["aud"] = g.Client
	c["iat"] = t.now.Unix()
	c["exp"] = t.now.Add(tokenLifetime).Unix()
	c.add("nonce", g.Nonce)
	switch t.o.config.Flavour {
	case Google:
		c["azp"] = g.Client
	case Microsoft:
		c["nbf"] = t.now.Unix()
		c["ver"] = "2.0"
		c["uti"] = serial()
		c["tid"] = t.person.Tenant
		c["oid"] = t.o.ObjectID(t.person)
		c["acct"] = 0
		if t.person.Guest {
			c["acct"] = 1
		}
		c["xms_edov"] = !t.person.Unproven
		if g.allows("profile") {
			c["preferred_username"] = t.person.Login
		}
	case Custom, Okta:
		c["auth_time"] = g.AuthTime
	}
}
