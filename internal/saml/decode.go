package saml

import (
	"bytes"
	"compress/flate"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"

	"usher/internal/fault"
)

// maxDeflated is the largest message of the Redirect binding before inflation,
// in bytes (threat T-DOS-04); ours. Inflated, the limit of responses holds.
const maxDeflated = 16 << 10

// DecodePost decodes the SAMLResponse or SAMLRequest field of a form
// (SAML bindings, section 3.5.4). Line breaks and spaces inside are fine, and so
// is a percent-encoding that is left over from a sender who applied it twice. An
// error is a fault of the code SAMLResponseInvalid.
func DecodePost(field string) ([]byte, error) {
	most := responseLimits().bytes
	// Four characters stand for three bytes; a third more is left for white space.
	if len(field) > 2*most {
		return nil, refused(&refusal{"limit", fmt.Sprintf("at most %d bytes of XML", most), fmt.Sprintf("%d characters of base64", len(field))})
	}
	if strings.Contains(field, "%") {
		if plain, err := url.PathUnescape(field); err == nil { // PathUnescape keeps "+"
			field = plain
		}
	}
	raw, err := decodeBase64(field)
	if err != nil || len(raw) == 0 {
		return nil, refused(&refusal{"encoding", "a message in base64", "something else"})
	}
	if len(raw) > most {
		return nil, refused(&refusal{"limit", fmt.Sprintf("at most %d bytes of XML", most), fmt.Sprintf("%d bytes", len(raw))})
	}
	return raw, nil
}

// DecodeRedirect decodes the SAMLResponse or SAMLRequest parameter of a query,
// URL decoding already done (SAML bindings, section 3.4.4.1). An error is a
// fault of the code SAMLResponseInvalid.
func DecodeRedirect(value string) ([]byte, error) {
	if len(value) > 2*maxDeflated {
		return nil, refused(&refusal{"limit", fmt.Sprintf("at most %d bytes", maxDeflated), fmt.Sprintf("%d characters of base64", len(value))})
	}
	packed, err := decodeBase64(value)
	if err != nil {
		return nil, refused(&refusal{"encoding", "a message in base64", "something else"})
	}
	if len(packed) > maxDeflated {
		return nil, refused(&refusal{"limit", fmt.Sprintf("at most %d bytes", maxDeflated), fmt.Sprintf("%d bytes", len(packed))})
	}
	most := responseLimits().bytes
	in := bytes.NewReader(packed)
	raw, err := io.ReadAll(io.LimitReader(flate.NewReader(in), int64(most)+1))
	switch {
	case err != nil || len(raw) == 0 || len(raw) <= most && in.Len() > 0:
		return nil, refused(&refusal{"encoding", "a message compressed by DEFLATE", "something else"})
	case len(raw) > most:
		return nil, refused(&refusal{"limit", fmt.Sprintf("at most %d bytes of XML", most), "more"})
	}
	return raw, nil
}

// decodeBase64 decodes standard base64 with white space anywhere.
func decodeBase64(s string) ([]byte, error) {
	if strings.ContainsAny(s, xmlSpace) {
		s = strings.Map(func(r rune) rune {
			if r < 0x80 && isSpace(byte(r)) { //nolint:gosec // ASCII
				return -1
			}
			return r
		}, s)
	}
	return base64.StdEncoding.DecodeString(s)
}

// refused makes the fault of a refusal.
func refused(err error) error {
	f := fault.New(fault.SAMLResponseInvalid).Because(err)
	if r, ok := errors.AsType[*refusal](err); ok {
		return f.Detail("reason", r.reason, "expected", clip(r.expected), "received", clip(r.received))
	}
	return f
}

// maxReceived is how much of a value that arrived is shown to an administrator,
// in bytes (threat T-SAML-19); ours.
const maxReceived = 512

// clip cuts a text to maxReceived, between two characters.
func clip(s string) string {
	if len(s) <= maxReceived {
		return s
	}
	return strings.ToValidUTF8(s[:maxReceived], "") + "…"
}
