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
		short: "Run a practice identity provider, for SAML and OpenID Connect.",
		long: `
A small identity provider to try service providers with, Usher or another: pick a
person, edit what is sent, sign in. On request it misbehaves, by name: expired,
unsigned, meant for somebody else, wrapped and more. Its first page lists all.

Nobody proves anything to it: whoever reaches it can be anybody. Never connect it to
a deployment that anyone relies on.

To use it with SAML, make its metadata URL known to the service provider. The service
provider becomes known by --sp-metadata, on its pages, or by its first request, which
a person confirms (not with --any-sp).

To use it with OpenID Connect, name the client's --redirect-uri, and give the client
the discovery URL that is printed then.

Examples:
  usher idp
  usher idp --sp-metadata http://127.0.0.1:4000/v1/saml/metadata/ent_1.xml --person 'Alice Liddell <alice@acme.test>'
  usher idp --flavour microsoft --any-sp --listen 127.0.0.1:0
  usher idp --flavour google --client-secret s3cret --redirect-uri http://127.0.0.1:4000/v1/oauth_callback`,
		setup: func(fs *flag.FlagSet) runner {
			p := idpServer{flavour: newChoice(string(practice.Custom), string(practice.Okta), string(practice.Google), string(practice.Microsoft))}
			fs.StringVar(&p.listen, "listen", "127.0.0.1:4010", "`ADDRESS` and port to serve on.")
			fs.Var(&p.metadata, "sp-metadata", "A `URL|FILE` with the metadata of a service provider. May be repeated.")
			fs.Var(&p.people, "person", "A `PERSON` to sign in as, as in 'Alice Liddell <alice@acme.test>'. May be repeated; without any there are Alice and Bob.")
			fs.Var(p.flavour, "flavour", "Whose attributes, claims and names of people to copy: a `NAME` of custom, okta, google, microsoft.")
			fs.BoolVar(&p.anySP, "any-sp", false, "Answer every service provider that asks, without confirmation.")
			fs.StringVar(&p.keys, "keys", "", "A `FILE` to keep its signing key in, so that it has the same after a restart; those for OpenID Connect go to FILE.oidc.")
			fs.Var(&p.redirects, "redirect-uri", "A `URL` to which the OpenID Connect client has people sent back. May be repeated; without any there is SAML only.")
			fs.StringVar(&p.client, "client-id", "usher", "`ID` of the OpenID Connect client.")
			fs.StringVar(&p.secret, "client-secret", "", "The client's `SECRET`. Without one it is a public client, which must use PKCE.")
			fs.Var(&p.tenants, "tenant", "A `GUID` of a tenant, with --flavour microsoft. May be repeated; without any there is one.")
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

	redirects listFlag
	client    string
	secret    string
	tenants   listFlag
}

// oidcPath is where the OpenID Connect provider is, beside the SAML one.
const oidcPath = "/oidc"

func (p *idpServer) run(ctx context.Context, w *world) error {
	if len(p.redirects) == 0 && (p.secret != "" || len(p.tenants) > 0) {
		return usagef("--client-secret and --tenant go with --redirect-uri")
	}
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
	handler, err := p.handler(w, l, idp)
	if err != nil {
		return errors.Join(err, l.Close())
	}
	s := &http.Server{Handler: handler, ReadHeaderTimeout: idpHeaderTimeout}
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

// handler says what there is, and serves it.
func (p *idpServer) handler(w *world, l net.Listener, idp *practice.IDP) (http.Handler, error) {
	if len(p.redirects) == 0 {
		p.greet(w.stdout, idp)
		warn(w.stdout, l)
		return idp, nil
	}
	o, err := p.openOIDC(w, l, idp.People())
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.Handle("/", idp)
	mux.Handle(oidcPath, o)
	mux.Handle(oidcPath+"/", o)
	p.greet(w.stdout, idp)
	p.greetOIDC(w.stdout, o)
	warn(w.stdout, l)
	return mux, nil
}

// open makes the provider. Its address is that of the listener.
func (p *idpServer) open(ctx context.Context, w *world, l net.Listener, people []practice.Person) (*practice.IDP, error) {
	c := practice.Config{
		BaseURL: "http://" + l.Addr().String(), Flavour: practice.Flavour(p.flavour.value), People: people,
		Now: w.now, AnySP: p.anySP, Client: &http.Client{Timeout: idpFetchTimeout},
	}
	var err error
	if c.Keys, c.SaveKeys, err = p.keep(""); err != nil {
		return nil, err
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

// openOIDC makes the OpenID Connect provider, with the same people.
func (p *idpServer) openOIDC(w *world, l net.Listener, people []practice.Person) (*practice.OIDC, error) {
	c := practice.OIDCConfig{
		BaseURL: "http://" + l.Addr().String() + oidcPath, Flavour: practice.Flavour(p.flavour.value), People: people, Now: w.now,
		Clients: []practice.OIDCClient{{ID: p.client, Secret: p.secret, RedirectURIs: p.redirects}}, Tenants: p.tenants,
	}
	var err error
	if c.Keys, c.SaveKeys, err = p.keep(".oidc"); err != nil {
		return nil, err
	}
	return practice.NewOIDC(c)
}

// keep reads the keys that were saved, if any, and says how to save others.
// The suffix is for the file's name.
func (p *idpServer) keep(suffix string) (saved []byte, save func([]byte) error, err error) {
	if p.keys == "" {
		return nil, nil, nil
	}
	file := p.keys + suffix
	if saved, err = os.ReadFile(file); err != nil && !errors.Is(err, os.ErrNotExist) { //nolint:gosec // named by whoever runs the command
		return nil, nil, err
	}
	return saved, func(pem []byte) error { return os.WriteFile(file, pem, 0o600) }, nil
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

func (p *idpServer) greet(out io.Writer, idp *practice.IDP) {
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
}

func (p *idpServer) greetOIDC(out io.Writer, o *practice.OIDC) {
	kind := "a public client, which must use PKCE"
	if p.secret != "" {
		kind = "a client with a secret"
	}
	fmt.Fprintf(out, `
  The same people sign in through OpenID Connect:

    Its pages      %s/
    Discovery URL  %s
    Issuer         %s
    Client ID      %s
    Registered as  %s
`, o.BaseURL(), o.DiscoveryURL(), o.Issuer(""), clean(p.client), kind)
	for _, tenant := range o.Tenants() {
		fmt.Fprintf(out, "    Tenant         %s\n", tenant)
	}
	for _, uri := range p.redirects {
		fmt.Fprintf(out, "    Redirect URI   %s\n", clean(uri))
	}
}

// warn ends what is printed at the start.
func warn(out io.Writer, l net.Listener) {
	if a, ok := l.Addr().(*net.TCPAddr); ok && !a.IP.IsLoopback() {
		fmt.Fprint(out, "\n  WARNING: others can reach it, and whoever does can sign in as anybody.\n")
	}
	fmt.Fprint(out, "\n  Stop with Ctrl-C.\n\n")
}
