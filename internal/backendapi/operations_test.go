package backendapi_test

import (
	"encoding/json"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"usher/internal/backendapi"
	"usher/internal/httpio"
)

// Every operation answers as it is described. The same call once more either does the
// same or is refused with a code that says why; an Idempotency-Key changes nothing.
func TestOperations_SucceedAndAnswerTheSameCallOnceMore(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		e := f.everything()
		f = f.with("Idempotency-Key", "1")
		f.dns()
		for _, s := range e.wholeAPI(t) {
			status := max(s.status, http.StatusOK)
			first := f.do(s)
			if first.Code != status {
				t.Errorf("%s: got %d, want %d: %s", s.op, first.Code, status, first.Body)
				continue
			}
			if s.op != "GET /audit_log/export" && status != http.StatusNoContent {
				var v any
				if err := json.Unmarshal(first.Body.Bytes(), &v); err != nil {
					t.Errorf("%s: %v", s.op, err)
				}
				conforms(t, s.method(), s.path(), status, v)
			}
			second := f.do(s)
			if s.again == "" && second.Code != status || s.again != "" && !strings.Contains(second.Body.String(), `"`+s.again+`"`) {
				t.Errorf("%s once more: got %d %s, want %q", s.op, second.Code, second.Body, s.again)
			}
		}
	})
}

// changes is how many lines the audit log has: as many as there were changes.
func (f *fixture) changes() any {
	f.t.Helper()
	return f.call("GET", "/audit_log", nil)["total_count"]
}

// refusedWith is a call that must fail: its codes.
func (f *fixture) refusedWith(s sample, path string, body any) (status int, list []failure) {
	f.t.Helper()
	w := f.send(s.method(), path, body)
	var answer struct {
		Errors []failure `json:"errors"`
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil || w.Code < 400 || len(answer.Errors) == 0 {
		f.t.Errorf("%s %v: got %d %s, want a failure", s.op, body, w.Code, w.Body)
		return w.Code, []failure{{}}
	}
	for _, e := range answer.Errors {
		if e.Code == "" || e.Message == "" || e.LongMessage == "" || strings.Contains(e.Message+e.LongMessage, "{") {
			f.t.Errorf("%s: %+v lacks words", s.op, e)
		}
	}
	return w.Code, answer.Errors
}

func TestOperations_AskForTheKeyAndAKnownVersion(t *testing.T) { // threats T-API-01, T-API-08
	each(t, func(t *testing.T, f *fixture) {
		e := f.everything()
		before := f.changes()
		const header, parameter = "Clerk-API-Version", "?__clerk_api_version="
		for _, s := range e.wholeAPI(t) {
			for name, call := range map[string]struct {
				as     *fixture
				query  string
				status int
				code   string
			}{
				"no key":                        {f.with("Authorization"), "", 401, "authorization_header_format_invalid"},
				"an unknown key":                {f.with("Authorization", "Bearer sk_test_unknown"), "", 401, "clerk_key_invalid"},
				"an unknown version":            {f.with(header, "2025-04-11"), "", 400, "api_version_invalid"},
				"an unknown version in the URL": {f, parameter + "latest", 400, "api_version_invalid"},
				"two versions":                  {f.with(header, "2026-05-12"), parameter + "2026-05-12", 400, "api_version_invalid"},
			} {
				status, list := call.as.refusedWith(s, s.path()+call.query, s.body)
				if status != call.status || list[0].Code != call.code {
					t.Errorf("%s with %s: got %d %s, want %d %s", s.op, name, status, list[0].Code, call.status, call.code)
				}
			}
		}
		equal(t, "lines of the audit log", f.changes(), before)
	})
}

// Each operation is served in each version, in the header or in the URL. Those that read
// are called; for those that write it is enough that the version is not what they refuse.
func TestOperations_AreServedInEachVersion(t *testing.T) {
	each(t, func(t *testing.T, f *fixture) {
		e := f.everything()
		before := f.changes()
		for _, s := range e.wholeAPI(t) {
			for _, v := range []string{"2021-02-05", "2024-10-01", "2025-03-12", "2025-04-10", "2025-11-10", "2026-05-12", "2027-01-01"} {
				for _, as := range []struct {
					f     *fixture
					query string
				}{{f.with("Clerk-API-Version", v), ""}, {f, "?__clerk_api_version=" + v}} {
					if !s.writes() {
						if w := as.f.sendRaw(s.method(), s.path()+as.query, nil); w.Code != 200 {
							t.Errorf("%s in %s: got %d %s", s.op, v, w.Code, w.Body)
						}
						continue
					}
					path, body := s.path(), any("{")
					if s.body == nil {
						if len(s.ids) == 0 {
							continue
						}
						path, body = s.with(len(s.ids)-1, "x"), nil
					}
					if _, list := as.f.refusedWith(s, path+as.query, body); list[0].Code == "api_version_invalid" {
						t.Errorf("%s refuses version %s", s.op, v)
					}
				}
			}
		}
		equal(t, "lines of the audit log", f.changes(), before)
	})
}

// What stands in a path is as hostile as a body: both engines answer that there is no
// such thing, and nothing changes.
func TestOperations_FindNothingByAnIDThatIsNone(t *testing.T) { // threats T-API-02, T-API-06
	each(t, func(t *testing.T, f *fixture) {
		e := f.everything()
		before := f.changes()
		for _, s := range e.wholeAPI(t) {
			if s.uploads() {
				continue // see TestLogo
			}
			for place := range s.ids {
				others := []string{"x", "user_" + strings.Repeat("0", 27), e.template, "%00", "%ff", "%27%20OR%201=1", strings.Repeat("a", 2000)}
				for _, id := range others {
					if id == s.ids[place] {
						continue
					}
					status, list := f.refusedWith(s, s.with(place, id), s.body)
					if s.op == "POST /sessions/{session_id}/refresh" && list[0].Code == "refresh_sid_mismatch" {
						continue // the token is of another session
					}
					if s.op == "GET /templates/{template_type}" && list[0].Code == "form_param_value_invalid" {
						continue // the types are a closed set
					}
					if status != 404 || !strings.HasSuffix(list[0].Code, "not_found") {
						t.Errorf("%s with %.20s in place %d: got %d %s, want 404", s.op, id, place, status, list[0].Code)
					}
				}
			}
		}
		equal(t, "lines of the audit log", f.changes(), before)
	})
}

func TestOperations_ReadBodiesOfOneMeaning(t *testing.T) { // threats T-API-06, T-DOS-01
	each(t, func(t *testing.T, f *fixture) {
		e := f.everything()
		before := f.changes()
		for _, s := range e.wholeAPI(t) {
			if s.body == nil || s.uploads() {
				continue
			}
			object, list := `{"made_up":1}`, `[]`
			if _, many := s.body.([]any); many {
				object, list = `[{"made_up":1}]`, `{}`
			}
			for name, test := range map[string]struct {
				as     *fixture
				body   string
				status int
				code   string
			}{
				"a text":                     {f.with("Content-Type", "text/plain"), "{}", 415, "unsupported_content_type"},
				"a body without a type":      {f.with("Content-Type"), "{}", 415, "unsupported_content_type"},
				"a form":                     {f.with("Content-Type", "application/x-www-form-urlencoded"), "a=b", 415, "unsupported_content_type"},
				"two types":                  {f.with("Content-Type", "application/json", "application/json"), "{}", 415, "unsupported_content_type"},
				"half a body":                {f, "{", 400, "request_body_invalid"},
				"a list for an object":       {f, list, 400, "request_body_invalid"},
				"a name that there is not":   {f, object, 422, "form_param_unknown"},
				"more than anybody may send": {f, `{"a":"` + strings.Repeat("x", 2<<20) + `"}`, 413, "request_body_too_large"},
				"a hundred levels":           {f, strings.Repeat(`{"a":`, 100) + "1" + strings.Repeat("}", 100), 400, "request_body_invalid"},
				"a NUL":                      {f, `{"a":"\u0000"}`, 400, "request_body_invalid"},
			} {
				status, list := test.as.refusedWith(s, s.path(), test.body)
				if status != test.status || list[0].Code != test.code {
					t.Errorf("%s with %s: got %d %s, want %d %s", s.op, name, status, list[0].Code, test.status, test.code)
				}
			}
		}
		equal(t, "lines of the audit log", f.changes(), before)
	})
}

// limit uses up the calls that there are.
func (e *everything) limit() {
	e.f.t.Helper()
	f := e.f
	mux := http.NewServeMux()
	calls := httpio.NewLimiter(httpio.Limit{Events: 1, Per: 1000 * time.Hour}, 1, func() time.Time { return f.now })
	(&backendapi.API{Manage: f.tools.Manage, SignIn: f.tools.SignIn, Sessions: f.tools.Sessions, BaseURL: baseURL, Calls: calls}).Routes(mux)
	f.handler = mux
	f.call("GET", "/users/count", nil) // the last one
}

func TestOperations_AreCountedAndSayWhenToComeBack(t *testing.T) { // threat T-DOS-09
	each(t, func(t *testing.T, f *fixture) {
		e := f.everything()
		before := f.changes()
		samples := e.wholeAPI(t)
		unlimited := f.handler
		e.limit()
		for _, s := range samples {
			if s.op == "GET /jwks" {
				f.call("GET", "/jwks", nil) // verifiers need it
				continue
			}
			w := f.send(s.method(), s.path(), s.body)
			after, err := strconv.Atoi(w.Header().Get("Retry-After"))
			if w.Code != 429 || err != nil || after < 1 || !strings.Contains(w.Body.String(), `"too_many_requests"`) {
				t.Errorf("%s: got %d, Retry-After %q: %s", s.op, w.Code, w.Header().Get("Retry-After"), w.Body)
			}
		}
		f.handler = unlimited
		equal(t, "lines of the audit log", f.changes(), before)
	})
}

// A new list is covered by having a sample; see operations_fixture_test.go.
func TestOperations_ListsAreBoundedFilteredAndOrdered(t *testing.T) { // threats T-API-03, T-API-07
	each(t, func(t *testing.T, f *fixture) {
		e := f.everything()
		lists, sorted := 0, 0
		for _, s := range e.wholeAPI(t) {
			if s.writes() || s.op == "GET /audit_log/export" {
				continue
			}
			path := s.path()
			var whole any
			if err := json.Unmarshal(f.send("GET", path, nil).Body.Bytes(), &whole); err != nil {
				t.Fatal(err)
			}
			_, bare := whole.([]any)
			_, wrapped := at(whole, "data").([]any)
			if !bare && !wrapped && s.op != "GET /users/count" {
				continue
			}
			lists++
			f.isBounded(s)
			if bare && describes(t, s.op, "paginated") {
				equal(t, s.op+" with its total", len(items(decode(t, f.send("GET", path+"?paginated=true", nil)))), len(items(whole)))
				f.refuses("GET", path+"?paginated=perhaps", nil, 422, "form_param_value_invalid")
			}
			if f.isOrdered(s) {
				sorted++
			}
		}
		if lists < 30 || sorted < 10 {
			t.Errorf("%d lists, %d of them sorted: the test does not see them", lists, sorted)
		}
	})
}

// isBounded checks the pages of a list.
func (f *fixture) isBounded(s sample) {
	f.t.Helper()
	refuses := func(query string, want ...string) {
		f.t.Helper()
		status, list := f.refusedWith(s, s.path()+"?"+query, nil)
		if got := codes(list); status != 422 || !slices.Equal(got, want) {
			f.t.Errorf("%s?%s: got %d %v, want %v", s.op, query, status, got, want)
		}
	}
	refuses("made_up=1", "form_param_unknown made_up")
	if slices.Contains([]string{"GET /webhooks/event_types", "GET /webhooks/endpoints", "GET /domains"}, s.op) {
		refuses("limit=1", "form_param_unknown limit") // they have no pages
		return
	}
	if s.op == "GET /users/count" {
		return // it takes what the list takes
	}
	for _, value := range []string{"0", "501", "-1", "1e3", "x", "1.5", "%2B", "99999999999999999999"} {
		refuses("limit="+value, "form_param_value_invalid limit")
	}
	for _, value := range []string{"-1", "x", "1.5", "1000000000000000000"} {
		refuses("offset="+value, "form_param_value_invalid offset")
	}
	refuses("limit=1&limit=1", "form_param_duplicate limit")
	refuses("limit=0&offset=-1", "form_param_value_invalid limit", "form_param_value_invalid offset")
	all := items(f.read("GET", s.path()+"?limit=500", nil, 200))
	first := items(f.read("GET", s.path()+"?limit=1&offset=0", nil, 200))
	if len(all) == 0 {
		return
	}
	if len(first) != 1 || !reflect.DeepEqual(first[0]["id"], all[0]["id"]) {
		f.t.Errorf("%s: a page of one is %v, want the first of %v", s.op, first, all)
	}
	rest := items(f.read("GET", s.path()+"?offset=1&limit=500", nil, 200))
	if len(rest) != len(all)-1 {
		f.t.Errorf("%s: %d behind the first of %d", s.op, len(rest), len(all))
	}
	if beyond := items(f.read("GET", s.path()+"?offset=2147483000", nil, 200)); len(beyond) != 0 {
		f.t.Errorf("%s: %d beyond the end", s.op, len(beyond))
	}
}

// isOrdered checks the orders of a list that has more than one, and that it has if the
// description says so.
func (f *fixture) isOrdered(s sample) bool {
	f.t.Helper()
	_, list := f.refusedWith(s, s.path()+"?order_by=made_up", nil)
	switch list[0].Code {
	case "form_param_unknown":
		if describes(f.t, s.op, "order_by") {
			f.t.Errorf("%s is described as sorted", s.op)
		}
		return false
	case "form_param_value_invalid":
	default:
		f.t.Errorf("%s by a field that there is not: got %s", s.op, list[0].Code)
	}
	for _, order := range []string{"id%3BDROP%20TABLE%20users", "--created_at", "created_at%20desc", "%2B", "-", "u.created_at"} {
		if _, list := f.refusedWith(s, s.path()+"?order_by="+order, nil); list[0].Code != "form_param_value_invalid" {
			f.t.Errorf("%s by %s: got %s", s.op, order, list[0].Code)
		}
	}
	by := func(order string) []string {
		return pick(f.read("GET", s.path()+"?limit=500&order_by="+order, nil, 200), "id")
	}
	up, down := by("created_at"), by("-created_at")
	if plus := by("%2Bcreated_at"); !slices.Equal(plus, up) {
		f.t.Errorf("%s: a plus changes the order: %v, want %v", s.op, plus, up)
	}
	slices.Reverse(down)
	// What a new deployment has was made at one time, and is in the same order both ways.
	if s.op != "GET /organization_permissions" && s.op != "GET /organization_roles" && s.op != "GET /role_sets" && !slices.Equal(up, down) {
		f.t.Errorf("%s: upwards %v is not the reverse of downwards %v", s.op, up, down)
	}
	return true
}

// describes reports whether the description says that an operation takes a parameter.
func describes(t *testing.T, op, name string) bool {
	t.Helper()
	doc, err := spec()
	if err != nil {
		t.Fatal(err)
	}
	method, path, _ := strings.Cut(op, " ")
	parameters, _ := at(doc, "paths", path, strings.ToLower(method), "parameters").([]any)
	v := validator{doc: doc}
	return slices.ContainsFunc(parameters, func(p any) bool { return v.deref(p)["name"] == name })
}
