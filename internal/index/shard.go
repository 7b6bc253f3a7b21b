package index

import "encoding/binary"

const (
	// keySize is how many bytes of an id a record has: the shard implies the first byte.
	keySize = idSize - 1

	offsetBits = 24
	offsetMask = 1<<offsetBits - 1

	// A shard's slots are at most four fifths full, so that a look-up ends soon.
	maxLoadNumerator, maxLoadDenominator = 4, 5

	// minGarbageToCompact is how much garbage is needed for compacting.
	minGarbageToCompact = 64
)

// shard is an open-addressing table. A slot is zero, or has the tag of a digest in its upper 8 bits and in the lower 24 where its record
// begins in the arena: the digest, the length of the state, the state. The tag spares most looks at records of others.
type shard struct {
	slots   []uint32
	arena   []byte // its first byte is not used, so that no record begins at 0
	length  int
	garbage int  // bytes of the arena that no slot leads to
	full    bool // there was a record with no place for it: what is not found has to be asked for elsewhere
}

func (s *shard) bytes() int { return 4*cap(s.slots) + cap(s.arena) }

func tagOf(digest *[digestSize]byte) uint32 { return uint32(digest[2]) << offsetBits }

// homeSlot returns the slot that a search for the digest begins at.
func (s *shard) homeSlot(hash uint32) int { return int(uint64(hash) * uint64(len(s.slots)) >> 32) }

func hashOf(digest *[digestSize]byte) uint32 { return binary.LittleEndian.Uint32(digest[3:]) }

// homeOfSlot is home of the record that begins at the offset, which holds the digest but for its first byte.
func (s *shard) homeOfSlot(offset int) int {
	return s.homeSlot(binary.LittleEndian.Uint32(s.arena[offset+2:]))
}

func (s *shard) next(i int) int {
	if i++; i < len(s.slots) {
		return i
	}
	return 0
}

// lookup returns the slot of the digest; -1 if it has none.
func (s *shard) lookup(digest *[digestSize]byte) int {
	if len(s.slots) == 0 {
		return -1
	}
	tag, key := tagOf(digest), [keySize]byte(digest[1:idSize])
	for i := s.homeSlot(hashOf(digest)); ; i = s.next(i) {
		slot := s.slots[i]
		if slot == 0 {
			return -1
		}
		if slot&^offsetMask != tag {
			continue
		}
		if at := slot & offsetMask; [keySize]byte(s.arena[at:at+keySize]) == key {
			return i
		}
	}
}

func (s *shard) get(digest *[digestSize]byte) (packed []byte, ok bool) {
	i := s.lookup(digest)
	if i < 0 {
		return nil, s.full
	}
	from, to := s.state(int(s.slots[i] & offsetMask))
	if from == to {
		return nil, true
	}
	return s.arena[from:to:to], true
}

// state returns where the state of the record begins and ends.
func (s *shard) state(offset int) (from, to int) {
	from = offset + keySize
	if n := s.arena[from]; n < 0x80 {
		return from + 1, from + 1 + int(n)
	}
	n, width := binary.Uvarint(s.arena[from:])
	return from + width, from + width + int(n)
}

// recordSize returns the size of a record with a state of n bytes.
func recordSize(n int) int {
	size := keySize + 1 + n
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}

func (s *shard) put(digest *[digestSize]byte, packed []byte, limit int) {
	if i := s.lookup(digest); i >= 0 {
		s.replace(i, packed, digest, limit)
		return
	}
	if !s.ensureRoom(recordSize(len(packed)), digest, limit) {
		packed = nil
		if !s.ensureRoom(recordSize(0), digest, limit) {
			s.full = true
			return
		}
	}
	if (s.length+1)*maxLoadDenominator > len(s.slots)*maxLoadNumerator {
		s.growSlots(digest)
	}
	s.placeSlot(tagOf(digest)|uint32(s.add(digest, packed)), s.homeSlot(hashOf(digest)))
	s.length++
}

// replace stores another state of the record in slot i, in its place if it fits there.
func (s *shard) replace(i int, packed []byte, digest *[digestSize]byte, limit int) {
	offset := int(s.slots[i] & offsetMask)
	_, end := s.state(offset)
	size, need := end-offset, recordSize(len(packed))
	if need > size && s.ensureRoom(need, digest, limit) { // it may have moved everything, but no slot
		s.slots[i] = tagOf(digest) | uint32(s.add(digest, packed))
		s.noteGarbage(size)
		return
	}
	if need > size {
		packed, need = nil, recordSize(0)
	}
	s.write(int(s.slots[i]&offsetMask), digest, packed)
	s.noteGarbage(size - need)
}

func (s *shard) remove(digest *[digestSize]byte) {
	hole := s.lookup(digest)
	if hole < 0 {
		return
	}
	offset := int(s.slots[hole] & offsetMask)
	_, end := s.state(offset)
	// Slots after the hole that belong at it or before it move up, so that every search from the home slot still finds them.
	for i := s.next(hole); s.slots[i] != 0; i = s.next(i) {
		if home := s.homeOfSlot(int(s.slots[i] & offsetMask)); s.distance(home, i) >= s.distance(hole, i) {
			s.slots[hole] = s.slots[i]
			hole = i
		}
	}
	s.slots[hole] = 0
	s.length--
	s.noteGarbage(end - offset)
}

// distance returns how many steps a search takes from one slot to another.
func (s *shard) distance(from, to int) int {
	if to >= from {
		return to - from
	}
	return to - from + len(s.slots)
}

// placeSlot puts a slot into the first one that is free from home on.
func (s *shard) placeSlot(slot uint32, home int) {
	i := home
	for s.slots[i] != 0 {
		i = s.next(i)
	}
	s.slots[i] = slot
}

// add appends a record, for which there is room, and returns where it begins.
func (s *shard) add(digest *[digestSize]byte, packed []byte) int {
	offset := len(s.arena)
	s.arena = s.arena[:offset+recordSize(len(packed))]
	s.write(offset, digest, packed)
	return offset
}

func (s *shard) write(offset int, digest *[digestSize]byte, packed []byte) {
	copy(s.arena[offset:], digest[1:idSize])
	width := binary.PutUvarint(s.arena[offset+keySize:], uint64(len(packed)))
	copy(s.arena[offset+keySize+width:], packed)
}
