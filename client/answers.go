package client

import (
	"context"
	"errors"
	"io"
	"time"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// errLate ends a stream that did not answer in time.
var errLate = errors.New("no answer in time")

// answers is a stream of checks.
type answers struct {
	ctx     context.Context
	cancel  context.CancelCauseFunc
	stream  assentv1.ConsentService_StreamCheckConsentClient // nil: it is not open yet
	arrived chan arrival
}

// arrival is what came on a stream.
type arrival struct {
	message *assentv1.StreamCheckConsentResponse
	err     error
}

func newAnswers(ctx context.Context) *answers {
	a := &answers{arrived: make(chan arrival, batchesInFlight+1)}
	a.ctx, a.cancel = context.WithCancelCause(ctx)
	return a
}

// within gives what is done until the returned function is called that long, if it is not 0: then the stream ends.
func (a *answers) within(patience time.Duration) (done func()) {
	if patience <= 0 {
		return func() {}
	}
	timer := time.AfterFunc(patience, func() { a.cancel(errLate) })
	return func() { timer.Stop() }
}

// isLate reports whether the stream was ended because it did not answer in time.
func (a *answers) isLate() bool { return errors.Is(context.Cause(a.ctx), errLate) }

// open opens the stream, if it is not open. A goroutine takes the answers from it, so that the server never waits to give one while a batch
// is sent to it; it ends with the stream.
func (a *answers) open(consent assentv1.ConsentServiceClient) (err error) {
	if a.stream != nil {
		return nil
	}
	if a.stream, err = consent.StreamCheckConsent(a.ctx); err != nil {
		a.stream = nil
		return err
	}
	go func() {
		defer close(a.arrived)
		for {
			message, err := a.stream.Recv()
			select {
			case a.arrived <- arrival{message, err}:
			case <-a.ctx.Done(): // A server sent more than it was asked for.
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return nil
}

// receive waits for an answer.
func (a *answers) receive() (*assentv1.StreamCheckConsentResponse, error) {
	select {
	case next, open := <-a.arrived:
		if !open {
			return nil, io.EOF
		}
		return next.message, next.err
	case <-a.ctx.Done():
		return nil, context.Cause(a.ctx)
	}
}

// close ends the stream and waits for its goroutine.
func (a *answers) close() {
	a.cancel(nil)
	if a.stream == nil {
		return
	}
	for range a.arrived {
		// What still came is left.
	}
}
