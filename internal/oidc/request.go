package oidc

import (
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"

	"usher/internal/fault"
)

// Prompts that may be asked for (threat T-OIDC-31; OpenID Connect Core, section
// 3.1.2.1).
const (
	PromptNone          = "none"
	PromptLogin         = "login"
	PromptConsent       = "consent"
	PromptSelectAccount = "select_account"
)

// Ways in which the provider's answer can come back.
const (
	ResponseModeQuery    = "query"
	ResponseModeFormPost = "form_post"
)

// NewState makes a state, which ties the answer to the pending sign-in: 256
// random bits.
func NewState() string { return random() }

// NewNonce makes a nonce, which ties the ID token to the pending sign-in: 256
// random bits.
func NewNonce() string { return random() }

// NewVerifier makes a PKCE code verifier (RFC 7636, section 4.1): 256 random
// bits in 43 characters. It must be kept sealed until the answer comes.
func NewVerifier() string { return random() }

func random() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// Request is what is asked of a provider: authorization code flow, always with
// state, nonce and PKCE by S256 (threat T-OIDC-08).
type Request struct {
	ClientID    string
	RedirectURI string
	State       string
	Nonce       string
	Verifier    string // of PKCE; its hash is sent

	// Scopes; none: openid, email and profile, or the provider's own.
	Scopes []string
	// Prompts is what the provider is to ask the person, of the constants above;
	// "none" stands alone.
	Prompts   []string
	LoginHint string // the address that the person typed
	// DomainHint is for Google (as hd) and Microsoft (as domain_hint), ignored
	// otherwise. It is a hint and proves nothing about who comes back.
	DomainHint   string
	ResponseMode string // "": the provider's default, query
	// Offline asks for a refresh token: Google and Microsoft only.
	Offline bool
}

// URL returns the address to send the browser to. Every value is encoded once,
// so that none can add a parameter (threat T-OIDC-31); those that the
// authorization endpoint has in its own query stay, but may not be ours. It
// fails with a fault: FormParamValueInvalid of oidc_prompt, FormParamMissing, or
// OAuthProviderMisconfigured.
func (r Request) URL(p Provider) (string, error) {
	if err := r.validate(p); err != nil {
		return "", err
	}
	u, err := url.Parse(p.AuthorizationEndpoint)
	if err != nil {
		return "", fault.New(fault.OAuthProviderMisconfigured, "reason", "authorization_endpoint is not a web address").Because(err)
	}
	q := u.Query()
	challenge := sha256.Sum256([]byte(r.Verifier))
	for name, value := range map[string]string{
		"response_type":         "code",
		"client_id":             r.ClientID,
		"redirect_uri":          r.RedirectURI,
		"scope":                 strings.Join(r.scopes(p), " "),
		"state":                 r.State,
		"nonce":                 r.Nonce,
		"code_challenge":        base64.RawURLEncoding.EncodeToString(challenge[:]),
		"code_challenge_method": "S256",
		"response_mode":         r.ResponseMode,
		"prompt":                strings.Join(r.Prompts, " "),
		"login_hint":            r.LoginHint,
	} {
		q.Del(name) // a value that the endpoint had must not lead elsewhere
		if value != "" {
			q.Set(name, value)
		}
	}
	quirk := quirkOf(p)
	if quirk.domainHint != "" && r.DomainHint != "" {
		q.Set(quirk.domainHint, r.DomainHint)
	}
	if r.Offline {
		for name, value := range quirk.offline {
			q.Set(name, value)
		}
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

func (r Request) validate(p Provider) error {
	var faults []error
	for _, f := range []struct{ name, value string }{
		{"client_id", r.ClientID},
		{"redirect_uri", r.RedirectURI},
		{"state", r.State},
		{"nonce", r.Nonce},
		{"code_verifier", r.Verifier},
	} {
		if f.value == "" {
			faults = append(faults, fault.New(fault.FormParamMissing, "param_name", f.name))
		}
	}
	if err := checkPrompts(r.Prompts); err != nil {
		faults = append(faults, err)
	}
	for _, scope := range r.Scopes {
		if !isScope(scope) {
			faults = append(faults, fault.New(fault.FormParamValueInvalid, "param_name", "scope"))
		}
	}
	if r.ResponseMode != "" && r.ResponseMode != ResponseModeQuery && r.ResponseMode != ResponseModeFormPost {
		faults = append(faults, fault.New(fault.FormParamValueInvalid, "param_name", "response_mode"))
	}
	return cmp.Or(fault.Join(faults...), p.Validate())
}

// ParsePrompts reads the oidc_prompt of a sign-in: prompts with spaces between
// them. It fails with FormParamValueInvalid.
func ParsePrompts(text string) ([]string, error) {
	prompts := strings.Fields(text)
	return prompts, checkPrompts(prompts)
}

func checkPrompts(prompts []string) error {
	known := []string{PromptNone, PromptLogin, PromptConsent, PromptSelectAccount}
	for i, p := range prompts {
		alone := p != PromptNone || len(prompts) == 1
		if !slices.Contains(known, p) || slices.Contains(prompts[:i], p) || !alone {
			return fault.New(fault.FormParamValueInvalid, "param_name", "oidc_prompt")
		}
	}
	return nil
}

// isScope reports whether a scope is one token of RFC 6749, section 3.3.
func isScope(s string) bool {
	for _, c := range []byte(s) {
		if c <= ' ' || c == '"' || c == '\\' || c >= 0x7F {
			return false
		}
	}
	return s != ""
}

// scopes returns what is asked for. Where there is an ID token, openid is always
// among it.
func (r Request) scopes(p Provider) []string {
	list := slices.Clone(r.Scopes)
	if len(list) == 0 {
		list = slices.Clone(quirkOf(p).scopes)
	}
	if len(list) == 0 {
		list = []string{"openid", "email", "profile"}
	}
	if p.HasIDToken() && !slices.Contains(list, "openid") {
		list = append([]string{"openid"}, list...)
	}
	if r.Offline {
		for _, s := range quirkOf(p).offlineScopes {
			if !slices.Contains(list, s) {
				list = append(list, s)
			}
		}
	}
	return list
}
