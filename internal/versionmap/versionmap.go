// Package versionmap is a map of bytes to bytes for very many small entries, with one writer and any number of readers. A reader sees the
// entries as they were when the writer published last, all of one moment, and never waits: the writer adds new versions of entries beside
// the old ones.
//
// It exists beside the maps of Go because of memory: the entries lie in large blocks without pointers, so that ten million of them cost
// little more than their bytes, and nothing for the garbage collector to follow.
package versionmap

import (
	"encoding/binary"
	"hash/maphash"
	"iter"
	"math"
	"sync/atomic"
)

const (
	// An entry lies in a block, at a place in units of 4 bytes: the number of the block, and where in it.
	unit       = 4
	blockUnits = 1 << blockShift
	blockShift = 16 // 256 KiB
	blockSize  = blockUnits * unit
	// firstSlots is how many slots a new map has.
	firstSlots = 64
	// headSize is how many bytes an entry has before its key: its version and the place of the version before.
	headSize = 8
	// wasteAllowed is how many bytes of old versions are kept at least before the map is written anew.
	wasteAllowed = 1 << 20
)

// Map is the writer's side. It is made by New.
type Map struct {
	seed    maphash.Seed
	table   *table
	version uint32 // that is being written
	stats
}

// stats are what a map holds.
type stats struct {
	used  int // slots
	live  int // entries
	bytes int // that live entries take in blocks
	waste int // bytes of versions before, and of deleted entries
}

// table is a set of slots with their blocks. Blocks are only added; what was written to them never changes.
type table struct {
	slots  []atomic.Uint64 // the upper half of the key's hash, and below it the place of its entry; 0: empty
	blocks *blocks
}

type blocks struct {
	all  atomic.Pointer[[][]byte]
	next int // in the last block, in bytes
}

// New returns an empty map.
func New() *Map {
	m := &Map{seed: maphash.MakeSeed(), version: 1}
	m.table = newTable(firstSlots)
	return m
}

func newTable(slots int) *table {
	t := &table{slots: make([]atomic.Uint64, slots), blocks: &blocks{next: unit}} // The place 0 is none.
	t.blocks.all.Store(&[][]byte{make([]byte, blockSize/64)})
	return t
}

// Len returns how many entries the map has.
func (m *Map) Len() int { return m.live }

// Size returns how many bytes the map takes in memory.
func (m *Map) Size() int {
	size := 8 * len(m.table.slots)
	for _, block := range *m.table.blocks.all.Load() {
		size += len(block)
	}
	return size
}

// Get returns the value of a key as it was set last; nil: it has none. It is not to be changed.
func (m *Map) Get(key []byte) []byte {
	return get(m.table, key, maphash.Bytes(m.seed, key), math.MaxUint32)
}

// Set sets the value of a key; an empty one deletes the key. Both are copied. Readers see it once it was published. A key has at most 65,535
// bytes.
func (m *Map) Set(key, value []byte) {
	hash := maphash.Bytes(m.seed, key)
	at, before := m.table.find(key, hash)
	var old entry
	if before != 0 {
		old = m.table.blocks.at(before)
	}
	if len(value) == 0 && len(old.value) == 0 {
		return
	}
	m.count(&old, len(value) > 0)
	if before != 0 && old.version == m.version {
		before = old.before // No reader has seen it.
	}
	place, size := m.table.blocks.add(m.version, before, key, value)
	if len(value) > 0 {
		m.bytes += size
	} else {
		m.waste += size
	}
	m.table.slots[at].Store(hash>>32<<32 | uint64(place))
	if old.key != nil {
		return
	}
	if m.used++; m.used*4 > len(m.table.slots)*3 {
		m.grow()
	}
}

// count counts that an entry takes the place of an old one.
func (m *Map) count(old *entry, holds bool) {
	if len(old.value) > 0 {
		m.live--
		m.bytes -= old.size()
		m.waste += old.size()
	}
	if holds {
		m.live++
	}
}

// grow doubles the slots. Readers keep those that they have.
func (m *Map) grow() {
	bigger := &table{slots: make([]atomic.Uint64, 2*len(m.table.slots)), blocks: m.table.blocks}
	for i := range m.table.slots {
		if slot := m.table.slots[i].Load(); slot != 0 {
			key := m.table.blocks.at(uint32(slot)).key
			bigger.slots[bigger.free(maphash.Bytes(m.seed, key))].Store(slot)
		}
	}
	m.table = bigger
}

// Publish returns the map as it is now, for readers.
func (m *Map) Publish() View {
	if m.waste > m.bytes/2+wasteAllowed || m.version == math.MaxUint32-1 {
		m.Compact()
	}
	v := View{table: m.table, seed: m.seed, version: m.version, live: m.live}
	m.version++
	return v
}

// Compact drops the versions that only views from before have, and what was deleted. Those views stay good and keep them.
func (m *Map) Compact() {
	fresh := &Map{seed: maphash.MakeSeed(), version: 1, table: newTable(max(firstSlots, len(m.table.slots)))}
	for fresh.table != nil && len(fresh.table.slots) > firstSlots && m.live*2 < len(fresh.table.slots)/2 {
		fresh.table = newTable(len(fresh.table.slots) / 2)
	}
	for i := range m.table.slots {
		if slot := m.table.slots[i].Load(); slot != 0 {
			if e := m.table.blocks.at(uint32(slot)); len(e.value) > 0 {
				fresh.Set(e.key, e.value)
			}
		}
	}
	*m = *fresh
}

// View is the map as of one moment. It is safe for concurrent use. The zero View is empty.
type View struct {
	table   *table
	seed    maphash.Seed
	version uint32
	live    int
}

// Len returns how many entries the view has.
func (v View) Len() int { return v.live }

// Get returns the value of a key; nil: it has none. It is not to be changed.
func (v View) Get(key []byte) []byte {
	if v.live == 0 {
		return nil
	}
	return get(v.table, key, maphash.Bytes(v.seed, key), v.version)
}

// GetText is Get of a key that is a text.
func (v View) GetText(key string) []byte {
	if v.live == 0 {
		return nil
	}
	return get(v.table, key, maphash.String(v.seed, key), v.version)
}

// All gives the entries, in no order. They are not to be changed.
func (v View) All() iter.Seq2[[]byte, []byte] {
	return func(yield func(key, value []byte) bool) {
		if v.live == 0 {
			return
		}
		for i := range v.table.slots {
			slot := v.table.slots[i].Load()
			if slot == 0 {
				continue
			}
			if e := v.table.blocks.version(uint32(slot), v.version); len(e.value) > 0 && !yield(e.key, e.value) {
				return
			}
		}
	}
}

// get returns the value that a key has in a version.
func get[Key ~string | ~[]byte](t *table, key Key, hash uint64, version uint32) []byte {
	mask := uint64(len(t.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		slot := t.slots[i].Load()
		if slot == 0 {
			return nil
		}
		if slot>>32 != hash>>32 {
			continue
		}
		if e := t.blocks.at(uint32(slot)); string(e.key) == string(key) {
			if e.version > version {
				e = t.blocks.version(e.before, version)
			}
			if len(e.value) == 0 {
				return nil
			}
			return e.value
		}
	}
}

// find returns the slot of a key and the place of its entry; 0: it has none, and the slot is free.
func (t *table) find(key []byte, hash uint64) (at uint64, place uint32) {
	mask := uint64(len(t.slots) - 1)
	for at = hash & mask; ; at = (at + 1) & mask {
		slot := t.slots[at].Load()
		if slot == 0 {
			return at, 0
		}
		if slot>>32 == hash>>32 && string(t.blocks.at(uint32(slot)).key) == string(key) {
			return at, uint32(slot)
		}
	}
}

// free returns the first free slot for a hash.
func (t *table) free(hash uint64) uint64 {
	mask := uint64(len(t.slots) - 1)
	at := hash & mask
	for t.slots[at].Load() != 0 {
		at = (at + 1) & mask
	}
	return at
}

// entry is one version of an entry. An empty value says that the key was deleted.
type entry struct {
	version    uint32
	before     uint32 // place of the version before; 0: there is none
	key, value []byte
}

// size returns how many bytes an entry takes.
func (e *entry) size() int { return sizeOf(len(e.key), len(e.value)) }

func sizeOf(key, value int) int {
	n := headSize + uvarintSize(key) + uvarintSize(value) + key + value
	return (n + unit - 1) / unit * unit
}

func uvarintSize(n int) int {
	size := 1
	for ; n >= 1<<7; n >>= 7 {
		size++
	}
	return size
}

// at returns the entry at a place.
func (b *blocks) at(place uint32) entry {
	block := (*b.all.Load())[place>>blockShift]
	data := block[place&(blockUnits-1)*unit:]
	e := entry{version: binary.LittleEndian.Uint32(data), before: binary.LittleEndian.Uint32(data[4:])}
	data = data[headSize:]
	key, n := binary.Uvarint(data)
	value, k := binary.Uvarint(data[n:])
	data = data[n+k:]
	e.key, e.value = data[:key:key], data[key:key+value:key+value]
	return e
}

// version returns the last version of an entry that is not after the one given; its value is empty if there is none.
func (b *blocks) version(place, version uint32) entry {
	for place != 0 {
		e := b.at(place)
		if e.version <= version {
			return e
		}
		place = e.before
	}
	return entry{}
}

// add writes an entry and returns its place and size.
func (b *blocks) add(version, before uint32, key, value []byte) (place uint32, size int) {
	size = sizeOf(len(key), len(value))
	all := *b.all.Load()
	last := all[len(all)-1]
	if b.next+size > len(last) {
		all = b.extend(all, size)
		last = all[len(all)-1]
	}
	data := binary.LittleEndian.AppendUint32(last[b.next:b.next], version)
	data = binary.LittleEndian.AppendUint32(data, before)
	data = binary.AppendUvarint(data, uint64(len(key)))
	data = binary.AppendUvarint(data, uint64(len(value)))
	data = append(data, key...)
	_ = append(data, value...)
	place = uint32((len(all)-1)<<blockShift + b.next/unit) //nolint:gosec // There are at most 65,536 blocks: extend panics before.
	b.next += size
	return place, size
}

// extend adds a block with room for an entry. The first block of a map is a small one.
func (b *blocks) extend(all [][]byte, size int) [][]byte {
	if len(all) > math.MaxUint32>>blockShift {
		panic("versionmap: a map has at most 16 GiB")
	}
	more := append(all[:len(all):len(all)], make([]byte, max(blockSize, size)))
	b.all.Store(&more)
	b.next = 0
	return more
}
