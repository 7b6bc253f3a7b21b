package disclosure

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"

	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/token"
)

// Counter counts and lists disclosures: which client learnt something about which subject.
type Counter struct {
	*env.Env

	reader  *asof.Reader
	counter *disclosureCounter
}

// New returns the disclosures, which count until they are closed.
func New(env *env.Env, reader *asof.Reader) *Counter {
	return &Counter{Env: env, reader: reader, counter: newDisclosureCounter(env.Store, env.Instant, env.Log)}
}

// Count counts that a caller learnt something about the subjects with the keys. Where too much waits in memory it waits until there is
// room; an error says that nothing was counted. An empty channel means all channels. The keys may be used again afterwards.
func (s *Counter) Count(
	ctx context.Context, who *access.Caller, at consent.Instant, channel string, keys ...storage.SubjectKey,
) error {
	return s.counter.addDisclosures(ctx, at, disclosureKind{day: at.Day(), client: who.ID, channel: channel}, keys...)
}

// CountList is Count for many subjects of which an answer tells at once, in the order of their ids: stored in that order they cost a fraction.
func (s *Counter) CountList(
	ctx context.Context, who *access.Caller, at consent.Instant, channel string, told []Told,
) error {
	return s.counter.addList(ctx, at, disclosureKind{day: at.Day(), client: who.ID, channel: channel}, told)
}

// Flush stores what was counted before the call.
func (s *Counter) Flush(ctx context.Context) error {
	return env.StoreFault(s.counter.flush(ctx))
}

// Waiting returns how many rows of counts are not stored yet.
func (s *Counter) Waiting() int64 { return s.counter.rows.Load() }

// Forget drops what was counted so far of subjects, up to the day given of each, and is not stored yet.
func (s *Counter) Forget(until map[storage.SubjectKey]int64) { s.counter.forgetSubjects(until) }

// Close stores what was counted.
func (s *Counter) Close() { s.counter.close() }

// Disclosure is how often a client learnt something about a person on a day.
type Disclosure struct {
	Client     string
	Department string // of the client; empty: it acts for all
	Channel    string // that it asked about; empty: it learnt of all channels, by a look-up, a history or an export
	Day        int64  // days since 1970-01-01, UTC
	Count      int64
}

// ListInput asks for a page of the disclosures about a person.
type ListInput struct {
	Address string
	Size    int
	Token   string // of the page before; empty for the first
}

// Page is a page of the disclosures about a person.
type Page struct {
	Disclosures []Disclosure
	Next        string // token of the next page; empty after the last
}

// CountWhole counts one disclosure of all channels of an address to the caller. If the store holds nothing about the
// address, it counts nothing.
func (s *Counter) CountWhole(ctx context.Context, who *access.Caller, at *subjects.Places) error {
	return s.CountAbout(ctx, who, []About{{Places: *at}})
}

// About is what an answer tells something about.
type About struct {
	Places  subjects.Places
	Channel string // empty: all
}

// CountAbout counts one disclosure to the caller for each of what it was told about, but for addresses about which the store holds nothing.
// An error says that not all of them were counted.
func (s *Counter) CountAbout(ctx context.Context, who *access.Caller, told []About) error {
	if len(told) == 0 {
		return nil
	}
	var keys []storage.SubjectKey
	for i := range told {
		keys = append(append(keys, told[i].Places.Exact.Keys...), told[i].Places.Folded.Keys...)
	}
	slices.SortFunc(keys, func(a, b storage.SubjectKey) int {
		return cmp.Or(cmp.Compare(a.Form, b.Form), slices.Compare(a.Digest[:], b.Digest[:]))
	})
	head, holders, err := s.HoldersOf(ctx, slices.Compact(keys))
	if err != nil {
		return err
	}
	held := make(map[storage.SubjectKey]bool, len(holders))
	for i := range holders {
		held[holders[i].Key] = true
	}
	at := max(s.Instant(), head.Recorded)
	for i := range told {
		p := &told[i].Places
		for _, key := range slices.Concat(p.Exact.Keys, p.Folded.Keys) {
			if !held[key] {
				continue
			}
			if err := s.Count(ctx, who, at, told[i].Channel, key); err != nil {
				return err
			}
			break
		}
	}
	return nil
}

// HoldersOf returns the subjects that the keys lead to and disclosures are counted for, those of exact forms first.
func (s *Counter) HoldersOf(ctx context.Context, keys []storage.SubjectKey) (storage.Head, []storage.SubjectState, error) {
	head, rows, err := s.Store.States(ctx, keys)
	if err != nil {
		return head, nil, env.StoreFault(err)
	}
	rows = slices.DeleteFunc(rows, func(row storage.SubjectState) bool {
		return row.ID == (consent.SubjectID{}) || row.Key.Form != consent.FormExact && row.Key.Form != consent.FormFolded
	})
	slices.SortFunc(rows, func(a, b storage.SubjectState) int { return cmp.Compare(a.Key.Form, b.Key.Form) })
	return head, rows, nil
}

// Of returns the disclosures about the subjects that exist for the keys, by day, client and channel. They include those
// that this process has counted and not stored yet. Keys of other forms than exact and folded have no disclosures.
func (s *Counter) Of(ctx context.Context, keys []storage.SubjectKey) ([]Disclosure, error) {
	_, holders, err := s.HoldersOf(ctx, keys)
	if err != nil || len(holders) == 0 {
		return nil, err
	}
	ids := make([]consent.SubjectID, len(holders))
	for i := range holders {
		ids[i] = holders[i].ID
	}
	if err := s.Flush(ctx); err != nil {
		return nil, err
	}
	rows, err := s.Store.Disclosures(ctx, ids)
	if err != nil {
		return nil, env.StoreFault(err)
	}
	departments, err := s.departments(ctx)
	if err != nil {
		return nil, err
	}
	counts := map[disclosureKind]int64{} // before an address has an exact subject, it is counted for the folded one
	for i := range rows {
		counts[disclosureKind{rows[i].Day, rows[i].Client, rows[i].Channel}] += rows[i].Count
	}
	list := make([]Disclosure, 0, len(counts))
	for _, d := range slices.SortedFunc(maps.Keys(counts), compareDisclosureKinds) {
		list = append(list, Disclosure{
			Client: d.client, Department: departments[d.client], Channel: d.channel, Day: d.day, Count: counts[d],
		})
	}
	return list, nil
}

func compareDisclosureKinds(a, b disclosureKind) int {
	return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.client, b.client), cmp.Compare(a.channel, b.channel))
}

// ListDisclosures returns a page of the disclosures about an address, by day, client and channel. A client of one
// department sees the disclosures to its own clients, and those of its channels to others. The list itself does not
// count as a disclosure: it tells nothing else about the person. Errors: INVALID_ADDRESS, INVALID_PAGE_TOKEN,
// NO_CATALOG.
func (s *Counter) ListDisclosures(ctx context.Context, in ListInput) (Page, error) {
	a, err := subjects.ParseAddress(in.Address)
	if err != nil {
		return Page{}, err
	}
	name := fmt.Sprintf("disclosures %q", a.Exact())
	page, err := token.ReadPage(s.Keys, name, in.Token)
	if err != nil {
		return Page{}, env.InvalidPage()
	}
	l := subjects.NewLocator(s.Keys, 1)
	at, err := l.Places(a, false)
	if err != nil {
		return Page{}, err
	}
	v, who, err := s.reader.Look(ctx, nil, asof.Moment{})
	if err != nil {
		return Page{}, err
	}
	if err := who.Need(access.ScopeRead, access.ScopeExport); err != nil {
		return Page{}, err
	}
	keys := l.AllKeys()
	another, err := s.hasAnotherPerson(ctx, &at)
	if err != nil {
		return Page{}, err
	}
	if another {
		keys = at.Exact.Keys
	}
	all, err := s.Of(ctx, keys)
	if err != nil {
		return Page{}, err
	}
	if all, err = s.ownDisclosures(ctx, all, v, &who); err != nil {
		return Page{}, err
	}
	from, _ := slices.BinarySearchFunc(all, page, func(d Disclosure, p token.Page) int {
		if p.AfterKey == "" || cmp.Or(cmp.Compare(d.Day, p.After), cmp.Compare(d.pageKey(), p.AfterKey)) > 0 {
			return 1
		}
		return -1
	})
	result := Page{Disclosures: all[from:min(from+in.Size, len(all))]}
	if from+in.Size < len(all) {
		last := &result.Disclosures[in.Size-1]
		result.Next, err = token.NewPage(s.Keys, name, token.Page{After: last.Day, AfterKey: last.pageKey()})
	}
	return result, err
}

// hasAnotherPerson reports whether the folded form of an address has events at the twin of its domain (ß and ss), which may have another
// owner. Then what is counted for it may be about that person.
func (s *Counter) hasAnotherPerson(ctx context.Context, at *subjects.Places) (bool, error) {
	if at.Address.SharesMailbox() {
		return false, nil
	}
	_, all, err := s.Store.EventsOf(ctx, at.Folded.Keys, 0, 0)
	if err != nil {
		return false, env.StoreFault(err)
	}
	for _, headers := range all {
		events, err := asof.DecodeHeaders(headers)
		if err != nil {
			return false, err
		}
		for i := range events {
			another, err := at.MayBeOfAnother(&events[i])
			if err != nil || another {
				return another, err
			}
		}
	}
	return false, nil
}

// pageKey orders the disclosures of a day as they are listed: a space comes before everything that ids have.
func (d *Disclosure) pageKey() string { return d.Client + " " + d.Channel }

// ownDisclosures leaves out what does not concern the caller's department.
func (s *Counter) ownDisclosures(ctx context.Context, all []Disclosure, v *asof.View, who *access.Caller) ([]Disclosure, error) {
	if who.AllDepartments {
		return all, nil
	}
	cat, err := s.reader.Present(ctx, v)
	if err != nil {
		return nil, err
	}
	return OfDepartment(all, cat, who), nil
}

// OfDepartment leaves out what does not concern the department of a client that has one only.
func OfDepartment(all []Disclosure, cat *catalog.Catalog, who *access.Caller) []Disclosure {
	if who.AllDepartments {
		return all
	}
	return slices.DeleteFunc(all, func(d Disclosure) bool {
		ch, known := cat.Channel(d.Channel)
		return d.Department != who.Department && (!known || ch.Department != who.Department)
	})
}
