package consent

import (
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/tlv"
)

// The tags of the canonical facts, described in docs/storage-format.md. These numbers never change.
const (
	tagKind           = 0x10
	tagChannel        = 0x11
	tagBasis          = 0x12
	tagDeclarationID  = 0x13
	tagDeclarationVer = 0x14
	tagSource         = 0x15
	tagConfirmed      = 0x16
	tagTransaction    = 0x17
	tagDocument       = 0x18
	tagNotice         = 0x19
	tagGoods          = 0x1a
	tagExpires        = 0x1b
	tagReason         = 0x1c
	tagScope          = 0x1d
	tagList           = 0x1e
	tagBinds          = 0x1f
	tagTagged         = 0x20
	tagCatalogVersion = 0x21
	tagEffective      = 0x22
	tagDocument256    = 0x23
	tagVoidPosition   = 0x24
	tagVoidBatch      = 0x25
	tagMove           = 0x26
	tagRemoved        = 0x27
	tagUntil          = 0x28
	tagCount          = 0x29
	tagNoticeID       = 0x2b
	tagNoticeVersion  = 0x2c
	tagDetails        = 0x2d
	tagInformed       = 0x2e
	tagRetention      = 0x2f
	tagUndo           = 0x30
	tagListVersion    = 0x31
	tagListForm       = 0x32
	tagObtained       = 0x33
	tagFreshness      = 0x34 // as ISO 8601 has it
	tagStaleDenies    = 0x35
	tagPositions      = 0x2a // unsigned varints: the first position, then each one's distance from the one before
)

// FirstFactTag is the lowest tag of a canonical fact. In an event's header the lower ones belong to its other fields.
const FirstFactTag = tagKind

// AppendFacts appends the canonical facts of f: the serialisation that orders events of one instant and that an event's
// key is made of. The spelling is not part of it, for its digest changes with the digest key.
func AppendFacts(b []byte, f *Facts) []byte {
	b = append(b, tagKind, 1, byte(f.Kind))
	for _, c := range f.Channels {
		b = tlv.Append(b, tagChannel, c)
	}
	b = tlv.Append(b, tagBasis, string(f.Basis))
	b = tlv.Append(b, tagDeclarationID, f.Declaration.ID)
	b = tlv.Append(b, tagDeclarationVer, f.Declaration.Version)
	b = tlv.Append(b, tagSource, f.Source)
	b = tlv.AppendNumber(b, tagConfirmed, f.Confirmed)
	b = tlv.AppendTruth(b, tagTransaction, f.Transaction)
	b = tlv.AppendTruth(b, tagDocument, f.Document)
	b = tlv.AppendTruth(b, tagNotice, f.Notice)
	for _, g := range f.Goods {
		b = tlv.Append(b, tagGoods, g)
	}
	b = tlv.AppendNumber(b, tagExpires, f.Expires)
	b = tlv.Append(b, tagReason, string(f.Reason))
	b = tlv.Append(b, tagScope, string(f.Scope))
	b = tlv.Append(b, tagList, f.List)
	b = tlv.Append(b, tagBinds, string(f.Binds))
	b = tlv.AppendTruth(b, tagTagged, f.Tagged)
	b = tlv.AppendNumber(b, tagCatalogVersion, f.CatalogVersion)
	b = tlv.AppendNumber(b, tagEffective, f.Effective)
	b = tlv.AppendArray(b, tagDocument256, f.Document256[:])
	b = tlv.AppendNumber(b, tagVoidPosition, f.VoidPosition)
	b = tlv.AppendArray(b, tagVoidBatch, f.VoidBatch[:])
	if f.Move != 0 {
		b = append(b, tagMove, 1, byte(f.Move))
	}
	b = tlv.Append(b, tagRemoved, string(f.Removed))
	b = tlv.AppendNumber(b, tagUntil, f.Until)
	b = tlv.AppendNumber(b, tagCount, f.Count)
	b = tlv.Append(b, tagPositions, tlv.AppendAscending(nil, f.Positions))
	b = tlv.Append(b, tagNoticeID, f.NoticeShown.ID)
	b = tlv.Append(b, tagNoticeVersion, f.NoticeShown.Version)
	if f.Details != 0 {
		b = append(b, tagDetails, 1, byte(f.Details))
	}
	b = tlv.AppendNumber(b, tagInformed, f.Informed)
	b = tlv.AppendTruth(b, tagRetention, f.Retention)
	b = tlv.AppendNumber(b, tagUndo, f.Undo)
	return appendListFacts(b, f)
}

// appendListFacts appends the facts that only a version of an external list has.
func appendListFacts(b []byte, f *Facts) []byte {
	b = tlv.AppendNumber(b, tagListVersion, f.ListVersion)
	b = tlv.Append(b, tagListForm, f.ListForm)
	b = tlv.AppendNumber(b, tagObtained, f.Obtained)
	if !f.Freshness.IsZero() {
		b = tlv.Append(b, tagFreshness, f.Freshness.String())
	}
	return tlv.AppendTruth(b, tagStaleDenies, f.StaleDenies)
}

// DecodeField decodes one field of what [AppendFacts] appends into f. Errors wrap [tlv.ErrEncoding].
func (f *Facts) DecodeField(tag byte, value []byte) error {
	switch tag {
	case tagKind:
		if len(value) != 1 || !Kind(value[0]).Known() {
			return tlv.Bad(tag)
		}
		f.Kind = Kind(value[0])
	case tagChannel:
		f.Channels = append(f.Channels, string(value))
	case tagBasis:
		f.Basis = catalog.Basis(value)
	case tagDeclarationID:
		f.Declaration.ID = string(value)
	case tagDeclarationVer:
		f.Declaration.Version = string(value)
	case tagSource:
		f.Source = string(value)
	case tagConfirmed:
		return tlv.Number(tag, value, &f.Confirmed)
	case tagTransaction:
		return tlv.Truth(tag, value, &f.Transaction)
	case tagDocument:
		return tlv.Truth(tag, value, &f.Document)
	case tagNotice:
		return tlv.Truth(tag, value, &f.Notice)
	case tagGoods:
		f.Goods = append(f.Goods, string(value))
	case tagExpires:
		return tlv.Number(tag, value, &f.Expires)
	case tagReason:
		f.Reason = Reason(value)
	case tagScope:
		f.Scope = Scope(value)
	case tagList:
		f.List = string(value)
	case tagBinds:
		f.Binds = Binds(value)
	case tagTagged:
		return tlv.Truth(tag, value, &f.Tagged)
	case tagCatalogVersion:
		return tlv.Number(tag, value, &f.CatalogVersion)
	case tagEffective:
		return tlv.Number(tag, value, &f.Effective)
	case tagDocument256:
		return tlv.Array(tag, value, f.Document256[:])
	default:
		return f.decodeEvidence(tag, value)
	}
	return nil
}

// decodeEvidence decodes the facts about a notice, the parts of the evidence, the end of a suppression, and a version of an external list.
func (f *Facts) decodeEvidence(tag byte, value []byte) error {
	switch tag {
	case tagNoticeID:
		f.NoticeShown.ID = string(value)
	case tagNoticeVersion:
		f.NoticeShown.Version = string(value)
	case tagDetails:
		if len(value) != 1 || value[0] == 0 || Details(value[0])&^allDetails != 0 {
			return tlv.Bad(tag)
		}
		f.Details = Details(value[0])
	case tagInformed:
		return tlv.Number(tag, value, &f.Informed)
	case tagRetention:
		return tlv.Truth(tag, value, &f.Retention)
	case tagListVersion:
		return tlv.Number(tag, value, &f.ListVersion)
	case tagListForm:
		f.ListForm = string(value)
	case tagObtained:
		return tlv.Number(tag, value, &f.Obtained)
	case tagFreshness:
		p, err := period.Parse(string(value))
		if err != nil || p.String() != string(value) {
			return tlv.Bad(tag)
		}
		f.Freshness = p
	case tagStaleDenies:
		return tlv.Truth(tag, value, &f.StaleDenies)
	default:
		return f.decodeRights(tag, value)
	}
	return nil
}

// decodeRights decodes the facts of voids, moves and removals.
func (f *Facts) decodeRights(tag byte, value []byte) error {
	switch tag {
	case tagVoidPosition:
		return tlv.Number(tag, value, &f.VoidPosition)
	case tagVoidBatch:
		return tlv.Array(tag, value, f.VoidBatch[:])
	case tagUndo:
		if err := tlv.Number(tag, value, &f.Undo); err != nil || f.Undo < 0 {
			return tlv.Bad(tag)
		}
	case tagMove:
		if len(value) != 1 || value[0] == 0 || value[0] > byte(MovedHere) {
			return tlv.Bad(tag)
		}
		f.Move = Move(value[0])
	case tagRemoved:
		f.Removed = Removed(value)
		if !KnownRemoved(f.Removed) {
			return tlv.Bad(tag)
		}
	case tagUntil:
		return tlv.Number(tag, value, &f.Until)
	case tagCount:
		return tlv.Number(tag, value, &f.Count)
	case tagPositions:
		return tlv.Ascending(tag, value, &f.Positions)
	default:
		return tlv.Bad(tag)
	}
	return nil
}
