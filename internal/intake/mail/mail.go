// Package mail says what one mail that came back is: a bounce, a complaint, a wish to get no more, the answer of a program, or a letter of
// a person; and about which recipients it speaks. It judges by the mail alone: which of the texts that may be tokens are ours, and what is
// recorded, is for the service. The order of decision is that of decision record 0070.
package mail

import (
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/intake/bounce"
	"github.com/assent-io/assent/internal/message"
)

// MaxGroups is how many recipients a report has at most.
const MaxGroups = 1_000

// Settings of a [Reader].
type Settings struct {
	// Unsubscribe lists the addresses of the mailto: in List-Unsubscribe. An address of this list with a tag (LOCAL+tag@DOMAIN) counts, too,
	// unless the tag is that of a return path.
	Unsubscribe []string
	Limits      message.Limits
}

// Envelope is how a mail was delivered, as far as that is known.
type Envelope struct {
	From string   // the reverse path of SMTP; "<>" is the null sender; empty: not known, so the header Return-Path counts
	To   []string // the recipients, as far as they are known; Delivered-To, To and such count as well
}

// Result is what a mail is.
type Result struct {
	Kind    intake.Kind
	Reports []intake.Report // one for each recipient that the mail is about; empty of a kind that is about none
	// Why names the step that decided, such as "delivery-status"; of an unreadable mail it is a sentence with the limit.
	Why string
	// AsksToLeave says that an inquiry asks for no more mail in the person's own words.
	AsksToLeave bool
	// From and Subject are those of the mail itself, decoded.
	From, Subject string
	// Letter is what a person wrote; nil of all but an inquiry.
	Letter   *Letter
	Findings []message.Finding
}

// Letter is what a person wrote.
type Letter struct {
	// Text is what the person wrote, without what is quoted and without the signature; where nothing is left of it, all of the text.
	Text string
	// To lists to whom it was delivered and addressed, as they were written.
	To []string
	// ID is the Message-ID, and Answers those of the mails that it answers, the last first; without angle brackets.
	ID      string
	Answers []string
	// Forward is the mail that it passes on; nil: it passes none on.
	Forward *Forward
}

// A Reader reads mails that came back. It may be used by several goroutines.
type Reader struct {
	settings   Settings
	classifier *bounce.Classifier
}

// New returns a reader.
func New(s Settings) *Reader { return &Reader{settings: s, classifier: bounce.New()} }

// Read says what a mail is. What is beyond a limit or no mail is a result of the kind unreadable; an error is that of the input alone.
func (r *Reader) Read(envelope Envelope, in io.Reader) (Result, error) {
	m, err := message.Read(in, r.settings.Limits)
	var limit *message.LimitError
	switch {
	case errors.As(err, &limit), errors.Is(err, message.ErrNoMail):
		return Result{Kind: intake.Unreadable, Why: err.Error()}, nil
	case err != nil:
		return Result{}, err
	}
	l := r.newLetter(envelope, m)
	result := l.decide()
	result.From, result.Subject, result.Findings = l.from, l.subject, m.Findings
	for i := range result.Reports {
		l.complete(&result.Reports[i])
	}
	return result, nil
}

// A letter is one mail, with what several steps want to know of it.
type letter struct {
	*Reader
	envelope Envelope
	m        *message.Message
	top      []*message.Part // the parts that are not made of others, in order, without what enclosed messages contain
	from     string          // the address of From
	subject  string
	when     time.Time
	to       []string        // to whom it was delivered
	own      map[string]bool // the addresses of the mail itself, in lower case
	sender   string          // who sent the message that came back, where that is known
}

func (r *Reader) newLetter(envelope Envelope, m *message.Message) *letter {
	l := &letter{Reader: r, envelope: envelope, m: m, top: leaves(&m.Part, nil)}
	l.from = firstAddress(m.Header.Get("From"))
	l.subject = strings.ToValidUTF8(m.Header.Text("Subject"), "")
	l.when = readTime(m.Header.Get("Date"))
	l.deliveredTo(envelope.To)
	for _, name := range []string{"Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To"} {
		for _, value := range m.Header.All(name) {
			l.deliveredTo(addresses(value))
		}
	}
	l.own = map[string]bool{strings.ToLower(l.from): true, strings.ToLower(envelope.From): true}
	for _, address := range l.to {
		l.own[strings.ToLower(address)] = true
	}
	return l
}

// deliveredTo adds addresses to which the mail was sent, each once. An alias may deliver it to another address than that of the sender, so all
// that the envelope and the header name are looked at.
func (l *letter) deliveredTo(all []string) {
	for _, address := range all {
		if len(l.to) < MaxGroups && !slices.Contains(l.to, address) {
			l.to = append(l.to, address)
		}
	}
}

// leaves lists the parts that are not multiparts.
func leaves(p *message.Part, list []*message.Part) []*message.Part {
	if !p.IsMultipart() || len(p.Parts) == 0 {
		return append(list, p)
	}
	for _, c := range p.Parts {
		list = leaves(c, list)
	}
	return list
}

// decide goes through the steps, of which the first that fits decides: a report, the text of a bounce, a mail to the
// unsubscribe mailbox, the signs of a program, and last a letter of a person. A program that bounces a message often calls its report an
// automatic reply, so the signs of a program come after the texts of bounces; and what passes a wish to leave on may add some, so they come
// after that, too.
func (l *letter) decide() Result {
	for _, step := range []func() (Result, bool){
		l.deliveryStatus, l.feedback, l.oldJunkReport, l.disposition, l.aggregate, l.textBounce, l.unsubscribe, l.automatic,
	} {
		if result, ok := step(); ok {
			return result
		}
	}
	return l.inquiry()
}

// complete fills in what all reports have, and bounds what the server said.
func (l *letter) complete(report *intake.Report) {
	report.ID = strings.Trim(l.m.Header.Get("Message-ID"), "<> \t")
	if len(report.ID) > intake.MaxText {
		report.ID = ""
	}
	if report.Time.IsZero() {
		report.Time = l.when
	}
	report.Text = intake.ShortText(report.Text)
}
