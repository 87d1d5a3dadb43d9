package server

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/BurntSushi/toml"
)

// Config is everything that a deployment is told from outside. Each field has
// one line in Options, which says its unit, default and effect.
type Config struct {
	PublicURL        string
	Listen           string
	MetricsListen    string
	Database         string
	DatabaseExecMode string
	KeyFile          string
	Keys             string
	SecretKey        string
	FrontendAPIHost  string
	AllowedOrigins   []string
	TrustedProxies   []netip.Prefix
	SMTPHost         string
	SMTPPort         int
	SMTPUsername     string
	SMTPPassword     string
	SMTPPlaintext    bool
	MailFrom         string
	LogFormat        string
	LogLevel         string
	MetadataRefresh  time.Duration
	OutgoingPorts    []int
	DNSServers       []string
	ShutdownGrace    time.Duration
	AuditAddresses   bool
	DisposableFile   string
	Development      bool // set by "usher dev" alone; has no option
}

// Option is one setting: how it is called in the file, and what it does. The
// environment name is USHER_ and the name in capitals; the flag has dashes.
type Option struct {
	Name     string
	Default  string
	Help     string
	Secret   bool // may also be given as NAME_file; shown as [redacted]
	Required bool // by "usher serve"
	set      func(*Config, string) error
	get      func(Config) string
}

// Env is the environment variable of the option.
func (o Option) Env() string { return "USHER_" + strings.ToUpper(o.Name) }

// Flag is the command line flag of the option.
func (o Option) Flag() string { return strings.ReplaceAll(o.Name, "_", "-") }

// Options lists every setting, in the order of the documentation.
func Options() []Option {
	return []Option{
		{
			Name: "public_url", Required: true,
			Help: "The origin that people and providers use, such as https://sign-in.example.com. Every link, ACS URL and cookie follows from it; https, except on a loopback host.",
			set:  func(c *Config, s string) (err error) { c.PublicURL, err = parseOrigin(s); return err },
			get:  func(c Config) string { return c.PublicURL },
		},
		text("listen", "127.0.0.1:4000", "Address and port to serve on.", func(c *Config) *string { return &c.Listen }),
		text("metrics_listen", "", "Address and port for /metrics. Empty: none. Keep it private.", func(c *Config) *string { return &c.MetricsListen }),
		required(text("database", "", "A file for SQLite (sqlite:PATH), or a postgres:// URL.", func(c *Config) *string { return &c.Database })),
		text("database_exec_mode", "", "PostgreSQL only: \"exec\" where a pooler in transaction mode stands between.", func(c *Config) *string { return &c.DatabaseExecMode }),
		text("key_file", "", "File of the keys that seal secrets in the database, readable by its owner only (mode 0600). Make one with: usher keys new.", func(c *Config) *string { return &c.KeyFile }),
		hidden(text("keys", "", "The same keys as a value, for the environment.", func(c *Config) *string { return &c.Keys })),
		hidden(text("secret_key", "", "A Backend API key (sk_live_…) to accept besides those that were made with: usher keys secret.", func(c *Config) *string { return &c.SecretKey })),
		text("frontend_api_host", "", "Host that the publishable key names and session tokens are issued by (https://HOST). Empty: that of public_url.", func(c *Config) *string { return &c.FrontendAPIHost }),
		{
			Name: "allowed_origins",
			Help: "Origins, separated by commas, to which people may be sent back after signing in.",
			set: func(c *Config, s string) error {
				return eachItem(s, func(item string) error {
					o, err := parseOrigin(item)
					c.AllowedOrigins = append(c.AllowedOrigins, o)
					return err
				})
			},
			get: func(c Config) string { return strings.Join(c.AllowedOrigins, ",") },
		},
		{
			Name: "trusted_proxies",
			Help: "Address ranges (CIDR), separated by commas, of proxies whose X-Forwarded-For is believed.",
			set: func(c *Config, s string) error {
				return eachItem(s, func(item string) error {
					p, err := netip.ParsePrefix(item)
					c.TrustedProxies = append(c.TrustedProxies, p)
					return err
				})
			},
			get: func(c Config) string { return joined(c.TrustedProxies) },
		},
		text("smtp_host", "", "Mail server. Empty: mail is kept in the outbox and not sent.", func(c *Config) *string { return &c.SMTPHost }),
		number("smtp_port", "587", "Port of the mail server; 465 speaks TLS from the start.", func(c *Config) *int { return &c.SMTPPort }),
		text("smtp_username", "", "User at the mail server. Empty: none.", func(c *Config) *string { return &c.SMTPUsername }),
		hidden(text("smtp_password", "", "Password at the mail server.", func(c *Config) *string { return &c.SMTPPassword })),
		boolean("smtp_plaintext", "Send mail without TLS. Only for a server on the same machine.", func(c *Config) *bool { return &c.SMTPPlaintext }),
		text("mail_from", "", "Sender of every mail, such as Example <no-reply@example.com>. Needed with smtp_host.", func(c *Config) *string { return &c.MailFrom }),
		oneOf("log_format", "json", "json or text.", []string{"json", "text"}, func(c *Config) *string { return &c.LogFormat }),
		oneOf("log_level", "info", "debug, info, warn or error.", []string{"debug", "info", "warn", "error"}, func(c *Config) *string { return &c.LogLevel }),
		duration("metadata_refresh", "6h", "How often the metadata URLs of connections are fetched again.", func(c *Config) *time.Duration { return &c.MetadataRefresh }),
		{
			Name: "outgoing_ports", Help: "Ports, separated by commas, that Usher may connect to besides 443 and 8443.",
			set: func(c *Config, s string) error {
				return eachItem(s, func(item string) error {
					n, err := strconv.ParseUint(item, 10, 16)
					c.OutgoingPorts = append(c.OutgoingPorts, int(n))
					return err
				})
			},
			get: func(c Config) string { return joined(c.OutgoingPorts) },
		},
		boolean("audit_addresses", "Keep in the audit log from which address the Backend API was called. The addresses of people are never kept.", func(c *Config) *bool { return &c.AuditAddresses }),
		{
			Name: "dns_servers", Help: "Resolving name servers (host:port), separated by commas, that are asked for the TXT records of domains. Empty: those of the machine.",
			set: func(c *Config, s string) error {
				return eachItem(s, func(item string) error {
					if _, _, err := net.SplitHostPort(item); err != nil {
						return errors.New("must be host:port, such as 192.0.2.53:53")
					}
					c.DNSServers = append(c.DNSServers, item)
					return nil
				})
			},
			get: func(c Config) string { return strings.Join(c.DNSServers, ",") },
		},
		text("disposable_domains_file", "", "File of domains, one a line, with addresses for minutes, besides those that Usher knows. Read again when it changes.", func(c *Config) *string { return &c.DisposableFile }),
		duration("shutdown_grace", "30s", "How long work under way may take after SIGTERM.", func(c *Config) *time.Duration { return &c.ShutdownGrace }),
	}
}

func text(name, def, help string, field func(*Config) *string) Option {
	return Option{
		Name: name, Default: def, Help: help,
		set: func(c *Config, s string) error { *field(c) = s; return nil },
		get: func(c Config) string { return *field(&c) },
	}
}

func hidden(o Option) Option   { o.Secret = true; return o }
func required(o Option) Option { o.Required = true; return o }

func oneOf(name, def, help string, values []string, field func(*Config) *string) Option {
	o := text(name, def, help, field)
	o.set = func(c *Config, s string) error {
		if !slices.Contains(values, s) {
			return fmt.Errorf("must be one of %s", strings.Join(values, ", "))
		}
		*field(c) = s
		return nil
	}
	return o
}

func number(name, def, help string, field func(*Config) *int) Option {
	return Option{
		Name: name, Default: def, Help: help,
		set: func(c *Config, s string) error {
			n, err := strconv.ParseUint(s, 10, 16)
			if err != nil {
				return errors.New("must be a number from 0 to 65535")
			}
			*field(c) = int(n)
			return nil
		},
		get: func(c Config) string { return strconv.Itoa(*field(&c)) },
	}
}

func boolean(name, help string, field func(*Config) *bool) Option {
	return Option{
		Name: name, Default: "false", Help: help,
		set: func(c *Config, s string) error {
			b, err := strconv.ParseBool(s)
			if err != nil {
				return errors.New("must be true or false")
			}
			*field(c) = b
			return nil
		},
		get: func(c Config) string { return strconv.FormatBool(*field(&c)) },
	}
}

func duration(name, def, help string, field func(*Config) *time.Duration) Option {
	return Option{
		Name: name, Default: def, Help: help,
		set: func(c *Config, s string) error {
			d, err := time.ParseDuration(s)
			if err != nil || d <= 0 {
				return errors.New("must be a duration such as 30s or 6h")
			}
			*field(c) = d
			return nil
		},
		get: func(c Config) string { return field(&c).String() },
	}
}

func eachItem(s string, f func(string) error) error {
	for item := range strings.SplitSeq(s, ",") {
		if item = strings.TrimSpace(item); item == "" {
			continue
		}
		if err := f(item); err != nil {
			return fmt.Errorf("%q: %w", item, err)
		}
	}
	return nil
}

func joined[T any](list []T) string {
	texts := make([]string, len(list))
	for i, v := range list {
		texts[i] = fmt.Sprint(v)
	}
	return strings.Join(texts, ",")
}

// parseOrigin accepts an origin without path: https, or http on a loopback host.
func parseOrigin(s string) (string, error) {
	u, err := url.Parse(strings.TrimSuffix(s, "/"))
	if err != nil || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return "", errors.New("must be an origin such as https://sign-in.example.com")
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !isLoopback(u.Hostname())) {
		return "", errors.New("must begin with https://")
	}
	return u.Scheme + "://" + strings.ToLower(u.Host), nil
}

func isLoopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

// Source is where settings come from, the strongest last: defaults, the file,
// the environment, flags.
type Source struct {
	File  string              // path of a TOML file; empty: none
	Env   func(string) string // os.Getenv
	Flags map[string]string   // by option name; only those given
}

// Load reads the settings. Every mistake is reported, not only the first; an
// unknown key in the file or in the environment is a mistake.
func Load(src Source) (Config, error) {
	var c Config
	var errs []error
	options := Options()
	file, err := readFile(src.File)
	if err != nil {
		errs = append(errs, err)
	}
	for _, o := range options {
		value, from, given, err := src.value(o, file)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		if !given && o.Default == "" {
			continue
		}
		if err := o.set(&c, value); err != nil {
			errs = append(errs, fmt.Errorf("%s (%s): %w", o.Name, from, err))
		}
		delete(file, o.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(file)) {
		known := func(o Option) bool { return o.Name == name || o.Secret && o.Name+"_file" == name }
		if !slices.ContainsFunc(options, known) {
			errs = append(errs, fmt.Errorf("%s: unknown setting %q%s", src.File, name, nearest(name, options)))
		}
	}
	return c, errors.Join(errs...)
}

// nearest suggests a setting that begins alike.
func nearest(name string, options []Option) string {
	for _, o := range options {
		if strings.HasPrefix(o.Name, name) || strings.HasPrefix(name, o.Name) || strings.ReplaceAll(name, "-", "_") == o.Name {
			return fmt.Sprintf("; did you mean %q?", o.Name)
		}
	}
	return ""
}

// value finds what an option is set to, and where.
func (src Source) value(o Option, file map[string]string) (value, from string, given bool, err error) {
	if v, ok := src.Flags[o.Name]; ok {
		return v, "flag --" + o.Flag(), true, nil
	}
	if v := src.Env(o.Env()); v != "" {
		return v, "environment " + o.Env(), true, nil
	}
	if o.Secret {
		path := src.Env(o.Env() + "_FILE")
		if path == "" {
			path = file[o.Name+"_file"]
		}
		if path != "" {
			b, err := os.ReadFile(path) //nolint:gosec // named by the operator
			if err != nil {
				return "", "", false, fmt.Errorf("%s: %w", o.Name, err)
			}
			return strings.TrimSpace(string(b)), path, true, nil
		}
	}
	if v, ok := file[o.Name]; ok {
		return v, src.File, true, nil
	}
	return o.Default, "default", false, nil
}

// readFile reads a TOML file of plain settings: texts, numbers, truth values and
// lists of them.
func readFile(path string) (map[string]string, error) {
	if path == "" {
		return nil, nil
	}
	var raw map[string]any
	if _, err := toml.DecodeFile(path, &raw); err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	file := map[string]string{}
	for name, v := range raw {
		switch v := v.(type) {
		case map[string]any:
			return nil, fmt.Errorf("%s: unknown section [%s]; settings are plain keys", path, name)
		case []any:
			file[name] = joined(v)
		default:
			file[name] = fmt.Sprint(v)
		}
	}
	return file, nil
}

// Validate says everything that is missing for serving in production.
func (c Config) Validate() error {
	var errs []error
	need := func(ok bool, what string) {
		if !ok {
			errs = append(errs, errors.New(what))
		}
	}
	need(c.PublicURL != "", "public_url is missing: the origin that people use, such as https://sign-in.example.com")
	need(c.Database != "", "database is missing: sqlite:PATH or a postgres:// URL")
	need(c.KeyFile != "" || c.Keys != "", "key_file is missing: make one with \"usher keys new > keys\" and chmod 600 it (or set USHER_KEYS)")
	need(c.KeyFile == "" || c.Keys == "", "key_file and keys are both set; give one")
	need(c.SMTPHost == "" || c.MailFrom != "", "mail_from is missing: smtp_host is set")
	need(c.SecretKey == "" || strings.HasPrefix(c.SecretKey, "sk_live_") && len(c.SecretKey) >= 40,
		"secret_key must begin with sk_live_ and be at least 40 characters")
	return errors.Join(errs...)
}

// Lines shows the settings, secrets redacted, as a file would hold them.
func (c Config) Lines() []string {
	var lines []string
	for _, o := range Options() {
		v := o.get(c)
		if o.Secret && v != "" {
			v = "[redacted]"
		}
		if u, err := url.Parse(v); err == nil && u.User != nil {
			v = u.Redacted() // a database's password
		}
		lines = append(lines, fmt.Sprintf("%s = %q", o.Name, v))
	}
	return lines
}
