package index

import "slices"

// ensureRoom makes room for a record of the size at the arena's end; false if the arena may not grow that far.
func (s *shard) ensureRoom(size int, digest *[digestSize]byte, limit int) bool {
	need := max(len(s.arena), 1) + size
	if need > limit {
		if need -= s.garbage; s.garbage == 0 || need > limit {
			return false
		}
		s.compact(s.capacity(need, digest, limit))
		return true
	}
	if need <= cap(s.arena) {
		return true
	}
	arena := slices.Grow([]byte(nil), s.capacity(need, digest, limit))
	if len(s.arena) == 0 {
		arena = append(arena, 0)
	}
	s.arena = append(arena, s.arena...)
	return true
}

// capacity returns how large an arena is made that needs so many bytes: an eighth more, as an average. It varies with the digest, or
// all shards would grow at the same time, since all of them hold about as much.
func (s *shard) capacity(need int, digest *[digestSize]byte, limit int) int {
	return min(need+jitter(need/8, digest), limit)
}

// jitter returns a number between a half and three halves of n.
func jitter(n int, digest *[digestSize]byte) int {
	return n/2 + n*int(digest[idSize-1])>>8
}

// noteGarbage notes that bytes of the arena are not used any more, and moves what is used together once a quarter is not.
func (s *shard) noteGarbage(n int) {
	s.garbage += n
	if s.garbage > minGarbageToCompact && s.garbage > len(s.arena)/4 {
		live := len(s.arena) - s.garbage
		s.compact(live + live/8)
	}
}

// compact moves the records to a new arena. The slots stay where they are.
func (s *shard) compact(capacity int) {
	arena := append(slices.Grow([]byte(nil), capacity), 0)
	for i, slot := range s.slots {
		if slot == 0 {
			continue
		}
		offset := int(slot & offsetMask)
		_, end := s.state(offset)
		s.slots[i] = slot&^offsetMask | uint32(len(arena))
		arena = append(arena, s.arena[offset:end]...)
	}
	s.arena, s.garbage = arena, 0
}

// growSlots makes a quarter more slots.
func (s *shard) growSlots(digest *[digestSize]byte) {
	old := s.slots
	s.slots = slices.Grow([]uint32(nil), len(old)+max(jitter(len(old)/4, digest), 4))
	s.slots = s.slots[:cap(s.slots)]
	clear(s.slots)
	for _, slot := range old {
		if slot != 0 {
			s.placeSlot(slot, s.homeOfSlot(int(slot&offsetMask)))
		}
	}
}
