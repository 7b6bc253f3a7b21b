package codec

import (
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/consent/facttag"
	"github.com/assent-io/assent/internal/period"
	"github.com/assent-io/assent/internal/tlv"
)

// decodeFact decodes one field of what [consent.AppendFacts] appends into f. Errors wrap [ErrEncoding].
func decodeFact(f *consent.Facts, tag byte, value []byte) error {
	switch tag {
	case facttag.Kind:
		if len(value) != 1 || !consent.Kind(value[0]).Known() {
			return tlv.Bad(tag)
		}
		f.Kind = consent.Kind(value[0])
	case facttag.Channel:
		f.Channels = append(f.Channels, string(value))
	case facttag.Basis:
		f.Basis = catalog.Basis(value)
	case facttag.DeclarationID:
		f.Declaration.ID = string(value)
	case facttag.DeclarationVer:
		f.Declaration.Version = string(value)
	case facttag.Source:
		f.Source = string(value)
	case facttag.Confirmed:
		return tlv.Number(tag, value, &f.Confirmed)
	case facttag.Transaction:
		return tlv.Truth(tag, value, &f.Transaction)
	case facttag.Document:
		return tlv.Truth(tag, value, &f.Document)
	case facttag.Notice:
		return tlv.Truth(tag, value, &f.Notice)
	case facttag.Goods:
		f.Goods = append(f.Goods, string(value))
	case facttag.Expires:
		return tlv.Number(tag, value, &f.Expires)
	case facttag.Reason:
		f.Reason = consent.Reason(value)
	case facttag.Scope:
		f.Scope = consent.Scope(value)
	case facttag.List:
		f.List = string(value)
	case facttag.Binds:
		f.Binds = consent.Binds(value)
	case facttag.Tagged:
		return tlv.Truth(tag, value, &f.Tagged)
	case facttag.CatalogVersion:
		return tlv.Number(tag, value, &f.CatalogVersion)
	case facttag.Effective:
		return tlv.Number(tag, value, &f.Effective)
	case facttag.Document256:
		return tlv.Array(tag, value, f.Document256[:])
	default:
		return decodeEvidenceFact(f, tag, value)
	}
	return nil
}

// decodeEvidenceFact decodes the facts about a notice, the parts of the evidence, the end of a suppression, and a version of an external list.
func decodeEvidenceFact(f *consent.Facts, tag byte, value []byte) error {
	switch tag {
	case facttag.NoticeID:
		f.NoticeShown.ID = string(value)
	case facttag.NoticeVersion:
		f.NoticeShown.Version = string(value)
	case facttag.Details:
		if len(value) != 1 || value[0] == 0 || consent.Details(value[0])&^consent.AllDetails != 0 {
			return tlv.Bad(tag)
		}
		f.Details = consent.Details(value[0])
	case facttag.Informed:
		return tlv.Number(tag, value, &f.Informed)
	case facttag.Retention:
		return tlv.Truth(tag, value, &f.Retention)
	case facttag.ListVersion:
		return tlv.Number(tag, value, &f.ListVersion)
	case facttag.ListForm:
		f.ListForm = string(value)
	case facttag.Obtained:
		return tlv.Number(tag, value, &f.Obtained)
	case facttag.Freshness:
		p, err := period.Parse(string(value))
		if err != nil || p.String() != string(value) {
			return tlv.Bad(tag)
		}
		f.Freshness = p
	case facttag.StaleDenies:
		return tlv.Truth(tag, value, &f.StaleDenies)
	default:
		return decodeRightsFact(f, tag, value)
	}
	return nil
}

// decodeRightsFact decodes the facts of voids, moves, removals and rulings.
func decodeRightsFact(f *consent.Facts, tag byte, value []byte) error {
	switch tag {
	case facttag.VoidPosition:
		return tlv.Number(tag, value, &f.VoidPosition)
	case facttag.VoidBatch:
		return tlv.Array(tag, value, f.VoidBatch[:])
	case facttag.Undo:
		if err := tlv.Number(tag, value, &f.Undo); err != nil || f.Undo < 0 {
			return tlv.Bad(tag)
		}
	case facttag.Move:
		if len(value) != 1 || value[0] == 0 || value[0] > byte(consent.MovedHere) {
			return tlv.Bad(tag)
		}
		f.Move = consent.Move(value[0])
	case facttag.Removed:
		f.Removed = consent.Removed(value)
		if !consent.KnownRemoved(f.Removed) {
			return tlv.Bad(tag)
		}
	case facttag.Until:
		return tlv.Number(tag, value, &f.Until)
	case facttag.Count:
		return tlv.Number(tag, value, &f.Count)
	case facttag.Positions:
		return tlv.Ascending(tag, value, &f.Positions)
	case facttag.Resource:
		f.Resource = string(value)
	case facttag.Outcome:
		f.Outcome = string(value)
	default:
		return tlv.Bad(tag)
	}
	return nil
}
