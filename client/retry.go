package client

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// repeatable reports whether a call may be made again when it is not known what became of it, and returns the message to make it with:
// a write that has no request id gets one here, once for all its tries, in a copy. A call is safe to repeat if it is a write with a request id
// or a read. Of any other call it is not known, so it is not.
func repeatable(method string, in any) (message any, safe bool) {
	m, ok := in.(proto.Message)
	if !ok {
		return in, false
	}
	r := m.ProtoReflect()
	field := r.Descriptor().Fields().ByName("request_id")
	if field == nil || field.Kind() != protoreflect.StringKind || field.IsList() {
		return in, isRead(method)
	}
	if r.Get(field).String() != "" {
		return in, true
	}
	// The copy shares all but this field with the caller's message, which may be large.
	identified := r.New()
	r.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		identified.Set(f, v)
		return true
	})
	identified.SetUnknown(r.GetUnknown())
	identified.Set(field, protoreflect.ValueOfString(uuid.NewString()))
	return identified.Interface(), true
}

// isRead reports whether a method only reads, by the verb that its name begins with, as the API names its methods. A check that reserves and a report
// change nothing when they are repeated, so that they count as reads.
func isRead(method string) bool {
	name := method[strings.LastIndexByte(method, '/')+1:]
	for _, verb := range []string{"Get", "List", "Search", "Lookup", "Check", "BatchCheck", "Verify", "Prove", "Report", "BatchReport"} {
		if rest, ok := strings.CutPrefix(name, verb); ok && (rest == "" || rest[0] >= 'A' && rest[0] <= 'Z') {
			return true
		}
	}
	return false
}

// again tries until a try succeeds, fails with an error that another try does not change, or the retries or the context end.
func (c *Client) again(ctx context.Context, retries int, try func() *Error) error {
	pauses := c.pauses()
	for n := 0; ; n++ {
		err := try()
		if err == nil {
			return nil
		}
		if n >= retries || !err.passes() {
			return err
		}
		pause := max(pauses(), err.RetryAfter)
		if c.onRetry != nil {
			c.onRetry(err, pause)
		}
		if ended := c.Wait(ctx, pause); ended != nil {
			err.ended = ended
			return err
		}
	}
}

// passes reports whether the call may succeed if it is made again: the server was away, or it had no room and said when to come back.
func (e *Error) passes() bool {
	return e.Code == codes.Unavailable || e.Code == codes.ResourceExhausted && e.RetryAfter > 0
}

// Wait waits for one of the [Client.Pauses]. Its error is why the context ended before.
func (*Client) Wait(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
