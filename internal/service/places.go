package service

import (
	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/storage"
)

// place is where a subject is found: a form of an address under every version of the digest key, the one for new rows first.
type place struct {
	form      consent.Form
	canonical string
	keys      []storage.SubjectKey
	versions  []uint32   // of the digest key, of each of keys
	digests   *seal.Keys // that the keys were made with
}

// places are where everything is found that a decision about one address needs.
type places struct {
	address address.Address
	exact   place
	folded  place
	mail    place // only to decide about confirmation mails
	domains []place
}

// locator finds places and keeps their keys, to be asked for at once. It remembers domains, which many addresses share.
type locator struct {
	digests  *seal.Keys
	versions []uint32
	keys     []storage.SubjectKey
	sums     []seal.Digest
	levels   []place         // of the domains of all addresses
	domains  map[string]span // in keys
	names    []string        // the domains of an address
}

// span is a part of a slice.
type span struct{ from, to int }

func (s *Service) locator(addresses int) *locator {
	l := &locator{keys: make([]storage.SubjectKey, 0, 4*addresses)}
	l.reset(s.keys)
	return l
}

// reset makes the locator one that has found nothing yet, by the keys as they are now.
func (l *locator) reset(keys *seal.Keys) {
	l.digests = keys.Snapshot()
	l.versions = l.digests.DigestVersions()
	l.keys, l.levels = l.keys[:0], l.levels[:0]
	clear(l.domains)
}

func (l *locator) place(form consent.Form, canonical string) (place, error) {
	var err error
	if l.sums, err = l.digests.AppendDigests(l.sums[:0], form, canonical); err != nil {
		return place{}, err
	}
	from := len(l.keys)
	for i := range l.sums {
		l.keys = append(l.keys, storage.SubjectKey{Form: form, Digest: l.sums[i].Sum})
	}
	return l.at(form, canonical, span{from, len(l.keys)}), nil
}

// at returns the place whose keys stand in a part of those found.
func (l *locator) at(form consent.Form, canonical string, in span) place {
	return place{form: form, canonical: canonical, keys: l.keys[in.from:in.to:in.to], versions: l.versions, digests: l.digests}
}

func (l *locator) domain(name string) (place, error) {
	if in, ok := l.domains[name]; ok {
		return l.at(consent.FormDomain, name, in), nil
	}
	p, err := l.place(consent.FormDomain, name)
	if l.domains == nil {
		l.domains = map[string]span{}
	}
	l.domains[name] = span{len(l.keys) - len(p.keys), len(l.keys)}
	return p, err
}

// places finds an address; with its confirmation mails if mail is set.
func (l *locator) places(a address.Address, mail bool) (places, error) {
	p := places{address: a}
	var err error
	if p.exact, err = l.place(consent.FormExact, a.Exact()); err != nil {
		return p, err
	}
	if p.folded, err = l.place(consent.FormFolded, a.Folded()); err != nil {
		return p, err
	}
	if mail {
		if p.mail, err = l.place(consent.FormMail, a.Folded()); err != nil {
			return p, err
		}
	}
	from := len(l.levels)
	for _, name := range a.Domains() {
		domain, err := l.domain(name)
		if err != nil {
			return p, err
		}
		l.levels = append(l.levels, domain)
	}
	p.domains = l.levels[from:len(l.levels):len(l.levels)]
	return p, nil
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
	spelling, err := p.folded.digests.Spelling(folded.keyVersion, p.address.Exact())
	k.Spelling = spelling.Sum
	return err
}
