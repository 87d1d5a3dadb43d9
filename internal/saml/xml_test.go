package saml

import (
	"errors"
	"strings"
	"testing"
)

func TestParseXML_RefusesWhatIsNotStrict(t *testing.T) {
	t.Parallel()
	root := func(s string) string { return "<r>" + s + "</r>" }
	long := func(n int) string { return strings.Repeat("x", n) }
	declarations := func(n int, prefix string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(` xmlns:` + prefix + strings.Repeat("a", i) + `="urn:x"`)
		}
		return b.String()
	}
	attributes := func(n int) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(" a" + strings.Repeat("a", i) + `=""`)
		}
		return b.String()
	}
	tests := map[string]struct{ doc, reason string }{
		"T-XML-01 a DOCTYPE":                                   {`<!DOCTYPE r><r/>`, "dtd"},
		"T-XML-01 a DOCTYPE after a declaration":               {`<?xml version="1.0"?><!-- --><!DOCTYPE r><r/>`, "dtd"},
		"T-XML-01 a DOCTYPE inside the root":                   {root(`<!DOCTYPE r>`), "dtd"},
		"T-XML-01 a doctype in lower case":                     {`<!doctype r><r/>`, "not_well_formed"},
		"T-XML-02 an undeclared entity":                        {root("&nbsp;"), "not_well_formed"},
		"T-XML-02 an undeclared entity in an attribute":        {`<r a="&x;"/>`, "not_well_formed"},
		"T-XML-02 a reference to NUL":                          {root("&#0;"), "not_well_formed"},
		"T-XML-02 a reference to a control":                    {root("&#x1f;"), "not_well_formed"},
		"T-XML-02 a reference to a surrogate":                  {root("&#xD800;"), "not_well_formed"},
		"T-XML-02 a reference to FFFE":                         {root("&#xFFFE;"), "not_well_formed"},
		"T-XML-02 a reference to FFFF":                         {root("&#65535;"), "not_well_formed"},
		"T-XML-02 a reference beyond Unicode":                  {root("&#x110000;"), "not_well_formed"},
		"T-XML-02 a reference that overflows":                  {root("&#x100000041;"), "not_well_formed"},
		"T-XML-02 a reference with a sign":                     {root("&#+65;"), "not_well_formed"},
		"T-XML-02 a reference with a minus":                    {root("&#-65;"), "not_well_formed"},
		"T-XML-02 a reference with an underscore":              {root("&#6_5;"), "not_well_formed"},
		"T-XML-02 a reference with a capital X":                {root("&#X41;"), "not_well_formed"},
		"T-XML-02 an empty reference":                          {root("&;"), "not_well_formed"},
		"T-XML-02 an empty number":                             {root("&#;"), "not_well_formed"},
		"T-XML-02 an empty hexadecimal number":                 {root("&#x;"), "not_well_formed"},
		"T-XML-02 digits that no # introduces":                 {root("&65;"), "not_well_formed"},
		"T-XML-02 a reference without an end":                  {root("a & b"), "not_well_formed"},
		"T-XML-02 a control character":                         {root("\x01"), "not_well_formed"},
		"T-XML-02 a form feed":                                 {root("\f"), "not_well_formed"},
		"T-XML-02 U+FFFE":                                      {root("\uFFFE"), "not_well_formed"},
		"T-XML-02 U+FFFF":                                      {root("\uFFFF"), "not_well_formed"},
		"T-XML-03 a processing instruction before":             {"<?p?><r/>", "processing_instruction"},
		"T-XML-03 a processing instruction inside":             {root("<?p not-an-?>"), "processing_instruction"},
		"T-XML-03 a processing instruction behind":             {"<r/><?p?>", "processing_instruction"},
		"T-XML-03 a late XML declaration":                      {` <?xml version="1.0"?><r/>`, "processing_instruction"},
		"T-XML-03 xml-stylesheet first":                        {`<?xml-stylesheet?><r/>`, "processing_instruction"},
		"T-XML-03 two XML declarations":                        {`<?xml version="1.0"?><?xml version="1.0"?><r/>`, "processing_instruction"},
		"T-XML-10 an attribute twice":                          {`<r a="" a=""/>`, "not_well_formed"},
		"T-XML-10 an attribute twice by two prefixes":          {`<r xmlns:a="urn:x" xmlns:b="urn:x" a:c="" b:c=""/>`, "not_well_formed"},
		"T-XML-10 a prefix declared twice":                     {`<r xmlns:a="urn:x" xmlns:a="urn:x"/>`, "not_well_formed"},
		"T-XML-10 the default declared twice":                  {`<r xmlns="urn:x" xmlns="urn:y"/>`, "not_well_formed"},
		"T-XML-12 an undeclared prefix":                        {`<a:r/>`, "namespace"},
		"T-XML-12 an undeclared prefix of an attribute":        {`<r a:b=""/>`, "namespace"},
		"T-XML-12 a prefix out of scope":                       {`<r><x xmlns:a="urn:a"/><a:y/></r>`, "namespace"},
		"T-XML-12 the prefix xml bound to other":               {`<r xmlns:xml="urn:x"/>`, "namespace"},
		"T-XML-12 another prefix for xml":                      {`<r xmlns:x="http://www.w3.org/XML/1998/namespace"/>`, "namespace"},
		"T-XML-12 the default bound to xml":                    {`<r xmlns="http://www.w3.org/XML/1998/namespace"/>`, "namespace"},
		"T-XML-12 the prefix xmlns bound":                      {`<r xmlns:xmlns="urn:x"/>`, "namespace"},
		"T-XML-12 another prefix for xmlns":                    {`<r xmlns:x="http://www.w3.org/2000/xmlns/"/>`, "namespace"},
		"T-XML-12 the default bound to xmlns":                  {`<r xmlns="http://www.w3.org/2000/xmlns/"/>`, "namespace"},
		"T-XML-12 the prefix xmlns on an element":              {`<xmlns:r/>`, "namespace"},
		"T-XML-12 a prefix taken back":                         {`<r xmlns:p="urn:p"><x xmlns:p=""/></r>`, "namespace"},
		"T-XML-13 a relative namespace name":                   {`<r xmlns:a="b"/>`, "canonicalization"},
		"T-XML-13 a relative default":                          {`<r xmlns="../b"/>`, "canonicalization"},
		"T-XML-13 a namespace name that starts with a colon":   {`<r xmlns="://x"/>`, "canonicalization"},
		"T-XML-13 a namespace name that starts with a digit":   {`<r xmlns="1a:x"/>`, "canonicalization"},
		"T-XML-13 a namespace name with a blank scheme":        {`<r xmlns="a b:x"/>`, "canonicalization"},
		"T-XML-28 a colon first":                               {`<:a/>`, "not_well_formed"},
		"T-XML-28 a colon last":                                {`<a:/>`, "not_well_formed"},
		"T-XML-28 two colons":                                  {`<r xmlns:a="urn:a"><a:b:c/></r>`, "not_well_formed"},
		"T-XML-28 a colon first in an attribute":               {`<r :a=""/>`, "not_well_formed"},
		"T-XML-28 a directive":                                 {`<!ELEMENT r ANY><r/>`, "not_well_formed"},
		"T-XML-28 a directive with a comment":                  {`<!x "<!-- " --><r/>`, "not_well_formed"},
		"T-XML-28 a directive inside":                          {root(`<!x>`), "not_well_formed"},
		"T-XML-29 UTF-16, little end first":                    {"\xff\xfe<\x00r\x00/\x00>\x00", "encoding"},
		"T-XML-29 UTF-16, big end first":                       {"\xfe\xff\x00<\x00r\x00/\x00>", "encoding"},
		"T-XML-29 UTF-16 without a mark":                       {"\x00<\x00r\x00/\x00>", "encoding"},
		"T-XML-29 a declaration of UTF-7":                      {`<?xml version="1.0" encoding="UTF-7"?><r/>`, "encoding"},
		"T-XML-29 a declaration of Latin-1":                    {`<?xml version="1.0" encoding="ISO-8859-1"?><r/>`, "encoding"},
		"T-XML-29 an invalid byte":                             {root("\x80"), "encoding"},
		"T-XML-29 an overlong slash":                           {root("\xc0\xaf"), "encoding"},
		"T-XML-29 an encoded surrogate":                        {root("\xed\xa0\x80"), "encoding"},
		"T-XML-29 a NUL":                                       {root("\x00"), "encoding"},
		"T-XML-29 a mark that is not first":                    {" \ufeff<r/>", "encoding"},
		"T-XML-29 two marks":                                   {"\ufeff\ufeff<r/>", "encoding"},
		"T-XML-30 nothing":                                     {"", "not_well_formed"},
		"T-XML-30 a mark only":                                 {"\ufeff", "not_well_formed"},
		"T-XML-30 a comment only":                              {"<!-- -->", "not_well_formed"},
		"T-XML-30 no markup":                                   {"r", "not_well_formed"},
		"T-XML-30 two roots":                                   {"<r/><r/>", "not_well_formed"},
		"T-XML-30 text behind":                                 {"<r/>x", "not_well_formed"},
		"T-XML-30 text before":                                 {"x<r/>", "not_well_formed"},
		"T-XML-30 a reference before":                          {"&#32;<r/>", "not_well_formed"},
		"T-XML-30 a CDATA section behind":                      {"<r/><![CDATA[]]>", "not_well_formed"},
		"T-XML-31 an open element":                             {"<r>", "not_well_formed"},
		"T-XML-31 another end tag":                             {"<r></s>", "not_well_formed"},
		"T-XML-31 an end tag with another prefix":              {`<a:r xmlns:a="urn:a" xmlns:b="urn:a"></b:r>`, "not_well_formed"},
		"T-XML-31 an end tag without a start":                  {"</r>", "not_well_formed"},
		"T-XML-31 an end tag too many":                         {"<r/></r>", "not_well_formed"},
		"T-XML-31 an end tag without an end":                   {"<r></r", "not_well_formed"},
		"T-XML-31 an end tag with an attribute":                {`<r></r a="">`, "not_well_formed"},
		"T-XML-31 an end tag without a name":                   {"<r></>", "not_well_formed"},
		"T-XML-31 a tag without a name":                        {"<>", "not_well_formed"},
		"T-XML-31 a space before the name":                     {"< r/>", "not_well_formed"},
		"T-XML-31 a name that starts with a digit":             {"<1/>", "not_well_formed"},
		"T-XML-31 a name that starts with a dash":              {"<-/>", "not_well_formed"},
		"T-XML-31 a name that starts with a middle dot":        {"<\u00b7/>", "not_well_formed"},
		"T-XML-31 a name with a multiplication sign":           {"<r\u00d7/>", "not_well_formed"},
		"T-XML-31 no space between attributes":                 {`<r a=""b=""/>`, "not_well_formed"},
		"T-XML-31 a tag without an end":                        {`<r a=""`, "not_well_formed"},
		"T-XML-31 a slash without an end":                      {`<r /`, "not_well_formed"},
		"T-XML-31 an attribute without a value":                {`<r a/>`, "not_well_formed"},
		"T-XML-31 a default namespace without a value":         {`<r xmlns/>`, "not_well_formed"},
		"T-XML-31 a value without quotes":                      {`<r a=b/>`, "not_well_formed"},
		"T-XML-31 a value without an end":                      {`<r a="b/>`, "not_well_formed"},
		"T-XML-31 < in a value":                                {`<r a="<"/>`, "not_well_formed"},
		"T-XML-31 ]]> in text":                                 {root("]]>"), "not_well_formed"},
		"T-XML-31 a comment without an end":                    {"<r><!-- ", "not_well_formed"},
		"T-XML-31 a comment with --":                           {root("<!-- -- -->"), "not_well_formed"},
		"T-XML-31 a comment that ends in --->":                 {root("<!-- --->"), "not_well_formed"},
		"T-XML-31 <!--> is no comment":                         {root("<!-->"), "not_well_formed"},
		"T-XML-31 a CDATA section without an end":              {"<r><![CDATA[ ]]", "not_well_formed"},
		"T-XML-31 a declaration without an end":                {`<?xml version="1.0"`, "not_well_formed"},
		"T-XML-31 a declaration without a version":             {`<?xml encoding="UTF-8"?><r/>`, "not_well_formed"},
		"T-XML-31 an empty declaration":                        {`<?xml ?><r/>`, "not_well_formed"},
		"T-XML-31 XML 1.1":                                     {`<?xml version="1.1"?><r/>`, "not_well_formed"},
		"T-XML-31 standalone perhaps":                          {`<?xml version="1.0" standalone="perhaps"?><r/>`, "not_well_formed"},
		"T-XML-31 a declaration out of order":                  {`<?xml version="1.0" standalone="no" encoding="UTF-8"?><r/>`, "not_well_formed"},
		"T-XML-31 an unknown part of the declaration":          {`<?xml version="1.0" x="y"?><r/>`, "not_well_formed"},
		"T-XML-31 a declaration without space":                 {`<?xml version="1.0"encoding="UTF-8"?><r/>`, "not_well_formed"},
		"T-XML-31 a declaration without quotes":                {`<?xml version=1.0?><r/>`, "not_well_formed"},
		"T-XML-31 a declaration without =":                     {`<?xml version "1.0"?><r/>`, "not_well_formed"},
		"T-XML-31 a declaration cut off at =":                  {`<?xml version=?><r/>`, "not_well_formed"},
		"T-XML-31 a declaration with mixed quotes":             {`<?xml version="1.0'?><r/>`, "not_well_formed"},
		"T-XML-02 a reference cut off at the end of text":      {root("a &amp"), "not_well_formed"},
		"T-XML-13 a namespace name with a brace":               {`<r xmlns="a{:x"/>`, "canonicalization"},
		"T-XML-13 a namespace name with a bracket":             {`<r xmlns="A[:x"/>`, "canonicalization"},
		"T-XML-31 a declaration cut off at the name":           {`<?xml`, "processing_instruction"},
		"T-XML-31 a declaration without a name":                {`<?xml ="1.0"?><r/>`, "not_well_formed"},
		"T-XML-31 a declaration between letters":               {`<?xml version=x1.0x?><r/>`, "not_well_formed"},
		"T-XML-31 a value between letters":                     {`<r a=xbx/>`, "not_well_formed"},
		"T-XML-31 a value without =":                           {`<r a '"b"/>`, "not_well_formed"},
		"T-XML-31 a name with a brace":                         {`<a{/>`, "not_well_formed"},
		"T-XML-31 a name with a bracket":                       {`<A[/>`, "not_well_formed"},
		"T-XML-31 a name that starts with an accent":           {"<\u0301/>", "not_well_formed"},
		"T-XML-31 a name that starts with a tie":               {"<\u203f/>", "not_well_formed"},
		"T-XML-31 a name with a Greek question mark":           {"<a\u037e/>", "not_well_formed"},
		"T-XML-31 a name with a general quotation mark":        {"<a\u2041/>", "not_well_formed"},
		"T-XML-31 a name that starts with a private character": {"<\ue000/>", "not_well_formed"},
		"T-XML-31 a name with a character of plane 15":         {"<a\U000f0000/>", "not_well_formed"},
		"T-XML-31 a name with an inverted question mark":       {"<a\u00bf/>", "not_well_formed"},
		"T-DOS-02 384 KiB and one":                             {root(strings.Repeat("<a>"+long(1000)+"</a>", 391)), "limit"},
		"T-DOS-03 33 deep":                                     {strings.Repeat("<r>", 33), "limit"},
		"T-DOS-03 10,001 elements":                             {root(strings.Repeat("<a/>", 10_000)), "limit"},
		"T-DOS-03 65 attributes":                               {"<r" + attributes(65) + "/>", "limit"},
		"T-DOS-03 33 declarations":                             {"<r" + declarations(33, "p") + "/>", "limit"},
		"T-DOS-03 129 declarations in scope":                   {"<a" + declarations(32, "a") + "><b" + declarations(32, "b") + "><c" + declarations(32, "c") + "><d" + declarations(32, "d") + "><e xmlns='urn:x'/>", "limit"},
		"T-DOS-03 a name of 1,025 bytes":                       {"<" + long(1025) + "/>", "limit"},
		"T-DOS-03 a prefixed name of 1,025 bytes":              {"<r xmlns:p='urn:p'><p:" + long(1023) + "/></r>", "limit"},
		"T-DOS-03 an end tag's name of 1,025 bytes":            {"<r></" + long(1025) + ">", "limit"},
		"T-DOS-03 an attribute name of 1,025 bytes":            {"<r " + long(1025) + "=''/>", "limit"},
		"T-DOS-03 a value over 128 KiB":                        {`<r a="` + long(128<<10+1) + `"/>`, "limit"},
		"T-DOS-03 text over 128 KiB":                           {root(long(128<<10 + 1)), "limit"},
		"T-DOS-03 a CDATA section over 128 KiB":                {root("<![CDATA[" + long(128<<10+1) + "]]>"), "limit"},
		"T-DOS-03 a comment over 128 KiB":                      {root("<!--" + long(128<<10+1) + "-->"), "limit"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseXML([]byte(tc.doc), responseLimits())
			r, ok := errors.AsType[*refusal](err)
			if !ok {
				t.Fatalf("%.200q: %v, error %v, want the refusal %q", tc.doc, got, err, tc.reason)
			}
			if r.reason != tc.reason {
				t.Errorf("%.200q: %v, want the reason %q", tc.doc, err, tc.reason)
			}
		})
	}
}

func TestParseXML_ReadsWhatXMLAllows(t *testing.T) {
	t.Parallel()
	long := func(n int) string { return strings.Repeat("x", n) }
	tests := map[string]struct {
		doc  string
		want string // the text of the root
	}{
		"T-XML-02 the five entities":                  {"<r>&amp;&lt;&gt;&quot;&apos;</r>", `&<>"'`},
		"T-XML-02 legal references":                   {"<r>&#65;&#x42;&#x1F600;&#9;&#xA;&#xD;&#xD7FF;&#xE000;&#xFFFD;&#x10FFFF;</r>", "AB\U0001F600\t\n\r\uD7FF\uE000\uFFFD\U0010FFFF"},
		"T-XML-02 leading zeros":                      {"<r>&#0000065;</r>", "A"},
		"T-XML-04 text around a comment":              {"<r>a<!-- b -->c</r>", "ac"},
		"T-XML-04 text around three comments":         {"<r><!---->a<!-- b -->c<!-- -->d</r>", "acd"},
		"T-XML-29 a mark at the start":                {"\ufeff<r>a</r>", "a"},
		"T-XML-29 a mark in the text":                 {"<r>a\ufeffb</r>", "a\ufeffb"},
		"T-XML-29 UTF-8 declared":                     {`<?xml version="1.0" encoding="utf-8"?><r>é</r>`, "é"},
		"a whole declaration":                         {"<?xml\tversion = '1.0'\nencoding=\"UTF-8\" standalone='yes' ?>\n<r>a</r>", "a"},
		"a declaration without encoding":              {"<?xml version='1.0' standalone='no'?><r>a</r>", "a"},
		"line ends":                                   {"<r>a\r\nb\rc\nd</r>", "a\nb\nc\nd"},
		"a CDATA section":                             {"<r>a<![CDATA[<&]]&gt;\r\n]]>b</r>", "a<&]]&gt;\nb"},
		"text without child text":                     {"<r>a<b>c</b>d</r>", "ad"},
		"comments and space around":                   {" <!-- a --> <r>b</r>\n<!-- c -->\n", "b"},
		"> in text and values":                        {`<r a=">">></r>`, ">"},
		"U+FFFD":                                      {"<r>\uFFFD</r>", "\uFFFD"},
		"names of many letters":                       {"<_a-Z.9\u00b7\u0301\u203f\u4e00\U00010000>x</_a-Z.9\u00b7\u0301\u203f\u4e00\U00010000>", "x"},
		"a scheme of many letters":                    {`<r xmlns="Aa0+-.z:x" xmlns:p="Z:">x</r>`, "x"},
		"T-XML-12 a prefixed xmlns is no declaration": {`<r xmlns:a="urn:a" a:xmlns="b">x</r>`, "x"},
		"T-DOS-03 32 deep":                            {strings.Repeat("<r>", 32) + strings.Repeat("</r>", 32), ""},
		"T-DOS-03 10,000 elements":                    {"<r>" + strings.Repeat("<a/>", 9_999) + "</r>", ""},
		"T-DOS-03 a name of 1,024 bytes":              {"<" + long(1024) + "/>", ""},
		"T-DOS-03 text of 128 KiB":                    {"<r>" + long(128<<10) + "</r>", long(128 << 10)},
		"T-DOS-03 a value of 128 KiB":                 {`<r a="` + long(128<<10) + `"/>`, ""},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := parseXML([]byte(tc.doc), responseLimits())
			if err != nil {
				t.Fatal(err)
			}
			if got.text() != tc.want {
				t.Errorf("text %.100q, want %.100q", got.text(), tc.want)
			}
		})
	}
}

func TestParseXML_KnowsNamespacesAndPlaces(t *testing.T) {
	t.Parallel()
	const doc = `<?xml version="1.0"?><a:r xmlns:a="urn:a" xmlns="urn:d" b="1" a:b="2" xml:lang="en">` +
		"<x\n>" + `<y xmlns=""/></x><é-1.ü· c = 'd&quot;' /></a:r>`
	root, err := parseXML([]byte(doc), responseLimits())
	if err != nil {
		t.Fatal(err)
	}
	if !root.is("urn:a", "r") || root.Prefix != "a" || root.Parent != nil {
		t.Errorf("root is %+v", root)
	}
	if v, ok := root.attr("b"); v != "1" || !ok {
		t.Errorf(`attribute b is %q, %v, want "1"`, v, ok)
	}
	if v, _ := root.attrNS("urn:a", "b"); v != "2" {
		t.Errorf(`attribute a:b is %q, want "2"`, v)
	}
	if v, _ := root.attrNS(nsXML, "lang"); v != "en" {
		t.Errorf(`xml:lang is %q, want "en"`, v)
	}
	if _, ok := root.attr("lang"); ok {
		t.Error("xml:lang was taken for lang")
	}
	x := root.child("urn:d", "x")
	if x == nil || x.Parent != root || root.child("", "x") != nil || root.child("urn:a", "x") != nil {
		t.Fatalf("x is %+v", x)
	}
	if got := doc[x.start:x.end]; got != "<x\n>"+`<y xmlns=""/></x>` {
		t.Errorf("x stands at %q", got)
	}
	if y := x.child("", "y"); y == nil || doc[y.start:y.end] != `<y xmlns=""/>` {
		t.Errorf("y is %+v", y)
	}
	if list := root.elements(); len(list) != 2 || list[1].Local != "é-1.ü·" {
		t.Errorf("elements %v", list)
	}
	if v, _ := root.elements()[1].attr("c"); v != `d"` {
		t.Errorf("attribute c is %q", v)
	}
	if got := root.children("urn:d", "x"); len(got) != 1 || got[0] != x {
		t.Errorf("children %v", got)
	}
}

func TestWalk_EndsAtTheFirstNo(t *testing.T) {
	t.Parallel()
	root, err := parseXML([]byte(`<r><a><b/><c/></a><d/></r>`), responseLimits())
	if err != nil {
		t.Fatal(err)
	}
	visited := ""
	all := root.walk(func(e *element) bool {
		visited += e.Local
		return e.Local != "b"
	})
	if visited != "rab" || all {
		t.Errorf("visited %s, all %v", visited, all)
	}
}

// A fragment of a document takes the declarations around it, its own first.
func TestParseXMLWithin(t *testing.T) {
	t.Parallel()
	root, err := parseXML([]byte(`<r xmlns:a="urn:1" xmlns:b="urn:b"><x xmlns:a="urn:2" xmlns="urn:d"/></r>`), responseLimits())
	if err != nil {
		t.Fatal(err)
	}
	scope := root.elements()[0].scope()
	got, err := parseXMLWithin([]byte(`<a:p xmlns:b="urn:own" b:c=""><d/></a:p>`), responseLimits(), scope)
	if err != nil {
		t.Fatal(err)
	}
	if got.Space != "urn:2" || got.Attrs[0].Space != "urn:own" || got.elements()[0].Space != "urn:d" {
		t.Errorf("namespaces %q, %q, %q", got.Space, got.Attrs[0].Space, got.elements()[0].Space)
	}
	if _, err := parseXML([]byte(`<a:p/>`), responseLimits()); err == nil {
		t.Error("a prefix without a declaration was accepted")
	}
}

func TestRefusalSaysWhatItKnows(t *testing.T) {
	t.Parallel()
	for want, r := range map[string]refusal{
		"limit": {reason: "limit"}, "limit: expected a": {"limit", "a", ""},
		"limit, received b": {"limit", "", "b"}, "limit: expected a, received b": {"limit", "a", "b"},
	} {
		if got := r.Error(); got != want {
			t.Errorf("%+v says %q, want %q", r, got, want)
		}
	}
}

// Metadata may be larger, and no deeper.
func TestMetadataLimits(t *testing.T) {
	t.Parallel()
	many := []byte("<r>" + strings.Repeat("<a/>", 99_999) + "</r>")
	if _, err := parseXML(many, metadataLimits()); err != nil {
		t.Errorf("100,000 elements: %v", err)
	}
	many = []byte("<r>" + strings.Repeat("<a/>", 100_000) + "</r>")
	if _, err := parseXML(many, metadataLimits()); err == nil {
		t.Error("100,001 elements were accepted")
	}
	if _, err := parseXML(make([]byte, 5<<20+1), metadataLimits()); err == nil {
		t.Error("more than 5 MiB were accepted")
	}
}
