package audit

import (
	"iter"
	"maps"
	"math/bits"
	"slices"
)

// pageBits is how many positions a page of a positionSet has.
const pageBits = 4_096

// positionSet is a set of positions that takes a bit for each where they lie close together, as those of deleted evidence do in a ledger
// that is older than its period of keeping. The zero value is empty.
type positionSet struct {
	pages map[int64]*positionPage // by position / pageBits; none is empty
}

type positionPage struct {
	words [pageBits / 64]uint64
	n     int // of the bits that are set
}

// bitOf returns where the bit of a position is. Positions below 1, which no event has, are in no set.
func bitOf(position int64) (page int64, word int, bit uint64) {
	at := position % pageBits
	return position / pageBits, int(at / 64), 1 << (at % 64)
}

func (s *positionSet) has(position int64) bool {
	if position < 1 {
		return false
	}
	page, word, bit := bitOf(position)
	p := s.pages[page]
	return p != nil && p.words[word]&bit != 0
}

func (s *positionSet) add(position int64) {
	if position < 1 || s.has(position) {
		return
	}
	page, word, bit := bitOf(position)
	if s.pages == nil {
		s.pages = map[int64]*positionPage{}
	}
	p := s.pages[page]
	if p == nil {
		p = &positionPage{}
		s.pages[page] = p
	}
	p.words[word] |= bit
	p.n++
}

func (s *positionSet) remove(position int64) {
	if !s.has(position) {
		return
	}
	page, word, bit := bitOf(position)
	p := s.pages[page]
	p.words[word] &^= bit
	if p.n--; p.n == 0 {
		delete(s.pages, page)
	}
}

// all returns the positions in order.
func (s *positionSet) all() iter.Seq[int64] {
	return func(yield func(int64) bool) {
		for _, page := range slices.Sorted(maps.Keys(s.pages)) {
			for i, word := range s.pages[page].words {
				for ; word != 0; word &= word - 1 {
					if !yield(page*pageBits + int64(i*64+bits.TrailingZeros64(word))) {
						return
					}
				}
			}
		}
	}
}
