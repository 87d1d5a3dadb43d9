package oidc

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"usher/internal/fault"
)

// Limits of what is read with an access token, in bytes. Less than threat
// T-DOS-07 allows, so that a sign-in's evidence stays within 256 KiB (T-DOS-17)
// with the ID token and the rest.
const (
	maxUserInfo = 80 << 10
	maxMailbox  = 16 << 10
)

// document gets what an access token opens. The token goes into the header, the
// only form that is used (T-RP-24), and nowhere else: nothing is redirected.
func (c *Client) document(ctx context.Context, p Provider, at protected) *Document {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, at.url, http.NoBody)
	if err != nil {
		return &Document{Failure: &Failure{"unreachable", "a web address", clip(at.url)}}
	}
	accept := quirkOf(p).accept
	if accept == "" {
		accept = "application/json, application/jwt"
	}
	r.Header.Set("Accept", accept)
	r.Header.Set("Authorization", "Bearer "+at.accessToken)
	got, failure := send(withoutRedirects(c.HTTP), r, at.most)
	switch {
	case failure != nil:
		return &Document{Failure: failure}
	case got.status == http.StatusUnauthorized || got.status == http.StatusForbidden:
		return &Document{Failure: &Failure{"unauthorized", "status 200", fmt.Sprintf("status %d", got.status)}}
	case got.status != http.StatusOK || !got.isJSON() && !got.isToken():
		return &Document{Failure: got.notJSON()}
	}
	return &Document{ContentType: got.mediaType, Body: at.scrub(got.body)}
}

// protected is an endpoint that an access token opens.
type protected struct {
	url         string
	accessToken string
	most        int // bytes of the answer
}

// minScrubbed is the length from which a token is looked for in answers, in
// bytes; ours. A shorter one could be part of any word.
const minScrubbed = 16

// scrub takes the access token out of an answer that repeats it: evidence is
// kept.
func (at protected) scrub(body []byte) []byte {
	if len(at.accessToken) < minScrubbed {
		return body
	}
	return bytes.ReplaceAll(body, []byte(at.accessToken), []byte("[removed]"))
}

// isToken reports whether the body is a signed token and not JSON.
func (r reply) isToken() bool {
	return (&Document{ContentType: r.mediaType, Body: r.body}).isToken()
}

func (d *Document) isToken() bool { return d.ContentType == "application/jwt" }

// judgeUserInfo judges user information, where it was fetched or has to be.
func (j *judge) judgeUserInfo(ev Evidence) error {
	alone := !j.expect.Provider.HasIDToken()
	doc := ev.UserInfo
	if doc == nil && !alone {
		return nil
	}
	if doc == nil {
		doc = &Document{Failure: &Failure{"no_access_token", "user information", "none"}}
	}
	claims, err := j.userClaims(doc, ev.Keys)
	if err != nil {
		return refuse(fault.OAuthFetchUserError, err)
	}
	if alone {
		err = j.judgePerson(claims)
	} else {
		err = refuse(fault.OAuthFetchUserError, j.check("user_info_subject", claims.members["sub"] == j.identity.Subject,
			refusal{"sub_mismatch", j.identity.Subject, describe(claims.members["sub"])}))
	}
	if err != nil {
		return err
	}
	j.identity.UserInfo = claims
	return j.judgeMailbox(ev)
}

// userClaims reads the claims of user information; a signed one must verify
// (T-RP-25).
func (j *judge) userClaims(doc *Document, keys *KeyEvidence) (Claims, error) {
	if doc.Failure != nil {
		return Claims{}, j.note("user_info", doc.Failure.refusal())
	}
	body := doc.Body
	if doc.isToken() {
		var err error
		if body, err = j.verifyUserInfo(string(body), keys); err != nil {
			return Claims{}, err
		}
	}
	claims, err := parseClaims(body)
	if err != nil {
		return Claims{}, j.note("user_info", err)
	}
	if failed := claims.members["error"]; failed != nil && claims.members["sub"] == nil { // some report it with status 200
		return Claims{}, j.note("user_info", &refusal{"provider_error", "user information", describe(failed)})
	}
	j.pass("user_info", "", "")
	if !doc.isToken() {
		return claims, nil
	}
	if iss, there := claims.members["iss"]; there {
		if err := j.check("user_info_issuer", iss == j.identity.Issuer, refusal{"iss", j.identity.Issuer, describe(iss)}); err != nil {
			return Claims{}, err
		}
	}
	if aud, there := claims.members["aud"]; there {
		if err := j.check("user_info_audience", slices.Contains(audiencesOf(aud), j.expect.ClientID), refusal{"aud", j.expect.ClientID, describe(aud)}); err != nil {
			return Claims{}, err
		}
	}
	return claims, nil
}

func (j *judge) verifyUserInfo(raw string, keys *KeyEvidence) ([]byte, error) {
	const name = "user_info_signature"
	token, err := parseToken(strings.TrimSpace(raw))
	if err != nil {
		return nil, j.note(name, err)
	}
	if !isAllowed(token.alg) {
		return nil, j.note(name, &refusal{"alg", "an algorithm of RS, PS, ES or EdDSA", token.alg})
	}
	if !j.expect.Provider.HasIDToken() {
		return nil, j.note(name, &refusal{"keys_unavailable", "a key set", "none is configured"})
	}
	payload, key, err := token.verify(keys)
	if err != nil {
		return nil, j.note(name, err)
	}
	j.pass(name, "a signature by a key of the identity provider", key.printed)
	return payload, nil
}

// wholeNumber is the form of a number that can be a person's key.
var wholeNumber = regexp.MustCompile(`^[1-9][0-9]*$`)

// judgePerson takes the person's key from user information that stands alone.
func (j *judge) judgePerson(claims Claims) error {
	path := j.expect.subjectClaim()
	v, _ := claims.Lookup(path)
	good := v.Kind == KindText && v.Text != "" || v.Kind == KindNumber && wholeNumber.MatchString(v.Text)
	err := j.check("person", good && len(v.Text) <= maxSubject,
		refusal{"subject_missing", fmt.Sprintf("%s of 1 to %d characters", path, maxSubject), v.Text})
	if err != nil {
		return fault.New(fault.SSOUserAttributeMissing, "missing_attribute", path).
			Detail("reason", "subject_missing", "expected", path, "received", clip(v.Text)).Because(err)
	}
	j.identity.Subject = v.Text
	return nil
}

func (e Expect) subjectClaim() string {
	switch {
	case e.SubjectClaim != "":
		return e.SubjectClaim
	case quirkOf(e.Provider).subject != "":
		return quirkOf(e.Provider).subject
	}
	return "sub"
}

// judgeMailbox wants GitHub's list of addresses.
func (j *judge) judgeMailbox(ev Evidence) error {
	if quirkOf(j.expect.Provider).mailbox == "" {
		return nil
	}
	doc := ev.Mailbox
	if doc == nil {
		doc = &Document{Failure: &Failure{"unauthorized", "a list of addresses", "none"}}
	}
	if doc.Failure != nil {
		return refuse(fault.OAuthFetchUserError, j.note("mailbox", doc.Failure.refusal()))
	}
	v, err := parseJSON(doc.Body)
	if _, list := v.([]any); err == nil && !list {
		err = malformed("a list of addresses", "another JSON value")
	}
	return refuse(fault.OAuthFetchUserError, j.note("mailbox", err))
}

// primaryAddress returns the address that the person chose as the primary one,
// and whether the provider has verified it.
func primaryAddress(doc *Document) (string, Verified) {
	if doc == nil {
		return "", VerifiedUnsaid
	}
	v, err := parseJSON(doc.Body)
	list, ok := v.([]any)
	if err != nil || !ok {
		return "", VerifiedUnsaid
	}
	for _, item := range list {
		if o, ok := item.(object); ok && o["primary"] == true && o.text("email") != "" {
			return o.text("email"), Claims{o}.verified("verified")
		}
	}
	return "", VerifiedUnsaid
}
