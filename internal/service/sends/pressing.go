package sends

import (
	"bytes"
	"context"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/pipeline"
	"github.com/assent-io/assent/internal/service/contacts"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

// others are the sends that the contacts of an audience are of, as they are now: a send may have been moved or cancelled since a place was reserved.
type others struct {
	near time.Duration // how far apart sends are that meet

	mu    sync.RWMutex
	sends map[string]*campaign.Send // by id; nil values: there is none
}

// readOthers reads the sends whose windows are within the distance, so that few are left for [Audience.readMissing].
func (a *Audience) readOthers(ctx context.Context) error {
	apart := consent.Instant(a.others.near.Microseconds())
	filter := &sendtable.SendFilter{From: consent.Instant(a.send.From) - apart, Until: consent.Instant(a.send.Until) + apart}
	rows, err := sendtable.Sends(ctx, a.sends.Store, filter, &sendtable.Send{}, feedLimit)
	if err != nil {
		return env.StoreFault(err)
	}
	for i := range rows {
		plan := rows[i].Plan()
		a.others.sends[plan.ID] = &plan
	}
	return nil
}

// readMissing reads the sends of contacts that were not read yet. A person may have a place in a send that is far away: it counts while it is held.
func (a *Audience) readMissing(ctx context.Context, got []contacts.Got) error {
	for _, id := range a.others.missing(got) {
		rows, err := sendtable.SendOf(ctx, a.sends.Store, id)
		if err != nil {
			return env.StoreFault(err)
		}
		var plan *campaign.Send
		if len(rows) > 0 {
			one := rows[0].Plan()
			plan = &one
		}
		a.others.mu.Lock()
		a.others.sends[id] = plan
		a.others.mu.Unlock()
	}
	return nil
}

// missing returns the sends of contacts that were not read yet.
func (o *others) missing(got []contacts.Got) (ids []string) {
	o.mu.RLock()
	defer o.mu.RUnlock()
	for i := range got {
		for j := range got[i].Contacts {
			id := got[i].Contacts[j].Send
			if _, known := o.sends[id]; !known && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// pressAll counts what all recipients got, in the order of their digests: so the rows of those that follow each other lie beside each other.
func (a *Audience) pressAll(ctx context.Context) error {
	slices.SortFunc(a.all, func(x, y [32]byte) int { return bytes.Compare(x[:], y[:]) })
	reader := a.sends.contacts.NewReader()
	produce := func(yield func(*pressed) error) error {
		for part := range slices.Chunk(a.all, env.MaxBatch) {
			if err := yield(&pressed{persons: part, met: map[*campaign.Send]*sendtable.SendOverlap{}}); err != nil {
				return err
			}
		}
		return nil
	}
	count := func(ctx context.Context, p *pressed) error {
		got, err := reader.GotOf(ctx, p.persons)
		if err != nil {
			return err
		}
		if err := a.readMissing(ctx, got); err != nil {
			return err
		}
		a.others.mu.RLock()
		defer a.others.mu.RUnlock()
		for i := range got {
			a.press(p, &got[i])
		}
		return nil
	}
	return pipeline.Run(ctx, runtime.GOMAXPROCS(0), produce, count, a.add)
}

// pressed is a part of an audience, with what was counted of it.
type pressed struct {
	persons          [][32]byte
	overNow, overAll int64
	met              map[*campaign.Send]*sendtable.SendOverlap
	now, all         []campaign.Contact // of one person; they are kept for the next one
}

// add adds what was counted of a part.
func (a *Audience) add(p *pressed) error {
	a.counted.OverNow += p.overNow
	a.counted.OverAll += p.overAll
	for other, one := range p.met {
		o := a.meet(met{other.Department, other.ID})
		o.Overlap, o.OverNow, o.OverAll = o.Overlap+one.Overlap, o.OverNow+one.OverNow, o.OverAll+one.OverAll
	}
	return nil
}

// press counts what a person got, or is to get, against the caps. The other sends were read, and are locked.
func (a *Audience) press(p *pressed, person *contacts.Got) {
	p.now, p.all = p.now[:0], p.all[:0]
	for _, k := range person.Contacts {
		other := a.others.sends[k.Send]
		if k.Send == a.send.ID || k.State != campaign.ContactSent && other != nil && other.State == campaign.Cancelled {
			continue
		}
		if k.State != campaign.ContactPlanned {
			p.now = append(p.now, presently(k, other))
		}
		if a.goesOut(&k, other) {
			p.all = append(p.all, k)
		}
	}
	overNow, overAll := one(a.isOver(p.now, person.Wish)), one(a.isOver(p.all, person.Wish))
	p.overNow, p.overAll = p.overNow+overNow, p.overAll+overAll
	for i := range person.Contacts {
		other := a.others.sends[person.Contacts[i].Send]
		if !a.meets(other) {
			continue
		}
		o := p.met[other]
		if o == nil {
			o = &sendtable.SendOverlap{}
			p.met[other] = o
		}
		o.Overlap, o.OverNow, o.OverAll = o.Overlap+1, o.OverNow+overNow, o.OverAll+overAll
	}
}

// meets reports whether a preview names a send: another one that is not cancelled, and near.
func (a *Audience) meets(other *campaign.Send) bool {
	return other != nil && other.ID != a.send.ID && other.State != campaign.Cancelled && other.Near(a.send.Window, a.others.near.Microseconds())
}

// presently returns a contact as a check counts it: a place is of the channel and the window that its send has now.
func presently(k campaign.Contact, other *campaign.Send) campaign.Contact {
	if k.State != campaign.ContactSent && other != nil {
		k.Until, k.Channel = other.Until, other.Channel
	}
	return k
}

// goesOut makes a contact what it is if all cleared sends go out, each as near to this send as its window lets it, before or after; and reports
// whether there is one then.
func (a *Audience) goesOut(k *campaign.Contact, other *campaign.Send) bool {
	switch {
	case k.State == campaign.ContactSent:
		return true
	case other == nil:
		return k.State == campaign.ContactReserved
	}
	if cleared, _ := other.IsCleared(a.at); !cleared && other.State != campaign.Sending && k.State == campaign.ContactPlanned {
		return false
	}
	k.State, k.Channel, k.Sent = campaign.ContactSent, other.Channel, a.at-a.send.Apart(other.Window)
	return true
}

// isOver reports whether a cap leaves no room for one more contact beside those that are there.
func (a *Audience) isOver(against []campaign.Contact, wish *campaign.Cap) bool {
	if len(against) == 0 {
		return false
	}
	q := campaign.Question{Send: &a.send, Clearing: campaign.ClearingOff, Caps: a.caps, Contacts: against}
	if wish != nil {
		q.Caps = append(slices.Clone(a.caps), *wish)
	}
	return q.Pressed(a.at)
}
