package rpc

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/encoding"
	"google.golang.org/grpc/mem"
	"google.golang.org/protobuf/proto"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/rpc/handler"
)

// gRPC would receive and unpack a message of up to the largest limit of any method, and decode whatever it holds: a message of 16 kB
// can become 16 MB unpacked, and many times that decoded. So this package reads messages from the transport by itself, after the
// caller is known. It looks at the length first, reserves memory for it, unpacks no more than the method takes, and scans the bytes
// before it decodes them.

// wire is the stream of a call as the transport of gRPC has it.
type wire interface {
	RecvCompress() string
	ReadMessageHeader(header []byte) error
	Read(n int) (mem.BufferSlice, error)
}

// headerLength is the length of the header of a message: a byte that says whether it is compressed, and its length.
const headerLength = 5

// intake receives the messages of one call.
type intake struct {
	row    method
	waits  bool // for room as long as the call lasts, as a stream does
	own    *room
	total  *room
	wire   wire               // nil: the transport shows no more than a decoder
	decode func(any) error    // the decoder of gRPC
	header [headerLength]byte // of the message that is being received

	mu     sync.Mutex // A stream may end while a message of it is being received.
	held   func()     // gives back the room of the last message; nil: it has none
	closed bool
}

// open begins the intake of a call with a known caller.
func (in *intake) open(ctx context.Context, a *API, c *call, decode func(any) error) {
	in.row, in.waits, in.own, in.total, in.decode = c.row, c.streaming, &a.budget.open.room, &a.budget.total, decode
	if c.share != nil {
		in.own = &c.share.room
	}
	in.wire, _ = grpc.ServerTransportStreamFromContext(ctx).(wire)
}

// close ends the intake, and gives back what it holds.
func (in *intake) close() { in.keep(nil, true) }

// keep keeps the room of a message, instead of that of the message before it, until the intake is closed.
func (in *intake) keep(held func(), last bool) {
	in.mu.Lock()
	before := in.held
	in.held = held
	in.closed = in.closed || last
	if in.closed && held != nil {
		in.held = nil
		defer held()
	}
	in.mu.Unlock()
	if before != nil {
		before()
	}
}

// receive receives the next message, and keeps room for it until the next one is received or the intake is closed. An error of type
// *unusable is about this message alone. At the end of the messages it returns io.EOF.
func (in *intake) receive(ctx context.Context, message any) error {
	in.keep(nil, false)
	if in.wire == nil {
		return in.receiveByGRPC(ctx, message)
	}
	if err := in.wire.ReadMessageHeader(in.header[:]); err != nil {
		return brokenOff(err)
	}
	limit, length := int64(in.row.limit), int64(binary.BigEndian.Uint32(in.header[1:]))
	if length > limit {
		return in.tooLarge(length)
	}
	unpack, err := in.compressor()
	if err != nil {
		return err
	}
	need := length
	if unpack != nil {
		need += limit
	}
	if need > unweighed {
		release, err := in.reserve(ctx, in.own.received, in.total.received, need)
		if err != nil {
			return err
		}
		defer release()
	}
	data, err := in.wire.Read(int(length))
	if err != nil {
		return brokenOff(err)
	}
	defer func() { data.Free() }()
	if unpack != nil {
		if data, err = in.unpack(unpack, data, limit); err != nil {
			return err
		}
	}
	return in.fill(ctx, data, message)
}

// compressor returns what unpacks the message that is being received; nil if it is not compressed.
func (in *intake) compressor() (encoding.Compressor, error) {
	switch {
	case in.header[0] == 0:
		return nil, nil
	case in.header[0] != 1:
		return nil, fault.Errorf(fault.InvalidRequest, "", "the message cannot be read: its first byte must be 0 or 1")
	case in.row.open:
		return nil, fault.Errorf(fault.InvalidRequest, "", "a method that is called without a key does not take compressed messages")
	}
	unpack := encoding.GetCompressor(in.wire.RecvCompress())
	if unpack == nil {
		return nil, fault.Errorf(fault.InvalidRequest, "", "the message is compressed, but the header grpc-encoding does not say "+
			"how; use gzip or none")
	}
	return unpack, nil
}

// unpack returns the message that was compressed, and frees the compressed one. It reads no more than the limit.
func (in *intake) unpack(how encoding.Compressor, packed mem.BufferSlice, limit int64) (mem.BufferSlice, error) {
	defer packed.Free()
	from := packed.Reader()
	defer func() { _ = from.Close() }() // It only gives buffers back.
	reader, err := how.Decompress(from)
	if err != nil {
		return nil, unpackable()
	}
	if closer, ok := reader.(io.Closer); ok {
		defer func() { _ = closer.Close() }() // As above.
	}
	data, err := mem.ReadAll(io.LimitReader(reader, limit+1), mem.DefaultBufferPool())
	if err == nil && int64(data.Len()) <= limit {
		return data, nil
	}
	size := int64(data.Len())
	data.Free()
	if err != nil {
		return nil, unpackable()
	}
	return nil, in.tooLarge(size)
}

func unpackable() error {
	return fault.Errorf(fault.InvalidRequest, "", "the message cannot be read: it is not compressed as the header grpc-encoding says")
}

func (in *intake) tooLarge(size int64) error {
	return fault.Errorf(fault.TooLarge, "", "the message has at least %d bytes; this method takes at most %d", size, in.row.limit)
}

// fill decodes a message that was received, after it has reserved room for what it becomes.
func (in *intake) fill(ctx context.Context, data mem.BufferSlice, message any) error {
	if size := int64(data.Len()); size > int64(in.row.limit) {
		return in.tooLarge(size)
	}
	into, ok := message.(proto.Message)
	if !ok {
		return fmt.Errorf("the type %T is not a protobuf message", message)
	}
	buffer := data.MaterializeToBuffer(mem.DefaultBufferPool())
	defer buffer.Free()
	bytes := buffer.ReadOnlyData()
	if len(bytes) > unscanned {
		weight := in.row.shape.weigh(bytes)
		if weight > maxWeight {
			return &handler.UnusableMessage{Err: fault.Errorf(fault.TooLarge, "",
				"the message has more elements than a message of this method can have")}
		}
		if weight > unweighed {
			held, err := in.reserve(ctx, in.own.decoded, in.total.decoded, weight)
			if err != nil {
				return err
			}
			in.keep(held, false)
		}
	}
	if err := proto.Unmarshal(bytes, into); err != nil {
		return &handler.UnusableMessage{Err: unreadable(err)}
	}
	return nil
}

// brokenOff is the error of a message that ended before its end.
func brokenOff(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fault.Errorf(fault.InvalidRequest, "", "the message is cut short")
	}
	return err
}

// envelope is what gRPC decodes into where it receives a message itself. Its decoding never fails, so that a message that cannot be
// decoded is answered and logged as any other refusal.
type envelope struct {
	message any
	intake  *intake
	ctx     context.Context //nolint:containedctx // The decoder is not given one.
	problem error
}

// receiveByGRPC receives a message from a transport that shows no more than a decoder.
func (in *intake) receiveByGRPC(ctx context.Context, message any) error {
	e := envelope{message: message, intake: in, ctx: ctx}
	if err := in.decode(&e); err != nil {
		return err
	}
	return e.problem
}

// envelopeCodec is the codec of protos that also fills envelopes.
type envelopeCodec struct{ encoding.CodecV2 }

func newEnvelopeCodec() envelopeCodec { return envelopeCodec{encoding.GetCodecV2("proto")} }

// Unmarshal decodes a message.
func (c envelopeCodec) Unmarshal(data mem.BufferSlice, into any) error {
	e, ok := into.(*envelope)
	if !ok {
		return c.CodecV2.Unmarshal(data, into)
	}
	e.problem = e.intake.fill(e.ctx, data, e.message)
	return nil
}

// unreadable turns an error of decoding into one for the caller, without what it says of the contents.
func unreadable(err error) error {
	if strings.Contains(err.Error(), "UTF-8") {
		return fault.Errorf(fault.InvalidRequest, "", "the message cannot be read: a string in it is not valid UTF-8")
	}
	return fault.Errorf(fault.InvalidRequest, "", "the message cannot be read: it is not a message of this method")
}
