package oidc

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"usher/internal/fault"
)

// DefaultSkew is how far the two clocks may be apart (threat T-OIDC-16); ours.
const DefaultSkew = 2 * time.Minute

// Expect is what evidence must fit: the connection, the pending sign-in and the
// time. All of it comes from the connection that the state names, nothing from
// the message.
type Expect struct {
	// Now; zero: when the evidence was complete.
	Now      time.Time
	Provider Provider
	ClientID string
	Nonce    string // that was sent

	// Claims are the paths that are mapped, beside sub. Where the ID token lacks
	// one, user information is fetched.
	Claims []string
	// EmailClaim is the path of the address; "": email. Microsoft's is always
	// email (threat T-EASIE-02).
	EmailClaim string
	// VerifiedClaim is the path of the claim that says whether that address is
	// verified; "": email_verified, which speaks for the claim email alone.
	VerifiedClaim string
	// SubjectClaim is the path of the person's stable key in user information,
	// where there is no ID token; "": sub, GitHub's is id.
	SubjectClaim string

	// Skew is how far the clocks may be apart. 0 means two minutes, less than 0
	// means none.
	Skew time.Duration

	// Skip leaves checks out, for looking at evidence offline. A sign-in must
	// leave it at its zero value.
	Skip Skip
}

// Skip names checks that are left out because what they compare with is not
// known any more. Nothing that is skipped appears in Result.Checks.
type Skip struct {
	Nonce, Time bool
}

// Result is the judgement on one sign-in.
type Result struct {
	// Checks are those that were made, in order. The last one failed if the
	// sign-in was refused, and those after it were not reached.
	Checks   []Check   `json:"checks"`
	Identity *Identity `json:"identity"` // nil when refused
	Warnings []string  `json:"warnings"` // for administrators
}

// Source is a document that claims come from.
type Source string

// The sources of claims.
const (
	FromIDToken  Source = "id_token"
	FromUserInfo Source = "user_info"
	FromMailbox  Source = "mailbox" // GitHub's list of addresses
)

// Identity is what a provider vouches for.
type Identity struct {
	Issuer string `json:"issuer"` // of the ID token; "" where there is none
	// Subject names the person at this provider, to be compared byte for byte.
	Subject string `json:"subject"`

	// Email and EmailVerified come out of one document, as does EDOV (threat
	// T-OIDC-21). Email is "" if the provider sent none.
	Email         string   `json:"email"`
	EmailVerified Verified `json:"email_verified"`
	// EDOV is Microsoft's xms_edov: whether the owner of the address's domain
	// vouches for it.
	EDOV Verified `json:"edov"`

	// EmailFrom is that document.
	EmailFrom  Source `json:"email_from,omitempty"`
	EmailClaim string `json:"email_claim"` // the path where Email is

	HostedDomain string `json:"hosted_domain"` // Google's hd, of the ID token only
	TenantID     string `json:"tenant_id"`     // Microsoft's tid, which the issuer confirms
	ObjectID     string `json:"object_id"`     // Microsoft's oid: the person in that tenant
	Acct         string `json:"acct"`          // Microsoft's acct: "1" for a guest, "" if not sent

	IDToken  Claims `json:"id_token"`
	UserInfo Claims `json:"user_info"` // empty where none was fetched

	IssuedAt  time.Time `json:"issued_at"`
	ExpiresAt time.Time `json:"expires_at"`
	SignedBy  string    `json:"signed_by"` // SHA-256 thumbprint of the key (RFC 7638), hexadecimal
}

// Lookup finds a claim by its path, in the ID token or else in the user
// information. The address and email_verified are only looked for in the
// document that Email is from (threat T-OIDC-21).
func (i *Identity) Lookup(path string) (Value, bool) {
	switch path {
	case "email", "email_verified", i.EmailClaim:
		if path == i.EmailClaim && i.Email != "" {
			return Value{Kind: KindText, Text: i.Email}, true
		}
		if i.EmailFrom == FromUserInfo {
			return i.UserInfo.Lookup(path)
		}
		return i.IDToken.Lookup(path) // GitHub has none
	}
	if v, ok := i.IDToken.Lookup(path); ok {
		return v, true
	}
	return i.UserInfo.Lookup(path)
}

// Judge judges evidence: no network, no clock. Result.Checks says what was
// checked. An error is a fault of the code OAuthCallbackInvalid,
// OAuthAccessDenied, OAuthTokenExchangeError, OAuthFetchUserError or, where user
// information lacks the person's key, SSOUserAttributeMissing; its details are
// reason, expected and received.
func Judge(ev Evidence, e Expect) (Result, error) {
	if e.Now.IsZero() {
		e.Now = ev.At
	}
	j := newJudge(e)
	err := j.signIn(ev)
	if err == nil {
		j.result.Identity = &j.identity
	}
	return j.result, err
}

// judge makes the checks of one sign-in.
type judge struct {
	expect   Expect
	skew     time.Duration
	result   Result
	identity Identity // as far as it is known
}

func newJudge(e Expect) *judge {
	j := &judge{expect: e, skew: e.Skew}
	if j.skew == 0 {
		j.skew = DefaultSkew
	}
	j.skew = max(j.skew, 0)
	j.result.Checks = make([]Check, 0, 20) // as many as a good sign-in has
	return j
}

// signIn follows a sign-in from the answer to the person.
func (j *judge) signIn(ev Evidence) error {
	if err := j.judgeAnswer(ev.Answer); err != nil {
		return err
	}
	if err := refuse(fault.OAuthTokenExchangeError, j.judgeTokens(ev)); err != nil {
		return err
	}
	if err := j.judgeUserInfo(ev); err != nil {
		return err
	}
	j.fillEmail(ev)
	return nil
}

// judgeTokens judges what the token endpoint gave.
func (j *judge) judgeTokens(ev Evidence) error {
	t := ev.Token
	if t == nil {
		t = &TokenAnswer{Failure: &Failure{"missing", "an answer", "none"}}
	}
	if t.Failure != nil {
		return j.note("token_answer", t.Failure.refusal())
	}
	j.pass("token_answer", "tokens", "tokens")
	if !j.expect.Provider.HasIDToken() {
		return nil
	}
	return j.judgeIDToken(t, ev.Keys)
}

// warn notes a warning, once.
func (j *judge) warn(format string, args ...any) {
	w := fmt.Sprintf(format, args...)
	if !slices.Contains(j.result.Warnings, w) {
		j.result.Warnings = append(j.result.Warnings, w)
	}
}

// emailClaim is the path of the address.
func (e Expect) emailClaim() string {
	if e.Provider.Quirk == QuirkMicrosoft {
		return "email"
	}
	return cmp.Or(e.EmailClaim, "email")
}

// fillEmail takes the address and what is said of it from one document: the ID
// token, unless only the user information has it, or only that says whether it
// is verified.
func (j *judge) fillEmail(ev Evidence) {
	i := &j.identity
	i.EmailClaim = j.expect.emailClaim()
	if j.expect.Provider.Quirk == QuirkGitHub {
		i.EmailFrom = FromMailbox
		i.Email, i.EmailVerified = primaryAddress(ev.Mailbox)
		return
	}
	token, info := i.addressIn(i.IDToken, j.expect.VerifiedClaim), i.addressIn(i.UserInfo, j.expect.VerifiedClaim)
	i.EmailFrom = FromIDToken
	if token.email == "" || token.verified == VerifiedUnsaid && info.verified != VerifiedUnsaid {
		token, i.EmailFrom = info, FromUserInfo
	}
	i.Email, i.EmailVerified, i.EDOV = token.email, token.verified, token.edov
	if i.Email == "" {
		i.EmailFrom = ""
	}
}

// address is an address and what its document says of it.
type address struct {
	email          string
	verified, edov Verified
}

// addressIn reads the address in one document. What is said there concerns the
// claim email; it doesn't vouch for another address under another name. A claim of
// another name may be a list of one; email is a text (OpenID Connect Core, section
// 5.1). Vouches is Expect.VerifiedClaim.
func (i *Identity) addressIn(c Claims, vouches string) address {
	v, _ := c.Lookup(i.EmailClaim)
	a := address{email: v.Text}
	if v.Kind == KindList && len(v.List) == 1 && i.EmailClaim != "email" {
		a.email = v.List[0]
	}
	if a.email != "" && c.Text("email") == a.email {
		a.verified, a.edov = c.verified("email_verified"), c.domainVerified()
	}
	if a.email != "" && vouches != "" {
		a.verified = c.verified(vouches)
	}
	return a
}
