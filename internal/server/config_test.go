package server_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"usher/internal/server"
)

func source(t *testing.T, file string, env, flags map[string]string) server.Source {
	t.Helper()
	src := server.Source{Env: func(name string) string { return env[name] }, Flags: flags}
	if file != "" {
		src.File = filepath.Join(t.TempDir(), "usher.toml")
		if err := os.WriteFile(src.File, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return src
}

func TestLoad_TheNearerSourceWins(t *testing.T) {
	t.Parallel()
	file := "listen = \"file\"\nsmtp_port = 25\nallowed_origins = [\"https://a.test\", \"https://b.test\"]\nmetadata_refresh = \"2h\"\n"
	cfg, err := server.Load(source(t, file, map[string]string{"USHER_LISTEN": "environment", "USHER_SMTP_HOST": "mail.test"}, map[string]string{"listen": "flag"}))
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Listen != "flag" || cfg.SMTPHost != "mail.test" || cfg.SMTPPort != 25 || len(cfg.AllowedOrigins) != 2 ||
		cfg.MetadataRefresh != 2*time.Hour || cfg.LogFormat != "json" {
		t.Errorf("got %+v", cfg)
	}
}

// Threat T-OPS-16.
func TestLoad_EveryMistakeIsListed(t *testing.T) {
	t.Parallel()
	file := "listne = \"typo\"\npublic_url = \"http://example.com\"\nlog_level = \"loud\"\n"
	_, err := server.Load(source(t, file, map[string]string{"USHER_SMTP_PORT": "many"}, map[string]string{"trusted_proxies": "everybody"}))
	if err == nil {
		t.Fatal("no mistake was found")
	}
	for _, want := range []string{`unknown setting "listne"`, "public_url", "must begin with https://", "log_level", "smtp_port", "trusted_proxies"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("the mistakes do not say %q:\n%v", want, err)
		}
	}
}

func TestLoad_RefusesWhatIsNotAnOrigin(t *testing.T) {
	t.Parallel()
	for value, ok := range map[string]bool{
		"https://sign-in.example.com": true, "https://sign-in.example.com/": true, "http://localhost:4000": true, "http://127.0.0.1": true,
		"http://example.com": false, "https://example.com/path": false, "https://u:p@example.com": false, "example.com": false,
		"javascript://example.com": false, "https://example.com?x": false, "": false,
	} {
		_, err := server.Load(source(t, "", nil, map[string]string{"public_url": value}))
		if (err == nil) != ok {
			t.Errorf("%q: got %v, want accepted %v", value, err, ok)
		}
	}
}

// Threat T-SEC-04.
func TestConfig_LinesShowNoSecret(t *testing.T) {
	t.Parallel()
	const canary = "canary-4711"
	path := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(path, []byte(canary+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg, err := server.Load(source(t, "smtp_password_file = \""+path+"\"\n", map[string]string{"USHER_KEYS": canary}, map[string]string{
		"secret_key": "sk_live_" + canary, "database": "postgres://usher:" + canary + "@db.test/usher",
	}))
	if err != nil {
		t.Fatal(err)
	}
	if cfg.SMTPPassword != canary {
		t.Errorf("the password was not read from its file: %q", cfg.SMTPPassword)
	}
	if lines := strings.Join(cfg.Lines(), "\n"); strings.Contains(lines, canary) || !strings.Contains(lines, "[redacted]") {
		t.Errorf("the settings are shown as\n%s", lines)
	}
}

func TestValidate_SaysAllThatIsMissing(t *testing.T) {
	t.Parallel()
	err := server.Config{SMTPHost: "mail.test", SecretKey: "sk_test_short"}.Validate()
	for _, want := range []string{"public_url", "database", "key_file", "mail_from", "secret_key"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to name %s", err, want)
		}
	}
}
