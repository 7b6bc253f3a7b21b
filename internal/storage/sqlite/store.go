package sqlite

import (
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/column"
)

// store stores what a write decided.
func (c *conn) store(changes *storage.Changes) error {
	if err := c.storeLedger(changes); err != nil {
		return err
	}
	if err := c.storeRest(changes); err != nil {
		return err
	}
	if err := c.storeRights(changes); err != nil {
		return err
	}
	if err := c.storeTables(changes.Tables); err != nil {
		return err
	}
	if err := c.forget(changes.ForgetDisclosures); err != nil {
		return err
	}
	if err := c.drop(changes); err != nil {
		return err
	}
	if err := c.reread(changes); err != nil {
		return err
	}
	_, err := c.exec(updateHead, headValues(&changes.Head)...)
	return err
}

// storeLedger stores events and their subjects.
func (c *conn) storeLedger(changes *storage.Changes) error {
	err := eachInsert(c, insert{insertEvent, insertEvents}, changes.Records, func(args []any, r *storage.Record) []any {
		e := &r.Event
		return append(args,
			e.Position, e.Subject[:], e.Key[:], e.Kind, e.Recorded, e.Occurred, e.Actor, column.IDOrNull(e.Batch), column.NotNull(r.Header),
			column.OrNull(r.Evidence), r.LeafHash[:], column.NotNull(r.TreeHashes),
		)
	})
	if err != nil {
		return err
	}
	err = eachInsert(c, insert{replaceSubject, replaceSubjects}, changes.Subjects, func(args []any, s *storage.Subject) []any {
		return append(args,
			s.Key.Form, s.Key.Digest[:], column.IDOrNull(s.ID), s.KeyVersion, s.FoldVersion, column.OrNull(s.Address),
			column.InstantOrNull(s.Erased),
		)
	})
	if err != nil {
		return err
	}
	return eachInsert(c, insert{replaceState, replaceStates}, changes.States, func(args []any, s *storage.State) []any {
		return append(args, s.Subject[:], s.Position, column.NotNull(s.Packed))
	})
}

// storeRest stores what belongs to no subject.
func (c *conn) storeRest(changes *storage.Changes) error {
	err := each(c, insertRef, changes.Refs, func(r *storage.Ref) []any {
		return []any{r.Number, r.Kind, r.Name}
	})
	if err != nil {
		return err
	}
	err = each(c, insertCatalog, changes.Catalogs, func(v *storage.Catalog) []any {
		return []any{v.Version, v.Position, column.InstantOrNull(v.Effective), v.Recorded, v.SHA256[:], v.Document}
	})
	if err != nil {
		return err
	}
	err = each(c, replaceRequest, changes.Requests, func(r *storage.Request) []any {
		return []any{
			r.ID[:], column.NotNull(r.BodyMAC), column.NotNull(r.Answer), r.Expires, column.PositionOrNull(r.First),
			column.PositionOrNull(r.Last),
		}
	})
	if err != nil {
		return err
	}
	for i := range changes.Requests {
		r := &changes.Requests[i]
		err := each(c, replaceRequestPosition, r.Named, func(position *int64) []any { return []any{r.ID[:], *position, r.Expires} })
		if err != nil {
			return err
		}
	}
	return nil
}
