// Package bulk works through whole files with a server: it imports the events of a file and checks the addresses of one, several
// batches at once, and writes what came of it in the order of the rows.
package bulk

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/listfile"
	"github.com/assent-io/assent/internal/pipeline"
	"github.com/assent-io/assent/internal/textfile"
)

// Question is what is asked about each address of a file.
type Question struct {
	Channel     string
	Sender      string
	Reference   string
	Advertising bool
	Moment      value.Moment
	Links       bool   // the links of the messages are wanted
	Send        string // the send that the messages are of; empty: none is named
}

// Files are what is read and written; empty: it is not.
type Files struct {
	In            string
	AddressColumn string
	// Encoding is that of In; empty: it is found out.
	Encoding textfile.Encoding
	Out      string
	Denied   string
	Report   string
}

// checksInFlight is how many batches the server works on at once.
const checksInFlight = 4

// maxMessageBytes keeps messages well below the server's limit.
const maxMessageBytes = 1 << 20

// batchLimits keep a batch within the most addresses of a BatchCheckConsent, and the rows that wait for an answer out of the way.
//
//nolint:gochecknoglobals // Nothing changes it.
var batchLimits = listfile.BatchLimits{Rows: 10_000, AddressBytes: maxMessageBytes, Bytes: 4 << 20}

// checkedBatch is a batch of rows with its answer.
type checkedBatch struct {
	rows   [][]string
	answer *assentv1.BatchCheckConsentResponse
	// read is how far the input was read.
	read int64
}

// fileCheck is the check of one file.
type fileCheck struct {
	terminal *terminal.Terminal
	server   *connect.Server
	asked    *Question
	files    Files
	in       *listfile.Input
	from     *listfile.Audience
	// allowed and denied are where rows go; nil where they go nowhere.
	allowed *listfile.Writer
	denied  *listfile.Writer
	// reportFile is where the page about the check goes, made of report.
	reportFile *listfile.Writer
	report     report
	counts     map[outcome]int64
	bar        *terminal.Progress
	row        []string // the one that is written
}

// CheckFile checks the addresses of a file and writes which may be contacted.
func CheckFile(ctx context.Context, t *terminal.Terminal, s *connect.Server, q *Question, f Files) (err error) {
	in, err := t.Open(f.In)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	c := newFileCheck(t, s, q, in)
	c.files = f
	if c.from, err = listfile.NewAudience(in.Text, f.AddressColumn, f.Encoding); err != nil {
		return fmt.Errorf("%s: %w", in.Name, err)
	}
	t.NoteEncoding(in.Name, c.from.Detected().Detected)
	defer func() { err = errors.Join(err, c.discard()) }()
	if err := c.createFiles(); err != nil {
		return err
	}
	if err := c.run(ctx); err != nil {
		return err
	}
	counts := sortCounts(c.counts)
	if c.reportFile != nil {
		if err := c.writePage(c.reportFile.Bytes(), counts); err != nil {
			return c.reportFile.Failed(err)
		}
	}
	if err := c.publish(); err != nil {
		return err
	}
	return c.writeCounts(counts)
}

// CheckText checks the addresses of what was opened and writes no rows.
func CheckText(
	ctx context.Context, t *terminal.Terminal, s *connect.Server, q *Question, in *listfile.Input, addressColumn string,
) (Checked, error) {
	c := newFileCheck(t, s, q, in)
	var err error
	if c.from, err = listfile.NewAudience(in.Text, addressColumn, ""); err != nil {
		return Checked{}, err
	}
	if err := c.run(ctx); err != nil {
		return Checked{}, err
	}
	return summarize(q, sortCounts(c.counts)), nil
}

func newFileCheck(t *terminal.Terminal, s *connect.Server, q *Question, in *listfile.Input) *fileCheck {
	return &fileCheck{
		terminal: t, server: s, asked: q, in: in, counts: map[outcome]int64{}, bar: t.NewProgress("checking", in.Size),
	}
}

func (c *fileCheck) run(ctx context.Context) error {
	defer c.bar.End()
	return pipeline.Run(ctx, checksInFlight, c.produce, c.ask, c.consume)
}

func (c *fileCheck) produce(yield func(*checkedBatch) error) error {
	for {
		rows, err := c.from.Batch(batchLimits)
		if err != nil {
			return fmt.Errorf("%s: %w", c.in.Name, err)
		}
		if len(rows) == 0 {
			return nil
		}
		if err := yield(&checkedBatch{rows: rows, read: c.in.BytesRead()}); err != nil {
			return err
		}
	}
}

// ask checks a batch and verifies that the answer fits it: a wrong index must
// never let a row through.
func (c *fileCheck) ask(ctx context.Context, b *checkedBatch) error {
	addresses := make([]string, len(b.rows))
	for i, row := range b.rows {
		addresses[i] = row[c.from.Column]
	}
	var err error
	b.answer, err = connect.CallAgain(ctx, c.server, assentv1.NewConsentServiceClient(c.server).BatchCheckConsent,
		&assentv1.BatchCheckConsentRequest{
			Addresses: addresses, Channel: c.asked.Channel, SenderIdentity: c.asked.Sender, Reference: c.asked.Reference,
			ContainsAdvertising: c.asked.Advertising, AsOf: c.asked.Moment.AsOf.At, KnownAsOf: c.asked.Moment.Known.Until,
			Links: c.asked.Links, Send: c.asked.Send, Operational: c.asked.Send != "" && c.asked.Moment.IsPast(),
		})
	if err != nil {
		return err
	}
	n := len(b.rows)
	outside := func(i uint32) bool { return int64(i) >= int64(len(b.answer.GetOutcomes())) }
	if len(b.answer.GetOutcomeIndexes()) != n || len(b.answer.GetValidUntilSeconds()) != n ||
		len(b.answer.GetBasisEndSeconds()) != n && len(b.answer.GetBasisEndSeconds()) != 0 || c.asked.Links && len(b.answer.GetLinks()) != n ||
		slices.ContainsFunc(b.answer.GetOutcomeIndexes(), outside) {
		return errors.New("the server's answer does not fit the batch")
	}
	return nil
}

// answered is what the rows of one outcome have in common.
type answered struct {
	outcome
	allowed  bool
	decision *assentv1.Decision // nil: the address could not be checked
	basis    string
	position string
	count    int64
}

func answeredBy(o *assentv1.BatchOutcome) answered {
	d := o.GetDecision()
	if d == nil {
		return answered{outcome: outcome{"ERROR", o.GetError().GetReason()}}
	}
	return answered{
		outcome: outcome{value.VerdictName(d.GetVerdict()), d.GetReason()}, allowed: d.GetVerdict() == assentv1.Verdict_VERDICT_ALLOW,
		decision: d, basis: value.BasisName(d.GetLegalBasis()), position: strconv.FormatInt(d.GetPosition(), 10),
	}
}

// consume writes the rows of a batch.
func (c *fileCheck) consume(b *checkedBatch) error {
	outcomes := make([]answered, len(b.answer.GetOutcomes()))
	for i, o := range b.answer.GetOutcomes() {
		outcomes[i] = answeredBy(o)
	}
	for i, row := range b.rows {
		o := &outcomes[b.answer.GetOutcomeIndexes()[i]]
		o.count++
		var links *assentv1.MessageLinks
		if c.asked.Links {
			links = b.answer.GetLinks()[i]
		}
		if err := c.write(row, o, b.answer.GetValidUntilSeconds()[i], links); err != nil {
			return err
		}
		if ends := b.answer.GetBasisEndSeconds(); len(ends) > 0 && ends[i] != 0 && o.allowed {
			c.report.noteEnd(o.decision.GetDecidedTime().AsTime(), time.Unix(ends[i], 0))
		}
	}
	for i := range outcomes {
		if o := &outcomes[i]; o.count > 0 {
			c.counts[o.outcome] += o.count
			c.report.note(o)
		}
	}
	c.bar.Set(b.read)
	return nil
}

// write writes one row, which is built in a place that all rows share.
func (c *fileCheck) write(row []string, o *answered, validUntil int64, links *assentv1.MessageLinks) error {
	if !o.allowed {
		if c.denied == nil {
			return nil
		}
		c.row = append(append(c.row[:0], row...), o.Verdict, o.Reason)
		return c.denied.WriteRow(c.row)
	}
	if !o.decision.GetForSending() && !c.asked.Moment.IsPast() {
		return errors.New("the server's answer is not for sending, although it was asked for now")
	}
	if c.allowed == nil {
		return nil
	}
	sender := o.decision.GetSenderIdentity()
	c.row = append(append(c.row[:0], row...), o.Reason, o.basis, sender.GetId(), sender.GetFromAddress(),
		time.Unix(validUntil, 0).UTC().Format(time.RFC3339), o.position)
	if c.asked.Links {
		if links.GetToken() == "" {
			return errors.New("the server's answer has no links for an address that may be contacted; check the file again")
		}
		c.row = append(c.row, links.GetListUnsubscribe(), links.GetListUnsubscribePost(), links.GetPageUrl(), links.GetReturnPath())
	}
	return c.allowed.WriteRow(c.row)
}

func (c *fileCheck) allowedColumns() []string {
	columns := []string{"reason", "legal_basis", "sender_identity", "from_address", "valid_until", "decided_position"}
	if c.asked.Links {
		columns = append(columns, "list_unsubscribe", "list_unsubscribe_post", "page_url", "return_path")
	}
	return columns
}

func deniedColumns() []string { return []string{"verdict", "reason"} }

func (c *fileCheck) createFiles() error {
	var err error
	if c.allowed, err = c.create(c.files.Out, c.allowedColumns()); err != nil {
		return err
	}
	if c.files.Denied != "" {
		if c.denied, err = c.create(c.files.Denied, deniedColumns()); err != nil {
			return err
		}
	}
	if c.files.Report != "" {
		if listfile.SameFile(c.files.In, c.files.Report) {
			return terminal.Usagef("%s is the input itself", c.files.Report)
		}
		c.reportFile, err = c.terminal.Create(c.files.Report)
	}
	return err
}

// create starts a file with the columns of the input and more.
func (c *fileCheck) create(path string, more []string) (*listfile.Writer, error) {
	header := c.from.Header
	for _, name := range more {
		if slices.Contains(header, name) {
			return nil, fmt.Errorf("%s: line 1: %s would have the column %q twice: rename or remove it", c.in.Name, path, name)
		}
	}
	if listfile.SameFile(c.files.In, path) {
		return nil, terminal.Usagef("%s is the input itself", path)
	}
	file, err := c.terminal.Create(path)
	if err != nil {
		return nil, err
	}
	if err := file.WriteRow(slices.Concat(header, more)); err != nil {
		return nil, errors.Join(err, file.Discard())
	}
	return file, nil
}

// written returns the files that are written, the allowed one last.
func (c *fileCheck) written() []*listfile.Writer {
	return slices.DeleteFunc([]*listfile.Writer{c.reportFile, c.denied, c.allowed}, func(f *listfile.Writer) bool { return f == nil })
}

// publish puts the files in their places, the allowed one last: where it is,
// the others are too.
func (c *fileCheck) publish() error {
	for _, file := range c.written() {
		if err := file.Finish(); err != nil {
			return err
		}
	}
	for _, file := range c.written() {
		if err := file.Publish(); err != nil {
			return err
		}
	}
	return nil
}

func (c *fileCheck) discard() error {
	var err error
	for _, file := range c.written() {
		err = errors.Join(err, file.Discard())
	}
	return err
}

// writeCounts writes the numbers by reason.
func (c *fileCheck) writeCounts(counts []outcomeCount) error {
	c.terminal.WarnOdd(&c.from.Odd)
	if c.asked.Moment.IsPast() {
		c.terminal.Notef("Decided %s: not for sending now.", c.asked.Moment.String())
	}
	if !c.terminal.JSON() {
		_, err := c.terminal.Stderr.Write([]byte(summarize(c.asked, counts).Table()))
		return err
	}
	return c.terminal.PrintJSON(summarize(c.asked, counts))
}
