// Package nearest finds the name that was meant where one was misspelt.
package nearest

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Name returns the known name that is nearest to the given one: with one letter added, dropped or exchanged, two in names of five
// letters or more, whatever their case. It returns nothing where none is near, or where two are as near as each other.
func Name(given string, known []string) string {
	// No name is longer, and the work grows with the length.
	const longest = 64
	if utf8.RuneCountInString(given) > longest {
		return ""
	}
	word := []rune(strings.ToLower(strings.TrimSpace(given)))
	limit := 1
	if len(word) >= 5 {
		limit = 2
	}
	for edits := range limit + 1 {
		var found []string
		for _, name := range known {
			letters := []rune(strings.ToLower(name))
			if len(letters) > edits && Within(word, letters, edits) && !slices.Contains(found, name) {
				found = append(found, name)
			}
		}
		if len(found) > 0 {
			return only(found)
		}
	}
	return ""
}

func only(found []string) string {
	if len(found) > 1 {
		return ""
	}
	return found[0]
}

// Hint returns "; did you mean NAME?" with the name that is nearest, or nothing.
func Hint(given string, known []string) string {
	name := Name(given, known)
	if name == "" {
		return ""
	}
	return "; did you mean " + name + "?"
}

// Within reports whether at most the given number of letters have to be
// added, dropped or exchanged to get from one text to the other.
func Within(a, b []rune, limit int) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > limit {
		return false
	}
	row := make([]int, len(a)+1)
	for i := range row {
		row[i] = i
	}
	for j := range b {
		diagonal := row[0]
		row[0] = j + 1
		for i := range a {
			cost := diagonal
			if a[i] != b[j] {
				cost = 1 + min(diagonal, row[i], row[i+1])
			}
			diagonal, row[i+1] = row[i+1], cost
		}
		if slices.Min(row) > limit {
			return false
		}
	}
	return row[len(a)] <= limit
}
