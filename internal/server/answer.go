package server

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"strings"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/assent-io/assent/internal/consent"
	"github.com/assent-io/assent/internal/rpc"
)

// answerer writes errors: a google.rpc.Status in JSON, as gRPC has it, under the HTTP status that fits.
type answerer struct{ json jsonFormat }

// refuse answers with an error of the domain a request that does not reach gRPC.
func (a *answerer) refuse(w http.ResponseWriter, _ *http.Request, fault *consent.Error) {
	s := rpc.StatusOf(fault)
	a.write(w, httpStatus(s), s)
}

// failed answers a call that failed: in the gRPC server, or already in the gateway.
func (a *answerer) failed(
	ctx context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, r *http.Request, err error,
) {
	if md, ok := runtime.ServerMetadataFromContext(ctx); ok {
		for _, id := range md.HeaderMD.Get("x-request-id") {
			w.Header().Set("X-Request-Id", id)
		}
	}
	s := status.Convert(err)
	if infoOf(s) == nil {
		s = ownStatus(r, s)
	}
	a.write(w, httpStatus(s), s)
}

// unrouted answers what no call of the API fits.
func (a *answerer) unrouted(
	_ context.Context, _ *runtime.ServeMux, _ runtime.Marshaler, w http.ResponseWriter, _ *http.Request, code int,
) {
	switch code {
	case http.StatusNotFound:
		a.write(w, code, status.New(codes.NotFound, "the API has no such path; /openapi.json lists all"))
	case http.StatusMethodNotAllowed:
		a.write(w, code, status.New(codes.Unimplemented, "the path has no such HTTP method; /openapi.json lists all"))
	default:
		a.write(w, code, status.New(codes.InvalidArgument, "the request cannot be read"))
	}
}

// ownStatus is the error of a call that failed in the gateway. Its text is replaced where it could repeat what was sent.
func ownStatus(r *http.Request, s *status.Status) *status.Status {
	switch {
	case s.Code() == codes.InvalidArgument && strings.HasPrefix(s.Message(), bodyProblem):
		return rpc.StatusOf(consent.Faultf(consent.FaultInvalidRequest, "", "%s", s.Message()))
	case s.Code() == codes.InvalidArgument && r.Method == http.MethodGet:
		return rpc.StatusOf(consent.Faultf(consent.FaultInvalidRequest, "", "a parameter in the URL does not fit its field"))
	case s.Code() == codes.InvalidArgument:
		return rpc.StatusOf(consent.Faultf(consent.FaultInvalidRequest, "", "the request cannot be read"))
	case s.Code() == codes.Unavailable:
		return rpc.StatusOf(consent.Faultf(consent.FaultServerStopping, "", "the server is stopping; try another one"))
	case s.Code() == codes.ResourceExhausted:
		return rpc.StatusOf(consent.Faultf(consent.FaultTooLarge, "", "the request or its answer is too large"))
	default:
		return status.New(s.Code(), "the call failed: "+s.Code().String())
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
	if info := infoOf(s); info.GetReason() == string(consent.FaultTooLarge) {
		return http.StatusRequestEntityTooLarge
	}
	return runtime.HTTPStatusFromCode(s.Code())
}

func (a *answerer) write(w http.ResponseWriter, code int, s *status.Status) {
	body, err := a.json.Marshal(s.Proto())
	if err != nil {
		code, body = http.StatusInternalServerError, []byte(`{"code":13,"message":"the error could not be written"}`)
	}
	if s.Code() == codes.Unauthenticated {
		w.Header().Set("WWW-Authenticate", `Bearer realm="assent"`)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_, _ = w.Write(body) // A caller that went away misses its answer.
}

func writeText(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, text) // A caller that went away misses its answer.
}

// bodyProblem begins every text about a body.
const bodyProblem = "the body is not right"

// describeJSON says what is wrong with the JSON of a body: where, and what was expected. The library's text is not handed on, for
// it repeats what was sent, which may be an address.
func describeJSON(err error) string {
	text := err.Error()
	where := ""
	if found := regexp.MustCompile(`\(line (\d+:\d+)\)`).FindStringSubmatch(text); found != nil {
		where = " at " + found[1]
	}
	return bodyProblem + where + ": " + jsonProblem(text)
}

func jsonProblem(text string) string {
	name := `"?([A-Za-z][A-Za-z0-9_]{0,63})"?`
	for _, known := range []struct{ pattern, problem string }{
		{`unknown field ` + name + `$`, "there is no field $1"},
		{`unknown field`, "there is no such field"},
		{`duplicate field ` + name + `$`, "the field $1 comes twice"},
		{`invalid value for (\w+) field (\w+):`, "the field $2 must be of type $1"},
		{`oneof [\w.]+\.(\w+) is already set`, "only one field of $1 may be given"},
		{`Timestamp`, "a time is written as in 2026-10-01T08:00:00Z"},
		{`UTF-8`, "a text is not valid UTF-8"},
		{`recursion depth`, "it nests too deeply"},
		{`unexpected EOF`, "it ends too early"},
	} {
		pattern := regexp.MustCompile(known.pattern)
		if found := pattern.FindStringSubmatchIndex(text); found != nil {
			return string(pattern.ExpandString(nil, known.problem, text, found))
		}
	}
	return "it is no JSON of this call"
}
