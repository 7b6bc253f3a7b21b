package feedserver

import (
	"encoding/hex"

	"google.golang.org/grpc"

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
		part := &assentv1.ExportBlockListResponse{Entries: make([]*assentv1.BlockListEntry, len(p.Entries))}
		for i := range p.Entries {
			part.Entries[i] = blockListEntry(&p.Entries[i], m.GetChannel())
		}
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

func blockListEntry(e *changes.BlockListEntry, channel string) *assentv1.BlockListEntry {
	m := &assentv1.BlockListEntry{
		Match: matchOf(e.Match), Kind: kindOf(e.Kind), Scope: string(e.Scope), Reason: string(e.Reason), SinceTime: handler.Timestamp(e.Since),
		UntilTime: handler.Timestamp(e.Until), Partial: e.Partial, Derived: e.Derived,
		FoldVersion: int32(e.FoldVersion), //nolint:gosec // It is a small number.
	}
	if m.Scope == "" { // of a refusal
		m.Scope = consent.ScopeChannel + ":" + channel
	}
	if e.Hash != "" {
		m.Recipient = &assentv1.BlockListEntry_Hash{Hash: e.Hash}
	} else {
		m.Recipient = &assentv1.BlockListEntry_Address{Address: e.Address}
	}
	return m
}
