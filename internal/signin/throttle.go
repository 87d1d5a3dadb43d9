package signin

import (
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/store"
)

// Browser is who asks: a browser, and where the request came from.
type Browser struct {
	Client identity.ClientID
	Source string // the address of the request, or its /64 network with IPv6
}

// What is counted, each in the database, so that all nodes share it. The names
// hold keyed hashes: who tried what from where is not to be read there.

func (f *Flow) wrongTries(email identity.Email, source string) string {
	return "wrong:" + f.Ring.HashToken("wrong tries", string(email)+" "+source)
}

func (f *Flow) mailsTo(email identity.Email) string {
	return "mail_to:" + f.Ring.HashToken("mails to", string(email))
}

func (f *Flow) mailsFrom(source string) string {
	return "mail_from:" + f.Ring.HashToken("mails from", source)
}

// mayTry asks policy whether an address may be tried from a source. Whether
// somebody has the address makes no difference (threats T-DOS-11, T-DOS-12).
func (f *Flow) mayTry(tx *store.Tx, email identity.Email, source string) (refused, err error) {
	wrong, err := tx.Counted(f.wrongTries(email, source), policy.MaxWrongTries)
	if err != nil {
		return nil, err
	}
	return policy.Try(policy.TryFacts{Now: f.Now(), Wrong: wrong}).Denied, nil
}

// countWrong counts a wrong password or code. The transaction must be committed.
func (f *Flow) countWrong(tx *store.Tx, email identity.Email, source string) error {
	_, err := tx.Count(f.wrongTries(email, source), f.Now(), 1)
	return err
}

// forgetWrong is for a try that was right.
func (f *Flow) forgetWrong(tx *store.Tx, email identity.Email, source string) error {
	return tx.ForgetCount(f.wrongTries(email, source))
}

// mayMail asks policy whether another code may be mailed, and counts it if so.
func (f *Flow) mayMail(tx *store.Tx, to identity.Email, source string) error {
	facts := policy.MailFacts{Now: f.Now()}
	var err error
	if facts.To, err = tx.Counted(f.mailsTo(to), policy.MailsTo); err != nil {
		return err
	}
	if facts.From, err = tx.Counted(f.mailsFrom(source), policy.MailsFrom); err != nil {
		return err
	}
	if denied := policy.Mail(facts).Denied; denied != nil {
		return denied
	}
	for _, name := range []string{f.mailsTo(to), f.mailsFrom(source)} {
		if _, err := tx.Count(name, facts.Now, 1); err != nil {
			return err
		}
	}
	return nil
}
