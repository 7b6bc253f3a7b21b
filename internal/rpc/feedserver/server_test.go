package feedserver

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/service/changes"
)

// oneSnapshot is a feed with a snapshot of two parts, and one between them if it has entries.
type oneSnapshot struct {
	Feed

	read    time.Time
	entries []changes.Entry
}

func (x oneSnapshot) ExportSuppressions(_ context.Context, _ changes.Request, send func(changes.Part) error) error {
	page := changes.Page{Position: 7, Token: "token", Read: consent.InstantOf(x.read)}
	if err := send(changes.Part{Page: page, FoldVersion: 2, KeyID: "00ff"}); err != nil {
		return err
	}
	if len(x.entries) > 0 {
		if err := send(changes.Part{Page: changes.Page{Entries: x.entries}}); err != nil {
			return err
		}
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

func TestExportSuppressions_LargePage_IsCutBetweenAddresses(t *testing.T) {
	var entries []changes.Entry
	for i := range 2600 {
		entries = append(entries, changes.Entry{
			Change: changes.Added, Match: consent.FormFolded, Address: fmt.Sprintf("name%d@example.com", i/3), Order: uint64(i), Kind: feed.KindRefusal,
		})
	}
	stream := &sent{}
	if err := (&feedServer{use: oneSnapshot{entries: entries}}).ExportSuppressions(&assentv1.ExportSuppressionsRequest{}, stream); err != nil {
		t.Fatal(err)
	}
	var all []*assentv1.Change
	for i, part := range stream.parts {
		of := part.GetChanges()
		if len(of) > maxChanges+2 || part.GetComplete() != (i == len(stream.parts)-1) {
			t.Errorf("message %d has %d changes, complete %t", i, len(of), part.GetComplete())
		}
		if len(of) > 0 && len(all) > 0 && all[len(all)-1].GetAddress() == of[0].GetAddress() {
			t.Errorf("message %d begins in the middle of %s", i, of[0].GetAddress())
		}
		all = append(all, of...)
	}
	if diff := cmp.Diff(messages(entries), all, protocmp.Transform()); diff != "" || len(stream.parts) != 5 {
		t.Errorf("%d messages; all together (-want +got):\n%s", len(stream.parts), diff)
	}
}
