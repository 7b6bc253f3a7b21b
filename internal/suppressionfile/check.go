package suppressionfile

import (
	"fmt"
	"iter"
	"strings"
)

// checked numbers and counts the entries, and holds each to its shape.
func checked(entries iter.Seq2[Entry, error], o Options, t *tally) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		for e, err := range entries {
			if err != nil {
				yield(Entry{}, err)
				return
			}
			t.read++
			if problem := e.problem(o.Hashing); problem != "" {
				yield(Entry{}, fmt.Errorf("entry %d: %s", t.read, problem))
				return
			}
			if !e.Until.IsZero() && !e.Until.After(o.Made) {
				t.leaveOut(causeEnded)
				continue
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}

// problem is what is wrong with an entry, without its address; empty: nothing.
func (e *Entry) problem(hashing *Hashing) string {
	switch {
	case e.Match != Exact && e.Match != Folded && e.Match != Domain:
		return fmt.Sprintf("the match is %q; it must be exact, folded or domain", e.Match)
	case e.Kind != Refusal && e.Kind != Suppression:
		return fmt.Sprintf("the kind is %q; it must be refusal or suppression", e.Kind)
	case e.Match == Domain && e.Domain == "" && len(e.Hash) == 0:
		return "it is of a domain, and has none"
	case strings.ContainsAny(e.Domain, "@ ") || hasControl(e.Domain):
		return "its domain is none; it must be a domain such as firma.example"
	case e.Scope == "" || hasControl(e.Scope):
		return "it has no scope; it must be all, marketing, or a kind and an id such as channel:newsletter"
	case hasControl(e.Reason) || strings.ContainsRune(e.Address, 0):
		return "its reason or its address has control characters"
	case hashing != nil && len(e.Hash) != 0 && len(e.Hash) != hashing.size():
		return fmt.Sprintf("its hash has %d bytes; one of %s has %d", len(e.Hash), hashing.Algorithm, hashing.size())
	}
	return ""
}

func hasControl(text string) bool {
	return strings.ContainsFunc(text, func(c rune) bool { return c < ' ' || c == 0x7f })
}
