// Package store owns every SQL statement, on two engines: SQLite, embedded, and
// the PostgreSQL wire. One file a noun; dialect.go holds all that differs.
//
// Everything happens inside DB.Write, which behaves as if it ran alone, or
// DB.Read, which sees one snapshot. The function given to either may run more
// than once, so it does nothing that can't be repeated: no mail, no network.
//
// Times are Unix milliseconds in the database, and the zero time is 0: what is
// read back is in UTC and cut to the millisecond. Secrets are sealed and opened
// in the row mapping. The package decides nothing and makes no ids.
package store
