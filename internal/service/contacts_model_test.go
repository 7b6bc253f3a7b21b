package service

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/check"
	"github.com/assent-io/assent/internal/service/contacts"
	"github.com/assent-io/assent/internal/storage/tables/sendtable"
)

// place is what the model knows of a contact.
type place struct {
	until consent.Instant
	sent  consent.Instant // 0: it was not sent yet
}

// TestCheck_WeeksOfSendsOnTwoServers_AnswersAsTheModelAndNobodyGetsMoreThanTheCap plays weeks of sends in a random order through two servers over one
// database: checks alone and in batches, reports, releases, and places that are left to end. Each answer is that of a model which counts, and at the end
// no person was sent more than the cap within any stretch of time as long as its period.
func TestCheck_WeeksOfSendsOnTwoServers_AnswersAsTheModelAndNobodyGetsMoreThanTheCap(t *testing.T) {
	eachStore(t, func(t *testing.T, w *world) {
		seed := rand.Uint64()
		t.Logf("seed %d", seed)
		m := &pressureModel{
			pressed: w.pressed("pressure: {id: weekly, max: 2, per: P7D}\n"), rand: rand.New(rand.NewPCG(seed, 1)), of: map[string]map[string]place{},
		}
		store := m.s.Store // A SQLite file has one program.
		if w.url != "" {
			store = w.store()
		}
		for i := range 8 {
			m.persons = append(m.persons, fmt.Sprintf("person%d@example.at", i))
			m.of[m.persons[i]] = map[string]place{}
		}
		m.wants(m.persons...)
		// The second one begins with all consents, for a DENY may lack what another server has just recorded.
		m.servers = []*Service{m.s, w.service(store, 0)}
		for i := range 250 {
			m.step(i)
		}
		m.holds()
		if m.allowed == 0 || m.deferred == 0 || m.kept == 0 || m.released == 0 || m.ended == 0 {
			t.Errorf("allowed %d, deferred %d, kept %d, released %d, ended %d: too little happened", m.allowed, m.deferred, m.kept, m.released, m.ended)
		}
	})
}

type pressureModel struct {
	*pressed

	rand    *rand.Rand
	servers []*Service
	persons []string
	sends   []sendtable.Send            // whose window may be open
	of      map[string]map[string]place // by person and send

	allowed, deferred, kept, released, ended int
}

// step lets time pass, and does something.
func (m *pressureModel) step(i int) {
	m.t.Helper()
	m.clock.Advance(time.Duration(m.rand.IntN(8*3600)) * time.Second)
	now := consent.InstantOf(m.clock.Now())
	m.sends = slices.DeleteFunc(m.sends, func(s sendtable.Send) bool { return s.Until <= now })
	if len(m.sends) < 3 {
		m.sends = append(m.sends, m.plan(fmt.Sprint("letter", i), "newsletter", 50, time.Duration(1+m.rand.IntN(72))*time.Hour))
	}
	send, server := m.sends[m.rand.IntN(len(m.sends))], m.servers[m.rand.IntN(len(m.servers))]
	person := m.persons[m.rand.IntN(len(m.persons))]
	switch m.rand.IntN(5) {
	case 0:
		m.report(server, send)
	case 1:
		in := check.BatchInput{Addresses: m.persons, Request: consent.Request{Channel: "newsletter"}, Send: send.ID}
		got, err := server.BatchCheck(m.ctx, in)
		if err != nil {
			m.t.Fatal(err)
		}
		for i, one := range m.persons {
			d, _ := got.Item(i)
			m.answered(send, one, &d)
		}
	default:
		got, err := server.Check(m.ctx, check.Input{Address: person, Request: consent.Request{Channel: "newsletter"}, Send: send.ID})
		if err != nil {
			m.t.Fatal(err)
		}
		m.answered(send, person, &got.Decision)
	}
}

// answered holds an answer to the model, which then knows of the place.
func (m *pressureModel) answered(send sendtable.Send, person string, d *consent.Decision) {
	m.t.Helper()
	own, has := m.of[person][send.ID]
	if has && (own.sent != 0 || own.until > d.Decided) {
		m.kept++
		if d.Verdict != consent.Allow {
			m.t.Fatalf("a place that is held was taken away: %v", d.Reasons)
		}
		return
	}
	var ends []consent.Instant
	for id, h := range m.of[person] {
		end := h.until
		if h.sent != 0 {
			end = h.sent.Add(7 * 24 * time.Hour)
		}
		if id != send.ID && end > d.Decided {
			ends = append(ends, end)
		} else if h.sent == 0 {
			m.ended++
		}
	}
	slices.Sort(ends)
	if len(ends) < 2 {
		if d.Verdict != consent.Allow {
			m.t.Fatalf("%v with %d contacts", d.Reasons, len(ends))
		}
		m.allowed++
		m.of[person][send.ID] = place{until: send.Until}
		return
	}
	m.deferred++
	retry := ends[len(ends)-2]
	if retry >= send.Until {
		retry = 0
	}
	if d.Verdict != consent.Defer || d.Reason != consent.CodePressure || d.Retry != retry {
		m.t.Fatalf("%s %v until %s with %d contacts, want until %s", d.Verdict, d.Reasons, d.Retry, len(ends), retry)
	}
}

// report says of a place that the model knows that its message was sent, or is not.
func (m *pressureModel) report(server *Service, send sendtable.Send) {
	m.t.Helper()
	person := ""
	for _, i := range m.rand.Perm(len(m.persons)) {
		if own, has := m.of[m.persons[i]][send.ID]; has && own.sent == 0 {
			person = m.persons[i]
		}
	}
	if person == "" {
		return // Nothing is sent that was not allowed.
	}
	report := contacts.Report{Address: person, Released: m.rand.IntN(3) == 0, Sent: consent.InstantOf(m.clock.Now())}
	if done, err := server.ReportSent(m.ctx, send.ID, []contacts.Report{report}); done.Changed != 1 || len(done.Failed) > 0 || err != nil {
		m.t.Fatal(done, err)
	}
	if report.Released {
		m.released++
		delete(m.of[person], send.ID)
		return
	}
	m.of[person][send.ID] = place{sent: report.Sent}
}

// holds wants that no person was sent more than the cap.
func (m *pressureModel) holds() {
	m.t.Helper()
	for _, all := range m.of {
		for _, from := range all {
			n := 0
			for _, other := range all {
				if from.sent != 0 && from.sent <= other.sent && other.sent < from.sent.Add(7*24*time.Hour) {
					n++
				}
			}
			if n > 2 {
				m.t.Errorf("%d messages within a week", n)
			}
		}
	}
}
