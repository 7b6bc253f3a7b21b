package feedserver

import (
	"context"

	"google.golang.org/grpc"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/service/changes"
)

// maxChanges is how many changes one message of a watcher or a snapshot has at most.
const maxChanges = 1000

// Feed tells what changed.
type Feed interface {
	ListChanges(ctx context.Context, in changes.Request) (changes.Page, error)
	WatchChanges(ctx context.Context, in changes.Request, send func(changes.Page) error) error
	ExportSuppressions(ctx context.Context, in changes.Request, send func(changes.Part) error) error
}

// Register registers the service with a server.
func Register(server grpc.ServiceRegistrar, use Feed) {
	assentv1.RegisterFeedServiceServer(server, &feedServer{use: use})
}

type feedServer struct {
	assentv1.UnimplementedFeedServiceServer
	use Feed
}

// ListChanges returns a page of changes.
func (s *feedServer) ListChanges(ctx context.Context, m *assentv1.ListChangesRequest) (*assentv1.ListChangesResponse, error) {
	page, err := s.use.ListChanges(ctx, changes.Request{
		From: m.GetFrom(), Channels: m.GetChannels(), Kinds: kindsOf(m.GetKinds()), Consumer: m.GetConsumer(), Size: int(m.GetPageSize()),
	})
	if err != nil {
		return nil, err
	}
	return &assentv1.ListChangesResponse{Changes: messages(page.Entries), Heartbeat: heartbeat(&page)}, nil
}

// WatchChanges sends changes as they come.
func (s *feedServer) WatchChanges(m *assentv1.WatchChangesRequest, stream grpc.ServerStreamingServer[assentv1.WatchChangesResponse]) error {
	in := changes.Request{From: m.GetFrom(), Channels: m.GetChannels(), Kinds: kindsOf(m.GetKinds()), Consumer: m.GetConsumer()}
	return s.use.WatchChanges(stream.Context(), in, func(p changes.Page) error {
		for len(p.Entries) > maxChanges { // A token does not stand between them.
			if err := stream.Send(&assentv1.WatchChangesResponse{Changes: messages(p.Entries[:maxChanges])}); err != nil {
				return err
			}
			p.Entries = p.Entries[maxChanges:]
		}
		return stream.Send(&assentv1.WatchChangesResponse{Changes: messages(p.Entries), Heartbeat: heartbeat(&p)})
	})
}

// ExportSuppressions sends a snapshot.
func (s *feedServer) ExportSuppressions(
	m *assentv1.ExportSuppressionsRequest, stream grpc.ServerStreamingServer[assentv1.ExportSuppressionsResponse],
) error {
	in := changes.Request{Channels: m.GetChannels(), Kinds: kindsOf(m.GetKinds()), Consumer: m.GetConsumer()}
	return s.use.ExportSuppressions(stream.Context(), in, func(p changes.Part) error {
		for len(p.Entries) > maxChanges {
			if err := stream.Send(&assentv1.ExportSuppressionsResponse{Changes: messages(p.Entries[:maxChanges])}); err != nil {
				return err
			}
			p.Entries = p.Entries[maxChanges:]
		}
		part := &assentv1.ExportSuppressionsResponse{Changes: messages(p.Entries), Complete: p.Complete}
		if p.Token != "" {
			part.Heartbeat = heartbeat(&p.Page)
		}
		for i := range p.Channels {
			part.Channels = append(part.Channels, channel(&p.Channels[i]))
		}
		return stream.Send(part)
	})
}

// kindsOf returns kinds of rules. That of an erased address is always told, so it is no filter.
func kindsOf(kinds []assentv1.RuleKind) []feed.Kind {
	var list []feed.Kind
	for _, kind := range kinds {
		switch kind {
		case assentv1.RuleKind_RULE_KIND_GRANT:
			list = append(list, feed.KindGrant)
		case assentv1.RuleKind_RULE_KIND_REOPENING:
			list = append(list, feed.KindReopening)
		case assentv1.RuleKind_RULE_KIND_REFUSAL:
			list = append(list, feed.KindRefusal)
		case assentv1.RuleKind_RULE_KIND_SUPPRESSION:
			list = append(list, feed.KindSuppression)
		case assentv1.RuleKind_RULE_KIND_ADDRESS:
			list = append(list, changes.KindAddress)
		case assentv1.RuleKind_RULE_KIND_UNSPECIFIED: // refused by the rules of the message
		}
	}
	return list
}
