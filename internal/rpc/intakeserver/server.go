// Package intakeserver is the gRPC service of what comes back: it turns messages into requests of package intake and back.
package intakeserver

import (
	"bytes"
	"context"

	"google.golang.org/grpc"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/intake/mail"
	"github.com/assent-io/assent/internal/rpc/handler"
	"github.com/assent-io/assent/internal/service/cases"
	"github.com/assent-io/assent/internal/service/intake"
)

// Intake takes what comes back.
type Intake interface {
	SubmitMail(ctx context.Context, m *intake.Mail) (*intake.Result, error)
	ListHints(ctx context.Context, state string, size int, pageToken string) (intake.Page, error)
	GetHint(ctx context.Context, id string) (intake.Hint, error)
	AcceptHint(ctx context.Context, id, channel string) (intake.Hint, []intake.Record, error)
	DismissHint(ctx context.Context, id string) (intake.Hint, error)
}

// Register registers the service with a server.
func Register(server grpc.ServiceRegistrar, use Intake) {
	assentv1.RegisterIntakeServiceServer(server, &intakeServer{intake: use})
}

type intakeServer struct {
	assentv1.UnimplementedIntakeServiceServer

	intake Intake
}

// source is the way of the mails that calls bring, in the figures.
const source = "api"

// SubmitMail reads a mail.
func (s *intakeServer) SubmitMail(ctx context.Context, m *assentv1.SubmitMailRequest) (*assentv1.SubmitMailResponse, error) {
	got, err := s.intake.SubmitMail(ctx, &intake.Mail{
		Envelope: mail.Envelope{From: m.GetEnvelopeFrom(), To: m.GetEnvelopeTo()}, Body: bytes.NewReader(m.GetMail()), Source: source,
		DryRun: m.GetValidateOnly(),
	})
	if err != nil {
		return nil, err
	}
	answer := &assentv1.SubmitMailResponse{Kind: string(got.Kind), Why: got.Why}
	for i := range got.Recipients {
		r := &got.Recipients[i]
		answer.Reports = append(answer.Reports, &assentv1.MailReport{
			Address: r.Address, Kind: string(r.Kind), Class: string(r.Class), Status: r.Status, Rule: r.Rule, Outcome: string(r.Outcome), Why: r.Why,
			Records: recordsOf(r.Records),
		})
	}
	if c := got.Case; c != nil && c.Outcome != cases.MailNone {
		answer.Case = &assentv1.MailCase{
			Id: c.Number, Outcome: c.Outcome, Kind: string(c.Kind), Department: c.Department, Evidence: string(c.Evidence),
		}
	}
	return answer, nil
}

// ListHints lists hints.
func (s *intakeServer) ListHints(ctx context.Context, m *assentv1.ListHintsRequest) (*assentv1.ListHintsResponse, error) {
	page, err := s.intake.ListHints(ctx, m.GetState(), handler.PageSize(m.GetPageSize()), m.GetPageToken())
	if err != nil {
		return nil, err
	}
	answer := &assentv1.ListHintsResponse{NextPageToken: page.Next}
	for i := range page.Hints {
		answer.Hints = append(answer.Hints, hintOf(&page.Hints[i]))
	}
	return answer, nil
}

// GetHint returns a hint.
func (s *intakeServer) GetHint(ctx context.Context, m *assentv1.GetHintRequest) (*assentv1.GetHintResponse, error) {
	h, err := s.intake.GetHint(ctx, m.GetId())
	if err != nil {
		return nil, err
	}
	return &assentv1.GetHintResponse{Hint: hintOf(&h)}, nil
}

// AcceptHint accepts a hint.
func (s *intakeServer) AcceptHint(ctx context.Context, m *assentv1.AcceptHintRequest) (*assentv1.AcceptHintResponse, error) {
	h, records, err := s.intake.AcceptHint(ctx, m.GetId(), m.GetChannel())
	if err != nil {
		return nil, err
	}
	return &assentv1.AcceptHintResponse{Hint: hintOf(&h), Records: recordsOf(records)}, nil
}

// DismissHint dismisses a hint.
func (s *intakeServer) DismissHint(ctx context.Context, m *assentv1.DismissHintRequest) (*assentv1.DismissHintResponse, error) {
	h, err := s.intake.DismissHint(ctx, m.GetId())
	if err != nil {
		return nil, err
	}
	return &assentv1.DismissHintResponse{Hint: hintOf(&h)}, nil
}

func recordsOf(records []intake.Record) []*assentv1.IntakeRecord {
	var list []*assentv1.IntakeRecord
	for i := range records {
		r := &records[i]
		list = append(list, &assentv1.IntakeRecord{
			Verb: r.Verb, Reason: string(r.Reason), Scope: string(r.Scope), Channel: r.Channel, Time: handler.Timestamp(r.Time), Hint: r.Hint,
		})
	}
	return list
}

func hintOf(h *intake.Hint) *assentv1.Hint {
	return &assentv1.Hint{
		Id: h.ID, Address: h.Address, Kind: string(h.Kind), Class: string(h.Class), Status: h.Status, Rule: h.Rule, Text: h.Text,
		Source: h.Source, Cause: string(h.Cause), Channel: h.Channel, Department: h.Department, ReportTime: handler.Timestamp(h.Time),
		ReceivedTime: handler.Timestamp(h.Received), State: h.State, DecidedTime: handler.Timestamp(h.Decided), DecidedBy: h.DecidedBy,
	}
}
