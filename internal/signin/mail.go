package signin

import (
	"strconv"
	"time"

	"usher/internal/identity"
	"usher/internal/mail"
	"usher/internal/store"
)

// writeMail writes a mail about an address, whoever has it.
func (f *Flow) writeMail(tx *store.Tx, l mail.Letter) error {
	l.BaseURL = f.BaseURL
	return mail.Write(tx, l, f.Now())
}

// codeMail carries a code.
func codeMail(to identity.Email, code string) mail.Letter {
	return mail.Letter{Slug: mail.VerificationCode, To: to, Values: map[string]string{
		"otp_code": code, "expires_in_minutes": strconv.Itoa(int(CodeLife / time.Minute)),
	}}
}

// codeMailTo is codeMail for an address that somebody has.
func codeMailTo(e identity.EmailAddress, code string) mail.Letter {
	l := codeMail(e.Address, code)
	l.UserID, l.EmailID = e.UserID, e.ID
	return l
}

// noAccountMail tells the owner of an address that somebody tried to sign in
// with it.
func noAccountMail(base string, to identity.Email) mail.Letter {
	return mail.Letter{Slug: mail.NoAccount, To: to, Values: map[string]string{"action_url": base + "/sign-up"}}
}

// domainInvitationMail carries the link of an invitation that came by a domain.
func domainInvitationMail(link string, o identity.Organization, i identity.OrganizationInvitation) mail.Letter {
	return mail.Letter{Slug: mail.DomainInvitation, To: i.Email, Values: map[string]string{
		"action_url": link, "org.name": o.Name, "domain": i.Email.Domain().Display(), "expires_on": i.ExpiresAt.UTC().Format("2 January 2006"),
	}}
}

// accountExistsMail tells the owner of an address that a sign-up was tried.
func accountExistsMail(base string, e identity.EmailAddress) mail.Letter {
	return mail.Letter{
		Slug: mail.AccountExists, To: e.Address, UserID: e.UserID, EmailID: e.ID,
		Values: map[string]string{"action_url": base + "/sign-in"},
	}
}
