package e2e

import (
	"go/ast"
	"slices"
	"strings"
	"testing"
)

// auditedElsewhere are the functions of manage and session that write without a
// line of the audit log of their own, and why.
func auditedElsewhere() map[string]string {
	return map[string]string{
		"manage.claim":            "the function that it is given writes the line",
		"manage.changeMembership": "the change that it is given writes the line",
		"manage.refresh":          "takeOver writes the line when something changed; the rest is when to fetch again",
		"manage.catchUp":          "Replay writes the line",
		"manage.ChainAudit":       "it is the audit log",
		"manage.CountAttempts":    "it adds up attempts; nobody changed anything",
		"manage.ChangeRoleSet":    "saveRoleSet writes the line",
		"manage.PromoteDraft":     "makeLive writes the line",
		"manage.RestoreRevision":  "makeLive writes the line",
		"manage.CountCall":        "a call was counted; what it changes writes the line",

		"session.EnsureClient":    "a browser came",
		"session.touch":           "a person was there",
		"session.SignOut":         "a person signed out",
		"session.SetOrganization": "a person chose an organization",
		"session.Refresh":         "endStolen writes the line when a session ends; the rest is a token's being used up",
	}
}

// Threat T-API-13: what administrators do leaves a line in the audit log, written
// in the same transaction. A function of manage or session that opens a writing
// transaction and does not write one is found here.
func TestManage_EveryWriteIsAudited(t *testing.T) {
	t.Parallel()
	elsewhere := auditedElsewhere()
	writes := 0
	for _, f := range slices.Concat(sources(t)["manage"], sources(t)["session"]) {
		if f.test {
			continue
		}
		for _, d := range f.file.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || !calls(fn, func(s *ast.SelectorExpr) bool { return s.Sel.Name == "Write" && isDB(s.X) }) {
				continue
			}
			writes++
			audits := calls(fn, func(s *ast.SelectorExpr) bool { return strings.HasPrefix(s.Sel.Name, "audit") || s.Sel.Name == "Audit" })
			name := f.file.Name.Name + "." + fn.Name.Name
			_, excused := elsewhere[name]
			switch {
			case !audits && !excused:
				t.Errorf("%s: %s writes and leaves no line in the audit log: call s.audit in its transaction", f.path, name)
			case audits && excused:
				t.Errorf("%s: %s is excused and needs not be", f.path, name)
			}
			delete(elsewhere, name)
		}
	}
	for name := range elsewhere {
		t.Errorf("%s is excused and does not write", name)
	}
	if writes < 60 {
		t.Errorf("only %d functions that write were found", writes)
	}
}

// isDB reports whether an expression is the database of a flow.
func isDB(e ast.Expr) bool {
	s, ok := e.(*ast.SelectorExpr)
	return ok && s.Sel.Name == "DB"
}

// calls reports whether a function calls such a method.
func calls(fn *ast.FuncDecl, is func(*ast.SelectorExpr) bool) (found bool) {
	ast.Inspect(fn, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok && is(sel) {
				found = true
			}
		}
		return !found
	})
	return found
}
