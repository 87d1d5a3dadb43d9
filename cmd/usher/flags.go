package main

import (
	"flag"
	"io"
	"slices"
	"strings"
)

// newFlagSet makes the set into which a command declares its flags.
func newFlagSet(c command) *flag.FlagSet {
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {}
	return fs
}

// parseFlags reads flags wherever they stand, not only before the first operand,
// and returns the operands. Everything behind "--" is one.
func parseFlags(fs *flag.FlagSet, args []string) (operands []string, err error) {
	for {
		if err := fs.Parse(args); err != nil {
			return nil, err
		}
		rest := fs.Args()
		if len(rest) == 0 {
			return operands, nil
		}
		if n := len(args) - len(rest); n > 0 && args[n-1] == "--" {
			return append(operands, rest...), nil
		}
		operands, args = append(operands, rest[0]), rest[1:]
	}
}

// given reports whether a flag stood on the command line.
func given(fs *flag.FlagSet, name string) bool {
	found := false
	fs.Visit(func(f *flag.Flag) { found = found || f.Name == name })
	return found
}

// listFlag is a flag that may be repeated.
type listFlag []string

func (l *listFlag) String() string     { return strings.Join(*l, ", ") }
func (l *listFlag) Set(s string) error { *l = append(*l, s); return nil }

// choiceFlag is a flag with a closed set of values. The first is the default.
type choiceFlag struct {
	value   string
	choices []string
}

func newChoice(choices ...string) *choiceFlag { return &choiceFlag{choices[0], choices} }

func (c *choiceFlag) String() string { return c.value }

func (c *choiceFlag) Set(s string) error {
	if !slices.Contains(c.choices, s) {
		return usagef("must be one of %s", strings.Join(c.choices, ", "))
	}
	c.value = s
	return nil
}

// none refuses operands where there are to be none.
func none(args []string) error {
	if len(args) > 0 {
		return usagef("unexpected argument %q", clean(args[0]))
	}
	return nil
}
