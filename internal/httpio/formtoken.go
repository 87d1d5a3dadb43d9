package httpio

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"

	"usher/internal/fault"
)

// FormTokens makes and checks the tokens of forms (threat T-SES-07). A token is
// bound to a cookie of the browser's own and ends with it.
type FormTokens struct {
	Key []byte // 256 bits, for nothing else
}

// Token returns the token for the forms of the browser with this cookie.
func (f FormTokens) Token(cookie string) string {
	return base64.RawURLEncoding.EncodeToString(f.mac(cookie))
}

// Check refuses a form without the token of the browser's cookie. Without a
// cookie, every token is refused.
func (f FormTokens) Check(cookie, token string) error {
	got, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || cookie == "" || !hmac.Equal(got, f.mac(cookie)) {
		return fault.New(fault.CSRFTokenInvalid)
	}
	return nil
}

func (f FormTokens) mac(cookie string) []byte {
	m := hmac.New(sha256.New, f.Key)
	m.Write([]byte(cookie))
	return m.Sum(nil)
}
