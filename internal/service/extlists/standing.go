package extlists

import (
	"context"
	"errors"
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/extlist"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage/tables"
)

// The steps by which a list comes into force, for what counts failures.
const (
	StepQuestions = "questions"
	StepUpload    = "upload"
	StepActivate  = "activate"
)

// note counts a step that failed, unless it was not for its caller to take.
func (s *ExternalLists) note(l *List, step string, err error) {
	var told *fault.Error
	if err == nil || errors.As(err, &told) && slices.Contains([]fault.Code{
		fault.ScopeMissing, fault.OtherDepartment, fault.Unauthenticated, fault.RequestIDReused, fault.ListMissing,
	}, told.Code) {
		return
	}
	s.failed(l.ID, step)
}

// Standing is what is known of the version of a list that is in force.
type Standing struct {
	List     string
	Version  int64
	Entries  int64
	Obtained consent.Instant
	Stale    consent.Instant // from when on it is older than the freshness of the list; zero: never
}

// Standings returns how the lists stand of which a version is in force, by id.
func (s *ExternalLists) Standings(ctx context.Context) ([]Standing, error) {
	head, err := s.Store.Head(ctx)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	activations, err := s.reference.Lists.Activations(ctx, &head)
	if err != nil {
		return nil, err
	}
	var all []Standing
	for _, e := range extlist.InForce(activations, max(s.Instant(), head.Recorded)) {
		versions, err := tables.ExternalListVersions(ctx, s.Store, e.List)
		if err != nil {
			return nil, env.StoreFault(err)
		}
		of := Standing{List: e.List, Version: e.ListVersion, Obtained: e.Obtained, Stale: e.Obtained.Plus(e.Freshness)}
		for i := range versions {
			if versions[i].Version == e.ListVersion {
				of.Entries = versions[i].Entries
			}
		}
		all = append(all, of)
	}
	return all, nil
}
