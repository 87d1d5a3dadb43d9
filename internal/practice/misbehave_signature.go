package practice

import (
	"encoding/base64"
	"strings"
)

func signatureRows() []row {
	method := func(method, digest string) func(*draft) {
		return func(d *draft) { d.adjust = func(s *signature) { s.method, s.digest = method, digest } }
	}
	return []row{
		{
			"unsigned", "T-XML-21", "signature_missing", "Is not signed.",
			func(d *draft) { d.signAssertion = false },
		},
		{
			"wrong-key", "T-XML-20", "signature", "Is signed by somebody else, who encloses a certificate.",
			func(d *draft) { d.signer = signerStranger },
		},
		{
			"rolled-over-key", "T-XML-20", "signature unless the next certificate is configured already", "Is signed with the next key, which the metadata does not announce yet.",
			func(d *draft) { d.signer = signerNext },
		},
		{
			"response-signed-only", "T-XML-22", "", "Is signed as a whole instead of the statement in it.",
			func(d *draft) { d.signAssertion, d.signResponse = false, true },
		},
		{
			"both-signed", "T-XML-22", "", "Is signed as a whole and within.",
			func(d *draft) { d.signResponse = true },
		},
		{
			"no-keyinfo", "T-XML-20", "", "Encloses no certificate, which nobody should need.",
			func(d *draft) { d.adjust = func(s *signature) { s.noKeyInfo = true } },
		},
		{"sha512", "T-XML-17", "", "Is signed with SHA-512.", method(algRSASHA512, algSHA512)},
		{"rsa-pss", "T-XML-17", "", "Is signed with RSA-PSS.", method(algPSSSHA256, algSHA256)},
		{"sha1", "T-XML-18", "algorithm unless the connection carries a dated exception", "Is signed with SHA-1, which can be forged.", method(algRSASHA1, algSHA1)},
		{"sha1-digest", "T-XML-18", "algorithm unless the connection carries a dated exception", "Is signed well over a SHA-1 digest, which can be forged.", method(algRSASHA256, algSHA1)},
		{"hmac-confusion", "T-XML-17", "algorithm", "Is signed with a shared secret: the public certificate.", method(algHMACSHA256, algSHA256)},
		{"unknown-algorithm", "T-XML-17", "algorithm", "Is signed with a method that does not exist.", method("urn:practice:rot13", algSHA256)},
	}
}

// tampered is the element with another person's address in it.
func (d *draft) tampered(e element) element {
	if d.mail() == "" {
		e.body += node("saml:AttributeStatement", node("saml:Attribute", node("saml:AttributeValue", text(d.victim())), at{"Name", d.mailName}))
		return e
	}
	e.body = strings.ReplaceAll(e.body, ">"+text(d.mail())+"<", ">"+text(d.victim())+"<")
	return e
}

// redigested returns a genuine signature's SignedInfo with the digest of
// another element in it.
func redigested(signature string, e element) (info, value string) {
	sum, _ := digest(algSHA256, e.with(""))
	value = base64.StdEncoding.EncodeToString(sum)
	info = between(signature, "<ds:SignedInfo>", "</ds:SignedInfo>")
	old := between(info, "<ds:DigestValue>", "</ds:DigestValue>")
	return strings.Replace(info, old, "<ds:DigestValue>"+value+"</ds:DigestValue>", 1), value
}

// between returns the part of s from the first start to the end after it,
// both included.
func between(s, start, end string) string {
	_, rest, _ := strings.Cut(s, start)
	in, _, _ := strings.Cut(rest, end)
	return start + in + end
}

// refilled puts other content into an element of a signature.
func refilled(name, content string) func(string) string {
	start, end := "<"+name+">", "</"+name+">"
	return func(s string) string { return strings.Replace(s, between(s, start, end), start+content+end, 1) }
}

func damageRows() []row {
	after := func(change func(string) string) func(*draft) {
		return func(d *draft) { d.afterSigning = change }
	}
	return []row{
		{
			"tampered-attribute", "T-XML-22", "signature", "Had the address changed after it was signed.",
			func(d *draft) { d.arrange = func(e element, s string) string { return d.tampered(e).with(s) } },
		},
		{
			"broken-inner-signature", "T-XML-22", "signature", "Is signed well as a whole around a statement whose own signature is broken.",
			func(d *draft) {
				d.signResponse = true
				d.arrange = func(e element, s string) string { return d.tampered(e).with(s) }
			},
		},
		{
			"broken-outer-signature", "T-XML-22", "signature", "Holds a well signed statement; the signature of the whole is broken.",
			func(d *draft) {
				d.signResponse = true
				d.arrangeWhole = func(e element, s string) string {
					e.open = strings.Replace(e.open, " ID=", ` Consent="urn:oasis:names:tc:SAML:2.0:consent:obtained" ID=`, 1)
					return e.with(s)
				}
			},
		},
		{
			"empty-signature", "T-XML-21", "signature_missing or signature_malformed", "Has a signature with nothing in it.",
			after(func(string) string { return node("ds:Signature", "", at{"xmlns:ds", nsSignature}) }),
		},
		{
			"empty-signature-value", "T-XML-21", "signature_malformed or signature", "Has a signature without a value.",
			after(refilled("ds:SignatureValue", "")),
		},
		{
			"short-signature-value", "T-XML-19", "signature", "Has a signature whose value is too short.",
			after(refilled("ds:SignatureValue", "AAAA")),
		},
		{
			"stripped-digest", "T-XML-05", "signature_malformed or signature", "Has a signature over no digest.",
			after(refilled("ds:DigestValue", "")),
		},
		{
			"no-signedinfo", "T-XML-05", "signature_malformed", "Has a signature that does not say what is signed.",
			after(func(s string) string {
				return strings.Replace(s, between(s, "<ds:SignedInfo>", "</ds:SignedInfo>"), "", 1)
			}),
		},
		{
			"digest-comment", "T-XML-05", "signature_malformed", "Was tampered with; a comment in the signature holds the digest that fits.",
			func(d *draft) {
				d.arrange = func(e element, s string) string {
					forged := d.tampered(e)
					_, value := redigested(s, forged)
					return forged.with(strings.Replace(s, "<ds:DigestValue>", "<ds:DigestValue><!--"+value+"-->", 1))
				}
			},
		},
		{
			"two-signedinfo", "T-XML-05", "signature_malformed", "Was tampered with; the signature says twice what is signed, once with the digest that fits.",
			func(d *draft) {
				d.arrange = func(e element, s string) string {
					forged := d.tampered(e)
					info, _ := redigested(s, forged)
					return forged.with(strings.Replace(s, "<ds:SignedInfo>", info+"<ds:SignedInfo>", 1))
				}
			},
		},
		{
			"signature-twice", "T-XML-08", "signature_count or signature", "Carries its signature twice.",
			after(func(s string) string { return s + s }),
		},
		{
			"second-signature", "T-XML-08", "signature_count or assertion_count", "Carries a second signature with a forged statement inside.",
			func(d *draft) {
				d.afterSigning = func(s string) string { return s + inside(s, node("ds:Object", d.forged().with(""))) }
			},
		},
	}
}

// inside puts XML at the end of a ds:Signature.
func inside(signature, content string) string {
	return strings.TrimSuffix(signature, "</ds:Signature>") + content + "</ds:Signature>"
}

func referenceRows() []row {
	reference := func(change func(s *signature)) func(*draft) {
		return func(d *draft) { d.adjust = change }
	}
	exclusive := func(prefixes string) string {
		return transform(algEnveloped, "") + transform(algExclusive,
			node("ec:InclusiveNamespaces", "", at{"xmlns:ec", algExclusive}, at{"PrefixList", prefixes}))
	}
	return []row{
		{"signature-over-other", "T-XML-09", "reference or reference_not_consumed", "Carries a good signature that belongs to something else.", donor},
		{
			"reference-empty", "T-XML-14", "reference", "Signs “this document” instead of naming what.",
			func(d *draft) {
				d.signAssertion, d.signResponse = false, true
				d.adjustResponse = func(s *signature) { s.reference = "" }
			},
		},
		{
			"reference-pointer", "T-XML-14", "reference", "Names what is signed by an expression.",
			func(d *draft) {
				d.adjust = func(s *signature) { s.reference = "#xpointer(id('" + d.assertionID + "'))" }
			},
		},
		{
			"reference-elsewhere", "T-XML-14", "reference", "Signs what is to be fetched from another address.",
			reference(func(s *signature) { s.reference = "http://127.0.0.1:9/practice" }),
		},
		{
			"reference-twice", "T-XML-14", "reference", "Signs the same thing twice in one signature.",
			reference(func(s *signature) {
				s.signedInfo = func(info string) string { return info + between(info, "<ds:Reference ", "</ds:Reference>") }
			}),
		},
		{
			"transform-xpath", "T-XML-15", "transform", "Signs a selection of itself.",
			reference(func(s *signature) {
				s.transforms = transform(algEnveloped, "") + transform(algXPath, node("ds:XPath", "true()")) + transform(algExclusive, "")
			}),
		},
		{
			"transform-inclusive", "T-XML-15", "transform", "Signs itself together with its surroundings.",
			reference(func(s *signature) {
				s.transforms = transform(algEnveloped, "") + transform(algInclusive, "")
				s.octets = inheriting
			}),
		},
		{
			"transform-comments", "T-XML-15", "transform", "Signs itself together with comments.",
			reference(func(s *signature) {
				s.transforms = transform(algEnveloped, "") + transform(algExclusive+"WithComments", "")
			}),
		},
		{
			"many-prefixes", "T-XML-16", "transform", "Signs itself with a list of forty prefixes.",
			reference(func(s *signature) { s.transforms = exclusive(strings.TrimSpace(strings.Repeat("practice ", 40))) }),
		},
		{
			"prefix-list", "T-XML-16", "", "Signs itself with one prefix of its surroundings, as some providers do.",
			reference(func(s *signature) { s.transforms, s.octets = exclusive("samlp"), inheriting }),
		},
		{
			"void-canonicalization", "T-XML-13", "canonicalization or namespace", "Holds a name that cannot be put in canonical form, and the digest of nothing.",
			func(d *draft) {
				d.advice = node("v:void", "", at{"xmlns:v", "1"})
				d.adjust = func(s *signature) { s.octets = func(string) string { return "" } }
			},
		},
		{
			"duplicate-id", "T-XML-10", "duplicate_id", "The response and the statement have the same identifier.",
			func(d *draft) { d.responseID = d.assertionID },
		},
		{
			"duplicate-xml-id", "T-XML-10", "duplicate_id", "The statement's identifier appears a second time as xml:id.",
			func(d *draft) { d.responseMore = []at{{"xml:id", d.assertionID}} },
		},
		{
			"duplicate-lower-id", "T-XML-10", "duplicate_id", "The statement's identifier appears a second time as Id.",
			func(d *draft) { d.responseMore = []at{{"Id", d.assertionID}} },
		},
	}
}

// donor puts a signature over metadata into an Assertion that nobody signed.
func donor(d *draft) {
	id := newID()
	d.extensions = node("md:EntityDescriptor", "", at{"xmlns:md", nsMetadata}, at{"ID", id}, at{"entityID", d.issuer})
	signed := d.extensions
	d.adjust = func(s *signature) {
		s.reference = "#" + id
		s.octets = func(string) string { return signed }
	}
}

// wrappingRows are the eight classic forms of signature wrapping (Somorovsky
// and others, "On Breaking SAML", 2012) and their kin.
func wrappingRows() []row {
	const want = "assertion_count or reference_not_consumed or reference or signature_count or signature_malformed"
	rows := []row{
		{"xsw-1", "", "", "A forged response; the signed one is inside its signature.", wrapWhole(func(forged, genuine element, s string) string {
			return forged.with(inside(s, genuine.with("")))
		})},
		{"xsw-2", "", "", "A forged response; the signed one stands before its signature.", wrapWhole(func(forged, genuine element, s string) string {
			return forged.with(genuine.with("") + s)
		})},
		{"xsw-3", "", "", "A forged statement stands before the signed one.", wrap(func(forged, genuine element, s string) string {
			return forged.with("") + genuine.with(s)
		})},
		{"xsw-4", "", "", "A forged statement contains the signed one.", wrap(func(forged, genuine element, s string) string {
			forged.body += genuine.with(s)
			return forged.with("")
		})},
		{"xsw-5", "", "", "A forged statement carries the signature of one that follows it.", wrap(func(forged, genuine element, s string) string {
			return forged.with(s) + genuine.with("")
		})},
		{"xsw-6", "", "", "A forged statement carries a signature that contains the signed one.", wrap(func(forged, genuine element, s string) string {
			return forged.with(inside(s, genuine.with("")))
		})},
		{"xsw-7", "", "", "A forged statement stands among the extensions.", func(d *draft) {
			d.extensions = d.forged().with("")
		}},
		{"xsw-8", "", "", "A forged statement carries a signature with the signed one as its object.", wrap(func(forged, genuine element, s string) string {
			return forged.with(inside(s, node("ds:Object", genuine.with(""))))
		})},
		{"xsw-after", "", "", "A forged statement stands after the signed one.", wrap(func(forged, genuine element, s string) string {
			return genuine.with(s) + forged.with("")
		})},
		{"xsw-advice", "", "", "A forged statement has the signed one as its advice.", wrap(func(forged, genuine element, s string) string {
			forged.body += node("saml:Advice", genuine.with(s))
			return forged.with("")
		})},
		{"xsw-status-detail", "", "", "A forged statement; the signed one is a detail of the status.", func(d *draft) {
			d.arrange = func(genuine element, s string) string {
				d.status += node("samlp:StatusDetail", genuine.with(s))
				return d.forged().with("")
			}
		}},
		{"two-assertions", "", "", "Makes two statements, about two people, signed together.", func(d *draft) {
			d.signAssertion, d.signResponse = false, true
			d.arrange = func(genuine element, _ string) string { return genuine.with("") + d.forged().with("") }
		}},
	}
	for n := range rows {
		rows[n].threat, rows[n].want = "T-XML-07", want
	}
	return rows
}

// wrap arranges a forged Assertion and a signed one.
func wrap(arrange func(forged, genuine element, signature string) string) func(*draft) {
	return func(d *draft) {
		d.arrange = func(genuine element, s string) string { return arrange(d.forged(), genuine, s) }
	}
}

// wrapWhole arranges a forged Response and a signed one.
func wrapWhole(arrange func(forged, genuine element, signature string) string) func(*draft) {
	return func(d *draft) {
		d.signAssertion, d.signResponse = false, true
		d.arrangeWhole = func(genuine element, s string) string {
			f := *d
			f.responseID = newID()
			return arrange(f.response(d.forged().with("")), genuine, s)
		}
	}
}
