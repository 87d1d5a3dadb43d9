package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestDocuments_AreFresh(t *testing.T) {
	t.Parallel()
	docs, err := documents("../..")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range docs {
		got, err := os.ReadFile(filepath.Join("../..", name))
		if err != nil {
			t.Error(err)
			continue
		}
		if string(got) != want {
			t.Errorf("%s is stale: run make generate", name)
		}
	}
}
