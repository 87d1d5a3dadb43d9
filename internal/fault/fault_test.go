package fault_test

import (
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"usher/internal/fault"
)

func TestCatalogue_EveryCodeHasAStatusAndWords(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	for _, code := range fault.Codes() {
		e, ok := fault.Lookup(code)
		switch {
		case !ok || !form.MatchString(string(code)):
			t.Errorf("%q is no code", code)
		case e.Status < 400 || e.Status > 599:
			t.Errorf("%s: status %d", code, e.Status)
		case !strings.HasSuffix(e.Message, ".") || !strings.HasSuffix(strings.ReplaceAll(e.Long, "….", "."), "."):
			t.Errorf("%s: its words are no sentences: %q, %q", code, e.Message, e.Long)
		}
	}
}

func TestError_WordsAreFilledWithMetaAndTheFixWithDetailsToo(t *testing.T) {
	t.Parallel()
	e := fault.New(fault.SAMLEmailAddressDomainMismatch, "expected_domain", "acme.test", "received_domain", "evil.test")
	if got, want := e.LongMessage(), "The identity provider sent an address at evil.test; this connection speaks for acme.test."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	r := fault.New(fault.SAMLResponseInvalid).Detail("reason", "audience", "expected", "us", "received", "them")
	if got := r.LongMessage(); strings.Contains(got, "us") && strings.Contains(got, "them") {
		t.Errorf("details are for administrators, and the caller is told %q", got)
	}
	if got := r.Fix(); !strings.Contains(got, "us") || !strings.Contains(got, "them") {
		t.Errorf("the fix %q lacks the details", got)
	}
}

func TestError_AReasonMayHaveItsOwnWords(t *testing.T) {
	t.Parallel()
	usual := fault.New(fault.SAMLEmailAddressDomainMismatch)
	typed := fault.New(fault.SAMLEmailAddressDomainMismatch).Detail("reason", "email_as_typed")
	if usual.Message() == typed.Message() || usual.Status() != typed.Status() {
		t.Errorf("got %q (%d) and %q (%d)", usual.Message(), usual.Status(), typed.Message(), typed.Status())
	}
}

func TestFrom_AnythingElseIsAnInternalError(t *testing.T) {
	t.Parallel()
	cause := errors.New("disk on fire")
	e := fault.From(fmt.Errorf("store: %w", cause))
	if e.Code() != fault.InternalError || !errors.Is(e, cause) {
		t.Errorf("got %v", e)
	}
	if strings.Contains(e.Message()+e.LongMessage(), "fire") {
		t.Error("the cause is shown to the caller")
	}
	if fault.From(nil) != nil {
		t.Error("nil became an error")
	}
	if got := fault.New("made_up").Code(); got != fault.InternalError {
		t.Errorf("a code outside the catalogue: got %s", got)
	}
}

func TestAll_ListsEveryFailureInOrder(t *testing.T) {
	t.Parallel()
	err := fault.Join(nil, fault.New(fault.FormParamMissing, "param_name", "name"),
		fmt.Errorf("later: %w", fault.New(fault.FormParamNil, "param_name", "role")))
	var got []string
	for _, e := range fault.All(err) {
		got = append(got, string(e.Code()))
	}
	if want := "form_param_missing form_param_nil"; strings.Join(got, " ") != want {
		t.Errorf("got %v, want %s", got, want)
	}
	if !fault.Is(err, fault.FormParamNil) || fault.Is(err, fault.NotFound) || fault.Is(nil, fault.NotFound) {
		t.Error("Is does not find what All lists")
	}
	if fault.Join(nil, nil) != nil {
		t.Error("no failures became an error")
	}
}
