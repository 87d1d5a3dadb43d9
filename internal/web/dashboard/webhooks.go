package dashboard

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/web/page"
)

const (
	webhooksPath = root + "/webhooks"
	oneWebhook   = webhooksPath + "/{endpoint_id}"
	oneDelivery  = oneWebhook + "/deliveries/{delivery_id}"
)

func (u *UI) webhookRoutes() map[string]handler {
	return map[string]handler{
		"GET " + webhooksPath:              u.handleWebhooks,
		"GET " + webhooksPath + "/new":     u.handleNewWebhook,
		"POST " + webhooksPath:             u.handleCreateWebhook,
		"GET " + oneWebhook:                u.handleWebhook,
		"GET " + oneWebhook + "/settings":  u.handleWebhookSettings,
		"POST " + oneWebhook + "/settings": u.handleChangeWebhook,
		"POST " + oneWebhook + "/switch":   u.handleSwitchWebhook,
		"POST " + oneWebhook + "/secret":   u.sure(u.handleRotateWebhook),
		"POST " + oneWebhook + "/replay":   u.handleReplayWebhook,
		"GET " + oneWebhook + "/delete":    u.handleDeleteWebhookPage,
		"POST " + oneWebhook + "/delete":   u.handleDeleteWebhook,
		"GET " + oneDelivery:               u.handleDelivery,
		"POST " + oneDelivery + "/replay":  u.handleReplayDelivery,
	}
}

func webhookNotices() map[string]string {
	return map[string]string{
		"webhook_changed":  "The endpoint has been changed.",
		"webhook_on":       "Events are delivered to the endpoint.",
		"webhook_off":      "Nothing is delivered to the endpoint until you switch it on again. What happens meanwhile is not sent later, unless you replay it.",
		"webhook_replayed": "What failed since yesterday is on its way again.",
		"webhook_deleted":  "The endpoint has been deleted.",
		"delivery_again":   "The delivery is on its way again.",
	}
}

func webhookPath(id identity.EndpointID) string { return webhooksPath + "/" + string(id) }

func (u *UI) handleWebhooks(w http.ResponseWriter, r *http.Request, op operator) error {
	list, err := u.Manage.Endpoints(r.Context())
	if err != nil {
		return err
	}
	return u.show(w, r, op, webhooksScreen(list, u.Now()))
}

func webhooksScreen(list []manage.EndpointView, now time.Time) page.Screen {
	add := page.Action{Text: "Add endpoint", URL: webhooksPath + "/new", Kind: "primary"}
	s := page.Screen{Title: "Webhooks", Lead: "Your servers are told of what happens here: signed, in order for each thing, at least once.", Actions: []page.Action{add}}
	if len(list) == 0 {
		s.Blocks = []page.Block{{Empty: &page.Empty{Icon: "hook", Title: "No endpoint yet", Text: "Add the address of your server, and it hears of new users, members and sign-ins as they happen.", Actions: []page.Action{add}}}}
		return s
	}
	t := &page.Table{Caption: "Endpoints", Columns: []page.Column{{Title: "Endpoint"}, {Title: "Events"}, {Title: "State"}, {Title: "Last day"}, {Title: "Last success"}}}
	for _, e := range list {
		t.Rows = append(t.Rows, page.Row{Cells: []page.Cell{
			{Text: e.URL, More: e.Description, URL: webhookPath(e.ID)}, {Text: typesText(e.Types)}, {Badges: webhookState(e)}, {Text: countsText(e)}, {When: page.Since(now, e.Health.LastSuccessAt)},
		}})
	}
	s.Blocks = []page.Block{{Table: t}}
	return s
}

func typesText(types []identity.EventType) string {
	switch len(types) {
	case 0:
		return "All"
	case 1:
		return string(types[0])
	}
	return strconv.Itoa(len(types)) + " kinds"
}

func webhookState(e manage.EndpointView) []page.Badge {
	switch {
	case !e.DisabledAt.IsZero():
		return []page.Badge{{Text: "Off"}}
	case !e.Health.FailingSince.IsZero():
		return []page.Badge{{Text: "Failing", Kind: "danger"}}
	}
	return []page.Badge{{Text: "On", Kind: "success"}}
}

func countsText(e manage.EndpointView) string {
	return strconv.Itoa(e.Counts.Delivered) + " delivered, " + strconv.Itoa(e.Counts.Waiting) + " waiting, " + strconv.Itoa(e.Counts.Failed) + " failed"
}

func (u *UI) handleNewWebhook(w http.ResponseWriter, r *http.Request, op operator) error {
	return u.show(w, r, op, newWebhookScreen(map[string]string{}))
}

func newWebhookScreen(given map[string]string) page.Screen {
	return page.Screen{
		Title: "Add endpoint", Crumbs: []page.Link{{Text: "Webhooks", URL: webhooksPath}},
		Blocks: []page.Block{{Form: webhookForm(webhooksPath, "Add endpoint", webhooksPath, given)}},
	}
}

// webhookForm asks for everything about an endpoint.
func webhookForm(action, submit, cancel string, given map[string]string) *page.Form {
	return &page.Form{
		Action: action, Submit: submit, Cancel: cancel,
		Fields: []page.Field{
			{Kind: "url", Name: "url", Label: "URL", Value: given["url"], Max: 2048, Example: "https://api.example.com/webhooks", Hint: "Reached over https, at a public address."},
			{Name: "description", Label: "Description", Value: given["description"], Optional: true, Max: 256},
			{Kind: "textarea", Name: "events", Label: "Events", Value: given["events"], Optional: true, Code: true, Rows: 5, Hint: "One on each line, such as user.created. Without any, all are sent: " + eventNames() + "."},
			{Kind: "textarea", Name: "contacts", Label: "Who is told", Value: given["contacts"], Optional: true, Rows: 2, Hint: "Addresses, one on each line, that get a mail when the endpoint is switched off because it has failed for three days."},
		},
	}
}

func eventNames() string {
	types := identity.EventTypes()
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = string(t)
	}
	return strings.Join(names, ", ")
}

// webhookGiven reads the form about an endpoint.
func webhookGiven(form httpio.Params) (map[string]string, manage.EndpointChange, error) {
	given, err := values(form, "url", "description", "events", "contacts")
	if err != nil {
		return nil, manage.EndpointChange{}, err
	}
	address, description := strings.TrimSpace(given["url"]), given["description"]
	types, contacts := lines(given["events"]), lines(given["contacts"])
	return given, manage.EndpointChange{URL: &address, Description: &description, Types: &types, Contacts: &contacts}, nil
}

// lines are the words of a text with one on each line.
func lines(text string) []string {
	list := strings.FieldsFunc(text, func(c rune) bool { return strings.ContainsRune(" \t\r\n,;", c) })
	if list == nil {
		return []string{}
	}
	return list
}

func (u *UI) handleCreateWebhook(w http.ResponseWriter, r *http.Request, op operator) error {
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	given, ch, err := webhookGiven(form)
	if err != nil {
		return err
	}
	e, err := u.Manage.CreateEndpoint(r.Context(), ch)
	if list, status, ok := problems(err); ok {
		s := newWebhookScreen(given)
		s.Problems = webhookProblems(list)
		return u.showAs(w, r, op, status, s)
	}
	if err != nil {
		return err
	}
	return u.show(w, r, op, webhookSecretScreen(e))
}

// webhookProblems puts problems at the fields of the form.
func webhookProblems(list []page.Problem) []page.Problem {
	for i := range list {
		if list[i].Field == "types" {
			list[i].Field = "events"
		}
	}
	return list
}

// webhookSecretScreen shows the secret this once.
func webhookSecretScreen(e manage.EndpointView) page.Screen {
	return page.Screen{
		Title: "The signing secret", Crumbs: []page.Link{{Text: "Webhooks", URL: webhooksPath}, {Text: e.URL, URL: webhookPath(e.ID)}},
		Lead: "Your server checks with it that a delivery comes from here.",
		Blocks: []page.Block{{
			Alert: &page.Alert{Kind: "warning", Title: "Copy it now", Text: "It is shown this once."},
			Facts: []page.Fact{{Term: "Endpoint", Text: e.URL}, {Term: "Signing secret", Text: e.Secret.Current, Copy: true}}, Actions: []page.Action{{Text: "Done", URL: webhookPath(e.ID), Kind: "primary"}},
		}},
	}
}

func (u *UI) handleWebhook(w http.ResponseWriter, r *http.Request, op operator) error {
	e, err := u.Manage.Endpoint(r.Context(), r.PathValue("endpoint_id"))
	if err != nil {
		return err
	}
	l, err := newListing(r)
	if err != nil {
		return err
	}
	f := manage.DeliveryFilter{}
	if status := identity.DeliveryStatus(l.text("status")); slices.Contains([]identity.DeliveryStatus{identity.DeliveryWaiting, identity.Delivered, identity.DeliveryFailed}, status) {
		f.Status = status
	}
	list, total, err := u.Manage.Deliveries(r.Context(), string(e.ID), f, l.page())
	if err != nil {
		return err
	}
	return u.show(w, r, op, webhookScreen(e, l, list, total, u.Now()))
}

func webhookScreen(e manage.EndpointView, l listing, list []identity.Delivery, total int, now time.Time) page.Screen {
	path := webhookPath(e.ID)
	s := page.Screen{
		Title: e.URL, Lead: e.Description, Badges: webhookState(e), Crumbs: []page.Link{{Text: "Webhooks", URL: webhooksPath}},
		Actions: []page.Action{{Text: "Change", URL: path + "/settings"}},
	}
	if !e.DisabledAt.IsZero() {
		s.Actions = append(s.Actions, page.Action{Text: "Switch on", URL: path + "/switch", Post: true, Kind: "primary", Fields: []page.Hidden{{Name: "on", Value: "true"}}})
		s.Blocks = append(s.Blocks, page.Block{Alert: &page.Alert{Kind: "warning", Title: "It is switched off", Text: e.DisabledBecause}})
	} else if !e.Health.FailingSince.IsZero() {
		s.Blocks = append(s.Blocks, page.Block{Alert: &page.Alert{
			Kind: "danger", Title: "Deliveries fail since " + page.Since(now, e.Health.FailingSince).Text,
			Text: strconv.Itoa(e.Health.Failures) + " tries in a row. They are repeated for three days; then the endpoint is switched off. Open one below to see what your server answered.",
		}})
	}
	s.Blocks = append(s.Blocks, page.Block{Numbers: []page.Number{
		{Label: "Delivered, last day", Value: strconv.Itoa(e.Counts.Delivered)},
		{Label: "Waiting", Value: strconv.Itoa(e.Counts.Waiting)},
		{Label: "Failed, last day", Value: strconv.Itoa(e.Counts.Failed), Kind: dangerIf(e.Counts.Failed)},
	}})
	b := page.Block{
		Title: "Deliveries", Search: l.search("", l.filter("status", "State", "", "All", "waiting", "Waiting", "delivered", "Delivered", "failed", "Failed")),
		Actions: []page.Action{{Text: "Replay what failed since yesterday", URL: path + "/replay", Post: true}},
	}
	if len(list) == 0 {
		b.Empty = &page.Empty{Icon: "hook", Title: "Nothing yet", Text: "Deliveries appear here as things happen."}
	} else {
		b.Table = &page.Table{Caption: "Deliveries", Pager: l.pager(len(list), total), Columns: []page.Column{{Title: "Event"}, {Title: "State"}, {Title: "Tries", Number: true}, {Title: "Happened"}, {Title: "Next try"}}}
		for _, d := range list {
			b.Table.Rows = append(b.Table.Rows, page.Row{Cells: []page.Cell{
				{Text: string(d.Type), More: string(d.ID), URL: path + "/deliveries/" + string(d.ID)}, {Badges: []page.Badge{deliveryBadge(d.Status)}}, {Text: strconv.Itoa(d.Tries)}, {When: page.Since(now, d.CreatedAt)}, nextTry(d, now),
			}})
		}
	}
	s.Blocks = append(s.Blocks, b, page.Block{
		Title: "Signing secret", Text: "After a rotation the old one signs beside the new for a day, so that your server can be changed in between.",
		Actions: []page.Action{{Text: "Rotate secret", URL: path + "/secret", Post: true}},
	}, page.Block{Title: "Delete", Dangerous: true, Actions: []page.Action{
		{Text: "Switch off", URL: path + "/switch", Post: true}, {Text: "Delete endpoint", URL: path + "/delete", Kind: "danger"},
	}})
	return s
}

func dangerIf(n int) string {
	if n > 0 {
		return "danger"
	}
	return ""
}

func deliveryBadge(s identity.DeliveryStatus) page.Badge {
	switch s {
	case identity.Delivered:
		return page.Badge{Text: "Delivered", Kind: "success"}
	case identity.DeliveryFailed:
		return page.Badge{Text: "Failed", Kind: "danger"}
	default:
		return page.Badge{Text: "Waiting", Kind: "accent"}
	}
}

func nextTry(d identity.Delivery, now time.Time) page.Cell {
	if d.Status != identity.DeliveryWaiting {
		return page.Cell{}
	}
	return page.Cell{When: page.Since(now, d.NextAt)}
}

// endpointGiven is what the form about an endpoint shows at first.
func endpointGiven(e manage.EndpointView) map[string]string {
	types, contacts := make([]string, len(e.Types)), make([]string, len(e.Contacts))
	for i, t := range e.Types {
		types[i] = string(t)
	}
	for i, c := range e.Contacts {
		contacts[i] = string(c)
	}
	return map[string]string{"url": e.URL, "description": e.Description, "events": strings.Join(types, "\n"), "contacts": strings.Join(contacts, "\n")}
}

func (u *UI) handleWebhookSettings(w http.ResponseWriter, r *http.Request, op operator) error {
	e, err := u.Manage.Endpoint(r.Context(), r.PathValue("endpoint_id"))
	if err != nil {
		return err
	}
	return u.show(w, r, op, webhookSettingsScreen(e, endpointGiven(e)))
}

func webhookSettingsScreen(e manage.EndpointView, given map[string]string) page.Screen {
	path := webhookPath(e.ID)
	return page.Screen{
		Title: "Change endpoint", Crumbs: []page.Link{{Text: "Webhooks", URL: webhooksPath}, {Text: e.URL, URL: path}},
		Blocks: []page.Block{{Form: webhookForm(path+"/settings", "Save", path, given)}},
	}
}

func (u *UI) handleChangeWebhook(w http.ResponseWriter, r *http.Request, op operator) error {
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	given, ch, err := webhookGiven(form)
	if err != nil {
		return err
	}
	e, err := u.Manage.ChangeEndpoint(r.Context(), r.PathValue("endpoint_id"), ch)
	if list, status, ok := problems(err); ok {
		before, err := u.Manage.Endpoint(r.Context(), r.PathValue("endpoint_id"))
		if err != nil {
			return err
		}
		s := webhookSettingsScreen(before, given)
		s.Problems = webhookProblems(list)
		return u.showAs(w, r, op, status, s)
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, after(webhookPath(e.ID), "webhook_changed"))
}

func (u *UI) handleSwitchWebhook(w http.ResponseWriter, r *http.Request, _ operator) error {
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	on, _, err := form.Bool("on")
	if err != nil {
		return err
	}
	off := !on
	e, err := u.Manage.ChangeEndpoint(r.Context(), r.PathValue("endpoint_id"), manage.EndpointChange{Disabled: &off})
	if err != nil {
		return err
	}
	done := "webhook_off"
	if on {
		done = "webhook_on"
	}
	return seeOther(w, r, after(webhookPath(e.ID), done))
}

func (u *UI) handleRotateWebhook(w http.ResponseWriter, r *http.Request, op operator) error {
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	e, err := u.Manage.RotateEndpointSecret(r.Context(), r.PathValue("endpoint_id"))
	if err != nil {
		return err
	}
	return u.show(w, r, op, webhookSecretScreen(e))
}

// replayed is how far back a replay goes.
const replayed = 24 * time.Hour

func (u *UI) handleReplayWebhook(w http.ResponseWriter, r *http.Request, _ operator) error {
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	id := r.PathValue("endpoint_id")
	if _, err := u.Manage.Replay(r.Context(), id, u.Now().Add(-replayed)); err != nil {
		return err
	}
	return seeOther(w, r, after(webhookPath(identity.EndpointID(id)), "webhook_replayed"))
}

func (u *UI) handleDeleteWebhookPage(w http.ResponseWriter, r *http.Request, op operator) error {
	e, err := u.Manage.Endpoint(r.Context(), r.PathValue("endpoint_id"))
	if err != nil {
		return err
	}
	return u.show(w, r, op, deleteWebhookScreen(e))
}

func deleteWebhookScreen(e manage.EndpointView) page.Screen {
	path := webhookPath(e.ID)
	effects := []page.Effect{{Text: "Your server hears nothing more of what happens here."}}
	if e.Counts.Waiting > 0 {
		effects = append(effects, page.Effect{Count: e.Counts.Waiting, Text: "deliveries that wait are dropped.", Kind: "warning"})
	}
	return page.Screen{
		Title: "Delete this endpoint?", Lead: e.URL, Crumbs: []page.Link{{Text: "Webhooks", URL: webhooksPath}, {Text: e.URL, URL: path}},
		Blocks: []page.Block{{Title: "What happens", Effects: effects}, {Form: &page.Form{Action: path + "/delete", Submit: "Delete endpoint", Danger: true, Cancel: path}}},
	}
}

func (u *UI) handleDeleteWebhook(w http.ResponseWriter, r *http.Request, _ operator) error {
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	if err := u.Manage.DeleteEndpoint(r.Context(), r.PathValue("endpoint_id")); err != nil {
		return err
	}
	return seeOther(w, r, after(webhooksPath, "webhook_deleted"))
}

func (u *UI) handleDelivery(w http.ResponseWriter, r *http.Request, op operator) error {
	e, err := u.Manage.Endpoint(r.Context(), r.PathValue("endpoint_id"))
	if err != nil {
		return err
	}
	d, err := u.Manage.Delivery(r.Context(), string(e.ID), r.PathValue("delivery_id"))
	if err != nil {
		return err
	}
	return u.show(w, r, op, deliveryScreen(e, d, u.Now()))
}

func deliveryScreen(e manage.EndpointView, d manage.DeliveryView, now time.Time) page.Screen {
	path := webhookPath(e.ID)
	s := page.Screen{
		Title: string(d.Type), Badges: []page.Badge{deliveryBadge(d.Status)}, Crumbs: []page.Link{{Text: "Webhooks", URL: webhooksPath}, {Text: e.URL, URL: path}},
		Actions: []page.Action{{Text: "Send again", URL: path + "/deliveries/" + string(d.ID) + "/replay", Post: true}},
	}
	s.Blocks = []page.Block{{Facts: []page.Fact{
		{Term: "Event", Text: string(d.EventID), Copy: true}, {Term: "About", Text: d.Event.Subject, Code: true}, {Term: "Happened", When: page.On(d.CreatedAt)},
	}}}
	tries := page.Block{Title: "Tries"}
	for _, t := range d.Tries {
		c := page.Check{Text: "Answered with " + strconv.Itoa(t.Code) + " after " + t.Took.Round(time.Millisecond).String(), State: "passed", Detail: t.Answer, When: page.Since(now, t.At)}
		if t.Failure != "" {
			c.State, c.Text = "failed", t.Failure
			if t.Code != 0 {
				c.Text += " (" + strconv.Itoa(t.Code) + ")"
			}
		}
		tries.Checks = append(tries.Checks, c)
	}
	if len(d.Tries) == 0 {
		tries.Empty = &page.Empty{Icon: "clock", Title: "Not tried yet", Text: "It waits for its turn."}
	}
	s.Blocks = append(s.Blocks, tries)
	return s
}

func (u *UI) handleReplayDelivery(w http.ResponseWriter, r *http.Request, _ operator) error {
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	d, err := u.Manage.ReplayDelivery(r.Context(), r.PathValue("endpoint_id"), r.PathValue("delivery_id"))
	if fault.Is(err, fault.WebhookEndpointDisabled) {
		return seeOther(w, r, after(webhookPath(identity.EndpointID(r.PathValue("endpoint_id"))), "webhook_off"))
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, after(webhookPath(d.EndpointID)+"/deliveries/"+string(d.ID), "delivery_again"))
}
