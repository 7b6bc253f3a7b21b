package codec

import (
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/tlv"
)

// The tags of evidence. These numbers never change.
const (
	tagEvAddress        = 0x01
	tagEvURL            = 0x02
	tagEvIP             = 0x03
	tagEvUserAgent      = 0x04
	tagEvTransactionRef = 0x05
	tagEvDocumentRef    = 0x06
	tagEvOperator       = 0x07
	tagEvNote           = 0x08
	tagEvJustification  = 0x09
	tagEvOther          = 0x0a
)

// AppendEvidence appends the plain bytes of v, to be sealed. Without the address they are part of an event's key.
func AppendEvidence(b []byte, v *consent.Evidence) []byte {
	b = tlv.Append(b, tagEvAddress, v.Address)
	b = tlv.Append(b, tagEvURL, v.URL)
	b = tlv.Append(b, tagEvIP, v.IP)
	b = tlv.Append(b, tagEvUserAgent, v.UserAgent)
	b = tlv.Append(b, tagEvTransactionRef, v.TransactionRef)
	b = tlv.Append(b, tagEvDocumentRef, v.DocumentRef)
	b = tlv.Append(b, tagEvOperator, v.Operator)
	b = tlv.Append(b, tagEvNote, v.Note)
	b = tlv.Append(b, tagEvJustification, v.Justification)
	return tlv.Append(b, tagEvOther, v.Other)
}

// DecodeEvidence decodes evidence from its plain bytes b. Errors wrap [ErrEncoding].
func DecodeEvidence(b []byte) (consent.Evidence, error) {
	var v consent.Evidence
	err := tlv.Fields(b, func(tag byte, value []byte) error {
		into := evidenceField(&v, tag)
		if into == nil {
			return tlv.Bad(tag)
		}
		*into = string(value)
		return nil
	})
	if err != nil {
		return consent.Evidence{}, err
	}
	return v, nil
}

// evidenceField returns the field of v that the tag stands for; nil if there is none.
func evidenceField(v *consent.Evidence, tag byte) *string {
	switch tag {
	case tagEvAddress:
		return &v.Address
	case tagEvURL:
		return &v.URL
	case tagEvIP:
		return &v.IP
	case tagEvUserAgent:
		return &v.UserAgent
	case tagEvTransactionRef:
		return &v.TransactionRef
	case tagEvDocumentRef:
		return &v.DocumentRef
	case tagEvOperator:
		return &v.Operator
	case tagEvNote:
		return &v.Note
	case tagEvJustification:
		return &v.Justification
	case tagEvOther:
		return &v.Other
	default:
		return nil
	}
}
