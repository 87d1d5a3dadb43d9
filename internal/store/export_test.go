package store

import (
	"context"
	"slices"
)

// Exec runs any statement.
func (tx *Tx) Exec(text string, args ...any) (int64, error) { return tx.exec(text, args...) }

// Texts returns the single column of a query.
func (tx *Tx) Texts(text string, args ...any) ([]string, error) {
	return list(tx, scanID[string], text, args...)
}

// Plan says how SQLite would run a statement with n arguments, a step a line.
func (tx *Tx) Plan(text string, n int) ([]string, error) {
	return list(tx, func(row scanner) (step string, err error) {
		var id, parent, unused int
		err = row.Scan(&id, &parent, &unused, &step)
		return step, err
	}, "EXPLAIN QUERY PLAN "+text, make([]any, n)...)
}

// Prepared returns the statements that a SQLite database keeps prepared.
func (db *DB) Prepared() []string {
	var texts []string
	for _, p := range []*pool{db.writers, db.readers} {
		for _, s := range p.idle {
			for text := range s.(*sqliteSession).prepared {
				texts = append(texts, text)
			}
		}
	}
	slices.Sort(texts)
	return slices.Compact(texts)
}

// FactQueries are the texts by which attempts are counted.
func FactQueries() []string {
	counted := func(from, which string) string {
		return `SELECT ` + hourOf + `, state, code, ` + countColumns + ` FROM ` + from + ` WHERE ` + which + ` GROUP BY ` + hourOf + `, state, code`
	}
	return []string{
		counted("attempts", ofConnection), eachOf + counted(fromEach, ofAll),
		`SELECT own_part, count(*) FROM attempts WHERE ` + ofConnection + ` AND own_part > 0 GROUP BY own_part`,
	}
}

// Explain says how the engine would run a statement with its arguments.
func (tx *Tx) Explain(text string, args ...any) ([]string, error) {
	if tx.db.Engine() == SQLite {
		return tx.Plan(text, len(args))
	}
	return list(tx, scanID[string], "EXPLAIN "+text, args...)
}

// Watch notes the statements of later transactions.
func (db *DB) Watch(note func(text string, args []any)) {
	pools := []*pool{db.writers}
	if db.readers != db.writers {
		pools = append(pools, db.readers)
	}
	for _, p := range pools {
		for s := p.lastIdle(); s != nil; s = p.lastIdle() {
			_ = s.close()
		}
		open := p.open
		p.open = func(ctx context.Context) (session, error) {
			s, err := open(ctx)
			return watched{s, note}, err
		}
	}
}

// watched is a connection whose statements are noted.
type watched struct {
	session
	note func(text string, args []any)
}

func (w watched) exec(ctx context.Context, text string, args []any) (int64, error) {
	w.note(text, args)
	return w.session.exec(ctx, text, args)
}

func (w watched) query(ctx context.Context, q query, each func(scanner) error) error {
	w.note(q.text, q.args)
	return w.session.query(ctx, q, each)
}

func (w watched) later(ctx context.Context, d deferred) error {
	w.note(d.text, d.args)
	return w.session.later(ctx, d)
}
