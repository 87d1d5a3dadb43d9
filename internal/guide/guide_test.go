package guide_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"usher/internal/guide"
	"usher/internal/identity"
)

var update = flag.Bool("update", false, "write the golden files")

func load(t *testing.T) *guide.Set {
	t.Helper()
	s, err := guide.Load()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestGuides_AreComplete(t *testing.T) {
	t.Parallel()
	for _, g := range load(t).All() {
		if err := g.Complete(); err != nil {
			t.Errorf("%s lacks %v", g.Key, err)
		}
		if asks := asked(g); g.Protocol != guide.EASIE && len(asks) == 0 {
			t.Errorf("%s asks for nothing", g.Key)
		}
		if copied := values(g); g.Protocol == guide.SAML && !(slices.Contains(copied, "{acs_url}") && slices.Contains(copied, "{sp_entity_id}")) ||
			g.Protocol == guide.OIDC && !slices.Contains(copied, "{redirect_uri}") {
			t.Errorf("%s does not say our addresses: %v", g.Key, copied)
		}
		if table, ok := g.Step(guide.StepTrouble); ok && !slices.ContainsFunc(table.Blocks, func(b guide.Block) bool { return b.Kind == guide.BlockTable && len(b.Head) == 3 }) {
			t.Errorf("%s has no table of troubles", g.Key)
		}
		for _, s := range g.Setup() {
			if s.Kind == guide.StepTrouble || s.Kind == guide.StepRenew {
				t.Errorf("%s: %s is not for the day of the setup", g.Key, s.Kind)
			}
		}
	}
}

// A guide tells the administrator the very names that the connection expects.
func TestGuides_NameTheAttributesThatAreExpected(t *testing.T) {
	t.Parallel()
	for _, g := range load(t).All() {
		if g.Protocol != guide.SAML {
			continue
		}
		if preset := identity.MappingPreset(g.Provider); g.Provider != identity.SAMLCustom && g.Mapping != preset {
			t.Errorf("%s leads to %+v, the provider's preset is %+v", g.Key, g.Mapping, preset)
		}
		step, _ := g.Step(guide.StepAttributes)
		text := words(step)
		for _, name := range []string{g.Mapping.UserID, g.Mapping.EmailAddress, g.Mapping.FirstName, g.Mapping.LastName} {
			// AD FS calls its claims by other words.
			if g.Key != "adfs_saml" && !strings.Contains(text, name) {
				t.Errorf("%s does not tell of %q", g.Key, name)
			}
		}
	}
}

func TestGuides_AreThoseOfTheList(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, g := range load(t).All() {
		fmt.Fprintf(&b, "%s: %s (%s, %s)\n", g.Key, g.Name, g.Protocol, g.Provider)
		for _, s := range g.Steps {
			fmt.Fprintf(&b, "  %s: %s [%s]\n", s.Kind, s.Title, strings.Join(kinds(s), " "))
		}
		fmt.Fprintf(&b, "  asks: %s\n", strings.Join(asked(g), " or "))
	}
	const golden = "testdata/guides.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("the guides are others than in %s; look, then run with -update. Got:\n%s", golden, b.String())
	}
}

func TestSet_FindsAGuideForEveryProvider(t *testing.T) {
	t.Parallel()
	s := load(t)
	for p, want := range map[identity.Provider]string{
		identity.SAMLOkta: "okta_saml", identity.SAMLGoogle: "google_saml", identity.SAMLMicrosoft: "entra_saml",
		identity.SAMLCustom: "generic_saml", identity.OIDCCustom: "generic_oidc", identity.OIDCGitLab: "generic_oidc",
		identity.OIDCGitHubEnterprise: "generic_oidc", identity.OAuthGoogle: "google_easie", identity.OAuthMicrosoft: "microsoft_easie",
	} {
		if g, ok := s.For(p); !ok || g.Key != want {
			t.Errorf("%s: got %q, want %s", p, g.Key, want)
		}
	}
	if _, ok := s.Find("x"); ok {
		t.Error("a guide of no key was found")
	}
}

func TestSet_SuggestsWhatIsKnownOfNamesThatWereSent(t *testing.T) {
	t.Parallel()
	s := load(t)
	const claims = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
	for what, test := range map[string]struct {
		sent []string
		want identity.AttributeMapping
	}{
		"Entra":      {[]string{claims + "surname", claims + "emailaddress", claims + "name", claims + "givenname"}, identity.AttributeMapping{EmailAddress: claims + "emailaddress", FirstName: claims + "givenname", LastName: claims + "surname"}},
		"Shibboleth": {[]string{"urn:oid:2.5.4.4", "urn:oid:0.9.2342.19200300.100.1.3"}, identity.AttributeMapping{EmailAddress: "urn:oid:0.9.2342.19200300.100.1.3", LastName: "urn:oid:2.5.4.4"}},
		"OneLogin":   {[]string{"User.email", "User.FirstName", "memberOf"}, identity.AttributeMapping{EmailAddress: "User.email", FirstName: "User.FirstName"}},
		"strange":    {[]string{"EMAIL"}, identity.AttributeMapping{}},
	} {
		if got := s.Suggest(test.sent); got != test.want {
			t.Errorf("%s: got %+v, want %+v", what, got, test.want)
		}
	}
}

func TestFill_PutsValuesInAsText(t *testing.T) {
	t.Parallel()
	s := load(t)
	v := guide.Values{
		ACSURL: "https://usher.test/v1/saml/acs/x", EntityID: "https://usher.test/**x**", MetadataURL: "https://usher.test/m",
		RedirectURI: "https://usher.test/v1/oauth_callback", Application: "<b>{acs_url}</b>",
	}
	for _, g := range s.All() {
		before := words(g.Steps...)
		filled := g.Fill(v)
		text := words(filled.Steps...)
		for _, name := range []string{"{acs_url_pattern}", "{sp_entity_id}", "{sp_metadata_url}", "{redirect_uri}", "{application}"} {
			if strings.Contains(text, name) {
				t.Errorf("%s: %s is still there", g.Key, name)
			}
		}
		if words(g.Steps...) != before {
			t.Errorf("%s was changed itself", g.Key)
		}
	}
	g, _ := s.Find("onelogin_saml")
	if got := values(g.Fill(v)); !slices.Contains(got, `^https:\/\/usher\.test\/v1\/saml\/acs\/x$`) || !slices.Contains(got, "<b>{acs_url}</b>") || !slices.Contains(got, "https://usher.test/**x**") {
		t.Errorf("got %q", got)
	}
}

func kinds(s guide.Step) (list []string) {
	for _, b := range s.Blocks {
		list = append(list, string(b.Kind))
	}
	return list
}

func asked(g guide.Guide) (ways []string) {
	for _, s := range g.Steps {
		for _, b := range s.Blocks {
			for _, way := range b.Ask {
				ways = append(ways, strings.Trim(strings.ReplaceAll(fmt.Sprint(way), " ", "+"), "[]"))
			}
		}
	}
	return ways
}

func values(g guide.Guide) (list []string) {
	for _, s := range g.Steps {
		for _, b := range s.Blocks {
			if b.Kind == guide.BlockCopy {
				list = append(list, b.Copy.Text)
			}
			for _, item := range b.Items {
				for _, v := range item.Values {
					list = append(list, v.Text)
				}
			}
		}
	}
	return list
}

// words are all texts of steps.
func words(steps ...guide.Step) string {
	var b strings.Builder
	add := func(spans []guide.Span) {
		for _, s := range spans {
			b.WriteString(s.Text)
		}
		b.WriteString("\n")
	}
	for _, s := range steps {
		b.WriteString(s.Title + "\n")
		for _, block := range s.Blocks {
			add(block.Text)
			b.WriteString(block.Copy.Text + "\n")
			for _, item := range block.Items {
				add(item.Text)
				for _, v := range item.Values {
					b.WriteString(v.Text + "\n")
				}
			}
			for _, row := range append([][][]guide.Span{block.Head}, block.Rows...) {
				for _, cell := range row {
					add(cell)
				}
			}
		}
	}
	return b.String()
}
