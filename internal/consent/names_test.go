package consent_test

import "github.com/assent-io/assent/internal/consent"

type name struct {
	kind consent.RefKind
	text string
}

// names numbers references in the order of their first appearance, from 1, as a store does.
type names struct {
	numbers map[name]int32
	texts   map[consent.RefKind][]string
}

func newNames() *names {
	return &names{numbers: map[name]int32{}, texts: map[consent.RefKind][]string{}}
}

func (n *names) learn(kind consent.RefKind, text string) {
	if _, known := n.numbers[name{kind, text}]; known {
		return
	}
	n.texts[kind] = append(n.texts[kind], text)
	n.numbers[name{kind, text}] = int32(len(n.texts[kind]))
}

// Number returns the number of a name.
func (n *names) Number(kind consent.RefKind, text string) (int32, bool) {
	number, ok := n.numbers[name{kind, text}]
	return number, ok
}

// Name returns the name with the number.
func (n *names) Name(kind consent.RefKind, number int32) (string, bool) {
	if number < 1 || int(number) > len(n.texts[kind]) {
		return "", false
	}
	return n.texts[kind][number-1], true
}
