package store

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
	"time"
)

// The migrations are numbered from 0001, applied in order, and never edited
// after a release. Each is one transaction, and works with the code of the
// release before it (threat T-OPS-11). What only one engine can be told follows in
// a file of the same name with the engine before its ending.
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
		if strings.Count(path.Base(file), ".") > 1 { // of one engine
			continue
		}
		number, _, _ := strings.Cut(path.Base(file), "_")
		version, err := strconv.Atoi(number)
		if err != nil {
			return fmt.Errorf("store: migration %s has no number", file)
		}
		text, err := migrationText(file, db.Engine())
		if err != nil {
			return err
		}
		if _, err := db.write(ctx, db.dialect.beginSchema, func(tx *Tx) error {
			return tx.migrate(version, text, now)
		}); err != nil {
			return fmt.Errorf("store: migration %s: %w", path.Base(file), err)
		}
	}
	return nil
}

// migrationText is a migration as one engine is told it.
func migrationText(file string, engine Engine) (string, error) {
	text, err := migrations.ReadFile(file)
	if err != nil {
		return "", err
	}
	more, err := migrations.ReadFile(strings.TrimSuffix(file, "sql") + string(engine) + ".sql")
	if errors.Is(err, fs.ErrNotExist) {
		return string(text), nil
	}
	return string(text) + string(more), err
}

// SchemaSum tells one release's schema from another's, on either engine.
func SchemaSum() (string, error) {
	files, err := fs.Glob(migrations, "migrations/*.sql")
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	for _, file := range files {
		text, err := migrations.ReadFile(file)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(sum, "%s %d\n%s", file, len(text), text)
	}
	return hex.EncodeToString(sum.Sum(nil)[:8]), nil
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
