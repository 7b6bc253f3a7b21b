// Package locale holds the sentences of answers, pages and documents, in English and in German. They stand in en.yaml and de.yaml under
// plain keys; both files have the same keys and the same placeholders in braces, which a test holds. Messages of errors and warnings, and
// the texts of the command line, are not here: they are English, and stand in the code that gives them.
//
// [Get] returns a sentence, [Fill] one with placeholders, [Count] one that depends on a number, and [Name] what a member of a closed set
// is called. What codes mean is returned by [Explanation] and [Remedy], which a check asks for and which therefore allocate nothing.
//
// The package is the lowest of the module and imports none of it: codes, kinds and bases are strings here.
package locale

import (
	_ "embed" // For the sentences.
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/goccy/go-yaml"
)

//go:embed en.yaml
var english []byte

//go:embed de.yaml
var german []byte

// sentences are all texts by their keys, and those of the codes of decisions by the codes.
type sentences struct {
	texts                  map[string]Text
	explanations, remedies map[string]Text
}

//nolint:gochecknoglobals // Read once from the embedded files and immutable.
var all = sync.OnceValue(load)

func load() *sentences {
	en, de := read("en.yaml", english), read("de.yaml", german)
	s := &sentences{texts: make(map[string]Text, len(en)), explanations: map[string]Text{}, remedies: map[string]Text{}}
	for key, text := range en {
		s.texts[key] = Text{EN: text, DE: de[key]}
		code, ok := strings.CutPrefix(key, "reason.")
		if !ok {
			continue
		}
		if of, is := strings.CutSuffix(code, ".explanation"); is {
			s.explanations[of] = s.texts[key]
		} else if of, is := strings.CutSuffix(code, ".remedy"); is {
			s.remedies[of] = s.texts[key]
		}
	}
	return s
}

// read panics for a file that is no list of sentences, because the files are part of the program and the tests read them.
func read(name string, document []byte) map[string]string {
	var texts map[string]string
	if err := yaml.UnmarshalWithOptions(document, &texts, yaml.Strict()); err != nil {
		panic(fmt.Sprintf("the embedded file %s: %v", name, err))
	}
	return texts
}

// Explanation returns the sentence that says what a code of a decision means; the zero text for an unknown code.
func Explanation(code string) Text { return all().explanations[code] }

// Remedy returns the sentence that says what would change a decision with the code; the zero text where nothing has to change.
func Remedy(code string) Text { return all().remedies[code] }

// Find returns the text under a key; false if there is none.
func Find(key string) (Text, bool) {
	t, ok := all().texts[key]
	return t, ok
}

// Get returns the text under a key; the key itself if there is none.
func Get(key string) Text {
	if t, ok := Find(key); ok {
		return t
	}
	return Same(key)
}

// Fill returns the text under a key with values for its placeholders.
func Fill(key string, values Values) Text { return Get(key).fill(values) }

// Count returns the text under a key for the number n: that of key.one for 1 and that of key.other for any other number, as both
// languages have it. The number stands for the placeholder n.
func Count(key string, n int, values Values) Text {
	form := ".other"
	if n == 1 {
		form = ".one"
	}
	filled := Values{"n": Same(strconv.Itoa(n))}
	maps.Copy(filled, values)
	return Fill(key+form, filled)
}

// Name returns what a member of a closed set is called, such as the source web_form; an unknown member is called by its id.
func Name(set, id string) Text {
	if t, ok := Find(set + "." + id); ok {
		return t
	}
	return Same(id)
}

// Join lists the texts, the last after an "and".
func Join(list []Text) Text {
	if len(list) == 0 {
		return Text{}
	}
	joined, last := list[0], len(list)-1
	for i, next := range list[1:] {
		if i+1 == last {
			return Fill("list.last", Values{"list": joined, "last": next})
		}
		joined = Text{EN: joined.EN + ", " + next.EN, DE: joined.DE + ", " + next.DE}
	}
	return joined
}

// Keys returns the keys of all texts, sorted.
func Keys() []string { return slices.Sorted(maps.Keys(all().texts)) }
