package service

import (
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
)

// stated is a statement made ready outside the lock: checked under the catalog of then, with its place and key.
type stated struct {
	statement consent.Statement
	place     place
	exact     *place // of a no of the past about an address: where a consent stands that may outlive it
	entry     *consent.Entry
	version   int64            // of the catalog that the entry was checked under
	sum       [32]byte         // of the versions up to it
	erases    *places          // where everything is that an erasure reaches
	key       consent.EventKey // if it is stated when it occurred
}

// load adds what recording the statement has to see.
func (r *stated) load(l *storage.Load) {
	l.Subjects = append(l.Subjects, r.place.keys...)
	if r.exact != nil {
		l.Subjects = append(l.Subjects, r.exact.keys...)
	}
	if r.erases != nil {
		l.Subjects = append(append(l.Subjects, r.erases.exact.keys...), r.erases.mail.keys...)
	}
	if r.statement.Occurred == 0 {
		return // Its key will be of a new instant: it cannot have been recorded before.
	}
	for _, k := range r.place.keys {
		l.Events = append(l.Events, storage.EventRef{Subject: k, Key: r.key})
	}
}

// entryOf returns the entry under the lock: the one made ready, unless the catalog has changed since or the entry depends on the
// very time of recording.
func (w *work) entryOf(r *stated) (*consent.Entry, error) {
	if r.version == w.head.CatalogVersion && r.sum == w.head.CatalogsSum && r.statement.Occurred != 0 {
		entry := *r.entry
		return &entry, nil
	}
	versions, err := w.engine.Catalogs.upTo(w.ctx, &w.head)
	if err != nil {
		return nil, err
	}
	return entryUnder(versions, &r.statement, w.recorded)
}

// entryUnder checks a statement under the catalogs in force when it is recorded and when it occurred.
func entryUnder(versions []catalogVersion, st *consent.Statement, recorded consent.Instant) (*consent.Entry, error) {
	dated := *st
	if dated.Occurred == 0 {
		dated.Occurred = recorded
	}
	return dated.Entry(effective(versions, recorded).parsed, effective(versions, dated.Occurred).parsed)
}
