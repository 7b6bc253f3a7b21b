package txn

import (
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/storage"
)

// Validated is a statement made ready outside the lock: checked under the catalog of then, with its place and key.
type Validated struct {
	Statement statement.Statement
	Place     subjects.Place
	Exact     *subjects.Place // of a no of the past about an address: where a consent stands that may outlive it
	Entry     *statement.Entry
	Version   int64            // of the catalog that the entry was checked under
	Sum       [32]byte         // of the versions up to it
	Erases    *subjects.Places // where everything is that an erasure reaches
	Key       consent.EventKey // if it is stated when it occurred
}

// AddTo adds what recording the statement has to see.
func (r *Validated) AddTo(l *storage.Load) {
	l.Subjects = append(l.Subjects, r.Place.Keys...)
	if r.Exact != nil {
		l.Subjects = append(l.Subjects, r.Exact.Keys...)
	}
	if r.Erases != nil {
		l.Subjects = append(append(l.Subjects, r.Erases.Exact.Keys...), r.Erases.Mail.Keys...)
	}
	if r.Statement.Occurred == 0 {
		return // Its key will be of a new instant: it cannot have been recorded before.
	}
	for _, k := range r.Place.Keys {
		l.Events = append(l.Events, storage.EventRef{Subject: k, Key: r.Key})
	}
}

// EntryOf returns the entry under the lock: the one made ready, unless the catalog has changed since or the entry depends on the
// very time of recording.
func (w *Tx) EntryOf(r *Validated) (*statement.Entry, error) {
	if r.Version == w.Head.CatalogVersion && r.Sum == w.Head.CatalogsSum && r.Statement.Occurred != 0 {
		entry := *r.Entry
		return &entry, nil
	}
	versions, err := w.CatalogVersions()
	if err != nil {
		return nil, err
	}
	return ValidateUnder(versions, &r.Statement, w.Recorded)
}

// ValidateUnder checks a statement under the catalogs in force when it is recorded and when it occurred.
func ValidateUnder(versions []reference.CatalogVersion, st *statement.Statement, recorded consent.Instant) (*statement.Entry, error) {
	dated := *st
	if dated.Occurred == 0 {
		dated.Occurred = recorded
	}
	return dated.Entry(reference.InForce(versions, recorded).Parsed, reference.InForce(versions, dated.Occurred).Parsed)
}
