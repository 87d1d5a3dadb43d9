package practice

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// maxPeople bounds what strangers can make a running provider keep. Ours.
const maxPeople = 10_000

// Attribute is a further attribute of a person.
type Attribute struct {
	Name   string   `json:"name"`
	Values []string `json:"values"`
}

// Standing says whether a person may still sign in.
type Standing string

// The standings. Only the OpenID Connect provider looks at them.
const (
	Active    Standing = ""
	Suspended Standing = "suspended"
	Deleted   Standing = "deleted" // as if never known, but can be brought back
)

// Person is somebody whom the provider vouches for.
type Person struct {
	// Login names the person here and never changes. Empty: Mail.
	Login string `json:"login"`

	Mail      string   `json:"mail"`
	FirstName string   `json:"first_name"`
	LastName  string   `json:"last_name"`
	Groups    []string `json:"groups,omitempty"`

	// Subject is the NameID or sub. Empty: derived from Login, so that it
	// outlives every change of address and every restart.
	Subject string `json:"subject"`

	// Attributes are sent besides the usual ones.
	Attributes []Attribute `json:"attributes,omitempty"`

	// What follows is said in OpenID Connect only.

	Standing   Standing `json:"standing,omitempty"`
	Unverified bool     `json:"unverified,omitempty"` // email_verified is false

	// HostedDomain is Google's hd. Empty: the address's domain, and none for
	// gmail.com, as with Google.
	HostedDomain string `json:"hosted_domain,omitempty"`

	// Tenant is Microsoft's tid. Empty: the first of OIDCConfig.Tenants.
	Tenant string `json:"tenant,omitempty"`

	Guest bool `json:"guest,omitempty"` // of the Microsoft tenant: acct is 1

	// Unproven says that the Microsoft tenant has not proved to own the domain
	// of the address: xms_edov is false.
	Unproven bool `json:"unproven,omitempty"`
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

// people are those whom a provider knows.
type people struct {
	mu   sync.Mutex
	list []Person // guarded by mu
}

// People returns everyone whom the provider knows.
func (l *people) People() []Person {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]Person, len(l.list))
	for n, p := range l.list {
		out[n] = p.complete()
	}
	return out
}

// Person finds a person by login or, failing that, by address.
func (l *people) Person(login string) (Person, bool) {
	everyone := l.People()
	for _, p := range everyone {
		if p.Login == login {
			return p, true
		}
	}
	for _, p := range everyone {
		if p.Mail != "" && strings.EqualFold(p.Mail, login) {
			return p, true
		}
	}
	return Person{}, false
}

// SetPerson adds a person or replaces the one with the same Login.
func (l *people) SetPerson(p Person) error {
	p = p.complete()
	if p.Login == "" {
		return errors.New("practice: a person needs an address or another login")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for n := range l.list {
		if l.list[n].Login == p.Login {
			l.list[n] = p
			return nil
		}
	}
	if len(l.list) == maxPeople {
		return fmt.Errorf("practice: there are %d people already", maxPeople)
	}
	l.list = append(l.list, p)
	return nil
}

// RemovePerson forgets a person.
func (l *people) RemovePerson(login string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = slices.DeleteFunc(l.list, func(p Person) bool { return p.Login == login })
}
