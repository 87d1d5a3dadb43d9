package manage_test

import (
	"strings"
	"testing"
	"time"

	"usher/internal/fault"
	"usher/internal/identity"
	"usher/internal/manage"
)

func TestConnectionState_TellsOurKeysAndHowFreshTheMetadataIs(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, c := w.fetched()
		w.clock.Advance(time.Minute)
		must(w.s.AddConnectionKey(t.Context(), c.ID))(t)
		v := must(w.s.ConnectionState(t.Context(), c.ID))(t)
		if len(v.Keys) != 2 || !v.Keys[0].Signs || v.Keys[1].Signs || !v.Keys[0].CreatedAt.Before(v.Keys[1].CreatedAt) {
			t.Fatalf("keys %+v", v.Keys)
		}
		if k := v.Keys[0]; !strings.HasPrefix(k.PEM, "-----BEGIN CERTIFICATE-----") || k.NotAfter.Before(began.AddDate(9, 0, 0)) || len(k.Fingerprint) != 64 {
			t.Errorf("key %+v", k)
		}
		if !v.Metadata.FetchedAt.Equal(began) || !v.Metadata.NextAt.Equal(began.Add(time.Hour)) {
			t.Errorf("metadata %+v", v.Metadata)
		}
		none := ""
		must(w.s.ChangeConnection(t.Context(), c.ID, manage.ConnectionChange{SAML: &manage.SAMLChange{IDPMetadataURL: &none}}))(t)
		if v := must(w.s.ConnectionState(t.Context(), c.ID))(t); !v.Metadata.NextAt.IsZero() {
			t.Errorf("nothing is refreshed, but %+v", v.Metadata)
		}
		_, err := w.s.ConnectionState(t.Context(), identity.NewID[identity.ConnectionID](began))
		refused(t, "a connection that there isn't", err, fault.NotFound)
	})
}

func TestConnectionFindings_TellWhatIsWrongWithWhatIsLive(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		_, c := w.fetched()
		codes := func() (list []string) {
			for _, f := range must(w.s.ConnectionFindings(t.Context(), c.ID))(t) {
				list = append(list, f.Code)
			}
			return list
		}
		if got := codes(); len(got) != 0 {
			t.Errorf("found %v", got)
		}
		w.clock.Advance(11 * 365 * 24 * time.Hour)
		if got := strings.Join(codes(), " "); !strings.Contains(got, "certificates_ended") || strings.Contains(got, "not_tested") {
			t.Errorf("found %v", got)
		}
		easie := must(w.s.CreateConnection(t.Context(), identity.OAuthGoogle, manage.ConnectionChange{Name: ptr("Hooli"), Domains: []string{"hooli.test"}}))(t)
		if list := must(w.s.ConnectionFindings(t.Context(), easie.ID))(t); len(list) != 1 || list[0].Code != "credentials_missing" {
			t.Errorf("found %+v", list)
		}
	})
}
