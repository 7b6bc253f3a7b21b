package service

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/contacts"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

const weekly = "pressure: {id: weekly, max: 1, per: P7D}\n"

// pressed is a world whose catalog has more lines at its end, and two sends of two departments that go out from now on.
type pressed struct {
	*world

	s   *Service
	ctx context.Context
}

func (w *world) pressed(lines string) *pressed {
	w.t.Helper()
	return w.pressedOver(w.store(), lines)
}

// pressedOver is pressed over a store.
func (w *world) pressedOver(store storage.Store, lines string) *pressed {
	w.t.Helper()
	s, ctx := w.acmeOver(store)
	w.clock.Advance(time.Second)
	if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: acme(w.t) + lines}); err != nil {
		w.t.Fatal(err)
	}
	w.clock.Advance(time.Second)
	p := &pressed{w, s, ctx}
	p.plan("letter", "newsletter", 50, 24*time.Hour)
	p.plan("offers", "product-marketing", 50, 20*24*time.Hour)
	return p
}

// plan adds a send that is cleared and goes out from now on.
func (p *pressed) plan(id, channel string, priority int64, long time.Duration) sendtable.Send {
	p.t.Helper()
	now := consent.InstantOf(p.clock.Now())
	row := sendtable.Send{
		ID: id, Channel: channel, Sender: "acme-newsletter", Department: "newsletter-desk", Sealed: []byte{1}, From: now, Until: now.Add(long), Priority: priority,
		State: campaign.Cleared, Cleared: now, ClearedBy: campaign.ByOfficer, Created: now, Updated: now, Revision: 1, CreatedBy: "desk",
	}
	if channel == "product-marketing" {
		row.Sender, row.Department = "acme-marketing", "marketing"
	}
	if err := p.s.Store.WriteTables(p.ctx, sendtable.AddSend(&row)); err != nil {
		p.t.Fatal(err)
	}
	return row
}

func (p *pressed) change(row *sendtable.Send) {
	p.t.Helper()
	if err := p.s.Store.WriteTables(p.ctx, sendtable.ChangeSend(row)); err != nil {
		p.t.Fatal(err)
	}
}

// wants gives a person a consent for both channels.
func (p *pressed) wants(addresses ...string) {
	p.t.Helper()
	for _, a := range addresses {
		st := consentOn("newsletter", a, p.clock.Now())
		st.Channels = []string{"newsletter", "product-marketing"}
		st.Declaration = consent.Declaration{ID: "all-news", Version: "3"}
		p.mustRecord(p.ctx, p.s, st)
	}
	p.clock.Advance(time.Second)
}

func channelOf(send string) string {
	if strings.HasPrefix(send, "offers") {
		return "product-marketing"
	}
	return "newsletter"
}

// wantSend checks one address for a send, and wants the reason.
func (p *pressed) wantSend(send, address string, want consent.Code) check.Result {
	p.t.Helper()
	got, err := p.s.Check(p.ctx, check.Input{Address: address, Request: consent.Request{Channel: channelOf(send)}, Send: send})
	if err != nil {
		p.t.Fatal(err)
	}
	if got.Reason != want {
		p.t.Fatalf("the send %s: %s %v, want %s", send, got.Verdict, got.Reasons, want)
	}
	return got
}

// rows returns all contacts.
func (p *pressed) rows() []sendtable.Contact {
	p.t.Helper()
	r := p.raw()
	var persons [][32]byte
	for _, c := range r.cells() {
		if c.table == "contacts" && c.column == "folded" {
			persons = append(persons, [32]byte(c.value))
		}
	}
	slices.SortFunc(persons, func(a, b [32]byte) int { return slices.Compare(a[:], b[:]) })
	rows, err := sendtable.Contacts(p.ctx, p.s.Store, slices.Compact(persons))
	if err != nil {
		p.t.Fatal(err)
	}
	return rows
}

func (p *pressed) report(send string, reports ...contacts.Report) int {
	p.t.Helper()
	done, err := p.s.ReportSent(p.ctx, send, reports)
	if err != nil || len(done.Failed) > 0 {
		p.t.Fatal(err, done.Failed)
	}
	return done.Changed
}

func TestCheck_OfSends_ReservesAndCountsOverDepartments(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.pressed(weekly)
		p.wants(hanna)
		first := p.wantSend("letter", hanna, consent.CodeAllowConsent)
		rows := p.rows()
		if len(rows) != 1 || rows[0].State != campaign.ContactReserved || rows[0].Client != "test" || rows[0].Department != "newsletter-desk" || rows[0].Until == 0 {
			t.Fatalf("the reservation: %+v", rows)
		}
		end := rows[0].Until
		if first.ValidUntil == 0 || first.ValidUntil > end {
			t.Errorf("an ALLOW lasts until %s, and the window ends at %s", first.ValidUntil, end)
		}
		p.wantSend("letter", strings.ToUpper(hanna), consent.CodeAllowConsent)
		if again := p.rows(); len(again) != 1 || again[0] != rows[0] {
			t.Errorf("asked again: %+v", again)
		}
		if d := p.wantSend("offers", hanna, consent.CodePressure); d.Verdict != consent.Defer || d.Retry != end {
			t.Errorf("%s until %s; the reservation ends at %s", d.Verdict, d.Retry, end)
		}
		p.wantCheck(p.ctx, p.s, "product-marketing", hanna, consent.CodeAllowConsent)
		sent := consent.InstantOf(p.clock.Now())
		if n := p.report("letter", contacts.Report{Address: hanna}); n != 1 {
			t.Errorf("%d reports changed something", n)
		}
		if n := p.report("letter", contacts.Report{Address: hanna, Sent: sent - 1}); n != 0 {
			t.Error("the same message was sent twice")
		}
		d := p.wantSend("offers", hanna, consent.CodePressure)
		if got, want := d.Retry.Time().Truncate(time.Second), sent.Time().AddDate(0, 0, 7).Truncate(time.Second); !got.Equal(want) {
			t.Errorf("a week after the message is %s, the answer says %s", want, d.Retry)
		}
		w.clock.Set(d.Retry.Time().Add(-time.Microsecond))
		p.wantSend("offers", hanna, consent.CodePressure)
		w.clock.Set(d.Retry.Time())
		p.wantSend("offers", hanna, consent.CodeAllowConsent)
	})
}

func TestReport_Released_FreesThePlace(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.pressed(weekly)
		p.wants(hanna)
		p.wantSend("letter", hanna, consent.CodeAllowConsent)
		if n := p.report("letter", contacts.Report{Address: hanna, Released: true}, contacts.Report{Address: hanna, Released: true}); n != 1 {
			t.Errorf("%d reports changed something", n)
		}
		p.wantSend("offers", hanna, consent.CodeAllowConsent)
		p.wantSend("letter", hanna, consent.CodePressure)
		p.report("offers", contacts.Report{Address: hanna})
		future := consent.InstantOf(w.clock.Now().Add(time.Hour))
		done, err := p.s.ReportSent(p.ctx, "offers", []contacts.Report{{Address: hanna, Released: true}, {Address: "nobody"}, {Address: "bert@example.at", Sent: future}})
		failed := done.Failed
		if err != nil || len(failed) != 3 || failed[0].Code != fault.ContactSent || failed[1].Code != fault.InvalidAddress || failed[2].Code != fault.TimeInFuture {
			t.Errorf("%v, %v", err, failed)
		}
		_, err = p.s.ReportSent(p.ctx, "none", []contacts.Report{{Address: hanna}})
		wantFault(t, err, fault.SendMissing)
		desk := access.WithCaller(t.Context(), access.Caller{Client: access.Client{ID: "desk", Department: "newsletter-desk", Scopes: access.AllScopes()}})
		_, err = p.s.ReportSent(desk, "offers", []contacts.Report{{Address: hanna}})
		if err == nil {
			t.Error("a client reports of a send of another department")
		}
	})
}

func TestCheck_OfASendThatDoesNotFit_IsRefused(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.pressed(weekly)
		now := consent.InstantOf(w.clock.Now())
		of := func(channel string) consent.Request { return consent.Request{Channel: channel, Reference: "1"} }
		for name, c := range map[string]struct {
			in   check.Input
			want fault.Code
		}{
			"unknown":         {check.Input{Request: of("newsletter"), Send: "none"}, fault.SendMissing},
			"another channel": {check.Input{Request: of("newsletter"), Send: "offers"}, fault.SendDiffers},
			"no marketing":    {check.Input{Request: of("order-updates"), Send: "letter"}, fault.SendDiffers},
			"what was lawful": {check.Input{Request: of("newsletter"), Send: "letter", Moment: asof.Moment{AsOf: now}}, fault.InvalidRequest},
			"not strict":      {check.Input{Request: of("newsletter"), Send: "letter", Consistency: check.Consistency{Bounded: time.Second}}, fault.InvalidRequest},
			"with a receipt":  {check.Input{Request: of("newsletter"), Send: "letter", Receipt: true}, fault.InvalidRequest},
		} {
			c.in.Address = hanna
			if _, err := p.s.Check(p.ctx, c.in); !fault.Is(err, c.want) {
				t.Errorf("%s: %v, want %s", name, err, c.want)
			}
		}
		if rows := p.rows(); len(rows) != 0 {
			t.Errorf("something was reserved: %+v", rows)
		}
	})
}

func TestCheck_OfASend_GoesByItsStateAndWindow(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.pressed(weekly)
		p.wants(hanna, "bert@example.at")
		row := p.plan("letter-2", "newsletter", 0, time.Hour)
		row.From, row.Until = row.From.Add(time.Hour), row.Until.Add(time.Hour)
		p.change(&row)
		if d := p.wantSend("letter-2", hanna, consent.CodeNotCleared); d.Verdict != consent.Defer || d.Retry != row.From {
			t.Errorf("before the window: %s until %s", d.Verdict, d.Retry)
		}
		w.clock.Set(row.From.Time())
		p.wantSend("letter-2", hanna, consent.CodeAllowConsent)
		w.clock.Set(row.Until.Time())
		if d := p.wantSend("letter-2", hanna, consent.CodeNotCleared); d.Retry != 0 {
			t.Errorf("after the window it is to be asked at %s", d.Retry)
		}
		p.wantSend("letter", hanna, consent.CodeAllowConsent) // What was reserved has ended.
		cancelled := p.plan("letter-3", "newsletter", 0, time.Hour)
		cancelled.State = campaign.Cancelled
		p.change(&cancelled)
		if d := p.wantSend("letter-3", "bert@example.at", consent.CodeNotCleared); d.Retry != 0 {
			t.Errorf("of a cancelled send it is to be asked at %s", d.Retry)
		}
	})
}

func TestCheck_SendThatIsMovedOrCancelled_HoldsItsPlacesForAsLongAsItMayGoOut(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.pressed(weekly)
		p.wants(hanna)
		row := p.plan("letter-2", "newsletter", 0, time.Hour)
		p.wantSend("letter-2", hanna, consent.CodeAllowConsent)
		row.Until = row.Until.Add(time.Hour)
		p.change(&row)
		w.clock.Advance(90 * time.Minute)
		if err := p.s.ForgetContacts(p.ctx); err != nil {
			t.Fatal(err)
		}
		if d := p.wantSend("offers", hanna, consent.CodePressure); d.Retry != row.Until {
			t.Errorf("it is to be asked at %s, and the window ends at %s now", d.Retry, row.Until)
		}
		row.State = campaign.Cancelled
		p.change(&row)
		p.wantSend("offers", hanna, consent.CodeAllowConsent)
		if err := p.s.ForgetContacts(p.ctx); err != nil {
			t.Fatal(err)
		}
		if rows := p.rows(); len(rows) != 1 || rows[0].Send != "offers" {
			t.Errorf("of the cancelled send %+v is left", rows)
		}
	})
}

func TestCheck_PlannedContactsOfAHigherPriority_Count(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.pressed(weekly)
		p.wants(hanna, "bert@example.at")
		p.wantSend("letter", hanna, consent.CodeAllowConsent)
		plan := p.rows()[0]
		w.clock.Advance(time.Second)
		p.report("letter", contacts.Report{Address: hanna, Released: true})
		high := p.plan("letter-high", "newsletter", 90, 2*time.Hour)
		plan.Send, plan.State, plan.Until = high.ID, campaign.ContactPlanned, high.Until
		if err := p.s.Store.WriteTables(p.ctx, sendtable.PutContacts([]sendtable.Contact{plan})...); err != nil {
			t.Fatal(err)
		}
		if d := p.wantSend("offers", hanna, consent.CodePressure); d.Retry != high.Until {
			t.Errorf("it is to be asked at %s; the send of higher priority ends at %s", d.Retry, high.Until)
		}
		p.wantSend("letter-high", hanna, consent.CodeAllowConsent)
		if rows := p.rows(); len(rows) != 1 || rows[0].State != campaign.ContactReserved {
			t.Errorf("what was planned is %+v", rows)
		}
	})
}

func TestCheck_ObservedCap_AllowsAndTells(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.pressed("pressure: {id: trial, max: 1, per: P7D, observe: true}\n")
		p.wants(hanna)
		p.wantSend("letter", hanna, consent.CodeAllowConsent)
		d := p.wantSend("offers", hanna, consent.CodeAllowConsent)
		if !slices.Equal(d.Reasons, []consent.Code{consent.CodeAllowConsent, consent.CodeWouldDefer, consent.CodePressure}) {
			t.Errorf("%v", d.Reasons)
		}
	})
}

func TestCheck_PersonalCap_BoundsAllMarketing(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.pressed("")
		p.wants(hanna)
		a, err := address.Parse(hanna)
		if err != nil {
			t.Fatal(err)
		}
		for _, wrong := range []contacts.PersonalCap{
			{Max: 0, Per: period.Days(7)}, {Max: 1, Per: period.Days(0)}, {Max: 1, Per: period.Months(2)},
		} {
			wantFault(t, p.s.SetPersonalCap(p.ctx, a, &wrong), fault.InvalidRequest)
		}
		if err := p.s.SetPersonalCap(p.ctx, a, &contacts.PersonalCap{Max: 1, Per: period.Days(14)}); err != nil {
			t.Fatal(err)
		}
		if wish, err := p.s.PersonalCapOf(p.ctx, a); err != nil || wish == nil || *wish != (contacts.PersonalCap{Max: 1, Per: period.Days(14)}) {
			t.Fatal(wish, err)
		}
		p.wantSend("letter", hanna, consent.CodeAllowConsent)
		p.wantSend("offers", hanna, consent.CodePressure)
		if err := p.s.SetPersonalCap(p.ctx, a, nil); err != nil {
			t.Fatal(err)
		}
		if wish, err := p.s.PersonalCapOf(p.ctx, a); err != nil || wish != nil {
			t.Fatal(wish, err)
		}
		p.wantSend("offers", hanna, consent.CodeAllowConsent)
	})
}

func TestBatchCheck_PersonalCaps_OfFewAndOfMany(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.pressed("")
		var all []string
		for i := range 12 {
			all = append(all, fmt.Sprintf("person%d@example.at", i))
		}
		p.wants(all...)
		ask := func(send string) (deferred int) {
			t.Helper()
			got, err := p.s.BatchCheck(p.ctx, check.BatchInput{Addresses: all, Request: consent.Request{Channel: channelOf(send)}, Send: send})
			if err != nil {
				t.Fatal(err)
			}
			for i := range all {
				if d, _ := got.Item(i); d.Reason == consent.CodePressure {
					deferred++
				}
			}
			return deferred
		}
		if n := ask("letter"); n != 0 {
			t.Fatalf("%d of the first messages wait", n)
		}
		for _, n := range []int{0, 1, 2, 3, 7, 12} {
			for _, one := range all[:n] {
				a, err := address.Parse(one)
				if err != nil {
					t.Fatal(err)
				}
				if err := p.s.SetPersonalCap(p.ctx, a, &contacts.PersonalCap{Max: 1, Per: period.Days(14)}); err != nil {
					t.Fatal(err)
				}
			}
			send := fmt.Sprint("offers-", n)
			p.plan(send, "product-marketing", 50, time.Hour)
			if got := ask(send); got != n {
				t.Errorf("%d messages wait where %d persons have had as many as they want", got, n)
			}
		}
	})
}

func TestBatchCheck_OfASend_IsOneByOne(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.pressed(weekly)
		all := []string{hanna, "no address", "bert@example.at", "carla@example.at", hanna}
		p.wants(hanna, "carla@example.at")
		p.wantSend("offers", "carla@example.at", consent.CodeAllowConsent)
		got, err := p.s.BatchCheck(p.ctx, check.BatchInput{Addresses: all, Request: consent.Request{Channel: "newsletter"}, Send: "letter"})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range []consent.Code{consent.CodeAllowConsent, "", consent.CodeNoLegalBasis, consent.CodePressure, consent.CodeAllowConsent} {
			if d, fail := got.Item(i); d.Reason != want || (fail != nil) != (want == "") {
				t.Errorf("item %d: %s, %v, want %s", i, d.Reason, fail, want)
			}
		}
		if rows := p.rows(); len(rows) != 2 {
			t.Errorf("%d places are reserved", len(rows))
		}
	})
}

func TestCheck_OfASendAtATimeOfThePast_JudgesByTheContactsOfThen(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.pressed(weekly)
		p.wants(hanna)
		before := consent.InstantOf(w.clock.Now())
		w.clock.Advance(time.Minute)
		p.wantSend("letter", hanna, consent.CodeAllowConsent)
		after := consent.InstantOf(w.clock.Now())
		w.clock.Advance(time.Minute)
		for at, want := range map[consent.Instant]consent.Code{before: consent.CodeAllowConsent, after: consent.CodePressure} {
			got, err := p.s.Check(p.ctx, check.Input{
				Address: hanna, Request: consent.Request{Channel: "product-marketing"}, Send: "offers", Moment: asof.Moment{AsOf: at}, Operational: true,
			})
			if err != nil || got.Reason != want || got.ForSending {
				t.Errorf("%v, %s, want %s", err, got.Reason, want)
			}
		}
		if rows := p.rows(); len(rows) != 1 {
			t.Errorf("a check of the past has reserved: %+v", rows)
		}
	})
}
