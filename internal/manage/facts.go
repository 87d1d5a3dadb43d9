package manage

import (
	"cmp"
	"context"
	"slices"
	"time"

	"usher/internal/identity"
	"usher/internal/store"
)

// What is told of many attempts at once: is it us or them?

const (
	// UsualFacts is the time that facts are about unless another is asked for.
	UsualFacts = 24 * time.Hour

	// MostFacts is the longest, as long as attempts are kept.
	MostFacts = 90 * 24 * time.Hour

	// lostAfter is how long after its start an attempt counts as one that never came
	// back: as long as a sign-in may stay at a provider.
	lostAfter = 15 * time.Minute

	// factsAttributes is how many of the latest attempts are looked at for the
	// attributes that come.
	factsAttributes = 200

	// countRounds bounds one run of counting; what is left waits for the next.
	countRounds = 240

	// endingSoon is how long before its end a certificate is told of.
	endingSoon = 30 * 24 * time.Hour

	// mostLooked is how many connections an overview looks at for certificates.
	mostLooked = 10_000

	mostRising = 20
)

// Outcomes are numbers of attempts by their end.
type Outcomes = store.Outcomes

// HourFacts is how the attempts of an hour ended.
type HourFacts struct {
	Hour time.Time
	Outcomes
}

// CodeFacts is how many attempts were refused with a code.
type CodeFacts struct {
	Code   string
	Number int
}

// TimeFacts is how long something took: half of the attempts, and 95 in 100, took no
// longer. Each is right to a tenth.
type TimeFacts struct {
	Number   int
	P50, P95 time.Duration
}

// DriftFacts is how far a provider's clock was ahead of ours, or behind where it is
// less than 0, the way of the answer included.
type DriftFacts struct {
	Number            int
	Mean, Least, Most time.Duration
}

// AttributeFacts is an attribute that came, or should have.
type AttributeFacts struct {
	Name   string
	Seen   int    // in how many of the attempts that were looked at
	Mapped string // to which field; empty: to none
}

// CertificateFacts is a certificate of a provider.
type CertificateFacts struct {
	Connection     identity.ConnectionID
	ConnectionName string
	Fingerprint    string // SHA-256, hexadecimal
	Subject        string
	NotBefore      time.Time
	NotAfter       time.Time
}

// ConnectionFacts is how sign-ins through a connection went.
type ConnectionFacts struct {
	From, To    time.Time
	Outcomes              // of all that have ended
	Unfinished  int       // whose answer was accepted, and whose browser did not come
	LastSuccess time.Time // zero: nobody ever came in
	Hours       []HourFacts
	Codes       []CodeFacts // the most frequent first

	Provider TimeFacts // from sending the browser to its coming back
	Own      TimeFacts // from then to the end; see identity.Attempt.Parts for what is in it
	Drift    DriftFacts

	Attributes   []AttributeFacts
	Looked       int // how many attempts with attributes these are of
	Certificates []CertificateFacts
}

// ConnectionFacts tells how sign-ins through a connection went, for as long as is
// asked back from now.
func (s *Service) ConnectionFacts(ctx context.Context, id identity.ConnectionID, back time.Duration) (f ConnectionFacts, err error) {
	w := s.window(back)
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		c, err := s.connection(tx, id)
		if err != nil {
			return err
		}
		t, err := tx.CountAttempts(id, w)
		if err != nil {
			return err
		}
		f = sum(t)
		f.From, f.To = w.From, w.To
		if f.LastSuccess, err = tx.LastSuccess(id, w.To); err != nil {
			return err
		}
		seen, looked, err := tx.AttributesSeen(id, factsAttributes)
		if err != nil {
			return err
		}
		f.Attributes, f.Looked = attributeFacts(c, seen), looked
		f.Certificates = storedCertificates(c)
		return nil
	})
	return f, err
}

func (s *Service) window(back time.Duration) store.Window {
	if back <= 0 {
		back = UsualFacts
	}
	now := s.Now()
	from := now.Add(-min(back, MostFacts)).Truncate(time.Hour)
	return store.Window{From: from, To: now, LostBefore: now.Add(-lostAfter)}
}

// sum adds up what was counted.
func sum(t store.Tally) ConnectionFacts {
	var f ConnectionFacts
	codes := map[string]int{}
	var total time.Duration
	for _, c := range t.Counts {
		if n := len(f.Hours); n == 0 || !f.Hours[n-1].Hour.Equal(c.Hour) {
			f.Hours = append(f.Hours, HourFacts{Hour: c.Hour})
		}
		hour := &f.Hours[len(f.Hours)-1]
		switch c.State {
		case identity.AttemptComplete:
			f.Complete, hour.Complete = f.Complete+c.Number, hour.Complete+c.Number
		case identity.AttemptRefused:
			f.Refused, hour.Refused = f.Refused+c.Number, hour.Refused+c.Number
			codes[c.Code] += c.Number
		case identity.AttemptStarted:
			f.Lost, hour.Lost = f.Lost+c.Number, hour.Lost+c.Number
		case identity.AttemptAdmitted:
			f.Unfinished += c.Number
		}
		if c.Dated == 0 {
			continue
		}
		if f.Drift.Number == 0 {
			f.Drift.Least, f.Drift.Most = c.DriftLeast, c.DriftMost
		}
		f.Drift.Number, total = f.Drift.Number+c.Dated, total+c.DriftSum
		f.Drift.Least, f.Drift.Most = min(f.Drift.Least, c.DriftLeast), max(f.Drift.Most, c.DriftMost)
	}
	if f.Drift.Number > 0 {
		f.Drift.Mean = total / time.Duration(f.Drift.Number)
	}
	for code, n := range codes {
		f.Codes = append(f.Codes, CodeFacts{code, n})
	}
	slices.SortFunc(f.Codes, func(a, b CodeFacts) int { return cmp.Or(b.Number-a.Number, cmp.Compare(a.Code, b.Code)) })
	f.Provider, f.Own = timeFacts(t.Times, identity.PartProvider), timeFacts(t.Times, identity.PartOwn)
	return f
}

func timeFacts(times []identity.TimeCount, part string) (f TimeFacts) {
	buckets := map[int]int{}
	for _, c := range times {
		if c.Part == part {
			buckets[c.Bucket] += c.Number
			f.Number += c.Number
		}
	}
	if f.Number == 0 {
		return f
	}
	order := make([]int, 0, len(buckets))
	for b := range buckets {
		order = append(order, b)
	}
	slices.Sort(order)
	below := 0
	for _, b := range order {
		below += buckets[b]
		if f.P50 == 0 && 2*below >= f.Number {
			f.P50 = identity.BucketTime(b)
		}
		if 100*below >= 95*f.Number {
			f.P95 = identity.BucketTime(b)
			break
		}
	}
	return f
}

// attributeFacts lists what came and what is mapped: that which is mapped first.
func attributeFacts(c identity.Connection, seen map[string]int) []AttributeFacts {
	mapped := map[string]string{}
	note := func(name, field string) {
		if name != "" {
			mapped[name] = field
		}
	}
	for _, a := range c.Config.CustomAttributes {
		note(a.SSOPath, "public_metadata."+a.Key)
	}
	if s := c.Config.SAML; s != nil {
		m := s.Mapping.WithPreset(c.Provider)
		note(m.FirstName, "first_name")
		note(m.LastName, "last_name")
		note(m.EmailAddress, "email_address")
		note(m.UserID, "user_id")
	} else {
		var conf identity.OIDCConfig
		if c.Config.OIDC != nil {
			conf = *c.Config.OIDC
		}
		m := conf.Mapping.WithPreset(c.Provider)
		note(m.FirstName, "first_name")
		note(m.LastName, "last_name")
		note(m.EmailAddress, "email_address")
		note(m.UserID, "user_id")
	}
	var list []AttributeFacts
	for name, field := range mapped {
		list = append(list, AttributeFacts{name, seen[name], field})
	}
	for name, n := range seen {
		if _, ok := mapped[name]; !ok {
			list = append(list, AttributeFacts{name, n, ""})
		}
	}
	slices.SortFunc(list, func(a, b AttributeFacts) int {
		if (a.Mapped == "") != (b.Mapped == "") {
			return cmp.Compare(b.Mapped, a.Mapped)
		}
		return cmp.Compare(a.Name, b.Name)
	})
	return list
}

func storedCertificates(c identity.Connection) []CertificateFacts {
	if c.Config.SAML == nil {
		return nil
	}
	var list []CertificateFacts
	for _, v := range Certificates(c.Config.SAML.IDPCertificates) {
		list = append(list, CertificateFacts{c.ID, c.Name, v.Fingerprint, v.Subject, v.NotBefore, v.NotAfter})
	}
	return list
}

// CountAttempts counts attempts of hours that are over, so that facts about them are
// cheap. It is run again and again.
func (s *Service) CountAttempts(ctx context.Context) error {
	for range countRounds {
		more := false
		err := s.DB.Write(ctx, func(tx *store.Tx) (err error) {
			more, err = tx.CountNextHour(s.Now())
			return err
		})
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// Overview is how sign-ins went through all connections.
type Overview struct {
	From, To time.Time
	Outcomes
	Hours    []HourFacts
	Codes    []CodeFacts
	Provider TimeFacts
	Own      TimeFacts

	Rising []Rising // connections at which more fails than in as long a time before

	// Ending are the certificates of active connections that end within 30 days, or
	// have ended with no other beside them; the first to end first.
	Ending []CertificateFacts
	Looked int  // at how many connections, for Ending
	All    bool // there are no more of them
}

// Rising is a connection at which more fails than before.
type Rising struct {
	Connection  identity.Connection
	Before, Now Outcomes
}

// Overview tells how sign-ins went through all connections, for as long as is asked
// back from now.
func (s *Service) Overview(ctx context.Context, back time.Duration) (o Overview, err error) {
	w := s.window(back)
	err = s.DB.Read(ctx, func(tx *store.Tx) error {
		t, err := tx.CountAttempts("", w)
		if err != nil {
			return err
		}
		f := sum(t)
		o = Overview{
			From: w.From, To: w.To, Outcomes: f.Outcomes, Hours: f.Hours, Codes: f.Codes, Provider: f.Provider, Own: f.Own,
		}
		trends, err := tx.AttemptTrends(w, mostRising*5)
		if err != nil {
			return err
		}
		for _, t := range trends {
			if !rises(t) || len(o.Rising) == mostRising {
				continue
			}
			c, err := tx.Connection(t.ConnectionID)
			if store.Optional(err) != nil {
				return err
			}
			if err == nil {
				o.Rising = append(o.Rising, Rising{c, t.Before, t.Now})
			}
		}
		return nil
	})
	if err != nil {
		return o, err
	}
	return o, s.ending(ctx, &o)
}

// rises reports whether more fails than before: at least three, and a tenth more of
// all. Ours.
func rises(t store.ConnectionTrend) bool {
	share := func(o Outcomes) float64 {
		all := o.Complete + o.Refused + o.Lost
		if all == 0 {
			return 0
		}
		return float64(o.Refused+o.Lost) / float64(all)
	}
	return t.Now.Refused+t.Now.Lost >= 3 && share(t.Now) >= share(t.Before)+0.1
}

// ending looks for certificates that are about to end, a page of connections at a
// time.
func (s *Service) ending(ctx context.Context, o *Overview) error {
	active, soon := true, s.Now().Add(endingSoon)
	for o.Looked < mostLooked {
		var page []identity.Connection
		err := s.DB.Read(ctx, func(tx *store.Tx) (err error) {
			page, _, err = tx.Connections(store.ConnectionFilter{Active: &active, SAML: true, OrderBy: "created_at"}, store.Page{Offset: o.Looked})
			return err
		})
		if err != nil {
			return err
		}
		o.Looked += len(page)
		for _, c := range page {
			list := storedCertificates(c)
			lasting := slices.ContainsFunc(list, func(f CertificateFacts) bool { return f.NotAfter.After(soon) })
			for _, f := range list {
				if f.NotAfter.Before(soon) && (f.NotAfter.After(s.Now()) || !lasting) {
					o.Ending = append(o.Ending, f)
				}
			}
		}
		if o.All = len(page) == 0; o.All {
			break
		}
	}
	slices.SortFunc(o.Ending, func(a, b CertificateFacts) int { return a.NotAfter.Compare(b.NotAfter) })
	return nil
}
