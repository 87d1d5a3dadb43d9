// Gen writes what the documentation says about the code, from the code:
//
//   - docs/compatibility.md from the operations of package backendapi,
//   - docs/errors.md from the catalogue of package fault,
//   - docs/troubleshooting.md from the causes of package cause,
//   - docs/configuration.md from the options of package server,
//   - the table of packages in ARCHITECTURE.md from mayImport in
//     e2e/repo_test.go and the package comments.
//
// It is run by "make generate"; "make check" fails if that changes anything.
package main

import (
	"fmt"
	"os"
	"path/filepath"
)

//go:generate go run . ../..

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gen ROOT")
		os.Exit(2)
	}
	if err := write(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

// write writes every document below root.
func write(root string) error {
	docs, err := documents(root)
	if err != nil {
		return err
	}
	for name, text := range docs {
		if err := os.WriteFile(filepath.Join(root, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// documents returns each document's text by its name below root.
func documents(root string) (map[string]string, error) {
	architecture, err := architecture(root)
	if err != nil {
		return nil, err
	}
	return map[string]string{
		"docs/compatibility.md":   compatibilityDocument(),
		"docs/errors.md":          errorsDocument(),
		"docs/troubleshooting.md": troubleshootingDocument(),
		"docs/configuration.md":   configurationDocument(),
		"ARCHITECTURE.md":         architecture,
	}, nil
}
