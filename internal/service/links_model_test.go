package service

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/recipient"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/txn"
)

// modelChannels are the marketing channels of the example catalog.
func modelChannels() []string { return []string{"newsletter", "product-marketing"} }

// modelLink is a link that was put into a message.
type modelLink struct {
	text, channel string
	until         time.Time // the end of the second of its decision
	erased        bool      // its person was erased since
}

// modelPerson says in the plainest words what a person said, and so what has to hold.
type modelPerson struct {
	address   string
	links     []*modelLink
	refused   map[string]time.Time // the last refusal of a channel
	consented map[string]time.Time // the last consent
	erasedAt  time.Time
	unclear   map[string]time.Time // until when
	recorded  int                  // noes and questions that must be in the ledger
	refusals  int
}

// stands reports whether a refusal of the channel stands.
func (p *modelPerson) stands(channel string) bool {
	no := p.refused[channel]
	return !no.IsZero() && !p.consented[channel].After(no)
}

// cameBack reports whether the person said no to the channel after an instant, and came back since. An erasure takes the links before it along.
func (p *modelPerson) cameBack(channel string, since time.Time) bool {
	no := p.refused[channel]
	return no.After(since) && p.consented[channel].After(no)
}

// click says what one click comes to, and takes it in.
func (p *modelPerson) click(l *modelLink, now time.Time) recipient.Outcome {
	switch {
	case l.erased:
		return recipient.Gone
	case p.stands(l.channel):
		return recipient.Known
	case p.cameBack(l.channel, l.until) && p.unclear[l.channel].After(now):
		return recipient.Known
	case p.cameBack(l.channel, l.until):
		p.unclear[l.channel] = now.Add(14 * 24 * time.Hour)
		p.recorded++
		return recipient.Unclear
	default:
		p.refuse(l.channel, now)
		return recipient.Done
	}
}

func (p *modelPerson) refuse(channel string, now time.Time) {
	p.refused[channel] = now
	delete(p.unclear, channel)
	p.recorded++
	p.refusals++
}

// verdict is what a check of now has to answer.
func (p *modelPerson) verdict(channel string, now time.Time) consent.Verdict {
	back := p.consented[channel]
	switch {
	case back.IsZero() || p.stands(channel) || !p.erasedAt.IsZero() && !back.After(p.erasedAt):
		return consent.Deny
	case p.unclear[channel].After(now):
		return consent.Defer
	default:
		return consent.Allow
	}
}

// TestLinks_AnyClicksScannersRetriesAndErasures_ExactlyTheNoesThatWereSaidStand drives the links of one person after the other by chance, and
// compares each answer, each decision and the ledger with the model.
func TestLinks_AnyClicksScannersRetriesAndErasures_ExactlyTheNoesThatWereSaidStand(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		w.sample = 0
		s, ctx := w.linked()
		persons := 0
		met := map[string]int{}
		rapid.Check(t, func(t *rapid.T) {
			persons++
			m := &modelRun{t: t, w: w, s: s, ctx: ctx, met: met, person: &modelPerson{
				address: fmt.Sprintf("person%d@example.at", persons), refused: map[string]time.Time{}, consented: map[string]time.Time{},
				unclear: map[string]time.Time{},
			}}
			m.consent("newsletter")
			for range rapid.IntRange(4, 16).Draw(t, "steps") {
				m.step()
				m.compare()
			}
			if persons%20 == 0 { // By chance alone a run of a hundred may have no click after an erasure.
				m.send("newsletter")
				m.erase()
				m.click()
				m.compare()
			}
			m.compareLedger()
		})
		for _, outcome := range []string{"new", "known", "unclear", "gone"} {
			if met[outcome] == 0 && persons >= 100 { // Fewer may well miss one.
				t.Errorf("no click came to %s: %v", outcome, met)
			}
		}
	})
}

// modelRun is one person's course.
type modelRun struct {
	t      *rapid.T
	w      *world
	s      *Service
	ctx    context.Context
	met    map[string]int
	person *modelPerson
}

func (m *modelRun) must(err error) {
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *modelRun) now() time.Time { return m.w.clock.Now() }

// tick lets time pass, so that no two acts are at one instant.
func (m *modelRun) tick() {
	m.w.clock.Advance(rapid.SampledFrom([]time.Duration{300 * time.Millisecond, 1500 * time.Millisecond, time.Hour, 15 * 24 * time.Hour}).Draw(m.t, "passes"))
}

func (m *modelRun) consent(channel string) {
	_, err := m.s.Record(m.ctx, consentOn(channel, m.person.address, m.now()), txn.Idempotency{})
	m.must(err)
	m.person.consented[channel] = m.now()
	delete(m.person.unclear, channel) // They said what they want.
	m.tick()
}

func (m *modelRun) step() {
	p := m.person
	channel := rapid.SampledFrom(modelChannels()).Draw(m.t, "channel")
	switch rapid.SampledFrom([]string{"send", "send", "send", "click", "click", "click", "click", "scan", "consent", "consent", "page", "erase"}).Draw(m.t, "step") {
	case "send":
		m.send(channel)
	case "click":
		m.click()
	case "scan":
		for _, l := range p.links {
			_, err := m.s.Links.View(m.ctx, l.text)
			if (err != nil) != l.erased {
				m.t.Fatalf("a scanner that opens a link (erased: %t) gets %v", l.erased, err)
			}
		}
	case "consent":
		m.consent(channel)
	case "page":
		m.page(channel)
	case "erase":
		if rapid.IntRange(0, 2).Draw(m.t, "erase") == 0 {
			m.erase()
		}
	}
	m.tick()
}

func (m *modelRun) erase() {
	_, err := m.s.Erase(m.ctx, record.Erasure{Address: m.person.address, Justification: "asked for it"})
	m.must(err)
	m.person.erasedAt = m.now()
	for _, l := range m.person.links {
		l.erased = true
	}
}

func (m *modelRun) check(channel string, moment asof.Moment) check.Result {
	got, err := m.s.Check(m.ctx, check.Input{
		Address: m.person.address, Request: consent.Request{Channel: channel}, Moment: moment,
	})
	m.must(err)
	return got
}

// send checks, and puts a link into the message if it may be sent.
func (m *modelRun) send(channel string) {
	d := m.check(channel, asof.Moment{})
	made, err := m.s.Links.Issue(m.ctx, channel, []recipient.Wanted{{Address: m.person.address, Verdict: d.Verdict, Decided: d.Decided}})
	m.must(err)
	if (made[0] != nil) != (d.Verdict == consent.Allow) {
		m.t.Fatalf("of %s the links are %v", d.Verdict, made[0])
	}
	if made[0] != nil {
		m.person.links = append(m.person.links, &modelLink{text: made[0].Token, channel: channel, until: d.Decided.Time().Truncate(time.Second).Add(time.Second - time.Microsecond)})
	}
}

// click clicks on a link once or several times, whole or damaged, or on one that was never made.
func (m *modelRun) click() {
	if len(m.person.links) == 0 {
		return
	}
	l := rapid.SampledFrom(m.person.links).Draw(m.t, "link")
	for range rapid.IntRange(1, 3).Draw(m.t, "retries") {
		want := m.person.click(l, m.now())
		got, err := m.s.Links.OneClick(m.ctx, rapid.SampledFrom([]string{l.text, l.text + ">", " " + l.text + "=.", l.text[:9] + "\r\n" + l.text[9:]}).Draw(m.t, "as"), recipient.By{})
		m.must(err)
		m.met[got.String()]++
		if got != want {
			m.t.Fatalf("a click on the link of %s (%s) came to %s, want %s", l.until, l.channel, got, want)
		}
		if cut, err := m.s.Links.OneClick(m.ctx, l.text[:len(l.text)-2], recipient.By{}); err != nil || cut != recipient.Nonsense {
			m.t.Fatalf("a cut link came to %s (%v)", cut, err)
		}
		m.w.clock.Advance(10 * time.Millisecond)
	}
}

// page leaves a channel on the page, or keeps it.
func (m *modelRun) page(channel string) {
	p := m.person
	i := slices.IndexFunc(p.links, func(l *modelLink) bool { return !l.erased })
	if i < 0 {
		return
	}
	act := recipient.Act{Action: rapid.SampledFrom([]recipient.Action{recipient.ActLeave, recipient.ActKeep}).Draw(m.t, "act"), Channel: channel}
	want := p.unclear[channel].After(m.now())
	if act.Action == recipient.ActLeave {
		if want = !p.stands(channel); want {
			p.refuse(channel, m.now())
		}
	} else {
		delete(p.unclear, channel)
	}
	if _, changed, err := m.s.Links.Do(m.ctx, p.links[i].text, act); err != nil || changed != want {
		m.t.Fatalf("%s %s changed something: %t, want %t (%v)", act.Action, channel, changed, want, err)
	}
}

// compare holds the decisions against what the person said.
func (m *modelRun) compare() {
	for _, channel := range modelChannels() {
		want, got := m.person.verdict(channel, m.now()), m.check(channel, asof.Moment{})
		if got.Verdict != want {
			m.t.Fatalf("%s: a check answers %s (%s), want %s", channel, got.Verdict, got.Reason, want)
		}
		past := m.check(channel, asof.Moment{AsOf: consent.InstantOf(m.now())})
		if want == consent.Defer {
			want = consent.Allow
		}
		if past.Verdict != want {
			m.t.Fatalf("%s: of now as of a time of the past a check answers %s (%s), want %s", channel, past.Verdict, past.Reason, want)
		}
	}
}

// compareLedger holds what was recorded by links against what the person said: each no once, with its evidence.
func (m *modelRun) compareLedger() {
	recorded, refusals := 0, 0
	head, err := m.s.Store.Head(m.ctx)
	m.must(err)
	_, records, err := m.s.Store.Ledger(m.ctx, max(0, head.Position-200), 200)
	m.must(err)
	for i := range records {
		e := &records[i].Event
		if e.Actor != access.RecipientID || !e.Kind.IsNo() || len(records[i].Evidence) == 0 {
			continue
		}
		evidence, err := m.s.OpenEvidence(e, records[i].Evidence)
		m.must(err)
		if evidence.Address != m.person.address {
			continue
		}
		recorded++
		if e.Kind != consent.KindSuppress {
			refusals++
		}
	}
	// An erasure takes the evidence of what was said before it.
	if m.person.erasedAt.IsZero() && (recorded != m.person.recorded || refusals != m.person.refusals) {
		m.t.Fatalf("%d noes are recorded, %d of them refusals, want %d and %d", recorded, refusals, m.person.recorded, m.person.refusals)
	}
}
