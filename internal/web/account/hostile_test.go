package account_test

import (
	"reflect"
	"strings"

	"usher/internal/web/account"
	"usher/internal/web/page"
)

// What people, providers and mails could try to put on a page.
const (
	hostileText = `"'><script src=//evil.test></script><img src=x onerror=alert(1)>{{.CSRF}}` + "\u202e" + `</title></textarea>`
	hostileURL  = `javascript:alert(document.cookie)//"onfocus="alert(1)`
)

// hostileSamples is every page with hostile text in each field that may hold
// text from outside, and hostile URLs in the others.
func hostileSamples() []sample {
	views := map[string]page.View{
		account.PageSignIn:           &account.SignIn{},
		account.PageSignInPassword:   &account.SignInPassword{},
		account.PageSignInCode:       &account.SignInCode{},
		account.PageChooseConnection: &account.ChooseConnection{},
		account.PageGoing:            &account.Going{},
		account.PageSignUp:           &account.SignUp{},
		account.PageSignUpCode:       &account.SignUpCode{},
		account.PageChooseOrg:        &account.ChooseOrganization{},
		account.PageUser:             &account.User{},
		account.PageLeave:            &account.Leave{},
		account.PageCreateOrg:        &account.CreateOrganization{},
		account.PageAcceptInvitation: &account.AcceptInvitation{},
		account.PageError:            &account.Error{},
		account.PageSwitchAccount:    &account.SwitchAccount{},
		account.PageTicket:           &account.Ticket{},
		account.PageSignedOut:        &account.SignedOut{},
		account.PageAttemptEnded:     &account.AttemptEnded{},
		account.PageTestRun:          &account.TestRun{},
		account.PageHome:             &account.Home{},
		account.PageDevHome:          &account.DevHome{},
		account.PageMailbox:          &account.Mailbox{},
		account.PageMail:             &account.Mail{},
	}
	fieldOf := map[string]string{
		account.PageSignIn:         account.FieldEmail,
		account.PageSignInPassword: account.FieldPassword,
		account.PageSignInCode:     account.FieldCode,
		account.PageSignUp:         account.FieldLastName,
		account.PageSignUpCode:     account.FieldCode,
	}
	var all []sample
	for name, view := range views {
		spoil(reflect.ValueOf(view).Elem(), "")
		problems := []page.Problem{{Text: hostileText}, {Field: fieldOf[name], Text: hostileText}}
		reflect.ValueOf(view).Elem().FieldByName("Problems").Set(reflect.ValueOf(problems))
		all = append(all, sample{name: "hostile_" + name, page: name, view: view})
	}
	return all
}

// spoil fills a value with hostile text, two elements to a list.
func spoil(v reflect.Value, field string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(spoiled(field))
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Int:
		v.SetInt(7)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		for i := range v.Len() {
			spoil(v.Index(i), field)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if f := v.Type().Field(i); f.IsExported() {
				spoil(v.Field(i), f.Name)
			}
		}
	}
}

func spoiled(field string) string {
	switch {
	case strings.HasSuffix(field, "URL"), field == "Action", field == "Links":
		return hostileURL
	case field == "Dir":
		return "rtl"
	case field == "Icon": // ours, never from outside
		return "mail"
	case field == "Refused":
		return account.LeaveCompany
	}
	return hostileText
}
