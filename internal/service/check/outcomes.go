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
	list      []Outcome
	outcomeOf []uint32          // of each address the index of its outcome
	grant     []int64           // of each address the position of the grant
	until     []consent.Instant // of each address until when it holds
	basisEnd  []consent.Instant // of each address when the grant ends
	byKey     map[outcomeKey][]uint32
	last      int // index of the outcome before, which the next one most often equals; -1: there is none
}

// outcomeKey distinguishes most outcomes; those with the same key are compared.
type outcomeKey struct {
	reason      consent.Code
	declaration consent.Declaration
	fault       fault.Code
	message     string
	retry       consent.Instant
}

// reset prepares the outcomes for a number of addresses. It reuses their memory, so the caller must not use what they held
// before.
func (o *outcomes) reset(addresses int) {
	clear(o.byKey)
	o.list, o.last = o.list[:0], -1
	o.outcomeOf = resized(o.outcomeOf, addresses)
	o.grant = resized(o.grant, addresses)
	o.until = resized(o.until, addresses)
	o.basisEnd = resized(o.basisEnd, addresses)
}

// resized returns the slice with n elements, made anew if it is too short.
func resized[T any](list []T, n int) []T {
	if cap(list) < n {
		return make([]T, n)
	}
	return list[:n]
}

func (o *outcomes) addDecision(i int, d *consent.Decision) {
	o.grant[i], o.until[i], o.basisEnd[i] = d.Position, d.ValidUntil, d.BasisEnd
	if o.last < 0 || !sameOutcome(&o.list[o.last].Decision, d) || o.list[o.last].Err != nil {
		o.last = o.findOrMake(d)
	}
	o.assign(i, o.last)
}

func (o *outcomes) addFailure(i int, err *fault.Error) {
	o.grant[i], o.until[i], o.basisEnd[i] = 0, 0, 0
	key := outcomeKey{fault: err.Code, message: err.Message}
	if found := o.byKey[key]; len(found) > 0 {
		o.assign(i, int(found[0]))
		return
	}
	o.assign(i, o.appendOutcome(key, Outcome{Err: err}))
}

func (o *outcomes) assign(i, outcome int) {
	o.outcomeOf[i] = uint32(outcome)
	o.list[outcome].N++
}

func (o *outcomes) findOrMake(d *consent.Decision) int {
	key := outcomeKey{reason: d.Reason, declaration: d.Declaration, retry: d.Retry}
	for _, candidate := range o.byKey[key] {
		if sameOutcome(&o.list[candidate].Decision, d) {
			return int(candidate)
		}
	}
	common := *d
	common.Position, common.ValidUntil, common.BasisEnd = 0, 0, 0
	return o.appendOutcome(key, Outcome{Decision: common})
}

func (o *outcomes) appendOutcome(key outcomeKey, made Outcome) int {
	if o.byKey == nil {
		o.byKey = map[outcomeKey][]uint32{}
	}
	index := len(o.list)
	o.list = append(o.list, made)
	o.byKey[key] = append(o.byKey[key], uint32(index))
	return index
}

// sameOutcome reports whether two decisions differ at most in the event that gave the basis and in its end.
func sameOutcome(a, b *consent.Decision) bool {
	return a.Verdict == b.Verdict && a.Reason == b.Reason && a.Basis == b.Basis && a.Declaration == b.Declaration &&
		a.Sender == b.Sender && a.About == b.About && a.Decided == b.Decided && a.Retry == b.Retry && a.Contacts == b.Contacts &&
		slices.Equal(a.Reasons, b.Reasons) && slices.Equal(a.Obligations, b.Obligations)
}

// deniesAll reports whether all was denied.
func (o *outcomes) deniesAll() bool {
	return !slices.ContainsFunc(o.list, func(one Outcome) bool { return one.Err != nil || one.Decision.Verdict != consent.Deny })
}

// decisionAt returns the decision about an address.
func (o *outcomes) decisionAt(i int) consent.Decision {
	d := o.list[o.outcomeOf[i]].Decision
	d.Position, d.ValidUntil, d.BasisEnd = o.grant[i], o.until[i], o.basisEnd[i]
	return d
}
