package backendapi

import (
	"net/http"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/manage"
)

// previewBody is a change as PATCH takes it, or a deletion.
type previewBody struct {
	connectionBody
	Deleted bool `json:"deleted"`
}

// wirePreview says what people would see.
type wirePreview struct {
	Object  string       `json:"object"`
	Effects []wireEffect `json:"effects"`
}

type wireEffect struct {
	Name    string `json:"name"`
	People  int    `json:"people"`
	Message string `json:"message"`
}

// handlePreviewConnection says what a change or a deletion would mean for people,
// and changes nothing. Ours.
func (a *API) handlePreviewConnection(w http.ResponseWriter, r *http.Request) error {
	id, err := connectionID(r)
	if err != nil {
		return err
	}
	var b previewBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if b.Provider != nil {
		return fault.New(fault.FormParamUnknown, "param_name", "provider")
	}
	var effects []manage.Effect
	if b.Deleted {
		effects, err = a.Manage.PreviewDeletion(r.Context(), id)
	} else {
		effects, err = a.Manage.PreviewConnection(r.Context(), id, b.change())
	}
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, wirePreview{"enterprise_connection_preview", each(effects, func(e manage.Effect) wireEffect {
		return wireEffect{e.Name, e.People, e.Plain}
	})})
}
