package rpc

import (
	"context"
	"errors"

	"github.com/assent-io/assent/internal/fault"
)

// SmallBody is the size up to which a body is not counted.
const SmallBody = unweighed

// BodyRoom is the room that the body of a request by HTTP has in the memory of its client and of all.
type BodyRoom struct {
	own, total *room
	held       int64
}

// ReserveBody waits until there is room for a body of a client of so many bytes, at most as long as a unary call waits. The room is to be released.
func (a *API) ReserveBody(ctx context.Context, client string, size int64) (*BodyRoom, error) {
	b := &BodyRoom{own: &a.budget.shareOf(client).room, total: &a.budget.total}
	if size <= SmallBody {
		return b, nil
	}
	size = min(size, b.own.size)
	timed, cancel := context.WithTimeoutCause(ctx, patience, errNoRoom())
	defer cancel()
	if _, err := acquire(timed, b.own.bodies, b.total.bodies, size); err != nil {
		return nil, err
	}
	b.held = size
	return b, nil
}

// Decode makes the room that of a body that takes so many bytes with what is decoded from it. It does not wait, since it holds the room of
// the body already: where there is none left, the call is refused.
func (b *BodyRoom) Decode(weight int64) error {
	if weight > maxWeight {
		return fault.Errorf(fault.TooLarge, "", "the body has more elements than a message of this method can have")
	}
	if weight <= SmallBody {
		weight = 0
	}
	more := min(weight, b.own.size) - b.held
	if more <= 0 { // It was reserved for a body that could have been larger.
		b.give(-more)
		return nil
	}
	if !b.own.bodies.TryAcquire(more) {
		return errNoRoom()
	}
	if !b.total.bodies.TryAcquire(more) {
		b.own.bodies.Release(more)
		return errNoRoom()
	}
	b.held += more
	return nil
}

// Release gives the room back.
func (b *BodyRoom) Release() { b.give(b.held) }

func (b *BodyRoom) give(n int64) {
	b.total.bodies.Release(n)
	b.own.bodies.Release(n)
	b.held -= n
}

// WeighJSON returns about how many bytes a body takes once it is decoded beside its text: at least as many as the message.
func WeighJSON(body []byte) int64 {
	weight := 2 * int64(len(body)) // the text, and what is in it
	inside, escaped := false, false
	for _, b := range body {
		switch {
		case escaped:
			escaped = false
		case b == '\\':
			escaped = inside
		case b == '"':
			inside = !inside
		case inside:
		case b == '{':
			weight += messageWeight
		case b == ',', b == ':', b == '[':
			weight += fieldWeight
		}
	}
	return weight
}

// BodyFault returns what a body is refused with for which there is no room; the caller may have gone away.
func BodyFault(err error) *fault.Error {
	var refused *fault.Error
	if errors.As(err, &refused) {
		return refused
	}
	return errNoRoom()
}
