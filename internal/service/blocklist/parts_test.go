package blocklist_test

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/assent-io/assent/internal/service/blocklist"
	"github.com/assent-io/assent/internal/service/cards"
	"github.com/assent-io/assent/internal/storage"
)

func TestParts_HaveEveryEntryInOrder_AndThoseOfASubjectTogether(t *testing.T) {
	t.Parallel()
	about := func(n byte) *cards.Subject { return &cards.Subject{Key: storage.SubjectKey{Digest: [32]byte{n}}} }
	for name, c := range map[string]struct {
		subjects []byte // of the entries; 0: none
		size     int
		want     []int
	}{
		"none":                       {nil, 2, []int{0}},
		"fewer":                      {[]byte{1}, 2, []int{1}},
		"full":                       {[]byte{1, 2, 3, 4}, 2, []int{2, 2}},
		"a rest":                     {[]byte{1, 2, 3}, 2, []int{2, 1}},
		"a subject over the end":     {[]byte{1, 2, 2, 2, 3}, 2, []int{4, 1}},
		"a subject over the end, up": {[]byte{1, 2, 2}, 2, []int{3}},
		"without a subject":          {[]byte{0, 0, 0}, 2, []int{2, 1}},
		"no size":                    {[]byte{1, 2}, 0, []int{1, 1}},
	} {
		var page blocklist.Page
		for i, n := range c.subjects {
			e := blocklist.Entry{Text: string(rune('a' + i))}
			if n != 0 {
				e.About = about(n)
			}
			page.Entries = append(page.Entries, e)
		}
		var got []int
		var all []blocklist.Entry
		for part := range page.Parts(c.size) {
			got, all = append(got, len(part)), append(all, part...)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if !slices.EqualFunc(page.Entries, all, func(a, b blocklist.Entry) bool { return a.Text == b.Text }) {
			t.Errorf("%s: the parts together are not the page", name)
		}
	}
}

func TestInOrder_EqualOnesStayAsTheyAre(t *testing.T) {
	t.Parallel()
	given := []string{"b1", "a2", "c1", "a1", "b0"}
	got := blocklist.InOrder(given, func(a, b *string) int { return cmpFirst(*a, *b) })
	if diff := cmp.Diff([]string{"a2", "a1", "b1", "b0", "c1"}, got); diff != "" {
		t.Error(diff)
	}
}

func cmpFirst(a, b string) int { return int(a[0]) - int(b[0]) }
