package service

import (
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/storage"
)

// place is where a subject is found: a form of an address under every version of the digest key, the one for new rows first.
type place struct {
	keys []storage.SubjectKey
	by   *digestKeys
}

// digestKeys are the keys that places are found by, as they were at one moment.
type digestKeys struct {
	*seal.Keys

	versions []uint32 // of the digest key, the one for new rows first
}

// places are where everything is found that a decision about one address needs.
type places struct {
	address address.Address
	exact   place
	folded  place
	mail    place // only to decide about confirmation mails
	domains []place
}

// locator finds places and keeps their keys, to be asked for at once. It remembers domains, which many addresses share, also from one
// call to the next.
type locator struct {
	by      *digestKeys
	hasher  *seal.Hasher         // nil: one is taken for each form
	keys    []storage.SubjectKey // of all places but domains
	levels  []place              // of the domains of all addresses
	names   []string             // of the domains of an address
	domains map[string][]storage.SubjectKey
}

// keptDomains is how many domains are remembered at most.
const keptDomains = 4096

func newLocator(keys *seal.Keys, addresses int) *locator {
	l := &locator{keys: make([]storage.SubjectKey, 0, 2*addresses)}
	l.reset(keys)
	return l
}

// reset makes the locator one that has found nothing yet, by the keys as they are now.
func (l *locator) reset(keys *seal.Keys) {
	l.keys, l.levels = l.keys[:0], l.levels[:0]
	if l.by == nil || !l.by.Same(keys) {
		same := keys.Snapshot()
		l.by, l.domains = &digestKeys{same, same.DigestVersions()}, nil
	}
	if l.domains == nil || len(l.domains) > keptDomains {
		l.domains = map[string][]storage.SubjectKey{}
	}
}

func (l *locator) place(form consent.Form, canonical string) (place, error) {
	from := len(l.keys)
	var err error
	l.keys, err = l.appendKeys(l.keys, form, canonical)
	return place{keys: l.keys[from:len(l.keys):len(l.keys)], by: l.by}, err
}

// appendKeys appends the keys of a form, one for each version of the digest key.
func (l *locator) appendKeys(to []storage.SubjectKey, form consent.Form, canonical string) ([]storage.SubjectKey, error) {
	hasher := l.hasher
	if hasher == nil {
		hasher = l.by.Hasher()
		defer hasher.Release()
	}
	for i := range l.by.versions {
		sum, err := hasher.Digest(i, form, canonical)
		if err != nil {
			return to, err
		}
		to = append(to, storage.SubjectKey{Form: form, Digest: sum})
	}
	return to, nil
}

func (l *locator) domain(name string) (place, error) {
	keys, ok := l.domains[name]
	if !ok {
		var err error
		if keys, err = l.appendKeys(nil, consent.FormDomain, name); err != nil {
			return place{}, err
		}
		l.domains[strings.Clone(name)] = keys // The name is a part of an address, which is not to be kept with it.
	}
	return place{keys: keys, by: l.by}, nil
}

// all returns the keys of all places that were found.
func (l *locator) all() []storage.SubjectKey {
	all := slices.Clone(l.keys)
	for i := range l.levels {
		all = append(all, l.levels[i].keys...)
	}
	return all
}

// places finds an address; with its confirmation mails if mail is set.
func (l *locator) places(a address.Address, mail bool) (places, error) {
	var p places
	err := l.locate(&p, a, mail)
	return p, err
}

// locate is places into memory that is there.
func (l *locator) locate(p *places, a address.Address, mail bool) (err error) {
	p.address, p.mail = a, place{}
	if p.exact, err = l.place(consent.FormExact, a.Exact()); err != nil {
		return err
	}
	if p.folded, err = l.place(consent.FormFolded, a.Folded()); err != nil {
		return err
	}
	if mail {
		if p.mail, err = l.place(consent.FormMail, a.Folded()); err != nil {
			return err
		}
	}
	from := len(l.levels)
	l.names = a.AppendDomains(l.names[:0])
	for _, name := range l.names {
		domain, err := l.domain(name)
		if err != nil {
			return err
		}
		l.levels = append(l.levels, domain)
	}
	p.domains = l.levels[from:len(l.levels):len(l.levels)]
	return nil
}

// sight is how a read or a transaction sees subjects.
type sight interface {
	// seen returns what is seen at the place. Its state may be one that was unpacked into the one given, which it then is.
	seen(where *place, into *consent.State) (seen, error)
}

// seen is a subject as a sight shows it.
type seen struct {
	key        *storage.SubjectKey // that it was found under; nil: there is none
	state      *consent.State      // nil: it has no events
	keyVersion uint32              // of the subject's row; 0: there is none
}

// knowledge is what is known of one address, and the states that it was unpacked to. It is made once and used for many.
type knowledge struct {
	consent.Known

	held   *storage.SubjectKey // whom it is about: the exact form, or else the folded; nil: nothing is held about the address
	exact  consent.State
	folded consent.State
	mail   consent.State
	levels []consent.State
}

// gather gathers what is known about an address from what is seen of each place.
func (k *knowledge) gather(p *places, from sight) error {
	k.Known = consent.Known{Domains: k.Domains[:0]}
	exact, err := from.seen(&p.exact, &k.exact)
	if err != nil {
		return err
	}
	folded, err := from.seen(&p.folded, &k.folded)
	if err != nil {
		return err
	}
	k.Exact, k.Folded = exact.state, folded.state
	if k.held = exact.key; k.held == nil {
		k.held = folded.key
	}
	if p.mail.keys != nil {
		mail, err := from.seen(&p.mail, &k.mail)
		if err != nil {
			return err
		}
		k.Mail = mail.state
	}
	for len(k.levels) < len(p.domains) {
		k.levels = append(k.levels, consent.State{})
	}
	for i := range p.domains {
		domain, err := from.seen(&p.domains[i], &k.levels[i])
		if err != nil {
			return err
		}
		k.Domains = append(k.Domains, domain.state)
	}
	if folded.keyVersion == 0 {
		return nil
	}
	spelling, err := p.folded.by.Spelling(folded.keyVersion, p.address.Exact())
	k.Spelling = spelling.Sum
	return err
}

func parseAddress(typed string) (address.Address, error) {
	a, err := address.Parse(typed)
	if err != nil {
		return a, noAddress(err)
	}
	return a, nil
}

func noAddress(err error) *fault.Error {
	return fault.Errorf(fault.InvalidAddress, "address", "%s", err)
}
