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
	version   uint32     // of the digest key of the first of keys
	digests   *seal.Keys // that the keys were made with
}

// places are where everything is found that a decision about one address needs.
type places struct {
	address address.Address
	exact   place
	folded  place
	mail    place // only to decide about confirmation mails
	domains []place
	subject consent.SubjectID // set by known: of the exact form, or else of the folded; zero: nothing is held about the address
}

// locator finds places and keeps their keys, to be asked for at once. It remembers domains, which many addresses share.
type locator struct {
	digests *seal.Keys
	domains map[string]place
	keys    []storage.SubjectKey
}

func (s *Service) locator(addresses int) *locator {
	return &locator{digests: s.keys.Snapshot(), domains: map[string]place{}, keys: make([]storage.SubjectKey, 0, 4*addresses)}
}

func (l *locator) place(form consent.Form, canonical string) (place, error) {
	digests, err := l.digests.AppendDigests(nil, form, canonical)
	if err != nil {
		return place{}, err
	}
	p := place{form: form, canonical: canonical, keys: make([]storage.SubjectKey, len(digests)), digests: l.digests}
	p.version = digests[0].Version
	for i, d := range digests {
		p.keys[i] = storage.SubjectKey{Form: form, Digest: d.Sum}
	}
	l.keys = append(l.keys, p.keys...)
	return p, nil
}

func (l *locator) domain(name string) (place, error) {
	if p, ok := l.domains[name]; ok {
		return p, nil
	}
	p, err := l.place(consent.FormDomain, name)
	l.domains[name] = p
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
	for _, name := range a.Domains() {
		domain, err := l.domain(name)
		if err != nil {
			return p, err
		}
		p.domains = append(p.domains, domain)
	}
	return p, nil
}

// seen is a subject as a snapshot or a transaction shows it.
type seen struct {
	id         consent.SubjectID // zero: there is none
	state      *consent.State    // nil: it has no events
	keyVersion uint32            // of the subject's row; 0: there is none
}

// known gathers what is known about the address from what at shows of each place, and sets whom it is about.
func (p *places) known(digests *seal.Keys, at func(where *place) (seen, error)) (known consent.Known, err error) {
	state := func(where *place) (of seen) {
		if err == nil && where.keys != nil {
			of, err = at(where)
		}
		return of
	}
	exact := state(&p.exact)
	known.Exact = exact.state
	known.Mail = state(&p.mail).state
	for i := range p.domains {
		known.Domains = append(known.Domains, state(&p.domains[i]).state)
	}
	folded := state(&p.folded)
	known.Folded = folded.state
	if p.subject = exact.id; p.subject == (consent.SubjectID{}) {
		p.subject = folded.id
	}
	if err != nil || folded.keyVersion == 0 {
		return known, err
	}
	spelling, err := digests.Spelling(folded.keyVersion, p.address.Exact())
	known.Spelling = spelling.Sum
	return known, err
}
