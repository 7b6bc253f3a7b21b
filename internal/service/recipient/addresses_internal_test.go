package recipient

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
)

// rows is a store of subjects that answers when a test says so.
type rows struct {
	storage.Reader

	mu      sync.Mutex
	asked   [][]consent.SubjectID // by each read
	answers chan error            // what the next read comes to
}

func (s *rows) SubjectsByID(ctx context.Context, ids []consent.SubjectID) (storage.Head, []storage.Subject, error) {
	s.mu.Lock()
	s.asked = append(s.asked, slices.Clone(ids))
	s.mu.Unlock()
	err := <-s.answers
	if errors.Is(err, errTorn) {
		panic(err)
	}
	if err = errors.Join(err, ctx.Err()); err != nil {
		return storage.Head{}, nil, err
	}
	var found []storage.Subject
	for _, id := range ids {
		key := storage.SubjectKey{Form: consent.FormExact, Digest: [32]byte{id[0]}}
		switch id[0] {
		case 50: // Nothing has this id.
		case 51:
			found = append(found, storage.Subject{ID: id, Key: key}) // It was erased.
		case 52:
			key.Form = consent.FormFolded
			fallthrough
		default:
			found = append(found, storage.Subject{ID: id, Key: key, Address: []byte{id[0]}})
		}
	}
	return storage.Head{}, found, nil
}

var (
	errTorn = errors.New("torn")
	errAway = errors.New("away")
)

// asking asks for a row in a goroutine of its own, and returns where to find the answer.
func asking(ctx context.Context, a *addresses, n byte) <-chan error {
	answer := make(chan error, 1)
	go func() {
		defer func() {
			if recover() != nil {
				answer <- errTorn
			}
		}()
		row, found, err := a.row(ctx, consent.SubjectID{n})
		switch {
		case err != nil:
			answer <- err
		case found != (n < 50) || found && row.Address[0] != n:
			answer <- errors.New("another row")
		default:
			answer <- nil
		}
	}()
	synctest.Wait()
	return answer
}

func TestAddresses_AskedForDuringARead_AreReadTogetherAfterIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &rows{answers: make(chan error)}
		a := newAddresses(s)
		ctx, leave := context.WithCancel(t.Context())
		first := asking(ctx, a, 1)
		leave() // The read goes on, for others may wait for it.
		var later []<-chan error
		for n := byte(2); n < 53; n++ {
			later = append(later, asking(t.Context(), a, n))
		}
		gone, goes := context.WithCancel(t.Context())
		left := asking(gone, a, 60)
		goes()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("one that went away got %v", err)
		}
		s.answers <- nil
		s.answers <- nil
		for _, answer := range append(later, first) {
			if err := <-answer; err != nil {
				t.Error(err)
			}
		}
		if len(s.asked) != 2 || len(s.asked[0]) != 1 || len(s.asked[1]) != 52 {
			t.Errorf("the reads were %v", s.asked)
		}
	})
}

func TestAddresses_AReadThatFails_FailsForThoseThatJoinedIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &rows{answers: make(chan error)}
		a := newAddresses(s)
		first, second, third := asking(t.Context(), a, 1), asking(t.Context(), a, 2), asking(t.Context(), a, 3)
		s.answers <- errAway
		if err := <-first; !errors.Is(err, errAway) {
			t.Errorf("the first got %v", err)
		}
		s.answers <- errTorn
		got := []error{<-second, <-third}
		if !slices.ContainsFunc(got, func(err error) bool { return errors.Is(err, errTorn) }) ||
			!slices.ContainsFunc(got, func(err error) bool { return errors.Is(err, errAddressRead) }) {
			t.Errorf("those of a read that was broken off got %v", got)
		}
		fourth := asking(t.Context(), a, 4)
		s.answers <- nil
		if err := <-fourth; err != nil {
			t.Error(err)
		}
	})
}
