package manage_test

import (
	"crypto/x509"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/manage"
	"usher/internal/saml"
)

func encode(c *x509.Certificate) string { return saml.EncodeCertificate(c) }

const interval = 6 * time.Hour

// refresh runs what is due.
func (w *world) refresh(want int) {
	w.Helper()
	if got := must(w.s.RefreshMetadata(w.Context(), interval))(w); got != want {
		w.Errorf("after %s: %d fetched, want %d", w.clock.Now().Sub(began), got, want)
	}
}

// fetched is a connection whose metadata comes from a URL.
func (w *world) fetched() (*idp, identity.Connection) {
	w.Helper()
	i := w.idp("https://idp.test")
	return i, w.connect(manage.ConnectionChange{Active: ptr(true), SAML: &manage.SAMLChange{IDPMetadataURL: &i.url}})
}

func TestRefresh_FetchesAfterAnHourAndThenAtTheInterval(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		i, c := w.fetched()
		w.refresh(0)
		w.clock.Advance(time.Hour)
		w.refresh(1)
		w.refresh(0)
		w.clock.Advance(interval)
		w.refresh(1)
		if i.asked != 3 {
			t.Errorf("asked %d times", i.asked)
		}
		s := w.state(c.ID)
		if !s.FetchedAt.Equal(w.clock.Now()) || !s.NextAt.Equal(w.clock.Now().Add(interval)) || s.Failures != 0 || s.LastError != "" {
			t.Errorf("state %+v", s)
		}
		if got := w.reload(c.ID); got.LiveRevisionID != c.LiveRevisionID {
			t.Error("the same metadata made a new revision")
		}
	})
}

// Threats T-SAML-37 and T-OPS-12: a failure keeps the last good set, is noted, and
// is tried again after 5 minutes, 10, 20 …
func TestRefresh_AFailureKeepsTheLastGoodSet(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		i, c := w.fetched()
		w.clock.Advance(time.Hour)
		for n, body := range []string{"<html>maintenance</html>", "", strings.Replace(string(i.Metadata()), "entityID=", `validUntil="2020-01-01T00:00:00Z" entityID=`, 1)} {
			i.set(func(rw http.ResponseWriter) { io.WriteString(rw, body) })
			if body == "" {
				i.set(func(rw http.ResponseWriter) { rw.WriteHeader(http.StatusInternalServerError) })
			}
			w.refresh(1)
			s := w.state(c.ID)
			if s.Failures != n+1 || s.LastError == "" || !s.FetchedAt.Equal(began) || !s.NextAt.Equal(w.clock.Now().Add(5*time.Minute<<n)) {
				t.Errorf("after failure %d: %+v", n+1, s)
			}
			w.refresh(0)
			w.clock.Set(s.NextAt)
		}
		got := w.reload(c.ID)
		if got.LiveRevisionID != c.LiveRevisionID || !got.Active {
			t.Error("the failure changed the connection")
		}
		i.set(nil)
		w.refresh(1)
		if s := w.state(c.ID); s.Failures != 0 || s.LastError != "" {
			t.Errorf("after a good fetch: %+v", s)
		}
	})
}

// Threat T-OPS-02: an announced rollover is taken over and nobody notices.
func TestRefresh_TakesAnAnnouncedCertificateOver(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		i, c := w.fetched()
		if err := i.AnnounceNext(); err != nil {
			t.Fatal(err)
		}
		both := []string{i.certificate(), encode(must(i.NextCertificate())(t))}
		w.clock.Advance(time.Hour)
		w.refresh(1)
		got := w.reload(c.ID)
		if !slices.Equal(got.Config.SAML.IDPCertificates, both) || got.LiveRevisionID == c.LiveRevisionID {
			t.Errorf("certificates %d, revision %s", len(got.Config.SAML.IDPCertificates), got.LiveRevisionID)
		}
		if s := w.state(c.ID); !s.NextAt.Equal(w.clock.Now().Add(interval)) {
			t.Errorf("next at %s", s.NextAt)
		}
		if err := i.RollOver(); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(interval)
		w.refresh(1)
		if got := w.reload(c.ID); !slices.Equal(got.Config.SAML.IDPCertificates, both[1:]) {
			t.Errorf("%d certificates after the rollover, want the new one", len(got.Config.SAML.IDPCertificates))
		}
	})
}

// Threat T-SAML-38: what looks like another provider waits for an administrator.
func TestRefresh_DoesNotTakeAnotherProviderOver(t *testing.T) {
	tests := map[string]struct {
		change func(i *idp) string // the document
		want   string
	}{
		"another entity ID": {
			func(i *idp) string {
				return strings.Replace(string(i.Metadata()), "https://idp.test/metadata", "https://evil.test/metadata", 1)
			}, "entity ID",
		},
		"another host": {
			func(i *idp) string {
				return strings.ReplaceAll(string(i.Metadata()), "https://idp.test/sso", "https://evil.test/sso")
			}, "SSO URL",
		},
		"other certificates only": {
			func(i *idp) string {
				if err := i.RollOver(); err != nil {
					return err.Error()
				}
				return string(i.Metadata())
			}, "every certificate",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, w *world) {
				i, c := w.fetched()
				document := test.change(i)
				i.set(func(rw http.ResponseWriter) { io.WriteString(rw, document) })
				w.clock.Advance(time.Hour)
				w.refresh(1)
				got, s := w.reload(c.ID), w.state(c.ID)
				if got.LiveRevisionID != c.LiveRevisionID || s.Failures != 1 || !strings.Contains(s.LastError, test.want) {
					t.Errorf("state %+v, want the trouble %q and the old revision", s, test.want)
				}
			})
		})
	}
}

// A change that fetched nothing does not pass for a fetch.
func TestRefresh_OtherChangesLeaveItsStateAlone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		i, c := w.fetched()
		i.set(func(rw http.ResponseWriter) { rw.WriteHeader(http.StatusNotFound) })
		w.clock.Advance(time.Hour)
		w.refresh(1)
		before := w.state(c.ID)
		w.clock.Advance(time.Minute)
		must(w.s.ChangeConnection(t.Context(), c.ID, manage.ConnectionChange{DisableJITProvisioning: ptr(true)}))(t)
		if got := w.state(c.ID); got != before {
			t.Errorf("state %+v, want %+v", got, before)
		}
	})
}

func TestRefresh_AConnectionWithoutAURLIsLeftInPeace(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		i, c := w.fetched()
		metadata := string(i.Metadata())
		must(w.s.ChangeConnection(t.Context(), c.ID, manage.ConnectionChange{
			SAML: &manage.SAMLChange{IDPMetadataURL: ptr(""), IDPMetadata: &metadata},
		}))(t)
		w.clock.Advance(time.Hour)
		w.refresh(1)
		w.clock.Advance(1000 * time.Hour)
		w.refresh(0)
		if s := w.state(c.ID); s.Failures != 0 || s.LastError != "" || i.asked != 1 {
			t.Errorf("state %+v, asked %d times", s, i.asked)
		}
		must(w.s.ChangeConnection(t.Context(), c.ID, manage.ConnectionChange{SAML: &manage.SAMLChange{IDPMetadataURL: &i.url}}))(t)
		w.clock.Advance(time.Hour)
		w.refresh(1)
		if i.asked != 3 {
			t.Errorf("asked %d times, want 3", i.asked)
		}
	})
}

// One connection's trouble is its own.
func TestRefresh_TheOthersGoOn(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		i, c := w.fetched()
		i.set(func(rw http.ResponseWriter) { rw.WriteHeader(http.StatusNotFound) })
		j := w.idp("https://other-idp.test")
		other := w.connect(manage.ConnectionChange{Domains: []string{"other.test"}, SAML: &manage.SAMLChange{IDPMetadataURL: &j.url}})
		w.clock.Advance(time.Hour)
		w.refresh(2)
		if w.state(c.ID).Failures != 1 || w.state(other.ID).Failures != 0 {
			t.Errorf("states %+v and %+v", w.state(c.ID), w.state(other.ID))
		}
		if err := w.s.DeleteConnection(t.Context(), c.ID); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(interval)
		w.refresh(1)
	})
}

func TestMetadata_OfSeveralProvidersOneMustBeNamed(t *testing.T) {
	w := onSQLite(t)
	one, two := w.idp("https://one.test"), w.idp("https://two.test")
	entity := func(i *idp) string {
		_, body, _ := strings.Cut(string(i.Metadata()), "?>")
		return body
	}
	all := `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata">` + entity(one) + entity(two) + `</md:EntitiesDescriptor>`
	_, err := w.s.CreateConnection(t.Context(), identity.SAMLCustom, manage.ConnectionChange{
		Name: ptr("x"), Domains: []string{"acme.test"}, SAML: &manage.SAMLChange{IDPMetadata: &all},
	})
	refused(t, "none named", err, fault.SAMLFailedToParseIDPMetadata)
	c := w.connect(manage.ConnectionChange{SAML: &manage.SAMLChange{IDPMetadata: &all, IDPEntityID: ptr(two.EntityID())}})
	if c.Config.SAML.IDPEntityID != two.EntityID() || c.Config.SAML.IDPSSOURL != two.SSOURL() {
		t.Errorf("took %+v", c.Config.SAML)
	}
	// The one that the connection has is known by its name afterwards.
	c = must(w.s.ChangeConnection(t.Context(), c.ID, manage.ConnectionChange{SAML: &manage.SAMLChange{IDPMetadata: &all}}))(t)
	if c.Config.SAML.IDPEntityID != two.EntityID() {
		t.Errorf("took %s", c.Config.SAML.IDPEntityID)
	}
}

func TestCertificateValidity(t *testing.T) {
	w := onSQLite(t)
	i := w.idp("https://idp.test")
	v := must(manage.CertificateValidity(i.certificate()))(t)
	if !v.From.Equal(i.Certificate().NotBefore) || !v.Until.Equal(i.Certificate().NotAfter) {
		t.Errorf("valid %+v", v)
	}
	if _, err := manage.CertificateValidity("AAAA"); err == nil {
		t.Error("no certificate was read")
	}
}
