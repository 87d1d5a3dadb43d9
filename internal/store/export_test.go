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
