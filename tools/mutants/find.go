package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
)

// mutant is one check that can be switched off.
type mutant struct {
	id   int // from 1
	file string
	line int
	fn   string
	text string // the check, and how it is switched off
	nth  int    // among those of the function with the same text, from 1
}

// key names the check without its line number, so that it outlives edits.
func (m *mutant) key() string {
	s := m.file + " " + m.fn + ": " + m.text
	if m.nth > 1 {
		s += fmt.Sprintf(" (%d)", m.nth)
	}
	return s
}

func (m *mutant) String() string {
	return fmt.Sprintf("%s:%d %s", m.file, m.line, strings.TrimPrefix(m.key(), m.file+" "))
}

// pkg is a package and its checks.
type pkg struct {
	dir, name string
	files     []*file
	mutants   []*mutant
}

type file struct {
	name  string
	text  []byte
	edits []edit
}

// findIn finds the checks of a package's product files that match pattern; an
// empty one matches all.
func findIn(dir, pattern string) (*pkg, error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	p := &pkg{dir: dir}
	for _, name := range names {
		base := filepath.Base(name)
		if strings.HasSuffix(base, "_test.go") {
			continue
		}
		if ok, err := filepath.Match(pattern, base); err != nil {
			return nil, err
		} else if !ok && pattern != "" {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if err := p.find(name, text); err != nil {
			return nil, err
		}
	}
	if len(p.mutants) == 0 {
		return nil, fmt.Errorf("no checks in %s", dir)
	}
	return p, nil
}

func (p *pkg) find(name string, text []byte) error {
	fset := token.NewFileSet()
	tree, err := parser.ParseFile(fset, name, text, 0)
	if err != nil {
		return err
	}
	p.name = tree.Name.Name
	f := &file{name: filepath.Base(name), text: text}
	p.files = append(p.files, f)
	for _, d := range tree.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || fn.Body == nil {
			continue
		}
		s := &finder{pkg: p, file: f, path: filepath.ToSlash(name), fset: fset, fn: fn.Name.Name, texts: map[string]int{}}
		s.function(fn.Type, fn.Body)
	}
	return nil
}

// finder walks one declared function. A function literal in it is walked under
// the same name.
type finder struct {
	pkg   *pkg
	file  *file
	path  string
	fset  *token.FileSet
	fn    string
	texts map[string]int

	results []string // types of the results, as written
	// defaultRefuses: the function's last statement refuses, so whatever returns
	// otherwise before it is an acceptance.
	defaultRefuses bool
	guarded        map[*ast.ReturnStmt]bool // refusals that a condition leads to

	before  map[*ast.IfStmt]ast.Stmt // the statement before it
	errFrom string                   // which call made the err of a condition
}

func (s *finder) function(t *ast.FuncType, body *ast.BlockStmt) {
	inner := *s
	inner.results = nil
	if t.Results != nil {
		for _, field := range t.Results.List {
			for range max(1, len(field.Names)) {
				inner.results = append(inner.results, s.src(field.Type))
			}
		}
	}
	inner.guarded = map[*ast.ReturnStmt]bool{}
	inner.before = map[*ast.IfStmt]ast.Stmt{}
	inner.defaultRefuses = inner.refuses(body.List)
	inner.walk(body)
}

// walk visits what is below n and takes each function literal by itself.
func (s *finder) walk(n ast.Node) {
	ast.Inspect(n, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			s.function(n.Type, n.Body)
			return false
		case *ast.BlockStmt:
			s.noteBefore(n.List)
		case *ast.CaseClause:
			s.noteBefore(n.Body)
		case *ast.IfStmt:
			s.ifStmt(n)
		case *ast.SwitchStmt:
			s.clauses(n, n.Body, n.Tag == nil)
		case *ast.TypeSwitchStmt:
			s.clauses(n, n.Body, false)
		case *ast.ReturnStmt:
			s.returnStmt(n)
		case *ast.AssignStmt:
			for _, e := range n.Rhs {
				if b, ok := e.(*ast.BinaryExpr); ok && b.Op == token.LAND {
					s.needed(e)
				}
			}
		case *ast.CallExpr:
			s.checkCall(n)
		}
		return true
	})
}

// ifStmt takes "if refusing { … return refusal }", its mirror image with else,
// and "if fitting { return acceptance }" in a function that refuses by default.
func (s *finder) ifStmt(n *ast.IfStmt) {
	refusedElse := false
	if e, ok := n.Else.(*ast.BlockStmt); ok {
		refusedElse = s.guardedRefusal(e.List)
	}
	switch {
	case s.guardedRefusal(n.Body.List), skipsOnError(n):
		s.errFrom = s.origin(n)
		s.harmful(n.Cond)
		s.errFrom = ""
	case refusedElse, s.accepts(n.Body.List):
		s.needed(n.Cond)
	}
}

// clauses takes the clauses of a switch. With no tag, conditions are switched
// off; otherwise the clause is left at its start.
func (s *finder) clauses(sw ast.Stmt, body *ast.BlockStmt, conditions bool) {
	left := false
	for _, stmt := range body.List {
		c := stmt.(*ast.CaseClause)
		switch {
		case conditions && s.accepts(c.Body):
			for _, e := range c.List {
				s.needed(e)
			}
		case !s.guardedRefusal(c.Body):
		case conditions && c.List != nil:
			for _, e := range c.List {
				s.harmful(e)
			}
		default:
			text := "default"
			if c.List != nil {
				text = "case " + s.between(c.List[0].Pos(), c.List[len(c.List)-1].End())
			}
			id := s.add(c, text+", left out")
			s.insert(c.Colon+1, 0, fmt.Sprintf(" if !mutantKeep(%d) { break };", id))
			left = true
		}
	}
	if left && terminates(body) {
		s.insert(sw.End(), 0, `; panic("mutants: this switch can't be left")`)
	}
}

// returnStmt takes errors that are returned without a condition, and verdicts.
func (s *finder) returnStmt(n *ast.ReturnStmt) {
	if len(n.Results) != len(s.results) {
		return
	}
	last := len(s.results) - 1
	for i, e := range n.Results {
		switch {
		case s.results[i] == "bool":
			switch e := e.(type) {
			case *ast.BinaryExpr:
				if e.Op == token.LOR {
					s.harmful(e)
				} else {
					s.needed(e)
				}
			case *ast.CallExpr, *ast.UnaryExpr:
				s.needed(e)
			}
		case i == last && s.results[i] == "error" && !s.guarded[n] && !isIdent(e, "nil"):
			id := s.add(e, "return "+s.src(e)+", as nil")
			s.insert(e.Pos(), 1, fmt.Sprintf("mutantErr(%d, ", id))
			s.insert(e.End(), -1, ")")
		}
	}
}

// checkCall takes the parts of the verdict in check(name, a && b, …); the whole
// is taken where the call's result is used.
func (s *finder) checkCall(n *ast.CallExpr) {
	name := callee(n)
	if (name != "check" && name != "note") || len(n.Args) < 2 {
		return
	}
	if b, ok := n.Args[1].(*ast.BinaryExpr); ok && b.Op == token.LAND {
		s.needed(b)
	}
}

// harmful switches off each part of a condition that leads to a refusal. The
// condition is evaluated all the same, for what else it does.
func (s *finder) harmful(e ast.Expr) {
	for _, part := range parts(e, token.LOR) {
		text := s.src(part)
		if s.errFrom != "" && text == "err != nil" {
			text = "err of " + s.errFrom
		}
		id := s.add(part, text+", ignored")
		s.insert(part.Pos(), 1, "((")
		s.insert(part.End(), -1, fmt.Sprintf(") && mutantKeep(%d))", id))
	}
}

// needed takes each part of a condition that an acceptance needs as met.
func (s *finder) needed(e ast.Expr) {
	for _, part := range parts(e, token.LAND) {
		id := s.add(part, s.src(part)+", taken as met")
		s.insert(part.Pos(), 1, "((")
		s.insert(part.End(), -1, fmt.Sprintf(") || !mutantKeep(%d))", id))
	}
}

func (s *finder) noteBefore(list []ast.Stmt) {
	for i, stmt := range list[min(1, len(list)):] {
		if n, ok := stmt.(*ast.IfStmt); ok {
			s.before[n] = list[i]
		}
	}
}

// origin names the call that made the err which a condition looks at.
func (s *finder) origin(n *ast.IfStmt) string {
	from := n.Init
	if from == nil {
		from = s.before[n]
	}
	if assign, ok := from.(*ast.AssignStmt); ok && len(assign.Rhs) == 1 {
		if call, ok := assign.Rhs[0].(*ast.CallExpr); ok {
			return callee(call)
		}
	}
	return ""
}

func (s *finder) add(n ast.Node, text string) int {
	text = strings.Join(strings.Fields(text), " ")
	s.texts[text]++
	m := &mutant{
		id: len(s.pkg.mutants) + 1, file: s.path, line: s.fset.Position(n.Pos()).Line,
		fn: s.fn, text: text, nth: s.texts[text],
	}
	s.pkg.mutants = append(s.pkg.mutants, m)
	return m.id
}

func (s *finder) insert(at token.Pos, order int, text string) {
	s.file.edits = append(s.file.edits, edit{s.fset.Position(at).Offset, order, text})
}

func (s *finder) src(n ast.Node) string { return s.between(n.Pos(), n.End()) }

func (s *finder) between(from, to token.Pos) string {
	return string(s.file.text[s.fset.Position(from).Offset:s.fset.Position(to).Offset])
}
