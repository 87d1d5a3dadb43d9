package store

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"
)

// The migrations are numbered from 0001, applied in order, and never edited
// after a release. Each is one transaction, and works with the code of the
// release before it (threat T-OPS-11).
//
//go:embed migrations/*.sql
var migrations embed.FS

// Migrate brings the schema up to this release. It is safe to call from several
// processes at once and does nothing when there is nothing to do. A schema newer
// than this release is left as it is.
func (db *DB) Migrate(ctx context.Context, now time.Time) error {
	files, err := fs.Glob(migrations, "migrations/*.sql") // sorted by name
	if err != nil {
		return err
	}
	for _, file := range files {
		number, _, _ := strings.Cut(path.Base(file), "_")
		version, err := strconv.Atoi(number)
		if err != nil {
			return fmt.Errorf("store: migration %s has no number", file)
		}
		text, err := migrations.ReadFile(file)
		if err != nil {
			return err
		}
		if _, err := db.write(ctx, db.dialect.beginSchema, func(tx *Tx) error {
			return tx.migrate(version, string(text), now)
		}); err != nil {
			return fmt.Errorf("store: migration %s: %w", path.Base(file), err)
		}
	}
	return nil
}

// migrate applies one migration unless it has been.
func (tx *Tx) migrate(version int, text string, now time.Time) error {
	if lock := tx.db.dialect.lockSchema; lock != "" {
		if _, err := tx.exec(lock); err != nil {
			return err
		}
	}
	if _, err := tx.exec(`
		CREATE TABLE IF NOT EXISTS schema_migrations (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)`); err != nil {
		return err
	}
	fresh, err := tx.execChanged(`
		INSERT INTO schema_migrations (version, applied_at) VALUES ($1, $2) ON CONFLICT DO NOTHING`,
		version, ms(now))
	if err != nil || !fresh {
		return err
	}
	if err := tx.session.script(tx.ctx, text); err != nil {
		return tx.failed(err)
	}
	return nil
}
