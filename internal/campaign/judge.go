package campaign

// Question is what has to be known to say whether marketing that is lawful may go out to a person now.
type Question struct {
	// Unclear is until when a click of the person has to be understood first; 0: there is none.
	Unclear int64
	// Send is the send that the message is of; nil: none was named. Clearing says what the catalog asks of it.
	Send     *Send
	Clearing Clearing
	Calendar *Calendar // of the channel; nil: it has no limits
	// Caps are those of the catalog and of the person. They count where a send is named.
	Caps     []Cap
	Contacts []Contact // of the person, those that count against the send ([Send.Counting])
	Held     bool      // the person has a place in the send, which no cap takes away
}

// Count takes from the contacts of a person, which may be any, what counts at a time against the send, and whether the person holds a place in it. Others
// holds the sends of contacts that were not sent.
func (q *Question) Count(contacts []Contact, others map[string]*Send, t int64) {
	q.Contacts = q.Send.Counting(contacts, others, t)
	for i := range contacts {
		if k := &contacts[i]; k.Send == q.Send.ID {
			// A place on another channel, which the send was of before, was judged by the caps of that one.
			q.Held = k.State == ContactSent || k.State == ContactReserved && k.Until > t && k.Channel == q.Send.Channel
		}
	}
}

// Judgement is what holds at a time.
type Judgement struct {
	Unclear, NotCleared, Freeze, Quiet, Pressure  bool // these defer
	ObservedFreeze, ObservedQuiet, ObservedCapped bool // these would, if they were not only observed
	// Free is the first moment at which nothing defers, if nothing else happens; 0: none is foreseen, or nothing defers.
	Free int64
	// Next is when something begins to defer; 0: it is not foreseen, or something defers.
	Next int64
}

// Defers reports whether anything defers.
func (j *Judgement) Defers() bool {
	return j.Unclear || j.NotCleared || j.Freeze || j.Quiet || j.Pressure
}

// Observes reports whether anything would defer, if it was not only observed.
func (j *Judgement) Observes() bool { return j.ObservedFreeze || j.ObservedQuiet || j.ObservedCapped }

// At answers the question for a time.
func (q *Question) At(t int64) Judgement {
	j := Judgement{Unclear: q.Unclear > t}
	var now *Moment
	if q.Calendar != nil {
		now = q.Calendar.At(t)
		j.Freeze, j.Quiet, j.ObservedFreeze, j.ObservedQuiet = now.Freeze, now.Quiet, now.ObservedFreeze, now.ObservedQuiet
		j.Next = now.Next
	}
	if q.Send == nil {
		j.NotCleared = q.Clearing == ClearingRequired
	} else {
		open, _ := q.Send.OpenAt(t, q.Clearing)
		j.NotCleared = !open
		j.Pressure, j.ObservedCapped = q.pressureFrom(t, false) > t, q.pressureFrom(t, true) > t
	}
	if j.Defers() {
		j.Free, j.Next = q.freeFrom(now, t), 0
	} else if q.Send != nil && (j.Next == 0 || q.Send.Until < j.Next) {
		j.Next = q.Send.Until
	}
	return j
}

// pressureFrom returns the first moment from t on at which no cap of a kind defers.
func (q *Question) pressureFrom(t int64, observed bool) int64 {
	if q.Held && !observed || len(q.Contacts) == 0 {
		return t
	}
	for from := t; ; from = t {
		for i := range q.Caps {
			if q.Caps[i].Observe == observed {
				t = q.Caps[i].freeFrom(q.Send.Channel, q.Contacts, t)
			}
		}
		if t == from {
			return t
		}
	}
}

// freeFrom returns the first moment from t on at which nothing defers, where now is what the calendar says of t; 0: none is foreseen.
func (q *Question) freeFrom(now *Moment, t int64) int64 {
	if q.Send == nil && q.Clearing == ClearingRequired {
		return 0
	}
	for {
		from := t
		t = max(t, q.Unclear)
		if q.Send != nil {
			open, opens := q.Send.OpenAt(t, q.Clearing)
			switch {
			case open:
			case opens == 0:
				return 0
			default:
				t = opens
			}
			t = q.pressureFrom(t, false)
		}
		if now != nil {
			if t = q.Calendar.FreeAfter(now, t); t == 0 {
				return 0
			}
		}
		if t == from {
			return t
		}
	}
}
