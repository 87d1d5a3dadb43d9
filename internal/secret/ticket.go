package secret

import (
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"strings"
)

// maxTicket is in bytes of the whole text. Ours.
const maxTicket = 2 << 10

// The kinds of tickets.
const (
	TicketOrganizationInvitation = "organization_invitation"
	TicketInvitation             = "invitation" // to the application
)

// Ticket is what a link of a mail says: which row it is about. The row decides
// what may be done; the signature only keeps others from making tickets up, and
// the ticket repeats what the row must say (threat T-ORG-08).
type Ticket struct {
	Kind string   `json:"k"` // one of the kinds above
	ID   string   `json:"id"`
	Says []string `json:"s"` // of the row, such as the address
}

// SignTicket writes a ticket: base64url of its JSON, a dot, and its HMAC.
func (k *KeyRing) SignTicket(t Ticket) (string, error) {
	text, err := json.Marshal(t)
	if err != nil {
		return "", err
	}
	body := base64.RawURLEncoding.EncodeToString(text)
	return body + "." + k.HashToken("ticket", body), nil
}

// OpenTicket reads a ticket and reports whether it was made by SignTicket. When
// it ends is for its row to say.
func (k *KeyRing) OpenTicket(text string) (t Ticket, ok bool) {
	body, mac, found := strings.Cut(text, ".")
	if !found || len(text) > maxTicket || subtle.ConstantTimeCompare([]byte(mac), []byte(k.HashToken("ticket", body))) != 1 {
		return Ticket{}, false
	}
	raw, err := base64.RawURLEncoding.Strict().DecodeString(body)
	if err != nil || json.Unmarshal(raw, &t) != nil {
		return Ticket{}, false
	}
	return t, true
}
