package imports

import (
	"context"
	"errors"
	"io"
	"maps"
	"strings"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/presets"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/toolfile"
)

// part is some rows of a file in a row, which are recorded in one call.
type part struct {
	rows  []toolfile.Row
	facts []record.BatchItem // those of the rows, one after the other
	items []record.Item      // what became of them
	read  int64              // of the file
}

// full reports whether the part may have no room for the facts of another row.
func (p *part) full() bool {
	return len(p.rows) >= txn.Chunk || len(p.facts) > txn.Chunk-presets.MaxRecords
}

// produce reads the file, part by part. Where it cannot be read any further, broken says so: an error would stop the parts on their way.
func (u *upload) produce(yield func(*part) error) error {
	p := &part{}
	for {
		// Parts are of about the same size: what grows row by row is copied again and again.
		p = &part{rows: make([]toolfile.Row, 0, len(p.rows)), facts: make([]record.BatchItem, 0, len(p.facts))}
		err := u.fill(p)
		if len(p.rows) > 0 {
			if err := yield(p); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			u.broken = u.unreadable(err)
			return nil
		}
	}
}

// fill reads rows until a part is full. What was read is in it also with an error.
func (u *upload) fill(p *part) error {
	for !p.full() {
		row, err := u.file.Next()
		p.read = u.source.read
		if err != nil {
			return err
		}
		detach(&row)
		for i := range row.Records {
			stated, err := statementOf(&row.Result, &row.Records[i])
			if err != nil {
				return err
			}
			p.facts = append(p.facts, record.BatchItem{Statement: stated})
		}
		p.rows = append(p.rows, row)
	}
	return nil
}

// detach copies the texts of a row that are parts of its line, which can be long and would be kept with them.
func detach(row *toolfile.Row) {
	row.Address, row.Domain, row.Column = strings.Clone(row.Address), strings.Clone(row.Domain), strings.Clone(row.Column)
	for i := range row.Records {
		row.Records[i].Evidence.Note = strings.Clone(row.Records[i].Evidence.Note)
		row.Records[i].Channel = strings.Clone(row.Records[i].Channel)
	}
	for i := range row.Unmapped {
		row.Unmapped[i] = strings.Clone(row.Unmapped[i])
	}
}

// record records a part, or says what recording would say.
func (u *upload) record(ctx context.Context, p *part) (err error) {
	if len(p.facts) == 0 {
		return nil
	}
	p.items, err = u.imports.recorder.BatchRecord(ctx, record.Batch{Items: p.facts, Batch: u.batch, ValidateOnly: u.dryRun})
	if err != nil {
		u.touched.Store(true) // A commit of which no answer came may have been one.
		return err
	}
	for i := range p.items {
		one := &p.items[i]
		if one.Err != nil && one.Err.Code == fault.BatchUndone {
			return undone()
		}
		if one.Err == nil && (!one.Duplicate || one.SameBatch || one.Restates) {
			u.touched.Store(true)
		}
	}
	return nil
}

// consume tells what became of a part.
func (u *upload) consume(ctx context.Context, p *part) error {
	progress := Progress{Read: p.read}
	items := p.items
	outcomes := map[presets.Outcome]int64{}
	for i := range p.rows {
		of := items[:len(p.rows[i].Records)]
		items = items[len(of):]
		before := u.claim(of)
		row := rowOf(&p.rows[i], of)
		u.report.Counts.add(&row)
		u.unmapped.add(p.rows[i].Unmapped)
		if before {
			row.Why = "an earlier upload of the import recorded it: " + row.Why
			outcomes[Duplicate]++ // The earlier upload has counted it as recorded.
		} else {
			outcomes[row.Outcome]++
		}
		told := u.rows == RowsAll || u.rows == RowsNotRecorded && (row.Outcome == presets.Skipped || row.Outcome == presets.Rejected)
		if told {
			progress.Rows = append(progress.Rows, row)
		}
	}
	if !u.dryRun {
		for outcome, n := range outcomes {
			u.imports.limits.Counted(string(outcome), n)
		}
	}
	progress.Counts = u.report.Counts
	progress.Counts.Causes = maps.Clone(u.report.Counts.Causes)
	if err := u.tell(progress); err != nil {
		return err
	}
	return u.note(ctx)
}

// rowOf returns what became of a row, of whose facts that became.
func rowOf(read *toolfile.Row, items []record.Item) Row {
	row := Row{
		Line: read.Line, Item: read.Item, Outcome: read.Outcome, Cause: string(read.Cause), Column: read.Column, Why: read.Why,
	}
	known := 0
	for i := range items {
		fact := Fact{Record: read.Records[i]}
		if refused := items[i].Err; refused != nil {
			fact.Error = string(refused.Code)
			row.refuse(refused)
		} else {
			done := &items[i].Recorded
			fact.Position, fact.Duplicate, fact.Warnings, fact.Still = done.Position, done.Duplicate, done.Warnings, done.StillAllowed
			if done.Duplicate {
				known++
			}
		}
		row.Facts = append(row.Facts, fact)
	}
	if row.Outcome == presets.Recorded && known == len(items) {
		row.Outcome, row.Why = Duplicate, "everything that it says was known: "+row.Why
	}
	return row
}

// refuse notes that a fact of the row was refused. What is from before the erasure of the address is rightly left out, and there is nothing to
// mend.
func (r *Row) refuse(refused *fault.Error) {
	if r.Outcome == presets.Rejected {
		return // The first cause is told.
	}
	r.Cause, r.Why = string(refused.Code), refused.Message
	if r.Outcome = presets.Rejected; refused.Code == fault.ErasedBefore {
		r.Outcome = presets.Skipped
	}
}
