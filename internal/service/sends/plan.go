package sends

import (
	"context"
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/notices"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
	"github.com/assent-io/assent/internal/storedtext"
)

// The longest texts of a send, in bytes.
const (
	maxSubject = 512
	maxLink    = 2048
	maxDigest  = 256
)

// NewSend is a send to plan.
type NewSend struct {
	ID             string
	Channel        string
	SenderIdentity string // empty: the only one of the channel
	Subject        string
	ContentLink    string
	ContentDigest  string
	Window         campaign.Window
	ExpectedSize   int64
	Priority       int
	txn.Idempotency
}

// CreateSend plans a send. Errors: INVALID_SEND, UNKNOWN_CHANNEL, NO_CATALOG, SEND_EXISTS, OTHER_DEPARTMENT, SCOPE_MISSING, REQUEST_ID_REUSED.
func (s *Sends) CreateSend(ctx context.Context, n NewSend) (Send, error) {
	if err := access.Need(ctx, access.ScopeSends); err != nil {
		return Send{}, err
	}
	var refused error
	if !catalog.IsID(n.ID) {
		refused = invalid("id", "an id is 1 to 64 lower-case letters, digits, '-', '_' and '.'")
	}
	return txn.Idempotent(ctx, s.engine, &txn.Write{}, n.Idempotency, refused, func(w *txn.Tx) (Send, bool, error) {
		row, err := s.plan(w, &n)
		if err != nil {
			return Send{}, false, err
		}
		shown, err := s.show(row, w.Recorded)
		return shown, err == nil, err
	})
}

// plan adds a send as a part of a write.
func (s *Sends) plan(w *txn.Tx, n *NewSend) (*sendtable.Send, error) {
	if err := w.Caller.Need(access.ScopeSends); err != nil {
		return nil, err
	}
	there, err := txn.RowsOf(w, n.ID, sendtable.SendOf)
	if err != nil {
		return nil, err
	}
	if len(there) > 0 {
		return nil, fault.Errorf(fault.SendExists, "id", "a send with the id %s exists, of the department %s; choose another id, also where that "+
			"one was cancelled", n.ID, there[0].Department)
	}
	row := &sendtable.Send{
		ID: n.ID, Channel: n.Channel, Sender: n.SenderIdentity, From: consent.Instant(n.Window.From), Until: consent.Instant(n.Window.Until),
		Expected: n.ExpectedSize, Priority: int64(n.Priority), State: campaign.Planned, Created: w.Recorded, CreatedBy: w.Caller.ID,
		Updated: w.Recorded, Revision: 1,
	}
	cat, err := s.fit(w, row)
	if err != nil {
		return nil, err
	}
	if err := n.Window.Check(int64(w.Recorded)); err != nil {
		return nil, invalid("untilTime", "%s", err.Error())
	}
	c := content{Subject: n.Subject, Link: n.ContentLink, Digest: n.ContentDigest}
	if err := c.check(); err != nil {
		return nil, err
	}
	if row.Sealed, err = s.seal(row.ID, &c); err != nil {
		return nil, err
	}
	s.ask(w, cat, row)
	txn.PutRows(w, row.ID, []sendtable.Send{*row}, sendtable.AddSend(row))
	return row, nil
}

// fit gives a send the department of its channel, and its sender identity where it names none. It refuses what the catalog does not have.
func (s *Sends) fit(w *txn.Tx, row *sendtable.Send) (*catalog.Catalog, error) {
	cat, err := w.Catalog(w.Recorded)
	if err != nil {
		return nil, err
	}
	channel, ok := cat.Channel(row.Channel)
	if !ok {
		return nil, fault.Errorf(fault.UnknownChannel, "channel", "the catalog has no channel %q", row.Channel)
	}
	if err := w.Caller.NeedChannel(row.Channel, cat); err != nil {
		return nil, err
	}
	switch {
	case channel.Retired:
		return nil, invalid("channel", "the channel %s is retired; nothing is sent on it any more", row.Channel)
	case channel.Class != catalog.ClassMarketing:
		return nil, invalid("channel", "the channel %s is of the class %s; sends are planned on channels of marketing", row.Channel, channel.Class)
	case row.Sender == "" && len(channel.SenderIdentities) > 1:
		return nil, invalid("senderIdentity", "the channel %s has several sender identities; name one of %s", row.Channel, words(channel.SenderIdentities))
	case row.Sender == "":
		row.Sender = channel.DefaultSender()
	case !channel.Allows(row.Sender):
		return nil, invalid("senderIdentity", "the channel %s has no sender identity %q; name one of %s", row.Channel, row.Sender,
			words(channel.SenderIdentities))
	}
	row.Department = channel.Department
	return cat, nil
}

// ask begins the time for comments on a send anew, or clears it where none is asked for.
func (s *Sends) ask(w *txn.Tx, cat *catalog.Catalog, row *sendtable.Send) {
	rules := s.rules(cat)
	if rules.Clearing == campaign.ClearingOff {
		row.State, row.CommentUntil, row.Cleared, row.ClearedBy = campaign.Cleared, w.Recorded, w.Recorded, campaign.WithoutRule
		return
	}
	row.State, row.CommentUntil, row.Cleared, row.ClearedBy = campaign.Planned, commentUntil(cat, row.Department, w.Recorded, rules.CommentWithin), 0, ""
}

// SendConcerns is the kind of the notice that a send meets recipients of a department, or people who left it.
const SendConcerns = "send_concerns"

// tell tells departments that a send concerns them, and that they may comment.
func tell(w *txn.Tx, row *sendtable.Send, departments []string) error {
	for _, id := range departments {
		n := &notices.Notice{
			Audience: notices.ToDepartment, Recipient: id, Department: id, Kind: SendConcerns, Resource: "sends/" + row.ID, Occasion: row.CommentUntil.String() + " " + etag(row),
		}
		if _, err := notices.Add(w, n); err != nil {
			return err
		}
	}
	return nil
}

// tellAgain tells the departments that the last preview of a send has named that its plan was changed.
func tellAgain(w *txn.Tx, row *sendtable.Send) error {
	overlaps, err := txn.RowsOf(w, row.ID, sendtable.SendOverlaps)
	if err != nil {
		return err
	}
	var others []string
	for i := range overlaps {
		if id := overlaps[i].Department; id != row.Department && !slices.Contains(others, id) {
			others = append(others, id)
		}
	}
	return tell(w, row, others)
}

// check refuses texts that are no text or too long.
func (c *content) check() error {
	for _, one := range []struct {
		field, text string
		limit       int
	}{{"subject", c.Subject, maxSubject}, {"contentLink", c.Link, maxLink}, {"contentDigest", c.Digest, maxDigest}} {
		if problem := storedtext.Problem(one.text, one.limit); problem != "" {
			return invalid(one.field, "the text %s", problem)
		}
	}
	return nil
}

// Update is what to change of a send.
type Update struct {
	ID             string
	ETag           string // of the send as it is to be changed; empty: whatever it is
	Channel        string // empty: the same, and so on
	SenderIdentity string
	Subject        string
	ContentLink    string
	ContentDigest  string
	From, Until    consent.Instant // zero: the same
	ExpectedSize   int64           // zero: the same
	Priority       *int            // nil: the same
	txn.Idempotency
}

// Updated is a send that was changed.
type Updated struct {
	Send       Send
	AskedAgain bool // whether the other departments are asked again
}

// UpdateSend changes a send that is planned or cleared. Errors: those of CreateSend but SEND_EXISTS; SEND_NOT_FOUND, SEND_STATE, ETAG_MISMATCH.
func (s *Sends) UpdateSend(ctx context.Context, u Update) (Updated, error) {
	return change(ctx, s, u.ID, u.Idempotency, func(w *txn.Tx, row *sendtable.Send) (Updated, error) {
		if err := needOwner(&w.Caller, row); err != nil {
			return Updated{}, err
		}
		if u.ETag != "" && u.ETag != etag(row) {
			return Updated{}, fault.Errorf(fault.EtagMismatch, "etag", "the send %s was changed since it was read; read it again, and change it then", u.ID)
		}
		if _, err := row.State.After(campaign.Update, ""); err != nil {
			return Updated{}, notNow(u.ID, err)
		}
		before := *row
		if err := s.apply(w, &u, row); err != nil {
			return Updated{}, err
		}
		again := asksAgain(&before, row)
		if again {
			cat, err := w.Catalog(w.Recorded)
			if err != nil {
				return Updated{}, err
			}
			s.ask(w, cat, row)
			if again = row.State == campaign.Planned; again {
				if err := tellAgain(w, row); err != nil {
					return Updated{}, err
				}
			}
		}
		changedBy(row, w.Caller.ID)
		put(w, row)
		shown, err := s.show(row, w.Recorded)
		return Updated{Send: shown, AskedAgain: again}, err
	}, access.ScopeSends)
}

// changers returns the clients that changed the plan of a send since it was planned.
func changers(row *sendtable.Send) []string { return strings.Fields(row.ChangedBy) }

// changedBy notes who changed the plan of a send.
func changedBy(row *sendtable.Send, client string) {
	if all := changers(row); !slices.Contains(all, client) {
		row.ChangedBy = strings.Join(append(all, client), " ")
	}
}

// asksAgain reports whether a change concerns other departments.
func asksAgain(before, after *sendtable.Send) bool {
	return before.Channel != after.Channel || before.From != after.From || before.Until != after.Until || before.Expected != after.Expected ||
		before.Priority != after.Priority
}

// apply changes the row as asked, and checks what it is then.
func (s *Sends) apply(w *txn.Tx, u *Update, row *sendtable.Send) error {
	c, err := s.unseal(row)
	if err != nil {
		return err
	}
	before := row.Department
	if u.Channel != "" && u.Channel != row.Channel {
		row.Channel, row.Sender = u.Channel, ""
	}
	replace := func(old *string, by string) {
		if by != "" {
			*old = by
		}
	}
	replace(&row.Sender, u.SenderIdentity)
	replace(&c.Subject, u.Subject)
	replace(&c.Link, u.ContentLink)
	replace(&c.Digest, u.ContentDigest)
	if _, err := s.fit(w, row); err != nil {
		return err
	}
	if row.Department != before {
		return invalid("channel", "the channel %s belongs to the department %s, and the send to %s; cancel it and plan another", row.Channel,
			row.Department, before)
	}
	if err := c.check(); err != nil {
		return err
	}
	if row.Sealed, err = s.seal(row.ID, &c); err != nil {
		return err
	}
	if u.ExpectedSize != 0 {
		row.Expected = u.ExpectedSize
	}
	if u.Priority != nil {
		row.Priority = int64(*u.Priority)
	}
	return u.move(row, w.Recorded)
}

// move changes the window as asked.
func (u *Update) move(row *sendtable.Send, now consent.Instant) error {
	if u.From == 0 && u.Until == 0 {
		return nil
	}
	if u.From != 0 {
		row.From = u.From
	}
	if u.Until != 0 {
		row.Until = u.Until
	}
	window := campaign.Window{From: int64(row.From), Until: int64(row.Until)}
	if err := window.Check(int64(now)); err != nil {
		return invalid("untilTime", "%s", err.Error())
	}
	return nil
}
