// Package guide owns the guides by which a company's administrator connects an
// identity provider: which clicks in which console, which values to take there and
// to bring back, what goes wrong. A guide is a file in guides/, one for each provider
// and protocol; this package reads them into blocks. How they look is for pages.
//
// A file begins with its facts, a line each ("key: okta_saml"), and goes on with
// steps. A step is headed "# kind: Title" and has blocks with an empty line between:
//
//	Text, with **words of the console**, `values` and <https://links>.
//
//	1. An ordered list. A line below an item belongs to it,
//	   copy Field of the console: {acs_url}
//	2. as does a value to copy.
//
//	copy Field of the console: {sp_entity_id}
//
//	| a table | with a head |
//	|---|---|
//	| {application} | stands for the name of the application |
//
//	> note: Something good to know.
//
//	> warning: Something that goes wrong otherwise.
//
//	ask metadata_url | metadata_xml | idp_entity_id + sso_url + certificate
//
// The last asks for values, in one of the ways. Nothing else is markup, and a
// character that could be is an error.
package guide
