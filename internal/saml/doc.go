// Package saml is the service provider's side of SAML 2.0 on the wire: it reads
// an identity provider's response and metadata, and writes requests and
// metadata.
//
// It holds pure functions of bytes and a time. It knows nothing of connections,
// accounts or storage: whom an assertion lets in is decided elsewhere, and that
// an assertion is used only once is recorded elsewhere.
//
// What arrives here comes through a browser and is hostile until proven. One
// parser reads all of it (parseXML); a signature is verified over canonical
// octets (verifier); and claims are read only from those octets, parsed once
// more by the same parser. Nothing else of a document is believed.
package saml
