package main

import (
	"bytes"
	"strings"
	"testing"
)

func TestSummary(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		events string
		ok     bool
		last   string
		says   string // part of the output
		hides  string // not part of it
	}{
		"a test with subtests is counted by them": {
			events: `{"Action":"pass","Package":"p","Test":"T/a"}
{"Action":"pass","Package":"p","Test":"T/b"}
{"Action":"pass","Package":"p","Test":"T"}
{"Action":"output","Package":"p","Test":"T/a","Output":"noise\n"}
{"Action":"pass","Package":"p","Elapsed":1}`,
			ok: true, last: "2 passed, 0 failed, 0 skipped", hides: "noise",
		},
		"a failed subtest is one failure": {
			events: `{"Action":"output","Package":"p","Test":"T/a","Output":"got 1, want 2\n"}
{"Action":"fail","Package":"p","Test":"T/a"}
{"Action":"fail","Package":"p","Test":"T"}
{"Action":"fail","Package":"p"}`,
			last: "0 passed, 1 failed, 0 skipped", says: "got 1, want 2\n",
		},
		"a parent that fails by itself counts": {
			events: `{"Action":"pass","Package":"p","Test":"T/a"}
{"Action":"fail","Package":"p","Test":"T"}
{"Action":"fail","Package":"p"}`,
			last: "1 passed, 1 failed, 0 skipped", says: "failed: p T\n",
		},
		"skips give their reason": {
			events: `{"Action":"output","Package":"p","Test":"T","Output":"    x_test.go:7: no chromium\n"}
{"Action":"skip","Package":"p","Test":"T"}
{"Action":"pass","Package":"p","Test":"U"}
{"Action":"pass","Package":"p"}`,
			ok: true, last: "1 passed, 0 failed, 1 skipped", says: "skipped: no chromium (p T)\n",
		},
		"a package that dies fails the test that was running": {
			events: `{"Action":"run","Package":"p","Test":"T"}
{"Action":"output","Package":"p","Test":"T","Output":"panic: boom\n"}
{"Action":"fail","Package":"p"}`,
			last: "0 passed, 1 failed, 0 skipped", says: "panic: boom\n",
		},
		"a package that fails without a failed test counts": {
			events: `{"Action":"pass","Package":"p","Test":"T"}
{"Action":"output","Package":"p","Output":"exit status 3\n"}
{"Action":"fail","Package":"p"}`,
			last: "1 passed, 1 failed, 0 skipped", says: "exit status 3\n",
		},
		"a package that does not build counts": {
			events: `{"ImportPath":"p [p.test]","Action":"build-output","Output":"x.go:1: undefined: y\n"}
{"ImportPath":"p [p.test]","Action":"build-fail"}
{"Action":"fail","Package":"p","FailedBuild":"p [p.test]"}`,
			last: "0 passed, 1 failed, 0 skipped", says: "undefined: y\n",
		},
		"nothing that ran is no success": {
			events: `{"Action":"skip","Package":"p"}`,
			last:   "0 passed, 0 failed, 0 skipped",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			s := newSummary(&out)
			for line := range strings.Lines(tt.events) {
				s.event([]byte(line))
			}
			if got := s.finish(); got != tt.ok {
				t.Errorf("finish = %v, want %v", got, tt.ok)
			}
			lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
			if last := lines[len(lines)-1]; last != tt.last {
				t.Errorf("last line %q, want %q", last, tt.last)
			}
			if !strings.Contains(out.String(), tt.says) {
				t.Errorf("output lacks %q:\n%s", tt.says, &out)
			}
			if tt.hides != "" && strings.Contains(out.String(), tt.hides) {
				t.Errorf("output holds %q:\n%s", tt.hides, &out)
			}
		})
	}
}
