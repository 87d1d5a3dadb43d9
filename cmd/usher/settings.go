package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"usher/internal/secret"
	"usher/internal/server"
)

const (
	// testPrefix begins the variables that steer tests and that a deployment
	// started by one of them may see.
	testPrefix = "USHER_TEST_"

	// defaultData is where "usher dev" keeps everything.
	defaultData = "usher-data"
)

// mistakes are all that is wrong with a configuration, a line each.
type mistakes []string

func (m mistakes) Error() string { return "the configuration can't be used: " + strings.Join(m, "; ") }

func (m mistakes) write(out io.Writer) {
	fmt.Fprintf(out, "usher: the configuration can't be used:\n")
	for _, line := range m {
		fmt.Fprintf(out, "  - %s\n", clean(line))
	}
	fmt.Fprintln(out, "All settings: usher help serve")
}

// add appends every error in the tree.
func (m *mistakes) add(err error) {
	if err == nil {
		return
	}
	if list, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range list.Unwrap() {
			m.add(e)
		}
		return
	}
	*m = append(*m, err.Error())
}

// addNew appends every error in the tree that is about a setting of which
// nothing is said yet: one that can't be read isn't missing as well.
func (m *mistakes) addNew(err error) {
	var more mistakes
	more.add(err)
	for _, line := range more {
		same := func(other string) bool { return settingOf(other) == settingOf(line) }
		if !slices.ContainsFunc(*m, same) {
			*m = append(*m, line)
		}
	}
}

// settingOf is the name that a mistake begins with.
func settingOf(line string) string {
	name, _, _ := strings.Cut(line, " ")
	return strings.TrimSuffix(name, ":")
}

// settings are the flags that hold a configuration or say where it is.
type settings struct {
	file  string
	flags map[string]string // by name of the option
}

// settingValue is the flag of one option.
type settingValue struct {
	settings *settings
	option   server.Option
}

func (v *settingValue) String() string { return v.option.Default }

func (v *settingValue) Set(s string) error {
	v.settings.flags[v.option.Name] = s
	return nil
}

// IsBoolFlag lets a switch be given without a value.
func (v *settingValue) IsBoolFlag() bool { return v.option.Default == "false" }

func (s *settings) declare(fs *flag.FlagSet) {
	s.flags = map[string]string{}
	fs.StringVar(&s.file, "config", "", "A TOML `FILE` of settings.")
	for _, o := range server.Options() {
		fs.Var(&settingValue{s, o}, o.Flag(), o.Help)
	}
}

// load reads the configuration and notes what is wrong with it.
func (s *settings) load(w *world) (server.Config, mistakes) {
	var found mistakes
	cfg, err := server.Load(server.Source{File: s.file, Env: w.getenv, Flags: s.flags})
	found.add(err)
	for _, name := range unknownVariables(w.env) {
		found = append(found, fmt.Sprintf("%s: there is no such setting; unset the variable or correct its name", name))
	}
	return cfg, found
}

// production reads the configuration of a deployment that serves, with every
// mistake in it at once.
func (s *settings) production(w *world) (server.Config, error) {
	cfg, found := s.load(w)
	found.addNew(cfg.Validate())
	found.addNew(checkKeys(cfg))
	if len(found) > 0 {
		return cfg, found
	}
	return cfg, nil
}

// checkKeys says why the key ring can't be used.
func checkKeys(cfg server.Config) error {
	name, err := "key_file", error(nil)
	switch {
	case cfg.KeyFile != "":
		_, err = secret.ReadKeyRing(cfg.KeyFile)
	case cfg.Keys != "":
		name = "keys"
		_, err = secret.ParseKeyRing(cfg.Keys)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// unknownVariables lists variables of the environment that look like settings
// and are none, so that a misspelt one doesn't go unnoticed.
func unknownVariables(env []string) []string {
	known := map[string]bool{}
	for _, o := range server.Options() {
		known[o.Env()] = true
		known[o.Env()+"_FILE"] = o.Secret
	}
	var unknown []string
	for _, entry := range env {
		name, _, _ := strings.Cut(entry, "=")
		if strings.HasPrefix(name, "USHER_") && !strings.HasPrefix(name, testPrefix) && !known[name] {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}

// target is the deployment that a command works on: one that is configured as
// "usher serve" is, or one that "usher dev" keeps in a folder.
type target struct {
	settings
	data string
}

func (t *target) declare(fs *flag.FlagSet) {
	t.settings.declare(fs)
	fs.StringVar(&t.data, "data", "", "The `DIR` of \"usher dev\", instead of a configuration. Where no database is configured: ./"+defaultData+", if it is there.")
}

// find reads the configuration and settles which deployment is meant. dir is
// the folder of a development server, or empty.
func (t *target) find(w *world) (cfg server.Config, dir string, err error) {
	cfg, found := t.load(w)
	if len(found) > 0 {
		return cfg, "", found
	}
	dir = t.data
	if dir == "" && cfg.Database == "" {
		if info, err := os.Stat(defaultData); err == nil && info.IsDir() {
			dir = defaultData
		}
	}
	return cfg, dir, nil
}

// open opens the database of the deployment, brought up to date.
func (t *target) open(ctx context.Context, w *world) (tools *server.Tools, development bool, err error) {
	cfg, dir, err := t.find(w)
	if err != nil {
		return nil, false, err
	}
	if dir != "" {
		info, running, err := runningDev(dir)
		if err != nil {
			return nil, false, err
		}
		if running {
			return nil, false, fmt.Errorf("\"usher dev\" is running on %s (process %d) and is the only one to use its database: stop it first", dir, info.PID)
		}
	}
	tools, err = openDatabase(ctx, cfg, dir)
	return tools, dir != "", err
}

// openDatabase opens a deployment's database. dir is as find returns it.
func openDatabase(ctx context.Context, cfg server.Config, dir string) (*server.Tools, error) {
	if dir != "" {
		var err error
		if cfg, err = developmentConfig(cfg, dir); err != nil {
			return nil, err
		}
	}
	if cfg.Database == "" {
		return nil, mistakes{"database is missing: give --database, USHER_DATABASE, --config FILE, or --data DIR for the folder of \"usher dev\""}
	}
	if cfg.KeyFile == "" && cfg.Keys == "" {
		return nil, mistakes{"key_file is missing: give --key-file, USHER_KEY_FILE or USHER_KEYS, the keys that seal this database"}
	}
	return server.OpenTools(ctx, cfg)
}

// developmentConfig is the configuration of a folder of "usher dev". What is
// configured besides wins: its database may be elsewhere.
func developmentConfig(cfg server.Config, dir string) (server.Config, error) {
	keys := filepath.Join(dir, "keys")
	if _, err := os.Stat(keys); err != nil {
		return cfg, fmt.Errorf("%s is not a folder of \"usher dev\", which keeps its keys there: %w", dir, err)
	}
	if cfg.KeyFile == "" && cfg.Keys == "" {
		cfg.KeyFile = keys
	}
	if cfg.Database == "" {
		cfg.Database = "sqlite:" + filepath.Join(dir, "usher.db")
	}
	cfg.Development = true
	return cfg, nil
}
