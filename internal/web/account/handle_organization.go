package account

import (
	"net/http"

	"usher/internal/fault"
	"usher/internal/session"
	"usher/internal/web/page"
)

// createPath is where a person creates an organization.
const createPath = "/create-organization"

// createURL is createPath for who may; empty for others.
func (u *UI) createURL(r *http.Request, s session.Signed) (string, error) {
	settings, err := u.Manage.Settings(r.Context())
	if err != nil || settings.OrganizationsDisabled {
		return "", err
	}
	refused, err := u.Manage.MayCreateOrganization(r.Context(), s.User.ID)
	if err != nil || refused != nil {
		return "", err
	}
	return createPath, nil
}

func (u *UI) handleCreateOrganizationPage(w http.ResponseWriter, r *http.Request) error {
	s, f, err := u.signedIn(w, r)
	if err != nil {
		return err
	}
	url, err := u.createURL(r, s)
	if err != nil {
		return err
	}
	if url == "" {
		return fault.New(fault.ResourceForbidden)
	}
	return u.pages.Render(w, http.StatusOK, PageCreateOrg, &CreateOrganization{Frame: f, Action: createPath, BackURL: "/user"})
}

// handleCreateOrganization makes the organization and has the person work in it.
func (u *UI) handleCreateOrganization(w http.ResponseWriter, r *http.Request) error {
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	name, err := form.Text(FieldName)
	if err != nil {
		return err
	}
	s, f, err := u.signedIn(w, r)
	if err != nil {
		return err
	}
	o, err := u.Manage.CreateOwnOrganization(acting(r, s), s.User.ID, name)
	if fault.Is(err, fault.FormParamMissing) || fault.Is(err, fault.FormParamValueInvalid) || fault.Is(err, fault.FormParamMaxLength) {
		f.Problems = append(f.Problems, page.Problem{Field: FieldName, Text: f.Say("create_org.problem")})
		return u.pages.Render(w, fault.From(err).Status(), PageCreateOrg, &CreateOrganization{Frame: f, Action: createPath, Name: name, BackURL: "/user"})
	}
	if err != nil {
		return err
	}
	if err := u.Sessions.SetOrganization(r.Context(), s.Session.ID, o.ID); err != nil {
		return err
	}
	return seeOther(w, r, "/user")
}
