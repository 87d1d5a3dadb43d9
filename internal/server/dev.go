package server

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"usher/internal/identity"
	"usher/internal/practice"
	"usher/internal/secret"
	"usher/internal/web/account"
)

// DevOptions are the flags of "usher dev".
type DevOptions struct {
	Data     string // directory of everything it keeps
	Listen   string
	Database string // empty: SQLite in Data
	NoDemo   bool

	DNSServers []string // host:port; empty: those of the system
}

// devAPIHost ends the host in the publishable key of a development server.
// Clerk's SDKs take a host that ends so for a development instance, and its
// server SDKs accept session tokens issued by it.
const devAPIHost = ".clerk.accounts.dev"

// files of a development server's data directory.
const (
	fileKeys      = "keys"
	fileSecretKey = "secret_key"
	fileDatabase  = "usher.db"
	fileInfo      = "dev.json"
	filePractice  = "practice-acme.pem"
	modeSecret    = 0o600
	modeDir       = 0o700
)

// DevInfo is what dev.json holds.
type DevInfo struct {
	BaseURL        string   `json:"base_url"`
	BackendAPIURL  string   `json:"backend_api_url"`
	PublishableKey string   `json:"publishable_key"`
	SecretKey      string   `json:"secret_key"`
	DashboardLink  string   `json:"dashboard_link"`
	MailboxURL     string   `json:"mailbox_url"`
	PID            int      `json:"pid"`
	Demo           DemoInfo `json:"demo"`
}

// DemoInfo is what there is to try.
type DemoInfo struct {
	Organizations []DemoOrganization `json:"organizations"`
	Connections   []DemoConnection   `json:"connections"`
	People        []string           `json:"people"`
}

// DemoOrganization is an organization of the demo.
type DemoOrganization struct {
	ID   string `json:"id"`
	Slug string `json:"slug"`
}

// DemoConnection is a connection of the demo.
type DemoConnection struct {
	ID             string   `json:"id"`
	OrganizationID string   `json:"organization_id"`
	Domains        []string `json:"domains"`
}

// RunDev serves a development deployment until the context ends: everything in
// one directory, mail in a mailbox page, a practice identity provider beside it.
func RunDev(ctx context.Context, o DevOptions, out io.Writer) error {
	l, err := listen(ctx, o.Listen)
	if err != nil {
		return err
	}
	d := &dev{options: o, out: out}
	if err := d.open(ctx, l); err != nil {
		return errors.Join(err, l.Close())
	}
	served, stop := context.WithCancel(ctx)
	defer stop()
	done := make(chan error, 1)
	go func() { done <- d.server.serve(served, l) }()
	err = d.announce(ctx)
	if err != nil {
		stop()
	}
	err = errors.Join(err, <-done, d.tools.Close())
	_ = os.Remove(d.path(fileInfo)) // says that nobody answers any more
	return err
}

// dev is a development deployment.
type dev struct {
	options DevOptions
	out     io.Writer
	cfg     Config
	tools   *Tools
	server  *Server
	idp     *practice.IDP
	openIDs openIDs
	info    DevInfo
}

func (d *dev) path(name string) string { return filepath.Join(d.options.Data, name) }

// open makes what is missing and opens what is there.
func (d *dev) open(ctx context.Context, l net.Listener) error {
	if err := os.MkdirAll(d.options.Data, modeDir); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	if _, err := d.keep(fileKeys, func() string { return secret.NewKeyRing("dev") }); err != nil {
		return err
	}
	secretKey, err := d.keep(fileSecretKey, func() string { return "sk_test_" + secret.NewToken(32) })
	if err != nil {
		return err
	}
	cfg, err := Load(Source{Env: func(string) string { return "" }})
	if err != nil {
		return err
	}
	cfg.PublicURL = "http://" + reachable(l.Addr())
	cfg.KeyFile, cfg.SecretKey = d.path(fileKeys), secretKey
	cfg.Database = d.options.Database
	if cfg.Database == "" {
		cfg.Database = "sqlite:" + d.path(fileDatabase)
	}
	cfg.DNSServers = d.options.DNSServers
	cfg.Development = true
	cfg.LogFormat, cfg.LogLevel = "text", "warn"
	cfg.ShutdownGrace = 5 * time.Second
	cfg.FrontendAPIHost = devHost(secretKey)
	d.cfg = cfg
	log := cfg.logger(d.out)
	if d.tools, err = openTools(ctx, cfg, log); err != nil {
		return err
	}
	if err := d.assemble(ctx, l); err != nil {
		return errors.Join(err, d.tools.Close())
	}
	return nil
}

// devHost makes the host of the publishable key, the same at every start.
func devHost(secretKey string) string {
	return "usher-" + hex.EncodeToString([]byte(secretKey[len(secretKey)-4:])) + devAPIHost
}

func (d *dev) assemble(ctx context.Context, l net.Listener) error {
	ex := extras{mounts: map[string]http.Handler{}, hosts: localNames(l.Addr())}
	ex.dev = &account.Dev{Home: d.home}
	d.info = DevInfo{
		BaseURL:        d.cfg.PublicURL,
		BackendAPIURL:  d.cfg.PublicURL + "/backend/v1",
		PublishableKey: d.cfg.publishableKey(),
		SecretKey:      d.cfg.SecretKey,
		DashboardLink:  d.cfg.PublicURL + "/dashboard",
		MailboxURL:     d.cfg.PublicURL + "/mailbox",
		PID:            os.Getpid(),
		Demo:           DemoInfo{Organizations: []DemoOrganization{}, Connections: []DemoConnection{}, People: []string{}},
	}
	if !d.options.NoDemo {
		if err := d.demo(identity.WithActor(ctx, identity.Actor{Kind: identity.ActorSystem, ID: "demo"})); err != nil {
			return fmt.Errorf("server: making the demo: %w", err)
		}
		ex.mounts["/practice/acme/"] = d.idp
		for place, op := range d.openIDs {
			ex.mounts[place+"/"] = op
		}
	}
	var err error
	d.server, err = build(d.cfg, d.tools, d.cfg.logger(d.out), ex)
	return err
}

// keep reads a secret text from the data directory, or makes it.
func (d *dev) keep(name string, fresh func() string) (string, error) {
	path := d.path(name)
	b, err := os.ReadFile(path) //nolint:gosec // in our own directory
	if err == nil {
		return string(b), nil
	}
	if !errors.Is(err, os.ErrNotExist) {
		return "", fmt.Errorf("server: %w", err)
	}
	text := fresh()
	if err := os.WriteFile(path, []byte(text), modeSecret); err != nil {
		return "", fmt.Errorf("server: %w", err)
	}
	return text, nil
}

// reachable is an address that a browser on this machine can open.
func reachable(a net.Addr) string {
	host, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return a.String()
	}
	if ip := net.ParseIP(host); ip == nil || ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	return net.JoinHostPort(host, port)
}

// localNames are the other names of a listener on this machine.
func localNames(a net.Addr) []string {
	_, port, err := net.SplitHostPort(a.String())
	if err != nil {
		return nil
	}
	return []string{"localhost:" + port, "127.0.0.1:" + port, "[::1]:" + port}
}

// announce waits until the server answers, writes dev.json, and says what there
// is to try.
func (d *dev) announce(ctx context.Context) error {
	if err := d.answers(ctx); err != nil {
		return err
	}
	if !d.options.NoDemo {
		if err := d.demoEASIE(ctx); err != nil {
			return fmt.Errorf("server: making the demo: %w", err)
		}
	}
	link, err := d.tools.Manage.OperatorLink(identity.WithActor(ctx, identity.Actor{Kind: identity.ActorSystem, ID: "dev"}), demoOperator)
	if err != nil {
		return fmt.Errorf("server: making the operator's link: %w", err)
	}
	d.info.DashboardLink = link.URL
	b, err := json.MarshalIndent(d.info, "", "  ")
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	// Written aside and renamed: whoever waits for the file finds it whole.
	aside := d.path(fileInfo + ".new")
	if err := os.WriteFile(aside, append(b, '\n'), modeSecret); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	if err := os.Rename(aside, d.path(fileInfo)); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	d.greet()
	return nil
}

// answers asks the server itself, through the listener.
func (d *dev) answers(ctx context.Context) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, d.cfg.PublicURL+"/readyz", nil)
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	client := &http.Client{Timeout: headerTimeout, Transport: &http.Transport{DisableKeepAlives: true}}
	res, err := client.Do(r)
	if err != nil {
		return fmt.Errorf("server: it does not answer: %w", err)
	}
	defer res.Body.Close() //nolint:errcheck // only the status matters
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("server: it is not ready: %s", res.Status)
	}
	return nil
}

// self is how the person at the terminal calls this program.
func self() string {
	if strings.Contains(filepath.ToSlash(os.Args[0]), "/go-build") {
		return "go run ./cmd/usher" // as the README says
	}
	return "usher"
}

func (d *dev) greet() {
	p := func(format string, args ...any) { fmt.Fprintf(d.out, format+"\n", args...) }
	base := d.cfg.PublicURL
	p("")
	p("  Usher is running.            %s", base)
	p("")
	if !d.options.NoDemo {
		p("  Try this")
		p("    Sign in by SAML            %s/sign-in?email_address=alice@acme.test", base)
		p("      alice and bob at acme.test go to Acme's practice identity provider")
		p("    Sign in by OpenID Connect  %s/sign-in?email_address=carol@globex.test", base)
		p("      carol and erin at globex.test go to Globex's practice OpenID provider")
		p("    Sign in without SSO        %s/sign-in?email_address=dave@solo.test", base)
		p("      the code arrives in the mailbox below")
		p("    Practice providers         %s/practice/acme/", base)
		p("                               %s%s/", base, placeGlobex)
		p("    What would happen?         %s explain --data %s --email alice@acme.test", self(), d.options.Data)
	}
	p("    Dashboard, once            %s", d.info.DashboardLink)
	p("    Mail                       %s", d.info.MailboxURL)
	p("")
	p("  For your application")
	p("    Publishable key            %s", d.info.PublishableKey)
	p("    Secret key                 in %s", d.path(fileInfo))
	p("    Backend API                %s", d.info.BackendAPIURL)
	p("    Key set                    %s/.well-known/jwks.json", base)
	p("")
	p("  Everything is kept in %s. Stop with Ctrl-C.", d.options.Data)
	p("")
}
