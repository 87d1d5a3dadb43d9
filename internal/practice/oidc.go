package practice

import (
	"crypto/rsa"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// maxClients bounds how many relying parties a provider answers. Ours.
const maxClients = 1000

// Tenants of Microsoft that are none: any tenant's people come in there.
const (
	tenantCommon        = "common"
	tenantOrganizations = "organizations"

	// tenantConsumers is where Microsoft keeps personal accounts; the number
	// is in its documentation of ID token claims.
	tenantConsumers = "9188040d-6c67-4c5b-b112-36a304b66dad"

	// tenantDefault is the tenant of a provider that was given none. Ours.
	tenantDefault = "7d2a1b6e-0000-4000-8000-0000acde0001"
)

// OIDCClient is a relying party that the OpenID Connect provider answers.
type OIDCClient struct {
	ID           string
	Secret       string // empty: a public client, which must use PKCE
	RedirectURIs []string
	Name         string // for pages; empty: ID

	// Onward is as in SP: further origins to which the redirect URIs send the
	// browser on.
	Onward []string
}

// Title is what to call the relying party on a page.
func (c OIDCClient) Title() string {
	if c.Name != "" {
		return c.Name
	}
	return c.ID
}

// OIDCConfig is what NewOIDC needs. BaseURL and Now are required.
type OIDCConfig struct {
	// BaseURL is where the provider answers and, except with Microsoft, its
	// issuer: http://127.0.0.1:4000/practice/oidc/acme. ServeHTTP expects
	// requests with the whole path, not stripped.
	BaseURL string

	Name    string  // for pages; empty: "Practice OpenID provider"
	Flavour Flavour // empty: Custom
	People  []Person
	Clients []OIDCClient
	Now     func() time.Time

	// Tenants are the Microsoft flavour's tenants, GUIDs in lower case. None:
	// one of ours.
	Tenants []string

	// Algorithm signs honest ID tokens: RS256, PS256, ES256 or EdDSA. Empty:
	// RS256.
	Algorithm string

	// LeanIDTokens leaves all that is user info out of ID tokens but sub, as
	// OpenID Connect Core, section 5.4, has it. Otherwise both say everything.
	LeanIDTokens bool

	// Keys and SaveKeys are as in Config. The keys of algorithms other than
	// RSA are derived from these.
	Keys     []byte
	SaveKeys func(pem []byte) error
}

// OIDC is a practice OpenID Connect provider: one issuer, or with the
// Microsoft flavour one for each tenant. It is safe for concurrent use.
type OIDC struct {
	*site
	people
	keyring
	config OIDCConfig
	sealer sealer

	mu      sync.Mutex // guards what follows
	clients []OIDCClient
	mood    mood
	weak    *rsa.PrivateKey // nil until needed
	kids    string          // what key identifiers end in; see renameKeys
	codes   shelf[grant]    // by code
	lastOf  shelf[string]   // the last code of a client
	spent   shelf[struct{}] // grants and refresh tokens that are of no use any more
	agreed  shelf[struct{}] // client and login: whoever consented before (Google)
}

// mood is what the provider does wrong of itself, whoever asks.
type mood struct {
	name, param string
	until       time.Time // zero: until it is changed
}

// NewOIDC makes a practice OpenID Connect provider.
func NewOIDC(c OIDCConfig) (*OIDC, error) {
	if c.Now == nil {
		return nil, errors.New("practice: Now is missing")
	}
	if err := c.complete(); err != nil {
		return nil, err
	}
	place, err := newSite(c.BaseURL, c.Name)
	if err != nil {
		return nil, err
	}
	o := &OIDC{
		site: place, keyring: keyring{name: c.Name, now: c.Now, save: c.SaveKeys}, config: c,
		sealer: newSealer(c.BaseURL), codes: newShelf[grant](), lastOf: newShelf[string](),
		spent: newShelf[struct{}](), agreed: newShelf[struct{}](),
	}
	for _, p := range c.People {
		if err := o.SetPerson(p); err != nil {
			return nil, err
		}
	}
	for _, client := range c.Clients {
		if err := o.AddClient(client); err != nil {
			return nil, err
		}
	}
	if err := o.load(c.Keys); err != nil {
		return nil, err
	}
	o.links = []link{{strings.TrimPrefix(o.DiscoveryURL(), o.base), "Discovery"}}
	o.route(o.routes()...)
	return o, nil
}

// guid is how a tenant is named.
var guid = regexp.MustCompile(`^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$`)

// complete fills in what has a default and says what is impossible.
func (c *OIDCConfig) complete() error {
	switch c.Flavour {
	case "":
		c.Flavour = Custom
	case Custom, Okta, Google, Microsoft:
	default:
		return fmt.Errorf("practice: there is no flavour %q", c.Flavour)
	}
	if c.Name == "" {
		c.Name = "Practice OpenID provider"
	}
	switch c.Algorithm {
	case "":
		c.Algorithm = algRS256
	case algRS256, algPS256, algES256, algEdDSA:
	default:
		return fmt.Errorf("practice: ID tokens are not signed with %q here", c.Algorithm)
	}
	if c.Flavour != Microsoft {
		if len(c.Tenants) > 0 {
			return errors.New("practice: only the Microsoft flavour has tenants")
		}
		return nil
	}
	if len(c.Tenants) == 0 {
		c.Tenants = []string{tenantDefault}
	}
	for _, tenant := range c.Tenants {
		if !guid.MatchString(tenant) {
			return fmt.Errorf("practice: the tenant %q is not a GUID in lower case", tenant)
		}
	}
	return nil
}

// Issuer is the provider's name in tokens. The tenant matters with the
// Microsoft flavour only; empty: the first.
func (o *OIDC) Issuer(tenant string) string {
	if o.config.Flavour != Microsoft {
		return o.base
	}
	if tenant == "" {
		tenant = o.config.Tenants[0]
	}
	return o.base + "/" + tenant + "/v2.0"
}

// DiscoveryURL is where the provider describes itself, the Microsoft flavour
// for all tenants.
func (o *OIDC) DiscoveryURL() string {
	issuer := o.base
	if o.config.Flavour == Microsoft {
		issuer = o.Issuer(tenantCommon)
	}
	return issuer + "/.well-known/openid-configuration"
}

// Tenants are the Microsoft flavour's tenants.
func (o *OIDC) Tenants() []string { return slices.Clone(o.config.Tenants) }

// Clients returns every relying party that the provider answers.
func (o *OIDC) Clients() []OIDCClient {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.clients)
}

// ClientByID finds a relying party.
func (o *OIDC) ClientByID(id string) (OIDCClient, bool) {
	for _, c := range o.Clients() {
		if c.ID == id {
			return c, true
		}
	}
	return OIDCClient{}, false
}

// AddClient makes a relying party known or replaces the one with the same ID.
func (o *OIDC) AddClient(c OIDCClient) error {
	if c.ID == "" {
		return errors.New("practice: a client needs an ID")
	}
	if len(c.RedirectURIs) == 0 {
		return fmt.Errorf("practice: the client %q needs a redirect URI", c.ID)
	}
	for _, uri := range c.RedirectURIs {
		if _, err := origin(uri); err != nil {
			return fmt.Errorf("practice: redirect URI of %q: %w", c.ID, err)
		}
		if strings.Contains(uri, "#") {
			return fmt.Errorf("practice: redirect URI of %q: a fragment is not allowed", c.ID)
		}
	}
	for _, address := range c.Onward {
		if exact, err := origin(address); err != nil || exact != address {
			return fmt.Errorf("practice: %q is not an origin like http://localhost:3000", address)
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for n := range o.clients {
		if o.clients[n].ID == c.ID {
			o.clients[n] = c
			return nil
		}
	}
	if len(o.clients) == maxClients {
		return fmt.Errorf("practice: there are %d clients already", maxClients)
	}
	o.clients = append(o.clients, c)
	return nil
}

// SetStanding suspends or deletes a person, or brings one back (Active). Who
// is suspended or deleted can't sign in, and gets nothing for tokens that were
// given before.
func (o *OIDC) SetStanding(login string, s Standing) error {
	p, known := o.Person(login)
	switch {
	case !known:
		return fmt.Errorf("practice: nobody here is called %q", login)
	case s != Active && s != Suspended && s != Deleted:
		return fmt.Errorf("practice: a person can't be %q", s)
	}
	p.Standing = s
	return o.SetPerson(p)
}

// Misbehave makes the provider do something wrong, by a name of
// OIDCMisbehaviours, whoever asks, until it is told otherwise. The empty name
// makes it honest again. What one sign-in asks for by itself (Login.Misbehave)
// takes second place to it.
func (o *OIDC) Misbehave(name, param string) error {
	return o.misbehave(mood{name: name, param: param})
}

// Login is one sign-in without a browser.
type Login struct {
	Person    string  // login or address of a known person
	Edited    *Person // instead of what is known of Person, for this sign-in only
	Misbehave string  // a name of OIDCMisbehaviours; empty: honest
	Param     string  // of the misbehaviour; empty: its default
}

// OIDCAnswer is where the browser goes with the provider's answer, right or
// wrong.
type OIDCAnswer struct {
	// URL has the answer in its query, unless Form is set.
	URL string `json:"url"`

	// Form is what the browser posts to URL (response_mode=form_post).
	Form url.Values `json:"form,omitempty"`
}

// Parameters are what the answer says, however it is carried.
func (a OIDCAnswer) Parameters() url.Values {
	if a.Form != nil {
		return a.Form
	}
	u, err := url.Parse(a.URL)
	if err != nil {
		return nil
	}
	return u.Query()
}

// Login answers the address to which a relying party sends the browser, as if
// somebody had picked the person on the page that is there.
func (o *OIDC) Login(authorizeURL string, l Login) (OIDCAnswer, error) {
	u, err := url.Parse(authorizeURL)
	if err != nil {
		return OIDCAnswer{}, fmt.Errorf("practice: the authorization request: %w", err)
	}
	tenant, ok := o.authorizeTenant(strings.TrimSuffix(authorizeURL, "?"+u.RawQuery))
	if !ok {
		return OIDCAnswer{}, fmt.Errorf("practice: %.200q is not where this provider is asked", authorizeURL)
	}
	a, refused, err := o.ask(u.RawQuery, tenant)
	if err != nil {
		return OIDCAnswer{}, err
	}
	if refused != nil {
		return a.refuse(refused), nil
	}
	return o.signIn(a, l)
}
