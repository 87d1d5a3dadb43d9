package store

import "slices"

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
