package listserver

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/extlist"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/rpc/handler"
	"github.com/assent-io/assent/internal/service/extlists"
)

// Lists manages external lists.
type Lists interface {
	CreateList(ctx context.Context, n extlists.NewList) (extlists.List, error)
	GetList(ctx context.Context, id string) (extlists.List, error)
	ListLists(ctx context.Context, size int, pageToken string) (extlists.Page, error)
	UploadVersion(ctx context.Context, in extlists.Upload) (extlists.Version, error)
	Questions(ctx context.Context, id string, send func([]extlists.Question) error) error
	ActivateVersion(ctx context.Context, in extlists.Activate) (extlists.Activated, error)
}

// Register registers the service with a server.
func Register(server grpc.ServiceRegistrar, use Lists) {
	assentv1.RegisterExternalListServiceServer(server, &listServer{lists: use})
}

type listServer struct {
	assentv1.UnimplementedExternalListServiceServer

	lists Lists
}

// CreateExternalList creates a list.
func (s *listServer) CreateExternalList(
	ctx context.Context, m *assentv1.CreateExternalListRequest,
) (*assentv1.CreateExternalListResponse, error) {
	once, err := handler.IdempotencyOf("CreateExternalList", m)
	if err != nil {
		return nil, err
	}
	l, err := s.lists.CreateList(ctx, extlists.NewList{
		ID: m.GetId(), Name: m.GetName(), Binds: consent.Binds(m.GetBinds()), Form: extlist.Form(m.GetForm()), Freshness: m.GetFreshness(),
		WhenStale: m.GetWhenStale(), Idempotency: once,
	})
	if err != nil {
		return nil, err
	}
	return &assentv1.CreateExternalListResponse{List: listOf(&l)}, nil
}

// GetExternalList returns a list.
func (s *listServer) GetExternalList(ctx context.Context, m *assentv1.GetExternalListRequest) (*assentv1.GetExternalListResponse, error) {
	l, err := s.lists.GetList(ctx, m.GetId())
	if err != nil {
		return nil, err
	}
	return &assentv1.GetExternalListResponse{List: listOf(&l)}, nil
}

// ListExternalLists lists the lists.
func (s *listServer) ListExternalLists(
	ctx context.Context, m *assentv1.ListExternalListsRequest,
) (*assentv1.ListExternalListsResponse, error) {
	page, err := s.lists.ListLists(ctx, handler.PageSize(m.GetPageSize()), m.GetPageToken())
	if err != nil {
		return nil, err
	}
	answer := &assentv1.ListExternalListsResponse{NextPageToken: page.Next}
	for i := range page.Lists {
		answer.Lists = append(answer.Lists, listOf(&page.Lists[i]))
	}
	return answer, nil
}

// UploadExternalListVersion stores a version, which comes in parts.
func (s *listServer) UploadExternalListVersion(stream assentv1.ExternalListService_UploadExternalListVersionServer) error {
	first, err := stream.Recv()
	if errors.Is(err, io.EOF) {
		return fault.Errorf(fault.InvalidRequest, "list", "the first message names the list")
	}
	if err != nil {
		return err
	}
	once, err := handler.IdempotencyOf("UploadExternalListVersion", first)
	if err != nil {
		return err
	}
	obtained, err := handler.Instant(first.GetObtainedTime(), "obtainedTime")
	if err != nil {
		return err
	}
	v, err := s.lists.UploadVersion(stream.Context(), extlists.Upload{
		List: first.GetList(), Obtained: obtained, File: &parts{stream: stream, rest: first.GetPart()},
		Idempotency: once,
	})
	if err != nil {
		return err
	}
	return stream.SendAndClose(&assentv1.UploadExternalListVersionResponse{Version: versionOf(&v)})
}

// parts are the parts of an upload as one file.
type parts struct {
	stream assentv1.ExternalListService_UploadExternalListVersionServer
	rest   []byte
}

// Read reads the file.
func (p *parts) Read(into []byte) (int, error) {
	for len(p.rest) == 0 {
		m, err := p.stream.Recv()
		if err != nil {
			return 0, err // io.EOF at the end.
		}
		if m.GetList() != "" || m.GetObtainedTime() != nil || m.GetRequestId() != "" {
			return 0, fault.Errorf(fault.InvalidRequest, "list", "only the first message says what is uploaded; the others have a part of the file")
		}
		p.rest = m.GetPart()
	}
	n := copy(into, p.rest)
	p.rest = p.rest[n:]
	return n, nil
}

// ExportExternalListQuestions sends what the keeper of a list is to be asked.
func (s *listServer) ExportExternalListQuestions(
	m *assentv1.ExportExternalListQuestionsRequest, stream assentv1.ExternalListService_ExportExternalListQuestionsServer,
) error {
	return s.lists.Questions(stream.Context(), m.GetList(), func(questions []extlists.Question) error {
		part := &assentv1.ExportExternalListQuestionsResponse{}
		for _, q := range questions {
			one := &assentv1.ExternalListQuestion{}
			for i := range q {
				one.Digests = append(one.Digests, q[i][:])
			}
			part.Questions = append(part.Questions, one)
		}
		return stream.Send(part)
	})
}

// ActivateExternalListVersion brings a version into force.
func (s *listServer) ActivateExternalListVersion(
	ctx context.Context, m *assentv1.ActivateExternalListVersionRequest,
) (*assentv1.ActivateExternalListVersionResponse, error) {
	once, err := handler.IdempotencyOf("ActivateExternalListVersion", m)
	if err != nil {
		return nil, err
	}
	done, err := s.lists.ActivateVersion(ctx, extlists.Activate{
		List: m.GetList(), Version: m.GetVersion(), Confirm: m.GetConfirm(), Idempotency: once,
	})
	if err != nil {
		return nil, err
	}
	return &assentv1.ActivateExternalListVersionResponse{
		Version: versionOf(&done.Version), Position: done.Position, Unchanged: done.Unchanged,
	}, nil
}

func listOf(l *extlists.List) *assentv1.ExternalList {
	out := &assentv1.ExternalList{
		Id: l.ID, Name: l.Name, Binds: string(l.Binds), Form: string(l.Form), WhenStale: extlists.WhenStaleIgnore,
		CreatedTime: handler.Timestamp(l.Created), CreatedBy: l.CreatedBy, ActiveVersion: l.Active,
	}
	if !l.Freshness.IsZero() {
		out.Freshness = l.Freshness.String()
	}
	if l.StaleDenies {
		out.WhenStale = extlists.WhenStaleDeny
	}
	for i := range l.Versions {
		out.Versions = append(out.Versions, versionOf(&l.Versions[i]))
	}
	return out
}

func versionOf(v *extlists.Version) *assentv1.ExternalListVersion {
	return &assentv1.ExternalListVersion{
		List: v.List, Version: v.Version, Sha256: v.SHA256[:], Entries: v.Entries, Asked: v.Asked, ObtainedTime: handler.Timestamp(v.Obtained),
		UploadedTime: handler.Timestamp(v.Uploaded), UploadedBy: v.UploadedBy, ActivatedTime: handler.Timestamp(v.Activated),
		ActivatedPosition: v.Position, StaleTime: handler.Timestamp(v.Stale),
	}
}
