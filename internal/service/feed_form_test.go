package service

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/service/changes"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/disclosure"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/suppressionfilter"
)

func TestFeed_HashesWithoutAKey_AreOfEachSpellingThatIsKnown(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		r := w.reader(ctx, s, "tool", consumers.FormSHA256)
		sum := func(text string) string {
			sum := sha256.Sum256([]byte(text))
			return hex.EncodeToString(sum[:])
		}
		w.mustRecord(ctx, s, withdrawal("newsletter", "An.Na@gmail.com"))
		r.next(t)
		for _, text := range []string{"anna@gmail.com", "an.na@gmail.com"} {
			if len(r.holds[plainName(consent.FormFolded, sum(text))]) != 1 {
				t.Errorf("nothing is held of %s: %v", text, r.holds.text())
			}
		}
		w.mustRecord(ctx, s, consentOn("newsletter", "a.nna@gmail.com", w.clock.Now()))
		r.next(t)
		if text := sum("a.nna@gmail.com"); len(r.holds[plainName(consent.FormExact, text)]) == 0 || len(r.holds[plainName(consent.FormFolded, text)]) != 1 {
			t.Errorf("a spelling with a consent lacks a rule: %v", r.holds.text())
		}
		if _, err := s.Record(ctx, statement.Statement{Kind: consent.KindErase, Address: "an.na@gmail.com"}, txn.Idempotency{}); err != nil {
			t.Fatal(err)
		}
		for r.next(t) {
		}
		if held := r.holds[plainName(consent.FormFolded, sum("an.na@gmail.com"))]; len(held) != 0 {
			t.Errorf("of the erased address it still holds %v", held)
		}
	})
}

func TestFeed_KeyedConsumers_HaveNoLineInCommon_AndNoTimes(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		one, two := w.reader(ctx, s, "one", consumers.FormKeyed), w.reader(ctx, s, "two", consumers.FormKeyed)
		for _, address := range []string{"anna@example.com", "bert@example.com", "carl@example.com"} {
			w.mustRecord(ctx, s, consentOn("newsletter", address, w.clock.Now()))
			w.mustRecord(ctx, s, withdrawal("newsletter", address))
		}
		var lines [2][]string
		for i, r := range []*feedReader{one, two} {
			p, err := s.ListChanges(r.ctx, r.in)
			if err != nil || p.Position != 0 {
				t.Fatalf("got the position %d, %v", p.Position, err)
			}
			for _, e := range p.Entries {
				lines[i] = append(lines[i], e.Hash)
				if since := e.Rule.Since.Time(); e.Address != "" || e.Position != 0 || !since.Equal(since.Truncate(24*time.Hour)) {
					t.Errorf("it tells %+v", e)
				}
				if e.Kind != feed.KindReopening && e.Order == 0 {
					t.Errorf("it has no order: %+v", e)
				}
			}
		}
		if len(lines[0]) == 0 || len(lines[0]) != len(lines[1]) {
			t.Fatalf("got %d and %d entries", len(lines[0]), len(lines[1]))
		}
		for _, line := range lines[0] {
			if slices.Contains(lines[1], line) {
				t.Errorf("both have %s", line)
			}
		}
	})
}

// TestFeed_KeyedConsumers_HaveNoOrderInCommon reads the same pages as two consumers and compares whom their entries are about, line by line.
func TestFeed_KeyedConsumers_HaveNoOrderInCommon(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		readers := []*feedReader{w.reader(ctx, s, "one", consumers.FormKeyed), w.reader(ctx, s, "two", consumers.FormKeyed)}
		var names []string
		for i := range 12 {
			names = append(names, fmt.Sprintf("name%02d@example.com", i))
			w.mustRecord(ctx, s, withdrawal("newsletter", names[i]))
		}
		var pages, snapshots [][]string // whom the entries of each reader are about
		for _, r := range readers {
			r.in.Size = 1
			p, err := s.ListChanges(r.ctx, r.in)
			if err != nil {
				t.Fatal(err)
			}
			pages = append(pages, r.about(names, p.Entries))
			var entries []changes.Entry
			if err := s.ExportSuppressions(r.ctx, r.in, func(p changes.Part) error {
				entries = append(entries, p.Entries...)
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			snapshots = append(snapshots, r.about(names, entries))
			from := r.in
			from.From = changes.FromBeginning
			_, err = s.ListChanges(r.ctx, from)
			wantFault(t, err, fault.InvalidRequest)
		}
		for what, lists := range map[string][][]string{"a page": pages, "a snapshot": snapshots} {
			if len(lists[0]) != len(names) || len(lists[1]) != len(names) {
				t.Errorf("%s is about %d and %d of %d people, though one was asked for", what, len(lists[0]), len(lists[1]), len(names))
			}
			if slices.Equal(lists[0], lists[1]) || slices.IsSorted(lists[0]) || slices.IsSorted(lists[1]) {
				t.Errorf("%s has an order in common: %v, %v", what, lists[0], lists[1])
			}
		}
	})
}

// about returns which of the addresses entries are about, in the order of the entries.
func (r *feedReader) about(addresses []string, entries []changes.Entry) (list []string) {
	for i := range entries {
		for _, address := range addresses {
			if cardOf(&entries[i]) == r.name(consent.FormFolded, address) {
				list = append(list, address)
			}
		}
	}
	return list
}

func TestFeed_ReaderOfOneDepartment_SeesItsChannelsAndWhatReachesBeyond(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		desk := w.syncClient(ctx, s, "desk", "newsletter-desk")
		w.mustRecord(ctx, s, withdrawal("newsletter", "anna@example.com"))
		w.mustRecord(ctx, s, withdrawal("product-marketing", "bert@example.com"))
		w.mustRecord(ctx, s, statement.Statement{Kind: consent.KindSuppress, Address: "carl@example.com", Reason: consent.ReasonObjection})
		w.mustRecord(ctx, s, statement.Statement{
			Kind: consent.KindSuppress, Address: "dora@example.com", Reason: consent.ReasonManual, Scope: "department:marketing",
		})
		p, err := s.ListChanges(desk, changes.Request{From: changes.FromBeginning})
		if err != nil {
			t.Fatal(err)
		}
		var seen []string
		for _, e := range p.Entries {
			seen = append(seen, e.Address)
		}
		if !slices.Equal(seen, []string{"anna@example.com", "carl@example.com"}) {
			t.Errorf("it sees %v", seen)
		}
		if err := s.Flush(ctx); err != nil {
			t.Fatal(err)
		}
		for address, want := range map[string]int{"anna@example.com": 1, "bert@example.com": 0, "carl@example.com": 1} {
			if got := len(disclosedTo(ctx, t, s, "desk", address)); got != want {
				t.Errorf("%s: %d disclosures are counted, want %d", address, got, want)
			}
		}
	})
}

// disclosedTo returns what was disclosed of an address to a client.
func disclosedTo(ctx context.Context, t testing.TB, s *Service, client, address string) (list []disclosure.Disclosure) {
	t.Helper()
	page, err := s.ListDisclosures(ctx, disclosure.ListInput{Address: address, Size: 100})
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range page.Disclosures {
		if d.Client == client {
			list = append(list, d)
		}
	}
	return list
}

// TestFeed_Snapshot_NamesWhatHashesAreMadeOf makes the id of the key of what the consumer was given, as the API documents it.
func TestFeed_Snapshot_NamesWhatHashesAreMadeOf(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		for _, form := range []consumers.Form{consumers.FormKeyed, consumers.FormPlain} {
			id := string(form)
			client, made := w.syncClient(ctx, s, id, ""), w.consumer(ctx, s, id, id, form)
			want := ""
			if form == consumers.FormKeyed {
				key, err := suppressionfilter.ParseKey(made.Key)
				if err != nil {
					t.Fatal(err)
				}
				want = key.ID().String()
			}
			parts, begun := 0, consent.InstantOf(w.clock.Now())
			err := s.ExportSuppressions(client, changes.Request{Consumer: id}, func(p changes.Part) error {
				if parts++; parts == 1 && (p.KeyID != want || p.FoldVersion != address.FoldVersion) {
					t.Errorf("the first part has the key %q and the folding %d; want %q", p.KeyID, p.FoldVersion, want)
				}
				if p.Token != "" && p.Read != begun {
					t.Errorf("the ledger was read at %s, want %s", p.Read, begun)
				}
				w.clock.Advance(time.Second) // Without subjects it is read only at the beginning.
				return nil
			})
			if err != nil || parts < 2 {
				t.Errorf("%d parts, %v", parts, err)
			}
		}
	})
}
