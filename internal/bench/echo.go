package bench

import (
	"context"
	"errors"
	"io"
	"sync/atomic"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/bench/bare"
	"github.com/assent-io/assent/internal/bench/broadcast"
	"github.com/assent-io/assent/internal/bench/persons"
)

// echo answers what it was told to answer, whatever it is asked: the price of gRPC, or of gRPC and the interceptors of the API, alone.
type echo struct {
	assentv1.UnimplementedConsentServiceServer

	db     bare.DB
	single atomic.Pointer[assentv1.CheckConsentResponse]
	batch  atomic.Pointer[assentv1.BatchCheckConsentResponse]
	feed   broadcast.Feed
}

func (e *echo) CheckConsent(context.Context, *assentv1.CheckConsentRequest) (*assentv1.CheckConsentResponse, error) {
	return e.single.Load(), nil
}

func (e *echo) BatchCheckConsent(
	context.Context, *assentv1.BatchCheckConsentRequest,
) (*assentv1.BatchCheckConsentResponse, error) {
	return e.batch.Load(), nil
}

func (e *echo) StreamCheckConsent(stream assentv1.ConsentService_StreamCheckConsentServer) error {
	for {
		if _, err := stream.Recv(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		answer := &assentv1.StreamCheckConsentResponse{
			Outcome: &assentv1.StreamCheckConsentResponse_Checked{Checked: e.batch.Load()},
		}
		if err := stream.Send(answer); err != nil {
			return err
		}
	}
}

// WithdrawConsent updates the head row, and tells those that watch the feed of the echo: the least that a durable answer costs.
func (e *echo) WithdrawConsent(
	ctx context.Context, in *assentv1.WithdrawConsentRequest,
) (*assentv1.WithdrawConsentResponse, error) {
	if err := e.db.TouchHead(ctx); err != nil {
		return nil, err
	}
	e.feed.Tell(persons.Newsletter, in.GetAddress())
	return &assentv1.WithdrawConsentResponse{Positions: []int64{1}}, nil
}
