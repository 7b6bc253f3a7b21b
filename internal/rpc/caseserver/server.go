// Package caseserver is the gRPC services of cases, desks and notices: it turns messages into requests of packages cases and notices and back.
package caseserver

import (
	"context"
	"time"

	"google.golang.org/grpc"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/casework"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/rpc/handler"
	"github.com/assent-io/assent/internal/service/cases"
	"github.com/assent-io/assent/internal/service/cases/absences"
	"github.com/assent-io/assent/internal/service/cases/figures"
	"github.com/assent-io/assent/internal/service/notices"
	"github.com/assent-io/assent/internal/service/txn"
)

// Cases keeps cases.
type Cases interface {
	OpenCase(ctx context.Context, n cases.NewCase) (cases.Case, error)
	GetCase(ctx context.Context, number string) (cases.Opened, error)
	ListCases(ctx context.Context, f cases.Filter, size int, pageToken string) (cases.Page, error)
	AssignCase(ctx context.Context, c cases.Change, assignee string) (cases.Case, error)
	ResubmitCase(ctx context.Context, c cases.Change, at consent.Instant, note string) (cases.Case, error)
	ExtendCase(ctx context.Context, c cases.Change, e cases.Extension) (cases.Case, error)
	CommentCase(ctx context.Context, c cases.Change, text string, answer bool) (cases.Case, error)
	HandOverCase(ctx context.Context, c cases.Change, h cases.HandOver) (cases.Case, error)
	CloseCase(ctx context.Context, c cases.Change, closing cases.Closing) (cases.Case, int64, error)
	ReopenCase(ctx context.Context, c cases.Change, note string) (cases.Case, error)
	DraftAnswer(ctx context.Context, number, language string) (cases.Draft, error)
	CaseFigures(ctx context.Context, since, before consent.Instant, department string) (figures.Figures, error)
	ListDesks(ctx context.Context, department string) ([]cases.Desk, error)
	CreateAbsence(ctx context.Context, n absences.NewAbsence) (absences.Absence, error)
	ListAbsences(ctx context.Context, department string, size int, pageToken string) (absences.Page, error)
	DeleteAbsence(ctx context.Context, id string, once txn.Idempotency) error
}

// Notices lists notices.
type Notices interface {
	ListNotices(ctx context.Context, f notices.Filter, size int, pageToken string) (notices.Page, error)
}

// UseCases are all that the services need.
type UseCases interface {
	Cases
	Notices
}

// Register registers the services with a server.
func Register(server grpc.ServiceRegistrar, use UseCases) {
	assentv1.RegisterCaseServiceServer(server, &caseServer{cases: use, speaks: handler.NewLanguages()})
	assentv1.RegisterNoticeServiceServer(server, &noticeServer{notices: use})
}

type caseServer struct {
	assentv1.UnimplementedCaseServiceServer

	cases  Cases
	speaks handler.Languages
}

// OpenCase opens a case.
func (s *caseServer) OpenCase(ctx context.Context, m *assentv1.OpenCaseRequest) (*assentv1.OpenCaseResponse, error) {
	once, err := handler.IdempotencyOf("OpenCase", m)
	if err != nil {
		return nil, err
	}
	received, err := handler.Instant(m.GetReceivedTime(), "receivedTime")
	if err != nil {
		return nil, err
	}
	due, err := handler.Instant(m.GetDueTime(), "dueTime")
	if err != nil {
		return nil, err
	}
	c, err := s.cases.OpenCase(ctx, cases.NewCase{
		Kind: casework.Kind(m.GetKind()), Address: m.GetAddress(), Subject: m.GetSubject(), Text: m.GetText(), Received: received,
		Channel: m.GetChannel(), SenderIdentity: m.GetSenderIdentity(), Department: m.GetDepartment(), Assignee: m.GetAssignee(),
		Personal: m.GetPersonal(), Due: due, Idempotency: once,
	})
	if err != nil {
		return nil, err
	}
	return &assentv1.OpenCaseResponse{Case: caseOf(&c)}, nil
}

// GetCase returns a case.
func (s *caseServer) GetCase(ctx context.Context, m *assentv1.GetCaseRequest) (*assentv1.GetCaseResponse, error) {
	opened, err := s.cases.GetCase(ctx, m.GetId())
	if err != nil {
		return nil, err
	}
	answer := &assentv1.GetCaseResponse{Case: caseOf(&opened.Case), OffersObjection: opened.OffersObjection}
	for i := range opened.Entries {
		e := &opened.Entries[i]
		answer.Entries = append(answer.Entries, &assentv1.CaseEntry{
			Number: int32(e.Number), Time: handler.Timestamp(e.Time), Author: e.Author, Kind: e.Kind, Text: e.Text, //nolint:gosec // It is small.
		})
	}
	if opened.Recipient == nil {
		return answer, nil
	}
	lang := s.speaks.Of(ctx)
	for i := range opened.Recipient.Channels {
		answer.Channels = append(answer.Channels, handler.ChannelState(&opened.Recipient.Channels[i], lang))
	}
	for i := range opened.Recipient.Suppressions {
		answer.Suppressions = append(answer.Suppressions, handler.ActiveSuppression(&opened.Recipient.Suppressions[i]))
	}
	return answer, nil
}

// ListCases lists cases.
func (s *caseServer) ListCases(ctx context.Context, m *assentv1.ListCasesRequest) (*assentv1.ListCasesResponse, error) {
	page, err := s.cases.ListCases(ctx, cases.Filter{
		Department: m.GetDepartment(), Assignee: m.GetAssignee(), State: casework.State(m.GetState()), Overdue: m.GetOverdue(),
	}, handler.PageSize(m.GetPageSize()), m.GetPageToken())
	if err != nil {
		return nil, err
	}
	answer := &assentv1.ListCasesResponse{NextPageToken: page.Next}
	for i := range page.Cases {
		answer.Cases = append(answer.Cases, caseOf(&page.Cases[i]))
	}
	return answer, nil
}

func caseOf(c *cases.Case) *assentv1.Case {
	shown := &assentv1.Case{
		Id: c.ID, Kind: string(c.Kind), State: string(c.State), Origin: string(c.Origin), Department: c.Department, Assignee: c.Assignee,
		Deputy: c.Deputy, Address: c.Address, Subject: c.Subject, Text: c.Text, Channel: c.Channel, SenderIdentity: c.SenderIdentity,
		Mailbox: c.Mailbox, Personal: c.Personal, ReceivedTime: handler.Timestamp(c.Received), OpenedTime: handler.Timestamp(c.Opened),
		DueTime: handler.Timestamp(c.Due), DueRule: c.DueRule, LawDueTime: handler.Timestamp(c.LawDue), LawDueRule: c.LawDueRule,
		ResubmitTime: handler.Timestamp(c.Resubmit), FirstAnsweredTime: handler.Timestamp(c.Answered), ClosedTime: handler.Timestamp(c.Closed),
		Outcome: string(c.Outcome), SenderInformed: c.SenderInformed, Etag: c.Etag,
	}
	for i := range c.Candidates {
		one := &c.Candidates[i]
		shown.Candidates = append(shown.Candidates, &assentv1.CaseCandidate{
			Department: one.Department, Channel: one.Channel, SenderIdentity: one.SenderIdentity, Send: one.Send,
			Time: handler.Timestamp(instantOf(one.Time)), Evidence: string(one.Evidence),
		})
	}
	return shown
}

func instantOf(t time.Time) consent.Instant {
	if t.IsZero() {
		return 0
	}
	return consent.InstantOf(t)
}
