package suppressionfilter

import (
	"encoding/binary"
	"fmt"
	"slices"

	"github.com/FastFilter/xorfilter"

	"github.com/assent-io/assent/internal/address"
)

// Filter is a suppression list of one channel as of one position. It is safe for concurrent use and never changes: a newer list is a newer
// file.
type Filter struct {
	info    Info
	matches uint16 // bits of the matches of which there are entries
	key     Key
	fuse    xorfilter.BinaryFuse[uint8]
}

// Info returns what the file is about and what is in it.
func (f *Filter) Info() Info {
	info := f.info
	info.Matches = slices.Clone(info.Matches)
	return info
}

// MayContain reports whether the address may be on the list: in its exact form, in its folded form, or by its domain or a parent of that,
// which are the entries that a server looks for.
//
// False means that no entry of the file covers the address: it was not on the list as of the position of the file, unless its entry is one
// of those that Info().Missing counts. That is no permission, because a check also asks for a legal basis. True means that the server has
// to be asked: the address is on the list, or it is a false hit, as about one in 256 entries that were looked for.
//
// The address may be written as people type it. A text that is no address is an ErrAddress, and true is returned with it: it is never a
// miss. MayContain panics for the zero Filter, which is none.
func (f *Filter) MayContain(typed string) (bool, error) {
	a, err := address.Parse(typed)
	if err != nil {
		return true, fmt.Errorf("%w: %w", ErrAddress, err)
	}
	s := f.key.must()
	w := s.start()
	defer s.idle.Put(w)
	return f.covers(w, &a), nil
}

// covers looks for all entries that would cover an address, and takes no memory.
func (f *Filter) covers(w *worker, a *address.Address) bool {
	if f.mayHold(w, MatchFolded, a.Folded()) || f.mayHold(w, MatchExact, a.Exact()) {
		return true
	}
	if f.matches&MatchDomain.bit() == 0 {
		return false
	}
	var room [8]string
	for _, domain := range a.AppendDomains(room[:0]) {
		if f.mayHold(w, MatchDomain, domain) {
			return true
		}
	}
	return false
}

// mayHold looks for one entry, unless there are none of its match.
func (f *Filter) mayHold(w *worker, match Match, text string) bool {
	return f.matches&match.bit() != 0 && f.MayContainHash(w.hash(match, text))
}

// MayContainHash reports whether one entry may be in the file, for a program that keeps the hashes of its recipients: see [Key.Hashes]. They
// are made with the Key that the file was made for; of others the answer says nothing. An address is on the list by any of its entries, so
// only a miss of all of them is a miss of the address. MayContainHash panics for the zero Filter.
func (f *Filter) MayContainHash(h Hash) bool {
	f.key.must()
	return f.matches != 0 && f.fuse.Contains(h.short())
}

// short is the key of the entry in the filter.
func (h *Hash) short() uint64 { return binary.BigEndian.Uint64(h[:8]) }
