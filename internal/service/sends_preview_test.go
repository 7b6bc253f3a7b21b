package service

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/contacts"
	"github.com/assent-io/assent/internal/service/notices"
	"github.com/assent-io/assent/internal/service/sends"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

// preview counts an audience, given in parts.
func (p *planned) preview(id string, keep bool, parts ...[]string) sends.Previewed {
	p.t.Helper()
	audience, err := p.s.OpenAudience(p.desk, id, keep)
	if err != nil {
		p.t.Fatal(err)
	}
	for _, part := range parts {
		if err := audience.Add(p.desk, part); err != nil {
			p.t.Fatal(err)
		}
	}
	done, err := audience.Close(p.desk)
	if err != nil {
		p.t.Fatal(err)
	}
	return done
}

// everything is a context in which a client of all departments does everything.
func (p *planned) everything() context.Context {
	return as(p.t.Context(), "all", "", access.AllScopes()...)
}

// capped applies the catalog with a cap of one message a week.
func (p *planned) capped() {
	p.t.Helper()
	document := acme(p.t) + "pressure: [{id: weekly, max: 1, per: P7D}]\n"
	if _, err := p.s.ApplyCatalog(p.everything(), administration.ApplyCatalog{Document: document}); err != nil {
		p.t.Fatal(err)
	}
}

// consents records consents for the newsletter.
func (p *planned) consents(addresses ...string) {
	p.t.Helper()
	for _, address := range addresses {
		p.mustRecord(p.everything(), p.s, consentOn("newsletter", address, p.clock.Now()))
	}
}

func TestPreview_CountsEachRecipientOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.planned(campaign.ClearingRequired)
		p.capped()
		p.consents("anna@example.com", "bert@example.com", "cora@example.com", "dora@example.com")
		left := withdrawal("product-marketing", "anna@example.com") // Of another department.
		left.Kind = consent.KindRefuse
		p.mustRecord(p.everything(), p.s, left)
		p.mustRecord(p.everything(), p.s, withdrawal("newsletter", "bert@example.com"))
		p.mustRecord(p.everything(), p.s, statement.Statement{
			Kind: consent.KindSuppress, Address: "cora@example.com", Reason: consent.ReasonObjection, Scope: "department:marketing",
		})
		p.plan(p.newSend("spring"))
		done := p.preview("spring", false, []string{"anna@example.com", "Anna@example.com ", "none"}, []string{
			"bert@example.com", "cora@example.com", "dora@example.com", "emil@example.com", "anna@example.com",
		})
		want := sends.Preview{Time: done.Send.Preview.Time, Recipients: 5, Invalid: 1, Repeated: 2, NeverAsked: 1, Denied: 1, Leavers: 2, Overlaps: []sendtable.SendOverlap{
			{Send: "spring", Department: "marketing", Leavers: 2},
		}}
		if diff := cmp.Diff(&want, done.Send.Preview); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"marketing"}, done.Named); diff != "" {
			t.Error(diff)
		}
		if shown, _ := p.get("spring"); !cmp.Equal(shown.Preview, &want) {
			t.Errorf("shown to others %+v", shown.Preview)
		}
		w.clock.Advance(31 * 24 * time.Hour) // No person counts as a leaver any more.
		n := p.newSend("summer")
		p.plan(n)
		if late := p.preview("summer", false, []string{"anna@example.com", "cora@example.com"}).Send.Preview; late.Leavers != 0 || late.Recipients != 2 {
			t.Errorf("a month later %+v", late)
		}
	})
}

func TestPreview_CountsOverlapsAndCaps(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.planned(campaign.ClearingRequired)
		p.capped()
		var all []string
		for i := range 6 {
			all = append(all, fmt.Sprintf("p%d@example.com", i))
		}
		p.consents(all...)
		begin := w.clock.Now()
		for i, id := range []string{"first", "second", "objected", "far"} {
			n := p.newSend(id)
			after := time.Duration(i) * 24 * time.Hour
			if id == "far" {
				after = 20 * 24 * time.Hour
			}
			from := begin.Add(48*time.Hour + after)
			n.Window = campaign.Window{From: from.UnixMicro(), Until: from.Add(time.Hour).UnixMicro()}
			p.plan(n)
		}
		if _, err := p.s.CommentSend(p.sales, "objected", sendtable.SendObjection, "no", txn.Idempotency{}); err != nil {
			t.Fatal(err)
		}
		// The first four are planned for the send that will be cleared, the last three for one that is objected to, and all for one far away.
		if kept := p.preview("second", true, all[:4]).Send.Preview; kept.Kept != 4 || kept.OverAll != 0 {
			t.Errorf("kept %+v", kept)
		}
		p.preview("objected", true, all[3:])
		p.preview("far", true, all)
		got := p.preview("first", false, all).Send.Preview
		want := sends.Preview{Time: got.Time, Recipients: 6, OverAll: 4, Overlaps: []sendtable.SendOverlap{
			{Send: "first", Department: "newsletter-desk", Other: "objected", Overlap: 3, OverAll: 1},
			{Send: "first", Department: "newsletter-desk", Other: "second", Overlap: 4, OverAll: 4},
		}}
		if diff := cmp.Diff(&want, got); diff != "" {
			t.Error(diff)
		}
		// The audience of the second send is another one now: who is not in it is not planned any more.
		p.preview("second", true, all[2:3])
		if got := p.preview("first", false, all).Send.Preview; got.OverAll != 1 {
			t.Errorf("after another audience %+v", got)
		}
		// One is asked about for the second send, as it goes out: that counts, also where its planned ones do not.
		w.clock.Advance(72*time.Hour + 10*time.Minute)
		in := check.Input{Address: all[4], Request: consent.Request{Channel: "newsletter"}, Send: "second"}
		if result, err := p.s.Check(p.desk, in); err != nil || result.Verdict != consent.Allow {
			t.Fatalf("%+v, %v", result, err)
		}
		n := p.newSend("third")
		n.Window = campaign.Window{From: w.clock.Now().Add(-time.Hour).UnixMicro(), Until: w.clock.Now().Add(time.Hour).UnixMicro()}
		p.plan(n)
		if got := p.preview("third", false, all).Send.Preview; got.OverNow != 1 || got.OverAll != 2 {
			t.Errorf("beside a send that goes out %+v", got)
		}
	})
}

func TestPreview_ADepartmentThatIsNamedFirst_HasTheWholeTime(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.planned(campaign.ClearingRequired)
		p.consents("anna@example.com", "bert@example.com")
		left := withdrawal("product-marketing", "anna@example.com")
		left.Kind = consent.KindRefuse
		p.mustRecord(p.everything(), p.s, left)
		p.plan(p.newSend("spring"))
		w.clock.Advance(23 * time.Hour)
		if done := p.preview("spring", false, []string{"bert@example.com"}); done.Named != nil {
			t.Errorf("named %v", done.Named)
		}
		w.clock.Advance(2 * time.Hour)
		p.wantState("spring", campaign.Planned, campaign.BySilence)
		if done := p.preview("spring", false, []string{"anna@example.com"}); len(done.Named) != 1 || done.Send.IsCleared {
			t.Errorf("named %v of %+v", done.Named, done.Send)
		}
		told := func() (all []string) {
			t.Helper()
			page, err := p.s.ListNotices(access.WithCaller(t.Context(), access.Process("test")), notices.Filter{}, 100, "")
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range page.Notices {
				all = append(all, n.Kind+" "+n.Resource+" to "+n.Recipient)
			}
			return all
		}
		if diff := cmp.Diff([]string{"send_concerns sends/spring to marketing"}, told()); diff != "" {
			t.Errorf("(-want +got)\n%s", diff)
		}
		w.clock.Advance(23 * time.Hour)
		p.wantState("spring", campaign.Planned, "")
		if done := p.preview("spring", false, []string{"anna@example.com"}); done.Named != nil { // It is known.
			t.Errorf("named %v", done.Named)
		}
		w.clock.Advance(2 * time.Hour)
		p.wantState("spring", campaign.Planned, campaign.BySilence)
	})
}

func TestPreview_EachChangeOfThePlan_IsTold_AlsoWhereTheTimeForCommentsEndsAtTheSameMoment(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.planned(campaign.ClearingRequired)
		document := strings.Replace(acme(t), "- id: marketing\n", "- id: marketing\n    desk: {resubmit: P5D}\n", 1)
		if _, err := p.s.ApplyCatalog(p.everything(), administration.ApplyCatalog{Document: document}); err != nil {
			t.Fatal(err)
		}
		p.consents("anna@example.com")
		left := withdrawal("product-marketing", "anna@example.com")
		left.Kind = consent.KindRefuse
		p.mustRecord(p.everything(), p.s, left)
		until := p.plan(p.newSend("spring")).CommentUntil
		p.preview("spring", false, []string{"anna@example.com"})
		for _, size := range []int64{7, 9} { // It is Sunday: the working time that there is for comments begins on Monday.
			done, err := p.s.UpdateSend(p.desk, sends.Update{ID: "spring", ExpectedSize: size})
			if err != nil || done.Send.CommentUntil != until {
				t.Fatalf("%+v, %v, want until %d", done, err, until)
			}
		}
		page, err := p.s.ListNotices(access.WithCaller(t.Context(), access.Process("test")), notices.Filter{}, 100, "")
		if err != nil || len(page.Notices) != 3 {
			t.Errorf("told %+v, %v", page.Notices, err)
		}
	})
}

func TestPreview_OfWhatIsNotTheCallers_IsRefused(t *testing.T) {
	w := newWorld(t, "sqlite")
	p := w.planned(campaign.ClearingRequired)
	p.plan(p.newSend("spring"))
	_, err := p.s.OpenAudience(p.sales, "spring", false)
	wantFault(t, err, fault.OtherDepartment)
	_, err = p.s.OpenAudience(as(t.Context(), "x", "newsletter-desk", access.ScopeSends), "spring", false)
	wantFault(t, err, fault.ScopeMissing)
	_, err = p.s.OpenAudience(p.desk, "none", false)
	wantFault(t, err, fault.SendMissing)
	audience, err := p.s.OpenAudience(p.desk, "spring", false)
	if err != nil {
		t.Fatal(err)
	}
	_, err = audience.Close(p.desk)
	wantFault(t, err, fault.InvalidRequest)
	wantFault(t, audience.Add(p.desk, strings.Split(strings.Repeat("a,", 10_001), ",")), fault.TooLarge)
	if _, err := p.s.CancelSend(p.desk, "spring", "", txn.Idempotency{}); err != nil {
		t.Fatal(err)
	}
	_, err = p.s.OpenAudience(p.desk, "spring", false)
	wantFault(t, err, fault.SendState)
}

func TestPreview_PlacesInOtherSends_CountAsTheirSendsAreNow(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.planned(campaign.ClearingOff)
		p.capped()
		all := []string{"p0@example.com", "p1@example.com", "p2@example.com", "p3@example.com"}
		p.consents(all...)
		now := w.clock.Now()
		for i, id := range []string{"cancelled", "moved", "stays"} {
			n := p.newSend(id)
			n.Window = campaign.Window{From: now.Add(-time.Hour).UnixMicro(), Until: now.Add(5 * 24 * time.Hour).UnixMicro()}
			p.plan(n)
			in := check.Input{Address: all[i], Request: consent.Request{Channel: "newsletter"}, Send: id}
			if result, err := p.s.Check(p.desk, in); err != nil || result.Verdict != consent.Allow {
				t.Fatalf("%+v, %v", result, err)
			}
		}
		if _, err := p.s.CancelSend(p.desk, "cancelled", "", txn.Idempotency{}); err != nil {
			t.Fatal(err)
		}
		if _, err := p.s.UpdateSend(p.desk, sends.Update{ID: "moved", Until: consent.InstantOf(now.Add(time.Hour))}); err != nil {
			t.Fatal(err)
		}
		p.plan(p.newSend("spring")) // In two days.
		got := p.preview("spring", false, all).Send.Preview
		want := sends.Preview{Time: got.Time, Recipients: 4, OverNow: 1, OverAll: 2, Overlaps: []sendtable.SendOverlap{
			{Send: "spring", Department: "newsletter-desk", Other: "moved", Overlap: 1, OverAll: 1},
			{Send: "spring", Department: "newsletter-desk", Other: "stays", Overlap: 1, OverNow: 1, OverAll: 1},
		}}
		if diff := cmp.Diff(&want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestPreview_OfAPersonWhoIsErasedMeanwhile_KeepsNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.planned(campaign.ClearingOff)
		store := &beforeWrite{Store: p.s.Store}
		counting := w.service(store, 0)
		p.consents("anna@example.com", "bert@example.com")
		p.plan(p.newSend("spring"))
		audience, err := counting.OpenAudience(p.desk, "spring", true)
		if err != nil {
			t.Fatal(err)
		}
		erase := func() { w.erase(p.everything(), p.s, "anna@example.com") }
		store.next.Store(&erase)
		if err := audience.Add(p.desk, []string{"anna@example.com", "bert@example.com"}); err != nil {
			t.Fatal(err)
		}
		done, err := audience.Close(p.desk)
		if err != nil || done.Send.Preview.Kept != 1 {
			t.Errorf("%+v, %v", done.Send.Preview, err)
		}
	})
}

func TestPreview_OfTwoThatKeepTheirAudience_TheLaterWins(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.planned(campaign.ClearingOff)
		all := []string{"p0@example.com", "p1@example.com", "p2@example.com"}
		p.consents(all...)
		p.plan(p.newSend("spring"))
		open := func() *sends.Audience {
			audience, err := p.s.OpenAudience(p.desk, "spring", true)
			if err != nil {
				t.Fatal(err)
			}
			return audience
		}
		first := open()
		if err := first.Add(p.desk, all[:1]); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		second := open()
		if err := second.Add(p.desk, all[:2]); err != nil {
			t.Fatal(err)
		}
		wantFault(t, first.Add(p.desk, all[1:]), fault.EtagMismatch)
		_, err := first.Close(p.desk)
		wantFault(t, err, fault.EtagMismatch)
		done, err := second.Close(p.desk)
		if err != nil || done.Send.Preview.Kept != 2 {
			t.Fatalf("%+v, %v", done.Send.Preview, err)
		}
		kept := 0
		for _, typed := range all {
			a, err := address.Parse(typed)
			if err != nil {
				t.Fatal(err)
			}
			person, err := p.s.PersonOf(a)
			if err != nil {
				t.Fatal(err)
			}
			rows, err := sendtable.Contacts(t.Context(), p.s.Store, [][32]byte{person})
			if err != nil {
				t.Fatal(err)
			}
			kept += len(rows)
		}
		if kept != 2 {
			t.Errorf("%d planned contacts, and not those of the later preview", kept)
		}
	})
}

func TestPreview_APersonsOwnCap_LooksFartherThanThoseOfTheCatalog(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.planned(campaign.ClearingOff)
		p.capped()
		p.consents("anna@example.com", "bert@example.com")
		far := p.newSend("far")
		far.Window.From += (15 * 24 * time.Hour).Microseconds()
		far.Window.Until += (15 * 24 * time.Hour).Microseconds()
		p.plan(far)
		p.preview("far", true, []string{"anna@example.com", "bert@example.com"})
		anna, err := address.Parse("anna@example.com")
		if err != nil {
			t.Fatal(err)
		}
		monthly := contacts.PersonalCap{Max: 1, Per: period.Seconds(30 * 24 * 3600)}
		if err := p.s.SetPersonalCap(p.everything(), anna, &monthly); err != nil {
			t.Fatal(err)
		}
		p.plan(p.newSend("spring"))
		got := p.preview("spring", false, []string{"anna@example.com", "bert@example.com"}).Send.Preview
		if got.OverAll != 1 || len(got.Overlaps) != 0 {
			t.Errorf("beside a send within the period of one person's cap: %+v", got)
		}
	})
}
