package store

import (
	"cmp"
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Tx is a transaction under way. It belongs to one goroutine and ends when the
// function that it was given to returns.
type Tx struct {
	ctx     context.Context
	db      *DB
	session session
	err     error // of the first statement that failed: nothing runs after it
	over    bool
	noting  bool       // Ahead is at it: queries are noted
	ahead   []foreseen // and not yet asked for

	recording recording
	bulk      *int // statements of a bulk so far; nil: not one
}

var errTxOver = errors.New("store: the transaction is over")

// run gives the transaction to f and adds the failure of a statement that f
// kept to itself.
func (tx *Tx) run(f func(*Tx) error) error {
	err := f(tx)
	if tx.err != nil && !errors.Is(err, tx.err) {
		return tx.err
	}
	return err
}

// ready reports why no further statement may run, if so.
func (tx *Tx) ready() error {
	switch {
	case tx.over:
		return errTxOver
	case tx.err != nil:
		return tx.err
	case tx.ctx.Err() != nil:
		return tx.failed(tx.ctx.Err())
	}
	return nil
}

// failed notes the failure of a statement. PostgreSQL refuses everything after
// one, and SQLite may have rolled back behind our back, so both go on as failed.
func (tx *Tx) failed(err error) error {
	switch {
	case tx.ctx.Err() != nil:
		tx.err = fmt.Errorf("store: running a statement: %w", tx.ctx.Err())
	case errors.Is(err, context.DeadlineExceeded): // our own statementTimeout
		tx.err = fmt.Errorf("store: running a statement: %w: %w", ErrBusy, err)
	default:
		tx.err = tx.db.dialect.explain("running a statement", err)
	}
	return tx.err
}

// exec runs a statement and returns the number of rows that it changed.
func (tx *Tx) exec(query string, args ...any) (int64, error) {
	if err := tx.ready(); err != nil {
		return 0, err
	}
	args, err := tx.change(args)
	if err != nil {
		return 0, err
	}
	if tx.bulk != nil {
		return 1, tx.inBulk(query, args)
	}
	n, err := tx.session.exec(tx.ctx, query, args)
	if err != nil {
		return 0, tx.failed(err)
	}
	return n, nil
}

// execOne runs a statement that must find its row.
func (tx *Tx) execOne(query string, args ...any) error {
	n, err := tx.exec(query, args...)
	if err == nil && n == 0 {
		return ErrNotFound
	}
	return err
}

// execChanged runs a statement whose precondition may not hold, and reports
// whether it did.
func (tx *Tx) execChanged(query string, args ...any) (bool, error) {
	n, err := tx.exec(query, args...)
	return n > 0, err
}

// one returns the single row of a query, ErrNotFound if there is none.
func one[T any](tx *Tx, scan func(scanner) (T, error), query string, args ...any) (T, error) {
	var zero T
	rows, err := all(tx, scan, query, args...)
	switch {
	case err != nil:
		return zero, err
	case len(rows) == 0:
		return zero, ErrNotFound
	}
	return rows[0], nil
}

// all returns the rows of a query whose text is always the same.
func all[T any](tx *Tx, scan func(scanner) (T, error), text string, args ...any) ([]T, error) {
	return collect(tx.ctx, tx, scan, query{text: text, args: args})
}

// list returns the rows of a query whose text varies. It may be slow, so it
// stops at the statement timeout on either engine.
func list[T any](tx *Tx, scan func(scanner) (T, error), text string, args ...any) ([]T, error) {
	ctx, cancel := context.WithTimeout(tx.ctx, statementTimeout)
	defer cancel()
	return collect(ctx, tx, scan, query{text: text, args: args, once: true})
}

func collect[T any](ctx context.Context, tx *Tx, scan func(scanner) (T, error), q query) ([]T, error) {
	err := tx.ready()
	if err != nil {
		return nil, err
	}
	if q.args, err = plain(q.args); err != nil {
		return nil, tx.failed(err)
	}
	if tx.noting {
		return nil, note(tx, scan, q)
	}
	if rows, ok := take[T](tx, q); ok {
		if err := tx.flush(); err != nil {
			return nil, err
		}
		return *rows, nil
	}
	var found []T
	if err := tx.session.query(ctx, q, func(row scanner) error {
		value, err := scan(row)
		found = append(found, value)
		return err
	}); err != nil {
		return nil, tx.failed(err)
	}
	return found, nil
}

// plain turns arguments into the few types that both drivers take: ids and
// other named strings into string, Valuers into their value.
func plain(args []any) ([]any, error) {
	for i, arg := range args {
		switch arg.(type) {
		case string, int64, bool, nil:
			continue
		}
		v, err := driver.DefaultParameterConverter.ConvertValue(arg)
		if err != nil {
			return nil, fmt.Errorf("argument %d: %w", i+1, err)
		}
		args[i] = v
	}
	return args, nil
}

func scanInt(row scanner) (n int, err error) {
	err = row.Scan(&n)
	return n, err
}

func scanBool(row scanner) (b bool, err error) {
	err = row.Scan(&b)
	return b, err
}

func scanID[T ~string](row scanner) (id T, err error) {
	err = row.Scan(&id)
	return id, err
}

// maxPage is the most rows that a list returns (threat T-DOS-16).
const maxPage = 500

// Page asks for a part of a list. A Limit of 0, or one above 500, means 500.
type Page struct {
	Limit  int
	Offset int
}

// search is a list query being put together. Values only ever go into args.
type search struct {
	from  string   // tables and joins
	where []string // joined by AND
	order string   // with its direction and a tie-break
	args  []any
	kept  bool // its text is always the same: the statement is kept prepared

	counted string // what to count, where joins make no difference; empty: from
	table   string // of row_counts, which knows how many rows there are without conditions
	most    int    // where counting stops; 0: nowhere
	dense   bool   // it is certain that there are more, if there is but one condition

	narrowed bool // an index finds the few rows: they are sorted, not found in order
}

// and adds a condition whose question marks stand for the values.
func (s *search) and(condition string, values ...any) {
	s.where = append(s.where, s.numbered(condition, values))
}

// numbered adds values and puts their numbers in the place of question marks.
func (s *search) numbered(text string, values []any) string {
	for _, v := range values {
		s.args = append(s.args, v)
		text = strings.Replace(text, "?", "$"+strconv.Itoa(len(s.args)), 1)
	}
	return text
}

// andIn adds a condition with a list in the place of "(?)", and before it the
// values of other question marks. An empty list adds nothing: it does not filter.
func andIn[T ~string](s *search, condition string, values []T, before ...any) {
	if len(values) == 0 {
		return
	}
	args := before
	for _, v := range values {
		args = append(args, string(v))
	}
	marks := "(?" + strings.Repeat(", ?", len(values)-1) + ")"
	s.and(strings.Replace(condition, "(?)", marks, 1), args...)
}

// andMatches adds that a text is found by one of the expressions, which hold
// "LIKE ?" (the text is part of it, whatever the case; of ASCII letters only, at
// SQLite) or "= ?". An empty text adds nothing.
func (s *search) andMatches(text string, expressions ...string) {
	if text == "" {
		return
	}
	escaped := strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`).Replace(strings.ToLower(text))
	var conditions []string
	var values []any
	for _, e := range expressions {
		value := text
		if strings.Contains(e, "LIKE ?") {
			e, value = strings.Replace(e, "LIKE ?", `LIKE ? ESCAPE '\'`, 1), "%"+escaped+"%"
		}
		conditions = append(conditions, e)
		values = append(values, value)
	}
	s.and("("+strings.Join(conditions, " OR ")+")", values...)
}

// orderBy sets the order from a field with an optional + or - before it, "" for
// -created_at. Rows that are equal come in the order of their ids.
func (s *search) orderBy(by, id string, fields map[string]string) error {
	if by == "" {
		by = "-created_at"
	}
	direction := "ASC"
	name, descending := strings.CutPrefix(by, "-")
	if descending {
		direction = "DESC"
	} else {
		name = strings.TrimPrefix(by, "+")
	}
	expression, ok := fields[name]
	if !ok {
		return fmt.Errorf("store: %w: %q", ErrOrder, by)
	}
	s.order = expression + " " + direction + ", " + id + " " + direction
	return nil
}

func (s *search) conditions() string {
	if len(s.where) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(s.where, " AND ")
}

// count returns how many rows there are in all.
func (s *search) count(tx *Tx) (int, error) {
	if s.table != "" && len(s.where) == 0 {
		return tx.rowsOf(s.table)
	}
	if s.dense && !s.narrowed && len(s.where) == 1 {
		return maxCounted, nil
	}
	from := cmp.Or(s.counted, s.from) + s.conditions()
	text := "SELECT count(*) FROM " + from
	if s.most > 0 && !s.narrowed {
		text = "SELECT count(*) FROM (SELECT 1 FROM " + from + " LIMIT " + strconv.Itoa(s.most) + ") c"
	}
	n, err := list(tx, scanInt, text, s.args...)
	if err != nil {
		return 0, err
	}
	return n[0], nil
}

// inOrder is the order. Few rows are to be found and then sorted: both engines
// would else rather read the whole table in the order of its index, in the hope of
// meeting them soon. They can't with an order that no index has.
func (s *search) inOrder() string {
	first, rest, _ := strings.Cut(s.order, " ")
	if s.narrowed && strings.HasSuffix(first, "_at") {
		return first + " + 0 " + rest
	}
	return s.order
}

// find returns a page of rows, and how many there are in all.
func find[T any](tx *Tx, s search, columns string, scan func(scanner) (T, error), p Page) ([]T, int, error) {
	if p.Limit <= 0 || p.Limit > maxPage {
		p.Limit = maxPage
	}
	p.Offset = max(p.Offset, 0)
	n, total := len(s.args), 0
	if s.narrowed { // what is found is gathered anyway: once is enough
		columns += ", count(*) OVER ()"
		scan = alsoScan(scan, &total)
	}
	query := "SELECT " + columns + " FROM " + s.from + s.conditions() + " ORDER BY " + s.inOrder() +
		" LIMIT $" + strconv.Itoa(n+1) + " OFFSET $" + strconv.Itoa(n+2)
	run := list[T]
	if s.kept {
		run = all[T]
	}
	rows, err := run(tx, scan, query, append(s.args[:n:n], p.Limit, p.Offset)...)
	if err != nil {
		return nil, 0, err
	}
	if len(rows) < p.Limit && (len(rows) > 0 || p.Offset == 0) {
		return rows, p.Offset + len(rows), nil // the last page tells it
	}
	if total == 0 {
		total, err = s.count(tx)
	}
	if len(rows) > 0 { // where counting stopped before
		total = max(total, p.Offset+len(rows))
	}
	return rows, total, err
}

// alsoScan scans a number behind the columns of a row.
func alsoScan[T any](scan func(scanner) (T, error), n *int) func(scanner) (T, error) {
	return func(row scanner) (T, error) { return scan(longer{row, n}) }
}

// longer is a row with one more column, the last.
type longer struct {
	scanner
	last any
}

// Scan implements scanner.
func (l longer) Scan(dest ...any) error { return l.scanner.Scan(append(dest, l.last)...) }
