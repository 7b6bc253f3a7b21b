package suppressionfilter_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"runtime"
	"sync"
	"testing"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/suppressionfilter"
)

// large is a list of ten million entries, of all forms; of a hundred thousand in short mode. It is made once for all benchmarks.
var large = sync.OnceValue(func() (made struct {
	file   []byte
	filter *suppressionfilter.Filter
	asked  []suppressionfilter.Hash
	err    error
},
) {
	entries, random := 10_000_000, rand.New(rand.NewPCG(1, 2))
	if testing.Short() {
		entries = 100_000
	}
	key, err := newTestKey()
	if err != nil {
		made.err = err
		return made
	}
	b := suppressionfilter.NewBuilder(key)
	b.Grow(entries)
	for i := range entries {
		made.err = b.AddHash(suppressionfilter.MatchExact+suppressionfilter.Match(i%3), address.FoldVersion, hashOf(random.Uint64()))
	}
	var file bytes.Buffer
	if _, made.err = b.WriteFilter(&file, testHeader()); made.err != nil {
		return made
	}
	made.file = file.Bytes()
	made.filter, made.err = suppressionfilter.Read(&file, key, suppressionfilter.Expect{})
	made.asked = make([]suppressionfilter.Hash, 1<<20) // More than a cache of the processor keeps the places of.
	for i := range made.asked {
		made.asked[i] = hashOf(random.Uint64())
	}
	return made
})

func hashOf(n uint64) (h suppressionfilter.Hash) {
	binary.BigEndian.PutUint64(h[:], n)
	return h
}

// BenchmarkProbe is the look-up of an entry alone: the hash is made.
func BenchmarkProbe(b *testing.B) {
	list := large()
	must(b, list.err)
	hits, i := 0, 0
	for b.Loop() {
		if list.filter.MayContainHash(list.asked[i&(len(list.asked)-1)]) {
			hits++
		}
		i++
	}
	b.ReportMetric(float64(len(list.file)), "B/file")
	b.ReportMetric(float64(hits)/float64(i), "hits/op")
}

// BenchmarkMayContain is the whole look-up of an address that is not on the list: parsed, folded, and hashed twice for each form.
func BenchmarkMayContain(b *testing.B) {
	list := large()
	must(b, list.err)
	for name, typed := range map[string]string{"domain": "carla.maier@example.at", "subdomain": "carla.maier@mail.example.at"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if ask(b, list.filter, typed) {
					b.Fatal("it is a false hit: take another address")
				}
			}
		})
	}
}

// BenchmarkRead is reading and verifying a file.
func BenchmarkRead(b *testing.B) {
	list := large()
	must(b, list.err)
	b.SetBytes(int64(len(list.file)))
	for b.Loop() {
		read(b, list.file)
	}
}

// BenchmarkWriteFilter is making a file of entries that are there, and how much memory it takes besides them.
func BenchmarkWriteFilter(b *testing.B) {
	entries := 10_000_000
	if testing.Short() {
		entries = 100_000
	}
	for b.Loop() {
		b.StopTimer()
		builder, random := suppressionfilter.NewBuilder(testKey(b)), rand.New(rand.NewPCG(1, 2))
		builder.Grow(entries)
		for range entries {
			must(b, builder.AddHash(suppressionfilter.MatchExact, address.FoldVersion, hashOf(random.Uint64())))
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		b.StartTimer()
		var file bytes.Buffer
		file.Grow(12 << 20)
		_, err := builder.WriteFilter(&file, testHeader())
		must(b, err)
		b.StopTimer()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc-12<<20)/float64(entries), "B/entry")
		b.StartTimer()
	}
}
