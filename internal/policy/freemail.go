package policy

import (
	"slices"

	"usher/internal/identity"
)

// isFreeMail reports whether anybody may get an address at the domain or below
// it, so that no organization can speak for it.
func isFreeMail(d identity.Domain) bool {
	return slices.ContainsFunc(freeMail(), func(free identity.Domain) bool { return d == free || d.IsSubdomainOf(free) })
}

// freeMail is a short list, kept by hand: the large public mail providers and
// some that hand out addresses for minutes. It keeps people from mistakes; proof
// of ownership is what keeps an attacker from a domain.
func freeMail() []identity.Domain {
	return []identity.Domain{
		// Public mail providers.
		"126.com", "163.com", "aol.com", "att.net", "bk.ru", "bluewin.ch", "comcast.net", "cox.net",
		"duck.com", "fastmail.com", "fastmail.fm", "free.fr", "gmail.com", "gmx.at", "gmx.ch", "gmx.com",
		"gmx.de", "gmx.net", "googlemail.com", "hey.com", "hotmail.co.uk", "hotmail.com", "hotmail.de",
		"hotmail.fr", "hotmail.it", "icloud.com", "inbox.ru", "laposte.net", "libero.it", "list.ru", "live.co.uk",
		"live.com", "live.de", "live.fr", "mac.com", "mail.com", "mail.ru", "me.com", "msn.com", "naver.com",
		"orange.fr", "outlook.com", "outlook.de", "outlook.fr", "pm.me", "posteo.de", "proton.me",
		"protonmail.ch", "protonmail.com", "qq.com", "rediffmail.com", "rocketmail.com", "sbcglobal.net",
		"seznam.cz", "sina.com", "t-online.de", "tuta.com", "tuta.io", "tutanota.com", "verizon.net", "web.de",
		"wp.pl", "yahoo.ca", "yahoo.co.in", "yahoo.co.jp", "yahoo.co.uk", "yahoo.com", "yahoo.com.br",
		"yahoo.de", "yahoo.es", "yahoo.fr", "yahoo.it", "yandex.com", "yandex.ru", "ymail.com", "zoho.com",
		// Addresses for minutes.
		"10minutemail.com", "guerrillamail.com", "mailinator.com", "sharklasers.com", "temp-mail.org",
		"trashmail.com", "yopmail.com",
	}
}
