package oidc

import (
	"errors"
	"fmt"
	"strings"

	"usher/internal/fault"
)

// maxReceived is how much of a value that arrived is shown to an administrator,
// in bytes (threat T-OIDC-30).
const maxReceived = 512

// refusal is why something is refused: a reason of the catalogue of check.go and
// the two values that differ.
type refusal struct {
	reason   string
	expected string
	received string
}

func (r *refusal) Error() string {
	return fmt.Sprintf("oidc: %s: expected %s, received %s", r.reason, clip(r.expected), clip(r.received))
}

// refused makes the fault of a refusal. Its details are reason, expected and
// received.
func refused(code fault.Code, err error) error {
	f := fault.New(code)
	r, ok := errors.AsType[*refusal](err)
	if !ok {
		return f.Because(err)
	}
	return f.Detail("reason", r.reason, "expected", clip(r.expected), "received", clip(r.received))
}

// clip cuts a text to maxReceived, between two characters.
func clip(s string) string {
	if len(s) <= maxReceived {
		return s
	}
	return strings.ToValidUTF8(s[:maxReceived], "") + "…"
}
