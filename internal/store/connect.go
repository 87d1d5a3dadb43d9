package store

import (
	"context"
	"database/sql"
)

// maxPrepared is how many statements a SQLite connection keeps prepared. The
// package has some 150; the limit is there for lists of varying length.
const maxPrepared = 512

// sqliteSession is a SQLite connection with the statements that were prepared
// on it: preparing costs as much as a short statement itself.
type sqliteSession struct {
	conn     *sql.Conn
	prepared map[string]*sql.Stmt
}

func openSQLiteSession(ctx context.Context, db *sql.DB) (session, error) {
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	return &sqliteSession{conn, map[string]*sql.Stmt{}}, nil
}

// begin begins at once. There is no network between us and SQLite, so nothing is
// gained by putting a statement off.
func (s *sqliteSession) begin(ctx context.Context, texts []string) error {
	for _, text := range texts {
		if _, err := s.exec(ctx, text, nil); err != nil {
			return err
		}
	}
	return nil
}

func (s *sqliteSession) end(ctx context.Context, text string) error {
	_, err := s.exec(ctx, text, nil)
	return err
}

func (s *sqliteSession) later(ctx context.Context, d deferred) error {
	if d.row != nil {
		return s.query(ctx, d.query, d.row)
	}
	n, err := s.exec(ctx, d.text, d.args)
	if err != nil {
		return err
	}
	return d.changed(n)
}

func (s *sqliteSession) flush(context.Context) error { return nil }

func (s *sqliteSession) prepare(ctx context.Context, text string) (*sql.Stmt, error) {
	if stmt := s.prepared[text]; stmt != nil {
		return stmt, nil
	}
	stmt, err := s.conn.PrepareContext(ctx, text)
	if err != nil {
		return nil, err
	}
	if len(s.prepared) >= maxPrepared {
		for text, old := range s.prepared { // any one
			delete(s.prepared, text)
			_ = old.Close()
			break
		}
	}
	s.prepared[text] = stmt
	return stmt, nil
}

func (s *sqliteSession) exec(ctx context.Context, text string, args []any) (int64, error) {
	// A statement takes microseconds, and to watch the context meanwhile costs
	// as much again. Tx looks at it between statements.
	ctx = context.WithoutCancel(ctx)
	stmt, err := s.prepare(ctx, text) //nolint:sqlclosecheck // kept
	if err != nil {
		return 0, err
	}
	res, err := stmt.ExecContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (s *sqliteSession) query(ctx context.Context, q query, each func(scanner) error) error {
	rows, err := s.rows(ctx, q)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // Err says it too
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (s *sqliteSession) rows(ctx context.Context, q query) (*sql.Rows, error) {
	if q.once {
		return s.conn.QueryContext(ctx, q.text, q.args...)
	}
	// As in exec.
	ctx = context.WithoutCancel(ctx)
	stmt, err := s.prepare(ctx, q.text) //nolint:sqlclosecheck // kept
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, q.args...)
}

func (s *sqliteSession) script(ctx context.Context, text string) error {
	_, err := s.conn.ExecContext(ctx, text)
	return err
}

// close closes the statements too: database/sql leaves those of a connection of
// one's own alone, and SQLite keeps the file open until they are closed.
func (s *sqliteSession) close() error {
	for _, stmt := range s.prepared {
		_ = stmt.Close()
	}
	return s.conn.Close()
}
