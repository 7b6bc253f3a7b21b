package contacts

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

// SentByTime returns what was sent to the persons with the addresses, as far as it was reported and is still kept: for each address by time, and never
// nil. A consent may live by it.
func (c *Contacts) SentByTime(ctx context.Context, of []address.Address) ([][]consent.Contact, error) {
	persons, sent := make([][32]byte, len(of)), map[[32]byte][]consent.Contact{}
	for i := range of {
		var err error
		if persons[i], err = c.personOf(of[i]); err != nil {
			return nil, err
		}
		sent[persons[i]] = []consent.Contact{}
	}
	asked := slices.Clone(persons)
	slices.SortFunc(asked, func(x, y [32]byte) int { return slices.Compare(x[:], y[:]) })
	err := sendtable.PlacesOf(ctx, c.Store, slices.Compact(asked), func(p *sendtable.Place) {
		if p.State == campaign.ContactSent {
			sent[p.Folded] = append(sent[p.Folded], consent.Contact{Channel: strings.Clone(p.Channel), At: consent.Instant(p.Sent)})
		}
	})
	if err != nil {
		return nil, env.StoreFault(err)
	}
	all := make([][]consent.Contact, len(of))
	for person := range sent {
		slices.SortFunc(sent[person], func(x, y consent.Contact) int {
			return cmp.Or(cmp.Compare(x.At, y.At), cmp.Compare(x.Channel, y.Channel))
		})
	}
	for i := range persons {
		all[i] = sent[persons[i]]
	}
	return all, nil
}
