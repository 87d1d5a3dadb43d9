package backendapi

import (
	"net/http"
	"time"

	"usher/internal/httpio"
	"usher/internal/manage"
)

// maxFactsHours is manage.MostFacts.
const maxFactsHours = int64(manage.MostFacts / time.Hour)

type wireOutcomes struct {
	Complete int `json:"complete"`
	Refused  int `json:"refused"`
	Lost     int `json:"never_returned"`
}

type wireHour struct {
	Hour int64 `json:"hour"` // its beginning
	wireOutcomes
}

type wireCode struct {
	Code   string `json:"code"`
	Number int    `json:"count"`
}

// wireTimes is in milliseconds; of no attempts it is null.
type wireTimes struct {
	Number int   `json:"count"`
	P50    int64 `json:"p50"`
	P95    int64 `json:"p95"`
}

// wireDrift is in milliseconds: how far the provider's clock is ahead.
type wireDrift struct {
	Number int   `json:"count"`
	Mean   int64 `json:"mean"`
	Least  int64 `json:"least"`
	Most   int64 `json:"most"`
}

type wireAttribute struct {
	Name   string `json:"name"`
	Seen   int    `json:"seen"`
	Mapped string `json:"mapped_to,omitempty"`
}

type wireCertificateFacts struct {
	ConnectionID   string `json:"enterprise_connection_id"`
	ConnectionName string `json:"enterprise_connection_name"`
	Fingerprint    string `json:"sha256"`
	Subject        string `json:"subject"`
	NotBefore      int64  `json:"not_before"`
	NotAfter       int64  `json:"not_after"`
}

type wireConnectionFacts struct {
	Object string `json:"object"`
	From   int64  `json:"from"`
	To     int64  `json:"to"`
	wireOutcomes
	Unfinished   int                    `json:"unfinished"`
	SuccessRate  *float64               `json:"success_rate"` // null: nothing has ended
	LastSuccess  *int64                 `json:"last_success_at"`
	Provider     *wireTimes             `json:"provider_time"`
	Own          *wireTimes             `json:"own_time"`
	Drift        *wireDrift             `json:"clock_drift"`
	Codes        []wireCode             `json:"codes"`
	Hours        []wireHour             `json:"hours"`
	Attributes   []wireAttribute        `json:"attributes"`
	Looked       int                    `json:"attributes_of_attempts"`
	Certificates []wireCertificateFacts `json:"certificates"`
}

// handleConnectionFacts says how sign-ins through a connection went. Ours.
func (a *API) handleConnectionFacts(w http.ResponseWriter, r *http.Request) error {
	id, err := connectionID(r)
	if err != nil {
		return err
	}
	back, err := factsBack(r)
	if err != nil {
		return err
	}
	f, err := a.Manage.ConnectionFacts(r.Context(), id, back)
	if err != nil {
		return err
	}
	out := wireConnectionFacts{
		Object: "enterprise_connection_facts", From: f.From.UnixMilli(), To: f.To.UnixMilli(), wireOutcomes: outcomes(f.Outcomes),
		Unfinished: f.Unfinished, SuccessRate: successRate(f.Outcomes), LastSuccess: millisOrNull(f.LastSuccess),
		Provider: times(f.Provider), Own: times(f.Own), Codes: each(f.Codes, code), Hours: each(f.Hours, hour),
		Attributes: each(f.Attributes, func(a manage.AttributeFacts) wireAttribute { return wireAttribute(a) }),
		Looked:     f.Looked, Certificates: each(f.Certificates, certificateOf),
	}
	if d := f.Drift; d.Number > 0 {
		out.Drift = &wireDrift{d.Number, d.Mean.Milliseconds(), d.Least.Milliseconds(), d.Most.Milliseconds()}
	}
	return httpio.WriteJSON(w, http.StatusOK, out)
}

type wireRising struct {
	ConnectionID   string       `json:"enterprise_connection_id"`
	ConnectionName string       `json:"enterprise_connection_name"`
	OrganizationID string       `json:"organization_id,omitempty"`
	Before         wireOutcomes `json:"before"`
	Now            wireOutcomes `json:"now"`
}

type wireOverview struct {
	Object string `json:"object"`
	From   int64  `json:"from"`
	To     int64  `json:"to"`
	wireOutcomes
	SuccessRate *float64               `json:"success_rate"`
	Provider    *wireTimes             `json:"provider_time"`
	Own         *wireTimes             `json:"own_time"`
	Codes       []wireCode             `json:"codes"`
	Hours       []wireHour             `json:"hours"`
	Rising      []wireRising           `json:"rising"`
	Ending      []wireCertificateFacts `json:"certificates_ending"`
	All         bool                   `json:"certificates_complete"` // every connection was looked at
}

// handleOverview says how sign-ins went through all connections. Ours.
func (a *API) handleOverview(w http.ResponseWriter, r *http.Request) error {
	back, err := factsBack(r)
	if err != nil {
		return err
	}
	o, err := a.Manage.Overview(r.Context(), back)
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, wireOverview{
		Object: "sso_overview", From: o.From.UnixMilli(), To: o.To.UnixMilli(), wireOutcomes: outcomes(o.Outcomes),
		SuccessRate: successRate(o.Outcomes), Provider: times(o.Provider), Own: times(o.Own), Codes: each(o.Codes, code), Hours: each(o.Hours, hour),
		Rising: each(o.Rising, func(r manage.Rising) wireRising {
			return wireRising{
				string(r.Connection.ID), r.Connection.Name, string(r.Connection.OrganizationID), outcomes(r.Before), outcomes(r.Now),
			}
		}),
		Ending: each(o.Ending, certificateOf), All: o.All,
	})
}

func outcomes(o manage.Outcomes) wireOutcomes { return wireOutcomes{o.Complete, o.Refused, o.Lost} }

func hour(h manage.HourFacts) wireHour { return wireHour{h.Hour.UnixMilli(), outcomes(h.Outcomes)} }

func code(c manage.CodeFacts) wireCode { return wireCode(c) }

func certificateOf(c manage.CertificateFacts) wireCertificateFacts {
	return wireCertificateFacts{
		string(c.Connection), c.ConnectionName, c.Fingerprint, c.Subject, c.NotBefore.UnixMilli(), c.NotAfter.UnixMilli(),
	}
}

func successRate(o manage.Outcomes) *float64 {
	all := o.Complete + o.Refused + o.Lost
	if all == 0 {
		return nil
	}
	rate := float64(o.Complete) / float64(all)
	return &rate
}

func times(t manage.TimeFacts) *wireTimes {
	if t.Number == 0 {
		return nil
	}
	return &wireTimes{t.Number, t.P50.Milliseconds(), t.P95.Milliseconds()}
}
