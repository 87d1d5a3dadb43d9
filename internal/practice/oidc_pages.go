package practice

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

type oidcPostPage struct {
	page
	Client OIDCClient
	Answer OIDCAnswer
}

type oidcPickPage struct {
	page
	Client  OIDCClient
	Request string // as it came, to be read again with the answer
	Tenant  string
	Prompt  string
	Choices []claimChoice
	Groups  []misbehaviourGroup
	Mood    moodView
}

// claimChoice is a person to pick or to change. Its fields are named with the
// suffix, to tell them from others' in the same form.
type claimChoice struct {
	choice
	Suffix  string
	Flavour Flavour
	Tenants []string
}

type oidcPeoplePage struct {
	page
	Choices []claimChoice
	Saved   bool
}

type oidcPortalPage struct {
	page
	Issuer   string
	Document string // discovery's address
	Clients  []OIDCClient
	Flavour  Flavour
	Tenants  []string
	Keys     int // published for each algorithm
	Groups   []misbehaviourGroup
	Mood     moodView
	Count    int
}

// moodView is what the provider does wrong of itself, in words.
type moodView struct{ Name, Param, Says string }

// moodNow is the mood that is in force.
func (o *OIDC) moodNow() moodView {
	t, err := o.turn(atAuthorize, "", "")
	if err != nil || t.conduct.name == "" {
		return moodView{}
	}
	return moodView{Name: t.conduct.name, Param: t.param, Says: t.conduct.says}
}

// grouped puts misbehaviours under the titles of their kinds.
func grouped(list []Misbehaviour) []misbehaviourGroup {
	var out []misbehaviourGroup
	for _, m := range list {
		if len(out) == 0 || out[len(out)-1].Title != m.Group {
			out = append(out, misbehaviourGroup{Title: m.Group})
		}
		last := &out[len(out)-1]
		last.List = append(last.List, m)
	}
	return out
}

// offered are the people whom a request may be answered for.
func (o *OIDC) offered(a asked) []Person {
	var out []Person
	for _, p := range o.People() {
		p = o.place(p)
		switch {
		case p.Standing == Deleted:
		case a.tenant != "" && a.tenant != tenantCommon && a.tenant != tenantOrganizations && p.Tenant != a.tenant:
		case o.config.Flavour == Google && a.hostedDomain == "*" && p.hostedDomain() == "":
		case o.config.Flavour == Google && a.hostedDomain != "" && a.hostedDomain != "*" && !strings.EqualFold(p.hostedDomain(), a.hostedDomain):
		default:
			out = append(out, p)
		}
	}
	return out
}

// renderPick asks who signs in.
func (o *OIDC) renderPick(w http.ResponseWriter, r *http.Request, a asked) error {
	preferred := a.hint
	// Asked to make sure who it is, the provider suggests nobody of itself.
	if preferred == "" && !hasWord(a.prompt, "login") && !hasWord(a.prompt, "select_account") {
		preferred = remembered(r)
	}
	first, _ := o.Person(preferred)
	p := oidcPickPage{
		page: o.page("Who are you today?"), Client: a.client, Request: a.query, Tenant: a.tenant, Prompt: a.prompt,
		Groups: grouped(OIDCMisbehaviours(o.config.Flavour)), Mood: o.moodNow(),
	}
	var found bool
	for _, person := range o.offered(a) {
		c := choice{Person: person, Preferred: preferred != "" && person.Login == first.Login}
		at := len(p.Choices)
		if c.Preferred {
			found, at = true, 0
		}
		p.Choices = slices.Insert(p.Choices, at, claimChoice{choice: c})
	}
	stranger := choice{Stranger: true, Person: Person{Tenant: a.tenant}}
	if !found && strings.Contains(a.hint, "@") {
		stranger.Person.Mail, stranger.Preferred = a.hint, true
	}
	p.Choices = o.numbered(append(p.Choices, claimChoice{choice: stranger}))
	for n := range p.Choices {
		p.Choices[n].Suffix = fmt.Sprintf(".%d", n)
	}
	w.Header().Set("Content-Security-Policy", policy(strings.Join(a.targets(), " ")))
	return o.render(w, http.StatusOK, "oidc-pick", p)
}

// numbered tells choices apart.
func (o *OIDC) numbered(choices []claimChoice) []claimChoice {
	for n := range choices {
		choices[n].Index, choices[n].Flavour, choices[n].Tenants = n, o.config.Flavour, o.config.Tenants
	}
	return choices
}

// readClaims reads what a page says of a person in OpenID Connect only, on top
// of the rest.
func readClaims(field func(string) string, p Person) (Person, error) {
	p.HostedDomain = strings.TrimSpace(field("hosted_domain"))
	p.Tenant = strings.TrimSpace(field("tenant"))
	p.Unverified = field("unverified") == "1"
	p.Guest = field("guest") == "1"
	p.Unproven = field("unproven") == "1"
	if p.Tenant != "" && !guid.MatchString(p.Tenant) {
		return Person{}, fmt.Errorf("practice: the tenant %.100q is not a GUID in lower case", p.Tenant)
	}
	return p, nil
}

func (o *OIDC) handlePortal(w http.ResponseWriter, _ *http.Request) error {
	list := OIDCMisbehaviours(o.config.Flavour)
	return o.render(w, http.StatusOK, "oidc-portal", oidcPortalPage{
		page: o.page(o.config.Name), Issuer: o.Issuer(""), Document: o.DiscoveryURL(), Clients: o.Clients(), Flavour: o.config.Flavour,
		Tenants: o.config.Tenants, Keys: len(o.shown()), Groups: grouped(list), Mood: o.moodNow(), Count: len(list),
	})
}

func (o *OIDC) handleMisbehaviours(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, OIDCMisbehaviours(o.config.Flavour))
}

func (o *OIDC) handlePeople(w http.ResponseWriter, r *http.Request) error {
	everyone := o.People()
	if wantsJSON(r) {
		return writeJSON(w, everyone)
	}
	p := oidcPeoplePage{page: o.page("People"), Saved: r.URL.Query().Has("saved")}
	for _, person := range everyone {
		p.Choices = append(p.Choices, claimChoice{choice: choice{Person: o.place(person)}})
	}
	p.Choices = o.numbered(append(p.Choices, claimChoice{choice: choice{Stranger: true}}))
	return o.render(w, http.StatusOK, "oidc-people", p)
}

// handleChangePeople saves, suspends, deletes or brings back a person.
// A program may leave fields out; they stay as they are.
func (o *OIDC) handleChangePeople(w http.ResponseWriter, r *http.Request) error {
	login := strings.TrimSpace(r.PostForm.Get("login"))
	standings := map[string]Standing{"suspend": Suspended, "delete": Deleted, "restore": Active}
	action := r.PostForm.Get("action")
	standing, stands := standings[action]
	var err error
	switch {
	case stands:
		err = o.SetStanding(login, standing)
	case action == "" || action == "save":
		login, err = o.savePerson(login, r.PostForm)
	default:
		err = errors.New("practice: a person can be saved, suspended, deleted and restored, nothing else")
	}
	if err != nil {
		return err
	}
	if wantsJSON(r) {
		p, _ := o.Person(login)
		return writeJSON(w, p)
	}
	http.Redirect(w, r, o.path+"/people?saved", http.StatusSeeOther)
	return nil
}

// savePerson writes the fields that a form has, and returns whose they are.
func (o *OIDC) savePerson(login string, form url.Values) (string, error) {
	known, _ := o.Person(login)
	was := known.fields()
	flag := func(name string, on bool) {
		if on {
			was.Set(name, "1")
		}
	}
	flag("unverified", known.Unverified)
	flag("guest", known.Guest)
	flag("unproven", known.Unproven)
	was.Set("hosted_domain", known.HostedDomain)
	was.Set("tenant", known.Tenant)
	field := func(name string) string {
		if form.Has(name) && (name != "login" || known.Login == "") {
			return form.Get(name)
		}
		return was.Get(name)
	}
	p, err := readPerson(field, known)
	if err == nil {
		p, err = readClaims(field, p)
	}
	if err != nil {
		return "", err
	}
	p = p.complete()
	return p.Login, o.SetPerson(p)
}

// handleMood makes the provider misbehave of itself, or behave.
func (o *OIDC) handleMood(w http.ResponseWriter, r *http.Request) error {
	if err := o.Misbehave(r.PostForm.Get("misbehave"), strings.TrimSpace(r.PostForm.Get("param"))); err != nil {
		return err
	}
	http.Redirect(w, r, o.path+"/#mood", http.StatusSeeOther)
	return nil
}
