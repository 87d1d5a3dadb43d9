package e2e

import (
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// ssp is a SimpleSAMLphp, as Debian packages it, with a configuration of its own.
type ssp struct{ *neighbour }

const sspRoot = "/usr/share/simplesamlphp"

// sspPerson is somebody who may sign in there.
type sspPerson struct{ login, password, mail, firstName, lastName string }

func startSSP(t *testing.T) *ssp {
	t.Helper()
	php := requireCommand(t, "php", "simplesamlphp")
	if _, err := os.Stat(sspRoot + "/www/module.php"); err != nil {
		unavailable(t, "SimpleSAMLphp is not installed: apt-get install simplesamlphp, or make test")
	}
	s := &ssp{newNeighbour(t, "SimpleSAMLphp", "config", "metadata", "cert", "log", "data", "tmp", "sessions")}
	s.ready = s.metadataURL()
	s.configure()
	s.command = func() *exec.Cmd {
		cmd := exec.Command(php, "-d", "session.save_path="+filepath.Join(s.dir, "sessions"), "-d", "display_errors=0",
			"-d", "opcache.revalidate_freq=0", // else it reads a changed file two seconds late
			"-S", "127.0.0.1:"+s.port, "-t", sspRoot+"/www")
		cmd.Env = append(os.Environ(), "SIMPLESAMLPHP_CONFIG_DIR="+filepath.Join(s.dir, "config"), "PHP_CLI_SERVER_WORKERS=2")
		return cmd
	}
	s.start()
	return s
}

func (s *ssp) metadataURL() string { return s.base + "/saml2/idp/metadata.php" }

func (s *ssp) configure() {
	key, cert := filepath.Join(s.dir, "cert/idp.key"), filepath.Join(s.dir, "cert/idp.crt")
	openssl := requireCommand(s.t, "openssl", "openssl")
	out, err := exec.Command(openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30",
		"-subj", "/CN=localhost", "-keyout", key, "-out", cert).CombinedOutput()
	if err != nil {
		s.t.Fatalf("openssl: %v\n%s", err, out)
	}
	s.write("config/config.php", fmt.Sprintf(`<?php
$config = [
    'baseurlpath' => '%[1]s/',
    'certdir' => '%[2]s/cert/', 'loggingdir' => '%[2]s/log/', 'datadir' => '%[2]s/data/', 'tempdir' => '%[2]s/tmp',
    'metadatadir' => '%[2]s/metadata/',
    'technicalcontact_name' => 'Test', 'technicalcontact_email' => 'na@example.test',
    'timezone' => 'UTC', 'secretsalt' => 'a salt for this test alone', 'auth.adminpassword' => 'unused-%[3]d',
    'admin.protectindexpage' => true, 'showerrors' => true, 'errorreporting' => false,
    'logging.level' => SimpleSAML\Logger::INFO, 'logging.handler' => 'file',
    'enable.saml20-idp' => true,
    'module.enable' => ['exampleauth' => true, 'core' => true, 'saml' => true],
    'session.cookie.secure' => false, 'session.phpsession.savepath' => '%[2]s/sessions',
    'store.type' => 'phpsession', 'language.default' => 'en',
    'metadata.sources' => [['type' => 'flatfile'], ['type' => 'xml', 'file' => '%[2]s/metadata/usher.xml']],
    'authproc.idp' => [], 'authproc.sp' => [],
];
`, s.base, s.dir, os.Getpid()))
	s.write("metadata/usher.xml", `<md:EntitiesDescriptor xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata"></md:EntitiesDescriptor>`)
	s.write("metadata/saml20-idp-hosted.php", fmt.Sprintf(`<?php
$metadata['%[1]s/saml2/idp/metadata.php'] = [
    'host' => '__DEFAULT__', 'privatekey' => 'idp.key', 'certificate' => 'idp.crt', 'auth' => 'people',
    'NameIDFormat' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    'authproc' => [1 => ['class' => 'saml:PersistentNameID', 'attribute' => 'uid']],
];
`, s.base))
	s.people()
}

// people replaces who may sign in, and with which attributes.
func (s *ssp) people(list ...sspPerson) {
	s.t.Helper()
	var b strings.Builder
	b.WriteString("<?php\n$config = ['admin' => ['core:AdminPassword'], 'people' => ['exampleauth:UserPass',\n")
	for _, p := range list {
		fmt.Fprintf(&b, "'%s:%s' => ['uid' => ['%s']", p.login, p.password, p.login)
		for name, value := range map[string]string{"mail": p.mail, "firstName": p.firstName, "lastName": p.lastName} {
			if value != "" {
				fmt.Fprintf(&b, ", '%s' => ['%s']", name, value)
			}
		}
		b.WriteString("],\n")
	}
	b.WriteString("]];\n")
	s.write("config/authsources.php", b.String())
}

// trust gives it the metadata of a service provider.
func (s *ssp) trust(metadataURL string) {
	s.t.Helper()
	s.write("metadata/usher.xml", fetch(s.t, metadataURL))
}

// signIn types a name and a password on its page.
func (s *ssp) signIn(v *visitor, p sspPerson) {
	v.t.Helper()
	v.waitURL(`^` + s.base)
	v.do("fill", byCSS("#username").with("value", p.login), nil)
	v.do("fill", byCSS("#password").with("value", p.password), nil)
	v.click(byCSS("#submit_button"))
}

func fetch(t *testing.T, url string) string {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s %v", url, res.Status, err)
	}
	return string(b)
}
