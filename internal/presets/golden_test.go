package presets_test

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/jsonlist"
	"github.com/assent-io/assent/internal/presets"
	"github.com/assent-io/assent/internal/table"
	"github.com/assent-io/assent/internal/testkit"
)

func TestMain(m *testing.M) { testkit.VerifyNoLeaks(m) }

var update = flag.Bool("update", false, "write the golden files anew")

// imported is the time of all imports in these tests.
func imported() time.Time { return time.Date(2026, 11, 30, 6, 0, 0, 0, time.UTC) }

// row is a row as a reader of files gives it, with its line.
type row struct {
	presets.Row
	line int
}

// readRows reads a file as the import does: JSON by the ending, else a table.
func readRows(t testing.TB, p *presets.Preset, name, text string) []row {
	t.Helper()
	var rows []row
	if strings.HasSuffix(name, "json") {
		items, err := jsonlist.Open(strings.NewReader(text), jsonlist.Options{Lists: p.Lists})
		if err != nil {
			t.Fatal(err)
		}
		for {
			item, err := items.Next()
			if errors.Is(err, io.EOF) {
				return rows
			}
			if err != nil {
				t.Fatal(err)
			}
			one, err := p.ObjectRow(item.Object)
			if err != nil {
				t.Fatal(err)
			}
			rows = append(rows, row{one, item.Line})
		}
	}
	rule := table.HeaderFirst
	if p.Headless != nil {
		rule = table.HeaderUnlessAddress
	}
	from, err := table.Open(strings.NewReader(text), table.Options{Header: rule})
	if err != nil {
		t.Fatal(err)
	}
	header := from.Header()
	if header == nil {
		header = p.Headless
	}
	columns := presets.NewColumns(header)
	for {
		one, err := from.Next()
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row{presets.Row{Columns: columns, Cells: one.Cells}, one.Line})
	}
}

// written is a result on one line.
func written(line int, r *presets.Result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %s", line, r.Outcome)
	if r.Cause != "" {
		fmt.Fprintf(&b, " %s", r.Cause)
	}
	if r.Column != "" {
		fmt.Fprintf(&b, " (%s)", r.Column)
	}
	for _, u := range r.Unmapped {
		fmt.Fprintf(&b, " unmapped %s", u)
	}
	fmt.Fprintf(&b, ": %s\n", r.Why)
	for i := range r.Records {
		one := &r.Records[i]
		fmt.Fprintf(&b, "  %s %s%s", one.Verb, r.Address, r.Domain)
		for _, word := range []string{string(one.Reason), string(one.Scope), one.Channel, one.Declaration} {
			if word != "" {
				b.WriteString(" " + word)
			}
		}
		b.WriteString(" " + one.Time.Format(time.RFC3339Nano))
		if !one.Until.IsZero() {
			b.WriteString(" until " + one.Until.Format(time.RFC3339Nano))
		}
		if one.Imported {
			b.WriteString(" (of the file)")
		}
		if one.Verb == presets.Grant {
			fmt.Fprintf(&b, " %+v", one.Evidence)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// sample is a file of testdata and how it is imported.
type sample struct {
	preset, file string
	options      presets.Options
}

// samples are a realistic file of each kind.
func samples(t testing.TB) []sample {
	t.Helper()
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	byColumns, err := presets.ParseColumns("address=E-Mail,reason=Grund,time=Datum,list=Verteiler")
	if err != nil {
		t.Fatal(err)
	}
	all := []sample{
		{"columns", "columns.csv", presets.Options{
			Columns: byColumns, Zone: vienna, Order: presets.DayFirst, Map: map[string]string{"list:rundbrief": "newsletter"},
		}},
		{"listmonk", "listmonk.blocklist.csv", presets.Options{Status: "blocklisted"}},
		{"mailchimp", "subscribed_members_export_1a2b3c.csv", presets.Options{Channel: "newsletter", Declaration: "signup@2024-01"}},
		{"mailchimp", "unsubscribed_members_export_1a2b3c.csv", presets.Options{Channel: "newsletter"}},
		{"promio", "promio.csv", presets.Options{Zone: vienna}},
		{"sendgrid", "sendgrid.groups.json", presets.Options{Map: map[string]string{"group:12": "newsletter", "group:products": "products"}}},
		{"mailgun", "mailgun.unsubscribes.csv", presets.Options{Map: map[string]string{"tag:newsletter": "newsletter"}}},
		{"mailgun", "mailgun.unsubscribes.json", presets.Options{Map: map[string]string{"tag:newsletter": "newsletter", "tag:weekly": "weekly"}}},
		{"hubspot", "hubspot.csv", presets.Options{Map: map[string]string{"topic:marketinginformation": "newsletter"}}},
		{"mailup", "mailup.csv", presets.Options{Map: map[string]string{"list:1": "newsletter"}, Zone: vienna}},
		{"postmark", "postmark.json", presets.Options{Channel: "newsletter", Scope: "department:marketing"}},
		{"activecampaign", "activecampaign.csv", presets.Options{Channel: "newsletter", Occurred: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)}},
		{"cleverreach", "cleverreach.receivers.json", presets.Options{Channel: "newsletter"}},
		{"brevo", "brevo.csv", presets.Options{Zone: vienna}},
	}
	for _, name := range []string{
		"assent.csv", "assent.ndjson", "braze.json", "brevo.blocked.json", "cleverreach.blacklist.txt", "kit.csv", "klaviyo.json", "listmonk.csv", "mailgun.bounces.json",
		"mailgun.complaints.csv", "mailgun.whitelists.csv", "mandrill.csv", "mautic.csv", "mautic.json", "plain.txt", "promio.audit.csv", "rapidmail.txt", "resend.json",
		"sendgrid.global.csv", "ses.import.csv", "ses.json", "sparkpost.json",
	} {
		preset, _, _ := strings.Cut(name, ".")
		all = append(all, sample{preset: preset, file: name})
	}
	for _, name := range []string{"bounces", "blocks", "spam_reports", "invalid_emails"} {
		all = append(all, sample{preset: "sendgrid", file: "suppression_" + name + ".csv"})
	}
	for _, name := range []string{"cleaned", "nonsubscribed", "archived"} {
		all = append(all, sample{preset: "mailchimp", file: name + "_members_export_1a2b3c.csv"})
	}
	for i := range all {
		all[i].options.FileName, all[i].options.Imported = all[i].file, imported()
	}
	return all
}

// of returns the preset of a sample.
func (s *sample) of(t testing.TB) *presets.Preset {
	t.Helper()
	return named(t, s.preset)
}

func (s *sample) text(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", s.file))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestRead_RealisticFiles_GiveTheirGoldenOutcomes(t *testing.T) {
	seen := map[string]bool{}
	for _, s := range samples(t) {
		seen[s.preset] = true
		t.Run(s.file, func(t *testing.T) {
			p := s.of(t)
			rows := readRows(t, p, s.file, s.text(t))
			reader, err := p.NewReader(rows[0].Columns, s.options)
			if err != nil {
				t.Fatal(err)
			}
			var got strings.Builder
			for _, one := range rows {
				result := reader.Read(one.Row)
				got.WriteString(written(one.line, &result))
			}
			fmt.Fprintf(&got, "%+v\n", reader.Times())
			golden := filepath.Join("testdata", "golden", s.file+".txt")
			if *update {
				if err := os.WriteFile(golden, []byte(got.String()), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got.String()); diff != "" {
				t.Error(diff)
			}
		})
	}
	for _, name := range presets.Names() {
		if !seen[name] {
			t.Errorf("no file of the preset %s is tested", name)
		}
	}
}
