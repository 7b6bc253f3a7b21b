package proof

import (
	"testing"

	"github.com/anishathalye/porcupine"
)

// op is a call in a history written by hand, from one tick to another.
func op(from, to int64, verb verb, a answer, atLeast ...int64) porcupine.Operation {
	c := call{verb: verb, recipient: "anna"}
	if len(atLeast) > 0 {
		c.atLeast = atLeast[0]
	}
	return porcupine.Operation{Input: c, Call: from, Output: a, Return: to}
}

func at(position int64) answer    { return answer{position: position} }
func allow(position int64) answer { return answer{position: position, allow: true} }
func deny(position int64) answer  { return answer{position: position} }

func lost() answer { return answer{unknown: true} }

func TestChecker_HistoriesWrittenByHand_TellsLegalFromIllegal(t *testing.T) {
	granted := op(1, 2, grant, at(1))
	cases := []struct {
		name    string
		legal   bool
		history []porcupine.Operation
	}{
		{"ALLOW after a grant", true, []porcupine.Operation{granted, op(3, 4, check, allow(1))}},
		{"ALLOW of nothing", false, []porcupine.Operation{op(3, 4, check, allow(0))}},
		{"ALLOW after a withdrawal", false, []porcupine.Operation{granted, op(3, 4, withdraw, at(2)), op(5, 6, check, allow(2))}},
		{"ALLOW after an objection", false, []porcupine.Operation{granted, op(3, 4, object, at(2)), op(5, 6, check, allow(2))}},
		{"ALLOW after a suppression", false, []porcupine.Operation{granted, op(3, 4, suppress, at(2)), op(5, 6, check, allow(2))}},
		{"ALLOW by a view from before the withdrawal", false, []porcupine.Operation{
			granted, op(3, 4, withdraw, at(2)), op(5, 6, grant, at(3)), op(7, 8, check, allow(1)),
		}},
		{"ALLOW while the withdrawal is under way", true, []porcupine.Operation{
			granted, op(3, 10, withdraw, at(2)), op(5, 6, check, allow(1)),
		}},
		{"DENY, then ALLOW, while the withdrawal is under way: DENY may come early but ALLOW shows that it had not happened", true, []porcupine.Operation{
			granted, op(3, 10, withdraw, at(2)), op(5, 6, check, deny(1)), op(7, 8, check, allow(1)),
		}},
		{"ALLOW that saw the position of the withdrawal", false, []porcupine.Operation{
			granted, op(3, 10, withdraw, at(2)), op(5, 6, check, allow(2)), op(11, 12, check, deny(2)),
		}},
		{"ALLOW after a withdrawal that a consent reopened", true, []porcupine.Operation{
			granted, op(3, 4, withdraw, at(2)), op(5, 6, grant, at(3)), op(7, 8, check, allow(3)),
		}},
		{"ALLOW after a suppression that was lifted", true, []porcupine.Operation{
			granted, op(3, 4, suppress, at(2)), op(5, 6, lift, at(3)), op(7, 8, check, allow(3)),
		}},
		{"ALLOW after a suppression that a consent does not reopen", false, []porcupine.Operation{
			granted, op(3, 4, suppress, at(2)), op(5, 6, grant, at(3)), op(7, 8, check, allow(3)),
		}},
		{"ALLOW after a withdrawal that a lift does not end", false, []porcupine.Operation{
			granted, op(3, 4, suppress, at(2)), op(5, 6, withdraw, at(3)), op(7, 8, lift, at(4)), op(9, 10, check, allow(4)),
		}},
		{"stale DENY", true, []porcupine.Operation{granted, op(3, 4, check, deny(0))}},
		{"stale DENY that carries the consent", false, []porcupine.Operation{granted, op(3, 4, check, deny(0), 1)}},
		{"DENY that carries the consent, after a withdrawal", true, []porcupine.Operation{
			granted, op(3, 4, withdraw, at(2)), op(5, 6, check, deny(2), 1),
		}},
		{"DENY that carries a consent from before the denial", true, []porcupine.Operation{
			granted, op(3, 4, withdraw, at(2)), op(5, 6, grant, at(3)), op(7, 8, check, deny(2), 1),
		}},
		{"DENY that carries the second consent", false, []porcupine.Operation{
			granted, op(3, 4, withdraw, at(2)), op(5, 6, grant, at(3)), op(7, 8, check, deny(2), 3),
		}},
		{"an unanswered withdrawal that did not happen", true, []porcupine.Operation{
			granted, op(3, never, withdraw, lost()), op(5, 6, check, allow(1)), op(7, 8, check, allow(1)),
		}},
		{"an unanswered withdrawal that happened late", true, []porcupine.Operation{
			granted, op(3, never, withdraw, lost()), op(5, 6, check, allow(1)), op(7, 8, check, deny(2), 1),
		}},
		{"an unanswered withdrawal that happened and was undone by nobody", false, []porcupine.Operation{
			granted, op(3, never, withdraw, lost()), op(5, 6, check, deny(2), 1), op(7, 8, check, allow(2)),
		}},
		{"an unanswered grant that happened", true, []porcupine.Operation{op(1, never, grant, lost()), op(5, 6, check, allow(1))}},
		{"an unanswered grant cannot happen before it is asked", false, []porcupine.Operation{op(5, never, grant, lost()), op(3, 4, check, allow(1))}},
		{"positions that fall", false, []porcupine.Operation{op(1, 2, grant, at(2)), op(3, 4, withdraw, at(1))}},
		{"a position given twice", false, []porcupine.Operation{op(1, 5, grant, at(2)), op(3, 4, withdraw, at(2))}},
		{"nothing to lift", true, []porcupine.Operation{granted, op(3, 4, lift, answer{nothing: true})}},
		{"nothing to lift after a suppression", false, []porcupine.Operation{
			op(1, 2, suppress, at(1)), op(3, 4, lift, answer{nothing: true}),
		}},
	}
	for _, c := range cases {
		if got := legal(t, c.history); got != c.legal {
			t.Errorf("%s: legal is %t", c.name, got)
		}
	}
}

// A history that is legal stays so under no change that breaks a rule: each acknowledged withdrawal is answered with ALLOW once.
func TestChecker_ALegalHistoryWithOneAnswerTurned_IsIllegal(t *testing.T) {
	var history []porcupine.Operation
	position, tick := int64(0), int64(0)
	write := func(v verb) {
		position++
		history = append(history, op(tick+1, tick+2, v, at(position)))
		tick += 2
	}
	ask := func(a answer) {
		history = append(history, op(tick+1, tick+4, check, a), op(tick+2, tick+3, check, a, position))
		tick += 4
	}
	for range 20 {
		for _, v := range []verb{grant, withdraw, grant, suppress, lift, object} {
			write(v)
			switch v {
			case grant, lift:
				ask(allow(position))
			case withdraw, object, suppress, check:
				ask(deny(position))
			}
		}
	}
	if !legal(t, history) {
		t.Fatal("the history is illegal before anything is turned")
	}
	turned := 0
	for i := range history {
		c, a := history[i].Input.(call), history[i].Output.(answer) //nolint:errcheck,forcetypeassert // A panic says it.
		if c.verb != check || (a.allow && c.atLeast == 0) {
			continue // An unbound DENY is always legal.
		}
		a.allow = !a.allow
		mutant := append([]porcupine.Operation{}, history...)
		mutant[i].Output = a
		if turned++; legal(t, mutant) {
			t.Errorf("call %d turned to %s passes: %s", i, a, c)
		}
	}
	if turned < 100 {
		t.Errorf("only %d answers were turned", turned)
	}
}
