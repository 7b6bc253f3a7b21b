package suppressionfile

import (
	"bufio"
	"bytes"
	"cmp"
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
)

const (
	defaultMemory = 16 << 20
	smallList     = 1 << 20  // bytes up to which memory grows with the list
	runBuffer     = 64 << 10 // of each run that is merged
	maxRecord     = 1 << 20
	mostMemory    = 1 << 30 // so that 32 bits say where a record is
)

// Scratch keeps addresses or hashes while they are sorted, where memory is not enough. An *os.File is one; the caller makes it readable
// for its owner only, and removes it.
type Scratch interface {
	io.Writer
	io.ReaderAt
}

// sorter sorts records in constant memory: as many as fit are sorted and written to the scratch file as a run, and in the end all runs
// are merged. What fits into memory as a whole never touches the file.
type sorter struct {
	scratch Scratch
	limit   int // bytes; zero: the default

	memory  []byte
	records []span
	runs    []run
	written int64
	buffer  *bufio.Writer
}

// span is where a record is in memory. The first is the beginning of the record as a number, for most records differ there: to look at both of
// two records would read two places of memory that are in no cache.
type span struct {
	first    uint64
	from, to uint32
}

// spanOf returns the span of the record that memory ends with.
func spanOf(memory []byte, from int) span {
	var first [8]byte
	copy(first[:], memory[from:])
	return span{binary.BigEndian.Uint64(first[:]), uint32(from), uint32(len(memory))} //nolint:gosec // mostMemory is less.
}

// run is where a sorted run is in the scratch file.
type run struct{ from, length int64 }

// add takes a record, which the caller may change afterwards.
func (s *sorter) add(record []byte) error {
	if s.limit == 0 {
		s.limit = defaultMemory
	}
	s.limit = min(s.limit, mostMemory)
	if len(record) > maxRecord {
		return fmt.Errorf("an entry of %d bytes is too long to be sorted; %d are the most", len(record), maxRecord)
	}
	const bytesOfSpan = 16
	if len(s.records) > 0 && len(s.memory)+len(record)+bytesOfSpan*(len(s.records)+1) > s.limit {
		if err := s.spill(); err != nil {
			return err
		}
	}
	if from := len(s.memory); from+len(record) > smallList && cap(s.memory) < s.limit {
		s.memory = append(make([]byte, 0, max(s.limit, from+len(record))), s.memory...) // Once, instead of twice as much again and again.
	}
	from := len(s.memory)
	s.memory = append(s.memory, record...)
	s.records = append(s.records, spanOf(s.memory, from))
	return nil
}

func (s *sorter) sortMemory() {
	slices.SortFunc(s.records, func(x, y span) int {
		if x.first != y.first {
			return cmp.Compare(x.first, y.first)
		}
		return bytes.Compare(s.memory[x.from:x.to], s.memory[y.from:y.to])
	})
}

// spill writes what is in memory as a run: each record after its length.
func (s *sorter) spill() error {
	if s.scratch == nil {
		return fmt.Errorf("more than %d bytes have to be sorted, and there is no temporary file for them", s.limit)
	}
	s.sortMemory()
	if s.buffer == nil {
		s.buffer = bufio.NewWriterSize(s.scratch, runBuffer)
	}
	r := run{from: s.written}
	var length [binary.MaxVarintLen64]byte
	for _, record := range s.records {
		n := binary.PutUvarint(length[:], uint64(record.to-record.from))
		if _, err := s.buffer.Write(length[:n]); err != nil {
			return failedToSort(err)
		}
		if _, err := s.buffer.Write(s.memory[record.from:record.to]); err != nil {
			return failedToSort(err)
		}
		r.length += int64(n) + int64(record.to-record.from)
	}
	if err := s.buffer.Flush(); err != nil {
		return failedToSort(err)
	}
	s.written += r.length
	s.runs = append(s.runs, r)
	s.memory, s.records = s.memory[:0], s.records[:0]
	return nil
}

func failedToSort(err error) error { return fmt.Errorf("the temporary file for sorting: %w", err) }

// sorted gives all records in order. A record is good until the next one.
func (s *sorter) sorted() iter.Seq2[[]byte, error] {
	if len(s.runs) == 0 {
		return s.sortedInMemory
	}
	return func(yield func([]byte, error) bool) {
		if err := s.spill(); err != nil {
			yield(nil, err)
			return
		}
		s.memory, s.records = nil, nil
		s.mergeRuns(yield)
	}
}

func (s *sorter) sortedInMemory(yield func([]byte, error) bool) {
	s.sortMemory()
	for _, record := range s.records {
		if !yield(s.memory[record.from:record.to], nil) {
			return
		}
	}
}

func (s *sorter) mergeRuns(yield func([]byte, error) bool) {
	var open cursors
	for _, r := range s.runs {
		c := &cursor{from: bufio.NewReaderSize(io.NewSectionReader(s.scratch, r.from, r.length), runBuffer)}
		if err := c.next(); err != nil {
			yield(nil, failedToSort(err))
			return
		}
		open = append(open, c)
	}
	heap.Init(&open)
	for len(open) > 0 {
		if !yield(open[0].record, nil) {
			return
		}
		switch err := open[0].next(); {
		case errors.Is(err, io.EOF):
			heap.Pop(&open)
		case err != nil:
			yield(nil, failedToSort(err))
			return
		default:
			heap.Fix(&open, 0)
		}
	}
}

// cursor reads a run.
type cursor struct {
	from   *bufio.Reader
	record []byte
}

// next reads the next record; io.EOF: there is none.
func (c *cursor) next() error {
	length, err := binary.ReadUvarint(c.from)
	if err != nil {
		return err
	}
	if length > maxRecord {
		return errors.New("it was changed by something else")
	}
	c.record = slices.Grow(c.record[:0], int(length))[:length]
	if _, err = io.ReadFull(c.from, c.record); errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// cursors is a heap of runs, the one with the first record at its top.
type cursors []*cursor

func (c cursors) Len() int           { return len(c) }
func (c cursors) Less(i, j int) bool { return bytes.Compare(c[i].record, c[j].record) < 0 }
func (c cursors) Swap(i, j int)      { c[i], c[j] = c[j], c[i] }

// Push adds a cursor, for the heap.
func (c *cursors) Push(x any) {
	if one, ok := x.(*cursor); ok {
		*c = append(*c, one)
	}
}

// Pop takes the last cursor away, for the heap.
func (c *cursors) Pop() any {
	last := (*c)[len(*c)-1]
	*c = (*c)[:len(*c)-1]
	return last
}
