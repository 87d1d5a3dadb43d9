package httpio

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"strconv"

	"usher/internal/fault"
)

// Handler answers a request or says why not. It must not return an error after
// it has begun to write.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Renderer answers a request that failed. fault.From gives the status of err.
type Renderer func(w http.ResponseWriter, r *http.Request, err error)

// Handle serves h and answers its errors, and its panics, in JSON.
func Handle(h Handler) http.HandlerFunc { return HandleWith(WriteError, h) }

// HandleWith is Handle with another form of errors, such as a page.
func HandleWith(render Renderer, h Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		x := exchangeOf(r.Context())
		if r.Pattern != "" {
			x.route = r.Pattern
		}
		err := call(h, w, r)
		if err == nil {
			return
		}
		err = classify(r.Context(), err)
		x.err = err
		if x.started() || errors.Is(err, errClientGone) {
			x.abort = x.started()
			return
		}
		prepareFailure(w.Header(), fault.From(err))
		render(w, r, err)
	}
}

// NotFound refuses what no route answers.
func NotFound(http.ResponseWriter, *http.Request) error {
	return fault.New(fault.NotFound, "resource", "address")
}

// ErrorBody is the body of every failure of an API.
type ErrorBody struct {
	Errors []ErrorItem `json:"errors"`
	// Meta is for surfaces that send more along, such as the browser's client.
	Meta    any    `json:"meta,omitempty"`
	TraceID string `json:"clerk_trace_id,omitempty"`
}

// ErrorItem is one failure of an ErrorBody.
type ErrorItem struct {
	Code        fault.Code     `json:"code"`
	Message     string         `json:"message"`
	LongMessage string         `json:"long_message"`
	Meta        map[string]any `json:"meta,omitempty"`
}

// NewErrorBody lists every failure in err's tree.
func NewErrorBody(ctx context.Context, err error) ErrorBody {
	body := ErrorBody{Errors: []ErrorItem{}, TraceID: TraceID(ctx)}
	for _, e := range fault.All(err) {
		body.Errors = append(body.Errors, ErrorItem{e.Code(), e.Message(), e.LongMessage(), e.Meta()})
	}
	return body
}

// WriteError is the Renderer of the APIs: the status of the first failure and
// all of them in the body.
func WriteError(w http.ResponseWriter, r *http.Request, err error) {
	// The values of meta come from our own code, and a value that cannot be
	// written must not hide the failure.
	if werr := WriteJSON(w, fault.From(err).Status(), NewErrorBody(r.Context(), err)); werr != nil {
		err = fault.New(fault.InternalError).Because(errors.Join(werr, err))
		exchangeOf(r.Context()).err = err
		WriteJSON(w, http.StatusInternalServerError, NewErrorBody(r.Context(), err)) //nolint:errcheck,gosec // it has no meta
	}
}

// WriteJSON writes v with a status. The error is that v has no JSON form; a
// caller who has gone away is none.
func WriteJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("httpio: writing JSON: %w", err)
	}
	h := w.Header()
	// Exactly this: Clerk's SDKs read a body as text when a charset is named.
	h.Set("Content-Type", "application/json")
	h.Set("X-Content-Type-Options", "nosniff")
	if h.Get("Cache-Control") == "" {
		h.Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	w.Write(body) //nolint:errcheck,gosec // nobody is left to be told
	return nil
}

// errClientGone says that the caller went away before there was an answer.
var errClientGone = errors.New("httpio: the client is gone")

// classify tells failures of the server from those of the caller's patience.
func classify(ctx context.Context, err error) error {
	if fault.From(err).Code() != fault.InternalError {
		return err
	}
	switch {
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return fmt.Errorf("%w: %w", errClientGone, err)
	case errors.Is(err, context.DeadlineExceeded):
		return fault.New(fault.ServiceUnavailable).Because(err)
	default:
		return err
	}
}

// prepareFailure undoes the headers of the answer that did not come about and
// tells a client that was refused for its rate when to return.
func prepareFailure(h http.Header, e *fault.Error) {
	for _, name := range []string{"Content-Length", "Content-Encoding", "Etag", "Last-Modified"} {
		h.Del(name)
	}
	h.Set("Cache-Control", "no-store")
	if seconds, ok := e.Meta()["resets_in"].(int); ok {
		h.Set("Retry-After", strconv.Itoa(seconds))
	}
}

// panicError carries a panic of a handler to the renderer and the log.
type panicError struct {
	value any
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprint("panic: ", e.value) }

func call(h Handler, w http.ResponseWriter, r *http.Request) (err error) {
	if !isText(r.URL.Path) {
		return NotFound(w, r) // nothing has such a name: threat T-API-06
	}
	defer func() {
		if v := recover(); v != nil {
			err = &panicError{value: v, stack: debug.Stack()}
		}
	}()
	return h(w, r)
}
