package account

import (
	"embed"
	"io/fs"

	"usher/internal/web/page"
)

//go:embed templates/*.html
var templateFiles embed.FS

// The pages, as page.Set's Render takes them. The view of each is named in the
// comment.
const (
	PageSignIn           = "sign_in"           // SignIn
	PageSignInPassword   = "sign_in_password"  // SignInPassword
	PageSignInCode       = "sign_in_code"      // SignInCode
	PageChooseConnection = "choose_connection" // ChooseConnection
	PageGoing            = "going"             // Going
	PageSignUp           = "sign_up"           // SignUp
	PageSignUpCode       = "sign_up_code"      // SignUpCode
	PageChooseOrg        = "choose_org"        // ChooseOrganization
	PageCreateOrg        = "create_org"        // CreateOrganization
	PageAcceptInvitation = "accept_invitation" // AcceptInvitation
	PageUser             = "user"              // User
	PageLeave            = "leave"             // Leave
	PageError            = "error"             // Error
	PageSwitchAccount    = "switch_account"    // SwitchAccount
	PageTicket           = "ticket"            // Ticket
	PageSignedOut        = "signed_out"        // SignedOut
	PageAttemptEnded     = "attempt_ended"     // AttemptEnded
	PageTestRun          = "test_run"          // TestRun
	PageHome             = "home"              // Home
	PageDevHome          = "dev_home"          // DevHome
	PageMailbox          = "dev_mailbox"       // Mailbox
	PageMail             = "dev_mail"          // Mail
)

// NewPages returns the set of this package's pages.
func NewPages() (*page.Set, error) {
	files, err := fs.Sub(templateFiles, "templates")
	if err != nil {
		return nil, err
	}
	return page.NewSet(files)
}

// EagerPages are those of an ordinary sign-in, worth parsing at start.
func EagerPages() []string {
	return []string{PageSignIn, PageSignInCode, PageGoing, PageUser, PageError}
}

// Names of the fields of forms. Besides them every form has csrf_token.
const (
	FieldEmail        = "email_address"
	FieldPassword     = "password"
	FieldCode         = "code"
	FieldFirstName    = "first_name"
	FieldLastName     = "last_name"
	FieldName         = "name" // of an organization
	FieldReturnURL    = "return_url"
	FieldConnection   = "connection_id"
	FieldTicket       = "ticket"
	FieldOrganization = "organization_id" // PersonalAccount for none
	FieldDo           = "do"              // what else a button asks for; absent: go on
)

// Values of FieldDo.
const (
	DoResend   = "resend"   // SignInCode, SignUpCode: send another code
	DoCode     = "code"     // SignInPassword: send a code instead
	DoPassword = "password" // SignInCode: ask for the password instead
	DoSwitch   = "switch"   // SwitchAccount: sign in as the one who arrived
	DoKeep     = "keep"     // SwitchAccount: stay who one is
)

// PersonalAccount is the value of FieldOrganization for working in none.
const PersonalAccount = "personal"
