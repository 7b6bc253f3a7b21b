package reference

import (
	"maps"
	"sync/atomic"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
)

// maxRules bounds how many rules are kept: for each channel with its sender identities, under the catalogs that are asked about.
const maxRules = 512

// Rulebook keeps rules, which take longer to make than to apply. Readers share an immutable map and take no lock.
type Rulebook struct {
	known atomic.Pointer[map[rulesKey]*consent.Rules]
}

// rulesKey is all that rules depend on but for the reference, of which each message has another one.
type rulesKey struct {
	catalog     *catalog.Catalog // versions are parsed once
	channel     string
	sender      string
	advertising bool
}

// Rules returns the rules of a catalog for a request. The error is that of consent.NewRules.
func (b *Rulebook) Rules(c *catalog.Catalog, r consent.Request) (*consent.Rules, error) {
	key := rulesKey{catalog: c, channel: r.Channel, sender: r.Sender, advertising: r.Advertising}
	known := b.known.Load()
	if known != nil {
		if rules, ok := (*known)[key]; ok {
			return rules.Referring(r.Reference), nil
		}
	}
	rules, err := consent.NewRules(c, r)
	if err != nil || rules.Sender() == nil {
		return rules, err // What callers make up is not kept.
	}
	b.cacheRules(known, key, rules.Referring(""))
	return rules, nil
}

// cacheRules adds rules to those that were seen. If there are too many, it drops all others. If another goroutine changed the
// map meanwhile, the rules are not kept now, but the next time.
func (b *Rulebook) cacheRules(seen *map[rulesKey]*consent.Rules, key rulesKey, rules *consent.Rules) {
	next := map[rulesKey]*consent.Rules{}
	if seen != nil && len(*seen) < maxRules {
		next = maps.Clone(*seen)
	}
	next[key] = rules
	b.known.CompareAndSwap(seen, &next)
}
