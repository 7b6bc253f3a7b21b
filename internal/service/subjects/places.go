package subjects

import (
	"slices"
	"strings"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/storage"
)

// Place is where a subject is found: a form of an address under every version of the digest key, the one for new rows first.
type Place struct {
	Keys    []storage.SubjectKey
	Digests *DigestKeys
}

// DigestKeys are the keys that places are found by, as they were at one moment.
type DigestKeys struct {
	*seal.Keys

	Versions []uint32 // of the digest key, the one for new rows first
}

// Places are where everything is found that a decision about one address needs.
type Places struct {
	Address address.Address
	Exact   Place
	Folded  Place
	Mail    Place // only to decide about confirmation mails
	Domains []Place
}

// MayBeOfAnother reports whether an event of a folded subject may be of another person than the one that has the spelling: it carries
// another one, and the provider is not known to deliver both to the same mailbox. Then the other address lies at the twin of the domain.
func MayBeOfAnother(e *consent.Event, own consent.Spelling, sharesMailbox bool) bool {
	return e.Spelling.Key != 0 && e.Spelling != own && !sharesMailbox
}

// MayBeOfAnother reports whether an event of the folded subject may be of another person than the one with the address.
func (p *Places) MayBeOfAnother(e *consent.Event) (bool, error) {
	if e.Spelling.Key == 0 || p.Address.SharesMailbox() {
		return false, nil
	}
	own, err := p.Folded.Digests.Spelling(e.Spelling.Key, p.Address.Exact())
	return err == nil && MayBeOfAnother(e, own, false), err
}

// Locator finds places and keeps their keys, to be asked for at once. It remembers domains, which many addresses share, also from one
// call to the next.
type Locator struct {
	Digests *DigestKeys
	Hasher  *seal.Hasher         // nil: one is taken for each form
	Keys    []storage.SubjectKey // of all places but domains
	levels  []Place              // of the domains of all addresses
	Names   []string             // of the domains of an address
	domains map[string][]storage.SubjectKey
}

// maxCachedDomains is how many domains are remembered at most.
const maxCachedDomains = 4096

// NewLocator returns a locator with room for so many addresses, by the keys as they are now.
func NewLocator(keys *seal.Keys, addresses int) *Locator {
	l := &Locator{Keys: make([]storage.SubjectKey, 0, 2*addresses)}
	l.Reset(keys)
	return l
}

// Reset makes the locator one that has found nothing yet, by the keys as they are now.
func (l *Locator) Reset(keys *seal.Keys) {
	l.Keys, l.levels = l.Keys[:0], l.levels[:0]
	if l.Digests == nil || !l.Digests.Same(keys) {
		same := keys.Snapshot()
		l.Digests, l.domains = &DigestKeys{same, same.DigestVersions()}, nil
	}
	if l.domains == nil || len(l.domains) > maxCachedDomains {
		l.domains = map[string][]storage.SubjectKey{}
	}
}

// Place finds one form of an address.
func (l *Locator) Place(form consent.Form, canonical string) (Place, error) {
	from := len(l.Keys)
	var err error
	l.Keys, err = l.appendKeys(l.Keys, form, canonical)
	return Place{Keys: l.Keys[from:len(l.Keys):len(l.Keys)], Digests: l.Digests}, err
}

// appendKeys appends the keys of a form, one for each version of the digest key.
func (l *Locator) appendKeys(to []storage.SubjectKey, form consent.Form, canonical string) ([]storage.SubjectKey, error) {
	hasher := l.Hasher
	if hasher == nil {
		hasher = l.Digests.Hasher()
		defer hasher.Release()
	}
	for i := range l.Digests.Versions {
		sum, err := hasher.Digest(i, form, canonical)
		if err != nil {
			return to, err
		}
		to = append(to, storage.SubjectKey{Form: form, Digest: sum})
	}
	return to, nil
}

func (l *Locator) domainKey(name string) (Place, error) {
	keys, ok := l.domains[name]
	if !ok {
		var err error
		if keys, err = l.appendKeys(nil, consent.FormDomain, name); err != nil {
			return Place{}, err
		}
		l.domains[strings.Clone(name)] = keys // The name is a part of an address, which is not to be kept with it.
	}
	return Place{Keys: keys, Digests: l.Digests}, nil
}

// AllKeys returns the keys of all places that were found.
func (l *Locator) AllKeys() []storage.SubjectKey {
	all := slices.Clone(l.Keys)
	for i := range l.levels {
		all = append(all, l.levels[i].Keys...)
	}
	return all
}

// Places finds an address; with its confirmation mails if mail is set.
func (l *Locator) Places(a address.Address, mail bool) (Places, error) {
	var p Places
	err := l.Locate(&p, a, mail)
	return p, err
}

// Locate is Places, into memory that the caller gives.
func (l *Locator) Locate(p *Places, a address.Address, mail bool) (err error) {
	p.Address, p.Mail = a, Place{}
	if p.Exact, err = l.Place(consent.FormExact, a.Exact()); err != nil {
		return err
	}
	if p.Folded, err = l.Place(consent.FormFolded, a.Folded()); err != nil {
		return err
	}
	if mail {
		if p.Mail, err = l.Place(consent.FormMail, a.Mailbox()); err != nil {
			return err
		}
	}
	from := len(l.levels)
	l.Names = a.AppendDomains(l.Names[:0])
	for _, name := range l.Names {
		domain, err := l.domainKey(name)
		if err != nil {
			return err
		}
		l.levels = append(l.levels, domain)
	}
	p.Domains = l.levels[from:len(l.levels):len(l.levels)]
	return nil
}

// Source is how a read or a transaction sees subjects.
type Source interface {
	// Find returns what is seen at the place. Its state may have been unpacked into the one given; then it is that one.
	Find(where *Place, into *consent.State) (Found, error)
	// Listings appends what the external lists in force say of an address.
	Listings(to []consent.Listing, a address.Address) ([]consent.Listing, error)
}

// Found is a subject as a source shows it.
type Found struct {
	Key        *storage.SubjectKey // that it was found under; nil: there is none
	State      *consent.State      // nil: it has no events
	KeyVersion uint32              // of the subject's row; 0: there is none
}

// Knowledge is what is known of one address, and the states that it was unpacked to. It is made once and used for many.
type Knowledge struct {
	consent.Known

	About  *storage.SubjectKey // key of the exact subject, or else of the folded one; nil: nothing is held about the address
	exact  consent.State
	folded consent.State
	mail   consent.State
	levels []consent.State
}

// Gather gathers what is known about an address from what is seen of each place.
func (k *Knowledge) Gather(p *Places, from Source) error {
	k.Known = consent.Known{Domains: k.Domains[:0], Linked: k.Linked[:0], Lists: k.Lists[:0]}
	var err error
	if k.Lists, err = from.Listings(k.Lists, p.Address); err != nil {
		return err
	}
	exact, err := from.Find(&p.Exact, &k.exact)
	if err != nil {
		return err
	}
	folded, err := from.Find(&p.Folded, &k.folded)
	if err != nil {
		return err
	}
	k.Exact, k.Folded = exact.State, folded.State
	if k.About = exact.Key; k.About == nil {
		k.About = folded.Key
	}
	if p.Mail.Keys != nil {
		mail, err := from.Find(&p.Mail, &k.mail)
		if err != nil {
			return err
		}
		k.Mail = mail.State
	}
	for len(k.levels) < len(p.Domains) {
		k.levels = append(k.levels, consent.State{})
	}
	for i := range p.Domains {
		domain, err := from.Find(&p.Domains[i], &k.levels[i])
		if err != nil {
			return err
		}
		k.Domains = append(k.Domains, domain.State)
	}
	if folded.KeyVersion == 0 {
		return nil
	}
	if err := k.gatherLinked(&p.Folded, folded.Key, from); err != nil {
		return err
	}
	spelling, err := p.Folded.Digests.Spelling(folded.KeyVersion, p.Address.Exact())
	k.Spelling = spelling.Sum
	return err
}

// ReplaceFolded puts own in the place of what is known of the folded form, and gathers anew what is known of other addresses: of those
// that own is linked with.
func (k *Knowledge) ReplaceFolded(own *consent.State, p *Places, from Source) error {
	found, err := from.Find(&p.Folded, &k.folded)
	if err != nil || found.Key == nil {
		return err
	}
	k.Folded = own
	return k.gatherLinked(&p.Folded, found.Key, from)
}

// gatherLinked gathers what is known of other addresses of the same person.
func (k *Knowledge) gatherLinked(folded *Place, own *storage.SubjectKey, from Source) error {
	return k.GatherLinked(own.Digest, func(digest [32]byte) (*consent.State, error) {
		at := Place{Keys: []storage.SubjectKey{{Form: consent.FormFolded, Digest: digest}}, Digests: folded.Digests}
		found, err := from.Find(&at, &consent.State{})
		return found.State, err
	})
}

// ParseAddress reads an address as it was typed. Error: INVALID_ADDRESS.
func ParseAddress(typed string) (address.Address, error) {
	a, err := address.Parse(typed)
	if err != nil {
		return a, InvalidAddress(err)
	}
	return a, nil
}

// InvalidAddress returns the refusal of a text that is not an address, with the reason of the parser.
func InvalidAddress(err error) *fault.Error {
	return fault.Errorf(fault.InvalidAddress, "address", "%s", err)
}
