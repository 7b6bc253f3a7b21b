package changes

import (
	"slices"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/feed"
)

// channelResets returns the resets of the channels whose answers may be others for the reader under the catalog of a window than under that
// by which it was told so far: also of those that it reads no longer, of which it is told nothing from then on.
func (f *Feed) channelResets(r *reader, at *place, w *window) []Entry {
	var had []string
	var before *catalog.Catalog
	if at.catalog > 0 && at.catalog <= int64(len(w.versions)) {
		before = w.versions[at.catalog-1].Parsed
		had = r.reaches(before, r.channels)
	}
	has := r.reaches(w.catalog.Parsed, r.channels)
	var entries []Entry
	for _, id := range once(slices.Concat(has, had)) {
		if slices.Contains(had, id) && slices.Contains(has, id) && !feed.DecidesOtherwise(before, w.catalog.Parsed, id) {
			continue
		}
		entries = append(entries, Entry{Change: Reset, Rule: feed.Rule{Channel: id}, Position: r.form.position(w.to.Position)})
	}
	return entries
}
