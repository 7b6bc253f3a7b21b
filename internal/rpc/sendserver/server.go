// Package sendserver is the gRPC service of sends: it turns messages into requests of package sends and back.
package sendserver

import (
	"cmp"
	"context"

	"google.golang.org/grpc"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/campaign"
	"github.com/assent-io/assent/internal/rpc/handler"
	"github.com/assent-io/assent/internal/service/sends"
	"github.com/assent-io/assent/internal/service/txn"
)

// Sends plans sends.
type Sends interface {
	CreateSend(ctx context.Context, n sends.NewSend) (sends.Send, error)
	GetSend(ctx context.Context, id string) (sends.Send, []sends.Word, error)
	ListSends(ctx context.Context, f sends.Filter, size int, pageToken string) (sends.Page, error)
	UpdateSend(ctx context.Context, u sends.Update) (sends.Updated, error)
	CommentSend(ctx context.Context, id, kind, text string, once txn.Idempotency) (sends.Send, error)
	ClearSend(ctx context.Context, id, reason string, once txn.Idempotency) (sends.Send, error)
	CancelSend(ctx context.Context, id, reason string, once txn.Idempotency) (sends.Send, error)
	StartSend(ctx context.Context, id string, once txn.Idempotency) (sends.Send, error)
	FinishSend(ctx context.Context, id string, once txn.Idempotency) (sends.Send, error)
	LoadOf(ctx context.Context, send *sends.Send) (*campaign.Load, error)
	OpenAudience(ctx context.Context, id string, keep bool) (*sends.Audience, error)
	CreateSendCalendar(ctx context.Context, id string, once txn.Idempotency) (sends.CreatedCalendar, error)
	ListSendCalendars(ctx context.Context, size int, pageToken string) (sends.CalendarPage, error)
	RevokeSendCalendar(ctx context.Context, id string, once txn.Idempotency) (sends.Calendar, error)
}

// Register registers the service with a server.
func Register(server grpc.ServiceRegistrar, use Sends) {
	assentv1.RegisterSendServiceServer(server, &sendServer{sends: use})
}

type sendServer struct {
	assentv1.UnimplementedSendServiceServer

	sends Sends
}

// CreateSend plans a send.
func (s *sendServer) CreateSend(ctx context.Context, m *assentv1.CreateSendRequest) (*assentv1.CreateSendResponse, error) {
	once, err := handler.IdempotencyOf("CreateSend", m)
	if err != nil {
		return nil, err
	}
	from, until, err := times(m)
	if err != nil {
		return nil, err
	}
	one, err := s.sends.CreateSend(ctx, sends.NewSend{
		ID: m.GetId(), Channel: m.GetChannel(), SenderIdentity: m.GetSenderIdentity(), Subject: m.GetSubject(), ContentLink: m.GetContentLink(),
		ContentDigest: m.GetContentDigest(), Window: campaign.Window{From: int64(from), Until: int64(until)}, ExpectedSize: m.GetExpectedSize(),
		Priority: int(m.GetPriority()), Idempotency: once,
	})
	if err != nil {
		return nil, err
	}
	load, err := s.loadOf(ctx, &one)
	return &assentv1.CreateSendResponse{Send: sendOf(&one), Load: load}, err
}

// GetSend returns a send with what was said about it.
func (s *sendServer) GetSend(ctx context.Context, m *assentv1.GetSendRequest) (*assentv1.GetSendResponse, error) {
	one, said, err := s.sends.GetSend(ctx, m.GetId())
	if err != nil {
		return nil, err
	}
	answer := &assentv1.GetSendResponse{Send: sendOf(&one)}
	for i := range said {
		w := &said[i]
		answer.Comments = append(answer.Comments, &assentv1.SendComment{
			Number: w.Number, Kind: w.Kind, Department: w.Department, Client: w.Client, CreatedTime: handler.Timestamp(w.Created), Text: w.Text,
		})
	}
	return answer, nil
}

// ListSends lists the sends.
func (s *sendServer) ListSends(ctx context.Context, m *assentv1.ListSendsRequest) (*assentv1.ListSendsResponse, error) {
	from, until, err := times(m)
	if err != nil {
		return nil, err
	}
	page, err := s.sends.ListSends(ctx, sends.Filter{
		From: from, Until: until, Channel: m.GetChannel(), Department: m.GetDepartment(), State: campaign.State(m.GetState()),
	}, handler.PageSize(m.GetPageSize()), m.GetPageToken())
	if err != nil {
		return nil, err
	}
	answer := &assentv1.ListSendsResponse{NextPageToken: page.Next}
	for i := range page.Sends {
		answer.Sends = append(answer.Sends, sendOf(&page.Sends[i]))
	}
	return answer, nil
}

// UpdateSend changes a send.
func (s *sendServer) UpdateSend(ctx context.Context, m *assentv1.UpdateSendRequest) (*assentv1.UpdateSendResponse, error) {
	once, err := handler.IdempotencyOf("UpdateSend", m)
	if err != nil {
		return nil, err
	}
	u := sends.Update{
		ID: m.GetId(), ETag: m.GetEtag(), Channel: m.GetChannel(), SenderIdentity: m.GetSenderIdentity(), Subject: m.GetSubject(),
		ContentLink: m.GetContentLink(), ContentDigest: m.GetContentDigest(), ExpectedSize: m.GetExpectedSize(), Idempotency: once,
	}
	if u.From, u.Until, err = times(m); err != nil {
		return nil, err
	}
	if m.Priority != nil {
		priority := int(m.GetPriority())
		u.Priority = &priority
	}
	done, err := s.sends.UpdateSend(ctx, u)
	if err != nil {
		return nil, err
	}
	return &assentv1.UpdateSendResponse{Send: sendOf(&done.Send), AskedAgain: done.AskedAgain}, nil
}

// CommentSend says something about a send.
func (s *sendServer) CommentSend(ctx context.Context, m *assentv1.CommentSendRequest) (*assentv1.CommentSendResponse, error) {
	once, err := handler.IdempotencyOf("CommentSend", m)
	if err != nil {
		return nil, err
	}
	one, err := s.sends.CommentSend(ctx, m.GetId(), cmp.Or(m.GetKind(), "comment"), m.GetText(), once)
	if err != nil {
		return nil, err
	}
	return &assentv1.CommentSendResponse{Send: sendOf(&one)}, nil
}

// ClearSend clears a send.
func (s *sendServer) ClearSend(ctx context.Context, m *assentv1.ClearSendRequest) (*assentv1.ClearSendResponse, error) {
	once, err := handler.IdempotencyOf("ClearSend", m)
	if err != nil {
		return nil, err
	}
	one, err := s.sends.ClearSend(ctx, m.GetId(), m.GetReason(), once)
	if err != nil {
		return nil, err
	}
	return &assentv1.ClearSendResponse{Send: sendOf(&one)}, nil
}

// CancelSend cancels a send.
func (s *sendServer) CancelSend(ctx context.Context, m *assentv1.CancelSendRequest) (*assentv1.CancelSendResponse, error) {
	once, err := handler.IdempotencyOf("CancelSend", m)
	if err != nil {
		return nil, err
	}
	one, err := s.sends.CancelSend(ctx, m.GetId(), m.GetReason(), once)
	if err != nil {
		return nil, err
	}
	return &assentv1.CancelSendResponse{Send: sendOf(&one)}, nil
}

// StartSend notes that a send begins to go out.
func (s *sendServer) StartSend(ctx context.Context, m *assentv1.StartSendRequest) (*assentv1.StartSendResponse, error) {
	once, err := handler.IdempotencyOf("StartSend", m)
	if err != nil {
		return nil, err
	}
	one, err := s.sends.StartSend(ctx, m.GetId(), once)
	if err != nil {
		return nil, err
	}
	return &assentv1.StartSendResponse{Send: sendOf(&one)}, nil
}

// FinishSend notes that all of a send has gone out.
func (s *sendServer) FinishSend(ctx context.Context, m *assentv1.FinishSendRequest) (*assentv1.FinishSendResponse, error) {
	once, err := handler.IdempotencyOf("FinishSend", m)
	if err != nil {
		return nil, err
	}
	one, err := s.sends.FinishSend(ctx, m.GetId(), once)
	if err != nil {
		return nil, err
	}
	return &assentv1.FinishSendResponse{Send: sendOf(&one)}, nil
}
