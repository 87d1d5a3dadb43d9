package backendapi_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// specFile and eventFile are Clerk's own descriptions of the API and of the events,
// beside the checkout.
const (
	specFile  = "../../../shared/reference/specs/bapi-2026-05-12.yml"
	eventFile = "../../../shared/reference/specs/webhooks-2025-04-15.yml"
)

// spec and eventSpec are the descriptions, nil where they are absent.
var (
	spec      = sync.OnceValues(func() (object, error) { return readSpec(specFile) })
	eventSpec = sync.OnceValues(func() (object, error) { return readSpec(eventFile) })
)

func readSpec(file string) (object, error) {
	text, err := os.ReadFile(file)
	if os.IsNotExist(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	doc, _ := newYAML(string(text)).block().(object)
	return doc, nil
}

// conformsEvent compares the data of an event with one of the described shapes.
func conformsEvent(t *testing.T, shape string, data object) {
	t.Helper()
	doc, err := eventSpec()
	if err != nil {
		t.Fatal(err)
	}
	if doc == nil {
		return
	}
	schema := at(doc, "components", "schemas", shape)
	if schema == nil {
		t.Fatalf("no shape is called %s", shape)
	}
	v := validator{doc: doc}
	v.check("", schema, data)
	for _, problem := range v.problems {
		t.Errorf("%s: not as described: %s", shape, problem)
	}
}

func TestSpec_TheReaderUnderstandsTheFile(t *testing.T) {
	t.Parallel()
	doc, err := spec()
	if err != nil {
		t.Fatal(err)
	}
	if doc == nil {
		t.Skip("the description of the API is not beside the checkout: " + specFile)
	}
	id := at(doc, "components", "schemas", "EnterpriseConnection", "properties", "id")
	if got, want := fmt.Sprint(id), "map[description:The enterprise connection ID type:string]"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if required, _ := at(doc, "components", "schemas", "Session", "required").([]any); !slices.Contains(required, any("abandon_at")) {
		t.Errorf("required of a session: %v", required)
	}
}

// conforms compares an answer with what the description says of the operation.
// Operations that are ours alone are not in it.
func conforms(t *testing.T, method, path string, status int, body any) {
	t.Helper()
	doc, err := spec()
	if err != nil {
		t.Fatal(err)
	}
	if doc == nil {
		return
	}
	path, _, _ = strings.Cut(path, "?")
	operations, _ := doc["paths"].(object)
	matching := slices.DeleteFunc(slices.Collect(maps.Keys(operations)), func(template string) bool {
		form := regexp.MustCompile(`^` + placeholder.ReplaceAllString(template, `[^/]+`) + `$`)
		return !form.MatchString(path)
	})
	slices.SortFunc(matching, func(a, b string) int { return strings.Count(a, "{") - strings.Count(b, "{") }) // the one that says most first
	for _, template := range matching {
		response := at(operations[template], strings.ToLower(method), "responses", strconv.Itoa(status))
		if response == nil {
			continue
		}
		v := validator{doc: doc}
		v.check("", at(v.deref(response), "content", "application/json", "schema"), body)
		for _, problem := range v.problems {
			t.Errorf("%s %s: not as described: %s", method, path, problem)
		}
		return
	}
	if !slices.ContainsFunc(oursAlone(), func(prefix string) bool { return strings.HasPrefix(path, prefix) }) && !strings.Contains(path, "/keys") && !strings.Contains(path, "/preview") && !strings.HasSuffix(path, "/facts") && !draftsOfOurs.MatchString(path) && !enrollmentOfOurs.MatchString(path) && !domainsOfOurs.MatchString(path) {
		t.Errorf("%s %s with status %d is not in the description", method, path, status)
	}
}

func oursAlone() []string {
	return []string{"/sso_attempts", "/sso_causes", "/sso_overview", "/sso_simulations", "/operator_links", "/settings", "/signing_keys", "/provider_credentials", "/webhooks/", "/audit_log"}
}

// draftsOfOurs are operations on drafts, revisions and single test runs.
var draftsOfOurs = regexp.MustCompile(`^/enterprise_connections/[^/]+/(draft|revisions|test_runs/)`)

// enrollmentOfOurs are operations on requests to join and on suggestions, which Clerk
// has for browsers only.
var enrollmentOfOurs = regexp.MustCompile(`/(membership_requests(/[^/]+/(accept|reject))?|organization_suggestions)$`)

// domainsOfOurs are operations on domains that Clerk has for browsers only.
var domainsOfOurs = regexp.MustCompile(`/domains/(bulk$|[^/]+$|.*_verification)`)

var placeholder = regexp.MustCompile(`\{[^}]+\}`)

// at follows names down; nil where there is nothing.
func at(v any, names ...string) any {
	for _, name := range names {
		m, _ := v.(object)
		v = m[name]
	}
	return v
}

// validator checks JSON against the subset of schemas that the description uses.
type validator struct {
	doc      object
	problems []string
}

func (v *validator) fail(path, format string, args ...any) {
	v.problems = append(v.problems, path+": "+fmt.Sprintf(format, args...))
}

func (v *validator) deref(schema any) object {
	s, _ := schema.(object)
	for {
		ref, ok := s["$ref"].(string)
		if !ok {
			return s
		}
		s, _ = at(v.doc, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...).(object)
		if s == nil {
			v.fail("", "nothing is at %s", ref)
		}
	}
}

func (v *validator) check(path string, schema, value any) {
	s := v.deref(schema)
	if value == nil && s["nullable"] == true {
		return
	}
	if all, ok := s["allOf"].([]any); ok {
		for _, one := range all {
			v.check(path, one, value)
		}
	}
	for _, kind := range []string{"oneOf", "anyOf"} {
		if choices, ok := s[kind].([]any); ok {
			v.oneOf(path, choices, value)
		}
	}
	if value == nil {
		if s["type"] != nil {
			v.fail(path, "null, want %v", s["type"])
		}
		return
	}
	if choices, ok := s["enum"].([]any); ok && !slices.Contains(choices, value) {
		v.fail(path, "%v, want one of %v", value, choices)
	}
	switch got := value.(type) {
	case object:
		v.typed(path, s, "object", value)
		v.object(path, s, got)
	case []any:
		v.typed(path, s, "array", value)
		for i, item := range got {
			v.check(fmt.Sprintf("%s[%d]", path, i), s["items"], item)
		}
	case string:
		v.typed(path, s, "string", value)
	case bool:
		v.typed(path, s, "boolean", value)
	case float64:
		if s["type"] != "number" {
			v.typed(path, s, "integer", value)
		}
	}
}

func (v *validator) typed(path string, s object, is string, value any) {
	if want := s["type"]; want != nil && want != is {
		v.fail(path, "%v is of type %s, want %v", value, is, want)
	}
}

func (v *validator) oneOf(path string, choices []any, value any) {
	var why []string
	for _, choice := range choices {
		inner := validator{doc: v.doc}
		inner.check(path, choice, value)
		if len(inner.problems) == 0 {
			return
		}
		why = append(why, strings.Join(inner.problems, ", "))
	}
	v.fail(path, "fits none of the choices: %s", strings.Join(why, "; or "))
}

func (v *validator) object(path string, s object, got object) {
	required, _ := s["required"].([]any)
	for _, name := range required {
		if _, ok := got[name.(string)]; !ok {
			v.fail(path, "lacks %v", name)
		}
	}
	properties, _ := s["properties"].(object)
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if property, ok := properties[name]; ok {
			v.check(path+"."+name, property, got[name])
		} else if s["additionalProperties"] == false {
			v.fail(path, "has %s, which is not described", name)
		}
	}
}

// yaml reads the subset of YAML that the description is written in: block
// mappings and sequences, plain and quoted scalars, literal blocks, {} and [].
type yaml struct{ lines []yamlLine }

type yamlLine struct {
	indent int
	text   string
}

func newYAML(text string) *yaml {
	y := &yaml{}
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \r\n")
		trimmed := strings.TrimLeft(line, " ")
		y.lines = append(y.lines, yamlLine{len(line) - len(trimmed), trimmed})
	}
	return y
}

// next is the next line with something on it.
func (y *yaml) next() (yamlLine, bool) {
	for len(y.lines) > 0 && (y.lines[0].text == "" || y.lines[0].text[0] == '#' || y.lines[0].text == "---") {
		y.lines = y.lines[1:]
	}
	if len(y.lines) == 0 {
		return yamlLine{indent: -1}, false
	}
	return y.lines[0], true
}

func (y *yaml) block() any {
	line, ok := y.next()
	switch {
	case !ok:
		return nil
	case isItem(line.text):
		return y.sequence(line.indent)
	default:
		return y.mapping(line.indent)
	}
}

func isItem(text string) bool { return text == "-" || strings.HasPrefix(text, "- ") }

func (y *yaml) sequence(indent int) []any {
	list := []any{}
	for {
		line, ok := y.next()
		if !ok || line.indent != indent || !isItem(line.text) {
			return list
		}
		rest := strings.TrimLeft(line.text[1:], " ")
		if entry.MatchString(rest) {
			inner := indent + len(line.text) - len(rest)
			y.lines[0] = yamlLine{inner, rest}
			list = append(list, y.mapping(inner))
			continue
		}
		y.lines = y.lines[1:]
		list = append(list, y.value(rest, indent))
	}
}

// entry is a line of a mapping.
var entry = regexp.MustCompile(`^('[^']*'|"[^"]*"|[^'"\[{\s][^:]*(?::[^\s][^:]*)*):(?:\s+(.*))?$`)

func (y *yaml) mapping(indent int) object {
	m := object{}
	for {
		line, ok := y.next()
		if !ok || line.indent != indent || isItem(line.text) {
			return m
		}
		found := entry.FindStringSubmatch(line.text)
		y.lines = y.lines[1:]
		if found != nil {
			m[strings.Trim(found[1], `'"`)] = y.value(found[2], indent)
		}
	}
}

// value reads what stands behind a key or a dash, and below it.
func (y *yaml) value(rest string, indent int) any {
	switch {
	case rest == "":
		if line, _ := y.next(); line.indent > indent || line.indent == indent && isItem(line.text) {
			return y.block()
		}
		return nil
	case rest == "{}":
		return object{}
	case rest == "[]":
		return []any{}
	case rest[0] == '|' || rest[0] == '>':
		rest = ""
	}
	for len(y.lines) > 0 && (y.lines[0].text == "" || y.lines[0].indent > indent) {
		rest += " " + y.lines[0].text
		y.lines = y.lines[1:]
	}
	return scalar(strings.TrimSpace(rest))
}

func scalar(s string) any {
	switch {
	case s == "true" || s == "false":
		return s == "true"
	case s == "null" || s == "~":
		return nil
	case len(s) > 1 && s[0] == '\'':
		return strings.ReplaceAll(strings.Trim(s, "'"), "''", "'")
	case len(s) > 1 && s[0] == '"':
		return strings.Trim(s, `"`)
	}
	return s
}
