package handler

import (
	"context"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/administration"
)

// defaultPage is how many entries a page of a list has unless the caller asks for another number.
const defaultPage = 50

// PageSize returns how many entries a page has at most for what a caller asks.
func PageSize(asked int32) int {
	if asked == 0 {
		return defaultPage
	}
	return int(asked)
}

// clientServer is the ClientService.
type clientServer struct {
	assentv1.UnimplementedClientServiceServer

	clients Clients
}

// CreateClient creates a client.
func (s *clientServer) CreateClient(
	ctx context.Context, m *assentv1.CreateClientRequest,
) (*assentv1.CreateClientResponse, error) {
	expires, err := instant(m.GetKeyExpiresTime(), "keyExpiresTime")
	if err != nil {
		return nil, err
	}
	client, key, err := s.clients.CreateClient(ctx, administration.NewClient{
		ID: m.GetId(), Department: m.GetDepartment(), AllDepartments: m.GetAllDepartments(), Role: m.GetRole(),
		Scopes: m.GetScopes(), Lists: m.GetLists(), KeyExpires: expires,
	})
	if err != nil {
		return nil, err
	}
	return &assentv1.CreateClientResponse{Client: clientOf(&client), ApiKey: key}, nil
}

// GetCaller returns the client that calls.
func (s *clientServer) GetCaller(ctx context.Context, _ *assentv1.GetCallerRequest) (*assentv1.GetCallerResponse, error) {
	caller, err := s.clients.GetCaller(ctx)
	if err != nil {
		return nil, err
	}
	expires, previous := caller.SentKey()
	return &assentv1.GetCallerResponse{
		Client: clientOf(&caller.Client), SentKeyExpiresTime: Timestamp(expires), SentPreviousKey: previous,
	}, nil
}

// ListClients lists the clients.
func (s *clientServer) ListClients(
	ctx context.Context, m *assentv1.ListClientsRequest,
) (*assentv1.ListClientsResponse, error) {
	page, err := s.clients.ListClients(ctx, PageSize(m.GetPageSize()), m.GetPageToken())
	if err != nil {
		return nil, err
	}
	response := &assentv1.ListClientsResponse{NextPageToken: page.Next}
	for i := range page.Clients {
		response.Clients = append(response.Clients, clientOf(&page.Clients[i]))
	}
	return response, nil
}

// RotateClient gives a client a new key.
func (s *clientServer) RotateClient(
	ctx context.Context, m *assentv1.RotateClientRequest,
) (*assentv1.RotateClientResponse, error) {
	in := administration.RotateClient{ID: m.GetId()}
	var err error
	if in.KeyExpires, err = instant(m.GetKeyExpiresTime(), "keyExpiresTime"); err != nil {
		return nil, err
	}
	if m.GetOverlap() != nil {
		overlap := m.GetOverlap().AsDuration()
		in.Overlap = &overlap
	}
	client, key, err := s.clients.RotateClient(ctx, in)
	if err != nil {
		return nil, err
	}
	return &assentv1.RotateClientResponse{Client: clientOf(&client), ApiKey: key}, nil
}

// RevokeClient ends a client's keys, or the one before the present one.
func (s *clientServer) RevokeClient(
	ctx context.Context, m *assentv1.RevokeClientRequest,
) (*assentv1.RevokeClientResponse, error) {
	end := s.clients.RevokeClient
	if m.GetPreviousKeyOnly() {
		end = s.clients.EndPriorKey
	}
	client, err := end(ctx, m.GetId())
	if err != nil {
		return nil, err
	}
	return &assentv1.RevokeClientResponse{Client: clientOf(&client)}, nil
}

func clientOf(c *access.Client) *assentv1.Client {
	scopes := make([]string, len(c.Scopes))
	for i, s := range c.Scopes {
		scopes[i] = string(s)
	}
	return &assentv1.Client{
		Id: c.ID, Department: c.Department, AllDepartments: c.AllDepartments, Scopes: scopes, Lists: c.Lists,
		CreatedTime: Timestamp(c.Created), RevokedTime: Timestamp(c.Revoked), KeyExpiresTime: Timestamp(c.KeyExpires),
		PreviousKey: c.TwoKeys, PreviousKeyExpiresTime: Timestamp(c.PriorExpires),
	}
}

// CreateClient creates a client for a command that has the use cases in its own process.
func CreateClient(
	ctx context.Context, clients Clients, m *assentv1.CreateClientRequest,
) (*assentv1.CreateClientResponse, error) {
	return (&clientServer{clients: clients}).CreateClient(ctx, m)
}
