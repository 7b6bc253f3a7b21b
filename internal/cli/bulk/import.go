package bulk

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/listfile"
	"github.com/assent-io/assent/internal/phrase"
	"github.com/assent-io/assent/internal/pipeline"
	"github.com/assent-io/assent/internal/table"
	"github.com/assent-io/assent/internal/textfile"
)

const (
	// maxChunk is how many rows are recorded in one call: no more, so that a
	// refusal never waits long behind an import.
	maxChunk = 1000
	// chunksInFlight is how many calls the server works on at once.
	chunksInFlight = 4
	// erasedBefore is what the server answers for a grant from before the
	// erasure of its address: rightly left out, and nothing to mend. Such rows
	// are only counted. In a file of rejected rows what was erased would live on
	// in one place more, and an editor of that file might change them until they are accepted.
	erasedBefore = "ERASED_BEFORE"
)

// Imported is what became of the rows.
type Imported struct {
	// Complete is set when the import did not end with an error.
	Complete     bool  `json:"complete"`
	Rows         int64 `json:"rows"`
	Recorded     int64 `json:"recorded"`
	Duplicates   int64 `json:"duplicates"`
	Rejected     int64 `json:"rejected"`
	ErasedBefore int64 `json:"erasedBefore"`
	// Erasures is how many of those recorded are erasures.
	Erasures int64 `json:"erasures"`
	importWarnings
	DryRun       bool   `json:"dryRun"`
	BatchID      string `json:"batchId"`
	RejectedFile string `json:"rejectedFile,omitempty"`
}

// Print writes the summary to standard output, and what it warns of to standard error.
func (s *Imported) Print(t *terminal.Terminal) error {
	s.note(t)
	if t.JSON() {
		return t.PrintJSON(s)
	}
	if s.RejectedFile != "" {
		t.Notef("See %s for the rejected rows and the reasons.", s.RejectedFile)
	}
	if !s.Complete {
		if s.Recorded > 0 && !s.DryRun {
			t.Notef("%s recorded before it ended; run the import again to go on.", phrase.Count(s.Recorded, "row"))
		}
		return nil
	}
	verb := "recorded"
	if s.DryRun {
		verb = "would be recorded"
	}
	text := fmt.Sprintf("%s: %d %s, %s, %d rejected",
		phrase.Count(s.Rows, "row"), s.Recorded, verb, phrase.Count(s.Duplicates, "duplicate"), s.Rejected)
	if s.ErasedBefore > 0 {
		text += fmt.Sprintf(", %d from before an erasure left out", s.ErasedBefore)
	}
	if err := t.Print(text + "\n"); err != nil {
		return err
	}
	if s.Erasures > 0 && !s.DryRun {
		t.Notef("%s recorded, to be carried out by the next retention run: the daily one of the server, or `assent retention run`.",
			phrase.Count(s.Erasures, "erasure"))
	}
	return nil
}

// Source says what is imported and how.
type Source struct {
	// Path is a file, or standard input for -.
	Path string
	// Encoding is that of the file; empty: it is found out.
	Encoding textfile.Encoding
	// Rejected is where rows that were not recorded are written; empty: they are told.
	Rejected string
	DryRun   bool
}

// ImportFile imports a file.
func ImportFile(ctx context.Context, t *terminal.Terminal, s *connect.Server, from Source) (_ Imported, err error) {
	batch, err := listfile.ID(from.Path)
	if err != nil {
		return Imported{}, err
	}
	in, err := t.Open(from.Path)
	if err != nil {
		return Imported{}, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	return importRows(ctx, t, s, in, &importer{
		rejected: t.NewRejected(from.Rejected), encoding: from.Encoding, dryRun: from.DryRun, batch: batch,
	})
}

// ImportText imports what was opened; rows that are rejected go to standard error.
func ImportText(ctx context.Context, t *terminal.Terminal, s *connect.Server, in *listfile.Input) (Imported, error) {
	return importRows(ctx, t, s, in, &importer{rejected: t.NewRejected("")})
}

func importRows(ctx context.Context, t *terminal.Terminal, s *connect.Server, in *listfile.Input, i *importer) (Imported, error) {
	i.summary.DryRun, i.summary.BatchID = i.dryRun, i.batch
	rows, err := listfile.NewEventRows(in.Text, i.encoding)
	if err != nil {
		return i.summary, fmt.Errorf("%s: %w", in.Name, err)
	}
	t.NoteEncoding(in.Name, rows.Detected())
	defer func() { t.WarnOdd(&i.odd) }()
	i.server, i.in, i.rows, i.bar = s, in, rows, t.NewProgress("importing", in.Size)
	err = i.run(ctx)
	if i.summary.Rejected > 0 {
		i.summary.RejectedFile = i.rejected.Path()
	}
	if err == nil && i.summary.Rejected == 0 {
		err = i.rejected.RemoveStale()
	}
	return i.summary, errors.Join(err, i.rejected.Publish())
}

// chunk is some rows that are recorded in one call, and those between them
// that could not even be sent.
type chunk struct {
	events  []*assentv1.EventInput
	lines   []int
	size    int
	broken  []*table.RowError
	results []*assentv1.RecordResult
	// removed is how many cells of evidence could not be read and were left out.
	removed int64
	// read is how far the input was read.
	read int64
}

func (c *chunk) full() bool {
	return len(c.events)+len(c.broken) >= maxChunk || c.size >= maxMessageBytes
}

// importer is the import of one file.
type importer struct {
	server   *connect.Server
	in       *listfile.Input
	rows     listfile.EventRows
	rejected *listfile.Rejected
	encoding textfile.Encoding
	dryRun   bool
	batch    string
	summary  Imported
	bar      *terminal.Progress
	// unreadable is why the rest of the input could not be read.
	unreadable error
	odd        listfile.OddAddresses
}

func (i *importer) run(ctx context.Context) error {
	defer i.bar.End()
	return errors.Join(pipeline.Run(ctx, chunksInFlight, i.produce, i.record, i.consume), i.unreadable)
}

func (i *importer) produce(yield func(*chunk) error) error {
	for more := true; more; {
		var c *chunk
		c, more = i.chunk()
		if len(c.events)+len(c.broken) == 0 {
			continue
		}
		if err := yield(c); err != nil {
			return err
		}
	}
	return nil
}

// chunk reads rows until one chunk is full, and says whether there may be more.
// If the input cannot be read further, it says so by unreadable: an error of
// produce would stop the rows that are on their way.
func (i *importer) chunk() (c *chunk, more bool) {
	c = &chunk{}
	for !c.full() {
		row, line, err := i.rows.Next()
		if bad, ok := errors.AsType[*table.RowError](err); ok {
			c.broken = append(c.broken, bad)
			continue
		}
		if errors.Is(err, io.EOF) {
			return c, false
		}
		if err != nil {
			i.unreadable = fmt.Errorf("%s: %w", i.in.Name, err)
			return c, false
		}
		row, removed := row.WithReadableEvidence()
		read, err := row.Event()
		if err != nil {
			c.broken = append(c.broken, &table.RowError{Line: line, Text: err.Error()})
			continue
		}
		event := eventInput(&read)
		c.removed += removed
		i.odd.Look(row[listfile.ColAddress], line)
		c.events = append(c.events, event)
		c.lines = append(c.lines, line)
		c.size += proto.Size(event)
	}
	c.read = i.in.BytesRead()
	return c, true
}

func (i *importer) record(ctx context.Context, c *chunk) error {
	if len(c.events) == 0 {
		return nil
	}
	answer, err := connect.CallAgain(ctx, i.server, assentv1.NewConsentServiceClient(i.server).BatchRecordEvents,
		&assentv1.BatchRecordEventsRequest{
			// A new id for each run: an old one would be answered with what
			// happened then, although the catalog may have changed since.
			Events: c.events, ValidateOnly: i.dryRun, BatchId: i.batch, RequestId: uuid.NewString(),
		})
	if err != nil {
		return fmt.Errorf("%s: %w", table.LineRange(c.lines[0], c.lines[len(c.lines)-1]), err)
	}
	if len(answer.GetResults()) != len(c.events) {
		return errors.New("the server's answer does not fit the batch")
	}
	c.results = answer.GetResults()
	return nil
}

func (i *importer) consume(c *chunk) error {
	i.summary.count("EVIDENCE_REMOVED", c.removed)
	var rejections []listfile.Rejection
	for _, bad := range c.broken {
		rejections = append(rejections, listfile.Rejection{Line: bad.Line, Reason: "INVALID_ROW", Message: bad.Reach()})
	}
	for n, result := range c.results {
		i.summary.add(result)
		switch failed := result.GetError(); {
		case failed.GetReason() == erasedBefore:
			i.summary.ErasedBefore++
		case failed != nil:
			rejections = append(rejections, listfile.Rejection{
				Line: c.lines[n], Reason: failed.GetReason(), Message: inColumns(failed.GetMessage()),
			})
		case result.GetDuplicate():
			i.summary.Duplicates++
		default:
			i.summary.Recorded++
			if c.events[n].GetErase() != nil {
				i.summary.Erasures++
			}
		}
	}
	i.summary.Rows += int64(len(c.events) + len(c.broken))
	i.summary.Rejected += int64(len(rejections))
	slices.SortFunc(rejections, func(x, y listfile.Rejection) int { return cmp.Compare(x.Line, y.Line) })
	i.bar.Set(c.read)
	return i.rejected.Add(rejections)
}
