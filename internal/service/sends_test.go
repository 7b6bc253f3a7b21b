package service

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/sends"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

// planned is a world with a catalog that asks for the clearing of sends.
type planned struct {
	*world

	s       *Service
	desk    context.Context // a sender of the newsletter desk
	sales   context.Context // one of product marketing
	officer context.Context // of all departments
}

// as returns a context in which a client of a department calls; empty: one of all departments.
func as(ctx context.Context, id, department string, scopes ...access.Scope) context.Context {
	return access.WithCaller(ctx, access.Caller{Client: access.Client{
		ID: id, Department: department, AllDepartments: department == "", Scopes: scopes,
	}})
}

func (w *world) planned(clearing campaign.Clearing) *planned {
	w.t.Helper()
	w.sends.Rules = func(*catalog.Catalog) catalog.SendRules {
		return catalog.SendRules{Clearing: clearing, CommentWithin: period.Seconds(24 * 3600)}
	}
	s, _ := w.acme()
	return &planned{
		world: w, s: s, desk: as(w.t.Context(), "desk", "newsletter-desk", access.RoleScopes("sender")...),
		sales:   as(w.t.Context(), "sales", "marketing", access.RoleScopes("sender")...),
		officer: as(w.t.Context(), "officer", "", access.RoleScopes("officer")...),
	}
}

// newSend is a send of the newsletter desk that begins in two days and lasts for one.
func (p *planned) newSend(id string) sends.NewSend {
	from := consent.InstantOf(p.clock.Now().Add(48 * time.Hour))
	return sends.NewSend{
		ID: id, Channel: "newsletter", Subject: "Spring, at last", ContentLink: "https://acme.example/spring", ContentDigest: "sha256:0",
		Window: campaign.Window{From: int64(from), Until: int64(from.Add(24 * time.Hour))}, ExpectedSize: 1000, Priority: 50,
	}
}

func (p *planned) plan(n sends.NewSend) sends.Send {
	p.t.Helper()
	one, err := p.s.CreateSend(p.desk, n)
	if err != nil {
		p.t.Fatal(err)
	}
	return one
}

// get returns the send, as another department sees it.
func (p *planned) get(id string) (sends.Send, []sends.Word) {
	p.t.Helper()
	one, said, err := p.s.GetSend(p.sales, id)
	if err != nil {
		p.t.Fatal(err)
	}
	return one, said
}

// rulings returns what was decided about sends, by whom.
func (p *planned) rulings() []string {
	p.t.Helper()
	var list []string
	_, records, err := p.s.Store.Ledger(p.t.Context(), 0, 1000)
	if err != nil {
		p.t.Fatal(err)
	}
	for i := range records {
		if e := &records[i].Event; e.Kind == consent.KindRuling {
			list = append(list, e.Resource+" "+e.Outcome+" "+e.Actor)
		}
	}
	return list
}

func (p *planned) wantState(id string, state campaign.State, by campaign.Cause) sends.Send {
	p.t.Helper()
	one, _ := p.get(id)
	if one.State != state || one.ClearedBy != by {
		p.t.Errorf("the send %s is %s, cleared by %q; want %s, %q", id, one.State, one.ClearedBy, state, by)
	}
	return one
}

func TestSends_SilenceClearsThem_AndAWorkerRecordsIt(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.planned(campaign.ClearingRequired)
		one := p.plan(p.newSend("spring"))
		if one.State != campaign.Planned || one.IsCleared || one.SenderIdentity != "acme-newsletter" || one.Department != "newsletter-desk" {
			t.Fatalf("planned %+v", one)
		}
		until := one.CommentUntil
		if got := consent.Instant(until).Time().Sub(one.Created.Time()); got != 24*time.Hour {
			t.Errorf("the time for comments is %s", got)
		}
		w.clock.Advance(24*time.Hour - time.Second)
		if err := p.s.ClearSilent(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.wantState("spring", campaign.Planned, "")
		w.clock.Advance(2 * time.Second)
		before := p.wantState("spring", campaign.Planned, campaign.BySilence) // Nothing has noted it yet.
		if !before.IsCleared || before.ClearedTime != until {
			t.Errorf("before it is noted it is %+v", before)
		}
		w.clock.Advance(time.Hour)
		for range 2 {
			if err := p.s.ClearSilent(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		after := p.wantState("spring", campaign.Cleared, campaign.BySilence)
		if after.ClearedTime != until {
			t.Errorf("cleared at %d, and the time for comments ended at %d", after.ClearedTime, until)
		}
		if diff := cmp.Diff([]string{"sends/spring cleared_by_silence silence"}, p.rulings()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSends_AnObjection_HoldsSilenceBackUntilItIsWithdrawnOrOverridden(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.planned(campaign.ClearingRequired)
		for _, id := range []string{"withdrawn", "overridden", "early", "late"} {
			p.plan(p.newSend(id))
		}
		say := func(ctx context.Context, id, kind string) {
			t.Helper()
			if _, err := p.s.CommentSend(ctx, id, kind, "we send the offers that week", txn.Idempotency{}); err != nil {
				t.Fatal(err)
			}
		}
		for _, id := range []string{"withdrawn", "overridden", "early"} {
			say(p.sales, id, sendtable.SendObjection)
		}
		say(p.sales, "early", sendtable.SendWithdrawal)
		say(p.desk, "early", sendtable.SendComment)
		w.clock.Advance(25 * time.Hour)
		say(p.sales, "late", sendtable.SendObjection) // Silence had cleared it, which nothing had noted.
		if err := p.s.ClearSilent(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.wantState("early", campaign.Cleared, campaign.BySilence)
		if late := p.wantState("late", campaign.Cleared, campaign.BySilence); late.Objections != 1 {
			t.Errorf("the late objection is not told: %+v", late)
		}
		if held := p.wantState("withdrawn", campaign.Planned, ""); held.IsCleared || held.Objections != 1 {
			t.Errorf("over an objection %+v", held)
		}
		_, err := p.s.StartSend(p.desk, "withdrawn", txn.Idempotency{})
		wantFault(t, err, fault.SendState)
		say(p.sales, "withdrawn", sendtable.SendWithdrawal)
		p.wantState("withdrawn", campaign.Cleared, campaign.BySilence)
		if _, err := p.s.ClearSend(p.officer, "overridden", "the board wants both", txn.Idempotency{}); err != nil {
			t.Fatal(err)
		}
		p.wantState("overridden", campaign.Cleared, campaign.ByOverride)
		_, said := p.get("overridden")
		var got []string
		for _, one := range said {
			got = append(got, one.Kind+" "+one.Department+": "+one.Text)
		}
		want := []string{"objection marketing: we send the offers that week", "override : the board wants both"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		wantRulings := []string{
			"sends/withdrawn objected sales", "sends/overridden objected sales", "sends/early objected sales",
			"sends/late cleared_by_silence sales", "sends/late objected sales", "sends/early cleared_by_silence silence",
			"sends/withdrawn cleared_by_silence sales", "sends/overridden overridden officer",
		}
		if diff := cmp.Diff(wantRulings, p.rulings()); diff != "" {
			t.Error(diff)
		}
	})
}

func TestSends_TheirOwnDepartment_NeitherClearsNorObjects(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.planned(campaign.ClearingRequired)
		p.plan(p.newSend("spring"))
		own := as(t.Context(), "own-officer", "newsletter-desk", access.RoleScopes("officer")...)
		_, err := p.s.ClearSend(own, "spring", "why not", txn.Idempotency{})
		wantFault(t, err, fault.OwnSend)
		_, err = p.s.ClearSend(p.desk, "spring", "why not", txn.Idempotency{})
		wantFault(t, err, fault.ScopeMissing)
		_, err = p.s.CommentSend(p.desk, "spring", sendtable.SendObjection, "no", txn.Idempotency{})
		wantFault(t, err, fault.SendState)
		_, err = p.s.CommentSend(p.sales, "spring", sendtable.SendWithdrawal, "no", txn.Idempotency{})
		wantFault(t, err, fault.SendState)
		_, err = p.s.CommentSend(p.sales, "spring", sendtable.SendComment, "ask otto@example.com", txn.Idempotency{})
		wantFault(t, err, fault.InvalidEvidence)
		_, err = p.s.ClearSend(p.officer, "spring", " ", txn.Idempotency{})
		wantFault(t, err, fault.InvalidEvidence)
		n := p.newSend("theirs")
		if _, err := p.s.CreateSend(p.officer, n); err != nil { // For the department, by a client of all.
			t.Fatal(err)
		}
		_, err = p.s.ClearSend(p.officer, "theirs", "I planned it", txn.Idempotency{})
		wantFault(t, err, fault.OwnSend)
		other := as(t.Context(), "other-officer", "marketing", access.RoleScopes("officer")...)
		if _, err := p.s.ClearSend(other, "theirs", "fine with us", txn.Idempotency{}); err != nil {
			t.Fatal(err)
		}
		p.wantState("theirs", campaign.Cleared, campaign.ByOfficer)
		_, err = p.s.ClearSend(other, "theirs", "again", txn.Idempotency{})
		wantFault(t, err, fault.SendState)
		// What a client of all departments has changed it does not clear, whatever another changes after that.
		p.plan(p.newSend("changed"))
		second := as(t.Context(), "second", "", access.RoleScopes("officer")...)
		for _, u := range []struct {
			who    context.Context
			change sends.Update
		}{{p.officer, sends.Update{ID: "changed", ExpectedSize: 5}}, {second, sends.Update{ID: "changed", Subject: "Autumn"}}} {
			if _, err := p.s.UpdateSend(u.who, u.change); err != nil {
				t.Fatal(err)
			}
			_, err = p.s.ClearSend(u.who, "changed", "I changed it", txn.Idempotency{})
			wantFault(t, err, fault.OwnSend)
		}
		_, err = p.s.ClearSend(p.officer, "changed", "I changed it", txn.Idempotency{})
		wantFault(t, err, fault.OwnSend)
		if _, err := p.s.ClearSend(other, "changed", "fine with us", txn.Idempotency{}); err != nil {
			t.Fatal(err)
		}
		if shown := p.wantState("changed", campaign.Cleared, campaign.ByOfficer); !slices.Equal(shown.ChangedBy, []string{"officer", "second"}) {
			t.Errorf("changed by %v", shown.ChangedBy)
		}
	})
}

func TestSends_BadInput_SaysWhatWouldBeRight(t *testing.T) {
	w := newWorld(t, "sqlite")
	p := w.planned(campaign.ClearingRequired)
	p.plan(p.newSend("spring"))
	for name, c := range map[string]struct {
		change func(*sends.NewSend)
		code   fault.Code
		text   string
	}{
		"a window in the past": {func(n *sends.NewSend) {
			n.Window = campaign.Window{From: int64(start.Add(-48 * time.Hour).UnixMicro()), Until: start.Add(-24 * time.Hour).UnixMicro()}
		}, fault.InvalidSend, "is over; a send is planned before it goes out"},
		"a window backwards": {func(n *sends.NewSend) { n.Window.From, n.Window.Until = n.Window.Until, n.Window.From }, fault.InvalidSend, "its end must be later"},
		"a window of two months": {func(n *sends.NewSend) {
			n.Window.Until += (60 * 24 * time.Hour).Microseconds()
		}, fault.InvalidSend, "31 days at most"},
		"a window in five years": {func(n *sends.NewSend) {
			n.Window.From += (5 * 366 * 24 * time.Hour).Microseconds()
			n.Window.Until += (5 * 366 * 24 * time.Hour).Microseconds()
		}, fault.InvalidSend, "two years ahead at most"},
		"another department's channel": {func(n *sends.NewSend) { n.Channel = "product-marketing" }, fault.OtherDepartment, "belongs to the department marketing"},
		"a channel that there is not":  {func(n *sends.NewSend) { n.Channel = "pigeons" }, fault.UnknownChannel, `no channel "pigeons"`},
		"a sender of another channel":  {func(n *sends.NewSend) { n.SenderIdentity = "acme-service" }, fault.InvalidSend, "name one of acme-newsletter"},
		"an id that is there":          {func(n *sends.NewSend) { n.ID = "spring" }, fault.SendExists, "choose another id"},
		"an id that is none":           {func(n *sends.NewSend) { n.ID = "Frühling" }, fault.InvalidSend, "lower-case letters"},
		"a subject of control signs":   {func(n *sends.NewSend) { n.Subject = "a\x00b" }, fault.InvalidSend, "the text"},
	} {
		n := p.newSend("other")
		c.change(&n)
		_, err := p.s.CreateSend(p.desk, n)
		var refused *fault.Error
		if !errors.As(err, &refused) || refused.Code != c.code || !strings.Contains(refused.Message, c.text) {
			t.Errorf("%s: %v, want %s with %q", name, err, c.code, c.text)
		}
	}
	service := as(t.Context(), "test", "")
	_, err := p.s.CreateSend(service, p.newSend("x"))
	wantFault(t, err, fault.ScopeMissing)
	everything := as(t.Context(), "all", "", access.AllScopes()...)
	n := p.newSend("x")
	n.Channel = "order-updates"
	_, err = p.s.CreateSend(everything, n)
	wantFault(t, err, fault.InvalidSend)
}

func TestSends_AChangeThatConcernsOthers_TakesTheClearingBack(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.planned(campaign.ClearingRequired)
		p.plan(p.newSend("spring"))
		w.clock.Advance(25 * time.Hour)
		if err := p.s.ClearSilent(t.Context()); err != nil {
			t.Fatal(err)
		}
		one := p.wantState("spring", campaign.Cleared, campaign.BySilence)
		done, err := p.s.UpdateSend(p.desk, sends.Update{ID: "spring", ETag: one.ETag, Subject: "Spring", ContentLink: "https://acme.example/s"})
		if err != nil || done.AskedAgain || done.Send.State != campaign.Cleared || done.Send.Subject != "Spring" || done.Send.ContentDigest != "sha256:0" {
			t.Fatalf("%+v, %v", done, err)
		}
		_, err = p.s.UpdateSend(p.desk, sends.Update{ID: "spring", ETag: one.ETag, Subject: "Summer"})
		wantFault(t, err, fault.EtagMismatch)
		_, err = p.s.UpdateSend(p.sales, sends.Update{ID: "spring", Subject: "Summer"})
		wantFault(t, err, fault.OtherDepartment)
		_, err = p.s.UpdateSend(p.desk, sends.Update{ID: "spring", Until: consent.InstantOf(start.Add(-time.Hour))})
		wantFault(t, err, fault.InvalidSend)
		_, err = p.s.UpdateSend(p.officer, sends.Update{ID: "spring", Channel: "product-marketing"})
		wantFault(t, err, fault.InvalidSend)
		priority := 90
		for name, u := range map[string]sends.Update{
			"priority": {Priority: &priority}, "window": {Until: consent.InstantOf(w.clock.Now().Add(96 * time.Hour))}, "size": {ExpectedSize: 5000},
		} {
			if _, err := p.s.ClearSend(p.officer, "spring", "fine", txn.Idempotency{}); err != nil && !fault.Is(err, fault.SendState) {
				t.Fatal(err)
			}
			u.ID = "spring"
			done, err := p.s.UpdateSend(p.desk, u)
			want := consent.InstantOf(w.clock.Now()).Add(24 * time.Hour)
			if err != nil || !done.AskedAgain || done.Send.State != campaign.Planned || consent.Instant(done.Send.CommentUntil) < want || done.Send.ClearedTime != 0 {
				t.Errorf("%s: %+v, %v", name, done, err)
			}
		}
	})
}

func TestSends_GoOutWithinTheirWindowAndEndOnce(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.planned(campaign.ClearingAdvised)
		p.plan(p.newSend("spring"))
		p.plan(p.newSend("autumn"))
		_, err := p.s.StartSend(p.desk, "spring", txn.Idempotency{})
		wantFault(t, err, fault.SendState) // Before its window.
		_, err = p.s.FinishSend(p.desk, "spring", txn.Idempotency{})
		wantFault(t, err, fault.SendState)
		if _, err := p.s.CommentSend(p.sales, "spring", sendtable.SendObjection, "not that week", txn.Idempotency{}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(49 * time.Hour)
		_, err = p.s.StartSend(p.sales, "spring", txn.Idempotency{})
		wantFault(t, err, fault.OtherDepartment)
		one, err := p.s.StartSend(p.desk, "spring", txn.Idempotency{})
		if err != nil || one.State != campaign.Sending || one.Started == 0 { // It is advised to wait, not required.
			t.Fatalf("%+v, %v", one, err)
		}
		_, err = p.s.UpdateSend(p.desk, sends.Update{ID: "spring", Subject: "x"})
		wantFault(t, err, fault.SendState)
		if one, err = p.s.FinishSend(p.desk, "spring", txn.Idempotency{}); err != nil || one.State != campaign.Sent || one.Ended == 0 {
			t.Fatalf("%+v, %v", one, err)
		}
		_, err = p.s.CancelSend(p.desk, "spring", "too late", txn.Idempotency{})
		wantFault(t, err, fault.SendState)
		_, err = p.s.CancelSend(p.sales, "autumn", "we want it", txn.Idempotency{})
		wantFault(t, err, fault.OtherDepartment)
		if one, err = p.s.CancelSend(p.officer, "autumn", "the product is withdrawn", txn.Idempotency{}); err != nil || one.State != campaign.Cancelled {
			t.Fatalf("%+v, %v", one, err)
		}
		states, err := p.s.SendStates(t.Context())
		if diff := cmp.Diff(map[string]int64{"sent": 1, "cancelled": 1}, states); diff != "" || err != nil {
			t.Error(diff, err)
		}
	})
}

func TestSends_WithoutClearing_AreClearedAtOnce(t *testing.T) {
	w := newWorld(t, "sqlite")
	p := w.planned(campaign.ClearingOff)
	one := p.plan(p.newSend("spring"))
	if one.State != campaign.Cleared || one.ClearedBy != campaign.WithoutRule || !one.IsCleared {
		t.Errorf("planned %+v", one)
	}
	done, err := p.s.UpdateSend(p.desk, sends.Update{ID: "spring", ExpectedSize: 7})
	if err != nil || done.AskedAgain || done.Send.State != campaign.Cleared || done.Send.ExpectedSize != 7 {
		t.Errorf("updated %+v, %v", done, err)
	}
	if got := p.rulings(); got != nil {
		t.Errorf("rulings %q", got)
	}
}

func TestSends_AreListedToAllDepartments_InPages(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.planned(campaign.ClearingRequired)
		for i, id := range []string{"c", "a", "b"} {
			n := p.newSend(id)
			n.Window.From += int64(i) * time.Hour.Microseconds()
			p.plan(n)
		}
		var got []string
		f := sends.Filter{Department: "newsletter-desk", State: campaign.Planned}
		token := ""
		for {
			page, err := p.s.ListSends(p.sales, f, 2, token)
			if err != nil {
				t.Fatal(err)
			}
			for i := range page.Sends {
				got = append(got, page.Sends[i].ID)
			}
			if token = page.Next; token == "" {
				break
			}
		}
		if diff := cmp.Diff([]string{"c", "a", "b"}, got); diff != "" {
			t.Error(diff)
		}
		_, err := p.s.ListSends(p.sales, sends.Filter{}, 2, "x")
		wantFault(t, err, fault.InvalidPageToken)
		_, err = p.s.ListSends(as(t.Context(), "m", "", access.ScopeMetrics), sends.Filter{}, 2, "")
		wantFault(t, err, fault.ScopeMissing)
		_, _, err = p.s.GetSend(p.sales, "none")
		wantFault(t, err, fault.SendMissing)
	})
}

func TestSends_ARepeatedRequest_GetsTheFirstAnswer(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.planned(campaign.ClearingRequired)
		n := p.newSend("spring")
		n.Idempotency = txn.Idempotency{Method: "CreateSend", ID: requestID(1), Body: []byte("x")}
		first := p.plan(n)
		w.clock.Advance(time.Minute)
		if diff := cmp.Diff(first, p.plan(n)); diff != "" {
			t.Error(diff)
		}
		once := txn.Idempotency{Method: "CommentSend", ID: requestID(2), Body: []byte("y")}
		for range 2 {
			if _, err := p.s.CommentSend(p.sales, "spring", sendtable.SendComment, "nice", once); err != nil {
				t.Fatal(err)
			}
		}
		if _, said := p.get("spring"); len(said) != 1 {
			t.Errorf("said %+v", said)
		}
	})
}

// TestSends_WhatPeopleWrite_IsSealed looks for it in the rows as they are stored.
func TestSends_WhatPeopleWrite_IsSealed(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.planned(campaign.ClearingRequired)
		p.plan(p.newSend("spring"))
		if _, err := p.s.CommentSend(p.sales, "spring", sendtable.SendComment, "a word of mine", txn.Idempotency{}); err != nil {
			t.Fatal(err)
		}
		rows, err := sendtable.SendOf(t.Context(), p.s.Store, "spring")
		if err != nil || len(rows) != 1 {
			t.Fatal(rows, err)
		}
		said, err := sendtable.SendWords(t.Context(), storage.TableReader(p.s.Store), "spring")
		if err != nil || len(said) != 1 {
			t.Fatal(said, err)
		}
		if strings.Contains(string(rows[0].Sealed), "Spring") || strings.Contains(string(said[0].Sealed), "word") {
			t.Error("the row has the text in clear")
		}
	})
}

func TestSends_TheTimeForComments_IsWorkingTimeOfTheSlowestOtherDesk(t *testing.T) {
	w := newWorld(t, "sqlite")
	p := w.planned(campaign.ClearingRequired)
	const hours = "\n    desk: {members: [{id: %s, email: %s@acme.example}], hours: {zone: UTC, week: [{days: [%s], from: 09:00, until: %s}]}}"
	document := acme(t)
	for mailbox, desk := range map[string]string{
		"newsletter-beschwerden@acme.example": fmt.Sprintf(hours, "anna", "anna", "sat", "10:00"), // Its own desk does not count.
		"marketing-beschwerden@acme.example":  fmt.Sprintf(hours, "bert", "bert", "mon, tue, wed, thu, fri", "17:00"),
		"service@acme.example":                fmt.Sprintf(hours, "cora", "cora", "mon, wed", "21:00"),
	} {
		document = strings.Replace(document, "complaints_to: "+mailbox, "complaints_to: "+mailbox+desk, 1)
	}
	if _, err := p.s.ApplyCatalog(p.everything(), administration.ApplyCatalog{Document: document}); err != nil {
		t.Fatal(err)
	}
	n := p.newSend("spring")
	n.Window.Until += (10 * 24 * time.Hour).Microseconds()
	one := p.plan(n) // On Sunday, 1 November 2026, for 24 hours: 8 a day of the one desk, 12 on Monday and Wednesday of the other.
	if got := consent.Instant(one.CommentUntil).Time().Format(time.RFC3339); got != "2026-11-04T21:00:00Z" {
		t.Errorf("the time for comments ends at %s", got)
	}
}
