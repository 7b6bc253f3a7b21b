package client

import (
	"context"
	"errors"
	"io"
	"iter"
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// A list is asked about in batches. Some are on their way while the caller works on the results of an earlier one.
const (
	batchAddresses  = 1000
	batchBytes      = 1 << 20 // well below the largest message that a server takes
	batchesInFlight = 4
)

// Result is what was answered about one address of a list.
type Result struct {
	// Address is the address as it was given.
	Address string
	// Decision is the answer; zero where Err is not nil, which allows nothing.
	Decision Decision
	// Err is an [*Error] that says why this address could not be checked, such as INVALID_ADDRESS; nil: it was.
	Err error
}

// CheckAll asks the same question about many addresses and gives the results in their order. An address that is none fails only its own result.
// An error, which comes last, says that the rest could not be checked.
//
// Addresses are taken from the iterator, in the goroutine of the caller, up to 4,000 ahead of the results: the memory is the same for any
// number of them. When the server goes away, CheckAll waits for it as a retried call does and asks again about those without a result; each
// answered batch gives it all its retries anew. The time of a decision is its field Decided: one that waits for its turn in a loop gets older.
func (c *Client) CheckAll(ctx context.Context, q Question, addresses iter.Seq[string]) iter.Seq2[Result, error] {
	return func(yield func(Result, error) bool) {
		next, stop := iter.Pull(addresses)
		defer stop()
		l := &list{client: c, question: &q, next: next}
		defer l.hangUp()
		for {
			l.fill()
			if len(l.waiting) == 0 {
				l.finish()
				return
			}
			answer, err := l.first(ctx)
			if err != nil {
				yield(Result{}, err)
				return
			}
			for result := range l.waiting[0].results(answer) {
				if !yield(result, nil) {
					return
				}
			}
			l.waiting = slices.Delete(l.waiting, 0, 1)
			l.sent--
		}
	}
}

// batch is some addresses that are asked about in one message.
type batch struct {
	addresses []string
	// local are the errors of addresses that are not sent, by their place; the others are in request, in order.
	local   map[int]error
	request *assentv1.BatchCheckConsentRequest
}

// list is a list that is checked.
type list struct {
	client   *Client
	question *Question
	next     func() (string, bool)
	ended    bool // next has no more
	// waiting are the batches without an answer, in order; the first sent of them were sent on the stream.
	waiting []*batch
	sent    int
	stream  *answers // nil: none is open
}

// fill takes addresses until enough batches wait.
func (l *list) fill() {
	for !l.ended && len(l.waiting) < batchesInFlight {
		if b := l.gather(); len(b.addresses) > 0 {
			l.waiting = append(l.waiting, b)
		}
	}
}

func (l *list) gather() *batch {
	q := l.question
	b := &batch{request: &assentv1.BatchCheckConsentRequest{
		Channel: q.Channel, SenderIdentity: q.SenderIdentity, Reference: q.Reference, ContainsAdvertising: q.ContainsAdvertising, Links: q.Links,
		AsOf: q.asOf(), KnownAsOf: q.KnownAsOf, Consistency: q.Consistency,
	}}
	for size := 0; len(b.addresses) < batchAddresses && size < batchBytes; {
		address, more := l.next()
		if !more {
			l.ended = true
			break
		}
		if err := unsendable(address); err != nil {
			if b.local == nil {
				b.local = map[int]error{}
			}
			b.local[len(b.addresses)] = err
		} else {
			b.request.Addresses = append(b.request.GetAddresses(), address)
			size += len(address)
		}
		b.addresses = append(b.addresses, address)
	}
	return b
}

// first returns the answer to the first batch that waits; nil if none of its addresses needs one.
func (l *list) first(ctx context.Context) (answer *assentv1.BatchCheckConsentResponse, err error) {
	if len(l.waiting[0].request.GetAddresses()) == 0 {
		l.sent = max(l.sent, 1) // It counts as sent, as the others are popped.
		return nil, nil
	}
	err = l.client.again(ctx, l.client.retries, func() *Error {
		var failed *Error
		if answer, failed = l.try(ctx); failed != nil {
			l.hangUp()
		}
		return failed
	})
	if err != nil {
		return nil, err
	}
	return answer, l.waiting[0].verify(answer)
}

// try sends what was not sent on this stream, and receives an answer, all within the time that a try has.
func (l *list) try(ctx context.Context) (*assentv1.BatchCheckConsentResponse, *Error) {
	if l.stream == nil {
		l.stream = newAnswers(ctx)
	}
	defer l.stream.within(l.client.timeout)()
	message, err := l.exchange()
	switch {
	case err == nil:
	case l.stream.isLate():
		return nil, l.client.asError(context.DeadlineExceeded)
	case ctx.Err() != nil:
		return nil, l.client.asError(ctx.Err())
	default:
		return nil, l.client.asError(err)
	}
	if refused := message.GetError(); refused != nil {
		return nil, itemError(refused)
	}
	return message.GetChecked(), nil
}

func (l *list) exchange() (*assentv1.StreamCheckConsentResponse, error) {
	if err := l.stream.open(l.client.consent); err != nil {
		return nil, err
	}
	for ; l.sent < len(l.waiting); l.sent++ {
		request := l.waiting[l.sent].request
		if len(request.GetAddresses()) == 0 {
			continue
		}
		// An error ends the stream, and the next answer says why.
		if l.stream.stream.Send(&assentv1.StreamCheckConsentRequest{Check: request}) != nil {
			break
		}
	}
	return l.stream.receive()
}

// hangUp ends the stream. What has no answer is to be sent again.
func (l *list) hangUp() {
	if l.stream != nil {
		l.stream.close()
	}
	l.stream, l.sent = nil, 0
}

// finish ends the stream in order, so that it counts as no call that was broken off.
func (l *list) finish() {
	if l.stream == nil {
		return
	}
	defer l.stream.within(l.client.timeout)()
	if l.stream.stream.CloseSend() == nil {
		// Every batch has its answer: how the stream ends changes nothing.
		_, _ = l.stream.receive()
	}
}

// errMisfit says that the answer cannot be assigned to the addresses: then it is that of none of them.
var errMisfit = errors.New("the server's answer does not fit the batch")

// verify refuses an answer that does not fit the batch: a wrong index must never let an address through.
func (b *batch) verify(answer *assentv1.BatchCheckConsentResponse) error {
	n := len(b.request.GetAddresses())
	outside := func(i uint32) bool { return int64(i) >= int64(len(answer.GetOutcomes())) }
	if len(answer.GetOutcomeIndexes()) != n || len(answer.GetGrantPositions()) != n || len(answer.GetValidUntilSeconds()) != n ||
		len(answer.GetBasisEndSeconds()) != n && len(answer.GetBasisEndSeconds()) != 0 ||
		len(answer.GetLinks()) != n && (b.request.GetLinks() || len(answer.GetLinks()) != 0) ||
		slices.ContainsFunc(answer.GetOutcomeIndexes(), outside) {
		return errMisfit
	}
	return nil
}

// results gives the results of a batch by an answer that fits it.
func (b *batch) results(answer *assentv1.BatchCheckConsentResponse) iter.Seq[Result] {
	return func(yield func(Result) bool) {
		outcomes := make([]Result, len(answer.GetOutcomes()))
		for i, o := range answer.GetOutcomes() {
			switch {
			case o.GetDecision() != nil:
				outcomes[i].Decision = DecisionOf(o.GetDecision())
			default:
				outcomes[i].Err = itemError(o.GetError())
			}
		}
		asked := 0 // how many were in the request
		for i, address := range b.addresses {
			if err := b.local[i]; err != nil {
				if !yield(Result{Address: address, Err: err}) {
					return
				}
				continue
			}
			r := outcomes[answer.GetOutcomeIndexes()[asked]]
			r.Address = address
			if r.Err == nil {
				r.Decision.GrantPosition = answer.GetGrantPositions()[asked]
				r.Decision.ValidUntil = secondsOf(answer.GetValidUntilSeconds()[asked])
				if links := answer.GetLinks(); len(links) > 0 && links[asked].GetToken() != "" {
					r.Decision.Links = links[asked]
				}
				if ends := answer.GetBasisEndSeconds(); len(ends) > 0 {
					r.Decision.BasisEnd = secondsOf(ends[asked])
				}
			}
			asked++
			if !yield(r) {
				return
			}
		}
	}
}

// itemError is the error of an item, of which the server tells no code.
func itemError(e *assentv1.ItemError) *Error {
	return &Error{Code: codes.Unknown, Reason: e.GetReason(), Message: e.GetMessage()}
}

// asError returns what a generated client returned as what it is: an error of this package.
func (c *Client) asError(err error) *Error {
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	if errors.Is(err, io.EOF) {
		return c.errorOf(status.Error(codes.Unavailable, "the stream ended before its last answer"), nil)
	}
	return c.errorOf(status.FromContextError(err).Err(), nil)
}
