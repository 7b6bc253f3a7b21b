package rpc

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc/codes"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service"
)

// arrival is what came next on a stream.
type arrival struct {
	message *assentv1.StreamCheckConsentRequest
	err     error // instead of a message
	thrown  any   // instead of both: what receiving panicked with
}

// ends reports whether nothing can come after it.
func (a *arrival) ends() bool {
	var one *unusable
	return a.thrown != nil || a.err != nil && !errors.As(a.err, &one)
}

// StreamCheckConsent answers about batch after batch, in the order in which they came. While one is decided the next is received,
// and one more may wait; what comes beyond that waits in the connection. A stream works on one batch at a time: that is its share, and
// whoever wants more opens another.
func (s *consentServer) StreamCheckConsent(stream assentv1.ConsentService_StreamCheckConsentServer) error {
	ctx := stream.Context()
	arrivals := make(chan arrival, 1)
	go receive(ctx, stream.Recv, arrivals)
	lang := s.api.speaks.of(ctx)
	for {
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
		answer, err := s.streamed(ctx, next, lang)
		if err != nil {
			return err
		}
		if err := stream.Send(answer); err != nil {
			return err
		}
	}
}

// receive passes on what arrives until there can be no more, or the call ends: once its handler has returned, Recv does, too.
func receive(ctx context.Context, recv func() (*assentv1.StreamCheckConsentRequest, error), to chan<- arrival) {
	for {
		next := receiveOne(recv)
		select {
		case to <- next:
		case <-ctx.Done():
			return
		}
		if next.ends() {
			return
		}
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

// streamed returns the answer to one batch of a stream; an error ends the stream.
func (s *consentServer) streamed(
	ctx context.Context, next arrival, lang consent.Language,
) (*assentv1.StreamCheckConsentResponse, error) {
	if next.err != nil && next.ends() {
		return nil, next.err
	}
	err := next.err
	if err == nil {
		// As long as a call with the same batch may take.
		timed, cancel := context.WithTimeout(ctx, batchTimeout)
		defer cancel()
		var result service.BatchResult
		if result, err = s.batch(timed, next.message.GetCheck()); err == nil {
			return &assentv1.StreamCheckConsentResponse{
				Outcome: &assentv1.StreamCheckConsentResponse_Checked{Checked: compact(&result, lang)},
			}, nil
		}
	}
	if fault := faultOfCaller(err); fault != nil {
		return &assentv1.StreamCheckConsentResponse{
			Outcome: &assentv1.StreamCheckConsentResponse_Error{Error: itemError(fault)},
		}, nil
	}
	return nil, err
}

// faultOfCaller returns what is wrong with one request of a stream; nil where an error says that the caller may not, or the server
// cannot, go on at all.
func faultOfCaller(err error) *consent.Error {
	var fault *consent.Error
	if !errors.As(err, &fault) || fault.Fault == consent.FaultScopeMissing {
		return nil
	}
	switch code, _ := codeOf(fault.Fault); code {
	case codes.Unauthenticated, codes.Unavailable, codes.Internal:
		return nil
	default:
		return fault
	}
}
