package rest

import (
	"context"
	"mime"
	"net/http"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/genproto/googleapis/api/httpbody"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	assentv1 "github.com/assent-io/assent/api/assent/v1"
)

// An export is a stream of parts of a file. Over REST it is the file itself: a download should give the requested file, and
// not a JSON message around every part of it.

// fileMedia is what a request accepts, inside the process, to which a file is the answer.
const fileMedia = "application/vnd.assent.file"

// fileMessage is the name of the messages that are the parts of a file.
func fileMessage() protoreflect.FullName {
	return (*assentv1.ExportHistoryResponse)(nil).ProtoReflect().Descriptor().FullName()
}

// fileFormat writes the parts of a file one after the other. Errors are JSON, in the form that all have; one that comes when the file
// has begun stands at its end, where an archive does not open and a last line is not the one that it should be.
type fileFormat struct{ jsonFormat }

// Marshal returns the bytes of a part. The gateway puts the error of a stream into an object of its own, which is left out here.
func (f fileFormat) Marshal(value any) ([]byte, error) {
	if chunk, ok := value.(map[string]proto.Message); ok && chunk["error"] != nil {
		return f.jsonFormat.Marshal(chunk["error"])
	}
	return f.jsonFormat.Marshal(value)
}

// Delimiter returns what stands between the parts: nothing.
func (fileFormat) Delimiter() []byte { return nil }

// StreamContentType returns the type of the file, which the first part names.
func (f fileFormat) StreamContentType(value any) string {
	if body, ok := value.(*httpbody.HttpBody); ok {
		return body.GetContentType()
	}
	return f.ContentType(value)
}

// rewriteFile takes the bytes out of a part of a file.
func rewriteFile(_ context.Context, response proto.Message) (any, error) {
	if part, ok := response.(*assentv1.ExportHistoryResponse); ok {
		return &httpbody.HttpBody{ContentType: part.GetContentType(), Data: part.GetData()}, nil
	}
	return response, nil
}

// nameFile names the file in a header of the answer.
func nameFile(_ context.Context, w http.ResponseWriter, response proto.Message) error {
	if part, ok := response.(*assentv1.ExportHistoryResponse); ok && part.GetFileName() != "" {
		w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": part.GetFileName()}))
	}
	return nil
}

var _ runtime.Delimited = fileFormat{}
