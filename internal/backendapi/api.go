// Package backendapi is the JSON API for the customer's server: Clerk's Backend
// API shapes under /backend/v1, opened by a secret key. It reads, calls one flow
// and writes; it decides nothing.
package backendapi

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/session"
	"usher/internal/signin"
)

// API serves the Backend API.
type API struct {
	Manage   *manage.Service
	SignIn   *signin.Flow
	Sessions *session.Manager
	BaseURL  string         // the deployment's public origin, without a slash at the end
	Calls    httpio.Counter // of all callers together; nil: not limited
	Changes  httpio.Counter // of one user, organization or membership; nil: not limited
	MailFrom string         // the sender of mails as configured; empty: none

	AuditAddresses bool // the audit log keeps from where a call came
}

// Prefix is where the API stands.
const Prefix = "/backend/v1"

// Routes registers every operation. The order is that of the documentation.
func (a *API) Routes(mux *http.ServeMux) {
	for _, operations := range append(a.tables(), svixRoutes()) {
		for pattern, h := range operations {
			method, path, _ := strings.Cut(pattern, " ")
			mux.Handle(method+" "+Prefix+path, httpio.Handle(a.authenticated(a.limited(pattern, h))))
		}
	}
	mux.Handle(Prefix+"/", httpio.Handle(a.authenticated(httpio.NotFound)))
}

// operations are those of the foundation; more are beside their handlers.
func (a *API) operations() map[string]httpio.Handler {
	return map[string]httpio.Handler{
		"GET /jwks":                 a.handleJWKS,
		"POST /signing_keys/rotate": a.handleRotateSigningKeys,
		"GET /settings":             a.handleSettings,
		"PATCH /settings":           a.handleChangeSettings,

		"GET /users":                                    a.handleUsers,
		"GET /users/count":                              a.handleCountUsers,
		"POST /users":                                   a.handleCreateUser,
		"GET /users/{user_id}":                          a.handleUser,
		"PATCH /users/{user_id}":                        a.handleChangeUser,
		"DELETE /users/{user_id}":                       a.handleDeleteUser,
		"PATCH /users/{user_id}/metadata":               a.handleMergeUserMetadata,
		"PUT /users/{user_id}/metadata":                 a.handleReplaceUserMetadata,
		"POST /users/{user_id}/ban":                     a.handleBan,
		"POST /users/{user_id}/unban":                   a.handleUnban,
		"POST /users/{user_id}/lock":                    a.handleLock,
		"POST /users/{user_id}/unlock":                  a.handleUnlock,
		"GET /users/{user_id}/organization_memberships": a.handleMembershipsOfUser,

		"GET /organizations":                              a.handleOrganizations,
		"POST /organizations":                             a.handleCreateOrganization,
		"GET /organizations/{organization_id}":            a.handleOrganization,
		"PATCH /organizations/{organization_id}":          a.handleChangeOrganization,
		"DELETE /organizations/{organization_id}":         a.handleDeleteOrganization,
		"PATCH /organizations/{organization_id}/metadata": a.handleMergeOrganizationMetadata,
		"PUT /organizations/{organization_id}/metadata":   a.handleReplaceOrganizationMetadata,
		"PUT /organizations/{organization_id}/logo":       a.handleSetLogo,
		"DELETE /organizations/{organization_id}/logo":    a.handleDeleteLogo,

		"GET /organization_memberships":                                         a.handleAllMemberships,
		"GET /organizations/{organization_id}/memberships":                      a.handleMembers,
		"POST /organizations/{organization_id}/memberships":                     a.handleAddMember,
		"PATCH /organizations/{organization_id}/memberships/{user_id}":          a.handleChangeMember,
		"DELETE /organizations/{organization_id}/memberships/{user_id}":         a.handleRemoveMember,
		"PATCH /organizations/{organization_id}/memberships/{user_id}/metadata": a.handleMergeMembershipMetadata,

		"GET /enterprise_connections":                                         a.handleConnections,
		"POST /enterprise_connections":                                        a.handleCreateConnection,
		"GET /enterprise_connections/{enterprise_connection_id}":              a.handleConnection,
		"PATCH /enterprise_connections/{enterprise_connection_id}":            a.handleChangeConnection,
		"DELETE /enterprise_connections/{enterprise_connection_id}":           a.handleDeleteConnection,
		"POST /enterprise_connections/{enterprise_connection_id}/preview":     a.handlePreviewConnection,
		"GET /enterprise_connections/{enterprise_connection_id}/facts":        a.handleConnectionFacts,
		"POST /enterprise_connections/{enterprise_connection_id}/keys":        a.handleAddConnectionKey,
		"POST /enterprise_connections/{enterprise_connection_id}/keys/retire": a.handleRetireConnectionKeys,

		"GET /provider_credentials/{provider}":    a.handleCredentials,
		"PUT /provider_credentials/{provider}":    a.handlePutCredentials,
		"DELETE /provider_credentials/{provider}": a.handleDeleteCredentials,

		"GET /sessions":                      a.handleSessions,
		"GET /sessions/{session_id}":         a.handleSession,
		"POST /sessions/{session_id}/revoke": a.handleRevokeSession,
		"POST /sessions/{session_id}/tokens": a.handleSessionToken,

		"GET /sso_attempts":                      a.handleAttempts,
		"GET /sso_attempts/{attempt_id}":         a.handleAttempt,
		"POST /sso_attempts/{attempt_id}/causes": a.handleAttemptCauses,
		"POST /sso_attempts/{attempt_id}/replay": a.handleReplayAttempt,
		"POST /sso_causes":                       a.handleCauses,
		"POST /sso_simulations":                  a.handleSimulate,
		"POST /operator_links":                   a.handleCreateOperatorLink,
		"POST /sso_simulations/organization":     a.handleWhatIf,
		"GET /sso_overview":                      a.handleOverview,
	}
}

// authenticated lets a handler see only requests with a valid secret key. The
// check stands in front of each handler, not in front of a path (threat
// T-API-08).
func (a *API) authenticated(h httpio.Handler) httpio.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		key, err := bearer(r)
		if err != nil {
			return err
		}
		id, err := a.Manage.Authenticate(r.Context(), key)
		if err != nil {
			return err
		}
		r = r.WithContext(identity.WithActor(r.Context(), a.actor(r, id)))
		if _, err := version(r); err != nil {
			return err
		}
		return h(w, r)
	}
}

// bearer reads the one Authorization header.
func bearer(r *http.Request) (string, error) {
	values := r.Header.Values("Authorization")
	if len(values) != 1 {
		return "", fault.New(fault.AuthorizationHeaderInvalid)
	}
	key, ok := strings.CutPrefix(values[0], "Bearer ")
	if !ok || key == "" || strings.ContainsAny(key, " \t") {
		return "", fault.New(fault.AuthorizationHeaderInvalid)
	}
	return key, nil
}

// The API versions that Clerk has published, oldest first.
const (
	oldestVersion   = "2021-02-05"
	versionMetadata = "2026-05-12" // metadata is changed at …/metadata only
)

func knownVersions() []string {
	return []string{oldestVersion, "2024-10-01", "2025-03-12", "2025-04-10", "2025-11-10", versionMetadata}
}

// version reads which version of the API the caller speaks. One that is newer
// than all that are known is taken as the newest: SDKs are updated first.
func version(r *http.Request) (string, error) {
	header := r.Header.Values("Clerk-API-Version")
	query := r.URL.Query()["__clerk_api_version"]
	switch len(header) + len(query) {
	case 0:
		return oldestVersion, nil
	case 1:
	default:
		return "", fault.New(fault.APIVersionInvalid)
	}
	v := append(header, query...)[0]
	if _, err := time.Parse(time.DateOnly, v); err != nil || v < versionMetadata && !slices.Contains(knownVersions(), v) {
		return "", fault.New(fault.APIVersionInvalid)
	}
	return v, nil
}

// query reads the parameters of a list. A filter that the list does not have is
// refused: ignored, it would find everything (threat T-API-03). "paginated" comes
// from SDKs that want every list with its total.
func query(r *http.Request, filters ...string) (httpio.Params, error) {
	q, err := httpio.Query(r)
	if err != nil {
		return nil, err
	}
	return q, q.Allow(append(filters, "limit", "offset", "paginated", "__clerk_api_version")...)
}

// unpaged checks the parameters of a list that is short, without filters and pages.
func unpaged(r *http.Request) error {
	q, err := httpio.Query(r)
	if err != nil {
		return err
	}
	return q.Allow("paginated", "__clerk_api_version")
}

func (a *API) handleJWKS(w http.ResponseWriter, r *http.Request) error {
	set, err := a.Sessions.Keys.Public(r.Context())
	if err != nil {
		return err
	}
	return httpio.WriteJSON(w, http.StatusOK, set)
}

// list is the shape of most lists.
type list struct {
	Data       any `json:"data"`
	TotalCount int `json:"total_count"`
}

// deleted is what a deletion answers.
type deleted struct {
	Object     string  `json:"object"`
	ID         string  `json:"id"`
	Slug       *string `json:"slug,omitempty"`
	ExternalID *string `json:"external_id,omitempty"`
	Deleted    bool    `json:"deleted"`
}

// each makes a list of wire objects; never null.
func each[T, W any](items []T, wire func(T) W) []W {
	out := make([]W, 0, len(items))
	for _, item := range items {
		out = append(out, wire(item))
	}
	return out
}

// orNull is a text that is null when empty.
func orNull[T ~string](s T) *string {
	if s == "" {
		return nil
	}
	text := string(s)
	return &text
}

// addresses reads the addresses of a filter as they are stored. What is none
// finds nothing.
func addresses(list []string) []identity.Email {
	return each(list, func(s string) identity.Email {
		if e, err := identity.ParseEmail(s); err == nil {
			return e
		}
		return identity.Email(s)
	})
}

// texts gives parameters the type that a filter has. One that is of no such form
// finds nothing, as a filter should.
func texts[T ~string](list []string) []T {
	return each(list, func(s string) T { return T(s) })
}
