package handler

import (
	"context"
	"errors"
	"io"
	"time"

	"google.golang.org/grpc/codes"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/locale"
)

// BatchTimeout is how long a call about many addresses, and one round of a stream, may take if the caller gives no deadline.
const BatchTimeout = 2 * time.Minute

// arrival is what came next on a stream.
type arrival struct {
	message *assentv1.StreamCheckConsentRequest
	err     error // instead of a message
	thrown  any   // instead of both: what receiving panicked with
}

// StreamCheckConsent answers about batch after batch, in the order in which they came. A stream works on one batch at a time: that is
// its share, and a client that wants more opens another one. The next batch is received when the answer before it was taken; until
// then it waits in the connection, so a client that sends and never reads is stopped by the flow control.
func (s *consentServer) StreamCheckConsent(stream assentv1.ConsentService_StreamCheckConsentServer) error {
	ctx := stream.Context()
	lang := s.speaks.Of(ctx)
	wanted, arrivals := make(chan struct{}), make(chan arrival, 1)
	defer close(wanted)
	go receive(stream.Recv, wanted, arrivals)
	for {
		wanted <- struct{}{} // The goroutine waits for that, or is about to.
		var next arrival
		select {
		case next = <-arrivals:
		case <-ctx.Done():
			return ctx.Err()
		}
		if next.thrown != nil {
			panic(next.thrown) // Here the layers around the call see to it.
		}
		if errors.Is(next.err, io.EOF) {
			return nil
		}
		answer, err := s.streamed(ctx, next.message, next.err, lang)
		if err != nil {
			return err
		}
		if err := stream.Send(answer); err != nil {
			return err
		}
	}
}

// receive receives one message each time that one is wanted. It runs beside the handler because nothing but the end of the call ends a
// Recv that waits, and the handler ends when the server stops.
func receive(
	recv func() (*assentv1.StreamCheckConsentRequest, error), wanted <-chan struct{}, to chan<- arrival,
) {
	for range wanted {
		to <- receiveOne(recv) // There is room for it.
	}
}

func receiveOne(recv func() (*assentv1.StreamCheckConsentRequest, error)) (next arrival) {
	defer func() {
		if thrown := recover(); thrown != nil {
			next = arrival{thrown: thrown}
		}
	}()
	m, err := recv()
	return arrival{message: m, err: err}
}

// streamed returns the answer to one batch of a stream, or to what was wrong with receiving it; an error ends the stream.
func (s *consentServer) streamed(
	ctx context.Context, next *assentv1.StreamCheckConsentRequest, err error, lang locale.Language,
) (*assentv1.StreamCheckConsentResponse, error) {
	var one *UnusableMessage
	if err != nil && !errors.As(err, &one) {
		return nil, err
	}
	if err == nil {
		// As long as a call with the same batch may take.
		timed, cancel := context.WithTimeout(ctx, BatchTimeout)
		defer cancel()
		var answer *assentv1.BatchCheckConsentResponse
		if answer, err = s.batchAnswer(timed, next.GetCheck(), lang); err == nil {
			return &assentv1.StreamCheckConsentResponse{
				Outcome: &assentv1.StreamCheckConsentResponse_Checked{Checked: answer},
			}, nil
		}
	}
	if refused := faultOfCaller(err); refused != nil {
		return &assentv1.StreamCheckConsentResponse{
			Outcome: &assentv1.StreamCheckConsentResponse_Error{Error: itemError(refused)},
		}, nil
	}
	return nil, err
}

// faultOfCaller returns what is wrong with one request of a stream; nil where an error says that the caller may not, or the server
// cannot, go on at all.
func faultOfCaller(err error) *fault.Error {
	var refused *fault.Error
	if !errors.As(err, &refused) || refused.Code == fault.ScopeMissing {
		return nil
	}
	switch code, _ := StatusCode(refused.Code); code {
	case codes.Unauthenticated, codes.Unavailable, codes.Internal:
		return nil
	default:
		return refused
	}
}

// UnusableMessage is what is wrong with one message that arrived whole; the next one can be received.
type UnusableMessage struct{ Err error }

// Error returns the text of what is wrong.
func (u *UnusableMessage) Error() string { return u.Err.Error() }

// Unwrap returns what is wrong.
func (u *UnusableMessage) Unwrap() error { return u.Err }
