package service

import (
	"fmt"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/export"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/txn"
)

const (
	linkedOne   = "anna@firma.example"
	linkedTwo   = "anna@home.example"
	linkedThree = "anna@third.example"
)

func linking(kind consent.Kind, address, with string) statement.Statement {
	return statement.Statement{Kind: kind, Address: address, With: with, Justification: "case 7"}
}

func TestLink_BlocksBothUntilItEnds_AsOfEachTimeAndWithEachWayToRead(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		plain := w.bare(s)
		w.mustRecord(ctx, s, consentOn("newsletter", linkedOne, start.AddDate(0, 0, -20)))
		w.mustRecord(ctx, s, consentOn("newsletter", linkedThree, start.AddDate(0, 0, -20)))
		w.mustRecord(ctx, s, daysAgo(withdrawal("newsletter", linkedTwo), 10))
		w.clock.Advance(time.Second)
		before := w.clock.Now()
		w.clock.Advance(time.Second)
		w.mustRecord(ctx, s, linking(consent.KindLink, linkedOne, linkedTwo))
		w.mustRecord(ctx, s, linking(consent.KindLink, linkedThree, linkedOne))
		during := w.clock.Now()
		for _, service := range []*Service{s, plain} {
			w.wantCheck(ctx, service, "newsletter", linkedOne, consent.CodeWithdrawn)
			w.wantCheck(ctx, service, "newsletter", linkedThree, consent.CodeWithdrawn)
		}
		batch, err := s.BatchCheck(ctx, check.BatchInput{Addresses: []string{linkedThree, linkedOne}, Request: consent.Request{Channel: "newsletter"}})
		if err != nil {
			t.Fatal(err)
		}
		for i := range batch.Of {
			if d, refused := batch.Item(i); refused != nil || d.Reason != consent.CodeWithdrawn {
				t.Errorf("in a batch: got %s, %v", d.Reason, refused)
			}
		}
		w.clock.Advance(time.Second)
		w.mustRecord(ctx, s, linking(consent.KindUnlink, linkedTwo, linkedOne))
		for _, service := range []*Service{s, plain} {
			w.wantCheck(ctx, service, "newsletter", linkedOne, consent.CodeAllowConsent)
			w.wantCheck(ctx, service, "newsletter", linkedThree, consent.CodeAllowConsent)
		}
		for at, want := range map[time.Time]consent.Code{before: consent.CodeAllowConsent, during: consent.CodeWithdrawn} {
			if got := asked(ctx, t, s, "newsletter", linkedThree, asof.Moment{AsOf: consent.InstantOf(at)}); got.Reason != want {
				t.Errorf("as of %s: got %s, want %s", at, got.Reason, want)
			}
		}
		sound(t, w, s)
	})
}

func TestLink_WhatSaysNothing_IsRefusedAndRecordsNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, linking(consent.KindLink, linkedOne, linkedTwo))
		w.mustRecord(ctx, s, linking(consent.KindLink, linkedTwo, linkedThree))
		for _, gone := range []string{"gone@one.example", "gone@two.example"} {
			w.mustRecord(ctx, s, consentOn("newsletter", gone, start.AddDate(0, 0, -3)))
			eraseNow(ctx, t, w, s, gone)
		}
		known := positions(t, s.Store)
		for name, test := range map[string]struct {
			st   statement.Statement
			want fault.Code
		}{
			"with itself":                 {linking(consent.KindLink, linkedOne, " ANNA@firma.example"), fault.SameAddress},
			"with a spelling of itself":   {linking(consent.KindLink, "a.b@gmail.com", "ab+x@googlemail.com"), fault.SameAddress},
			"with no address":             {linking(consent.KindLink, linkedOne, "nothing"), fault.InvalidAddress},
			"again":                       {linking(consent.KindLink, linkedTwo, linkedOne), fault.LinkCircle},
			"in a circle":                 {linking(consent.KindLink, linkedThree, linkedOne), fault.LinkCircle},
			"of two that were erased":     {linking(consent.KindLink, "gone@one.example", "gone@two.example"), fault.LinkErased},
			"the end of none":             {linking(consent.KindUnlink, linkedOne, linkedThree), fault.NotLinked},
			"of a kind that has none":     {statement.Statement{Kind: consent.KindErase, Address: linkedOne, With: linkedTwo}, fault.InvalidEvent},
			"of what ends no restriction": {statement.Statement{Kind: consent.KindLift, Address: linkedOne, Reason: consent.ReasonComplaint, Informed: 1}, fault.InvalidSuppression},
		} {
			_, err := s.Record(ctx, test.st, txn.Idempotency{})
			if w.clock.Advance(time.Second); !fault.Is(err, test.want) {
				t.Errorf("%s: got %v, want %s", name, err, test.want)
			}
		}
		if now := positions(t, s.Store); now != known {
			t.Errorf("%d events were recorded all the same", now-known)
		}
		// One of them being erased, the other is protected all the same.
		w.mustRecord(ctx, s, linking(consent.KindLink, "gone@one.example", "another@one.example"))
	})
}

// A link or its end that a later event overrules changes nothing that holds. An officer who is told that it was recorded would believe that it
// does.
func TestLink_ThatALaterEventOverrules_IsRefusedAndRecordsNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		refused := func(st statement.Statement) {
			t.Helper()
			_, err := s.Record(ctx, st, txn.Idempotency{})
			wantFault(t, err, fault.NotLinked)
		}
		w.mustRecord(ctx, s, daysAgo(linking(consent.KindLink, linkedOne, linkedTwo), 5))
		w.mustRecord(ctx, s, suppressing(linkedTwo, consent.ReasonObjection, start))
		refused(daysAgo(linking(consent.KindUnlink, linkedOne, linkedTwo), 6))
		refused(daysAgo(linking(consent.KindUnlink, linkedTwo, linkedOne), 6))
		w.wantCheck(ctx, s, "newsletter", linkedOne, consent.CodeObjection)
		w.mustRecord(ctx, s, daysAgo(linking(consent.KindUnlink, linkedTwo, linkedOne), 4))
		w.wantCheck(ctx, s, "newsletter", linkedOne, consent.CodeNoLegalBasis)
		refused(daysAgo(linking(consent.KindLink, linkedTwo, linkedOne), 4))
		refused(daysAgo(linking(consent.KindLink, linkedOne, linkedTwo), 6))
		w.mustRecord(ctx, s, daysAgo(linking(consent.KindLink, linkedOne, linkedTwo), 3))
		w.wantCheck(ctx, s, "newsletter", linkedOne, consent.CodeObjection)
		if n := positions(t, s.Store); n != 8 { // the catalog, the objection, and two of each link and of its end
			t.Errorf("the ledger has %d events", n)
		}
		sound(t, w, s)
	})
}

// The group of linked addresses is bounded, for a check looks at all of them.
func TestLink_OfTooMany_IsRefused(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		name := func(i int) string { return string(rune('a'+i/10)) + string(rune('a'+i%10)) + "@many.example" }
		for i := range 31 {
			w.mustRecord(ctx, s, linking(consent.KindLink, name(i), name(i+1)))
		}
		w.mustRecord(ctx, s, statement.Statement{Kind: consent.KindSuppress, Address: name(0), Reason: consent.ReasonLegalBlock})
		w.wantCheck(ctx, s, "newsletter", name(31), consent.CodeLegalBlock)
		_, err := s.Record(ctx, linking(consent.KindLink, name(31), name(32)), txn.Idempotency{})
		wantFault(t, err, fault.TooLarge)
	})
}

// An import is held to the limit, too, at every time that a check can ask about. What it refuses it names.
func TestLink_ImportedOfTooMany_IsRefusedAtEveryTime(t *testing.T) {
	name := func(group string, i int) string { return fmt.Sprintf("%s%d@many.example", group, i) }
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		sent := func(kind consent.Kind, one, other string, days int) record.BatchItem {
			return record.BatchItem{Statement: daysAgo(linking(kind, one, other), days)}
		}
		wantRefused := func(what string, refused int, items ...record.BatchItem) {
			t.Helper()
			got, err := s.BatchRecord(ctx, record.Batch{Items: items})
			if err != nil {
				t.Fatal(err)
			}
			for i := range got {
				switch last := i >= len(got)-refused; {
				case !last && got[i].Err != nil:
					t.Errorf("%s: item %d: %v", what, i, got[i].Err)
				case last && (got[i].Err == nil || got[i].Err.Code != fault.TooLarge || got[i].Position != 0):
					t.Errorf("%s: item %d was not refused: %+v", what, i, got[i])
				}
			}
		}
		chain := func(group string, links, days int) (items []record.BatchItem) {
			for i := range links {
				items = append(items, sent(consent.KindLink, name(group, i), name(group, i+1), days))
			}
			return items
		}
		wantRefused("a chain", 1, chain("a", 32, 9)...)
		w.mustRecord(ctx, s, suppressing(name("a", 0), consent.ReasonLegalBlock, start))
		w.wantCheck(ctx, s, "newsletter", name("a", 31), consent.CodeLegalBlock)
		var ended []record.BatchItem
		for i := range 32 {
			ended = append(ended, sent(consent.KindUnlink, name("b", i), name("b", i+1), 5))
		}
		wantRefused("a chain of the past, which has ended by now", 1, append(ended, chain("b", 32, 9)...)...)
		wantRefused("two groups", 0, append(chain("c", 19, 6), chain("d", 19, 6)...)...)
		wantRefused("a link that joins them from before they were", 1, sent(consent.KindLink, name("c", 3), name("d", 4), 8))
		wantRefused("one that ended before they were", 0,
			sent(consent.KindUnlink, name("c", 5), name("d", 6), 7), sent(consent.KindLink, name("c", 5), name("d", 6), 8))
		sound(t, w, s)
	})
}

// An imported link is one event however often it comes, and for whichever of its addresses.
func TestLink_Imported_TwiceAndFromTheOtherSide_IsRecordedOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		linked := daysAgo(linking(consent.KindLink, linkedOne, linkedTwo), 3)
		other := daysAgo(linking(consent.KindLink, linkedTwo, linkedOne), 3)
		for i, st := range []statement.Statement{linked, linked, other} {
			got, err := s.BatchRecord(ctx, record.Batch{Items: []record.BatchItem{{Statement: st}}})
			if err != nil || got[0].Err != nil || got[0].Duplicate != (i > 0) {
				t.Errorf("time %d: %+v, %v", i+1, got, err)
			}
		}
		if n := positions(t, s.Store); n != 3 { // the catalog and two sides
			t.Errorf("the ledger has %d events", n)
		}
		sound(t, w, s)
	})
}

// A link that arrives late, from before an erasure, tells on neither side who was erased; it protects all the same.
func TestLink_FromBeforeAnErasure_BlocksAndDoesNotTellWhoWasErased(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, consentOn("newsletter", linkedOne, start.AddDate(0, 0, -5)))
		w.mustRecord(ctx, s, consentOn("newsletter", linkedTwo, start.AddDate(0, 0, -5)))
		eraseNow(ctx, t, w, s, linkedOne)
		late := daysAgo(linking(consent.KindLink, linkedTwo, linkedOne), 3)
		late.Note = "is " + linkedOne
		if got, err := s.BatchRecord(ctx, record.Batch{Items: []record.BatchItem{{Statement: late}}}); err != nil || got[0].Err != nil {
			t.Fatalf("%+v, %v", got, err)
		}
		w.wantCheck(ctx, s, "newsletter", linkedTwo, consent.CodeErased)
		page, err := s.History(ctx, export.HistoryInput{Address: linkedTwo, Size: 10})
		if err != nil || len(page.Events) != 2 {
			t.Fatalf("%d events, %v", len(page.Events), err)
		}
		if link := page.Events[1]; link.Kind != consent.KindLink || link.Evidence != (consent.Evidence{}) {
			t.Errorf("the history of the other address tells %s with %+v", link.Kind, link.Evidence)
		}
		sound(t, w, s)
	})
}

// Only an officer says that two addresses are of one person.
func TestLink_ByAClientOfOneDepartment_IsRefused(t *testing.T) {
	w := newWorld(t, "sqlite")
	s, ctx := w.acme()
	desk := w.as(ctx, s, administration.NewClient{ID: "desk", Department: "newsletter-desk", Scopes: []string{"record", "suppress", "erase"}})
	_, err := s.Record(desk, linking(consent.KindLink, linkedOne, linkedTwo), txn.Idempotency{})
	wantFault(t, err, fault.OtherDepartment)
}

func TestRecord_BadNotices_Withdrawals_AndLifts_AreRefusedWithTheirOwnReason(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, statement.Statement{Kind: consent.KindSuppress, Address: linkedOne, Reason: consent.ReasonProcessingRestricted})
		w.clock.Advance(time.Hour)
		known := positions(t, s.Store)
		noticed := func(id, version string) statement.Statement {
			st := consentOn("newsletter", linkedOne, w.clock.Now())
			st.NoticeShown = consent.Declaration{ID: id, Version: version}
			return st
		}
		lift := statement.Statement{Kind: consent.KindLift, Address: linkedOne, Reason: consent.ReasonProcessingRestricted, Justification: "settled"}
		late := lift
		late.Occurred, late.Informed = consent.InstantOf(w.clock.Now().Add(-time.Minute)), consent.InstantOf(w.clock.Now())
		for name, test := range map[string]struct {
			st   statement.Statement
			want fault.Code
		}{
			"an unknown notice":                 {noticed("till", "99"), fault.UnknownNotice},
			"a notice of another kind":          {noticed("all-news", "3"), fault.NotANotice},
			"a withdrawal of an unknown text":   {statement.Statement{Kind: consent.KindWithdraw, Address: linkedOne, Declaration: consent.Declaration{ID: "lost", Version: "1"}}, fault.UnknownDeclaration},
			"a lift that nobody was told of":    {lift, fault.NotInformed},
			"a lift before the person was told": {late, fault.NotInformed},
		} {
			if _, err := s.Record(ctx, test.st, txn.Idempotency{}); !fault.Is(err, test.want) {
				t.Errorf("%s: got %v, want %s", name, err, test.want)
			}
		}
		if now := positions(t, s.Store); now != known {
			t.Errorf("%d events were recorded all the same", now-known)
		}
		lift.Informed = consent.InstantOf(w.clock.Now().Add(-time.Minute))
		w.mustRecord(ctx, s, lift)
		w.wantCheck(ctx, s, "newsletter", linkedOne, consent.CodeNoLegalBasis)
	})
}

// A consent is withdrawn on all channels that its text covers, also those of other departments.
func TestRecord_WithdrawalByDeclaration_ReachesEveryChannelThatItCovers(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		for _, channel := range []string{"newsletter", "product-marketing"} {
			w.mustRecord(ctx, s, consentOn(channel, linkedOne, start.AddDate(0, 0, -2)))
		}
		w.mustRecord(ctx, s, statement.Statement{
			Kind: consent.KindWithdraw, Address: linkedOne, Declaration: consent.Declaration{ID: "all-news", Version: "3"},
		})
		for _, channel := range []string{"newsletter", "product-marketing"} {
			w.wantCheck(ctx, s, channel, linkedOne, consent.CodeWithdrawn)
		}
	})
}

// A look-up says of what is not of the exact address what it is of: a lift for this address does not end it.
func TestLookup_SuppressionOfALinkedAddressOrAnotherSpelling_SaysSo(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		const own, spelling = "a.b@gmail.com", "ab@gmail.com"
		w.mustRecord(ctx, s, linking(consent.KindLink, own, linkedTwo))
		of := map[consent.Reason]string{consent.ReasonComplaint: own, consent.ReasonObjection: spelling, consent.ReasonLegalBlock: linkedTwo}
		for reason, address := range of {
			w.mustRecord(ctx, s, suppressing(address, reason, w.clock.Now()))
		}
		w.mustRecord(ctx, s, statement.Statement{Kind: consent.KindSuppress, Domain: "gmail.com", Reason: consent.ReasonManual, Scope: "marketing"})
		for _, service := range []*Service{s, w.bare(s)} {
			found, err := service.Lookup(ctx, check.LookupInput{Address: own})
			if err != nil || len(found.Suppressions) != 4 {
				t.Fatalf("%+v, %v", found.Suppressions, err)
			}
			for _, p := range found.Suppressions {
				address := of[p.Reason]
				if p.Linked != (address == linkedTwo) || p.OtherSpelling != (address == spelling) || (p.Domain == "gmail.com") != (address == "") {
					t.Errorf("%s is of %+v", p.Reason, p)
				}
			}
		}
		for reason, address := range of {
			lift := statement.Statement{Kind: consent.KindLift, Address: own, Reason: reason, Justification: "case 7"}
			if address != own {
				_, err := s.Record(ctx, lift, txn.Idempotency{})
				wantFault(t, err, fault.SuppressionMissing)
			}
			lift.Address = address
			w.mustRecord(ctx, s, lift)
		}
	})
}
