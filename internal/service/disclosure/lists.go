package disclosure

import (
	"context"
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
)

// list is what was counted at once of many subjects. It is stored in the order in which they were given.
type list struct {
	kind disclosureKind
	at   consent.Instant
	told []Told
}

// Told is a subject that an answer tells of.
type Told struct {
	Key     storage.SubjectKey
	Subject consent.SubjectID // that the key leads to
}

// addList counts one disclosure for each subject, as addDisclosures does by their keys. Several lists of one day with the same subjects are
// not put together before they are stored. But rows that lie side by side in the database stay side by side, and to store a million of them
// in order takes a fraction of the time.
func (t *disclosureCounter) addList(ctx context.Context, at consent.Instant, d disclosureKind, told []Told) error {
	if len(told) == 0 {
		return nil
	}
	if err := t.waitForRoom(ctx); err != nil {
		return err
	}
	t.movingCounts.Lock()
	t.lists = append(t.lists, list{d, at, slices.Clone(told)})
	t.movingCounts.Unlock()
	if t.rows.Add(int64(len(told))) >= t.flushThreshold {
		t.wakeFlusher()
	}
	return nil
}

// drop drops what is gone of the list, and returns how many rows that was.
func (l *list) drop(gone untilDay) int {
	before := len(l.told)
	l.told = slices.DeleteFunc(l.told, func(s Told) bool { return gone.has(s.Key, l.kind.day) })
	return before - len(l.told)
}

func (t *disclosureCounter) waitingLists() int {
	t.movingCounts.Lock()
	defer t.movingCounts.Unlock()
	return len(t.lists)
}

// collectList moves the first list to what is pending.
func (t *disclosureCounter) collectList() {
	t.movingCounts.Lock()
	defer t.movingCounts.Unlock()
	t.dropForgottenLocked()
	l := &t.lists[0]
	t.pending = slices.Grow(t.pending, len(l.told))
	for _, s := range l.told {
		t.pending = append(t.pending, storage.Learnt{
			Key: s.Key, Subject: s.Subject, Day: l.kind.day, Client: l.kind.client, Channel: l.kind.channel, Count: 1, At: l.at,
		})
	}
	*l = list{} // The memory of the lists that wait keeps none of the others.
	t.lists = t.lists[1:]
}
