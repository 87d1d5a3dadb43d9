package session

import (
	"context"
	"regexp"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/store"
)

// TemplateChange is what a caller gave for a template. Nil leaves a field as it
// is; at creation, as by default.
type TemplateChange struct {
	Name             *string
	Claims           identity.Metadata
	LifetimeSeconds  *int64
	SkewSeconds      *int64
	CustomSigningKey *bool
	SigningAlgorithm *string
	SigningKey       *string
}

const (
	// MinTokenLife is the least that a token may live that was asked for: Clerk's.
	MinTokenLife = 30 * time.Second

	// MaxTokenLife is the most: Clerk's.
	MaxTokenLife = 315360000 * time.Second

	maxTemplateSkew     = 300 * time.Second // Clerk's
	defaultTemplateSkew = 5 * time.Second   // Clerk's
	maxSigningKey       = 16 << 10          // bytes; ours
)

// templateName is the form of a name, which stands in paths. Ours.
var templateName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

// CreateTemplate makes a template of tokens.
func (m *Manager) CreateTemplate(ctx context.Context, ch TemplateChange) (identity.TokenTemplate, error) {
	now := m.Now()
	t := identity.TokenTemplate{
		ID: identity.NewID[identity.TemplateID](now), Lifetime: TokenLifetime, ClockSkew: defaultTemplateSkew,
		SigningAlgorithm: "RS256", CreatedAt: now,
	}
	return m.putTemplate(ctx, ch, func(*store.Tx) (identity.TokenTemplate, error) { return t, nil }, (*store.Tx).InsertTokenTemplate)
}

// ChangeTemplate changes a template, at once for every token to come.
func (m *Manager) ChangeTemplate(ctx context.Context, id identity.TemplateID, ch TemplateChange) (identity.TokenTemplate, error) {
	return m.putTemplate(ctx, ch, func(tx *store.Tx) (identity.TokenTemplate, error) { return findTemplate(tx, id) }, (*store.Tx).UpdateTokenTemplate)
}

func (m *Manager) putTemplate(ctx context.Context, ch TemplateChange,
	load func(*store.Tx) (identity.TokenTemplate, error), put func(*store.Tx, identity.TokenTemplate) error,
) (t identity.TokenTemplate, err error) {
	err = m.DB.Write(ctx, func(tx *store.Tx) error {
		if t, err = load(tx); err != nil {
			return err
		}
		if err := applyTemplate(&t, ch); err != nil {
			return err
		}
		other, err := tx.TokenTemplateByName(t.Name)
		if store.Optional(err) != nil {
			return err
		}
		if err == nil && other.ID != t.ID {
			return fault.New(fault.FormAlreadyExists, "param_name", "name")
		}
		now := m.Now()
		action := "jwt_template.updated"
		if t.UpdatedAt.IsZero() {
			action = "jwt_template.created"
		}
		t.UpdatedAt = now
		if err := put(tx, t); err != nil {
			return err
		}
		return tx.Audit(identity.AuditEntry{At: now, Action: action, Subject: string(t.ID)})
	})
	return t, err
}

// applyTemplate puts a change into a template. All mistakes are reported.
func applyTemplate(t *identity.TokenTemplate, ch TemplateChange) error {
	var errs []error
	if ch.Name != nil {
		t.Name = *ch.Name
	}
	switch {
	case t.Name == "":
		errs = append(errs, fault.New(fault.FormParamMissing, "param_name", "name"))
	case !templateName.MatchString(t.Name):
		errs = append(errs, fault.New(fault.FormParamFormatInvalid, "param_name", "name"))
	}
	if ch.Claims != nil {
		t.Claims = ch.Claims
	}
	errs = append(errs, checkClaims(t.Claims),
		applySeconds(&t.Lifetime, ch.LifetimeSeconds, bounds{"lifetime", MinTokenLife, MaxTokenLife}),
		applySeconds(&t.ClockSkew, ch.SkewSeconds, bounds{"allowed_clock_skew", 0, maxTemplateSkew}),
		applySigningKey(t, ch))
	return fault.Join(errs...)
}

// bounds are the least and the most that a parameter may say.
type bounds struct {
	param       string
	least, most time.Duration
}

func applySeconds(field *time.Duration, value *int64, b bounds) error {
	if value == nil {
		return nil
	}
	if *value < int64(b.least/time.Second) || *value > int64(b.most/time.Second) {
		return fault.New(fault.FormParamValueInvalid, "param_name", b.param)
	}
	*field = time.Duration(*value) * time.Second
	return nil
}

// applySigningKey gives a template a key of its own, or takes it away.
func applySigningKey(t *identity.TokenTemplate, ch TemplateChange) error {
	const keyParam, algorithmParam = "signing_key", "signing_algorithm"
	custom := t.SigningKey != ""
	if ch.CustomSigningKey != nil {
		custom = *ch.CustomSigningKey
	}
	key, name := t.SigningKey, t.SigningAlgorithm
	if ch.SigningKey != nil && *ch.SigningKey != "" {
		key = *ch.SigningKey
	}
	if ch.SigningAlgorithm != nil && *ch.SigningAlgorithm != "" {
		name = *ch.SigningAlgorithm
	}
	if !custom {
		t.SigningKey, t.SigningAlgorithm = "", "RS256"
		if name != "RS256" && ch.SigningAlgorithm != nil {
			return fault.New(fault.FormConditionalParamMissing, "param_name", "custom_signing_key", "with", algorithmParam)
		}
		return nil
	}
	if _, ok := algorithms()[name]; !ok {
		return fault.New(fault.FormParamValueInvalid, "param_name", algorithmParam)
	}
	if key == "" {
		return fault.New(fault.FormConditionalParamMissing, "param_name", keyParam, "with", "custom_signing_key")
	}
	if len(key) > maxSigningKey {
		return fault.New(fault.FormParamTooLarge, "param_name", keyParam)
	}
	if _, err := parseTemplateKey(name, key); err != nil {
		return fault.New(fault.FormParamValueInvalid, "param_name", keyParam).Because(err)
	}
	t.SigningKey, t.SigningAlgorithm = key, name
	return nil
}

func findTemplate(tx *store.Tx, id identity.TemplateID) (identity.TokenTemplate, error) {
	t, err := tx.TokenTemplate(id)
	return t, store.Missing(err, fault.New(fault.NotFound, "resource", "JWT template"))
}

// Template reads a template.
func (m *Manager) Template(ctx context.Context, id identity.TemplateID) (t identity.TokenTemplate, err error) {
	err = m.DB.Read(ctx, func(tx *store.Tx) error {
		t, err = findTemplate(tx, id)
		return err
	})
	return t, err
}

// Templates lists templates, newest first.
func (m *Manager) Templates(ctx context.Context, p store.Page) (list []identity.TokenTemplate, total int, err error) {
	err = m.DB.Read(ctx, func(tx *store.Tx) error {
		list, total, err = tx.TokenTemplates(p)
		return err
	})
	return list, total, err
}

// DeleteTemplate removes a template. Tokens that it made live on until they
// expire.
func (m *Manager) DeleteTemplate(ctx context.Context, id identity.TemplateID) error {
	return m.DB.Write(ctx, func(tx *store.Tx) error {
		deleted, err := tx.DeleteTokenTemplate(id)
		if err == nil && !deleted {
			err = fault.New(fault.NotFound, "resource", "JWT template")
		}
		if err != nil {
			return err
		}
		return tx.Audit(identity.AuditEntry{At: m.Now(), Action: "jwt_template.deleted", Subject: string(id)})
	})
}
