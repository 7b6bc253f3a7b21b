package service

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/changes"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/txn"
)

// blockList is what a program holds that read the block list of a channel.
type blockList struct {
	start   changes.BlockListStart
	end     changes.BlockListEnd
	entries []changes.BlockListEntry
	names   map[string]bool // of the forms, as cardOf names cards
	partial map[string]bool
}

func (r *feedReader) list(t testing.TB, channel, consumer string) *blockList {
	t.Helper()
	l := &blockList{names: map[string]bool{}, partial: map[string]bool{}}
	started, ended := 0, 0
	err := r.s.ExportBlockList(r.ctx, changes.BlockListRequest{Channel: channel, Consumer: consumer}, func(p changes.BlockListPart) error {
		if p.Start != nil {
			l.start, started = *p.Start, started+1
		}
		if p.End != nil {
			l.end, ended = *p.End, ended+1
		}
		for i := range p.Entries {
			e := &p.Entries[i]
			name := fmt.Sprintf("%d %s%s", e.Match, e.Address, e.Hash)
			if e.Partial {
				l.partial[name] = true
			} else {
				l.names[name] = true
			}
		}
		l.entries = append(l.entries, p.Entries...)
		return nil
	})
	if err != nil || started != 1 || ended != 1 || l.end.Entries != int64(len(l.entries)) {
		t.Fatalf("%v; %d starts, %d ends, %d entries of %d", err, started, ended, len(l.entries), l.end.Entries)
	}
	return l
}

// isBlock reports whether a check answers with a reason that the block list is about.
func isBlock(reason consent.Code) bool {
	return slices.Contains([]consent.Code{
		consent.CodeLegalBlock, consent.CodeRestricted, consent.CodeHardBounce, consent.CodeSuppressed, consent.CodeWithdrawn, consent.CodeRefused,
		consent.CodeObjection, consent.CodeComplaint, consent.CodeErased, consent.CodeExternalList,
	}, reason)
}

// has reports whether an address as it is stands on the list.
func (l *blockList) has(text string) bool {
	return l.names[plainName(consent.FormExact, text)] || l.names[plainName(consent.FormFolded, text)]
}

// isKnown reports whether something that was said of a spelling is later than what was erased of it.
func (l *erasedLife) isKnown(spelling string) bool {
	var said, erased consent.Instant
	for _, st := range l.statements {
		switch {
		case st.Address != spelling:
		case st.Kind == consent.KindErase:
			erased = max(erased, st.Occurred)
		case st.Kind == consent.KindWithdraw, st.Kind == consent.KindSuppress, st.Kind == consent.KindGrant:
			said = max(said, st.Occurred)
		default:
		}
	}
	return said > erased
}

// wrongOnList says where the lists of a plain and of a keyed consumer say otherwise than checks, for every spelling; empty: nowhere.
func (l *lived) wrongOnList(life *erasedLife, channel string, plain, keyed *blockList, name func(consent.Form, string) string) string {
	for _, spelling := range life.spellings {
		a, err := address.Parse(fmt.Sprintf(spelling, l.name))
		if err != nil {
			l.rt.Fatal(err)
		}
		reason := asked(l.ctx, l.w.t, l.s, channel, a.Exact(), asof.Moment{}).Reason
		exact, folded := name(consent.FormExact, a.Exact()), name(consent.FormFolded, a.Folded())
		listed := keyed.names[exact] || keyed.names[folded]
		switch {
		case isBlock(reason) && life.isKnown(spelling) && !plain.has(a.Exact()):
			return fmt.Sprintf("%s is blocked (%s) and not on the list", spelling, reason)
		case !isBlock(reason) && plain.has(a.Exact()):
			return fmt.Sprintf("%s is not blocked (%s) and on the list", spelling, reason)
		case isBlock(reason) && life.isKnown(spelling) && !listed:
			return fmt.Sprintf("%s is blocked (%s), and its hash is not on the list", spelling, reason)
		case isBlock(reason) && !listed && !keyed.partial[folded]:
			return fmt.Sprintf("%s is blocked (%s), and no filter of the list would have it", spelling, reason)
		case !isBlock(reason) && keyed.names[exact]:
			return fmt.Sprintf("%s is not blocked (%s), and its hash is on the list", spelling, reason)
		}
	}
	return ""
}

func TestBlockList_HasWhatChecksBlock_AndNothingElse(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		plain := w.reader(ctx, s, "plain", consumers.FormPlain)
		keyed := w.reader(ctx, s, "keyed", consumers.FormKeyed)
		w.eachLife(t, 20, func(rt *rapid.T, number int) {
			life := drawLife(rt, w.clock.Now())
			l := &lived{w: w, s: s, ctx: ctx, rt: rt, name: fmt.Sprintf("list%d", number)}
			l.arrive(&life)
			w.clock.Advance(time.Second)
			l.carryOut()
			for _, channel := range []string{"newsletter", "product-marketing"} {
				of := plain.list(t, channel, "plain")
				hashes := keyed.list(t, channel, "keyed")
				if text := l.wrongOnList(&life, channel, of, hashes, keyed.name); text != "" {
					rt.Fatalf("on %s: %s\nrecorded: %s", channel, text, shortLife(life.statements))
				}
			}
		})
	})
}

func TestBlockList_OfADomain_HasTheDomainAndItsKnownAddresses(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		plain := w.reader(ctx, s, "plain", consumers.FormPlain)
		keyed := w.reader(ctx, s, "keyed", consumers.FormKeyed)
		w.mustRecord(ctx, s, consentOn("newsletter", "anna@mail.blocked.example", start))
		w.mustRecord(ctx, s, consentOn("newsletter", "bert@other.example", start))
		w.mustRecord(ctx, s, withdrawal("product-marketing", "carl@blocked.example"))
		w.mustRecord(ctx, s, statement.Statement{
			Kind: consent.KindSuppress, Domain: "blocked.example", Reason: consent.ReasonManual, Scope: consent.ScopeAll, Note: "asked for by the company",
			Occurred: consent.InstantOf(start),
		})
		of := plain.list(t, "newsletter", "plain")
		for name, want := range map[string]bool{
			plainName(consent.FormDomain, "blocked.example"):          true,
			plainName(consent.FormExact, "anna@mail.blocked.example"): true,
			plainName(consent.FormExact, "carl@blocked.example"):      true,
			plainName(consent.FormFolded, "carl@blocked.example"):     false,
			plainName(consent.FormExact, "bert@other.example"):        false,
		} {
			if of.names[name] != want {
				t.Errorf("%s is on the list: %v", name, of.names[name])
			}
		}
		hashes := keyed.list(t, "newsletter", "keyed")
		if len(hashes.names) != 1 || !hashes.names[keyed.name(consent.FormDomain, "blocked.example")] {
			t.Errorf("the list of hashes has %v", hashes.names)
		}
		if hashes.start.KeyID == "" || of.start.KeyID != "" || of.start.Form != "plain" || hashes.start.Position != 0 {
			t.Errorf("the lists begin with %+v and %+v", of.start, hashes.start)
		}
	})
}

func TestBlockList_OfWhatTheCallerMayNotRead_IsRefused(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		tool := w.syncClient(ctx, s, "tool", "")
		for id, kinds := range map[string][]string{"grants": {"grant"}, "refusals": {"refusal", "grant"}, "all": nil} {
			if _, err := s.CreateConsumer(ctx, consumers.NewConsumer{ID: id, Client: "tool", Form: consumers.FormPlain, Kinds: kinds}); err != nil {
				t.Fatal(err)
			}
		}
		for _, test := range []struct {
			in   changes.BlockListRequest
			want fault.Code
		}{
			{changes.BlockListRequest{Channel: "newsletter", Consumer: "grants"}, fault.InvalidRequest},
			{changes.BlockListRequest{Channel: "newsletter", Consumer: "refusals"}, fault.InvalidRequest},
			{changes.BlockListRequest{Channel: "newsletter", Consumer: "none"}, fault.ConsumerMissing},
			{changes.BlockListRequest{Channel: "none", Consumer: "all"}, fault.UnknownChannel},
		} {
			err := s.ExportBlockList(tool, test.in, func(changes.BlockListPart) error {
				t.Errorf("%+v: something is sent", test.in)
				return nil
			})
			wantFault(t, err, test.want)
		}
	})
}

// sortedEntries returns entries in an order that does not depend on how they were read.
func sortedEntries(all []changes.BlockListEntry) []changes.BlockListEntry {
	return slices.SortedFunc(slices.Values(all), func(a, b changes.BlockListEntry) int {
		return cmp.Or(cmp.Compare(a.Match, b.Match), cmp.Compare(a.Address, b.Address), cmp.Compare(a.Hash, b.Hash), cmp.Compare(a.Kind, b.Kind),
			cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Since, b.Since))
	})
}

func TestBlockList_OfManyPages_IsTheSameInAnyNumberOfParts_AndHasEachAddressOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		const people, batch = 3000, 1000
		w.sample = 0
		store := w.store()
		s, ctx := w.acmeOver(store)
		want := map[string]int{}
		for first := 0; first < people; first += batch {
			in := record.Batch{}
			for n := first; n < first+batch; n++ {
				text := fmt.Sprintf("person-%d@example.at", n)
				in.Items, want[text] = append(in.Items, record.BatchItem{Statement: withdrawal("newsletter", text)}), 1
			}
			if _, err := s.BatchRecord(ctx, in); err != nil {
				t.Fatal(err)
			}
		}
		// One that is erased and comes back: what its list hash says depends on what all parts read.
		w.clock.Advance(time.Second)
		w.mustRecord(ctx, s, withdrawal("newsletter", "gone@example.at"))
		eraseNow(ctx, t, w, s, "gone@example.at")
		keyed := w.reader(ctx, s, "keyed", consumers.FormKeyed)
		var plain, hashes [][]changes.BlockListEntry
		for _, w.feed.ListParts = range []int{1, 2, 5} {
			of := w.service(store, 0)
			got := (&feedReader{s: of, ctx: ctx}).list(t, "newsletter", "")
			found := map[string]int{}
			for _, e := range got.entries {
				found[e.Address]++
			}
			if diff := gocmp.Diff(want, found); diff != "" {
				t.Errorf("%d parts: %s", w.feed.ListParts, diff)
			}
			plain = append(plain, sortedEntries(got.entries))
			hashes = append(hashes, sortedEntries((&feedReader{s: of, ctx: keyed.ctx}).list(t, "newsletter", "keyed").entries))
		}
		for i := range plain[1:] {
			if diff := gocmp.Diff(plain[0], plain[i+1]); diff != "" {
				t.Error(diff)
			}
			if diff := gocmp.Diff(hashes[0], hashes[i+1]); diff != "" {
				t.Error(diff)
			}
		}
		if len(hashes[0]) <= people {
			t.Errorf("the list of hashes has %d entries", len(hashes[0]))
		}
	})
}

func TestBlockList_OfOneThatGoesAway_Ends(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		if _, err := s.Record(ctx, withdrawal("newsletter", "anna@example.at"), txn.Idempotency{}); err != nil {
			t.Fatal(err)
		}
		gone, leave := context.WithCancel(ctx)
		defer leave()
		sent := 0
		err := s.ExportBlockList(gone, changes.BlockListRequest{Channel: "newsletter"}, func(p changes.BlockListPart) error {
			sent++
			leave()
			return nil
		})
		if err == nil || sent != 1 {
			t.Errorf("it sent %d parts and returned %v", sent, err)
		}
		broken := errors.New("the connection broke")
		err = s.ExportBlockList(ctx, changes.BlockListRequest{Channel: "newsletter"}, func(p changes.BlockListPart) error {
			if len(p.Entries) > 0 {
				return broken
			}
			return nil
		})
		if !errors.Is(err, broken) {
			t.Errorf("it returned %v", err)
		}
	})
}

func TestBlockList_IsADisclosureOfEachAddress(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		tool := w.syncClient(ctx, s, "tool", "")
		for _, address := range []string{"anna@example.at", "bert@example.at"} {
			w.mustRecord(ctx, s, withdrawal("newsletter", address))
		}
		for range 2 {
			(&feedReader{s: s, ctx: tool}).list(t, "newsletter", "")
		}
		for address, want := range map[string]int64{"anna@example.at": 2, "bert@example.at": 2} {
			got := disclosedTo(ctx, t, s, "tool", address)
			if len(got) != 1 || got[0].Count != want || got[0].Channel != "newsletter" {
				t.Errorf("%s: %+v", address, got)
			}
		}
		(&feedReader{s: s, ctx: tool}).list(t, "newsletter", "") // What waits to be stored is forgotten, too.
		eraseNow(ctx, t, w, s, "anna@example.at")
		if got := disclosedTo(ctx, t, s, "tool", "anna@example.at"); len(got) != 0 {
			t.Errorf("after the erasure: %+v", got)
		}
		if got := disclosedTo(ctx, t, s, "tool", "bert@example.at"); len(got) != 1 || got[0].Count != 3 {
			t.Errorf("of the other: %+v", got)
		}
	})
}

func TestBlockList_APanicWhereItIsMade_IsOneOfTheCall(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		if _, err := s.Record(ctx, withdrawal("newsletter", "anna@example.at"), txn.Idempotency{}); err != nil {
			t.Fatal(err)
		}
		defer func() {
			if thrown := recover(); thrown != "no more" {
				t.Errorf("the caller recovered %v", thrown)
			}
		}()
		err := s.ExportBlockList(ctx, changes.BlockListRequest{Channel: "newsletter"}, func(p changes.BlockListPart) error {
			if len(p.Entries) > 0 {
				panic("no more")
			}
			return nil
		})
		t.Errorf("it returned %v", err)
	})
}
