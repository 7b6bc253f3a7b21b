package service

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/changes"
	"github.com/assent-io/assent/internal/service/consumers"
)

// limited is a world in which an answer of ListChanges has at most so many entries.
func (w *world) limited(most int) *world {
	w.feed.PageEntries = most
	return w
}

func TestListChanges_OfManyEntries_HasPagesOfNoMore_ThatTellEverything(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		const most = 7
		s, ctx := w.limited(most).acme()
		for _, form := range []consumers.Form{consumers.FormPlain, consumers.FormSHA256} {
			r := w.reader(ctx, s, string(form), form)
			r.in.From = changes.FromNow
			r.next(t)
			begun := r.in
			for i := range 15 { // Of each refusal a reader of hashes is told for every spelling that came before.
				w.mustRecord(ctx, s, withdrawal("newsletter", fmt.Sprintf("%s.%s%s%d@gmail.com", "wil"[:1+i%3], "wil"[1+i%3:], form, i/3)))
			}
			told := r.pages(t, most)
			whole := &feedReader{s: w.limited(1000).service(s.Store, 0), ctx: r.ctx, in: begun, name: plainName, holds: held{}}
			for whole.next(t) {
			}
			if got, want := r.holds.text(), whole.holds.text(); !slices.Equal(got, want) {
				t.Errorf("%s: the pages tell %v, and one page %v", form, got, want)
			}
			if told < 5 {
				t.Errorf("%s: %d entries were told of 15 refusals by 5 people", form, told)
			}
		}
	})
}

// pages reads to the end, and returns how many entries that were. None of the pages has more than so many.
func (r *feedReader) pages(t *testing.T, most int) (told int) {
	t.Helper()
	for more := true; more; {
		p, err := r.s.ListChanges(r.ctx, r.in)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Entries) > most {
			t.Fatalf("a page has %d entries", len(p.Entries))
		}
		told += len(p.Entries)
		r.holds.apply(t, p.Entries)
		r.in.From, more = p.Token, p.More
	}
	return told
}

func TestListChanges_EventWithMoreEntriesThanAPage_IsTooLarge_AndIsNotDisclosed(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.limited(4).acme()
		r := w.reader(ctx, s, "tool", consumers.FormSHA1)
		spellings := []string{"wilma@gmail.com", "w.ilma@gmail.com", "wi.lma@gmail.com", "wil.ma@gmail.com", "wilm.a@gmail.com"}
		for _, text := range spellings {
			w.mustRecord(ctx, s, withdrawal("newsletter", text))
		}
		r.in.From = changes.FromNow
		r.next(t)
		w.mustRecord(ctx, s, statement.Statement{Kind: consent.KindSuppress, Address: spellings[0], Reason: consent.ReasonComplaint, Scope: "all"})
		before := disclosures(ctx, t, s, spellings[0])
		for range 2 {
			_, err := s.ListChanges(r.ctx, r.in)
			wantFault(t, err, fault.TooLarge)
			if !strings.Contains(err.Error(), "WatchChanges") {
				t.Errorf("it does not say what to do: %v", err)
			}
		}
		if after := disclosures(ctx, t, s, spellings[0]); after != before {
			t.Errorf("it counts %d disclosures of what it did not tell", after-before)
		}
		x := w.watch(r.ctx, s, r.in, nil)
		if entries, _ := x.until(t, len(spellings)); len(entries) != len(spellings) {
			t.Errorf("a watcher hears %d entries", len(entries))
		}
	})
}

// disclosures returns how often something of an address was told.
func disclosures(ctx context.Context, t *testing.T, s *Service, address string) (n int64) {
	t.Helper()
	if err := s.Flush(ctx); err != nil {
		t.Fatal(err)
	}
	for _, d := range disclosedTo(ctx, t, s, "tool", address) {
		n += d.Count
	}
	return n
}
