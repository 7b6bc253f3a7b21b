package rights

import (
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables"
)

// Returned notes that the caller brought back an erased person, for the officer to follow up (GDPR Art. 19), and returns the error
// that says so.
func (w *Tx) Returned(r *txn.Validated, refused error) error {
	l := subjects.NewLocator(w.rights.Keys, 1)
	at, err := l.Place(consent.FormFolded, r.Entry.Address.Folded())
	if err != nil {
		return err
	}
	s, err := w.Subject(&at)
	if err != nil {
		return err
	}
	w.AddReturn(tables.Return{
		Subject: s.ID, Day: w.Recorded.Day(), Client: w.Caller.ID, Count: 1,
	})
	return refused
}
