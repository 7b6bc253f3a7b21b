// Package found has the lists of codes that a decision gathers and answers, without memory of their own for each.
package found

import (
	"slices"
	"sync/atomic"
)

// room is how many codes nothing is allocated for. No stage finds more than seven: all of stage 5.
const room = 8

// List is the codes that a stage has found, each once, in their order.
type List[Code comparable] struct {
	n    int
	few  [room]Code
	many []Code // all of them, once there are more than few has room for
}

// Len returns how many codes there are.
func (l *List[Code]) Len() int { return l.n }

// Add adds a code, unless it is there.
func (l *List[Code]) Add(c Code) {
	if slices.Contains(l.Codes(), c) {
		return
	}
	if l.n < len(l.few) {
		l.few[l.n] = c
	} else {
		l.many = append(append([]Code(nil), l.Codes()...), c)
	}
	l.n++
}

// AddAll adds the codes of another list.
func (l *List[Code]) AddAll(others *List[Code]) {
	for _, c := range others.Codes() {
		l.Add(c)
	}
}

// Codes returns the codes, until more are added.
func (l *List[Code]) Codes() []Code {
	if l.many != nil {
		return l.many
	}
	return l.few[:l.n]
}

// maxShared is how many lists are shared at most; beyond it each decision has its own.
const maxShared = 256

// Shared are the lists of reasons that decisions under the same rules share. Reading takes no lock.
type Shared[Code comparable] struct {
	known atomic.Pointer[[][]Code]
}

// Of returns a list that is equal to codes, which it does not keep.
func (l *Shared[Code]) Of(codes []Code) []Code {
	for {
		known := l.known.Load()
		var lists [][]Code
		if known != nil {
			lists = *known
		}
		for _, list := range lists {
			if slices.Equal(list, codes) {
				return list
			}
		}
		list := slices.Clone(codes)
		if len(lists) >= maxShared {
			return list
		}
		more := append(slices.Clip(lists), list)
		if l.known.CompareAndSwap(known, &more) {
			return list
		}
	}
}
