package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"usher/internal/identity"
	"usher/internal/mail"
)

const (
	// maxAnswerRead is how much of an endpoint's answer is read, in bytes, and
	// maxAnswerKept how much of that the delivery log keeps (threat T-WH-02).
	maxAnswerRead = 64 << 10
	maxAnswerKept = 1 << 10
)

// envelope is the body of a delivery: behaviour 6.A.
type envelope struct {
	Data       json.RawMessage     `json:"data"`
	InstanceID identity.InstanceID `json:"instance_id"`
	Object     string              `json:"object"`
	Timestamp  int64               `json:"timestamp"` // Unix milliseconds
	Type       identity.EventType  `json:"type"`
}

// send makes one request and says what it came to.
func (w *Webhooks) send(ctx context.Context, call Caller, p parcel) identity.DeliveryTry {
	started := w.Now()
	try := identity.DeliveryTry{DeliveryID: p.delivery.ID, At: started}
	code, answer, err := w.post(ctx, call, p)
	try.Took = w.Now().Sub(started)
	try.Code, try.Answer = code, answer
	switch {
	case err != nil:
		try.Failure = failureText(err)
	case code < 200 || code > 299:
		try.Failure = fmt.Sprintf("the endpoint answered with status %d", code)
	}
	return try
}

func (w *Webhooks) post(ctx context.Context, call Caller, p parcel) (code int, answer string, err error) {
	body, err := json.Marshal(envelope{
		Data: p.event.Data, InstanceID: p.instance, Object: "event", Timestamp: p.event.CreatedAt.UnixMilli(), Type: p.event.Type,
	})
	if err != nil {
		return 0, "", err
	}
	now := w.Now()
	signature, err := sign(p.endpoint.Secret.Signing(now), p.event.ID, now, body)
	if err != nil {
		return 0, "", err
	}
	ctx, cancel := context.WithTimeout(ctx, WebhookTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.endpoint.URL, bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("User-Agent", "Usher-Webhooks")
	r.Header.Set("Svix-Id", string(p.event.ID))
	r.Header.Set("Svix-Timestamp", strconv.FormatInt(now.Unix(), 10))
	r.Header.Set("Svix-Signature", signature)
	resp, err := call.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswerRead))
	if err != nil && resp.StatusCode < 300 && resp.StatusCode >= 200 {
		err = nil // it has said that it took the event
	}
	return resp.StatusCode, excerpt(text), err
}

// secretPrefix begins the secret of an endpoint, as Clerk's SDKs want it.
const secretPrefix = "whsec_"

// sign makes the value of svix-signature: one signature for each secret, as
// Standard Webhooks describes it (threats T-WH-01 and T-WH-03).
func sign(secrets []string, id identity.EventID, at time.Time, body []byte) (string, error) {
	var list []string
	for _, s := range secrets {
		key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(s, secretPrefix))
		if err != nil {
			return "", errors.New("notify: the endpoint's secret is not base64") // the cause could quote it
		}
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%d.", id, at.Unix())
		mac.Write(body)
		list = append(list, "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	}
	return strings.Join(list, " "), nil
}

// failureText says why there was no answer, without the URL, whose path may be
// secret, and the same whatever is behind an address that is not called (threat
// T-NET-06).
func failureText(err error) string {
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Sprintf("the endpoint did not answer within %s", WebhookTimeout)
	}
	if u, ok := errors.AsType[*url.Error](err); ok && u.Timeout() {
		return fmt.Sprintf("the endpoint did not answer within %s", WebhookTimeout)
	}
	return "the endpoint could not be reached"
}

// excerpt is the beginning of an answer as a log can show it.
func excerpt(answer []byte) string {
	text := strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.IsControl(r) && r != '\n' && r != '\t' {
			return '·'
		}
		return r
	}, string(answer[:min(len(answer), maxAnswerKept)]))
	return text
}

// switchedOffMail tells a contact that an endpoint gets nothing any more. Of the
// URL it says the host only.
func (w *Webhooks) switchedOffMail(to identity.Email, e identity.Endpoint) mail.Letter {
	host := e.URL
	if u, err := url.Parse(e.URL); err == nil {
		host = u.Host
	}
	return mail.Letter{Slug: mail.EndpointDisabled, To: to, BaseURL: w.BaseURL, Values: map[string]string{
		"endpoint.id": string(e.ID), "endpoint.host": host,
	}}
}
