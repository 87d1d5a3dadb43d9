package signin

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"strings"
	"time"

	"usher/internal/cause"
	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/oidc"
	"usher/internal/saml"
	"usher/internal/store"
)

// Diagnosis is an attempt with the causes of its end, the likeliest first.
type Diagnosis struct {
	Explanation
	Findings []cause.Finding
}

// Diagnose reads an attempt and finds out why it failed. Text is what the person saw
// at the provider, such as an error number; it may be empty.
func (f *Flow) Diagnose(ctx context.Context, id identity.AttemptID, text string) (d Diagnosis, err error) {
	err = f.DB.Read(ctx, func(tx *store.Tx) error {
		a, err := tx.Attempt(id)
		if err != nil {
			return store.Missing(err, fault.New(fault.SSOAttemptNotFound))
		}
		if d.Explanation, err = f.explanation(tx, a); err != nil {
			return err
		}
		facts, err := f.causeFacts(tx, d.Explanation)
		if err != nil {
			return err
		}
		facts.Text = text
		d.Findings = cause.Find(facts)
		return nil
	})
	return d, err
}

// DiagnoseText finds the causes that a text of a provider's page speaks for. The
// connection may be empty.
func (f *Flow) DiagnoseText(ctx context.Context, id identity.ConnectionID, text string) (found []cause.Finding, err error) {
	err = f.DB.Read(ctx, func(tx *store.Tx) error {
		var c identity.Connection
		if id != "" {
			if c, err = tx.Connection(id); err != nil {
				return store.Missing(err, fault.New(fault.NotFound, "resource", "enterprise connection"))
			}
		}
		found = cause.OfText(text, c)
		return nil
	})
	return found, err
}

// causeFacts reads what cause.Find looks at.
func (f *Flow) causeFacts(tx *store.Tx, e Explanation) (cause.Facts, error) {
	a := e.Attempt
	facts := cause.Facts{Attempt: a, Overdue: e.Overdue, Connection: e.Connection}
	if a.State != identity.AttemptRefused && !e.Overdue && a.State != identity.AttemptComplete {
		return facts, nil
	}
	if err := judgedBy(tx, &facts); err != nil {
		return facts, err
	}
	var err error
	if facts.Seen, err = f.seen(tx, a, facts.Connection); err != nil {
		return facts, err
	}
	if facts.Elsewhere, err = f.elsewhere(tx, facts.Connection); err != nil {
		return facts, err
	}
	facts.History, err = history(tx, a, f.Now())
	return facts, err
}

// judgedBy puts the configuration in that judged the attempt, and what it trusts.
func judgedBy(tx *store.Tx, facts *cause.Facts) error {
	then, err := tx.Revision(facts.Attempt.RevisionID)
	if store.Optional(err) != nil {
		return err
	}
	if err == nil && facts.Connection.ID != "" {
		facts.Connection.Config = then.Config
	}
	s := facts.Connection.Config.SAML
	if s == nil {
		return nil
	}
	for _, text := range s.IDPCertificates {
		if c, err := saml.ParseCertificate(text); err == nil {
			facts.Trusted = append(facts.Trusted, certificate(c))
		}
	}
	return nil
}

func certificate(c *x509.Certificate) cause.Certificate {
	sum := sha256.Sum256(c.Raw)
	return cause.Certificate{
		Fingerprint: hex.EncodeToString(sum[:]), Subject: c.Subject.String(), NotBefore: c.NotBefore, NotAfter: c.NotAfter,
	}
}

// seen reads what the kept message says, for explaining.
func (f *Flow) seen(tx *store.Tx, a identity.Attempt, c identity.Connection) (s cause.Seen, err error) {
	for _, n := range a.Seen {
		s.Attributes = append(s.Attributes, cause.Attribute{Name: n})
	}
	kept, err := tx.Evidence(a.ID)
	if err != nil {
		return s, store.Optional(err)
	}
	if !f.Now().Before(kept.ExpiresAt) {
		return s, nil
	}
	if s.ReceivedAt = kept.ReceivedAt; s.ReceivedAt.IsZero() {
		s.ReceivedAt = a.ReturnedAt
	}
	if c.Provider.IsSAML() {
		seeSAML(&s, kept.Body)
	} else {
		seeOIDC(&s, kept.Body)
	}
	return s, nil
}

func seeSAML(s *cause.Seen, body []byte) {
	raw, err := saml.DecodePost(string(body))
	if err != nil {
		return
	}
	i := saml.Inspect(raw)
	s.Kept, s.InResponseTo, s.IssueInstant, s.NotBefore, s.NameIDFormat = true, i.InResponseTo, i.IssueInstant, i.NotBefore, i.NameIDFormat
	for _, c := range i.Certificates {
		s.Certificates = append(s.Certificates, certificate(c))
	}
	s.Guest = isGuest(i.NameID)
	if i.Encrypted {
		return // its attributes are those that the attempt noted
	}
	s.Attributes = nil
	for _, attr := range i.Attributes {
		value := ""
		if len(attr.Values) == 1 {
			value = attr.Values[0]
		}
		see(s, attr.Name, value)
	}
}

func seeOIDC(s *cause.Seen, body []byte) {
	var ev oidc.Evidence
	if err := json.Unmarshal(body, &ev); err != nil {
		return
	}
	i := oidc.Inspect(ev)
	s.Kept, s.IssueInstant, s.Guest, s.Attributes = true, i.IssuedAt, i.Guest, nil
	for _, c := range i.Claims {
		see(s, c.Name, c.Text)
	}
}

// see notes an attribute without its value: only at which domain it is, if it looks
// like an address.
func see(s *cause.Seen, name, value string) {
	if len(s.Attributes) == identity.MaxSeen || len(name) > maxSeenName {
		return
	}
	seen := cause.Attribute{Name: name}
	if email, err := identity.ParseEmail(strings.TrimSpace(value)); err == nil {
		seen.Address = email.Domain()
	}
	s.Guest = s.Guest || isGuest(value)
	s.Attributes = append(s.Attributes, seen)
}

// isGuest reports whether a user name is of a guest in an Entra tenant.
func isGuest(name string) bool { return strings.Contains(strings.ToUpper(name), "#EXT#") }

// elsewhere lists the issuers and addresses of the organization's other connections.
func (f *Flow) elsewhere(tx *store.Tx, c identity.Connection) (list []string, err error) {
	if c.ID == "" || c.OrganizationID == "" {
		return nil, nil
	}
	others, _, err := tx.Connections(store.ConnectionFilter{OrganizationID: &c.OrganizationID}, store.Page{Limit: maxNeighbours})
	for _, o := range others {
		if o.ID == c.ID {
			continue
		}
		list = append(list, o.ID.ACSURL(f.BaseURL), o.ID.SPMetadataURL(f.BaseURL))
		if s := o.Config.SAML; s != nil && (c.Config.SAML == nil || s.IDPEntityID != c.Config.SAML.IDPEntityID) {
			list = append(list, s.IDPEntityID)
		}
	}
	return list, err
}

// maxNeighbours is how many other connections of an organization are looked at.
const maxNeighbours = 100

// history reads what happened around an attempt.
func history(tx *store.Tx, a identity.Attempt, now time.Time) (h cause.History, err error) {
	h.Asked = true
	if h.LastSuccess, err = tx.LastSuccess(a.ConnectionID, a.StartedAt); err != nil {
		return h, err
	}
	person := a.TypedEmail
	if person == "" {
		person = a.Email
	}
	since := store.Window{From: a.StartedAt, To: a.StartedAt.Add(cause.Around)}
	if h.OthersSince, err = tx.CountOthersIn(a.ConnectionID, since, person); err != nil {
		return h, err
	}
	around := store.Window{From: a.StartedAt.Add(-cause.Around), To: a.StartedAt.Add(cause.Around)}
	if lost := now.Add(-pendingLife); around.To.After(lost) {
		around.To = lost
	}
	if h.LostAround, err = tx.CountLost(a.ConnectionID, around); err != nil || person == "" {
		return h, err
	}
	h.PersonBefore, h.PersonAfter, err = tx.PersonSuccess(a.ConnectionID, person, a.StartedAt)
	return h, err
}
