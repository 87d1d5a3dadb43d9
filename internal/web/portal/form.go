package portal

import (
	"fmt"
	"net/http"
	"strings"

	"usher/internal/fault"
	"usher/internal/httpio"
	"usher/internal/message"
	"usher/internal/web/page"
)

// refuse puts the failures of a form on its screen. It returns the failure itself
// where no other form could mend it.
func refuse(t message.Text, s *page.Screen, err error, about string) (status int, rest error) {
	if err == nil {
		return http.StatusOK, nil
	}
	list, status, ok := problems(t, err, about)
	if !ok {
		return 0, err
	}
	s.Problems = list
	return status, nil
}

// problems are the failures of a form; ok is false for one that no other form could
// mend. Those that name no field are about one.
func problems(t message.Text, err error, about string) (list []page.Problem, status int, ok bool) {
	for _, e := range fault.All(err) {
		switch e.Code() {
		case fault.CSRFTokenInvalid, fault.NotFound, fault.OrganizationNotFound, fault.SetupLinkInvalid, fault.ResourceForbidden:
			return nil, 0, false
		default:
			if e.Status() >= http.StatusInternalServerError {
				return nil, 0, false
			}
		}
		field, _ := e.Meta()["param_name"].(string)
		field = fieldOf(field)
		if field == "" {
			field = about
		}
		list = append(list, page.Problem{Field: field, Text: problemText(t, e, field)})
	}
	return list, fault.From(err).Status(), len(list) > 0
}

// fieldOf is the field of our forms for a parameter of the flows.
func fieldOf(param string) string {
	switch {
	case param == "idp_sso_url":
		return "sso_url"
	case strings.HasPrefix(param, "idp_certificate"):
		return "certificate"
	case param == "domains":
		return ""
	}
	return param
}

// problemText is what to say about a failure of a form, and what to do.
func problemText(t message.Text, e *fault.Error, field string) string {
	say := func(key string, args ...any) string { return t.Say("setup.problem."+key, args...) }
	domain, _ := e.Meta()["domain"].(string)
	switch code := e.Code(); {
	case code == fault.FormParamFormatInvalid && field == "name":
		return say("domain_form")
	case code == fault.OrganizationDomainAlreadyExists, code == fault.ConnectionDomainTaken, code == fault.OrganizationDomainBlocked,
		code == fault.OrganizationDomainExistsForSSO, code == fault.OrganizationDomainExistsForEnrollment:
		return say("taken")
	case code == fault.OrganizationDomainOwnershipNotVerified:
		return say("not_owned", "domain", domain)
	case code == fault.SAMLFailedToFetchIDPMetadata:
		return say("fetch")
	case code == fault.OAuthDiscoveryRetrievalError, code == fault.OAuthDiscoveryIssuerMismatch:
		return say("discovery")
	case code == fault.SAMLFailedToParseIDPMetadata:
		return metadataText(t, e)
	case code == fault.SAMLMetadataMissingFields:
		return say("incomplete", "fields", fieldList(t, e.Meta()["missing_fields"]))
	case code == fault.RequestBodyTooLarge, code == fault.FormParamTooLarge:
		return say("too_large")
	case field == "sso_url":
		return say("sso_url")
	case field == "certificate" && code != fault.FormParamMissing:
		return say("certificate_form")
	case t.Has("setup.problem." + string(code)):
		return say(string(code))
	}
	text := e.LongMessage()
	if fix := e.Fix(); fix != "" {
		text += " " + fix
	}
	return text
}

// metadataText says what was given in place of metadata.
func metadataText(t message.Text, e *fault.Error) string {
	key := "setup.problem." + e.Reason()
	switch {
	case e.Reason() == "ended":
		return t.Say(key, "date", fmt.Sprint(e.Details()["ended"]))
	case t.Has(key):
		return t.Say(key)
	}
	return t.Say("setup.problem.not_metadata")
}

// fieldList names fields that are missing.
func fieldList(t message.Text, missing any) string {
	names, _ := missing.([]string)
	inputs := map[string]string{"idp_entity_id": "idp_entity_id", "idp_sso_url": "sso_url", "idp_certificate": "certificate"}
	for i, name := range names {
		if input, ok := inputs[name]; ok {
			names[i] = t.Say("setup.input." + input)
		}
	}
	return strings.Join(names, ", ")
}

// values reads fields of a form, each given once at most.
func values(form httpio.Params, names ...string) (map[string]string, error) {
	out := make(map[string]string, len(names))
	var errs []error
	for _, name := range names {
		text, err := form.Text(name)
		errs = append(errs, err)
		out[name] = strings.TrimSpace(text)
	}
	return out, fault.Join(errs...)
}

// required are the problems with fields that were left empty.
func required(given map[string]string, names ...string) error {
	var errs []error
	for _, name := range names {
		if given[name] == "" {
			errs = append(errs, fault.New(fault.FormParamMissing, "param_name", name))
		}
	}
	return fault.Join(errs...)
}
