package feedserver

import (
	"context"
	"testing"

	"google.golang.org/grpc"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/changes"
)

// snapshotOf is a feed with a snapshot of one part.
type snapshotOf struct {
	Feed
	part changes.Part
}

func (s *snapshotOf) ExportSuppressions(_ context.Context, _ changes.Request, send func(changes.Part) error) error {
	return send(s.part)
}

// sent is a stream that keeps what is sent.
type sent struct {
	grpc.ServerStream
	messages []*assentv1.ExportSuppressionsResponse
}

func (s *sent) Context() context.Context { return context.Background() }

func (s *sent) Send(m *assentv1.ExportSuppressionsResponse) error {
	s.messages = append(s.messages, m)
	return nil
}

func TestExport_LargePart_IsSentInSmallMessages(t *testing.T) {
	part := changes.Part{Page: changes.Page{Token: "token"}, Complete: true}
	for range 2*maxChanges + 1 {
		part.Entries = append(part.Entries, changes.Entry{Change: changes.Added, Match: consent.FormExact, Address: "anna@example.com"})
	}
	var got sent
	server := &feedServer{use: &snapshotOf{part: part}}
	if err := server.ExportSuppressions(&assentv1.ExportSuppressionsRequest{}, &got); err != nil {
		t.Fatal(err)
	}
	if len(got.messages) != 3 {
		t.Fatalf("it sent %d messages", len(got.messages))
	}
	total := 0
	for i, m := range got.messages {
		total += len(m.GetChanges())
		if last := i == 2; len(m.GetChanges()) > maxChanges || m.GetComplete() != last || (m.GetHeartbeat() != nil) != last {
			t.Errorf("message %d has %d changes, complete %v, heartbeat %v", i, len(m.GetChanges()), m.GetComplete(), m.GetHeartbeat())
		}
	}
	if total != len(part.Entries) {
		t.Errorf("it sent %d changes, want %d", total, len(part.Entries))
	}
}
