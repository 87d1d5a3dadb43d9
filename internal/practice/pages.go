package practice

import (
	"crypto/sha256"
	"crypto/x509"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

//go:embed page
var pageFiles embed.FS

func parsePages() (*template.Template, error) {
	pages, err := template.New("").Funcs(template.FuncMap{
		"initials": initials, "lines": lines, "join": strings.Join, "fingerprint": fingerprint,
	}).ParseFS(pageFiles, "page/*.html")
	if err != nil {
		return nil, fmt.Errorf("practice: reading pages: %w", err)
	}
	return pages, nil
}

type problemPage struct {
	page
	Says    string
	Unknown *unknownSPError // the application can be added from here
}

type postPage struct {
	page
	SP       SP
	Response Response
}

type pickPage struct {
	page
	Question question
	Choices  []choice
	Groups   []misbehaviourGroup
}

// choice is a person to pick. Index tells its fields from the others'.
type choice struct {
	Index     int
	Person    Person
	Preferred bool
	Stranger  bool // a form for somebody who is not on the list
}

type misbehaviourGroup struct {
	Title string
	List  []Misbehaviour
}

type portalPage struct {
	page
	IDP     *IDP
	SPs     []SP
	People  []Person
	Cert    *x509.Certificate
	Next    *x509.Certificate // nil: not announced
	Fetches bool
	Count   int // misbehaviours
}

type peoplePage struct {
	page
	Choices []choice
	Saved   bool
}

func (i *IDP) renderPick(w http.ResponseWriter, r *http.Request, q question) error {
	preferred := q.hint
	// Asked to make sure who it is, the provider suggests nobody of itself.
	if preferred == "" && !q.ForceAuthn {
		preferred = remembered(r)
	}
	first, _ := i.Person(preferred)
	p := pickPage{page: i.page("Who are you today?"), Question: q}
	for _, person := range i.People() {
		p.Choices = append(p.Choices, choice{Person: person, Preferred: preferred != "" && person.Login == first.Login})
	}
	slices.SortStableFunc(p.Choices, func(a, b choice) int {
		switch {
		case a.Preferred == b.Preferred:
			return 0
		case a.Preferred:
			return -1
		}
		return 1
	})
	stranger := choice{Stranger: true}
	if first.Login == "" && strings.Contains(q.hint, "@") {
		stranger.Person.Mail, stranger.Preferred = q.hint, true
	}
	p.Choices = append(p.Choices, stranger)
	for n := range p.Choices {
		p.Choices[n].Index = n
	}
	p.Groups = grouped(Misbehaviours())
	return i.render(w, http.StatusOK, "pick", p)
}

// pickedPerson reads the fields of the choice whose button was pressed.
func pickedPerson(form url.Values) (Person, error) {
	index := form.Get("choice")
	if _, err := strconv.Atoi(index); err != nil {
		return Person{}, errors.New("practice: no person was picked")
	}
	p, err := readPerson(func(field string) string { return form.Get(field + "." + index) }, Person{})
	if err != nil {
		return Person{}, err
	}
	if p = p.complete(); p.Login == "" {
		return Person{}, errors.New("practice: the person needs an address")
	}
	return p, nil
}

// readPerson reads a person's fields on top of what is known.
func readPerson(field func(string) string, known Person) (Person, error) {
	p := known
	p.Login = strings.TrimSpace(field("login"))
	p.Mail = strings.TrimSpace(field("mail"))
	p.FirstName = strings.TrimSpace(field("first_name"))
	p.LastName = strings.TrimSpace(field("last_name"))
	p.Subject = strings.TrimSpace(field("name_id"))
	p.Groups = nil
	for _, g := range strings.Split(field("groups"), ",") {
		if g = strings.TrimSpace(g); g != "" {
			p.Groups = append(p.Groups, g)
		}
	}
	var err error
	p.Attributes, err = readAttributes(field("attributes"))
	return p, err
}

// fields are what readPerson reads.
func (p Person) fields() url.Values {
	return url.Values{
		"login": {p.Login}, "mail": {p.Mail}, "first_name": {p.FirstName}, "last_name": {p.LastName},
		"name_id": {p.Subject}, "groups": {strings.Join(p.Groups, ",")}, "attributes": {lines(p.Attributes)},
	}
}

// readAttributes reads lines of the form name=value; a name that comes again
// has several values.
func readAttributes(text string) ([]Attribute, error) {
	var out []Attribute
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		name, value, ok := strings.Cut(line, "=")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return nil, fmt.Errorf("practice: the attribute %q is not of the form name=value", line)
		}
		value = strings.TrimSpace(value)
		if n := slices.IndexFunc(out, func(a Attribute) bool { return a.Name == name }); n >= 0 {
			out[n].Values = append(out[n].Values, value)
			continue
		}
		out = append(out, Attribute{Name: name, Values: []string{value}})
	}
	return out, nil
}

// lines writes attributes as readAttributes reads them.
func lines(attributes []Attribute) string {
	var out strings.Builder
	for _, a := range attributes {
		for _, v := range a.Values {
			out.WriteString(a.Name + "=" + v + "\n")
		}
	}
	return out.String()
}

// initials are what stands for a person's picture.
func initials(p Person) string {
	out := ""
	for _, name := range []string{p.FirstName, p.LastName} {
		for _, r := range name {
			out += string(r)
			break
		}
	}
	if out == "" && p.Login != "" {
		out = string([]rune(p.Login)[0])
	}
	return strings.ToUpper(out)
}

// fingerprint is how administrators compare certificates.
func fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	text := strings.ToUpper(hex.EncodeToString(sum[:]))
	var out []string
	for n := 0; n < len(text); n += 2 {
		out = append(out, text[n:n+2])
	}
	return strings.Join(out, ":")
}

func (i *IDP) handlePortal(w http.ResponseWriter, _ *http.Request) error {
	p := portalPage{
		page: i.page(i.config.Name), IDP: i, SPs: i.SPs(), People: i.People(), Cert: i.Certificate(),
		Fetches: i.config.Client != nil, Count: len(Misbehaviours()),
	}
	if shown := i.shown(); len(shown) > 1 {
		p.Next = shown[1].cert
	}
	return i.render(w, http.StatusOK, "portal", p)
}

func (i *IDP) handlePeople(w http.ResponseWriter, r *http.Request) error {
	people := i.People()
	if wantsJSON(r) {
		return writeJSON(w, people)
	}
	p := peoplePage{page: i.page("People"), Saved: r.URL.Query().Has("saved")}
	for _, person := range people {
		p.Choices = append(p.Choices, choice{Person: person})
	}
	p.Choices = append(p.Choices, choice{Stranger: true})
	for n := range p.Choices {
		p.Choices[n].Index = n
	}
	return i.render(w, http.StatusOK, "people", p)
}

// handleChangePeople saves or removes a person. A program may leave fields
// out; they stay as they are.
func (i *IDP) handleChangePeople(w http.ResponseWriter, r *http.Request) error {
	login := strings.TrimSpace(r.PostForm.Get("login"))
	if r.PostForm.Get("action") == "remove" {
		i.RemovePerson(login)
		http.Redirect(w, r, i.path+"/people?saved", http.StatusSeeOther)
		return nil
	}
	known, _ := i.Person(login)
	was := known.fields()
	p, err := readPerson(func(field string) string {
		if r.PostForm.Has(field) && (field != "login" || known.Login == "") {
			return r.PostForm.Get(field)
		}
		return was.Get(field)
	}, known)
	if err != nil {
		return err
	}
	if err := i.SetPerson(p); err != nil {
		return err
	}
	if wantsJSON(r) {
		return writeJSON(w, p.complete())
	}
	http.Redirect(w, r, i.path+"/people?saved", http.StatusSeeOther)
	return nil
}

// handleAddSP adds an application by its metadata, by the address of that, or
// by entity ID and ACS URL.
func (i *IDP) handleAddSP(w http.ResponseWriter, r *http.Request) error {
	var sp SP
	var err error
	switch form := r.PostForm; {
	case strings.TrimSpace(form.Get("metadata")) != "":
		sp, err = i.AddSPMetadata([]byte(strings.TrimSpace(form.Get("metadata"))))
	case strings.TrimSpace(form.Get("metadata_url")) != "":
		sp, err = i.AddSPFromURL(r.Context(), strings.TrimSpace(form.Get("metadata_url")))
	default:
		sp = SP{EntityID: strings.TrimSpace(form.Get("entity_id")), ACSURL: strings.TrimSpace(form.Get("acs_url"))}
		err = i.AddSP(sp)
	}
	if err != nil {
		return err
	}
	if wantsJSON(r) {
		return writeJSON(w, map[string]string{"entity_id": sp.EntityID, "acs_url": sp.ACSURL})
	}
	next := i.path + "/"
	if query := r.PostForm.Get("then"); query != "" {
		next = i.path + "/sso?" + query
	}
	http.Redirect(w, r, next, http.StatusSeeOther)
	return nil
}
