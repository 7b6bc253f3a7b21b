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

// pressing counts what the persons of an audience got, or are to get, against the caps. It stands by itself: an audience asks it once it is whole.
type pressing struct {
	*env.Env

	reader *contacts.Reader
	send   campaign.Send
	at     int64 // for which caps are judged
	caps   []campaign.Cap
	near   time.Duration // how far apart sends are that meet

	// Others are the sends that contacts are of, as they are now: a send may have been moved or cancelled since a place was reserved.
	mu     sync.RWMutex
	others map[string]*campaign.Send // by id; nil values: there is none
}

// mostNear is how many of the sends whose windows are near are read at once.
const mostNear = 1000

// readOthers reads the sends whose windows are within the distance, so that few are left for [pressing.readMissing].
func (p *pressing) readOthers(ctx context.Context) error {
	apart := consent.Instant(p.near.Microseconds())
	filter := &sendtable.SendFilter{From: consent.Instant(p.send.From) - apart, Until: consent.Instant(p.send.Until) + apart}
	rows, err := sendtable.Sends(ctx, p.Store, filter, &sendtable.Send{}, mostNear)
	if err != nil {
		return env.StoreFault(err)
	}
	p.others = make(map[string]*campaign.Send, len(rows))
	for i := range rows {
		plan := rows[i].Plan()
		p.others[plan.ID] = &plan
	}
	return nil
}

// readMissing reads the sends of contacts that were not read yet. A person may have a place in a send that is far away: it counts while it is held.
func (p *pressing) readMissing(ctx context.Context, got []contacts.Got) error {
	for _, id := range p.missing(got) {
		rows, err := sendtable.SendOf(ctx, p.Store, id)
		if err != nil {
			return env.StoreFault(err)
		}
		var plan *campaign.Send
		if len(rows) > 0 {
			one := rows[0].Plan()
			plan = &one
		}
		p.mu.Lock()
		p.others[id] = plan
		p.mu.Unlock()
	}
	return nil
}

// missing returns the sends of contacts that were not read yet.
func (p *pressing) missing(got []contacts.Got) (ids []string) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	for i := range got {
		for j := range got[i].Contacts {
			id := got[i].Contacts[j].Send
			if _, known := p.others[id]; !known && !slices.Contains(ids, id) {
				ids = append(ids, id)
			}
		}
	}
	return ids
}

// pressed is what was counted of an audience, or of a part of it.
type pressed struct {
	overNow, overAll int64
	met              map[string]*sendtable.SendOverlap // by the id of the other send

	persons  [][32]byte
	now, all []campaign.Contact // of one person; they are kept for the next one
}

// count counts what persons got, in the order of their digests: so the rows of those that follow each other lie beside each other.
func (p *pressing) count(ctx context.Context, persons [][32]byte) (*pressed, error) {
	slices.SortFunc(persons, func(x, y [32]byte) int { return bytes.Compare(x[:], y[:]) })
	produce := func(yield func(*pressed) error) error {
		for part := range slices.Chunk(persons, env.MaxBatch) {
			if err := yield(&pressed{persons: part, met: map[string]*sendtable.SendOverlap{}}); err != nil {
				return err
			}
		}
		return nil
	}
	whole := &pressed{met: map[string]*sendtable.SendOverlap{}}
	err := pipeline.Run(ctx, runtime.GOMAXPROCS(0), produce, p.countPart, func(part *pressed) error {
		whole.overNow, whole.overAll = whole.overNow+part.overNow, whole.overAll+part.overAll
		for id, one := range part.met {
			o := whole.meet(id, one.Department)
			o.Overlap, o.OverNow, o.OverAll = o.Overlap+one.Overlap, o.OverNow+one.OverNow, o.OverAll+one.OverAll
		}
		return nil
	})
	return whole, err
}

// countPart counts what the persons of a part got.
func (p *pressing) countPart(ctx context.Context, part *pressed) error {
	got, err := p.reader.GotOf(ctx, part.persons)
	if err != nil {
		return err
	}
	if err := p.readMissing(ctx, got); err != nil {
		return err
	}
	p.mu.RLock()
	defer p.mu.RUnlock()
	for i := range got {
		p.press(part, &got[i])
	}
	return nil
}

// meet returns the row of a send that is met.
func (p *pressed) meet(id, department string) *sendtable.SendOverlap {
	o := p.met[id]
	if o == nil {
		o = &sendtable.SendOverlap{Department: department, Other: id}
		p.met[id] = o
	}
	return o
}

// press counts what a person got, or is to get, against the caps. The other sends were read, and are locked.
func (p *pressing) press(part *pressed, person *contacts.Got) {
	part.now, part.all = part.now[:0], part.all[:0]
	for i := range person.Contacts {
		k := person.Contacts[i].Contact
		other := p.others[k.Send]
		if k.Send == p.send.ID || k.State != campaign.ContactSent && other != nil && other.State == campaign.Cancelled {
			continue
		}
		if k.State != campaign.ContactPlanned {
			part.now = append(part.now, presently(k, other))
		}
		if p.goesOut(&k, other) {
			part.all = append(part.all, k)
		}
	}
	overNow, overAll := one(p.isOver(part.now, person.Wish)), one(p.isOver(part.all, person.Wish))
	part.overNow, part.overAll = part.overNow+overNow, part.overAll+overAll
	for i := range person.Contacts {
		if other := p.others[person.Contacts[i].Send]; p.meets(other) {
			o := part.meet(other.ID, other.Department)
			o.Overlap, o.OverNow, o.OverAll = o.Overlap+1, o.OverNow+overNow, o.OverAll+overAll
		}
	}
}

// meets reports whether a preview names a send: another one that is not cancelled, and near.
func (p *pressing) meets(other *campaign.Send) bool {
	return other != nil && other.ID != p.send.ID && other.State != campaign.Cancelled && other.Near(p.send.Window, p.near.Microseconds())
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
func (p *pressing) goesOut(k *campaign.Contact, other *campaign.Send) bool {
	switch {
	case k.State == campaign.ContactSent:
		return true
	case other == nil:
		return k.State == campaign.ContactReserved
	}
	if cleared, _ := other.IsCleared(p.at); !cleared && other.State != campaign.Sending && k.State == campaign.ContactPlanned {
		return false
	}
	k.State, k.Channel, k.Sent = campaign.ContactSent, other.Channel, p.at-p.send.Apart(other.Window)
	return true
}

// isOver reports whether a cap leaves no room for one more contact beside those that are there.
func (p *pressing) isOver(against []campaign.Contact, wish *campaign.Cap) bool {
	if len(against) == 0 {
		return false
	}
	q := campaign.Question{Send: &p.send, Clearing: campaign.ClearingOff, Caps: p.caps, Contacts: against}
	if wish != nil {
		q.Caps = append(slices.Clone(p.caps), *wish)
	}
	return q.Pressed(p.at)
}

func one(is bool) int64 {
	if is {
		return 1
	}
	return 0
}
