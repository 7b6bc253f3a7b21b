package service

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/imports"
	"github.com/assent-io/assent/internal/storage/tables"
)

// TestImport_KeepsNothingOfItsFileThatTellsOfAPerson holds that an erasure has nothing to look for in an import: neither the name of the file nor
// its digest, which of a file of one address proves who was in it.
func TestImport_KeepsNothingOfItsFileThatTellsOfAPerson(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const text = "status,reason,email,created\n5.1.1,unknown,anna@firma.example,1700000000\n"
		o := imports.Options{Preset: "sendgrid", FileName: "anna@firma.example_bounces.csv"}
		made, _ := mustImport(ctx, t, s, o, text)
		rows, err := tables.ImportOf(ctx, s.Store, consent.BatchID(uuid.MustParse(made.ID)))
		if err != nil || len(rows) != 1 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		plain, err := s.Keys.Open(seal.PurposeImport, rows[0].ID[:], rows[0].Sealed)
		if err != nil {
			t.Fatal(err)
		}
		for _, kept := range []string{string(plain), rows[0].Report} {
			if strings.Contains(kept, "anna") || strings.Contains(kept, sha(text)) {
				t.Errorf("it keeps %s", kept)
			}
		}
		if made.Options.FileName != "" || made.Options.NameSays != "bounces" {
			t.Errorf("its options: %+v", made.Options)
		}
		// The file is found again whatever it is called, if the name says the same, and if the option says it.
		for _, o := range []imports.Options{
			{Preset: "sendgrid", FileName: "bounces-of-bert.csv"}, {Preset: "sendgrid", FileName: "x.csv", Status: "bounces"},
		} {
			again, existed, err := s.CreateImport(ctx, imports.NewImport{Options: o, SHA256: strings.ToUpper(sha(text)), Size: 1})
			if err != nil || !existed || again.ID != made.ID {
				t.Errorf("%+v: %s, existed %t, %v", o, again.ID, existed, err)
			}
		}
		// Another meaning of the same bytes is another import.
		other := imports.Options{Preset: "sendgrid", FileName: "blocks.csv"}
		if _, existed, err := s.CreateImport(ctx, imports.NewImport{Options: other, SHA256: sha(text), Size: 1}); err != nil || existed {
			t.Errorf("a file of another status: existed %t, %v", existed, err)
		}
	})
}

// TestImport_KeysWithoutAChannel_AreToldWithTheirRows_AndNotStored: a key comes from a cell, which a row that slipped a column can fill with a name.
func TestImport_KeysWithoutAChannel_AreToldWithTheirRows_AndNotStored(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		text := "address,tags,created_at\n" +
			"anna@firma.example,\"offers,weekly\",\nbert@firma.example,offers,\ncarl@firma.example,known,\ndora@firma.example,dora@firma.example,\n"
		o := imports.Options{Preset: "mailgun", ChannelMap: map[string]string{"tag:known": "newsletter"}}
		want := []imports.Unmapped{{Key: "tag:offers", Rows: 2}, {Key: "tag:weekly", Rows: 1}}
		told, err := upload(ctx, s, imports.Upload{Preview: &o}, text)
		if err != nil || cmp.Diff(want, told.Import.Unmapped) != "" {
			t.Errorf("the preview: %+v, %v", told.Import, err)
		}
		made, _ := mustImport(ctx, t, s, o, text)
		if diff := cmp.Diff(want, made.Unmapped); diff != "" || made.Counts.Rejected != 3 {
			t.Errorf("%+v, keys (-want +got):\n%s", made.Counts, diff)
		}
		rows, err := tables.ImportOf(ctx, s.Store, consent.BatchID(uuid.MustParse(made.ID)))
		if err != nil || len(rows) != 1 || strings.Contains(rows[0].Report, "offers") {
			t.Errorf("stored: %+v, %v", rows, err)
		}
	})
}
