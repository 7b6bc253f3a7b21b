package check

import (
	"context"
	"errors"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/subjects"
)

// Recall calls see with what the index knows of an address, with the catalog in force and the time that it is judged at. If fresh is set, all is
// in it that was acknowledged before the call, by any server; else what others have written lately may be missing. Known is valid until see
// returns. Where the index cannot tell, Recall returns false and does not call see: then the database has to be read. Nothing is counted as
// disclosed. An error of see is returned as it is.
func (s *Checker) Recall(
	ctx context.Context, p *subjects.Places, fresh bool, see func(known *consent.Known, cat *catalog.Catalog, at consent.Instant) error,
) (told bool, err error) {
	if s.index == nil || fresh && s.waitForFence(ctx) != nil {
		return false, nil
	}
	now, head := s.Instant(), s.index.Head()
	if head == nil {
		return false, nil
	}
	stand, err := s.requestContextOf(ctx, p.Exact.Digests.Keys, head)
	if err != nil {
		return false, err
	}
	v, err := s.viewWith(ctx, p.Exact.Digests.Keys, &stand)
	if err != nil {
		return false, orStore(err)
	}
	defer v.Close()
	at := s.timeOf(now, v.Head())
	var known subjects.Knowledge
	if err := known.Gather(p, &indexSource{view: v, names: stand.names, lists: stand.lists, undone: v.Head().Undone}); err != nil {
		return false, orStore(err)
	}
	return true, see(&known.Known, reference.InForce(stand.versions, at).Parsed, at)
}

// orStore returns nil for the error that says that the database has to be read.
func orStore(err error) error {
	if errors.Is(err, errIndexUnusable) {
		return nil
	}
	return err
}
