package mailer

import (
	"errors"
	"net/textproto"
	"strconv"
	"strings"

	"github.com/wneessen/go-mail"
)

// Outcome is why a mail was not sent. The strings are for metrics and the log.
type Outcome string

// The outcomes.
const (
	Unreachable      Outcome = "unreachable"       // there is no connection, or no encryption
	LoginRefused     Outcome = "login_refused"     // the server wants another login
	SenderRefused    Outcome = "sender_refused"    // the server does not take mails from this address
	RecipientRefused Outcome = "recipient_refused" // the server does not take mails to this address, now or at all
	MessageRefused   Outcome = "message_refused"   // the server does not take this mail, now or at all
	Unclear          Outcome = "unclear"           // the connection ended before the answer: the server may have the mail
)

// Outcomes returns all outcomes.
func Outcomes() []Outcome {
	return []Outcome{Unreachable, LoginRefused, SenderRefused, RecipientRefused, MessageRefused, Unclear}
}

// Failure says why a mail was not sent. Its text has no address: what a server answers can have one, so only the code of it is kept.
type Failure struct {
	Outcome Outcome
	Code    int    // the code of the server's answer, such as 550; 0: there was none
	Status  string // its enhanced status code, such as 5.1.1 (RFC 3463); empty: there was none
	cause   error  // of an Unreachable without an answer
}

// Error says what happened, such as "recipient_refused 550 5.1.1".
func (f *Failure) Error() string {
	text := string(f.Outcome)
	if f.Code != 0 {
		text += " " + strconv.Itoa(f.Code)
	}
	if f.Status != "" {
		text += " " + f.Status
	}
	if f.cause != nil {
		text += ": " + f.cause.Error()
	}
	return text
}

// NoSuchRecipient reports whether the server says that the address does not exist (RFC 3463, 3.2): sending again is of no use.
func (f *Failure) NoSuchRecipient() bool {
	return f.Outcome == RecipientRefused && f.Code >= 500 && strings.HasPrefix(f.Status, "5.1.")
}

// connecting says why there was no session.
func connecting(err error) *Failure {
	var told *textproto.Error
	if !errors.As(err, &told) {
		return &Failure{Outcome: Unreachable, cause: err}
	}
	f := &Failure{Outcome: Unreachable, Code: told.Code}
	switch told.Code {
	case 454, 530, 534, 535, 538: // RFC 4954, 6.
		f.Outcome = LoginRefused
	}
	return f
}

// sending says why a mail was not taken in a session.
func sending(err error) *Failure {
	var told *mail.SendError
	if !errors.As(err, &told) {
		return &Failure{Outcome: Unclear}
	}
	f := &Failure{Code: told.ErrorCode(), Status: told.EnhancedStatusCode()}
	switch told.Reason {
	case mail.ErrSMTPMailFrom:
		f.Outcome = SenderRefused
	case mail.ErrSMTPRcptTo:
		f.Outcome = RecipientRefused
	case mail.ErrSMTPData:
		f.Outcome = MessageRefused
	case mail.ErrConnCheck:
		f.Outcome = Unreachable
	default:
		if f.Outcome = MessageRefused; f.Code == 0 {
			f.Outcome = Unclear
		}
		return f
	}
	if f.Code == 0 { // The connection ended, and the text was not sent yet.
		f.Outcome = Unreachable
	}
	return f
}
