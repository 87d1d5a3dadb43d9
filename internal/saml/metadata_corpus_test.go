package saml

import (
	"crypto/x509"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/fault"
)

// metadataRow is a line of the corpus's index.
type metadataRow struct {
	File              string   `json:"file"`
	Group             string   `json:"group"`
	Expect            string   `json:"expect"`
	Encoding          string   `json:"encoding"`
	Kind              string   `json:"kind"`
	EntityIDs         []string `json:"entity_ids"`
	Entities          int      `json:"n_entities"`
	IDPs              int      `json:"n_idp"`
	IDPCerts          int      `json:"idp_certs"`
	WithoutUse        int      `json:"keydescriptors_without_use"`
	SignatureVerifies []string `json:"signature_verifies"`
	ValidUntil        string   `json:"validUntil"`

	raw []byte
}

// metadataCorpus reads a group of the corpus that lies beside the checkout.
func metadataCorpus(t testing.TB, group string) []metadataRow {
	t.Helper()
	dir := filepath.Join("..", "..", "..", "shared", "corpus")
	index, err := os.ReadFile(filepath.Join(dir, "index.jsonl"))
	if err != nil {
		t.Skipf("no corpus beside the checkout: %v", err)
	}
	var rows []metadataRow
	for line := range strings.Lines(string(index)) {
		var r metadataRow
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		if r.Group != group {
			continue
		}
		if r.raw, err = os.ReadFile(filepath.Join(dir, r.File)); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, r)
	}
	return rows
}

// changedAfterSigning is metadata of the corpus that is to be read, though its
// signature proves that somebody changed it, as in a file that is to be refused
// for just that. Without its Signature it is read.
const changedAfterSigning = "metadata-idp/0840-lightsaml-idp2-ed.xml"

func (r metadataRow) now(t *testing.T) time.Time {
	t.Helper()
	if r.ValidUntil == "" {
		return outgoingNow
	}
	until, err := parseInstant(r.ValidUntil)
	if err != nil {
		t.Fatal(err)
	}
	return until.Add(-time.Hour)
}

func TestMetadataCorpusGood(t *testing.T) { // threats T-SAML-35, T-SAML-36
	t.Parallel()
	for _, row := range metadataCorpus(t, "metadata-idp") {
		t.Run(filepath.Base(row.File), func(t *testing.T) {
			t.Parallel()
			root, err := parseMetadataRoot(row.raw)
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			var idps, certs, withoutUse, readable int
			for _, e := range entities(root) {
				id, _ := e.attr("entityID")
				ids = append(ids, id)
				for _, role := range e.children(nsMetadata, "IDPSSODescriptor") {
					idps++
					for _, k := range role.children(nsMetadata, "KeyDescriptor") {
						all, usable := keyCertificates(k)
						certs += all
						readable += len(usable)
						if _, said := k.attr("use"); !said {
							withoutUse++
						}
					}
				}
			}
			if len(ids) != row.Entities || idps != row.IDPs || certs != row.IDPCerts || withoutUse != row.WithoutUse {
				t.Errorf("got %d entities, %d providers, %d certificates, %d keys without use, want %d, %d, %d, %d",
					len(ids), idps, certs, withoutUse, row.Entities, row.IDPs, row.IDPCerts, row.WithoutUse)
			}
			if got := ids[:len(row.EntityIDs)]; !slices.Equal(got, row.EntityIDs) {
				t.Errorf("entity IDs %q, want %q", got, row.EntityIDs)
			}
			if row.File == changedAfterSigning {
				_, err := ParseIDPMetadata(row.raw, "", row.now(t))
				wantNoMetadata(t, err, "it was changed after it was signed")
				return
			}
			checkChosenProviders(t, row, root, readable)
		})
	}
}

// checkChosenProviders reads every provider of a document. Some lack what a
// connection needs, but no usable key may get lost.
func checkChosenProviders(t *testing.T, row metadataRow, root *element, readable int) {
	t.Helper()
	choices, err := IDPEntityIDs(row.raw)
	if err != nil || len(choices) == 0 {
		t.Fatalf("choices %v, %v", choices, err)
	}
	read := 0
	for _, id := range choices {
		m, err := ParseIDPMetadata(row.raw, id, row.now(t))
		if occurrences(root, id) > 1 {
			wantNoMetadata(t, err, "it describes")
			continue
		}
		if err != nil {
			if !fault.Is(err, fault.SAMLMetadataMissingFields) {
				t.Errorf("%s: %v", id, err)
			}
			continue
		}
		read++
		e, err := chooseIDP(root, id)
		if err != nil {
			t.Fatal(err)
		}
		for _, role := range idpRoles(e) {
			for _, k := range role.children(nsMetadata, "KeyDescriptor") {
				use, said := k.attr("use")
				_, usable := keyCertificates(k)
				for _, c := range holders(usable) {
					if !said || use == "signing" {
						wantCertificate(t, m.Certificates, c)
					}
					if !said || use == "encryption" {
						wantCertificate(t, m.EncryptionCertificates, c)
					}
				}
			}
		}
	}
	_, err = ParseIDPMetadata(row.raw, "", row.now(t))
	if (err == nil) != (read == 1 && len(choices) == 1) {
		t.Errorf("of %d providers %d are complete; without a name: %v", len(choices), read, err)
	}
	if len(choices) == 1 && readable > 0 && read == 0 && strings.Contains(string(row.raw), BindingPOST) {
		t.Errorf("a provider with a key was not read: %v", err)
	}
}

func occurrences(root *element, entityID string) int {
	n := 0
	for _, e := range entities(root) {
		if id, _ := e.attr("entityID"); id == entityID && len(idpRoles(e)) > 0 {
			n++
		}
	}
	return n
}

func wantCertificate(t *testing.T, list []*x509.Certificate, c *x509.Certificate) {
	t.Helper()
	if !slices.ContainsFunc(list, c.Equal) {
		t.Errorf("the certificate %q got lost", c.Subject)
	}
}

// keyCertificates counts the certificates of a KeyDescriptor and returns those
// that can be read.
func keyCertificates(k *element) (all int, readable []*x509.Certificate) {
	k.walk(func(e *element) bool {
		if e.is(nsDSig, "X509Certificate") {
			all++
			if c, err := ParseCertificate(e.text()); err == nil {
				readable = append(readable, c)
			}
		}
		return true
	})
	return all, readable
}

func TestMetadataCorpusBad(t *testing.T) { // threats T-SAML-36, T-SAML-37
	t.Parallel()
	rows := metadataCorpus(t, "metadata-bad")
	if len(rows) != 31 {
		t.Errorf("%d files, want 31", len(rows))
	}
	for _, row := range rows {
		t.Run(filepath.Base(row.File), func(t *testing.T) {
			t.Parallel()
			choices, _ := IDPEntityIDs(row.raw)
			for _, id := range append(choices, "") {
				_, err := ParseIDPMetadata(row.raw, id, outgoingNow)
				if !fault.Is(err, fault.SAMLFailedToParseIDPMetadata) && !fault.Is(err, fault.SAMLMetadataMissingFields) {
					t.Errorf("%q: %v", id, err)
				}
			}
		})
	}
}

func TestMetadataCorpusExpired(t *testing.T) { // threat T-SAML-37
	t.Parallel()
	for _, row := range metadataCorpus(t, "metadata-bad") {
		if row.IDPs != 1 || row.ValidUntil == "" {
			continue
		}
		_, err := ParseIDPMetadata(row.raw, "", outgoingNow)
		wantNoMetadata(t, err, "it was valid until")
		if _, err := ParseIDPMetadata(row.raw, "", row.now(t)); fault.Is(err, fault.SAMLFailedToParseIDPMetadata) {
			t.Errorf("%s: refused before its end: %v", row.File, err)
		}
	}
}

// What xmlsec1 verified is verified, under the certificate that stands beside the
// signature, and in the form that SAML prescribes; what it refused is refused.
func TestMetadataCorpusSignatures(t *testing.T) { // threat T-SAML-37
	t.Parallel()
	var verified int
	for _, group := range []string{"metadata-idp", "metadata-bad"} {
		for _, row := range metadataCorpus(t, group) {
			root, err := parseMetadataRoot(row.raw)
			if err != nil || root.child(nsDSig, "Signature") == nil {
				continue
			}
			s, err := readSignature(root.child(nsDSig, "Signature"))
			if err != nil {
				continue // old federations canonicalize with comments
			}
			cert, err := parseCertificateDER(s.claimedCertificate())
			if err != nil {
				continue
			}
			_, err = verifyMetadata(root, MetadataTrust{[]*x509.Certificate{cert}, Legacy{SHA1: true, RSA1024: true}})
			if (err == nil) != (len(row.SignatureVerifies) > 0) {
				t.Errorf("%s: %v, xmlsec1 says %q", row.File, err, row.SignatureVerifies)
			}
			if err == nil {
				verified++
			}
		}
	}
	if verified != 8 {
		t.Errorf("%d verified, want 8", verified)
	}
}
