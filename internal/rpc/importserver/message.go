package importserver

import (
	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/presets"
	"github.com/assent-io/assent/internal/rpc/handler"
	"github.com/assent-io/assent/internal/service/imports"
	"github.com/assent-io/assent/internal/storage/tables"
)

func optionsOf(m *assentv1.ImportOptions) (imports.Options, error) {
	occurred, err := handler.Instant(m.GetOccurredTime(), "options.occurredTime")
	if err != nil {
		return imports.Options{}, err
	}
	return imports.Options{
		Preset: m.GetPreset(), FileName: m.GetFileName(), Columns: m.GetColumns(), Channel: m.GetChannel(), ChannelMap: m.GetChannelMap(),
		Declaration: consent.Declaration{ID: m.GetDeclaration().GetId(), Version: m.GetDeclaration().GetVersion()},
		Timezone:    m.GetTimezone(), DateOrder: m.GetDateOrder(), Status: m.GetStatus(), Scope: consent.Scope(m.GetScope()), Occurred: occurred,
		Encoding: m.GetEncoding(),
	}, nil
}

func optionsMessage(o *imports.Options) *assentv1.ImportOptions {
	m := &assentv1.ImportOptions{
		Preset: o.Preset, FileName: o.FileName, Columns: o.Columns, Channel: o.Channel, ChannelMap: o.ChannelMap, Timezone: o.Timezone,
		DateOrder: o.DateOrder, Status: o.Status, Scope: string(o.Scope), OccurredTime: handler.Timestamp(o.Occurred), Encoding: o.Encoding,
	}
	if !o.Declaration.IsZero() {
		m.Declaration = &assentv1.DeclarationRef{Id: o.Declaration.ID, Version: o.Declaration.Version}
	}
	return m
}

func importOf(i *imports.Import) *assentv1.Import {
	m := &assentv1.Import{
		Id: i.ID, Client: i.Client, Department: i.Department, Options: optionsMessage(&i.Options), Sha256: i.SHA256, Size: i.Size,
		State: stateOf(i.State), CreatedTime: handler.Timestamp(i.Created), UpdatedTime: handler.Timestamp(i.Updated),
		CompletedTime: handler.Timestamp(i.Completed), Counts: countsOf(&i.Counts), UndoneBy: i.UndoneBy, UndoneTime: handler.Timestamp(i.Undone),
	}
	for _, n := range i.Notices {
		m.Notices = append(m.Notices, &assentv1.ImportNotice{Code: n.Code, Message: n.Message})
	}
	return m
}

func stateOf(state string) assentv1.ImportState {
	switch state {
	case tables.ImportWaiting:
		return assentv1.ImportState_IMPORT_STATE_WAITING
	case tables.ImportRunning:
		return assentv1.ImportState_IMPORT_STATE_RUNNING
	case tables.ImportComplete:
		return assentv1.ImportState_IMPORT_STATE_COMPLETE
	case tables.ImportUndoing:
		return assentv1.ImportState_IMPORT_STATE_UNDOING
	case tables.ImportUndone:
		return assentv1.ImportState_IMPORT_STATE_UNDONE
	default:
		return assentv1.ImportState_IMPORT_STATE_UNSPECIFIED
	}
}

func rowsOf(rows assentv1.ImportRows) imports.Rows {
	switch rows {
	case assentv1.ImportRows_IMPORT_ROWS_ALL:
		return imports.RowsAll
	case assentv1.ImportRows_IMPORT_ROWS_NONE:
		return imports.RowsNone
	default:
		return imports.RowsNotRecorded
	}
}

func countsOf(c *imports.Counts) *assentv1.ImportCounts {
	return &assentv1.ImportCounts{
		Rows: c.Rows, Recorded: c.Recorded, Duplicates: c.Duplicates, Skipped: c.Skipped, Rejected: c.Rejected, Causes: c.Causes, Facts: c.Facts,
	}
}

func outcomeOf(outcome presets.Outcome) assentv1.ImportOutcome {
	switch outcome {
	case presets.Recorded:
		return assentv1.ImportOutcome_IMPORT_OUTCOME_RECORDED
	case presets.Skipped:
		return assentv1.ImportOutcome_IMPORT_OUTCOME_SKIPPED
	case presets.Rejected:
		return assentv1.ImportOutcome_IMPORT_OUTCOME_REJECTED
	default:
		return assentv1.ImportOutcome_IMPORT_OUTCOME_DUPLICATE
	}
}

func rowMessages(rows []imports.Row) []*assentv1.ImportRow {
	list := make([]*assentv1.ImportRow, len(rows))
	for i := range rows {
		r := &rows[i]
		list[i] = &assentv1.ImportRow{
			Line: int64(r.Line), Item: int64(r.Item), Outcome: outcomeOf(r.Outcome), Cause: r.Cause, Column: r.Column, Why: r.Why,
		}
		for j := range r.Facts {
			list[i].Facts = append(list[i].Facts, factOf(&r.Facts[j]))
		}
	}
	return list
}

func factOf(f *imports.Fact) *assentv1.ImportFact {
	return &assentv1.ImportFact{
		Verb: string(f.Verb), Reason: string(f.Reason), Scope: string(f.Scope), Channel: f.Channel,
		OccurredTime: handler.Timestamp(consent.InstantOf(f.Time)), Position: f.Position, Duplicate: f.Duplicate, Error: f.Error,
		Warnings: handler.Warnings(f.Warnings), StillAllowed: handler.StillAllowed(f.Still),
	}
}
