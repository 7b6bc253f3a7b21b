package rpc

import (
	"context"
	"errors"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/rpc/handler"
)

// Domain is the domain of every ErrorInfo.
const Domain = "assent.io"

// comeBackAfter is how long a client that has too much under way is asked to wait: most calls have ended by then.
const comeBackAfter = time.Second

// The reasons of errors that are not faults of the domain.
const (
	reasonInternal = "INTERNAL"
	reasonCanceled = "CANCELLED"
	reasonDeadline = "DEADLINE_EXCEEDED"
)

// statusOf returns the reason of an error of the call, and the status that it leaves as.
func statusOf(c *call, err error) (reason string, mapped error) {
	var refused *fault.Error
	if errors.As(err, &refused) {
		if code, ok := handler.StatusCode(refused.Code); ok {
			return string(refused.Code), faultStatus(code, refused)
		}
		return reasonInternal, internal(c.id)
	}
	if c.row.foreign {
		// The services of the gRPC library return statuses of their own, without data of the store.
		if _, ok := status.FromError(err); ok {
			return "", err
		}
	}
	switch {
	case errors.Is(err, context.Canceled):
		return reasonCanceled, withInfo(status.New(codes.Canceled, "the caller cancelled the call"), reasonCanceled, nil)
	case errors.Is(err, context.DeadlineExceeded):
		return reasonDeadline,
			withInfo(status.New(codes.DeadlineExceeded, "the deadline of the call passed before the answer was ready"), reasonDeadline, nil)
	default:
		return reasonInternal, internal(c.id)
	}
}

func faultStatus(code codes.Code, refused *fault.Error) error {
	var metadata map[string]string
	if refused.Field != "" {
		metadata = map[string]string{"field": refused.Field}
	}
	var details []protoadapt.MessageV1
	if violations := violationsOf(refused); len(violations) > 0 && (code == codes.InvalidArgument || len(refused.Violations) > 0) {
		details = append(details, &errdetails.BadRequest{FieldViolations: violations})
	}
	if refused.Code == fault.TooManyCalls {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(comeBackAfter)})
	}
	return withInfo(status.New(code, handler.ErrorText(refused)), string(refused.Code), metadata, details...)
}

func violationsOf(refused *fault.Error) []*errdetails.BadRequest_FieldViolation {
	list := refused.Violations
	if len(list) == 0 && refused.Field != "" {
		list = []fault.Violation{{Field: refused.Field, Message: refused.Message}}
	}
	violations := make([]*errdetails.BadRequest_FieldViolation, len(list))
	for i, v := range list {
		violations[i] = &errdetails.BadRequest_FieldViolation{Field: v.Field, Description: v.Message, Reason: string(refused.Code)}
	}
	return violations
}

// internal is what the caller is told of a fault of the program: only where to look for it.
func internal(requestID string) error {
	return withInfo(status.New(codes.Internal, "internal error; the log of the server has the details under the request id "+requestID),
		reasonInternal, nil, &errdetails.RequestInfo{RequestId: requestID})
}

func withInfo(s *status.Status, reason string, metadata map[string]string, details ...protoadapt.MessageV1) error {
	info := &errdetails.ErrorInfo{Reason: reason, Domain: Domain, Metadata: metadata}
	full, err := s.WithDetails(append([]protoadapt.MessageV1{info}, details...)...)
	if err != nil { // Details that cannot be encoded: the code and the text still say what matters.
		return s.Err()
	}
	return full.Err()
}

// NewStatus returns the status of an error that is none of the domain, with its reason.
func NewStatus(code codes.Code, reason, text string) *status.Status {
	return status.Convert(withInfo(status.New(code, text), reason, nil))
}

// StatusOf returns the status of an error outside of any call: the REST gateway answers with it what never reaches gRPC.
func StatusOf(err *fault.Error) *status.Status {
	code, _ := handler.StatusCode(err.Code)
	return status.Convert(faultStatus(code, err))
}

// errStopping returns the cause with which streams end when the server stops.
func errStopping() *fault.Error {
	return fault.Errorf(fault.ServerStopping, "", "the server is stopping; use another one")
}
