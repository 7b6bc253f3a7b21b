package extlist

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"github.com/assent-io/assent/internal/address"
)

// ErrBody is the error of bytes that are not those of a version.
var ErrBody = errors.New("these are not the bytes of a version of an external list")

// set is digests in ascending order, in the bytes that are stored.
//
// Most addresses are on no list, so a search first looks at one bit: whether any digest begins like the one that is sought. Digests are evenly
// spread, so 15 of 16 that are not in the set are found out by it. A search for the others begins at a table by the first bits of a digest, behind an
// entry of which sixteen stand on average.
type set struct {
	width int
	body  []byte

	begins     []uint64 // one bit for each way in which a digest may begin
	beginShift int

	table      []uint32 // index of the first digest whose first bits are these or greater, one more than there are
	tableShift int
}

const (
	// extraBeginBits is how many bits more than the number of digests has tell how a digest begins: there are 16 to 32 ways for each digest.
	extraBeginBits = 4
	// fewerTableBits is how many bits fewer the table is indexed by.
	fewerTableBits = 4
	// digestBits is how many bits of a digest are looked at.
	digestBits = 32
)

// newSet returns the set of a body. Its digests must be in ascending order, each once.
func newSet(width int, body []byte) (*set, error) {
	n := len(body) / width
	if len(body)%width != 0 {
		return nil, fmt.Errorf("%w: the last digest is cut off", ErrBody)
	}
	numberBits := bits.Len(uint(n))
	beginBits, tableBits := min(max(numberBits+extraBeginBits, 6), digestBits), min(max(numberBits-fewerTableBits, 1), digestBits)
	s := &set{
		width: width, body: body, begins: make([]uint64, 1<<(beginBits-6)), beginShift: digestBits - beginBits,
		table: make([]uint32, 1<<tableBits+1), tableShift: digestBits - tableBits,
	}
	next := 0
	for i := range n {
		if i > 0 && bytes.Compare(s.at(i-1), s.at(i)) >= 0 {
			return nil, fmt.Errorf("%w: digest %d is not greater than the one before", ErrBody, i+1)
		}
		first := firstBits(s.at(i))
		s.begins[first>>s.beginShift/64] |= 1 << (first >> s.beginShift % 64)
		for prefix := int(first >> s.tableShift); next <= prefix; next++ {
			s.table[next] = uint32(i)
		}
	}
	for ; next < len(s.table); next++ {
		s.table[next] = uint32(n)
	}
	return s, nil
}

func (s *set) at(i int) []byte { return s.body[i*s.width : (i+1)*s.width] }

func (s *set) len() int { return len(s.body) / s.width }

// memory returns how many bytes of memory the set takes.
func (s *set) memory() int { return len(s.body) + 8*len(s.begins) + 4*len(s.table) }

func firstBits(d []byte) uint32 { return binary.BigEndian.Uint32(d) }

// has reports whether the digest is in the set.
func (s *set) has(d *digest) bool {
	first := firstBits(d[:])
	if s.begins[first>>s.beginShift/64]>>(first>>s.beginShift%64)&1 == 0 {
		return false
	}
	prefix := first >> s.tableShift
	for i := s.table[prefix]; i < s.table[prefix+1]; i++ {
		if bytes.Equal(s.at(int(i)), d[:s.width]) {
			return true
		}
	}
	return false
}

// Version is what a version of a list says. It never changes and is safe for concurrent use.
type Version struct {
	form   Form
	listed *set
	asked  *set // nil: the list is about all addresses
}

// countSize is how many bytes the number of the addresses that were asked about takes, which stands first where a form has it.
const countSize = 8

// Parse returns the version with the stored bytes, which it keeps. Errors wrap [ErrBody].
func Parse(form Form, body []byte) (*Version, error) {
	v := &Version{form: form}
	width := form.Width()
	if width == 0 {
		return nil, fmt.Errorf("%w: there is no form %q", ErrBody, string(form))
	}
	var err error
	if form.HasAsked() {
		if len(body) < countSize {
			return nil, fmt.Errorf("%w: they are cut short", ErrBody)
		}
		n := binary.BigEndian.Uint64(body)
		if body = body[countSize:]; n > uint64(len(body)/width) {
			return nil, fmt.Errorf("%w: they are cut short", ErrBody)
		}
		if v.asked, err = newSet(width, body[:int(n)*width]); err != nil {
			return nil, err
		}
		body = body[int(n)*width:]
	}
	v.listed, err = newSet(width, body)
	return v, err
}

// Entries returns how many digests the list has.
func (v *Version) Entries() int { return v.listed.len() }

// Asked returns how many addresses the keeper of the list was asked about; 0 where a form does not say it.
func (v *Version) Asked() int {
	if v.asked == nil {
		return 0
	}
	return v.asked.len()
}

// Bytes returns how many bytes of memory the version takes.
func (v *Version) Bytes() int {
	n := v.listed.memory()
	if v.asked != nil {
		n += v.asked.memory()
	}
	return n
}

// Says reports whether the address or its domain is on the list, and whether the keeper of the list was never asked about the address.
func (v *Version) Says(a address.Address) (listed, unasked bool) {
	p := v.form.probesOf(a)
	for i := range p.n {
		if v.listed.has(&p.list[i]) {
			return true, false
		}
	}
	return false, v.asked != nil && !v.asked.has(&p.list[0])
}
