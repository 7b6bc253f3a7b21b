package feedserver

import (
	"google.golang.org/grpc"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/service/changes"
)

// WatchChanges sends changes until the call ends.
func (s *feedServer) WatchChanges(m *assentv1.WatchChangesRequest, stream grpc.ServerStreamingServer[assentv1.WatchChangesResponse]) error {
	in := changes.Request{From: m.GetFrom(), Channels: m.GetChannels(), Kinds: kindsOf(m.GetKinds()), Consumer: m.GetConsumer()}
	return s.feed.WatchChanges(stream.Context(), in, func(page changes.Page) error {
		return stream.Send(&assentv1.WatchChangesResponse{Changes: messages(page.Entries), Heartbeat: heartbeat(&page)})
	})
}

// ExportSuppressions sends a snapshot.
func (s *feedServer) ExportSuppressions(
	m *assentv1.ExportSuppressionsRequest, stream grpc.ServerStreamingServer[assentv1.ExportSuppressionsResponse],
) error {
	in := changes.Request{Channels: m.GetChannels(), Kinds: kindsOf(m.GetKinds()), Consumer: m.GetConsumer()}
	return s.feed.ExportSuppressions(stream.Context(), in, func(part changes.Part) error {
		out := &assentv1.ExportSuppressionsResponse{Changes: messages(part.Entries), Complete: part.Complete}
		if part.Token != "" {
			out.Heartbeat = heartbeat(&part.Page)
		}
		for i := range part.Channels {
			out.Channels = append(out.Channels, channel(&part.Channels[i]))
		}
		return stream.Send(out)
	})
}

func channel(ch *feed.Channel) *assentv1.FeedChannel {
	m := &assentv1.FeedChannel{
		Id: ch.Channel, Class: string(ch.Class), Department: ch.Department, Controller: ch.Controller, SenderIdentity: ch.Sender,
		Refusable: ch.Refusable, Closed: string(ch.Closed),
	}
	for i := range ch.Honours {
		h := &ch.Honours[i]
		m.Honours = append(m.Honours, &assentv1.FeedChannel{
			Id: h.Channel, Class: string(h.Class), Department: h.Department, Controller: h.Controller, SenderIdentity: h.Sender,
		})
	}
	return m
}
