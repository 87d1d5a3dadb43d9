package practice

import (
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	// maxSPs and maxPeople bound what strangers can make a running practice
	// provider keep. Ours.
	maxSPs    = 1000
	maxPeople = 10_000
)

// Flavour says whose attribute names and name identifiers the provider copies.
type Flavour string

// The flavours. Each sends what that provider sends in its documented setup.
const (
	Custom    Flavour = "custom"    // mail, firstName, lastName, groups; persistent NameID
	Okta      Flavour = "okta"      // as Custom
	Google    Flavour = "google"    // email, firstName, lastName, groups; the address as NameID
	Microsoft Flavour = "microsoft" // claim URIs only; persistent NameID
)

// Attribute is a further attribute of a person.
type Attribute struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// Person is somebody whom the provider vouches for.
type Person struct {
	// Login names the person here and never changes. Empty: Mail.
	Login string `json:"login"`

	Mail      string   `json:"mail"`
	FirstName string   `json:"first_name"`
	LastName  string   `json:"last_name"`
	Groups    []string `json:"groups,omitempty"`

	// Subject is the NameID. Empty: derived from Login, so that it outlives
	// every change of address and every restart.
	Subject string `json:"subject"`

	// Attributes are sent besides the usual ones.
	Attributes []Attribute `json:"attributes,omitempty"`
}

// Name is what to call the person on a page.
func (p Person) Name() string {
	if name := strings.TrimSpace(p.FirstName + " " + p.LastName); name != "" {
		return name
	}
	return p.Login
}

// complete fills in what has a default.
func (p Person) complete() Person {
	if p.Login == "" {
		p.Login = p.Mail
	}
	if p.Subject == "" {
		sum := sha256.Sum256([]byte("practice subject\x00" + p.Login))
		p.Subject = "u-" + hex.EncodeToString(sum[:10])
	}
	p.Groups = slices.Clone(p.Groups)
	p.Attributes = slices.Clone(p.Attributes)
	return p
}

// SP is a service provider that the practice provider answers.
type SP struct {
	EntityID string
	ACSURL   string
	Name     string // for pages; empty: EntityID

	// EncryptionCert is needed by the misbehaviours that encrypt.
	EncryptionCert *x509.Certificate

	// SigningCerts verify signed requests in the Redirect binding. None:
	// signatures on requests are not looked at.
	SigningCerts []*x509.Certificate

	// Onward lists further origins ("http://localhost:3000") to which ACSURL
	// sends the browser on. Some browsers apply a page's form-action policy
	// to the redirects that follow the form, so they must be allowed here.
	Onward []string
}

// Title is what to call the service provider on a page.
func (s SP) Title() string {
	if s.Name != "" {
		return s.Name
	}
	return s.EntityID
}

// Config is what New needs. BaseURL and Now are required.
type Config struct {
	// BaseURL is where the provider answers, as browsers see it, without a
	// slash at the end: http://127.0.0.1:4000/practice/acme. ServeHTTP expects
	// requests with the whole path, not stripped.
	BaseURL string

	Name    string  // for pages; empty: "Practice identity provider"
	Flavour Flavour // empty: Custom
	People  []Person
	SPs     []SP
	Now     func() time.Time

	// Keys is what SaveKeys was given before, to keep the same certificate
	// after a restart. Empty: a key is generated.
	Keys []byte

	// SaveKeys, if set, is called with private keys and certificates in PEM
	// whenever they change, during New too. It must not call the provider.
	SaveKeys func(pem []byte) error

	// AnySP admits every service provider that sends a request, at the
	// address that the request names. Otherwise a person confirms it first.
	AnySP bool

	// WantSignedRequests says in the metadata that requests must be signed,
	// and refuses those that aren't.
	WantSignedRequests bool

	// Client fetches service providers' metadata for the portal page. Nil:
	// the page offers to paste it only.
	Client *http.Client
}

// IDP is a practice identity provider. It is safe for concurrent use.
type IDP struct {
	config Config
	path   string // of BaseURL
	mux    *http.ServeMux
	pages  *template.Template
	cross  *http.CrossOriginProtection

	mu       sync.Mutex // guards what follows
	people   []Person
	sps      []SP
	current  *keyPair
	next     *keyPair // nil until needed: making one is slow
	announce bool     // metadata shows next as well
	stranger *keyPair // whom nobody knows
	last     map[string]sent
}

// sent is what a service provider got last, to be repeated.
type sent struct {
	response    string // base64
	assertionID string
}

// plainPath is what a base URL's path may consist of: nothing that a route
// pattern or a cookie's path understands in its own way.
var plainPath = regexp.MustCompile(`^(/[A-Za-z0-9._~-]+)*$`)

// New makes a practice identity provider.
func New(c Config) (*IDP, error) {
	if c.Now == nil {
		return nil, errors.New("practice: Now is missing")
	}
	base, err := url.Parse(c.BaseURL)
	if err != nil {
		return nil, fmt.Errorf("practice: BaseURL: %w", err)
	}
	if _, err := origin(c.BaseURL); err != nil {
		return nil, fmt.Errorf("practice: BaseURL: %w", err)
	}
	if !plainPath.MatchString(base.Path) || base.RawQuery != "" || base.Fragment != "" {
		return nil, fmt.Errorf("practice: BaseURL %q must end in a plain path, without a slash at its end", c.BaseURL)
	}
	switch c.Flavour {
	case "":
		c.Flavour = Custom
	case Custom, Okta, Google, Microsoft:
	default:
		return nil, fmt.Errorf("practice: there is no flavour %q", c.Flavour)
	}
	if c.Name == "" {
		c.Name = "Practice identity provider"
	}
	i := &IDP{config: c, path: base.Path, cross: http.NewCrossOriginProtection(), last: map[string]sent{}}
	for _, p := range c.People {
		if err := i.SetPerson(p); err != nil {
			return nil, err
		}
	}
	for _, sp := range c.SPs {
		if err := i.AddSP(sp); err != nil {
			return nil, err
		}
	}
	if err := i.loadKeys(c.Keys); err != nil {
		return nil, err
	}
	if err := i.route(); err != nil {
		return nil, err
	}
	return i, nil
}

func (i *IDP) loadKeys(saved []byte) (err error) {
	if len(saved) > 0 {
		i.current, i.next, err = decodeKeys(saved)
		return err
	}
	if i.current, err = generateKeyPair(i.config.Name, i.config.Now()); err != nil {
		return err
	}
	return i.saveKeys()
}

func (i *IDP) saveKeys() error {
	if i.config.SaveKeys == nil {
		return nil
	}
	text, err := encodeKeys(i.current, i.next)
	if err != nil {
		return err
	}
	if err := i.config.SaveKeys(text); err != nil {
		return fmt.Errorf("practice: saving keys: %w", err)
	}
	return nil
}

// BaseURL is where the provider answers.
func (i *IDP) BaseURL() string { return i.config.BaseURL }

// EntityID is the provider's name in SAML and where its metadata is.
func (i *IDP) EntityID() string { return i.config.BaseURL + "/metadata" }

// SSOURL is where service providers send people, in both bindings.
func (i *IDP) SSOURL() string { return i.config.BaseURL + "/sso" }

// Key is the key that signs honest answers.
func (i *IDP) Key() *rsa.PrivateKey {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.current.key
}

// Certificate is the certificate of the key that signs honest answers.
func (i *IDP) Certificate() *x509.Certificate {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.current.cert
}

// NextCertificate is the certificate of the key that comes into use at the
// next RollOver. It is made when first asked for.
func (i *IDP) NextCertificate() (*x509.Certificate, error) {
	p, err := i.nextPair()
	if err != nil {
		return nil, err
	}
	return p.cert, nil
}

func (i *IDP) nextPair() (*keyPair, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.nextLocked()
}

func (i *IDP) nextLocked() (*keyPair, error) {
	if i.next == nil {
		p, err := generateKeyPair(i.config.Name+" (next)", i.config.Now())
		if err != nil {
			return nil, err
		}
		i.next = p
		if err := i.saveKeys(); err != nil {
			return nil, err
		}
	}
	return i.next, nil
}

// strangerPair is a key that belongs to nobody whom a service provider trusts.
func (i *IDP) strangerPair() (*keyPair, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.stranger == nil {
		p, err := generateKeyPair("Somebody else", i.config.Now())
		if err != nil {
			return nil, err
		}
		i.stranger = p
	}
	return i.stranger, nil
}

// AnnounceNext makes the metadata show the next key beside the current one,
// as a provider does some weeks before a rollover.
func (i *IDP) AnnounceNext() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if _, err := i.nextLocked(); err != nil {
		return err
	}
	i.announce = true
	return nil
}

// RollOver puts the next key into use, whether or not it was announced. The
// metadata shows only the new key from then on.
func (i *IDP) RollOver() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	next, err := i.nextLocked()
	if err != nil {
		return err
	}
	i.current, i.next, i.announce = next, nil, false
	return i.saveKeys()
}

// People returns everyone whom the provider knows.
func (i *IDP) People() []Person {
	i.mu.Lock()
	defer i.mu.Unlock()
	out := make([]Person, len(i.people))
	for n, p := range i.people {
		out[n] = p.complete()
	}
	return out
}

// Person finds a person by login or, failing that, by address.
func (i *IDP) Person(login string) (Person, bool) {
	people := i.People()
	for _, p := range people {
		if p.Login == login {
			return p, true
		}
	}
	for _, p := range people {
		if p.Mail != "" && strings.EqualFold(p.Mail, login) {
			return p, true
		}
	}
	return Person{}, false
}

// SetPerson adds a person or replaces the one with the same Login.
func (i *IDP) SetPerson(p Person) error {
	p = p.complete()
	if p.Login == "" {
		return errors.New("practice: a person needs an address or another login")
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	for n := range i.people {
		if i.people[n].Login == p.Login {
			i.people[n] = p
			return nil
		}
	}
	if len(i.people) == maxPeople {
		return fmt.Errorf("practice: there are %d people already", maxPeople)
	}
	i.people = append(i.people, p)
	return nil
}

// RemovePerson forgets a person.
func (i *IDP) RemovePerson(login string) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.people = slices.DeleteFunc(i.people, func(p Person) bool { return p.Login == login })
}

// SPs returns every service provider that the provider answers.
func (i *IDP) SPs() []SP {
	i.mu.Lock()
	defer i.mu.Unlock()
	return slices.Clone(i.sps)
}

// SP finds a service provider by its entity ID.
func (i *IDP) SP(entityID string) (SP, bool) {
	for _, sp := range i.SPs() {
		if sp.EntityID == entityID {
			return sp, true
		}
	}
	return SP{}, false
}

// AddSP makes a service provider known or replaces the one with the same
// EntityID.
func (i *IDP) AddSP(sp SP) error {
	if sp.EntityID == "" {
		return errors.New("practice: a service provider needs an entity ID")
	}
	if _, err := origin(sp.ACSURL); err != nil {
		return fmt.Errorf("practice: ACS URL of %q: %w", sp.EntityID, err)
	}
	for _, o := range sp.Onward {
		if exact, err := origin(o); err != nil || exact != o {
			return fmt.Errorf("practice: %q is not an origin like http://localhost:3000", o)
		}
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	for n := range i.sps {
		if i.sps[n].EntityID == sp.EntityID {
			i.sps[n] = sp
			return nil
		}
	}
	if len(i.sps) == maxSPs {
		return fmt.Errorf("practice: there are %d service providers already", maxSPs)
	}
	i.sps = append(i.sps, sp)
	return nil
}

// plainHost is a host that can stand in a Content-Security-Policy, where
// commas, semicolons and spaces have a meaning.
var plainHost = regexp.MustCompile(`^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]+)?$`)

// origin returns the scheme and host of a web address.
func origin(address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", fmt.Errorf("not an address: %w", err)
	}
	if (u.Scheme != "http" && u.Scheme != "https") || u.User != nil || !plainHost.MatchString(u.Host) {
		return "", fmt.Errorf("%q is not a plain http or https address", address)
	}
	return u.Scheme + "://" + u.Host, nil
}
