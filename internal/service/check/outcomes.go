package check

import (
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
)

// Outcome is what several addresses of a batch have in common: a decision without its position and end, or why there is none.
type Outcome struct {
	Decision consent.Decision
	Err      *fault.Error
	N        int // how many addresses have it
}

// outcomes gathers what was decided about addresses, each distinct outcome once, and what differs by address apart from it.
type outcomes struct {
	list  []Outcome
	of    []uint32          // of each address the index of its outcome
	grant []int64           // of each address the position of the grant
	until []consent.Instant // of each address until when it holds
	known map[outcomeKey][]uint32
	last  int // index of the outcome before, which the next one most often equals; -1: there is none
}

// outcomeKey tells most outcomes apart; the rest of them is compared.
type outcomeKey struct {
	reason      consent.Code
	declaration consent.Declaration
	fault       fault.Code
	message     string
}

// reset prepares the outcomes for a number of addresses. It reuses their memory, so the caller must not use what they held
// before.
func (o *outcomes) reset(addresses int) {
	clear(o.known)
	o.list, o.last = o.list[:0], -1
	o.of = sized(o.of, addresses)
	o.grant = sized(o.grant, addresses)
	o.until = sized(o.until, addresses)
}

// sized returns the slice with n elements, made anew if it is too short.
func sized[T any](list []T, n int) []T {
	if cap(list) < n {
		return make([]T, n)
	}
	return list[:n]
}

func (o *outcomes) add(i int, d *consent.Decision) {
	o.grant[i], o.until[i] = d.Position, d.ValidUntil
	if o.last < 0 || !sameOutcome(&o.list[o.last].Decision, d) || o.list[o.last].Err != nil {
		o.last = o.find(d)
	}
	o.put(i, o.last)
}

func (o *outcomes) fail(i int, err *fault.Error) {
	o.grant[i], o.until[i] = 0, 0
	key := outcomeKey{fault: err.Code, message: err.Message}
	if found := o.known[key]; len(found) > 0 {
		o.put(i, int(found[0]))
		return
	}
	o.put(i, o.make(key, Outcome{Err: err}))
}

func (o *outcomes) put(i, outcome int) {
	o.of[i] = uint32(outcome)
	o.list[outcome].N++
}

func (o *outcomes) find(d *consent.Decision) int {
	key := outcomeKey{reason: d.Reason, declaration: d.Declaration}
	for _, candidate := range o.known[key] {
		if sameOutcome(&o.list[candidate].Decision, d) {
			return int(candidate)
		}
	}
	common := *d
	common.Position, common.ValidUntil = 0, 0
	return o.make(key, Outcome{Decision: common})
}

func (o *outcomes) make(key outcomeKey, made Outcome) int {
	if o.known == nil {
		o.known = map[outcomeKey][]uint32{}
	}
	index := len(o.list)
	o.list = append(o.list, made)
	o.known[key] = append(o.known[key], uint32(index))
	return index
}

// sameOutcome reports whether two decisions differ at most in the event that gave the basis and in its end.
func sameOutcome(a, b *consent.Decision) bool {
	return a.Verdict == b.Verdict && a.Reason == b.Reason && a.Basis == b.Basis && a.Declaration == b.Declaration &&
		a.Sender == b.Sender && a.About == b.About && a.Decided == b.Decided &&
		slices.Equal(a.Reasons, b.Reasons) && slices.Equal(a.Obligations, b.Obligations)
}

// denies reports whether all was denied.
func (o *outcomes) denies() bool {
	return !slices.ContainsFunc(o.list, func(one Outcome) bool { return one.Err != nil || one.Decision.Verdict != consent.Deny })
}

// item returns the decision about an address.
func (o *outcomes) item(i int) consent.Decision {
	d := o.list[o.of[i]].Decision
	d.Position, d.ValidUntil = o.grant[i], o.until[i]
	return d
}
