package service

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/contacts"
	"github.com/assent-io/assent/internal/service/export"
	"github.com/assent-io/assent/internal/service/receipts"
	"github.com/assent-io/assent/internal/service/recipient"
	"github.com/assent-io/assent/internal/storage"
)

// byContact is a world in which consents to the newsletter lapse a month after the last contact, and those to product information as before.
func (w *world) byContact() *pressed {
	w.t.Helper()
	s, ctx := w.acme()
	document := strings.Replace(acme(w.t), "    consent_lapses_after: P24M\n", "    consent_lapses_after: P1M\n    consent_lapses_from: last_contact\n", 1)
	document = strings.Replace(document, "policy:\n", "policy:\n  retention: {contacts: P6M}\n", 1)
	w.clock.Advance(time.Second)
	if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: document}); err != nil {
		w.t.Fatal(err)
	}
	w.clock.Advance(time.Second)
	p := &pressed{w, s, ctx}
	p.plan("letter", "newsletter", 50, 400*24*time.Hour)
	return p
}

// sent reports that a message of a send of the newsletter was sent, which is planned for that.
func (p *pressed) sent(address string, at time.Time) {
	p.t.Helper()
	id := fmt.Sprint("letter-", at.UnixMicro())
	p.plan(id, "newsletter", 50, 24*time.Hour)
	if done, err := p.s.ReportSent(p.ctx, id, []contacts.Report{{Address: address, Sent: consent.InstantOf(at)}}); err != nil || len(done.Failed) > 0 {
		p.t.Fatal(done, err)
	}
}

// answers returns what is answered about an address on the newsletter in every way: alone and in a batch, with and without the index, with a send.
func (p *pressed) answers(plain *Service, address string) map[string]check.Result {
	p.t.Helper()
	r := consent.Request{Channel: "newsletter"}
	got := map[string]check.Result{}
	for name, s := range map[string]*Service{"index": p.s, "store": plain} {
		one, err := s.Check(p.ctx, check.Input{Address: address, Request: r, Consistency: p.latest(p.ctx, s)})
		if err != nil {
			p.t.Fatal(err)
		}
		got[name] = one
		batch, err := s.BatchCheck(p.ctx, check.BatchInput{
			Addresses: []string{"nobody@example.at", address, "no address", address}, Request: r, Consistency: p.latest(p.ctx, s),
		})
		if err != nil {
			p.t.Fatal(err)
		}
		for i, way := range map[int]string{1: ", batch", 3: ", batch again"} {
			d, _ := batch.Item(i)
			got[name+way] = check.Result{Decision: d, Snapshot: batch.Snapshot, Department: one.Department}
		}
		if none, _ := batch.Item(0); none.Reason != consent.CodeNoLegalBasis {
			p.t.Errorf("beside it: %s", none.Reason)
		}
		if got[name+", send"], err = s.Check(p.ctx, check.Input{Address: address, Request: r, Send: "letter"}); err != nil {
			p.t.Fatal(err)
		}
		seen, err := s.Lookup(p.ctx, check.LookupInput{Address: address})
		if err != nil {
			p.t.Fatal(err)
		}
		for _, ch := range seen.Channels {
			if ch.Channel == "newsletter" {
				got[name+", looked up"] = ch.Decision
			}
		}
		if got[name+", as of now"], err = s.Check(p.ctx, check.Input{Address: address, Request: r, Moment: asof.Moment{AsOf: one.Decided}}); err != nil {
			p.t.Fatal(err)
		}
	}
	return got
}

// want wants an answer in every way, and until when the consent holds; zero: it does not.
func (p *pressed) want(plain *Service, address string, reason consent.Code, ends time.Time) {
	p.t.Helper()
	for name, got := range p.answers(plain, address) {
		if got.Reason != reason || got.BasisEnd != consent.InstantOf(ends) {
			p.t.Errorf("%s: %s until %s, want %s until %s", name, got.Reason, got.BasisEnd, reason, consent.InstantOf(ends))
		}
		if got.BasisEnd != 0 && got.ValidUntil > got.BasisEnd {
			p.t.Errorf("%s: valid until %s, and it ends %s", name, got.ValidUntil, got.BasisEnd)
		}
	}
}

func TestCheck_ConsentThatLapsesFromLastContact_LivesByWhatWasSent(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.byContact()
		plain := w.bare(p.s)
		begin := w.clock.Now()
		p.mustRecord(p.ctx, p.s, consentOn("newsletter", "anna@example.at", begin))
		p.mustRecord(p.ctx, p.s, consentOn("newsletter", "bert@example.at", begin))
		first := begin.AddDate(0, 1, 0)

		// A place is no contact: nothing says that the message went out.
		p.wantSend("letter", "anna@example.at", consent.CodeAllowConsent)
		p.want(plain, "anna@example.at", consent.CodeAllowConsent, first)
		w.clock.Set(first.Add(-time.Second))
		p.want(plain, "anna@example.at", consent.CodeAllowConsent, first)
		w.clock.Set(first)
		p.want(plain, "anna@example.at", consent.CodeConsentLapsed, time.Time{})

		// What is reported late counts by when it was sent, for every spelling, and for nobody else.
		contact := first.Add(-time.Second)
		p.sent("Anna@Example.at", contact)
		second := contact.AddDate(0, 1, 0)
		p.want(plain, "anna@example.at", consent.CodeAllowConsent, second)
		p.want(plain, "bert@example.at", consent.CodeConsentLapsed, time.Time{})
		w.clock.Set(second.Add(-time.Second))
		p.want(plain, "anna@example.at", consent.CodeAllowConsent, second)
		w.clock.Set(second)
		p.want(plain, "anna@example.at", consent.CodeConsentLapsed, time.Time{})
		// A message after the lapse revives nothing.
		p.sent("anna@example.at", second)
		w.clock.Advance(time.Second)
		p.want(plain, "anna@example.at", consent.CodeConsentLapsed, time.Time{})

		// Nothing is left of it after an erasure.
		p.mustRecord(p.ctx, p.s, erasure("anna@example.at", w.clock.Now()))
		p.want(plain, "anna@example.at", consent.CodeErased, time.Time{})
	})
}

// What was known at a position is answered without contacts, for when they were reported is not known: a later report changes no such answer.
func TestCheck_ConsentThatLapsesFromLastContact_OfThePast(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.byContact()
		begin := w.clock.Now()
		p.mustRecord(p.ctx, p.s, consentOn("newsletter", "anna@example.at", begin))
		contact := begin.AddDate(0, 0, 20)
		w.clock.Set(begin.AddDate(0, 1, 7))
		asked := consent.InstantOf(w.clock.Now())
		in := check.Input{Address: "anna@example.at", Request: consent.Request{Channel: "newsletter"}, Moment: asof.Moment{AsOf: asked}}
		ask := func(in check.Input) check.Result {
			t.Helper()
			got, err := p.s.Check(p.ctx, in)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		head, err := p.s.Store.Head(p.ctx)
		if err != nil {
			t.Fatal(err)
		}
		known := in
		known.KnownAsOf = asof.KnownAsOf{Position: head.Position}
		before := ask(known)
		if before.Reason != consent.CodeConsentLapsed || before.Contacts != consent.ContactsUnknown {
			t.Errorf("%s, %d", before.Reason, before.Contacts)
		}
		if got := ask(in); got.Reason != consent.CodeConsentLapsed || got.Contacts != consent.ContactsCounted {
			t.Errorf("before the report: %s, %d", got.Reason, got.Contacts)
		}
		w.clock.Advance(time.Hour)
		p.sent("anna@example.at", contact)
		if got := ask(in); got.Reason != consent.CodeAllowConsent || got.BasisEnd != consent.InstantOf(contact.AddDate(0, 1, 0)) {
			t.Errorf("after the report: %s until %s", got.Reason, got.BasisEnd)
		}
		if after := ask(known); cmp.Diff(before, after) != "" {
			t.Errorf("as known at a position, a later report changed the answer:\n%s", cmp.Diff(before, after))
		}
		in.AsOf = consent.InstantOf(begin.AddDate(0, 1, 0)) - 1
		if got := ask(in); got.BasisEnd != in.AsOf+1 {
			t.Errorf("before its first lapse it ends %s", got.BasisEnd)
		}

		// A receipt of an answer by contacts cannot be asked again.
		now := check.Input{Address: "anna@example.at", Request: consent.Request{Channel: "newsletter"}, Receipt: true}
		signed := ask(now)
		if signed.Reason != consent.CodeAllowConsent {
			t.Fatal(signed.Reason)
		}
		found, err := p.s.VerifyReceipt(p.ctx, receipts.Input{Receipt: signed.Receipt, Address: "anna@example.at"})
		if err != nil || found.Outcome != receipts.NotReplayed || len(found.Differences) > 0 {
			t.Errorf("the receipt: %d %v, %v", found.Outcome, found.Differences, err)
		}
	})
}

// Once a contact is forgotten, what it held up has ended, and no answer before said that it lasts longer.
func TestForgetContacts_ConsentLivesByContacts_OnlyWhileTheyAreKept(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p := w.byContact()
		plain := w.bare(p.s)
		begin := w.clock.Now()
		p.mustRecord(p.ctx, p.s, consentOn("newsletter", "anna@example.at", begin))
		var last time.Time
		for month := range 8 {
			last = begin.AddDate(0, 0, 20+20*month)
			w.clock.Set(last)
			p.sent("anna@example.at", last)
		}
		joined := begin.AddDate(0, 0, 20)
		gone := joined.AddDate(0, 6, 0) // The first contact joins the consent to all others.
		w.clock.Set(last.Add(time.Hour))
		ends := last.AddDate(0, 1, 0)
		if gone.Before(ends) {
			ends = gone
		}
		p.want(plain, "anna@example.at", consent.CodeAllowConsent, ends)
		w.clock.Set(ends.Add(-time.Second))
		if err := p.s.ForgetContacts(p.ctx); err != nil {
			t.Fatal(err)
		}
		p.want(plain, "anna@example.at", consent.CodeAllowConsent, ends)
		for range 2 {
			w.clock.Set(ends)
			p.want(plain, "anna@example.at", consent.CodeConsentLapsed, time.Time{})
			if err := p.s.ForgetContacts(p.ctx); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// The page of the person, and the answer to a request for access, say what checks say: at each time of the history, and in the words of people.
func TestPageAndExport_ConsentLivesByContacts_SayWhatChecksSay(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.links = recipient.Options{PublicURL: "https://consent.example"}
		p := w.byContact()
		begin := w.clock.Now()
		for _, a := range []string{"anna@example.at", "bert@example.at"} {
			p.mustRecord(p.ctx, p.s, consentOn("newsletter", a, begin))
		}
		token := p.tokenFor(p.ctx, p.s, "newsletter", "anna@example.at")
		other := p.tokenFor(p.ctx, p.s, "newsletter", "bert@example.at")
		contact := begin.AddDate(0, 0, 20)
		w.clock.Set(contact)
		p.sent("anna@example.at", contact)
		w.clock.Set(begin.AddDate(0, 1, 3))
		for text, want := range map[string]recipient.State{token: recipient.Receiving, other: recipient.Inactive} {
			view, err := p.s.Links.View(p.ctx, text)
			if err != nil || len(view.Rows) != 1 || view.Rows[0].State != want || !view.Rows[0].CanLeave {
				t.Errorf("the page: %+v, %v", view, err)
			}
		}
		told, _ := linkedDataOf(p.ctx, t, p.s, export.Input{Address: "anna@example.at"})
		first, second := begin.AddDate(0, 1, 0), contact.AddDate(0, 1, 0)
		if !told.permits("newsletter", first) {
			t.Error("the file says that the consent lapsed at its first lapse")
		}
		w.clock.Set(second.Add(time.Hour))
		if p.agreesWithChecks(p.ctx, p.s, "anna@example.at", "newsletter") == 0 {
			t.Error("no check says ALLOW, so nothing was compared")
		}
		told, _ = linkedDataOf(p.ctx, t, p.s, export.Input{Address: "anna@example.at"})
		if !told.permits("newsletter", second.Add(-time.Microsecond)) || told.permits("newsletter", second) {
			t.Error("the file does not say that the consent lapsed with its chain")
		}
	})
}

// contactReads is a store that counts the reads of contacts, and breaks them.
type contactReads struct {
	storage.Store

	n      atomic.Int64
	broken atomic.Bool
}

func (c *contactReads) QueryTable(ctx context.Context, statement storage.Statement, each func(storage.Scan) error) (storage.Head, error) {
	if strings.Contains(statement.SQL, "FROM contacts") {
		c.n.Add(1)
		if c.broken.Load() {
			return storage.Head{}, storage.ErrUnavailable
		}
	}
	return c.Store.QueryTable(ctx, statement, each)
}

// A channel that counts from the beginning reads no contact, and neither does a check on the other one before the first lapse.
func TestCheck_ContactsAreReadOnlyWhereAConsentMayLiveByThem(t *testing.T) {
	w := newWorld(t, "sqlite")
	watched := &contactReads{Store: w.store()}
	s := w.service(watched, 0)
	ctx := access.WithCaller(context.WithoutCancel(t.Context()), access.Process("test"))
	document := strings.Replace(acme(t), "    consent_lapses_after: P24M\n", "    consent_lapses_after: P1M\n    consent_lapses_from: last_contact\n", 1)
	document = strings.Replace(document, "policy:\n", "policy:\n  retention: {contacts: P6M}\n", 1)
	document = strings.Replace(document, "consent_lapses_after: P24M", "consent_lapses_after: P1M", 1)
	if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: document}); err != nil {
		t.Fatal(err)
	}
	w.clock.Advance(time.Second)
	for _, channel := range []string{"newsletter", "product-marketing"} {
		st := consentOn(channel, "anna@example.at", w.clock.Now())
		w.mustRecord(ctx, s, st)
	}
	reads := func(channel string) int {
		t.Helper()
		before := watched.n.Load()
		if _, err := s.Check(ctx, check.Input{Address: "anna@example.at", Request: consent.Request{Channel: channel}}); err != nil {
			t.Fatal(err)
		}
		return int(watched.n.Load() - before)
	}
	if n := reads("newsletter") + reads("product-marketing"); n != 0 {
		t.Errorf("%d reads before the first lapse", n)
	}
	w.clock.Advance(40 * 24 * time.Hour)
	if n := reads("product-marketing"); n != 0 {
		t.Errorf("%d reads on a channel that counts from the beginning", n)
	}
	if n := reads("newsletter"); n != 1 {
		t.Errorf("%d reads where the consent may live by contacts, want 1", n)
	}
	watched.broken.Store(true)
	if got, err := s.Check(ctx, check.Input{Address: "anna@example.at", Request: consent.Request{Channel: "newsletter"}}); err == nil {
		t.Errorf("contacts that cannot be read gave %s", got.Reason)
	}
}
