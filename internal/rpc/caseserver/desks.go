package caseserver

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/rpc/handler"
	"github.com/assent-io/assent/internal/service/cases/absences"
	"github.com/assent-io/assent/internal/service/cases/tally"
	"github.com/assent-io/assent/internal/service/notices"
)

// DraftAnswer drafts an answer.
func (s *caseServer) DraftAnswer(ctx context.Context, m *assentv1.DraftAnswerRequest) (*assentv1.DraftAnswerResponse, error) {
	d, err := s.cases.DraftAnswer(ctx, m.GetId(), m.GetLanguage())
	if err != nil {
		return nil, err
	}
	return &assentv1.DraftAnswerResponse{Subject: d.Subject, Text: d.Text, From: d.From}, nil
}

// GetCaseFigures returns figures.
func (s *caseServer) GetCaseFigures(ctx context.Context, m *assentv1.GetCaseFiguresRequest) (*assentv1.GetCaseFiguresResponse, error) {
	since, err := handler.Instant(m.GetSinceTime(), "sinceTime")
	if err != nil {
		return nil, err
	}
	before, err := handler.Instant(m.GetBeforeTime(), "beforeTime")
	if err != nil {
		return nil, err
	}
	f, err := s.cases.CaseFigures(ctx, since, before, m.GetDepartment())
	if err != nil {
		return nil, err
	}
	answer := &assentv1.GetCaseFiguresResponse{SinceTime: handler.Timestamp(f.Since), BeforeTime: handler.Timestamp(f.Before)}
	for i := range f.Desks {
		answer.Desks = append(answer.Desks, figuresOf(&f.Desks[i]))
	}
	for i := range f.Senders {
		answer.Senders = append(answer.Senders, figuresOf(&f.Senders[i]))
	}
	return answer, nil
}

func figuresOf(f *tally.Figures) *assentv1.CaseFigures {
	return &assentv1.CaseFigures{
		Department: f.Department, SenderIdentity: f.SenderIdentity, Cases: f.Cases, Answered: f.Answered, AnsweredSameDay: f.SameDay,
		AnsweredInTime: f.InTime, Overdue: f.Overdue, MedianAnswerTime: duration(f.Median), P90AnswerTime: duration(f.P90),
		Complaints: f.Complaints, ComplaintsAgainstSender: f.AgainstSender, Contacts: f.Contacts, ComplaintsPerThousand: f.PerThousand,
		Level: f.Level,
	}
}

func duration(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}

// ListDesks lists desks.
func (s *caseServer) ListDesks(ctx context.Context, m *assentv1.ListDesksRequest) (*assentv1.ListDesksResponse, error) {
	desks, err := s.cases.ListDesks(ctx, m.GetDepartment())
	if err != nil {
		return nil, err
	}
	answer := &assentv1.ListDesksResponse{}
	for i := range desks {
		d := &desks[i]
		shown := &assentv1.Desk{
			Department: d.Department, Mailboxes: d.Mailboxes, Hours: d.Hours, OpenCases: d.Open, OverdueCases: d.Overdue,
		}
		for _, member := range d.Members {
			shown.Members = append(shown.Members, &assentv1.DeskMember{
				Id: member.ID, Email: member.Email, AwayUntilTime: handler.Timestamp(member.AwayUntil), Deputy: member.Deputy,
			})
		}
		answer.Desks = append(answer.Desks, shown)
	}
	return answer, nil
}

// CreateAbsence says that a member is away.
func (s *caseServer) CreateAbsence(ctx context.Context, m *assentv1.CreateAbsenceRequest) (*assentv1.CreateAbsenceResponse, error) {
	once, err := handler.IdempotencyOf("CreateAbsence", m)
	if err != nil {
		return nil, err
	}
	from, err := handler.Instant(m.GetFromTime(), "fromTime")
	if err != nil {
		return nil, err
	}
	until, err := handler.Instant(m.GetUntilTime(), "untilTime")
	if err != nil {
		return nil, err
	}
	a, err := s.cases.CreateAbsence(ctx, absences.NewAbsence{
		Department: m.GetDepartment(), Member: m.GetMember(), From: from, Until: until, Deputy: m.GetDeputy(), Idempotency: once,
	})
	if err != nil {
		return nil, err
	}
	return &assentv1.CreateAbsenceResponse{Absence: absenceOf(&a)}, nil
}

func absenceOf(a *absences.Absence) *assentv1.Absence {
	return &assentv1.Absence{
		Id: a.ID, Department: a.Department, Member: a.Member, FromTime: handler.Timestamp(a.From), UntilTime: handler.Timestamp(a.Until),
		Deputy: a.Deputy, CreatedTime: handler.Timestamp(a.Created), CreatedBy: a.CreatedBy,
	}
}

// ListAbsences lists absences.
func (s *caseServer) ListAbsences(ctx context.Context, m *assentv1.ListAbsencesRequest) (*assentv1.ListAbsencesResponse, error) {
	page, err := s.cases.ListAbsences(ctx, m.GetDepartment(), handler.PageSize(m.GetPageSize()), m.GetPageToken())
	if err != nil {
		return nil, err
	}
	answer := &assentv1.ListAbsencesResponse{NextPageToken: page.Next}
	for i := range page.Absences {
		answer.Absences = append(answer.Absences, absenceOf(&page.Absences[i]))
	}
	return answer, nil
}

// DeleteAbsence deletes an absence.
func (s *caseServer) DeleteAbsence(ctx context.Context, m *assentv1.DeleteAbsenceRequest) (*assentv1.DeleteAbsenceResponse, error) {
	once, err := handler.IdempotencyOf("DeleteAbsence", m)
	if err != nil {
		return nil, err
	}
	if err := s.cases.DeleteAbsence(ctx, m.GetId(), once); err != nil {
		return nil, err
	}
	return &assentv1.DeleteAbsenceResponse{}, nil
}

type noticeServer struct {
	assentv1.UnimplementedNoticeServiceServer

	notices Notices
}

// ListNotices lists notices.
func (s *noticeServer) ListNotices(ctx context.Context, m *assentv1.ListNoticesRequest) (*assentv1.ListNoticesResponse, error) {
	page, err := s.notices.ListNotices(ctx, notices.Filter{
		Department: m.GetDepartment(), Recipient: m.GetRecipient(),
	}, handler.PageSize(m.GetPageSize()), m.GetPageToken())
	if err != nil {
		return nil, err
	}
	answer := &assentv1.ListNoticesResponse{NextPageToken: page.Next}
	for i := range page.Notices {
		n := &page.Notices[i]
		answer.Notices = append(answer.Notices, &assentv1.Notice{
			Id: n.ID, Audience: string(n.Audience), Recipient: n.Recipient, Department: n.Department, Kind: n.Kind, Resource: n.Resource,
			CreatedTime: handler.Timestamp(n.Created), ToldTime: handler.Timestamp(n.Told),
		})
	}
	return answer, nil
}
