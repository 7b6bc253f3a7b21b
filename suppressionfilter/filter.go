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
	info  Info
	forms uint16 // bits of the forms of which there are entries
	key   Key
	fuse  xorfilter.BinaryFuse[uint8]
}

// Info returns what the file is about and what is in it.
func (f *Filter) Info() Info {
	info := f.info
	info.Forms = slices.Clone(info.Forms)
	return info
}

// MayContain reports whether the address may be on the list: in its exact form, in its folded form, or by its domain or a parent of that,
// which are the entries that a server looks for.
//
// False is certain: the address was not on the list as of the position of the file. That is no permission, because a check also asks for
// a legal basis. True means that the server has to be asked: the address is on the list, or it is one of the few that the filter cannot
// tell from an entry, about one in 256 for each entry that was looked for.
//
// The address may be written as people type it. A text that is no address is an ErrAddress, and true is returned with it: it is never a
// miss.
func (f *Filter) MayContain(typed string) (bool, error) {
	a, err := address.Parse(typed)
	if err != nil {
		return true, fmt.Errorf("%w: %w", ErrAddress, err)
	}
	s := f.key.must()
	w := s.start()
	defer s.idle.Put(w)
	if f.mayHold(w, FormFolded, a.Folded()) || f.mayHold(w, FormExact, a.Exact()) {
		return true, nil
	}
	if f.forms&FormDomain.bit() == 0 {
		return false, nil
	}
	var room [8]string
	for _, domain := range a.AppendDomains(room[:0]) {
		if f.mayHold(w, FormDomain, domain) {
			return true, nil
		}
	}
	return false, nil
}

// mayHold looks for one form, unless there are no entries of it.
func (f *Filter) mayHold(w *worker, form Form, text string) bool {
	return f.forms&form.bit() != 0 && f.MayContainHash(w.hash(form, text))
}

// MayContainHash reports whether the entry may be on the list. It is the look-up alone, for programs that have made the hash already.
func (f *Filter) MayContainHash(h Hash) bool {
	return f.forms != 0 && f.fuse.Contains(h.short())
}

// short is the key of the entry in the filter.
func (h *Hash) short() uint64 { return binary.BigEndian.Uint64(h[:8]) }
