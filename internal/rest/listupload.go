package rest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"

	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/types/known/timestamppb"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
	"github.com/assent-io/assent/internal/fault"
	"github.com/assent-io/assent/internal/timetext"
)

// A version of an external list is a file as well: over REST it is the body, and the answer is the version.

const listsPath = "/v1/externalLists/"

// uploadList stores the body of a request as a version of a list.
func (u uploads) uploadList(w http.ResponseWriter, r *http.Request, first *assentv1.UploadExternalListVersionRequest) {
	ctx, cancel := context.WithCancel(metadata.NewOutgoingContext(r.Context(), outgoing(r.Header)))
	defer cancel()
	stream, err := assentv1.NewExternalListServiceClient(u.conn).UploadExternalListVersion(ctx)
	if err != nil {
		u.fail(w, err, false)
		return
	}
	if broken := sendList(stream, first, u.admit.flow.body(w, r)); broken != nil {
		u.broken(w, r, broken, false) // What was sent so far ends with the call, before the server has seen the end of the file.
		return
	}
	answer, err := stream.CloseAndRecv()
	if md, known := stream.Header(); known == nil {
		for _, id := range md.Get("x-request-id") {
			w.Header().Set("X-Request-Id", id)
		}
	}
	var text []byte
	if err == nil {
		text, err = u.admit.answer.json.Marshal(answer)
	}
	if err != nil {
		u.fail(w, err, false)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = u.admit.flow.answer(w).Write(text) // A caller that went away misses its answer.
}

// sendList sends a file. An error is one of the file: why a call ends, its answer says.
func sendList(
	stream assentv1.ExternalListService_UploadExternalListVersionClient, first *assentv1.UploadExternalListVersionRequest, file io.Reader,
) error {
	if stream.Send(first) != nil {
		return nil //nolint:nilerr // The answer has the error.
	}
	for {
		data := make([]byte, uploadBlock)
		n, err := file.Read(data)
		if n > 0 && stream.Send(&assentv1.UploadExternalListVersionRequest{Part: data[:n]}) != nil {
			return nil //nolint:nilerr // As above.
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// listStartOf returns what the parameters of an upload of a list say.
func listStartOf(u *url.URL, id string) (*assentv1.UploadExternalListVersionRequest, *fault.Error) {
	given, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, unreadableQuery()
	}
	first := &assentv1.UploadExternalListVersionRequest{List: id}
	for name, values := range given {
		switch {
		case len(values) > 1:
			return nil, fault.Errorf(fault.InvalidRequest, name, "the parameter is given twice")
		case name == "obtainedTime":
			at, err := timetext.ParseTimestamp(values[0])
			if err != nil {
				return nil, fault.Errorf(fault.InvalidRequest, name, timeProblem)
			}
			first.ObtainedTime = timestamppb.New(at)
		case name == "requestId":
			first.RequestId = values[0]
		default:
			return nil, fault.Errorf(fault.InvalidRequest, "", "this call does not have this parameter; its parameters are obtainedTime, requestId")
		}
	}
	return first, nil
}
