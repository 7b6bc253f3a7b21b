package feedserver

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/changes"
)

// oneSnapshot is a feed with a snapshot of two parts.
type oneSnapshot struct {
	Feed

	read time.Time
}

func (x oneSnapshot) ExportSuppressions(_ context.Context, _ changes.Request, send func(changes.Part) error) error {
	page := changes.Page{Position: 7, Token: "token", Read: consent.InstantOf(x.read)}
	if err := send(changes.Part{Page: page, FoldVersion: 2, KeyID: "00ff"}); err != nil {
		return err
	}
	return send(changes.Part{Page: page, Complete: true})
}

// sent collects what is sent.
type sent struct {
	grpc.ServerStreamingServer[assentv1.ExportSuppressionsResponse]

	parts []*assentv1.ExportSuppressionsResponse
}

func (x *sent) Context() context.Context { return context.Background() }

func (x *sent) Send(m *assentv1.ExportSuppressionsResponse) error {
	x.parts = append(x.parts, m)
	return nil
}

func TestExportSuppressions_FirstMessage_NamesTheFoldingAndTheKey_AndEachTokenATime(t *testing.T) {
	read := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	s, stream := &feedServer{use: oneSnapshot{read: read}}, &sent{}
	if err := s.ExportSuppressions(&assentv1.ExportSuppressionsRequest{}, stream); err != nil {
		t.Fatal(err)
	}
	beat := &assentv1.Heartbeat{Position: 7, Token: "token", Time: timestamppb.New(read)}
	want := []*assentv1.ExportSuppressionsResponse{{Heartbeat: beat, FoldVersion: 2, KeyId: "00ff"}, {Heartbeat: beat, Complete: true}}
	if diff := cmp.Diff(want, stream.parts, protocmp.Transform()); diff != "" {
		t.Errorf("the messages (-want +got):\n%s", diff)
	}
}
