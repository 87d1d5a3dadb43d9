package notify_test

import (
	"bufio"
	"net"
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
	host, port, dialogue := smtpServer(t)
	m := letter()
	m.Subject = "Hello\r\nBcc: eve@evil.test\r\n\r\nanother body"
	if err := (&notify.SMTP{Host: host, Port: port, From: "usher@usher.test", Plaintext: true}).Send(t.Context(), m); err != nil {
		return // refused is as good
	}
	header, _, _ := strings.Cut(<-dialogue, "\n\n")
	if strings.Contains(header, "\nBcc:") || strings.Contains(header, "\nanother body") || strings.Contains(header, "RCPT TO:<eve") {
		t.Errorf("a subject began another field:\n%s", header)
	}
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
