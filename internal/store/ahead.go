package store

import (
	"errors"
	"slices"
)

// foreseen is a query whose rows are on their way or here.
type foreseen struct {
	query
	found any // *[]T
}

var errNotAhead = errors.New("store: a change can't be read ahead")

// Ahead says what will be asked next, so that it travels in one round trip: f
// calls the same methods of tx, which only take note and find nothing. It is
// advice. Asked in earnest they answer as always, once, from what has come, unless
// something was changed in between. What f names and nobody asks is wasted.
func (tx *Tx) Ahead(f func()) {
	tx.noting = true
	defer func() { tx.noting = false }()
	f()
}

// note puts a query off until something is waited for.
func note[T any](tx *Tx, scan func(scanner) (T, error), q query) error {
	if q.once {
		return nil // it may be slow, and has a time limit of its own
	}
	if slices.ContainsFunc(tx.ahead, q.same) {
		return nil
	}
	found := new([]T)
	tx.ahead = append(tx.ahead, foreseen{q, found})
	if err := tx.session.later(tx.ctx, deferred{query: q, row: func(row scanner) error {
		value, err := scan(row)
		*found = append(*found, value)
		return err
	}}); err != nil {
		return tx.failed(err)
	}
	return nil
}

// same reports whether it is the same query. Arguments are texts, numbers and
// truth values, which can be compared.
func (q query) same(f foreseen) bool { return f.text == q.text && slices.Equal(f.args, q.args) }

// take returns where the rows of a query that was read ahead are, or will be
// after flush.
func take[T any](tx *Tx, q query) (*[]T, bool) {
	for i, f := range tx.ahead {
		found, ok := f.found.(*[]T)
		if ok && q.same(f) {
			tx.ahead = slices.Delete(tx.ahead, i, i+1)
			return found, true
		}
	}
	return nil, false
}

// execLater runs a statement that must change a row and that nobody need wait
// for: it travels with the next one. If it fails, the transaction does, and
// whatever runs next, or DB.Write, says why. It is not for a change whose failure
// a flow has an answer to.
func (tx *Tx) execLater(text string, args ...any) error {
	if err := tx.ready(); err != nil {
		return err
	}
	args, err := tx.change(args)
	if err != nil {
		return err
	}
	if tx.bulk != nil {
		return tx.inBulk(text, args)
	}
	if err := tx.session.later(tx.ctx, deferred{query: query{text: text, args: args}, changed: found}); err != nil {
		return tx.failed(err)
	}
	return nil
}

func found(n int64) error {
	if n == 0 {
		return ErrNotFound
	}
	return nil
}

// change prepares for a statement that changes something: what was read ahead may
// no longer be so.
func (tx *Tx) change(args []any) ([]any, error) {
	if tx.noting {
		return nil, tx.failed(errNotAhead)
	}
	tx.ahead = nil
	args, err := plain(args)
	if err != nil {
		return nil, tx.failed(err)
	}
	return args, nil
}

// flush runs what has been put off.
func (tx *Tx) flush() error {
	if err := tx.session.flush(tx.ctx); err != nil {
		return tx.failed(err)
	}
	return nil
}
