package saml

import (
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// VerifyRedirect verifies the signature of a message that came by HTTP-Redirect
// and returns the message, inflated, and its RelayState. param is "SAMLRequest"
// or "SAMLResponse"; certs are the sender's.
//
// The signature covers the octets of the parameters as they were sent
// (saml-bindings, section 3.4.4.1), so those are verified, never a query that was
// decoded and built again; and each may stand there once, in the specified
// order, since others would read another one than was signed (threat T-SAML-29).
// Parameters of other names are nobody's statement and are not read.
func VerifyRedirect(rawQuery, param string, certs []*x509.Certificate, allow Legacy) (message []byte, relayState string, err error) {
	q, err := readSignedQuery(rawQuery, param)
	if err != nil {
		return nil, "", refused(err)
	}
	if err := q.verify(verifier{certs: certs, allow: allow}); err != nil {
		return nil, "", refused(err)
	}
	encoded, err := q.text(param)
	if err != nil {
		return nil, "", refused(err)
	}
	message, err = DecodeRedirect(encoded)
	if err != nil {
		return nil, "", err
	}
	relayState, err = q.text(paramRelay)
	if err != nil {
		return nil, "", refused(err)
	}
	if len(relayState) > maxRelayState {
		return nil, "", refused(&refusal{"relaystate", fmt.Sprintf("at most %d bytes", maxRelayState), fmt.Sprintf("%d bytes", len(relayState))})
	}
	return message, relayState, nil
}

// signedParams holds the parameters of a signed message, by name, as they were
// sent.
type signedParams struct {
	octets map[string]string // name=value
	values map[string]string // value, still encoded
	signed string            // what the signature must cover
}

func readSignedQuery(rawQuery, param string) (*signedParams, error) {
	if param != paramRequest && param != paramResponse {
		return nil, fmt.Errorf("saml: %q is no message parameter", param)
	}
	order := []string{param, paramRelay, paramAlgorithm, paramSignature}
	q := &signedParams{octets: map[string]string{}, values: map[string]string{}}
	last := -1
	for _, p := range splitQuery(rawQuery) {
		if p.name == paramEncoding {
			if v, _ := url.QueryUnescape(p.value); v != encodingDeflate { // empty on an error
				return nil, &refusal{"binding", encodingDeflate, fmt.Sprintf("%.100q", p.value)}
			}
			continue
		}
		i := slices.Index(order, p.name)
		switch {
		case (p.name == paramRequest || p.name == paramResponse) && p.name != param:
			return nil, &refusal{"binding", param + " alone", p.name + " too"}
		case i < 0:
			continue
		case !strings.HasPrefix(p.octets, p.name+"="):
			return nil, &refusal{"binding", p.name + " written plainly", fmt.Sprintf("%.40q", p.octets)}
		case q.octets[p.name] != "":
			return nil, &refusal{"binding", p.name + " once", "twice"}
		case i < last:
			return nil, &refusal{"binding", strings.Join(order, ", ") + " in this order", p.name + " after " + order[last]} //nolint:gosec // last is an index of order
		}
		last = i
		q.octets[p.name], q.values[p.name] = p.octets, p.value
	}
	for _, name := range []string{param, paramAlgorithm, paramSignature} {
		if q.values[name] == "" {
			return nil, &refusal{"signature_missing", "a signed " + param, "no " + name}
		}
	}
	for _, name := range order[:3] {
		if octets, ok := q.octets[name]; ok {
			q.signed += "&" + octets
		}
	}
	q.signed = q.signed[1:]
	return q, nil
}

func (q *signedParams) verify(v verifier) error {
	uri, err := q.text(paramAlgorithm)
	if err != nil {
		return err
	}
	method, err := signatureMethod(uri, v.allow)
	if err != nil {
		return err
	}
	certs, err := v.usable(method)
	if err != nil {
		return err
	}
	encoded, err := q.text(paramSignature)
	if err != nil {
		return err
	}
	value, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return &refusal{"binding", "a Signature in base64", "something else"}
	}
	hashed := hashOf(method.hash, []byte(q.signed))
	for _, c := range certs {
		if method.verify(c.PublicKey, hashed, value) {
			return nil
		}
	}
	return &refusal{"signature", "a signature by " + fingerprints(certs), "one that does not fit"}
}

// text decodes a parameter; one that is absent is empty.
func (q *signedParams) text(name string) (string, error) {
	s, err := url.QueryUnescape(q.values[name])
	if err != nil {
		return "", &refusal{"binding", name + " percent-encoded", "a broken escape"}
	}
	return s, nil
}
