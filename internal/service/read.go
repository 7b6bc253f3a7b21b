package service

import (
	"context"
	"errors"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/storage"
)

// probe is where the store is asked about an address: every form under every version of the digest key.
type probe struct {
	address address.Address
	exact   []storage.SubjectKey
	folded  []storage.SubjectKey
	mail    []storage.SubjectKey // only to decide about confirmation mails
	domains [][]storage.SubjectKey
}

// prober makes probes. It remembers domains, which many addresses of a batch share.
type prober struct {
	keys    *seal.Keys
	domains map[string][]storage.SubjectKey
	all     []storage.SubjectKey
}

func newProber(keys *seal.Keys, addresses int) *prober {
	return &prober{
		keys: keys, domains: map[string][]storage.SubjectKey{}, all: make([]storage.SubjectKey, 0, 4*addresses),
	}
}

func (p *prober) form(form consent.Form, canonical string) ([]storage.SubjectKey, error) {
	digests, err := p.keys.AppendDigests(nil, form, canonical)
	if err != nil {
		return nil, err
	}
	keys := make([]storage.SubjectKey, len(digests))
	for i, d := range digests {
		keys[i] = storage.SubjectKey{Form: form, Digest: d.Sum}
	}
	p.all = append(p.all, keys...)
	return keys, nil
}

func (p *prober) domain(name string) ([]storage.SubjectKey, error) {
	if keys, ok := p.domains[name]; ok {
		return keys, nil
	}
	keys, err := p.form(consent.FormDomain, name)
	p.domains[name] = keys
	return keys, err
}

func (p *prober) probe(a address.Address, mail bool) (probe, error) {
	result := probe{address: a}
	var err error
	if result.exact, err = p.form(consent.FormExact, a.Exact()); err != nil {
		return result, err
	}
	if result.folded, err = p.form(consent.FormFolded, a.Folded()); err != nil {
		return result, err
	}
	if mail {
		if result.mail, err = p.form(consent.FormMail, a.Folded()); err != nil {
			return result, err
		}
	}
	for _, name := range a.Domains() {
		keys, err := p.domain(name)
		if err != nil {
			return result, err
		}
		result.domains = append(result.domains, keys)
	}
	return result, nil
}

// view is what a read saw of the store: a head, and the states of the subjects that were asked for.
type view struct {
	head   storage.Head
	at     consent.Instant // the time that is decided for
	states map[storage.SubjectKey]viewed
}

// viewed is a subject as a read saw it.
type viewed struct {
	state      *consent.State
	keyVersion uint32 // of the subject's row
}

// first returns what was seen under the first of the keys that exists.
func (v *view) first(keys []storage.SubjectKey) viewed {
	for _, k := range keys {
		if s, ok := v.states[k]; ok {
			return s
		}
	}
	return viewed{}
}

// known returns what the view holds about the probed address.
func (v *view) known(keys *seal.Keys, p *probe) (consent.Known, error) {
	folded := v.first(p.folded)
	known := consent.Known{Exact: v.first(p.exact).state, Folded: folded.state, Mail: v.first(p.mail).state}
	if folded.state != nil && folded.keyVersion != 0 {
		spelling, err := keys.Spelling(folded.keyVersion, p.address.Exact())
		if err != nil {
			return known, err
		}
		known.Spelling = spelling.Sum
	}
	for _, d := range p.domains {
		known.Domains = append(known.Domains, v.first(d).state)
	}
	return known, nil
}

// look reads what is known under the keys: the states of now, strictly, or, for a time of the past, the fold of the events up to
// it. The caller is admitted under the head that was read.
func (s *Service) look(ctx context.Context, keys []storage.SubjectKey, asOf consent.Instant) (*view, Caller, error) {
	var v *view
	var err error
	if asOf == 0 {
		v, err = s.lookNow(ctx, keys)
	} else {
		v, err = s.lookBack(ctx, keys, asOf)
	}
	if err != nil {
		return nil, Caller{}, fault(err)
	}
	who, err := s.admit(ctx, &v.head)
	if err != nil {
		return nil, Caller{}, err
	}
	// A clock that lags behind the ledger must not hide what was acknowledged.
	now := max(s.instant(), v.head.Recorded)
	if v.at = now; asOf != 0 {
		if v.at = asOf; asOf > now {
			return nil, Caller{}, consent.Faultf(consent.FaultTimeInFuture, "asOf", "the time lies in the future; leave it out to ask for now")
		}
	}
	return v, who, nil
}

func (s *Service) lookNow(ctx context.Context, keys []storage.SubjectKey) (*view, error) {
	head, rows, err := s.store.States(ctx, keys)
	if err != nil {
		return nil, err
	}
	v := &view{head: head, states: make(map[storage.SubjectKey]viewed, len(rows))}
	var unread []storage.SubjectKey
	for i := range rows {
		state, err := s.unpack(ctx, rows[i].State.Packed)
		if errors.Is(err, consent.ErrEncoding) {
			unread = append(unread, rows[i].Key)
			continue
		}
		if err != nil {
			return nil, err
		}
		v.states[rows[i].Key] = viewed{state: state, keyVersion: rows[i].KeyVersion}
	}
	if len(unread) == 0 {
		return v, nil
	}
	// States are a cache: those of another program's version are folded from their events instead.
	return s.lookBack(ctx, keys, consent.MaxInstant)
}

// unpack returns a packed state; a subject without one has none.
func (s *Service) unpack(ctx context.Context, packed []byte) (*consent.State, error) {
	if packed == nil {
		return nil, consent.ErrEncoding
	}
	state, err := consent.UnpackState(packed, s.names.table.Load())
	if !errors.Is(err, consent.ErrUnknownName) {
		return state, err
	}
	table, err := s.names.refresh(ctx)
	if err != nil {
		return nil, err
	}
	return consent.UnpackState(packed, table)
}

func (s *Service) lookBack(ctx context.Context, keys []storage.SubjectKey, until consent.Instant) (*view, error) {
	head, bySubject, err := s.store.EventsOf(ctx, keys, until)
	if err != nil {
		return nil, err
	}
	v := &view{head: head, states: make(map[storage.SubjectKey]viewed, len(bySubject))}
	for key, headers := range bySubject {
		state, spelled, err := foldHeaders(headers)
		if err != nil {
			return nil, err
		}
		v.states[key] = viewed{state: state, keyVersion: spelled}
	}
	return v, nil
}

// foldHeaders returns the fold of the events with the headers, and the key version of their spellings.
func foldHeaders(headers [][]byte) (*consent.State, uint32, error) {
	events := make([]consent.Event, len(headers))
	var spelled uint32
	for i, h := range headers {
		var err error
		if events[i], err = consent.DecodeHeader(h); err != nil {
			return nil, 0, err
		}
		if spelled == 0 {
			spelled = events[i].Spelling.Key
		}
	}
	return consent.Fold(events), spelled, nil
}

// inForce returns the catalog in force at the view's time, with its version.
func (s *Service) inForce(ctx context.Context, v *view) (*catalog.Catalog, int64, error) {
	versions, err := s.catalogs.upTo(ctx, v.head.CatalogVersion)
	if err != nil {
		return nil, 0, err
	}
	c := effective(versions, v.at)
	return c.parsed, c.Version, nil
}
