package signin

import (
	"context"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/secret"
	"usher/internal/store"
)

// Verification is a code that was sent to an address for the customer's server,
// and what became of it.
type Verification struct {
	identity.EmailVerification
	Status string
}

// The states of a verification, as Clerk's clients name them.
const (
	statusVerified   = "verified"
	statusUnverified = "unverified"
	statusExpired    = "expired"
	statusFailed     = "failed"
)

// PrepareVerification mails a code to an address of a user, for a server that has
// pages of its own. It makes no session, ever.
func (f *Flow) PrepareVerification(ctx context.Context, id identity.EmailID) (Verification, error) {
	now := f.Now()
	code := secret.NewCode()
	v := identity.EmailVerification{ID: identity.NewID[identity.VerificationID](now), EmailID: id}
	v.Code = f.challenge(string(v.ID), code, now)
	err := f.DB.Write(ctx, func(tx *store.Tx) error {
		e, err := verifiable(tx, id)
		if err != nil {
			return err
		}
		if err := f.mayMailForServer(tx, e.Address); err != nil {
			return err
		}
		if err := tx.InsertEmailVerification(v); err != nil {
			return err
		}
		if err := f.writeMail(tx, codeMailTo(e, code)); err != nil {
			return err
		}
		return auditVerification(tx, "email_address.verification.prepared", e, now)
	})
	return Verification{v, statusUnverified}, err
}

// mayMailForServer is mayMail for the customer's server, which asks for everybody:
// only the mails to the address count.
func (f *Flow) mayMailForServer(tx *store.Tx, to identity.Email) error {
	sent, err := tx.Counted(f.mailsTo(to), policy.MailsTo)
	if err != nil {
		return err
	}
	if denied := policy.Mail(policy.MailFacts{Now: f.Now(), To: sent}).Denied; denied != nil {
		return denied
	}
	_, err = tx.Count(f.mailsTo(to), f.Now(), 1)
	return err
}

// verifiable finds an address that may be verified by a code. One on a domain
// that signs in by SSO may not (threat T-ID-21).
func verifiable(tx *store.Tx, id identity.EmailID) (identity.EmailAddress, error) {
	e, err := tx.EmailAddress(id)
	if err != nil {
		return e, store.Missing(err, fault.New(fault.NotFound, "resource", "email address"))
	}
	facts := policy.EnforceFacts{Purpose: policy.ForAddress, Email: e.Address, Strategy: StrategyEmailCode}
	if facts.Connections, err = tx.ConnectionsByDomains(e.Address.Domain().Candidates()); err != nil {
		return e, err
	}
	if facts.Bound, err = tx.ConnectionsOfUser(e.UserID); err != nil {
		return e, err
	}
	return e, policy.Enforce(facts).Denied
}

// AttemptVerification judges a code. A wrong or old one is no error: the state
// says so. The right one proves the address.
func (f *Flow) AttemptVerification(ctx context.Context, id identity.EmailID, verification identity.VerificationID, code string) (v Verification, err error) {
	now := f.Now()
	err = f.DB.Write(ctx, func(tx *store.Tx) error {
		e, err := verifiable(tx, id)
		if err != nil {
			return err
		}
		v.EmailVerification, err = tx.EmailVerification(verification)
		if store.Optional(err) != nil {
			return err
		}
		if v.ID == "" || v.EmailID != e.ID {
			return fault.New(fault.NotFound, "resource", "verification")
		}
		if !v.VerifiedAt.IsZero() {
			return fault.New(fault.VerificationAlreadyVerified)
		}
		if v.Code.Tries, err = tx.CountEmailVerificationTry(v.ID); err != nil {
			return err
		}
		switch err := f.checkCode(string(v.ID), v.Code, v.Code.Tries, code); {
		case err == nil:
			v.Status, v.VerifiedAt = statusVerified, now
			if _, err := tx.CompleteEmailVerification(v.ID, now); err != nil {
				return err
			}
			if err := proveEmail(tx, e, now); err != nil {
				return err
			}
			if err := f.enroll(tx, e.UserID); err != nil {
				return err
			}
			return auditVerification(tx, "email_address.verified", e, now)
		case fault.Is(err, fault.VerificationExpired):
			v.Status = statusExpired
		case fault.Is(err, fault.VerificationFailed):
			v.Status = statusFailed
		default:
			v.Status = statusUnverified
		}
		return nil // commit: the try counts
	})
	return v, err
}

// auditVerification writes into the audit log what the customer's server did to
// prove an address.
func auditVerification(tx *store.Tx, action string, e identity.EmailAddress, now time.Time) error {
	return tx.Audit(identity.AuditEntry{
		At: now, Action: action, Subject: string(e.ID), Detail: map[string]string{"user_id": string(e.UserID)},
	})
}

// proveEmail marks an address as verified by a code, unless another person has
// proved it meanwhile.
func proveEmail(tx *store.Tx, e identity.EmailAddress, now time.Time) error {
	if e.IsVerified() {
		return nil
	}
	held, err := tx.HeldEmail(e.Address)
	if store.Optional(err) != nil {
		return err
	}
	if err == nil && held.ID != e.ID {
		return fault.New(fault.IdentificationClaimed, "param_name", "email_address")
	}
	e.Status, e.Strategy, e.VerifiedAt, e.UpdatedAt = identity.Verified, StrategyEmailCode, now, now
	return tx.UpdateEmailAddress(e)
}
