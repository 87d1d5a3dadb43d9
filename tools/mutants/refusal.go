package main

import (
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// refuses reports whether statements end in the return of a refusal: an error
// that is not nil, false, or what deny returns.
func (s *finder) refuses(list []ast.Stmt) bool {
	ret := lastReturn(list)
	return ret != nil && s.isRefusal(ret)
}

// guardedRefusal is refuses for statements that a condition leads to: the check
// is the condition, and the return is none beside it.
func (s *finder) guardedRefusal(list []ast.Stmt) bool {
	if !s.refuses(list) {
		return false
	}
	s.guarded[lastReturn(list)] = true
	return true
}

// accepts reports whether statements end in a return that is no refusal, in a
// function that refuses by default.
func (s *finder) accepts(list []ast.Stmt) bool {
	ret := lastReturn(list)
	return s.defaultRefuses && ret != nil && len(ret.Results) == len(s.results) && !s.isRefusal(ret)
}

func (s *finder) isRefusal(ret *ast.ReturnStmt) bool {
	if len(ret.Results) == 0 || len(s.results) == 0 {
		return false
	}
	last := ret.Results[len(ret.Results)-1]
	switch s.results[len(s.results)-1] {
	case "bool":
		return isIdent(last, "false")
	case "Decision":
		call, ok := last.(*ast.CallExpr)
		return ok && strings.HasPrefix(callee(call), "deny")
	case "error", "*refusal":
		if !isIdent(last, "nil") {
			return true
		}
	default:
		return false
	}
	// No error, but a verdict beside it.
	for i, e := range ret.Results {
		if s.results[i] == "bool" && isIdent(e, "false") {
			return true
		}
	}
	return false
}

// skipsOnError reports "if err != nil { … continue }": a candidate refused.
func skipsOnError(n *ast.IfStmt) bool {
	b, ok := n.Cond.(*ast.BinaryExpr)
	if !ok || b.Op != token.NEQ || !isIdent(b.X, "err") || len(n.Body.List) == 0 {
		return false
	}
	last, ok := n.Body.List[len(n.Body.List)-1].(*ast.BranchStmt)
	return ok && last.Tok == token.CONTINUE
}

// parts takes a chain of one operator apart.
func parts(e ast.Expr, op token.Token) []ast.Expr {
	switch b := e.(type) {
	case *ast.BinaryExpr:
		if b.Op == op {
			return append(parts(b.X, op), parts(b.Y, op)...)
		}
	case *ast.ParenExpr:
		return parts(b.X, op)
	}
	return []ast.Expr{e}
}

// terminates reports whether a switch never goes on to what follows it.
func terminates(body *ast.BlockStmt) bool {
	byDefault := false
	for _, stmt := range body.List {
		c := stmt.(*ast.CaseClause)
		byDefault = byDefault || c.List == nil
		if lastReturn(c.Body) == nil {
			return false
		}
	}
	return byDefault
}

func lastReturn(list []ast.Stmt) *ast.ReturnStmt {
	if len(list) == 0 {
		return nil
	}
	ret, _ := list[len(list)-1].(*ast.ReturnStmt)
	return ret
}

func callee(call *ast.CallExpr) string {
	switch f := call.Fun.(type) {
	case *ast.Ident:
		return f.Name
	case *ast.SelectorExpr:
		return f.Sel.Name
	}
	return ""
}

func isIdent(e ast.Expr, names ...string) bool {
	id, ok := e.(*ast.Ident)
	return ok && slices.Contains(names, id.Name)
}
