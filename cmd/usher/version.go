package main

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
)

func versionCommand() command {
	return command{
		name:  "version",
		short: "Print the version.",
		long:  "Prints Usher's version, the commit that it was built from, and the version of Go.",
		setup: func(*flag.FlagSet) runner {
			return func(_ context.Context, w *world, args []string) error {
				if err := none(args); err != nil {
					return err
				}
				fmt.Fprintln(w.stdout, version())
				return nil
			}
		},
	}
}

// version is what the Go toolchain wrote into the binary.
func version() string {
	number, commit, changed := "(unknown)", "", ""
	if info, ok := debug.ReadBuildInfo(); ok {
		number = info.Main.Version
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				commit = " " + s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				changed = " with changes"
			}
		}
	}
	return fmt.Sprintf("usher %s%s%s, %s %s/%s", number, commit, changed, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
