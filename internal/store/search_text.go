package store

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

const (
	// gramLength is how many characters that follow each other the index of parts
	// of texts knows. What is shorter is looked for by reading.
	gramLength = 3

	// maxIndexed is how many characters of a text are looked up. The rest of a longer
	// one is only compared.
	maxIndexed = 24

	// maxCandidates is how many rows of the index are followed. What more rows hold
	// is found sooner by reading the list in its order.
	maxCandidates = maxCounted
)

// textIndex is where parts of the texts of a table are indexed.
type textIndex struct {
	table string // of PostgreSQL, with the expression of its index
	owner string // the column that names what is found
	body  string
	name  string // of SQLite's tables: name_texts and name_grams
}

func organizationTexts() textIndex {
	return textIndex{"organizations", "id", "lower(name) || chr(10) || lower(COALESCE(slug, ''))", "organization"}
}

func userTexts() textIndex {
	return textIndex{"users", "id", "lower(first_name || ' ' || last_name) || chr(10) || lower(COALESCE(username, ''))", "user"}
}

func addressTexts() textIndex {
	return textIndex{"email_addresses", "user_id", "lower(address)", "address"}
}

// find is the statement, with one question mark, for rows that may hold a text.
func (i textIndex) find(e Engine) string {
	if e == PostgreSQL {
		return "SELECT " + i.owner + " FROM " + i.table + " WHERE usher_grams(" + i.body + ") @> usher_grams(?)"
	}
	limit := strconv.Itoa(maxCandidates + 1) // all are gathered first
	return "SELECT t." + i.owner + " FROM " + i.name + "_texts t WHERE t.n IN (SELECT rowid FROM " + i.name + "_grams WHERE " + i.name + "_grams MATCH ? LIMIT " + limit + ")"
}

// gramsOf is what the index is asked with.
func gramsOf(e Engine, text string) string {
	runes := []rune(text)
	runes = runes[:min(len(runes), maxIndexed)]
	if e == PostgreSQL {
		return string(runes)
	}
	var grams []string
	for at := 0; at < len(runes); at += gramLength { // side by side; the last one ends with the text
		from := min(at, len(runes)-gramLength)
		gram := `"` + strings.ReplaceAll(string(runes[from:from+gramLength]), `"`, `""`) + `"`
		if !slices.Contains(grams, gram) {
			grams = append(grams, gram)
		}
	}
	return strings.Join(grams, " AND ")
}

// narrow adds, to the conditions that say exactly what a text must be found in, one
// that an index answers: that id is among what the index finds, or the rows that the
// exact statements find, each with one question mark for the text. It leaves that
// out where the index can't help, and says what may then be counted.
func (s *search) narrow(tx *Tx, text, id string, indexes []textIndex, exact ...string) error {
	if text == "" {
		return nil
	}
	lower := strings.ToLower(text)
	if len([]rune(lower)) < gramLength || strings.ContainsRune(lower, 0) {
		s.most = maxReadCounted
		return nil
	}
	e := tx.db.Engine()
	var found []string
	var args []any
	for _, i := range indexes {
		found, args = append(found, i.find(e)), append(args, gramsOf(e, lower))
	}
	for _, statement := range exact {
		found, args = append(found, statement), append(args, text)
	}
	candidates := strings.Join(found, " UNION ALL ")
	var probe search
	probe.from = "(" + probe.numbered(candidates, args) + " LIMIT " + strconv.Itoa(maxCandidates+1) + ") c"
	n, err := probe.count(tx)
	if err != nil {
		return err
	}
	if n > maxCandidates {
		s.most, s.dense = cmp.Or(s.most, maxCounted), true
		return nil
	}
	s.and(id+" IN ("+candidates+")", args...)
	s.narrowed = true
	return nil
}
