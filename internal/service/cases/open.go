package cases

import (
	"context"
	"slices"
	"time"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/casework/desks"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/cases/alarm"
	"github.com/assent-io/assent/internal/service/cases/number"
	"github.com/assent-io/assent/internal/service/cases/sealed"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables/casetable"
)

// maxPast is how long ago a case may have come that is opened now.
const maxPast = 400 * 24 * time.Hour

// NewCase is a case to open for what did not come by mail.
type NewCase struct {
	Kind           casework.Kind
	Address        string // empty: not known
	Subject        string
	Text           string
	Received       consent.Instant // zero: now
	Channel        string
	SenderIdentity string
	Department     string // empty: the routing finds it
	Assignee       string
	Personal       bool
	Due            consent.Instant // zero: by the rules
	txn.Idempotency
}

// changed is what is remembered of a change of a case: nothing that an erasure would have to take away.
type changed struct {
	ID        int64
	Objection int64 `json:",omitempty"` // position
}

// OpenCase opens a case. Errors: INVALID_REQUEST, INVALID_ADDRESS, INVALID_TIME, UNKNOWN_CHANNEL, DESK_NOT_FOUND, DESK_HAS_NO_MEMBER,
// OTHER_DEPARTMENT, SCOPE_MISSING, NO_CATALOG.
func (s *Cases) OpenCase(ctx context.Context, n NewCase) (Case, error) {
	if err := access.Need(ctx, access.ScopeCases); err != nil {
		return Case{}, err
	}
	o := &opening{
		kind: n.Kind, origin: casework.FromOfficer, subject: n.Subject, text: n.Text, received: n.Received, channel: n.Channel,
		sender: n.SenderIdentity, department: n.Department, assignee: n.Assignee, personal: n.Personal, due: n.Due, asked: true,
	}
	refused := s.check(ctx, &n, o)
	done, err := txn.Idempotent(ctx, s.engine, &txn.Write{}, n.Idempotency, refused, func(w *txn.Tx) (changed, bool, error) {
		if err := w.Caller.Need(access.ScopeCases); err != nil {
			return changed{}, false, err
		}
		o := *o // The run may be repeated.
		if !w.Caller.AllDepartments {
			if o.department != "" && o.department != w.Caller.Department {
				return changed{}, false, fault.Errorf(fault.OtherDepartment, "department",
					"the client belongs to the department %s: open the case there, and hand it over", w.Caller.Department)
			}
			o.department = w.Caller.Department
		}
		row, err := s.add(w, &o)
		if err != nil {
			return changed{}, false, err
		}
		return changed{ID: row.ID}, true, nil
	})
	if err != nil {
		return Case{}, err
	}
	return s.caseOf(ctx, done.ID)
}

// check checks what is said of a case before the lock, and finds who may have sent.
func (s *Cases) check(ctx context.Context, n *NewCase, o *opening) error {
	now := s.Clock()
	switch {
	case !n.Kind.Valid():
		return fault.Errorf(fault.InvalidRequest, "kind", "a case is a complaint, inquiry, access, erasure, objection or other")
	case n.Received != 0 && n.Received.Time().After(now.Add(txn.ClientSkew)):
		return fault.Errorf(fault.InvalidTime, "receivedTime", "the case would come in the future; leave the time out if it came now")
	case n.Received != 0 && n.Received.Time().Before(now.Add(-maxPast)):
		return fault.Errorf(fault.InvalidTime, "receivedTime", "the case came more than 400 days ago; its deadlines have passed long since")
	case n.Due != 0 && !n.Due.Time().After(now):
		return fault.Errorf(fault.InvalidTime, "dueTime", "the case would be due in the past; leave the time out, so that the rules set it")
	}
	if n.Address == "" {
		return nil
	}
	a, err := subjects.ParseAddress(n.Address)
	if err != nil {
		return err
	}
	o.address, o.known = a, true
	o.sent, err = s.sentTo(ctx, a, n.Received)
	return err
}

// sentTo returns who may have sent to an address in the two months before a case came; zero: it came now.
func (s *Cases) sentTo(ctx context.Context, a address.Address, received consent.Instant) ([]casework.Candidate, error) {
	until := s.Clock()
	if received != 0 {
		until = received.Time()
	}
	return s.contacts.SentTo(ctx, a, until.AddDate(0, -2, 0)) // Which of them count is for the routing to say.
}

// opening is a case that is being opened.
type opening struct {
	kind       casework.Kind
	origin     casework.Origin
	address    address.Address
	known      bool // the address is
	subject    string
	text       string
	received   consent.Instant // zero: now
	channel    string
	sender     string
	department string // whose desk is to have it; empty: the routing says
	officers   bool   // the officers are to have it, and no desk
	asked      bool   // a person said all of this: what is not in the catalog is refused
	assignee   string
	mailbox    string
	personal   bool
	due        consent.Instant      // zero: by the rules
	token      *casework.Candidate  // what our token says; nil: there was none
	sent       []casework.Candidate // what went to the address lately
	candidates []casework.Candidate // who may have sent, as the routing says
	mail       []byte               // by what the mail is known again
	author     string               // of the first entry; empty: the caller
	note       string               // a second entry of the program
	noteMail   []byte               // by what a mail is known again that it is about
}

// add opens a case as a part of a write.
func (s *Cases) add(w *txn.Tx, o *opening) (*casetable.Case, error) {
	cat, err := w.Catalog(w.Recorded)
	if err != nil {
		return nil, err
	}
	received := w.Recorded
	if o.received != 0 {
		received = min(o.received, w.Recorded)
	}
	if err := s.settle(cat, o, received.Time()); err != nil {
		return nil, err
	}
	if _, found := cat.Department(o.department); o.department != "" && !found {
		return nil, desks.Missing(o.department)
	}
	desk := desks.Answering(cat, o.department, o.channel, s.desk)
	row := &casetable.Case{
		Kind: string(o.kind), State: string(casework.Open), Origin: string(o.origin), Department: o.department, Personal: o.personal,
		Channel: o.channel, SenderIdentity: o.sender, Received: received, Opened: w.Recorded, Revision: 1,
	}
	if row.ID, err = number.Next(w); err != nil {
		return nil, err
	}
	if err := s.setDue(row, &desk, o.due); err != nil {
		return nil, err
	}
	if err := s.assignFirst(w, row, &desk, o.assignee); err != nil {
		return nil, err
	}
	in := &sealed.Case{
		Subject: sealed.Stored(o.subject, sealed.MaxSubject), Text: sealed.Stored(o.text, sealed.MaxText), Mailbox: o.mailbox, Candidates: sealed.Candidates(o.candidates),
	}
	if o.known {
		in.Address = o.address.Exact()
		digest, err := sealed.DigestOf(s.Keys, o.address)
		if err != nil {
			return nil, err
		}
		row.Folded = digest[:]
	}
	if err := sealed.Seal(s.Keys, row, in); err != nil {
		return nil, err
	}
	putCase(w, row)
	if err := s.addEntry(w, row.ID, &entry{kind: EntryOpened, author: o.author, mail: o.mail}); err != nil {
		return nil, err
	}
	if o.note != "" {
		if err := s.addEntry(w, row.ID, &entry{kind: EntryComment, author: AuthorID, text: o.note, mail: o.noteMail}); err != nil {
			return nil, err
		}
	}
	return row, s.tellDesk(w, row, alarm.Opened, "")
}

// settle says what the case is about by the catalog, and whose desk has it.
func (s *Cases) settle(cat *catalog.Catalog, o *opening, received time.Time) error {
	m := &desks.Matter{
		Kind: o.kind, Received: received, Channel: o.channel, SenderIdentity: o.sender, Department: o.department, Officers: o.officers, Asked: o.asked,
		Mailbox: o.mailbox, Token: o.token, Sent: o.sent,
	}
	if err := m.Settle(cat, s.desk); err != nil {
		return err
	}
	o.channel, o.sender, o.department, o.candidates = m.Channel, m.SenderIdentity, m.Department, m.Candidates
	return nil
}

// entry is a line to add to a case.
type entry struct {
	kind   string
	author string // empty: the caller
	text   string
	mail   []byte
}

// maxEntries is how many entries a case has at most.
const maxEntries = 1_000

// addEntry adds an entry to a case.
func (s *Cases) addEntry(w *txn.Tx, id int64, e *entry) error {
	rows, err := entriesOf(w, id)
	if err != nil {
		return err
	}
	row := casetable.Entry{Case: id, Number: len(rows) + 1, Time: w.Recorded, Author: e.author, Kind: e.kind, Mail: e.mail}
	if row.Author == "" {
		row.Author = w.Caller.ID
	}
	if e.text != "" {
		if row.Sealed, err = sealed.SealEntry(s.Keys, &row, e.text); err != nil {
			return err
		}
	}
	txn.PutRows(w, entriesKey(id), append(slices.Clone(rows), row), casetable.AddEntry(&row))
	if row.Mail == nil {
		return nil
	}
	same, err := mailEntries(w, row.Mail)
	if err != nil {
		return err
	}
	txn.PutRows(w, [16]byte(row.Mail), append(slices.Clone(same), row)) // The same mail may come again within the transaction.
	return nil
}
