// Package filterform writes a suppression list as the form `filter` of package suppressionfile: a file of package suppressionfilter.
package filterform

import (
	"crypto/sha256"
	"errors"
	"io"

	"github.com/assent-io/assent/internal/suppressionfile"
	"github.com/assent-io/assent/suppressionfilter"
)

// Name is the name of the form.
const Name = "filter"

// builder collects the entries of one file.
type builder struct {
	filter *suppressionfilter.Builder
	header suppressionfilter.Header
	hashed bool // the hashes of entries are under the key of the filter
}

// New returns the form for one list and one consumer. It is for one call of suppressionfile.Write, with the same options.
//
// An entry is made of its address or domain. Where neither is known it is made of its hash, if that is of the key: Hashing has to name
// suppressionfile.AlgorithmList and the id of the key. An entry of which neither is there is left out with the cause NO_HASH, and counted in
// the header of the filter as missing. New panics for the zero Key.
func New(key suppressionfilter.Key, o suppressionfile.Options) *suppressionfile.External {
	b := &builder{
		filter: suppressionfilter.NewBuilder(key),
		header: suppressionfilter.Header{StoreID: o.StoreID, Channel: o.Channel, Position: o.Position, Made: o.Made},
		hashed: o.Hashing != nil && o.Hashing.Algorithm == suppressionfile.AlgorithmList && o.Hashing.Key == key.ID().String(),
	}
	return &suppressionfile.External{
		Form: Name, Extension: Name,
		Importing: "Open it with the Go package suppressionfilter and the consumer key; docs/suppression-filter.md describes it for other languages.",
		CannotSay: []suppressionfile.Unsaid{
			{What: "MATCHED_ENTRY", OfEach: true, Why: "A hit does not say which entry the address matches."},
			{What: "FALSE_HITS", Why: "One in 256 look-ups of what is not in the file is a hit all the same: ask the server for hits."},
		},
		Add: b.add, Write: b.write,
	}
}

func (b *builder) add(e suppressionfile.Entry) (bool, error) {
	err := b.addText(e)
	if errors.Is(err, suppressionfilter.ErrAddress) && b.hashed && len(e.Hash) == sha256.Size {
		err = b.filter.AddHash(matchOf(e.Match), e.FoldVersion, suppressionfilter.Hash(e.Hash))
	}
	if errors.Is(err, suppressionfilter.ErrAddress) || errors.Is(err, suppressionfilter.ErrOtherFolding) {
		b.header.Missing++
		return false, nil
	}
	return err == nil, err
}

// addText adds an entry whose text is known; else the error is an ErrAddress.
func (b *builder) addText(e suppressionfile.Entry) error {
	switch e.Match {
	case suppressionfile.Domain:
		return b.filter.AddCanonical(suppressionfilter.MatchDomain, e.Domain)
	case suppressionfile.Folded:
		return b.filter.AddFolded(e.Address)
	default:
		return b.filter.AddExact(e.Address)
	}
}

func matchOf(match suppressionfile.Match) suppressionfilter.Match {
	switch match {
	case suppressionfile.Domain:
		return suppressionfilter.MatchDomain
	case suppressionfile.Folded:
		return suppressionfilter.MatchFolded
	default:
		return suppressionfilter.MatchExact
	}
}

func (b *builder) write(w io.Writer) (rows int64, err error) {
	info, err := b.filter.WriteFilter(w, b.header)
	return info.Entries, err
}
