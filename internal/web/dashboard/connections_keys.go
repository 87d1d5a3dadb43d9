package dashboard

import (
	"net/http"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/web/page"
)

const oneKeyring = oneConnection + "/keys"

func (u *UI) connectionKeyRoutes() map[string]handler {
	return map[string]handler{
		"GET " + oneKeyring:              u.handleKeys,
		"POST " + oneKeyring:             u.sure(u.handleAddKey),
		"GET " + oneKeyring + "/add":     u.sure(u.handleAddKeyPage),
		"GET " + oneKeyring + "/retire":  u.sure(u.handleRetireKeysPage),
		"POST " + oneKeyring + "/retire": u.sure(u.handleRetireKeys),
	}
}

func connectionKeyNotices() map[string]string {
	return map[string]string{
		"key_added":    "The new key is in our metadata now. The old one goes on signing until you retire it.",
		"keys_retired": "The old key has been retired. The new one signs from now on.",
	}
}

func keysPath(id identity.ConnectionID) string { return connectionPath(id) + "/keys" }

// keyringOf reads a SAML connection and our keys at it.
func (u *UI) keyringOf(r *http.Request) (c identity.Connection, org string, state manage.ConnectionState, err error) {
	if c, err = u.connectionOf(r); err != nil {
		return c, "", state, err
	}
	if !c.Provider.IsSAML() {
		return c, "", state, fault.New(fault.NotFound, "resource", "key")
	}
	if org, err = u.organizationName(r, c); err != nil {
		return c, "", state, err
	}
	state, err = u.Manage.ConnectionState(r.Context(), c.ID)
	return c, org, state, err
}

func (u *UI) handleKeys(w http.ResponseWriter, r *http.Request, op operator) error {
	c, org, state, err := u.keyringOf(r)
	if err != nil {
		return err
	}
	s := connectionHead(c, org, "Keys")
	s.Blocks = keyBlocks(c, state.Keys, u.BaseURL, u.Now())
	return u.show(w, r, op, s)
}

func keyBlocks(c identity.Connection, keys []manage.KeyView, base string, now time.Time) []page.Block {
	path := keysPath(c.ID)
	lead := page.Block{Title: "Our keys", Text: "We sign requests with them where the provider wants that, and providers encrypt answers for them. Most providers need neither."}
	if len(keys) > 1 {
		lead.Alert = &page.Alert{
			Kind: "info", Title: "A key is being renewed", Text: "Let the provider’s administrator read our metadata again, or enter the newest certificate. Then retire the old key.",
			Actions: []page.Action{{Text: "Retire the old key", URL: path + "/retire"}},
		}
	} else {
		lead.Actions = []page.Action{{Text: "Renew the key", URL: path + "/add"}}
	}
	signs := page.Fact{Term: "The provider wants signed requests", Text: "No"}
	if c.Config.SAML.WantSigned {
		signs.Text = "Yes"
	}
	lead.Facts = []page.Fact{signs, {Term: "Our metadata", Text: c.ID.SPMetadataURL(base), Copy: true}}
	blocks := []page.Block{lead}
	for i, k := range keys {
		b := page.Block{Title: "The key", Code: &page.Code{Label: "Certificate", Text: k.PEM, Copy: true}}
		state := page.Badge{Text: "In use", Kind: "success"}
		if len(keys) > 1 {
			b.Title = "The old key"
			if i > 0 {
				b.Title, state = "The new key", page.Badge{Text: "Decrypts, signs later", Kind: "accent"}
			}
		}
		f := certificateFact(k.CertificateView, now)
		b.Facts = []page.Fact{{Term: "State", Badge: state}, {Term: "Made", When: page.On(k.CreatedAt)}, {Term: "Ends", When: page.Since(now, k.NotAfter), Badge: f.Badge}, {Term: "SHA-256", Text: k.Fingerprint, Code: true}}
		blocks = append(blocks, b)
	}
	return blocks
}

func (u *UI) handleAddKeyPage(w http.ResponseWriter, r *http.Request, op operator) error {
	c, org, _, err := u.keyringOf(r)
	if err != nil {
		return err
	}
	return u.show(w, r, op, addKeyScreen(c, org))
}

func addKeyScreen(c identity.Connection, org string) page.Screen {
	s := connectionHead(c, org, "Keys")
	s.Blocks = []page.Block{
		{Title: "Renew our key", Text: "Nobody notices anything, if it is done in this order.", Prose: []page.Prose{{Ordered: true, Items: []page.Item{
			{Text: "A new key is made and put into our metadata, beside the old one. The old one goes on signing."},
			{Text: "The provider’s administrator reads our metadata again, or enters the new certificate beside the old one."},
			{Text: "You retire the old key. The new one signs from then on."},
		}}}},
		{Form: &page.Form{Action: keysPath(c.ID), Submit: "Make a new key", Cancel: keysPath(c.ID)}},
	}
	return s
}

func (u *UI) handleAddKey(w http.ResponseWriter, r *http.Request, _ operator) error {
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	c, _, state, err := u.keyringOf(r)
	if err != nil {
		return err
	}
	if len(state.Keys) < 2 { // a form that is sent twice makes one key
		if _, err := u.Manage.AddConnectionKey(r.Context(), c.ID); err != nil {
			return err
		}
	}
	return seeOther(w, r, after(keysPath(c.ID), "key_added"))
}

func (u *UI) handleRetireKeysPage(w http.ResponseWriter, r *http.Request, op operator) error {
	c, org, state, err := u.keyringOf(r)
	if err != nil {
		return err
	}
	if len(state.Keys) < 2 {
		return seeOther(w, r, keysPath(c.ID))
	}
	return u.show(w, r, op, retireKeysScreen(c, org, state.Keys))
}

func retireKeysScreen(c identity.Connection, org string, keys []manage.KeyView) page.Screen {
	s := connectionHead(c, org, "Keys")
	newest := keys[len(keys)-1]
	effects := []page.Effect{{Text: "Answers that the provider still encrypts for the old key can’t be read any more: those sign-ins fail.", Kind: "warning"}}
	if c.Config.SAML.WantSigned {
		effects = append([]page.Effect{{Text: "Requests are signed with the new key from now on. If the provider does not know it yet, nobody can sign in.", Kind: "danger"}}, effects...)
	}
	s.Blocks = []page.Block{
		{Title: "Retire the old key?", Text: "This can’t be undone: a retired key never comes back.", Effects: effects},
		{Facts: []page.Fact{{Term: "The key that stays, SHA-256", Text: newest.Fingerprint, Code: true}}},
		{Form: &page.Form{Action: keysPath(c.ID) + "/retire", Submit: "Retire the old key", Danger: true, Cancel: keysPath(c.ID), Hidden: []page.Hidden{{Name: "newest", Value: string(newest.ID)}}}},
	}
	return s
}

func (u *UI) handleRetireKeys(w http.ResponseWriter, r *http.Request, _ operator) error {
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	given, err := values(form, "newest")
	if err != nil {
		return err
	}
	c, _, state, err := u.keyringOf(r)
	if err != nil {
		return err
	}
	if n := len(state.Keys); n < 2 || string(state.Keys[n-1].ID) != given["newest"] { // another one was made meanwhile: look again
		return seeOther(w, r, keysPath(c.ID))
	}
	if _, err := u.Manage.RetireConnectionKeys(r.Context(), c.ID); err != nil {
		return err
	}
	return seeOther(w, r, after(keysPath(c.ID), "keys_retired"))
}
