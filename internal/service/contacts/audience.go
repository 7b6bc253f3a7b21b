package contacts

import (
	"cmp"
	"context"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

// PersonOf returns by what contacts of the person with an address are found, by any spelling of it.
func (c *Contacts) PersonOf(a address.Address) ([32]byte, error) { return c.personOf(a) }

// Keeping is an audience of a send that is to be kept.
type Keeping struct {
	Send     *campaign.Send
	At       consent.Instant // since when the persons are planned; it names the audience, as [sendtable.Send] does
	Position int64           // of the ledger, at that instant
}

// Recipient is a person of an audience.
type Recipient struct {
	Person [32]byte
	Typed  string // an address of the person
}

// Keep makes persons planned contacts of a send, but for those that have a place in it already, and those that were erased since the position; and returns
// how many of the persons the send has now. What was kept before an instant and is not kept again is forgotten by [Contacts.ForgetPlanned]. Errors: ETAG_MISMATCH once
// the send keeps another audience.
func (c *Contacts) Keep(ctx context.Context, k *Keeping, persons []Recipient) (kept int, err error) {
	for part := range slices.Chunk(persons, chunk) {
		n := 0
		err := c.engine.Do(ctx, &txn.Write{Bulk: true, Weight: len(part), Run: func(w *txn.Tx) (err error) {
			n, err = c.keep(under(w), k, part)
			return err
		}})
		if err != nil {
			return kept, err
		}
		kept += n
	}
	return kept, nil
}

// Superseded is what a preview is told whose send keeps the audience of a later one.
func Superseded(send string) error {
	return fault.Errorf(fault.EtagMismatch, "id", "another preview of the send %s has begun since, and its audience is the one that is kept; look at that one, "+
		"or preview the send again", send)
}

func (c *Contacts) keep(rows *locked, k *Keeping, recipients []Recipient) (kept int, err error) {
	persons, typed := make([][32]byte, len(recipients)), make(map[[32]byte]string, len(recipients))
	for i := range recipients {
		persons[i], typed[recipients[i].Person] = recipients[i].Person, recipients[i].Typed
	}
	send := k.Send
	if row, err := rows.send(send.ID); err != nil || row == nil || row.Keeping != k.At {
		return 0, cmp.Or(err, Superseded(send.ID))
	}
	there, err := rows.contacts(persons)
	if err != nil {
		return 0, err
	}
	var planned []sendtable.Contact
	for _, person := range persons {
		if own := contactOf(there[person], send.ID); own != nil && own.State != campaign.ContactPlanned {
			kept++
			continue
		}
		planned = append(planned, sendtable.Contact{
			Folded: person, Send: send.ID, Channel: send.Channel, Department: send.Department, Sender: send.SenderIdentity,
			State: campaign.ContactPlanned, At: k.At, Until: consent.Instant(send.Until), Client: rows.Caller.ID,
		})
	}
	planned, err = rows.withoutErased(planned, k.Position, c.Keys, func(person [32]byte) (address.Address, error) { return address.Parse(typed[person]) })
	if err != nil {
		return 0, err
	}
	rows.put(planned)
	return kept + len(planned), nil
}

// ForgetPlanned deletes the planned contacts of a send that were kept before an instant.
func (c *Contacts) ForgetPlanned(ctx context.Context, send string, before consent.Instant) error {
	for {
		n, err := sendtable.CountPlannedContacts(ctx, c.Store, send, before, forgetPart)
		if err != nil || n == 0 {
			return env.StoreFault(err)
		}
		if err := c.Store.WriteTables(ctx, sendtable.DropPlannedContacts(send, before, forgetPart)); err != nil {
			return env.StoreFault(err)
		}
	}
}
