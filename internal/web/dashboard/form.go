package dashboard

import (
	"maps"
	"net/http"
	"net/url"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/web/page"
)

// doneParam names, in the URL that a form leads to, what has been done. Only words
// of ours are ever shown for it.
const doneParam = "done"

// done says what has just been done.
func (u *UI) done(r *http.Request) []page.Notice {
	code := r.URL.Query().Get(doneParam)
	if text, ok := notices()[code]; ok {
		return []page.Notice{{Kind: "success", Text: text}}
	}
	return nil
}

// notices are what is said when something has been done.
func notices() map[string]string {
	all := map[string]string{}
	for _, table := range []map[string]string{
		organizationNotices(), memberNotices(), invitationNotices(), domainNotices(), userNotices(), connectionNotices(),
		setupNotices(), connectionKeyNotices(), connectionChangeNotices(), roleNotices(),
		apiKeyNotices(), webhookNotices(), mailNotices(), settingsNotices(), setupLinkNotices(),
	} {
		maps.Copy(all, table)
	}
	return all
}

// after is a URL that says what has been done.
func after(path, done string) string {
	return path + "?" + url.Values{doneParam: {done}}.Encode()
}

// problems are the failures of a form, to be shown on it; ok is false for a failure
// that no other form could mend.
func problems(err error) (list []page.Problem, status int, ok bool) {
	if err == nil {
		return nil, 0, false
	}
	for _, e := range fault.All(err) {
		switch code := e.Code(); {
		case e.Status() >= http.StatusInternalServerError, e.Status() == http.StatusUnauthorized,
			code == fault.CSRFTokenInvalid, code == fault.OperatorRequired, code == fault.OperatorSignInRequired, code == fault.OperatorConfirmationRequired:
			return nil, 0, false
		}
		field, _ := e.Meta()["param_name"].(string)
		list = append(list, page.Problem{Field: field, Text: problemText(e, field)})
	}
	return list, fault.From(err).Status(), len(list) > 0
}

// values reads fields of a form, each given once at most.
func values(form httpio.Params, names ...string) (map[string]string, error) {
	out := make(map[string]string, len(names))
	var errs []error
	for _, name := range names {
		text, err := form.Text(name)
		errs = append(errs, err)
		out[name] = text
	}
	return out, fault.Join(errs...)
}

// problemText is what to say about a failure of a form.
func problemText(e *fault.Error, field string) string {
	switch {
	case e.Code() == fault.FormResourceNotFound && field == "email_address":
		return "Nobody has proved this address. Invite the person instead."
	case e.Code() == fault.FormResourceNotFound && field == "organization":
		return "No organization has this ID or slug."
	case e.Code() == fault.FormParamFormatInvalid && field == "email_address":
		return "Enter an email address like name@company.com."
	case e.Code() == fault.FormParamFormatInvalid && field == "name":
		return "Enter a domain like acme.com."
	case e.Code() == fault.FormParamMissing:
		return "Fill this in."
	case e.Code() == fault.FormParamValueInvalid && field == "confirmation":
		return "That is not the name. Type it as it is shown."
	}
	text := e.LongMessage()
	if fix := e.Fix(); fix != "" {
		text += " " + fix
	}
	return text
}
