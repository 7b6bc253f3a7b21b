package contacts

import (
	"context"
	"slices"
	"time"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

// SentTo returns who sent marketing to an address since a time, the latest first: what was reported, and what a check has allowed for a send that nothing was
// reported of yet. It is for the routing of cases.
func (c *Contacts) SentTo(ctx context.Context, a address.Address, since time.Time) ([]casework.Candidate, error) {
	person, err := c.personOf(a)
	if err != nil {
		return nil, err
	}
	rows, err := sendtable.Contacts(ctx, c.Store, [][32]byte{person})
	if err != nil {
		return nil, env.StoreFault(err)
	}
	var sent []casework.Candidate
	for i := range rows {
		row := &rows[i]
		if row.State == campaign.ContactPlanned || row.At.Time().Before(since) {
			continue
		}
		one := casework.Candidate{
			Department: row.Department, Channel: row.Channel, SenderIdentity: row.Sender, Send: row.Send, Time: row.At.Time(), Evidence: casework.ByContact,
		}
		if row.State == campaign.ContactReserved {
			one.Evidence = casework.ByAllow
		}
		sent = append(sent, one)
	}
	slices.SortStableFunc(sent, func(x, y casework.Candidate) int { return y.Time.Compare(x.Time) })
	return sent, nil
}

// Sent returns how many messages of marketing each sender identity sent from a time on and before another, as far as they were reported.
func (c *Contacts) Sent(ctx context.Context, since, before time.Time) (map[string]int64, error) {
	sent, err := sendtable.SentBySender(ctx, c.Store, consent.InstantOf(since), consent.InstantOf(before))
	return sent, env.StoreFault(err)
}
