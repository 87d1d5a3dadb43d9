package backendapi_test

import (
	"slices"
	"strings"
	"testing"

	"usher/internal/backendapi"
)

// docs/compatibility.md is made from the table; this holds the table to Clerk's
// description.
func TestCompatibility_NamesEveryOperationOfTheDescription(t *testing.T) {
	t.Parallel()
	doc, err := spec()
	if err != nil {
		t.Fatal(err)
	}
	if doc == nil {
		t.Skip("the description of the API is not beside the checkout: " + specFile)
	}
	var want []string
	for path, operations := range doc["paths"].(object) {
		for method := range operations.(object) {
			if slices.Contains([]string{"get", "post", "put", "patch", "delete"}, method) {
				want = append(want, strings.ToUpper(method)+" "+path)
			}
		}
	}
	var got []string
	for _, o := range backendapi.Operations() {
		got = append(got, o.Method+" "+o.Path)
	}
	slices.Sort(want)
	slices.Sort(got)
	equal(t, "operations", got, want)
}

func TestCompatibility_SaysWhatIsServed(t *testing.T) {
	t.Parallel()
	reasons := map[string]string{}
	for _, o := range backendapi.Operations() {
		reasons[o.Method+" "+o.Path] = o.Reason
	}
	for _, served := range []string{"GET /users", "POST /saml_connections", "POST /sessions/{session_id}/tokens/{template_name}", "GET /jwks", "GET /domains"} {
		equal(t, served, reasons[served], "")
	}
	for op, want := range map[string]string{
		"GET /billing/plans": "there is no billing", "POST /domains": "a deployment has one domain, which is its configuration", "POST /phone_numbers": "telephone numbers are not kept, and no SMS is sent",
	} {
		equal(t, op, reasons[op], want)
	}
}
