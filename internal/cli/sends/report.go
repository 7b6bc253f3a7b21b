package sends

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/cli/connect"
	"github.com/assent-io/assent/internal/cli/value"
	"github.com/assent-io/assent/internal/listfile"
	"github.com/assent-io/assent/internal/phrase"
)

const reportHelp = `Report what became of the messages of a send that checks with --send have allowed. What was sent counts for the caps on what one person
gets, over all departments; what is released has its place free again.

The file is CSV with a header: a column of addresses, and if wanted the columns time (when the message was sent, in RFC 3339; else now) and
outcome (sent or released; else sent). Other columns are left alone, so that a file that check --file wrote will do. A row that cannot be taken is
told with its number, counted from 1 after the header, and keeps none of the others back. The same file again changes nothing.

With --format json the counts and the rows that were not taken are written to standard output.`

// reportOptions of the command.
type reportOptions struct {
	column   string
	encoding value.Encoding
}

// reported is what became of a file.
type reported struct {
	Send     string        `json:"send"`
	Reports  int           `json:"reports"`
	Changed  int           `json:"changed"`
	NotKept  int           `json:"notKept"` // of persons who were erased after the message was sent
	Rejected []rejectedRow `json:"rejected"`
}

func (r *reported) line() string {
	line := fmt.Sprintf("%s: %d new", phrase.Count(r.Reports, "report"), r.Changed)
	if r.NotKept > 0 {
		line += fmt.Sprintf(", %d not kept: the persons were erased after that", r.NotKept)
	}
	return line + "\n"
}

// rejectedRow is a row that was not taken.
type rejectedRow struct {
	Row     int    `json:"row"` // from 1, after the header
	Reason  string `json:"reason"`
	Message string `json:"message"`
}

func (c *Commands) report() *cobra.Command {
	var o reportOptions
	cmd := &cobra.Command{
		Use: "report SEND FILE", Short: "Report which messages of a send were sent, or are not sent after all", Long: reportHelp,
		Example: "  assent sends report spring-offers sent.csv", Args: cobra.ExactArgs(2),
	}
	cmd.RunE = c.Asking(func(ctx context.Context, args []string, s *connect.Server) error {
		done, err := c.reportFile(ctx, s, args[0], args[1], &o)
		if err != nil {
			return err
		}
		if c.JSON() {
			if err := c.PrintJSON(done); err != nil {
				return err
			}
		} else if err := c.Print(done.line()); err != nil {
			return err
		}
		if n := len(done.Rejected); n > 0 {
			return fmt.Errorf("%s not taken", phrase.Count(n, "report"))
		}
		return nil
	})
	flags := cmd.Flags()
	flags.StringVar(&o.column, "address-column", "address", "the column of FILE with the addresses")
	flags.Var(&o.encoding, "encoding", "encoding of FILE, such as windows-1252 (default: found out)")
	return cmd
}

// reportsPerCall is how many reports one call has at most.
const reportsPerCall = 10_000

// reportFile reports the rows of a file.
func (c *Commands) reportFile(ctx context.Context, s *connect.Server, send, path string, o *reportOptions) (done reported, err error) {
	in, err := c.Open(path)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	rows, err := listfile.NewAudience(in.Text, o.column, o.encoding.Name)
	if err != nil {
		return done, fmt.Errorf("%s: %w", in.Name, err)
	}
	c.NoteEncoding(in.Name, rows.Detected().Detected)
	at := columnsOf(rows)
	bar := c.NewProgress("reporting", in.Size)
	defer bar.End()
	done = reported{Send: send, Rejected: []rejectedRow{}}
	for {
		batch, err := rows.Batch(listfile.BatchLimits{Rows: reportsPerCall, AddressBytes: 1 << 20, Bytes: 4 << 20})
		if err != nil || len(batch) == 0 {
			if err != nil {
				err = fmt.Errorf("%s: %w", in.Name, err)
			}
			return done, err
		}
		if err := c.reportBatch(ctx, s, &done, &at, batch); err != nil {
			return done, err
		}
		bar.Set(in.BytesRead())
	}
}

// reportColumns are where a row has what; -1: the file does not say it.
type reportColumns struct{ address, time, outcome int }

func columnsOf(rows *listfile.Audience) reportColumns {
	named := func(name string) int {
		return slices.IndexFunc(rows.Header, func(one string) bool { return strings.EqualFold(strings.TrimSpace(one), name) })
	}
	return reportColumns{rows.Column, named("time"), named("outcome")}
}

// reportBatch reports some rows, and notes those that were not taken.
func (c *Commands) reportBatch(ctx context.Context, s *connect.Server, done *reported, at *reportColumns, rows [][]string) error {
	in := &assentv1.BatchReportSentRequest{Send: done.Send}
	var numbers []int // of the rows in the request
	for _, row := range rows {
		done.Reports++
		report, wrong := at.read(row)
		if wrong != "" {
			c.reject(done, rejectedRow{done.Reports, "INVALID_ROW", wrong})
			continue
		}
		in.Reports, numbers = append(in.Reports, report), append(numbers, done.Reports)
	}
	if len(in.GetReports()) == 0 {
		return nil
	}
	answer, err := connect.CallAgain(ctx, s, assentv1.NewContactServiceClient(s).BatchReportSent, in)
	if err != nil {
		return err
	}
	done.Changed += int(answer.GetChangedCount())
	done.NotKept += int(answer.GetNotKeptCount())
	for _, one := range answer.GetErrors() {
		if i := int(one.GetIndex()); i >= 0 && i < len(numbers) {
			c.reject(done, rejectedRow{numbers[i], one.GetReason(), one.GetMessage()})
		}
	}
	return nil
}

func (c *Commands) reject(done *reported, row rejectedRow) {
	done.Rejected = append(done.Rejected, row)
	if !c.JSON() {
		c.Notef("row %d: %s", row.Row, phrase.Printable(row.Message))
	}
}

// read returns the report of a row, or what is wrong with it.
func (at *reportColumns) read(row []string) (report *assentv1.ContactReport, wrong string) {
	cell := func(column int) string {
		if column < 0 {
			return ""
		}
		return strings.TrimSpace(row[column])
	}
	report = &assentv1.ContactReport{Address: row[at.address]}
	if report.GetAddress() == "" {
		return nil, "there is no address"
	}
	if text := cell(at.time); text != "" {
		var sent value.Time
		if err := sent.Set(text); err != nil {
			return nil, "time: " + err.Error()
		}
		report.SentTime = sent.At
	}
	switch outcome := cell(at.outcome); strings.ToLower(outcome) {
	case "", "sent":
		report.Outcome = assentv1.ContactOutcome_CONTACT_OUTCOME_SENT
	case "released":
		report.Outcome = assentv1.ContactOutcome_CONTACT_OUTCOME_RELEASED
	default:
		return nil, "outcome: write sent or released"
	}
	return report, ""
}
