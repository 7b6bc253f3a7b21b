package contacts

import (
	"context"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/operational"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

// Asked are messages of a send that are lawful.
type Asked struct {
	Send    string
	Rules   *consent.Rules
	Catalog *catalog.Catalog
	// Position is that of the ledger that the decisions rest on: of a person who was erased after it nothing is reserved.
	Position int64
	// Past says that they are judged by what was there when they were decided about, and that nothing is reserved.
	Past  bool
	Items []Item
}

// Item is a message to one person.
type Item struct {
	Address address.Address
	// Unclear is until when a click of the person has to be understood first; 0: there is none.
	Unclear consent.Instant
	// Decision is an ALLOW that says what is lawful, and becomes what stage 9 says of it.
	Decision consent.Decision
}

// Judge judges messages by stage 9, and reserves places for those that are still allowed: all of one transaction in one write. Who has a place keeps
// it. Errors: SEND_NOT_FOUND, SEND_DIFFERS.
func (c *Contacts) Judge(ctx context.Context, a *Asked) error {
	persons := make([][32]byte, len(a.Items))
	for i := range a.Items {
		var err error
		if persons[i], err = c.personOf(a.Items[i].Address); err != nil {
			return err
		}
	}
	from := stored{ctx, c.Store}
	if _, err := a.send(from); err != nil || len(persons) == 0 { // It is read first, so that a wrong one is told whatever else is.
		return env.StoreFault(err)
	}
	if a.Past || c.unlocked {
		decisions, reserved, err := a.judge(from, persons, a.Items)
		if err != nil {
			return env.StoreFault(err)
		}
		a.take(0, decisions)
		if a.Past {
			return nil
		}
		return env.StoreFault(c.Store.WriteTables(ctx, sendtable.PutContacts(reserved)...))
	}
	for i := 0; i < len(persons); i += chunk {
		end := min(i+chunk, len(persons))
		if err := c.reserve(ctx, a, i, persons[i:end]); err != nil {
			return err
		}
	}
	return nil
}

// reserve judges the items from one on in one transaction, and reserves.
func (c *Contacts) reserve(ctx context.Context, a *Asked, from int, persons [][32]byte) error {
	var decisions []consent.Decision
	items := a.Items[from : from+len(persons)]
	write := &txn.Write{Bulk: len(items) > 1, Weight: len(items), Run: func(w *txn.Tx) (err error) {
		rows := under(w)
		var reserved []sendtable.Contact
		if decisions, reserved, err = a.judge(rows, persons, items); err != nil || len(reserved) == 0 {
			return err
		}
		if reserved, err = rows.withoutErased(reserved, a.Position, c.Keys, addressesOf(persons, items)); err != nil || len(reserved) == 0 {
			return err
		}
		for i := range reserved {
			reserved[i].Client = w.Caller.ID
		}
		rows.put(reserved)
		return nil
	}}
	if err := c.engine.Do(ctx, write); err != nil {
		return err
	}
	a.take(from, decisions)
	return nil
}

// addressesOf returns what finds the address of a person among items.
func addressesOf(persons [][32]byte, items []Item) func([32]byte) (address.Address, error) {
	var by map[[32]byte]address.Address
	return func(person [32]byte) (address.Address, error) {
		if by == nil {
			by = make(map[[32]byte]address.Address, len(persons))
			for i := range persons {
				by[persons[i]] = items[i].Address
			}
		}
		return by[person], nil
	}
}

// take replaces the decisions of the items from one on.
func (a *Asked) take(from int, decisions []consent.Decision) {
	for i := range decisions {
		a.Items[from+i].Decision = decisions[i]
	}
}

// send returns the send, if the messages can be of it.
func (a *Asked) send(from source) (*campaign.Send, error) {
	row, err := from.send(a.Send)
	if err != nil {
		return nil, err
	}
	sender := a.Rules.Sender()
	switch {
	case row == nil:
		return nil, fault.Errorf(fault.SendMissing, "send", "there is no send of this id; plan it first, or leave the field out")
	case !a.Rules.IsMarketing():
		return nil, fault.Errorf(fault.SendDiffers, "send", "the channel is not marketing, and its messages are of no send; leave the field out")
	case row.Channel != a.Rules.Channel().ID:
		return nil, fault.Errorf(fault.SendDiffers, "send", "the send is on another channel; ask about the channel of the send")
	case sender != nil && row.Sender != sender.ID:
		return nil, fault.Errorf(fault.SendDiffers, "send", "the send has another sender identity; ask about that of the send")
	default:
		plan := row.Plan()
		return &plan, nil
	}
}

// judge judges messages to persons by the rows of a source, and returns what is to be reserved.
func (a *Asked) judge(from source, persons [][32]byte, items []Item) ([]consent.Decision, []sendtable.Contact, error) {
	send, err := a.send(from)
	if err != nil {
		return nil, nil, err
	}
	contacts, err := from.contacts(persons)
	if err != nil {
		return nil, nil, err
	}
	caps, err := from.caps(persons)
	if err != nil {
		return nil, nil, err
	}
	others := otherSends{from: from, known: map[string]*campaign.Send{}}
	decisions, reserved := make([]consent.Decision, len(items)), []sendtable.Contact(nil)
	taken := make(map[[32]byte]bool, len(items))
	for i := range items {
		rows, at := contacts[persons[i]], items[i].Decision.Decided
		if err := others.read(rows); err != nil {
			return nil, nil, err
		}
		q := a.question(send, rows, at, others.known)
		q.Unclear = int64(items[i].Unclear)
		if wish, ok := caps[persons[i]]; ok {
			q.Caps = slices.Concat(q.Caps, []campaign.Cap{capOf(&wish)})
		}
		decisions[i] = items[i].Decision
		operational.Judge(a.Rules, &decisions[i], &q)
		own := contactOf(rows, send.ID)
		keeps := own != nil && (own.State == campaign.ContactSent || q.Held && int64(own.Until) == send.Until)
		if decisions[i].Verdict != consent.Allow || keeps || taken[persons[i]] {
			continue
		}
		taken[persons[i]] = true // An address that is given twice is one person.
		reserved = append(reserved, sendtable.Contact{
			Folded: persons[i], Send: send.ID, Channel: send.Channel, Department: send.Department, Sender: send.SenderIdentity,
			State: campaign.ContactReserved, At: at, Until: consent.Instant(send.Until),
		})
	}
	return decisions, reserved, nil
}

// question returns what stage 9 asks of a message to a person with the contacts.
func (a *Asked) question(send *campaign.Send, rows []sendtable.Contact, at consent.Instant, others map[string]*campaign.Send) campaign.Question {
	q := campaign.Question{Send: send, Clearing: a.Rules.Clearing(), Caps: a.Catalog.Pressure}
	if len(rows) == 0 {
		return q
	}
	by := consent.Instant(0)
	if a.Past {
		by = at
	}
	q.Count(pureOf(rows, by), others, int64(at))
	return q
}

// otherSends are the sends of contacts that were not sent, by id: they may have been moved or cancelled since.
type otherSends struct {
	from  source
	known map[string]*campaign.Send
}

func (o *otherSends) read(rows []sendtable.Contact) error {
	for i := range rows {
		id := rows[i].Send
		if rows[i].State == campaign.ContactSent {
			continue
		}
		if _, seen := o.known[id]; seen {
			continue
		}
		row, err := o.from.send(id)
		if err != nil {
			return err
		}
		o.known[id] = nil
		if row != nil {
			plan := row.Plan()
			o.known[id] = &plan
		}
	}
	return nil
}

// capOf returns what a person wants as a cap over all of marketing.
func capOf(wish *sendtable.PersonalCap) campaign.Cap {
	per, err := period.Parse(wish.Per)
	if err != nil {
		per = longestWish() // No program writes another one; if one did, the person gets less and not more.
	}
	return campaign.Cap{Max: int(max(wish.Max, 1)), Per: per}
}
