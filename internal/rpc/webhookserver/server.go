package webhookserver

import (
	"context"

	"google.golang.org/grpc"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/rpc/handler"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/service/webhooks"
	"github.com/assent-io/assent/internal/webhook"
)

// Webhooks manages webhooks.
type Webhooks interface {
	CreateWebhook(ctx context.Context, n webhooks.NewWebhook) (webhooks.Created, error)
	GetWebhook(ctx context.Context, id string) (webhooks.Webhook, error)
	ListWebhooks(ctx context.Context, size int, pageToken string) (webhooks.Page, error)
	UpdateWebhook(ctx context.Context, in webhooks.Update) (webhooks.Webhook, error)
	DeleteWebhook(ctx context.Context, id string, once txn.Idempotency) error
	RotateWebhookSecret(ctx context.Context, id string, confirm bool, once txn.Idempotency) (webhooks.Rotated, error)
	TestWebhook(ctx context.Context, id string) (webhooks.Trial, error)
	ListDeliveries(ctx context.Context, id, state string, size int, pageToken string) (webhooks.DeliveryPage, error)
	ReplayDeliveries(ctx context.Context, id string, ids []string, all bool) (webhooks.Replayed, error)
}

// Register registers the service with a server.
func Register(server grpc.ServiceRegistrar, use Webhooks) {
	assentv1.RegisterWebhookServiceServer(server, &webhookServer{webhooks: use})
}

type webhookServer struct {
	assentv1.UnimplementedWebhookServiceServer

	webhooks Webhooks
}

// CreateWebhook creates a webhook.
func (s *webhookServer) CreateWebhook(ctx context.Context, m *assentv1.CreateWebhookRequest) (*assentv1.CreateWebhookResponse, error) {
	once, err := handler.IdempotencyOf("CreateWebhook", m)
	if err != nil {
		return nil, err
	}
	created, err := s.webhooks.CreateWebhook(ctx, webhooks.NewWebhook{
		NewConsumer: consumers.NewConsumer{
			ID: m.GetId(), Client: m.GetClient(), Channels: m.GetChannels(), Kinds: m.GetKinds(), Form: consumers.Form(m.GetForm()),
			Idempotency: once,
		},
		URL: m.GetUrl(), Mode: webhook.Mode(m.GetMode()), Disabled: m.GetDisabled(),
	})
	if err != nil {
		return nil, err
	}
	return &assentv1.CreateWebhookResponse{Webhook: webhookOf(&created.Webhook), Secret: created.Secret, Key: created.Key}, nil
}

// GetWebhook returns a webhook.
func (s *webhookServer) GetWebhook(ctx context.Context, m *assentv1.GetWebhookRequest) (*assentv1.GetWebhookResponse, error) {
	one, err := s.webhooks.GetWebhook(ctx, m.GetId())
	if err != nil {
		return nil, err
	}
	return &assentv1.GetWebhookResponse{Webhook: webhookOf(&one)}, nil
}

// ListWebhooks lists the webhooks.
func (s *webhookServer) ListWebhooks(ctx context.Context, m *assentv1.ListWebhooksRequest) (*assentv1.ListWebhooksResponse, error) {
	page, err := s.webhooks.ListWebhooks(ctx, handler.PageSize(m.GetPageSize()), m.GetPageToken())
	if err != nil {
		return nil, err
	}
	answer := &assentv1.ListWebhooksResponse{NextPageToken: page.Next}
	for i := range page.Webhooks {
		answer.Webhooks = append(answer.Webhooks, webhookOf(&page.Webhooks[i]))
	}
	return answer, nil
}

// UpdateWebhook changes a webhook.
func (s *webhookServer) UpdateWebhook(ctx context.Context, m *assentv1.UpdateWebhookRequest) (*assentv1.UpdateWebhookResponse, error) {
	once, err := handler.IdempotencyOf("UpdateWebhook", m)
	if err != nil {
		return nil, err
	}
	one, err := s.webhooks.UpdateWebhook(ctx, webhooks.Update{
		ID: m.GetId(), URL: m.GetUrl(), Mode: webhook.Mode(m.GetMode()), Channels: m.GetChannels(), Disabled: m.Disabled, Idempotency: once,
	})
	if err != nil {
		return nil, err
	}
	return &assentv1.UpdateWebhookResponse{Webhook: webhookOf(&one)}, nil
}

// DeleteWebhook deletes a webhook.
func (s *webhookServer) DeleteWebhook(ctx context.Context, m *assentv1.DeleteWebhookRequest) (*assentv1.DeleteWebhookResponse, error) {
	once, err := handler.IdempotencyOf("DeleteWebhook", m)
	if err != nil {
		return nil, err
	}
	if err := s.webhooks.DeleteWebhook(ctx, m.GetId(), once); err != nil {
		return nil, err
	}
	return &assentv1.DeleteWebhookResponse{}, nil
}

// RotateWebhookSecret gives a webhook a new secret, or ends the old one.
func (s *webhookServer) RotateWebhookSecret(
	ctx context.Context, m *assentv1.RotateWebhookSecretRequest,
) (*assentv1.RotateWebhookSecretResponse, error) {
	once, err := handler.IdempotencyOf("RotateWebhookSecret", m)
	if err != nil {
		return nil, err
	}
	rotated, err := s.webhooks.RotateWebhookSecret(ctx, m.GetId(), m.GetConfirm(), once)
	if err != nil {
		return nil, err
	}
	return &assentv1.RotateWebhookSecretResponse{Webhook: webhookOf(&rotated.Webhook), Secret: rotated.Secret}, nil
}

// TestWebhook sends a message at once.
func (s *webhookServer) TestWebhook(ctx context.Context, m *assentv1.TestWebhookRequest) (*assentv1.TestWebhookResponse, error) {
	trial, err := s.webhooks.TestWebhook(ctx, m.GetId())
	if err != nil {
		return nil, err
	}
	a := &trial.Answer
	return &assentv1.TestWebhookResponse{
		Id: trial.ID, Outcome: string(a.Outcome), Status: int32(a.Status), Text: a.Text, Excerpt: a.Excerpt, //nolint:gosec // A status of HTTP.
		TookMs: a.Took.Milliseconds(),
	}, nil
}

// ListDeliveries lists the messages to a webhook.
func (s *webhookServer) ListDeliveries(ctx context.Context, m *assentv1.ListDeliveriesRequest) (*assentv1.ListDeliveriesResponse, error) {
	page, err := s.webhooks.ListDeliveries(ctx, m.GetWebhook(), stateOf(m.GetState()), handler.PageSize(m.GetPageSize()), m.GetPageToken())
	if err != nil {
		return nil, err
	}
	answer := &assentv1.ListDeliveriesResponse{NextPageToken: page.Next}
	for i := range page.Deliveries {
		answer.Deliveries = append(answer.Deliveries, deliveryOf(&page.Deliveries[i]))
	}
	return answer, nil
}

// ReplayDeliveries replaces dead messages by new ones.
func (s *webhookServer) ReplayDeliveries(
	ctx context.Context, m *assentv1.ReplayDeliveriesRequest,
) (*assentv1.ReplayDeliveriesResponse, error) {
	replayed, err := s.webhooks.ReplayDeliveries(ctx, m.GetWebhook(), m.GetIds(), m.GetAllDead())
	if err != nil {
		return nil, err
	}
	return &assentv1.ReplayDeliveriesResponse{Replayed: int32(replayed.Count), Snapshot: replayed.Snapshot}, nil //nolint:gosec // Far below.
}
