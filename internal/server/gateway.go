package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/rpc"
)

const (
	// insideBuffer is how much a connection inside the process holds before a write waits.
	insideBuffer = 1 << 20
	// maxAnswer is how large an answer to the gateway may be; a page of history has at most 1,000 events of a few KiB.
	maxAnswer = 64 << 20
	// maxDepth is how deeply the JSON of a body may nest; no message nests more than six times.
	maxDepth = 32
)

// inside is a way to the gRPC server that does not leave the process.
type inside struct {
	listener *bufconn.Listener
	conn     *grpc.ClientConn
}

func newInside() (*inside, error) {
	listener := bufconn.Listen(insideBuffer)
	conn, err := grpc.NewClient("passthrough:///inside",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswer), grpc.MaxCallSendMsgSize(rpc.MaxMessage)),
		grpc.WithDisableServiceConfig(), grpc.WithDisableRetry(),
	)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("connect the gateway: %w", err), listener.Close())
	}
	return &inside{listener: listener, conn: conn}, nil
}

func (i *inside) close() error { return errors.Join(i.conn.Close(), i.listener.Close()) }

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
