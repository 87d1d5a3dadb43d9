package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"usher/internal/backendapi"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/oidc"
	"usher/internal/resolver"
	"usher/internal/secret"
	"usher/internal/session"
	"usher/internal/signin"
	"usher/internal/store"
)

// Tools are the flows of a deployment over its database, without listeners: what
// the command line works with, and what a server serves.
type Tools struct {
	DB       *store.DB
	Ring     *secret.KeyRing
	Keys     *session.Keys
	Sessions *session.Manager
	SignIn   *signin.Flow
	Manage   *manage.Service
	Now      func() time.Time

	disposable *disposableFile
}

// OpenTools opens the database, brings it up to date, and makes what every
// deployment needs: its settings, roles and a signing key.
func OpenTools(ctx context.Context, cfg Config) (*Tools, error) {
	return openTools(ctx, cfg, slog.New(slog.DiscardHandler))
}

func openTools(ctx context.Context, cfg Config, log *slog.Logger) (*Tools, error) {
	ring, err := cfg.ring()
	if err != nil {
		return nil, err
	}
	dsn, err := cfg.databaseURL()
	if err != nil {
		return nil, err
	}
	db, err := store.Open(ctx, store.Options{URL: dsn, Keys: ring, Log: log})
	if err != nil {
		return nil, err
	}
	t := newTools(cfg, db, ring)
	if err := t.disposable.read(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("disposable_domains_file: %w", err), db.Close())
	}
	if err := t.prepare(identity.WithActor(ctx, identity.Actor{Kind: identity.ActorSystem, ID: "start"}), cfg); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return t, nil
}

// Close closes the database.
func (t *Tools) Close() error { return t.DB.Close() }

func newTools(cfg Config, db *store.DB, ring *secret.KeyRing) *Tools {
	now := time.Now //nolint:forbidigo // the one clock of the process
	t := &Tools{DB: db, Ring: ring, Now: now, disposable: &disposableFile{path: cfg.DisposableFile}}
	hasher := secret.NewHasher()
	t.Keys = &session.Keys{DB: db, Now: now}
	t.Sessions = &session.Manager{
		DB: db, Now: now, Ring: ring, Keys: t.Keys,
		Issuer: "https://" + cfg.apiHost(), Secure: strings.HasPrefix(cfg.PublicURL, "https:"),
		Development: cfg.Development,
	}
	client := httpio.NewClient(httpio.ClientOptions{Now: now, AllowPrivate: cfg.Development, AllowedPorts: cfg.ports()})
	t.SignIn = &signin.Flow{
		DB: db, Now: now, Sessions: t.Sessions, Ring: ring, Hasher: hasher, OIDC: oidc.NewClient(client.HTTP(), now),
		BaseURL: cfg.PublicURL, AllowedOrigins: cfg.AllowedOrigins, Disposable: t.disposable.set,
	}
	t.Sessions.Presence = t.SignIn
	t.Manage = &manage.Service{
		DB: db, Now: now, Ring: ring, Hasher: hasher, BaseURL: cfg.PublicURL, AllowLoopback: cfg.Development, AllowedOrigins: cfg.AllowedOrigins,
		Fetch: client, CheckURL: client.CheckURL, Records: &resolver.Client{Servers: cfg.DNSServers}, Disposable: t.disposable.set,
	}
	t.recordEvents(cfg)
	return t
}

// recordEvents lets the database describe events in the shapes of the Backend API.
func (t *Tools) recordEvents(cfg Config) {
	api := &backendapi.API{Manage: t.Manage, BaseURL: cfg.PublicURL, MailFrom: cfg.MailFrom}
	t.DB.Record(store.Recorder{
		Now: func() time.Time { return t.Now() },
		Describe: func(tx *store.Tx, e identity.Event) (json.RawMessage, error) {
			v, err := t.Manage.EventView(tx, e)
			if err != nil {
				return nil, err
			}
			return api.EventData(v)
		},
	})
}

func (c Config) ring() (*secret.KeyRing, error) {
	if c.KeyFile != "" {
		return secret.ReadKeyRing(c.KeyFile)
	}
	return secret.ParseKeyRing(c.Keys)
}

func (c Config) databaseURL() (string, error) {
	if c.DatabaseExecMode == "" {
		return c.Database, nil
	}
	u, err := url.Parse(c.Database)
	if err != nil {
		return "", errors.New("database is not a URL") // the parser's error would quote the password
	}
	q := u.Query()
	q.Set("default_query_exec_mode", c.DatabaseExecMode)
	u.RawQuery = q.Encode()
	return u.String(), nil
}

func (c Config) ports() []uint16 {
	list := make([]uint16, 0, len(c.OutgoingPorts))
	for _, p := range c.OutgoingPorts {
		list = append(list, uint16(p)) //nolint:gosec // parsed as 16 bits
	}
	return list
}

// apiHost is the host that the publishable key names.
func (c Config) apiHost() string {
	if c.FrontendAPIHost != "" {
		return c.FrontendAPIHost
	}
	u, err := url.Parse(c.PublicURL)
	if err != nil {
		return ""
	}
	return u.Host
}

// prepare migrates the database and fills in what every deployment has. It may
// run on several nodes at once.
func (t *Tools) prepare(ctx context.Context, cfg Config) error {
	now := t.Now()
	if err := t.DB.Migrate(ctx, now); err != nil {
		return fmt.Errorf("server: migrating the database: %w", err)
	}
	fresh, err := t.isFresh(ctx)
	if err != nil {
		return err
	}
	if fresh {
		if err := t.found(ctx, now); err != nil {
			return err
		}
	}
	// A key that is lost is noticed now, not at somebody's sign-in (threat T-SEC-03).
	if err := t.DB.Read(ctx, (*store.Tx).CheckKeys); err != nil {
		return err
	}
	if cfg.SecretKey == "" {
		return nil
	}
	return t.Manage.AcceptSecretKey(ctx, "configuration", cfg.SecretKey)
}

func (t *Tools) isFresh(ctx context.Context) (fresh bool, err error) {
	err = t.DB.Read(ctx, func(tx *store.Tx) error {
		_, err := tx.Instance()
		fresh = errors.Is(err, store.ErrNotFound)
		if fresh {
			return nil
		}
		return err
	})
	return fresh, err
}

// found makes the instance, the roles and the first signing key.
func (t *Tools) found(ctx context.Context, now time.Time) error {
	id := identity.NewID[identity.InstanceID](now)
	key, err := session.NewSigningKey(string(id), now, now)
	if err != nil {
		return err
	}
	return t.DB.Write(ctx, func(tx *store.Tx) error {
		fresh, err := tx.InsertInstance(identity.Instance{ID: id, Settings: identity.DefaultSettings(), CreatedAt: now, UpdatedAt: now})
		if err != nil || !fresh {
			return err
		}
		if err := tx.InsertFirstRoles(now); err != nil {
			return err
		}
		return tx.InsertSigningKey(key)
	})
}
