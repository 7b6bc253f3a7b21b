package service

import (
	"context"
	"testing"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/presets"
	"github.com/assent-io/assent/internal/service/imports"
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
