package service

import (
	"bytes"
	"compress/gzip"
	"context"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/presets"
	"github.com/assent-io/assent/internal/service/imports"
	"github.com/assent-io/assent/internal/storage/tables"
)

// uploadUntilLastPart uploads a file of one part, and does something once that part was recorded and before the upload ends.
func uploadUntilLastPart(ctx context.Context, t *testing.T, s *Service, id, text string, then func()) error {
	t.Helper()
	parts := 0
	return s.Upload(ctx, imports.Upload{ID: id}, wholeFile(text), func(p imports.Progress) error {
		if p.Import != nil {
			t.Errorf("the upload ended as if nothing had happened: %+v", p.Import)
			return nil
		}
		if parts++; parts > 1 {
			t.Errorf("part %d of a file of one part", parts)
		}
		then()
		return nil
	})
}

func TestImport_UndoneAfterItsLastPart_EndsWithBatchUndone(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		text := many(3)
		made, _, err := s.CreateImport(ctx, imports.NewImport{Options: imports.Options{Preset: presets.Plain}, SHA256: sha(text), Size: int64(len(text))})
		if err != nil {
			t.Fatal(err)
		}
		undo := func() {
			if _, left, err := s.UndoImport(ctx, made.ID, "the wrong file"); err != nil || left.Events != 3 {
				t.Errorf("undo: %+v, %v", left, err)
			}
		}
		wantFault(t, uploadUntilLastPart(ctx, t, s, made.ID, text, undo), fault.BatchUndone)
		if got, err := s.GetImport(ctx, made.ID); err != nil || got.State != imports.StateUndone {
			t.Errorf("the import: %+v, %v", got, err)
		}
	})
}

func TestImport_CompleteAndUndoneWhileItIsUploadedAgain_EndsWithBatchUndone(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		text := many(3)
		made, _ := mustImport(ctx, t, s, imports.Options{Preset: presets.Plain}, text)
		undo := func() {
			if _, _, err := s.UndoImport(ctx, made.ID, "the wrong file"); err != nil {
				t.Errorf("undo: %v", err)
			}
		}
		wantFault(t, uploadUntilLastPart(ctx, t, s, made.ID, text, undo), fault.BatchUndone)
	})
}

func TestImport_ReplacedAfterItsLastPart_EndsWithUploadReplaced(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		text := many(3)
		made, _, err := s.CreateImport(ctx, imports.NewImport{Options: imports.Options{Preset: presets.Plain}, SHA256: sha(text), Size: int64(len(text))})
		if err != nil {
			t.Fatal(err)
		}
		replace := func() {
			if told, err := upload(ctx, s, imports.Upload{ID: made.ID}, text); err != nil || told.Import == nil {
				t.Errorf("the later upload: %+v, %v", told.Import, err)
			}
		}
		wantFault(t, uploadUntilLastPart(ctx, t, s, made.ID, text, replace), fault.UploadReplaced)
		if got, err := s.GetImport(ctx, made.ID); err != nil || got.State != imports.StateComplete || got.Counts.Rows != 3 {
			t.Errorf("the import: %+v, %v", got, err)
		}
	})
}

// TestImport_OfAFileThatIsRefused_LeavesNoImport holds that what nothing can come of does not wait in the list of imports.
func TestImport_OfAFileThatIsRefused_LeavesNoImport(t *testing.T) {
	bomb := gzipped(strings.Repeat("\n", 70<<20))
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		for name, c := range map[string]struct {
			options imports.Options
			text    string
		}{
			"columns of another tool": {imports.Options{Preset: "mandrill"}, "name,age\nAnna,31\n"},
			"items of another tool":   {imports.Options{Preset: "mandrill"}, `[{"name":"Anna"}]`},
			"a channel is missing":    {imports.Options{Preset: "mailchimp", FileName: "unsubscribed.csv"}, "Email\nanna@firma.example\n"},
			"a workbook":              {imports.Options{Preset: presets.Plain}, "PK\x03\x04"},
			"packed and damaged":      {imports.Options{Preset: presets.Plain}, "\x1f\x8b\x08"},
			"a bomb":                  {imports.Options{Preset: presets.Plain}, bomb},
		} {
			mustLeaveNoImport(ctx, t, s, name, c.options, c.text, fault.InvalidFile)
		}
	})
}

func mustLeaveNoImport(ctx context.Context, t *testing.T, s *Service, name string, o imports.Options, text string, want fault.Code) {
	t.Helper()
	made, _, err := s.CreateImport(ctx, imports.NewImport{Options: o, SHA256: sha(text), Size: int64(len(text))})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	_, err = upload(ctx, s, imports.Upload{ID: made.ID}, text)
	wantFault(t, err, want)
	_, err = s.GetImport(ctx, made.ID)
	wantFault(t, err, fault.ImportMissing)
	if page, err := s.ListImports(ctx, 10, ""); err != nil || len(page.Imports) != 0 {
		t.Errorf("%s: listed %+v, %v", name, page.Imports, err)
	}
}

func TestImport_OfAFileThatIsRefusedInTheMiddle_WaitsWithWhatItRecorded(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.importBytes, w.undoPage = 1<<15, 100
		s, ctx := w.acme()
		text := gzipped(many(4_000))
		made, _, err := s.CreateImport(ctx, imports.NewImport{Options: imports.Options{Preset: presets.Plain}, SHA256: sha(text), Size: int64(len(text))})
		if err != nil {
			t.Fatal(err)
		}
		_, err = upload(ctx, s, imports.Upload{ID: made.ID}, text)
		wantFault(t, err, fault.TooLarge)
		if got, err := s.GetImport(ctx, made.ID); err != nil || got.State != imports.StateWaiting || got.Counts.Recorded == 0 {
			t.Errorf("the import: %+v, %v", got, err)
		}
		// A server of an older program stored the counts alone.
		w.raw().exec(`UPDATE imports SET report = replace(report, '"Touched":true', '"Touched":false')`)
		_, err = upload(ctx, s, imports.Upload{ID: made.ID}, gzipped(strings.Repeat("\n", 1<<17)))
		wantFault(t, err, fault.TooLarge)
		if one, left, err := s.UndoImport(ctx, made.ID, "it was too large"); err != nil || left.Events == 0 || one.State != imports.StateUndone {
			t.Errorf("undo: %+v, %+v, %v", one.State, left, err)
		}
	})
}

func TestImport_FileThatIsAnnouncedTooLarge_IsRefused(t *testing.T) {
	w := newWorld(t, "sqlite")
	w.importBytes = 500
	s, ctx := w.acme()
	_, _, err := s.CreateImport(ctx, imports.NewImport{Options: imports.Options{Preset: presets.Plain}, SHA256: sha("x"), Size: 501})
	wantFault(t, err, fault.TooLarge)
	if _, _, err = s.CreateImport(ctx, imports.NewImport{Options: imports.Options{Preset: presets.Plain}, SHA256: sha("x"), Size: 500}); err != nil {
		t.Errorf("one of the largest size: %v", err)
	}
}

func TestImport_FileThatIsTooLargeOnceUnpacked_LeavesNoImport(t *testing.T) {
	w := newWorld(t, "sqlite")
	w.importBytes = 500
	s, ctx := w.acme()
	mustLeaveNoImport(ctx, t, s, "lines", imports.Options{Preset: presets.Plain}, gzipped(strings.Repeat("\n", 600)), fault.TooLarge)
}

func gzipped(text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write([]byte(text)) // A buffer takes everything.
	_ = z.Close()
	return b.String()
}

func TestImport_OptionsByWhichNoFileCouldBeRead_AreRefused(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		for name, options := range map[string]imports.Options{
			"a field that is not known": {Preset: presets.ByColumns, Columns: map[string]string{"address": "email", "reson": "status"}},
			"no column of the address":  {Preset: presets.ByColumns, Columns: map[string]string{"reason": "status"}},
			"no such zone":              {Preset: "mailchimp", Timezone: "Europe/Wein"},
			"a key twice":               {Preset: "mailgun", ChannelMap: map[string]string{"tag:a": "newsletter", "TAG:a": "newsletter"}},
		} {
			_, _, err := s.CreateImport(ctx, imports.NewImport{Options: options, SHA256: sha(name), Size: 1})
			wantFault(t, err, fault.InvalidImport)
		}
		if rows, err := tables.ImportStates(ctx, s.Store); err != nil || len(rows) != 0 {
			t.Errorf("imports that are left: %v, %v", rows, err)
		}
	})
}
