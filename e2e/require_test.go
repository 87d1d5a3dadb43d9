package e2e

import (
	"os"
	"os/exec"
	"testing"
)

// unavailable skips a test that needs something which this machine lacks. Under
// "make test", which installs everything, that is a failure.
func unavailable(t *testing.T, reason string) {
	t.Helper()
	if os.Getenv("USHER_TEST_ALL") == "1" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

// requireCommand returns the path of a command, or skips the test and says which
// Debian package has it.
func requireCommand(t *testing.T, name, debian string) string {
	t.Helper()
	file, err := exec.LookPath(name)
	if err != nil {
		unavailable(t, name+" is not installed: apt-get install "+debian+", or make test")
	}
	return file
}

// requireNode returns the path of Node.js, or skips the test if it or a package
// of e2e/node is missing.
func requireNode(t *testing.T, pkg string) string {
	t.Helper()
	node := requireCommand(t, "node", "nodejs")
	if _, err := os.Stat("node/node_modules/" + pkg); err != nil {
		unavailable(t, "the npm package "+pkg+" is not installed: npm ci in e2e/node, or make test")
	}
	return node
}
