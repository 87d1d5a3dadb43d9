package signin

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/oidc"
	"usher/internal/secret"
	"usher/internal/session"
	"usher/internal/store"
)

// Flow carries out sign-ins and sign-ups.
type Flow struct {
	DB             *store.DB
	Now            func() time.Time
	Sessions       *session.Manager
	Ring           *secret.KeyRing
	Hasher         *secret.Hasher
	OIDC           *oidc.Client // calls OpenID providers
	BaseURL        string       // the deployment's public origin, without a slash at the end
	AllowedOrigins []string     // where a person may be sent after signing in, besides BaseURL

	// Disposable are domains with addresses for minutes, besides those that policy
	// knows. Nil: none.
	Disposable func() identity.DomainSet
}

func (f *Flow) disposable() identity.DomainSet {
	if f.Disposable == nil {
		return nil
	}
	return f.Disposable()
}

const (
	// pendingLife is how long a sign-in may stay at the provider. Ours
	// (threat T-SAML-04).
	pendingLife = 15 * time.Minute

	// stateLife is the same at OpenID Connect. Ours (threat T-OIDC-01).
	stateLife = 10 * time.Minute

	// verdictLife is how long an accepted answer waits for its browser, which is
	// one redirect away. Ours.
	verdictLife = 5 * time.Minute

	// signInLife is how long a sign-in or sign-up may take.
	signInLife = 24 * time.Hour

	// replayMargin is how much longer than an assertion's own life, clock
	// tolerance included, its replay mark is kept (threat T-OPS-01).
	replayMargin = time.Hour

	// maxReturnURL is in bytes. Ours.
	maxReturnURL = 2048
)

// CheckReturn says why a person may not be sent to a URL afterwards; nil if she
// may.
func (f *Flow) CheckReturn(ctx context.Context, raw string) error {
	_, err := f.returnURL(ctx, raw)
	return err
}

// returnURL checks where a person wants to go afterwards: a path of ours, a URL at
// an allowed origin, or one that is listed (threat T-SES-05). Empty stays empty.
func (f *Flow) returnURL(ctx context.Context, raw string) (string, error) {
	if raw == "" {
		return "", nil
	}
	if len(raw) > maxReturnURL || strings.ContainsAny(raw, "\\\r\n\t\x00") {
		return "", fault.New(fault.InvalidRedirectURL)
	}
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.User != nil {
		return "", fault.New(fault.InvalidRedirectURL)
	}
	if u.Scheme == "" && u.Host == "" {
		if !strings.HasPrefix(raw, "/") || strings.HasPrefix(raw, "//") {
			return "", fault.New(fault.InvalidRedirectURL)
		}
		return raw, nil
	}
	origin := u.Scheme + "://" + u.Host
	if origin == f.BaseURL || slices.Contains(f.AllowedOrigins, origin) {
		return raw, nil
	}
	return raw, f.DB.Read(ctx, func(tx *store.Tx) error {
		in, err := tx.Instance()
		if err != nil || slices.Contains(in.Settings.AllowedOrigins, origin) {
			return err
		}
		listed, err := tx.ListsRedirectURL(raw)
		if err == nil && !listed {
			err = fault.New(fault.RedirectURLDomainMismatch)
		}
		return err
	})
}
