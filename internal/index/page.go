package index

import (
	"context"
	"errors"
	"sync"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
)

// pages reads all states into the table: several readers, each of a page at a time, while what was read before is put into it. It returns
// the cursor having seen the heads of the pages.
func (x *Index) pages(ctx context.Context, c cursor, t *table) (cursor, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r := &reading{cursor: c, parts: int(c.mark.Position/int64(x.tuning.page)) + 1}
	read, free := make(chan *page, x.tuning.readers), make(chan *page, x.tuning.readers+1)
	for range cap(free) {
		free <- &page{}
	}
	failed := make(chan error, x.tuning.readers)
	var readers sync.WaitGroup
	for range x.tuning.readers {
		readers.Go(func() {
			if err := x.read(ctx, r, read, free); err != nil {
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
			if err = x.take(p, t); err != nil {
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

// take puts a page into the table.
func (x *Index) take(p *page, t *table) error {
	p.into(t)
	x.measure(t)
	x.progress(t.Len())
	return x.fits(t)
}

// read reads page after page, until there are no more.
func (x *Index) read(ctx context.Context, r *reading, read chan<- *page, free <-chan *page) error {
	for {
		part, ok := r.next()
		if !ok {
			return nil
		}
		p := <-free
		_, err := retry(ctx, x, x.tuning.pageTimeout, func(ctx context.Context) (struct{}, error) {
			floor := r.seen()
			p.reset()
			head, err := x.source.EachState(ctx, storage.SplitIDs(part, r.parts), p.add)
			if err == nil {
				err = r.see(&head, floor)
			}
			return struct{}{}, err
		})
		if err != nil {
			return err
		}
		read <- p
	}
}

// reading is what the readers of pages share. A page is one of equal parts of all ids: about as many as events fit into the pages, since
// every subject has some.
type reading struct {
	parts int

	mu     sync.Mutex
	begun  int
	cursor cursor // has seen the heads of all pages that were read
}

// next returns the next part that nobody reads yet, if there is one.
func (r *reading) next() (part int, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	part = r.begun
	r.begun++
	return part, part < r.parts
}

func (r *reading) seen() storage.Mark {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.cursor.seen()
}

func (r *reading) see(head *storage.Head, floor storage.Mark) (err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cursor, err = r.cursor.see(head, floor)
	return err
}

// page is a copy of what was read, in few pieces.
type page struct {
	keys []pageKey
	data []byte
}

type pageKey struct {
	digest [digestSize]byte
	end    int // of its state in data
}

func (p *page) reset() { p.keys, p.data = p.keys[:0], p.data[:0] }

func (p *page) add(s storage.KeyedState) error {
	if s.Gone || s.Key.Form == consent.FormMail {
		return nil
	}
	p.data = append(p.data, s.Packed...)
	p.keys = append(p.keys, pageKey{s.Key.Digest, len(p.data)})
	return nil
}

func (p *page) into(t *table) {
	from := 0
	for i := range p.keys {
		k := &p.keys[i]
		t.put(&k.digest, p.data[from:k.end])
		from = k.end
	}
}
