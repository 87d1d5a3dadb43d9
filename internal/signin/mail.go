package signin

import (
	"fmt"
	"time"

	"usher/internal/identity"
)

// codeMail carries a code. The subject holds it too: it is read on a lock screen.
func codeMail(app string, to identity.Email, code string, now time.Time) identity.Mail {
	return identity.Mail{
		ID:      identity.NewID[identity.MailID](now),
		To:      string(to),
		Subject: fmt.Sprintf("%s is your code for %s", code, app),
		Text: fmt.Sprintf("Your code for %s is:\n\n    %s\n\nIt works once, for %d minutes, and only in the browser that asked for it.\n"+
			"If you did not ask for it, ignore this mail: nobody gets in without it.\n", app, code, int(CodeLife/time.Minute)),
		CreatedAt: now,
	}
}

// noAccountMail tells the owner of an address that somebody tried to sign in
// with it.
func noAccountMail(app, base string, to identity.Email, now time.Time) identity.Mail {
	return identity.Mail{
		ID:      identity.NewID[identity.MailID](now),
		To:      string(to),
		Subject: "No account for this address at " + app,
		Text: fmt.Sprintf("Somebody asked to sign in to %s with this address, but no account has it.\n\n"+
			"If it was you, sign up here:\n\n    %s/sign-up\n\nor try another address. Otherwise ignore this mail.\n", app, base),
		CreatedAt: now,
	}
}

// accountExistsMail tells the owner of an address that a sign-up was tried.
func accountExistsMail(app, base string, to identity.Email, now time.Time) identity.Mail {
	return identity.Mail{
		ID:      identity.NewID[identity.MailID](now),
		To:      string(to),
		Subject: "You already have an account at " + app,
		Text: fmt.Sprintf("Somebody asked to sign up at %s with this address, but it has an account already.\n\n"+
			"If it was you, sign in here:\n\n    %s/sign-in\n\nOtherwise ignore this mail.\n", app, base),
		CreatedAt: now,
	}
}
