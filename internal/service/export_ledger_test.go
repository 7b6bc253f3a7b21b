package service

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/dossier"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/ledger"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/export"
	"github.com/assent-io/assent/internal/service/txn"
)

// exportedLedger returns the lines of an export of the ledger.
func exportedLedger(ctx context.Context, t testing.TB, s *Service, in export.Range) ([]dossier.Line, dossier.LastLine) {
	t.Helper()
	data, first := exported(t, func(send func(export.Chunk) error) error { return s.ExportLedger(ctx, in, send) })
	if first.ContentType != "application/x-ndjson" {
		t.Errorf("%+v", first)
	}
	texts := bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
	all := make([]dossier.Line, len(texts)-1)
	for i := range all {
		if err := json.Unmarshal(texts[i], &all[i]); err != nil {
			t.Fatal(err)
		}
	}
	var last dossier.LastLine
	if err := json.Unmarshal(texts[len(texts)-1], &last); err != nil || last.Events != int64(len(all)) {
		t.Fatalf("%d lines, the last %+v, %v", len(all), last, err)
	}
	return all, last
}

func TestExportLedger_AllOfIt_GivesTheRootOfItsCheckpoint(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		for i := range 1200 { // More than two pages.
			if _, err := s.Record(ctx, withdrawal("newsletter", fmt.Sprintf("a%d@example.at", i)), txn.Idempotency{}); err != nil {
				t.Fatal(err)
			}
		}
		all, last := exportedLedger(ctx, t, s, export.Range{})
		tree, err := ledger.ParseTree(0, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i := range all {
			if all[i].Position != int64(i+1) || i > 0 && all[i].Evidence.Address != fmt.Sprintf("a%d@example.at", i-1) {
				t.Fatalf("line %d: %+v", i, all[i])
			}
			tree.Append(ledger.LeafHash(all[i].Header))
		}
		c, err := ledger.OpenCheckpoint([]byte(last.Checkpoint), ledger.Origin(w.keys.StoreID()), last.VerifierKey)
		if err != nil || c.Size != 1201 || c.Root != tree.Root() {
			t.Errorf("checkpoint %+v, %v; root %x", c, err, tree.Root())
		}
	})
}

func TestExportLedger_Ranges_AreOfPositionsAndTimes(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		day := func(n int) consent.Instant { return consent.InstantOf(start.Add(time.Duration(n-20) * 24 * time.Hour)) }
		var recorded []consent.Instant
		for n := range 6 { // Positions 2 to 7; what occurred later is recorded earlier.
			st := withdrawal("newsletter", "anna@example.at")
			st.Occurred = day(6 - n)
			w.mustRecord(ctx, s, st)
		}
		all, _ := exportedLedger(ctx, t, s, export.Range{})
		for _, line := range all {
			recorded = append(recorded, consent.Instant(line.RecordedTime))
		}
		for name, c := range map[string]struct {
			in   export.Range
			want []int64
		}{
			"all":                       {export.Range{}, []int64{1, 2, 3, 4, 5, 6, 7}},
			"from":                      {export.Range{From: 6}, []int64{6, 7}},
			"to":                        {export.Range{To: 2}, []int64{1, 2}},
			"one":                       {export.Range{From: 4, To: 4}, []int64{4}},
			"recorded since, inclusive": {export.Range{RecordedSince: recorded[4]}, []int64{5, 6, 7}},
			"recorded since, after":     {export.Range{RecordedSince: recorded[4] + 1}, []int64{6, 7}},
			"recorded until, exclusive": {export.Range{RecordedUntil: recorded[2]}, []int64{1, 2}},
			"recorded until, after":     {export.Range{RecordedUntil: recorded[2] + 1}, []int64{1, 2, 3}},
			"recorded before all":       {export.Range{RecordedUntil: recorded[0]}, nil},
			"occurred since":            {export.Range{OccurredSince: day(5)}, []int64{1, 2, 3}},
			"occurred until":            {export.Range{OccurredUntil: day(3)}, []int64{6, 7}},
			"occurred and position":     {export.Range{OccurredUntil: day(5), To: 5}, []int64{4, 5}},
		} {
			var got []int64
			lines, _ := exportedLedger(ctx, t, s, c.in)
			for _, line := range lines {
				got = append(got, line.Position)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
		for name, c := range map[string]struct {
			in   export.Range
			want fault.Code
		}{
			"beyond the head": {export.Range{From: 8}, fault.PositionUnknown},
			"ends beyond":     {export.Range{To: 8}, fault.PositionUnknown},
			"backwards":       {export.Range{From: 3, To: 2}, fault.InvalidRequest},
			"no time":         {export.Range{RecordedSince: 5, RecordedUntil: 5}, fault.InvalidTime},
			"no occurrence":   {export.Range{OccurredSince: 5, OccurredUntil: 5}, fault.InvalidTime},
		} {
			if err := s.ExportLedger(ctx, c.in, func(export.Chunk) error { return nil }); err == nil {
				t.Errorf("%s is let through", name)
			} else {
				wantFault(t, err, c.want)
			}
		}
	})
}

func TestExportLedger_RecordedMeanwhile_EndsWhereItBegan_AndARevokedKeyEndsIt(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, admin := w.acme()
		for i := range 1100 {
			if _, err := s.Record(admin, withdrawal("newsletter", fmt.Sprintf("a%d@example.at", i)), txn.Idempotency{}); err != nil {
				t.Fatal(err)
			}
		}
		data, _ := exported(t, func(send func(export.Chunk) error) error {
			return s.ExportLedger(admin, export.Range{}, func(c export.Chunk) error {
				if len(c.Data) > 2*export.ChunkSize {
					t.Errorf("a part has %d bytes", len(c.Data))
				}
				w.mustRecord(admin, s, withdrawal("newsletter", "late@example.at"))
				return send(c)
			})
		})
		if n := bytes.Count(data, []byte("\n")); n != 1102 || bytes.Contains(data, []byte("late@example.at")) {
			t.Errorf("%d lines", n)
		}
		officer := w.as(admin, s, administration.NewClient{ID: "officer", AllDepartments: true, Role: "officer"})
		sent := 0
		err := s.ExportLedger(officer, export.Range{}, func(export.Chunk) error {
			if sent++; sent == 1 {
				if _, err := s.RevokeClient(admin, "officer"); err != nil {
					t.Fatal(err)
				}
			}
			return nil
		})
		wantFault(t, err, fault.Unauthenticated)
	})
}

func TestExportLedger_AfterAnErasure_ShowsBlanksAndStillGivesTheRoot(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, consentOn("newsletter", "anna@example.at", w.clock.Now()))
		early := w.clock.Now()
		w.clock.Advance(time.Hour)
		w.mustRecord(ctx, s, consentOn("newsletter", "anna@example.at", w.clock.Now()))
		// What was given after the erasure is recorded anew under another subject; where it stood is blank.
		erased := statement.Statement{Kind: consent.KindErase, Address: "anna@example.at", Occurred: consent.InstantOf(early)}
		w.mustRecord(ctx, s, erased)
		all, last := exportedLedger(ctx, t, s, export.Range{})
		tree, err := ledger.ParseTree(0, nil)
		if err != nil {
			t.Fatal(err)
		}
		blanks := 0
		for i := range all {
			leaf, err := base64.StdEncoding.DecodeString(all[i].LeafHash)
			if err != nil {
				t.Fatal(err)
			}
			if all[i].Kind == "blank" {
				blanks++
			} else if hash := ledger.LeafHash(all[i].Header); !bytes.Equal(hash[:], leaf) {
				t.Errorf("position %d has another leaf", all[i].Position)
			}
			tree.Append([ledger.HashSize]byte(leaf))
		}
		c, err := ledger.OpenCheckpoint([]byte(last.Checkpoint), ledger.Origin(w.keys.StoreID()), last.VerifierKey)
		if err != nil || c.Root != tree.Root() || blanks != 1 {
			t.Errorf("%d blanks, checkpoint %+v, %v", blanks, c, err)
		}
		d := dossierOf(ctx, t, s, "anna@example.at")
		kept := d.Events[len(d.Events)-1]
		if kept.Kind != "grant" || !slices.Equal(kept.Was, []int64{3}) || d.Subject.Status != dossier.StatusKnown {
			t.Errorf("%s: %+v", d.Subject.Status, kept)
		}
	})
}
