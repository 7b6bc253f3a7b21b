package consent_test

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/timeline"
	"github.com/assent-io/assent/internal/dossier"
	"github.com/assent-io/assent/internal/dossier/machine"
	"github.com/assent-io/assent/internal/locale"
	"github.com/assent-io/assent/internal/scenario"
)

// What the JSON-LD about a person says was permitted is what a check answers, at every time: no status is made by rules of its own.

// fails is what a test of this file needs of a test, of either kind.
type fails interface {
	Helper()
	Fatalf(format string, args ...any)
}

// permitted says of one channel when something held.
type permitted struct {
	Statuses    []stated `json:"dpv:hasConsentStatus"`
	Permissions []stated `json:"dpv:hasPermission"`
	Prohibited  []stated `json:"dpv:hasProhibition"`
	Process     []struct {
		Channel string `json:"dct:identifier"`
	} `json:"dpv:hasProcess"`
}

type stated struct {
	Type any `json:"@type"`
	From struct {
		Value time.Time `json:"@value"`
	} `json:"dpv:isIndicatedAtTime"`
	Duration struct {
		Value json.RawMessage `json:"rdf:value"`
	} `json:"dpv:hasDuration"`

	from, to consent.Instant
}

// read finds from when to when the status holds, as a reader of the file would.
func (s *stated) read(t fails) {
	t.Helper()
	s.from = consent.InstantOf(s.From.Value)
	var end struct {
		Value time.Time `json:"@value"`
	}
	if s.Duration.Value[0] == '"' {
		return // until something else is recorded
	}
	if err := json.Unmarshal(s.Duration.Value, &end); err != nil {
		t.Fatalf("the end of a status: %v", err)
	}
	s.to = consent.InstantOf(end.Value)
}

// inForce returns the statuses that hold at an instant.
func inForce(list []stated, at consent.Instant) []stated {
	return slices.DeleteFunc(slices.Clone(list), func(s stated) bool { return at < s.from || consent.EndedBy(s.to, at) })
}

// linkedDataOf returns what the file about an address says, by channel, and the events that it rests on.
func linkedDataOf(t fails, c *catalog.Catalog, l *ledger, a address.Address, now consent.Instant) (map[string]permitted, []consent.Event) {
	t.Helper()
	own := slices.Concat(l.subjects[subject{consent.FormExact, a.Exact()}], l.subjects[subject{consent.FormFolded, a.Folded()}])
	for _, domain := range a.Domains() {
		own = slices.Concat(own, l.subjects[subject{consent.FormDomain, domain}])
	}
	d := dossier.Dossier{Made: dossier.Made{Time: dossier.Time(now), Ledger: "assent.io/ledger/test"}}
	for i := range own {
		e := own[i]
		d.Events = append(d.Events, dossier.EventShown(nil, &e, func(_, id string) locale.Text { return locale.Same(id) }))
	}
	events := own
	if slices.ContainsFunc(own, func(e consent.Event) bool { return e.Kind == consent.KindLink }) {
		events = slices.Concat(slices.Collect(maps.Values(l.subjects))...)
	}
	h := timeline.History{
		Address: a, Events: events, Catalogs: []timeline.Version{{Catalog: c}},
		KnownAt: func(at consent.Instant) (*consent.Known, error) { return l.known(a, at), nil },
	}
	courses, err := h.Courses(now)
	if err != nil {
		t.Fatalf("the courses: %v", err)
	}
	data, err := machine.JSONLD(&d, courses)
	if err != nil {
		t.Fatalf("the file: %v", err)
	}
	var document struct {
		Graph []permitted `json:"@graph"`
	}
	if err := json.Unmarshal(data, &document); err != nil {
		t.Fatalf("the file: %v", err)
	}
	told := map[string]permitted{}
	for _, p := range document.Graph {
		if len(p.Process) == 0 {
			continue
		}
		for _, list := range [][]stated{p.Statuses, p.Permissions, p.Prohibited} {
			for i := range list {
				list[i].read(t)
			}
		}
		told[p.Process[0].Channel] = p
	}
	return told, events
}

// instantsOf returns the times of events and the ends that time brings, of the catalog's periods too, with the instants beside them.
func instantsOf(c *catalog.Catalog, events []consent.Event, now consent.Instant) []consent.Instant {
	found := map[consent.Instant]bool{}
	for i := range events {
		e := &events[i]
		times := []consent.Instant{e.Occurred, e.Expires, e.Confirmed}
		for k := range c.Channels {
			times = append(times, e.Begin().Plus(c.Channels[k].ConsentLapsesAfter), e.Occurred.Plus(c.Channels[k].ConsentLapsesAfter))
		}
		for _, at := range append(times, e.Occurred.Plus(c.Policy.ExistingCustomerLapsesAfter)) {
			if at != 0 {
				found[at-1], found[at], found[at+1] = true, true, true
			}
		}
	}
	return slices.DeleteFunc(slices.Sorted(maps.Keys(found)), func(at consent.Instant) bool { return at > now })
}

// agreement counts what was compared.
type agreement struct{ instants, allowed, denied int }

// compare holds the file about an address against checks at the instants. Of what is not told nothing may be permitted.
func (n *agreement) compare(t fails, c *catalog.Catalog, rules map[string]*consent.Rules, l *ledger, a address.Address, at []consent.Instant, told map[string]permitted) {
	t.Helper()
	for _, at := range at {
		known := l.known(a, at)
		n.instants++
		for i := range c.Channels {
			ch := &c.Channels[i]
			d := rules[ch.ID].Decide(a, known, at)
			p := told[ch.ID]
			status := inForce(p.Statuses, at)
			permits := len(status) == 1 && isGiven(status[0].Type)
			byConsent := ch.Class == catalog.ClassMarketing && d.Verdict == consent.Allow && d.Basis == catalog.BasisConsent
			if permits != byConsent || len(status) > 1 {
				t.Fatalf("%s on %s at %s: the check says %s %v, the status of the consent is %v", a.Exact(), ch.ID, at, d.Verdict, d.Reasons, status)
			}
			permission, prohibition := inForce(p.Permissions, at), inForce(p.Prohibited, at)
			may := d.Verdict == consent.Allow || d.Reason == consent.CodeReferenceMissing
			silent := len(permission)+len(prohibition) == 0 && restsOnNothing(&d)
			if !silent && (len(permission) != 1) == may || len(permission)+len(prohibition) > 1 {
				t.Fatalf("%s on %s at %s: the check says %s %v, permitted are %v, prohibited %v", a.Exact(), ch.ID, at, d.Verdict, d.Reasons, permission, prohibition)
			}
			if byConsent {
				n.allowed++
			} else {
				n.denied++
			}
		}
	}
}

// restsOnNothing reports whether an answer is the same for an address of which nothing is recorded.
func restsOnNothing(d *consent.Decision) bool {
	return slices.Contains([]consent.Code{
		consent.CodeNoLegalBasis, consent.CodeReferenceMissing, consent.CodeRoleAddress, consent.CodeChannelRetired, consent.CodeSenderUnknown,
		consent.CodeSenderInactive, consent.CodeSenderNotAllowed,
	}, d.Reason)
}

func isGiven(types any) bool {
	list, ok := types.([]any)
	return ok && (list[0] == "dpv:ConsentGiven" || list[0] == "dpv:RenewedConsentGiven")
}

func rulesOf(tb testing.TB, c *catalog.Catalog) map[string]*consent.Rules {
	tb.Helper()
	rules := map[string]*consent.Rules{}
	for i := range c.Channels {
		rules[c.Channels[i].ID] = mustRules(tb, c, consent.Request{Channel: c.Channels[i].ID})
	}
	return rules
}

func TestLinkedData_EveryScenario_AgreesWithTheCheckAtEveryInstant(t *testing.T) {
	files, err := scenario.Find([]string{filepath.Join("..", "scenario", "testdata"), filepath.Join("..", "..", "examples", "scenarios")})
	if err != nil {
		t.Fatal(err)
	}
	var n agreement
	scenarios := 0
	for _, file := range files {
		all, err := scenario.Load(file)
		if err != nil {
			t.Fatal(err)
		}
		for i := range all {
			s := &all[i]
			scenarios++
			l, addresses, now := newLedger(), map[string]bool{}, consent.Instant(0)
			for k := range s.Events {
				st := &s.Events[k].Statement
				entry, err := st.Entry(s.Catalog, s.Catalog)
				if err != nil {
					t.Fatalf("%s: %v", s.Name, err)
				}
				l.record(entry, st.Occurred)
				if !entry.With.IsZero() {
					l.record(entry.OtherSide(), st.Occurred)
				}
				addresses[st.Address] = true
			}
			for k := range s.Checks {
				addresses[s.Checks[k].Address], now = true, max(now, s.Checks[k].At)
			}
			for typed := range addresses {
				a, err := address.Parse(typed)
				if err != nil {
					continue // of a domain, or one that a check refuses
				}
				told, events := linkedDataOf(t, s.Catalog, l, a, now)
				n.compare(t, s.Catalog, rulesOf(t, s.Catalog), l, a, instantsOf(s.Catalog, events, now), told)
			}
		}
	}
	if t.Logf("%d scenarios: %+v", scenarios, n); scenarios < 50 || n.allowed < 100 || n.denied < 100 {
		t.Errorf("too little was compared")
	}
}

func TestLinkedData_ExampleHistory_AgreesWithTheCheckAtEveryInstant(t *testing.T) {
	c := mustCatalog(t)
	l := newLedger()
	for _, row := range readTable(t, "events.csv.gz") {
		s, err := statementOf(row)
		if err != nil {
			t.Fatal(err)
		}
		entry, err := s.Entry(c, c)
		if err != nil {
			t.Fatal(err)
		}
		l.record(entry, s.Occurred)
	}
	now, rules := consent.InstantOf(time.Date(2026, 10, 1, 8, 0, 0, 0, time.UTC)), rulesOf(t, c)
	var n agreement
	compared := 0
	rows := readTable(t, "audience.csv")
	for i := 0; i < len(rows); i += 21 {
		a, err := address.Parse(rows[i]["address"])
		if err != nil {
			continue
		}
		told, events := linkedDataOf(t, c, l, a, now)
		n.compare(t, c, rules, l, a, instantsOf(c, events, now), told)
		compared++
	}
	if t.Logf("%d addresses: %+v", compared, n); compared < 900 || n.allowed < 1000 || n.denied < 1000 {
		t.Errorf("too little was compared")
	}
}

func TestLinkedData_AnyHistory_AgreesWithTheCheckAtEveryInstant(t *testing.T) {
	lab := newLaboratory(t)
	rules := rulesOf(t, lab.catalog)
	var n agreement
	rapid.Check(t, func(t *rapid.T) {
		h := drawHistory(t, lab.catalog, 14)
		l, now := h.ledger(), instant(days+4)
		for _, a := range h.addresses {
			told, events := linkedDataOf(t, lab.catalog, l, a, now)
			at := instantsOf(lab.catalog, events, now)
			for day := range days + 4 {
				at = append(at, instant(day)-1, instant(day), instant(day)+1) // whatever ends in this laboratory ends at the beginning of a day
			}
			n.compare(t, lab.catalog, rules, l, a, at, told)
		}
	})
	if t.Logf("%+v", n); n.allowed < 100 || n.denied < 100 {
		t.Errorf("too little was compared")
	}
}
