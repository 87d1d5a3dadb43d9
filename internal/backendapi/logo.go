package backendapi

import (
	"net/http"

	"usher/internal/fault"
	"usher/internal/httpio"
)

// maxLogo is the largest file that is read, in bytes: Clerk's 10 MB.
const maxLogo = 10 << 20

// handleSetLogo takes a multipart form with the file.
func (a *API) handleSetLogo(w http.ResponseWriter, r *http.Request) error {
	file, fields, err := httpio.ReadFile(w, r, httpio.FileForm{Field: "file", MaxBytes: maxLogo, Texts: []string{"uploader_user_id"}})
	if fault.Is(err, fault.RequestBodyTooLarge) {
		return fault.New(fault.ImageTooLarge).Because(err)
	}
	if err != nil {
		return err
	}
	o, err := a.Manage.SetLogo(r.Context(), r.PathValue("organization_id"), fields["uploader_user_id"], file)
	return writeOrganization(w, o, err)
}

func (a *API) handleDeleteLogo(w http.ResponseWriter, r *http.Request) error {
	o, err := a.Manage.DeleteLogo(r.Context(), r.PathValue("organization_id"))
	return writeOrganization(w, o, err)
}
