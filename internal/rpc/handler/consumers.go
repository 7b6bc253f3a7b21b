package handler

import (
	"context"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/service/consumers"
)

// consumerServer is the ConsumerService.
type consumerServer struct {
	assentv1.UnimplementedConsumerServiceServer

	consumers Consumers
}

// CreateConsumer creates a consumer.
func (s *consumerServer) CreateConsumer(
	ctx context.Context, m *assentv1.CreateConsumerRequest,
) (*assentv1.CreateConsumerResponse, error) {
	once, err := IdempotencyOf("CreateConsumer", m)
	if err != nil {
		return nil, err
	}
	created, err := s.consumers.CreateConsumer(ctx, consumers.NewConsumer{
		ID: m.GetId(), Client: m.GetClient(), Channels: m.GetChannels(), Kinds: m.GetKinds(), Form: consumers.Form(m.GetForm()), Idempotency: once,
	})
	if err != nil {
		return nil, err
	}
	return &assentv1.CreateConsumerResponse{Consumer: consumerOf(&created.Consumer), Key: created.Key}, nil
}

// GetConsumer returns a consumer.
func (s *consumerServer) GetConsumer(ctx context.Context, m *assentv1.GetConsumerRequest) (*assentv1.GetConsumerResponse, error) {
	consumer, err := s.consumers.GetConsumer(ctx, m.GetId())
	if err != nil {
		return nil, err
	}
	return &assentv1.GetConsumerResponse{Consumer: consumerOf(&consumer)}, nil
}

// ListConsumers lists the consumers.
func (s *consumerServer) ListConsumers(
	ctx context.Context, m *assentv1.ListConsumersRequest,
) (*assentv1.ListConsumersResponse, error) {
	page, err := s.consumers.ListConsumers(ctx, PageSize(m.GetPageSize()), m.GetPageToken())
	if err != nil {
		return nil, err
	}
	response := &assentv1.ListConsumersResponse{NextPageToken: page.Next}
	for i := range page.Consumers {
		response.Consumers = append(response.Consumers, consumerOf(&page.Consumers[i]))
	}
	return response, nil
}

// RevokeConsumer ends a consumer.
func (s *consumerServer) RevokeConsumer(
	ctx context.Context, m *assentv1.RevokeConsumerRequest,
) (*assentv1.RevokeConsumerResponse, error) {
	once, err := IdempotencyOf("RevokeConsumer", m)
	if err != nil {
		return nil, err
	}
	consumer, err := s.consumers.RevokeConsumer(ctx, m.GetId(), once)
	if err != nil {
		return nil, err
	}
	return &assentv1.RevokeConsumerResponse{Consumer: consumerOf(&consumer)}, nil
}

func consumerOf(c *consumers.Consumer) *assentv1.Consumer {
	return &assentv1.Consumer{
		Id: c.ID, Client: c.Client, Department: c.Department, Channels: c.Channels, Kinds: c.Kinds, Form: string(c.Form),
		CreatedTime: Timestamp(c.Created), CreatedBy: c.CreatedBy, RevokedTime: Timestamp(c.Revoked),
		AcknowledgedPosition: c.Acknowledged.Position, SeenTime: Timestamp(c.Seen), RemovalsPending: c.RemovalsPending,
	}
}
