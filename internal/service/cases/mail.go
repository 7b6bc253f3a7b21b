package cases

import (
	"bytes"
	"context"
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/casework/desks"
	"github.com/assent-io/assent/internal/casework/wish"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/cases/alarm"
	"github.com/assent-io/assent/internal/service/cases/number"
	"github.com/assent-io/assent/internal/service/cases/sealed"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
)

// Letter is a mail that a person wrote, or a copy of the answer of a desk.
type Letter struct {
	From    string
	Subject string
	Text    string
	To      []string
	ID      string   // Message-ID; empty: it has none
	Answers []string // Message-IDs of the mails that it answers
	Forward *Forward // the mail that it passes on; nil: none
	// Token is what our token in it says; nil: there is none.
	Token *casework.Candidate
	// AsksToLeave says that its words ask for no more mail, and Hint which hint says so; empty: none.
	AsksToLeave bool
	Hint        string
	// DryRun says what would become of it, and changes nothing.
	DryRun bool
}

// Forward is a mail that a letter passes on.
type Forward struct {
	From string // who wrote it, as the letter says; empty: not known
	Text string // all that the letter says, with the mail that it passes on
	ID   string // its Message-ID; empty: not known
}

// Taken is what a mail has to do with a case.
type Taken struct {
	Number     string // empty of one that a dry run would open
	Outcome    string
	Kind       casework.Kind
	Department string
	Evidence   casework.Evidence // why it is this desk's; empty: nothing says whose it is, or it was said before
}

// The outcomes of mails.
const (
	MailOpened   = "opened"   // it opened a case
	MailAttached = "attached" // it belongs to a case that was there
	MailAnswered = "answered" // it is a copy of the answer of the desk
	MailKnown    = "known"    // it was here before
	MailNone     = "none"     // a mail of a desk that names no case and passes none on
)

// IsDesk reports whether an address is that of a desk, so that a mail from it is no letter of a person.
func (s *Cases) IsDesk(ctx context.Context, from string) (bool, error) {
	head, err := s.Store.Head(ctx)
	if err != nil {
		return false, err
	}
	cat, err := s.catalog(ctx, &head)
	if err != nil {
		return false, err
	}
	return s.deskOf(cat, from) != "", nil
}

// deskOf returns the department whose desk sends from an address: one of its mailboxes, or that of a member; empty: none.
func (s *Cases) deskOf(cat *catalog.Catalog, from string) string {
	is := func(address string) bool { return from != "" && strings.EqualFold(address, from) }
	for i := range cat.Departments {
		desk, _ := s.desk(cat, cat.Departments[i].ID)
		if slices.ContainsFunc(desk.Mailboxes, is) || slices.ContainsFunc(desk.Members, func(m casework.Member) bool { return is(m.Email) }) {
			return cat.Departments[i].ID
		}
	}
	return ""
}

// TakeLetter makes a case of a mail, or attaches it to the one that it belongs to. The same mail twice changes nothing. Errors: those of the store, and
// NO_CATALOG.
func (s *Cases) TakeLetter(ctx context.Context, l *Letter) (taken Taken, err error) {
	o := &opening{origin: casework.FromMail, subject: l.Subject, text: l.Text, token: l.Token}
	if err = s.saysFrom(ctx, o, l.From); err != nil {
		return Taken{}, err
	}
	var passed *opening
	if l.Forward != nil {
		passed = &opening{origin: casework.FromMail, subject: l.Subject, text: l.Forward.Text, token: l.Token}
		if err = s.saysFrom(ctx, passed, l.Forward.From); err != nil {
			return Taken{}, err
		}
	}
	id := l.ID
	if id == "" { // The same mail once more, as after a lost answer, is known by its words.
		id = "\x00" + strings.Join([]string{l.From, l.Subject, l.Text}, "\x00")
	}
	if o.mail, err = sealed.MailKey(s.Keys, id); err != nil {
		return Taken{}, err
	}
	err = s.engine.Do(ctx, &txn.Write{Run: func(w *txn.Tx) error {
		o := *o // The run may be repeated.
		taken, err = s.take(w, l, &o, passed)
		return err
	}})
	return taken, err
}

// saysFrom takes who wrote a mail, as it says, and what was sent to them lately.
func (s *Cases) saysFrom(ctx context.Context, o *opening, from string) error {
	a, err := address.Parse(from)
	if err != nil {
		return nil //nolint:nilerr // Who wrote it is not known.
	}
	o.address, o.known = a, true
	o.sent, err = s.sentTo(ctx, a, 0)
	return err
}

// take takes a letter as a part of a write; passed is the case that it would open as a forward of a desk, nil: it is no forward.
func (s *Cases) take(w *txn.Tx, l *Letter, o, passed *opening) (Taken, error) {
	cat, err := w.Catalog(w.Recorded)
	if err != nil {
		return Taken{}, err
	}
	by := writer{desk: s.deskOf(cat, l.From)}
	if o.known {
		person, err := sealed.DigestOf(s.Keys, o.address)
		if err != nil {
			return Taken{}, err
		}
		by.person = person[:]
	}
	mail := o.mail
	before, err := s.before(w, mail, by)
	if err != nil {
		return Taken{}, err
	}
	if before != nil {
		return takenOf(before.row, MailKnown), nil
	}
	on, err := s.belongsTo(w, l, by)
	if err != nil {
		return Taken{}, err
	}
	switch {
	case on != nil && by.answers(on.row) && passed == nil:
		return takenOf(on.row, MailAnswered), on.takeAnswer(l, o, true)
	case on != nil && by.desk != "":
		return takenOf(on.row, MailAttached), on.takeAnswer(l, o, false)
	case on != nil:
		return takenOf(on.row, MailAttached), on.takeLetter(l, o)
	case by.desk != "" && passed == nil:
		return Taken{Outcome: MailNone}, nil
	case by.desk != "":
		o := *passed // The run may be repeated.
		return s.openForwarded(w, cat, l, &o, by.desk, mail)
	}
	return s.openFor(w, cat, l, o)
}

// openForwarded opens a case for a mail that a desk passes on: as one that came to a mailbox of that desk, from the person whom the forward names. It is known
// again by the mail that was passed on, too, so that a second desk that passes it on adds to the same case.
func (s *Cases) openForwarded(w *txn.Tx, cat *catalog.Catalog, l *Letter, o *opening, department string, mail []byte) (Taken, error) {
	desk, _ := s.desk(cat, department)
	to := l.From
	if !desk.Owns(to) && len(desk.Mailboxes) > 0 {
		to = desk.Mailboxes[0]
	}
	if o.known && s.deskOf(cat, o.address.Exact()) != "" { // A mail among desks names no person.
		o.address, o.known, o.sent = address.Address{}, false, nil
	}
	passed := *l
	passed.To, passed.Hint, passed.Text = []string{to}, "", o.text
	o.mail, o.note = mail, "passed on by the desk of "+department+"; who wrote is as the forward says"
	var err error
	if o.noteMail, err = sealed.MailKey(s.Keys, l.Forward.ID); err != nil {
		return Taken{}, err
	}
	return s.openFor(w, cat, &passed, o)
}

// writer is from whom a mail is, as its From says.
type writer struct {
	desk   string // the department whose desk it is; empty: no desk
	person []byte // the digest of the address; nil: it is none
}

// mayWriteIn reports whether mails of the writer belong to a case: those of desks, and of the person of the case. Anybody else may know its number or the
// Message-ID of a mail of it.
func (by writer) mayWriteIn(row *casetable.Case) bool {
	return by.desk != "" || by.person != nil && bytes.Equal(row.Folded, by.person)
}

// answers reports whether a mail of the writer is the answer of the desk that has the case. Other desks may add to it.
func (by writer) answers(row *casetable.Case) bool { return by.desk != "" && by.desk == row.Department }

func takenOf(row *casetable.Case, outcome string) Taken {
	return Taken{Number: number.Of(row.ID), Outcome: outcome, Kind: casework.Kind(row.Kind), Department: row.Department}
}

// before returns the case of the writer that has a mail already; nil: none has.
func (s *Cases) before(w *txn.Tx, mail []byte, by writer) (*onCase, error) {
	if mail == nil {
		return nil, nil //nolint:nilnil // No case and no error.
	}
	entries, err := mailEntries(w, mail)
	if err != nil {
		return nil, err
	}
	for i := range entries {
		rows, err := rowOf(w, entries[i].Case)
		if err != nil {
			return nil, err
		}
		if len(rows) > 0 && by.mayWriteIn(&rows[0]) {
			return s.on(w, entries[i].Case)
		}
	}
	return nil, nil //nolint:nilnil // No case and no error.
}

// belongsTo returns the case that a mail belongs to; nil: none. That is the case of a mail that it answers, or the one that its subject names, if its
// writer may write in it.
func (s *Cases) belongsTo(w *txn.Tx, l *Letter, by writer) (*onCase, error) {
	answers := l.Answers
	if l.Forward != nil && l.Forward.ID != "" {
		answers = append([]string{l.Forward.ID}, answers...)
	}
	for _, id := range answers {
		key, err := sealed.MailKey(s.Keys, id)
		if err != nil {
			return nil, err
		}
		on, err := s.before(w, key, by)
		if err != nil || on != nil && on.hasRoom() {
			return on, err
		}
	}
	named := number.In(l.Subject)
	if named == 0 {
		return nil, nil //nolint:nilnil // No case and no error.
	}
	rows, err := rowOf(w, named)
	if err != nil || len(rows) == 0 || !by.mayWriteIn(&rows[0]) {
		return nil, err
	}
	on, err := s.on(w, named)
	if err != nil || !on.hasRoom() {
		return nil, err
	}
	return on, nil
}

// hasRoom reports whether the case takes one more entry; a mail to a full one opens another case.
func (on *onCase) hasRoom() bool {
	rows, err := entriesOf(on.Tx, on.row.ID)
	return err == nil && len(rows) < maxEntries
}

// takeAnswer attaches a copy of a mail of a desk. That of the desk that has the case answers it; that of another one is a comment.
func (on *onCase) takeAnswer(l *Letter, o *opening, own bool) error {
	if l.DryRun {
		return nil
	}
	kind := EntryComment
	if own {
		kind = EntryAnswer
	}
	if own && on.state() != casework.Closed {
		on.answered()
	}
	on.put()
	text := l.Text
	if l.Forward != nil {
		text = l.Forward.Text
	}
	return on.cases.addEntry(on.Tx, on.row.ID, &entry{kind: kind, text: text, mail: o.mail})
}

// takeLetter attaches a further letter of the person. One that was answered, closed or put aside waits for the desk again.
func (on *onCase) takeLetter(l *Letter, o *opening) error {
	if l.DryRun {
		return nil
	}
	if err := on.reopen(); err != nil {
		return err
	}
	on.put()
	if err := on.cases.tellDesk(on.Tx, on.row, alarm.Returned, etagOf(on.row)); err != nil {
		return err
	}
	return on.cases.addEntry(on.Tx, on.row.ID, &entry{kind: EntryMail, text: l.Text, mail: o.mail})
}

// openFor opens a case for a letter.
func (s *Cases) openFor(w *txn.Tx, cat *catalog.Catalog, l *Letter, o *opening) (Taken, error) {
	o.kind = wish.Read(l.Subject, l.Text, l.AsksToLeave)[0].Kind
	o.mailbox, o.personal = desks.MailboxOf(cat, l.To, s.desk)
	if l.Hint != "" {
		o.note = "the letter asks for no more mail: hint " + l.Hint + " waits for a decision"
	}
	if l.DryRun {
		if err := s.settle(cat, o, w.Recorded.Time()); err != nil {
			return Taken{}, err
		}
		return o.taken(""), nil
	}
	row, err := s.add(w, o)
	if err != nil {
		return Taken{}, err
	}
	return o.taken(number.Of(row.ID)), nil
}

// taken returns what a mail that opens the case has to do with it.
func (o *opening) taken(number string) Taken {
	t := Taken{Number: number, Outcome: MailOpened, Kind: o.kind, Department: o.department}
	if len(o.candidates) > 0 {
		t.Evidence = o.candidates[0].Evidence
	}
	return t
}

// Report is a complaint of a mailbox provider that counts.
type Report struct {
	Address address.Address
	Token   casework.Candidate // of the message
	Time    consent.Instant    // zero: now
	Text    string             // what the provider said
	Key     [16]byte           // by which the report is known again
}

// TakeReport opens a case for a complaint, as a part of the write that records it. The same report twice is one case.
func (s *Cases) TakeReport(w *txn.Tx, r *Report) (Taken, error) {
	person, err := sealed.DigestOf(s.Keys, r.Address)
	if err != nil {
		return Taken{}, err
	}
	before, err := s.before(w, r.Key[:], writer{person: person[:]})
	if err != nil {
		return Taken{}, err
	}
	if before != nil {
		return takenOf(before.row, MailKnown), nil
	}
	o := &opening{
		kind: casework.Complaint, origin: casework.FromReport, address: r.Address, known: true, text: r.Text, received: r.Time, mail: r.Key[:],
		token: &r.Token,
	}
	row, err := s.add(w, o)
	if err != nil {
		return Taken{}, err
	}
	return o.taken(number.Of(row.ID)), nil
}
