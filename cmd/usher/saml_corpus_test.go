package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// corpusRow is a line of the index of public responses that may lie beside the
// checkout.
type corpusRow struct {
	File     string   `json:"file"`
	Group    string   `json:"group"`
	Expect   string   `json:"expect"`
	Encoding string   `json:"encoding"`
	Legacy   []string `json:"legacy"`
	SP       struct {
		IDPEntityID  string `json:"idp_entity_id"`
		Audience     string `json:"audience"`
		ACS          string `json:"acs"`
		InResponseTo string `json:"in_response_to"`
		Clock        string `json:"clock"`
	} `json:"sp"`
	PinCert      string `json:"pin_cert"`
	SPDecryptKey string `json:"sp_decrypt_key"`
}

// flags are what the row says, as flags. What it lacks is left out.
func (r corpusRow) flags(dir string) []string {
	args := []string{"saml", "decode", "--json"}
	add := func(name, value string) {
		if value != "" {
			args = append(args, name, value)
		}
	}
	add("--idp-entity-id", r.SP.IDPEntityID)
	add("--sp-entity-id", r.SP.Audience)
	add("--acs-url", r.SP.ACS)
	add("--in-response-to", r.SP.InResponseTo)
	add("--at", r.SP.Clock)
	if r.SP.InResponseTo == "" {
		args = append(args, "--idp-initiated")
	}
	if r.PinCert != "" {
		args = append(args, "--cert", filepath.Join(dir, r.PinCert))
	}
	if r.SPDecryptKey != "" {
		args = append(args, "--sp-key", filepath.Join(dir, r.SPDecryptKey))
	}
	if r.Encoding == "b64deflate" {
		args = append(args, "--binding", "redirect")
	}
	return args
}

func readCorpus(t *testing.T, groups ...string) (dir string, rows []corpusRow) {
	t.Helper()
	dir = filepath.Join("..", "..", "..", "shared", "corpus")
	index, err := os.ReadFile(filepath.Join(dir, "index.jsonl"))
	if err != nil {
		t.Skipf("no corpus beside the checkout: %v", err)
	}
	for line := range strings.Lines(string(index)) {
		var r corpusRow
		for _, group := range groups {
			if !strings.Contains(line, `"`+group+`"`) {
				continue
			}
			if err := json.Unmarshal([]byte(line), &r); err != nil {
				t.Fatal(err)
			}
			if r.Group == group {
				rows = append(rows, r)
			}
		}
	}
	return dir, rows
}

// decodeJSON runs the command and returns its exit code and verdict.
func decodeJSON(t *testing.T, args []string) (int, verdict) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(t.Context(), &world{stdout: &stdout, stderr: &stderr, now: storyTime}, args)
	var v verdict
	if err := json.Unmarshal(stdout.Bytes(), &v); err != nil {
		t.Fatalf("%v: exit code %d, not JSON: %v\n%s%s", args, code, err, &stdout, &stderr)
	}
	return code, v
}

func TestSAMLDecode_AcceptsTheGoodOfTheCorpus(t *testing.T) {
	t.Parallel()
	dir, rows := readCorpus(t, "saml-good")
	byDefault, withLegacy := 0, 0
	for _, r := range rows {
		args := append(r.flags(dir), filepath.Join(dir, r.File))
		code, v := decodeJSON(t, args)
		if want := r.Expect == "accept"; (code == exitOK) != want || (v.Assertion != nil) != want {
			t.Errorf("%s: exit code %d (%s), want %s", r.File, code, v.Reason, r.Expect)
		} else if want {
			byDefault++
		}
		code, v = decodeJSON(t, append(args, "--legacy"))
		if code != exitOK || v.Verdict != accepted || v.Code != "" || v.Assertion == nil {
			t.Errorf("%s with --legacy: exit code %d, %s", r.File, code, v.Reason)
			continue
		}
		withLegacy++
	}
	t.Logf("accepted %d of %d, %d of them without --legacy", withLegacy, len(rows), byDefault)
}

func TestSAMLDecode_RefusesTheBadOfTheCorpus(t *testing.T) {
	t.Parallel()
	dir, rows := readCorpus(t, "saml-bad", "saml-unverified")
	for _, r := range rows {
		args := append(r.flags(dir), filepath.Join(dir, r.File))
		for _, args := range [][]string{args, append(args[:len(args):len(args)], "--legacy")} {
			code, v := decodeJSON(t, args)
			if code != exitFailure || v.Verdict != refused || v.Code != "saml_response_invalid" || v.Reason == "" || v.Assertion != nil {
				t.Errorf("%v: exit code %d, %s %s (%s), want a refusal", args, code, v.Verdict, v.Code, v.Reason)
			}
			if n := len(v.Checks); n == 0 || v.Checks[n-1].Passed {
				t.Errorf("%v: no check failed last", args)
			}
		}
	}
	t.Logf("%d files", len(rows))
}
