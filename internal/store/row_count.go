package store

import "context"

const (
	// maxCounted is how far lists count that would have to read all there is to know
	// how long they are: those narrowed by a part of a text, and those of attempts
	// narrowed by anything.
	maxCounted = 5000

	// maxReadCounted is how far where no index helps, and each row is looked at: a
	// part of a text of one or two characters.
	maxReadCounted = 1000
)

// rowsOf returns how many rows a table has that row_counts knows.
func (tx *Tx) rowsOf(table string) (int, error) {
	return one(tx, scanInt, `SELECT CAST(COALESCE(sum(n), 0) AS BIGINT) FROM row_counts WHERE name = $1`, table)
}

// FoldCounts adds up what changes of the numbers of rows have left at PostgreSQL:
// a row each, so that no two had to wait for each other. It may run on several
// nodes at once.
func (db *DB) FoldCounts(ctx context.Context) error {
	text := db.dialect.foldCounts
	if text == "" {
		return nil
	}
	// Not serializable: it must not get in the way of what is being written, and
	// what is added up twice at once is locked by whoever came first.
	_, err := db.write(ctx, db.dialect.beginSchema, func(tx *Tx) error {
		_, err := tx.exec(text)
		return err
	})
	return answer(err)
}
