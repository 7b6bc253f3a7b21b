package rights

import (
	"fmt"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/kept"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
)

// person is the person that an erasure is about: the keys of its rows, and the digests of its spelling in folded
// subjects. It is found by an address, or by a kept erasure, which has no address any more.
type person struct {
	exact, folded, mail subjects.Place
	spellings           []consent.Spelling // one for each version of the digest key
	sharesMailbox       bool               // other spellings of the address are of the same person
	address             address.Address    // zero: it is not known, only an erasure that was kept
	mailbox             address.Address    // the folded form, where only that is known; else zero
	lists               *txn.ListHashes    // nil: they are not known, or are sealed
	sealedLists         []byte             // of an erasure that was kept; none: an older program kept it
	lacking             bool               // the database may lack some of its events: it was restored from a backup
}

// personAt returns the person that has the address.
func (s *Rights) personAt(at *subjects.Places) (*person, error) {
	who := &person{exact: at.Exact, folded: at.Folded, mail: at.Mail, sharesMailbox: at.Address.SharesMailbox()}
	for _, version := range at.Exact.Digests.Versions {
		spelling, err := at.Exact.Digests.Spelling(version, at.Address.Exact())
		if err != nil {
			return nil, err
		}
		who.spellings = append(who.spellings, spelling)
	}
	return who, s.know(who, at.Address)
}

// know adds the address to what is known of a person.
func (s *Rights) know(who *person, a address.Address) (err error) {
	who.address, who.lists = a, &txn.ListHashes{FoldVersion: address.FoldVersion}
	if who.lists.Exact, err = s.Keys.ListHash(consent.FormExact, a.Exact()); err != nil {
		return err
	}
	who.lists.Folded, err = s.Keys.ListHash(consent.FormFolded, a.Folded())
	return err
}

// personOf returns the person of a kept erasure.
func (s *Rights) personOf(e *kept.Erasure) (*person, error) {
	who := &person{spellings: e.Spellings, lacking: true}
	digests := s.Keys.Snapshot()
	forms := map[consent.Form]*subjects.Place{
		consent.FormExact: &who.exact, consent.FormFolded: &who.folded, consent.FormMail: &who.mail,
	}
	for _, subject := range e.Subjects {
		at, ok := forms[subject.Form]
		if !ok {
			return nil, fmt.Errorf("an erasure that was kept names a form %d", subject.Form)
		}
		if at.Digests == nil {
			at.Digests = &subjects.DigestKeys{Keys: digests}
		}
		at.Keys = append(at.Keys, storage.SubjectKey{Form: subject.Form, Digest: subject.Digest})
		at.Digests.Versions = append(at.Digests.Versions, subject.KeyVersion)
	}
	for form, at := range forms {
		if len(at.Keys) == 0 {
			return nil, fmt.Errorf("an erasure that was kept lacks the form %d", form)
		}
	}
	who.sealedLists = e.Lists
	return who, nil
}

// openLists opens the list hashes of a kept erasure, where the address is not known of which they could be made.
func (s *Rights) openLists(who *person) error {
	if who.lists != nil || len(who.sealedLists) == 0 {
		return nil
	}
	plain, err := s.Keys.Open(seal.PurposeListHash, who.exact.Keys[0].Digest[:], who.sealedLists)
	if err != nil {
		return err
	}
	var lists txn.ListHashes
	if lists.FoldVersion, err = txn.UnpackHashes(plain, &lists.Exact, &lists.Folded); err == nil {
		who.lists = &lists
	}
	return err
}

// spelling returns how folded subjects with the version of the digest key name the person's spelling.
func (p *person) spelling(version uint32) (consent.Spelling, error) {
	for _, s := range p.spellings {
		if s.Key == version {
			return s, nil
		}
	}
	return consent.Spelling{}, fmt.Errorf("an erasure lacks the spelling under digest key %d", version)
}

// isOwn reports whether an exact address is the person's.
func (p *person) isOwn(keys *seal.Keys, exact string) (bool, error) {
	spelling, err := keys.Spelling(p.spellings[0].Key, exact)
	return spelling == p.spellings[0], err
}

// keptErasure returns what is kept of an erasure of the person, whose address is known.
func (s *Rights) keptErasure(p *person) (kept.Erasure, error) {
	e := kept.Erasure{Spellings: p.spellings}
	for _, at := range []*subjects.Place{&p.exact, &p.folded, &p.mail} {
		for i, version := range at.Digests.Versions {
			e.Subjects = append(e.Subjects, kept.Subject{Form: at.Keys[i].Form, KeyVersion: version, Digest: at.Keys[i].Digest})
		}
	}
	var err error
	e.Lists, err = s.Keys.Seal(seal.PurposeListHash, e.Subjects[0].Digest[:], txn.PackHashes(p.lists.FoldVersion, p.lists.Exact, p.lists.Folded))
	return e, err
}

// ErasureOf returns what is kept of an erasure of the person at the places, without its times.
func (s *Rights) ErasureOf(at *subjects.Places) (kept.Erasure, error) {
	who, err := s.personAt(at)
	if err != nil {
		return kept.Erasure{}, err
	}
	return s.keptErasure(who)
}
