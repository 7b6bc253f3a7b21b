package consent

import "github.com/assent-io/assent/internal/catalog"

// Details says which parts of the sealed evidence of an event there are that a channel may require of a consent. The bits are stored and
// never change.
type Details uint8

// The parts of the evidence.
const (
	DetailURL Details = 1 << iota
	DetailIP
	DetailUserAgent
	DetailOperator

	allDetails = DetailURL | DetailIP | DetailUserAgent | DetailOperator
)

// DetailsOf returns which parts the evidence has.
func DetailsOf(e *Evidence) Details {
	var d Details
	for _, part := range [...]struct {
		text string
		bit  Details
	}{{e.URL, DetailURL}, {e.IP, DetailIP}, {e.UserAgent, DetailUserAgent}, {e.Operator, DetailOperator}} {
		if part.text != "" {
			d |= part.bit
		}
	}
	return d
}

// requiredDetails returns the parts that a channel requires of a consent.
func requiredDetails(ch *catalog.Channel) Details {
	var d Details
	for _, part := range ch.EvidenceRequired {
		switch part {
		case catalog.EvidenceURL:
			d |= DetailURL
		case catalog.EvidenceIP:
			d |= DetailIP
		case catalog.EvidenceUserAgent:
			d |= DetailUserAgent
		case catalog.EvidenceOperator:
			d |= DetailOperator
		}
	}
	return d
}
