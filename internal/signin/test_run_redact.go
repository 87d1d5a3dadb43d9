package signin

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"usher/internal/oidc"
)

// What test runs show of an answer could be sent once more by whoever reads it, if
// it was whole: an answer that was refused for a setting is not used up. So what
// makes it count is taken out, and what it says is left.

// redacted stands for what was taken out.
const redacted = "redacted"

// maxShown is how much of a document is kept for the result, in bytes. Ours.
const maxShown = 128 << 10

// provesXML finds what proves a SAML message: signatures, and ciphers, which may
// hold some. A name's prefix is whatever comes before the colon.
var provesXML = regexp.MustCompile(`(?s)(<(?:[^\s<>/:]+:)?(?:SignatureValue|CipherValue)\b[^>]*>).*?(</(?:[^\s<>/:]+:)?(?:SignatureValue|CipherValue)\s*>|$)`)

// redactXML is a SAML message to be read and not to be used. Of one that is not the
// UTF-8 that SAML is written in, nothing is shown.
func redactXML(raw []byte) string {
	if len(raw) > maxShown || !utf8.Valid(raw) || strings.ContainsRune(string(raw), 0) {
		return ""
	}
	return provesXML.ReplaceAllString(string(raw), "${1}"+redacted+"${2}")
}

// redactOIDC is an OpenID provider's answer to be read and not to be used: the ID
// token without its signature, and user information.
func redactOIDC(ev oidc.Evidence) (idToken, userInfo string) {
	if ev.Token != nil {
		idToken = redactToken(ev.Token.IDToken)
	}
	if ev.UserInfo == nil || len(ev.UserInfo.Body) > maxShown || !utf8.Valid(ev.UserInfo.Body) {
		return idToken, ""
	}
	userInfo = strings.TrimSpace(string(ev.UserInfo.Body))
	if !strings.HasPrefix(userInfo, "{") { // a signed answer (OpenID Connect Core, section 5.3.2)
		userInfo = redactToken(userInfo)
	}
	return idToken, userInfo
}

// redactToken is a signed token without its signature. What is no signed token is
// not shown.
func redactToken(token string) string {
	parts := strings.Split(token, ".")
	switch {
	case token == "" || len(token) > maxShown:
		return ""
	case len(parts) != 3:
		return redacted
	}
	return parts[0] + "." + parts[1] + "." + redacted
}
