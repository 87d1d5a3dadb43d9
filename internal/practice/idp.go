package practice

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// maxSPs bounds what strangers can make a running practice provider keep. Ours.
const maxSPs = 1000

// Flavour says whose attribute names and name identifiers the provider copies.
type Flavour string

// The flavours. Each sends what that provider sends in its documented setup.
const (
	Custom    Flavour = "custom"    // mail, firstName, lastName, groups; persistent NameID
	Okta      Flavour = "okta"      // as Custom
	Google    Flavour = "google"    // email, firstName, lastName, groups; the address as NameID
	Microsoft Flavour = "microsoft" // claim URIs only; persistent NameID
)

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

// IDP is a practice identity provider for SAML. It is safe for concurrent use.
type IDP struct {
	*site
	people
	keyring
	config Config

	mu   sync.Mutex // guards what follows
	sps  []SP
	last map[string]sent
}

// sent is what a service provider got last, to be repeated.
type sent struct {
	response    string // base64
	assertionID string
}

// New makes a practice identity provider.
func New(c Config) (*IDP, error) {
	if c.Now == nil {
		return nil, errors.New("practice: Now is missing")
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
	place, err := newSite(c.BaseURL, c.Name)
	if err != nil {
		return nil, err
	}
	i := &IDP{
		site: place, keyring: keyring{name: c.Name, now: c.Now, save: c.SaveKeys},
		config: c, last: map[string]sent{},
	}
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
	if err := i.load(c.Keys); err != nil {
		return nil, err
	}
	i.links = []link{{"/metadata", "Metadata"}}
	i.route(i.routes()...)
	return i, nil
}

// EntityID is the provider's name in SAML and where its metadata is.
func (i *IDP) EntityID() string { return i.config.BaseURL + "/metadata" }

// SSOURL is where service providers send people, in both bindings.
func (i *IDP) SSOURL() string { return i.config.BaseURL + "/sso" }

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
