package audit

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/checkpoint"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables"
)

const (
	// verifyPage is how many rows a verification reads at once.
	verifyPage = 2_000
	// MaxFindings is how many findings are listed; all are counted.
	MaxFindings = 200
)

// KeptCheckpoint is a checkpoint that was kept apart, and what findings about it call it, such as the name of its file.
type KeptCheckpoint struct {
	Name string
	Note []byte
}

// FindingKind says what is wrong.
type FindingKind string

// The kinds of findings.
const (
	FindingAltered         FindingKind = "ALTERED"          // the event, or what is stored beside it, is not what was recorded
	FindingMissing         FindingKind = "MISSING"          // no event has the position, but a later one exists
	FindingReordered       FindingKind = "REORDERED"        // it was recorded at another position
	FindingInserted        FindingKind = "INSERTED"         // it is stored outside the ledger
	FindingTruncated       FindingKind = "TRUNCATED"        // the ledger was longer
	FindingEvidenceAltered FindingKind = "EVIDENCE_ALTERED" // the evidence is not what was recorded; deleted evidence is no finding
	FindingStateDiffers    FindingKind = "STATE_DIFFERS"    // a state is not the fold of its events
	FindingHeadDiffers     FindingKind = "HEAD_DIFFERS"     // the head is not that of the events
	FindingAnotherHistory  FindingKind = "ANOTHER_HISTORY"  // a checkpoint commits to other events
	FindingCheckpoint      FindingKind = "CHECKPOINT"       // a checkpoint does not belong to this ledger
)

// Finding is something that is wrong, at the positions From to To; zero where it is at none.
type Finding struct {
	Kind     FindingKind
	From, To int64
	Subject  consent.SubjectID // of a state
	Message  string
}

// Report is what a verification found.
type Report struct {
	Checkpoint checkpoint.Checkpoint // of the head, signed only if nothing was found
	Events     int64
	Subjects   int64
	Deleted    int64     // events without their evidence, which was deleted, as erasure and retention do
	Removed    int64     // those of them that lost their evidence to retention, as the ledger says
	Blank      int64     // events that an erasure blanked and appended anew
	Findings   []Finding // the first of them
	Found      int64     // how many there are
}

func (r *Report) add(f Finding) {
	r.Found++
	if len(r.Findings) < MaxFindings {
		r.Findings = append(r.Findings, f)
	}
}

// Verify reads one snapshot of the store and holds all of it against the ledger's tree, and the ledger against older checkpoints.
// It changes nothing. Progress is told how many events and then subjects are done. An error says that it could not be verified,
// not that something is wrong.
func Verify(
	ctx context.Context, store storage.Reader, keys *seal.Keys, checkpoints []KeptCheckpoint, progress func(done int64),
) (Report, error) {
	var report Report
	err := store.Snapshot(ctx, func(ctx context.Context, s storage.Snapshot) error {
		head := s.Head()
		if err := keys.Verify(head.StoreID, head.KeysCheck); err != nil {
			return err
		}
		v := newVerifier(&report, head, progress)
		if err := v.openCheckpoints(ctx, s, keys, checkpoints); err != nil {
			return err
		}
		if err := v.verifyEvents(ctx, s); err != nil {
			return err
		}
		if err := v.compareUndos(ctx, s); err != nil {
			return err
		}
		if err := v.verifyCatalogs(ctx, s); err != nil {
			return err
		}
		if err := v.verifyLists(ctx, s); err != nil {
			return err
		}
		return v.verifyStates(ctx, s)
	})
	if err != nil {
		return report, env.StoreFault(err)
	}
	if report.Found == 0 {
		report.Checkpoint, err = checkpoint.Signed(keys, report.Checkpoint)
	}
	return report, err
}

// verifier walks a snapshot.
type verifier struct {
	report   *Report
	head     storage.Head
	progress func(done int64)
	done     int64

	next     int64           // the position that comes next
	recorded consent.Instant // of the last event
	tree     knownTree
	undos    consent.Undos
	versions map[int64]consent.Event // the events of the catalog, by version

	activations map[int64][]byte // the headers of the events of external lists, by position
	blanks      positionSet      // those for which no event stood yet
	deleted     positionSet      // those without their evidence, which was deleted
	blank       int64

	erasedAny bool              // an erasure was recorded up to here
	older     []olderCheckpoint // those to come to, by size
}

func newVerifier(report *Report, head storage.Head, progress func(int64)) *verifier {
	return &verifier{report: report, head: head, progress: progress, next: 1, versions: map[int64]consent.Event{}, activations: map[int64][]byte{}}
}

func (v *verifier) noteProgress(n int) {
	v.done += int64(n)
	v.progress(v.done)
}

// openCheckpoints reads the older checkpoints, those given and those that witnesses cosigned and the store has, signed by any key of
// the file.
func (v *verifier) openCheckpoints(ctx context.Context, s storage.Snapshot, keys *seal.Keys, checkpoints []KeptCheckpoint) error {
	origin := ledger.Origin(v.head.StoreID)
	verifiers, err := keys.VerifierKeys(origin)
	if err != nil {
		return err
	}
	for i := range checkpoints {
		v.openCheckpoint(checkpoints[i].Note, origin, verifiers, "the checkpoint "+checkpoints[i].Name)
	}
	for after := int64(math.MinInt64); ; {
		page, err := tables.Cosigned(ctx, s, after, verifyPage)
		if err != nil {
			return err
		}
		if len(page) == 0 {
			break
		}
		for _, stored := range page {
			v.openCosigned(stored, origin, verifiers)
			after = stored.Size
		}
	}
	slices.SortFunc(v.older, func(a, b olderCheckpoint) int { return cmp.Compare(a.Size, b.Size) })
	v.compareOlder()
	return nil
}

func (v *verifier) openCosigned(stored tables.CosignedCheckpoint, origin string, verifiers []string) {
	what := fmt.Sprintf("the stored cosigned checkpoint of size %d", stored.Size)
	if c, err := ledger.ParseNote([]byte(stored.Note)); err == nil && c.Size != stored.Size {
		v.report.add(Finding{Kind: FindingCheckpoint, Message: what + " has another size"})
		return
	}
	v.openCheckpoint([]byte(stored.Note), origin, verifiers, what)
}

func (v *verifier) openCheckpoint(text []byte, origin string, verifiers []string, what string) {
	c, err := ledger.OpenCheckpoint(text, origin, verifiers...)
	switch {
	case err != nil:
		v.report.add(Finding{Kind: FindingCheckpoint, Message: what + " does not belong to this ledger, or was altered"})
	case c.Size > v.head.Position:
		v.report.add(Finding{
			Kind: FindingTruncated, From: v.head.Position + 1, To: c.Size,
			Message: what + " commits to events that the ledger does not have",
		})
	default:
		v.older = append(v.older, olderCheckpoint{c, what})
	}
}

// olderCheckpoint is a checkpoint that the ledger is held against, and how to call it.
type olderCheckpoint struct {
	ledger.Checkpoint

	what string
}

// compareOlder holds the older checkpoints of the size that was come to, which are the first of those left, against the root.
func (v *verifier) compareOlder() {
	size := v.next - 1
	for ; len(v.older) > 0 && v.older[0].Size <= size; v.older = v.older[1:] {
		if root, known := v.tree.root(); known && root != v.older[0].Root {
			v.report.add(Finding{
				Kind: FindingAnotherHistory, From: min(1, size), To: size,
				Message: v.older[0].what + " commits to other events up to here: they were changed together with all hashes",
			})
		}
	}
}

// verifyEvents walks the rows of the ledger.
func (v *verifier) verifyEvents(ctx context.Context, s storage.Snapshot) error {
	after := int64(math.MinInt64)
	err := stream(ctx, func(ctx context.Context) ([]storage.Row, error) {
		rows, err := s.Rows(ctx, after, verifyPage)
		if len(rows) > 0 {
			after = rows[len(rows)-1].Position
		}
		return rows, err
	}, func(rows []storage.Row) error {
		for i, seen := range inspectAll(rows) {
			v.verifyEvent(&rows[i], &seen)
		}
		v.noteProgress(len(rows))
		return nil
	})
	if err != nil {
		return err
	}
	v.compareBlanks()
	v.compareHead()
	return nil
}

// stream reads pages in one goroutine, until one is empty, and uses them in another, so that the database and the processor work
// at the same time.
func stream[Row any](ctx context.Context, read func(context.Context) ([]Row, error), use func([]Row) error) error {
	group, ctx := errgroup.WithContext(ctx)
	pages := make(chan []Row, 1)
	group.Go(func() error {
		defer close(pages)
		for {
			page, err := read(ctx)
			if err != nil || len(page) == 0 {
				return err
			}
			select {
			case pages <- page:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
		}
	})
	group.Go(func() error {
		for page := range pages {
			if err := use(page); err != nil {
				return err
			}
		}
		return nil
	})
	return group.Wait()
}
