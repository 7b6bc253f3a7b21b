package rest

import (
	"context"
	"net/http"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	codepb "google.golang.org/genproto/googleapis/rpc/code"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/rpc"
)

// The reasons of errors of the REST API alone.
const (
	reasonNoPath   = "NO_SUCH_PATH"
	reasonNoMethod = "METHOD_NOT_ALLOWED"
	reasonTimeout  = "REQUEST_TIMEOUT"
)

// answerer writes errors: a google.rpc.Status in JSON, as gRPC has it, under the HTTP status that fits.
type answerer struct {
	json   jsonFormat
	routes routeTable
}

func newAnswerer() *answerer { return &answerer{json: newJSONFormat(), routes: newRouteTable()} }

// refuse answers with an error of the domain a request that does not reach gRPC.
func (a *answerer) refuse(w http.ResponseWriter, _ *http.Request, refused *fault.Error) {
	s := rpc.StatusOf(refused)
	a.json.writeStatus(w, httpStatus(s), s)
}

// timeOut answers a request when its body stopped coming, so that the client may send it again.
func (a *answerer) timeOut(w http.ResponseWriter) {
	w.Header().Set("Connection", "close")
	a.json.writeStatus(w, http.StatusRequestTimeout, rpc.NewStatus(codes.DeadlineExceeded, reasonTimeout,
		"the server waited too long for the next part of the body; send the request again"))
}

// failed answers a call that failed: in the gRPC server, or already in the gateway.
func (a *answerer) failed(
	ctx context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, _ *http.Request, err error,
) {
	if md, ok := runtime.ServerMetadataFromContext(ctx); ok {
		for _, id := range md.HeaderMD.Get("x-request-id") {
			w.Header().Set("X-Request-Id", id)
		}
	}
	s := status.Convert(err)
	if infoOf(s) == nil {
		s = ownStatus(s)
	}
	a.json.writeStatus(w, httpStatus(s), s)
}

// unrouted answers what no call of the API fits.
func (a *answerer) unrouted(
	_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, code int,
) {
	switch code {
	case http.StatusNotFound:
		a.json.writeStatus(w, code, rpc.NewStatus(codes.NotFound, reasonNoPath,
			"this path is not part of the API; /openapi.json lists all paths"))
	case http.StatusMethodNotAllowed:
		a.refuseMethod(w, a.routes.allow(r.URL.Path))
	default:
		a.json.writeStatus(w, code, rpc.StatusOf(fault.Errorf(fault.InvalidRequest, "", "the request is not valid HTTP for this API")))
	}
}

// refuseMethod answers a request with an HTTP method that the path does not have.
func (a *answerer) refuseMethod(w http.ResponseWriter, allow string) {
	w.Header().Set("Allow", allow)
	a.json.writeStatus(w, http.StatusMethodNotAllowed,
		rpc.NewStatus(codes.Unimplemented, reasonNoMethod, "this path does not support the HTTP method of the request; it supports "+allow))
}

// ownStatus is the error of a call that failed in the gateway. Its text is replaced where it could repeat what was sent.
func ownStatus(s *status.Status) *status.Status {
	switch {
	case s.Code() == codes.InvalidArgument && strings.HasPrefix(s.Message(), bodyProblem):
		return rpc.StatusOf(fault.Errorf(fault.InvalidRequest, "", "%s", s.Message()))
	case s.Code() == codes.InvalidArgument:
		return rpc.StatusOf(fault.Errorf(fault.InvalidRequest, "", "the request is not valid HTTP for this API"))
	case s.Code() == codes.Unavailable:
		return rpc.StatusOf(fault.Errorf(fault.ServerStopping, "", "the server is stopping; use another one"))
	case s.Code() == codes.ResourceExhausted:
		return rpc.StatusOf(fault.Errorf(fault.TooLarge, "", "the request or its answer is too large"))
	default:
		return rpc.NewStatus(s.Code(), codepb.Code(s.Code()).String(), "the call failed: "+s.Code().String())
	}
}

func infoOf(s *status.Status) *errdetails.ErrorInfo {
	for _, detail := range s.Details() {
		if info, ok := detail.(*errdetails.ErrorInfo); ok && info.GetDomain() == rpc.Domain {
			return info
		}
	}
	return nil
}

// httpStatus is the gateway's mapping, but for what is too large: 429 would ask to try again.
func httpStatus(s *status.Status) int {
	if info := infoOf(s); info.GetReason() == string(fault.TooLarge) {
		return http.StatusRequestEntityTooLarge
	}
	return runtime.HTTPStatusFromCode(s.Code())
}

// writeStatus writes an error as the answer.
func (f jsonFormat) writeStatus(w http.ResponseWriter, code int, s *status.Status) {
	body, err := f.Marshal(s.Proto())
	if err != nil {
		code, body = http.StatusInternalServerError, []byte(`{"code":13,"message":"the error could not be written","details":[]}`)
	}
	if s.Code() == codes.Unauthenticated {
		w.Header().Set("WWW-Authenticate", `Bearer realm="assent"`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(body) // A caller that went away misses its answer.
}
