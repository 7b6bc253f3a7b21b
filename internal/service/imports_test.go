package service

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/presets"
	"github.com/assent-io/assent/internal/service/imports"
	"github.com/assent-io/assent/internal/storage/tables"
)

func sha(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

func wholeFile(text string) imports.Open {
	return func(context.Context) io.Reader { return strings.NewReader(text) }
}

// uploaded is what an upload told.
type uploaded struct {
	imports.Progress
	all []imports.Row
}

// upload uploads a file.
func upload(ctx context.Context, s *Service, in imports.Upload, text string) (uploaded, error) {
	var told uploaded
	err := s.Upload(ctx, in, wholeFile(text), func(p imports.Progress) error {
		told.Progress = p
		told.all = append(told.all, p.Rows...)
		return nil
	})
	return told, err
}

// mustImport imports a file.
func mustImport(ctx context.Context, t testing.TB, s *Service, o imports.Options, text string) (imports.Import, uploaded) {
	t.Helper()
	made, _, err := s.CreateImport(ctx, imports.NewImport{Options: o, SHA256: sha(text), Size: int64(len(text))})
	if err != nil {
		t.Fatalf("create: %v", err)
	}
	told, err := upload(ctx, s, imports.Upload{ID: made.ID, Rows: imports.RowsAll}, text)
	if err != nil {
		t.Fatalf("upload: %v", err)
	}
	if told.Import == nil || told.Import.State != tables.ImportComplete {
		t.Fatalf("the import at the end: %+v", told.Import)
	}
	return *told.Import, told
}

func TestImport_SameFileTwice_ChangesNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const text = "anna@firma.example\nbert@firma.example\nno address\nanna@firma.example\n@chello.example\n"
		made, told := mustImport(ctx, t, s, imports.Options{Preset: presets.Plain}, text)
		want := imports.Counts{Rows: 5, Recorded: 3, Duplicates: 1, Rejected: 1, Facts: 3, Causes: map[string]int64{"INVALID_ADDRESS": 1}}
		if diff := cmp.Diff(want, told.Counts); diff != "" {
			t.Errorf("counts (-want +got):\n%s", diff)
		}
		w.wantCheck(ctx, s, "newsletter", "anna@firma.example", consent.CodeSuppressed)
		head, err := s.Store.Head(ctx)
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Hour)
		again, told := mustImport(ctx, t, s, imports.Options{Preset: presets.Plain}, text)
		if again.ID != made.ID || again.Created != made.Created {
			t.Errorf("the same file made another import: %+v, before %+v", again, made)
		}
		if told.Counts.Duplicates != 4 || told.Counts.Recorded != 0 {
			t.Errorf("the second time: %+v", told.Counts)
		}
		after, err := s.Store.Head(ctx)
		if err != nil || after.Position != head.Position {
			t.Errorf("the second time recorded: position %d, before %d, %v", after.Position, head.Position, err)
		}
		stored, err := s.GetImport(ctx, made.ID)
		if err != nil || stored.Counts.Recorded != 3 {
			t.Errorf("the report of the first time is kept: %+v, %v", stored.Counts, err)
		}
	})
}

func TestImport_Preview_RecordsNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		before := positions(t, s.Store)
		told, err := upload(ctx, s, imports.Upload{Preview: &imports.Options{Preset: presets.Plain}}, "anna@firma.example\n?\n")
		if err != nil {
			t.Fatal(err)
		}
		if told.Counts.Recorded != 1 || told.Counts.Rejected != 1 || len(told.all) != 1 || told.all[0].Line != 2 {
			t.Errorf("told %+v, rows %+v", told.Counts, told.all)
		}
		if after := positions(t, s.Store); after != before {
			t.Errorf("a preview recorded %d events", after-before)
		}
		if page, err := s.ListImports(ctx, 10, ""); err != nil || len(page.Imports) != 0 {
			t.Errorf("a preview left %+v, %v", page, err)
		}
	})
}

// A preview with the digest of the file says what its upload would record: nothing, once it was imported. As a new import it would record all.
func TestImport_PreviewOfAFileThatWasImported_SaysWhatItsUploadWouldRecord(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const text = "anna@firma.example\nbert@firma.example\n"
		options := imports.Options{Preset: presets.Plain}
		preview := func(digest string, recorded, duplicates int64) {
			t.Helper()
			told, err := upload(ctx, s, imports.Upload{Preview: &options, SHA256: digest}, text)
			if err != nil || told.Counts.Recorded != recorded || told.Counts.Duplicates != duplicates {
				t.Errorf("preview with the digest %q: %+v, %v", digest, told.Counts, err)
			}
		}
		preview(sha(text), 2, 0)
		mustImport(ctx, t, s, options, text)
		w.clock.Advance(time.Hour)
		preview(strings.ToUpper(sha(text)), 0, 2)
		preview("", 2, 0)
		preview(sha("another"), 2, 0)
		if _, told := mustImport(ctx, t, s, options, text); told.Counts.Duplicates != 2 {
			t.Errorf("imported again: %+v", told.Counts)
		}
	})
}

var errCut = errors.New("the connection was cut")

// cut gives a text up to where it was cut.
func cut(text string, at int) imports.Open {
	return func(context.Context) io.Reader {
		return io.MultiReader(strings.NewReader(text[:at]), failing{})
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errCut }

func many(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "person%d@firma.example\n", i)
	}
	return b.String()
}

// TestImport_UploadThatWasCut_IsResumed_AndCountsAsIfItHadNotBeen has addresses twice in the file, and one that another import states, too.
func TestImport_UploadThatWasCut_IsResumed_AndCountsAsIfItHadNotBeen(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		at := "2026-01-02T03:04:05Z"
		options := imports.Options{Preset: presets.ByColumns, Columns: map[string]string{"address": "email", "time": "at"}}
		mustImport(ctx, t, s, options, "email,at\nperson7@firma.example,"+at+"\n")
		var b strings.Builder
		b.WriteString("email,at\n")
		for i := range 1800 {
			fmt.Fprintf(&b, "person%d@firma.example,%s\n", i%1500, at)
		}
		text := b.String()
		made, _, err := s.CreateImport(ctx, imports.NewImport{Options: options, SHA256: sha(text), Size: int64(len(text))})
		if err != nil {
			t.Fatal(err)
		}
		for _, share := range []int{2, 3} {
			err = s.Upload(ctx, imports.Upload{ID: made.ID}, cut(text, len(text)*share/4), func(imports.Progress) error { return nil })
			if !errors.Is(err, errCut) {
				t.Fatalf("a cut upload: %v", err)
			}
			if got, err := s.GetImport(ctx, made.ID); err != nil || got.State != tables.ImportWaiting || got.Counts.Recorded == 0 {
				t.Errorf("after the cut: %+v, %v", got, err)
			}
		}
		told, err := upload(ctx, s, imports.Upload{ID: made.ID}, text)
		if err != nil {
			t.Fatal(err)
		}
		want := imports.Counts{Rows: 1800, Recorded: 1499, Duplicates: 301, Facts: 1499}
		if diff := cmp.Diff(want, told.Counts); diff != "" {
			t.Errorf("counts (-want +got):\n%s", diff)
		}
		if got, err := s.GetImport(ctx, made.ID); err != nil || cmp.Diff(want, got.Counts) != "" {
			t.Errorf("kept: %+v, %v", got.Counts, err)
		}
		if got := positions(t, s.Store); got != 1501 { // And the catalog.
			t.Errorf("the ledger has %d events", got)
		}
	})
}

func TestImport_AnotherFileThanAnnounced_StaysWaiting(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		made, _, err := s.CreateImport(ctx, imports.NewImport{Options: imports.Options{Preset: presets.Plain}, SHA256: sha("x"), Size: 1})
		if err != nil {
			t.Fatal(err)
		}
		_, err = upload(ctx, s, imports.Upload{ID: made.ID}, "anna@firma.example\n")
		wantFault(t, err, fault.FileChanged)
		if got, err := s.GetImport(ctx, made.ID); err != nil || got.State != tables.ImportWaiting {
			t.Errorf("the import: %+v, %v", got, err)
		}
	})
}

func TestImport_SecondUpload_ReplacesTheFirst(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		text := many(1200) // Two parts.
		made, _, err := s.CreateImport(ctx, imports.NewImport{Options: imports.Options{Preset: presets.Plain}, SHA256: sha(text), Size: int64(len(text))})
		if err != nil {
			t.Fatal(err)
		}
		first := true
		err = s.Upload(ctx, imports.Upload{ID: made.ID}, wholeFile(text), func(imports.Progress) error {
			if first {
				first = false
				if _, err := upload(ctx, s, imports.Upload{ID: made.ID}, text); err != nil {
					t.Errorf("the second upload: %v", err)
				}
				w.clock.Advance(time.Minute) // So the first asks whether it may go on.
			}
			return nil
		})
		if err != nil {
			wantFault(t, err, fault.UploadReplaced)
		}
		if got, err := s.GetImport(ctx, made.ID); err != nil || got.State != tables.ImportComplete || got.Counts.Rows != 1200 {
			t.Errorf("the import: %+v, %v", got, err)
		}
		if got := positions(t, s.Store); got != 1201 {
			t.Errorf("the ledger has %d events", got)
		}
	})
}
