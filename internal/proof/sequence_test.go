package proof

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/anishathalye/porcupine"
)

// seq is a database in which a write gets its number when it begins and is seen when it commits. Where numbers come from a sequence,
// writes commit in another order than that of their numbers; where the head is locked, the number is given when the write commits.
type seq struct {
	dice      dice
	locked    bool
	next      int64
	committed map[int64]sequenced
}

type sequenced struct {
	verb      verb
	recipient string
}

// follower holds what it has read, in the order of the numbers, from the last on.
type follower struct {
	last   int64
	read   int
	states map[string]standing
}

// follow reads what is committed beyond the last number read, as any poll over a sequence does.
func (f *follower) follow(s *seq) {
	for _, n := range slices.Sorted(maps.Keys(s.committed)) {
		if n <= f.last {
			continue
		}
		w := s.committed[n]
		f.states[w.recipient] = f.states[w.recipient].after(w.verb, answer{position: n})
		f.last = n
		f.read++
	}
}

// underWay is a write that has begun.
type underWay struct {
	sequenced

	number int64
	began  int64
}

// simulate runs writers and a perfectly fenced reader over the database, one step at a time, and returns the history and how many
// committed writes the follower never read.
func simulate(s *seq, steps int) (history []porcupine.Operation, missed int) {
	f := &follower{states: map[string]standing{}}
	var begun []underWay
	for tick := int64(0); tick < int64(steps); tick++ {
		switch roll := s.dice.IntN(3); {
		case roll == 0 && len(begun) < clients:
			begun = append(begun, s.begin(tick))
		case roll == 1 && len(begun) > 0:
			i := s.dice.IntN(len(begun))
			done := begun[i]
			begun = slices.Delete(begun, i, i+1)
			history = append(history, s.commit(done, tick))
		default:
			// The fence: the reader follows between the call and its answer.
			f.follow(s)
			who := s.who()
			history = append(history, porcupine.Operation{
				Input: call{verb: check, recipient: who}, Call: tick, Return: tick,
				Output: answer{allow: f.states[who].allows(), position: f.last},
			})
		}
	}
	f.follow(s)
	return history, len(s.committed) - f.read
}

func (s *seq) who() string { return fmt.Sprintf("%d@example.at", s.dice.IntN(3)) }

func (s *seq) begin(tick int64) underWay {
	w := underWay{sequenced: sequenced{verb: grant, recipient: s.who()}, began: tick}
	if s.dice.chance(50) {
		w.verb = withdraw
	}
	if !s.locked {
		s.next++
		w.number = s.next
	}
	return w
}

func (s *seq) commit(w underWay, tick int64) porcupine.Operation {
	if s.locked {
		s.next++
		w.number = s.next
	}
	s.committed[w.number] = w.sequenced
	return porcupine.Operation{
		Input: call{verb: w.verb, recipient: w.recipient}, Call: w.began, Output: answer{position: w.number}, Return: tick,
	}
}

func TestFollower_NumbersOfASequence_MissesWhatCommitsLate_AndTheCheckerFindsIt(t *testing.T) {
	seed := seeded(t)
	found := 0
	for n := range 20 {
		s := &seq{dice: newDice(seed, fmt.Sprint("sequence ", n)), committed: map[int64]sequenced{}}
		history, missed := simulate(s, 600)
		if missed == 0 {
			t.Errorf("run %d: no write was missed", n)
		}
		if !legal(t, onlyAllowed(history)) {
			found++
		}
	}
	// What is missed may be a withdrawal that a later grant ended before any check.
	if found < 10 {
		t.Errorf("in only %d of 20 histories an ALLOW was found that must not have been", found)
	}
}

func TestFollower_PositionsInCommitOrder_MissesNothing(t *testing.T) {
	seed := seeded(t)
	for n := range 20 {
		s := &seq{dice: newDice(seed, fmt.Sprint("locked ", n)), locked: true, committed: map[int64]sequenced{}}
		history, missed := simulate(s, 600)
		if missed != 0 {
			t.Errorf("run %d: %d writes missed", n, missed)
		}
		mustBeLegal(t, history)
	}
}
