package handler

import (
	"context"
	"io"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"google.golang.org/grpc"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/service/check"
)

// unread is a stream. Its client sends, and takes an answer only when it is told to.
type unread struct {
	grpc.ServerStream
	ctx      context.Context
	left     int
	received atomic.Int32
	taken    chan struct{}
}

func (u *unread) Context() context.Context { return u.ctx }

func (u *unread) Recv() (*assentv1.StreamCheckConsentRequest, error) {
	if u.left == 0 {
		return nil, io.EOF
	}
	u.left--
	u.received.Add(1)
	return &assentv1.StreamCheckConsentRequest{Check: &assentv1.BatchCheckConsentRequest{Channel: "newsletter", Addresses: []string{"a@example.com"}}}, nil
}

func (u *unread) Send(*assentv1.StreamCheckConsentResponse) error {
	<-u.taken
	return nil
}

type emptyChecker struct{ Checker }

func (emptyChecker) BatchCheck(context.Context, check.BatchInput) (check.BatchResult, error) {
	return check.BatchResult{}, nil
}

func TestStreamCheck_AnswerThatWaits_KeepsTheNextBatchInTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const batches = 3
		s := &consentServer{check: emptyChecker{}, speaks: NewLanguages()}
		stream := &unread{ctx: t.Context(), left: batches, taken: make(chan struct{})}
		ended := make(chan error, 1)
		go func() { ended <- s.StreamCheckConsent(stream) }()
		for n := range int32(batches) {
			synctest.Wait()
			if got := stream.received.Load(); got != n+1 {
				t.Errorf("while answer %d waits, %d batches were received", n+1, got)
			}
			stream.taken <- struct{}{}
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

func TestReceive_Panic_IsHandedToTheHandler(t *testing.T) {
	wanted, arrivals := make(chan struct{}, 1), make(chan arrival, 1)
	wanted <- struct{}{}
	close(wanted)
	receive(func() (*assentv1.StreamCheckConsentRequest, error) { panic("thrown") }, wanted, arrivals)
	if got := <-arrivals; got.thrown != "thrown" {
		t.Errorf("got %v", got)
	}
}
