package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"usher/internal/fault"
)

const overviewIntro = `Usher signs an organization's people in through their own identity provider.

Usage:
  usher COMMAND [flags]

Start here, with nothing else installed:
  usher dev

Commands:
`

func isHelp(s string) bool { return slices.Contains([]string{"help", "-h", "-help", "--help"}, s) }

// find looks up the command that the line begins with and returns what follows.
func find(args []string) (c command, rest []string, ok bool) {
	for _, words := range []int{2, 1} {
		if len(args) < words {
			continue
		}
		name := strings.Join(args[:words], " ")
		for _, c := range commands() {
			if c.name == name {
				return c, args[words:], true
			}
		}
	}
	return command{}, nil, false
}

// below lists the commands of a group, such as those of "keys".
func below(group string) []command {
	return slices.DeleteFunc(commands(), func(c command) bool { return !strings.HasPrefix(c.name, group+" ") })
}

func unknownCommand(w *world, args []string) int {
	if group := below(args[0]); len(group) > 0 {
		if len(args) > 1 && isHelp(args[1]) {
			writeGroup(w.stdout, args[0])
			return exitOK
		}
		writeGroup(w.stderr, args[0])
		return exitUsage
	}
	fmt.Fprintf(w.stderr, "usher: there is no command %q\n\n", clean(args[0]))
	writeOverview(w.stderr)
	return exitUsage
}

// runHelp is "usher help [COMMAND]".
func runHelp(w *world, args []string) int {
	if len(args) == 0 {
		writeOverview(w.stdout)
		return exitOK
	}
	if c, _, ok := find(args); ok {
		writeHelp(w.stdout, c)
		return exitOK
	}
	if len(below(args[0])) > 0 && len(args) == 1 {
		writeGroup(w.stdout, args[0])
		return exitOK
	}
	return unknownCommand(w, []string{strings.Join(args, " ")})
}

func writeOverview(out io.Writer) {
	fmt.Fprint(out, overviewIntro)
	writeList(out, commands())
	fmt.Fprint(out, "\nMore about one of them: usher help COMMAND\n")
}

func writeGroup(out io.Writer, group string) {
	fmt.Fprintf(out, "Usage:\n  usher %s COMMAND [flags]\n\nCommands:\n", group)
	writeList(out, below(group))
}

func writeList(out io.Writer, list []command) {
	table := tabwriter.NewWriter(out, 0, 0, 3, ' ', 0)
	for _, c := range list {
		fmt.Fprintf(table, "  %s\t%s\n", c.name, c.short)
	}
	_ = table.Flush()
}

// usage is the command's usage line.
func (c command) usage() string { return strings.TrimSpace("usher " + c.name + " " + c.args) }

func writeHelp(out io.Writer, c command) {
	fmt.Fprintf(out, "%s\n\nUsage:\n  %s\n\n%s\n", c.short, c.usage(), strings.TrimSpace(c.long))
	fs := newFlagSet(c)
	c.setup(fs)
	writeFlags(out, fs)
}

// writeFlags lists the flags. Those of the configuration stand together where
// they are not the command's subject.
func writeFlags(out io.Writer, fs *flag.FlagSet) {
	var own, shared []*flag.Flag
	fs.VisitAll(func(f *flag.Flag) {
		if _, ok := f.Value.(*settingValue); ok && fs.Name() != "serve" {
			shared = append(shared, f)
			return
		}
		own = append(own, f)
	})
	if len(own) > 0 {
		fmt.Fprintln(out, "\nFlags:")
	}
	for _, f := range own {
		value, help := flag.UnquoteUsage(f)
		fmt.Fprintf(out, "  %s\n", strings.TrimSpace("--"+f.Name+" "+value))
		for _, line := range wrap(help+defaultOf(f), 72) {
			fmt.Fprintf(out, "        %s\n", line)
		}
	}
	if len(shared) > 0 {
		fmt.Fprint(out, "\nThe configuration is that of \"usher serve\": its file, its variables (USHER_…) and its\nflags, such as --database URL and --key-file FILE. See: usher help serve\n")
	}
}

func defaultOf(f *flag.Flag) string {
	if f.DefValue == "" || f.DefValue == "false" {
		return ""
	}
	return " Default: " + f.DefValue + "."
}

// wrap breaks a text into lines of at most width characters, where its words
// allow it.
func wrap(text string, width int) []string {
	var lines []string
	for paragraph := range strings.SplitSeq(text, "\n") {
		line := ""
		for _, word := range strings.Fields(paragraph) {
			if line != "" && len(line)+1+len(word) > width {
				lines = append(lines, line)
				line = ""
			}
			line = strings.TrimSpace(line + " " + word)
		}
		lines = append(lines, line)
	}
	return lines
}

// describe is what a person needs to know of an error: the catalogue's words
// for a fault, the error's own text else.
func describe(err error) string {
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		return err.Error()
	}
	text := cmp.Or(f.LongMessage(), f.Message())
	if fix := f.Fix(); fix != "" {
		text += "\n  " + fix
	}
	return text + "\n  (" + string(f.Code()) + ")"
}
