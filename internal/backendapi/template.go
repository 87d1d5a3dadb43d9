package backendapi

import (
	"net/http"
	"time"

	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/session"
)

type templateBody struct {
	Name             *string           `json:"name"`
	Claims           identity.Metadata `json:"claims"`
	Lifetime         *int64            `json:"lifetime"`
	AllowedClockSkew *int64            `json:"allowed_clock_skew"`
	CustomSigningKey *bool             `json:"custom_signing_key"`
	SigningAlgorithm *string           `json:"signing_algorithm"`
	SigningKey       *string           `json:"signing_key"`
}

// wireTemplate shows all of a template but its key.
type wireTemplate struct {
	Object           string            `json:"object"`
	ID               string            `json:"id"`
	Name             string            `json:"name"`
	Claims           identity.Metadata `json:"claims"`
	Lifetime         int64             `json:"lifetime"`
	AllowedClockSkew int64             `json:"allowed_clock_skew"`
	CustomSigningKey bool              `json:"custom_signing_key"`
	SigningAlgorithm string            `json:"signing_algorithm"`
	CreatedAt        int64             `json:"created_at"`
	UpdatedAt        int64             `json:"updated_at"`
}

func wireTemplateOf(t identity.TokenTemplate) wireTemplate {
	return wireTemplate{
		Object: "jwt_template", ID: string(t.ID), Name: t.Name, Claims: object(t.Claims),
		Lifetime: int64(t.Lifetime / time.Second), AllowedClockSkew: int64(t.ClockSkew / time.Second),
		CustomSigningKey: t.SigningKey != "", SigningAlgorithm: t.SigningAlgorithm,
		CreatedAt: millis(t.CreatedAt), UpdatedAt: millis(t.UpdatedAt),
	}
}

func readTemplate(w http.ResponseWriter, r *http.Request) (session.TemplateChange, error) {
	var b templateBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return session.TemplateChange{}, err
	}
	return session.TemplateChange{
		Name: b.Name, Claims: b.Claims, LifetimeSeconds: b.Lifetime, SkewSeconds: b.AllowedClockSkew,
		CustomSigningKey: b.CustomSigningKey, SigningAlgorithm: b.SigningAlgorithm, SigningKey: b.SigningKey,
	}, nil
}

func templateID(r *http.Request) identity.TemplateID {
	return identity.TemplateID(r.PathValue("template_id"))
}

func (a *API) handleTemplates(w http.ResponseWriter, r *http.Request) error {
	p, paginated, err := pageOf(r)
	if err != nil {
		return err
	}
	items, total, err := a.Sessions.Templates(r.Context(), p)
	if err != nil {
		return err
	}
	return writeList(w, each(items, wireTemplateOf), totalIf(paginated, total))
}

func (a *API) handleCreateTemplate(w http.ResponseWriter, r *http.Request) error {
	ch, err := readTemplate(w, r)
	if err != nil {
		return err
	}
	t, err := a.Sessions.CreateTemplate(r.Context(), ch)
	return writeTemplate(w, t, err)
}

func (a *API) handleTemplate(w http.ResponseWriter, r *http.Request) error {
	t, err := a.Sessions.Template(r.Context(), templateID(r))
	return writeTemplate(w, t, err)
}

func (a *API) handleChangeTemplate(w http.ResponseWriter, r *http.Request) error {
	ch, err := readTemplate(w, r)
	if err != nil {
		return err
	}
	t, err := a.Sessions.ChangeTemplate(r.Context(), templateID(r), ch)
	return writeTemplate(w, t, err)
}

func writeTemplate(w http.ResponseWriter, t identity.TokenTemplate, err error) error {
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, wireTemplateOf(t))
}

func (a *API) handleDeleteTemplate(w http.ResponseWriter, r *http.Request) error {
	if err := a.Sessions.DeleteTemplate(r.Context(), templateID(r)); err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, deleted{Object: "jwt_template", ID: string(templateID(r)), Deleted: true})
}
