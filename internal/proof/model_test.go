package proof

import (
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// verb is what a call does.
type verb string

const (
	grant    verb = "grant"    // a consent that reopens, given now
	withdraw verb = "withdraw" // the channel
	object   verb = "object"   // to all marketing
	suppress verb = "suppress" // by hand, until it is lifted
	lift     verb = "lift"
	check    verb = "check"
)

// call is one call of a history about one recipient.
type call struct {
	verb      verb
	recipient string
	atLeast   int64 // of a check: a position that it carries
}

// answer is what a call was answered.
type answer struct {
	unknown  bool  // there was none: the write may have happened or not, then or later
	nothing  bool  // of a lift: there was nothing to lift
	allow    bool  // of a check
	position int64 // of the write, or of the ledger that the check was decided at
	rank     int   // how many writes about the recipient have a position up to this one; ranked sets it
}

// never is when a call without an answer ends.
const never = math.MaxInt64

// Where standing.since is not known, or nothing is granted.
const (
	notAllowed = 0
	notKnown   = -1
)

// standing is what holds for a recipient after the calls so far.
type standing struct {
	granted    bool  // a consent counts
	suppressed bool  // by hand
	writes     int   // how many writes with a known position have happened
	since      int64 // the position of the write since which the answer is ALLOW
}

func (s standing) allows() bool { return s.granted && !s.suppressed }

// after returns what holds after a write.
func (s standing) after(w verb, a answer) standing {
	allowed := s.allows()
	switch w {
	case grant:
		s.granted = true
	case withdraw, object:
		s.granted = false
	case suppress:
		s.suppressed = true
	case lift:
		s.suppressed = false
	case check:
	}
	switch {
	case !s.allows():
		s.since = notAllowed
	case !allowed && a.unknown:
		s.since = notKnown
	case !allowed:
		s.since = a.position
	}
	if !a.unknown {
		s.writes++
	}
	return s
}

// step says whether the call may be answered so where s holds, and what holds then.
func (s standing) step(c call, a answer) (bool, standing) {
	switch {
	case c.verb == check && a.allow:
		return s.allows() && a.rank == s.writes, s // Its view holds all writes up to a position, and no other.
	case c.verb == check:
		return c.atLeast == 0 || !s.allows() || s.since == notKnown || c.atLeast < s.since, s
	case a.nothing:
		return !s.suppressed, s
	case a.unknown:
		return true, s.after(c.verb, a)
	default:
		return a.rank == s.writes+1, s.after(c.verb, a)
	}
}

// model is what porcupine searches by.
func model() porcupine.Model {
	return porcupine.Model{
		Init: func() any { return standing{} },
		Step: func(state, input, output any) (bool, any) {
			return state.(standing).step(input.(call), output.(answer)) //nolint:errcheck,forcetypeassert // A panic says it.
		},
		Partition: func(history []porcupine.Operation) [][]porcupine.Operation {
			by := map[string][]porcupine.Operation{}
			for _, op := range history {
				who := op.Input.(call).recipient //nolint:errcheck,forcetypeassert // A panic says it.
				by[who] = append(by[who], op)
			}
			var all [][]porcupine.Operation
			for _, ops := range by {
				all = append(all, ranked(ops))
			}
			return all
		},
		DescribeOperation: func(input, output any) string { return fmt.Sprintf("%v: %v", input, output) },
		DescribeState:     func(state any) string { return fmt.Sprintf("%+v", state) },
	}
}

// ranked returns the calls about one recipient with the ranks of their answers. Positions could be compared as well, but then the
// search would try each write that took long at every place it might have, and run into a dead end from there.
func ranked(history []porcupine.Operation) []porcupine.Operation {
	var positions []int64
	for _, op := range history {
		c, a := op.Input.(call), op.Output.(answer) //nolint:errcheck,forcetypeassert // A panic says it.
		if c.verb != check && !a.unknown && !a.nothing {
			positions = append(positions, a.position)
		}
	}
	slices.Sort(positions)
	all := slices.Clone(history)
	for i := range all {
		a := all[i].Output.(answer) //nolint:errcheck,forcetypeassert // A panic says it.
		a.rank, _ = slices.BinarySearch(positions, a.position+1)
		all[i].Output = a
	}
	return all
}

func (c call) String() string {
	if c.atLeast > 0 {
		return fmt.Sprintf("%s %s, at least %d", c.verb, c.recipient, c.atLeast)
	}
	return fmt.Sprintf("%s %s", c.verb, c.recipient)
}

func (a answer) String() string {
	switch {
	case a.unknown:
		return "no answer"
	case a.nothing:
		return "nothing to lift"
	case a.allow:
		return fmt.Sprintf("ALLOW at %d", a.position)
	default:
		return fmt.Sprintf("%d", a.position)
	}
}

// searchTime bounds the search for an order; what is legal is found in a fraction of it.
const searchTime = time.Minute

// legal reports whether the history is.
func legal(t testing.TB, history []porcupine.Operation) bool {
	t.Helper()
	result := porcupine.CheckOperationsTimeout(model(), history, searchTime)
	if result == porcupine.Unknown {
		t.Fatalf("%d calls could not be judged in %s", len(history), searchTime)
	}
	return result == porcupine.Ok
}

// mustBeLegal fails the test if the history is not, and leaves a page to look at.
func mustBeLegal(t *testing.T, history []porcupine.Operation) {
	t.Helper()
	if legal(t, history) {
		return
	}
	_, info := porcupine.CheckOperationsVerbose(model(), history, searchTime)
	path := filepath.Join(t.ArtifactDir(), "history.html")
	if err := porcupine.VisualizePath(model(), info, path); err != nil {
		t.Error(err)
	}
	t.Errorf("a history of %d calls is not legal; it is in %s, which `go test -artifacts` keeps", len(history), path)
}
