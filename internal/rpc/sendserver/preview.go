package sendserver

import (
	"context"
	"errors"
	"io"
	"runtime"

	"google.golang.org/grpc"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/pipeline"
)

// PreviewSend counts whom a send would meet.
func (s *sendServer) PreviewSend(stream grpc.ClientStreamingServer[assentv1.PreviewSendRequest, assentv1.PreviewSendResponse]) error {
	first, err := stream.Recv()
	if errors.Is(err, io.EOF) || err == nil && first.GetId() == "" {
		return fault.Errorf(fault.InvalidRequest, "id", "the first message names the send")
	}
	if err != nil {
		return err
	}
	audience, err := s.sends.OpenAudience(stream.Context(), first.GetId(), first.GetKeep())
	if err != nil {
		return err
	}
	produce := func(yield func([]string) error) error {
		for m := first; ; {
			if err := yield(m.GetAddresses()); err != nil {
				return err
			}
			var err error
			if m, err = stream.Recv(); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			if m.GetId() != "" || m.GetKeep() {
				return fault.Errorf(fault.InvalidRequest, "id", "only the first message names the send; the others have addresses")
			}
		}
	}
	count := func(ctx context.Context, addresses []string) error { return audience.Add(ctx, addresses) }
	err = pipeline.Run(stream.Context(), runtime.GOMAXPROCS(0), produce, count, func([]string) error { return nil })
	if err != nil {
		return err
	}
	done, err := audience.Close(stream.Context())
	if err != nil {
		return err
	}
	load, err := s.loadOf(stream.Context(), &done.Send)
	if err != nil {
		return err
	}
	return stream.SendAndClose(&assentv1.PreviewSendResponse{Send: sendOf(&done.Send), Named: done.Named, Load: load})
}
