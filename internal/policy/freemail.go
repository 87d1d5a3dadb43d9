package policy

import (
	"slices"

	"usher/internal/identity"
)

// isFreeMail reports whether anybody may get an address at the domain or below
// it, so that no organization can speak for it.
func isFreeMail(d identity.Domain) bool { return among(d, freeMail()) }

// isDisposable reports whether addresses at the domain or below it are handed out
// for minutes, as far as is known here or by the deployment's own list.
func isDisposable(d identity.Domain, more identity.DomainSet) bool {
	return more.Holds(d) || among(d, disposable())
}

func among(d identity.Domain, list []identity.Domain) bool {
	return slices.ContainsFunc(list, func(one identity.Domain) bool { return d == one || d.IsSubdomainOf(one) })
}

// freeMail and disposable are short lists, kept by hand: the large public mail
// providers, and some that hand out addresses for minutes. They keep people from
// mistakes; proof of ownership is what keeps an attacker from a domain. A
// deployment adds to the disposable ones by a file.
func freeMail() []identity.Domain {
	return []identity.Domain{
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
	}
}

func disposable() []identity.Domain {
	return []identity.Domain{
		"10minutemail.com", "10minutemail.net", "anonbox.net", "burnermail.io", "byom.de", "discard.email", "dispostable.com",
		"dropmail.me", "emailondeck.com", "fakeinbox.com", "getairmail.com", "getnada.com", "grr.la", "guerrillamail.biz",
		"guerrillamail.com", "guerrillamail.de", "guerrillamail.info", "guerrillamail.net", "guerrillamail.org",
		"guerrillamailblock.com", "inboxkitten.com", "incognitomail.org", "jetable.org", "mail-temp.com", "mailcatch.com",
		"maildrop.cc", "mailforspam.com", "mailinator.com", "mailinator.net", "mailnesia.com", "mailsac.com", "mintemail.com",
		"moakt.com", "mohmal.com", "mytemp.email", "mytrashmail.com", "sharklasers.com", "spam4.me", "spamgourmet.com",
		"temp-mail.io", "temp-mail.org", "tempail.com", "tempinbox.com", "tempmail.com", "tempmail.net", "tempmailo.com",
		"tempr.email", "throwawaymail.com", "trash-mail.com", "trashmail.com", "trashmail.de", "trashmail.net", "wegwerfemail.de",
		"wegwerfmail.de", "yopmail.com", "yopmail.fr", "yopmail.net",
	}
}
