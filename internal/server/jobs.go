package server

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/notify"
	"usher/internal/secret"
	"usher/internal/store"
)

// job is something that one node at a time does again and again.
type job struct {
	name  string
	every time.Duration

	// margin is how much longer than its period the job's lease lasts: long enough
	// for the node that has it to keep it, and no longer than the job may lie still
	// when that node is killed. Zero: every node does it, and no lease is written.
	margin time.Duration

	run func(context.Context) error
}

const (
	refreshEvery = time.Minute
	domainsEvery = time.Minute
	pruneEvery   = 10 * time.Minute
	countsEvery  = time.Minute
	chainEvery   = time.Second
	factsEvery   = 5 * time.Minute

	disposableEvery = time.Minute

	// migrateEvery is half of how long a change of many members' roles may lie
	// still after its node was killed.
	migrateEvery = 5 * time.Second

	// usualMargin fits jobs that nobody waits for.
	usualMargin = 30 * time.Second

	// pruneRounds bounds one run of pruning; what is left waits for the next.
	pruneRounds = 100
)

// retention is how long rows are kept that nobody needs any more. Ours.
func retention() store.Retention {
	const day = 24 * time.Hour
	return store.Retention{
		Attempts: 90 * day, SignIns: 7 * day, Sessions: 30 * day, Clients: 30 * day, RateCounters: 3 * time.Hour,
		Mail: 7 * day, Events: 30 * day, MailEvents: 4 * day, // deliveries are tried for three
	}
}

// startJobs starts the background work; it ends with the context.
func (s *Server) startJobs(ctx context.Context, wg *sync.WaitGroup) {
	n := &notify.Notifier{DB: s.DB, Now: s.Now, Send: s.sender(), Log: s.log}
	wg.Go(func() { n.Run(ctx) })
	holder := secret.NewToken(16)
	hooks := &notify.Webhooks{DB: s.DB, Now: s.Now, Call: s.cfg.webhookCaller(s.Now), Holder: holder, Log: s.log, BaseURL: s.cfg.PublicURL}
	wg.Go(func() { hooks.Run(ctx) })
	for _, j := range []job{
		{"metadata", refreshEvery, usualMargin, func(ctx context.Context) error {
			_, err := s.Manage.RefreshMetadata(ctx, s.cfg.MetadataRefresh)
			return err
		}},
		{"domains", domainsEvery, usualMargin, func(ctx context.Context) error {
			_, err := s.Manage.RecheckOwnership(ctx)
			return err
		}},
		{"prune", pruneEvery, usualMargin, s.prune},
		{"attempt facts", factsEvery, usualMargin, s.Manage.CountAttempts},
		{"counts", countsEvery, usualMargin, s.DB.FoldCounts},
		{"roles", migrateEvery, migrateEvery, s.Manage.MigrateRoles},
		{"disposable domains", disposableEvery, 0, s.disposable.read}, // each node has a file of its own
		// Looking is a read; two nodes that chain the same lines do no harm.
		{"audit chain", chainEvery, 0, func(ctx context.Context) error {
			_, err := s.Manage.ChainAudit(ctx)
			return err
		}},
	} {
		wg.Go(func() { s.repeat(ctx, j, holder) })
	}
}

// repeat runs a job when its time comes and this node holds its lease.
func (s *Server) repeat(ctx context.Context, j job, holder string) {
	tick := time.NewTicker(j.every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if err := s.runJob(ctx, j, holder); err != nil && ctx.Err() == nil {
			s.log.LogAttrs(ctx, slog.LevelError, "job", slog.String("job", j.name), slog.String("cause", err.Error()))
		}
	}
}

func (s *Server) runJob(ctx context.Context, j job, holder string) error {
	ctx = identity.WithActor(ctx, identity.Actor{Kind: identity.ActorSystem, ID: j.name})
	run := func() error { return j.run(ctx) }
	if j.margin == 0 {
		return notify.Survive(run)
	}
	mine := false
	err := s.DB.Write(ctx, func(tx *store.Tx) error {
		now := s.Now()
		var err error
		mine, err = tx.TakeLease(j.name, holder, now, now.Add(j.every+j.margin))
		return err
	})
	if err != nil || !mine {
		return err
	}
	return notify.Survive(run)
}

// webhookCaller makes a client for one endpoint: none is in another's way, and
// what it is led to is judged as for every outgoing call. A redirect is an answer.
func (c Config) webhookCaller(now func() time.Time) func() notify.Caller {
	return func() notify.Caller {
		client := httpio.NewClient(httpio.ClientOptions{
			Now: now, AllowPrivate: c.Development, AllowedPorts: c.ports(),
			Timeout: notify.WebhookTimeout, Answer: notify.WebhookTimeout,
		}).HTTP()
		client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		return client
	}
}

// prune removes what has expired, in small transactions. The earlier of the two
// clocks counts, so that a node whose clock is ahead frees no mark of a used
// assertion early (threat T-OPS-01).
func (s *Server) prune(ctx context.Context) error {
	now := s.Now()
	at, ok, err := s.DB.Clock(ctx)
	if err != nil {
		return err
	}
	if ok && at.Before(now) {
		now = at
	}
	for range pruneRounds {
		var report store.PruneReport
		err := s.DB.Write(ctx, func(tx *store.Tx) error {
			var err error
			report, err = tx.Prune(now, retention())
			return err
		})
		if err != nil || !report.More {
			return err
		}
	}
	return nil
}

// sender is where mail goes.
func (s *Server) sender() notify.Sender {
	switch {
	case s.cfg.SMTPHost != "":
		return &notify.SMTP{
			Host: s.cfg.SMTPHost, Port: s.cfg.SMTPPort, Username: s.cfg.SMTPUsername, Password: s.cfg.SMTPPassword,
			From: s.cfg.MailFrom, Plaintext: s.cfg.SMTPPlaintext,
		}
	case s.cfg.Development:
		return &notify.Mailbox{DB: s.DB}
	}
	return notify.Held{}
}
