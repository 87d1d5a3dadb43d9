package backendapi

import (
	"net/http"

	"usher/internal/httpio"
	"usher/internal/session"
)

// wireRotation is what became of the keys that sign session tokens.
type wireRotation struct {
	Object    string   `json:"object"`
	NewKeyID  string   `json:"new_key_id"`
	SignsFrom int64    `json:"signs_from"`
	Retired   []string `json:"retired_key_ids"`
	RetiredAt int64    `json:"retired_at"`
}

// handleRotateSigningKeys changes the key that signs session tokens; ours, for a
// server that has its database to itself.
func (a *API) handleRotateSigningKeys(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		AtOnce bool `json:"at_once"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	rotation, err := a.Sessions.Keys.Rotate(r.Context(), b.AtOnce)
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, wireRotationOf(rotation))
}

func wireRotationOf(r session.Rotation) wireRotation {
	return wireRotation{
		Object: "signing_key_rotation", NewKeyID: r.NewKey, SignsFrom: millis(r.SignsFrom),
		Retired: append([]string{}, r.Retired...), RetiredAt: millis(r.RetiredAt),
	}
}
