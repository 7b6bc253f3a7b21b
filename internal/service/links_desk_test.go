package service

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/cases"
	"github.com/assent-io/assent/internal/service/contacts"
	"github.com/assent-io/assent/internal/service/recipient"
	"github.com/assent-io/assent/internal/service/recipient/concerns"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/wallclock"
)

// clearing is what a catalog says so that each message of marketing is asked about with its send.
const clearing = "sends: {clearing: required}\n"

// onPage returns a person who gets both kinds of marketing, and the tokens of a message of each, in a company whose catalog has more lines.
func (w *world) onPage(lines string) (p *pressed, newsletter, offers string) {
	w.t.Helper()
	w.links = recipient.Options{PublicURL: "https://consent.example"}
	p = w.pressed("")
	p.wants(hanna)
	newsletter, offers = w.tokenFor(p.ctx, p.s, "newsletter", hanna), w.tokenFor(p.ctx, p.s, "product-marketing", hanna)
	if lines != "" {
		w.applied(p.ctx, p.s, lines)
	}
	return p, newsletter, offers
}

// applied puts a catalog with more lines in force.
func (w *world) applied(ctx context.Context, s *Service, lines string) {
	w.t.Helper()
	if _, err := s.ApplyCatalog(ctx, administration.ApplyCatalog{Document: acme(w.t) + lines}); err != nil {
		w.t.Fatal(err)
	}
	w.clock.Advance(time.Second)
}

// says carries out an act that records no event, and wants it to change something, or nothing.
func (w *world) says(s *Service, text string, act recipient.Act, want bool) *recipient.View {
	w.t.Helper()
	before := positions(w.t, s.Store)
	view, changed, err := s.Links.Do(w.t.Context(), text, act)
	if err != nil || changed != want {
		w.t.Fatalf("%s changed something: %t, want %t (%v)", act.Action, changed, want, err)
	}
	if after := positions(w.t, s.Store); after != before {
		w.t.Errorf("%s recorded %d events", act.Action, after-before)
	}
	w.clock.Advance(time.Second)
	return view
}

func (w *world) seen(s *Service, text string) *recipient.View {
	w.t.Helper()
	view, err := s.Links.View(w.t.Context(), text)
	if err != nil {
		w.t.Fatal(err)
	}
	return view
}

func complains(text string) recipient.Act {
	return recipient.Act{Action: recipient.ActComplain, Text: text, Subject: "A complaint"}
}

func TestPage_LessOften_BindsEverySend_UntilItIsTakenBack(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p, text, _ := w.onPage(clearing)
		if diff := cmp.Diff(concerns.Wish{Kept: true, Offered: true}, w.seen(p.s, text).Wish); diff != "" {
			t.Errorf("nothing was wished (-want +got):\n%s", diff)
		}
		wish := recipient.Act{Action: recipient.ActLessOften, Days: 14}
		if got := w.says(p.s, text, wish, true); got.Wish.Days != 14 {
			t.Errorf("the page says %d days", got.Wish.Days)
		}
		w.says(p.s, text, wish, false)
		p.wantSend("letter", "Hanna@example.at", consent.CodeAllowConsent)
		p.report("letter", contacts.Report{Address: hanna})
		d := p.wantSend("offers", hanna, consent.CodePressure)
		w.says(p.s, text, recipient.Act{Action: recipient.ActLessOften, Days: 7}, true)
		if sooner := p.wantSend("offers", hanna, consent.CodePressure); sooner.Retry >= d.Retry {
			t.Errorf("with 7 days it is to be asked at %s, and with 14 at %s", sooner.Retry, d.Retry)
		}
		if row := w.seen(p.s, text).Rows[0]; row.State != recipient.Receiving {
			t.Errorf("the channel is %d while it is over the wish", row.State)
		}
		if got := w.says(p.s, text, recipient.Act{Action: recipient.ActAsOften}, true); got.Wish.Days != 0 {
			t.Errorf("taken back, the page says %d days", got.Wish.Days)
		}
		w.says(p.s, text, recipient.Act{Action: recipient.ActAsOften}, false)
		p.wantSend("offers", hanna, consent.CodeAllowConsent)
		for _, days := range []int{0, -7, 1, 8, 60} {
			if _, _, err := p.s.Links.Do(t.Context(), text, recipient.Act{Action: recipient.ActLessOften, Days: days}); !fault.Is(err, fault.InvalidRequest) {
				t.Errorf("%d days: %v", days, err)
			}
		}
	})
}

// TestPage_LessOften_IsOfferedOnlyWhereItIsKept asks for it while senders need not name their sends, and takes it back after the catalog changed.
func TestPage_LessOften_IsOfferedOnlyWhereItIsKept(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p, text, _ := w.onPage("sends: {clearing: advised}\n")
		wish := recipient.Act{Action: recipient.ActLessOften, Days: 30}
		if got := w.seen(p.s, text).Wish; got != (concerns.Wish{}) {
			t.Errorf("the page offers %+v", got)
		}
		if _, _, err := p.s.Links.Do(t.Context(), text, wish); !fault.Is(err, fault.InvalidRequest) {
			t.Errorf("the wish: %v", err)
		}
		w.applied(p.ctx, p.s, clearing)
		w.says(p.s, text, wish, true)
		w.applied(p.ctx, p.s, "")
		if got := w.seen(p.s, text).Wish; got != (concerns.Wish{Days: 30}) {
			t.Errorf("the page says %+v", got)
		}
		w.says(p.s, text, recipient.Act{Action: recipient.ActAsOften}, true)
		w.applied(p.ctx, p.s, clearing)
		w.do(p.s, text, recipient.Act{Action: recipient.ActEndAll}, true)
		if got := w.seen(p.s, text).Wish; got.Offered {
			t.Error("it is offered to a person who gets no marketing")
		}
	})
}

func TestPage_Complaint_GoesToTheDeskThatSent_AndShowsHowFarItIs(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p, text, offers := w.onPage("")
		view := w.says(p.s, offers, complains("  I never ordered\r\nthis.\n"), true)
		c := view.About
		if c == nil || len(view.Cases) != 1 || view.Cases[0] != *c || c.State != casework.Open || c.Due <= view.Now {
			t.Fatalf("the page shows %+v and %+v", c, view.Cases)
		}
		got := w.getCase(p.ctx, p.s, c.Number).Case
		if got.Kind != casework.Complaint || got.Origin != casework.FromPage || got.Department != "marketing" || got.Channel != "product-marketing" ||
			got.Address != hanna || got.Text != "I never ordered\nthis." || got.Subject != "A complaint" || got.Due != c.Due {
			t.Errorf("the desk sees %+v", got)
		}
		w.wantCheck(p.ctx, p.s, "product-marketing", hanna, consent.CodeAllowConsent)
		if again := w.says(p.s, offers, complains("I never ordered\nthis."), false).About; *again != *c {
			t.Errorf("the same complaint again: %+v", again)
		}
		other := w.says(p.s, text, complains("I never ordered\nthis."), true).About
		if of := w.getCase(p.ctx, p.s, other.Number).Case; of.Department != "newsletter-desk" || other.Number == c.Number {
			t.Errorf("the complaint of another message: %+v", of)
		}
		if _, err := p.s.CommentCase(p.ctx, cases.Change{ID: c.Number}, "We are sorry.", true); err != nil {
			t.Fatal(err)
		}
		if seen := w.seen(p.s, text).Cases; len(seen) != 2 || seen[1].State != casework.Answered || seen[1].Answered == 0 {
			t.Errorf("answered: %+v", seen)
		}
		if _, _, err := p.s.CloseCase(p.ctx, cases.Change{ID: c.Number}, cases.Closing{Outcome: casework.SenderWrong}); err != nil {
			t.Fatal(err)
		}
		if seen := w.seen(p.s, text).Cases; len(seen) != 2 || seen[1].State != casework.Closed || seen[1].Closed == 0 {
			t.Errorf("closed: %+v", seen)
		}
		w.says(p.s, offers, complains("I never ordered\nthis."), true) // It happened again.
		w.clock.Advance(91 * 24 * time.Hour)
		if seen := w.seen(p.s, text).Cases; len(seen) != 2 || seen[0].State != casework.Open || seen[1].State != casework.Open {
			t.Errorf("91 days later: %+v", seen)
		}
	})
}

func TestPage_Complaint_IsAShortText_AndNotOneOfMany(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p, text, _ := w.onPage("")
		for _, wrong := range []string{"", " \r\n\t", strings.Repeat("ä", concerns.MaxComplaint+1)} {
			_, _, err := p.s.Links.Do(t.Context(), text, complains(wrong))
			if refused, ok := errors.AsType[*fault.Error](err); !ok || refused.Code != fault.InvalidRequest || refused.Field != "text" || strings.Contains(err.Error(), "ä") {
				t.Errorf("%.10q: %v", wrong, err)
			}
		}
		long := strings.Repeat("\U0001f600", concerns.MaxComplaint)
		c := w.says(p.s, text, complains(long), true).About
		if kept := w.getCase(p.ctx, p.s, c.Number).Case.Text; kept != long {
			t.Errorf("%d bytes of %d were kept", len(kept), len(long))
		}
		w.says(p.s, text, complains("2"), true)
		w.says(p.s, text, complains("3"), true)
		if _, _, err := p.s.Links.Do(t.Context(), text, complains("4")); !errors.Is(err, concerns.ErrManyCases) {
			t.Errorf("the fourth within a day: %v", err)
		}
		w.says(p.s, text, complains("3"), false)
		w.says(p.s, text, recipient.Act{Action: recipient.ActAskAccess}, true)
		w.clock.Advance(24 * time.Hour)
		w.says(p.s, text, complains("4"), true)
	})
}

func TestPage_AskingWhatIsHeld_OpensOneCaseWithTheDeadlineOfTheLaw(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p, text, offers := w.onPage("")
		ask := recipient.Act{Action: recipient.ActAskAccess, Subject: "My data", Text: strings.Repeat("x", 60_000)}
		c := w.says(p.s, text, ask, true).About
		got := w.getCase(p.ctx, p.s, c.Number).Case
		if got.Kind != casework.Access || got.Origin != casework.FromPage || got.Department != "" || got.Address != hanna || got.Text != "" || got.LawDue == 0 || c.Due != got.LawDue {
			t.Errorf("the officers see %+v, and the person %+v", got, c)
		}
		if want := (wallclock.Date{Year: 2026, Month: time.December, Day: 1}); c.DueDay != want || c.Due != consent.InstantOf(want.Plus(1).At(0)) {
			t.Errorf("what was asked on 1 November is to be answered by the end of %s, %s", c.DueDay, c.Due)
		}
		if again := w.says(p.s, offers, ask, false); *again.About != *c || len(again.Cases) != 1 {
			t.Errorf("asked again: %+v", again.About)
		}
		if _, _, err := p.s.CloseCase(p.ctx, cases.Change{ID: c.Number}, cases.Closing{Outcome: casework.Done}); err != nil {
			t.Fatal(err)
		}
		if later := w.says(p.s, text, ask, true).About; later.Number == c.Number {
			t.Error("a request that was answered is shown as the new one")
		}
	})
}

func TestPage_ManyClicksAtOnce_OpenWhatOneClickOpens(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p, text, offers := w.onPage(clearing)
		store := p.s.Store
		if w.url != "" {
			store = w.store() // SQLite has one server only.
		}
		other := w.service(store, 0)
		var all sync.WaitGroup
		var mu sync.Mutex
		changed := map[string]int{}
		for i := range 24 {
			s := p.s
			if i%2 == 0 {
				s = other
			}
			for name, click := range map[string]struct {
				token string
				act   recipient.Act
			}{
				"complaint": {text, complains("Too loud.")},
				"access":    {offers, recipient.Act{Action: recipient.ActAskAccess}},
				"wish":      {text, recipient.Act{Action: recipient.ActLessOften, Days: 7}},
				"spam":      {offers, complains(strings.Repeat("x", i+1))},
			} {
				all.Go(func() {
					_, did, err := s.Links.Do(t.Context(), click.token, click.act)
					if err != nil && !errors.Is(err, concerns.ErrManyCases) || err != nil && (name == "access" || name == "wish") {
						t.Errorf("%s: %v", name, err)
					}
					if did {
						mu.Lock()
						defer mu.Unlock()
						changed[name]++
					}
				})
			}
		}
		all.Wait()
		kinds := map[casework.Kind]int{}
		for _, c := range w.seen(p.s, text).Cases {
			kinds[c.Kind]++
		}
		if diff := cmp.Diff(map[casework.Kind]int{casework.Complaint: concerns.MaxCases, casework.Access: 1}, kinds); diff != "" {
			t.Errorf("the cases (-want +got):\n%s", diff)
		}
		if changed["access"] != 1 || changed["wish"] != 1 || changed["complaint"] > 1 || changed["complaint"]+changed["spam"] != concerns.MaxCases {
			t.Errorf("clicks that changed something: %v", changed)
		}
	})
}

// TestPage_OfAnErasedPerson_OpensNothing erases a person with a wish and with cases, and clicks again.
func TestPage_OfAnErasedPerson_OpensNothing(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p, text, _ := w.onPage(clearing)
		acts := []recipient.Act{complains("No."), {Action: recipient.ActAskAccess}, {Action: recipient.ActLessOften, Days: 7}}
		for _, act := range acts {
			w.says(p.s, text, act, true)
		}
		if _, err := p.s.Erase(p.ctx, record.Erasure{Address: hanna, Justification: "asked for it"}); err != nil {
			t.Fatal(err)
		}
		for _, act := range append(acts, recipient.Act{Action: recipient.ActAsOften}) {
			if _, _, err := p.s.Links.Do(t.Context(), text, act); !errors.Is(err, recipient.ErrGone) {
				t.Errorf("%s: %v", act.Action, err)
			}
		}
		a, err := address.Parse(hanna)
		if err != nil {
			t.Fatal(err)
		}
		if wish, err := p.s.PersonalCapOf(p.ctx, a); err != nil || wish != nil {
			t.Errorf("the wish is %v (%v)", wish, err)
		}
		if seen, err := p.s.CasesOnPage(p.ctx, a); err != nil || len(seen) != 0 {
			t.Errorf("the cases are %v (%v)", seen, err)
		}
	})
}

func TestPage_CaseOfAChannelThatIsGone_IsShownOnThePageOfItsController(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p, newsletter, _ := w.onPage("")
		a, err := address.Parse(hanna)
		if err != nil {
			t.Fatal(err)
		}
		for _, kind := range []casework.Kind{casework.Complaint, casework.Access} {
			err := p.s.engine.Do(p.ctx, &txn.Write{Run: func(w *txn.Tx) error {
				_, _, err := p.s.OpenOnPage(w, &concerns.NewCase{Kind: kind, Address: a, Channel: "order-updates", Text: "I ordered nothing."})
				return err
			}})
			if err != nil {
				t.Fatal(err)
			}
		}
		document := acme(t)
		gone, end := strings.Index(document, "  - id: order-updates"), strings.Index(document, "  - id: legal-notices")
		document = strings.Replace(document[:gone]+document[end:], "controllers:\n",
			"controllers:\n  - id: other\n    name: Other AG\n    postal_address: Ring 2, 1010 Wien, Austria\n    privacy_contact: x@other.example\n", 1)
		if _, err := p.s.ApplyCatalog(p.ctx, administration.ApplyCatalog{Document: document}); err != nil {
			t.Fatal(err)
		}
		w.clock.Advance(time.Second)
		// Of the complaint its desk says whose it is; of the request for access, which is with the officers, nothing does.
		if got := w.seen(p.s, newsletter).Cases; len(got) != 2 {
			t.Errorf("the page of the controller shows %+v", got)
		}
		desk := concerns.Concerns{Cases: p.s.Cases}
		if got, err := desk.CasesOf(t.Context(), a, "other"); err != nil || len(got) != 1 || got[0].Kind != casework.Access {
			t.Errorf("the page of another controller shows %+v, %v", got, err)
		}
	})
}

func TestPage_WithoutAService_DoesNotOfferItsActs(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		p, text, _ := w.onPage(clearing)
		reader := asof.NewReader(p.s.Env, p.s.reference, p.s.Guard, w.unsafe)
		links := recipient.New(p.s.Env, reader, p.s.engine, p.s.Recorder, p.s.Checker, recipient.Options{})
		view, err := links.View(t.Context(), text)
		if err != nil || view.OpensCases || view.Wish.Offered {
			t.Errorf("the page offers %+v (%v)", view, err)
		}
		for _, act := range []recipient.Act{complains("No."), {Action: recipient.ActAskAccess}, {Action: recipient.ActLessOften, Days: 7}, {Action: recipient.ActAsOften}} {
			if _, _, err := links.Do(t.Context(), text, act); !fault.Is(err, fault.InvalidRequest) {
				t.Errorf("%s: %v", act.Action, err)
			}
		}
	})
}
