package signin

import (
	"context"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/policy"
	"usher/internal/store"
)

// AttemptFilter says which attempts a list is about.
type AttemptFilter = store.AttemptFilter

// Explanation is an attempt with what is needed to read it.
type Explanation struct {
	Attempt      identity.Attempt
	Connection   identity.Connection // zero if it has been deleted
	Organization identity.Organization
	Refusal      *fault.Error // nil if it was not refused
	Overdue      bool         // sent to the provider and not back in time
}

// Explain reads an attempt.
func (f *Flow) Explain(ctx context.Context, id identity.AttemptID) (Explanation, error) {
	var e Explanation
	err := f.DB.Read(ctx, func(tx *store.Tx) error {
		a, err := tx.Attempt(id)
		if err != nil {
			return store.Missing(err, fault.New(fault.SSOAttemptNotFound))
		}
		e, err = f.explanation(tx, a)
		return err
	})
	return e, err
}

// Attempts lists attempts, newest first.
func (f *Flow) Attempts(ctx context.Context, filter store.AttemptFilter, page store.Page) (list []Explanation, total int, err error) {
	err = f.DB.Read(ctx, func(tx *store.Tx) error {
		list = nil
		attempts, n, err := tx.Attempts(filter, page)
		if err != nil {
			return err
		}
		total = n
		for _, a := range attempts {
			e, err := f.explanation(tx, a)
			if err != nil {
				return err
			}
			list = append(list, e)
		}
		return nil
	})
	return list, total, err
}

func (f *Flow) explanation(tx *store.Tx, a identity.Attempt) (e Explanation, err error) {
	e.Attempt = a
	e.Overdue = a.State == identity.AttemptStarted && f.Now().After(a.StartedAt.Add(pendingLife))
	if a.Code != "" {
		e.Refusal = refusalOf(a)
	}
	if e.Connection, err = tx.Connection(a.ConnectionID); store.Optional(err) != nil {
		return e, err
	}
	if a.OrganizationID != "" {
		e.Organization, err = tx.Organization(a.OrganizationID)
	}
	return e, store.Optional(err)
}

// refusalOf makes the fault of a refused attempt again, for its words.
func refusalOf(a identity.Attempt) *fault.Error {
	var meta, detail []any
	for k, v := range a.Meta {
		meta = append(meta, k, v)
	}
	for k, v := range a.Detail {
		detail = append(detail, k, v)
	}
	return fault.New(fault.Code(a.Code), meta...).Detail(detail...)
}

// Simulation says what would happen if the owner of an address signed in now.
type Simulation struct {
	Email       identity.Email
	Discovery   policy.Discovery
	Outcomes    []Outcome     // one a connection; empty without SSO
	User        identity.User // who holds the address today; zero if nobody
	Factors     []string      // without SSO: what would be asked for
	FactorTrace policy.Trace
}

// Outcome is what one connection would lead to.
type Outcome struct {
	Connection   identity.Connection
	Organization identity.Organization
	Decision     policy.Decision
}

// Simulate asks policy what would happen, with the very functions of a sign-in,
// in a transaction that writes nothing. The provider is taken to vouch for the
// address, and for the same person as last time where there was one.
func (f *Flow) Simulate(ctx context.Context, address string) (Simulation, error) {
	email, err := identity.ParseEmail(address)
	if err != nil {
		return Simulation{}, err
	}
	sim := Simulation{Email: email}
	err = f.DB.Read(ctx, func(tx *store.Tx) error {
		var err error
		if sim.Discovery, err = discover(tx, email); err != nil {
			return err
		}
		if sim.User, err = userOf(tx, email); err != nil {
			return err
		}
		sim.Outcomes = nil
		for _, c := range sim.Discovery.Connections {
			o, err := f.simulate(tx, c, email, sim.User)
			if err != nil {
				return err
			}
			sim.Outcomes = append(sim.Outcomes, o)
		}
		if len(sim.Outcomes) > 0 {
			return nil
		}
		return simulateFactors(tx, &sim)
	})
	return sim, err
}

// simulateFactors says what a person without SSO would be asked for.
func simulateFactors(tx *store.Tx, sim *Simulation) error {
	d, err := enforcement(tx, sim.User, sim.Email, StrategyEmailCode)
	if err != nil {
		return err
	}
	sim.Factors, sim.FactorTrace = nil, d.Trace
	if d.Denied != nil {
		return nil
	}
	step, err := firstFactor(tx)
	if step == NextPassword {
		sim.Factors = append(sim.Factors, StrategyPassword)
	}
	sim.Factors = append(sim.Factors, StrategyEmailCode)
	return err
}

func (f *Flow) simulate(tx *store.Tx, c identity.Connection, email identity.Email, u identity.User) (Outcome, error) {
	o := Outcome{Connection: c}
	claims := vouched(c, email)
	if u.ID != "" {
		account, err := tx.AccountOf(c.ID, u.ID)
		if store.Optional(err) != nil {
			return o, err
		}
		if account.ID != "" {
			claims.Subject, claims.SubjectFormat = account.Subject, account.SubjectFormat
		}
	}
	in, err := tx.Instance()
	if err != nil {
		return o, err
	}
	facts, err := loadFacts(tx, policy.AdmitFacts{
		Now: f.Now(), Settings: in.Settings, Connection: c, Claims: claims, TypedEmail: email,
	})
	if err != nil {
		return o, err
	}
	o.Decision = policy.Admit(facts)
	if c.OrganizationID != "" {
		o.Organization, err = tx.Organization(c.OrganizationID)
	}
	return o, store.Optional(err)
}

// vouched is what a provider says that vouches for an address as the connection
// wants it, about somebody new.
func vouched(c identity.Connection, email identity.Email) policy.Claims {
	claims := policy.Claims{
		Protocol: policy.ProtocolOIDC, Subject: "simulated:" + string(email),
		Email: email, RawEmail: string(email), EmailVerified: true,
	}
	switch {
	case c.Provider.IsSAML():
		claims.Protocol = policy.ProtocolSAML
	case c.Provider.IsEASIE():
		claims.Tenant = &policy.Tenant{HostedDomain: string(email.Domain()), ID: c.TenantID, OwnsDomain: true}
		if c.TenantID == "" {
			claims.Tenant.ID = "simulated"
		}
	}
	return claims
}
