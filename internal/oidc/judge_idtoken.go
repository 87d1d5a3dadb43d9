package oidc

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// maxSubject is in bytes: OpenID Connect Core, section 2.
const maxSubject = 255

// judgeIDToken judges an ID token: form, signature, then content. Nothing of the
// content is looked at before the signature has verified.
func (j *judge) judgeIDToken(t *TokenAnswer, keys *KeyEvidence) error {
	if t.IDToken == "" {
		return j.note("id_token", &refusal{"no_id_token", "an ID token", "none"})
	}
	token, err := parseToken(t.IDToken)
	if err := j.note("id_token", err); err != nil {
		return err
	}
	if err := j.check("algorithm", isAllowed(token.alg), refusal{"alg", "an algorithm of RS, PS, ES or EdDSA", token.alg}); err != nil {
		return err
	}
	if _, err := token.keys(keys); err != nil {
		return j.note("keys", err)
	}
	j.pass("keys", "", token.kid)
	payload, key, err := token.verify(keys)
	if err != nil {
		return j.note("signature", err)
	}
	j.pass("signature", "a signature by a key of the identity provider", key.printed)
	j.identity.SignedBy = key.printed
	if keys.Stale {
		j.warn("The key set could not be fetched again; the last good one is in use.")
	}
	claims, err := parseClaims(payload)
	if err := j.note("claims", err); err != nil {
		return err
	}
	j.identity.IDToken = claims
	return j.judgeClaims(claims.members, key, t.AccessTokenHash)
}

// judgeClaims makes the checks of OpenID Connect Core, section 3.1.3.7.
func (j *judge) judgeClaims(claims object, key publicKey, accessTokenHash string) error {
	if err := j.judgeIssuer(claims, key); err != nil {
		return err
	}
	if err := j.judgeAudience(claims); err != nil {
		return err
	}
	if err := j.judgeTimes(claims); err != nil {
		return err
	}
	if !j.expect.Skip.Nonce {
		nonce := claims.text("nonce")
		if err := j.check("nonce", j.expect.Nonce != "" && nonce == j.expect.Nonce, refusal{"nonce", j.expect.Nonce, nonce}); err != nil {
			return err
		}
	}
	if hash, there := claims["at_hash"]; there {
		if err := j.check("access_token_hash", accessTokenHash != "" && hash == accessTokenHash,
			refusal{"at_hash", accessTokenHash, fmt.Sprint(hash)}); err != nil {
			return err
		}
	}
	sub := claims.text("sub")
	if err := j.check("subject", sub != "" && len(sub) <= maxSubject,
		refusal{"sub", fmt.Sprintf("text of 1 to %d characters", maxSubject), describe(claims["sub"])}); err != nil {
		return err
	}
	j.identity.Subject = sub
	if sources, ok := claims["_claim_names"].(object); ok && sources["groups"] != nil {
		j.warn("The person is in too many groups: the identity provider sent a link in place of them, which is not followed.")
	}
	return nil
}

func (j *judge) judgeIssuer(claims object, key publicKey) error {
	iss := claims.text("iss")
	want := j.expect.Provider.Issuer
	if j.expect.Provider.Quirk == QuirkMicrosoft {
		return j.judgeTenant(claims, key)
	}
	if err := j.check("issuer", j.expect.Provider.namesIssuer(iss), refusal{"iss", want, describe(claims["iss"])}); err != nil {
		return err
	}
	j.identity.Issuer = iss
	switch {
	case j.expect.Provider.Quirk == QuirkGoogle:
		j.identity.HostedDomain = claims.text("hd")
	case iss == strings.Replace(microsoftIssuer, tenantPlace, claims.text("tid"), 1):
		j.fillTenant(claims)
	}
	return nil
}

// judgeAudience wants our client among the audiences, and as the authorized
// party where there are several or one is named.
func (j *judge) judgeAudience(claims object) error {
	id := j.expect.ClientID
	audiences := audiencesOf(claims["aud"])
	if err := j.check("audience", id != "" && slices.Contains(audiences, id), refusal{"aud", id, describe(claims["aud"])}); err != nil {
		return err
	}
	azp, there := claims["azp"]
	if !there && len(audiences) == 1 {
		return nil
	}
	return j.check("authorized_party", azp == id, refusal{"aud", "azp " + id, "azp " + describe(azp)})
}

// audiencesOf reads aud, a text or a list of texts; anything else is nobody.
func audiencesOf(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		var list []string
		for _, item := range v {
			s, ok := item.(string)
			if !ok {
				return nil
			}
			list = append(list, s)
		}
		return list
	}
	return nil
}

// judgeTimes wants exp and iat, and takes nbf.
func (j *judge) judgeTimes(claims object) error {
	now := j.expect.Now
	exp, err := j.seconds("expires", claims["exp"])
	if err != nil {
		return err
	}
	j.identity.ExpiresAt = exp
	if !j.expect.Skip.Time {
		if err := j.check("expires", now.Before(exp.Add(j.skew)), refusal{"time", "an end after " + instant(now.Add(-j.skew)), instant(exp)}); err != nil {
			return err
		}
	}
	iat, err := j.seconds("issued_at", claims["iat"])
	if err != nil {
		return err
	}
	j.identity.IssuedAt = iat
	if err := j.begun("issued_at", iat); err != nil {
		return err
	}
	if _, there := claims["nbf"]; !there {
		return nil
	}
	nbf, err := j.seconds("not_before", claims["nbf"])
	if err != nil {
		return err
	}
	return j.begun("not_before", nbf)
}

// begun wants a time that has come.
func (j *judge) begun(name string, t time.Time) error {
	if j.expect.Skip.Time {
		return nil
	}
	latest := j.expect.Now.Add(j.skew)
	return j.check(name, !t.After(latest), refusal{"time", "a time until " + instant(latest), instant(t)})
}

// maxSeconds is the latest time that a token may name, in seconds since 1970:
// the end of the year 9999, as far as RFC 3339 goes.
const maxSeconds = 253402300799

// seconds reads a time of a token, whole seconds since 1970 (threat T-OIDC-16).
func (j *judge) seconds(name string, v any) (time.Time, error) {
	n, _ := v.(json.Number) // "" for anything else, which is no number
	s, err := strconv.ParseInt(n.String(), 10, 64)
	if err != nil || s < 0 || s > maxSeconds {
		return time.Time{}, j.note(name, &refusal{"time", "whole seconds since 1970", describe(v)})
	}
	return time.Unix(s, 0).UTC(), nil
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// describe writes a claim's value for an administrator.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "nothing"
	case string:
		if v == "" {
			return "an empty text"
		}
		return v
	}
	text, err := json.Marshal(v)
	if err != nil {
		return "something else"
	}
	return clip(string(text))
}
