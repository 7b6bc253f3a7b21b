package consent

import (
	"slices"
	"sync/atomic"
)

// findings are the codes that a stage has found, each once, in their order.
type findings struct {
	n    int
	few  [8]Code // Nothing is allocated for these. No stage finds more than seven: all of stage 5.
	many []Code  // all of them, once there are more than few has room for
}

func (f *findings) add(c Code) {
	if slices.Contains(f.codes(), c) {
		return
	}
	if f.n < len(f.few) {
		f.few[f.n] = c
	} else {
		f.many = append(append([]Code(nil), f.codes()...), c)
	}
	f.n++
}

func (f *findings) addAll(others *findings) {
	for _, c := range others.codes() {
		f.add(c)
	}
}

func (f *findings) codes() []Code {
	if f.many != nil {
		return f.many
	}
	return f.few[:f.n]
}

// maxReasonLists is how many lists are shared at most; beyond it each decision has its own.
const maxReasonLists = 256

// reasonLists are the lists of reasons that decisions under the same rules share. Reading takes no lock.
type reasonLists struct {
	known atomic.Pointer[[][]Code]
}

// of returns a list that is equal to codes, which it does not keep.
func (l *reasonLists) of(codes []Code) []Code {
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
		if len(lists) >= maxReasonLists {
			return list
		}
		more := append(slices.Clip(lists), list)
		if l.known.CompareAndSwap(known, &more) {
			return list
		}
	}
}
