package consent

import (
	"github.com/assent-io/assent/internal/consent/facttag"
	"github.com/assent-io/assent/internal/tlv"
)

// AppendFacts appends the canonical facts of f: the serialisation that orders events of one instant and that an event's
// key is made of. The spelling is not part of it, for its digest changes with the digest key.
func AppendFacts(b []byte, f *Facts) []byte {
	b = append(b, facttag.Kind, 1, byte(f.Kind))
	for _, c := range f.Channels {
		b = tlv.Append(b, facttag.Channel, c)
	}
	b = tlv.Append(b, facttag.Basis, string(f.Basis))
	b = tlv.Append(b, facttag.DeclarationID, f.Declaration.ID)
	b = tlv.Append(b, facttag.DeclarationVer, f.Declaration.Version)
	b = tlv.Append(b, facttag.Source, f.Source)
	b = tlv.AppendNumber(b, facttag.Confirmed, f.Confirmed)
	b = tlv.AppendTruth(b, facttag.Transaction, f.Transaction)
	b = tlv.AppendTruth(b, facttag.Document, f.Document)
	b = tlv.AppendTruth(b, facttag.Notice, f.Notice)
	for _, g := range f.Goods {
		b = tlv.Append(b, facttag.Goods, g)
	}
	b = tlv.AppendNumber(b, facttag.Expires, f.Expires)
	b = tlv.Append(b, facttag.Reason, string(f.Reason))
	b = tlv.Append(b, facttag.Scope, string(f.Scope))
	b = tlv.Append(b, facttag.List, f.List)
	b = tlv.Append(b, facttag.Binds, string(f.Binds))
	b = tlv.AppendTruth(b, facttag.Tagged, f.Tagged)
	b = tlv.AppendNumber(b, facttag.CatalogVersion, f.CatalogVersion)
	b = tlv.AppendNumber(b, facttag.Effective, f.Effective)
	b = tlv.AppendArray(b, facttag.Document256, f.Document256[:])
	b = tlv.AppendNumber(b, facttag.VoidPosition, f.VoidPosition)
	b = tlv.AppendArray(b, facttag.VoidBatch, f.VoidBatch[:])
	if f.Move != 0 {
		b = append(b, facttag.Move, 1, byte(f.Move))
	}
	b = tlv.Append(b, facttag.Removed, string(f.Removed))
	b = tlv.AppendNumber(b, facttag.Until, f.Until)
	b = tlv.AppendNumber(b, facttag.Count, f.Count)
	b = tlv.Append(b, facttag.Positions, tlv.AppendAscending(nil, f.Positions))
	b = tlv.Append(b, facttag.NoticeID, f.NoticeShown.ID)
	b = tlv.Append(b, facttag.NoticeVersion, f.NoticeShown.Version)
	if f.Details != 0 {
		b = append(b, facttag.Details, 1, byte(f.Details))
	}
	b = tlv.AppendNumber(b, facttag.Informed, f.Informed)
	b = tlv.AppendTruth(b, facttag.Retention, f.Retention)
	b = tlv.AppendNumber(b, facttag.Undo, f.Undo)
	b = appendListFacts(b, f)
	b = tlv.Append(b, facttag.Resource, f.Resource)
	return tlv.Append(b, facttag.Outcome, f.Outcome)
}

// appendListFacts appends the facts that only a version of an external list has.
func appendListFacts(b []byte, f *Facts) []byte {
	b = tlv.AppendNumber(b, facttag.ListVersion, f.ListVersion)
	b = tlv.Append(b, facttag.ListForm, f.ListForm)
	b = tlv.AppendNumber(b, facttag.Obtained, f.Obtained)
	if !f.Freshness.IsZero() {
		b = tlv.Append(b, facttag.Freshness, f.Freshness.String())
	}
	return tlv.AppendTruth(b, facttag.StaleDenies, f.StaleDenies)
}
