package saml

import (
	"crypto"
	"fmt"
	"testing"
)

// The cost of a response of an ordinary and of a large size, and for comparison
// what the signature alone costs: the aim is less than 0.15 ms more at 6 KB.
func BenchmarkParseResponse(b *testing.B) {
	for _, size := range []int{6 << 10, 60 << 10} {
		for _, sign := range []string{"_assertion1", "_response1"} {
			p := newTestIDP(sign)
			p.doc = bigResponse(size)
			doc := []byte(p.response(b))
			b.Run(fmt.Sprintf("%dKB/%s", len(doc)>>10, sign[1:]), func(b *testing.B) {
				e := testExpect()
				b.ReportAllocs()
				b.SetBytes(int64(len(doc)))
				for b.Loop() {
					if _, err := ParseResponse(doc, e); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
	b.Run("RSA alone", func(b *testing.B) {
		m := sigMethod{rsaPKCS1, crypto.SHA256}
		hashed := make([]byte, 32)
		value, err := alpha().key.Sign(nil, hashed, crypto.SHA256)
		if err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			if !m.verify(alpha().cert.PublicKey, hashed, value) {
				b.Fatal("does not verify")
			}
		}
	})
}
