package changes

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/consumers"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/storage"
)

// reader is who reads, what of it, and in which form.
type reader struct {
	who      access.Caller
	consumer consumers.Reader
	given    string   // id of the consumer as it was asked for; empty: none
	channels []string // asked for, in order, each once; none: all that the caller reaches
	kinds    []feed.Kind
	form     form
	digest   [16]byte

	catalog int64          // version that what follows is of
	infos   []feed.Channel // of the channels
	filter  *feed.Filter

	// reach is what reaches the reader under the first versions of the catalog, so many of them: see mayHave.
	reach   []consent.Coverage
	reachOf int
}

// newReader returns the reader of a request under a head. Errors: UNKNOWN_CHANNEL, OTHER_DEPARTMENT, NO_CATALOG, INVALID_REQUEST.
func (f *Feed) newReader(ctx context.Context, head *storage.Head, as *consumers.Reader, in Request) (*reader, error) {
	who, err := f.guard.Admit(ctx, head)
	if err != nil {
		return nil, err
	}
	if err := who.Need(access.ScopeFeed); err != nil {
		return nil, err
	}
	r := &reader{who: who, consumer: *as, given: in.Consumer, form: form{name: as.Form, keys: f.Keys}}
	if r.form.keyed() {
		r.form.own = as.Key.Reveal()
	}
	if r.channels, err = narrowed("channels", in.Channels, as.Channels); err != nil {
		return nil, err
	}
	if r.kinds, err = narrowed("kinds", in.Kinds, as.RuleKinds()); err != nil {
		return nil, err
	}
	versions, err := f.Catalogs.UpTo(ctx, head)
	if err != nil {
		return nil, err
	}
	c := reference.InForce(versions, f.now(head))
	for _, id := range r.channels {
		if _, ok := c.Parsed.Channel(id); !ok {
			return nil, fault.Errorf(fault.UnknownChannel, "channels", "the catalog in force has no channel %q", id)
		}
	}
	if err := f.under(r, c); err != nil {
		return nil, err
	}
	return r, r.sum(in.Consumer)
}

// narrowed returns what is asked for of what a consumer has, in order, each once; without either the other, which may be all.
func narrowed[T interface{ ~string | ~uint8 }](field string, asked, has []T) ([]T, error) {
	asked, has = once(asked), once(has)
	if len(asked) == 0 {
		return has, nil
	}
	for _, one := range asked {
		if len(has) > 0 && !slices.Contains(has, one) {
			return nil, fault.Errorf(fault.InvalidRequest, field, "it names one that the consumer does not have; leave it out for all that it has")
		}
	}
	return asked, nil
}

func once[T interface{ ~string | ~uint8 }](list []T) []T {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// sum makes the digest that tokens have of the reader.
func (r *reader) sum(consumer string) error {
	text, err := json.Marshal([]any{r.who.ID, r.who.Department, r.who.AllDepartments, consumer, r.form.name, r.channels, r.kinds})
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	r.digest = [16]byte(sum[:16])
	return nil
}

// under makes the reader one under a version of the catalog.
func (f *Feed) under(r *reader, c *reference.CatalogVersion) error {
	if r.catalog == c.Version {
		return nil
	}
	worths, err := f.worths.Under(c)
	if err != nil {
		return err
	}
	ids := r.reaches(c.Parsed, r.channels)
	r.catalog, r.infos = c.Version, nil
	for _, id := range ids {
		if err := r.who.NeedChannel(id, c.Parsed); err != nil {
			return err
		}
		if info := worths.Channel(id); info != nil {
			r.infos = append(r.infos, *info)
		}
	}
	if len(r.channels) == 0 && r.who.AllDepartments {
		ids = nil // Also what is of no channel of this catalog.
	} else if len(ids) == 0 {
		ids = []string{""} // No channel at all is told of as such: an empty list would be every channel.
	}
	r.filter = worths.Filter(ids, r.kinds)
	return nil
}

// reaches returns which of the channels of a catalog the reader reaches; of none: all of its department.
func (r *reader) reaches(c *catalog.Catalog, of []string) []string {
	var ids []string
	for i := range c.Channels {
		ch := &c.Channels[i]
		switch {
		case len(of) > 0:
			if !slices.Contains(of, ch.ID) {
				continue
			}
		case !r.who.AllDepartments && ch.Department != r.who.Department:
			continue
		}
		ids = append(ids, ch.ID)
	}
	return ids
}

// readmit returns an error unless the caller may still read under a head.
func (f *Feed) readmit(ctx context.Context, r *reader, head *storage.Head) error {
	who, err := f.guard.Admit(ctx, head)
	if err != nil {
		return err
	}
	if who.Department != r.who.Department || who.AllDepartments != r.who.AllDepartments {
		return fault.Errorf(fault.Unauthenticated, "", "the client was changed to another department; make the call again")
	}
	return who.Need(access.ScopeFeed)
}

// isNarrow reports whether the reader reads a part of what the feed has.
func (r *reader) isNarrow() bool {
	return !r.who.AllDepartments || len(r.channels) > 0 || len(r.kinds) > 0
}
