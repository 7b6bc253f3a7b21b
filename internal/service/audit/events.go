package audit

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/service/checkpoint"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

// inspectedEvent is what a row says by itself.
type inspectedEvent struct {
	event    consent.Event // zero if the header cannot be read
	readable bool
	leaf     [ledger.HashSize]byte // of the header
	problems []string              // why the row is not what was recorded
	evidence string                // why the evidence is not
	deleted  bool                  // the evidence
	blank    bool                  // another event stands for it since an erasure
}

// inspectAll inspects rows side by side.
func inspectAll(rows []storage.Row) []inspectedEvent {
	all := make([]inspectedEvent, len(rows))
	share := len(rows)/runtime.GOMAXPROCS(0) + 1
	var wg sync.WaitGroup
	for from := 0; from < len(rows); from += share {
		wg.Go(func() {
			for i := from; i < min(from+share, len(rows)); i++ {
				all[i] = inspect(&rows[i])
			}
		})
	}
	wg.Wait()
	return all
}

func inspect(r *storage.Row) inspectedEvent {
	seen := inspectedEvent{leaf: ledger.LeafHash(r.Header)}
	if len(r.Header) == 0 && len(r.LeafHash) == len(seen.leaf) {
		seen.blank, seen.leaf = true, [ledger.HashSize]byte(r.LeafHash)
		seen.problems = blankProblems(r)
		return seen
	}
	var err error
	if seen.event, err = codec.DecodeHeader(r.Header); err != nil {
		seen.problems = append(seen.problems, "the header is not that of an event")
	} else {
		seen.readable = true
		seen.problems = columnProblems(r, &seen.event)
		seen.evidence, seen.deleted = evidenceOf(r, &seen.event)
	}
	if !bytes.Equal(seen.leaf[:], r.LeafHash) {
		seen.problems = append(seen.problems, "the header does not fit the hash stored with it")
	}
	return seen
}

// blankProblems finds what a blank still says.
func blankProblems(r *storage.Row) []string {
	isZero := func(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }
	if isZero(r.Subject) && isZero(r.Key) && r.Kind == 0 && r.Occurred == 0 && r.Actor == "" && r.Batch == nil && r.Evidence == nil {
		return nil
	}
	return []string{"the header is missing, and the columns are not those of a blank event"}
}

// columnProblems compares the columns that index the header with it, but for the position.
func columnProblems(r *storage.Row, e *consent.Event) []string {
	var differ []string
	batch := r.Batch
	if batch == nil {
		batch = make([]byte, len(e.Batch))
	}
	for _, c := range []struct {
		name string
		same bool
	}{
		{"subject", bytes.Equal(r.Subject, e.Subject[:])},
		{"event_key", bytes.Equal(r.Key, e.Key[:])},
		{"kind", r.Kind == int64(e.Kind)},
		{"recorded_time", r.Recorded == int64(e.Recorded)},
		{"occurred_time", r.Occurred == int64(e.Occurred)},
		{"actor", r.Actor == e.Actor},
		{"batch", bytes.Equal(batch, e.Batch[:])},
	} {
		if !c.same {
			differ = append(differ, c.name)
		}
	}
	if differ == nil {
		return nil
	}
	return []string{"the header differs from the columns in " + strings.Join(differ, ", ")}
}

func evidenceOf(r *storage.Row, e *consent.Event) (problem string, deleted bool) {
	switch {
	case e.Evidence == [32]byte{} && len(r.Evidence) == 0:
		return "", false
	case e.Evidence == [32]byte{}:
		return "evidence is stored with an event that had none", false
	case len(r.Evidence) == 0:
		return "", true
	case sha256.Sum256(r.Evidence) != e.Evidence:
		return "the evidence is not what was recorded with the event", false
	default:
		return "", false
	}
}

// verifyEvent takes the row that comes next.
func (v *verifier) verifyEvent(r *storage.Row, seen *inspectedEvent) {
	if r.Position < 1 || r.Position > v.head.Position {
		v.report.add(Finding{
			Kind: FindingInserted, From: r.Position, To: r.Position,
			Message: "an event is stored at a position that the ledger does not have",
		})
		return
	}
	v.report.Events++
	if r.Position > v.next {
		v.report.add(Finding{Kind: FindingMissing, From: v.next, To: r.Position - 1, Message: "no event is stored at this position"})
	}
	for v.next < r.Position {
		v.tree.appendUnknown()
		v.next++
		v.compareOlder()
	}
	problems := seen.problems
	leaf := seen.leaf
	if len(r.LeafHash) == len(leaf) {
		// A header that differs from its hash is reported below; the stored hash shows whether anything else is wrong.
		leaf = [ledger.HashSize]byte(r.LeafHash)
	}
	from, moved := r.Position, seen.readable && seen.event.Position != r.Position
	switch {
	case moved:
		v.report.add(Finding{
			Kind: FindingReordered, From: r.Position, To: r.Position,
			Message: "the event stored at this position was recorded at another one",
		})
		problems = nil
	case seen.readable && seen.event.Recorded < v.recorded, seen.blank && consent.Instant(r.Recorded) < v.recorded:
		v.report.add(Finding{
			Kind: FindingReordered, From: r.Position, To: r.Position,
			Message: "the event was recorded before the event at the previous position",
		})
	}
	if moved {
		v.tree.appendUnknown()
	} else if first, ok := v.tree.append(leaf, r.TreeHashes); !ok {
		from, problems = first, append(problems, "the events do not fit the hashes of the tree stored with the last of them")
	}
	if len(problems) > 0 {
		v.report.add(Finding{Kind: FindingAltered, From: from, To: r.Position, Message: strings.Join(problems, "; ")})
	}
	v.verifyBeside(r, seen, moved)
	v.next++
	v.compareOlder()
}

// verifyBeside looks at what hangs on an event of the ledger: its evidence, and the catalog.
func (v *verifier) verifyBeside(r *storage.Row, seen *inspectedEvent, moved bool) {
	if seen.evidence != "" {
		v.report.add(Finding{Kind: FindingEvidenceAltered, From: r.Position, To: r.Position, Message: seen.evidence})
	}
	if seen.deleted {
		v.report.Deleted++
		v.deleted.add(r.Position)
	}
	if seen.blank {
		v.blanks.add(r.Position)
		v.blank++
		v.recorded = max(v.recorded, consent.Instant(r.Recorded))
		return
	}
	v.verifyReplacements(r, seen)
	if !seen.readable || moved {
		return
	}
	v.recorded = max(v.recorded, seen.event.Recorded)
	switch seen.event.Kind {
	case consent.KindCatalog:
		v.versions[seen.event.CatalogVersion] = seen.event
	case consent.KindList:
		v.activations[r.Position] = r.Header
	case consent.KindRemoval:
		v.verifyRemoval(&seen.event)
	case consent.KindUndo:
		v.verifyUndo(&seen.event)
	case consent.KindErase:
		v.erasedAny = true
	default:
	}
}

// verifyRemoval counts the evidence that retention removed, apart from that of erasures. An event that was blanked
// since then is not counted.
func (v *verifier) verifyRemoval(e *consent.Event) {
	for _, position := range e.Positions {
		if position >= e.Position {
			v.report.add(Finding{
				Kind: FindingAltered, From: e.Position, To: e.Position, Message: "the removal names an event with a later position than its own",
			})
			return
		}
		if v.deleted.has(position) {
			v.report.Removed++
			v.deleted.remove(position)
		}
	}
}

// verifyUndo notes from where the voids of an undo are in effect.
func (v *verifier) verifyUndo(e *consent.Event) {
	v.undos = append(v.undos, e.Position)
	if n := int64(len(v.undos)); e.Undo != n {
		v.report.add(Finding{
			Kind: FindingAltered, From: e.Position, To: e.Position, Message: fmt.Sprintf("the undo has the number %d, and is the undo no. %d of the ledger", e.Undo, n),
		})
	}
}

// compareUndos holds the head, and what is stored of the undos, against those of the ledger.
func (v *verifier) compareUndos(ctx context.Context, s storage.Snapshot) error {
	if n := int64(len(v.undos)); n != v.head.Undone {
		v.addHeadFinding(fmt.Sprintf("the head names %d undos, and the ledger has %d", v.head.Undone, n))
	}
	stored, err := tables.CompleteUndos(ctx, s)
	if err == nil && !slices.Equal(stored, v.undos) {
		v.addHeadFinding("the positions of the undos that are stored differ from those of the ledger")
	}
	return err
}

// verifyReplacements removes the blank events that an event replaces from those without a replacement.
func (v *verifier) verifyReplacements(r *storage.Row, seen *inspectedEvent) {
	if len(seen.event.Was) > 0 && (!v.erasedAny || !seen.event.Kind.MayStandFor()) {
		v.report.add(Finding{
			Kind: FindingInserted, From: r.Position, To: r.Position,
			Message: "the event replaces a blank event, and was not made by an erasure",
		})
	}
	for _, was := range seen.event.Was {
		if !v.blanks.has(was) {
			v.report.add(Finding{
				Kind: FindingInserted, From: r.Position, To: r.Position,
				Message: "the event replaces another one that is not blank, or that a third event replaces, too",
			})
		}
		v.blanks.remove(was)
	}
}

// compareBlanks finds what was blanked without an erasure.
func (v *verifier) compareBlanks() {
	for position := range v.blanks.all() {
		v.report.add(Finding{
			Kind: FindingAltered, From: position, To: position, Message: "the event is blank, and no later event replaces it",
		})
	}
	v.report.Blank = v.blank
}

// compareHead holds the head against the events that were walked.
func (v *verifier) compareHead() {
	if v.next <= v.head.Position {
		v.report.add(Finding{Kind: FindingTruncated, From: v.next, To: v.head.Position, Message: "the last events of the ledger are missing"})
	}
	v.report.Checkpoint = checkpoint.Checkpoint{Checkpoint: ledger.Checkpoint{Origin: ledger.Origin(v.head.StoreID), Size: v.head.Position}}
	tree, err := ledger.ParseTree(v.head.Position, v.head.Tree)
	if err != nil {
		v.addHeadFinding("the tree of the head does not have the size of the head")
		return
	}
	v.report.Checkpoint.Root = tree.Root()
	if root, known := v.tree.root(); v.next > v.head.Position && known && root != tree.Root() {
		v.addHeadFinding("the root of the head differs from the root of the events")
	}
	if v.recorded > v.head.Recorded {
		v.addHeadFinding("the head was recorded before the last event")
	}
}

func (v *verifier) addHeadFinding(message string) {
	v.report.add(Finding{Kind: FindingHeadDiffers, From: v.head.Position, To: v.head.Position, Message: message})
}
