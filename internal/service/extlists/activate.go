package extlists

import (
	"context"
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/extlist"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables"
)

// Activate is a version of a list to bring into force.
type Activate struct {
	List    string
	Version int64 // 0: the last
	Confirm bool  // a person has seen that it lists far fewer than the version before, or others
	txn.Idempotency
}

// Activated is a version that is in force.
type Activated struct {
	Version   Version
	Position  int64 // of the event by which it came into force
	Unchanged bool  // it was in force before
}

// ActivateVersion brings a version of a list into force: every check that begins after it returned consults that version. One that is in force
// already stays so, and nothing is recorded. Errors: EXTERNAL_LIST_NOT_FOUND, EXTERNAL_LIST_SHRINKS, SCOPE_MISSING, OTHER_DEPARTMENT,
// REQUEST_ID_REUSED.
func (s *ExternalLists) ActivateVersion(ctx context.Context, in Activate) (Activated, error) {
	who := access.CallerOf(ctx)
	if err := mayWrite(&who); err != nil {
		return Activated{}, err
	}
	l, err := s.list(ctx, in.List)
	if err != nil {
		return Activated{}, err
	}
	done, err := s.bringIntoForce(ctx, &in, &l, &who)
	s.note(&l, StepActivate, err)
	return done, err
}

func (s *ExternalLists) bringIntoForce(ctx context.Context, in *Activate, l *List, who *access.Caller) (Activated, error) {
	row, err := l.version(in.Version)
	if err != nil {
		return Activated{}, err
	}
	if err := s.compare(ctx, l, row, in.Confirm, who); err != nil {
		return Activated{}, err
	}
	if err := s.load(ctx, l, row); err != nil {
		return Activated{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return txn.Idempotent(ctx, s.engine, &txn.Write{}, in.Idempotency, nil, func(w *txn.Tx) (Activated, bool, error) {
		return s.activate(w, l, row)
	})
}

// version returns the version with the number; of 0 the last.
func (l *List) version(number int64) (*tables.ExternalListVersion, error) {
	i := slices.IndexFunc(l.Versions, func(v Version) bool { return number == 0 || v.Version == number })
	if i < 0 {
		return nil, fault.Errorf(fault.ListMissing, "version", "the list %s has no version %d; upload it first", l.ID, number)
	}
	return &l.Versions[i].ExternalListVersion, nil
}

// fewEntries is how many entries of a list whose keeper is asked address by address say nothing by their number.
const fewEntries = 10

// compare holds the version against the one in force. One that lists far fewer addresses, or none of those, needs an officer who confirms it: it
// may be another file, and it would let through whom the list protects.
func (s *ExternalLists) compare(ctx context.Context, l *List, row *tables.ExternalListVersion, confirm bool, who *access.Caller) error {
	if l.Active == 0 || l.Active == row.Version {
		return nil
	}
	old, err := l.version(l.Active)
	if err != nil {
		return err
	}
	few := l.Form.HasAsked() && old.Entries < fewEntries
	if old.Entries == 0 || few || old.SHA256 == row.SHA256 {
		return nil
	}
	shared, err := extlist.Shared(l.Form, reference.ReadStoredList(ctx, s.Store, old.SHA256), reference.ReadStoredList(ctx, s.Store, row.SHA256))
	if err != nil || shared*5 >= old.Entries*4 {
		return err
	}
	if confirm {
		return who.NeedOfficer()
	}
	return fault.Errorf(fault.ListShrinks, "version", "version %d has %d entries, of which %d are in version %d, which is in force and has %d; "+
		"if that is right an officer confirms it", row.Version, row.Entries, shared, old.Version, old.Entries)
}

// load reads the version into memory, so that checks do not have to wait for it.
func (s *ExternalLists) load(ctx context.Context, l *List, row *tables.ExternalListVersion) error {
	_, err := s.reference.Lists.Version(ctx, &consent.Event{Facts: consent.Facts{
		List: l.ID, ListVersion: row.Version, ListForm: string(l.Form), Document256: row.SHA256,
	}})
	return err
}

// activate records that a version comes into force, unless it is.
func (s *ExternalLists) activate(w *txn.Tx, l *List, row *tables.ExternalListVersion) (Activated, bool, error) {
	done := Activated{Version: Version{ExternalListVersion: *row, Stale: row.Obtained.Plus(l.Freshness)}}
	if err := mayWrite(&w.Caller); err != nil {
		return done, false, err
	}
	_, activations, err := w.ListVersions(l.ID)
	if err != nil {
		return done, false, err
	}
	if n := len(activations); n > 0 && activations[n-1].Version == row.Version {
		event, err := codec.DecodeHeader(activations[n-1].Header)
		done.Position, done.Unchanged = event.Position, true
		done.Version.Position, done.Version.Activated = event.Position, event.Occurred
		return done, err == nil, err
	}
	if n := len(activations); (n == 0) != (l.Active == 0) || n > 0 && activations[n-1].Version != l.Active {
		return done, false, fault.Errorf(fault.EtagMismatch, "version", "another version of the list came into force meanwhile; look at it, and try again")
	}
	facts := consent.Facts{
		Kind: consent.KindList, List: l.ID, Binds: l.Binds, Document256: row.SHA256, ListVersion: row.Version, ListForm: string(l.Form),
		Obtained: row.Obtained, Freshness: l.Freshness, StaleDenies: l.StaleDenies,
	}
	event := consent.Event{Occurred: w.Recorded, Facts: facts}
	if event.Key, err = s.Keys.EventKey(codec.EventKeyInput(w.Recorded, &facts, "", &consent.Evidence{})); err != nil {
		return done, false, err
	}
	done.Position = w.PutActivation(&event)
	done.Version.Position, done.Version.Activated = done.Position, event.Occurred
	return done, true, nil
}
