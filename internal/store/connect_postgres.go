package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// postgresSession is a PostgreSQL connection. pgx keeps statements prepared by
// itself, unless the URL's default_query_exec_mode says otherwise.
//
// A round trip costs this process some 25 µs of processor time, a statement that
// travels with another 4 (measured in November 2026, over a Unix socket). So what
// nobody waits for is kept back and sent with what somebody waits for, in order.
type postgresSession struct {
	conn   *pgx.Conn
	config *pgx.ConnConfig
	back   []deferred // kept back: first what begins the transaction
	opened bool       // a statement of the transaction has been sent
	served bool       // in earlier transactions: it may have died since
}

// errLost marks an error after which the connection is gone.
var errLost = errors.New("connection lost")

func openPostgresSession(ctx context.Context, config *pgx.ConnConfig) (session, error) {
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, err
	}
	return &postgresSession{conn: conn, config: config}, nil
}

func (s *postgresSession) begin(_ context.Context, texts []string) error {
	s.opened = false
	for _, text := range texts {
		s.back = append(s.back, deferred{query: query{text: text}})
	}
	return nil
}

// end asks the server only if it may know of the transaction.
func (s *postgresSession) end(ctx context.Context, text string) error {
	clear(s.back)
	s.back = s.back[:0]
	s.served = true
	if !s.opened && !s.conn.IsClosed() && s.conn.PgConn().TxStatus() == 'I' {
		return nil
	}
	_, err := s.conn.Exec(ctx, text)
	return s.lost(err)
}

func (s *postgresSession) later(_ context.Context, d deferred) error {
	s.back = append(s.back, d)
	return nil
}

func (s *postgresSession) exec(ctx context.Context, text string, args []any) (n int64, err error) {
	if len(s.back) == 0 {
		tag, err := s.conn.Exec(ctx, text, args...)
		return tag.RowsAffected(), s.lost(err)
	}
	s.back = append(s.back, deferred{query: query{text: text, args: args}, changed: func(rows int64) error {
		n = rows
		return nil
	}})
	err = s.release(ctx)
	return n, err
}

func (s *postgresSession) query(ctx context.Context, q query, each func(scanner) error) error {
	if len(s.back) > 0 && !q.once {
		s.back = append(s.back, deferred{query: q, row: each})
		return s.release(ctx)
	}
	if err := s.release(ctx); err != nil {
		return err
	}
	args := q.args
	if q.once {
		args = append([]any{pgx.QueryExecModeExec}, args...)
	}
	rows, err := s.conn.Query(ctx, q.text, args...)
	if err != nil {
		return s.lost(err)
	}
	return s.lost(forEach(rows, each))
}

func forEach(rows pgx.Rows, each func(scanner) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := each(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// flush leaves a transaction alone that nothing has happened in.
func (s *postgresSession) flush(ctx context.Context) error {
	if n := len(s.back); n == 0 || s.back[n-1].begins() {
		return nil
	}
	return s.release(ctx)
}

// begins reports whether the statement only begins a transaction.
func (d deferred) begins() bool { return d.row == nil && d.changed == nil }

// release sends what was kept back. A connection that died while it lay idle is
// replaced: nothing has happened on it yet.
func (s *postgresSession) release(ctx context.Context) error {
	if len(s.back) == 0 {
		return nil
	}
	err := s.send(ctx)
	if err != nil && !s.opened && s.served && s.conn.IsClosed() && ctx.Err() == nil {
		s.served = false
		if s.conn, err = pgx.ConnectConfig(ctx, s.config); err != nil {
			return err
		}
		err = s.send(ctx)
	}
	clear(s.back)
	s.back = s.back[:0]
	return s.lost(err)
}

// send sends what was kept back in one round trip. The first answer opens the
// transaction.
func (s *postgresSession) send(ctx context.Context) error {
	var batch pgx.Batch
	for _, d := range s.back {
		queued := batch.Queue(d.text, d.args...)
		if d.row != nil {
			queued.Query(func(rows pgx.Rows) error { return forEach(rows, d.row) })
			continue
		}
		queued.Exec(func(tag pgconn.CommandTag) error {
			s.opened = true
			if d.begins() {
				return nil
			}
			return d.changed(tag.RowsAffected())
		})
	}
	return s.conn.SendBatch(ctx, &batch).Close()
}

func (s *postgresSession) script(ctx context.Context, text string) error {
	if err := s.release(ctx); err != nil {
		return err
	}
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
