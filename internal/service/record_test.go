package service

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
)

func TestRecord_WithdrawalIsHonouredByTheNextCheck(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.wantCheck(ctx, s, "newsletter", "anna@example.at", consent.CodeNoLegalBasis)
		given := w.mustRecord(ctx, s, consentOn("newsletter", "anna@example.at", start.Add(-time.Hour)))
		got := w.wantCheck(ctx, s, "newsletter", "Anna@Example.AT", consent.CodeAllowConsent)
		if got.Decision.Position != given.Position || got.Declaration.String() != "all-news@3" || got.Sender.ID != "acme-newsletter" {
			t.Errorf("the ALLOW does not name its proof: %+v", got.Decision)
		}
		w.mustRecord(ctx, s, withdrawal("newsletter", "ANNA@example.at"))
		w.wantCheck(ctx, s, "newsletter", "anna@example.at", consent.CodeWithdrawn)
		w.mustRecord(ctx, s, consentOn("newsletter", "anna@example.at", start.Add(-2*time.Hour)))
		w.wantCheck(ctx, s, "newsletter", "anna@example.at", consent.CodeWithdrawn)
		w.mustRecord(ctx, s, consentOn("newsletter", "anna@example.at", w.clock.Now()))
		w.wantCheck(ctx, s, "newsletter", "anna@example.at", consent.CodeAllowConsent)
	})
}

func TestRecord_SameFactTwice_IsOneEvent(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		st := consentOn("newsletter", "anna@example.at", start.Add(-time.Hour))
		first := w.mustRecord(ctx, s, st)
		st.Address = " ANNA@example.at "
		again := w.mustRecord(ctx, s, st)
		if !again.Duplicate || again.Position != first.Position {
			t.Errorf("got %+v after %+v", again, first)
		}
		st.TransactionID = "order-1"
		if other := w.mustRecord(ctx, s, st); other.Duplicate {
			t.Error("another fact was taken for the same")
		}
	})
}

func TestRecord_RequestID_RepeatsTheFirstAnswer(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		st := withdrawal("newsletter", "anna@example.at")
		once := txn.Idempotency{Method: "withdraw", ID: requestID(1), Body: []byte("body")}
		first, err := s.Record(ctx, st, once)
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Hour)
		again, err := s.Record(ctx, st, once)
		if err != nil || !cmp.Equal(again, first) {
			t.Errorf("got %+v, %v; want %+v", again, err, first)
		}
		other := once
		other.Body = []byte("another body")
		_, err = s.Record(ctx, st, other)
		wantFault(t, err, fault.RequestIDReused)
		if _, err := s.Record(access.WithCaller(ctx, access.Process("another")), st, other); err != nil {
			t.Errorf("the id of another client: %v", err)
		}
		w.clock.Advance(8 * 24 * time.Hour)
		late, err := s.Record(ctx, st, other)
		if err != nil || cmp.Equal(late, first) {
			t.Errorf("after eight days: got %+v, %v", late, err)
		}
		w.clock.Advance(8 * 24 * time.Hour)
		w.mustRecord(ctx, s, withdrawal("newsletter", "bert@example.at"))
		if n, err := s.DeleteExpiredRequests(ctx); err != nil || n != 2 {
			t.Errorf("deleted %d requests, %v; want 2", n, err)
		}
	})
}

func TestRecord_TimeInFuture_IsClampedForAMinuteThenRefused(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.clock.Advance(time.Second)
		w.mustRecord(ctx, s, consentOn("newsletter", "anna@example.at", w.clock.Now().Add(time.Minute)))
		w.wantCheck(ctx, s, "newsletter", "anna@example.at", consent.CodeAllowConsent)
		_, err := s.Record(ctx, consentOn("newsletter", "bert@example.at", w.clock.Now().Add(time.Minute+time.Millisecond)), txn.Idempotency{})
		wantFault(t, err, fault.TimeInFuture)
		_, err = s.Check(ctx, check.Input{
			Address: "anna@example.at", Request: consent.Request{Channel: "newsletter"},
			Moment: asof.Moment{AsOf: consent.InstantOf(w.clock.Now().Add(time.Second))},
		})
		wantFault(t, err, fault.TimeInFuture)
	})
}

func TestRecord_Refused_StoresNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		store := w.store()
		s := w.service(store, 0)
		ctx := access.WithCaller(t.Context(), access.Process("test"))
		_, err := s.Record(ctx, withdrawal("newsletter", "anna@example.at"), txn.Idempotency{})
		wantFault(t, err, fault.NoCatalog)
		if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: acme(t)}); err != nil {
			t.Fatal(err)
		}
		unknown := consentOn("newsletter", "anna@example.at", start)
		unknown.Declaration.Version = "99"
		for want, st := range map[fault.Code]statement.Statement{
			fault.NotRefusable:       withdrawal("order-updates", "anna@example.at"),
			fault.UnknownChannel:     withdrawal("nothing", "anna@example.at"),
			fault.InvalidAddress:     withdrawal("newsletter", "anna"),
			fault.UnknownDeclaration: unknown,
			fault.InvalidDomain:      {Kind: consent.KindSuppress, Domain: "co.uk", Reason: consent.ReasonManual, Scope: "all"},
			fault.NoEffect:           {Kind: consent.KindSuppress, Address: "a@b.at", Reason: consent.ReasonComplaint, Scope: "channel:order-updates"},
			fault.SuppressionMissing: {Kind: consent.KindLift, Address: "a@b.at", Reason: consent.ReasonComplaint},
			fault.InvalidSuppression: {Kind: consent.KindSuppress, Address: "a@b.at", Reason: consent.ReasonManual},
		} {
			_, err := s.Record(ctx, st, txn.Idempotency{})
			wantFault(t, err, want)
		}
		if n := positions(t, store); n != 1 {
			t.Errorf("%d events, want the catalog only", n)
		}
	})
}

func TestBatchRecord_EachItemByItself_InAnyOrder(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		late := withdrawal("newsletter", "anna@example.at")
		late.Occurred = consent.InstantOf(start.Add(-time.Hour))
		confirm := statement.Statement{Kind: consent.KindConfirm, Address: "x@example.at", Channels: []string{"newsletter"}, Occurred: consent.InstantOf(start)}
		unknown := consentOn("newsletter", "cora@example.at", start.Add(-time.Hour))
		unknown.Declaration.Version = "99"
		items := []record.BatchItem{
			{Statement: late},
			{Statement: consentOn("newsletter", "anna@example.at", start.Add(-2*time.Hour))},
			{Statement: withdrawal("order-updates", "anna@example.at")},
			{Err: fault.Errorf(fault.InvalidEvent, "event", "no event")},
			{Statement: confirm},
			{Statement: late},
			{Statement: unknown},
			{Statement: consentOn("newsletter", "nobody", start)},
		}
		dry, err := s.BatchRecord(ctx, record.Batch{Items: items, ValidateOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.BatchRecord(ctx, record.Batch{Items: items})
		if err != nil {
			t.Fatal(err)
		}
		faults := func(list []record.Item) []fault.Code {
			out := make([]fault.Code, len(list))
			for i := range list {
				if list[i].Err != nil {
					out[i] = list[i].Err.Code
				}
			}
			return out
		}
		want := []fault.Code{"", "", fault.NotRefusable, fault.InvalidEvent, "", "", "", fault.InvalidAddress}
		for name, list := range map[string][]record.Item{"recorded": got, "validated": dry} {
			if diff := cmp.Diff(want, faults(list)); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
			if !list[5].Duplicate {
				t.Errorf("%s: the same fact in one batch is not a duplicate", name)
			}
		}
		w.clock.Advance(time.Second)
		w.wantCheck(ctx, s, "newsletter", "anna@example.at", consent.CodeWithdrawn)
		w.wantCheck(ctx, s, "newsletter", "cora@example.at", consent.CodeNotProvable)
	})
}

func TestRecord_LateEvent_GivesTheSameStateAsInOrder(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		for i := range 20 {
			st := consentOn("newsletter", "anna@example.at", start.Add(time.Duration((i*7)%20)*-time.Hour))
			w.mustRecord(ctx, s, st)
			block := statement.Statement{
				Kind: consent.KindSuppress, Address: "anna@example.at", Reason: consent.ReasonHardBounce,
				Occurred: consent.InstantOf(start.Add(time.Duration((i*3)%20)*-time.Hour - time.Minute)),
			}
			w.mustRecord(ctx, s, block)
		}
		report, err := s.Rebuild(ctx, func(int) {})
		if err != nil || report.Differed != 0 || report.Subjects != 2 {
			t.Errorf("rebuild: %+v, %v", report, err)
		}
	})
}

func TestRebuild_MendsWhatDiffers(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.damaged = true
		store := w.store()
		s := w.service(store, 0)
		plain := w.bare(s)
		ctx := access.WithCaller(t.Context(), access.Process("test"))
		if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: acme(t)}); err != nil {
			t.Fatal(err)
		}
		w.mustRecord(ctx, s, consentOn("newsletter", "anna@example.at", start))
		w.mustRecord(ctx, s, withdrawal("newsletter", "anna@example.at"))
		ids, err := store.SubjectIDs(ctx, consent.SubjectID{}, 10)
		if err != nil || len(ids) != 2 {
			t.Fatalf("%d subjects, %v", len(ids), err)
		}
		empty, _ := codec.AppendState(nil, &consent.State{}, &reference.Table{})
		err = store.Write(ctx, storage.Load{}, func(_ context.Context, tx storage.Tx) (*storage.Changes, error) {
			c := &storage.Changes{Head: tx.Loaded().Head}
			for _, id := range ids {
				c.States = append(c.States, storage.State{Subject: id, Position: 1, Packed: empty})
			}
			return c, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		w.wantCheck(ctx, plain, "newsletter", "anna@example.at", consent.CodeNoLegalBasis)
		if report, err := s.Rebuild(ctx, func(int) {}); err != nil || report.Differed != 2 {
			t.Errorf("rebuild: %+v, %v", report, err)
		}
		w.wantCheck(ctx, s, "newsletter", "anna@example.at", consent.CodeWithdrawn)
	})
}

func TestWrite_ServerClockOff_RefusesToRecord(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		store := w.store()
		off := w.service(store, 6*time.Second)
		ctx := access.WithCaller(t.Context(), access.Process("test"))
		_, err := off.ApplyCatalog(ctx, administration.ApplyCatalog{Document: acme(t)})
		wantFault(t, err, fault.ClockSkew)
	})
}

func TestRecord_ManyAtOnce_OneOrderWithoutGaps(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		store := w.store()
		s := w.service(store, 0)
		ctx := access.WithCaller(t.Context(), access.Process("test"))
		if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: acme(t)}); err != nil {
			t.Fatal(err)
		}
		var group sync.WaitGroup
		for writer := range 8 {
			group.Go(func() {
				for i := range 25 {
					// Some are refused by rule in the middle of a group; the others must not notice.
					if _, err := s.Record(ctx, withdrawal("order-updates", "x@example.at"), txn.Idempotency{}); err == nil {
						t.Error("a refusal of what cannot be refused was recorded")
					}
					if _, err := s.Record(ctx, withdrawal("newsletter", fmt.Sprintf("p%d@example.at", (writer+i)%10)), txn.Idempotency{}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		if n := positions(t, store); n != 201 {
			t.Errorf("%d events, want 201", n)
		}
		if report, err := s.Rebuild(ctx, func(int) {}); err != nil || report.Differed != 0 {
			t.Errorf("rebuild: %+v, %v", report, err)
		}
	})
}

func TestRecord_AfterClose_Refused(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		s.Close()
		_, err := s.Record(ctx, withdrawal("newsletter", "anna@example.at"), txn.Idempotency{})
		wantFault(t, err, fault.ServerStopping)
	})
}

func TestNew_KeysOfAnotherDatabase_Refused(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		store := w.store()
		w.service(store, 0)
		other := newWorld(t, "sqlite")
		if _, err := New(t.Context(), store, other.keys, Options{Now: w.clock.Now}); err == nil {
			t.Error("a store was opened with the keys of another")
		}
	})
}

func TestBatchCheck_SaysWhatSingleChecksSay(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, consentOn("newsletter", "anna@example.at", start))
		w.mustRecord(ctx, s, withdrawal("newsletter", "bert.b+x@gmail.com"))
		w.mustRecord(ctx, s, withdrawal("newsletter", "cora@gmail.com"))
		w.mustRecord(ctx, s, statement.Statement{Kind: consent.KindSuppress, Domain: "firma.at", Reason: consent.ReasonManual, Scope: "all"})
		addresses := []string{
			"anna@example.at", "nobody", "bertb+x@googlemail.com", "bert.b+x@gmail.com", "bertb@gmail.com", "c.o.r.a+t@gmail.com",
			"x@sub.firma.at", "anna@example.at", "",
		}
		request := consent.Request{Channel: "newsletter"}
		for _, asOf := range []consent.Instant{0, consent.InstantOf(start.Add(time.Second))} {
			batch, err := s.BatchCheck(ctx, check.BatchInput{Addresses: addresses, Request: request, Moment: asof.Moment{AsOf: asOf}})
			if err != nil {
				t.Fatal(err)
			}
			for i, a := range addresses {
				single, err := s.Check(ctx, check.Input{Address: a, Request: request, Moment: asof.Moment{AsOf: asOf}})
				d, failed := batch.Item(i)
				if (err == nil) != (failed == nil) {
					t.Errorf("item %d: single %v, batch %v", i, err, failed)
				}
				if diff := cmp.Diff(single.Decision, d); err == nil && diff != "" {
					t.Errorf("item %d: %s", i, diff)
				}
			}
		}
	})
}

func TestOptIn_RequestConfirmCheck(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.clock.Advance(time.Second)
		request := record.OptIn{Statement: statement.Statement{
			Address: "dora@example.at", Channels: []string{"newsletter"}, Source: consent.SourceWebForm,
			Declaration: consent.Declaration{ID: "newsletter-signup", Version: "2026-01"},
		}}
		first, err := s.RequestConsent(ctx, request)
		if err != nil || first.Reason != consent.CodeAllowConfirmation || first.Token == "" || len(first.Positions) != 2 {
			t.Fatalf("got %+v, %v", first, err)
		}
		w.clock.Advance(time.Second)
		w.wantCheck(ctx, s, "newsletter", "dora@example.at", consent.CodeConsentPending)
		again, err := s.RequestConsent(ctx, request)
		if err != nil || again.Reason != consent.CodeConfirmationLimit || again.Token != "" || again.Positions != nil {
			t.Errorf("a second mail within a day: got %+v, %v", again, err)
		}
		confirmed, err := s.ConfirmConsent(ctx, record.Confirmation{Token: first.Token, Statement: statement.Statement{IP: "192.0.2.1"}})
		if err != nil || confirmed.Channel != "newsletter" {
			t.Fatalf("got %+v, %v", confirmed, err)
		}
		w.clock.Advance(time.Second)
		got := w.wantCheck(ctx, s, "newsletter", "dora@example.at", consent.CodeAllowConsent)
		if got.Decision.Position != confirmed.Position {
			t.Errorf("relies on position %d, want %d", got.Decision.Position, confirmed.Position)
		}
		before := positions(t, s.Store)
		twice, err := s.ConfirmConsent(ctx, record.Confirmation{Token: first.Token})
		if want := (record.Confirmed{Position: confirmed.Position, Channel: "newsletter", Duplicate: true}); err != nil || twice != want {
			t.Errorf("confirmed twice: got %+v, %v, want %+v", twice, err, want)
		}
		if got := positions(t, s.Store); got != before {
			t.Errorf("%d events were recorded by the second click", got-before)
		}
		_, err = s.ConfirmConsent(ctx, record.Confirmation{Token: first.Token[:20]})
		wantFault(t, err, fault.InvalidToken)

		w.mustRecord(ctx, s, withdrawal("newsletter", "dora@example.at"))
		_, err = s.ConfirmConsent(ctx, record.Confirmation{Token: first.Token})
		wantFault(t, err, fault.RequestEnded)
		w.clock.Advance(25 * time.Hour)
		back, err := s.RequestConsent(ctx, request)
		if err != nil || back.Verdict != consent.Allow {
			t.Fatalf("the way back after a refusal: %+v, %v", back, err)
		}
		w.clock.Advance(time.Second)
		w.mustRecord(ctx, s, withdrawal("newsletter", "dora@example.at"))
		_, err = s.ConfirmConsent(ctx, record.Confirmation{Token: back.Token})
		wantFault(t, err, fault.RequestEnded)
		w.clock.Advance(25 * time.Hour)
		third, err := s.RequestConsent(ctx, request)
		if err != nil || third.Verdict != consent.Allow {
			t.Fatalf("third request: %+v, %v", third, err)
		}
		w.clock.Advance(31 * 24 * time.Hour)
		_, err = s.ConfirmConsent(ctx, record.Confirmation{Token: third.Token})
		wantFault(t, err, fault.NothingPending)
	})
}

func TestOptIn_OldLinkAfterANewerRequest_NothingPending(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		request := record.OptIn{Statement: statement.Statement{
			Address: "dora@example.at", Channels: []string{"newsletter"}, Source: consent.SourceWebForm,
			Declaration: consent.Declaration{ID: "newsletter-signup", Version: "2026-01"},
		}}
		old, err := s.RequestConsent(ctx, request)
		if err != nil {
			t.Fatal(err)
		}
		w.clock.Set(old.Decided.Time().Add(24 * time.Hour))
		newer, err := s.RequestConsent(ctx, request)
		if err != nil || newer.Token == "" {
			t.Fatalf("exactly a day later a mail is allowed again: %+v, %v", newer, err)
		}
		_, err = s.ConfirmConsent(ctx, record.Confirmation{Token: old.Token})
		wantFault(t, err, fault.NothingPending)
		if _, err := s.ConfirmConsent(ctx, record.Confirmation{Token: newer.Token}); err != nil {
			t.Error(err)
		}
		request.Statement.Channels = []string{"order-updates"}
		_, err = s.RequestConsent(ctx, request)
		wantFault(t, err, fault.BasisNotAccepted)
	})
}

func TestCheck_ClockBehindTheLedger_HidesNoRefusal(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		store := w.store()
		ahead, behind := w.service(store, time.Second), w.service(store, -time.Second)
		ctx := access.WithCaller(t.Context(), access.Process("test"))
		if _, err := ahead.ApplyCatalog(ctx, administration.ApplyCatalog{Document: acme(t)}); err != nil {
			t.Fatal(err)
		}
		for i := range 20 {
			address := fmt.Sprintf("p%d@example.at", i)
			if _, err := behind.Record(ctx, consentOn("newsletter", address, start.Add(-time.Hour)), txn.Idempotency{}); err != nil {
				t.Fatal(err)
			}
			w.wantCheck(ctx, behind, "newsletter", address, consent.CodeAllowConsent)
			if _, err := ahead.Record(ctx, withdrawal("newsletter", address), txn.Idempotency{}); err != nil {
				t.Fatal(err)
			}
			w.wantCheck(ctx, behind, "newsletter", address, consent.CodeWithdrawn)
		}
	})
}

func TestCheck_ExistingCustomerAsOfThePast(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		w.mustRecord(ctx, s, statement.Statement{
			Kind: consent.KindGrant, Address: "hans@firma.example", Channels: []string{"product-marketing"},
			Basis: catalog.BasisExistingCustomer, Source: consent.SourceInPerson, TransactionID: "order-7", Notice: true,
			Goods: []string{"coffee"}, Occurred: consent.InstantOf(start.Add(-48 * time.Hour)),
		})
		w.mustRecord(ctx, s, statement.Statement{
			Kind: consent.KindSuppress, Domain: "firma.example", Reason: consent.ReasonExternalList, List: "ecg",
			Binds: consent.BindsExistingCustomer, Occurred: consent.InstantOf(start.Add(-24 * time.Hour)),
		})
		w.wantCheck(ctx, s, "product-marketing", "hans@firma.example", consent.CodeExternalList)
		got, err := s.Check(ctx, check.Input{
			Address: "hans@firma.example", Request: consent.Request{Channel: "product-marketing"},
			Moment: asof.Moment{AsOf: consent.InstantOf(start.Add(-36 * time.Hour))},
		})
		if err != nil || got.Reason != consent.CodeAllowCustomer || got.ForSending {
			t.Errorf("as of before the listing: %+v, %v", got, err)
		}
	})
}

// Imports take small transactions while others write; a repetition gets the first answers, whatever the size of its own transactions.
func TestBatchRecord_WhileOthersWrite_TakesLessAtOnce_AndARepetitionGetsTheFirstAnswers(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		s, ctx := w.acme()
		in := record.Batch{Idempotency: txn.Idempotency{Method: "BatchRecordEvents", ID: [16]byte{9}, Body: []byte("all")}}
		for n := range 2*txn.SmallChunk + 50 {
			in.Items = append(in.Items, record.BatchItem{Statement: consentOn("newsletter", fmt.Sprintf("p%d@example.at", n), start.Add(-time.Hour))})
		}
		if got := s.engine.BulkRoom(); got != txn.SmallChunk {
			t.Errorf("after a write there is room for %d events", got)
		}
		first, err := s.BatchRecord(ctx, in)
		if err != nil || len(first) != len(in.Items) || first[0].Duplicate {
			t.Fatalf("%d items, %v", len(first), err)
		}
		other := w.service(s.Store, 0)
		if got := other.engine.BulkRoom(); got != txn.Chunk {
			t.Errorf("where nothing else was written there is room for %d events", got)
		}
		again, err := other.BatchRecord(ctx, in)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, again); diff != "" {
			t.Errorf("the repetition (-first +again):\n%s", diff)
		}
	})
}
