package secret_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"usher/internal/secret"
)

func TestTicket_ComesBackAsItWasSigned(t *testing.T) {
	t.Parallel()
	ring, err := secret.ParseKeyRing(secret.NewKeyRing("k"))
	if err != nil {
		t.Fatal(err)
	}
	want := secret.Ticket{Kind: secret.TicketInvitation, ID: "inv_1", Says: []string{"ada@acme.test"}}
	text, err := ring.SignTicket(want)
	if err != nil {
		t.Fatal(err)
	}
	got, ok := ring.OpenTicket(text)
	if diff := cmp.Diff(want, got); diff != "" || !ok {
		t.Errorf("ok %v (-want +got):\n%s", ok, diff)
	}
	for name, bad := range map[string]string{ // threat T-ORG-08
		"nothing":           "",
		"a body alone":      strings.Split(text, ".")[0],
		"another signature": strings.Split(text, ".")[0] + "." + ring.HashToken("code", strings.Split(text, ".")[0]),
		"another body":      "e30." + strings.Split(text, ".")[1],
		"something behind":  text + "A",
		"too long":          strings.Repeat("A", 3000) + "." + strings.Split(text, ".")[1],
	} {
		if _, ok := ring.OpenTicket(bad); ok {
			t.Errorf("%s opens", name)
		}
	}
}
