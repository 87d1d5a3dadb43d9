package signin

import (
	"time"

	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/provision"
	"usher/internal/session"
	"usher/internal/store"
)

// arrival is a person whom policy has let in through a connection.
type arrival struct {
	signIn     identity.SignIn
	plan       policy.Plan
	connection identity.Connection
	settings   identity.Settings
	now        time.Time

	notAfter time.Time // the provider's limit of the session; zero: none
	refresh  refresh   // of an EASIE provider; zero: none came
}

// refresh is what an EASIE provider is asked with later: the token, and the issuer
// and subject of the ID token that came with it.
type refresh struct{ Token, Issuer, Subject string }

// arrive carries the plan out, makes the session and completes the attempt: the
// same for every protocol.
func (f *Flow) arrive(tx *store.Tx, v arrival, a *identity.Attempt) (Done, error) {
	c := v.connection
	applied, err := provision.Apply(tx, v.plan, verifiedBy(c.Provider), v.now)
	if err != nil {
		return Done{}, err
	}
	checkAt, err := f.keepRefreshToken(tx, v, applied.Account, a)
	if err != nil {
		return Done{}, err
	}
	done, err := f.finishSignIn(tx, v.signIn, session.Start{
		Client: v.signIn.ClientID, User: applied.User.ID, Connection: c.ID, Organization: c.OrganizationID,
		NotAfter: v.notAfter, CheckAt: checkAt, Settings: v.settings, Now: v.now,
	})
	if err != nil {
		return Done{}, err
	}
	a.State, a.FinishedAt = identity.AttemptComplete, v.now
	a.UserID, a.SessionID = applied.User.ID, done.Session.ID
	return done, nil
}

// verifiedBy is what verified an address that a provider vouches for, as Clerk's
// verifications name it.
func verifiedBy(p identity.Provider) string {
	switch p {
	case identity.OIDCCustom:
		return "from_oauth_custom"
	case identity.OIDCGitHubEnterprise:
		return "from_oauth_githubenterprise"
	case identity.OIDCGitLab:
		return "from_oauth_gitlab"
	case identity.OAuthGoogle:
		return "from_oauth_google"
	case identity.OAuthMicrosoft:
		return "from_oauth_microsoft"
	default:
		return "saml"
	}
}

func answerReceived(now time.Time) identity.Step {
	return identity.Step{At: now, Name: "answer_received", Passed: true, Plain: "The identity provider's answer arrived."}
}
