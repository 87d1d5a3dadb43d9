package oidc

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// Ways to show the client secret (OpenID Connect Core, section 9).
const (
	methodBasic = "client_secret_basic"
	methodPost  = "client_secret_post"
)

// maxSecretToken is the longest access or refresh token that is taken, in bytes;
// ours. Entra ID's are the longest known, about 4 KiB with many groups.
const maxSecretToken = 32 << 10

// tokenCall is one request to a token endpoint.
type tokenCall struct {
	provider Provider
	clientID string
	secret   string // "": none
	form     url.Values
}

// tokenReply is a good answer of a token endpoint.
type tokenReply struct {
	idToken      string // "" where the provider is not one that has them
	accessToken  string
	refreshToken string
	tokenType    string
	scope        string
}

// tokens makes the request. Where it is not known how the endpoint wants the
// secret, a second way is tried after invalid_client.
func (c *Client) tokens(ctx context.Context, call tokenCall) (tokenReply, *Failure) {
	methods := call.methods()
	if len(methods) == 0 {
		return tokenReply{}, &Failure{"auth_method", methodBasic + " or " + methodPost, clip(strings.Join(call.provider.AuthMethods, " "))}
	}
	var got tokenReply
	var failure *Failure
	for _, method := range methods {
		got, failure = c.tokensBy(ctx, call, method)
		if failure == nil || failure.Reason != "invalid_client" {
			break
		}
	}
	if failure != nil {
		failure.Received = clip(call.scrub(failure.Received))
	}
	return got, failure
}

// methods are the ways to try, "" for a client without a secret.
func (call tokenCall) methods() []string {
	offered := call.provider.AuthMethods
	switch {
	case call.secret == "":
		return []string{""}
	case len(offered) == 0:
		return []string{methodBasic, methodPost}
	case slices.Contains(offered, methodBasic):
		return []string{methodBasic}
	case slices.Contains(offered, methodPost):
		return []string{methodPost}
	}
	return nil
}

// scrub takes our secrets out of what a provider said, should it repeat them.
func (call tokenCall) scrub(s string) string {
	for _, secret := range []string{call.secret, call.form.Get("code"), call.form.Get("code_verifier"), call.form.Get("refresh_token")} {
		if secret != "" {
			s = strings.ReplaceAll(s, secret, "[removed]")
		}
	}
	return s
}

func (c *Client) tokensBy(ctx context.Context, call tokenCall, method string) (tokenReply, *Failure) {
	form := url.Values{}
	for name, values := range call.form {
		form[name] = values
	}
	if method != methodBasic {
		form.Set("client_id", call.clientID)
	}
	if method == methodPost {
		form.Set("client_secret", call.secret)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, call.provider.TokenEndpoint, strings.NewReader(form.Encode()))
	if err != nil {
		return tokenReply{}, &Failure{"unreachable", "a web address", clip(call.provider.TokenEndpoint)}
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Accept", "application/json")
	if method == methodBasic { // each part is form-encoded first: RFC 6749, section 2.3.1
		r.SetBasicAuth(url.QueryEscape(call.clientID), url.QueryEscape(call.secret))
	}
	got, failure := send(withoutRedirects(c.HTTP), r, maxDocument)
	if failure != nil {
		return tokenReply{}, failure
	}
	return readTokens(call.provider, got)
}

func readTokens(p Provider, got reply) (tokenReply, *Failure) {
	if !got.isJSON() || got.status >= 300 && got.status < 400 || got.status >= 500 || got.status == http.StatusTooManyRequests {
		return tokenReply{}, got.notJSON()
	}
	doc, err := parseObject(got.body)
	if err != nil {
		return tokenReply{}, &Failure{"malformed", "a sound JSON object", "another"}
	}
	if _, failed := doc["error"]; failed { // some report it with status 200
		return tokenReply{}, tokenFailure(doc)
	}
	if got.status != http.StatusOK {
		return tokenReply{}, &Failure{"status", "status 200", fmt.Sprintf("status %d", got.status)}
	}
	t := tokenReply{
		accessToken:  doc.text("access_token"),
		refreshToken: doc.text("refresh_token"),
		tokenType:    doc.text("token_type"),
		scope:        clip(doc.text("scope")),
	}
	if p.HasIDToken() { // elsewhere none could be verified, so none is read
		t.idToken = doc.text("id_token")
	}
	switch {
	case !isSecretToken(t.accessToken) || !isSecretToken(t.refreshToken):
		return tokenReply{}, &Failure{"malformed", "tokens of printable characters", "others"}
	case t.accessToken != "" && t.tokenType != "" && !strings.EqualFold(t.tokenType, "Bearer"):
		return tokenReply{}, &Failure{"token_type", "Bearer", clip(t.tokenType)}
	}
	return t, nil
}

// isSecretToken reports whether a token fits into a header, as the empty one
// does.
func isSecretToken(s string) bool {
	return len(s) <= maxSecretToken && !strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7F })
}

// entraNumber finds Microsoft's error numbers in an error_description.
var entraNumber = regexp.MustCompile(`\bAADSTS([0-9]{4,8})\b`)

// entraNumbers returns the numbers by which Entra ID explains an error. They
// explain; the error's own code decides.
func entraNumbers(doc object) []string {
	var numbers []string
	list, _ := doc["error_codes"].([]any)
	for _, item := range list[:min(len(list), maxListed)] {
		if n, ok := item.(json.Number); ok {
			numbers = append(numbers, n.String())
		}
	}
	for _, m := range entraNumber.FindAllStringSubmatch(doc.text("error_description"), maxListed) {
		numbers = append(numbers, m[1])
	}
	return numbers
}

// tokenFailure explains an error of a token endpoint (RFC 6749, section 5.2).
func tokenFailure(doc object) *Failure {
	code, description := doc.text("error"), doc.text("error_description")
	received := code
	if description != "" {
		received += ": " + description
	}
	return &Failure{tokenReason(code, description, entraNumbers(doc)), "tokens", clip(received)}
}

func tokenReason(code, description string, numbers []string) string {
	for _, n := range numbers { // Microsoft's reference of error codes
		switch n {
		case "7000222":
			return "secret_expired"
		case "7000215":
			return "secret_wrong"
		case "54005":
			return "code_used"
		case "501481":
			return "pkce"
		case "700005":
			return "tenant_mismatch"
		case "50011":
			return "redirect_uri"
		case "50057", "50034", "51004": // disabled, deleted, not in the directory
			if code == "invalid_grant" || code == "interaction_required" {
				return "person_gone"
			}
		case "50072", "50074", "50076", "50079", "50131", "53000", "53001", "53002", "53003", "530032":
			return "interaction_required" // the person is there, and must do something
		}
	}
	switch code {
	case "invalid_client", "incorrect_client_credentials": // the latter is GitHub's
		return "invalid_client"
	case "redirect_uri_mismatch":
		return "redirect_uri"
	case "invalid_grant", "bad_verification_code": // the latter is GitHub's
		if strings.Contains(strings.ToLower(description), "redirect_uri") { // Okta, Keycloak
			return "redirect_uri"
		}
		return "invalid_grant"
	case "interaction_required", "login_required", "consent_required":
		return "interaction_required"
	case "invalid_request", "unauthorized_client", "unsupported_grant_type", "invalid_scope":
		return code
	case "server_error", "temporarily_unavailable":
		return "server_error"
	}
	return "provider_error"
}

// leftHash returns what at_hash must be for an access token: the left half of its
// hash, by the hash of the ID token's algorithm (OpenID Connect Core, section
// 3.1.3.6). Ed25519 hashes by SHA-512.
func leftHash(alg, accessToken string) string {
	var sum []byte
	switch {
	case accessToken == "":
		return ""
	case strings.HasSuffix(alg, "256"):
		h := sha256.Sum256([]byte(accessToken))
		sum = h[:]
	case strings.HasSuffix(alg, "384"):
		h := sha512.Sum384([]byte(accessToken))
		sum = h[:]
	default:
		h := sha512.Sum512([]byte(accessToken))
		sum = h[:]
	}
	return base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2])
}
