package door

import (
	"slices"
	"testing"
)

func TestDoor(t *testing.T) {
	d, rules := Admit(17, "Ada")
	if d.Denied == nil || !slices.Equal(rules, []string{"age"}) {
		t.Error("17 is admitted")
	}
	if Open("", false) == nil || Open("xes", false) == nil || Open("yes", false) != nil {
		t.Error("the key is not looked at")
	}
	if Open("yes", true) == nil || Open("no", false) == nil {
		t.Error("the spare key or a wrong one opens")
	}
	if _, err := weigh("pine"); err == nil {
		t.Error("pine is known")
	}
}
