// Package broadcast is a change feed that only sends: what a server tells its watchers is measured against it.
package broadcast

import (
	"slices"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// Feed tells those that watch it what it is told, and keeps nothing: the price of gRPC alone. What came while a message was on its way goes
// with the next one.
type Feed struct {
	assentv1.UnimplementedFeedServiceServer

	mu      sync.Mutex
	waiting map[chan struct{}][]*assentv1.Change // by watcher, which is woken through the channel
}

// Tell tells of a withdrawal from a channel by an address.
func (b *Feed) Tell(channel, address string) {
	change := &assentv1.Change{
		Change: assentv1.ChangeType_CHANGE_TYPE_ADDED, Match: assentv1.AddressMatch_ADDRESS_MATCH_FOLDED, Channel: channel,
		Kind: assentv1.RuleKind_RULE_KIND_REFUSAL, Reason: "WITHDRAWN", EndedBy: assentv1.EndedBy_ENDED_BY_CONSENT, SinceTime: timestamppb.Now(),
		Recipient: &assentv1.Change_Address{Address: address},
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for wake := range b.waiting {
		b.waiting[wake] = append(b.waiting[wake], change)
		select {
		case wake <- struct{}{}:
		default: // It is going to look.
		}
	}
}

// WatchChanges sends what is told until the watcher goes away. Its first message is empty.
func (b *Feed) WatchChanges(_ *assentv1.WatchChangesRequest, stream grpc.ServerStreamingServer[assentv1.WatchChangesResponse]) error {
	wake := make(chan struct{}, 1)
	b.mu.Lock()
	if b.waiting == nil {
		b.waiting = map[chan struct{}][]*assentv1.Change{}
	}
	b.waiting[wake] = nil
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.waiting, wake)
	}()
	for changes := []*assentv1.Change(nil); ; {
		if err := stream.Send(&assentv1.WatchChangesResponse{Changes: changes}); err != nil {
			return err
		}
		select {
		case <-wake:
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
		b.mu.Lock()
		changes = slices.Clone(b.waiting[wake])
		b.waiting[wake] = b.waiting[wake][:0]
		b.mu.Unlock()
	}
}
