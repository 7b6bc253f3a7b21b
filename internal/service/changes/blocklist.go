package changes

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/feed"
	"github.com/assent-io/assent/internal/service/blocklist"
	"github.com/assent-io/assent/internal/service/disclosure"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage"
)

// BlockListRequest says which block list is exported.
type BlockListRequest struct {
	Channel  string
	Consumer string // id; empty: none
}

// BlockListStart is what a block list begins with.
type BlockListStart struct {
	StoreID  [16]byte
	Channel  feed.Channel
	Form     string          // of the consumer
	KeyID    string          // the name of the consumer's key, of the form keyed
	Time     consent.Instant // what ended by then is not on the list
	Position int64           // the list has everything up to it; 0 for a reader that sees no positions
	Token    string          // from which the changes of the channel go on: the list has everything up to it, or more
}

// BlockListEnd is what a block list ends with.
type BlockListEnd struct {
	Entries  int64
	Missing  int64 // forms that are blocked and could not be listed, for the address is not known any more
	Reopened int64 // addresses that are not blocked because of a consent, although their folded form is
}

// BlockListEntry is one rule that blocks one form of an address, as the reader sees it.
type BlockListEntry struct {
	Match         consent.Form
	Address, Hash string
	FoldVersion   int // as Entry has it
	Kind          feed.Kind
	Scope         consent.Scope // of a suppression
	Reason        consent.Code
	Since, Until  consent.Instant
	Partial       bool // see blocklist.Entry
	Derived       bool // as above
}

// BlockListPart is a part of a block list: its start, entries, or its end.
type BlockListPart struct {
	Start   *BlockListStart
	Entries []BlockListEntry
	End     *BlockListEnd
}

// ExportBlockList sends the block list of a channel, page by page, each in short reads of its own. Errors: NO_CATALOG, UNKNOWN_CHANNEL,
// OTHER_DEPARTMENT, INVALID_REQUEST for a consumer that is not told of refusals or suppressions, and those of send.
func (f *Feed) ExportBlockList(ctx context.Context, in BlockListRequest, send func(BlockListPart) error) error {
	r, at, err := f.begin(ctx, Request{From: FromNow, Channels: []string{in.Channel}, Consumer: in.Consumer})
	if err != nil {
		return env.StoreFault(ofOneChannel(err))
	}
	for _, kind := range []feed.Kind{feed.KindRefusal, feed.KindSuppression} {
		if len(r.kinds) > 0 && !slices.Contains(r.kinds, kind) {
			return fault.Errorf(fault.InvalidRequest, "consumer", "the consumer is told of some kinds of rules only: a block list needs a consumer "+
				"that is told of refusals and of suppressions, or none")
		}
	}
	at.owes = nil
	x := &listing{feed: f, reader: r, at: at, channel: in.Channel, send: send}
	return env.StoreFault(x.run(ctx))
}

// ofOneChannel returns an error about the channels of a request as one of a request that has one.
func ofOneChannel(err error) error {
	if known, ok := errors.AsType[*fault.Error](err); ok && known.Field == "channels" {
		return fault.Errorf(known.Code, "channel", "%s", known.Message)
	}
	return err
}

// listing is a block list under way.
type listing struct {
	feed    *Feed
	reader  *reader
	at      *place
	channel string
	send    func(BlockListPart) error
	made    consent.Instant

	mu  sync.Mutex // held while the reader is put under a catalog, and while something is sent; guards what follows
	end BlockListEnd
}

func (x *listing) run(ctx context.Context) error {
	head, err := x.feed.Store.Head(ctx)
	if err != nil {
		return err
	}
	x.made = x.feed.now(&head)
	if err := x.start(&head); err != nil {
		return err
	}
	list := x.feed.lists.Begin()
	parts := x.feed.options.ListParts
	if err := blocklist.InParts(ctx, parts, func(ctx context.Context, n int) error {
		return x.part(ctx, list, storage.SplitIDs(n, parts))
	}); err != nil {
		return err
	}
	for more := true; more; {
		if more, err = x.page(ctx, func(in *blocklist.Request) (blocklist.Page, bool, error) {
			return list.Rest(ctx, listPage, in)
		}); err != nil {
			return err
		}
	}
	return x.send(BlockListPart{End: &x.end})
}

// part sends what the subjects with ids in a range have for the list.
func (x *listing) part(ctx context.Context, list *blocklist.List, ids storage.IDRange) error {
	for {
		more, err := x.page(ctx, func(in *blocklist.Request) (page blocklist.Page, more bool, err error) {
			page, ids.After, err = list.Page(ctx, ids, listPage, in)
			return page, ids.After != (consent.SubjectID{}), err
		})
		if err != nil || !more {
			return err
		}
	}
}

// token returns from where changes may be followed, and the position up to which the list has everything.
func (x *listing) token(head *storage.Head) (string, int64, error) {
	var p Page
	err := x.feed.sign(x.reader, x.at, &window{head: *head, to: x.at.Mark}, &p)
	return p.Token, p.Position, err
}

func (x *listing) start(head *storage.Head) error {
	s := &BlockListStart{StoreID: head.StoreID, Form: string(x.reader.form.name), Time: x.made}
	i := slices.IndexFunc(x.reader.infos, func(c feed.Channel) bool { return c.Channel == x.channel })
	if i < 0 {
		return unknownChannel(x.channel)
	}
	s.Channel = x.reader.infos[i]
	var err error
	if x.reader.form.keyed() {
		if s.KeyID, err = x.reader.keyID(); err != nil {
			return err
		}
	}
	if s.Token, s.Position, err = x.token(head); err != nil {
		return err
	}
	return x.send(BlockListPart{Start: s})
}

func unknownChannel(id string) error {
	return fault.Errorf(fault.UnknownChannel, "channel", "the catalog in force has no channel %q", id)
}

// page sends what is read for the list, under the catalog that is in force before that.
func (x *listing) page(ctx context.Context, read func(*blocklist.Request) (blocklist.Page, bool, error)) (more bool, err error) {
	in, err := x.request(ctx)
	if err != nil {
		return false, err
	}
	page, more, err := read(in)
	if err != nil {
		return false, err
	}
	size := listPart
	if x.reader.form.keyed() {
		size = len(page.Entries) // Those of many people are mixed.
	}
	for part := range page.Parts(size) {
		if err := x.deliver(ctx, part); err != nil {
			return false, err
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.end.Missing += page.Missing
	x.end.Reopened += page.Reopened
	return more, nil
}

// deliver sends entries, if the caller may still read them.
func (x *listing) deliver(ctx context.Context, of []blocklist.Entry) error {
	entries, told, err := x.shown(of)
	if err != nil {
		return err
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	head, err := x.feed.Store.Head(ctx)
	if err != nil {
		return err
	}
	if err := x.feed.readmit(ctx, x.reader, &head); err != nil {
		return err
	}
	if len(entries) == 0 {
		return nil
	}
	if err := x.feed.disclosures.CountList(ctx, &x.reader.who, x.feed.now(&head), x.channel, told); err != nil {
		return err
	}
	x.end.Entries += int64(len(entries))
	x.feed.counts.entries.Add(int64(len(entries)))
	return x.send(BlockListPart{Entries: entries})
}

// request returns what a page is read by. The head is read before the page: it has everything up to there, or more.
func (x *listing) request(ctx context.Context) (*blocklist.Request, error) {
	head, err := x.feed.Store.Head(ctx)
	if err != nil {
		return nil, err
	}
	w := &window{head: head}
	if err := x.feed.putCatalog(ctx, w); err != nil {
		return nil, err
	}
	x.mu.Lock()
	err = x.feed.under(x.reader, w.catalog)
	x.mu.Unlock()
	if err != nil {
		return nil, err
	}
	worths, err := x.feed.worths.Under(w.catalog)
	if err != nil {
		return nil, err
	}
	channel := worths.Channel(x.channel)
	if channel == nil {
		return nil, unknownChannel(x.channel)
	}
	return &blocklist.Request{Channel: channel, Worths: worths, Lists: w.lists, At: x.made, Hashed: x.reader.form.keyed()}, nil
}

// shown returns entries as the reader sees them, and the subjects that it learns of, in the order of the entries.
func (x *listing) shown(of []blocklist.Entry) ([]BlockListEntry, []disclosure.Told, error) {
	entries := make([]BlockListEntry, len(of))
	told := make([]disclosure.Told, 0, len(of))
	for i := range of {
		e := &of[i]
		var err error
		if entries[i], err = x.reader.form.listed(e); err != nil {
			return nil, nil, err
		}
		if e.About != nil && (len(told) == 0 || told[len(told)-1].Key != e.About.Key) {
			told = append(told, disclosure.Told{Key: e.About.Key, Subject: e.About.ID})
		}
	}
	return blocklist.InOrder(entries, func(a, b *BlockListEntry) int { // That of the ids says nothing.
		return cmp.Or(cmp.Compare(a.Match, b.Match), strings.Compare(a.Address, b.Address), strings.Compare(a.Hash, b.Hash))
	}), told, nil
}

const (
	// listPage is how many subjects are read at once for a block list. Each read begins with an empty cache of the database where others write.
	listPage = 5000
	// listPart is how many entries of them are sent at once.
	listPart = 1000
)

// listed returns an entry of a block list as the reader sees it.
func (x *form) listed(e *blocklist.Entry) (BlockListEntry, error) {
	rule := e.Rule
	if x.keyed() {
		rule = rule.ByDay()
	}
	seen := BlockListEntry{
		Match: e.Match, Kind: rule.Kind, Scope: rule.Scope, Reason: rule.Shown(), Since: rule.Since, Until: rule.Until, Partial: e.Partial,
		Derived: e.Derived, FoldVersion: e.FoldVersion,
	}
	switch {
	case x.keyed():
		inner := e.Inner
		if e.Text != "" {
			var err error
			if inner, err = x.keys.ListHash(e.Match, e.Text); err != nil {
				return seen, err
			}
		}
		seen.Hash = x.outer(inner)
	case x.legacy():
		seen.Hash = x.name.Sum(e.Text)
	default:
		seen.Address = e.Text
	}
	return seen, nil
}
