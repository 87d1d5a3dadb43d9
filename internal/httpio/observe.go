package httpio

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"usher/internal/fault"
)

// traceHeader carries the trace id of every response.
const traceHeader = "Clerk-Trace-Id"

// statusClientGone is logged when the caller left before the answer. It is
// nginx's, and never sent.
const statusClientGone = 499

// Observer gives every request a trace id and one line in the log. It stands
// outside all other middleware and is the last to catch a panic (threat
// T-DOS-18).
type Observer struct {
	Log *slog.Logger
	Now func() time.Time
	// Done, if set, is called with every finished request, for metrics.
	Done func(Outcome)
}

// Outcome is what is known of a finished request. It holds nothing personal:
// no query, address, cookie or body.
type Outcome struct {
	Method   string // "other" for one that HTTP does not define
	Route    string // the pattern that matched, "unmatched" without one
	Status   int
	Duration time.Duration
	Bytes    int64 // of the response's body
	Code     fault.Code
}

// Middleware observes what next does.
func (o *Observer) Middleware(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := &exchange{ResponseWriter: w, traceID: newTraceID()}
		r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
		w.Header().Set(traceHeader, x.traceID)
		start := o.Now()
		// Handle answers errors and panics; this one is for what has no Handle
		// around it, other middleware above all.
		HandleWith(WriteError, func(w http.ResponseWriter, r *http.Request) error {
			next.ServeHTTP(w, r)
			if x.route == "" {
				x.route = r.Pattern // of a handler that is no Handle
			}
			return nil
		})(x, r)
		o.finish(r, x, o.Now().Sub(start))
		if x.abort {
			// The response broke off. Only a broken connection tells the
			// client not to take the part for the whole.
			panic(http.ErrAbortHandler) //nolint:forbidigo // net/http's way to abort a response
		}
	})
}

func (o *Observer) finish(r *http.Request, x *exchange, took time.Duration) {
	out := Outcome{Method: knownMethod(r.Method), Route: x.route, Status: x.status, Duration: took, Bytes: x.bytes}
	if out.Route == "" {
		out.Route = "unmatched"
	}
	if out.Status == 0 {
		out.Status = http.StatusOK // what net/http sends when nothing was written
	}
	level := slog.LevelInfo
	var cause []slog.Attr
	switch {
	case errors.Is(x.err, errClientGone):
		out.Status, out.Code = statusClientGone, "client_gone"
	case x.err != nil:
		out.Code = fault.From(x.err).Code()
		// The causes of other failures are the caller's words: not for the log.
		if fault.From(x.err).Status() >= http.StatusInternalServerError {
			level, cause = slog.LevelError, causeOf(x.err)
		}
	}
	attrs := append([]slog.Attr{
		slog.String("method", out.Method),
		slog.String("route", out.Route),
		slog.Int("status", out.Status),
		slog.Float64("duration_ms", float64(took.Microseconds())/1000),
		slog.Int64("bytes", out.Bytes),
		slog.String("trace_id", x.traceID),
		slog.String("code", string(out.Code)),
	}, cause...)
	o.Log.LogAttrs(r.Context(), level, "request", attrs...)
	if o.Done != nil {
		o.Done(out)
	}
}

// causeOf is what an operator needs of an internal failure.
func causeOf(err error) []slog.Attr {
	text := err.Error()
	if f, ok := errors.AsType[*FetchError](err); ok {
		text += ": " + f.Reason()
	}
	attrs := []slog.Attr{slog.String("cause", text)}
	if p, ok := errors.AsType[*panicError](err); ok {
		attrs = append(attrs, slog.String("stack", string(p.stack)))
	}
	return attrs
}

// TraceID returns the id that names the request in its response and its log
// line: 128 bits in hexadecimal, empty outside of an Observer.
func TraceID(ctx context.Context) string { return exchangeOf(ctx).traceID }

func newTraceID() string {
	var id [16]byte
	rand.Read(id[:])
	return hex.EncodeToString(id[:])
}

type exchangeKey struct{}

// exchange is one request's response with what the log line will say of it.
type exchange struct {
	http.ResponseWriter

	traceID string
	route   string
	err     error
	status  int
	bytes   int64
	abort   bool // the response broke off in the middle
}

// exchangeOf returns the request's exchange, an unobserved one without an
// Observer.
func exchangeOf(ctx context.Context) *exchange {
	if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return x
	}
	return &exchange{}
}

func (x *exchange) started() bool { return x.status != 0 }

// WriteHeader notes the status.
func (x *exchange) WriteHeader(status int) {
	if x.status == 0 && (status >= 200 || status == http.StatusSwitchingProtocols) {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

// Write counts bytes.
func (x *exchange) Write(b []byte) (int, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	n, err := x.ResponseWriter.Write(b)
	x.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (x *exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

func knownMethod(m string) string {
	switch m {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return m
	}
	return "other"
}
