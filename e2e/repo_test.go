package e2e

import (
	"bytes"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"usher/internal/fault"
)

// mayImport is the architecture: which of our packages each package may use,
// "*" for all. A package that is not listed fails the test, so the list is
// complete. Names are below internal/, or else below the root. Tests may use
// more: a surface is tested on real flows and a real database.
var mayImport = map[string][]string{
	"cmd/usher": {"fault", "identity", "manage", "policy", "practice", "saml", "secret", "seed", "server", "session", "signin", "store"},

	"server": {
		"backendapi", "fault", "frontendapi", "httpio", "identity", "manage", "notify", "oidc", "policy", "practice",
		"provision", "resolver", "saml", "secret", "session", "signin", "store", "web/account", "web/dashboard", "web/page", "web/portal",
	},

	"backendapi":            {"fault", "httpio", "identity", "manage", "session", "signin"},
	"frontendapi":           {"fault", "httpio", "identity", "manage", "session", "signin"},
	"web/account":           {"fault", "httpio", "identity", "manage", "message", "policy", "session", "signin", "web/page"},
	"web/dashboard":         {"cause", "fault", "guide", "httpio", "identity", "manage", "policy", "session", "signin", "web/guided", "web/page"},
	"web/portal":            {"fault", "guide", "httpio", "identity", "manage", "message", "signin", "web/guided", "web/page"},
	"web/guided":            {"guide", "web/page"},
	"web/page":              {"fault", "httpio", "message"},
	"practice":              {},
	"practice/practicetest": {"practice"},
	"httpio":                {"fault"},

	"signin":  {"cause", "fault", "identity", "mail", "oidc", "policy", "provision", "saml", "secret", "session", "store"},
	"manage":  {"fault", "identity", "mail", "oidc", "picture", "policy", "provision", "saml", "secret", "store"},
	"session": {"fault", "identity", "secret", "store"},
	"notify":  {"identity", "mail", "store"},
	"mail":    {"fault", "identity", "store"},

	"provision":       {"fault", "identity", "policy", "store"},
	"seed":            {"fault", "identity", "store"},
	"store":           {"fault", "identity", "secret"},
	"store/storetest": {"identity", "secret", "store"},
	"secret":          {},

	"policy":   {"fault", "identity"},
	"cause":    {"fault", "identity"},
	"identity": {"fault"},
	"oidc":     {"fault"},
	"picture":  {"fault"},
	"saml":     {"fault"},
	"fault":    {},
	"guide":    {"identity"},
	"message":  {},

	"resolver":              {},
	"resolver/resolvertest": {},

	"e2e":     {"*"},
	"e2e/gen": {"backendapi", "cause", "fault", "server"},
}

// root is the repository, from this folder.
const root = ".."

// source is one Go file.
type source struct {
	path string // from the root, with slashes
	test bool
	file *ast.File
}

// imports returns the paths that the file imports.
func (s source) imports() []string {
	var paths []string
	for _, spec := range s.file.Imports {
		if p, err := strconv.Unquote(spec.Path.Value); err == nil {
			paths = append(paths, p)
		}
	}
	return paths
}

// sources reads every Go file of the module, by package as mayImport names it.
func sources(t *testing.T) map[string][]source {
	t.Helper()
	found := map[string][]source{}
	fset := token.NewFileSet()
	walk(t, func(name string, text []byte) {
		if !strings.HasSuffix(name, ".go") || strings.HasPrefix(name, "tools/") || strings.Contains(name, "/testdata/") {
			return
		}
		file, err := parser.ParseFile(fset, name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		pkg := strings.TrimPrefix(path.Dir(name), "internal/")
		found[pkg] = append(found[pkg], source{name, strings.HasSuffix(name, "_test.go"), file})
	})
	return found
}

// walk visits the files of the repository, without what is built, fetched or
// git's own.
func walk(t *testing.T, visit func(name string, text []byte)) {
	t.Helper()
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains([]string{".git", ".cache", "bin", "build", "node_modules", "usher-data"}, d.Name()) {
				return filepath.SkipDir
			}
			return nil
		}
		if !d.Type().IsRegular() || d.Name() == ".git" { // a linked worktree has a file of that name
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(root, name)
		visit(filepath.ToSlash(rel), text)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestImports_FollowTheTable(t *testing.T) {
	t.Parallel()
	found := sources(t)
	for pkg, files := range found {
		allowed, listed := mayImport[pkg]
		if !listed {
			t.Errorf("%s is not listed in mayImport", pkg)
			continue
		}
		for _, f := range files {
			for _, p := range f.imports() {
				of, ours := strings.CutPrefix(p, "usher/")
				of = strings.TrimPrefix(of, "internal/")
				if ours && !f.test && !slices.Contains(allowed, of) && !slices.Contains(allowed, "*") {
					t.Errorf("%s imports %s; %s may import %v", f.path, of, pkg, allowed)
				}
			}
		}
	}
	for pkg, allowed := range mayImport {
		for _, p := range append([]string{pkg}, allowed...) {
			if p != "*" && found[p] == nil {
				t.Errorf("mayImport names %s, which does not exist", p)
			}
		}
	}
}

func TestImports_TableHasNoCircle(t *testing.T) {
	t.Parallel()
	done := map[string]bool{}
	var visit func(pkg string, way []string)
	visit = func(pkg string, way []string) {
		if slices.Contains(way, pkg) {
			t.Errorf("a circle: %s", strings.Join(append(way, pkg), " → "))
			return
		}
		if done[pkg] {
			return
		}
		for _, p := range mayImport[pkg] {
			visit(p, append(way, pkg))
		}
		done[pkg] = true
	}
	for _, pkg := range slices.Sorted(maps.Keys(mayImport)) {
		visit(pkg, nil)
	}
}

// Tokens of encoding/xml do not survive a round trip (CVE-2020-29509 to 29511),
// and two parsers that disagree are how signatures are wrapped. Its tests do
// without it too, so that nothing is judged by it.
func TestImports_SAMLReadsXMLItself(t *testing.T) {
	t.Parallel()
	for _, f := range sources(t)["saml"] {
		if slices.Contains(f.imports(), "encoding/xml") {
			t.Errorf("%s imports encoding/xml", f.path)
		}
	}
}

func TestPackages_SayWhatTheyOwn(t *testing.T) {
	t.Parallel()
	for pkg, files := range sources(t) {
		if !slices.ContainsFunc(files, func(f source) bool { return !f.test && f.file.Doc != nil }) {
			t.Errorf("%s has no package comment", pkg)
		}
	}
}

func TestFaults_EveryCodeHasItsWords(t *testing.T) {
	t.Parallel()
	for _, code := range declaredCodes(t) {
		e, ok := fault.Lookup(code)
		switch {
		case !ok:
			t.Errorf("%s is not in the catalogue", code)
		case e.Status < 400 || e.Status > 599:
			t.Errorf("%s has the status %d", code, e.Status)
		case e.Message == "" || e.Long == "":
			t.Errorf("%s lacks words", code)
		}
	}
}

// declaredCodes returns the constants of package fault and the codes that are
// spelled out elsewhere as fault.Code("…").
func declaredCodes(t *testing.T) []fault.Code {
	t.Helper()
	var codes []fault.Code
	add := func(e ast.Expr) {
		if lit, ok := e.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if s, err := strconv.Unquote(lit.Value); err == nil {
				codes = append(codes, fault.Code(s))
			}
		}
	}
	for pkg, files := range sources(t) {
		for _, f := range files {
			if f.test {
				continue
			}
			ast.Inspect(f.file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.ValueSpec:
					if id, ok := n.Type.(*ast.Ident); ok && pkg == "fault" && id.Name == "Code" {
						for _, v := range n.Values {
							add(v)
						}
					}
				case *ast.CallExpr:
					sel, ok := n.Fun.(*ast.SelectorExpr)
					if ok && sel.Sel.Name == "Code" && len(n.Args) == 1 {
						if x, ok := sel.X.(*ast.Ident); ok && x.Name == "fault" {
							add(n.Args[0])
						}
					}
				}
				return true
			})
		}
	}
	if len(codes) < len(fault.Codes()) {
		t.Errorf("found %d codes in the sources, %d in the catalogue", len(codes), len(fault.Codes()))
	}
	return codes
}

// Whoever clones the repository has neither our machines nor our trackers: no
// file names a registry's host, a folder of a workplace or an issue's number.
func TestFiles_SpeakOfUsherAlone(t *testing.T) {
	t.Parallel()
	elsewhere := regexp.MustCompile(`(?i)proxy\.golang\.[o]rg|sum\.golang\.[o]rg|registry\.npmjs\.[o]rg|deb\.debian\.[o]rg|pypi\.[o]rg|["'\s(=]/work[/]|issue [#]\d*`)
	beside := []byte(".." + "/shared") // test data that some tests look for beside the checkout
	walk(t, func(name string, text []byte) {
		if bytes.IndexByte(text, 0) >= 0 {
			return // not text
		}
		for i, line := range bytes.Split(text, []byte("\n")) {
			if hit := elsewhere.Find(line); hit != nil {
				t.Errorf("%s:%d: %s", name, i+1, hit)
			}
			if !strings.HasSuffix(name, "_test.go") && bytes.Contains(line, beside) {
				t.Errorf("%s:%d: %s", name, i+1, beside)
			}
		}
	})
}
