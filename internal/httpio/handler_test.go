package httpio_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"usher/internal/fault"
	"usher/internal/httpio"
)

// observed serves one request through an Observer whose clock moves 5 ms with
// each look at it, and returns the response and the log line.
func observed(t *testing.T, h http.Handler, r *http.Request) (*httptest.ResponseRecorder, map[string]any) {
	t.Helper()
	var log bytes.Buffer
	now := time.Unix(0, 0)
	o := &httpio.Observer{
		Log: slog.New(slog.NewJSONHandler(&log, nil)),
		Now: func() time.Time { now = now.Add(5 * time.Millisecond); return now },
	}
	w := httptest.NewRecorder()
	o.Middleware(h).ServeHTTP(w, r)
	return w, logLine(t, log.Bytes())
}

func logLine(t *testing.T, log []byte) map[string]any {
	t.Helper()
	var line map[string]any
	if err := json.Unmarshal(log, &line); err != nil {
		t.Fatalf("want one log line, got %q: %v", log, err)
	}
	return line
}

func get(target string) *http.Request { return httptest.NewRequest(http.MethodGet, target, nil) }

// The engines answer such a name differently, so none is asked.
func TestHandle_FindsNothingUnderANameThatIsNoText(t *testing.T) { // threat T-API-06
	t.Parallel()
	var reached []string
	h := httpio.Handle(func(_ http.ResponseWriter, r *http.Request) error {
		reached = append(reached, r.URL.Path)
		return nil
	})
	for _, path := range []string{"/a%00", "/%ff", "/%ed%a0%80"} {
		w := httptest.NewRecorder()
		h(w, get(path))
		if w.Code != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", path, w.Code)
		}
	}
	h(httptest.NewRecorder(), get("/%c3%a4"))
	if diff := cmp.Diff([]string{"/ä"}, reached); diff != "" {
		t.Errorf("paths that reached the handler (-want +got):\n%s", diff)
	}
}

func TestHandle_AnswersErrorsInTheEnvelope(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err    error
		status int
		body   string // with the trace id as T
	}{
		"one failure": {
			fault.New(fault.FormParamMissing, "param_name", "name"), 422,
			`{"errors":[{"code":"form_param_missing","message":"name is missing.","long_message":"name must be given.","meta":{"param_name":"name"}}],"clerk_trace_id":"T"}`,
		},
		"several failures: all of them, and the status of the first": {
			fault.Join(fault.New(fault.NotAMember), fault.New(fault.AlreadyAMember)), 403,
			`{"errors":[{"code":"not_a_member_in_organization","message":"Not a member.","long_message":"This person is not a member of the organization."},` +
				`{"code":"already_a_member_in_organization","message":"Already a member.","long_message":"This person is already a member of the organization."}],"clerk_trace_id":"T"}`,
		},
		"an error without a code shows nothing of itself": {
			errors.New("pq: password authentication failed"), 500,
			`{"errors":[{"code":"internal_clerk_error","message":"Something went wrong.","long_message":"Something went wrong on our side. The reference is in the log."}],"clerk_trace_id":"T"}`,
		},
		"a deadline is the server's business": {
			fmt.Errorf("store: %w", context.DeadlineExceeded), 503,
			`{"errors":[{"code":"service_unavailable","message":"The service is busy.","long_message":"The service cannot do this at the moment. Try again shortly."}],"clerk_trace_id":"T"}`,
		},
		"a meta that has no JSON form is an internal error": {
			fault.New(fault.NotFound, "resource", func() {}), 500,
			`{"errors":[{"code":"internal_clerk_error","message":"Something went wrong.","long_message":"Something went wrong on our side. The reference is in the log."}],"clerk_trace_id":"T"}`,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := httpio.Handle(func(w http.ResponseWriter, _ *http.Request) error {
				w.Header().Set("Cache-Control", "public, max-age=60")
				return tt.err
			})
			w, line := observed(t, h, get("/"))
			trace := w.Header().Get("Clerk-Trace-Id")
			if !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(trace) || line["trace_id"] != trace {
				t.Errorf("trace id %q, in the log %q", trace, line["trace_id"])
			}
			if got := strings.ReplaceAll(w.Body.String(), trace, "T"); w.Code != tt.status || got != tt.body {
				t.Errorf("got %d %s\nwant %d %s", w.Code, got, tt.status, tt.body)
			}
			if got := w.Header()["Content-Type"]; !cmp.Equal(got, []string{"application/json"}) {
				t.Errorf("Content-Type = %q, want exactly application/json", got)
			}
			if got := w.Header().Get("Cache-Control"); got != "no-store" {
				t.Errorf("Cache-Control = %q", got)
			}
		})
	}
}

func TestHandleWith_LetsThePageShowTheError(t *testing.T) {
	t.Parallel()
	render := func(w http.ResponseWriter, _ *http.Request, err error) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(fault.From(err).Status())
		io.WriteString(w, "<h1>"+fault.From(err).Message()+"</h1>")
	}
	for name, h := range map[string]httpio.Handler{
		"an error": func(http.ResponseWriter, *http.Request) error { return fault.New(fault.InternalError) },
		"a panic":  func(http.ResponseWriter, *http.Request) error { panic("boom") },
	} {
		w, _ := observed(t, httpio.HandleWith(render, h), get("/"))
		if w.Code != 500 || w.Body.String() != "<h1>Something went wrong.</h1>" {
			t.Errorf("%s: got %d %s", name, w.Code, w.Body)
		}
	}
}

func TestHandle_TellsWhenToComeBack(t *testing.T) {
	t.Parallel()
	h := httpio.Handle(func(http.ResponseWriter, *http.Request) error { return httpio.TooMany(1500 * time.Millisecond) })
	w, _ := observed(t, h, get("/"))
	if w.Code != 429 || w.Header().Get("Retry-After") != "2" || !strings.Contains(w.Body.String(), `"meta":{"resets_in":2}`) {
		t.Errorf("got %d, Retry-After %q, %s", w.Code, w.Header().Get("Retry-After"), w.Body)
	}
}

// Threat T-SEC-05.
func TestObserver_WritesOneLineWithoutPersonalData(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/users/{id}", httpio.Handle(func(w http.ResponseWriter, r *http.Request) error {
		if _, err := io.ReadAll(r.Body); err != nil {
			return err
		}
		return httpio.WriteJSON(w, http.StatusCreated, map[string]string{"object": "user"})
	}))
	r := httptest.NewRequest(http.MethodPost, "/v1/users/canary-path?code=canary-query", strings.NewReader("canary-body"))
	r.RemoteAddr = "198.51.100.77:4711"
	for _, name := range []string{"Authorization", "Cookie", "User-Agent", "Referer", "X-Forwarded-For"} {
		r.Header.Set(name, "canary-"+name)
	}
	_, line := observed(t, mux, r)
	text := fmt.Sprint(line)
	if strings.Contains(text, "canary") || strings.Contains(text, "198.51.100.77") {
		t.Errorf("the line tells of the caller: %s", text)
	}
	delete(line, "time")
	delete(line, "trace_id")
	want := map[string]any{
		"level": "INFO", "msg": "request", "method": "POST", "route": "POST /v1/users/{id}",
		"status": 201.0, "duration_ms": 5.0, "bytes": 17.0, "code": "",
	}
	if diff := cmp.Diff(want, line); diff != "" {
		t.Errorf("log line (-want +got):\n%s", diff)
	}
}

func TestObserver_LogsTheCauseOfInternalErrorsOnly(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		err   error
		level string
		code  string
		cause any
	}{
		"internal": {errors.New("disk full"), "ERROR", "internal_clerk_error", "disk full"},
		"refused":  {fault.New(fault.NotAMember).Because(errors.New("ada@acme.test")), "INFO", "not_a_member_in_organization", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, line := observed(t, httpio.Handle(func(http.ResponseWriter, *http.Request) error { return tt.err }), get("/"))
			if line["level"] != tt.level || line["code"] != tt.code || line["cause"] != tt.cause {
				t.Errorf("log line %v", line)
			}
		})
	}
}

func TestObserver_KnowsACallerWhoLeft(t *testing.T) {
	t.Parallel()
	ctx, leave := context.WithCancel(t.Context())
	h := httpio.Handle(func(http.ResponseWriter, *http.Request) error {
		leave()
		return fmt.Errorf("store: %w", ctx.Err())
	})
	_, line := observed(t, h, get("/").WithContext(ctx))
	if line["level"] != "INFO" || line["status"] != 499.0 || line["code"] != "client_gone" {
		t.Errorf("log line %v", line)
	}
}

func TestObserver_NamesStrangeRequests(t *testing.T) {
	t.Parallel()
	r := get("/nowhere")
	r.Method = "CANARY"
	_, line := observed(t, http.NewServeMux(), r)
	if line["method"] != "other" || line["route"] != "unmatched" || line["status"] != 404.0 {
		t.Errorf("log line %v", line)
	}
}

// Threat T-DOS-18: wherever the panic is, the caller gets the trace id, the log
// the stack, and the process lives.
func TestObserver_SurvivesPanics(t *testing.T) {
	t.Parallel()
	boom := func(http.ResponseWriter, *http.Request) error { panic("boom") }
	for name, h := range map[string]http.Handler{
		"in a handler":       httpio.Handle(boom),
		"in a plain handler": http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { boom(w, r) }),
		"in a renderer": httpio.HandleWith(func(http.ResponseWriter, *http.Request, error) { panic("boom") },
			func(http.ResponseWriter, *http.Request) error { return errors.New("first") }),
	} {
		w, line := observed(t, h, get("/"))
		if w.Code != 500 || !strings.Contains(w.Body.String(), `"internal_clerk_error"`) || !strings.Contains(w.Body.String(), w.Header().Get("Clerk-Trace-Id")) {
			t.Errorf("%s: got %d %s", name, w.Code, w.Body)
		}
		stack, _ := line["stack"].(string)
		if line["level"] != "ERROR" || line["cause"] != "panic: boom" || !strings.Contains(stack, "handler_test.go") {
			t.Errorf("%s: log line %v", name, line)
		}
	}
}

// Threat T-DOS-18: half an answer must not look like a whole one.
func TestObserver_BreaksTheConnectionWhenAnAnswerBreaksOff(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	o := &httpio.Observer{Log: slog.New(slog.NewJSONHandler(&log, nil)), Now: time.Now}
	s := httptest.NewServer(o.Middleware(httpio.Handle(func(w http.ResponseWriter, _ *http.Request) error {
		io.WriteString(w, "half")
		if err := http.NewResponseController(w).Flush(); err != nil {
			t.Errorf("Flush: %v", err)
		}
		panic("boom")
	})))
	defer s.Close()
	resp, err := s.Client().Get(s.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err := io.ReadAll(resp.Body); !errors.Is(err, io.ErrUnexpectedEOF) || string(body) != "half" {
		t.Errorf("read %q, %v; want half and an unexpected end", body, err)
	}
	s.Close()
	if line := logLine(t, log.Bytes()); line["status"] != 200.0 || line["code"] != "internal_clerk_error" {
		t.Errorf("log line %v", line)
	}
}

func TestObserver_ReportsOutcomes(t *testing.T) {
	t.Parallel()
	var got httpio.Outcome
	o := &httpio.Observer{Log: slog.New(slog.DiscardHandler), Now: func() time.Time { return time.Unix(0, 0) }, Done: func(out httpio.Outcome) { got = out }}
	o.Middleware(httpio.Handle(httpio.NotFound)).ServeHTTP(httptest.NewRecorder(), get("/x"))
	want := httpio.Outcome{Method: "GET", Route: "unmatched", Status: 404, Bytes: got.Bytes, Code: fault.NotFound}
	if got != want || got.Bytes == 0 {
		t.Errorf("Done got %+v, want %+v", got, want)
	}
}

func TestWriteJSON_ReturnsWhatItCannotWrite(t *testing.T) {
	t.Parallel()
	w := httptest.NewRecorder()
	if err := httpio.WriteJSON(w, 200, func() {}); err == nil || w.Body.Len() > 0 {
		t.Errorf("WriteJSON = %v, wrote %q", err, w.Body)
	}
}
