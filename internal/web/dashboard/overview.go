package dashboard

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/web/page"
)

// maxLooked is how many domains the overview looks at, and how many of a kind it
// names. Ours.
const (
	maxLooked = 500
	maxNamed  = 5
)

func (u *UI) overviewRoutes() map[string]handler {
	return map[string]handler{
		"GET " + root + "/{$}": func(w http.ResponseWriter, r *http.Request, _ operator) error { return seeOther(w, r, root) },
		"GET " + root:          u.handleOverview,
	}
}

// overview is what an operator sees first.
type overview struct {
	organizations, people, connections int
	active                             int // connections that are switched on
	facts                              manage.Overview
	domains                            []manage.DomainView // that wait for their record, or lost it
	webhooks                           []manage.EndpointView
}

// empty reports whether nobody could have signed in yet.
func (o overview) empty() bool {
	return o.facts.Complete+o.facts.Refused+o.facts.Lost == 0 && (o.organizations == 0 || o.connections == 0 || o.active == 0)
}

func (u *UI) handleOverview(w http.ResponseWriter, r *http.Request, op operator) error {
	o, err := u.overview(r.Context())
	if err != nil {
		return err
	}
	return u.show(w, r, op, overviewScreen(o, u.Now()))
}

func (u *UI) overview(ctx context.Context) (o overview, err error) {
	one := manage.Page{Limit: 1}
	if _, o.organizations, err = u.Manage.Organizations(ctx, manage.OrganizationFilter{}, one); err != nil {
		return o, err
	}
	if o.people, err = u.Manage.CountUsers(ctx, manage.UserFilter{}); err != nil {
		return o, err
	}
	if _, o.connections, err = u.Manage.Connections(ctx, manage.ConnectionFilter{}, one); err != nil {
		return o, err
	}
	active := true
	if _, o.active, err = u.Manage.Connections(ctx, manage.ConnectionFilter{Active: &active}, one); err != nil {
		return o, err
	}
	if o.facts, err = u.Manage.Overview(ctx, shownBack); err != nil {
		return o, err
	}
	domains, _, err := u.Manage.Domains(ctx, manage.DomainRef{}, manage.OrganizationDomainFilter{}, manage.Page{Limit: maxLooked})
	if err != nil {
		return o, err
	}
	for _, d := range domains {
		if domainNeeds(d, u.Now()) != "" {
			o.domains = append(o.domains, d)
		}
	}
	endpoints, err := u.Manage.Endpoints(ctx)
	for _, e := range endpoints {
		if !e.Health.FailingSince.IsZero() || !e.DisabledAt.IsZero() && e.DisabledBecause != "" {
			o.webhooks = append(o.webhooks, e)
		}
	}
	return o, err
}

// domainNeeds says what a domain waits for; empty: nothing.
func domainNeeds(d manage.DomainView, now time.Time) string {
	switch status := d.Ownership.Status(now); {
	case status == identity.ProofVerified && !d.Ownership.MissingSince.IsZero():
		return "Its record is gone"
	case status == identity.ProofUnverified:
		return "Its record is waited for"
	}
	return ""
}

func overviewScreen(o overview, now time.Time) page.Screen {
	s := page.Screen{Title: "Overview"}
	if o.empty() {
		s.Lead = "Three steps until people come in through their own identity provider."
		s.Blocks = append(s.Blocks, firstStepsBlock(o))
	} else {
		s.Blocks = append(s.Blocks, needsBlock(o, now), sumsBlock(o), page.Block{
			Title: "Sign-ins", Text: "Of the last seven days, through identity providers.", Chart: outcomesChart(o.facts.From, o.facts.To, o.facts.Hours),
			Actions: []page.Action{{Text: "All attempts", URL: attemptsPath}, {Text: "What if somebody signs in?", URL: simulatePath}},
		})
		if len(o.facts.Codes) > 0 {
			s.Blocks = append(s.Blocks, refusedBlock(o.facts.Codes[:min(len(o.facts.Codes), maxNamed)], attemptsPath+"?since=week"))
		}
	}
	s.Blocks = append(s.Blocks, page.Block{Title: "What there is", Numbers: []page.Number{
		{Label: "Organizations", Value: strconv.Itoa(o.organizations), URL: organizationsPath},
		{Label: "Users", Value: strconv.Itoa(o.people), URL: usersPath},
		{Label: "Connections", Value: strconv.Itoa(o.connections), More: strconv.Itoa(o.active) + " active", URL: connectionsPath},
	}})
	return s
}

// firstStepsBlock teaches how the first people come in.
func firstStepsBlock(o overview) page.Block {
	step := func(text, detail string, done bool) page.Check {
		c := page.Check{Text: text, Detail: detail, State: "skipped"}
		if done {
			c.State = "passed"
		}
		return c
	}
	b := page.Block{Title: "First steps", Checks: []page.Check{
		step("Create an organization", "One for each of your customers. Its members, roles and domains belong to it.", o.organizations > 0),
		step("Connect its identity provider", "You do it here, or send the customer’s administrator a setup link from the organization’s page.", o.connections > 0),
		step("Switch the connection on", "Before that you see what it means for the people at its domains.", o.active > 0),
		step("Try it", "Ask what would happen if somebody signs in, then sign in as somebody at the domain. Each attempt is explained here.", false),
	}}
	switch {
	case o.organizations == 0:
		b.Actions = []page.Action{{Text: "Create an organization", URL: organizationsPath + "/new", Kind: "primary"}}
	case o.connections == 0:
		b.Actions = []page.Action{{Text: "Add a connection", URL: connectionsPath + "/new", Kind: "primary"}, {Text: "Organizations", URL: organizationsPath}}
	case o.active == 0:
		b.Actions = []page.Action{{Text: "Connections", URL: connectionsPath, Kind: "primary"}}
	}
	return b
}

// sumsBlock are the figures of the last days.
func sumsBlock(o overview) page.Block {
	f := o.facts
	ended := f.Complete + f.Refused + f.Lost
	list := attemptsPath + "?since=week&outcome="
	rate := "–"
	if ended > 0 {
		rate = share(f.Complete, ended) + " of " + strconv.Itoa(ended)
	}
	numbers := []page.Number{
		{Label: "Signed in", Value: strconv.Itoa(f.Complete), More: rate, URL: list + "complete"},
		{Label: "Refused", Value: strconv.Itoa(f.Refused), URL: list + "refused"},
		{Label: "Never came back", Value: strconv.Itoa(f.Lost), URL: list + "lost"},
	}
	if f.Provider.Number > 0 {
		numbers = append(numbers, page.Number{Label: "At providers", Value: short(f.Provider.P50), More: "95 of 100 within " + short(f.Provider.P95)})
	}
	if f.Own.Number > 0 {
		numbers = append(numbers, page.Number{Label: "Here", Value: short(f.Own.P50), More: "95 of 100 within " + short(f.Own.P95)})
	}
	return page.Block{Numbers: numbers}
}

// needsBlock is what somebody has to see to.
func needsBlock(o overview, now time.Time) page.Block {
	var list []page.Effect
	add := func(text, kind, url string) { list = append(list, page.Effect{Text: text, Kind: kind, URL: url}) }
	for _, c := range o.facts.Ending[:min(len(o.facts.Ending), maxNamed)] {
		text, kind := "The certificate of "+c.ConnectionName+" ends "+page.Since(now, c.NotAfter).Text, "warning"
		if !c.NotAfter.After(now) {
			text, kind = "The certificate of "+c.ConnectionName+" ended "+page.Since(now, c.NotAfter).Text, "danger"
		}
		add(text+". Its administrator makes the next one.", kind, connectionPath(c.Connection))
	}
	if more := len(o.facts.Ending) - maxNamed; more > 0 {
		add("Certificates of "+strconv.Itoa(more)+" more connections end soon.", "warning", connectionsPath)
	}
	if o.facts.Looked > 0 && !o.facts.All {
		add("The certificates of the first "+strconv.Itoa(o.facts.Looked)+" connections were looked at; there are more.", "", connectionsPath)
	}
	for _, c := range o.facts.Rising[:min(len(o.facts.Rising), maxNamed)] {
		failed := c.Now.Refused + c.Now.Lost
		add("More fails at "+c.Connection.Name+" than in the week before: "+strconv.Itoa(failed)+" of "+strconv.Itoa(failed+c.Now.Complete)+".", "danger", connectionPath(c.Connection.ID))
	}
	for _, d := range o.domains[:min(len(o.domains), maxNamed)] {
		kind := ""
		if !d.Ownership.MissingSince.IsZero() {
			kind = "danger"
		}
		add(string(d.Name)+" of "+d.Organization.Name+": "+domainNeeds(d, now)+".", kind, domainPath(d))
	}
	if more := len(o.domains) - maxNamed; more > 0 {
		add(strconv.Itoa(more)+" more domains are to be proved.", "", domainsPath)
	}
	for _, e := range o.webhooks[:min(len(o.webhooks), maxNamed)] {
		text := e.URL + " has not taken events since " + page.On(e.Health.FailingSince).Text + "."
		if !e.DisabledAt.IsZero() {
			text = e.URL + " is switched off: " + e.DisabledBecause
		}
		add(text, "warning", webhookPath(e.ID))
	}
	if o.facts.Lost > 0 {
		text := strconv.Itoa(o.facts.Lost) + " attempts never came back."
		if o.facts.Lost == 1 {
			text = "1 attempt never came back."
		}
		add(text+" Each says what may have stopped the person.", "", attemptsPath+"?since=week&outcome=lost")
	}
	if len(list) == 0 {
		return page.Block{Alert: &page.Alert{Kind: "success", Title: "Nothing needs you", Text: "No certificate ends soon, no connection fails more than before, and every webhook is delivered."}}
	}
	return page.Block{Title: "What needs you", Effects: list}
}
