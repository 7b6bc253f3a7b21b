package check

import (
	"context"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/env"
)

// Surveyed is told what is known of an address, its place among those asked about, and what is lawful to send to it now, whatever the
// operational limits say. It keeps neither, and may be told of the same address again: then only the last time counts.
type Surveyed func(i int, a address.Address, known *consent.Known, d *consent.Decision)

// Survey says of each address what BatchCheck would decide from, for counts that name no person: it is no disclosure, and counts as none. Of what
// is no address nothing is told. It returns the instant that it was decided for. Errors: those of BatchCheck.
func (s *Checker) Survey(ctx context.Context, r consent.Request, addresses []string, seen Surveyed) (consent.Instant, error) {
	if len(addresses) > env.MaxBatch {
		return 0, fault.Errorf(fault.TooLarge, "addresses", "at most %d addresses in one message", env.MaxBatch)
	}
	q := s.newRequest(len(addresses))
	defer s.releaseRequest(q)
	q.seen = seen
	for _, typed := range addresses {
		if err := q.addAddress(typed); err != nil {
			return 0, err
		}
	}
	got, err := s.decideAll(ctx, q, &checkInput{Request: r})
	return got.decidedAt, err
}
