package guided_test

import (
	"testing"

	"usher/internal/guide"
	"usher/internal/web/guided"
)

func TestStep_LosesNothingOfAnyGuide(t *testing.T) {
	t.Parallel()
	set, err := guide.Load()
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range set.All() {
		asked := false
		for _, s := range g.Steps {
			want := 0
			for _, b := range s.Blocks {
				if b.Kind != guide.BlockAsk {
					want++
				}
			}
			if got := len(guided.Step(s)); got != want {
				t.Errorf("%s, %s: %d blocks drawn, want %d", g.Key, s.Title, got, want)
			}
			asked = asked || len(guided.Asks(s)) > 0
		}
		if !asked && g.Protocol != guide.EASIE {
			t.Errorf("%s asks for nothing", g.Key)
		}
	}
}
