package service

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/token"
)

// modelMail is a mail that was handed in, and may be again.
type modelMail struct {
	who    int
	kind   string // hard, soft, delivered, complaint or leave
	proved bool
	at     time.Time
	text   string
	to     string
	seen   bool // by the model
	stands bool // a no of it was recorded
}

// mailedPerson is what has to stand for a person.
type mailedPerson struct {
	address          string
	hard, complained bool
	left, erased     bool
	since            time.Time   // of the erasure
	no               time.Time   // the last one that was recorded
	soft             []time.Time // of the series that goes on
	events           int         // with the actor of the intake or of links
	hinted           int
}

// take is what a mail does to the model.
func (p *mailedPerson) take(m *modelMail) {
	if p.erased {
		return
	}
	if m.seen {
		p.again(m)
		return
	}
	m.seen = true
	if !m.proved {
		if m.kind != "delivered" {
			p.hinted++
		}
		return
	}
	switch m.kind {
	case "hard":
		p.bounce()
	case "soft":
		if p.hard {
			return
		}
		p.soft = append(p.soft, m.at)
		if len(p.soft) >= 5 && m.at.Sub(p.soft[0]) >= 7*24*time.Hour {
			p.soft = nil
			p.bounce()
		}
	case "delivered":
		p.soft = nil
	case "complaint":
		p.complained = true
		p.events++
	case "leave":
		if !p.left {
			p.left = true
			p.said(m)
		}
	}
}

// again is what a mail does that was handed in before: one that said no while a no stood was not recorded, and is so once the person came back,
// with its own time, so that it changes nothing.
func (p *mailedPerson) again(m *modelMail) {
	if m.kind == "leave" && m.proved && !m.stands && !p.left && p.no.Before(m.at) {
		p.said(m)
	}
}

func (p *mailedPerson) said(m *modelMail) {
	p.no, m.stands = m.at, true
	p.events++
}

func (p *mailedPerson) bounce() {
	if !p.hard {
		p.hard = true
		p.events++
	}
}

// lives is a run of the model beside a service.
type intakeLife struct {
	*world

	ctx    context.Context
	s      *Service
	people []*mailedPerson
	mails  []*modelMail
	begin  int64 // the position before the life
}

// mail makes a mail of now.
func (l *intakeLife) mail(rt *rapid.T) *modelMail {
	m := &modelMail{
		who: rapid.IntRange(0, len(l.people)-1).Draw(rt, "who"), proved: rapid.IntRange(0, 3).Draw(rt, "proved") > 0, at: l.clock.Now(), to: bounceBox,
		kind: rapid.SampledFrom([]string{"hard", "soft", "soft", "soft", "soft", "delivered", "complaint", "leave"}).Draw(rt, "kind"),
	}
	address := l.people[m.who].address
	header, subject := "", "unsubscribe"
	if m.proved {
		decided := m.at.Unix() - 60
		if p := l.people[m.who]; p.erased {
			decided = p.since.Unix() - 60 // No message is sent to them since.
		}
		ours, err := token.NewLink(l.keys, &token.Link{Address: address, Channel: "newsletter", Decided: decided})
		if err != nil {
			rt.Fatal(err)
		}
		header, subject = headerOf(ours), ours
	}
	switch m.kind {
	case "hard":
		m.text = bounced(m.at, address, "5.1.1", "no such user", header)
	case "soft":
		m.text = bounced(m.at, address, "4.2.2", "mailbox full", header)
	case "delivered":
		m.text = strings.ReplaceAll(bounced(m.at, address, "2.0.0", "ok", header), "Action: failed", "Action: delivered")
	case "complaint":
		m.text = complaint(m.at, address, header)
	default:
		m.text, m.to = leaving(m.at, address, subject), "leave@acme.example"
	}
	l.mails = append(l.mails, m)
	return m
}

// step does one thing.
func (l *intakeLife) step(rt *rapid.T) {
	l.clock.Advance(time.Duration(rapid.IntRange(1, 48).Draw(rt, "hours")) * time.Hour)
	p := l.people[rapid.IntRange(0, len(l.people)-1).Draw(rt, "person")]
	switch what := rapid.IntRange(0, 9).Draw(rt, "what"); {
	case what < 5 || len(l.mails) == 0:
		l.hand(l.mail(rt))
	case what < 8: // A mail of before comes again.
		l.hand(l.mails[rapid.IntRange(0, len(l.mails)-1).Draw(rt, "again")])
	case what == 8 && p.hard && !p.erased:
		l.mustRecord(l.ctx, l.s, statement.Statement{
			Kind: consent.KindLift, Address: p.address, Reason: consent.ReasonHardBounce, Source: consent.SourceAPI, Justification: "works again",
		})
		p.hard, p.soft = false, nil
	case what == 9 && rapid.IntRange(0, 4).Draw(rt, "erase") == 0 && !p.erased:
		l.mustRecord(l.ctx, l.s, statement.Statement{Kind: consent.KindErase, Address: p.address, Source: consent.SourceAPI, Justification: "asked"})
		p.erased, p.since = true, l.clock.Now()
	case what == 9 && p.left && !p.erased && !p.complained:
		l.mustRecord(l.ctx, l.s, consentOn("newsletter", p.address, l.clock.Now()))
		p.left, p.hard, p.soft = false, false, nil // A confirmed consent shows that the person can be reached.
	}
}

func (l *intakeLife) hand(m *modelMail) {
	for range 2 {
		l.handIn(l.ctx, l.s, m.to, m.text)
		l.people[m.who].take(m)
	}
}

// compare compares what stands with the model.
func (l *intakeLife) compare(rt *rapid.T) {
	hints := l.hints(l.ctx, l.s)
	for _, p := range l.people {
		waiting := 0
		for _, h := range hints {
			if h.Address == p.address {
				waiting++
			}
		}
		if p.erased {
			if waiting > 0 {
				rt.Errorf("%s was erased and has %d hints", p.address, waiting)
			}
			continue
		}
		if waiting != p.hinted {
			rt.Errorf("%s has %d hints, want %d", p.address, waiting, p.hinted)
		}
		want := consent.CodeAllowConsent
		switch {
		case p.hard:
			want = consent.CodeHardBounce
		case p.complained:
			want = consent.CodeComplaint
		case p.left:
			want = consent.CodeWithdrawn
		}
		got, err := l.s.BatchCheck(l.ctx, check.BatchInput{Addresses: []string{p.address}, Request: consent.Request{Channel: "newsletter"}})
		if err != nil {
			rt.Fatal(err)
		}
		if d, _ := got.Item(0); d.Reason != want {
			rt.Errorf("%s: %s, want %s", p.address, d.Reason, want)
		}
	}
	l.compareEvents(rt)
}

// compareEvents counts what was recorded because of mails.
func (l *intakeLife) compareEvents(rt *rapid.T) {
	got, want := 0, 0
	for _, p := range l.people {
		want += p.events
	}
	_, records, err := l.s.Store.Ledger(l.ctx, l.begin, 10_000)
	if err != nil {
		rt.Fatal(err)
	}
	for i := range records {
		if slices.Contains([]string{access.IntakeID, access.RecipientID}, records[i].Event.Actor) {
			got++
		}
	}
	if got != want {
		rt.Errorf("%d events were recorded because of mails, want %d", got, want)
	}
}

func TestProperty_Mails_LeaveExactlyTheNoesThatWereProved(t *testing.T) {
	for _, kind := range []string{"sqlite", "postgres"} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, kind)
			w.unsubscribe = []string{"leave@acme.example"}
			s, ctx := w.linked()
			w.eachLife(t, 6, func(rt *rapid.T, number int) {
				l := &intakeLife{world: w, ctx: ctx, s: s, begin: lastPosition(ctx, t, s)}
				for i := range 4 {
					p := &mailedPerson{address: fmt.Sprintf("p%d-%d@example.at", number, i)}
					w.mustRecord(ctx, s, consentOn("newsletter", p.address, w.clock.Now()))
					l.people = append(l.people, p)
				}
				for range rapid.IntRange(5, 40).Draw(rt, "steps") {
					l.step(rt)
				}
				l.compare(rt)
			})
		})
	}
}
