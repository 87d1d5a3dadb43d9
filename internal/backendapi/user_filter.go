package backendapi

import (
	"strings"
	"time"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/identity"
	"usher/internal/manage"
)

// userFilters are the parameters that userFilter reads.
func userFilters() []string {
	return []string{
		"email_address", "phone_number", "external_id", "username", "web3_wallet", "user_id", "organization_id",
		"query", "email_address_query", "phone_number_query", "username_query", "name_query", "banned",
		"last_active_at_before", "last_active_at_after", "last_active_at_since", "created_at_before", "created_at_after",
		"last_sign_in_at_before", "last_sign_in_at_after", "provider", "provider_user_id", "starting_after", "order_by",
	}
}

// userFilter reads which users a list or a count is about.
func userFilter(q httpio.Params) (manage.UserFilter, error) {
	var f manage.UserFilter
	r := filterReader{q: q}
	f.Emails = addresses(r.list("email_address"))
	f.Usernames, f.ProviderUserIDs = r.list("username"), r.list("provider_user_id")
	f.ExternalIDs, f.NotExternalIDs = signed[string](r.list("external_id"))
	f.IDs, f.NotIDs = signed[identity.UserID](r.list("user_id"))
	f.OrganizationIDs, f.NotOrganizationIDs = signed[identity.OrgID](r.list("organization_id"))
	f.Provider = identity.Provider(r.text("provider"))
	f.Query, f.StartingAfter = r.text("query"), identity.UserID(r.text("starting_after"))
	f.EmailQuery, f.UsernameQuery, f.NameQuery = r.text("email_address_query"), r.text("username_query"), r.text("name_query")
	f.Created = manage.Span{After: r.moment("created_at_after"), Before: r.moment("created_at_before")}
	f.LastActive = manage.Span{After: r.moment("last_active_at_after"), Before: r.moment("last_active_at_before")}
	f.LastSignIn = manage.Span{After: r.moment("last_sign_in_at_after"), Before: r.moment("last_sign_in_at_before")}
	if since := r.moment("last_active_at_since"); since.After(f.LastActive.After) {
		f.LastActive.After = since.Add(-time.Millisecond) // the moment itself is in
	}
	// Nobody has a telephone number or a wallet here.
	f.Nobody = len(r.list("phone_number"))+len(r.list("web3_wallet")) > 0 || r.text("phone_number_query") != ""
	if len(f.ProviderUserIDs) > 0 && f.Provider == "" {
		r.errs = append(r.errs, fault.New(fault.FormConditionalParamMissing, "param_name", "provider", "with", "provider_user_id"))
	}
	banned, given, err := q.Bool("banned")
	if given {
		f.Banned = &banned
	}
	order, orderErr := q.Order(httpio.Order{Field: "created_at", Desc: true},
		"created_at", "updated_at", "first_name", "last_name", "email_address", "username", "last_sign_in_at", "last_active_at",
		"phone_number", "web3wallet")
	f.OrderBy = orderText(order)
	return f, fault.Join(append(r.errs, err, orderErr)...)
}

// filterReader reads parameters and keeps what is wrong with them.
type filterReader struct {
	q    httpio.Params
	errs []error
}

func (r *filterReader) list(name string) []string {
	v, err := r.q.List(name)
	r.errs = append(r.errs, err)
	return v
}

func (r *filterReader) text(name string) string {
	v, err := r.q.Text(name)
	r.errs = append(r.errs, err)
	return v
}

// moment is a time in Unix milliseconds; zero where it is absent.
func (r *filterReader) moment(name string) time.Time {
	v, given, err := r.q.Int(name, 1, maxMillis)
	r.errs = append(r.errs, err)
	if !given {
		return time.Time{}
	}
	return time.UnixMilli(v)
}

// signed divides values into those to find and those to leave out, by the + or -
// before them; an unescaped + in a query reads as a space.
func signed[T ~string](list []string) (with, without []T) {
	for _, s := range list {
		if rest, ok := strings.CutPrefix(s, "-"); ok {
			without = append(without, T(rest))
			continue
		}
		with = append(with, T(strings.TrimLeft(s[:1], "+ ")+s[1:]))
	}
	return with, without
}
