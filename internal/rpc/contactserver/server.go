// Package contactserver is the gRPC service of contacts: it turns messages into requests of package contacts and back.
package contactserver

import (
	"context"
	"fmt"

	"google.golang.org/grpc"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/rpc/handler"
	"github.com/assent-io/assent/internal/service/contacts"
)

// Contacts is told what became of messages.
type Contacts interface {
	ReportSent(ctx context.Context, send string, reports []contacts.Report) (contacts.Reported, error)
}

// Register registers the service with a server.
func Register(server grpc.ServiceRegistrar, use Contacts) {
	assentv1.RegisterContactServiceServer(server, &contactServer{contacts: use})
}

type contactServer struct {
	assentv1.UnimplementedContactServiceServer

	contacts Contacts
}

// ReportSent takes what became of one message.
func (s *contactServer) ReportSent(ctx context.Context, m *assentv1.ReportSentRequest) (*assentv1.ReportSentResponse, error) {
	one, err := reportOf(m.GetReport(), "report")
	if err != nil {
		return nil, err
	}
	done, err := s.contacts.ReportSent(ctx, m.GetSend(), []contacts.Report{one})
	if err != nil {
		return nil, err
	}
	if len(done.Failed) > 0 {
		return nil, done.Failed[0].Error
	}
	return &assentv1.ReportSentResponse{Changed: done.Changed > 0, NotKept: done.NotKept > 0}, nil
}

// BatchReportSent takes what became of many.
func (s *contactServer) BatchReportSent(
	ctx context.Context, m *assentv1.BatchReportSentRequest,
) (*assentv1.BatchReportSentResponse, error) {
	reports := make([]contacts.Report, len(m.GetReports()))
	for i, report := range m.GetReports() {
		var err error
		if reports[i], err = reportOf(report, fmt.Sprintf("reports[%d]", i)); err != nil {
			return nil, err
		}
	}
	done, err := s.contacts.ReportSent(ctx, m.GetSend(), reports)
	if err != nil {
		return nil, err
	}
	answer := &assentv1.BatchReportSentResponse{
		ChangedCount: int32(done.Changed), NotKeptCount: int32(done.NotKept), //nolint:gosec // At most as many as reports.
	}
	for _, f := range done.Failed {
		answer.Errors = append(answer.Errors, &assentv1.ContactReportError{
			Index: int32(f.Index), Reason: string(f.Code), Message: handler.ErrorText(f.Error), //nolint:gosec // As above.
		})
	}
	return answer, nil
}

func reportOf(m *assentv1.ContactReport, field string) (contacts.Report, error) {
	sent, err := handler.Instant(m.GetSentTime(), field+".sentTime")
	return contacts.Report{
		Address: m.GetAddress(), Released: m.GetOutcome() == assentv1.ContactOutcome_CONTACT_OUTCOME_RELEASED, Sent: sent,
	}, err
}
