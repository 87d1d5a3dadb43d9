package e2e

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// lemonLDAP is a LemonLDAP::NG, as Debian packages it, with a configuration of
// its own. Its issuer ends with a slash, its audience is a list, and its ID token
// holds no attributes.
type lemonLDAP struct {
	*openID
	options lemonLDAPOptions
}

// lemonLDAPOptions is how it differs from its defaults.
type lemonLDAPOptions struct {
	askConsent bool // whoever signs in is asked whether the client may know it
}

const (
	lemonLDAPModule = "/usr/share/perl5/Lemonldap/NG/Portal/Issuer/OpenIDConnect.pm"

	// lemonLDAPApp is its portal without a web server before it. People are
	// read anew at each request.
	lemonLDAPApp = `use strict;
use FindBin;
use JSON;
use Plack::Builder;
use Plack::Util;
use Lemonldap::NG::Portal::Main;
use Lemonldap::NG::Portal::UserDB::Demo;

# It always loads a captcha, and its own needs ImageMagick.
package NoCaptcha {
    use Mouse;
    extends 'Lemonldap::NG::Common::Module';
    sub init { 1 }
    $INC{'NoCaptcha.pm'} = __FILE__;
}

my $portal = Lemonldap::NG::Portal::Main->run( {} );

builder {
    enable 'Static', path => sub { s{^/static/}{} }, root => '/usr/share/lemonldap-ng/portal/htdocs/static';
    enable 'Static', path => sub { s{^/javascript/}{} }, root => '/usr/share/javascript';
    enable sub {
        my $app = shift;
        sub {
            open my $in, '<', $ENV{USHER_TEST_PEOPLE} or die "$ENV{USHER_TEST_PEOPLE}: $!";
            %Lemonldap::NG::Portal::UserDB::Demo::demoAccounts = %{ decode_json( join '', <$in> ) };

            # A cookie for the domain "localhost" is none to a browser.
            Plack::Util::response_cb( $app->(@_), sub {
                my $headers = $_[0][1];
                for my $i ( grep { $_ % 2 } 0 .. $#$headers ) {
                    $headers->[$i] =~ s/; domain=[^;]*// if lc $headers->[ $i - 1 ] eq 'set-cookie';
                }
            } );
        }
    };
    $portal;
};
`
)

// startLemonLDAP starts one with a client that takes its answers at redirectURI.
// Alice and Mallory may sign in.
func startLemonLDAP(t *testing.T, redirectURI string, o lemonLDAPOptions) *lemonLDAP {
	t.Helper()
	starman := requireCommand(t, "starman", "starman")
	if _, err := os.Stat(lemonLDAPModule); err != nil {
		unavailable(t, "LemonLDAP::NG is not installed: apt-get install liblemonldap-ng-portal-perl libstring-random-perl libio-string-perl, or make test")
	}
	n := newNeighbour(t, "LemonLDAP::NG", "conf", "sessions/lock", "psessions/lock", "cache")
	p := &lemonLDAP{newOpenID(n, n.base+"/", redirectURI), o}
	p.configure()
	p.command = func() *exec.Cmd {
		cmd := exec.Command(starman, "--listen", "127.0.0.1:"+p.port, "--workers", "2", "--preload-app", filepath.Join(p.dir, "app.psgi"))
		cmd.Env = append(os.Environ(),
			"LLNG_DEFAULTCONFFILE="+filepath.Join(p.dir, "lemonldap-ng.ini"), "USHER_TEST_PEOPLE="+filepath.Join(p.dir, "people.json"))
		return cmd
	}
	p.people(openIDAlice, openIDMallory)
	p.start()
	return p
}

func (p *lemonLDAP) configure() {
	p.t.Helper()
	p.write("app.psgi", lemonLDAPApp)
	p.write("lemonldap-ng.ini", fmt.Sprintf(`[all]
logLevel = notice
[configuration]
type = File
dirName = %[1]s/conf
localStorage = Cache::FileCache
localStorageOptions = { namespace => 'conf', default_expires_in => 600, cache_root => '%[1]s/cache', cache_depth => 3 }
[portal]
staticPrefix = /static
templateDir = /usr/share/lemonldap-ng/portal/templates
languages = en
`, p.dir))
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	must(p.t, err)
	public, err := x509.MarshalPKIXPublicKey(&key.PublicKey)
	must(p.t, err)
	storage := func(name string) object {
		return object{"Directory": filepath.Join(p.dir, name), "LockDirectory": filepath.Join(p.dir, name, "lock")}
	}
	const client = "usher"
	p.writeJSON("conf/lmConf-1.json", object{
		"cfgNum": 1, "cfgDate": "1", "cfgVersion": "2.16.1", "key": "a key for this test alone",
		"portal": p.issuer, "domain": "localhost", "cookieName": "lemonldap", "securedCookie": 0, "captcha": "NoCaptcha",
		"authentication": "Demo", "userDB": "Same", "passwordDB": "Null", "registerDB": "Null",
		"demoExportedVars": object{
			"uid": "uid", "cn": "cn", "mail": "mail", "givenName": "givenName", "sn": "sn", "mailVerified": "mailVerified", "memberOf": "memberOf",
		},
		"macros": object{"_whatToTrace": "$_user"}, "whatToTrace": "_whatToTrace",
		"exportedVars": object{}, "exportedHeaders": object{}, "locationRules": object{}, "groups": object{},
		"globalStorage": "Apache::Session::File", "globalStorageOptions": storage("sessions"),
		"persistentStorage": "Apache::Session::File", "persistentStorageOptions": storage("psessions"),
		"issuerDBOpenIDConnectActivation": 1, "oidcServiceIgnoreScopeForClaims": 1, "oidcServiceKeyIdSig": "key-1",
		"oidcServicePrivateKeySig": string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})),
		"oidcServicePublicKeySig":  string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
		"oidcRPMetaDataOptions": object{client: object{
			"oidcRPMetaDataOptionsClientID": p.clientID, "oidcRPMetaDataOptionsClientSecret": p.clientSecret,
			"oidcRPMetaDataOptionsRedirectUris": p.redirectURI, "oidcRPMetaDataOptionsIDTokenSignAlg": "RS256",
			"oidcRPMetaDataOptionsDisplayName": "Usher", "oidcRPMetaDataOptionsBypassConsent": !p.options.askConsent,
		}},
		"oidcRPMetaDataExportedVars": object{client: object{
			"email": "mail", "email_verified": "mailVerified;bool", "name": "cn", "given_name": "givenName", "family_name": "sn",
			"groups": "memberOf;string;always",
		}},
	})
}

// people replaces who may sign in, and with which attributes. Its demonstration
// mode takes the login for the password.
func (p *lemonLDAP) people(list ...openIDPerson) {
	p.t.Helper()
	accounts := object{}
	for _, who := range list {
		if who.password != who.login {
			p.t.Fatalf("the password of %s must be the login", who.login)
		}
		account := object{"uid": who.login, "cn": strings.TrimSpace(who.firstName + " " + who.lastName)}
		for name, value := range map[string]string{
			"mail": who.mail, "givenName": who.firstName, "sn": who.lastName, "memberOf": strings.Join(who.groups, "; "),
			"mailVerified": map[string]string{"true": "1", "false": "0"}[who.mailVerified],
		} {
			if value != "" {
				account[name] = value
			}
		}
		accounts[who.login] = account
	}
	p.writeJSON("people.json", accounts)
}

// signIn types a name and a password on its page.
func (p *lemonLDAP) signIn(v *visitor, who openIDPerson) {
	v.t.Helper()
	v.waitURL("^" + p.issuer)
	v.do("fill", byCSS("#userfield").with("value", who.login), nil)
	v.do("fill", byCSS("#passwordfield").with("value", who.password), nil)
	v.click(byCSS("#lform button[type=submit]"))
}

// accept lets the client know who signed in, where that is asked.
func (p *lemonLDAP) accept(v *visitor) {
	v.t.Helper()
	v.waitFor(byCSS(".oidc_consent_message"))
	v.click(byCSS("button.positive"))
}

// deny is the other answer to that: consent_required, as this provider calls it.
func (p *lemonLDAP) deny(v *visitor) {
	v.t.Helper()
	v.waitFor(byCSS(".oidc_consent_message"))
	v.click(byCSS("#refuse"))
}

func TestLemonLDAP_ACodeFlowOfAnIndependentClient(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	s := newStranger(t)
	p := startLemonLDAP(t, s.url, lemonLDAPOptions{})
	s.meet(p.openID)
	for mode, method := range map[string]string{"query": "GET", "form_post": "POST"} {
		v := b.visitor("alice by "+mode, look{})
		v.open(s.begin("response_mode", mode))
		wrong := openIDAlice
		wrong.password = "not hers"
		p.signIn(v, wrong)
		v.waitFor(byCSS("#errormsg .message-negative"))
		p.signIn(v, openIDAlice)
		answer := s.answer(v)
		if got := answer.Get("method"); got != method {
			t.Errorf("the answer came by %s, want %s", got, method)
		}
		idToken, userInfo := s.claims(answer.Get("code"))
		s.wantClaims(userInfo, openIDAlice)
		if got, want := fmt.Sprint(idToken["aud"]), fmt.Sprint([]any{p.clientID}); got != want {
			t.Errorf("audience: got %s, want a list of one, %s", got, want)
		}
		if idToken["email"] != nil {
			t.Errorf("the ID token says %v; want its attributes as userinfo only", idToken)
		}
		s.wantNoToken(answer.Get("code"), "invalid_grant") // twice
	}
}

func TestLemonLDAP_Refusals(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	s := newStranger(t)
	p := startLemonLDAP(t, s.url, lemonLDAPOptions{askConsent: true})
	s.meet(p.openID)
	v := b.visitor("mallory", look{})
	v.open(s.begin())
	p.signIn(v, openIDMallory)
	p.deny(v)
	if got := s.answer(v).Get("error"); got != "consent_required" {
		t.Errorf("denied: got %q, want consent_required", got)
	}
	v.open(s.begin())
	p.accept(v)
	code := s.answer(v).Get("code")
	s.config.ClientSecret = "wrong"
	s.wantNoToken(code, "invalid_client")
	s.config.ClientSecret = p.clientSecret
	_, userInfo := s.claims(code)
	s.wantClaims(userInfo, openIDMallory)
}

// As with the other one: the person waits on its page while it is gone.
func TestLemonLDAP_StoppedAndBack(t *testing.T) {
	t.Parallel()
	b := newBrowser(t)
	s := newStranger(t)
	p := startLemonLDAP(t, s.url, lemonLDAPOptions{})
	s.meet(p.openID)
	v := b.visitor("alice", look{})
	v.open(s.begin())
	v.waitFor(byCSS("#lform"))
	p.stop()
	p.start()
	p.signIn(v, openIDAlice)
	code := s.answer(v).Get("code")
	p.stop()
	if _, err := s.redeem(code); err == nil {
		t.Error("a stopped provider redeemed a code")
	}
	p.start()
	_, userInfo := s.claims(code)
	s.wantClaims(userInfo, openIDAlice)
}
