package service

import (
	"bytes"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/service/changes"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/imports"
	"github.com/assent-io/assent/internal/suppressionfile"
)

// ownFiles keeps the files of an export.
type ownFiles map[string]*ownFile

type ownFile struct{ bytes.Buffer }

func (e ownFiles) Create(name string) (suppressionfile.Target, error) {
	e[name] = &ownFile{}
	return e[name], nil
}

func (*ownFile) Close() error { return nil }
func (*ownFile) Abort()       {}

// ownExport writes the list of the newsletter in a form.
func ownExport(t *testing.T, form string, made time.Time, list []changes.BlockListEntry) string {
	t.Helper()
	var entries iter.Seq2[suppressionfile.Entry, error] = func(yield func(suppressionfile.Entry, error) bool) {
		for i := range list {
			one := &list[i]
			e := suppressionfile.Entry{
				Match: suppressionfile.Exact, Address: one.Address, Scope: string(one.Scope), Kind: suppressionfile.Suppression,
				Reason: string(one.Reason), Since: one.Since.Time(),
			}
			if one.Kind == feed.KindRefusal {
				e.Kind, e.Scope = suppressionfile.Refusal, "channel:newsletter"
			}
			if one.Until != 0 {
				e.Until = one.Until.Time()
			}
			switch one.Match {
			case consent.FormFolded:
				e.Match = suppressionfile.Folded
			case consent.FormDomain:
				e.Match, e.Address, e.Domain = suppressionfile.Domain, "", one.Address
			default:
			}
			if !yield(e, nil) {
				return
			}
		}
	}
	files := ownFiles{}
	m, err := suppressionfile.Write(form, suppressionfile.Options{
		Base: "list", StoreID: [16]byte{1}, Channel: "newsletter", Made: made, Token: "t",
	}, entries, files)
	if err != nil {
		t.Fatal(err)
	}
	return files[m.Files[0].Name].String()
}

// TestImport_OfAnOwnExport_OnAnEmptyStore_GivesTheSameChecks exports the list of a channel and imports it where nothing is known.
func TestImport_OfAnOwnExport_OnAnEmptyStore_GivesTheSameChecks(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		source := newWorld(t, "sqlite")
		from, fromCtx := source.acme()
		suppressed := func(address string, reason consent.Reason, scope consent.Scope) statement.Statement {
			return statement.Statement{Kind: consent.KindSuppress, Address: address, Reason: reason, Scope: scope}
		}
		domain := statement.Statement{Kind: consent.KindSuppress, Domain: "blocked.example", Reason: consent.ReasonManual, Scope: consent.ScopeAll}
		until := suppressed("fritz@firma.example", consent.ReasonManual, "channel:newsletter")
		until.Expires = consent.InstantOf(source.clock.Now().Add(24 * time.Hour))
		for _, st := range []statement.Statement{
			withdrawal("newsletter", "anna@firma.example"),
			{Kind: consent.KindWithdraw, Address: "bert@firma.example", AllMarketing: true},
			suppressed("carl@firma.example", consent.ReasonHardBounce, ""),
			suppressed("dora@firma.example", consent.ReasonComplaint, ""),
			suppressed("eva@firma.example", consent.ReasonManual, consent.ScopeAll),
			until, domain,
			withdrawal("product-marketing", "gerda@firma.example"),
			withdrawal("product-marketing", "hans@blocked.example"),
			suppressed("ida@firma.example", consent.ReasonObjection, "channel:newsletter"),
		} {
			source.mustRecord(fromCtx, from, st)
		}
		list := (&feedReader{s: from, ctx: fromCtx}).list(t, "newsletter", "").entries
		for _, form := range []string{"csv", "ndjson"} {
			w := newWorld(t, kindOf(w))
			w.clock.Advance(source.clock.Now().Sub(w.clock.Now()))
			to, ctx := w.acme()
			told, err := upload(ctx, to, imports.Upload{Preview: &imports.Options{Preset: "assent"}, Rows: imports.RowsAll}, ownExport(t, form, source.clock.Now(), list))
			if err != nil || told.Counts.Rejected != 0 || told.Counts.Skipped != 0 {
				t.Fatalf("%s, the preview: %+v, %v", form, told.Counts, err)
			}
			mustImport(ctx, t, to, imports.Options{Preset: "assent"}, ownExport(t, form, source.clock.Now(), list))
			for _, name := range []string{"anna", "ANNA", "bert", "carl", "dora", "eva", "fritz", "gerda", "hans", "ida", "someone"} {
				for _, address := range []string{name + "@firma.example", name + "@blocked.example"} {
					want, err := from.Check(fromCtx, check.Input{Address: address, Request: consent.Request{Channel: "newsletter"}})
					if err != nil {
						t.Fatal(err)
					}
					w.wantCheck(ctx, to, "newsletter", address, want.Reason)
				}
			}
			if !strings.Contains(ownExport(t, form, source.clock.Now(), list), "blocked.example") {
				t.Error("the list lacks the domain")
			}
		}
	})
}

// kindOf returns the kind of store of a world.
func kindOf(w *world) string {
	if w.url != "" {
		return "postgres"
	}
	return "sqlite"
}
