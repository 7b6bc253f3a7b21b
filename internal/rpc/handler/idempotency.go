package handler

import (
	"fmt"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/service/txn"
)

// identified is a request with a request id.
type identified interface {
	proto.Message
	GetRequestId() string
}

// IdempotencyOf reads the request id of a write. Without one it is the zero value. A UUID means the same in capitals: the ids in the body
// count as they are written in small letters, so that a repetition may write them otherwise.
func IdempotencyOf(method string, request identified) (txn.Idempotency, error) {
	id, err := parseUUID(request.GetRequestId(), "requestId")
	if err != nil || id == [16]byte{} {
		return txn.Idempotency{}, err
	}
	if err := lowerUUIDs(request.ProtoReflect()); err != nil {
		return txn.Idempotency{}, err
	}
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(request)
	if err != nil {
		return txn.Idempotency{}, fmt.Errorf("encode the request: %w", err)
	}
	return txn.Idempotency{Method: method, ID: id, Body: body}, nil
}

// parseUUID reads a UUID; zero of the empty text. The UUID of zeros is refused, for it would count as none.
func parseUUID(text, field string) ([16]byte, error) {
	if text == "" {
		return [16]byte{}, nil
	}
	id, err := uuid.Parse(text)
	if err != nil || id == uuid.Nil {
		return [16]byte{}, fault.Errorf(fault.InvalidRequest, field, "it must be a UUID, and not the one of zeros only")
	}
	return id, nil
}

// lowerUUIDs writes the ids in a request in small letters.
func lowerUUIDs(request protoreflect.Message) error {
	for _, name := range []protoreflect.Name{"request_id", "batch_id"} {
		field := request.Descriptor().Fields().ByName(name)
		if field == nil {
			continue
		}
		given := request.Get(field).String()
		id, err := parseUUID(given, field.JSONName())
		if err != nil {
			return err
		}
		if text := uuid.UUID(id).String(); given != "" && given != text {
			request.Set(field, protoreflect.ValueOfString(text))
		}
	}
	return nil
}
