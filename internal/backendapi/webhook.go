package backendapi

import (
	"encoding/json"
	"net/http"
	"slices"
	"time"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
)

// webhookRoutes are the operations on webhook endpoints; ours. Clerk's three lead
// to the pages of a service that Usher does not use.
func (a *API) webhookRoutes() map[string]httpio.Handler {
	const endpoint = "/webhooks/endpoints/{endpoint_id}"
	return map[string]httpio.Handler{
		"GET /webhooks/event_types":    a.handleEventTypes,
		"GET /webhooks/endpoints":      a.handleEndpoints,
		"POST /webhooks/endpoints":     a.handleCreateEndpoint,
		"GET " + endpoint:              a.handleEndpoint,
		"PATCH " + endpoint:            a.handleChangeEndpoint,
		"DELETE " + endpoint:           a.handleDeleteEndpoint,
		"POST " + endpoint + "/secret": a.handleRotateEndpointSecret,
		"POST " + endpoint + "/replay": a.handleReplay,

		"GET " + endpoint + "/deliveries":                       a.handleDeliveries,
		"GET " + endpoint + "/deliveries/{delivery_id}":         a.handleDelivery,
		"POST " + endpoint + "/deliveries/{delivery_id}/replay": a.handleReplayDelivery,
	}
}

// svixRoutes are Clerk's operations that lead to Svix. They are no operations of
// Usher's, but say so.
func svixRoutes() map[string]httpio.Handler {
	return map[string]httpio.Handler{
		"POST /webhooks/svix":     handleSvix,
		"DELETE /webhooks/svix":   handleSvix,
		"POST /webhooks/svix_url": handleSvix,
	}
}

func handleSvix(http.ResponseWriter, *http.Request) error {
	return fault.New(fault.FeatureNotImplemented)
}

// endpointBody is what a caller may send for an endpoint.
type endpointBody struct {
	URL         *string   `json:"url"`
	Description *string   `json:"description"`
	Types       *[]string `json:"event_types"`
	Contacts    *[]string `json:"contacts"`
	Disabled    *bool     `json:"disabled"`
}

type wireEndpoint struct {
	Object          string               `json:"object"`
	ID              string               `json:"id"`
	URL             string               `json:"url"`
	Description     string               `json:"description"`
	Types           []identity.EventType `json:"event_types"` // empty: all
	Contacts        []identity.Email     `json:"contacts"`
	Disabled        bool                 `json:"disabled"`
	DisabledAt      *int64               `json:"disabled_at"`
	DisabledBecause *string              `json:"disabled_because"`
	Secret          string               `json:"secret,omitempty"` // when it was just made
	OldSecretUntil  *int64               `json:"old_secret_until"`
	Health          wireHealth           `json:"health"`
	CreatedAt       int64                `json:"created_at"`
	UpdatedAt       int64                `json:"updated_at"`
}

// wireHealth is how deliveries have gone; the counts are of events of the last 24
// hours.
type wireHealth struct {
	Waiting       int      `json:"waiting"`
	Delivered     int      `json:"delivered"`
	Failed        int      `json:"failed"`
	SuccessRate   *float64 `json:"success_rate"` // of those that are over
	FailuresInRow int      `json:"failures_in_a_row"`
	FailingSince  *int64   `json:"failing_since"`
	RestsUntil    *int64   `json:"rests_until"`
	LastSuccessAt *int64   `json:"last_success_at"`
	LastFailureAt *int64   `json:"last_failure_at"`
}

func wireEndpointOf(v manage.EndpointView) wireEndpoint {
	w := wireEndpoint{
		Object: "webhook_endpoint", ID: string(v.ID), URL: v.URL, Description: v.Description,
		Types: append([]identity.EventType{}, v.Types...), Contacts: append([]identity.Email{}, v.Contacts...),
		Disabled: !v.DisabledAt.IsZero(), DisabledAt: millisOrNull(v.DisabledAt), DisabledBecause: orNull(v.DisabledBecause),
		OldSecretUntil: millisOrNull(v.Secret.OldUntil),
		Health: wireHealth{
			Waiting: v.Counts.Waiting, Delivered: v.Counts.Delivered, Failed: v.Counts.Failed, FailuresInRow: v.Health.Failures,
			FailingSince: millisOrNull(v.Health.FailingSince), RestsUntil: millisOrNull(v.Health.RestUntil),
			LastSuccessAt: millisOrNull(v.Health.LastSuccessAt), LastFailureAt: millisOrNull(v.Health.LastFailureAt),
		},
		CreatedAt: millis(v.CreatedAt), UpdatedAt: millis(v.UpdatedAt),
	}
	if over := v.Counts.Delivered + v.Counts.Failed; over > 0 {
		rate := float64(v.Counts.Delivered) / float64(over)
		w.Health.SuccessRate = &rate
	}
	return w
}

// writeEndpoint shows an endpoint; its secret only to who just had it made
// (threat T-SEC-04).
func writeEndpoint(w http.ResponseWriter, v manage.EndpointView, err error) error {
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, wireEndpointOf(v))
}

func writeFreshEndpoint(w http.ResponseWriter, v manage.EndpointView, err error) error {
	if err != nil {
		return err
	}
	wire := wireEndpointOf(v)
	wire.Secret = v.Secret.Current
	return httpio.WriteJSON(w, http.StatusOK, wire)
}

func (a *API) handleEventTypes(w http.ResponseWriter, r *http.Request) error {
	if err := unpaged(r); err != nil {
		return err
	}
	types := identity.EventTypes()
	return httpio.WriteJSON(w, http.StatusOK, list{types, len(types)})
}

func (a *API) handleEndpoints(w http.ResponseWriter, r *http.Request) error {
	if err := unpaged(r); err != nil {
		return err
	}
	items, err := a.Manage.Endpoints(r.Context())
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, list{each(items, wireEndpointOf), len(items)})
}

func (a *API) handleCreateEndpoint(w http.ResponseWriter, r *http.Request) error {
	var b endpointBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	v, err := a.Manage.CreateEndpoint(r.Context(), manage.EndpointChange(b))
	return writeFreshEndpoint(w, v, err)
}

func (a *API) handleEndpoint(w http.ResponseWriter, r *http.Request) error {
	v, err := a.Manage.Endpoint(r.Context(), r.PathValue("endpoint_id"))
	return writeEndpoint(w, v, err)
}

func (a *API) handleChangeEndpoint(w http.ResponseWriter, r *http.Request) error {
	var b endpointBody
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	v, err := a.Manage.ChangeEndpoint(r.Context(), r.PathValue("endpoint_id"), manage.EndpointChange(b))
	return writeEndpoint(w, v, err)
}

func (a *API) handleDeleteEndpoint(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("endpoint_id")
	if err := a.Manage.DeleteEndpoint(r.Context(), id); err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, deleted{Object: "webhook_endpoint", ID: id, Deleted: true})
}

func (a *API) handleRotateEndpointSecret(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		AtOnce bool `json:"at_once"`
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	rotate := a.Manage.RotateEndpointSecret
	if b.AtOnce {
		rotate = a.Manage.ReplaceEndpointSecret
	}
	v, err := rotate(r.Context(), r.PathValue("endpoint_id"))
	return writeFreshEndpoint(w, v, err)
}

func (a *API) handleReplay(w http.ResponseWriter, r *http.Request) error {
	var b struct {
		Since int64 `json:"since"` // Unix milliseconds
	}
	if err := httpio.ReadJSON(w, r, &b); err != nil {
		return err
	}
	if b.Since <= 0 {
		return fault.New(fault.FormParamMissing, "param_name", "since")
	}
	n, err := a.Manage.Replay(r.Context(), r.PathValue("endpoint_id"), time.UnixMilli(b.Since))
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, map[string]int{"replayed": n})
}

type wireDelivery struct {
	Object     string                  `json:"object"`
	ID         string                  `json:"id"`
	EndpointID string                  `json:"endpoint_id"`
	EventID    string                  `json:"event_id"` // the svix-id
	Type       identity.EventType      `json:"event_type"`
	Status     identity.DeliveryStatus `json:"status"`
	Tries      int                     `json:"tries"`
	NextAt     *int64                  `json:"next_at"`
	CreatedAt  int64                   `json:"created_at"`
	FinishedAt *int64                  `json:"finished_at"`
	Data       json.RawMessage         `json:"data,omitempty"`
	Log        []wireTry               `json:"log,omitempty"`
}

type wireTry struct {
	Number  int     `json:"number"`
	At      int64   `json:"at"`
	TookMS  int64   `json:"took_ms"`
	Code    *int    `json:"status_code"`
	Failure *string `json:"failure"`
	Answer  string  `json:"answer"`
}

func wireDeliveryOf(d identity.Delivery) wireDelivery {
	w := wireDelivery{
		Object: "webhook_delivery", ID: string(d.ID), EndpointID: string(d.EndpointID), EventID: string(d.EventID), Type: d.Type,
		Status: d.Status, Tries: d.Tries, CreatedAt: millis(d.CreatedAt), FinishedAt: millisOrNull(d.FinishedAt),
	}
	if d.Status == identity.DeliveryWaiting {
		w.NextAt = millisOrNull(d.NextAt)
	}
	return w
}

func (a *API) handleDeliveries(w http.ResponseWriter, r *http.Request) error {
	q, err := query(r, "status", "event_id", "event_type")
	if err != nil {
		return err
	}
	limit, offset, pageErr := q.Page()
	status, statusErr := q.Text("status")
	event, eventErr := q.Text("event_id")
	kind, kindErr := q.Text("event_type")
	known := []identity.DeliveryStatus{"", identity.DeliveryWaiting, identity.Delivered, identity.DeliveryFailed}
	if !slices.Contains(known, identity.DeliveryStatus(status)) {
		statusErr = fault.New(fault.FormParamValueInvalid, "param_name", "status")
	}
	if err := fault.Join(pageErr, statusErr, eventErr, kindErr); err != nil {
		return err
	}
	items, total, err := a.Manage.Deliveries(r.Context(), r.PathValue("endpoint_id"), manage.DeliveryFilter{
		Status: identity.DeliveryStatus(status), EventID: identity.EventID(event), Type: identity.EventType(kind),
	}, manage.Page{Limit: limit, Offset: offset})
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, list{each(items, wireDeliveryOf), total})
}

func (a *API) handleDelivery(w http.ResponseWriter, r *http.Request) error {
	v, err := a.Manage.Delivery(r.Context(), r.PathValue("endpoint_id"), r.PathValue("delivery_id"))
	if err != nil {
		return err
	}
	wire := wireDeliveryOf(v.Delivery)
	if wire.Data, err = logged(v.Event); err != nil {
		return err
	}
	wire.Log = each(v.Tries, func(t identity.DeliveryTry) wireTry {
		w := wireTry{Number: t.Number, At: millis(t.At), TookMS: t.Took.Milliseconds(), Failure: orNull(t.Failure), Answer: t.Answer}
		if t.Code != 0 {
			w.Code = &t.Code
		}
		return w
	})
	return httpio.WriteJSON(w, http.StatusOK, wire)
}

func (a *API) handleReplayDelivery(w http.ResponseWriter, r *http.Request) error {
	d, err := a.Manage.ReplayDelivery(r.Context(), r.PathValue("endpoint_id"), r.PathValue("delivery_id"))
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, wireDeliveryOf(d))
}
