package practice

// encrypted encrypts the signed Assertion.
func encrypted(data, key string) func(*draft) {
	return func(d *draft) { d.encrypt = &encryption{data: data, key: key} }
}

func encryptionRows() []row {
	return []row{
		{"encrypted", "T-XML-23", "", "Is signed, then encrypted with AES-256-GCM and OAEP.", encrypted(algAES256GCM, algOAEP)},
		{"encrypted-cbc", "T-XML-25", "", "Is signed, then encrypted with AES-256-CBC and OAEP.", encrypted(algAES256CBC, algOAEP)},
		{"encrypted-oaep-sha256", "T-XML-27", "", "Is signed, then encrypted with AES-256-GCM and OAEP with SHA-256.", encrypted(algAES256GCM, algOAEP11)},
		{
			"encrypted-signed-outside", "T-XML-23", "", "Is encrypted, then signed as a whole.",
			func(d *draft) {
				encrypted(algAES256GCM, algOAEP)(d)
				d.signAssertion, d.signResponse = false, true
			},
		},
		{
			"encrypted-unsigned", "T-XML-23", "signature_missing", "Is encrypted and not signed; anyone can do that.",
			func(d *draft) {
				encrypted(algAES256GCM, algOAEP)(d)
				d.signAssertion = false
			},
		},
		{"encrypted-rsa15", "T-XML-18", "algorithm or decryption unless the connection carries a dated exception", "Is encrypted with a key transport that leaks.", encrypted(algAES256GCM, algRSA15)},
		{"encrypted-3des", "T-XML-18", "algorithm or decryption unless the connection carries a dated exception", "Is encrypted with Triple DES.", encrypted(algTripleDES, algOAEP)},
		{
			"encrypted-and-plain", "T-XML-24", "assertion_count", "Makes one statement encrypted and a forged one in plain.",
			func(d *draft) {
				encrypted(algAES256GCM, algOAEP)(d)
				d.afterEncrypt = func(sealed, _ string) (string, error) { return d.forged().with("") + sealed, nil }
			},
		},
		{
			"two-encrypted", "T-XML-24", "assertion_count or duplicate_id", "Makes the same statement twice, encrypted.",
			func(d *draft) {
				encrypted(algAES256GCM, algOAEP)(d)
				d.afterEncrypt = func(sealed, _ string) (string, error) { return sealed + sealed, nil }
			},
		},
		{
			"encrypted-twice", "T-XML-24", "assertion_count or decryption", "Is encrypted, and encrypted again.",
			func(d *draft) {
				encrypted(algAES256GCM, algOAEP)(d)
				d.afterEncrypt = func(sealed, _ string) (string, error) { return d.encrypt.seal(sealed, d.sp) }
			},
		},
		{
			"encrypted-two-roots", "T-XML-24", "assertion_count or not_well_formed or decryption", "Two statements, encrypted together.",
			func(d *draft) {
				encrypted(algAES256GCM, algOAEP)(d)
				d.arrange = func(e element, s string) string { return e.with(s) + d.forged().with("") }
			},
		},
	}
}

func brokenEncryptionRows() []row {
	rows := []row{
		{
			"encrypted-for-other", "T-XML-25", "", "Is encrypted for somebody else.",
			func(d *draft) {
				encrypted(algAES256GCM, algOAEP)(d)
				d.strangerReads = true
			},
		},
		{
			"encrypted-short-tag", "T-XML-27", "", "Has its authentication tag cut to 96 bits.",
			func(d *draft) {
				encrypted(algAES256GCM, algOAEP)(d)
				d.encrypt.ciphertext = func(c []byte) []byte { return c[:len(c)-4] }
			},
		},
		{
			"encrypted-changed", "T-XML-27", "", "Was changed after it was encrypted.",
			func(d *draft) {
				encrypted(algAES256GCM, algOAEP)(d)
				d.encrypt.ciphertext = func(c []byte) []byte { c[len(c)/2] ^= 1; return c }
			},
		},
		{
			"encrypted-empty", "T-XML-26", "", "Is encrypted to nothing.",
			func(d *draft) {
				encrypted(algAES256CBC, algOAEP)(d)
				d.encrypt.ciphertext = func([]byte) []byte { return nil }
			},
		},
		{
			"encrypted-odd-length", "T-XML-26", "", "Is encrypted to a length that cannot be.",
			func(d *draft) {
				encrypted(algAES256CBC, algOAEP)(d)
				d.encrypt.ciphertext = func(c []byte) []byte { return c[:len(c)-1] }
			},
		},
		{
			"encrypted-zeros", "T-XML-26", "", "Is a hundred encrypted zeros.",
			func(d *draft) {
				encrypted(algAES256CBC, algOAEP)(d)
				d.encrypt.plaintext = func([]byte) []byte { return make([]byte, 112) }
			},
		},
		{
			"encrypted-bad-padding", "T-XML-25", "", "Is encrypted with a padding of 200 octets.",
			func(d *draft) {
				encrypted(algAES256CBC, algOAEP)(d)
				d.encrypt.plaintext = func(p []byte) []byte { p[len(p)-1] = 200; return p }
			},
		},
		{
			"encrypted-short-key", "T-XML-26", "", "Is encrypted with a key of 40 bits.",
			func(d *draft) {
				encrypted(algAES256GCM, algOAEP)(d)
				d.encrypt.contentKey = func(k []byte) []byte { return k[:5] }
			},
		},
		{
			"encrypted-elsewhere", "T-XML-20", "", "Is encrypted and to be fetched from another address.",
			func(d *draft) {
				encrypted(algAES256GCM, algOAEP)(d)
				d.encrypt.elsewhere = "http://127.0.0.1:9/practice"
			},
		},
	}
	for n := range rows {
		rows[n].want = "decryption or algorithm"
	}
	return rows
}
