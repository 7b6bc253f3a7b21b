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

	// AllDetails are all of them.
	AllDetails = DetailURL | DetailIP | DetailUserAgent | DetailOperator
)

// DetailsOf returns which parts the evidence has.
func DetailsOf(e *Evidence) (d Details) {
	for i, text := range [...]string{e.URL, e.IP, e.UserAgent, e.Operator} {
		if text != "" {
			d |= 1 << i
		}
	}
	return d
}

// requiredDetails returns the parts that a channel requires of a consent.
func requiredDetails(ch *catalog.Channel) (d Details) {
	for _, part := range ch.EvidenceRequired {
		for i, known := range [...]catalog.Evidence{catalog.EvidenceURL, catalog.EvidenceIP, catalog.EvidenceUserAgent, catalog.EvidenceOperator} {
			if part == known {
				d |= 1 << i
			}
		}
	}
	return d
}
