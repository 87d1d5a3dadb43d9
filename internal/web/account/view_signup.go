package account

import "usher/internal/web/page"

// SignUp asks for what a new account needs.
type SignUp struct {
	page.Frame
	Action      string
	Email       string
	FirstName   string
	LastName    string
	AskNames    bool
	AskPassword bool
	PasswordMin int // characters
	ReturnURL   string
	SignInURL   string
}

// SignUpCode asks for the code that proves the new address.
type SignUpCode struct {
	page.Frame
	Action      string
	Email       string
	ChangeURL   string
	Minutes     int
	WaitSeconds int
}

// ChooseOrganization comes after sign-in, for who belongs to several.
type ChooseOrganization struct {
	page.Frame
	Action        string
	Account       Account
	Organizations []OrganizationChoice
	Personal      bool   // working in no organization is allowed
	CreateURL     string // empty: may not create one
}

// OrganizationChoice is a membership to go on with.
type OrganizationChoice struct{ ID, Name, Role string }

// CreateOrganization asks for the name of a new organization.
type CreateOrganization struct {
	page.Frame
	Action  string
	Name    string
	BackURL string
}
