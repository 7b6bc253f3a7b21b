package follow

import (
	"context"
	"errors"
	"sync"

	"github.com/assent-io/assent/internal/storage"
)

// takeAllPages has the copy take in all states: several readers read a page each, while the copy takes in what was read before. It returns
// the cursor having seen the heads of the pages.
func (f *Follower) takeAllPages(ctx context.Context, c cursor) (cursor, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &pageReaders{cursor: c, parts: int(c.mark.Position/int64(f.tuning.page)) + 1}
	read, free := make(chan *page, f.tuning.readers), make(chan *page, f.tuning.readers+1)
	for range cap(free) {
		free <- &page{}
	}
	failed := make(chan error, f.tuning.readers)
	var readers sync.WaitGroup
	for range f.tuning.readers {
		readers.Go(func() {
			if err := f.readPages(ctx, r, read, free); err != nil {
				failed <- err
				cancel()
			}
		})
	}
	go func() {
		readers.Wait()
		close(read)
	}()
	var err error
	for p := range read {
		if err == nil {
			if err = f.copy.Take(p.all()); err != nil {
				cancel()
			}
		}
		free <- p
	}
	close(failed)
	for other := range failed {
		err = errors.Join(err, other)
	}
	return r.cursor, err
}

// readPages reads page after page, until there are no more.
func (f *Follower) readPages(ctx context.Context, r *pageReaders, read chan<- *page, free <-chan *page) error {
	for {
		part, ok := r.next()
		if !ok {
			return nil
		}
		p := <-free
		_, err := retry(ctx, f, f.tuning.pageTimeout, func(ctx context.Context) (struct{}, error) {
			floor := r.minimumMark()
			p.reset()
			head, err := f.source.EachState(ctx, storage.SplitIDs(part, r.parts), p.add)
			if err == nil {
				err = r.noteHead(&head, floor)
			}
			return struct{}{}, err
		})
		if err != nil {
			return err
		}
		read <- p
	}
}

// pageReaders is what the readers of pages share. A page is one of equal parts of all ids: about as many as events fit
// into the pages, since every subject has some.
type pageReaders struct {
	parts int

	mu     sync.Mutex
	begun  int
	cursor cursor // has seen the heads of all pages that were read
}

// next returns the next part that no goroutine has taken, if there is one.
func (r *pageReaders) next() (part int, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	part = r.begun
	r.begun++
	return part, part < r.parts
}

func (r *pageReaders) minimumMark() storage.Mark {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cursor.minimumMark()
}

func (r *pageReaders) noteHead(head *storage.Head, floor storage.Mark) (err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cursor, err = r.cursor.withSeenHead(head, floor)
	return err
}

// page is a copy of what was read, in few pieces.
type page struct {
	states []storage.KeyedState
	ends   []int // of the state of each in data
	data   []byte
}

func (p *page) reset() { p.states, p.ends, p.data = p.states[:0], p.ends[:0], p.data[:0] }

// add copies a state. Its bytes are valid during the call only.
func (p *page) add(s storage.KeyedState) error {
	p.data = append(p.data, s.Packed...)
	p.ends = append(p.ends, len(p.data))
	p.states = append(p.states, s)
	return nil
}

// all returns the states of the page. Their bytes are those of the copy.
func (p *page) all() []storage.KeyedState {
	from := 0
	for i, end := range p.ends {
		if p.states[i].Packed != nil {
			p.states[i].Packed = p.data[from:end:end]
		}
		from = end
	}
	return p.states
}
