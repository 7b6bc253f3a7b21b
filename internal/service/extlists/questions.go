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
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/storage"
)

// Question is what the keeper of a list is asked about one address: digests, the first of which stands for the address.
type Question [][64]byte

// questionsPage is how many subjects are read at once.
const questionsPage = 1000

// Questions sends what the keeper of a list is to be asked: about every known address with a grant that the list can stop now. They come in parts,
// each as of its own time; what is recorded meanwhile may be missing. Before each part it is asked again whether the client may still have it. What
// is sent is counted as a disclosure, for a digest without a key is a pseudonym at most. Errors: EXTERNAL_LIST_NOT_FOUND, INVALID_EXTERNAL_LIST
// for a list of which a whole file is uploaded, NO_CATALOG, UNAUTHENTICATED, SCOPE_MISSING, OTHER_DEPARTMENT, and those of send.
func (s *ExternalLists) Questions(ctx context.Context, id string, send func([]Question) error) error {
	who := access.CallerOf(ctx)
	if err := mayAsk(&who); err != nil {
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
	err = s.sendQuestions(ctx, &l, send)
	s.note(&l, StepQuestions, err)
	return err
}

func (s *ExternalLists) sendQuestions(ctx context.Context, l *List, send func([]Question) error) error {
	for ids := storage.AllIDs(); ; {
		page, err := s.questionsIn(ctx, l, ids)
		if err != nil {
			return env.StoreFault(err)
		}
		if len(page.questions) > 0 {
			if err := send(page.questions); err != nil {
				return err
			}
		}
		if page.last == (consent.SubjectID{}) {
			return nil
		}
		ids.After = page.last
	}
}

func mayAsk(who *access.Caller) error {
	if err := mayWrite(who); err != nil {
		return err
	}
	return who.Need(access.ScopeFeed)
}

// questionPage are the questions about some subjects.
type questionPage struct {
	questions []Question
	last      consent.SubjectID // of the subjects; zero: there are no more
}

// questionsIn returns the questions about the first subjects with ids in a range, and counts them as a disclosure to the caller.
func (s *ExternalLists) questionsIn(ctx context.Context, l *List, ids storage.IDRange) (page questionPage, err error) {
	head, err := s.Store.Head(ctx)
	if err != nil {
		return page, err
	}
	who, err := s.guard.Admit(ctx, &head)
	if err == nil {
		err = mayAsk(&who)
	}
	if err != nil {
		return page, err
	}
	versions, err := s.reference.Catalogs.UpTo(ctx, &head)
	if err != nil {
		return page, err
	}
	now := max(s.Instant(), head.Recorded)
	c := reference.InForce(versions, now).Parsed
	subjects, last, err := s.cards.PresentIn(ctx, ids, questionsPage)
	if err != nil {
		return page, err
	}
	page.last = last
	var about []storage.SubjectKey
	for i := range subjects {
		if of := &subjects[i]; of.Key.Form == consent.FormExact && of.Text != "" && l.concerns(of.State, c, now) {
			a, err := address.Parse(of.Text)
			if err != nil {
				return page, err
			}
			page.questions, about = append(page.questions, l.Form.Questions(a)), append(about, of.Key)
		}
	}
	if len(about) == 0 {
		return page, nil
	}
	return page, s.disclosures.Count(ctx, &who, now, "", about...)
}

// concerns reports whether an address has a grant that a listing would stop: one on a marketing channel that has not ended, or may live by contacts.
func (l *List) concerns(exact *consent.State, c *catalog.Catalog, now consent.Instant) bool {
	if exact == nil {
		return false
	}
	return slices.ContainsFunc(exact.Grants, func(g consent.Grant) bool {
		if consent.EndedBy(g.Expires, now) || g.Basis == catalog.BasisConsent && l.Binds != consent.BindsAll {
			return false
		}
		return slices.ContainsFunc(g.Channels, func(id string) bool {
			ch, ok := c.Channel(id)
			return ok && ch.Class == catalog.ClassMarketing && !consent.EndedBy(g.LapseAtLatest(ch, c), now)
		})
	})
}
