package index

import (
	"context"
	"errors"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/storage"
)

// pages reads all states into the table, one page ahead of what is put into it. It returns the cursor having seen the heads of the pages.
func (x *Index) pages(ctx context.Context, c cursor, t *table) (cursor, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	read, free := make(chan *page, 1), make(chan *page, 2)
	free <- &page{}
	free <- &page{}
	failed := make(chan error, 1)
	go func() {
		failed <- x.read(ctx, read, free)
		close(read)
	}()
	var err error
	for p := range read {
		if err == nil {
			if c, err = c.see(&p.head); err == nil {
				err = x.take(p, t)
			}
			if err != nil {
				cancel()
			}
		}
		free <- p
	}
	return c, errors.Join(err, <-failed)
}

// take puts a page into the table.
func (x *Index) take(p *page, t *table) error {
	p.into(t)
	x.measure(t)
	x.progress(t.Len())
	if x.tooLarge(t) {
		return errTooLarge
	}
	return nil
}

// read reads page after page.
func (x *Index) read(ctx context.Context, read chan<- *page, free <-chan *page) error {
	var after storage.SubjectKey
	for {
		p := <-free
		last, err := retry(ctx, x, x.tuning.pageTimeout, func(ctx context.Context) (storage.SubjectKey, error) {
			p.reset()
			head, last, n, err := x.source.EachState(ctx, after, x.tuning.page, p.add)
			p.head, p.n = head, n
			return last, err
		})
		if err != nil {
			return err
		}
		read <- p
		if p.n == 0 {
			return nil
		}
		after = last
	}
}

// page is a copy of what was read, in few pieces.
type page struct {
	head storage.Head
	keys []pageKey
	data []byte
	n    int
}

type pageKey struct {
	digest [digestSize]byte
	end    int // of its state in data
}

func (p *page) reset() { p.keys, p.data, p.n = p.keys[:0], p.data[:0], 0 }

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
