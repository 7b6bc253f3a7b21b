package changes

import (
	"cmp"
	"context"
	"slices"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/service/cards"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/reference"
	"github.com/assent-io/assent/internal/storage"
)

// News is all that holds of one card, told because something of it changed. A later one of the same card replaces it, so one that never
// arrives does no harm once a later one does.
type News struct {
	Card    Card
	Forget  bool // it tells to forget an address that was erased
	Entries []Entry
}

// Card names a form of an address, for what keeps messages about it.
type Card struct {
	Match  consent.Form
	Text   string // the form; empty: only its hash is known, for the person was erased
	Folded string // of the person; empty of a domain
	// Hash is the list hash of the form, and Person that of the person's folded form, or of the domain.
	Hash, Person [32]byte
}

// NewsPage is what a window of the ledger tells card by card.
type NewsPage struct {
	// Reset reports that what the reader holds is to be replaced by a snapshot of the channels, for it cannot be told what changed.
	Reset    bool
	Channels []string
	News     []News
	Erased   []Card // addresses that erasures took in the window
	Token    string
	Mark     storage.Mark
	More     bool
}

// ListNews returns what changed after a token of ListNews, or from now on without one, as whole cards: those of domains first, then those of
// folded forms, then those of exact ones. What the consumer's client recorded itself is left out. Errors: those of ListChanges.
func (f *Feed) ListNews(ctx context.Context, consumer, from string, size int) (NewsPage, error) {
	p, err := f.listNews(ctx, consumer, from, size)
	return p, env.StoreFault(err)
}

func (f *Feed) listNews(ctx context.Context, consumer, from string, size int) (NewsPage, error) {
	r, at, err := f.begin(ctx, Request{From: from, Consumer: consumer})
	if err != nil {
		return NewsPage{}, err
	}
	p := NewsPage{Reset: from == ""}
	w, err := f.readWindow(ctx, at.Mark, windowLimit{events: size, named: max(size, leastNamed)})
	if err != nil {
		return p, err
	}
	if err := f.readmit(ctx, r, &w.head); err != nil {
		return p, err
	}
	if p.Reset {
		removals, err := f.removalsIn(ctx, r.consumer.Acknowledged, at.Mark)
		if err != nil {
			return p, err
		}
		if err := f.newsOfRemovals(r, removals, w.versions, &p); err != nil {
			return p, err
		}
	}
	if err := f.putRoot(ctx, w); err != nil {
		return p, err
	}
	return p, f.tellNews(ctx, r, at, w, &p)
}

// tellNews puts into a page what a window tells a reader that is at its beginning, and moves the place to its end.
func (f *Feed) tellNews(ctx context.Context, r *reader, at *place, w *window, p *NewsPage) error {
	resets, listed, err := f.resets(ctx, r, at, w)
	if err != nil {
		return err
	}
	p.Reset, at.catalog, at.listed = p.Reset || len(resets) > 0, w.catalog.Version, listed
	for i := range r.infos {
		p.Channels = append(p.Channels, r.infos[i].Channel)
	}
	fresh := w.fresh(at)
	if err := f.newsOfRemovals(r, fresh, w.versions, p); err != nil {
		return err
	}
	// What blocks comes before what allows.
	slices.SortStableFunc(w.cards, func(a, b cards.Card) int { return cmp.Compare(rankOf(a.Match), rankOf(b.Match)) })
	for i := range w.cards {
		c := &w.cards[i]
		if !r.needs(c, fresh) || r.isEcho(c) {
			continue
		}
		if err := f.newsOf(ctx, r, w, c, p); err != nil {
			return err
		}
	}
	at.Mark, at.root, p.Mark = w.to, w.root, w.to
	p.More = w.more()
	p.Token, err = f.writeToken(r, &w.head, at)
	return err
}

func rankOf(match consent.Form) int {
	switch match {
	case consent.FormDomain:
		return 1
	case consent.FormFolded:
		return 2
	default:
		return 3
	}
}

// isEcho reports whether all that changed of a card was recorded by the reader's own client.
func (r *reader) isEcho(c *cards.Card) bool {
	return !c.Whole && len(c.Actors) > 0 && !slices.ContainsFunc(c.Actors, func(id string) bool { return id != r.who.ID })
}

// newsOf puts into a page what a card of a window tells, if anything of it changed for the reader.
func (f *Feed) newsOf(ctx context.Context, r *reader, w *window, c *cards.Card, p *NewsPage) error {
	spelled := r.form.legacy() && c.Match == consent.FormExact // Such a reader is told of a spelling whenever it is touched.
	if removed, added := feed.Diff(r.seen(c.Before), r.seen(c.After)); len(removed)+len(added) == 0 && !c.Whole && !spelled {
		return nil
	}
	entries, err := f.tellCard(ctx, r, w, c, true)
	if err != nil || len(entries) == 0 {
		return err
	}
	named, err := f.nameCard(c)
	p.News = append(p.News, News{Card: named, Entries: entries})
	f.counts.entries.Add(int64(len(entries)))
	return err
}

// newsOfRemovals puts the erased addresses into a page that a reader is to forget.
func (f *Feed) newsOfRemovals(r *reader, removals []removal, versions []reference.CatalogVersion, p *NewsPage) error {
	for i := range removals {
		a := removals[i].address
		exact, err := f.nameCard(&cards.Card{Match: consent.FormExact, Text: a.Exact(), Folded: a.Folded()})
		if err != nil {
			return err
		}
		folded, err := f.nameCard(&cards.Card{Match: consent.FormFolded, Text: a.Folded(), Folded: a.Folded()})
		if err != nil {
			return err
		}
		p.Erased = append(p.Erased, exact, folded)
		if entries := r.forget(&removals[i], versions); len(entries) > 0 {
			p.News = append(p.News, News{Card: exact, Forget: true, Entries: entries})
		}
	}
	return nil
}

// nameCard returns the name of a card.
func (f *Feed) nameCard(c *cards.Card) (Card, error) {
	named := Card{Match: c.Match, Text: c.Text, Folded: c.Folded, Hash: c.Inner, Person: c.Person}
	if c.Text == "" {
		return named, nil
	}
	var err error
	if named.Hash, err = f.Keys.ListHash(c.Match, c.Text); err != nil {
		return named, err
	}
	if named.Person = named.Hash; c.Match != consent.FormDomain {
		named.Person, err = f.Keys.ListHash(consent.FormFolded, c.Folded)
	}
	return named, err
}

// CardNews returns what holds of a card as of a token of ListNews, for a reader that holds something else of it. The card has a text. Errors:
// those of ListChanges.
func (f *Feed) CardNews(ctx context.Context, consumer, token string, named Card) (News, error) {
	n, err := f.cardNews(ctx, consumer, token, named)
	return n, env.StoreFault(err)
}

func (f *Feed) cardNews(ctx context.Context, consumer, token string, named Card) (News, error) {
	r, at, err := f.begin(ctx, Request{From: token, Consumer: consumer})
	if err != nil {
		return News{}, err
	}
	head, err := f.Store.Head(ctx)
	if err != nil {
		return News{}, err
	}
	w := &window{head: head, from: at.Mark, to: at.Mark}
	if err := f.putCatalog(ctx, w); err != nil {
		return News{}, err
	}
	if err := f.under(r, w.catalog); err != nil {
		return News{}, err
	}
	worths, err := f.worths.Under(w.catalog)
	if err != nil {
		return News{}, err
	}
	c, err := f.cards.ReadOne(ctx, cards.Part{After: at.Position, UpTo: at.Position, Lists: w.lists}, worths, named.Match, named.Text, named.Folded)
	if err != nil {
		return News{}, err
	}
	n := News{Card: named}
	if n.Entries, err = f.tellCard(ctx, r, w, &c, true); err != nil || len(n.Entries) > 0 {
		return n, err
	}
	to, known, err := r.form.recipient(&c)
	if known {
		n.Entries = []Entry{r.form.entry(&to, &feed.Rule{}, at.Position).as(Reset)}
	}
	return n, err
}
