package recipient

import (
	"context"
	"errors"
	"fmt"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/asof"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/service/record"
	"github.com/assent-io/assent/internal/service/subjects"
	"github.com/assent-io/assent/internal/service/txn"
	"github.com/assent-io/assent/internal/storage"
	"github.com/assent-io/assent/internal/token"
)

// Links carries out what persons do by links. It is safe for concurrent use.
type Links struct {
	*env.Env

	reader   *asof.Reader
	engine   *txn.Engine
	recorder *record.Recorder
	memory   Memory
	rows     *addresses
	opts     Options
}

// New returns the use case. It acts as the client [access.RecipientID], not as its caller.
func New(env *env.Env, reader *asof.Reader, engine *txn.Engine, recorder *record.Recorder, memory Memory, opts Options) *Links {
	return &Links{Env: env, reader: reader, engine: engine, recorder: recorder, memory: memory, rows: newAddresses(env.Store), opts: opts}
}

// ErrNonsense is returned for a token that leads to nothing: it was never made here, or was altered; or its person was erased, or its channel
// is no more or cannot be refused.
var ErrNonsense = errors.New("the link leads to nothing")

// ErrGone is the ErrNonsense of a token that names a subject which the store does not have: it was erased, or the store was restored from a
// backup of before it was there.
var ErrGone = fmt.Errorf("%w: its person is not known any more", ErrNonsense)

// By is how an act reached the server, as it is kept as evidence.
type By struct {
	IP        string
	UserAgent string
}

// holder is what a token leads to.
type holder struct {
	subjects.Places

	keys    []storage.SubjectKey // of everything that the places are found by
	channel string
	decided consent.Instant // the end of the second in which the message was decided about
}

// find returns what a token leads to. The error is [ErrNonsense], or one of the store.
func (l *Links) find(ctx context.Context, text string) (*holder, error) {
	link, err := token.ReadLink(l.Keys, text)
	if err != nil {
		return nil, ErrNonsense
	}
	exact := link.Address
	if exact == "" {
		if exact, err = l.addressOf(ctx, link.Subject); err != nil {
			return nil, err
		}
	}
	a, err := address.Parse(exact)
	if err != nil {
		return nil, ErrNonsense
	}
	const second = 1_000_000
	return l.holderOf(a, link.Channel, consent.Instant(link.Decided*second+second-1), false)
}

func (l *Links) holderOf(a address.Address, channel string, decided consent.Instant, mail bool) (*holder, error) {
	locator := subjects.NewLocator(l.Keys, 1)
	places, err := locator.Places(a, mail)
	if err != nil {
		return nil, err
	}
	return &holder{Places: places, keys: locator.AllKeys(), channel: channel, decided: decided}, nil
}

// addressOf returns the exact address of a subject. Of one that was erased there is none.
func (l *Links) addressOf(ctx context.Context, id consent.SubjectID) (string, error) {
	if id == (consent.SubjectID{}) {
		return "", ErrNonsense
	}
	row, found, err := l.rows.row(ctx, id)
	switch {
	case err != nil:
		return "", env.StoreFault(err)
	case !found:
		return "", ErrGone
	}
	plain, err := l.Keys.Open(seal.PurposeAddress, id[:], row.Address)
	if err != nil {
		return "", fmt.Errorf("open the address of a link: %w", err)
	}
	return string(plain), nil
}

// asRecipient returns the context of a call that a person makes by a link.
func asRecipient(ctx context.Context) context.Context {
	return access.WithCaller(ctx, access.Process(access.RecipientID))
}

// sight is what is known of the holder of a link at a moment.
type sight struct {
	*consent.Known

	catalog *catalog.Catalog
	at      consent.Instant
}

// look reads what is known of the holder now.
func (l *Links) look(ctx context.Context, h *holder) (*sight, error) {
	v, _, err := l.reader.Look(ctx, h.keys, asof.Moment{})
	if err != nil {
		return nil, err
	}
	cat, _, err := l.reader.InForce(ctx, v)
	if err != nil {
		return nil, err
	}
	var known subjects.Knowledge
	if err := known.Gather(&h.Places, v); err != nil {
		return nil, err
	}
	return &sight{Known: &known.Known, catalog: cat, at: v.At}, nil
}

// rulesOf returns the rules of the channel of a link. The error is [ErrGone] where the person was erased since: a token that has the address itself
// leads to it also then. It is [ErrNonsense] where the channel cannot be refused, or is no more.
func (l *Links) rulesOf(s *sight, h *holder) (*consent.Rules, error) {
	if erased := s.Folded.ErasedAt(s.Spelling); erased != 0 && h.decided <= erased {
		return nil, ErrGone
	}
	return l.refusable(s.catalog, h.channel)
}

// refusable returns the rules of a channel that can be refused; [ErrNonsense] if there is none with the id.
func (l *Links) refusable(cat *catalog.Catalog, channel string) (*consent.Rules, error) {
	ch, ok := cat.Channel(channel)
	if !ok || !ch.Refusable {
		return nil, ErrNonsense
	}
	return l.reader.Rulebook.Rules(cat, consent.Request{Channel: channel})
}
