package practice

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// place is a point of the protocol where something can go wrong. Several are
// added up.
type place int

const (
	atAuthorize place = 1 << iota
	atToken
	atRefresh
	atUserInfo
	atDiscovery
	atJWKS

	atPrograms = atToken | atRefresh | atUserInfo | atDiscovery | atJWKS
)

const (
	// moodLasts is how long something lasts that was chosen with one sign-in
	// and which the provider can't do to that one alone. Ours.
	moodLasts = time.Minute

	// maxWait and maxPadding bound what can be asked of a slow or talkative
	// provider. Ours.
	maxWait    = time.Minute
	maxPadding = 64 << 20 // bytes
)

// turn is one request to the provider, and what is to go wrong with it.
type turn struct {
	o       *OIDC
	at      place
	now     time.Time
	conduct oidcRow // the zero row: honest
	param   string
	n       int // param, or what the row has for none, where it is a number
	client  OIDCClient
	grant   grant
	person  Person
	err     error // why a misbehaviour is impossible here
}

// turn begins a turn. The provider's mood goes before what one sign-in asks for.
func (o *OIDC) turn(at place, name, param string) (*turn, error) {
	t := &turn{o: o, at: at, now: o.config.Now()}
	o.mu.Lock()
	m := o.mood
	o.mu.Unlock()
	if m.name != "" && (m.until.IsZero() || t.now.Before(m.until)) {
		name, param = m.name, m.param
	}
	var err error
	if t.conduct, t.param, err = o.row(name, param); err != nil {
		return nil, err
	}
	t.n = t.conduct.usual
	if t.param != "" && t.n != 0 {
		if t.n, err = strconv.Atoi(t.param); err != nil {
			return nil, fmt.Errorf("practice: %q: not a number", t.param)
		}
	}
	return t, nil
}

// misbehave sets the mood.
func (o *OIDC) misbehave(m mood) error {
	r, param, err := o.row(m.name, m.param)
	if err != nil {
		return err
	}
	if _, err := strconv.Atoi(param); err != nil && r.usual != 0 && param != "" {
		return fmt.Errorf("practice: %q: not a number", param)
	}
	if r.renames {
		o.renameKeys()
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.mood = m
	return nil
}

// fail says why the misbehaviour is impossible here.
func (t *turn) fail(format string, args ...any) {
	t.err = fmt.Errorf("practice: "+format, args...)
}

// reply is what the provider tells a program, before it is sent.
type reply struct {
	*turn
	status      int
	contentType string
	header      map[string]string
	body        claims
	text        string // instead of body
	rewrite     func(text string) string
	padding     int // bytes, as a member of the body
	wait        time.Duration
	hangUp      bool
}

// say answers with a text of this type instead.
func (r *reply) say(status int, contentType, text string) {
	r.status, r.contentType, r.text = status, contentType, text
}

// refuse answers with an error in the words of RFC 6749.
func (r *reply) refuse(e *oauthError) {
	r.status, r.body = e.status, claims{"error": e.code, "error_description": e.description}
	if e.status == 0 {
		r.status = http.StatusBadRequest
	}
}

// reply finishes a turn with a body, honestly or not.
func (t *turn) reply(w http.ResponseWriter, r *http.Request, body claims) error {
	out := &reply{turn: t, status: http.StatusOK, body: body}
	return out.finish(w, r)
}

// refusal finishes a turn with an error. A misbehaviour of the whole provider
// comes through all the same.
func (t *turn) refusal(w http.ResponseWriter, r *http.Request, e *oauthError) error {
	out := &reply{turn: t}
	out.refuse(e)
	if e.status == http.StatusUnauthorized {
		out.header = map[string]string{"WWW-Authenticate": `Basic realm="practice"`}
		if t.at == atUserInfo {
			out.header["WWW-Authenticate"] = `Bearer error="` + e.code + `"`
		}
	}
	return out.finish(w, r)
}

func (r *reply) finish(w http.ResponseWriter, req *http.Request) error {
	if r.conduct.reply != nil && r.conduct.at&r.at != 0 {
		r.conduct.reply(r)
	}
	if r.err != nil {
		return r.err
	}
	return r.send(w, req)
}

// pause waits as long as the reply is to take.
func (r *reply) pause(ctx context.Context) error {
	if r.wait <= 0 {
		return nil
	}
	timer := time.NewTimer(min(r.wait, maxWait))
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("practice: nobody waits any more: %w", ctx.Err())
	}
}

// send writes the reply.
func (r *reply) send(w http.ResponseWriter, req *http.Request) error {
	if err := r.pause(req.Context()); err != nil {
		return err
	}
	if r.hangUp {
		return hangUp(w)
	}
	text := r.text
	if text == "" {
		encoded, err := json.Marshal(r.body)
		if err != nil {
			return fmt.Errorf("practice: writing JSON: %w", err)
		}
		text = string(encoded)
	}
	if r.rewrite != nil {
		text = r.rewrite(text)
	}
	for name, value := range r.header {
		w.Header().Set(name, value)
	}
	w.Header().Set("Content-Type", "application/json")
	if r.contentType != "" {
		w.Header().Set("Content-Type", r.contentType)
	}
	w.WriteHeader(r.status)
	if r.padding > 0 {
		text = strings.TrimSuffix(text, "}")
		_, _ = io.WriteString(w, text+`,"padding":"`)
		pad(w, min(r.padding, maxPadding))
		text = `"}`
	}
	_, _ = io.WriteString(w, text)
	return nil
}

// pad writes so many letters, or as many as the other side takes.
func pad(w io.Writer, n int) {
	const chunk = 64 << 10
	letters := []byte(strings.Repeat("x", chunk))
	for ; n > 0; n -= chunk {
		if _, err := w.Write(letters[:min(n, chunk)]); err != nil {
			return
		}
	}
}

// hangUp ends the connection without an answer.
func hangUp(w http.ResponseWriter) error {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		return conn.Close()
	}
	if errors.Is(err, http.ErrNotSupported) { // HTTP/2, or a recorder in a test
		w.WriteHeader(http.StatusServiceUnavailable)
		return nil
	}
	return fmt.Errorf("practice: hanging up: %w", err)
}
