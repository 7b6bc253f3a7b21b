package sendserver

import (
	"context"

	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/rpc/handler"
	"github.com/assent-io/assent/internal/service/sends"
)

// calendarPath is the path of the calendars, before the token.
const calendarPath = "/v1/sends.ics?token="

// windowed is a message that names a window.
type windowed interface {
	GetFromTime() *timestamppb.Timestamp
	GetUntilTime() *timestamppb.Timestamp
}

// times returns the window that a message names.
func times(m windowed) (from, until consent.Instant, err error) {
	if from, err = handler.Instant(m.GetFromTime(), "fromTime"); err != nil {
		return 0, 0, err
	}
	until, err = handler.Instant(m.GetUntilTime(), "untilTime")
	return from, until, err
}

// loadOf returns what is known of the cases that a send would bring; nil: nothing is.
func (s *sendServer) loadOf(ctx context.Context, send *sends.Send) (*assentv1.SendLoad, error) {
	l, err := s.sends.LoadOf(ctx, send)
	if err != nil || l == nil {
		return nil, err
	}
	shown := &assentv1.SendLoad{
		AnswerCapacity: l.Capacity, WorkingDays: l.Days, Waiting: l.Waiting, Recipients: l.Recipients, Contacts: l.Contacts, Cases: l.Cases,
		OverCapacity: l.Over(),
	}
	if expected, known := l.Expected(); known {
		shown.ExpectedCases = &expected
	}
	return shown, nil
}

func sendOf(s *sends.Send) *assentv1.Send {
	return &assentv1.Send{
		Id: s.ID, Channel: s.Channel, SenderIdentity: s.SenderIdentity, Department: s.Department, Subject: s.Subject, ContentLink: s.ContentLink,
		ContentDigest: s.ContentDigest, FromTime: handler.Timestamp(consent.Instant(s.From)), UntilTime: handler.Timestamp(consent.Instant(s.Until)),
		ExpectedSize: s.ExpectedSize, Priority: int32(s.Priority), State: string(s.State), Cleared: s.IsCleared, //nolint:gosec // 0 to 100.
		CommentUntilTime: handler.Timestamp(consent.Instant(s.CommentUntil)), Objections: int32(s.Objections), //nolint:gosec // One a department.
		ClearedTime: handler.Timestamp(consent.Instant(s.ClearedTime)), ClearedBy: string(s.ClearedBy), CreatedTime: handler.Timestamp(s.Created),
		CreatedBy: s.CreatedBy, ChangedBy: s.ChangedBy, UpdatedTime: handler.Timestamp(s.Updated), StartedTime: handler.Timestamp(s.Started),
		EndedTime: handler.Timestamp(s.Ended), Preview: previewOf(s.Preview), Etag: s.ETag,
	}
}

func previewOf(p *sends.Preview) *assentv1.SendPreview {
	if p == nil {
		return nil
	}
	shown := &assentv1.SendPreview{
		PreviewTime: handler.Timestamp(p.Time), Recipients: p.Recipients, Invalid: p.Invalid, Repeated: p.Repeated, NeverAsked: p.NeverAsked,
		Denied: p.Denied, OverCapNow: p.OverNow, OverCapIfAllGoOut: p.OverAll, Leavers: p.Leavers, Kept: p.Kept,
	}
	for _, o := range p.Overlaps {
		shown.Overlaps = append(shown.Overlaps, &assentv1.SendOverlap{
			Department: o.Department, Send: o.Other, Recipients: o.Overlap, OverCapNow: o.OverNow, OverCapIfAllGoOut: o.OverAll, Leavers: o.Leavers,
		})
	}
	return shown
}

// CreateSendCalendar creates a calendar.
func (s *sendServer) CreateSendCalendar(
	ctx context.Context, m *assentv1.CreateSendCalendarRequest,
) (*assentv1.CreateSendCalendarResponse, error) {
	once, err := handler.IdempotencyOf("CreateSendCalendar", m)
	if err != nil {
		return nil, err
	}
	created, err := s.sends.CreateSendCalendar(ctx, m.GetId(), once)
	if err != nil {
		return nil, err
	}
	answer := &assentv1.CreateSendCalendarResponse{Calendar: calendarOf(&created.Calendar)}
	if created.Token != "" {
		answer.Path = calendarPath + created.Token
	}
	return answer, nil
}

// ListSendCalendars lists the calendars.
func (s *sendServer) ListSendCalendars(
	ctx context.Context, m *assentv1.ListSendCalendarsRequest,
) (*assentv1.ListSendCalendarsResponse, error) {
	page, err := s.sends.ListSendCalendars(ctx, handler.PageSize(m.GetPageSize()), m.GetPageToken())
	if err != nil {
		return nil, err
	}
	answer := &assentv1.ListSendCalendarsResponse{NextPageToken: page.Next}
	for i := range page.Calendars {
		answer.Calendars = append(answer.Calendars, calendarOf(&page.Calendars[i]))
	}
	return answer, nil
}

// RevokeSendCalendar revokes a calendar.
func (s *sendServer) RevokeSendCalendar(
	ctx context.Context, m *assentv1.RevokeSendCalendarRequest,
) (*assentv1.RevokeSendCalendarResponse, error) {
	once, err := handler.IdempotencyOf("RevokeSendCalendar", m)
	if err != nil {
		return nil, err
	}
	one, err := s.sends.RevokeSendCalendar(ctx, m.GetId(), once)
	if err != nil {
		return nil, err
	}
	return &assentv1.RevokeSendCalendarResponse{Calendar: calendarOf(&one)}, nil
}

func calendarOf(c *sends.Calendar) *assentv1.SendCalendar {
	return &assentv1.SendCalendar{
		Id: c.ID, Department: c.Department, CreatedTime: handler.Timestamp(c.Created), CreatedBy: c.CreatedBy, RevokedTime: handler.Timestamp(c.Revoked),
	}
}
