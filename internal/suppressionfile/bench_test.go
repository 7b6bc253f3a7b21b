package suppressionfile_test

import (
	"encoding/binary"
	"os"
	"runtime"
	"testing"

	"github.com/assent-io/assent/internal/suppressionfile"
)

// disk writes files into a folder, and notes how much memory the program has.
type disk struct {
	root *os.Root
	peak uint64
}

func (d *disk) Create(name string) (suppressionfile.Target, error) {
	file, err := d.root.Create(name)
	return diskFile{file, d}, err
}

type diskFile struct {
	*os.File
	disk *disk
}

func (f diskFile) Write(data []byte) (int, error) {
	f.disk.note()
	return f.File.Write(data)
}

func (f diskFile) Abort() { _ = f.Close() }

func (d *disk) note() {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	d.peak = max(d.peak, m.HeapAlloc)
}

// BenchmarkWrite_MillionEntries writes a million entries in the order of a digest, most of them refusals, to real files.
func BenchmarkWrite_MillionEntries(b *testing.B) {
	const n = 1_000_000
	for _, form := range suppressionfile.Forms() {
		b.Run(form, func(b *testing.B) {
			b.ReportAllocs()
			var peak uint64
			for b.Loop() {
				runtime.GC()
				root, err := os.OpenRoot(b.TempDir())
				if err != nil {
					b.Fatal(err)
				}
				to := &disk{root: root}
				to.note()
				before := to.peak
				o := options()
				temporary, err := root.Create("sorting")
				if err != nil {
					b.Fatal(err)
				}
				o.Scratch = temporary
				m, err := suppressionfile.Write(form, o, million(n, to), to)
				if err != nil {
					b.Fatal(err)
				}
				if m.Counts.EntriesRead != n || m.Counts.RowsWritten < n/10 {
					b.Fatalf("counts %+v", m.Counts)
				}
				peak = max(peak, to.peak-before)
				if err := temporary.Close(); err != nil {
					b.Fatal(err)
				}
				if err := root.Close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(peak)/(1<<20), "peak-MiB")
		})
	}
}

// million gives entries; a tenth are bounces, and a hundredth complaints.
func million(n int, to *disk) func(yield func(suppressionfile.Entry, error) bool) {
	return func(yield func(suppressionfile.Entry, error) bool) {
		var hash [32]byte
		for i := range n {
			e := refuse(address(i))
			switch {
			case i%10 == 0:
				e = suppress(e.Address, "HARD_BOUNCE", "all")
			case i%100 == 1:
				e = suppress(e.Address, "COMPLAINT", "all")
			}
			binary.BigEndian.PutUint64(hash[:], uint64(i)*0x9e3779b97f4a7c15)
			e.Hash = hash[:]
			if i%50_000 == 0 {
				to.note()
			}
			if !yield(e, nil) {
				return
			}
		}
	}
}
