package dashboard

import (
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/web/page"
)

const (
	apiKeysPath = root + "/api-keys"

	// maxKeyName is in characters. Ours.
	maxKeyName = 100
)

func (u *UI) apiKeyRoutes() map[string]handler {
	return map[string]handler{
		"GET " + apiKeysPath:                       u.handleAPIKeys,
		"POST " + apiKeysPath:                      u.sure(u.handleCreateAPIKey),
		"GET " + apiKeysPath + "/new":              u.sure(u.handleNewAPIKey),
		"GET " + apiKeysPath + "/{key_id}/revoke":  u.handleRevokeAPIKeyPage,
		"POST " + apiKeysPath + "/{key_id}/revoke": u.handleRevokeAPIKey,
	}
}

func apiKeyNotices() map[string]string {
	return map[string]string{"api_key_revoked": "The key has been revoked. Calls with it are refused from now on."}
}

func (u *UI) handleAPIKeys(w http.ResponseWriter, r *http.Request, op operator) error {
	keys, err := u.Manage.SecretKeys(r.Context())
	if err != nil {
		return err
	}
	return u.show(w, r, op, apiKeysScreen(keys, u.Now()))
}

func apiKeysScreen(keys []identity.SecretKey, now time.Time) page.Screen {
	create := page.Action{Text: "Create key", URL: apiKeysPath + "/new", Kind: "primary"}
	s := page.Screen{
		Title: "API keys", Lead: "Your server uses a secret key to call the Backend API. Whoever has one can do everything here.",
		Actions: []page.Action{create},
	}
	if len(keys) == 0 {
		s.Blocks = []page.Block{{Empty: &page.Empty{
			Icon: "key", Title: "No key yet", Text: "Create one for each of your servers, so that one can be revoked without stopping the others.", Actions: []page.Action{create},
		}}}
		return s
	}
	table := &page.Table{Caption: "API keys", Columns: []page.Column{{Title: "Name"}, {Title: "ID"}, {Title: "Created"}, {Title: "State"}}}
	for _, k := range keys {
		row := page.Row{Cells: []page.Cell{{Text: k.Name}, {Text: string(k.ID), Code: true}, {When: page.Since(now, k.CreatedAt)}, {Badges: []page.Badge{{Text: "Valid", Kind: "success"}}}}}
		if k.RevokedAt.IsZero() {
			row.Actions = []page.Action{{Text: "Revoke", Unseen: k.Name, URL: apiKeysPath + "/" + string(k.ID) + "/revoke"}}
		} else {
			row.Cells[3] = page.Cell{Badges: []page.Badge{{Text: "Revoked"}}, When: page.Since(now, k.RevokedAt)}
		}
		table.Rows = append(table.Rows, row)
	}
	s.Blocks = []page.Block{{Table: table}}
	return s
}

func (u *UI) handleNewAPIKey(w http.ResponseWriter, r *http.Request, op operator) error {
	return u.show(w, r, op, newAPIKeyScreen(""))
}

func newAPIKeyScreen(name string) page.Screen {
	return page.Screen{
		Title: "Create API key", Crumbs: []page.Link{{Text: "API keys", URL: apiKeysPath}},
		Blocks: []page.Block{{Form: &page.Form{
			Action: apiKeysPath, Submit: "Create key", Cancel: apiKeysPath,
			Fields: []page.Field{{Name: "name", Label: "Name", Value: name, Max: maxKeyName, First: true, Hint: "Which server has it, such as “billing”."}},
		}}},
	}
}

func (u *UI) handleCreateAPIKey(w http.ResponseWriter, r *http.Request, op operator) error {
	form, err := u.Forms.Read(w, r)
	if err != nil {
		return err
	}
	given, err := values(form, "name")
	if err != nil {
		return err
	}
	name := strings.TrimSpace(given["name"])
	if n := utf8.RuneCountInString(name); n == 0 || n > maxKeyName {
		s := newAPIKeyScreen(name)
		s.Problems = []page.Problem{{Field: "name", Text: "Give the key a name of up to 100 characters."}}
		return u.showAs(w, r, op, http.StatusUnprocessableEntity, s)
	}
	key, err := u.Manage.NewSecretKey(r.Context(), name, u.Development)
	if err != nil {
		return err
	}
	return u.show(w, r, op, apiKeyCreatedScreen(name, key))
}

// apiKeyCreatedScreen is the answer to the form itself: the key lies in no URL, and
// is shown this once.
func apiKeyCreatedScreen(name, key string) page.Screen {
	return page.Screen{
		Title: "Your new key", Crumbs: []page.Link{{Text: "API keys", URL: apiKeysPath}},
		Blocks: []page.Block{
			{Alert: &page.Alert{Kind: "warning", Title: "Copy it now", Text: "The key is shown this once. We keep only a hash of it."}},
			{Facts: []page.Fact{{Term: "Name", Text: name}, {Term: "Secret key", Text: key, Copy: true}}, Actions: []page.Action{{Text: "Done", URL: apiKeysPath, Kind: "primary"}}},
		},
	}
}

func (u *UI) handleRevokeAPIKeyPage(w http.ResponseWriter, r *http.Request, op operator) error {
	keys, err := u.Manage.SecretKeys(r.Context())
	if err != nil {
		return err
	}
	for _, k := range keys {
		if string(k.ID) == r.PathValue("key_id") && k.RevokedAt.IsZero() {
			return u.show(w, r, op, revokeAPIKeyScreen(k, u.Now()))
		}
	}
	return fault.New(fault.NotFound, "resource", "secret key")
}

func revokeAPIKeyScreen(k identity.SecretKey, now time.Time) page.Screen {
	return page.Screen{
		Title: "Revoke " + k.Name + "?", Crumbs: []page.Link{{Text: "API keys", URL: apiKeysPath}},
		Lead: "Calls with this key are refused at once, on every node. This can’t be undone: a server that still uses it needs another key first.",
		Blocks: []page.Block{
			{Facts: []page.Fact{{Term: "ID", Text: string(k.ID), Code: true}, {Term: "Created", When: page.Since(now, k.CreatedAt)}}},
			{Form: &page.Form{Action: apiKeysPath + "/" + string(k.ID) + "/revoke", Submit: "Revoke key", Danger: true, Cancel: apiKeysPath}},
		},
	}
}

func (u *UI) handleRevokeAPIKey(w http.ResponseWriter, r *http.Request, _ operator) error {
	if _, err := u.Forms.Read(w, r); err != nil {
		return err
	}
	if err := u.Manage.RevokeSecretKey(r.Context(), identity.SecretKeyID(r.PathValue("key_id"))); err != nil {
		return err
	}
	return seeOther(w, r, after(apiKeysPath, "api_key_revoked"))
}
