package importserver

import (
	"cmp"
	"maps"
	"slices"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/presets"
	"github.com/assent-io/assent/internal/rpc/handler"
	"github.com/assent-io/assent/internal/service/imports"
)

func optionsOf(m *assentv1.ImportOptions) (imports.Options, error) {
	occurred, err := handler.Instant(m.GetOccurredTime(), "options.occurredTime")
	if err != nil {
		return imports.Options{}, err
	}
	columns, err := pairs(m.GetColumns(), "options.columns", (*assentv1.ImportColumn).GetField, (*assentv1.ImportColumn).GetColumn)
	if err != nil {
		return imports.Options{}, err
	}
	mapped, err := pairs(m.GetChannelMap(), "options.channelMap", (*assentv1.ImportMapping).GetKey, (*assentv1.ImportMapping).GetChannel)
	if err != nil {
		return imports.Options{}, err
	}
	return imports.Options{
		Preset: m.GetPreset(), FileName: m.GetFileName(), Columns: columns, Channel: m.GetChannel(), ChannelMap: mapped,
		Declaration: consent.Declaration{ID: m.GetDeclaration().GetId(), Version: m.GetDeclaration().GetVersion()},
		Timezone:    m.GetTimezone(), DateOrder: m.GetDateOrder(), Status: m.GetStatus(), Scope: consent.Scope(m.GetScope()), Occurred: occurred,
		Encoding: m.GetEncoding(),
	}, nil
}

// pairs returns a list of names with what each stands for. Errors: INVALID_IMPORT for a name that is there twice.
func pairs[Pair any](list []*Pair, field string, key, value func(*Pair) string) (map[string]string, error) {
	if len(list) == 0 {
		return nil, nil //nolint:nilnil // None.
	}
	all := make(map[string]string, len(list))
	for _, one := range list {
		if _, twice := all[key(one)]; twice {
			return nil, fault.Errorf(fault.InvalidImport, field, "an entry is there twice")
		}
		all[key(one)] = value(one)
	}
	return all, nil
}

// optionsMessage returns options without the name of the file, in whose place the status stands that it says.
func optionsMessage(o *imports.Options) *assentv1.ImportOptions {
	m := &assentv1.ImportOptions{
		Preset: o.Preset, Channel: o.Channel, Timezone: o.Timezone, DateOrder: o.DateOrder, Status: cmp.Or(o.Status, o.NameSays),
		Scope: string(o.Scope), OccurredTime: handler.Timestamp(o.Occurred), Encoding: o.Encoding,
	}
	for _, field := range slices.Sorted(maps.Keys(o.Columns)) {
		m.Columns = append(m.Columns, &assentv1.ImportColumn{Field: field, Column: o.Columns[field]})
	}
	for _, key := range slices.Sorted(maps.Keys(o.ChannelMap)) {
		m.ChannelMap = append(m.ChannelMap, &assentv1.ImportMapping{Key: key, Channel: o.ChannelMap[key]})
	}
	if !o.Declaration.IsZero() {
		m.Declaration = &assentv1.DeclarationRef{Id: o.Declaration.ID, Version: o.Declaration.Version}
	}
	return m
}

func importOf(i *imports.Import) *assentv1.Import {
	m := &assentv1.Import{
		Id: i.ID, Client: i.Client, Department: i.Department, Options: optionsMessage(&i.Options), Size: i.Size,
		State: stateOf(i.State), CreatedTime: handler.Timestamp(i.Created), UpdatedTime: handler.Timestamp(i.Updated),
		CompletedTime: handler.Timestamp(i.Completed), Counts: countsOf(&i.Counts), UndoneBy: i.UndoneBy, UndoneTime: handler.Timestamp(i.Undone),
	}
	for _, n := range i.Notices {
		m.Notices = append(m.Notices, &assentv1.ImportNotice{Code: n.Code, Message: n.Message})
	}
	for _, u := range i.Unmapped {
		m.Unmapped = append(m.Unmapped, &assentv1.ImportUnmapped{Key: u.Key, Rows: u.Rows})
	}
	return m
}

func stateOf(state string) assentv1.ImportState {
	switch state {
	case imports.StateWaiting:
		return assentv1.ImportState_IMPORT_STATE_WAITING
	case imports.StateRunning:
		return assentv1.ImportState_IMPORT_STATE_RUNNING
	case imports.StateComplete:
		return assentv1.ImportState_IMPORT_STATE_COMPLETE
	case imports.StateUndoing:
		return assentv1.ImportState_IMPORT_STATE_UNDOING
	case imports.StateUndone:
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
	m := &assentv1.ImportCounts{
		Rows: c.Rows, Recorded: c.Recorded, Duplicates: c.Duplicates, Skipped: c.Skipped, Rejected: c.Rejected, Facts: c.Facts,
	}
	for _, cause := range slices.Sorted(maps.Keys(c.Causes)) {
		m.Causes = append(m.Causes, &assentv1.ImportCause{Cause: cause, Rows: c.Causes[cause]})
	}
	return m
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
		Until:    handler.Timestamp(consent.InstantOf(f.Until)),
		Warnings: handler.Warnings(f.Warnings), StillAllowed: handler.StillAllowed(f.Still),
	}
}
