package index

import (
	"fmt"
	"runtime"
	"testing"
)

// sizes of populations that are measured.
func sizes(b *testing.B) []int {
	b.Helper()
	if testing.Short() {
		return []int{10_000, 1_000_000}
	}
	return []int{10_000, 1_000_000, 10_000_000}
}

// BenchmarkTable_Find looks up digests in random order, those of the population and others. Making the digests is measured apart.
func BenchmarkTable_Find(b *testing.B) {
	b.Run("nothing", func(b *testing.B) { benchmarkFind(b, newTable(), 0, 1_000_000) })
	for _, n := range sizes(b) {
		table := filled(n, 22)
		runtime.GC()
		b.Run(fmt.Sprintf("hit-%d", n), func(b *testing.B) { benchmarkFind(b, table, 0, n) })
		b.Run(fmt.Sprintf("miss-%d", n), func(b *testing.B) { benchmarkFind(b, table, n, n) })
	}
}

func benchmarkFind(b *testing.B, table *table, first, n int) {
	b.Helper()
	const some = 1 << 18
	digests := make([]digest, some)
	for i := range digests {
		digests[i] = randomDigest(uint64(first + i*7919%n))
	}
	found := 0
	for i := 0; b.Loop(); i++ {
		if _, ok := table.find(&digests[i%some]); ok {
			found++
		}
	}
	runtime.KeepAlive(found)
}

// BenchmarkTable_Bytes says how much memory an entry takes.
func BenchmarkTable_Bytes(b *testing.B) {
	for _, length := range []int{22, 30, 45} {
		for _, n := range sizes(b) {
			b.Run(fmt.Sprintf("%d-of-%d", n, length), func(b *testing.B) {
				var table *table
				for b.Loop() {
					table = filled(n, length)
				}
				b.ReportMetric(float64(table.Bytes())/float64(table.Len()), "B/entry")
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/entry")
			})
		}
	}
}
