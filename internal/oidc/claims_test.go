package oidc

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"usher/internal/fault"
)

func TestClaims_Lookup(t *testing.T) {
	t.Parallel()
	c, err := ParseClaims([]byte(`{
		"address":{"locality":"London","geo":{"lat":51.50}},"groups":["a","b",{"x":1},null,7,true,["deep"]],"list":[{"name":"n0"},{"name":"n1"}],
		"https://acme.com/claims/dept":"R&D","a.b":"whole","a":{"b":"part","c.d":{"e":"mixed"}},"n":9007199254740993,"f":1.10,"e":1e3,
		"yes":true,"nothing":null,"Email":"other","":"empty","_claim_names":{"x":"y"}
	}`))
	if err != nil {
		t.Fatal(err)
	}
	rows := map[string]struct {
		want  Value
		found bool
	}{
		"address.locality":             {Value{Kind: KindText, Text: "London"}, true},
		"address.geo.lat":              {Value{Kind: KindNumber, Text: "51.50"}, true},
		"address":                      {Value{Kind: KindOther}, true},
		"groups":                       {Value{Kind: KindList, List: []string{"a", "b", "7", "true"}}, true},
		"groups.0":                     {Value{Kind: KindText, Text: "a"}, true},
		"groups.2.x":                   {Value{Kind: KindNumber, Text: "1"}, true},
		"list.1.name":                  {Value{Kind: KindText, Text: "n1"}, true},
		"https://acme.com/claims/dept": {Value{Kind: KindText, Text: "R&D"}, true},
		"a.b":                          {Value{Kind: KindText, Text: "whole"}, true},
		"a.c.d.e":                      {Value{Kind: KindText, Text: "mixed"}, true},
		"n":                            {Value{Kind: KindNumber, Text: "9007199254740993"}, true},
		"f":                            {Value{Kind: KindNumber, Text: "1.10"}, true},
		"e":                            {Value{Kind: KindNumber, Text: "1e3"}, true},
		"yes":                          {Value{Kind: KindBool, Text: "true"}, true},
		"nothing":                      {Value{Kind: KindOther}, true},
		"email":                        {Value{}, false}, // T-OIDC-19
		"ADDRESS.locality":             {Value{}, false},
		"groups.7":                     {Value{}, false},
		"groups.-1":                    {Value{}, false},
		"groups.01":                    {Value{}, false},
		"groups.":                      {Value{}, false},
		"address.":                     {Value{}, false},
		"address.locality.x":           {Value{}, false},
		"":                             {Value{}, false},
		".":                            {Value{}, false},
		"_claim_names":                 {Value{}, false},
		"_claim_names.x":               {Value{}, false},
	}
	for path, row := range rows {
		got, found := c.Lookup(path)
		if found != row.found || got.Kind != row.want.Kind || got.Text != row.want.Text || !slices.Equal(got.List, row.want.List) {
			t.Errorf("%q: got %+v, %t", path, got, found)
		}
	}
	if got := c.Text("groups"); got != "" {
		t.Errorf("a list as one text: %q", got)
	}
	v, _ := c.Lookup("groups")
	w, _ := c.Lookup("n")
	if len(v.Texts()) != 4 || !slices.Equal(w.Texts(), []string{"9007199254740993"}) || (Value{Kind: KindOther}).Texts() != nil {
		t.Errorf("as lists: %q, %q", v.Texts(), w.Texts())
	}
	var back Claims
	if err := json.Unmarshal(encode(t, c), &back); err != nil {
		t.Fatal(err)
	}
	if got := back.Text("f"); got != "1.10" || !slices.Equal(back.Names(), c.Names()) {
		t.Errorf("kept and read again: %q, %q", got, back.Names())
	}
	if got := string(encode(t, Claims{})); got != "{}" {
		t.Errorf("no claims: %s", got)
	}
}

func TestParseClaims_RefusesWithAFault(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "[]", `{"a":1,"a":2}`} {
		_, err := ParseClaims([]byte(text))
		wantFault(t, err, fault.OAuthFetchUserError, "malformed")
	}
	var c Claims
	if err := json.Unmarshal([]byte(`{"a":1,"a":2}`), &c); err == nil {
		t.Error("kept claims are read less strictly")
	}
}

func TestParseJSON(t *testing.T) {
	t.Parallel()
	rows := map[string]bool{
		`"\ude00"`: false, `"\b0000"`: true, `"\ud800`: false, `"\ud83dxxxxxx"`: false, `"\ud83d\uffff"`: false,
		`{}`: true, ` {"a":[1,"x",null,true,{"b":{}}]} `: true, `"\ud83d\ude00"`: true, `"\\ud800"`: true, `"\\\\u0000"`: true, `[]`: true, `5`: true,
		``: false, `{`: false, `{"a"}`: false, `{"a":1,}`: false, `{"a":1}x`: false, `{"a":1} {}`: false, `{'a':1}`: false, `{a:1}`: false,
		`{"a":1,"a":1}`: false, `{"a":1,"\u0061":1}`: false, `[{"a":1,"a":1}]`: false, `NaN`: false, `01`: false, `"\ud800"`: false, `"\ud800x"`: false,
		`"\ude00\ud83d"`: false, `"\ud83d\u0041"`: false, `"\u0000"`: false, `"\u12"`: false, "\"\xff\"": false, "\ufeff{}": false, "\"a\nb\"": false,
		strings.Repeat("[", maxDepth) + strings.Repeat("]", maxDepth):     true,
		strings.Repeat("[", maxDepth+1) + strings.Repeat("]", maxDepth+1): false,
		strings.Repeat("[", 100_000):                                      false,
		"[" + strings.Repeat("1,", maxValues) + "1]":                      false,
		`"` + strings.Repeat("x", maxDocument) + `"`:                      false,
	}
	for text, good := range rows {
		if _, err := parseJSON([]byte(text)); (err == nil) != good {
			t.Errorf("%.60q: got %v", text, err)
		}
	}
}
