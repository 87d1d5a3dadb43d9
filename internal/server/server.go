package server

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"usher/internal/backendapi"
	"usher/internal/frontendapi"
	"usher/internal/httpio"
	"usher/internal/session"
	"usher/internal/web/account"
	"usher/internal/web/dashboard"
	"usher/internal/web/page"
	"usher/internal/web/portal"
)

// Limits of a connection: threat T-DOS-01.
const (
	headerTimeout  = 10 * time.Second
	readTimeout    = 30 * time.Second
	writeTimeout   = 60 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 32 << 10
)

// Rates by address, in one process: threats T-DOS-09 and T-DOS-10.
const rateKeys = 100_000 // addresses remembered

// visitRate bounds the sign-ins that an address begins. A whole company may sign
// in from one address on a Monday morning, so it is generous; startRate bounds
// those that do not go to an identity provider, tryRate codes and passwords.
func visitRate() httpio.Limit   { return httpio.Limit{Events: 20_000, Per: 10 * time.Minute} }
func startRate() httpio.Limit   { return httpio.Limit{Events: 50, Per: 100 * time.Second} }
func tryRate() httpio.Limit     { return httpio.Limit{Events: 30, Per: 100 * time.Second} }
func refusalRate() httpio.Limit { return httpio.Limit{Events: 60, Per: time.Minute} }
func floodRate() httpio.Limit   { return httpio.Limit{Events: 600, Per: time.Minute} }

// askRate bounds what a setup link makes us ask other servers, name servers and
// identity providers. Ours: somebody who checks each minute has more than enough.
func askRate() httpio.Limit { return httpio.Limit{Events: 60, Per: 10 * time.Minute} }

// callRate and changeRate bound the Backend API, all callers together and the
// changes of one user, organization or membership: Clerk's.
func callRate() httpio.Limit   { return httpio.Limit{Events: 1000, Per: 10 * time.Second} }
func changeRate() httpio.Limit { return httpio.Limit{Events: 10, Per: 10 * time.Second} }

// Server is a deployment that serves.
type Server struct {
	*Tools
	cfg      Config
	log      *slog.Logger
	handler  http.Handler
	metrics  *metrics
	stopping atomic.Bool
	drifting atomic.Bool // as /readyz found last
}

// extras are what a development server has besides.
type extras struct {
	dev    *account.Dev
	mounts map[string]http.Handler // by pattern, outside the middleware for pages
	hosts  []string
}

// build assembles the surfaces.
func build(cfg Config, t *Tools, log *slog.Logger, ex extras) (*Server, error) {
	s := &Server{Tools: t, cfg: cfg, log: log, metrics: newMetrics()}
	public, err := url.Parse(cfg.PublicURL)
	if err != nil {
		return nil, fmt.Errorf("server: public_url: %w", err)
	}
	formKey, err := t.Ring.Key("form tokens")
	if err != nil {
		return nil, err
	}
	forms := page.Forms{
		Tokens: httpio.FormTokens{Key: formKey}, Cookie: t.Sessions.HostCookie("usher_form"), Secure: t.Sessions.Secure, ReadCookie: session.ReadCookie,
	}
	ui := &account.UI{
		SignIn: t.SignIn, Manage: t.Manage, Sessions: t.Sessions, Forms: forms,
		BaseURL: cfg.PublicURL, Now: t.Now, Dev: ex.dev,
		Visits: httpio.NewLimiter(visitRate(), rateKeys, t.Now),
		Starts: httpio.NewLimiter(startRate(), rateKeys, t.Now),
		Tries:  httpio.NewLimiter(tryRate(), rateKeys, t.Now),
	}
	if err := ui.Init(); err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	(&backendapi.API{
		Manage: t.Manage, SignIn: t.SignIn, Sessions: t.Sessions, BaseURL: cfg.PublicURL,
		Calls: httpio.NewLimiter(callRate(), 2, t.Now), Changes: httpio.NewLimiter(changeRate(), rateKeys, t.Now),
		AuditAddresses: cfg.AuditAddresses, MailFrom: cfg.MailFrom,
	}).Routes(mux)
	(&frontendapi.API{
		SignIn: t.SignIn, Manage: t.Manage, Sessions: t.Sessions, Pages: ui,
		BaseURL: cfg.PublicURL, Origins: cfg.AllowedOrigins,
		Refusals: httpio.NewLimiter(refusalRate(), rateKeys, t.Now),
		Floods:   httpio.NewLimiter(floodRate(), rateKeys, t.Now),
	}).Routes(mux)
	ui.Routes(mux)
	operators := &dashboard.UI{SignIn: t.SignIn, Manage: t.Manage, Sessions: t.Sessions, Forms: forms, BaseURL: cfg.PublicURL, Now: t.Now, Development: cfg.Development, KeepAddresses: cfg.AuditAddresses}
	if err := operators.Init(); err != nil {
		return nil, err
	}
	operators.Routes(mux)
	setup := &portal.UI{
		SignIn: t.SignIn, Manage: t.Manage, Forms: forms, BaseURL: cfg.PublicURL, Now: t.Now, HostCookie: t.Sessions.HostCookie,
		Development: cfg.Development, KeepAddresses: cfg.AuditAddresses,
		Opens: httpio.NewLimiter(tryRate(), rateKeys, t.Now), Asks: httpio.NewLimiter(askRate(), rateKeys, t.Now),
	}
	if err := setup.Init(); err != nil {
		return nil, err
	}
	setup.Routes(mux)
	for pattern, h := range ex.mounts {
		mux.Handle(pattern, h)
	}
	guarded := httpio.Chain(mux,
		httpio.Require(httpio.WriteError, httpio.KnownHost(append(ex.hosts, public.Host, cfg.apiHost())...)),
		httpio.ClientAddress(cfg.TrustedProxies),
		transportSecurity(public.Scheme == "https"),
	)
	outer := http.NewServeMux()
	outer.Handle("GET /healthz", httpio.Handle(s.handleHealth)) // probes ask by address
	outer.Handle("GET /readyz", httpio.Handle(s.handleReady))
	outer.Handle("/", guarded)
	observer := &httpio.Observer{Log: log, Now: t.Now, Done: s.metrics.observe}
	s.handler = observer.Middleware(outer)
	return s, nil
}

// transportSecurity keeps browsers on https for two years, as hstspreload.org
// recommends; other names of the domain are not ours to bind.
func transportSecurity(https bool) httpio.Middleware {
	return func(next http.Handler) http.Handler {
		if !https {
			return next
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Strict-Transport-Security", "max-age=63072000")
			next.ServeHTTP(w, r)
		})
	}
}

// Run serves in production until the context ends, then finishes what is under
// way.
func Run(ctx context.Context, cfg Config, errOut io.Writer) error {
	if err := cfg.Validate(); err != nil {
		return err
	}
	log := cfg.logger(errOut)
	t, err := openTools(ctx, cfg, log)
	if err != nil {
		return err
	}
	s, err := build(cfg, t, log, extras{})
	if err != nil {
		return errors.Join(err, t.Close())
	}
	l, err := listen(ctx, cfg.Listen)
	if err != nil {
		return errors.Join(err, t.Close())
	}
	log.LogAttrs(ctx, slog.LevelInfo, "serving", slog.String("listen", l.Addr().String()), slog.String("public_url", cfg.PublicURL),
		slog.String("publishable_key", cfg.publishableKey()))
	return errors.Join(s.serve(ctx, l), t.Close())
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return nil, fmt.Errorf("server: %w", err)
	}
	return l, nil
}

// serve answers on the listener and runs the jobs until the context ends; then
// /readyz says so and what is under way may finish (threat T-OPS-15).
func (s *Server) serve(ctx context.Context, l net.Listener) error {
	h := &http.Server{
		Handler: s.handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var jobs sync.WaitGroup
	s.startJobs(work, &jobs)
	metricsErr := s.serveMetrics(work, &jobs)
	failed := make(chan error, 1)
	go func() { failed <- h.Serve(l) }()
	var err error
	select {
	case err = <-failed:
	case err = <-metricsErr:
	case <-ctx.Done():
	}
	s.stopping.Store(true)
	grace, cancel := context.WithTimeout(work, s.cfg.ShutdownGrace)
	defer cancel()
	if shutdownErr := h.Shutdown(grace); shutdownErr != nil {
		err = errors.Join(err, h.Close())
	}
	stop()
	jobs.Wait()
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// handleHealth says that the process lives.
func (s *Server) handleHealth(w http.ResponseWriter, _ *http.Request) error {
	return httpio.WriteJSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

// logger writes one line an event.
func (c Config) logger(out io.Writer) *slog.Logger {
	var level slog.Level
	if level.UnmarshalText([]byte(c.LogLevel)) != nil {
		level = slog.LevelInfo
	}
	o := &slog.HandlerOptions{Level: level}
	if c.LogFormat == "text" {
		return slog.New(slog.NewTextHandler(out, o))
	}
	return slog.New(slog.NewJSONHandler(out, o))
}

// publishableKey is what Clerk's browser SDKs are configured with: the kind of
// deployment and the host of the Frontend API.
func (c Config) publishableKey() string {
	prefix := "pk_live_"
	if c.Development {
		prefix = "pk_test_"
	}
	return prefix + base64.StdEncoding.EncodeToString([]byte(c.apiHost()+"$"))
}
