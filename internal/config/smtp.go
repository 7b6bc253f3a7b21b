package config

import (
	"errors"
	"net/url"
	"strconv"
	"strings"
)

// SMTP is the mail server that takes mails of the program itself, such as notices. The zero value is none.
type SMTP struct {
	Host string // a name or an IP address
	Port int
	// ImplicitTLS encrypts from the first byte on; without it by STARTTLS.
	ImplicitTLS bool
	User        string // empty: without a login
}

// IsZero reports whether no mails are sent.
func (s SMTP) IsZero() bool { return s == SMTP{} }

// The ports of RFC 6409 and RFC 8314.
const (
	portSubmission  = 587
	portSubmissions = 465
)

// smtpSettings returns the rows about mails of the program itself.
func smtpSettings() []setting {
	return []setting{
		{
			key: "smtp_url", fallbackNote: "off",
			usage: "mail server for notices to the members of desks: smtp://USER@HOST:587, encrypted by STARTTLS, or smtps://USER@HOST:465; USER@ and " +
				"the port may be left out. Only a server on this machine is spoken to without encryption",
			set: setSMTP,
		},
		{
			key: "smtp_password", secret: true,
			usage: "password of the user in smtp_url",
			set: func(s *Server, value string) error {
				s.SMTPPassword = NewSecret(value)
				return nil
			},
		},
		{
			key:   "smtp_from",
			usage: "address that notices are from, such as assent@acme.example; required with smtp_url. What cannot be delivered comes back to it",
			set:   mailAddress(func(s *Server) *string { return &s.SMTPFrom }),
		},
		{
			key: "smtp_officers", fallbackNote: "none: they are listed",
			usage: "address to which notices to the data-protection officers go, and those to desks without members",
			set:   mailAddress(func(s *Server) *string { return &s.SMTPOfficers }),
		},
	}
}

// setSMTP reads the URL of a mail server. The error does not repeat it, for it may hold a password.
func setSMTP(s *Server, value string) error {
	wrong := errors.New("it must be smtp://USER@HOST:PORT or smtps://USER@HOST:PORT and nothing else, such as smtp://assent@mail.example:587; " +
		"USER@ and :PORT may be left out, and @ in USER is written %40")
	u, err := url.Parse(value)
	if err != nil || u.Opaque != "" || u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.ForceQuery || strings.Contains(value, "#") ||
		u.Scheme != "smtp" && u.Scheme != "smtps" || !isHost(strings.ToLower(u.Hostname())) {
		return wrong
	}
	found := SMTP{Host: strings.ToLower(u.Hostname()), Port: portSubmission, ImplicitTLS: u.Scheme == "smtps"}
	if found.ImplicitTLS {
		found.Port = portSubmissions
	}
	if u.Port() != "" {
		if found.Port, err = strconv.Atoi(u.Port()); err != nil || found.Port < 1 || found.Port > 65535 {
			return errors.New("the port must be a number from 1 to 65535")
		}
	}
	if u.User != nil {
		if _, has := u.User.Password(); has {
			return errors.New("it must not hold the password: set that with ASSENT_SMTP_PASSWORD, or ASSENT_SMTP_PASSWORD_FILE for a file with it")
		}
		if found.User = u.User.Username(); found.User == "" || strings.ContainsFunc(found.User, func(c rune) bool { return c < ' ' || c == 0x7f }) {
			return wrong
		}
	}
	s.SMTP = found
	return nil
}

// mailAddress reads one address in ASCII.
func mailAddress(field func(*Server) *string) func(*Server, string) error {
	return func(s *Server, value string) error {
		if value = strings.TrimSpace(value); !isPlainAddress(value) {
			return errors.New("it must be an address in ASCII without a name and quotes, such as assent@acme.example")
		}
		*field(s) = value
		return nil
	}
}

// checkSMTP returns an error for the first setting about mails that does not fit the others.
func (s *Server) checkSMTP() error {
	password := s.SMTPPassword.Reveal() != ""
	switch {
	case s.SMTP.IsZero() && (s.SMTPFrom != "" || s.SMTPOfficers != "" || password):
		return errors.New("smtp_from, smtp_officers and smtp_password are of no use without smtp_url")
	case s.SMTP.IsZero():
		return nil
	case s.SMTPFrom == "":
		return errors.New("smtp_url needs smtp_from, the address that mails are from")
	case s.SMTP.User == "" && password:
		return errors.New("smtp_password needs a user in smtp_url, such as smtp://assent@mail.example:587")
	case s.SMTP.User != "" && !password:
		return errors.New("the user in smtp_url needs a password: set ASSENT_SMTP_PASSWORD, or ASSENT_SMTP_PASSWORD_FILE for a file with it")
	}
	return nil
}
