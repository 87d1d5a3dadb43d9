package practice

import (
	"crypto"
	"crypto/aes"
	"crypto/cipher"
	"crypto/des"
	"crypto/rand"
	"crypto/rsa"
	// The hashes of OAEP, used by their crypto.Hash values.
	_ "crypto/sha1"
	_ "crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
)

// Algorithms of XML encryption: xmlenc 1.1, section 5.
const (
	algAES256GCM = "http://www.w3.org/2009/xmlenc11#aes256-gcm"
	algAES256CBC = nsEnc + "aes256-cbc"
	algTripleDES = nsEnc + "tripledes-cbc"

	algOAEP   = nsEnc + "rsa-oaep-mgf1p"                   // MGF1 with SHA-1, always
	algOAEP11 = "http://www.w3.org/2009/xmlenc11#rsa-oaep" // MGF1 named
	algRSA15  = nsEnc + "rsa-1_5"
	algMGF256 = "http://www.w3.org/2009/xmlenc11#mgf1sha256"
)

// encryption says how to encrypt an Assertion.
type encryption struct {
	data string // content algorithm
	key  string // key transport algorithm

	// to is the receiver; nil: the service provider.
	to *keyPair

	// ciphertext, if set, changes what CipherValue holds.
	ciphertext func([]byte) []byte

	// plaintext, if set, replaces the padded blocks of a CBC algorithm.
	plaintext func(blocks []byte) []byte

	// contentKey, if set, changes the key that is wrapped.
	contentKey func([]byte) []byte

	// elsewhere names a place to fetch the ciphertext from instead.
	elsewhere string
}

// seal encrypts XML into a saml:EncryptedAssertion for sp.
func (e encryption) seal(plaintext string, sp SP) (string, error) {
	receiver, err := e.receiver(sp)
	if err != nil {
		return "", err
	}
	contentKey, ciphertext, err := e.encrypt([]byte(plaintext))
	if err != nil {
		return "", err
	}
	if e.ciphertext != nil {
		ciphertext = e.ciphertext(ciphertext)
	}
	if e.contentKey != nil {
		contentKey = e.contentKey(contentKey)
	}
	wrapped, method, err := e.wrap(contentKey, receiver)
	if err != nil {
		return "", err
	}
	content := node("xenc:CipherValue", base64.StdEncoding.EncodeToString(ciphertext))
	if e.elsewhere != "" {
		content = node("xenc:CipherReference", "", at{"URI", e.elsewhere})
	}
	data := node("xenc:EncryptionMethod", "", at{"Algorithm", e.data}) +
		node("ds:KeyInfo", node("xenc:EncryptedKey", method+
			node("xenc:CipherData", node("xenc:CipherValue", base64.StdEncoding.EncodeToString(wrapped)))),
			at{"xmlns:ds", nsSignature}) +
		node("xenc:CipherData", content)
	return node("saml:EncryptedAssertion",
		node("xenc:EncryptedData", data, at{"xmlns:xenc", nsEnc}, at{"Type", nsEnc + "Element"}),
		at{"xmlns:saml", nsAssertion}), nil
}

func (e encryption) receiver(sp SP) (*rsa.PublicKey, error) {
	if e.to != nil {
		return &e.to.key.PublicKey, nil
	}
	if sp.EncryptionCert == nil {
		return nil, fmt.Errorf("practice: no encryption certificate is known of %q", sp.EntityID)
	}
	key, ok := sp.EncryptionCert.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, errors.New("practice: the encryption certificate is not of an RSA key")
	}
	return key, nil
}

// encrypt returns a fresh key and the ciphertext with its IV in front.
func (e encryption) encrypt(plaintext []byte) (key, ciphertext []byte, err error) {
	key = make([]byte, 32)
	if e.data == algTripleDES {
		key = key[:24]
	}
	rand.Read(key)
	if e.data == algAES256GCM {
		block, err := aes.NewCipher(key)
		if err != nil {
			return nil, nil, fmt.Errorf("practice: encrypting: %w", err)
		}
		gcm, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, nil, fmt.Errorf("practice: encrypting: %w", err)
		}
		return key, gcm.Seal(nil, nil, plaintext, nil), nil
	}
	newCipher := aes.NewCipher
	if e.data == algTripleDES {
		newCipher = des.NewTripleDESCipher
	}
	block, err := newCipher(key)
	if err != nil {
		return nil, nil, fmt.Errorf("practice: encrypting: %w", err)
	}
	// xmlenc 1.1, section 5.2: the last octet counts the padding, the rest
	// of it is arbitrary.
	padding := block.BlockSize() - len(plaintext)%block.BlockSize()
	plaintext = append(plaintext, make([]byte, padding)...)
	plaintext[len(plaintext)-1] = byte(padding)
	if e.plaintext != nil {
		plaintext = e.plaintext(plaintext)
	}
	iv := make([]byte, block.BlockSize())
	rand.Read(iv)
	ciphertext = make([]byte, len(plaintext))
	cipher.NewCBCEncrypter(block, iv).CryptBlocks(ciphertext, plaintext)
	return key, append(iv, ciphertext...), nil
}

// wrap encrypts the content key and writes the xenc:EncryptionMethod.
func (e encryption) wrap(key []byte, to *rsa.PublicKey) (wrapped []byte, method string, err error) {
	content := ""
	switch e.key {
	case algOAEP:
		wrapped, err = rsa.EncryptOAEP(crypto.SHA1.New(), rand.Reader, to, key, nil)
		content = node("ds:DigestMethod", "", at{"Algorithm", algSHA1})
	case algOAEP11:
		wrapped, err = rsa.EncryptOAEP(crypto.SHA256.New(), rand.Reader, to, key, nil)
		content = node("ds:DigestMethod", "", at{"Algorithm", algSHA256}) +
			node("xenc11:MGF", "", at{"xmlns:xenc11", "http://www.w3.org/2009/xmlenc11#"}, at{"Algorithm", algMGF256})
	case algRSA15:
		wrapped, err = rsa.EncryptPKCS1v15(rand.Reader, to, key) //nolint:staticcheck // to show that service providers refuse it
	default:
		err = fmt.Errorf("no key transport %q", e.key)
	}
	if err != nil {
		return nil, "", fmt.Errorf("practice: wrapping a key: %w", err)
	}
	return wrapped, node("xenc:EncryptionMethod", content, at{"Algorithm", e.key}), nil
}
