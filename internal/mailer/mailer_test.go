package mailer_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	netmail "net/mail"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/mailer"
	"github.com/assent-io/assent/internal/secret"
	"github.com/assent-io/assent/internal/testkit/mailserver"
)

var at = time.Date(2026, 12, 1, 9, 30, 0, 0, time.UTC)

func options(s *mailserver.Server) mailer.Options {
	return mailer.Options{Host: s.Host, Port: s.Port, From: "assent@acme.example", Clock: func() time.Time { return at }}
}

func send(t *testing.T, o mailer.Options) error {
	t.Helper()
	m, err := mailer.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return m.Send(t.Context(), mailer.Mail{ID: "0a1b", To: "mara@acme.example", Subject: "Fall überfällig", Text: "Grüße\nzweite Zeile\n"})
}

// want fails the test unless the error is a failure with the outcome and the code.
func want(t *testing.T, err error, outcome mailer.Outcome, code int) {
	t.Helper()
	var failed *mailer.Failure
	if !errors.As(err, &failed) || failed.Outcome != outcome || failed.Code != code {
		t.Fatalf("the error is %v, not %s %d", err, outcome, code)
	}
	if strings.Contains(err.Error(), "mara") {
		t.Errorf("an address is in the text of an error: %s", err)
	}
}

// listen returns a listener that takes connections, and its port.
func listen(t *testing.T) (net.Listener, int) {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at, ok := listener.Addr().(*net.TCPAddr)
	if !ok {
		t.Fatalf("it listens at %s", listener.Addr())
	}
	return listener, at.Port
}

func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true,
		BasicConstraintsValid: true, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}, MinVersion: tls.VersionTLS12}, pool
}

func TestSend_MailIsTaken_AsAProgramSendsIt(t *testing.T) {
	s := mailserver.Open(t, mailserver.Options{})
	if err := send(t, options(s)); err != nil {
		t.Fatal(err)
	}
	mails := s.Mails()
	if len(mails) != 1 || mails[0].From != "assent@acme.example" || mails[0].To != "mara@acme.example" {
		t.Fatalf("the server has %+v", mails)
	}
	msg, err := netmail.ReadMessage(strings.NewReader(mails[0].Text))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, name := range []string{"From", "To", "Message-ID", "Auto-Submitted", "Date", "Content-Type"} {
		got[name] = msg.Header.Get(name)
	}
	wanted := map[string]string{
		"From": "<assent@acme.example>", "To": "<mara@acme.example>", "Message-ID": "<0a1b@acme.example>", "Auto-Submitted": "auto-generated",
		"Date": "Tue, 01 Dec 2026 09:30:00 +0000", "Content-Type": "text/plain; charset=UTF-8",
	}
	if diff := cmp.Diff(wanted, got); diff != "" {
		t.Errorf("headers (-want +got)\n%s", diff)
	}
}

func TestSend_WithTLS_LogsIn(t *testing.T) {
	config, pool := certificate(t)
	for name, implicit := range map[string]bool{"STARTTLS": false, "implicit": true} {
		t.Run(name, func(t *testing.T) {
			s := mailserver.Open(t, mailserver.Options{TLS: config, Implicit: implicit, User: "assent", Password: "right"})
			o := options(s)
			o.ImplicitTLS, o.User, o.Password, o.TLS = implicit, "assent", secret.New("right"), &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
			if err := send(t, o); err != nil {
				t.Fatal(err)
			}
			if mails := s.Mails(); len(mails) != 1 || !mails[0].Secure || mails[0].User != "assent" {
				t.Errorf("the server has %+v", mails)
			}
			o.Password = secret.New("wrong")
			want(t, send(t, o), mailer.LoginRefused, 535)
			o.Password, o.TLS = secret.New("right"), nil
			want(t, send(t, o), mailer.Unreachable, 0) // Nothing vouches for the certificate.
		})
	}
}

func TestSend_ServerOfAnotherMachineWithoutTLS_GetsNothing(t *testing.T) {
	s := mailserver.Open(t, mailserver.Options{})
	o := options(s)
	o.Host = "127.0.0.1.nip.invalid"
	want(t, send(t, o), mailer.Unreachable, 0)
	if mails := s.Mails(); len(mails) != 0 {
		t.Errorf("the server has %+v", mails)
	}
}

func TestSend_WhatTheServerRefuses_IsTold(t *testing.T) {
	s := mailserver.Open(t, mailserver.Options{})
	for name, c := range map[string]struct {
		answer error
		code   int
		never  bool
	}{
		"no such mailbox": {mailserver.Answer(550, 5, 1, 1, "<mara@acme.example> is unknown"), 550, true},
		"no relay":        {mailserver.Answer(554, 5, 7, 1, "mara@acme.example: relay access denied"), 554, false},
		"come again":      {mailserver.Answer(451, 4, 7, 1, "greylisted mara@acme.example"), 451, false},
	} {
		t.Run(name, func(t *testing.T) {
			s.Refuse(func(string) error { return c.answer })
			err := send(t, options(s))
			want(t, err, mailer.RecipientRefused, c.code)
			if failed := new(mailer.Failure); errors.As(err, &failed) && failed.NoSuchRecipient() != c.never {
				t.Errorf("%s: there is no such recipient: %t", failed, failed.NoSuchRecipient())
			}
		})
	}
	if mails := s.Mails(); len(mails) != 0 {
		t.Errorf("the server has %+v", mails)
	}
}

func TestSend_ConnectionEndsBeforeTheAnswer_IsUnclear(t *testing.T) {
	s := mailserver.Open(t, mailserver.Options{})
	s.CutAfterText(func() bool { return true })
	want(t, send(t, options(s)), mailer.Unclear, 0)
}

func TestSend_NothingListens_IsUnreachable(t *testing.T) {
	listener, port := listen(t)
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	want(t, send(t, mailer.Options{Host: "127.0.0.1", Port: port, From: "assent@acme.example", Clock: time.Now}), mailer.Unreachable, 0)
}

func TestSend_ContextEnds_BreaksOff(t *testing.T) {
	listener, port := listen(t)
	t.Cleanup(func() { _ = listener.Close() })
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		conn, err := listener.Accept() // It takes the connection, and never says a word.
		if err == nil {
			cancel()
			t.Cleanup(func() { _ = conn.Close() })
		}
	}()
	m, err := mailer.New(mailer.Options{Host: "127.0.0.1", Port: port, From: "assent@acme.example", Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	want(t, m.Send(ctx, mailer.Mail{ID: "1", To: "mara@acme.example", Subject: "s", Text: "t"}), mailer.Unreachable, 0)
}

func TestNew_FromThatIsNoAddress_IsRefused(t *testing.T) {
	if _, err := mailer.New(mailer.Options{From: "nothing"}); err == nil {
		t.Error("it was taken")
	}
}
