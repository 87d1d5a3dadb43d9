package oidc

import (
	"fmt"
	"net/url"

	"usher/internal/fault"
)

// Limits of an answer's parameters, in bytes. Ours: Entra ID's codes are the
// longest known, about 1,500.
const (
	maxState = 512
	maxCode  = 8 << 10
	maxError = 16 << 10 // of a description, of which 512 are kept
)

// Answer is what a provider sent back through the browser. It is hostile: only
// its State may be used before Redeem has looked at it, to find the pending
// sign-in.
type Answer struct {
	State string `json:"-"`
	Code  string `json:"-"`

	Issuer           string `json:"iss,omitempty"`
	Error            string `json:"error,omitempty"`
	ErrorDescription string `json:"error_description,omitempty"` // cut at 512 bytes; for administrators
	HasCode          bool   `json:"has_code"`
}

// ParseAnswer reads the query or the form of the redirect URI. Each parameter
// may occur once, and parameters that are not known are ignored. It fails with
// OAuthCallbackInvalid of the reason state, duplicate or too_long. An answer
// that reports an error is read; Redeem refuses it, once the state is known.
func ParseAnswer(form url.Values) (Answer, error) {
	var a Answer
	for _, f := range []struct {
		name string
		most int
		into *string
	}{
		{"state", maxState, &a.State},
		{"code", maxCode, &a.Code},
		{"iss", maxURL, &a.Issuer},
		{"error", maxReceived, &a.Error},
		{"error_description", maxError, &a.ErrorDescription},
	} {
		values := form[f.name]
		if len(values) == 0 {
			continue
		}
		if len(values) > 1 {
			return Answer{}, refused(fault.OAuthCallbackInvalid, &refusal{"duplicate", f.name + " once", fmt.Sprintf("%d times", len(values))})
		}
		if len(values[0]) > f.most {
			return Answer{}, refused(fault.OAuthCallbackInvalid,
				&refusal{"too_long", fmt.Sprintf("%s of at most %d bytes", f.name, f.most), fmt.Sprintf("%d bytes", len(values[0]))})
		}
		*f.into = values[0]
	}
	if a.State == "" {
		return Answer{}, refused(fault.OAuthCallbackInvalid, &refusal{"state", "a state", "none"})
	}
	a.HasCode = a.Code != ""
	a.ErrorDescription = clip(a.ErrorDescription)
	return a, nil
}

// judgeAnswer looks at an answer before anything is done with its code: who
// sent it (threat T-OIDC-04), then whether it brings a code.
func (j *judge) judgeAnswer(a Answer) error {
	p := j.expect.Provider
	switch {
	case p.Issuer == "": // nothing to compare with
	case a.Issuer != "" || p.IssuerInAnswer:
		if err := j.check("answer_issuer", p.namesIssuer(a.Issuer), refusal{"iss", p.Issuer, a.Issuer}); err != nil {
			return refuse(fault.OAuthCallbackInvalid, err)
		}
	}
	switch {
	case a.Error == "access_denied":
		return refuse(fault.OAuthAccessDenied, j.note("answer", &refusal{"access_denied", "a code", said(a)}))
	case a.Error != "":
		return refuse(fault.OAuthCallbackInvalid, j.note("answer", &refusal{"provider_error", "a code", said(a)}))
	case !a.HasCode:
		return refuse(fault.OAuthCallbackInvalid, j.note("answer", &refusal{"code", "a code", "none"}))
	}
	j.pass("answer", "a code", "a code")
	return nil
}

// said is what a provider said of its error.
func said(a Answer) string {
	if a.ErrorDescription == "" {
		return a.Error
	}
	return a.Error + ": " + a.ErrorDescription
}
