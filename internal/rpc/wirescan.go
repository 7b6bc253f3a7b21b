package rpc

import (
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// The memory of the parts of a decoded message, in bytes and rounded up.
const (
	messageWeight = 256 // a message in a message, with the pointer to it
	fieldWeight   = 48  // any other field: a string header in a slice that grew, or a scalar
	packedWeight  = 16  // a byte of a packed list: a scalar in a slice that grew
)

const (
	// unweighed is the size up to which a message is not counted: it is about what the flow control of a stream lets in anyway.
	unweighed = 64 << 10
	// maxWeight is what a decoded message may take. A batch of 10,000 events with all their fields takes less.
	maxWeight = 128 << 20
	// unscanned is the size up to which a message is not scanned: even if it were all fields of no length, two bytes each, and each
	// were a message, it would take less than is counted at all.
	unscanned = 2 * unweighed / (messageWeight + 2)
	// maxNesting is how deeply messages nest that are looked into; no message of the API nests more than six times.
	maxNesting = 16
)

// shape says which fields of a message hold what, by their numbers.
type shape struct{ fields map[protowire.Number]content }

// content is what a field holds that has a length.
type content struct {
	message *shape // of a message; nil: no message
	packed  bool   // a list of scalars
}

// shapes makes the shapes of messages. A message that holds itself has one shape.
type shapes map[protoreflect.FullName]*shape

func (s shapes) of(message protoreflect.MessageDescriptor) *shape {
	if known, ok := s[message.FullName()]; ok {
		return known
	}
	made := &shape{fields: map[protowire.Number]content{}}
	s[message.FullName()] = made
	fields := message.Fields()
	for i := range fields.Len() {
		switch field := fields.Get(i); {
		case field.Message() != nil:
			made.fields[field.Number()] = content{message: s.of(field.Message())}
		case field.IsList() && field.Kind() != protoreflect.StringKind && field.Kind() != protoreflect.BytesKind:
			made.fields[field.Number()] = content{packed: true}
		}
	}
	return made
}

// ofMethod returns the shape of the messages that a method takes; one that knows no field if there is no such method.
func (s shapes) ofMethod(fullMethod string) *shape {
	found, err := protoregistry.GlobalFiles.FindDescriptorByName(descriptorName(fullMethod))
	if method, ok := found.(protoreflect.MethodDescriptor); err == nil && ok {
		return s.of(method.Input())
	}
	return &shape{}
}

// weigh returns at most how many bytes an encoded message takes once it is decoded, or a little more than maxWeight if that is more.
// What cannot be decoded it weighs up to there, for decoding ends there as well.
func (s *shape) weigh(data []byte) int64 { return s.add(data, int64(len(data)), 0) }

// add adds what the message takes to the weight of what holds it.
func (s *shape) add(data []byte, weight int64, nesting int) int64 {
	for len(data) > 0 && weight <= maxWeight {
		number, kind, n := protowire.ConsumeTag(data)
		if n < 0 {
			return weight
		}
		data = data[n:]
		if kind != protowire.BytesType {
			if n = protowire.ConsumeFieldValue(number, kind, data); n < 0 {
				return weight
			}
			data = data[n:]
			weight += fieldWeight
			continue
		}
		value, n := protowire.ConsumeBytes(data)
		if n < 0 {
			return weight
		}
		data = data[n:]
		switch holds := s.fields[number]; {
		case holds.message != nil && nesting < maxNesting:
			weight = holds.message.add(value, weight+messageWeight, nesting+1)
		case holds.message != nil:
			weight += messageWeight * int64(1+len(value)/2)
		case holds.packed:
			weight += fieldWeight + packedWeight*int64(len(value))
		default:
			weight += fieldWeight
		}
	}
	return weight
}

// descriptorName returns the name of the descriptor of a method.
func descriptorName(fullMethod string) protoreflect.FullName {
	return protoreflect.FullName(strings.ReplaceAll(strings.TrimPrefix(fullMethod, "/"), "/", "."))
}
