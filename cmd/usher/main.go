// Usher is self-hosted single sign-on for organizations. This command reads the
// command line and the configuration and picks what to run; it decides nothing
// about who may come in.
//
// Every subcommand has its own file. See "usher help".
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"usher/internal/identity"
)

// The exit codes that all commands share.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2 // also: a configuration that can't be used
)

// world is what a command gets from outside.
type world struct {
	stdin  io.Reader
	stdout io.Writer
	stderr io.Writer
	env    []string // NAME=value
	now    func() time.Time
	colour bool // stdout is a terminal whose owner doesn't mind
}

// getenv returns a variable of the environment.
func (w *world) getenv(name string) string {
	for _, entry := range w.env {
		if key, value, ok := strings.Cut(entry, "="); ok && key == name {
			return value
		}
	}
	return ""
}

// runner carries a command out once its flags have been read.
type runner func(ctx context.Context, w *world, args []string) error

// command is one subcommand.
type command struct {
	name  string // one word or two, such as "keys new"
	args  string // what may follow the name, for the usage line
	short string // one line for the list of commands
	long  string // what it does, with examples

	// setup declares the flags and returns what uses them.
	setup func(*flag.FlagSet) runner
}

// commands lists all subcommands in the order of the help.
func commands() []command {
	return []command{
		devCommand(),
		serveCommand(),
		configCheckCommand(),
		configDocsCommand(),
		migrateCommand(),
		keysNewCommand(),
		keysSecretCommand(),
		keysListCommand(),
		keysRotateCommand(),
		operatorLinkCommand(),
		auditVerifyCommand(),
		auditExportCommand(),
		explainCommand(),
		samlDecodeCommand(),
		benchSeedCommand(),
		idpCommand(),
		versionCommand(),
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	code := run(ctx, &world{
		stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		env: os.Environ(), now: time.Now, colour: wantsColour(os.Stdout, os.Getenv),
	}, os.Args[1:])
	stop()
	os.Exit(code)
}

// wantsColour follows https://no-color.org.
func wantsColour(f *os.File, getenv func(string) string) bool {
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0 && getenv("NO_COLOR") == "" && getenv("TERM") != "dumb"
}

// run carries out a command line and returns the exit code.
func run(ctx context.Context, w *world, args []string) int {
	if len(args) == 0 {
		writeOverview(w.stderr)
		return exitUsage
	}
	if isHelp(args[0]) {
		return runHelp(w, args[1:])
	}
	c, rest, ok := find(args)
	if !ok {
		return unknownCommand(w, args)
	}
	fs := newFlagSet(c)
	do := c.setup(fs)
	operands, err := parseFlags(fs, rest)
	switch {
	case errors.Is(err, flag.ErrHelp):
		writeHelp(w.stdout, c)
		return exitOK
	case err != nil:
		err = usageError{err}
	default:
		err = do(identity.WithActor(ctx, identity.Actor{Kind: identity.ActorCommandLine}), w, operands)
	}
	return finish(w, c, err)
}

// usageError says that the command line, or the configuration, is wrong.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// usagef makes a usageError.
func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errRefused ends a command with exit code 1 that has said why already.
var errRefused = errors.New("refused")

// finish reports how a command ended and returns the exit code.
func finish(w *world, c command, err error) int {
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errRefused):
		return exitFailure
	}
	if mistakes, ok := errors.AsType[mistakes](err); ok {
		mistakes.write(w.stderr)
		return exitUsage
	}
	fmt.Fprintf(w.stderr, "usher %s: %v\n", c.name, describe(err))
	if _, ok := errors.AsType[usageError](err); ok {
		fmt.Fprintf(w.stderr, "usage: %s\nMore: usher help %s\n", c.usage(), c.name)
		return exitUsage
	}
	return exitFailure
}
