package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
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

// postgresSession is a PostgreSQL connection. pgx keeps statements prepared by
// itself, unless the URL's default_query_exec_mode says otherwise.
type postgresSession struct{ conn *pgx.Conn }

// errLost marks an error after which the connection is gone.
var errLost = errors.New("connection lost")

func openPostgresSession(ctx context.Context, config *pgx.ConnConfig) (session, error) {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	return &postgresSession{conn}, nil
}

func (s *postgresSession) exec(ctx context.Context, text string, args []any) (int64, error) {
	tag, err := s.conn.Exec(ctx, text, args...)
	return tag.RowsAffected(), s.lost(err)
}

func (s *postgresSession) query(ctx context.Context, q query, each func(scanner) error) error {
	args := q.args
	if q.once {
		args = append([]any{pgx.QueryExecModeExec}, args...)
	}
	rows, err := s.conn.Query(ctx, q.text, args...)
	if err != nil {
		return s.lost(err)
	}
	defer rows.Close()
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return s.lost(rows.Err())
}

func (s *postgresSession) script(ctx context.Context, text string) error {
	_, err := s.conn.Exec(ctx, text) // without arguments: the simple protocol
	return s.lost(err)
}

// lost marks the error if the connection did not survive it.
func (s *postgresSession) lost(err error) error {
	if err != nil && s.conn.IsClosed() {
		return fmt.Errorf("%w: %w", errLost, err)
	}
	return err
}

// close hangs up. The server takes that as the end of the session too, and it
// needs no answer, which a broken server would not give.
func (s *postgresSession) close() error { return s.conn.PgConn().Conn().Close() }
