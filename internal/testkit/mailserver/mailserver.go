// Package mailserver is a mail server for tests: it speaks SMTP on loopback, keeps what it takes, and fails as it is told to.
package mailserver

import (
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// Mail is a mail that the server took.
type Mail struct {
	From, To string // of the envelope
	User     string // that had logged in; empty: none
	Secure   bool   // it came over TLS
	Text     string // with its headers
}

// Options say how the server is.
type Options struct {
	TLS      *tls.Config // nil: without encryption
	Implicit bool        // TLS from the first byte on
	User     string      // with a password that logs in; empty: it offers no login
	Password string
}

// Server is a mail server. It stops when the test ends.
type Server struct {
	Host string
	Port int

	options Options
	server  *smtp.Server

	mu     sync.Mutex
	mails  []Mail
	refuse func(to string) error
	cut    func() bool
}

// Open starts a server.
func Open(t testing.TB, o Options) *Server {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at := listener.Addr().(*net.TCPAddr) //nolint:errcheck,forcetypeassert // It listens for TCP.
	s := &Server{Host: "127.0.0.1", Port: at.Port, options: o}
	s.server = smtp.NewServer(s)
	s.server.Domain, s.server.AllowInsecureAuth, s.server.ErrorLog = "mx.example", true, log.New(io.Discard, "", 0)
	s.server.TLSConfig = o.TLS
	if o.Implicit {
		s.server.TLSConfig = nil
		listener = tls.NewListener(listener, o.TLS)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = s.server.Serve(listener) // It ends with Close.
	}()
	t.Cleanup(func() {
		_ = s.server.Close() // Its connections end with it.
		<-ended
	})
	return s
}

// Mails returns the mails that the server took, in their order.
func (s *Server) Mails() []Mail {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Mail(nil), s.mails...)
}

// Refuse has the server ask the function about each recipient; nil: it takes all.
func (s *Server) Refuse(why func(to string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refuse = why
}

// CutAfterText has the server take mails and then end the connection without an answer, as long as the function says so.
func (s *Server) CutAfterText(cut func() bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cut = cut
}

// Answer returns an answer of a server, with an enhanced status code such as 5.1.1.
func Answer(code, class, subject, detail int, text string) error {
	return &smtp.SMTPError{Code: code, EnhancedCode: smtp.EnhancedCode{class, subject, detail}, Message: text}
}

// NewSession begins a session, for the library.
func (s *Server) NewSession(c *smtp.Conn) (smtp.Session, error) {
	_, secure := c.TLSConnectionState()
	return &session{server: s, conn: c, mail: Mail{Secure: secure || s.options.Implicit}}, nil
}

type session struct {
	server *Server
	conn   *smtp.Conn
	mail   Mail
}

func (s *session) AuthMechanisms() []string {
	if s.server.options.User == "" {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *session) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, password string) error {
		if user != s.server.options.User || password != s.server.options.Password {
			return Answer(535, 5, 7, 8, "wrong user or password")
		}
		s.mail.User = user
		return nil
	}), nil
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	if s.server.options.User != "" && s.mail.User == "" {
		return smtp.ErrAuthRequired
	}
	s.mail.From = from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.server.mu.Lock()
	why := s.server.refuse
	s.server.mu.Unlock()
	if why != nil {
		if err := why(to); err != nil {
			return err
		}
	}
	s.mail.To = to
	return nil
}

func (s *session) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.server.mu.Lock()
	defer s.server.mu.Unlock()
	s.mail.Text = strings.ReplaceAll(string(text), "\r\n", "\n")
	s.server.mails = append(s.server.mails, s.mail)
	if s.server.cut != nil && s.server.cut() {
		return errors.Join(s.conn.Conn().Close(), errors.New("cut"))
	}
	return nil
}

func (s *session) Reset() { s.mail = Mail{User: s.mail.User, Secure: s.mail.Secure} }

func (s *session) Logout() error { return nil }
