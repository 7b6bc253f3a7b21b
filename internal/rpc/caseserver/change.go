package caseserver

import (
	"context"

	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/rpc/handler"
	"github.com/assent-io/assent/internal/service/cases"
)

// changing is a request to change a case.
type changing interface {
	proto.Message
	GetId() string
	GetEtag() string
	GetRequestId() string
}

func changeOf(method string, m changing) (cases.Change, error) {
	once, err := handler.IdempotencyOf(method, m)
	return cases.Change{ID: m.GetId(), Etag: m.GetEtag(), Idempotency: once}, err
}

// AssignCase assigns a case.
func (s *caseServer) AssignCase(ctx context.Context, m *assentv1.AssignCaseRequest) (*assentv1.AssignCaseResponse, error) {
	change, err := changeOf("AssignCase", m)
	if err != nil {
		return nil, err
	}
	c, err := s.cases.AssignCase(ctx, change, m.GetAssignee())
	if err != nil {
		return nil, err
	}
	return &assentv1.AssignCaseResponse{Case: caseOf(&c)}, nil
}

// ResubmitCase puts a case aside.
func (s *caseServer) ResubmitCase(ctx context.Context, m *assentv1.ResubmitCaseRequest) (*assentv1.ResubmitCaseResponse, error) {
	change, err := changeOf("ResubmitCase", m)
	if err != nil {
		return nil, err
	}
	at, err := handler.Instant(m.GetResubmitTime(), "resubmitTime")
	if err != nil {
		return nil, err
	}
	c, err := s.cases.ResubmitCase(ctx, change, at, m.GetNote())
	if err != nil {
		return nil, err
	}
	return &assentv1.ResubmitCaseResponse{Case: caseOf(&c)}, nil
}

// ExtendCase extends the deadline of the law.
func (s *caseServer) ExtendCase(ctx context.Context, m *assentv1.ExtendCaseRequest) (*assentv1.ExtendCaseResponse, error) {
	change, err := changeOf("ExtendCase", m)
	if err != nil {
		return nil, err
	}
	informed, err := handler.Instant(m.GetInformedTime(), "informedTime")
	if err != nil {
		return nil, err
	}
	c, err := s.cases.ExtendCase(ctx, change, cases.Extension{Reason: m.GetReason(), Informed: informed})
	if err != nil {
		return nil, err
	}
	return &assentv1.ExtendCaseResponse{Case: caseOf(&c)}, nil
}

// CommentCase adds a note or an answer to a case.
func (s *caseServer) CommentCase(ctx context.Context, m *assentv1.CommentCaseRequest) (*assentv1.CommentCaseResponse, error) {
	change, err := changeOf("CommentCase", m)
	if err != nil {
		return nil, err
	}
	c, err := s.cases.CommentCase(ctx, change, m.GetText(), m.GetAnswer())
	if err != nil {
		return nil, err
	}
	return &assentv1.CommentCaseResponse{Case: caseOf(&c)}, nil
}

// HandOverCase hands a case over.
func (s *caseServer) HandOverCase(ctx context.Context, m *assentv1.HandOverCaseRequest) (*assentv1.HandOverCaseResponse, error) {
	change, err := changeOf("HandOverCase", m)
	if err != nil {
		return nil, err
	}
	c, err := s.cases.HandOverCase(ctx, change, cases.HandOver{
		Department: m.GetDepartment(), SenderInformed: casework.Informed(m.GetSenderInformed()), Reason: m.GetReason(),
	})
	if err != nil {
		return nil, err
	}
	return &assentv1.HandOverCaseResponse{Case: caseOf(&c)}, nil
}

// CloseCase closes a case.
func (s *caseServer) CloseCase(ctx context.Context, m *assentv1.CloseCaseRequest) (*assentv1.CloseCaseResponse, error) {
	change, err := changeOf("CloseCase", m)
	if err != nil {
		return nil, err
	}
	c, position, err := s.cases.CloseCase(ctx, change, cases.Closing{
		Outcome: casework.Outcome(m.GetOutcome()), Note: m.GetNote(), Objection: consent.Scope(m.GetObjectionScope()),
	})
	if err != nil {
		return nil, err
	}
	return &assentv1.CloseCaseResponse{Case: caseOf(&c), ObjectionPosition: position}, nil
}

// ReopenCase opens a closed case again.
func (s *caseServer) ReopenCase(ctx context.Context, m *assentv1.ReopenCaseRequest) (*assentv1.ReopenCaseResponse, error) {
	change, err := changeOf("ReopenCase", m)
	if err != nil {
		return nil, err
	}
	c, err := s.cases.ReopenCase(ctx, change, m.GetNote())
	if err != nil {
		return nil, err
	}
	return &assentv1.ReopenCaseResponse{Case: caseOf(&c)}, nil
}
