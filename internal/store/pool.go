package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// session is one connection. Only one goroutine has it at a time.
type session interface {
	// begin begins a transaction, at the latest with its first statement.
	begin(ctx context.Context, texts []string) error
	// end ends it, by COMMIT or ROLLBACK.
	end(ctx context.Context, text string) error
	// exec runs one statement and returns the number of rows it changed.
	exec(ctx context.Context, text string, args []any) (int64, error)
	// query runs one statement and gives each row to a function.
	query(ctx context.Context, q query, each func(scanner) error) error
	// later runs one statement, at the latest with the next one or with flush.
	later(ctx context.Context, d deferred) error
	flush(ctx context.Context) error
	// script runs a text of many statements.
	script(ctx context.Context, text string) error
	close() error
}

// query is a statement that returns rows.
type query struct {
	text string
	args []any
	once bool // the text varies: not worth keeping prepared
}

// deferred is a statement that need not run at once. One of the functions is
// set: a query's gets each row, another's the number of rows that it changed.
type deferred struct {
	query
	row     func(scanner) error
	changed func(n int64) error
}

// scanner is a row.
type scanner interface {
	Scan(dest ...any) error
}

// pool hands out connections, the last used first. database/sql has a pool too,
// but can't keep prepared statements on a connection across transactions.
type pool struct {
	open  func(context.Context) (session, error)
	slots chan struct{} // one for each connection that may be out

	mu     sync.Mutex
	idle   []session
	closed chan struct{}
}

var errClosed = errors.New("the database is closed")

func newPool(size int, open func(context.Context) (session, error)) *pool {
	return &pool{open: open, slots: make(chan struct{}, size), closed: make(chan struct{})}
}

// get waits for a connection, opening one if none is idle.
func (p *pool) get(ctx context.Context) (session, error) {
	select {
	case p.slots <- struct{}{}:
	default:
		wait := time.NewTimer(statementTimeout)
		defer wait.Stop()
		select {
		case p.slots <- struct{}{}:
		case <-p.closed:
			return nil, errClosed
		case <-wait.C:
			return nil, fmt.Errorf("%w: no connection free for %s", ErrBusy, statementTimeout)
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	if s := p.lastIdle(); s != nil {
		return s, nil
	}
	s, err := p.open(ctx)
	if err != nil {
		<-p.slots
		return nil, err
	}
	return s, nil
}

func (p *pool) lastIdle() session {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle)
	if n == 0 {
		return nil
	}
	s := p.idle[n-1]
	p.idle = p.idle[:n-1]
	return s
}

// put takes a connection back, and closes it if it isn't sound.
func (p *pool) put(s session, sound bool) {
	if sound {
		p.mu.Lock()
		p.idle = append(p.idle, s)
		p.mu.Unlock()
	} else {
		_ = s.close() // what is wrong with it has been reported
	}
	<-p.slots
}

// close waits for the connections that are out and closes all. After that there
// are none to get.
func (p *pool) close() error {
	p.mu.Lock()
	select {
	case <-p.closed:
		p.mu.Unlock()
		return nil
	default:
		close(p.closed)
	}
	p.mu.Unlock()
	for range cap(p.slots) {
		p.slots <- struct{}{}
	}
	var first error
	for _, s := range p.idle {
		if err := s.close(); first == nil {
			first = err
		}
	}
	p.idle = nil
	return first
}
