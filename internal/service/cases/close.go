package cases

import (
	"context"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/phrase"
	"github.com/assent-io/assent/internal/service/cases/number"
	"github.com/assent-io/assent/internal/service/cases/sealed"
	"github.com/assent-io/assent/internal/service/ruling"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
)

// Closing is what came of a case.
type Closing struct {
	Outcome casework.Outcome
	Note    string
	// Objection is the scope in which the person objects; empty: nothing is recorded.
	Objection consent.Scope
}

// CloseCase closes a case, and records what the person objects to. It returns the position of the objection; 0: none was recorded. Errors:
// INVALID_REQUEST, INVALID_SUPPRESSION for the scope, CASE_NOT_FOUND, CASE_CLOSED, CASE_HAS_NO_ADDRESS, CASE_FULL, ETAG_MISMATCH, SCOPE_MISSING.
func (s *Cases) CloseCase(ctx context.Context, c Change, closing Closing) (Case, int64, error) {
	var load storage.Load
	var where *subjects.Places
	if closing.Objection != "" {
		var err error
		if where, err = s.placesOf(ctx, c.ID, &load); err != nil {
			return Case{}, 0, err
		}
	}
	after, done, err := s.change(ctx, c, load, func(on *onCase) error {
		if err := on.needNotClosed(); err != nil {
			return err
		}
		if outcomes := casework.Outcomes(casework.Kind(on.row.Kind)); !slices.Contains(outcomes, closing.Outcome) {
			return fault.Errorf(fault.InvalidRequest, "outcome", "a case of kind %s is closed as %s", on.row.Kind, orList(outcomes))
		}
		if closing.Objection != "" {
			if err := on.object(where, closing.Objection); err != nil {
				return err
			}
		}
		on.row.State, on.row.Closed, on.row.Outcome, on.row.Resubmit = string(casework.Closed), on.Recorded, string(closing.Outcome), 0
		if err := on.add(&entry{kind: EntryClosed, text: closing.Note}); err != nil {
			return err
		}
		_, err := ruling.Append(on.Tx, s.Keys, &ruling.Ruling{Resource: resourceOf(on.row), Outcome: string(closing.Outcome)})
		return err
	})
	return after, done.Objection, err
}

func orList(outcomes []casework.Outcome) string {
	names := make([]string, len(outcomes))
	for i, o := range outcomes {
		names[i] = string(o)
	}
	return phrase.SomeOf(names)
}

// placesOf finds the places of the address of a case before the lock, and adds what a write has to load. It returns nil of a case without an
// address, and of one that is not there.
func (s *Cases) placesOf(ctx context.Context, text string, load *storage.Load) (*subjects.Places, error) {
	id, err := number.Parse(text)
	if err != nil {
		return nil, nil //nolint:nilnil,nilerr // It is refused where the case is read.
	}
	rows, err := s.storedCase(ctx, id)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	in, err := sealed.Open(s.Keys, &rows[0])
	if err != nil || in.Address == "" {
		return nil, err
	}
	a, err := address.Parse(in.Address)
	if err != nil {
		return nil, err
	}
	locator := subjects.NewLocator(s.Keys, 1)
	places, err := locator.Places(a, false)
	load.Subjects = append(load.Subjects, locator.AllKeys()...)
	return &places, err
}

// object records that the person of the case objects: as of when the case came, for then it was said.
func (on *onCase) object(where *subjects.Places, scope consent.Scope) error {
	in, err := sealed.Open(on.cases.Keys, on.row)
	if err != nil {
		return err
	}
	if where == nil || in.Address != where.Address.Exact() {
		return fault.Errorf(fault.CaseLacksAddress, "objectionScope", "the case has no address, so nothing can be recorded with it")
	}
	st := statement.Statement{
		Kind: consent.KindSuppress, Reason: consent.ReasonObjection, Scope: scope, Address: in.Address, Occurred: on.row.Received,
		Source: consent.SourceAPI, DocumentRef: "case " + number.Of(on.row.ID),
	}
	then, err := on.Catalog(st.Occurred)
	if err != nil {
		return err
	}
	made, err := st.Entry(on.cat, then)
	if err != nil {
		return err
	}
	key, err := on.cases.EventKey(st.Occurred, made, "")
	if err != nil {
		return err
	}
	p, err := on.Prepare(&txn.Validated{Statement: st, Place: where.Folded, Key: key}, made, consent.BatchID{})
	if err != nil {
		return err
	}
	all, err := on.AllEventsOf(p.Subject)
	if err != nil {
		return err
	}
	known, _, err := on.KnownTo(all[p.Subject], key, consent.BatchID{})
	if err != nil {
		return err
	}
	if p.Known != 0 || known != 0 {
		on.done.Objection = max(p.Known, known)
		return nil
	}
	recorded, err := on.RecordOnce(p)
	if err != nil {
		return err
	}
	on.done.Objection = recorded.Position
	return on.add(&entry{kind: EntryObjection, text: string(scope)})
}
