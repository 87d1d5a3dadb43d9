package main

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/x509"
	"flag"
	"fmt"
	"io"
	"net/url"
	"os"
	"strings"
	"time"

	"usher/internal/fault"
	"usher/internal/saml"
)

// maxInput is how much of a file is read, in bytes. A response that is longer is
// far above the limit of responses and is refused for it, cut or not.
const maxInput = 16 << 20

func samlDecodeCommand() command {
	return command{
		name: "saml decode", args: "[flags] FILE",
		short: "Explain a SAML response: what is in it, and what is wrong with it.",
		long: `
Judges a response with the very code that judges it at the ACS URL, and shows every
check. It needs no database, no server and no network.

FILE holds the response: XML, or the base64 of the form field SAMLResponse as the
browser's tools show it; "-" is standard input. What is not given is not checked,
but for the signature: without --metadata or --cert nothing is accepted.

Three things that a sign-in looks at besides are not: whether the response was used
before, how old the request is, and who the person is here. For the last see
"usher explain".

Exit code: 0 accepted, 1 refused, 2 usage or a file that can't be read.

Examples:
  usher saml decode --metadata idp.xml --sp-entity-id https://sign-in.example.com/v1/saml/metadata/ent_1.xml response.txt
  usher saml decode --idp-entity-id https://idp.example.com --cert idp.pem --json - < response.xml
  usher saml decode --metadata idp.xml --at 2026-11-25T09:30:00Z response.xml`,
		setup: func(fs *flag.FlagSet) runner {
			var d decoder
			d.declare(fs)
			return func(_ context.Context, w *world, args []string) error {
				if len(args) != 1 {
					return usagef("want one FILE, got %d", len(args))
				}
				return d.run(w, fs, args[0])
			}
		},
	}
}

// decoder holds the flags of "usher saml decode".
type decoder struct {
	json         bool
	metadata     string
	idpEntityID  string
	certs        listFlag
	spEntityID   string
	acsURL       string
	inResponseTo string
	idpInitiated bool
	spKeys       listFlag
	legacy       bool
	binding      *choiceFlag
	at           string
}

func (d *decoder) declare(fs *flag.FlagSet) {
	d.binding = newChoice("post", "redirect")
	fs.BoolVar(&d.json, "json", false, "Print one JSON object.")
	fs.StringVar(&d.metadata, "metadata", "", "A `FILE` with the identity provider's metadata: its entity ID and certificates.")
	fs.StringVar(&d.idpEntityID, "idp-entity-id", "", "The identity provider's entity `ID`. With --metadata: which one in it.")
	fs.Var(&d.certs, "cert", "A `FILE` with a signing certificate of the identity provider, PEM or base64. May be repeated.")
	fs.StringVar(&d.spEntityID, "sp-entity-id", "", "The `ID` that the response must be meant for: the connection's entity ID, its audience.")
	fs.StringVar(&d.acsURL, "acs-url", "", "The `URL` that the response must be sent to: destination and recipient.")
	fs.StringVar(&d.inResponseTo, "in-response-to", "", "The `ID` of the request that the response must answer.")
	fs.BoolVar(&d.idpInitiated, "idp-initiated", false, "The response must answer no request.")
	fs.Var(&d.spKeys, "sp-key", "A `FILE` with a private key of the connection, to decrypt with. May be repeated.")
	fs.BoolVar(&d.legacy, "legacy", false, "Allow SHA-1, RSA with 1,024 bits, Triple DES and RSA 1.5, as a connection's dated exception does.")
	fs.Var(d.binding, "binding", "The `NAME` of the binding by which a response that is not XML came: post, or redirect, which compresses.")
	fs.StringVar(&d.at, "at", "", "The `TIME` of arrival, as in 2026-11-25T09:30:00Z. Default: now.")
}

// run judges a file and reports.
func (d *decoder) run(w *world, fs *flag.FlagSet, file string) error {
	if err := d.consistent(fs); err != nil {
		return err
	}
	expect, err := d.expect(w.now())
	if err != nil {
		return usageError{err}
	}
	input, err := readInput(w.stdin, file)
	if err != nil {
		return usageError{err}
	}
	v := d.judge(input, expect)
	if d.json {
		err = writeJSON(w.stdout, v)
	} else {
		v.write(w.stdout, paint(w.colour))
	}
	if err == nil && v.Verdict != accepted {
		err = errRefused
	}
	return err
}

// consistent refuses flags that contradict each other.
func (d *decoder) consistent(fs *flag.FlagSet) error {
	switch {
	case d.metadata != "" && len(d.certs) > 0:
		return usagef("--metadata brings its certificates: leave --cert out")
	case d.idpInitiated && d.inResponseTo != "":
		return usagef("--idp-initiated and --in-response-to exclude each other")
	case given(fs, "at") && d.at == "":
		return usagef("--at needs a time such as 2026-11-25T09:30:00Z")
	}
	return nil
}

// expect is what the flags say of the connection and the pending request. What
// they don't say is skipped, never guessed.
func (d *decoder) expect(now time.Time) (saml.Expect, error) {
	e := saml.Expect{
		Now: now, IDPEntityID: d.idpEntityID, SPEntityID: d.spEntityID, ACSURL: d.acsURL, InResponseTo: d.inResponseTo,
		AllowTransient: true, // said in a warning: it depends on the attribute mapping
	}
	if d.legacy {
		e.Legacy = saml.Legacy{SHA1: true, RSA1024: true, TripleDES: true, RSA15: true}
	}
	if d.at != "" {
		at, err := time.Parse(time.RFC3339, d.at)
		if err != nil {
			return e, fmt.Errorf("--at %q is not a time such as 2026-11-25T09:30:00Z", clean(d.at))
		}
		e.Now = at
	}
	if err := d.trust(&e); err != nil {
		return e, err
	}
	for _, name := range d.spKeys {
		key, err := readKey(name)
		if err != nil {
			return e, err
		}
		e.DecryptionKeys = append(e.DecryptionKeys, key)
	}
	e.Skip = saml.Skip{
		Issuer:       e.IDPEntityID == "",
		Audience:     e.SPEntityID == "",
		Destination:  e.ACSURL == "",
		Recipient:    e.ACSURL == "",
		InResponseTo: e.InResponseTo == "" && !d.idpInitiated,
	}
	return e, nil
}

// trust reads whose signature counts.
func (d *decoder) trust(e *saml.Expect) error {
	if d.metadata != "" {
		text, err := os.ReadFile(d.metadata)
		if err != nil {
			return err
		}
		m, err := saml.ParseIDPMetadata(text, d.idpEntityID, e.Now)
		if err != nil {
			return fmt.Errorf("reading %s: %s", d.metadata, describe(err))
		}
		e.IDPEntityID, e.Certificates = m.EntityID, m.Certificates
	}
	for _, name := range d.certs {
		cert, err := readCertificate(name)
		if err != nil {
			return err
		}
		e.Certificates = append(e.Certificates, cert)
	}
	return nil
}

func readCertificate(name string) (*x509.Certificate, error) {
	text, err := os.ReadFile(name) //nolint:gosec // named by whoever runs the command
	if err != nil {
		return nil, err
	}
	cert, err := saml.ParseCertificate(string(text))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return cert, nil
}

func readKey(name string) (*rsa.PrivateKey, error) {
	text, err := os.ReadFile(name) //nolint:gosec // named by whoever runs the command
	if err != nil {
		return nil, err
	}
	key, err := saml.ParseSPKey(text)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return key, nil
}

// readInput reads a file, or standard input for "-".
func readInput(stdin io.Reader, name string) ([]byte, error) {
	in := stdin
	if name != "-" {
		f, err := os.Open(name) //nolint:gosec // named by whoever runs the command
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, maxInput))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return text, nil
}

// decode takes the message out of its encoding, if it has one.
func (d *decoder) decode(input []byte) ([]byte, error) {
	if !isEncoded(input) {
		return input, nil
	}
	text := string(bytes.TrimSpace(input))
	if d.binding.value == "post" {
		return saml.DecodePost(text)
	}
	if strings.Contains(text, "%") {
		if plain, err := url.PathUnescape(text); err == nil { // keeps "+"
			text = plain
		}
	}
	return saml.DecodeRedirect(text)
}

// isEncoded tells base64, perhaps percent-encoded, from XML. XML holds "<",
// which neither has.
func isEncoded(input []byte) bool {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=%"
	return len(bytes.Trim(input, alphabet+" \t\r\n")) == 0
}

// The verdicts, as --json has them.
const (
	accepted = "accept"
	refused  = "refuse"
)

// verdict is the report, in the form of --json.
type verdict struct {
	Verdict    string       `json:"verdict"`
	Code       string       `json:"code,omitempty"`
	Reason     string       `json:"reason,omitempty"` // which check of the code's family
	Checks     []saml.Check `json:"checks"`
	NotChecked []string     `json:"not_checked,omitempty"` // which flag was not given
	Warnings   []string     `json:"warnings,omitempty"`
	Assertion  *assertion   `json:"assertion,omitempty"`

	at time.Time
}

// assertion is what was vouched for, as --json has it.
type assertion struct {
	ID           string              `json:"id"`
	Issuer       string              `json:"issuer"`
	NameID       string              `json:"name_id"`
	NameIDFormat string              `json:"name_id_format"`
	SessionIndex string              `json:"session_index"`
	NotOnOrAfter time.Time           `json:"not_on_or_after"`
	Attributes   map[string][]string `json:"attributes"`

	names []string // of the attributes, in their order
}

// judge asks the service provider's code for its verdict.
func (d *decoder) judge(input []byte, e saml.Expect) verdict {
	v := verdict{Verdict: accepted, Checks: []saml.Check{}, NotChecked: notChecked(e.Skip), at: e.Now}
	if len(e.Certificates) == 0 {
		v.Warnings = append(v.Warnings, "No certificate was given (--metadata or --cert), so no signature can be verified and nothing is accepted.")
	}
	message, err := d.decode(input)
	if err != nil {
		f := fault.From(err)
		v.Checks = append(v.Checks, saml.Check{
			Name: "encoding", Plain: "The message can be decoded.",
			Expected: detail(f, "expected"), Received: detail(f, "received"),
		})
	} else {
		var result saml.Result
		result, err = saml.ParseResponse(message, e)
		v.Checks, v.Warnings = append(v.Checks, result.Checks...), append(v.Warnings, result.Warnings...)
		v.take(result.Assertion)
	}
	if err != nil {
		f := fault.From(err)
		v.Verdict, v.Code, v.Reason, v.Assertion = refused, string(f.Code()), f.Reason(), nil
	}
	return v
}

func detail(f *fault.Error, name string) string {
	s, _ := f.Details()[name].(string)
	return s
}

// take copies an accepted assertion into the report.
func (v *verdict) take(a *saml.Assertion) {
	if a == nil {
		return
	}
	if a.NameIDFormat == "urn:oasis:names:tc:SAML:2.0:nameid-format:transient" {
		v.Warnings = append(v.Warnings, "The NameID is transient, another one each time: a connection accepts it only where an attribute is mapped to user_id.")
	}
	v.Assertion = &assertion{
		ID: a.ID, Issuer: a.Issuer, NameID: a.NameID, NameIDFormat: a.NameIDFormat,
		SessionIndex: a.SessionIndex, NotOnOrAfter: a.NotOnOrAfter.UTC(), Attributes: map[string][]string{},
	}
	for _, attribute := range a.Attributes {
		values, known := v.Assertion.Attributes[attribute.Name]
		if !known {
			v.Assertion.names = append(v.Assertion.names, attribute.Name)
			values = []string{}
		}
		v.Assertion.Attributes[attribute.Name] = append(values, attribute.Values...)
	}
}

// notChecked names what was skipped, and the flag that would have it checked.
func notChecked(s saml.Skip) []string {
	var list []string
	for _, row := range []struct {
		skipped bool
		what    string
	}{
		{s.Issuer, "who sent it (--metadata or --idp-entity-id)"},
		{s.Audience, "whom it is meant for (--sp-entity-id)"},
		{s.Destination, "where it was sent (--acs-url)"},
		{s.InResponseTo, "which request it answers (--in-response-to or --idp-initiated)"},
	} {
		if row.skipped {
			list = append(list, row.what)
		}
	}
	return list
}
