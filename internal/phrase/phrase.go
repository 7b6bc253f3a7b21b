// Package phrase holds pieces of messages that people read: counted things, lists of names, and text from elsewhere made safe for a
// terminal.
package phrase

import (
	"fmt"
	"strings"
	"unicode"
)

// Count writes a number of things, one of them in the singular. A thing that ends in y after a consonant has ies in the plural.
func Count[N int | int64](n N, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	if stem, ok := strings.CutSuffix(thing, "y"); ok && stem != "" && !strings.ContainsRune("aeiou", rune(stem[len(stem)-1])) {
		return fmt.Sprintf("%d %sies", n, stem)
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// SomeOf lists names, the first of them where there are many.
func SomeOf(names []string) string {
	const shown = 20
	if len(names) > shown {
		return strings.Join(names[:shown], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}

// OneLine makes a text safe for one line of a terminal. Lines that say the same
// again are left out: a host name that leads to one address twice fails twice.
func OneLine(text string) string {
	var b strings.Builder
	seen := map[string]bool{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(strings.NewReplacer("\t", " ", "\r", " ").Replace(line))
		if line == "" || seen[line] {
			continue
		}
		seen[line] = true
		switch before := b.String(); {
		case before == "":
		case strings.HasSuffix(before, ":"):
			b.WriteByte(' ')
		default:
			b.WriteString("; ")
		}
		b.WriteString(line)
	}
	return Printable(b.String())
}

// Printable replaces what could move the cursor or hide text on a terminal:
// user agents and notes come from outside.
func Printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || unicode.IsGraphic(r) && !unicode.IsSpace(r) {
			return r
		}
		return unicode.ReplacementChar
	}, text)
}
