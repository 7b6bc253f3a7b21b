// Package mailer hands mails of the program itself, such as notices to the members of desks, to a mail server by SMTP. It keeps no queue: an
// error says whether the mail server can have the mail, and the caller comes again.
package mailer

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"strings"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/assent-io/assent/internal/secret"
)

// patience is how long one mail may take, from the connection to the answer of the server.
const patience = time.Minute

// Options say which mail server takes the mails, and from whom they are.
type Options struct {
	Host string
	Port int
	// ImplicitTLS encrypts from the first byte on (smtps). Without it the connection is upgraded by STARTTLS; only a server on this machine is
	// spoken to without encryption, if it offers none.
	ImplicitTLS bool
	User        string // empty: without a login
	Password    secret.Text
	From        string // address, for the header and for the envelope
	// TLS is what is believed of the server; nil: what the machine believes.
	TLS *tls.Config
	// Clock says what time a mail bears. Required.
	Clock func() time.Time
}

// Mail is a mail to send.
type Mail struct {
	ID      string // made into the Message-ID: letters and digits. A mail that is sent again has the same
	To      string // address
	Subject string
	Text    string
}

// Mailer hands mails to one mail server. It is safe for concurrent use.
type Mailer struct {
	options Options
	domain  string // of the Message-IDs
}

// New returns a mailer. It connects with the first mail.
func New(o Options) (*Mailer, error) {
	if _, err := netmail.ParseAddress(o.From); err != nil {
		return nil, errors.New("the address that mails are from is no e-mail address")
	}
	return &Mailer{options: o, domain: o.From[strings.LastIndex(o.From, "@")+1:]}, nil
}

// MessageID returns the Message-ID of a mail with an id.
func (m *Mailer) MessageID(id string) string { return id + "@" + m.domain }

// Send hands one mail to the mail server, on a connection of its own. The error is a [*Failure], unless the caller gave a mail that is none. When
// the context ends, Send breaks off.
func (m *Mailer) Send(ctx context.Context, letter Mail) error {
	msg, err := m.message(letter)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	line := &line{tls: m.encryption(), implicit: m.options.ImplicitTLS}
	defer line.close()
	client, err := m.client(ctx, line)
	if err != nil {
		return err
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return connecting(err)
	}
	sent := client.SendWithSMTPClient(session, msg)
	if msg.IsDelivered() { // What fails after the server took it changes nothing.
		_ = client.CloseWithSMTPClient(session)
		return nil
	}
	return sending(sent)
}

// message returns a mail in the form of the library.
func (m *Mailer) message(letter Mail) (*mail.Msg, error) {
	msg := mail.NewMsg()
	if err := errors.Join(msg.From(m.options.From), msg.To(letter.To)); err != nil {
		return nil, errors.New("an address of the mail is no e-mail address") // The text of the library has it.
	}
	msg.SetMessageIDWithValue(m.MessageID(letter.ID))
	msg.SetDateWithValue(m.options.Clock())
	msg.SetGenHeader("Auto-Submitted", "auto-generated")           // RFC 3834, 5: no program answers it.
	msg.SetGenHeader("X-Auto-Response-Suppress", "All")            // The same for Exchange, which does not know it.
	msg.Subject(strings.Join(strings.Fields(letter.Subject), " ")) // One line.
	msg.SetBodyString(mail.TypeTextPlain, letter.Text)
	return msg, nil
}

// client returns a client of the library for one mail.
func (m *Mailer) client(life context.Context, line *line) (*mail.Client, error) {
	o := &m.options
	policy := mail.TLSMandatory
	switch {
	case o.ImplicitTLS:
		policy = mail.NoTLS // It is there already.
	case isLocal(o.Host):
		policy = mail.TLSOpportunistic
	}
	with := []mail.Option{
		mail.WithPort(o.Port), mail.WithTimeout(patience), mail.WithTLSPolicy(policy), mail.WithTLSConfig(line.tls),
		mail.WithDialContextFunc(line.dialer(life)),
	}
	if o.User != "" {
		with = append(with, mail.WithUsername(o.User), mail.WithPassword(o.Password.Reveal()), mail.WithOpportunisticSMTPAuth(
			mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthSCRAMSHA1, mail.SMTPAuthPlain, mail.SMTPAuthLogin, mail.SMTPAuthCramMD5))
	}
	client, err := mail.NewClient(o.Host, with...)
	if err != nil {
		return nil, fmt.Errorf("the settings of the mail server: %w", err)
	}
	return client, nil
}

func (m *Mailer) encryption() *tls.Config {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if m.options.TLS != nil {
		config = m.options.TLS.Clone()
	}
	config.ServerName = m.options.Host
	return config
}

// isLocal reports whether a host is this machine.
func isLocal(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// line is the connection of one mail. The library leaves a connection open on which the greeting or the login failed.
type line struct {
	tls      *tls.Config
	implicit bool
	conn     net.Conn
	unhook   func() bool
}

// dialer returns a function that connects. The connection ends with life: the library asks that context while it connects only.
func (l *line) dialer(life context.Context) mail.DialContextFunc {
	return func(ctx context.Context, network, address string) (conn net.Conn, err error) {
		if l.implicit {
			conn, err = (&tls.Dialer{Config: l.tls}).DialContext(ctx, network, address)
		} else {
			conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
		}
		if err != nil {
			return nil, err
		}
		l.conn, l.unhook = conn, context.AfterFunc(life, func() { _ = conn.Close() })
		return conn, nil
	}
}

func (l *line) close() {
	if l.conn != nil {
		l.unhook()
		_ = l.conn.Close() // The library may have closed it.
	}
}
