// Package sourceserver is the gRPC service of sources: it turns messages into requests of package sources and back.
package sourceserver

import (
	"context"

	"google.golang.org/grpc"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/intake/provider"
	"github.com/assent-io/assent/internal/rpc/handler"
	"github.com/assent-io/assent/internal/service/sources"
	"github.com/assent-io/assent/internal/service/txn"
)

// Sources manages sources.
type Sources interface {
	CreateSource(ctx context.Context, n sources.NewSource) (sources.Created, error)
	GetSource(ctx context.Context, id string) (sources.Source, error)
	ListSources(ctx context.Context, size int, pageToken string) (sources.Page, error)
	UpdateSource(ctx context.Context, u sources.Update) (sources.Source, error)
	RotateSourceSecret(ctx context.Context, id, secret string, confirm bool, once txn.Idempotency) (sources.Created, error)
	HoldSource(ctx context.Context, id string) (sources.Source, error)
	ReleaseSource(ctx context.Context, id string) (sources.Source, error)
	DeleteSource(ctx context.Context, id string, once txn.Idempotency) error
}

// Register registers the service with a server.
func Register(server grpc.ServiceRegistrar, use Sources) {
	assentv1.RegisterSourceServiceServer(server, &sourceServer{sources: use})
}

type sourceServer struct {
	assentv1.UnimplementedSourceServiceServer

	sources Sources
}

func sourceOf(s *sources.Source) *assentv1.Source {
	return &assentv1.Source{
		Id: s.ID, Kind: string(s.Kind), Client: s.Client, Department: s.Department, Path: s.Path, User: s.User, Url: s.URL, Topics: s.Topics,
		HasSecret: s.HasSecret, PriorSecretUntilTime: handler.Timestamp(s.PriorUntil), CreatedTime: handler.Timestamp(s.Created),
		CreatedBy: s.CreatedBy, HeldTime: handler.Timestamp(s.Held), HeldReason: s.HeldReason,
	}
}

// CreateSource creates a source.
func (s *sourceServer) CreateSource(ctx context.Context, m *assentv1.CreateSourceRequest) (*assentv1.CreateSourceResponse, error) {
	once, err := handler.IdempotencyOf("CreateSource", m)
	if err != nil {
		return nil, err
	}
	created, err := s.sources.CreateSource(ctx, sources.NewSource{
		ID: m.GetId(), Kind: provider.Kind(m.GetKind()), Client: m.GetClient(), Secret: m.GetSecret(), User: m.GetUser(), URL: m.GetUrl(),
		Topics: m.GetTopics(), Idempotency: once,
	})
	if err != nil {
		return nil, err
	}
	return &assentv1.CreateSourceResponse{Source: sourceOf(&created.Source), Secret: created.Secret}, nil
}

// GetSource returns a source.
func (s *sourceServer) GetSource(ctx context.Context, m *assentv1.GetSourceRequest) (*assentv1.GetSourceResponse, error) {
	one, err := s.sources.GetSource(ctx, m.GetId())
	if err != nil {
		return nil, err
	}
	return &assentv1.GetSourceResponse{Source: sourceOf(&one)}, nil
}

// ListSources lists the sources.
func (s *sourceServer) ListSources(ctx context.Context, m *assentv1.ListSourcesRequest) (*assentv1.ListSourcesResponse, error) {
	page, err := s.sources.ListSources(ctx, handler.PageSize(m.GetPageSize()), m.GetPageToken())
	if err != nil {
		return nil, err
	}
	answer := &assentv1.ListSourcesResponse{NextPageToken: page.Next}
	for i := range page.Sources {
		answer.Sources = append(answer.Sources, sourceOf(&page.Sources[i]))
	}
	return answer, nil
}

// UpdateSource changes a source.
func (s *sourceServer) UpdateSource(ctx context.Context, m *assentv1.UpdateSourceRequest) (*assentv1.UpdateSourceResponse, error) {
	once, err := handler.IdempotencyOf("UpdateSource", m)
	if err != nil {
		return nil, err
	}
	one, err := s.sources.UpdateSource(ctx, sources.Update{
		ID: m.GetId(), User: m.GetUser(), URL: m.GetUrl(), Topics: m.GetTopics(), Idempotency: once,
	})
	if err != nil {
		return nil, err
	}
	return &assentv1.UpdateSourceResponse{Source: sourceOf(&one)}, nil
}

// RotateSourceSecret gives a source a new secret, or ends the one before.
func (s *sourceServer) RotateSourceSecret(
	ctx context.Context, m *assentv1.RotateSourceSecretRequest,
) (*assentv1.RotateSourceSecretResponse, error) {
	once, err := handler.IdempotencyOf("RotateSourceSecret", m)
	if err != nil {
		return nil, err
	}
	rotated, err := s.sources.RotateSourceSecret(ctx, m.GetId(), m.GetSecret(), m.GetConfirm(), once)
	if err != nil {
		return nil, err
	}
	return &assentv1.RotateSourceSecretResponse{Source: sourceOf(&rotated.Source), Secret: rotated.Secret}, nil
}

// HoldSource holds a source.
func (s *sourceServer) HoldSource(ctx context.Context, m *assentv1.HoldSourceRequest) (*assentv1.HoldSourceResponse, error) {
	one, err := s.sources.HoldSource(ctx, m.GetId())
	if err != nil {
		return nil, err
	}
	return &assentv1.HoldSourceResponse{Source: sourceOf(&one)}, nil
}

// ReleaseSource releases a source.
func (s *sourceServer) ReleaseSource(ctx context.Context, m *assentv1.ReleaseSourceRequest) (*assentv1.ReleaseSourceResponse, error) {
	one, err := s.sources.ReleaseSource(ctx, m.GetId())
	if err != nil {
		return nil, err
	}
	return &assentv1.ReleaseSourceResponse{Source: sourceOf(&one)}, nil
}

// DeleteSource deletes a source.
func (s *sourceServer) DeleteSource(ctx context.Context, m *assentv1.DeleteSourceRequest) (*assentv1.DeleteSourceResponse, error) {
	once, err := handler.IdempotencyOf("DeleteSource", m)
	if err != nil {
		return nil, err
	}
	if err := s.sources.DeleteSource(ctx, m.GetId(), once); err != nil {
		return nil, err
	}
	return &assentv1.DeleteSourceResponse{}, nil
}
