package saml

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des" //nolint:gosec // 3DES by dated exception
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"iter"
)

// maxKeyAttempts bounds the private-key operations of one response, which cost
// about a millisecond each; ours. A response holds one encrypted key, a
// connection one or two keys of its own.
const maxKeyAttempts = 8

// The two forms of RSA-OAEP: XML Encryption 1.1, sections 5.5.2 and 5.5.3.
const (
	algOAEPMGF1P = nsXEnc + "rsa-oaep-mgf1p"
	algOAEP      = nsXEnc11 + "rsa-oaep"
)

// sealed is an EncryptedData taken apart.
type sealed struct {
	cipher blockCipher
	text   []byte
	keys   []wrappedKey
}

// wrappedKey is an EncryptedKey: the key of the data, encrypted to the service
// provider.
type wrappedKey struct {
	oaep  *rsa.OAEPOptions // nil for RSA 1.5
	value []byte
}

// blockCipher is a content encryption algorithm.
type blockCipher struct {
	keySize int // bytes
	block   func(key []byte) (cipher.Block, error)
	gcm     bool // otherwise CBC
}

// readEncrypted takes an EncryptedAssertion apart. Its keys stand inside the
// EncryptedData or beside it; a RetrievalMethod is not followed, since the key
// that it names in practice is the one beside (threat T-XML-20).
func readEncrypted(e *element, allow Legacy) (*sealed, error) {
	data := e.children(nsXEnc, "EncryptedData")
	if len(data) != 1 {
		return nil, errDecryption("one EncryptedData in EncryptedAssertion")
	}
	return readEncryptedData(data[0], e.children(nsXEnc, "EncryptedKey"), allow)
}

func readEncryptedData(data *element, beside []*element, allow Legacy) (*sealed, error) {
	method := data.child(nsXEnc, "EncryptionMethod")
	if method == nil {
		return nil, errDecryption("an EncryptionMethod in EncryptedData")
	}
	uri, _ := method.attr("Algorithm")
	s := &sealed{}
	var err error
	if s.cipher, err = contentCipher(uri, allow); err != nil {
		return nil, err
	}
	if s.text, err = cipherValue(data); err != nil {
		return nil, err
	}
	var keys []*element
	if info := data.child(nsDSig, "KeyInfo"); info != nil {
		keys = info.children(nsXEnc, "EncryptedKey")
	}
	for _, k := range append(keys, beside...) {
		w, err := readEncryptedKey(k, allow)
		if err != nil {
			return nil, err
		}
		s.keys = append(s.keys, w)
	}
	return s, nil
}

// cipherValue returns the octets of CipherData, which must hold them itself: a
// CipherReference is never fetched.
func cipherValue(e *element) ([]byte, error) {
	data := e.child(nsXEnc, "CipherData")
	if data == nil {
		return nil, errDecryption("CipherData in " + e.Local)
	}
	value := data.child(nsXEnc, "CipherValue")
	if value == nil {
		return nil, errDecryption("a CipherValue in " + e.Local)
	}
	return binaryText(value)
}

// contentCipher returns the cipher of an EncryptionMethod: XML Encryption 1.1,
// section 5.2.
func contentCipher(uri string, allow Legacy) (blockCipher, error) {
	switch uri {
	case nsXEnc11 + "aes128-gcm":
		return blockCipher{16, aes.NewCipher, true}, nil
	case nsXEnc11 + "aes192-gcm":
		return blockCipher{24, aes.NewCipher, true}, nil
	case nsXEnc11 + "aes256-gcm":
		return blockCipher{32, aes.NewCipher, true}, nil
	case nsXEnc + "aes128-cbc":
		return blockCipher{16, aes.NewCipher, false}, nil
	case nsXEnc + "aes192-cbc":
		return blockCipher{24, aes.NewCipher, false}, nil
	case nsXEnc + "aes256-cbc":
		return blockCipher{32, aes.NewCipher, false}, nil
	case nsXEnc + "tripledes-cbc":
		if allow.TripleDES {
			return blockCipher{24, des.NewTripleDESCipher, false}, nil
		}
	}
	return blockCipher{}, &refusal{"algorithm", "an assertion encrypted by AES in GCM or CBC mode", uri}
}

// readEncryptedKey reads an EncryptedKey and its key transport: XML Encryption
// 1.1, section 5.5.
func readEncryptedKey(e *element, allow Legacy) (wrappedKey, error) {
	var w wrappedKey
	method := e.child(nsXEnc, "EncryptionMethod")
	if method == nil {
		return w, errDecryption("an EncryptionMethod in EncryptedKey")
	}
	uri, _ := method.attr("Algorithm")
	switch {
	case uri == algOAEPMGF1P || uri == algOAEP:
		var err error
		if w.oaep, err = oaepOptions(method); err != nil {
			return w, err
		}
	case uri == nsXEnc+"rsa-1_5" && allow.RSA15:
	default:
		return w, &refusal{"algorithm", "a key encrypted by RSA-OAEP", uri}
	}
	var err error
	w.value, err = cipherValue(e)
	return w, err
}

// oaepOptions reads the parameters of RSA-OAEP. Digest and mask generation are
// chosen apart, and both default to SHA-1; the older algorithm's mask is always
// by SHA-1 (threat T-XML-27).
func oaepOptions(method *element) (*rsa.OAEPOptions, error) {
	uri, _ := method.attr("Algorithm")
	o := &rsa.OAEPOptions{Hash: crypto.SHA1, MGFHash: crypto.SHA1}
	if d := method.child(nsDSig, "DigestMethod"); d != nil {
		uri, _ := d.attr("Algorithm")
		if o.Hash = hashByURI(uri); o.Hash == 0 {
			return nil, &refusal{"algorithm", "a digest of RSA-OAEP by SHA-1, SHA-256, SHA-384 or SHA-512", uri}
		}
	}
	if m := method.child(nsXEnc11, "MGF"); m != nil && uri == algOAEP {
		uri, _ := m.attr("Algorithm")
		switch uri {
		case nsXEnc11 + "mgf1sha1":
		case nsXEnc11 + "mgf1sha256":
			o.MGFHash = crypto.SHA256
		case nsXEnc11 + "mgf1sha384":
			o.MGFHash = crypto.SHA384
		case nsXEnc11 + "mgf1sha512":
			o.MGFHash = crypto.SHA512
		default:
			return nil, &refusal{"algorithm", "a mask of RSA-OAEP by MGF1 with SHA-1, SHA-256, SHA-384 or SHA-512", uri}
		}
	}
	if p := method.child(nsXEnc, "OAEPparams"); p != nil {
		var err error
		if o.Label, err = binaryText(p); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// plaintexts yields what the keys make of the data, each try that does not
// fail. With CBC a wrong key can go unnoticed here, so the caller takes the
// first that is an XML document.
func (s *sealed) plaintexts(keys []*rsa.PrivateKey) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		attempts := 0
		for _, w := range s.keys {
			for _, k := range keys {
				if attempts++; attempts > maxKeyAttempts {
					return
				}
				if plain, ok := s.cipher.open(w.unwrap(k, s.cipher.keySize), s.text); ok && !yield(plain) {
					return
				}
			}
		}
	}
}

// unwrap returns the key of the data. Where the wrapped key is not good it
// returns a random one, so that no difference of answer or time tells which
// part of a probe was wrong (threat T-XML-25).
func (w wrappedKey) unwrap(k *rsa.PrivateKey, size int) []byte {
	key := make([]byte, size)
	rand.Read(key)
	if w.oaep == nil {
		// An error means a wrong length, which is no secret; key stays random.
		_ = rsa.DecryptPKCS1v15SessionKey(nil, k, w.value, key) //nolint:staticcheck // by dated exception, with the countermeasure
		return key
	}
	if got, err := k.Decrypt(nil, w.value, w.oaep); err == nil && len(got) == size {
		return got
	}
	return key
}

// open decrypts the data. The initialization vector stands before it: 96 bits
// for GCM, whose tag of 128 bits stands after it, one block for CBC.
func (c blockCipher) open(key, text []byte) ([]byte, bool) {
	block, err := c.block(key)
	if err != nil {
		return nil, false
	}
	if c.gcm {
		aead, err := cipher.NewGCM(block)
		if err != nil || len(text) < aead.NonceSize() {
			return nil, false
		}
		n := aead.NonceSize()
		plain, err := aead.Open(nil, text[:n], text[n:], nil)
		return plain, err == nil
	}
	size := block.BlockSize()
	if len(text) < 2*size || len(text)%size != 0 {
		return nil, false
	}
	plain := make([]byte, len(text)-size)
	cipher.NewCBCDecrypter(block, text[:size]).CryptBlocks(plain, text[size:])
	// The last byte is the length of the padding, whose other bytes are
	// arbitrary (section 5.2 of XML Encryption).
	pad := int(plain[len(plain)-1])
	if pad < 1 || pad > size {
		return nil, false
	}
	return plain[:len(plain)-pad], true
}

// decryptAssertion returns the root of the document inside an
// EncryptedAssertion. It may use the prefixes in scope there, as some providers
// encrypt a part of their document as it stands. Every cause that depends on the keys or the ciphertext is
// one and the same refusal.
func decryptAssertion(e *element, keys []*rsa.PrivateKey, allow Legacy) (*element, error) {
	if len(keys) == 0 {
		return nil, &refusal{"decryption", "an assertion in plain text: the connection has no decryption key", "an encrypted assertion"}
	}
	s, err := readEncrypted(e, allow)
	if err != nil {
		return nil, err
	}
	for plain := range s.plaintexts(keys) {
		root, err := parseXMLWithin(plain, responseLimits(), e.scope())
		if err == nil {
			return root, nil
		}
		if errors.Is(err, errSecondRoot) {
			return nil, &refusal{"assertion_count", "one assertion", "an encrypted document with two roots"}
		}
		// With a wrong key these two are what garbage looks like.
		if reason := reasonOf(err); reason != "not_well_formed" && reason != "encoding" {
			return nil, err
		}
	}
	return nil, &refusal{"decryption", "an assertion encrypted to this connection's certificate", "one that its key does not open"}
}

func errDecryption(expected string) error {
	return &refusal{"decryption", expected, "none"}
}
