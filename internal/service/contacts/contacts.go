// Package contacts knows what each person gets of marketing: it judges what is lawful to send by the send that it is of and by how much the person
// got, reserves places, and is told what became of them. Its rows stand beside the ledger, under the lock of the head, so that any number of
// servers never reserve more for a person than the caps allow.
package contacts

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"time"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

// Contacts judges, reserves and reports contacts.
type Contacts struct {
	*env.Env

	reference *reference.Reference
	engine    *txn.Engine
	unlocked  bool
}

// New returns the contacts of a store.
func New(env *env.Env, reference *reference.Reference, engine *txn.Engine, unsafe env.Unsafe) *Contacts {
	return &Contacts{Env: env, reference: reference, engine: engine, unlocked: unsafe.ReserveUnlocked}
}

// chunk is how many persons one transaction is about at most.
const chunk = 1_000

// personOf returns by what the rows about a person are found: a keyed digest that cannot be joined with what other tables and the feed have. One
// person has it by any spelling of the address.
func (c *Contacts) personOf(a address.Address) ([32]byte, error) {
	folded, err := c.Keys.ListHash(consent.FormFolded, a.Folded())
	return digestOf(folded), err
}

func digestOf(hash [32]byte) [32]byte {
	mac := hmac.New(sha256.New, hash[:])
	mac.Write([]byte("assent/1/contacts"))
	return [32]byte(mac.Sum(nil))
}

// source is where the rows are read: a transaction as its writes have left it so far, or the store.
type source interface {
	send(id string) (*sendtable.Send, error) // nil: there is none
	contacts(persons [][32]byte) (map[[32]byte][]sendtable.Contact, error)
	caps(persons [][32]byte) (map[[32]byte]sendtable.PersonalCap, error)
}

// stored is the store as it is.
type stored struct {
	ctx   context.Context //nolint:containedctx // It lives as long as one call.
	store storage.TableReader
}

func (s stored) send(id string) (*sendtable.Send, error) {
	rows, err := sendtable.SendOf(s.ctx, s.store, id)
	return first(rows), err
}

func (s stored) contacts(persons [][32]byte) (map[[32]byte][]sendtable.Contact, error) {
	rows, err := sendtable.Contacts(s.ctx, s.store, persons)
	by := map[[32]byte][]sendtable.Contact{}
	for _, row := range rows {
		by[row.Folded] = append(by[row.Folded], row)
	}
	return by, err
}

func (s stored) caps(persons [][32]byte) (map[[32]byte]sendtable.PersonalCap, error) {
	rows, err := sendtable.PersonalCaps(s.ctx, s.store, persons)
	by := map[[32]byte]sendtable.PersonalCap{}
	for _, row := range rows {
		by[row.Folded] = row
	}
	return by, err
}

func first[Row any](rows []Row) *Row {
	if len(rows) == 0 {
		return nil
	}
	return &rows[0]
}

// pureOf returns contacts as package campaign counts them, those that began by a time; 0: any.
func pureOf(rows []sendtable.Contact, by consent.Instant) []campaign.Contact {
	list := make([]campaign.Contact, 0, len(rows))
	for i := range rows {
		row := &rows[i]
		if by != 0 && row.At > by {
			continue
		}
		k := campaign.Contact{Send: row.Send, Channel: row.Channel, State: row.State, Until: int64(row.Until)}
		if row.State == campaign.ContactSent {
			k.Sent = int64(row.At)
		}
		list = append(list, k)
	}
	return list
}

// keepAtLeast is how long contacts are kept at least: those of the last thirty days tell why a person complains.
const keepAtLeast = 30 * 24 * time.Hour
