package imports

import "github.com/assent-io/assent/internal/service/record"

// An upload that goes on where another one was cut meets what that one recorded. The report of the import counts it as recorded, so that it says
// the same as if nothing had been cut. What the file has twice is a duplicate all the same: only the first row that meets an event counts as the one
// that recorded it.

// positions is a set of positions in the ledger. It takes a bit for each, for what one import recorded mostly stands together.
type positions map[int64]*[positionsInPage / 64]uint64

const positionsInPage = 1 << 12

// add adds a position, and reports whether it was not in the set.
func (p positions) add(position int64) bool {
	at, bit := position/positionsInPage, position%positionsInPage
	page := p[at]
	if page == nil {
		page = new([positionsInPage / 64]uint64)
		p[at] = page
	}
	word, mask := &page[bit/64], uint64(1)<<(bit%64)
	isNew := *word&mask == 0
	*word |= mask
	return isNew
}

// claim makes those facts of a row recorded ones that an earlier upload of the import recorded and no row before met, and reports whether there are
// any.
func (u *upload) claim(items []record.Item) (claimed bool) {
	if u.met == nil {
		return false
	}
	for i := range items {
		one := &items[i]
		if one.Err == nil && one.Position != 0 && u.met.add(one.Position) && one.Duplicate && one.SameBatch {
			one.Duplicate, claimed = false, true
		}
	}
	return claimed
}
