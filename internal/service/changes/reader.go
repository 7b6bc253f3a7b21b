package changes

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"slices"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/storage"
)

// reader is who reads, what of it, and in which form.
type reader struct {
	who     access.Caller
	request Request // with lists in order, each item once
	digest  [16]byte

	catalog  int64 // version that what follows is of
	channels []string
	infos    []feed.Channel
	filter   *feed.Filter
	form     form
}

// newReader returns the reader of a request under a head. Errors: UNKNOWN_CHANNEL, OTHER_DEPARTMENT, NO_CATALOG.
func (f *Feed) newReader(ctx context.Context, head *storage.Head, in Request) (*reader, error) {
	who, err := f.guard.Admit(ctx, head)
	if err != nil {
		return nil, err
	}
	if err := who.Need(access.ScopeFeed); err != nil {
		return nil, err
	}
	r := &reader{who: who, request: in}
	r.request.Channels, r.request.Kinds = once(in.Channels), once(in.Kinds)
	versions, err := f.Catalogs.UpTo(ctx, head)
	if err != nil {
		return nil, err
	}
	c := reference.InForce(versions, f.now(head))
	for _, id := range r.request.Channels {
		if _, ok := c.Parsed.Channel(id); !ok {
			return nil, fault.Errorf(fault.UnknownChannel, "channels", "the catalog in force has no channel %q", id)
		}
	}
	if err := f.under(r, c); err != nil {
		return nil, err
	}
	return r, r.sum()
}

func once[T interface{ ~string | ~uint8 }](list []T) []T {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

// sum makes the digest that tokens have of the reader.
func (r *reader) sum() error {
	text, err := json.Marshal([]any{r.who.Department, r.who.AllDepartments, r.request.Consumer, r.request.Channels, r.request.Kinds})
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
	r.catalog, r.channels = c.Version, nil
	for i := range c.Parsed.Channels {
		ch := &c.Parsed.Channels[i]
		if len(r.request.Channels) == 0 && (r.who.AllDepartments || ch.Department == r.who.Department) ||
			slices.Contains(r.request.Channels, ch.ID) {
			if err := r.who.NeedChannel(ch.ID, c.Parsed); err != nil {
				return err
			}
			r.channels = append(r.channels, ch.ID)
		}
	}
	worths, err := f.worths.under(c)
	if err != nil {
		return err
	}
	if r.channels == nil {
		r.channels = []string{} // A department without channels sees no rule of one.
	}
	r.infos, r.filter = infosOf(worths, r.channels), worths.Filter(r.channels, r.request.Kinds)
	if r.who.AllDepartments && len(r.request.Channels) == 0 {
		r.filter = worths.Filter(nil, r.request.Kinds)
	}
	return nil
}

// readmit returns an error unless the caller may still read under a head.
func (f *Feed) readmit(ctx context.Context, r *reader, head *storage.Head) error {
	who, err := f.guard.Admit(ctx, head)
	if err != nil {
		return err
	}
	if err := who.Need(access.ScopeFeed); err != nil {
		return err
	}
	if who.Department != r.who.Department || who.AllDepartments != r.who.AllDepartments {
		return fault.Errorf(fault.Unauthenticated, "", "the client was changed to another department; make the call again")
	}
	return nil
}
