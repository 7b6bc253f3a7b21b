package index

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"testing"

	"pgregory.net/rapid"
)

type digest = [digestSize]byte

// nearDigests makes digests that get in each other's way: few shards, few tags, few home slots, and those that differ in their last
// byte only.
func nearDigests() *rapid.Generator[digest] {
	few := func(t *rapid.T, of ...byte) byte { return rapid.SampledFrom(of).Draw(t, "byte") }
	return rapid.Custom(func(t *rapid.T) digest {
		var d digest
		d[1] = few(t, 0, 1, 64) // of a shard in part
		d[2] = few(t, 7, 255)   // the tag
		d[6] = few(t, 128, 255) // home: in the middle, at the end
		d[idSize-1] = byte(rapid.IntRange(0, 2).Draw(t, "last"))
		d[idSize] = few(t, 0, 9) // not looked at
		return d
	})
}

func idOf(d *digest) [idSize]byte { return [idSize]byte(d[:]) }

// TestTable_AnyOperations_IsAMap holds the table against a map of Go. A state without bytes has to be asked for elsewhere, in the map, too.
func TestTable_AnyOperations_IsAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table, model := newTable(), map[[idSize]byte][]byte{}
		keys := nearDigests()
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				d := keys.Draw(t, "digest")
				length := rapid.SampledFrom([]int{0, 1, 22, 23, 40, 127, 128, 129, 300, 16_383, 16_384}).Draw(t, "length")
				state := bytes.Repeat([]byte{byte(rapid.IntRange(1, 255).Draw(t, "state"))}, length)
				table.put(&d, state)
				model[idOf(&d)] = state
			},
			"remove": func(t *rapid.T) {
				d := keys.Draw(t, "digest")
				table.remove(&d)
				delete(model, idOf(&d))
			},
			"find": func(t *rapid.T) {
				d := keys.Draw(t, "digest")
				got, ok := table.find(&d)
				want, there := model[idOf(&d)]
				if ok != there || !bytes.Equal(got, want) {
					t.Fatalf("find(%x) = %d bytes, %v, want %d, %v", d, len(got), ok, len(want), there)
				}
			},
			"": func(t *rapid.T) {
				if table.Len() != len(model) {
					t.Fatalf("Len = %d, want %d", table.Len(), len(model))
				}
				checkShards(t, table)
			},
		})
		for id, want := range model {
			d := digest(append(id[:], make([]byte, digestSize-idSize)...))
			if got, ok := table.find(&d); !ok || !bytes.Equal(got, want) {
				t.Fatalf("find(%x) = %d bytes, %v, want %d", d, len(got), ok, len(want))
			}
		}
	})
}

// checkShards counts anew what a table keeps counting.
func checkShards(t interface{ Fatalf(string, ...any) }, table *table) {
	size := int64(0)
	for i := range table.shards {
		s := &table.shards[i]
		size += int64(4*cap(s.slots) + cap(s.arena))
		live := min(len(s.arena), 1)
		for _, slot := range s.slots {
			if slot != 0 {
				_, end := s.state(int(slot & offsetMask))
				live += end - int(slot&offsetMask)
			}
		}
		if live+s.garbage != len(s.arena) {
			t.Fatalf("shard %d: %d bytes live and %d garbage of %d", i, live, s.garbage, len(s.arena))
		}
		if s.garbage > minGarbageToCompact && s.garbage > len(s.arena)/4 {
			t.Fatalf("shard %d: %d of %d bytes are garbage", i, s.garbage, len(s.arena))
		}
	}
	if size != table.Bytes() {
		t.Fatalf("Bytes = %d, want %d", table.Bytes(), size)
	}
}

// TestTable_WhatDoesNotFit_IsAskedForElsewhereAndNeverLost fills shards of tiny arenas beyond what they hold.
func TestTable_WhatDoesNotFit_IsAskedForElsewhereAndNeverLost(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		table, model := newTable(), map[[idSize]byte][]byte{}
		table.limit = rapid.IntRange(1, 400).Draw(t, "limit")
		keys := nearDigests()
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				d := keys.Draw(t, "digest")
				state := bytes.Repeat([]byte{byte(rapid.IntRange(1, 255).Draw(t, "state"))}, rapid.IntRange(1, 200).Draw(t, "length"))
				table.put(&d, state)
				model[idOf(&d)] = state
			},
			"remove": func(t *rapid.T) {
				d := keys.Draw(t, "digest")
				table.remove(&d)
				delete(model, idOf(&d))
			},
			"": func(t *rapid.T) {
				checkShards(t, table)
				for id, want := range model {
					d := digest(append(id[:], make([]byte, digestSize-idSize)...))
					if got, ok := table.find(&d); !ok || got != nil && !bytes.Equal(got, want) {
						t.Fatalf("find(%x) = %x, %v, want %x or that it has to be asked for", d, got, ok, want)
					}
				}
				for i := range table.shards {
					if n := len(table.shards[i].arena); n > table.limit {
						t.Fatalf("an arena has %d bytes of %d", n, table.limit)
					}
				}
			},
		})
	})
}

func TestTable_StateLongerThan64KB_IsAskedForElsewhere(t *testing.T) {
	table, d := newTable(), digest{1}
	table.put(&d, make([]byte, maxPacked))
	if got, ok := table.find(&d); !ok || len(got) != maxPacked {
		t.Fatalf("find = %d bytes, %v, want all", len(got), ok)
	}
	table.put(&d, make([]byte, maxPacked+1))
	if got, ok := table.find(&d); !ok || got != nil {
		t.Fatalf("find = %d bytes, %v, want none and true", len(got), ok)
	}
}

func TestTable_ShardOf16MB_KeepsEveryRecordApart(t *testing.T) {
	table := newTable()
	state := make([]byte, maxPacked)
	const n = 300 // of 64 KB, more than an arena holds
	for i := range n {
		d := digest{2: byte(i), 8: byte(i), 9: byte(i >> 8)}
		binary.LittleEndian.PutUint32(state, uint32(i)+1)
		table.put(&d, state)
	}
	kept := 0
	for i := range n {
		d := digest{2: byte(i), 8: byte(i), 9: byte(i >> 8)}
		got, ok := table.find(&d)
		if !ok || got != nil && binary.LittleEndian.Uint32(got) != uint32(i)+1 {
			t.Fatalf("record %d: found %v, begins with %x", i, ok, got[:min(len(got), 4)])
		}
		if got != nil {
			kept++
		}
	}
	if kept < 250 || kept == n {
		t.Errorf("%d of %d records are kept, want those that fit 16 MB", kept, n)
	}
}

// randomDigest returns digest number i of a population.
func randomDigest(i uint64) digest {
	var d digest
	r := rand.NewPCG(i, 1)
	for at := 0; at < digestSize; at += 8 {
		binary.LittleEndian.PutUint64(d[at:], r.Uint64())
	}
	return d
}

func filled(n, length int) *table {
	table, state := newTable(), make([]byte, length)
	for i := range n {
		d := randomDigest(uint64(i))
		table.put(&d, state)
	}
	return table
}

func TestTable_MillionEntries_GiveTheCollectorNoObjectsToWalk(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	table := filled(1_000_000, 22)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if objects := int64(after.HeapObjects) - int64(before.HeapObjects); objects > 2*shardCount+1000 {
		t.Errorf("%d objects more on the heap, want about two a shard", objects)
	}
	if got := int64(after.HeapAlloc) - int64(before.HeapAlloc); got > table.Bytes()*21/20+1<<20 {
		t.Errorf("the heap grew by %d bytes, Bytes says %d", got, table.Bytes())
	}
	if per := float64(table.Bytes()) / float64(table.Len()); per > 48 {
		t.Errorf("%.1f bytes an entry of 22 bytes, want at most 48", per)
	}
	runtime.KeepAlive(table)
}
