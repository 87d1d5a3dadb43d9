package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/mail"
	"os"
	"strings"
	"time"

	"usher/internal/practice"
)

// Limits of the practice provider's listener and of its fetches. Ours.
const (
	idpHeaderTimeout = 10 * time.Second
	idpFetchTimeout  = 10 * time.Second
	idpGrace         = 5 * time.Second
)

func idpCommand() command {
	return command{
		name: "idp", args: "[flags]",
		short: "Run a practice SAML identity provider.",
		long: `
A small identity provider to try service providers with, Usher or another: pick a
person, edit what is sent, sign in. On request it misbehaves, by name: expired,
unsigned, meant for somebody else, wrapped and more. Its first page lists all.

Nobody proves anything to it: whoever reaches it can be anybody. Never connect it to
a deployment that anyone relies on.

To use it, make its metadata URL known to the service provider. The service provider
becomes known by --sp-metadata, on its pages, or by its first request, which a
person confirms (not with --any-sp).

Examples:
  usher idp
  usher idp --sp-metadata http://127.0.0.1:4000/v1/saml/metadata/ent_1.xml --person 'Alice Liddell <alice@acme.test>'
  usher idp --flavour microsoft --any-sp --listen 127.0.0.1:0`,
		setup: func(fs *flag.FlagSet) runner {
			p := idpServer{flavour: newChoice(string(practice.Custom), string(practice.Okta), string(practice.Google), string(practice.Microsoft))}
			fs.StringVar(&p.listen, "listen", "127.0.0.1:4010", "`ADDRESS` and port to serve on.")
			fs.Var(&p.metadata, "sp-metadata", "A `URL|FILE` with the metadata of a service provider. May be repeated.")
			fs.Var(&p.people, "person", "A `PERSON` to sign in as, as in 'Alice Liddell <alice@acme.test>'. May be repeated; without any there are Alice and Bob.")
			fs.Var(p.flavour, "flavour", "Whose attributes and NameID to copy: a `NAME` of custom, okta, google, microsoft.")
			fs.BoolVar(&p.anySP, "any-sp", false, "Answer every service provider that asks, without confirmation.")
			fs.StringVar(&p.keys, "keys", "", "A `FILE` to keep its signing key in, so that it has the same after a restart.")
			return func(ctx context.Context, w *world, args []string) error {
				if err := none(args); err != nil {
					return err
				}
				return p.run(ctx, w)
			}
		},
	}
}

// idpServer holds the flags of "usher idp".
type idpServer struct {
	listen   string
	metadata listFlag
	people   listFlag
	flavour  *choiceFlag
	anySP    bool
	keys     string
}

func (p *idpServer) run(ctx context.Context, w *world) error {
	people, err := readPeople(p.people)
	if err != nil {
		return err
	}
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", p.listen)
	if err != nil {
		return err
	}
	idp, err := p.open(ctx, w, l, people)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	p.greet(w.stdout, idp, l)
	s := &http.Server{Handler: idp, ReadHeaderTimeout: idpHeaderTimeout}
	failed := make(chan error, 1)
	go func() { failed <- s.Serve(l) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), idpGrace)
	defer cancel()
	if s.Shutdown(grace) != nil {
		return s.Close()
	}
	return nil
}

// open makes the provider. Its address is that of the listener.
func (p *idpServer) open(ctx context.Context, w *world, l net.Listener, people []practice.Person) (*practice.IDP, error) {
	c := practice.Config{
		BaseURL: "http://" + l.Addr().String(), Flavour: practice.Flavour(p.flavour.value), People: people,
		Now: w.now, AnySP: p.anySP, Client: &http.Client{Timeout: idpFetchTimeout},
	}
	if p.keys != "" {
		var err error
		if c.Keys, err = os.ReadFile(p.keys); err != nil && !errors.Is(err, os.ErrNotExist) {
			return nil, err
		}
		c.SaveKeys = func(pem []byte) error { return os.WriteFile(p.keys, pem, 0o600) }
	}
	idp, err := practice.New(c)
	if err != nil {
		return nil, err
	}
	for _, place := range p.metadata {
		if err := addSP(ctx, idp, place); err != nil {
			return nil, err
		}
	}
	return idp, nil
}

func addSP(ctx context.Context, idp *practice.IDP, place string) error {
	if strings.HasPrefix(place, "http://") || strings.HasPrefix(place, "https://") {
		_, err := idp.AddSPFromURL(ctx, place)
		return err
	}
	text, err := os.ReadFile(place) //nolint:gosec // named by whoever runs the command
	if err != nil {
		return err
	}
	if _, err := idp.AddSPMetadata(text); err != nil {
		return fmt.Errorf("reading %s: %w", place, err)
	}
	return nil
}

// readPeople reads people written as in a mail's header.
func readPeople(list []string) ([]practice.Person, error) {
	if len(list) == 0 {
		list = []string{"Alice Liddell <alice@acme.test>", "Bob Builder <bob@acme.test>"}
	}
	people := make([]practice.Person, 0, len(list))
	for _, text := range list {
		a, err := mail.ParseAddress(text)
		if err != nil {
			return nil, usagef("--person %q must look like 'Alice Liddell <alice@acme.test>'", clean(text))
		}
		person := practice.Person{Mail: a.Address, FirstName: a.Name}
		if n := strings.LastIndex(a.Name, " "); n > 0 {
			person.FirstName, person.LastName = a.Name[:n], a.Name[n+1:]
		}
		people = append(people, person)
	}
	return people, nil
}

func (p *idpServer) greet(out io.Writer, idp *practice.IDP, l net.Listener) {
	fmt.Fprintf(out, `
  A practice identity provider is running.

    Its pages      %s/
    Metadata URL   %s
    Entity ID      %[2]s
    SSO URL        %s
    Flavour        %s

  Give the metadata URL to the service provider, or the document behind it where it does
  not fetch from this machine. These service providers are known:
`, idp.BaseURL(), idp.EntityID(), idp.SSOURL(), p.flavour.value)
	for _, sp := range idp.SPs() {
		fmt.Fprintf(out, "    %s\n", clean(sp.EntityID))
	}
	switch {
	case p.anySP:
		fmt.Fprint(out, "    and every one that asks (--any-sp)\n")
	case len(idp.SPs()) == 0:
		fmt.Fprint(out, "    none yet: one that asks is added on the page that opens then\n")
	}
	fmt.Fprint(out, "\n  People:\n")
	for _, person := range idp.People() {
		fmt.Fprintf(out, "    %s <%s>\n", clean(person.Name()), clean(person.Mail))
	}
	if a, ok := l.Addr().(*net.TCPAddr); ok && !a.IP.IsLoopback() {
		fmt.Fprint(out, "\n  WARNING: others can reach it, and whoever does can sign in as anybody.\n")
	}
	fmt.Fprint(out, "\n  Stop with Ctrl-C.\n\n")
}
