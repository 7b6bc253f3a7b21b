package intake

import (
	"context"
	"io"
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/intake"
	"github.com/assent-io/assent/internal/intake/mail"
	"github.com/assent-io/assent/internal/message"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/cases"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/recipient"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/txn"
)

// Links reads the tokens of links, and carries out what persons say by them.
type Links interface {
	Named(ctx context.Context, text string) (recipient.Named, error)
	Mailed(ctx context.Context, text string, at consent.Instant, dryRun bool) (recipient.Outcome, error)
}

// Cases keeps what persons complain of and ask.
type Cases interface {
	IsDesk(ctx context.Context, from string) (bool, error)
	TakeLetter(ctx context.Context, l *cases.Letter) (cases.Taken, error)
	TakeReport(w *txn.Tx, r *cases.Report) (cases.Taken, error)
}

// Options say how reports are read and counted. The zero value reads no mail to unsubscribe.
type Options struct {
	// Unsubscribe lists the addresses of the mailto: in List-Unsubscribe, and those of return paths.
	Unsubscribe []string
	// Counted is told of every report that was carried out. It may be nil.
	Counted func(Counted)
}

// Counted is what figures have of one report. Each text is from a closed set, or an id of the catalog.
type Counted struct {
	Source  string
	Kind    intake.Kind
	Class   intake.Class // empty of all but bounces
	Outcome Outcome
	Sender  string // the first sender identity of the channel; empty: no token of a channel was there
}

// Intake is the use cases about what comes back.
type Intake struct {
	*env.Env

	reference *reference.Reference
	guard     *access.Guard
	engine    *txn.Engine
	links     Links
	cases     Cases
	reader    *mail.Reader
	counted   func(Counted)
}

// New returns the use cases about what comes back.
func New(
	env *env.Env, reference *reference.Reference, guard *access.Guard, engine *txn.Engine, links Links, cases Cases, opts Options,
) *Intake {
	if opts.Counted == nil {
		opts.Counted = func(Counted) {}
	}
	return &Intake{
		Env: env, reference: reference, guard: guard, engine: engine, links: links, cases: cases, counted: opts.Counted,
		reader: mail.New(mail.Settings{Unsubscribe: opts.Unsubscribe, Limits: message.DefaultLimits()}),
	}
}

// MaxMail is how many bytes a mail has at most.
const MaxMail = 50 << 20

// Mail is a mail that came back.
type Mail struct {
	Envelope mail.Envelope
	Body     io.Reader
	// Source names the way that it came, for the figures: lmtp or api.
	Source string
	// DryRun says what would be recorded, and records nothing.
	DryRun bool
}

// Result is what became of a mail.
type Result struct {
	Kind intake.Kind
	// Why names the step that decided about the kind; of an unreadable mail it is a sentence.
	Why        string
	Recipients []Recipient
	// Case is the case that the mail opened or belongs to; nil: none.
	Case *cases.Taken
}

// IsUnreadable reports whether the mail is none that can be read. Nothing followed from it.
func (r *Result) IsUnreadable() bool { return r.Kind == intake.Unreadable }

// Recipient is what became of one report of a mail.
type Recipient struct {
	Address string // as the report has it; else that of the token, if the caller may know it
	Kind    intake.Kind
	Class   intake.Class
	Status  string
	Rule    string
	Outcome Outcome
	Why     string // a sentence
	Records []Record
}

// Record is what was recorded because of a report.
type Record struct {
	Verb    string // suppress, withdraw, count or hint
	Reason  consent.Reason
	Scope   consent.Scope
	Channel string
	Time    consent.Instant
	Hint    string // the id of a hint
}

// The verbs of records.
const (
	VerbSuppress = "suppress"
	VerbWithdraw = "withdraw"
	VerbCount    = "count"
	VerbHint     = "hint"
)

// Outcome is what a report came to.
type Outcome string

// The outcomes.
const (
	Recorded Outcome = "recorded" // a statement was recorded
	Noted    Outcome = "counted"  // a soft bounce was counted
	Hinted   Outcome = "hint"     // it waits for a person
	Known    Outcome = "known"    // the same report was here before, or what it says stands already
	Unclear  Outcome = "unclear"  // the message is from before the person came back; sending is deferred
	NoAct    Outcome = "no_act"   // a report of this kind and class changes nothing
	Gone     Outcome = "erased"   // the person was erased
	Refused  Outcome = "refused"  // the catalog has nothing that could be recorded
)

// Why sentences are what a result says of an outcome that needs a reason.
const (
	whyNoAct     = "a report of this kind and class is counted in the figures only"
	whyLetter    = "a letter of a person: the case is what becomes of it"
	whyNoAddress = "the report names no address that is one, and nothing in it shows to whom the message was sent: it is counted in the figures only"
	whyGone      = "the person was erased"
	whyKnown     = "the same report was here before, or what it says stands already"
	whyUnsure    = "the person came back to the channel after the message was sent: sending is deferred until it is clear what they want"
)

// SubmitMail reads a mail and carries out what it says. Errors: SCOPE_MISSING, NO_CATALOG, and those of the store and of the body.
func (s *Intake) SubmitMail(ctx context.Context, m *Mail) (*Result, error) {
	head, who, err := s.guard.AdmitNow(ctx, access.ScopeSuppress)
	if err != nil {
		return nil, err
	}
	read, err := s.reader.Read(m.Envelope, m.Body)
	if err != nil {
		return nil, err
	}
	fromDesk, err := s.isFromDesk(ctx, &read)
	if err != nil {
		return nil, err
	}
	if !fromDesk {
		takeWords(&read)
	}
	items, err := s.carry(ctx, &head, &From{Source: m.Source}, read.Reports, m.DryRun)
	if err != nil {
		return nil, err
	}
	if len(read.Reports) == 0 && !m.DryRun {
		s.counted(Counted{Source: m.Source, Kind: read.Kind, Outcome: NoAct})
	}
	result := &Result{Kind: read.Kind, Why: read.Why}
	for _, it := range items {
		result.Recipients = append(result.Recipients, it.shownTo(&who))
	}
	result.Case, err = s.caseOf(ctx, &read, items, m)
	return result, err
}

// takeWords makes a wish of a letter that asks to leave, and shows the officer the subject that the person wrote. A subject with a
// token is left out: it would let a reader act as the person.
func takeWords(read *mail.Result) {
	for i := range read.Reports {
		r := &read.Reports[i]
		if read.AsksToLeave {
			r.Kind, r.InWords = intake.Unsubscribe, true
		}
		secret := func(t intake.Token) bool { return t.Found == intake.InSubject }
		if r.Kind == intake.Unsubscribe && r.Text == "" && !slices.ContainsFunc(r.Tokens, secret) {
			r.Text = intake.ShortText(read.Subject)
		}
	}
}
