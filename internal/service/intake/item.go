package intake

import (
	"cmp"
	"context"
	"errors"

	"github.com/google/uuid"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/cases"
	"github.com/assent-io/assent/internal/service/recipient"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/token"
)

// Cause is why a report is only a hint.
type Cause string

// The causes.
const (
	causeNone         Cause = ""
	CauseNoToken      Cause = "no_token"      // nothing in the report shows that the message was ours
	CauseAmbiguous    Cause = "ambiguous"     // it does not say for certain which recipient it is about
	CauseOtherAddress Cause = "other_address" // the token is that of a message to another address
	CauseHeld         Cause = "source_held"   // the source reported more complaints than a person would believe
	CauseNoChannel    Cause = "no_channel"    // the message was ours, and the report does not say on which channel it was sent
	CauseListed       Cause = "listed"        // the list of a provider has the address, and does not say for certain why
	CauseInWords      Cause = "in_words"      // a person asks for it in a letter
)

// sentence says what a cause means.
func (c Cause) sentence() string {
	switch c {
	case CauseNoToken:
		return "nothing in the report shows that the message was sent from here: an officer decides about the hint"
	case CauseAmbiguous:
		return "the report does not say for certain which recipient it is about: an officer decides about the hint"
	case CauseOtherAddress:
		return "the report is about another address than the message was sent to: an officer decides about the hint"
	case CauseHeld:
		return "the source is held because it reported too many complaints: an officer decides about the hint"
	case CauseNoChannel:
		return "the message was sent from here, and the report does not say on which channel: an officer decides about the hint"
	case CauseListed:
		return "the provider did not send because of a list of its own: an officer decides about the hint"
	case CauseInWords:
		return "a person asks in a letter for no more messages: an officer decides about the hint"
	default:
		return ""
	}
}

// item is one report on its way.
type item struct {
	report *intake.Report
	source string

	address address.Address // whom it is about
	known   bool            // that is known
	shown   string          // the address as the report has it; empty: only the token says it
	proved  bool            // a token of ours was there
	cause   Cause           // why it is only a hint

	text    string          // the token of the link; empty: none
	channel string          // that it names
	decided consent.Instant // when the message was decided about; zero: not known

	places subjects.Places
	keys   []storage.SubjectKey

	department string // of the channel
	sender     string // its first sender identity

	outcome Outcome
	why     string
	records []Record
	opened  *cases.Taken // the case of a complaint; nil: none
}

// end says what the report came to.
func (it *item) end(o Outcome, why string, records ...Record) {
	it.outcome, it.why, it.records = o, why, append(it.records, records...)
}

// shownTo returns what a caller may know of what became of the report. Whom a token names that the report does not, only a client may know
// that acts for the department of the channel.
func (it *item) shownTo(who *access.Caller) Recipient {
	r := Recipient{
		Address: it.shown, Kind: it.report.Kind, Class: it.report.Class, Status: it.report.Status, Rule: it.report.Rule, Outcome: it.outcome,
		Why: it.why, Records: it.records,
	}
	if r.Address == "" && it.known && (who.AllDepartments || it.department != "" && it.department == who.Department) {
		r.Address = it.address.Exact()
	}
	return r
}

// newItem finds out whom a report is about, and whether that was ours. The error is one of the store.
func (s *Intake) newItem(ctx context.Context, source string, report *intake.Report) (*item, error) {
	it := &item{report: report, source: source, shown: report.Address}
	if a, err := address.Parse(report.Address); err == nil {
		it.address, it.known = a, true
	}
	for _, t := range report.Tokens {
		if it.isReturnPath(s, t) {
			it.proved = true
			continue
		}
		named, err := s.links.Named(ctx, t.Text)
		switch {
		case errors.Is(err, recipient.ErrGone):
			it.end(Gone, whyGone)
			return it, nil
		case errors.Is(err, recipient.ErrNonsense):
			continue
		case err != nil:
			return nil, err
		}
		it.proved = true
		it.text, it.channel, it.decided = t.Text, named.Channel, named.Decided
		it.takeNamed(&named)
		break
	}
	return it, it.settle(s)
}

// isReturnPath reports whether a token is the return path of mail to the address of the report.
func (it *item) isReturnPath(s *Intake, t intake.Token) bool {
	return t.Found == intake.InReturnPath && it.known && token.IsReturnPath(s.Keys, t.Text, it.address.Exact())
}

// takeNamed takes whom a token names. A bounce is about the address that bounced: where the message was forwarded, that is another one, whose
// owner we never wrote to. What a person says counts for the person of the token, whatever address they wrote from.
func (it *item) takeNamed(named *recipient.Named) {
	if it.known && isDelivery(it.report.Kind) && it.address.Folded() != named.Address.Folded() {
		it.cause = CauseOtherAddress
		return
	}
	it.address, it.known = named.Address, true
}

// isDelivery reports whether a report of a kind comes from a mail server or a provider, and not from a person.
func isDelivery(k intake.Kind) bool {
	return k == intake.Bounce || k == intake.Delivered || k == intake.Delayed || k == intake.Listed
}

// settle says why a report is only a hint, if it is, and finds the places of its address.
func (it *item) settle(s *Intake) error {
	switch {
	case it.report.InWords:
		it.cause = CauseInWords
	case it.report.Ambiguous:
		it.cause = CauseAmbiguous
	case !it.proved:
		it.cause = CauseNoToken
	case it.channel == "" && (it.report.Kind == intake.Complaint || it.report.Kind == intake.Unsubscribe):
		it.cause = cmp.Or(it.cause, CauseNoChannel)
	case it.report.Kind == intake.Listed:
		it.cause = cmp.Or(it.cause, CauseListed)
	}
	if !it.known {
		return nil
	}
	locator := subjects.NewLocator(s.Keys, 1)
	var err error
	it.places, err = locator.Places(it.address, false)
	it.keys = locator.AllKeys()
	return err
}

// acts reports whether a report of this kind and class can change anything.
func (it *item) acts() bool {
	switch it.report.Kind {
	case intake.Bounce:
		return it.report.Class == intake.Hard || it.report.Class == intake.Soft
	case intake.Complaint, intake.Unsubscribe, intake.Listed:
		return true
	case intake.Delivered:
		return it.proved && !it.report.Ambiguous && it.cause == causeNone
	default:
		return false
	}
}

// takeChannel takes what the catalog says of the channel.
func (it *item) takeChannel(cat *catalog.Catalog) {
	it.department, it.sender = "", ""
	if ch, ok := cat.Channel(it.channel); ok {
		it.department, it.sender = ch.Department, ch.SenderIdentities[0]
	}
}

// hint is the id of a hint as it is shown.
func hintID(id [16]byte) string { return uuid.UUID(id).String() }
