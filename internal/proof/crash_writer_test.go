package proof

import (
	"context"
	"fmt"
	"testing"
	"time"
)

// crashWriter records one thing after the other about recipients of its own, so that it knows what every answer has to be.
type crashWriter struct {
	t           testing.TB
	dice        dice
	who         []string
	states      map[string]standing
	done        []acknowledged
	begun       *attempt // the write without an answer; nil: none
	interrupted int
}

// acknowledged is a write that was.
type acknowledged struct {
	attempt

	answer answer
}

func newCrashWriter(t testing.TB, d dice, n int) *crashWriter {
	t.Helper()
	w := &crashWriter{t: t, dice: d, states: map[string]standing{}}
	for k := range 3 {
		w.who = append(w.who, fmt.Sprintf("writer-%d-%d@example.at", n, k))
	}
	return w
}

// round goes on with what was interrupted, looks at what it knows, and writes until the server is gone.
func (w *crashWriter) round(r remote, stop <-chan struct{}) {
	if !w.settle(r) || !w.askAll(r) || !w.repeat(r) {
		return
	}
	for {
		select {
		case <-stop:
			return
		default:
		}
		next := w.draw()
		w.begun = &next
		if !w.send(r) {
			w.interrupted++
			return
		}
		if !w.ask(r, next.recipient) {
			return
		}
	}
}

// draw chooses what to write next.
func (w *crashWriter) draw() attempt {
	verbs := []verb{grant, grant, withdraw, suppress, lift}
	return attempt{
		call: call{verb: verbs[w.dice.IntN(len(verbs))], recipient: w.who[w.dice.IntN(len(w.who))]},
		id:   w.dice.request(), made: time.Now(), paper: true,
	}
}

// settle repeats the write that had no answer. It reports whether there is one now.
func (w *crashWriter) settle(r remote) bool { return w.begun == nil || w.send(r) }

// send sends the write that was begun, and takes note of its answer.
func (w *crashWriter) send(r remote) bool {
	got, ok := w.try(r, *w.begun)
	if !ok {
		return false
	}
	a := *w.begun
	w.begun = nil
	state := w.states[a.recipient]
	if got.nothing {
		if state.suppressed {
			w.t.Errorf("%s: nothing to lift, but it is suppressed", a)
		}
		return true
	}
	w.states[a.recipient] = state.after(a.verb, got)
	w.done = append(w.done, acknowledged{attempt: a, answer: got})
	return true
}

// try makes a call; false means that the server is gone.
func (w *crashWriter) try(r remote, a attempt) (answer, bool) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	got, err := r.send(ctx, a)
	if err != nil && !open(err) {
		w.t.Errorf("%s: %v", a.verb, err)
	}
	return got, err == nil
}

func (w *crashWriter) ask(r remote, who string) bool {
	got, ok := w.try(r, attempt{call: call{verb: check, recipient: who}})
	if ok && got.allow != w.states[who].allows() {
		w.t.Errorf("%s, where it has to be %+v", got, w.states[who])
	}
	return ok
}

func (w *crashWriter) askAll(r remote) bool {
	for _, who := range w.who {
		if !w.ask(r, who) {
			return false
		}
	}
	return true
}

// repeat sends once more something that was acknowledged: it must get the same answer.
func (w *crashWriter) repeat(r remote) bool {
	if len(w.done) == 0 {
		return true
	}
	return w.again(r, w.done[w.dice.IntN(len(w.done))])
}

func (w *crashWriter) repeatAll(r remote) bool {
	for _, known := range w.done {
		if !w.again(r, known) {
			return false
		}
	}
	return true
}

func (w *crashWriter) again(r remote, known acknowledged) bool {
	got, ok := w.try(r, known.attempt)
	if ok && got != known.answer {
		w.t.Errorf("%s was acknowledged with %s, and repeated with %s", known.attempt, known.answer, got)
	}
	return ok
}
