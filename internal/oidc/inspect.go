package oidc

import (
	"encoding/base64"
	"slices"
	"strings"
	"time"
)

// Inspection is what evidence says, with nothing of it verified: for explaining
// why it was refused, and never for deciding anything.
type Inspection struct {
	IssuedAt time.Time // of the ID token; zero: none that can be read
	Guest    bool      // Microsoft's acct is 1
	Claims   []Claim   // of the ID token and the user information, by name
}

// Claim is a claim that came, with its one text; empty where it has none.
type Claim struct {
	Name string
	Text string
}

// Inspect reads evidence as far as it can be read.
func Inspect(ev Evidence) Inspection {
	var i Inspection
	if ev.Token != nil {
		if parts := strings.Split(ev.Token.IDToken, "."); len(parts) == 3 && len(ev.Token.IDToken) <= maxToken {
			if payload, err := base64.RawURLEncoding.DecodeString(parts[1]); err == nil {
				i.read(payload)
			}
		}
	}
	if ev.UserInfo != nil {
		i.read(ev.UserInfo.Body)
	}
	return i
}

func (i *Inspection) read(raw []byte) {
	c, err := parseClaims(raw)
	if err != nil {
		return
	}
	for _, name := range c.Names() {
		if v := c.Text(name); !slices.ContainsFunc(i.Claims, func(had Claim) bool { return had.Name == name }) {
			i.Claims = append(i.Claims, Claim{name, v})
		}
	}
	if at, err := newJudge(Expect{}).seconds("issued_at", c.members["iat"]); err == nil {
		i.IssuedAt = at
	}
	i.Guest = i.Guest || c.Text("acct") == "1"
}
