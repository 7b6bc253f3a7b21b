package service

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/presets"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/imports"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/service/undo"
)

func TestUndoImport_EndsWhatItRecorded_AndTheFileCanBeImportedAnew(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, consentOn("newsletter", "anna@firma.example", w.clock.Now()))
		const text = "anna@firma.example\nbert@firma.example\n"
		made, _ := mustImport(ctx, t, s, imports.Options{Preset: presets.Plain}, text)
		w.wantCheck(ctx, s, "newsletter", "anna@firma.example", consent.CodeSuppressed)
		w.clock.Advance(time.Minute)
		one, left, err := s.UndoImport(ctx, made.ID, "the wrong file")
		if err != nil || left.Events != 2 || !left.Complete || one.State != imports.StateUndone || one.UndoneBy != "test" {
			t.Fatalf("undo: %+v, %+v, %v", one, left, err)
		}
		w.wantCheck(ctx, s, "newsletter", "anna@firma.example", consent.CodeAllowConsent)
		_, again, err := s.UndoImport(ctx, made.ID, "once more")
		if left.Before = true; err != nil || again != left {
			t.Errorf("undone twice: %+v, %v; before %+v", again, err, left)
		}
		_, err = upload(ctx, s, imports.Upload{ID: made.ID}, text)
		wantFault(t, err, fault.BatchUndone)
		w.wantCheck(ctx, s, "newsletter", "anna@firma.example", consent.CodeAllowConsent)
		anew, _ := mustImport(ctx, t, s, imports.Options{Preset: presets.Plain}, text)
		if anew.ID == made.ID {
			t.Error("the same file is the import that was undone")
		}
		w.wantCheck(ctx, s, "newsletter", "anna@firma.example", consent.CodeSuppressed)
		if page, err := s.ListImports(ctx, 10, ""); err != nil || len(page.Imports) != 2 || page.Imports[1].State != imports.StateUndone {
			t.Errorf("listed %+v, %v", page, err)
		}
	})
}

func TestUndoImport_OfOneThatRecordedNothing_FreesItsFile_AndRecordsNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const text = "email\nno address\n"
		made, _ := mustImport(ctx, t, s, imports.Options{Preset: presets.Plain}, text)
		before := positions(t, s.Store)
		for _, want := range []undo.Result{{Complete: true}, {Complete: true, Before: true}} {
			one, left, err := s.UndoImport(ctx, made.ID, "the wrong file")
			if err != nil || left != want || one.State != imports.StateUndone || one.UndoneBy != "test" {
				t.Errorf("undo: %+v, %+v, %v", one, left, err)
			}
		}
		if after := positions(t, s.Store); after != before {
			t.Errorf("the undo of nothing recorded %d events", after-before)
		}
		_, err := upload(ctx, s, imports.Upload{ID: made.ID}, text)
		wantFault(t, err, fault.BatchUndone)
		if anew, _ := mustImport(ctx, t, s, imports.Options{Preset: presets.Plain}, text); anew.ID == made.ID {
			t.Error("the same file is the import that was undone")
		}
		sound(t, w, s)
	})
}

func TestUndoImport_NeedsAnOfficer_AndAnImport(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		made, _, err := s.CreateImport(ctx, imports.NewImport{Options: imports.Options{Preset: presets.Plain}, SHA256: sha("x"), Size: 1})
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = s.UndoImport(ctx, "00000000-0000-4000-8000-000000000000", "unknown")
		wantFault(t, err, fault.ImportMissing)
		desk := access.Process("desk")
		desk.AllDepartments, desk.Department = false, "marketing"
		_, _, err = s.UndoImport(access.WithCaller(ctx, desk), made.ID, "of another department")
		wantFault(t, err, fault.OtherDepartment)
		desk.Scopes = []access.Scope{access.ScopeRecord}
		_, _, err = s.UndoImport(access.WithCaller(ctx, desk), made.ID, "no officer")
		wantFault(t, err, fault.ScopeMissing)
	})
}

func TestUndoImport_DuringAnUpload_EndsIt_AndNothingOfItCounts(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.undoPage = 250
		s, ctx := w.acme()
		text := many(5500) // After the first part some are under way, and one is still to be read.
		made, _, err := s.CreateImport(ctx, imports.NewImport{Options: imports.Options{Preset: presets.Plain}, SHA256: sha(text), Size: int64(len(text))})
		if err != nil {
			t.Fatal(err)
		}
		done := false
		err = s.Upload(ctx, imports.Upload{ID: made.ID}, wholeFile(text), func(imports.Progress) error {
			if !done {
				done = true
				if _, left, err := s.UndoImport(ctx, made.ID, "the wrong file"); err != nil || !left.Complete {
					t.Errorf("undo: %+v, %v", left, err)
				}
			}
			return nil
		})
		wantFault(t, err, fault.BatchUndone)
		for _, n := range []int{0, 999, 3000, 5499} {
			w.wantCheck(ctx, s, "newsletter", fmt.Sprintf("person%d@firma.example", n), consent.CodeNoLegalBasis)
		}
		if got, err := s.GetImport(ctx, made.ID); err != nil || got.State != imports.StateUndone {
			t.Errorf("the import: %+v, %v", got, err)
		}
	})
}

// An import that is undone leaves every answer as it was without it, whatever was recorded before it and between.
func TestUndoImport_IsAsIfItHadNeverBeenImported(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.byStore = true
		s, ctx := w.acme()
		w.eachLife(t, 20, func(t *rapid.T, run int) {
			one, two := fmt.Sprintf("u%d", run), fmt.Sprintf("v%d", run)
			before, rows, between := history(t), listRows(t), history(t)
			recordHistory(ctx, t, s, before, one, two)
			text := listFile(one, rows)
			made, _, err := s.CreateImport(ctx, imports.NewImport{Options: listOptions(), SHA256: sha(text), Size: int64(len(text))})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := upload(ctx, s, imports.Upload{ID: made.ID}, text); err != nil {
				t.Fatal(err)
			}
			recordHistory(ctx, t, s, between, one, two)
			if _, _, err := s.UndoImport(ctx, made.ID, "the wrong file"); err != nil {
				t.Fatal(err)
			}
			undone, never := answersOf(ctx, t, w, s, one), answersOf(ctx, t, w, s, two)
			if diff := cmp.Diff(never, undone); diff != "" {
				t.Fatalf("before %+v, rows %+v, between %+v (-never +undone):\n%s", before, rows, between, diff)
			}
		})
	})
}

// Of two imports that state the same of some people either can be undone: every answer is what the other one alone gives.
func TestUndoImport_BesideAnotherOneOfTheSamePeople_IsAsIfItHadNeverBeenImported(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.byStore = true
		s, ctx := w.acme()
		run := 0
		rapid.Check(t, func(t *rapid.T) {
			run++
			one, two := fmt.Sprintf("u%d", run), fmt.Sprintf("v%d", run)
			common := listRows(t)
			lists := [2][]listRow{slices.Concat(common, listRows(t)), slices.Concat(listRows(t), common)}
			undone := rapid.IntRange(0, 1).Draw(t, "undone")
			single := rapid.SampledFrom(append(history(t), historyEvent{kind: "MANUAL", hour: 1})).Draw(t, "single")
			var ids [2]string
			for i, rows := range lists {
				text := listFile(one, rows)
				made, existed, err := s.CreateImport(ctx, imports.NewImport{Options: listOptions(), SHA256: sha(text + fmt.Sprint(i)), Size: int64(len(text))})
				if err != nil || existed {
					t.Fatal(existed, err)
				}
				ids[i] = made.ID
				if _, err := upload(ctx, s, imports.Upload{ID: made.ID}, text); err != nil && !isFault(err, fault.FileChanged) {
					t.Fatal(err)
				}
			}
			importText(ctx, t, s, listFile(two, lists[1-undone]))
			for _, prefix := range []string{one, two} {
				if _, err := s.Record(ctx, single.statement(prefix), txn.Idempotency{}); err != nil {
					t.Fatal(err)
				}
			}
			if _, _, err := s.UndoImport(ctx, ids[undone], "the wrong file"); err != nil {
				t.Fatal(err)
			}
			got, want := answersOf(ctx, t, w, s, one), answersOf(ctx, t, w, s, two)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("lists %+v, undone %d (-never imported +undone):\n%s", lists, undone, diff)
			}
		})
	})
}
