package rest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// maxDepth is how deeply the JSON of a body may nest; no message nests more than six times.
const maxDepth = 32

// newGateway returns the REST API over the connection.
func newGateway(ctx context.Context, conn *grpc.ClientConn, admit admission) (http.Handler, error) {
	answer := admit.answer
	mux := runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, answer.json),
		runtime.WithMarshalerOption(fileMedia, fileFormat{answer.json}),
		runtime.WithForwardResponseRewriter(rewriteFile),
		runtime.WithForwardResponseOption(nameFile),
		runtime.WithIncomingHeaderMatcher(handedOn),
		runtime.WithOutgoingHeaderMatcher(handedBack),
		runtime.WithOutgoingTrailerMatcher(func(string) (string, bool) { return "", false }),
		runtime.WithErrorHandler(answer.failed),
		runtime.WithRoutingErrorHandler(answer.unrouted),
		runtime.WithDisablePathLengthFallback(),
		runtime.WithDisableHTTPMethodOverride(),
	)
	for _, register := range []func(context.Context, *runtime.ServeMux, *grpc.ClientConn) error{
		assentv1.RegisterConsentServiceHandler, assentv1.RegisterSuppressionServiceHandler,
		assentv1.RegisterHistoryServiceHandler, assentv1.RegisterCatalogServiceHandler, assentv1.RegisterClientServiceHandler,
		assentv1.RegisterLedgerServiceHandler, assentv1.RegisterRetentionServiceHandler,
	} {
		if err := register(ctx, mux, conn); err != nil {
			return nil, fmt.Errorf("register the REST API: %w", err)
		}
	}
	return guard(admit, mux), nil
}

// handedOn says which headers of a REST call become metadata. The gateway itself hands on Authorization.
func handedOn(header string) (string, bool) {
	switch header {
	case "Accept-Language":
		return "accept-language", true
	case "X-Request-Id":
		return "x-request-id", true
	case "Traceparent":
		return "traceparent", true
	default:
		return "", false
	}
}

// handedBack says which metadata of an answer become headers.
func handedBack(key string) (string, bool) { return "X-Request-Id", key == "x-request-id" }

// jsonFormat is the JSON of the REST API: fields in lowerCamelCase, none left out of answers, none ignored in requests.
type jsonFormat struct{ *runtime.JSONPb }

func newJSONFormat() jsonFormat {
	return jsonFormat{&runtime.JSONPb{
		MarshalOptions:   protojson.MarshalOptions{EmitUnpopulated: true},
		UnmarshalOptions: protojson.UnmarshalOptions{RecursionLimit: maxDepth},
	}}
}

// NewDecoder returns a decoder for the one message that a body holds. Unlike the gateway's own it refuses what follows the
// message, and its errors say nothing of what was sent.
func (f jsonFormat) NewDecoder(body io.Reader) runtime.Decoder {
	return runtime.DecoderFunc(func(into any) error {
		text, err := io.ReadAll(body)
		if err != nil {
			return err
		}
		if len(bytes.TrimSpace(text)) == 0 {
			return io.EOF
		}
		message, ok := into.(proto.Message)
		if !ok {
			return fmt.Errorf("a message of type %T is no proto", into)
		}
		if err := f.UnmarshalOptions.Unmarshal(text, message); err != nil {
			return errors.New(describeJSON(err, message.ProtoReflect().Descriptor()))
		}
		if where := wrongTime(text, message.ProtoReflect().Descriptor()); where != "" {
			return errors.New(bodyProblem + ": " + where + ": " + timeProblem)
		}
		return nil
	})
}
