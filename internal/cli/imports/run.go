package imports

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/terminal"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/listfile"
	"github.com/assent-io/assent/internal/phrase"
)

// run imports a file.
func (c *Commands) run(ctx context.Context, s *connect.Server, f *flags, path string) (err error) {
	if err := f.check(path); err != nil {
		return err
	}
	from, err := openSource(c.Terminal, path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, from.close()) }()
	preset, err := c.found(f, from)
	if err != nil {
		return err
	}
	options, err := f.options(preset)
	if err != nil {
		return err
	}
	options.FileName = strings.ToValidUTF8(strings.TrimSuffix(from.base, ".gz"), "_")
	start := &assentv1.UploadStart{Target: &assentv1.UploadStart_Preview{Preview: options}, Sha256: from.sha256}
	if !f.dryRun {
		answer, err := connect.CallAgain(ctx, s, assentv1.NewImportServiceClient(s).CreateImport,
			&assentv1.CreateImportRequest{Options: options, Sha256: from.sha256, Size: from.size})
		if err != nil {
			return err
		}
		made := answer.GetImport()
		start = &assentv1.UploadStart{Target: &assentv1.UploadStart_Id{Id: made.GetId()}}
		if answer.GetExisted() && made.GetState() == assentv1.ImportState_IMPORT_STATE_COMPLETE {
			c.Notef("This file was imported on %s as %s; what it says is known.", value.Stamp(made.GetCompletedTime()), made.GetId())
		}
	}
	if c.JSON() {
		start.Rows = assentv1.ImportRows_IMPORT_ROWS_ALL
	}
	return c.report(ctx, s, f, from, start)
}

// report uploads a file and says what became of it.
func (c *Commands) report(ctx context.Context, s *connect.Server, f *flags, from *source, start *assentv1.UploadStart) error {
	file, err := from.rewind()
	if err != nil {
		return err
	}
	r := &reporter{Commands: c, bar: c.NewProgress("importing", from.size)}
	r.rejected = listfile.NewRejectedColumns(f.rejected, r.tell)
	err = upload(ctx, s, start, file, r.take)
	r.bar.End()
	if err == nil && r.made == nil {
		err = errors.New("the server ended the upload without saying what became of it")
	}
	if err == nil && r.made.GetCounts().GetRejected() == 0 {
		err = r.rejected.RemoveStale()
	}
	if err = errors.Join(err, r.rejected.Publish()); err != nil {
		if r.counts.GetFacts() > 0 && !f.dryRun {
			c.Notef("%s recorded before it ended; run the import again to go on.", phrase.Count(r.counts.GetFacts(), "fact"))
		}
		return err
	}
	if err := r.print(f); err != nil {
		return err
	}
	if r.made.GetCounts().GetRejected() > 0 {
		return terminal.ExitCode(terminal.ExitFailed)
	}
	return nil
}

// reporter takes the answers of an upload.
type reporter struct {
	*Commands
	bar      *terminal.Progress
	rejected *listfile.Rejected
	counts   *assentv1.ImportCounts
	made     *assentv1.Import // nil until the last answer
}

func (r *reporter) take(answer *assentv1.UploadImportResponse) error {
	var rejections []listfile.Rejection
	for _, row := range answer.GetRows() {
		if r.JSON() {
			if err := r.printRow(row); err != nil {
				return err
			}
		}
		if row.GetOutcome() == assentv1.ImportOutcome_IMPORT_OUTCOME_REJECTED {
			rejections = append(rejections, listfile.Rejection{
				Line: int(row.GetLine()), Column: row.GetColumn(), Reason: row.GetCause(), Message: row.GetWhy(),
			})
		}
	}
	if answer.GetCounts() != nil {
		r.counts = answer.GetCounts()
	}
	if answer.GetImport() != nil {
		r.made = answer.GetImport()
	}
	r.bar.Set(answer.GetBytesRead())
	return r.rejected.Add(rejections)
}

// tell tells a rejected row where there is no file for it.
func (r *reporter) tell(one listfile.Rejection) {
	at := ""
	if one.Column != "" {
		at = ", column " + phrase.Printable(one.Column)
	}
	r.Notef("Line %d%s: %s: %s", one.Line, at, one.Reason, phrase.Printable(one.Message))
}

// line is a row as --format json writes it.
type line struct {
	Line    int64        `json:"line"`
	Item    int64        `json:"item,omitempty"`
	Outcome string       `json:"outcome"`
	Cause   string       `json:"cause,omitempty"`
	Column  string       `json:"column,omitempty"`
	Records []lineRecord `json:"records"`
	Why     string       `json:"why"`
}

type lineRecord struct {
	Verb      string   `json:"verb"`
	Reason    string   `json:"reason"`
	Scope     string   `json:"scope"`
	Channel   string   `json:"channel"`
	Time      string   `json:"time"`
	Position  int64    `json:"position,omitempty"`
	Duplicate bool     `json:"duplicate,omitempty"`
	Error     string   `json:"error,omitempty"`
	Conflicts []string `json:"conflicts,omitempty"`
}

func (r *reporter) printRow(row *assentv1.ImportRow) error {
	text := line{
		Line: row.GetLine(), Item: row.GetItem(), Outcome: outcomeName(row.GetOutcome()), Cause: row.GetCause(), Column: row.GetColumn(),
		Records: []lineRecord{}, Why: row.GetWhy(),
	}
	for _, fact := range row.GetFacts() {
		record := lineRecord{
			Verb: fact.GetVerb(), Reason: fact.GetReason(), Scope: fact.GetScope(), Channel: fact.GetChannel(),
			Time: value.Stamp(fact.GetOccurredTime()), Position: fact.GetPosition(), Duplicate: fact.GetDuplicate(), Error: fact.GetError(),
		}
		for _, w := range fact.GetWarnings() {
			record.Conflicts = append(record.Conflicts, w.GetCode()+": "+w.GetDescription())
		}
		for _, still := range fact.GetStillAllowed() {
			record.Conflicts = append(record.Conflicts, "STILL_ALLOWED: a later consent allows messages on the channel "+still.GetChannel())
		}
		text.Records = append(text.Records, record)
	}
	encoded, err := json.Marshal(&text)
	if err != nil {
		return err
	}
	return r.Print(string(encoded) + "\n")
}

func outcomeName(outcome assentv1.ImportOutcome) string {
	return strings.ToLower(strings.TrimPrefix(outcome.String(), "IMPORT_OUTCOME_"))
}

// quoted is a key as a shell takes it.
func quoted(key string) string {
	if strings.ContainsAny(key, " \t;&|<>()$`\\\"'*?#~!") {
		return "'" + strings.ReplaceAll(key, "'", `'\''`) + "'"
	}
	return key
}

// print says what became of the file.
func (r *reporter) print(f *flags) error {
	for _, notice := range r.made.GetNotices() {
		r.Notef("%s: %s.", notice.GetCode(), notice.GetMessage())
	}
	for _, one := range r.made.GetUnmapped() {
		r.Notef("A channel is missing: --map %s=CHANNEL (%s).", quoted(phrase.Printable(one.GetKey())), phrase.Count(one.GetRows(), "row"))
	}
	if r.JSON() {
		text, err := terminal.PlainJSON(r.made)
		if err != nil {
			return err
		}
		return r.Print(`{"import":` + string(text) + "}\n")
	}
	counts := r.made.GetCounts()
	if counts.GetRejected() > 0 && r.rejected.Path() != "" {
		r.Notef("See %s for the rejected rows and the reasons.", r.rejected.Path())
	}
	verb := "recorded"
	if f.dryRun {
		verb = "would be recorded"
	}
	text := fmt.Sprintf("%s: %d %s, %s, %d skipped, %d rejected", phrase.Count(counts.GetRows(), "row"), counts.GetRecorded(), verb,
		phrase.Count(counts.GetDuplicates(), "duplicate"), counts.GetSkipped(), counts.GetRejected())
	if list := causes(counts); len(list) > 0 {
		text += " (" + strings.Join(list, ", ") + ")"
	}
	if !f.dryRun {
		text += "\nimport " + r.made.GetId()
	}
	return r.Print(text + "\n")
}
