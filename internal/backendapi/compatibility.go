package backendapi

import (
	"slices"
	"strings"

	"usher/internal/httpio"
)

// Operation is one of Clerk's Backend API, served here or not.
type Operation struct {
	Method string
	Path   string
	Reason string // why it is not served; empty: it is
}

// Operations are all operations of Clerk's description, in its order.
func Operations() []Operation {
	served := (*API)(nil).served()
	list := make([]Operation, 0, len(documented))
	for _, pattern := range documented {
		method, path, _ := strings.Cut(pattern, " ")
		o := Operation{Method: method, Path: path}
		if !slices.ContainsFunc(served, func(other string) bool { return sameOperation(other, pattern) }) {
			o.Reason = unservedReason(path)
		}
		list = append(list, o)
	}
	return list
}

// served are the patterns of every operation.
func (a *API) served() []string {
	var list []string
	for _, operations := range a.tables() {
		for pattern := range operations {
			list = append(list, pattern)
		}
	}
	return list
}

// tables are all operations, by subject.
func (a *API) tables() []map[string]httpio.Handler {
	return []map[string]httpio.Handler{
		a.operations(),
		a.roleOperations(),
		a.userOperations(),
		a.instanceOperations(),
		a.domainOperations(),
		a.invitationOperations(),
		a.webhookRoutes(),
		a.auditRoutes(),
		a.setupLinkOperations(),
		a.draftOperations(),
		a.mailTemplateOperations(),
		a.enrollmentOperations(),
	}
}

// sameOperation compares patterns whatever their parameters are called.
func sameOperation(a, b string) bool {
	left, right := strings.Split(a, "/"), strings.Split(b, "/")
	return slices.EqualFunc(left, right, func(x, y string) bool {
		return x == y || strings.HasPrefix(x, "{") && strings.HasPrefix(y, "{")
	})
}

const (
	notYet      = "not yet"
	clerksOwn   = "a matter of Clerk's own service"
	otherScheme = "another product's subject: Usher signs people in to organizations, it gives no tokens to machines or third parties"
)

// unservedReason says why an operation is not served, by what stands in its path;
// the first that fits.
func unservedReason(path string) string {
	for _, r := range []struct{ in, reason string }{
		{"billing", "there is no billing"},
		{"/phone_number", "telephone numbers are not kept, and no SMS is sent"},
		{"/web3_wallets", "wallets are not kept"},
		{"/profile_image", "pictures of people are not kept"},
		{"/oauth_access_tokens", "there is no social sign-in"},
		{"/machines", otherScheme},
		{"/m2m_tokens", otherScheme},
		{"/api_keys", otherScheme},
		{"/oauth_applications", otherScheme},
		{"/agents", otherScheme},
		{"/instance/oauth_application_settings", otherScheme},
		{"/public/interstitial", "a page of older browser SDKs"},
		{"/proxy_checks", clerksOwn},
		{"/beta_features", clerksOwn},
		{"/instance/protect", clerksOwn},
		{"/instance/communication", clerksOwn},
		{"/instance/change_domain", "the deployment's address is its configuration"},
		{"/domains/{domain_id}", "a deployment has one domain, which is its configuration"},
		{"/domains", "a deployment has one domain, which is its configuration"},
		{"/waitlist_entries", "there is no waiting list"},
		{"/webhooks/svix", "webhooks are sent by Usher itself"},
	} {
		if strings.Contains(path, r.in) && (r.in != "/domains" || path == "/domains") {
			return r.reason
		}
	}
	return notYet
}
