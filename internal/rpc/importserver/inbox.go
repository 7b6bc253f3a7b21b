package importserver

import (
	"context"
	"errors"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/rpc/handler"
)

// inbox receives the messages of a stream one by one, each when it is wanted: until then they wait in the connection, so a sender that is
// faster than the recording is stopped by the flow control. It has a goroutine of its own because nothing but the end of the call ends a Recv
// that waits, and an upload may end before.
type inbox struct {
	wanted   chan struct{}
	arrivals chan arrival
	pending  bool // one was wanted that did not arrive while its reader waited
}

type arrival struct {
	message *assentv1.UploadImportRequest
	err     error // instead of a message
	thrown  any   // instead of both: what receiving panicked with
}

func newInbox(recv func() (*assentv1.UploadImportRequest, error)) *inbox {
	b := &inbox{wanted: make(chan struct{}, 1), arrivals: make(chan arrival, 1)}
	go func() {
		for range b.wanted {
			b.arrivals <- receive(recv) // There is room for it.
		}
	}()
	return b
}

func receive(recv func() (*assentv1.UploadImportRequest, error)) (next arrival) {
	defer func() {
		if thrown := recover(); thrown != nil {
			next = arrival{thrown: thrown}
		}
	}()
	m, err := recv()
	return arrival{message: m, err: err}
}

// close ends the receiving. It is called once no other call is under way.
func (b *inbox) close() { close(b.wanted) }

// next returns the next message, io.EOF behind the last, or why none comes.
func (b *inbox) next(ctx context.Context) (*assentv1.UploadImportRequest, error) {
	if !b.pending {
		b.pending = true
		b.wanted <- struct{}{}
	}
	select {
	case got := <-b.arrivals:
		b.pending = false
		if got.thrown != nil {
			panic(got.thrown) // Here the layers around the call see to it.
		}
		if unusable, ok := errors.AsType[*handler.UnusableMessage](got.err); ok {
			return nil, unusable.Err
		}
		return got.message, got.err
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// file is the bytes of the messages behind the first.
type file struct {
	ctx      context.Context // of what reads it
	messages *inbox
	rest     []byte
	ended    error
}

// Read reads.
func (f *file) Read(p []byte) (int, error) {
	for len(f.rest) == 0 {
		if f.ended != nil {
			return 0, f.ended
		}
		m, err := f.messages.next(f.ctx)
		if err == nil && m.GetStart() != nil {
			err = fault.Errorf(fault.InvalidRequest, "start", "only the first message of an upload has a start; all others have bytes of the file")
		}
		if err != nil {
			f.ended = err
			return 0, err
		}
		f.rest = m.GetData()
	}
	n := copy(p, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}
