package wish

import (
	"slices"
	"strings"
)

// phrase is a sequence of words in a clause. Each step is one of some words; between two steps at most gap other words stand. A word that ends with
// an asterisk stands for all that begin so.
type phrase struct {
	steps [][]string
	gap   int
	// unless are words with which the clause says something else, such as that no mail arrived.
	unless []string
}

// in returns the words by which a clause says the phrase; is reports whether it does, and denied whether it says the contrary.
func (p *phrase) in(clause []string) (words string, is, denied bool) {
	means := !slices.ContainsFunc(clause, func(word string) bool { return among(word, p.unless) })
	for start := range clause {
		matched := p.from(clause, start, 0)
		if matched == nil {
			continue
		}
		if !means || denies(clause, matched) {
			denied = true
			continue
		}
		return strings.Join(clause[start:matched[len(matched)-1]+1], " "), true, denied
	}
	return "", false, denied
}

// from returns the places of the words of the steps from one on, of which the first stands at a place; nil if they are not there.
func (p *phrase) from(clause []string, at, step int) []int {
	if at >= len(clause) || !among(clause[at], p.steps[step]) {
		return nil
	}
	if step == len(p.steps)-1 {
		return []int{at}
	}
	for next := at + 1; next <= at+1+p.gap; next++ {
		if rest := p.from(clause, next, step+1); rest != nil {
			return append([]int{at}, rest...)
		}
	}
	return nil
}

func among(word string, set []string) bool {
	return slices.ContainsFunc(set, func(s string) bool {
		begin, open := strings.CutSuffix(s, "*")
		return s == word || open && strings.HasPrefix(word, begin)
	})
}

// denies reports whether a word that denies stands up to three words before the phrase or between its words, or "nicht" up to two words after it, as
// German has it. A word of the phrase itself does not deny it, and none that an "and" or a "but" parts from it.
func denies(clause []string, matched []int) bool {
	const before, after = 3, 2
	first, last := matched[0], matched[len(matched)-1]
	for i := first; i >= max(0, first-before) && !parts(clause[i]); i-- {
		if i < first && negates(clause[i]) {
			return true
		}
	}
	for i := first; i < last; i++ {
		if negates(clause[i]) && !slices.Contains(matched, i) {
			return true
		}
	}
	for i := last + 1; i < min(len(clause), last+1+after) && !parts(clause[i]); i++ {
		if clause[i] == "nicht" {
			return true
		}
	}
	return false
}

func negates(word string) bool {
	switch word {
	case "nicht", "nie", "niemals", "kein", "keine", "keinen", "keiner", "keinesfalls", "ohne",
		"not", "never", "dont", "doesnt", "didnt", "wont", "cannot", "cant", "without", "no":
		return true
	}
	return false
}

// parts reports whether a word begins another thought.
func parts(word string) bool {
	switch word {
	case "und", "aber", "sondern", "oder", "and", "but", "or":
		return true
	}
	return false
}

// parse reads the steps of phrases, one a line: words with a bar between alternatives, and steps with a space between.
func parse(gap int, lines string, unless ...string) []phrase {
	var all []phrase
	for line := range strings.Lines(lines) {
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		p := phrase{gap: gap, unless: unless}
		for _, field := range fields {
			p.steps = append(p.steps, strings.Split(field, "|"))
		}
		all = append(all, p)
	}
	return all
}
