package dashboard_test

import (
	"net/http"
	"net/url"
	"testing"
)

func TestMail_SaysItInTheOperatorsWords(t *testing.T) {
	each(t, func(t *testing.T, s *site) {
		s.done("/dashboard/mail", "Verification code", "As Usher has it")
		one := "/dashboard/mail/verification_code"
		form := url.Values{"subject": {"Your code"}, "text": {"Type this:\r\n\r\n{{otp_code}}\r\n"}, "delivered": {"true"}}
		s.done(s.post(one, form, http.StatusSeeOther), "says so from now on", "In your words", "Type this: 424242")
		form.Set("text", "There is no code in it.")
		s.says(s.post(one, form, http.StatusUnprocessableEntity), "otp_code", "There is no code in it.")
		form.Set("text", "{{otp_code}} {{nothing}}")
		s.says(s.post(one, form, http.StatusUnprocessableEntity), "nothing")
		s.done(s.post(one+"/revert", nil, http.StatusSeeOther), "what Usher has it say", "As Usher has it")
		s.get("/dashboard/mail/no_such_mail", http.StatusNotFound)
	})
}
