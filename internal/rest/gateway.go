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
	"google.golang.org/protobuf/reflect/protoreflect"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/rpc"
	"github.com/assent-io/assent/internal/rpc/contract"
)

// maxDepth is how deeply the JSON of a body may nest; no message nests more than six times.
const maxDepth = 32

// newGateway returns the REST API over the connection.
func newGateway(ctx context.Context, conn *grpc.ClientConn, admit admission) (http.Handler, error) {
	answer, json := admit.answer, admit.answer.json.of(admit.api)
	mux := runtime.NewServeMux(
		runtime.WithMarshalerOption(runtime.MIMEWildcard, json),
		runtime.WithMarshalerOption(fileMedia, fileFormat{json}),
		runtime.WithMarshalerOption(linesMedia, feedFormat{jsonFormat: json}),
		runtime.WithMarshalerOption(eventsMedia, feedFormat{jsonFormat: json, events: true}),
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
		assentv1.RegisterLedgerServiceHandler, assentv1.RegisterRetentionServiceHandler, assentv1.RegisterConsumerServiceHandler,
		assentv1.RegisterFeedServiceHandler, assentv1.RegisterWebhookServiceHandler, assentv1.RegisterImportServiceHandler,
		assentv1.RegisterExternalListServiceHandler, assentv1.RegisterIntakeServiceHandler, assentv1.RegisterSourceServiceHandler,
		assentv1.RegisterSendServiceHandler,
		assentv1.RegisterContactServiceHandler,
		assentv1.RegisterCaseServiceHandler, assentv1.RegisterNoticeServiceHandler,
	} {
		if err := register(ctx, mux, conn); err != nil {
			return nil, fmt.Errorf("register the REST API: %w", err)
		}
	}
	return uploads{admit: admit, conn: conn, next: guard(admit, mux)}, nil
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
type jsonFormat struct {
	*runtime.JSONPb

	messages map[protoreflect.FullName]incoming // that are read; nil: none are
}

// incoming is what decoding has to know of a message.
type incoming struct {
	blocks bool // it may record what only blocks
	times  bool // it may hold a time
}

func newJSONFormat() jsonFormat {
	return jsonFormat{JSONPb: &runtime.JSONPb{
		MarshalOptions:   protojson.MarshalOptions{EmitUnpopulated: true},
		UnmarshalOptions: protojson.UnmarshalOptions{RecursionLimit: maxDepth},
	}}
}

// of returns the format for the messages of an API.
func (f jsonFormat) of(api *rpc.API) jsonFormat {
	f.messages = map[protoreflect.FullName]incoming{}
	for _, method := range contract.Methods() {
		f.messages[method.Input().FullName()] = incoming{
			blocks: api.Blocks(contract.FullName(method)), times: hasTimes(method.Input(), map[protoreflect.FullName]bool{}),
		}
	}
	return f
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
			return fmt.Errorf("the type %T is not a protobuf message", into)
		}
		return f.decode(text, message)
	})
}

// decode decodes a message. What the library refuses may be right all the same: a short name of an enum, or a text that must not stop
// a no.
func (f jsonFormat) decode(text []byte, message proto.Message) error {
	descriptor := message.ProtoReflect().Descriptor()
	known := f.messages[descriptor.FullName()]
	err := f.UnmarshalOptions.Unmarshal(text, message)
	if err == nil && !known.times {
		return nil
	}
	if err != nil && known.blocks {
		text = mendTexts(text)
	}
	words, problem := readBody(text, descriptor)
	if err == nil || problem != nil {
		return problem
	}
	if err := f.UnmarshalOptions.Unmarshal(withNumbers(text, words), message); err != nil {
		return errors.New(bodyProblem + ": it is not the JSON that this call takes") // The library's text may repeat what was sent.
	}
	return nil
}
