package notify_test

import (
	"bufio"
	"crypto/tls"
	"net"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"usher/internal/identity"
	"usher/internal/notify"
)

// smtpServer speaks as much SMTP (RFC 5321) as one mail needs, without TLS, and
// keeps what it was told.
func smtpServer(t *testing.T, extensions ...string) (host string, port int, dialogue chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	dialogue = make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		dialogue <- converse(c, extensions)
	}()
	host, text, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	port, err = strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return host, port, dialogue
}

func converse(c net.Conn, extensions []string) string {
	var told strings.Builder
	say := func(line string) { _, _ = c.Write([]byte(line + "\r\n")) }
	say("220 mail.test ESMTP")
	lines := bufio.NewScanner(c)
	data := false
	for lines.Scan() {
		line := lines.Text()
		told.WriteString(line + "\n")
		switch {
		case data && line == ".":
			data = false
			say("250 taken")
		case data:
		case strings.HasPrefix(line, "EHLO"):
			for _, e := range extensions {
				say("250-" + e)
			}
			say("250 8BITMIME")
		case strings.HasPrefix(line, "DATA"):
			data = true
			say("354 go on")
		case strings.HasPrefix(line, "QUIT"):
			say("221 bye")
			return told.String()
		default:
			say("250 ok")
		}
	}
	return told.String()
}

func letter() identity.Mail {
	return identity.Mail{
		ID: "mail_1", To: "ada@acme.test", Subject: "123456 is your code für Acme", Text: "Your code.\n", HTML: "<p>Your code.</p>", CreatedAt: began,
	}
}

func TestSMTP_SendsAMail(t *testing.T) {
	t.Parallel()
	host, port, dialogue := smtpServer(t)
	s := &notify.SMTP{Host: host, Port: port, From: "Usher <usher@usher.test>", Plaintext: true}
	if err := s.Send(t.Context(), letter()); err != nil {
		t.Fatal(err)
	}
	told := <-dialogue
	for _, want := range []string{
		"MAIL FROM:<usher@usher.test>", "RCPT TO:<ada@acme.test>", "Message-ID: <mail_1@usher>", "Date: Wed, 25 Nov 2026 09:30:00",
		"multipart/alternative", "text/plain", "text/html", "Your code.",
	} {
		if !strings.Contains(told, want) {
			t.Errorf("lacks %s:\n%s", want, told)
		}
	}
}

// Threat T-WH-04: nothing in a field begins another one, or another command.
func TestSMTP_AFieldCannotBeginAnother(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*identity.Mail){
		"a line break in the address": func(m *identity.Mail) { m.To = "ada@acme.test>\r\nRCPT TO:<eve@evil.test" },
		"a second address":            func(m *identity.Mail) { m.To = "ada@acme.test, eve@evil.test" },
		"no address":                  func(m *identity.Mail) { m.To = "ada" },
		"a line break in the subject": func(m *identity.Mail) { m.Subject = "Hello\r\nBcc: eve@evil.test\r\n\r\nanother body" },
		"half a line break":           func(m *identity.Mail) { m.Subject = "Hello\nBcc: eve@evil.test" },
		"a line break in the sender":  func(m *identity.Mail) { m.FromName = "a\r\nBcc: eve@evil.test" },
		"a line break in the answers": func(m *identity.Mail) { m.ReplyToName = "a\r\nBcc: eve@evil.test" },
	} {
		m := letter()
		change(&m)
		host, port, dialogue := smtpServer(t)
		s := &notify.SMTP{Host: host, Port: port, From: "usher@usher.test", Plaintext: true}
		if err := s.Send(t.Context(), m); err == nil {
			t.Errorf("%s: sent", name)
		}
		select {
		case told := <-dialogue:
			t.Errorf("%s: the server was told\n%s", name, told)
		default:
		}
	}
}

// A template's own names are at the domain of the configured sender.
func TestSMTP_ATemplateHasNamesOfItsOwn(t *testing.T) {
	t.Parallel()
	host, port, dialogue := smtpServer(t)
	s := &notify.SMTP{Host: host, Port: port, From: "Üsher <usher@usher.test>", Plaintext: true}
	m := letter()
	m.FromName, m.ReplyToName = "codes", "help"
	if err := s.Send(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	told := <-dialogue
	for _, want := range []string{"MAIL FROM:<codes@usher.test>", "<codes@usher.test>\n", "Reply-To: <help@usher.test>"} {
		if !strings.Contains(told, want) {
			t.Errorf("lacks %s:\n%s", want, told)
		}
	}
}

// Threat T-WH-04: a certificate that nobody vouches for is no server's.
func TestSMTP_RefusesABadCertificate(t *testing.T) {
	t.Parallel()
	site := httptest.NewUnstartedServer(nil)
	site.StartTLS()
	defer site.Close()
	host, port, greeted := tlsSMTP(t, site.TLS.Certificates)
	s := &notify.SMTP{Host: host, Port: port, From: "usher@usher.test", Username: "usher", Password: "secret"}
	if err := s.Send(t.Context(), letter()); err == nil {
		t.Error("sent")
	}
	if told := <-greeted; strings.Contains(told, "MAIL FROM") || strings.Contains(told, "AUTH") {
		t.Errorf("the server was told\n%s", told)
	}
}

// tlsSMTP offers STARTTLS with a certificate, and keeps what it was told behind it.
func tlsSMTP(t *testing.T, certificates []tls.Certificate) (host string, port int, told chan string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	told = make(chan string, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		lines := bufio.NewScanner(c)
		_, _ = c.Write([]byte("220 mail.test ESMTP\r\n"))
		for lines.Scan() && !strings.HasPrefix(lines.Text(), "STARTTLS") {
			_, _ = c.Write([]byte("250-mail.test\r\n250 STARTTLS\r\n"))
		}
		_, _ = c.Write([]byte("220 go on\r\n"))
		secured := tls.Server(c, &tls.Config{Certificates: certificates})
		if secured.Handshake() != nil {
			told <- ""
			return
		}
		told <- converse(secured, nil)
	}()
	addr := l.Addr().(*net.TCPAddr)
	return "127.0.0.1", addr.Port, told
}

// Threat T-WH-04: a server that offers no TLS, or from whose offer somebody took
// it away, gets nothing.
func TestSMTP_InsistsOnTLS(t *testing.T) {
	t.Parallel()
	for name, extensions := range map[string][]string{"no STARTTLS": nil, "a STARTTLS that is none": {"STARTTLS"}} {
		host, port, dialogue := smtpServer(t, extensions...)
		s := &notify.SMTP{Host: host, Port: port, From: "usher@usher.test", Username: "usher", Password: "secret"}
		if err := s.Send(t.Context(), letter()); err == nil {
			t.Errorf("%s: sent", name)
		}
		if told := <-dialogue; strings.Contains(told, "MAIL FROM") || strings.Contains(told, "AUTH") || strings.Contains(told, "secret") {
			t.Errorf("%s: the server was told\n%s", name, told)
		}
	}
}

func TestSMTP_AServerThatIsNotThereIsAnError(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	s := &notify.SMTP{Host: "127.0.0.1", Port: port, From: "usher@usher.test", Plaintext: true}
	if err := s.Send(t.Context(), letter()); err == nil {
		t.Error("sent")
	}
}
