package saml

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// firstNamed returns the first element with the local name; "" for the root.
func firstNamed(root *element, local string) *element {
	var found *element
	root.walk(func(e *element) bool {
		if local == "" || e.Local == local {
			found = e
		}
		return found == nil
	})
	return found
}

// inclusively canonicalizes by the inclusive algorithm, which SAML does not use
// but most vectors do: every prefix in scope is written, and attributes of the
// xml namespace are inherited by the apex (Canonical XML 1.0, section 2.4).
func inclusively(c canonicalizer, apex *element) []byte {
	prefixes := map[string]bool{"": true}
	collect := func(e *element) bool {
		for _, d := range e.ns {
			prefixes[d.prefix] = true
		}
		return true
	}
	apex.walk(collect)
	top := *apex
	for e := apex.Parent; e != nil; e = e.Parent {
		collect(e)
		for _, a := range e.Attrs {
			if _, set := top.attrNS(a.Space, a.Local); a.Space == nsXML && !set {
				top.Attrs = append(slices.Clone(top.Attrs), a)
			}
		}
	}
	for p := range prefixes {
		c.inclusive = append(c.inclusive, p)
	}
	return c.canonicalize(&top)
}

func TestCanonicalize(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		in, apex string
		prefixes []string
		want     string
	}{
		"T-XML-33 attributes by namespace, then by name": {
			in:   `<r xmlns:b="urn:1" xmlns:a="urn:2" z="1" b:y="2" a:x="3" a:w="4" c="5"/>`,
			want: `<r xmlns:a="urn:2" xmlns:b="urn:1" c="5" z="1" b:y="2" a:w="4" a:x="3"></r>`,
		},
		"T-XML-33 escapes in attributes": {
			in:   "<r a='&#9;&#10;&#13;&lt;&gt;&amp;\"&apos;' b=' \t\r\n.'/>",
			want: `<r a="&#x9;&#xA;&#xD;&lt;>&amp;&quot;'" b="   ."></r>`,
		},
		"T-XML-33 escapes in text": {
			in:   "<r>&#9;&#10;&#13;&lt;&gt;&amp;\"'\t\r\n\r.</r>",
			want: "<r>\t\n&#xD;&lt;&gt;&amp;\"'\t\n\n.</r>",
		},
		"a CDATA section is text":                           {in: "<r>a<![CDATA[<&>]]>b</r>", want: "<r>a&lt;&amp;&gt;b</r>"},
		"comments are left out":                             {in: "<!-- 0 --><r>a<!-- 1 -->b</r><!-- 2 -->", want: "<r>ab</r>"},
		"only namespaces in use":                            {in: `<r xmlns:a="urn:a" xmlns:b="urn:b"><a:x b:y="1"/></r>`, want: `<r><a:x xmlns:a="urn:a" xmlns:b="urn:b" b:y="1"></a:x></r>`},
		"a namespace once for an element and its attribute": {in: `<a:r xmlns:a="urn:a" a:x="1"/>`, want: `<a:r xmlns:a="urn:a" a:x="1"></a:r>`},
		"a namespace again in each branch":                  {in: `<r xmlns:a="urn:a"><a:x/><a:x/></r>`, want: `<r><a:x xmlns:a="urn:a"></a:x><a:x xmlns:a="urn:a"></a:x></r>`},
		"a prefix bound anew":                               {in: `<a:r xmlns:a="urn:a"><a:x xmlns:a="urn:b"><a:y xmlns:a="urn:a"/></a:x></a:r>`, want: `<a:r xmlns:a="urn:a"><a:x xmlns:a="urn:b"><a:y xmlns:a="urn:a"></a:y></a:x></a:r>`},
		"a superfluous declaration":                         {in: `<a:r xmlns:a="urn:a"><a:x xmlns:a="urn:a"/></a:r>`, want: `<a:r xmlns:a="urn:a"><a:x></a:x></a:r>`},
		"the default namespace taken back":                  {in: `<r xmlns="urn:a"><x xmlns=""><y/></x></r>`, want: `<r xmlns="urn:a"><x xmlns=""><y></y></x></r>`},
		"no default namespace to take back":                 {in: `<r xmlns=""><x xmlns=""/></r>`, want: `<r><x></x></r>`},
		"the default namespace not in use":                  {in: `<a:r xmlns:a="urn:a" xmlns="urn:d" b="1"><c/></a:r>`, want: `<a:r xmlns:a="urn:a" b="1"><c xmlns="urn:d"></c></a:r>`},
		"xml:lang needs no declaration":                     {in: `<r xml:lang="en" a="1"/>`, want: `<r a="1" xml:lang="en"></r>`},
		"xml:lang is not inherited":                         {in: `<r xml:lang="en"><x/></r>`, apex: "x", want: `<x></x>`},
		"an apex inside":                                    {in: `<r xmlns="urn:d" xmlns:a="urn:a"><x a:b="1"/></r>`, apex: "x", want: `<x xmlns="urn:d" xmlns:a="urn:a" a:b="1"></x>`},
		"T-XML-16 a listed prefix at the apex":              {in: `<r xmlns:a="urn:a" xmlns:b="urn:b"><x><y xmlns:a="urn:c"/></x></r>`, apex: "x", prefixes: []string{"a", "none"}, want: `<x xmlns:a="urn:a"><y xmlns:a="urn:c"></y></x>`},
		"T-XML-16 a listed default namespace":               {in: `<r xmlns="urn:d" xmlns:a="urn:a"><a:x><a:y xmlns=""/></a:x></r>`, apex: "x", prefixes: []string{""}, want: `<a:x xmlns="urn:d" xmlns:a="urn:a"><a:y xmlns=""></a:y></a:x>`},
		"T-XML-16 a prefix listed twice":                    {in: `<r xmlns:a="urn:a"/>`, prefixes: []string{"a", "a"}, want: `<r xmlns:a="urn:a"></r>`},
		"T-XML-16 the prefix xml listed":                    {in: `<r/>`, prefixes: []string{"xml"}, want: `<r></r>`},
		"names beyond ASCII, in order of bytes":             {in: `<é ü="1" z="2"/>`, want: `<é z="2" ü="1"></é>`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root, err := parseXML([]byte(tc.in), responseLimits())
			if err != nil {
				t.Fatal(err)
			}
			got := (&canonicalizer{inclusive: tc.prefixes}).canonicalize(firstNamed(root, tc.apex))
			if string(got) != tc.want {
				t.Errorf("canonical form\n%s, want\n%s", got, tc.want)
			}
		})
	}
}

func TestCanonicalize_LeavesOutOneNodeOnly(t *testing.T) {
	t.Parallel()
	root, err := parseXML([]byte(`<r><s>1</s>.<s>2</s></r>`), responseLimits())
	if err != nil {
		t.Fatal(err)
	}
	got := (&canonicalizer{skip: root.elements()[1]}).canonicalize(root)
	if want := `<r><s>1</s>.</r>`; string(got) != want {
		t.Errorf("canonical form %s, want %s", got, want)
	}
}

// Threat T-XML-33: pairs of a document and its canonical form by the W3C, Apache
// and others. Those with a document type declaration or in Latin-1 can't be read
// here, on purpose; a processing instruction is taken out on both sides.
func TestCorpus_Canonicalization(t *testing.T) {
	t.Parallel()
	rows := readCorpus(t, "c14n")
	find := func(suffix string) []byte {
		for _, r := range rows {
			if strings.HasSuffix(r.Path, suffix) {
				return r.raw
			}
		}
		t.Fatalf("no %s", suffix)
		return nil
	}
	instruction := regexp.MustCompile(`<\?testpi[^>]*\?>`)
	for _, v := range []struct {
		in, apex, out string
		inclusive     bool
	}{
		{"in/default_ns_redefinition_input.xml", "Object", "in/default_ns_redefinition_c14n.xml", false},
		{"inExcl/example2_2_1.xml", "elem2", "inExcl/example2_2_c14nized_exclusive.xml", false},
		{"inExcl/example2_2_2.xml", "elem2", "inExcl/example2_2_c14nized_exclusive.xml", false},
		{"inExcl/example2_2_3.xml", "p", "inExcl/example2_2_3_c14nized_exclusive.xml", false},
		{"inExcl/example2_4.xml", "elem2", "inExcl/example2_4_c14nized.xml", false},
		{"inExcl/example2_2_1.xml", "elem2", "inExcl/example2_2_1_c14nized.xml", true},
		{"inExcl/example2_2_2.xml", "elem2", "inExcl/example2_2_2_c14nized.xml", true},
		{"inExcl/plain-soap-1.1.xml", "Body", "inExcl/plain-soap-c14nized.xml", false},
		{"in/32_input.xml", "", "in/32_c14n.xml", true},
		{"charmods/in.xml", "", "charmods/out.xml", false},
		{"nested_redeclaration/in.xml", "", "nested_redeclaration/out.xml", false},
		{"testdata/saml/in.xml", "", "testdata/saml/out.xml", false},
		{"shadowing/in.xml", "", "shadowing/out.xml", false},
		{"start_end/in.xml", "", "start_end/out.xml", false},
		{"whitespace/in.xml", "", "whitespace/out.xml", false},
	} {
		root, err := parseXML(instruction.ReplaceAll(find(v.in), nil), responseLimits())
		if err != nil {
			t.Errorf("%s: %v", v.in, err)
			continue
		}
		apex := firstNamed(root, v.apex)
		got := (&canonicalizer{}).canonicalize(apex)
		if v.inclusive {
			got = inclusively(canonicalizer{}, apex)
		}
		if want := find(v.out); !bytes.Equal(bytes.TrimSpace(got), bytes.TrimSpace(want)) {
			t.Errorf("%s %s: canonical form\n%s, want\n%s", v.in, v.apex, got, want)
		}
	}
}

// Digests of an interoperability test of exclusive canonicalization with and
// without a prefix list; the two with comments are not for us.
func TestCorpus_ExclusiveDigests(t *testing.T) {
	t.Parallel()
	for _, r := range readCorpus(t, "c14n") {
		if filepath.Base(r.Path) != "exc-signature.xml" {
			continue
		}
		root, err := parseXML(r.raw, responseLimits())
		if err != nil {
			t.Fatal(err)
		}
		info, object := firstNamed(root, "SignedInfo"), firstNamed(root, "Object")
		compared := 0
		for _, ref := range info.children(nsDSig, "Reference") {
			prefixes, err := excC14N(ref.child(nsDSig, "Transforms").child(nsDSig, "Transform"))
			if err != nil {
				continue
			}
			sum := sha1.Sum((&canonicalizer{inclusive: prefixes}).canonicalize(object))
			got, want := base64.StdEncoding.EncodeToString(sum[:]), ref.child(nsDSig, "DigestValue").text()
			if got != want {
				t.Errorf("digest with prefixes %q is %s, want %s", prefixes, got, want)
			}
			compared++
		}
		if compared != 2 {
			t.Errorf("%d digests compared, want 2", compared)
		}
	}
}
