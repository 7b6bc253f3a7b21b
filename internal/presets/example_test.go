package presets_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/presets"
)

// A file of SendGrid's bounces is read row by row. Columns come from its header, which is read by package table.
func ExamplePreset_NewReader() {
	preset, err := presets.Named("sendgrid")
	if err != nil {
		fmt.Println(err)
		return
	}
	columns := presets.NewColumns([]string{"status", "reason", "email", "created"})
	reader, err := preset.NewReader(columns, presets.Options{
		FileName: "suppression_bounces.csv", Imported: time.Date(2026, 11, 30, 6, 0, 0, 0, time.UTC),
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, cells := range [][]string{
		{"5.1.1", "no such user", "anna@firma.example", "1700000000"},
		{"4.2.2", "mailbox full", "bert@firma.example", "1700000001"},
	} {
		result := reader.Read(presets.Row{Columns: columns, Cells: cells})
		fmt.Println(result.Outcome, result.Cause, result.Why)
		for _, record := range result.Records {
			fmt.Println(record.Verb, record.Reason, record.Scope, record.Time.Format(time.RFC3339))
		}
	}
	// Output:
	// recorded  a hard bounce
	// suppress HARD_BOUNCE all 2023-11-14T22:13:20Z
	// skipped SOFT_BOUNCE a soft bounce, a block or a deferral says nothing of the mailbox for good
}

func BenchmarkRead(b *testing.B) {
	reader, err := named(b, "sendgrid").NewReader(presets.NewColumns([]string{"status", "reason", "email", "created"}),
		presets.Options{Status: "bounces", Imported: imported()})
	if err != nil {
		b.Fatal(err)
	}
	row := presets.Row{Columns: presets.NewColumns([]string{"status", "reason", "email", "created"}), Cells: []string{"5.1.1", "no such user", "anna@firma.example", "1700000000"}}
	b.ReportAllocs()
	for b.Loop() {
		if result := reader.Read(row); result.Outcome != presets.Recorded {
			b.Fatal(result.Why)
		}
	}
}
