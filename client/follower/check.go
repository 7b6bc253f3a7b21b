package follower

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/assent-io/assent/internal/address"
	"github.com/assent-io/assent/internal/catalog"
	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/feed"
)

// What a check that allows nothing failed with; errors.Is finds it.
var (
	// ErrNotReady says that the server did not say yet that the set is complete: that of a file, too, answers only then.
	ErrNotReady = errors.New("the set of the Follower is not complete yet: what the server tells first is under way")
	// ErrStale says that the server did not say for too long that the set is up to date.
	ErrStale = errors.New("the set of the Follower is stale: the server did not say in time that it is up to date")
	// ErrAskServer says that only the server knows: the channel is not marketing, and the set is in clear, so it lacks what blocks an erased
	// person. Ask the server, or follow as a consumer of the form keyed.
	ErrAskServer = errors.New("the channel is not marketing, and a set in clear does not know what blocks a person who was erased: ask the server, " +
		"or follow as a consumer of the form keyed")
	// ErrChannel says that the Follower does not follow the channel.
	ErrChannel = errors.New("the Follower does not follow this channel")
	// ErrAddress says that a text is no e-mail address.
	ErrAddress = errors.New("not an address")
)

// Answer is what follows from the set for one address and channel. The zero Answer allows nothing.
type Answer struct {
	// Allowed says that a check by the server would be an ALLOW at this time: of a message under the first sender identity of the channel and,
	// on a channel that is not marketing, with a right reference.
	Allowed bool
	// Blocked says that a refusal or suppression stops the messages of the channel: what a block list of the channel contains. Where neither
	// is true, no grant allows the messages, or the channel is closed, or the address is one of a role, such as noreply.
	Blocked bool
	// Reason is why. Of an ALLOW it is the code that a check gives, such as ALLOW_CONSENT; of a block the reason of the refusal or suppression as
	// consumers see it, such as WITHDRAWN or HARD_BOUNCE; of a deferred message QUIET_HOURS or FREEZE; else NO_LEGAL_BASIS, REFUSED_BEFORE, HONOURED_REFUSAL, ROLE_ADDRESS, or why the
	// channel is closed.
	Reason string
	// Position is the position of the ledger that the answer is of; 0 for a consumer of the form keyed.
	Position int64
	// Deferred says that the rules allow the message, and that it waits for the end of quiet hours or of a freeze: Allowed is false then, and Reason is
	// QUIET_HOURS or FREEZE.
	Deferred bool
	// Retry is from when on a deferred message may be asked about again; zero: no end is foreseen.
	Retry time.Time
	// AsOf is up to when the server said that this is all, by its clock. What was acknowledged later may be missing.
	AsOf time.Time
}

// Check answers from memory whether a message of the channel may be sent to an address. The address may be written as people type it. With an
// error nothing is allowed: ErrNotReady, ErrStale, ErrChannel, ErrAddress, ErrAskServer. It never waits.
func (f *Follower) Check(typed, channel string) (Answer, error) {
	v, err := f.current()
	if err != nil {
		return Answer{}, err
	}
	ch := v.told[channel]
	if ch == nil {
		// Without what was asked: it may be an address, in the wrong place.
		return Answer{}, fmt.Errorf("%w; it follows %s", ErrChannel, strings.Join(slices.Sorted(maps.Keys(v.told)), ", "))
	}
	a, err := parse(typed)
	if err != nil {
		return Answer{}, err
	}
	answer := f.evaluate(v, ch, &a)
	if answer.Allowed && !v.keyed && ch.Class != catalog.ClassMarketing {
		return Answer{}, ErrAskServer // On marketing such a person has no grant, so nothing is allowed that the server denies.
	}
	answer.Position, answer.AsOf = v.position, v.asOf
	return answer, nil
}

// Blocked reports whether the address belongs on a block list of the channel: a refusal or suppression stops its messages. With an error it is
// true, so also where ErrAskServer says that the set cannot know. An address that is not blocked may not be written to for that: see Check.
func (f *Follower) Blocked(typed, channel string) (bool, error) {
	answer, err := f.Check(typed, channel)
	return answer.Blocked || err != nil, err
}

// current returns the set that answers. Errors: ErrNotReady, ErrStale.
func (f *Follower) current() (*view, error) {
	v := f.published.Load()
	switch {
	case v == nil:
		return nil, ErrNotReady
	case v.clock.latest(f.wall()).Sub(v.asOf) > f.options.MaxStaleness:
		return nil, ErrStale
	default:
		return v, nil
	}
}

// scratch is memory for the rules of one address, which is used again.
type scratch struct {
	cards   feed.Cards
	domains []string
	rules   []feed.Held // of the domains, one after the other
}

func newScratch() any { return &scratch{} }

// evaluate answers for one address.
func (f *Follower) evaluate(v *view, ch *followed, a *address.Address) Answer {
	s, _ := f.idle.Get().(*scratch) // It makes nothing else.
	defer f.idle.Put(s)
	c := &s.cards
	c.Exact = appendHeld(c.Exact[:0], f.card(v, MatchExact, a.Exact()), v.held)
	c.Folded = appendHeld(c.Folded[:0], f.card(v, MatchFolded, a.Folded()), v.held)
	c.Domains, s.rules = c.Domains[:0], s.rules[:0]
	if v.cards[MatchDomain-1].Len() > 0 {
		s.domains = a.AppendDomains(s.domains[:0])
		for _, domain := range s.domains {
			before := len(s.rules)
			s.rules = appendHeld(s.rules, f.card(v, MatchDomain, domain), v.held)
			c.Domains = append(c.Domains, s.rules[before:])
		}
	}
	now := consent.InstantOf(f.now(v))
	answer := ch.Evaluate(c, a.Role(), now)
	if answer.Allowed && ch.calendar != nil {
		if m := ch.calendar.At(int64(now)); m.Freeze || m.Quiet {
			return deferred(m)
		}
	}
	return Answer{Allowed: answer.Allowed, Blocked: answer.Blocked, Reason: string(answer.Reason)}
}

// now returns the time at which rules are judged.
func (f *Follower) now(v *view) time.Time {
	if f.options.Now != nil {
		return f.options.Now()
	}
	return v.clock.latest(f.wall())
}

// card returns the card of a form of an address.
func (f *Follower) card(v *view, m Match, text string) []byte {
	cards := v.cards[m-1]
	if cards.Len() == 0 {
		return nil
	}
	if !v.keyed {
		return cards.GetText(text)
	}
	hash := f.options.Key.Hash(m, text)
	return cards.Get(hash[:])
}
