package rpc_test

import (
	"context"
	"log/slog"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/rpc"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
	"github.com/assent-io/assent/internal/testkit"
)

// transport takes the place of the stream that a call comes on.
type transport struct{ grpc.ServerTransportStream }

func (transport) SetHeader(metadata.MD) error { return nil }

// capture keeps what is registered, so that a test can call it as a server does.
type capture struct {
	desc grpc.ServiceDesc
	impl any
}

func (c *capture) RegisterService(desc *grpc.ServiceDesc, impl any) {
	c.desc, c.impl = *desc, impl
}

type echo struct {
	assentv1.UnimplementedConsentServiceServer
}

func (echo) CheckConsent(context.Context, *assentv1.CheckConsentRequest) (*assentv1.CheckConsentResponse, error) {
	return nil, nil
}

// BenchmarkLayers measures what is around a call, without gRPC itself.
func BenchmarkLayers(b *testing.B) {
	log := slog.New(slog.DiscardHandler)
	use := newService(b, testkit.NewClock(start), log)
	ctx := access.WithCaller(b.Context(), access.Process("test"))
	_, key, err := use.CreateClient(ctx, administration.NewClient{ID: "admin", AllDepartments: true, Role: "admin"})
	if err != nil {
		b.Fatal(err)
	}
	api, err := rpc.New(rpc.Options{Service: use, Logger: log, Life: b.Context()})
	if err != nil {
		b.Fatal(err)
	}
	var served capture
	assentv1.RegisterConsentServiceServer(api.Guarded(&served), echo{})
	ctx = grpc.NewContextWithServerTransportStream(b.Context(), transport{})
	ctx = metadata.NewIncomingContext(ctx, metadata.Pairs("authorization", "Bearer "+key, ":authority", "localhost", "user-agent", "test"))
	in := &assentv1.CheckConsentRequest{Address: "anna@example.com", Channel: "newsletter"}
	var handler grpc.MethodHandler
	for _, m := range served.desc.Methods {
		if m.MethodName == "CheckConsent" {
			handler = m.Handler
		}
	}
	decode := func(into any) error { return rpc.Fill(into, in) }
	b.ReportAllocs()
	for b.Loop() {
		if _, err := handler(served.impl, ctx, decode, nil); err != nil {
			b.Fatal(err)
		}
	}
}
