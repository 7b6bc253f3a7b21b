package scenario

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/codec"
	"github.com/assent-io/assent/internal/consent/operational"
	"github.com/assent-io/assent/internal/consent/statement"
	"github.com/assent-io/assent/internal/fault"
)

// Result is what became of a check or a case, or of something that was refused.
type Result struct {
	Scenario *Scenario
	Line     int    // of the check, the case or what was refused
	Check    *Check // nil for all else
	Got      Got    // of a check
	Case     *Case  // nil for all else

	Differences []Difference
	// Refused is why something cannot be as it is stated. Then no check of the scenario is run, for the answers would be to another story.
	Refused error
}

// Failed reports whether the check was answered, or the case settled, otherwise than expected, or something was refused.
func (r *Result) Failed() bool { return r.Refused != nil || len(r.Differences) > 0 }

// String returns the result on one line: file, line, name, and what differs. It tells no address.
func (r *Result) String() string {
	where := fmt.Sprintf("%s:%d: %s: ", r.Scenario.File, r.Line, r.Scenario.Name)
	switch {
	case r.Refused != nil && r.Case != nil:
		return where + "the case is refused: " + r.Refused.Error()
	case r.Refused != nil:
		return where + "the event is refused: " + r.Refused.Error()
	case len(r.Differences) == 0:
		return where + "as expected"
	}
	for i, difference := range r.Differences {
		if i > 0 {
			where += "; "
		}
		where += difference.String()
	}
	return where
}

// RunCore runs a scenario through the pure core and returns a result for each check, and after them for each case, in order; or, if events are
// refused, one for each of these instead.
func RunCore(s *Scenario) []Result {
	events, refused := gather(s)
	refused = slices.Concat(refused, s.wrongSends(), s.wrongCases())
	if len(refused) > 0 {
		return refused
	}
	results := make([]Result, len(s.Checks)+len(s.Cases))
	places := s.newPlaces()
	for _, turn := range s.inOrder() {
		places.take(s, turn.at)
		if turn.check < 0 {
			results[len(s.Checks)+turn.opens] = s.open(&s.Cases[turn.opens], places)
			continue
		}
		check := &s.Checks[turn.check]
		got := ask(s, events, places, check)
		results[turn.check] = Result{Scenario: s, Line: check.Line, Check: check, Got: got, Differences: check.Expect.Compare(got)}
	}
	return results
}

// subject is one form of an address, with its events.
type subject struct {
	form      consent.Form
	canonical string
}

type history map[subject][]consent.Event

// gather holds the statements against the catalog and keeps them by subject, as a store does.
func gather(s *Scenario) (history, []Result) {
	events := history{}
	var refused []Result
	known := map[consent.EventKey]subject{}
	for i := range s.Events {
		stated := &s.Events[i].Statement
		entry, err := stated.Entry(s.Catalog, s.Catalog)
		if err != nil {
			refused = append(refused, Result{Scenario: s, Line: s.Events[i].Line, Refused: err})
			continue
		}
		events.add(known, entry, stated.Occurred, int64(i+1))
		if !entry.With.IsZero() {
			events.add(known, entry.OtherSide(), stated.Occurred, int64(i+1)) // A link is recorded for both addresses.
		}
	}
	return events, refused
}

// add adds an event that was found right, unless the same fact was stated before.
func (h history) add(known map[consent.EventKey]subject, entry *statement.Entry, occurred consent.Instant, position int64) {
	about := subject{entry.Form, entry.Canonical()}
	e := consent.Event{Position: position, Occurred: occurred, Facts: entry.Facts}
	e.Key = digest(string(codec.EventKeyInput(e.Occurred, &entry.Facts, entry.Exact(), &entry.Evidence)) + "\x00" + about.canonical)
	if _, twice := known[e.Key]; twice {
		return
	}
	known[e.Key] = about
	if entry.Form == consent.FormFolded {
		e.Spelling = consent.Spelling{Key: 1, Sum: digest(entry.Exact())}
	}
	if !entry.With.IsZero() {
		e.Linked = consent.Linked{Folded: sha256.Sum256([]byte(entry.With.Folded())), Spelling: digest(entry.With.Exact())}
	}
	h[about] = append(h[about], e)
}

// digest stands in for the keyed digests of a store.
func digest(text string) [16]byte {
	sum := sha256.Sum256([]byte(text))
	return [16]byte(sum[:16])
}

// ask answers a check as it would have been answered at its time.
func ask(s *Scenario, events history, places *places, check *Check) Got {
	a, err := address.Parse(check.Address)
	if err != nil {
		return GotError(string(fault.InvalidAddress))
	}
	rules, err := consent.NewRules(s.Catalog, check.Request)
	if err != nil {
		if refused, ok := errors.AsType[*fault.Error](err); ok {
			return GotError(string(refused.Code))
		}
		return GotError(err.Error())
	}
	known := consent.Known{
		Exact:    events.state(consent.FormExact, a.Exact(), check.At),
		Folded:   events.state(consent.FormFolded, a.Folded(), check.At),
		Spelling: digest(a.Exact()),
		Lists:    s.consulted(check.At).Append(nil, a),
		Contacts: places.sentTo(a),
	}
	for _, domain := range a.Domains() {
		known.Domains = append(known.Domains, events.state(consent.FormDomain, domain, check.At))
	}
	_ = known.GatherLinked(sha256.Sum256([]byte(a.Folded())), func(folded [32]byte) (*consent.State, error) {
		for about := range events {
			if about.form == consent.FormFolded && sha256.Sum256([]byte(about.canonical)) == folded {
				return events.state(about.form, about.canonical, check.At), nil
			}
		}
		return nil, nil //nolint:nilnil // No such address is known.
	})
	if check.Send != "" {
		return places.judge(s, rules, a, &known, check)
	}
	decide := (*consent.Rules).Decide
	if check.Operational {
		decide = operational.Decide
	}
	d := decide(rules, a, &known, check.At)
	return GotDecision(&d)
}

// state is the fold of what occurred to a subject by the time; nil if nothing did.
func (h history) state(form consent.Form, canonical string, at consent.Instant) *consent.State {
	var occurred []consent.Event
	for _, e := range h[subject{form, canonical}] {
		if e.Occurred <= at {
			occurred = append(occurred, e)
		}
	}
	if len(occurred) == 0 {
		return nil
	}
	return consent.Fold(occurred)
}
