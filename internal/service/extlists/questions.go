package extlists

import (
	"context"
	"slices"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/extlist"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage"
)

// Question is what the keeper of a list is asked about one address: digests, the first of which stands for the address.
type Question [][64]byte

// questionsPage is how many subjects are read at once.
const questionsPage = 1000

// Questions sends what the keeper of a list is to be asked: about every known address with a grant that the list can stop. They come in parts,
// each as of its own time; what is recorded meanwhile may be missing. What is sent is counted as a disclosure, for a digest without a key is
// a pseudonym at most. Errors: EXTERNAL_LIST_NOT_FOUND, INVALID_EXTERNAL_LIST for a list of which a whole file is uploaded,
// SCOPE_MISSING, OTHER_DEPARTMENT, and those of send.
func (s *ExternalLists) Questions(ctx context.Context, id string, send func([]Question) error) error {
	who := access.CallerOf(ctx)
	if err := mayWrite(&who); err != nil {
		return err
	}
	if err := who.Need(access.ScopeFeed); err != nil {
		return err
	}
	l, err := s.list(ctx, id)
	if err != nil {
		return err
	}
	if !l.Form.HasAsked() {
		return fault.Errorf(fault.InvalidList, "id", "the list %s is uploaded as a file; only a list of the form %s is asked address by address", id,
			extlist.ECGService)
	}
	for ids := storage.AllIDs(); ; {
		subjects, last, err := s.cards.PresentIn(ctx, ids, questionsPage)
		if err != nil {
			return env.StoreFault(err)
		}
		var questions []Question
		var about []storage.SubjectKey
		for i := range subjects {
			if of := &subjects[i]; of.Key.Form == consent.FormExact && of.Text != "" && l.concerns(of.State) {
				a, err := address.Parse(of.Text)
				if err != nil {
					return err
				}
				questions, about = append(questions, l.Form.Questions(a)), append(about, of.Key)
			}
		}
		if len(questions) > 0 {
			if err := s.disclosures.Count(ctx, &who, s.Instant(), "", about...); err != nil {
				return err
			}
			if err := send(questions); err != nil {
				return err
			}
		}
		if last == (consent.SubjectID{}) {
			return nil
		}
		ids.After = last
	}
}

// concerns reports whether an address has a grant that a listing would stop.
func (l *List) concerns(exact *consent.State) bool {
	return exact != nil && slices.ContainsFunc(exact.Grants, func(g consent.Grant) bool {
		return l.Binds == consent.BindsAll || g.Basis != catalog.BasisConsent
	})
}
