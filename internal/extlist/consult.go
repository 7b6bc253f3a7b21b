package extlist

import (
	"cmp"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
)

// Consulted are the versions of external lists that are in force at one time, each with what the event says that brought it into force. It
// never changes and is safe for concurrent use. A nil one has no lists.
type Consulted struct{ lists []consulted }

type consulted struct {
	consent.Listing // what it says of every address

	version *Version
}

// InForce returns, of events of kind list in the order of their positions, those by which lists are in force at t: of each list the last that
// occurred by then, in the order of the lists' ids.
func InForce(activations []consent.Event, t consent.Instant) []*consent.Event {
	byList := map[string]*consent.Event{}
	for i := range activations {
		if e := &activations[i]; e.Occurred <= t {
			byList[e.List] = e
		}
	}
	list := make([]*consent.Event, 0, len(byList))
	for _, e := range byList {
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b *consent.Event) int { return cmp.Compare(a.List, b.List) })
	return list
}

// Consult returns what is consulted where these events are in force, each with the version that it names.
func Consult(inForce []*consent.Event, version func(e *consent.Event) (*Version, error)) (*Consulted, error) {
	c := &Consulted{}
	for _, e := range inForce {
		v, err := version(e)
		if err != nil {
			return nil, err
		}
		c.lists = append(c.lists, consulted{
			Listing: consent.Listing{List: e.List, Binds: e.Binds, Since: e.Occurred, Stale: e.StaleFrom()}, version: v,
		})
	}
	return c, nil
}

// Append appends what the lists say of an address, those listings that matter.
func (c *Consulted) Append(to []consent.Listing, a address.Address) []consent.Listing {
	if c == nil {
		return to
	}
	for i := range c.lists {
		of := &c.lists[i]
		l := of.Listing
		if l.Listed, l.Unasked = of.version.Says(a); l.Listed || l.Unasked || l.Stale != 0 {
			to = append(to, l)
		}
	}
	return to
}
