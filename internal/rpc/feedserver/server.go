package feedserver

import (
	"context"

	"google.golang.org/grpc"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/service/changes"
)

// Feed tells what changed.
type Feed interface {
	ListChanges(ctx context.Context, in changes.Request) (changes.Page, error)
	WatchChanges(ctx context.Context, in changes.Request, send func(changes.Page) error) error
	ExportSuppressions(ctx context.Context, in changes.Request, send func(changes.Part) error) error
}

// Register registers the service with a server.
func Register(server grpc.ServiceRegistrar, feed Feed) {
	assentv1.RegisterFeedServiceServer(server, &feedServer{feed: feed})
}

type feedServer struct {
	assentv1.UnimplementedFeedServiceServer
	feed Feed
}

// ListChanges returns a page of changes.
func (s *feedServer) ListChanges(ctx context.Context, m *assentv1.ListChangesRequest) (*assentv1.ListChangesResponse, error) {
	page, err := s.feed.ListChanges(ctx, changes.Request{
		From: m.GetFrom(), Channels: m.GetChannels(), Kinds: kindsOf(m.GetKinds()), Consumer: m.GetConsumer(), Size: int(m.GetPageSize()),
	})
	if err != nil {
		return nil, err
	}
	return &assentv1.ListChangesResponse{Changes: messages(page.Entries), Heartbeat: heartbeat(&page)}, nil
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
