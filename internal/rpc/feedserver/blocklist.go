package feedserver

import (
	"cmp"
	"encoding/hex"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/rpc/handler"
	"github.com/assent-io/assent/internal/service/changes"
)

// ExportBlockList sends the block list of a channel.
func (s *feedServer) ExportBlockList(
	m *assentv1.ExportBlockListRequest, stream grpc.ServerStreamingServer[assentv1.ExportBlockListResponse],
) error {
	in := changes.BlockListRequest{Channel: m.GetChannel(), Consumer: m.GetConsumer()}
	return s.use.ExportBlockList(stream.Context(), in, func(p changes.BlockListPart) error {
		part := &assentv1.ExportBlockListResponse{Entries: blockListEntries(p.Entries, consent.ScopeChannel+":"+m.GetChannel())}
		if start := p.Start; start != nil {
			part.Start = &assentv1.BlockListStart{
				StoreId: hex.EncodeToString(start.StoreID[:]), Channel: channel(&start.Channel), Form: start.Form,
				KeyId: start.KeyID, FoldVersion: address.FoldVersion, Time: handler.Timestamp(start.Time), Position: start.Position,
				Token: start.Token,
			}
		}
		if end := p.End; end != nil {
			part.End = &assentv1.BlockListEnd{Entries: end.Entries, Missing: end.Missing, Reopened: end.Reopened}
		}
		return stream.Send(part)
	})
}

// blockListEntries returns the messages of entries; refused is the scope of a refusal. They are some pieces of memory, and not some for each entry.
func blockListEntries(list []changes.BlockListEntry, refused string) []*assentv1.BlockListEntry {
	messages, since := make([]assentv1.BlockListEntry, len(list)), make([]timestamppb.Timestamp, len(list))
	addresses := make([]assentv1.BlockListEntry_Address, len(list))
	all := make([]*assentv1.BlockListEntry, len(list))
	for i := range list {
		e, m := &list[i], &messages[i]
		m.Match, m.Kind, m.Scope, m.Reason = matchOf(e.Match), kindOf(e.Kind), cmp.Or(string(e.Scope), refused), string(e.Reason)
		m.UntilTime, m.Partial, m.Derived = handler.Timestamp(e.Until), e.Partial, e.Derived
		m.FoldVersion = int32(e.FoldVersion) //nolint:gosec // It is a small number.
		if !e.Since.IsZero() {
			t := e.Since.Time()
			since[i].Seconds, since[i].Nanos = t.Unix(), int32(t.Nanosecond()) //nolint:gosec // It is less than a second.
			m.SinceTime = &since[i]
		}
		if e.Hash != "" {
			m.Recipient = &assentv1.BlockListEntry_Hash{Hash: e.Hash}
		} else {
			addresses[i].Address = e.Address
			m.Recipient = &addresses[i]
		}
		all[i] = m
	}
	return all
}
