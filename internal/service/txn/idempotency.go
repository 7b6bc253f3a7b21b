package txn

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/seal"
	"github.com/assent-io/assent/internal/service/access"
	"github.com/assent-io/assent/internal/service/env"
	"github.com/assent-io/assent/internal/storage"
)

// isSet reports whether a request id was given.
func (i *Idempotency) isSet() bool { return i.ID != [16]byte{} }

// Part is the idempotency of a part of a call that takes several transactions.
func (i Idempotency) Part(from int) Idempotency {
	if i.isSet() {
		i.Method += "#" + strconv.Itoa(from)
	}
	return i
}

// RequestID is what a request is found again by: the same id of another client or method is another request.
func (i *Idempotency) RequestID(client string) [32]byte {
	h := sha256.New()
	h.Write([]byte(client + "\x00" + i.Method + "\x00"))
	h.Write(i.ID[:])
	return [32]byte(h.Sum(nil))
}

// Idempotent commits a write and remembers its answer under a request id. Refused is why the request cannot be made ready: what
// was acknowledged once is answered the same even if it would be refused by now. Run returns the answer, and whether to remember it.
// A request that was forgotten had recorded something that was erased since: a batch runs again, for its events have keys; any other
// is refused, so that a late repetition brings nothing back.
func Idempotent[T any](
	ctx context.Context, e *Engine, write *Write, once Idempotency, refused error, run func(w *Tx) (T, bool, error),
) (T, error) {
	var answer T
	if refused != nil && !once.isSet() {
		return answer, refused
	}
	who := access.CallerOf(ctx)
	id := once.RequestID(who.ID)
	if once.isSet() {
		write.Load.Requests = append(write.Load.Requests, id)
	}
	write.Run = func(w *Tx) error {
		if !once.isSet() {
			var err error
			answer, _, err = run(w)
			return err
		}
		mac, err := e.Keys.BodyMAC(once.Body)
		if err != nil {
			return err
		}
		if first, ok := w.findRequest(id); ok && (first.BodyMAC != nil || !write.Bulk) {
			if first.BodyMAC == nil {
				return erasedBeforeFault()
			}
			if !hmac.Equal(first.BodyMAC, mac) {
				return fault.Errorf(fault.RequestIDReused, "requestId",
					"the request id was used for another request within the last seven days; use a new one")
			}
			return e.openAnswer(id, first.Answer, &answer)
		}
		if refused != nil {
			return refused
		}
		remember, before := false, w.Head.Position
		if answer, remember, err = run(w); err != nil || !remember {
			return err
		}
		return w.storeAnswer(id, mac, answer, before)
	}
	if err := e.Do(ctx, write); err != nil {
		var none T // The write may still be running.
		return none, err
	}
	return answer, nil
}

// findRequest returns the request with the id, unless it has expired.
func (w *Tx) findRequest(id [32]byte) (storage.Request, bool) {
	for _, r := range w.requests {
		if r.ID == id {
			return r, true
		}
	}
	r, ok := w.loaded.Requests[id]
	return r, ok && r.Expires > w.Recorded
}

// storeAnswer keeps the answer of a write that recorded what stands after the position. An erasure forgets it by the positions of what
// was recorded, now or before: both stand in the answer.
func (w *Tx) storeAnswer(id [32]byte, mac []byte, answer any, before int64) error {
	plain, err := json.Marshal(answer)
	if err != nil {
		return fmt.Errorf("remember an answer: %w", err)
	}
	sealed, err := w.engine.Keys.Seal(seal.PurposeAnswer, id[:], plain)
	if err != nil {
		return err
	}
	request := storage.Request{ID: id, BodyMAC: mac, Answer: sealed, Expires: w.Recorded.Add(requestIDRetention)}
	w.addPositions(&request, before)
	w.requests = append(w.requests, request)
	w.Changed, w.written = true, true
	return nil
}

// addPositions adds to a request the positions that its answer names: those after the position before, which it was given, and those of
// earlier events. The last that were given are its span. If none was, the last of the earlier ones are, as of an import that is run again.
// The others stand one by one, for the erasure of an event between them must not forget the request.
func (w *Tx) addPositions(r *storage.Request, before int64) {
	positions := slices.Clone(w.Named)
	for position := before + 1; position <= w.Head.Position; position++ {
		positions = append(positions, position)
	}
	if len(positions) == 0 {
		return
	}
	slices.Sort(positions)
	positions = slices.Compact(positions)
	r.Last = positions[len(positions)-1]
	r.First = r.Last - storage.RequestSpan + 1
	if r.Last > before {
		r.First = max(r.First, before+1)
	}
	from, _ := slices.BinarySearch(positions, r.First)
	r.First, r.Named = positions[from], positions[:from]
}

func (e *Engine) openAnswer(id [32]byte, sealed []byte, into any) error {
	plain, err := e.Keys.Open(seal.PurposeAnswer, id[:], sealed)
	if err != nil {
		return fmt.Errorf("open a remembered answer: %w", err)
	}
	if err := json.Unmarshal(plain, into); err != nil {
		return fmt.Errorf("read a remembered answer: %w", err)
	}
	return nil
}

// DeleteExpiredRequests forgets expired requests, and returns how many.
func (e *Engine) DeleteExpiredRequests(ctx context.Context) (int, error) {
	const page = 1000
	for total := 0; ; {
		head, err := e.Store.Head(ctx)
		if err != nil {
			return total, env.StoreFault(err)
		}
		// A clock that is ahead must not forget what could still be repeated.
		n, err := e.Store.DeleteExpiredRequests(ctx, min(e.Instant(), head.Recorded), page)
		total += n
		if err != nil || n < page {
			return total, env.StoreFault(err)
		}
	}
}

// Idempotency makes the repetition of a write safe: the same id of the same client with the same body gets the first answer.
// The zero value does nothing.
type Idempotency struct {
	Method string
	ID     [16]byte
	Body   []byte // any encoding of the request that is the same for the same request
}
